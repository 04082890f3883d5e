"""Demand that a year can still serve without an origin, an ally or a plant: rows, N-1, N-2 and single points of failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.errors import refuse_unknown
from planner.results.display import Parts
from planner.results.reader import rows_of
from planner.results.schema import COVERAGE

LeastServed = dict[str, dict[str, dict[str, Any]]]
"""Year -> element -> the least `share` of demand that can be served, and `without` what."""
COVERAGE_JSON = "coverage.json"
NOTHING = "nothing"
FALL = 0.10
"""Share of an element's demand: one thing without which the served share falls by more is a single point of failure."""
SAME = 1e-7
"""Difference, relative for losses, up to which two figures are the same."""


@dataclass(frozen=True, kw_only=True)
class TakenAway:
    """Supply that is taken away: all imports from an origin, a country's plants, savings and people, a project, or a pair."""

    origin: str = ""
    country: str = ""
    project: str = ""

    @property
    def name(self) -> str:
        """As the table says it: `nothing`, `origin:CHN`, `origin:CHN+project:mill` .."""
        kinds = {"origin": self.origin, "country": self.country, "project": self.project}
        return "+".join(f"{kind}:{name}" for kind, name in kinds.items() if name) or NOTHING

    @classmethod
    def named(cls, name: str) -> TakenAway:
        """What a row of the table says is taken away."""
        parts = dict(part.split(":", 1) for part in name.split("+")) if name != NOTHING else {}
        return cls(**parts)

    @property
    def is_single(self) -> bool:
        """One thing."""
        return self.name != NOTHING and not self.is_pair

    @property
    def is_pair(self) -> bool:
        """An origin and something else."""
        return bool(self.origin) and bool(self.country or self.project)


@dataclass(frozen=True, kw_only=True)
class CoverageRow:
    """One element in one year without something.

    plan: with the plan, else with what stands without it. served_share: the largest share of the element's demand that
    can be met if nothing else mattered. loss_musd: the least loss of the year, all elements together.
    """

    plan: bool
    year: int
    removal: TakenAway
    element: str
    served_share: float
    loss_musd: float


@dataclass(frozen=True, repr=False)
class Coverage(Parts):
    """All rows of a run, in the order of the table: `table("coverage")`, and `table("single_points")` of failure."""

    rows: Sequence[CoverageRow]

    @property
    def headline(self) -> dict[str, str]:
        """The number of rows, and of single points of failure."""
        return {"rows": f"{len(self.rows)}", "single points": f"{len(self.single_points)}"}

    @property
    def parts(self) -> list[str]:
        """Names of all that `table` gives."""
        return [COVERAGE.name, "single_points"]

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> Coverage:
        """The rows of a table `coverage`."""
        rows = []
        for row in rows_of(table):
            one = CoverageRow(
                plan=row.plan == "true",
                year=row.year,
                removal=TakenAway.named(row.without),
                element=row.element,
                served_share=row.served_share,
                loss_musd=row.loss_musd,
            )
            rows.append(one)
        return cls(rows)

    def table(self, part: str) -> pd.DataFrame:
        """The table `coverage`, or the single points of failure. Raises InputError for an unknown one."""
        refuse_unknown("Coverage", "part", part, self.parts)
        if part != COVERAGE.name:
            return pd.DataFrame(self.single_points)
        columns = [column.name for column in COVERAGE.columns]
        rows = [
            (
                row.year,
                row.removal.name,
                row.element,
                row.served_share,
                row.loss_musd,
                "true" if row.plan else "false",
            )
            for row in self.rows
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def with_plan(self) -> list[CoverageRow]:
        """Rows of the plan."""
        return [row for row in self.rows if row.plan]

    @property
    def n1(self) -> LeastServed:
        """Without one origin."""
        return self.without_origin(plan=True)

    def without_origin(self, *, plan: bool) -> LeastServed:
        """Without one origin, with the plan or without one."""
        rows = [row for row in self.rows if row.plan is plan and row.removal.is_single]
        return _least(row for row in rows if row.removal.origin)

    @property
    def n2(self) -> LeastServed:
        """Without a pair: the largest origin, and an ally or a plant."""
        return _least(row for row in self.with_plan if row.removal.is_pair)

    @property
    def single_points(self) -> list[dict[str, Any]]:
        """Plants and allies without which the served share of an element falls by more than 10 points."""
        whole = {
            (row.year, row.element): row.served_share
            for row in self.with_plan
            if row.removal.name == NOTHING
        }
        found = []
        for row in self.with_plan:
            falls_by = whole[row.year, row.element] - row.served_share
            one = row.removal
            if not one.origin and (one.country or one.project) and falls_by > FALL + SAME:
                found.append(
                    {
                        "year": row.year,
                        "without": one.name,
                        "element": row.element,
                        "falls_by": falls_by,
                    }
                )
        return found

    def as_json(self) -> dict[str, Any]:
        """The content of `coverage.json`."""
        return {"n1": self.n1, "n2": self.n2, "single_points": self.single_points}


def _least(rows: Iterable[CoverageRow]) -> LeastServed:
    """The row of least served share; of equals the first."""
    found: LeastServed = {}
    for row in rows:
        by_element = found.setdefault(str(row.year), {})
        known = by_element.get(row.element)
        if known is None or row.served_share < known["share"] - SAME:
            by_element[row.element] = {"share": row.served_share, "without": row.removal.name}
    return found
