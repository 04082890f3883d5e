"""Money: spending by country, and payments of funders out of their budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Node
from planner.formulation.capacity import shares_of_builds
from planner.formulation.declarations import Expression, Model, Variable, equation, or_zero
from planner.formulation.gathered import listed, summed
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.variable_trees import AccountNode, DecisionNode, OperationNode, ProjectAt
from planner.units import musd, musd_per_tonne

CAPEX_READS = ("projects.capex_usd_per_tpa", "countries.cost_index", "schedule.capital_share")
PEOPLE_READS = (
    "training.cost_per_trainee_usd",
    "training.cost_per_seat_usd",
    "workforce.hire_cost_usd",
)
"""Figures in `full_capex` and in `people_cost`."""


def spending_countries(s: Scope) -> list[str]:
    """Countries in which public money can be spent."""
    countries = set(s.buyers())
    for p in s.expandable:
        if s.lookups.public_capex(p) > 0:
            countries.add(s.country_of(p))
    for g in s.programmes:
        countries.add(s.lookups.programmes[g].country)
    if s.lookups.has_lever("hiring"):
        for c, k in s.teams:
            if s.lookups.workforce[c, k].hires_per_year > 0:
                countries.add(c)
    return sorted(countries)


@summed
def capex_paid(m: Model, p: str, d: DecisionNode) -> Iterator[Term]:
    """Nameplate (t/y) whose instalments fall due at d; none of a rescheduled project."""
    s: Scope = m.scope
    nodes = s.decision_tree.nodes
    schedule = s.lookups.schedules[p]
    for b in s.decisions_to(d) if p not in s.rescheduled else ():
        if (p, b) in m.build:
            share = schedule.capital_share(nodes[d].year - nodes[b].year)
            if share > 0:
                yield share * m.build[p, b]


def capex_rescheduled(m: Model, p: str, n: OperationNode) -> Expression:
    """Nameplate (t/y) of a rescheduled project whose instalments fall due at n."""
    return shares_of_builds(m, p, n, m.scope.capital_due[p])


def people_cost(m: Model, c: str, d: DecisionNode) -> Expression:
    """Training fees, new seats and hiring (MUSD) in a country at d."""
    return _fees(m, c, d) + _cost_of_seats(m, c, d) + _hiring_cost(m, c, d)


@summed
def _fees(m: Model, c: str, d: DecisionNode) -> Iterator[Expression]:
    for g, row in m.scope.programmes_in(c):
        yield musd(row.cost_per_trainee_usd) * or_zero(m.intake, (g, d))


@summed
def _cost_of_seats(m: Model, c: str, d: DecisionNode) -> Iterator[Expression]:
    for g, row in m.scope.programmes_in(c):
        yield musd(row.cost_per_seat_usd) * or_zero(m.new_seats, (g, d))


@summed
def _hiring_cost(m: Model, c: str, d: DecisionNode) -> Iterator[Expression]:
    s: Scope = m.scope
    for k in s.skills_of.get(c, ()):
        yield musd(s.lookups.workforce[c, k].hire_cost_usd) * or_zero(m.hired, (c, k, d))


def purchases(m: Model, c: str, n: OperationNode) -> Expression:
    """Stock purchases (MUSD) in a country at n."""

    def price(good: Good) -> float:
        stockpile = m.scope.lookups.stockpiles[good]
        return musd_per_tonne(stockpile.purchase_usd_per_kg)

    return _bought(m, c, n, price)


def purchase_cost(m: Model, c: str, n: OperationNode) -> Expression:
    """Stock purchases (MUSD) in a country at n, less the lowest import price: the tonnes themselves are imported or made."""
    s: Scope = m.scope
    year = s.tree.nodes[n].year
    return _bought(m, c, n, lambda good: s.lookups.net_purchase_price(good, year))


@summed
def _bought(
    m: Model, c: str, n: OperationNode, price: Callable[[Good], float]
) -> Iterator[Expression]:
    for good in m.scope.purchases:
        if good[0] == c:
            yield price(good) * or_zero(m.bought, (*good, n))


@listed
def investment_spending_index(s: Scope) -> Iterator[ProjectAt]:
    """(c, d): countries in which money can be spent, at every decision node."""
    for c in spending_countries(s):
        for d in s.decision_tree.nodes:
            yield c, d.index


@equation(
    investment_spending_index,
    r"I_{c,d} = \sum_{p : c_p = c} \mathrm{public}_p \, \mathrm{capex}_p \, \mathrm{due}_{p,d} + "
    r"\mathrm{people}_{c,d}",
    each="country $c$, decision node $d$",
    reads=(*CAPEX_READS, "projects.public_share", *PEOPLE_READS),
)
def investment_spending(m: Model, c: str, d: DecisionNode) -> Expression:
    """What investment costs."""
    return m.invested[c, d] - _public_capex_paid(m, c, d) - people_cost(m, c, d) == 0


@summed
def _public_capex_paid(m: Model, c: str, d: DecisionNode) -> Iterator[Expression]:
    s: Scope = m.scope
    for p in sorted(s.expandable):
        if s.country_of(p) == c:
            rate = s.lookups.public_capex(p)
            if rate > 0:
                yield rate * capex_paid(m, p, d)


@summed
def _capex_rescheduled(m: Model, c: str, n: OperationNode) -> Iterator[Expression]:
    s: Scope = m.scope
    for p in sorted(s.rescheduled & s.expandable):
        if s.country_of(p) == c and s.lookups.public_capex(p) > 0:
            yield s.lookups.public_capex(p) * capex_rescheduled(m, p, n)


@listed
def paid_index(s: Scope) -> Iterator[tuple[str, str, int]]:
    """(i, c, a): groups of funders and countries, at account nodes at which something may fall due."""
    due = spending_limit_index(s)
    for i in s.funder_groups:
        for c, a in due:
            if c in s.lookups.reach[i]:
                yield i, c, a


def _payers(s: Scope) -> list[str]:
    """Groups of funders that may pay."""
    return sorted({i for i, _, _ in paid_index(s)})


@listed
def carried_index(s: Scope) -> Iterator[ProjectAt]:
    """(i, a): groups of funders, at account nodes from which money moves on."""
    for i in _payers(s):
        for a in s.account_tree.nodes:
            is_end = a.closes_year and a.year == s.case.last_year
            if moves_on(s.case, a) and not is_end:
                yield i, a.index


def moves_on(case: Case, account: Node) -> bool:
    """Money left at an account node is available at the next ones."""
    return not account.closes_year or case.model.policy.budget_carry_over


@listed
def spending_limit_index(s: Scope) -> Iterator[ProjectAt]:
    """(c, a): countries with spending, at every account node; within a year only those that buy stock."""
    buyers = s.buyers()
    for c in spending_countries(s):
        for a in s.account_tree.nodes:
            if a.opens_year or c in buyers:
                yield c, a.index


@equation(
    spending_limit_index,
    r"\mathrm{opens}_n \, I_{c,d_n} + \mathrm{moved}_{c,n} + \mathrm{purchases}_{c,n} \le "
    r"\sum_{i : c \in \mathrm{reach}_i} P_{i,c,n}",
    each="country $c$, node $n$",
    reads=("stockpiles.purchase_usd_per_kg", *CAPEX_READS, "projects.public_share"),
)
def spending_limit(m: Model, c: str, a: AccountNode) -> Expression:
    """Spent in a country <= paid there.

    What is decided by year falls due as the year begins.
    """
    s: Scope = m.scope
    spent = 0.0
    if s.account_tree.nodes[a].opens_year:
        spent += m.invested[c, s.decision_of_account(a)]
    if s.account_tree is s.tree:
        spent += purchases(m, c, OperationNode(a)) + _capex_rescheduled(m, c, OperationNode(a))
    return spent <= quicksum(or_zero(m.paid, (i, c, a)) for i in s.funder_groups)


@listed
def account_index(s: Scope) -> Iterator[ProjectAt]:
    """(i, a): groups of funders, at every account node."""
    for i in _payers(s):
        for a in s.account_tree.nodes:
            yield i, a.index


@equation(
    account_index,
    r"\sum_{c \in \mathrm{reach}_i} P_{i,c,n} + C_{i,n} \le \mathrm{opens}_n \, \mathrm{budget}_{i,t_n} + C_{i,n^-}",
    each="funder $i$, node $n$; $C_{i,n} = 0$ where a year ends and budgets do not carry over",
    reads=("budgets.musd",),
)
def account(m: Model, i: str, a: AccountNode) -> Expression:
    """A funder group pays out of its budgets.

    A year's budget is there as the year begins. Funders that may pay in the same countries share an account.
    """
    s: Scope = m.scope
    node = s.account_tree.nodes[a]
    paid = quicksum(or_zero(m.paid, (i, c, a)) for c in s.lookups.reach[i])
    forward = or_zero(m.carried, (i, a))
    brought = or_zero(m.carried, (i, node.parent))
    budget = 0.0
    if node.opens_year:
        for funder in s.funder_groups[i]:
            budget += s.case.budget.get((funder, node.year), 0.0)
    return paid + forward - brought <= budget


VARIABLES = (
    Variable(
        name="invested",
        symbol="I",
        letters=("c", "d"),
        index=investment_spending_index,
        unit="MUSD/y",
        meaning="public spending on plants and people",
    ),
    Variable(
        name="paid",
        symbol="P",
        letters=("i", "c", "a"),
        index=paid_index,
        unit="MUSD",
        meaning="paid by a funder in a country",
    ),
    Variable(
        name="carried",
        symbol="C",
        letters=("i", "a"),
        index=carried_index,
        unit="MUSD",
        meaning="budget carried to the next period",
    ),
)
EQUATIONS = (investment_spending, spending_limit, account)
