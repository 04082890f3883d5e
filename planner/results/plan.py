"""Plan: what a solve found, as values. Nothing of the model inside; it can be pickled and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.results.status import Status


@dataclass(frozen=True)
class PlanValues:
    """A case and what was found for it: `summary` as in summary.json, and the result tables by name."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(repr=False)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table. Raises KeyError for an unknown name."""
        return self.tables[name].copy()
