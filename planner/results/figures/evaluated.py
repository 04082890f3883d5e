"""Figures of a plan in fresh scenarios, as `planner evaluate` writes them beside a run."""

from __future__ import annotations

from dataclasses import dataclass

from planner.results.figures.decision import OutOfSample, out_of_sample
from planner.results.plan import Plan

FIGURES = ("risk_musd", "expected_loss_musd", "cvar_musd")
WAYS = ("policy", "foreseen")
"""The two bounds: of a policy that can be carried out, and with each scenario known from its start."""


@dataclass(frozen=True, kw_only=True)
class FreshFigure:
    """A figure (MUSD) in fresh scenarios, with the plan, without one, and the reduction, in one of the two ways."""

    figure: str
    way: str
    plan: OutOfSample
    without: OutOfSample
    reduction: OutOfSample


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """A run in fresh scenarios: how many, the policy that operates it and its rule in words, and the figures."""

    scenarios: int
    policy: str
    rule: str
    figures: list[FreshFigure]


def in_fresh_scenarios(run: Plan) -> Fresh | None:
    """The evaluation of a run out of sample; None if there is none."""
    stated = run.evaluation
    if stated is None or out_of_sample(run) is None:
        return None
    figures = []
    for way in WAYS:
        for figure in FIGURES:
            plan = out_of_sample(run, figure, "plan", way)
            without = out_of_sample(run, figure, "without_plan", way)
            reduction = out_of_sample(run, figure, "difference", way)
            if plan is not None and without is not None and reduction is not None:
                found = FreshFigure(
                    figure=figure, way=way, plan=plan, without=without, reduction=reduction
                )
                figures.append(found)
    return Fresh(
        scenarios=int(stated["futures"]),
        policy=str(stated.get("policy", "")),
        rule=str(stated.get("policy_is", "")),
        figures=figures,
    )
