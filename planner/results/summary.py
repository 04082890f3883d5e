"""Totals of a plan, and the figures of summary.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.odds import are_bounded
from planner.results.costs import cost_parts, utilisation
from planner.results.diversification import diversification
from planner.results.losses import (
    ByCountry,
    Losses,
    losses_by_country,
    losses_by_good,
    losses_of,
    risk_under,
    service_level,
)
from planner.results.odds import least_risk, worst_odds
from planner.results.origins import YearlyOrigin
from planner.results.scenario_amounts import PlanAmounts, ScenarioAmounts
from planner.results.targets import targets_met


@dataclass(frozen=True, kw_only=True)
class PlanTotals:
    """Losses, cost (MUSD), utilisation of capacity and targets of a plan.

    cost_parts: expected and discounted, in the order of summary.json. public_spend: expected, not discounted. targets:
    target -> `missing_t`, `cost_musd` and `met`.
    """

    losses: Losses
    losses_by_country: ByCountry
    cost_parts: dict[str, float]
    utilisation: dict[str, dict[str, float | None]]
    public_spend: float
    targets: dict[str, dict[str, Any]]

    @property
    def cost(self) -> float:
        """Expected discounted cost (MUSD)."""
        return sum(self.cost_parts.values())


def plan_totals(amounts: ScenarioAmounts) -> PlanTotals:
    """Return the totals of a plan."""
    by_good = losses_by_good(amounts)
    losses = losses_of(amounts, by_good)
    return PlanTotals(
        losses=losses,
        losses_by_country=losses_by_country(amounts, by_good, losses.by_scenario),
        cost_parts=cost_parts(amounts),
        utilisation=utilisation(amounts),
        public_spend=float(amounts.weights @ np.sum(amounts.spent.values, axis=0)),
        targets=targets_met(amounts),
    )


def figures(
    plan: PlanAmounts, totals: PlanTotals, origins: Sequence[YearlyOrigin], attainable: float | None
) -> dict[str, Any]:
    """Risk, cost, shortfall and decisions. Expected values weigh scenarios by probability; money is undiscounted where it
    is called spend, discounted where it is called cost or loss. `trained` counts who completes.

    attainable: the least risk, of goal `risk`.
    """
    case, losses = plan.case, totals.losses
    summary: dict[str, Any] = {"risk_musd": losses.risk, **_of_odds(case, losses)}
    if case.model.objective.goal == "risk":
        summary["least_risk_musd"] = attainable
    if totals.targets:
        summary["targets"] = totals.targets
    demand, short = expected_demand_and_shortfall(plan)
    return summary | {
        "diversification": diversification(case, origins),
        "expected_loss_musd": losses.expected,
        "cvar_musd": losses.cvar,
        "cost_musd": totals.cost,
        "cost_parts_musd": totals.cost_parts,
        "utilisation": totals.utilisation,
        "scenario_loss_musd": losses.by_scenario,
        "loss_musd_by_country": totals.losses_by_country,
        "expected_shortfall_t": short,
        "service_level": service_level(demand, short),
        "public_spend_musd": totals.public_spend,
        "new_capacity_tpa": new_capacity(plan),
        "trained": trained(plan),
    }


def _of_odds(case: Case, losses: Losses) -> dict[str, Any]:
    """The risk by the given odds, and the worst and best within their bounds; nothing where none are given."""
    if not are_bounded(case) and case.model.objective.odds == "given":
        return {}
    worst = worst_odds(case, losses.by_scenario)
    return {
        "risk_given_musd": losses.risk_given,
        "odds": {
            "worst_risk_musd": risk_under(case, losses.by_scenario, worst),
            "best_risk_musd": least_risk(case, losses.by_scenario),
            "worst": worst,
        },
    }


def expected_demand_and_shortfall(plan: PlanAmounts) -> tuple[dict[str, float], dict[str, float]]:
    """Tonnes by element, of all years."""
    tree = plan.trees.histories
    chances = np.array([node.probability for node in tree.nodes])
    demand = dict.fromkeys(plan.case.elements, 0.0)
    short = dict.fromkeys(plan.case.elements, 0.0)
    for good, tonnes in plan.short:
        _, element, _ = good
        demand[element] += float(chances @ tree.demands(good))
        short[element] += float(chances @ tonnes)
    return demand, short


def new_capacity(plan: PlanAmounts) -> dict[str, float]:
    """Project -> expected new capacity (t/y)."""
    growing = [project for project, row in plan.case.projects.items() if row.max_new_tpa > 0]
    expected = dict.fromkeys(growing, 0.0)
    chances = np.array([node.probability for node in plan.trees.decisions.nodes])
    for project, tpa in plan.builds:
        expected[project] = float(chances @ tpa)
    return expected


def trained(plan: PlanAmounts) -> dict[str, float]:
    """Skill -> expected persons who complete a programme."""
    expected = dict.fromkeys(plan.case.lookups.skills, 0.0)
    chances = np.array([node.probability for node in plan.trees.decisions.nodes])
    for programme, persons in plan.intake:
        row = plan.case.lookups.programmes[programme]
        expected[row.skill] += row.completion_rate * float(chances @ persons)
    return expected
