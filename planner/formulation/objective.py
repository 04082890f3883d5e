r"""Risk and cost, and the first objective of each goal. The later ones are set by `planner.solving.goals`.

Loss of each history, its expectation and its CVaR:
Z[w] = sum over the nodes of w, goods and steps of shortfall * loss * weight * risk discount (MUSD).
CVaR_alpha[Z] = min over v of v + E[max(Z - v, 0)] / (1 - alpha)
(Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2, 2000).
Losses are added up along the tree, so a node that several scenarios share is counted once in the program.
Z >= 0, so the value at risk v can be taken >= 0.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator

from planner.formulation.budgets import (
    CAPEX_READS,
    PEOPLE_READS,
    capex_paid,
    full_capex,
    people_cost,
    purchase_cost,
    spending_countries,
)
from planner.formulation.capacity import throughput
from planner.formulation.declarations import Expression, Model, Variable, equation
from planner.formulation.goods import import_cost
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.odds import BOUNDS_READS, risk_under_worst_odds
from planner.formulation.owners import of_nobody
from planner.formulation.targets import missing_index, missing_price
from planner.formulation.variable_trees import DecisionNode, OperationNode
from planner.units import musd, musd_per_tonne


def node_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return [n.index for n in s.tree.nodes]


def leaf_index(s: Scope) -> list[int]:
    """n: the last node of every history; scenarios with the same history share it."""
    return sorted(set(s.tree.leaves.values()))


def loss_per_tonne(s: Scope, c: str, e: str, o: str, n: OperationNode, j: int) -> float:
    """Loss (MUSD/t) of step j of a shortfall, weighted and discounted."""
    return (
        s.case.loss_steps((c, e, o))[j].musd_per_t
        * s.case.countries[c].weight
        * s.case.risk_discount(s.tree.nodes[n].year)
    )


def cumulative_loss_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return node_index(s)


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
    owner=of_nobody,
)
def cumulative_loss(m: Model, n: OperationNode) -> Expression:
    """Loss adds up along a history."""
    s: Scope = m.scope
    parent = s.tree.nodes[n].parent
    before = m.loss_to_date[parent] if parent >= 0 else 0.0
    here = quicksum(
        loss_per_tonne(s, c, e, o, n, j) * m.shortfall[c, e, o, n, j]
        for c, e, o in s.short_at.get(n, ())
        for j in range(len(s.case.loss_steps((c, e, o))))
    )
    return m.loss_to_date[n] - before - here == 0


def tail_excess_limit_index(s: Scope) -> list[int]:
    """n: the last node of every history."""
    return leaf_index(s)


@equation(
    tail_excess_limit_index,
    r"\xi_n \ge Z_n - V",
    each=r"node $n \in \mathcal{L}$",
    links_histories=True,
    owner=of_nobody,
)
def tail_excess_limit(m: Model, n: OperationNode) -> Expression:
    """Loss above the value at risk."""
    return m.tail_excess[n] >= m.loss_to_date[n] - m.value_at_risk


@equation(
    None,
    r"E = \sum_{n \in \mathcal{L}} \pi_n Z_n",
    reads=("scenarios.probability",),
    owner=of_nobody,
)
def expected_loss_definition(m: Model) -> Expression:
    """Expected loss."""
    s: Scope = m.scope
    return m.expected_loss == quicksum(
        s.tree.nodes[n].probability * m.loss_to_date[n] for n in leaf_index(s)
    )


@equation(
    None,
    r"R = (1 - \lambda) \, E + \lambda \left( V + \frac{1}{1 - \alpha} \sum_{n \in \mathcal{L}} \pi_n "
    r"\xi_n \right), \qquad \text{under the worst odds } R = \lambda \, V + \sum_\sigma \mathrm{low}_\sigma \, "
    r"Y_\sigma + \Bigl( 1 - \sum_\sigma \mathrm{low}_\sigma \Bigr) \, \theta + \sum_\sigma "
    r"(\mathrm{high}_\sigma - \mathrm{low}_\sigma) \, \beta_\sigma",
    reads=(*BOUNDS_READS, "model.objective.risk_aversion", "model.objective.tail"),
    owner=of_nobody,
)
def risk_definition(m: Model) -> Expression:
    """Risk."""
    s: Scope = m.scope
    objective = s.case.model.objective
    if objective.odds == "worst":
        return m.risk == risk_under_worst_odds(m, s.odds, objective.risk_aversion)
    tail = quicksum(
        s.tree.nodes[n].probability / (1 - objective.tail) * m.tail_excess[n] for n in leaf_index(s)
    )
    return m.risk == (
        (1 - objective.risk_aversion) * m.expected_loss
        + objective.risk_aversion * (m.value_at_risk + tail)
    )


ALL: Container[int] = range(sys.maxsize)


@equation(
    None,
    r"F = \sum_d \pi_d \left( \mathrm{discount}_{t_d} \Bigl( \sum_p \mathrm{capex}_p \, "
    r"\mathrm{due}_{p,d} + \sum_c \mathrm{people}_{c,d} \Bigr) + \sum_p \mathrm{fixed}_{p,d} \, b_{p,d} "
    r"\right) + \sum_n \pi_n \, \mathrm{discount}_{t_n} \Bigl( \sum_p \mathrm{running}_p \, "
    r"\mathrm{throughput}_{p,n} + \sum_{c,e,o} \mathrm{netpurchase}_{c,e,o,t_n} \, q_{c,e,o,n} + \mathrm{closes}_n "
    r"\sum_{c,e,o} \mathrm{holding}_{c,e,o} \, S_{c,e,o,n} + \sum_{v,c,e,o} \mathrm{importprice}_{v,c,e,o,n} \, "
    r"(B_{v,c,e,o,n} + G_{v,c,e,o,n}) + \sum_{\tau,e,\kappa} \mathrm{penalty}_\tau \, J_{\tau,e,\kappa,n} \Bigr)",
    reads=(
        *CAPEX_READS,
        "projects.fixed_opex_usd_per_tpa",
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
    owner=of_nobody,
)
def cost_definition(m: Model) -> Expression:
    """Cost."""
    s: Scope = m.scope
    return m.cost == investment_cost(m, s) + operating_cost(m, s)


@equation(None, r"W = F + R", owner=of_nobody)
def welfare_definition(m: Model) -> Expression:
    """Cost + risk."""
    return m.welfare == m.cost + m.risk


def investment_cost(m: Model, s: Scope) -> Expression:
    """Full capex as it falls due, fixed opex from the planned start to the horizon, people (MUSD)."""
    parts = []
    for node in s.decision_tree.nodes:
        d, weight = DecisionNode(node.index), node.probability * s.case.cost_discount(node.year)
        capex = quicksum(
            full_capex(s, p) * capex_paid(m, p, d)
            for p in sorted(s.expandable)
            if full_capex(s, p) > 0
        )
        people = quicksum(people_cost(m, c, d) for c in spending_countries(s))
        fixed = quicksum(
            fixed_opex(s, p, node.year) * m.build[p, d]
            for p in sorted(s.expandable)
            if (p, d) in m.build and s.case.projects[p].fixed_opex_usd_per_tpa > 0
        )
        parts += [weight * (capex + people), node.probability * fixed]
    return quicksum(parts)


def fixed_opex(s: Scope, p: str, committed: int) -> float:
    """Discounted fixed opex (MUSD per t/y) of a build from its planned start to the end of the horizon."""
    start = committed + s.case.projects[p].lead_time_years
    yearly = musd(s.case.projects[p].fixed_opex_usd_per_tpa)
    return yearly * sum(s.case.cost_discount(t) for t in range(start, s.case.last_year + 1))


def operating_cost(m: Model, s: Scope, nodes: Container[int] = ALL) -> Expression:
    """Variable opex, stock purchases, what targets miss, holding and imports (MUSD), at some operations nodes or at all."""
    weights = [n.probability * s.case.cost_discount(n.year) for n in s.tree.nodes]
    parts = (_variable_opex, _purchase_costs, _missing_costs, _holding_costs, _import_costs)
    total = 0.0
    for part in parts:
        total += quicksum(weights[n] * rate * amount for n, rate, amount in part(m, s, nodes))
    return total


CostAt = Iterator[tuple[int, float, Expression]]
"""Node, rate and amount, whose product falls due there (MUSD, not discounted)."""


def _variable_opex(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for p, n in s.operable:
        rate = s.case.throughput_cost(p)
        if n in nodes and rate > 0:
            yield n, rate, throughput(m, p, OperationNode(n))


def _purchase_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for c in sorted({c for c, _, _ in s.purchases}):
        for node in s.active_nodes:
            if node.index in nodes:
                yield node.index, 1.0, purchase_cost(m, c, OperationNode(node.index))


def _missing_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    for key in missing_index(s):
        if key[-1] in nodes:
            yield key[-1], missing_price(s, key[0]), m.missing[key]


def _holding_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    """Holding counts on the stock at the end of a year."""
    for good in s.stocks:
        rate = musd_per_tonne(s.case.stockpiles[good].holding_usd_per_kg_year)
        for node in s.active_nodes if rate > 0 else ():
            n = node.index
            if n in nodes and node.closes_year and (*good, n) in m.stock:
                yield n, rate, m.stock[(*good, n)]


def _import_costs(m: Model, s: Scope, nodes: Container[int]) -> CostAt:
    """Resold tonnes cost what the supplier asks of the country that buys them."""
    for c, e, o, n in sorted(s.sellers):
        if n in nodes:
            yield n, 1.0, import_cost(m, c, e, o, OperationNode(n))
    for v, c, e, o, n in sorted(s.resold):
        price = s.tree.import_price(v, (c, e, o), n)
        if n in nodes and price > 0:
            yield n, price, m.resold[v, c, e, o, n]


def goal(m: Model) -> Expression:
    """First objective: risk (goal risk), cost (target) or cost + risk (welfare)."""
    return {"risk": m.risk, "target": m.cost, "welfare": m.welfare}[
        m.scope.case.model.objective.goal
    ]


VARIABLES = (
    Variable(
        name="loss_to_date",
        symbol="Z",
        letters=("n",),
        index=node_index,
        unit="MUSD",
        meaning="loss of a history up to a node",
        owner=of_nobody,
    ),
    Variable(
        name="tail_excess",
        symbol=r"\xi",
        letters=("n",),
        index=leaf_index,
        unit="MUSD",
        meaning="loss of a history above the value at risk",
        owner=of_nobody,
    ),
    Variable(
        name="value_at_risk",
        symbol="V",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="alpha-quantile of the loss",
        owner=of_nobody,
    ),
    Variable(
        name="expected_loss",
        symbol="E",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="expected loss",
        owner=of_nobody,
    ),
    Variable(
        name="risk",
        symbol="R",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="expected loss and CVaR, weighted",
        owner=of_nobody,
    ),
    Variable(
        name="cost",
        symbol="F",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="expected discounted cost",
        owner=of_nobody,
    ),
    Variable(
        name="welfare",
        symbol="W",
        letters=(),
        index=None,
        unit="MUSD",
        meaning="cost + risk",
        owner=of_nobody,
    ),
)
EQUATIONS = (
    cumulative_loss,
    tail_excess_limit,
    expected_loss_definition,
    risk_definition,
    cost_definition,
    welfare_definition,
)
