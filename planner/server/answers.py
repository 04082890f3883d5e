"""Findings about a state besides its plan: its frontier, and why it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from math import inf
from typing import Any

from planner.results.comparison import Figures
from planner.server.edits import Edit, Edits, with_edit, without
from planner.solving.frontier import Tangent, crossing

ENDS = (32.0, 0.5, inf)
"""Weights of cost at which the frontier is solved first; at the last, nothing new is done."""
MOST_POINTS = 7
"""Plans of a frontier."""
Shown = dict[str, Any]
"""Values by name with which a template is filled."""
AskedAndGot = tuple[float, float, float]
"""A point of a frontier: weight of cost, cost, risk (MUSD)."""


@dataclass(frozen=True, kw_only=True)
class SingleChange:
    """One change between two states: the edit, whether it is taken back, and all edits once it is made."""

    edit: Edit
    back: bool
    edits: Edits


def next_weight(points: Sequence[AskedAndGot]) -> float | None:
    """The weight of cost at which a frontier is solved next: at its ends, then where it bends between points that are
    known. None once no bend is left, or the points are as many as may be."""
    traced = [weight for weight, *_ in points]
    for weight in ENDS:
        if weight not in traced:
            return weight
    if len(points) >= MOST_POINTS:
        return None
    tangents = [Tangent(at, -risk - at * cost, -cost) for at, cost, risk in points if at < inf]
    bends = filter(None, starmap(crossing, pairwise(tangents)))
    return next((at for at, _ in bends), None)


def figures_of(summary: Mapping[str, Any]) -> Figures:
    """The figures by which two plans are compared."""
    return Figures(summary["risk_musd"], summary["cost_musd"], {})


def steps_between(before: Edits, after: Edits) -> list[SingleChange]:
    """The changes that lead from one state of edits to another, each on its own: all else is as in `before`.

    First the edits of `after` that are new or otherwise, then those that are taken back.
    """
    steps = []
    for edit in after:
        if edit not in before:
            made = with_edit(before, edit)
            steps.append(SingleChange(edit=edit, back=False, edits=made))
    kept = [edit.key for edit in after]
    for edit in before:
        if edit.key not in kept:
            left = without(before, edit.key)
            steps.append(SingleChange(edit=edit, back=True, edits=left))
    return steps
