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
from collections.abc import Container

from pyomo.environ import quicksum

from planner.formulation.capacity import throughput
from planner.formulation.model import Expression, Model
from planner.formulation.money import capex_paid, full_capex, people_cost, purchases, spending_countries
from planner.formulation.scope import Scope
from planner.units import musd, musd_per_tonne


def node_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return [n.index for n in s.tree.nodes]


def leaf_index(s: Scope) -> list[int]:
    """n: the last node of every history; scenarios with the same history share it."""
    return sorted(set(s.tree.leaves.values()))


def loss_per_tonne(s: Scope, c: str, e: str, o: str, n: int, j: int) -> float:
    """Loss (MUSD/t) of step j of a shortfall, weighted and discounted."""
    return (
        s.case.loss_steps((c, e, o))[j].musd_per_t
        * s.case.countries[c].weight
        * s.case.risk_discount(s.tree.nodes[n].year)
    )


def cumulative_loss_index(s: Scope) -> list[int]:
    """n: every operations node."""
    return node_index(s)


def cumulative_loss(m: Model, n: int) -> Expression:
    r"""loss_to_date[n] = loss_to_date[parent] + sum of loss_per_tonne * shortfall at n."""
    s = m.scope
    parent = s.tree.nodes[n].parent
    before = m.loss_to_date[parent] if parent >= 0 else 0.0
    here = quicksum(
        loss_per_tonne(s, c, e, o, n, j) * m.shortfall[c, e, o, n, j]
        for c, e, o in s.goods
        if not s.import_covered((c, e, o), n) and s.tree.demand((c, e, o), n) > 0
        for j in range(len(s.case.loss_steps((c, e, o))))
    )
    return m.loss_to_date[n] - before - here == 0


def tail_excess_limit_index(s: Scope) -> list[int]:
    """n: the last node of every history."""
    return leaf_index(s)


def tail_excess_limit(m: Model, n: int) -> Expression:
    r"""tail_excess[n] >= loss_to_date[n] - value_at_risk."""
    return m.tail_excess[n] >= m.loss_to_date[n] - m.value_at_risk


def expected_loss_definition(m: Model) -> Expression:
    r"""expected_loss = sum over histories of probability * loss_to_date."""
    s = m.scope
    return m.expected_loss == quicksum(s.tree.nodes[n].probability * m.loss_to_date[n] for n in leaf_index(s))


def risk_definition(m: Model) -> Expression:
    r"""risk = (1 - lambda) * expected_loss
    + lambda * (value_at_risk + sum over histories of probability * tail_excess / (1 - alpha))."""
    s = m.scope
    objective = s.case.model.objective
    tail = quicksum(s.tree.nodes[n].probability / (1 - objective.tail) * m.tail_excess[n] for n in leaf_index(s))
    return m.risk == (
        (1 - objective.risk_aversion) * m.expected_loss + objective.risk_aversion * (m.value_at_risk + tail)
    )


ALL: Container[int] = range(sys.maxsize)


def cost_definition(m: Model) -> Expression:
    r"""cost = expected, discounted: full capex, fixed opex of new nameplate, variable opex, training, seats, hires,
    stock purchases and holding (MUSD)."""
    s = m.scope
    return m.cost == investment_cost(m, s) + operating_cost(m, s)


def welfare_definition(m: Model) -> Expression:
    r"""welfare = cost + risk (MUSD)."""
    return m.welfare == m.cost + m.risk


def investment_cost(m: Model, s: Scope) -> Expression:
    """Full capex as it falls due, fixed opex from the planned start to the horizon, people (MUSD)."""
    total = 0.0
    for node in s.decision_tree.nodes:
        weight = node.probability * s.case.cost_discount(node.year)
        capex = quicksum(
            full_capex(s, p) * capex_paid(m, p, node.index) for p in sorted(s.expandable) if full_capex(s, p) > 0
        )
        people = quicksum(people_cost(m, c, node.index) for c in spending_countries(s))
        fixed = quicksum(
            fixed_opex(s, p, node.year) * m.build[p, node.index]
            for p in sorted(s.expandable)
            if (p, node.index) in m.build and s.case.projects[p].fixed_opex_usd_per_tpa > 0
        )
        total += weight * (capex + people) + node.probability * fixed
    return total


def fixed_opex(s: Scope, p: str, committed: int) -> float:
    """Discounted fixed opex (MUSD per t/y) of a build from its planned start to the end of the horizon."""
    start = committed + s.case.projects[p].lead_time_years
    yearly = musd(s.case.projects[p].fixed_opex_usd_per_tpa)
    return yearly * sum(s.case.cost_discount(t) for t in range(start, s.case.last_year + 1))


def operating_cost(m: Model, s: Scope, nodes: Container[int] = ALL) -> Expression:
    """Variable opex, stock purchases and holding (MUSD), at some operations nodes or at all."""
    expected = [n.probability * s.case.cost_discount(n.year) for n in s.tree.nodes]
    total = quicksum(
        expected[n] * musd(s.case.projects[p].variable_opex_usd_per_t) * throughput(m, p, n)
        for p, n in s.operable
        if n in nodes and s.case.projects[p].variable_opex_usd_per_t > 0
    )
    buyers = sorted({c for c, _, _ in s.purchases})
    active = [n for n in s.active_nodes if n.index in nodes]
    total += quicksum(expected[n.index] * purchases(m, c, n.index) for c in buyers for n in active)
    return total + quicksum(
        expected[n.index] * musd_per_tonne(row.holding_usd_per_kg_year) * m.stock[(*good, n.index)]
        for good in s.stocks
        if (row := s.case.stockpiles[good]).holding_usd_per_kg_year > 0
        for n in active
        if (*good, n.index) in m.stock
    )


def goal(m: Model) -> Expression:
    """First objective: risk (goal risk), cost (target) or cost + risk (welfare)."""
    return {"risk": m.risk, "target": m.cost, "welfare": m.welfare}[m.scope.case.model.objective.goal]
