"""What is found out about a state besides its plan: its frontier, a study of one number, why it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from planner.data.case import Case
from planner.results.plan import PlanValues
from planner.server.edits import Edit, Edits

WEIGHTS = (2.0, 8.0, 32.0, 0.5, inf)
"""Weights of cost at which the frontier is traced, one after the other; at the last, nothing new is done."""
AskedAndGot = tuple[float, float, float]
"""A point of a frontier: weight of cost, cost, risk (MUSD); of a study: value, risk, cost."""
AskedPoints = Sequence[AskedAndGot]
StateAndPlan = tuple[str, Edits, PlanValues]
"""One of two states that are compared: its name, its edits on the case, its plan."""


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
    """Why one state has another risk and cost (MUSD) than another: their names, the change in all, and what each of so
    many changes does on its own, as far as it is solved: the edit, whether it is taken back, its risk and cost."""

    before: str
    after: str
    change: tuple[float, float]
    many: int
    effects: tuple[tuple[Edit, bool, float, float], ...] = ()

    @property
    def interplay(self) -> tuple[float, float] | None:
        """What the changes do together beyond what each does alone, once all are solved."""
        risk, cost = self.change
        for *_, more, dearer in self.effects:
            risk, cost = risk - more, cost - dearer
        return (risk, cost) if len(self.effects) == self.many else None


def both(figures: Mapping[str, Any]) -> tuple[float, float]:
    """Risk and cost (MUSD)."""
    return figures["risk_musd"], figures["cost_musd"]


def weighted(case: Case, weight: float) -> Case:
    """The case of least cost * weight + risk: one whose losses weigh less by as much; none of them, without levers."""
    if weight == inf:
        settings = {"levers": (), "objective.goal": "welfare", "objective.risk_limit": None}
        return case.with_settings(settings)
    countries = []
    for row in case.tables.countries:
        countries.append(row.model_copy(update={"weight": row.weight / weight}))
    goal = case.with_settings({"objective.goal": "welfare", "objective.risk_limit": None})
    return goal.with_tables(countries=tuple(countries))
