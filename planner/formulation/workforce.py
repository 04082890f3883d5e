"""People: staff and its renewal, training seats, mentors, secondment, and what plants need of them."""

from __future__ import annotations

from planner.formulation.capacity import throughput
from planner.formulation.declarations import Expression, Model, Variable, equation, or_zero
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.owners import of_country, of_nobody, of_programme
from planner.formulation.variable_trees import DecisionNode, OperationNode, StaffingNode

Teams = list[tuple[str, str, int]]


def staff_index(s: Scope) -> Teams:
    """(c, k, d): teams at every decision node."""
    return [(c, k, d.index) for c, k in s.teams for d in s.decision_tree.nodes]


def hired_index(s: Scope) -> Teams:
    """(c, k, d): teams that may hire, from the second year on."""
    if not s.case.has_lever("hiring"):
        return []
    return [
        (c, k, d.index)
        for c, k in s.teams
        for d in s.deciding_nodes
        if d.parent >= 0 and s.case.workforce[c, k].hires_per_year > 0
    ]


def hired_bounds(m: Model, c: str, k: str, d: DecisionNode) -> tuple[float, float]:
    """0 <= hired[c,k,d] <= hires_per_year."""
    return 0.0, m.scope.case.workforce[c, k].hires_per_year


def intake_index(s: Scope) -> list[tuple[str, int]]:
    """(g, d): programmes at every decision node whose intake finishes within the horizon."""
    return [
        (g, d.index) for g in s.programmes for d in s.deciding_nodes if s.intake_possible(g, d.year)
    ]


def new_seats_index(s: Scope) -> list[tuple[str, int]]:
    """(g, d): programmes that may add seats, at decision nodes from which an intake can still use them."""
    if not s.case.has_lever("training"):
        return []
    return [
        (g, d.index)
        for g in s.programmes
        for d in s.deciding_nodes
        if s.case.programmes[g].max_new_seats > 0 and s.intake_possible(g, d.year + 1)
    ]


def staff_balance_index(s: Scope) -> Teams:
    """(c, k, d): teams at every decision node."""
    return staff_index(s)


@equation(
    staff_balance_index,
    r"L_{c,k,d} = (1 - \mathrm{attrition}_k) \, L_{c,k,d^-} + \sum_{g : c_g = c, k_g = k} "
    r"\mathrm{completion}_g \, A_{g, \mathrm{back}(d, \mathrm{duration}_g)} + h_{c,k,d}, \qquad L_{c,k,d} "
    r"= \mathrm{staff}_{c,k} \text{ in the first year}",
    each="pair $(c, k)$ of `workforce`, decision node $d$",
    reads=("workforce.initial", "skills.attrition", "training.completion_rate"),
    owner=of_country,
)
def staff_balance(m: Model, c: str, k: str, d: DecisionNode) -> Expression:
    """Staff follows leavers and joiners."""
    s: Scope = m.scope
    node = s.decision_tree.nodes[d]
    if node.parent < 0:
        return m.staff[c, k, d] == s.case.workforce[c, k].initial
    joined = quicksum(
        s.case.programmes[g].completion_rate * m.intake[g, y]
        for g in s.training_of.get((c, k), ())
        for y in s.decisions_to(d)
        if (g, y) in m.intake
        and s.decision_tree.nodes[y].year == node.year - s.case.programmes[g].duration_years
    )
    hired = or_zero(m.hired, c, k, d)
    return (
        m.staff[c, k, d]
        - (1 - s.case.skills[k].attrition) * m.staff[c, k, node.parent]
        - joined
        - hired
        == 0
    )


def seat_limit_index(s: Scope) -> list[tuple[str, int]]:
    """(g, d): every possible intake."""
    return intake_index(s)


