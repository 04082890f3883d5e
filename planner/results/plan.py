"""Plan: what a solve found, as values. Nothing of the model inside; it can be pickled and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.results.status import Status


@dataclass(frozen=True, repr=False)
class PlanValues:
    """A case and what was found for it: `summary` as in summary.json, and the result tables by name."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    def __repr__(self) -> str:
        figures = [f"{name} {self.summary[f'{name}_musd']:,.0f} MUSD" for name in ("risk", "cost") if self.tables]
        return f"{type(self).__name__}({', '.join([self.case.name, self.status.value, *figures])})"

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table. Raises KeyError for an unknown name."""
        return self.tables[name].copy()
