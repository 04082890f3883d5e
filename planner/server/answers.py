"""Findings about a state besides its plan: its frontier, and why it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from planner.results.comparison import Figures
from planner.server.edits import Edit, Edits, with_edit, without

WEIGHTS = (2.0, 8.0, 32.0, 0.5, inf)
"""Weights of cost at which the frontier is traced, one after the other; at the last, nothing new is done."""
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


def figures_of(summary: Mapping[str, Any]) -> Figures:
    """The figures by which two plans are compared."""
    risk, cost = both(summary)
    return Figures(risk, cost, {})


def both(figures: Mapping[str, Any]) -> tuple[float, float]:
    """Risk and cost (MUSD) of a summary. Raises KeyError for one without a plan."""
    return figures["risk_musd"], figures["cost_musd"]


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