@equation(
    seat_limit_index,
    r"A_{g,d} \le \mathrm{seats}_g + \sum_{d' \in \mathrm{path}(d) : t_{d'} < t_d} z_{g,d'}",
    each="programme $g$, decision node $d$",
    reads=("training.seats",),
    owner=of_programme,
)
def seat_limit(m: Model, g: str, d: DecisionNode) -> Expression:
    """Intake within seats."""
    s: Scope = m.scope
    added = quicksum(m.new_seats[g, y] for y in s.decisions_to(d)[:-1] if (g, y) in m.new_seats)
    return m.intake[g, d] - added <= s.case.programmes[g].seats


def new_seat_limit_index(s: Scope) -> list[tuple[str, int]]:
    """(g, d): programmes that may add seats, and the last decision nodes of all histories."""
    growing = sorted({g for g, _ in new_seats_index(s)})
    return [
        (g, d.index) for g in growing for d in s.decision_tree.nodes if d.year == s.case.last_year
    ]


@equation(
    new_seat_limit_index,
    r"\sum_{d' \in \mathrm{path}(d)} z_{g,d'} \le \mathrm{maxseats}_g",
    each="programme $g$, decision node $d$ of the last year",
    reads=("training.max_new_seats",),
    owner=of_programme,
)
def new_seat_limit(m: Model, g: str, d: DecisionNode) -> Expression:
    """Largest number of new seats."""
    s: Scope = m.scope
    return (
        quicksum(m.new_seats[g, y] for y in s.decisions_to(d) if (g, y) in m.new_seats)
        <= s.case.programmes[g].max_new_seats
    )


def mentor_limit_index(s: Scope) -> Teams:
    """(c, k, node): teams with trainees whose skill has a mentor ratio, wherever they work."""
    trained = {(s.case.programmes[g].country, s.case.programmes[g].skill) for g in s.programmes}
    return [
        (c, k, n.index)
        for c, k in s.teams
        if (c, k) in trained and s.case.skills[k].mentor_ratio is not None
        for n in s.staffing_tree.nodes
        if any(
            _under_way(s, g, s.decision_of_staffing(StaffingNode(n.index)))
            for g in s.training_of.get((c, k), ())
        )
    ]


@equation(
    mentor_limit_index,
    r"\sum_{g : c_g = c, k_g = k} \ \sum_{d \in \mathrm{path}(d_n) : t_d > t_n - \mathrm{duration}_g} "
    r"A_{g,d} \le \mathrm{mentors}_k \, (L_{c,k,d_n} + y_{c,k,n})",
    each="pair $(c, k)$ of `workforce` whose `mentor_ratio` is not blank, node $n$",
    reads=("skills.mentor_ratio",),
    owner=of_country,
)
def mentor_limit(m: Model, c: str, k: str, w: StaffingNode) -> Expression:
    """Trainees per practitioner."""
    s: Scope = m.scope
    trainees = quicksum(
        m.intake[g, d]
        for g in s.training_of.get((c, k), ())
        for d in _under_way(s, g, s.decision_of_staffing(w))
    )
    return trainees <= s.case.skills[k].mentor_ratio * available(m, c, k, w)


def available(m: Model, c: str, k: str, w: StaffingNode) -> Expression:
    """Staff (persons) less lent plus borrowed, at a node of `staffing_tree`."""
    s: Scope = m.scope
    staff = m.staff[c, k, s.decision_of_staffing(w)]
    return staff + m.seconded[c, k, w] if (c, k) in s.seconded else staff


def secondment_limit_index(s: Scope) -> Teams:
    """(c, k, n): teams that may work abroad. `seconded` is borrowed less lent."""
    return [(c, k, n.index) for c, k in sorted(s.seconded) for n in s.tree.nodes]


@equation(
    secondment_limit_index,
    r"-y_{c,k,n} \le \mathrm{lend} \, L_{c,k,d_n}",
    each="pair $(c, k)$ of `workforce`, node $n$",
    reads=("model.policy.secondment_share",),
    owner=of_country,
)
def secondment_limit(m: Model, c: str, k: str, n: OperationNode) -> Expression:
    """Largest share lent."""
    s: Scope = m.scope
    return (
        -m.seconded[c, k, n] <= s.case.model.policy.secondment_share * m.staff[c, k, s.decision[n]]
    )


