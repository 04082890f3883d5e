"""People: staff, training, mentors, secondment, and the needs of plants."""

from __future__ import annotations

from collections.abc import Iterator

from planner.formulation.capacity import throughput
from planner.formulation.declarations import (
    Expression,
    Model,
    Variable,
    equation,
    or_zero,
    total_at,
)
from planner.formulation.gathered import listed, summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.variable_trees import (
    DecisionNode,
    OperationNode,
    ProjectAt,
    StaffingNode,
    TeamAt,
)


@listed
def staff_balance_index(s: Scope) -> Iterator[TeamAt]:
    """(c, k, d): teams at every decision node."""
    for c, k in s.teams:
        for d in s.decision_tree.nodes:
            yield c, k, d.index


@listed
def hired_index(s: Scope) -> Iterator[TeamAt]:
    """(c, k, d): teams that may hire, from the second year on."""
    if s.lookups.has_lever("hiring"):
        for c, k in s.teams:
            if s.lookups.workforce[c, k].hires_per_year > 0:
                for d in s.deciding_nodes:
                    if d.parent >= 0:
                        yield c, k, d.index


@listed
def seat_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(g, d): programmes at decision nodes from which an intake finishes within the horizon."""
    for g in s.programmes:
        for d in s.intake_nodes:
            if s.intake_possible(g, d.year):
                yield g, d.index


@listed
def new_seats_index(s: Scope) -> Iterator[ProjectAt]:
    """(g, d): programmes that may add seats, at decision nodes from which an intake can use them."""
    if s.lookups.has_lever("training"):
        for g in s.programmes:
            if s.lookups.programmes[g].max_new_seats > 0:
                for d in s.deciding_nodes:
                    if s.intake_possible(g, d.year + 1):
                        yield g, d.index


@equation(
    staff_balance_index,
    r"L_{c,k,d} = (1 - \mathrm{attrition}_k) \, L_{c,k,d^-} + \sum_{g : c_g = c, k_g = k} "
    r"\mathrm{completion}_g \, A_{g, \mathrm{back}(d, \mathrm{duration}_g)} + h_{c,k,d}, \qquad L_{c,k,d} "
    r"= \mathrm{staff}_{c,k} \text{ in the first year}",
    each="pair $(c, k)$ of `workforce`, decision node $d$",
    reads=("workforce.initial", "skills.attrition", "training.completion_rate"),
)
def staff_balance(m: Model, c: str, k: str, d: DecisionNode) -> Expression:
    """Staff follows leavers and joiners."""
    s: Scope = m.scope
    node = s.decision_tree.nodes[d]
    if node.parent < 0:
        return m.staff[c, k, d] == s.lookups.workforce[c, k].initial
    stay = (1 - s.lookups.skills[k].attrition) * m.staff[c, k, node.parent]
    joined = _trained(m, c, k, d)
    return m.staff[c, k, d] - stay - joined - or_zero(m.hired, (c, k, d)) == 0


@summed
def _trained(m: Model, c: str, k: str, d: DecisionNode) -> Iterator[Term]:
    """Persons who finish their training as d begins."""
    s: Scope = m.scope
    nodes = s.decision_tree.nodes
    for g in s.training_of.get((c, k), ()):
        row = s.lookups.programmes[g]
        for y in s.decisions_to(d):
            if (g, y) in m.intake and nodes[y].year == nodes[d].year - row.duration_years:
                yield row.completion_rate * m.intake[g, y]


@equation(
    seat_limit_index,
    r"A_{g,d} \le \mathrm{seats}_g + \sum_{d' \in \mathrm{path}(d) : t_{d'} < t_d} z_{g,d'}",
    each="programme $g$, decision node $d$",
    reads=("training.seats",),
    seldom_binds=True,
)
def seat_limit(m: Model, g: str, d: DecisionNode) -> Expression:
    """Intake within seats."""
    s: Scope = m.scope
    added = total_at(m.new_seats, g, s.decisions_to(d)[:-1])
    return m.intake[g, d] - added <= s.lookups.programmes[g].seats


@listed
def new_seat_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(g, d): programmes that may add seats, and the last decision nodes."""
    for g in sorted({g for g, _ in new_seats_index(s)}):
        for d in s.last_decisions:
            yield g, d


