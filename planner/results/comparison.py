"""Two runs beside each other: the inputs that differ, and the effect of each. `planner.explanation.compare` fills it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from planner.results.display import Parts


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


@dataclass(frozen=True, repr=False)
class Comparison(Parts):
    """Run `before` against run `after`. Effects of causes are against `before`; the rest is their interplay.

    frame("cells"): the inputs that differ. frame("causes"): the change of risk and cost (MUSD) by each group of inputs
    alone. frame("capacity"): new capacity (t/y) by project, in both.
    """

    before: str
    after: str
    cells: Sequence[ChangedCell]
    first: Figures
    second: Figures
    causes: Sequence[Cause]

    @property
    def headline(self) -> dict[str, str]:
        """Risk and cost (MUSD) of both, and how many inputs differ."""
        return {
            "runs": f"{self.before} -> {self.after}",
            "risk": f"{self.first.risk:,.0f} -> {self.second.risk:,.0f} MUSD",
            "cost": f"{self.first.cost:,.0f} -> {self.second.cost:,.0f} MUSD",
            "inputs that differ": str(len(self.cells)),
        }

    @property
    def parts(self) -> list[str]:
        """Names of all that `frame` gives."""
        return ["cells", "causes", "capacity"]

    def table(self, part: str) -> pd.DataFrame:
        """One part as a data frame; `parts` names them. Raises InputError for an unknown one."""
        if part == "causes":
            return self._causes()
        if part == "capacity":
            both = {self.before: self.first.capacity, self.after: self.second.capacity}
            return pd.DataFrame(both).fillna(0.0).rename_axis("project").reset_index()
        return super().table(part)

    def _causes(self) -> pd.DataFrame:
        """The change of risk and cost (MUSD) by each group of inputs alone; blank with the reason where it has no
        plan."""
        rows: list[dict[str, object]] = []
        for cause in self.causes:
            row: dict[str, object] = {"group": cause.group, "cells": cause.cells}
            if cause.alone is not None:
                row["risk_musd"] = self.effect(cause)
                row["cost_musd"] = cause.alone.cost - self.first.cost
            row["why"] = cause.why
            rows.append(row)
        return pd.DataFrame(rows, columns=["group", "cells", "risk_musd", "cost_musd", "why"])

    def effect(self, cause: Cause) -> float:
        """Change of risk (MUSD) by a cause alone."""
        return cause.alone.risk - self.first.risk if cause.alone else 0.0

    @property
    def interplay(self) -> float:
        """Change of risk (MUSD) that no single cause explains."""
        return self.second.risk - self.first.risk - sum(map(self.effect, self.causes))
