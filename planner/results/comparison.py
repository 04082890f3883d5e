"""Two runs beside each other: the inputs that differ, and the effect of each. `planner.explanation.compare` fills it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ChangedCell:
    """One input that differs: its place, and what it is in either run ('' where the row is not there)."""

    group: str
    where: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Figures:
    """Risk and cost (MUSD) and new capacity by project (t/y)."""

    risk: float
    cost: float
    capacity: Mapping[str, float]


@dataclass(frozen=True)
class Cause:
    """A group of inputs changed alone in the first run: what it does. None: it cannot be had alone; why says so."""

    group: str
    cells: int
    alone: Figures | None
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """Run `before` against run `after`. Effects of causes are against `before`; the rest is their interplay."""

    before: str
    after: str
    cells: Sequence[ChangedCell]
    first: Figures
    second: Figures
    causes: Sequence[Cause]

    def effect(self, cause: Cause) -> float:
        """Change of risk (MUSD) by a cause alone."""
        return cause.alone.risk - self.first.risk if cause.alone else 0.0

    @property
    def interplay(self) -> float:
        """Change of risk (MUSD) that no single cause explains."""
        return self.second.risk - self.first.risk - sum(map(self.effect, self.causes))
