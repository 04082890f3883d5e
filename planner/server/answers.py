"""Findings about a state besides its plan: its frontier, a study of one number, why it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan, nan
from typing import Any

from planner.results.plan import PlanValues
from planner.server.edits import Edit, Edits, with_edit, without

WEIGHTS = (2.0, 8.0, 32.0, 0.5, inf)
"""Weights of cost at which the frontier is traced, one after the other; at the last, nothing new is done."""
Shown = dict[str, Any]
"""Values by name with which a template is filled."""
AskedAndGot = tuple[float, float, float]
"""A point of a frontier: weight of cost, cost, risk (MUSD); of a study: value, risk, cost."""


@dataclass(frozen=True)
class ComparedState:
    """One of two states that are compared: its name, its edits on the case, its plan."""

    name: str
    edits: Edits
    plan: PlanValues


@dataclass(frozen=True, kw_only=True)
class SingleChange:
    """One change between two states: the edit, whether it is taken back, and all edits once it is made."""

    edit: Edit
    back: bool
    edits: Edits


@dataclass(frozen=True)
class PlantEffect:
    """The effect of a plant that is kept out (`out`), or that others build (`built`): risk and cost that this adds
    (MUSD), nan where there is then no plan, and the plants whose new capacity (t/y) changes most with it."""

    what: str
    risk: float = nan
    cost: float = nan
    moved: Mapping[str, float] = field(default_factory=dict)

    @property
    def possible(self) -> bool:
        """There is a plan."""
        return not isnan(self.risk)


@dataclass(frozen=True)
class Sweep:
    """A number that became a range; its ends and points are texts before it is asked. rows: value, risk, cost (MUSD),
    as far as it is solved."""

    key: str = ""
    low: float | str = 0.0
    high: float | str = 0.0
    points: int | str = 0
    rows: tuple[AskedAndGot, ...] = ()
    running: bool = False


@dataclass(frozen=True)
class Because:
    """The reasons why one state has another risk and cost (MUSD) than another.

    before, after: names of the states. change: of risk and cost in all. many: number of changes. effects: of those
    solved so far, each on its own: the edit, true if it is taken back, change of risk and of cost.
    """

    before: str
    after: str
    change: tuple[float, float]
    many: int
    effects: tuple[tuple[Edit, bool, float, float], ...] = ()

    @property
    def interplay(self) -> tuple[float, float] | None:
        """The effect of the changes together beyond those of each alone, once all are solved."""
        if len(self.effects) < self.many:
            return None
        risk, cost = self.change
        for _, _, risk_alone, cost_alone in self.effects:
            risk -= risk_alone
            cost -= cost_alone
        return risk, cost


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


def values_between(low: float, high: float, points: int, is_whole: bool) -> list[float]:
    """Evenly spaced values from one end to the other; each once where only whole numbers count."""
    values = []
    for place in range(points):
        value = low + (high - low) * place / (points - 1)
        values.append(float(round(value)) if is_whole else value)
    return list(dict.fromkeys(values))
