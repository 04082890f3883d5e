r"""Risk, cost, and the first objective of each goal; `planner.solving.goals` has the later ones.

Z[w] = sum over the nodes of w, goods and steps of shortfall * loss * weight * risk discount (MUSD).
CVaR_alpha[Z] = min over v of v + E[max(Z - v, 0)] / (1 - alpha)
(Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2, 2000).
Losses add up along the tree, so a node that several scenarios share counts once. Z >= 0, so v >= 0 is no restriction.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from planner.formulation.budgets import (
    CAPEX_READS,
    PEOPLE_READS,
    capex_paid,
    capex_rescheduled,
    people_cost,
    purchase_cost,
    spending_countries,
)
from planner.formulation.capacity import shares_of_builds, throughput
from planner.formulation.declarations import Expression, IndexSet, Model, Variable, equation
from planner.formulation.gathered import summed
from planner.formulation.goods import import_cost
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Term, quicksum
from planner.formulation.odds import BOUNDS_READS, risk_by_odds
from planner.formulation.targets import missing_index, missing_price
from planner.formulation.variable_trees import DecisionNode, OperationNode
from planner.units import musd, musd_per_tonne


def cumulative_loss_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return [n.index for n in s.tree.nodes]


def last_nodes(s: Scope) -> list[int]:
    """Last node of every history."""
    return sorted(set(s.tree.leaves.values()))


def tail_excess_limit_index(s: Scope) -> list[int]:
    """n: last node of every history."""
    return last_nodes(s)


def loss_per_tonne(s: Scope, c: str, e: str, o: str, n: OperationNode, j: int) -> float:
    """Loss (MUSD/t) of step j of a shortfall, weighted and discounted."""
    step = s.lookups.loss_steps((c, e, o))[j]
    weighted = step.musd_per_t * s.case.countries[c].weight
    return weighted * s.lookups.risk_discount(s.tree.nodes[n].year)


@equation(
    cumulative_loss_index,
    r"Z_n = Z_{n^-} + \sum_{c,e,o,j} \mathrm{loss}_{c,e,o,j} \, \mathrm{weight}_c \, "
    r"\mathrm{riskdiscount}_{t_n} \, u_{c,e,o,n,j}",
    each="node $n$ ($Z_{n^-} = 0$ in the first year)",
    reads=(
        "loss_tiers.loss_usd_per_kg",
        "elements.loss_usd_per_kg",
        "countries.weight",
        "model.risk_discount_rate",
    ),
)
def cumulative_loss(m: Model, n: OperationNode) -> Expression:
    """Loss adds up along a history."""
    s: Scope = m.scope
    parent = s.tree.nodes[n].parent
    before = m.loss_to_date[parent] if parent >= 0 else 0.0
    return m.loss_to_date[n] - before - _loss_at(m, n) == 0


@summed
def _loss_at(m: Model, n: OperationNode) -> Iterator[Term]:
    """Loss of a node (MUSD)."""
    s: Scope = m.scope
    for c, e, o in s.short_at.get(n, ()):
        for j in s.steps_of((c, e, o)):
            yield loss_per_tonne(s, c, e, o, n, j) * m.shortfall[c, e, o, n, j]


@equation(
    tail_excess_limit_index,
    r"\xi_n \ge Z_n - V",
    each=r"node $n \in \mathcal{L}$",
    links_histories=True,
)
def tail_excess_limit(m: Model, n: OperationNode) -> Expression:
    """Loss above the value at risk."""
    return m.tail_excess[n] >= m.loss_to_date[n] - m.value_at_risk


@equation(None, r"E = \sum_{n \in \mathcal{L}} \pi_n Z_n", reads=("scenarios.probability",))
def expected_loss_definition(m: Model) -> Expression:
    """Expected loss."""
    return m.expected_loss == _expected(m.scope, m.loss_to_date)


@summed
def _expected(s: Scope, variable: Any, factor: float = 1.0) -> Iterator[Term]:
    """Expectation of a variable over the last nodes."""
    for n in last_nodes(s):
        yield s.tree.nodes[n].probability / factor * variable[n]


@equation(
    None,
    r"R = (1 - \lambda) \, E + \lambda \left( V + \frac{1}{1 - \alpha} \sum_{n \in \mathcal{L}} \pi_n "
    r"\xi_n \right), \qquad \text{under the worst odds } R = \lambda \, V + \sum_\sigma \mathrm{low}_\sigma \, "
    r"Y_\sigma + \Bigl( 1 - \sum_\sigma \mathrm{low}_\sigma \Bigr) \, \theta + \sum_\sigma "
    r"(\mathrm{high}_\sigma - \mathrm{low}_\sigma) \, \beta_\sigma",
    reads=(*BOUNDS_READS, "model.objective.risk_aversion", "model.objective.tail"),
)
def risk_definition(m: Model) -> Expression:
    """Risk."""
    s: Scope = m.scope
    tail = _expected(s, m.tail_excess, 1 - s.case.model.objective.tail)
    return m.risk == risk_by_odds(m, s.case, m.expected_loss, tail)


ALL: Container[int] = range(sys.maxsize)


@equation(
    None,
    r"F = \sum_d \pi_d \left( \mathrm{discount}_{t_d} \Bigl( \sum_p \mathrm{capex}_p \, "
    r"\mathrm{due}_{p,d} + \sum_c \mathrm{people}_{c,d} \Bigr) + \sum_p \mathrm{fixed}_{p,d} \, b_{p,d} "
    r"\right) + \sum_n \pi_n \, \mathrm{discount}_{t_n} \Bigl( \sum_p \mathrm{running}_p \, "
    r"\mathrm{throughput}_{p,n} + \sum_{c,e,o} \mathrm{netpurchase}_{c,e,o,t_n} \, q_{c,e,o,n} + \mathrm{closes}_n "
    r"\sum_{c,e,o} \mathrm{holding}_{c,e,o} \, S_{c,e,o,n} + \sum_{v,c,e,o} \mathrm{importprice}_{v,c,e,o,n} \, "
    r"(B_{v,c,e,o,n} + G_{v,c,e,o,n}) + \sum_{\tau,e,\kappa} \mathrm{penalty}_\tau \, J_{\tau,e,\kappa,n} \Bigr) "
    r"+ \sum_n \pi_n \, \mathrm{discount}_{t_n} \, \mathrm{movedcost}_n",
    reads=(
        *CAPEX_READS,
        "projects.fixed_opex_usd_per_tpa",
        "schedule.cost_share",
        "projects.variable_opex_usd_per_t",
        "projects.credit_usd_per_t",
        "imports.price_usd_per_kg",
        "shocks.factor:price",
        *PEOPLE_READS,
        "stockpiles.purchase_usd_per_kg",
        "stockpiles.holding_usd_per_kg_year",
        "targets.price_usd_per_kg",
        "feeds.share",
        "scenarios.probability",
        "model.discount_rate",
    ),
)
def cost_definition(m: Model) -> Expression:
    """Cost."""
    s: Scope = m.scope
    return m.cost == investment_cost(m, s) + operating_cost(m, s)


@equation(None, r"W = F + R")
def welfare_definition(m: Model) -> Expression:
    """Cost + risk."""
    return m.welfare == m.cost + m.risk


@summed
def investment_cost(m: Model, s: Scope) -> Iterator[Expression]:
    """Capex, fixed opex and people (MUSD, expected, discounted), without rescheduled projects."""
    countries = spending_countries(s)
    for node in s.decision_tree.nodes:
        d = DecisionNode(node.index)
        people = quicksum(people_cost(m, c, d) for c in countries)
        weight = node.probability * s.lookups.cost_discount(node.year)
        yield weight * (_capex_paid(m, s, d) + people)
        yield node.probability * _fixed_opex(m, s, d)


@summed
def _capex_paid(m: Model, s: Scope, d: DecisionNode) -> Iterator[Expression]:
    for p in sorted(s.expandable):
        rate = s.lookups.full_capex(p)
        if rate > 0:
            yield rate * capex_paid(m, p, d)


@summed
def _fixed_opex(m: Model, s: Scope, d: DecisionNode) -> Iterator[Expression]:
    year = s.decision_tree.nodes[d].year
    for p in sorted(s.expandable):
        has_cost = s.case.projects[p].fixed_opex_usd_per_tpa > 0 and p not in s.rescheduled
        if (p, d) in m.build and has_cost:
            yield fixed_opex(s, p, year) * m.build[p, d]


def fixed_opex(s: Scope, p: str, committed: int) -> float:
    """Discounted fixed opex (MUSD per t/y) of a build to the end of the horizon."""
    schedule = s.lookups.schedules[p]
    weight = 0.0
    for year in range(committed, s.case.last_year + 1):
        weight += schedule.cost_share(year - committed) * s.lookups.cost_discount(year)
    return musd(s.case.projects[p].fixed_opex_usd_per_tpa) * weight


def operating_cost(m: Model, s: Scope, nodes: Container[int] = ALL) -> Expression:
    """Variable opex, stock purchases, unmet targets, holding, imports and rescheduled projects (MUSD, expected, discounted) at
    some nodes.
    """
    total = 0.0
    parts = (_variable_opex, _purchase_costs, _missing_costs, _holding_costs, _import_costs)
    for part in (*parts, _rescheduled_costs):
        total += _discounted(s, part(m, s, nodes))
    return total


@summed
def _discounted(s: Scope, costs: CostAt) -> Iterator[Expression]:
    weights = [node.probability * s.lookups.cost_discount(node.year) for node in s.tree.nodes]
    for n, rate, amount in costs:
        yield weights[n] * rate * amount


CostAt = Iterator[tuple[int, float, Expression]]
"""Node, rate and amount, whose product falls due there (MUSD, not discounted)."""


def _variable_opex(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    rates = {p: s.lookups.throughput_cost(p) for p in s.case.projects}
    for p, n in s.operable:
        if n in nodes and rates[p] > 0:
            yield n, rates[p], throughput(m, p, OperationNode(n))


def _purchase_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for c in s.buyers():
        for n in s.active_nodes:
            if n in nodes:
                yield n, 1.0, purchase_cost(m, c, OperationNode(n))


def _missing_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for key in missing_index(s):
        if key[-1] in nodes:
            yield key[-1], missing_price(s, key[0]), m.missing[key]


def _holding_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    """On the stock at the end of a year."""
    for good in s.stocks:
        rate = musd_per_tonne(s.lookups.stockpiles[good].holding_usd_per_kg_year)
        if rate > 0:
            for n in s.active_nodes:
                closes_year = s.tree.nodes[n].closes_year
                if n in nodes and closes_year and (*good, n) in m.stock:
                    yield n, rate, m.stock[(*good, n)]


def _import_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    """Imports, and resold tonnes at the price of the buying country."""
    for key in sorted(s.import_prices):
        if key[-1] in nodes:
            yield key[-1], 1.0, import_cost(m, key)
    for (v, c, e, o), keys in groupby(sorted(s.resold), key=itemgetter(0, 1, 2, 3)):
        prices = s.tree.import_prices(v, (c, e, o)).tolist()
        for *_, n in keys:
            if n in nodes and prices[n] > 0:
                yield n, prices[n], m.resold[v, c, e, o, n]


def _rescheduled_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for p in sorted(s.rescheduled & s.expandable):
        fixed = musd(s.case.projects[p].fixed_opex_usd_per_tpa)
        for node in s.tree.nodes:
            if node.index in nodes and node.opens_year:
                n = OperationNode(node.index)
                yield n, s.lookups.full_capex(p), capex_rescheduled(m, p, n)
                yield n, fixed, shares_of_builds(m, p, n, s.fixed_cost_due[p])


def goal(m: Model) -> Expression:
    """First objective: risk (goal risk), cost (target) or cost + risk (welfare)."""
    measures = {"risk": m.risk, "target": m.cost, "welfare": m.welfare}
    return measures[m.scope.case.model.objective.goal]


def _money(name: str, symbol: str, meaning: str, index: IndexSet | None = None) -> Variable:
    letters = () if index is None else ("n",)
    return Variable(
        name=name, symbol=symbol, letters=letters, index=index, unit="MUSD", meaning=meaning
    )


VARIABLES = (
    _money("loss_to_date", "Z", "loss of a history up to a node", cumulative_loss_index),
    _money(
        "tail_excess", r"\xi", "loss of a history above the value at risk", tail_excess_limit_index
    ),
    _money("value_at_risk", "V", "alpha-quantile of the loss"),
    _money("expected_loss", "E", "expected loss"),
    _money("risk", "R", "expected loss and CVaR, weighted"),
    _money("cost", "F", "expected discounted cost"),
    _money("welfare", "W", "cost + risk"),
)
EQUATIONS = (
    cumulative_loss,
    tail_excess_limit,
    expected_loss_definition,
    risk_definition,
    cost_definition,
    welfare_definition,
)