@equation(
    new_seat_limit_index,
    r"\sum_{d' \in \mathrm{path}(d)} z_{g,d'} \le \mathrm{maxseats}_g",
    each="programme $g$, decision node $d$ of the last year",
    reads=("training.max_new_seats",),
)
def new_seat_limit(m: Model, g: str, d: DecisionNode) -> Expression:
    """Largest number of new seats."""
    s: Scope = m.scope
    added = total_at(m.new_seats, g, s.decisions_to(d))
    return added <= s.lookups.programmes[g].max_new_seats


@listed
def mentor_limit_index(s: Scope) -> Iterator[TeamAt]:
    """(c, k, node): teams with trainees and a mentor ratio."""
    for c, k in s.teams:
        if (c, k) in s.training_of and s.lookups.skills[k].mentor_ratio is not None:
            for node in s.staffing_tree.nodes:
                w = StaffingNode(node.index)
                if _trainees_at(s, c, k, w):
                    yield c, k, w


@equation(
    mentor_limit_index,
    r"\sum_{g : c_g = c, k_g = k} \ \sum_{d \in \mathrm{path}(d_n) : t_d > t_n - \mathrm{duration}_g} "
    r"A_{g,d} \le \mathrm{mentors}_k \, (L_{c,k,d_n} + y_{c,k,n})",
    each="pair $(c, k)$ of `workforce` whose `mentor_ratio` is not blank, node $n$",
    reads=("skills.mentor_ratio",),
    seldom_binds=True,
)
def mentor_limit(m: Model, c: str, k: str, w: StaffingNode) -> Expression:
    """Trainees per practitioner."""
    s: Scope = m.scope
    trainees = quicksum(m.intake[start] for start in _trainees_at(s, c, k, w))
    return trainees <= s.lookups.skills[k].mentor_ratio * available(m, c, k, w)


@listed
def _trainees_at(s: Scope, c: str, k: str, w: StaffingNode) -> Iterator[ProjectAt]:
    """(g, d): intakes in training at a node."""
    nodes = s.decision_tree.nodes
    now = s.decision_of_staffing(w)
    for g in s.training_of[c, k]:
        first = nodes[now].year - s.lookups.programmes[g].duration_years + 1
        for d in s.decisions_to(now):
            node = nodes[d]
            may_start = node.probability > 0 and s.intake_possible(g, node.year)
            if may_start and node.year >= first:
                yield g, d


def available(m: Model, c: str, k: str, w: StaffingNode) -> Expression:
    """Staff less lent plus borrowed (persons), at a node of `staffing_tree`."""
    s: Scope = m.scope
    staff = m.staff[c, k, s.decision_of_staffing(w)]
    return staff + m.seconded[c, k, w] if (c, k) in s.seconded else staff


@listed
def secondment_limit_index(s: Scope) -> Iterator[TeamAt]:
    """(c, k, n): teams that may work abroad. `seconded` is borrowed less lent."""
    for c, k in sorted(s.seconded):
        for n in s.tree.nodes:
            yield c, k, n.index


@equation(
    secondment_limit_index,
    r"-y_{c,k,n} \le \mathrm{lend} \, L_{c,k,d_n}",
    each="pair $(c, k)$ of `workforce`, node $n$",
    reads=("model.policy.secondment_share",),
)
def secondment_limit(m: Model, c: str, k: str, n: OperationNode) -> Expression:
    """Largest share lent."""
    s: Scope = m.scope
    share = s.case.model.policy.secondment_share
    return -m.seconded[c, k, n] <= share * m.staff[c, k, s.decision[n]]


