"""Cost, and the first objective of each goal. The later ones are set by `planner.solving.goals`."""

from __future__ import annotations

import sys
from collections.abc import Container

from pyomo.environ import quicksum

from planner.formulation.capacity import throughput
from planner.formulation.model import Expression, Model
from planner.formulation.money import capex_paid, full_capex, people_cost, purchases, spending_countries
from planner.formulation.scope import Scope
from planner.units import musd, musd_per_tonne

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
    for node in s.plan.nodes:
        weight = node.probability * s.case.cost_discount(node.year)
        capex = quicksum(
            full_capex(s, p) * capex_paid(m, p, node.index) for p in sorted(s.growing) if full_capex(s, p) > 0
        )
        people = quicksum(people_cost(m, c, node.index) for c in spending_countries(s))
        fixed = quicksum(
            fixed_opex(s, p, node.year) * m.build[p, node.index]
            for p in sorted(s.growing)
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
        for p, n in s.running
        if n in nodes and s.case.projects[p].variable_opex_usd_per_t > 0
    )
    buyers = sorted({c for c, _, _ in s.purchases})
    live = [n for n in s.live if n.index in nodes]
    total += quicksum(expected[n.index] * purchases(m, c, n.index) for c in buyers for n in live)
    return total + quicksum(
        expected[n.index] * musd_per_tonne(row.holding_usd_per_kg_year) * m.stock[(*good, n.index)]
        for good in s.stocks
        if (row := s.case.stockpiles[good]).holding_usd_per_kg_year > 0
        for n in live
        if (*good, n.index) in m.stock
    )


def goal(m: Model) -> Expression:
    """First objective: risk (goal risk), cost (target) or cost + risk (welfare)."""
    return {"risk": m.risk, "target": m.cost, "welfare": m.welfare}[m.scope.case.model.objective.goal]
