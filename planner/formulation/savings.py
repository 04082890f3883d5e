"""Savings: demand replaced by thrift, substitution or reuse.

A saving has capacity like a plant, and replaces demand of its own country. The steps of the loss go by the demand before
saving.
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.formulation.declarations import Expression, Model, Variable, equation
from planner.formulation.gathered import summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.variable_trees import GoodAt, OperationNode


def _most_saved(s: Scope, at: GoodAt) -> float:
    """Part of a demand that a saving may replace (t)."""
    p, e, o, n = at
    good = (s.country_of(p), e, o)
    return s.lookups.savings[p][good].max_share * s.demanded[(*good, n)]


def saving_limit_index(s: Scope) -> list[GoodAt]:
    """(p, e, o, n): savings and demand that they can replace."""
    return s.saved


@equation(
    saving_limit_index,
    r"Q_{p,e,o,n} \le \mathrm{replaced}_{p,e,o} \, T_{p,n}",
    each="saving $p$, element $e$, form $o$ of its rows in `savings`, node $n$",
    reads=("savings.tonnes",),
)
def saving_limit(m: Model, p: str, e: str, o: str, n: OperationNode) -> Expression:
    """What is saved is at most what the throughput replaces."""
    s: Scope = m.scope
    row = s.lookups.savings[p][s.country_of(p), e, o]
    return m.saved[p, e, o, n] - row.tonnes * m.run[p, n] <= 0


@summed
def saved(m: Model, key: GoodAt) -> Iterator[Term]:
    """Demand (t) that the savings of a country replace."""
    _, e, o, n = key
    for p in m.scope.savings_of.get(key, ()):
        yield m.saved[p, e, o, n]


def demand_limit_index(s: Scope) -> list[GoodAt]:
    """(c, e, o, n): demand that savings can replace."""
    return sorted(s.savings_of)


@equation(
    demand_limit_index,
    r"\sum_j u_{c,e,o,n,j} + \sum_{p : c_p = c} Q_{p,e,o,n} \le \mathrm{demand}_{c,e,o,n}",
    each="country $c$, element $e$, form $o$ that savings can replace, node $n$",
    reads=("demand.tonnes", "shocks.factor:demand"),
    seldom_binds=True,
)
def demand_limit(m: Model, c: str, e: str, o: str, n: OperationNode) -> Expression:
    """Shortfall and what is saved are at most the demand."""
    s: Scope = m.scope
    key = (c, e, o, n)
    short = quicksum(m.shortfall[c, e, o, n, j] for j in s.steps_of((c, e, o)))
    return short + saved(m, key) <= s.demanded[key]


SAVED = Variable(
    name="saved",
    symbol="Q",
    letters=("p", "e", "o", "n"),
    index=saving_limit_index,
    unit="t",
    meaning="demand that a saving replaces",
    most=_most_saved,
    limit=r"\mathrm{maxshare}_{p,e,o} \, \mathrm{demand}_{c_p,e,o,n}",
    reads=("savings.max_share", "demand.tonnes", "shocks.factor:demand"),
)
VARIABLES = (
    Variable(
        name="run",
        symbol="T",
        letters=("p", "n"),
        index=lambda s: s.run,
        unit="t",
        meaning="throughput of a saving, in the unit of its row",
    ),
    SAVED,
)
EQUATIONS = (saving_limit, demand_limit)