@listed
def secondment_pool_index(s: Scope) -> Iterator[TeamAt]:
    """(group, k, n): skills that countries of a group can lend each other."""
    for group, k in sorted({(s.lookups.group[c], k) for c, k in s.seconded}):
        for n in s.tree.nodes:
            yield group, k, n.index


@equation(
    secondment_pool_index,
    r"\sum_{c : \gamma_c = \gamma} y_{c,k,n} = 0",
    each=r"group $\gamma$, skill $k$, node $n$",
)
def secondment_pool(m: Model, group: str, k: str, n: OperationNode) -> Expression:
    """Lent = borrowed."""
    return _borrowed(m, group, k, n) == 0


@summed
def _borrowed(m: Model, group: str, k: str, n: OperationNode) -> Iterator[Term]:
    s: Scope = m.scope
    for c, skill in sorted(s.seconded):
        if skill == k and s.lookups.group[c] == group:
            yield m.seconded[c, k, n]


def staff_limit_index(s: Scope) -> list[TeamAt]:
    """(c, k, n): teams that a plant of the country needs."""
    limits = set()
    for p, n in s.operable:
        for k in s.lookups.staffing[p]:
            limits.add((s.country_of(p), k, n))
    return sorted(limits)


@equation(
    staff_limit_index,
    r"\sum_{p : c_p = c} \mathrm{need}_{p,k} \, \frac{\mathrm{throughput}_{p,n}}{\ell_n} \le L_{c,k,d_n} + y_{c,k,n}",
    each="country $c$, skill $k$, node $n$ (no row in `workforce`: the right side is 0)",
    reads=("staffing.persons_per_ktpa", "feeds.share"),
    seldom_binds=True,
)
def staff_limit(m: Model, c: str, k: str, n: OperationNode) -> Expression:
    """People bound throughput.

    They are persons at work, so a quarter of the throughput in a quarter of the year needs as many.
    """
    return _needed(m, c, k, n) <= available(m, c, k, m.scope.staffing_of(n))


@summed
def _needed(m: Model, c: str, k: str, n: OperationNode) -> Iterator[Expression]:
    s: Scope = m.scope
    length = s.tree.nodes[n].length
    for p in s.plants_with.get((c, k), ()):
        if (p, n) in s.operable_set:
            yield s.lookups.staffing[p][k] / length * throughput(m, p, n)


_TEAM_AT = ("c", "k", "d")
HIRED = Variable(
    name="hired",
    symbol="h",
    letters=_TEAM_AT,
    index=hired_index,
    unit="persons/y",
    meaning="hired from outside",
    most=lambda s, at: s.lookups.workforce[at[:2]].hires_per_year,
    limit=r"\mathrm{hires}_{c,k}",
    reads=("workforce.hires_per_year",),
    decided=True,
)
VARIABLES = (
    Variable(
        name="staff",
        symbol="L",
        letters=_TEAM_AT,
        index=staff_balance_index,
        unit="persons",
        meaning="staff of a country in a skill",
    ),
    HIRED,
    Variable(
        name="intake",
        symbol="A",
        letters=("g", "d"),
        index=seat_limit_index,
        unit="persons/y",
        meaning="trainees who start",
        decided=True,
    ),
    Variable(
        name="new_seats",
        symbol="z",
        letters=("g", "d"),
        index=new_seats_index,
        unit="persons/y",
        meaning="seats added, used from the next year",
        decided=True,
    ),
    Variable(
        name="seconded",
        symbol="y",
        letters=("c", "k", "n"),
        index=secondment_limit_index,
        unit="persons",
        meaning="borrowed less lent",
        free=True,
    ),
)
EQUATIONS = (
    staff_balance,
    seat_limit,
    new_seat_limit,
    mentor_limit,
    secondment_limit,
    secondment_pool,
    staff_limit,
)