def secondment_pool_index(s: Scope) -> list[tuple[str, str, int]]:
    """(group, k, n): skills that two countries of a group can lend each other."""
    pools = sorted({(s.case.group[c], k) for c, k in s.seconded})
    return [(group, k, n.index) for group, k in pools for n in s.tree.nodes]


@equation(
    secondment_pool_index,
    r"\sum_{c : \gamma_c = \gamma} y_{c,k,n} = 0",
    each=r"group $\gamma$, skill $k$, node $n$",
    owner=of_nobody,
)
def secondment_pool(m: Model, group: str, k: str, n: OperationNode) -> Expression:
    """Lent = borrowed."""
    s: Scope = m.scope
    return (
        quicksum(
            m.seconded[c, skill, n]
            for c, skill in sorted(s.seconded)
            if skill == k and s.case.group[c] == group
        )
        == 0
    )


def staff_limit_index(s: Scope) -> Teams:
    """(c, k, n): teams that a plant of the country needs at the node."""
    return sorted(
        {(s.case.projects[p].country, k, n) for p, n in s.operable for k in s.case.staffing[p]}
    )


@equation(
    staff_limit_index,
    r"\sum_{p : c_p = c} \mathrm{need}_{p,k} \, \frac{\mathrm{throughput}_{p,n}}{\ell_n} \le L_{c,k,d_n} + y_{c,k,n}",
    each="country $c$, skill $k$, node $n$ (no row in `workforce`: the right side is 0)",
    reads=("staffing.persons_per_ktpa", "feeds.share"),
    owner=of_country,
)
def staff_limit(m: Model, c: str, k: str, n: OperationNode) -> Expression:
    """People bound throughput.

    They are persons at work, so a quarter of the throughput in a quarter of the year needs as many.
    """
    s: Scope = m.scope
    length = s.tree.nodes[n].length
    need = quicksum(
        s.case.staffing[p][k] / length * throughput(m, p, n)
        for p in s.plants_with.get((c, k), ())
        if (p, n) in s.operable_set
    )
    return need <= available(m, c, k, s.staffing_of(n))


def _under_way(s: Scope, g: str, d: DecisionNode) -> list[DecisionNode]:
    """Decision nodes on the way to d whose intake is still in training there."""
    nodes = s.decision_tree.nodes
    first = nodes[d].year - s.case.programmes[g].duration_years + 1
    return [
        y
        for y in s.decisions_to(d)
        if nodes[y].year >= first
        and nodes[y].probability > 0
        and s.intake_possible(g, nodes[y].year)
    ]


_TEAM_AT = ("c", "k", "d")
HIRED = Variable(
    name="hired",
    symbol="h",
    letters=_TEAM_AT,
    index=hired_index,
    unit="persons/y",
    meaning="hired from outside",
    bounds=hired_bounds,
    limit=r"\mathrm{hires}_{c,k}",
    reads=("workforce.hires_per_year",),
    decided=True,
    owner=of_country,
)
VARIABLES = (
    Variable(
        name="staff",
        symbol="L",
        letters=_TEAM_AT,
        index=staff_index,
        unit="persons",
        meaning="staff of a country in a skill",
        owner=of_country,
    ),
    HIRED,
    Variable(
        name="intake",
        symbol="A",
        letters=("g", "d"),
        index=intake_index,
        unit="persons/y",
        meaning="trainees who start",
        decided=True,
        owner=of_programme,
    ),
    Variable(
        name="new_seats",
        symbol="z",
        letters=("g", "d"),
        index=new_seats_index,
        unit="persons/y",
        meaning="seats added, used from the next year",
        decided=True,
        owner=of_programme,
    ),
    Variable(
        name="seconded",
        symbol="y",
        letters=("c", "k", "n"),
        index=secondment_limit_index,
        unit="persons",
        meaning="borrowed less lent",
        free=True,
        owner=of_country,
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
