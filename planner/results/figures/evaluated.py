"""Figures of a plan in fresh scenarios, as `planner evaluate` writes them beside a run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from planner.results.evaluation import RISK, Estimate
from planner.results.plan import Plan

FIGURES = ("expected_loss_musd", "cvar_musd", RISK)
"""Expected loss and the worst cases first: the risk is a blend of the two."""
WAYS = ("policy", "foreseen")
"""The two bounds: of a policy that can be carried out, and with each scenario known from its start."""


def out_of_sample(
    plan: Plan, figure: str = RISK, whose: str = "plan", how: str = "policy"
) -> Estimate | None:
    """A figure (MUSD) of the plan, `without_plan` or their `difference` in fresh scenarios, of the policy or `foreseen`; None
    if not evaluated in any: a register without hazards has the plan's own scenarios alone."""
    stated: Any = plan.evaluation
    if not stated or not stated.get("out_of_sample", True):
        return None
    for key in (whose, how, figure):
        stated = stated.get(key) if isinstance(stated, dict) else None
    if not isinstance(stated, dict) or stated.get("value") is None:
        return None
    return Estimate(stated["value"], stated.get("low"), stated.get("high"))


@dataclass(frozen=True, kw_only=True)
class FreshFigure:
    """A figure (MUSD) in fresh scenarios, with the plan, without one, and the reduction, in one of the two ways."""

    figure: str
    way: str
    plan: Estimate
    without: Estimate
    reduction: Estimate


def in_fresh_scenarios(plan: Plan) -> list[FreshFigure]:
    """The figures of an evaluation out of sample; none if there is none."""
    figures = []
    for way, figure in product(WAYS, FIGURES):
        with_plan = out_of_sample(plan, figure, "plan", way)
        without = out_of_sample(plan, figure, "without_plan", way)
        reduction = out_of_sample(plan, figure, "difference", way)
        if with_plan is not None and without is not None and reduction is not None:
            figures.append(
                FreshFigure(
                    figure=figure, way=way, plan=with_plan, without=without, reduction=reduction
                )
            )
    return figures
