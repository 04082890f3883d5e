"""What risk costs and what to pay for first: the corners of the curve, its named plans, and the merit list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from planner.explanation.commitments import is_built
from planner.explanation.counterfactuals import Optimum
from planner.explanation.frontier_walk import CurvePoint, Walk, corners
from planner.explanation.named_plans import of_point, of_run
from planner.results.decision import HUNDREDTH, Corner, Frontier, Merit, NamedPlan
from planner.results.figures.decided import builds
from planner.results.plan import Plan
from planner.solving.goals import HOLD_MUSD
from planner.thresholds import ROUNDING

TENTH = 0.1
"""Part of its final size from which on a project counts as there."""


def frontier(walk: Walk, plan: Plan, nothing: Optimum) -> tuple[Frontier, list[Merit]]:
    """The curve with its named plans, and the merit list.

    nothing: the optimum without levers, with its x if the run has levers. Its risk is where the curve begins.
    """
    bends = corners(walk, nothing.risk)
    idle = walk.end if nothing.x is None else walk.point(nothing.x)
    a_little_more = walk.least_risk * (1 + HUNDREDTH) + HOLD_MUSD
    near = at_risk(bends, a_little_more)
    chosen = of_run("chosen", plan.case, plan.summary, builds(plan))
    named = [
        _nothing(walk, plan, idle),
        of_point(walk, "core", walk.core),
        chosen,
        of_point(walk, "near", near),
        of_point(walk, "least", walk.end),
    ]
    bought = _weighed(bends)
    curve = Frontier(corners=bought, plans=named, gap=walk.gap, solves=walk.solves)
    return curve, _merit(walk, bends, bought, near)


def _weighed(bends: Sequence[CurvePoint]) -> list[Corner]:
    """The corners with the reduction of risk that a MUSD buys on the way to each; the first has none before it."""
    found = [Corner(None, bends[0].cost, bends[0].risk)]
    for before, after in pairwise(bends):
        weight = (before.risk - after.risk) / (after.cost - before.cost)
        found.append(Corner(weight, after.cost, after.risk))
    return found


def _nothing(walk: Walk, plan: Plan, idle: CurvePoint) -> NamedPlan:
    """No lever pulled, with the figures that the run itself is compared with, where it has any."""
    found = of_point(walk, "nothing", idle)
    if "without_plan" not in plan.summary:
        return found
    in_run = of_run("nothing", plan.case, plan.summary["without_plan"], [])
    return replace(in_run, public=found.public)


def at_risk(bends: Sequence[CurvePoint], risk: float) -> CurvePoint:
    """The first plan of the curve, a mixture of those at two corners, with a risk (MUSD); the end that is nearest if
    none has it."""
    for before, after in pairwise(bends):
        part = (risk - before.risk) / (after.risk - before.risk)
        if part <= 1.0:
            return before.toward(after, max(part, 0.0))
    return bends[-1]


# ---- merit -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """The place at which a project comes onto the curve: the corner, and what a MUSD buys on the way to it."""

    corner: Corner
    weight: float


def _merit(
    walk: Walk, bends: Sequence[CurvePoint], found: Sequence[Corner], near: CurvePoint
) -> list[Merit]:
    """The projects that the plan of least risk builds, the one to be paid for first at the head."""
    case = walk.reference.case
    in_core = walk.public(walk.core.x)
    in_end = walk.public(walk.end.x)
    out = []
    for place, project in enumerate(walk.projects):
        final = float(walk.end.tpa[place])
        row = case.projects[project]
        if not is_built(case, project, final):
            continue
        entry = _entry(bends, found, place, final)
        is_late = near.tpa[place] < TENTH * final
        merit = Merit(
            project=project,
            stage=row.stage,
            country=row.country,
            weight=entry.weight,
            cost=entry.corner.cost,
            risk=entry.corner.risk,
            tpa=final,
            core_tpa=float(walk.core.tpa[place]),
            worth=walk.worth.get(project, 0.0),
            public=_public(project, in_core, in_end),
            last_hundredth=bool(is_late),
        )
        out.append(merit)
    return sorted(out, key=_rank)


def _entry(
    bends: Sequence[CurvePoint], found: Sequence[Corner], place: int, final: float
) -> _Entry:
    """The first corner at which a tenth of a project stands; that of no plan counts as the steepest piece."""
    standing = [number for number, point in enumerate(bends) if point.tpa[place] >= TENTH * final]
    first = standing[0]
    steepest = min(max(first, 1), len(found) - 1)
    return _Entry(corner=found[first], weight=found[steepest].weight or 0.0)


def _public(project: str, in_core: Mapping[str, float], in_end: Mapping[str, float]) -> float:
    """Public capital (MUSD) of a project in the core plan, or in that of least risk where the core does without it."""
    paid = in_core.get(project, 0.0)
    return paid if paid > 0 else in_end.get(project, 0.0)


def _rank(merit: Merit) -> tuple[float, float, str]:
    """Sort key: most risk reduced per MUSD first, then most worth per public MUSD."""
    return -merit.weight, -merit.worth / max(merit.public, ROUNDING), merit.project
