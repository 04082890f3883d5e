"""Capacity: builds, usable capacity, throughput, growth of output, and limits of mines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from planner.formulation.declarations import Expression, Model, Variable, equation, total_at
from planner.formulation.gathered import listed, summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.variable_trees import (
    DecisionNode,
    OperationNode,
    ProjectAt,
    SharesOfBuilds,
)

ROUNDING = 1e-12
"""Rounding error of a quotient that is a whole number."""


@listed
def build_index(s: Scope) -> Iterator[ProjectAt]:
    """(p, d): decision nodes at which new capacity may be committed."""
    for p in sorted(s.expandable):
        years = s.commitments(p)
        for d in s.deciding_nodes:
            if d.year in years:
                yield p, d.index


def usable_capacity_index(s: Scope) -> list[ProjectAt]:
    """(p, n): expandable projects, and the first of the nodes that share their capacity."""
    return sorted({(p, n) for (p, _), n in s.capacity_node.items() if p in s.expandable})


@equation(
    usable_capacity_index,
    r"K_{p,n} = \mathrm{existing}_{p,t_n} + \sum_{d \in \mathrm{path}(d_n)} \mathrm{usable}_{p,d,n} \, "
    r"b_{p,d}",
    each="project $p$, node $n$",
    reads=("projects.existing_tpa", "ramps.share", "schedule.output_share"),
    links_histories=True,
)
def usable_capacity(m: Model, p: str, n: OperationNode) -> Expression:
    """Capacity follows builds."""
    s: Scope = m.scope
    existing = s.lookups.existing_tpa(p, s.tree.nodes[n].year)
    return m.capacity[p, n] == existing + shares_of_builds(m, p, n, s.usable_shares[p])


@summed
def shares_of_builds(m: Model, p: str, n: OperationNode, shares: SharesOfBuilds) -> Iterator[Term]:
    """Sum of share times build over the decision nodes before n."""
    s: Scope = m.scope
    first = s.commitments(p).start
    for d in s.decisions_to(s.decision[n]):
        if (p, d) in m.build:
            share = float(shares[s.decision_tree.nodes[d].year - first, n])
            if share > 0:
                yield share * m.build[p, d]


@listed
def nameplate_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(p, d): expandable projects, and the last decision nodes."""
    for p in sorted(s.expandable):
        for d in s.last_decisions:
            yield p, d


@equation(
    nameplate_limit_index,
    r"\sum_{d' \in \mathrm{path}(d)} b_{p,d'} \le \mathrm{maxnew}_p",
    each="project $p$, decision node $d$ of the last year",
    reads=("projects.max_new_tpa",),
)
def nameplate_limit(m: Model, p: str, d: DecisionNode) -> Expression:
    """Largest new nameplate."""
    s: Scope = m.scope
    return total_at(m.build, p, s.decisions_to(d)) <= s.case.projects[p].max_new_tpa


def whole_plants_index(s: Scope) -> list[ProjectAt]:
    """(p, d): builds that come in whole units."""
    return [(p, d) for p, d in build_index(s) if s.is_whole(p)]


@equation(
    whole_plants_index,
    r"b_{p,d} = \mathrm{unit}_p \, N_{p,d}",
    each="project $p$ with `unit_tpa` if `policy.whole_plants` is true, decision node $d$",
    reads=("projects.unit_tpa",),
    links_histories=True,
)
def whole_plants(m: Model, p: str, d: DecisionNode) -> Expression:
    """New capacity is whole plants."""
    return m.build[p, d] == m.scope.case.projects[p].unit_tpa * m.units[p, d]


def _most_units(s: Scope, at: ProjectAt) -> float:
    """Whole units that fit into the largest new nameplate."""
    row: Any = s.case.projects[at[0]]
    units: float = row.max_new_tpa / row.unit_tpa * (1 + ROUNDING)
    return math.floor(units)


def throughput(m: Model, p: str, n: OperationNode) -> Expression:
    """Throughput (t) as capacity counts it: TREO, heavy elements, all elements of the case, or the unit of a saving."""
    s: Scope = m.scope
    stage = s.lookups.stage_of(p)
    if stage.mines:
        return m.mined[p, n]
    if stage.saves:
        return m.run[p, n]
    if stage.separates:
        return _separated(m, p, n)
    return quicksum(m.converted[p, e, n] for e in s.elements_of[p, n])


@summed
def _separated(m: Model, p: str, n: OperationNode) -> Iterator[Term]:
    s: Scope = m.scope
    for f in s.feeds_of[p, n]:
        yield s.lookups.capacity_use(p, f) * m.separated[p, f, n]


def throughput_limit_index(s: Scope) -> list[ProjectAt]:
    """(p, n): every plant at every node at which its throughput can count, but savings that must run."""
    return [(p, n) for p, n in s.operable if not s.must_run(p)]


