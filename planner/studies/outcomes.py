"""What is kept of a point of a study: the figures of its plan, as summary.json has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.results.amounts import Amounts
from planner.results.costs import cost_parts
from planner.results.losses import losses_by_country, losses_by_good, losses_of, service_level
from planner.results.scenario_amounts import PlanAmounts
from planner.results.study import LIST_GROUPS, MEANINGS
from planner.results.summary import expected_demand_and_shortfall, new_capacity, trained
from planner.sharing.spending import decided_money, money_due
from planner.solving.engine import Solved
from planner.solving.node_values import AtNodes
from planner.solving.solution_amounts import solution_amounts

PointMeasures = dict[str, float]
"""Outcome -> value; members of a group are named `group.member`, e.g. `new_capacity_tpa.donald`."""


def outcome_names(case: Case) -> list[str]:
    """Every outcome that a point of a study of this case can have, whatever the plan is."""
    wanted = sorted({key[:2] for key in case.demand})
    parts = product(case.countries, ("expected", "tail"))
    members: dict[str, Iterable[str]] = {
        "scenario_loss_musd": case.scenarios,
        "loss_musd_by_country": map(".".join, parts),
        "expected_shortfall_t": case.elements,
        "expected_shortfall_t_by_country": map(".".join, wanted),
        "service_level": case.elements,
        "new_capacity_tpa": case.projects,
        "trained": case.lookups.skills,
        "hired": case.lookups.skills,
        "bought_t": case.elements,
    }
    names = [group for group in MEANINGS if group not in members]
    for group, its in members.items():
        names += [f"{group}.{member}" for member in its]
    return names


def point_figures(solved: Solved) -> PointMeasures:
    """Figures of the plan of an optimum, by name; members of a group that names only what is not zero may be left out."""
    plan = solution_amounts(AtNodes(solved.scope, solved.program.columns, solved.point))
    case, amounts = plan.case, plan.by_scenario
    lost = losses_by_good(amounts)
    losses = losses_of(amounts, lost)
    demand, short = expected_demand_and_shortfall(plan)
    short_by_country = plan.short.by(lambda good: f"{good[0]}.{good[1]}")
    bought = plan.flows.by(lambda flow: flow.element if flow.item == "bought" else None)
    histories = plan.trees.histories.nodes
    found: dict[str, Any] = {
        "risk_musd": losses.risk,
        "expected_loss_musd": losses.expected,
        "cvar_musd": losses.cvar,
        "cost_musd": sum(cost_parts(amounts).values()),
        "public_spend_musd": _public_spend(solved, plan),
        "scenario_loss_musd": losses.by_scenario,
        "loss_musd_by_country": losses_by_country(amounts, lost, losses.by_scenario),
        "expected_shortfall_t": short,
        "expected_shortfall_t_by_country": _expected(histories, short_by_country),
        "service_level": service_level(demand, short),
        "new_capacity_tpa": new_capacity(plan),
        "trained": trained(plan),
        "hired": _expected(histories, plan.people["hired"].by(lambda team: team[1])),
        "bought_t": _expected(histories, bought),
    }
    if "risk" in solved.outcome.values and case.model.objective.goal == "risk":
        found["least_risk_musd"] = solved.outcome.values["risk"]
    flat = {name: float(value) for name, value in _flat(found).items()}
    kept = (name for name in sorted(flat) if flat[name] or name.split(".")[0] not in LIST_GROUPS)
    return {name: flat[name] for name in kept}


def _flat(groups: Mapping[str, Any]) -> dict[str, float]:
    """Values by the names of outcomes, of nested groups."""
    found: dict[str, float] = {}
    for name, value in groups.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{member}": its for member, its in _flat(value).items()}
        else:
            found[name] = value
    return found


def _public_spend(solved: Solved, plan: PlanAmounts) -> float:
    """Public spending (MUSD), expected."""
    decided = decided_money(solved.scope, solved.program, solved.point)
    chances = np.array([node.probability for node in plan.trees.accounts.nodes])
    return float(chances @ money_due(plan, decided).values.sum(axis=0))


def _expected(nodes: Sequence[Any], by_name: Amounts) -> dict[str, float]:
    """Name -> sum over nodes, expected."""
    chances = np.array([node.probability for node in nodes])
    return {name: float(chances @ at_nodes) for name, at_nodes in by_name}
