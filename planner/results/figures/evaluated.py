"""Figures of a plan in fresh scenarios, as `planner evaluate` writes them beside a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.results.figures.decision import OutOfSample, out_of_sample
from planner.results.figures.run import RunFigures

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
class SafeElement:
    """The year from which on an element is safe with the plan and without one; None: it never is."""

    element: str
    plan: int | None
    without: int | None


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """A run in fresh scenarios: how many, the policy that operates it and its rule in words, the figures, and the years
    from which on elements are safe."""

    scenarios: int
    policy: str
    rule: str
    figures: list[FreshFigure]
    safe: list[SafeElement]


def in_fresh_scenarios(run: RunFigures) -> Fresh | None:
    """The evaluation of a run out of sample; None if there is none."""
    if out_of_sample(run) is None:
        return None
    stated: dict[str, Any] = (run.beside or {})["evaluation"]
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
    years = stated.get("safe_from") or {}
    with_plan, before = years.get("plan", {}), years.get("without_plan", {})
    safe = []
    for element in run.case.elements:
        if element in with_plan:
            one = SafeElement(element=element, plan=with_plan[element], without=before.get(element))
            safe.append(one)
    return Fresh(
        scenarios=int(stated["futures"]),
        policy=str(stated.get("policy", "")),
        rule=str(stated.get("policy_is", "")),
        figures=figures,
        safe=safe,
    )