@equation(
    throughput_limit_index,
    r"\mathrm{throughput}_{p,n} \le \mathrm{works}_{p,n} \, \ell_n \, K_{p,n}",
    each="project $p$, node $n$",
    reads=("projects.existing_tpa", "shocks.factor:capacity", "feeds.share"),
)
def throughput_limit(m: Model, p: str, n: OperationNode) -> Expression:
    """Capacity bounds throughput.

    Without new capacity, existing_tpa stands for it.
    """
    years_of_use = float(m.scope.years_of_use[p][n])
    return throughput(m, p, n) <= years_of_use * _capacity(m, p, n)


def must_run_index(s: Scope) -> list[ProjectAt]:
    """(p, n): savings that must run, at every node at which they can have capacity."""
    return [(p, n) for p, n in s.operable if s.must_run(p)]


@equation(
    must_run_index,
    r"T_{p,n} = \mathrm{works}_{p,n} \, \ell_n \, K_{p,n}",
    each="saving $p$ with `must_run`, node $n$",
    reads=("projects.existing_tpa", "shocks.factor:capacity"),
)
def must_run(m: Model, p: str, n: OperationNode) -> Expression:
    """What must run does so at its usable capacity.

    Without new capacity, existing_tpa stands for it.
    """
    years_of_use = float(m.scope.years_of_use[p][n])
    return throughput(m, p, n) - years_of_use * _capacity(m, p, n) == 0


def _capacity(m: Model, p: str, n: OperationNode) -> Expression:
    s: Scope = m.scope
    if p in s.expandable:
        return m.capacity[p, s.capacity_node[p, n]]
    return s.lookups.existing_tpa(p, s.tree.nodes[n].year)


@listed
def rise_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(p, n): plants with `rise`, at every node after the first year at which they can have throughput."""
    for p, n in s.operable:
        if s.lookups.has_rise(p) and s.tree.nodes[n].year > s.case.first_year:
            yield p, n


@equation(
    rise_limit_index,
    r"\frac{\mathrm{throughput}_{p,n}}{\ell_n} \le \sum_{n' \in \mathrm{yearbefore}(n)} \mathrm{throughput}_{p,n'} + "
    r"\mathrm{rise}_p \, K_{p,n} + \mathrm{startedexisting}_{p,n} + \sum_{d \in \mathrm{path}(d_n)} "
    r"\mathrm{started}_{p,d,n} \, b_{p,d}",
    each="project $p$ with `rise`, node $n$ after the first year",
    reads=(
        "projects.rise",
        "projects.existing_tpa",
        "ramps.share",
        "schedule.output_share",
        "feeds.share",
    ),
    seldom_binds=True,
)
def rise_limit(m: Model, p: str, n: OperationNode) -> Expression:
    """Output grows from year to year by a share of capacity, beyond what newly starts.

    Without new capacity, existing_tpa stands for it.
    """
    s: Scope = m.scope
    grown = throughput(m, p, n) * (1.0 / s.tree.nodes[n].length) - _year_before(m, p, n)
    may_rise = s.lookups.rise(p) * _capacity(m, p, n)
    started = float(s.started_existing[p][n])
    if p not in s.expandable:
        return grown <= may_rise + started
    return grown - may_rise - shares_of_builds(m, p, n, s.started_shares[p]) <= started


@summed
def _year_before(m: Model, p: str, n: OperationNode) -> Iterator[Expression]:
    """Throughput of the year before."""
    s: Scope = m.scope
    for earlier in s.tree.year_before(n):
        if (p, earlier) in s.operable_set:
            yield throughput(m, p, OperationNode(earlier))


@listed
def availability_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(p, n): mines with rows in `availability`."""
    limited = {p for p, _ in s.lookups.availability}
    for p, n in s.mined:
        if p in limited:
            yield p, n


@equation(
    availability_limit_index,
    r"m_{p,n} \le \mathrm{available}_{p,t_n} \, \ell_n",
    each="mine $p$ with rows in `availability`, node $n$",
    reads=("availability.tonnes",),
)
def availability_limit(m: Model, p: str, n: OperationNode) -> Expression:
    """A mine yields at most what is available, existing and new capacity together."""
    s: Scope = m.scope
    node = s.tree.nodes[n]
    return m.mined[p, n] <= s.lookups.availability[p, node.year] * node.length


VARIABLES = (
    Variable(
        name="build",
        symbol="b",
        letters=("p", "d"),
        index=build_index,
        unit="t/y",
        meaning="new nameplate committed",
        decided=True,
    ),
    Variable(
        name="units",
        symbol="N",
        letters=("p", "d"),
        index=whole_plants_index,
        unit="plants",
        meaning="whole plants committed, a whole number",
        most=_most_units,
        limit=r"\lfloor \mathrm{maxnew}_p / \mathrm{unit}_p \rfloor",
        reads=("projects.max_new_tpa", "projects.unit_tpa"),
    ),
    Variable(
        name="capacity",
        symbol="K",
        letters=("p", "n"),
        index=usable_capacity_index,
        unit="t/y",
        meaning="capacity usable, before capacity shocks",
    ),
)
EQUATIONS = (
    usable_capacity,
    nameplate_limit,
    whole_plants,
    throughput_limit,
    must_run,
    rise_limit,
    availability_limit,
)
