"""Demand that a year can still serve without an origin, an ally or a plant: rows, N-1, N-2 and single points of failure."""

from __future__ import annotations

from collections.abc import Hashable
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

    @property
    def is_pair(self) -> bool:
        """An origin and something else."""
        return bool(self.origin) and bool(self.country or self.project)


@dataclass(frozen=True, repr=False)
class Coverage(Parts):
    """The rows of a run: `table("coverage")`, and `table("single_points")` of failure.

    rows: as the table has them. Of one element in one year without something: with the plan or with what stands without
    it; the largest share of its demand that can be met if nothing else mattered; the least loss of the year, all
    elements together.
    """

    rows: pd.DataFrame

    @property
    def headline(self) -> dict[str, str]:
        """The number of rows, and of single points of failure."""
        return {"rows": f"{len(self.rows)}", "single points": f"{len(self.single_points)}"}

    @property
    def parts(self) -> list[str]:
        """Names of all that `table` gives."""
        return [COVERAGE.name, "single_points"]

    def table(self, part: str) -> pd.DataFrame:
        """The table `coverage`, or the single points of failure. Raises InputError for an unknown one."""
        refuse_unknown("Coverage", "part", part, self.parts)
        return self.rows.copy() if part == COVERAGE.name else pd.DataFrame(self.single_points)

    def of_plan(self, *, plan: bool = True) -> pd.DataFrame:
        """Rows with the plan, or with what stands without one."""
        return self.rows[self.rows["plan"] == str(plan).lower()]

    @property
    def n1(self) -> LeastServed:
        """Without one origin."""
        return self.without_origin(plan=True)

    def without_origin(self, *, plan: bool) -> LeastServed:
        """Without one origin, with the plan or without one."""
        rows = self.of_plan(plan=plan)
        return _least(rows[rows["without"].str.fullmatch(r"origin:[^+]*")])

    @property
    def n2(self) -> LeastServed:
        """Without a pair: the largest origin, and an ally or a plant."""
        rows = self.of_plan()
        return _least(rows[rows["without"].str.contains("+", regex=False)])

    @property
    def single_points(self) -> list[dict[Hashable, Any]]:
        """Plants and allies without which the served share of an element falls by more than 10 points."""
        rows = self.of_plan()
        keys = ["year", "element"]
        whole = rows[rows["without"] == NOTHING].set_index(keys)["served_share"].rename("whole")
        single = rows[rows["without"].str.match("country:|project:")].join(whole, keys)
        found = single.assign(falls_by=single["whole"] - single["served_share"])
        found = found[found["falls_by"] > FALL + SAME]
        return found[["year", "without", "element", "falls_by"]].to_dict("records")

    def as_json(self) -> dict[str, Any]:
        """The content of `coverage.json`."""
        return {"n1": self.n1, "n2": self.n2, "single_points": self.single_points}


def _least(rows: pd.DataFrame) -> LeastServed:
    """The row of least served share; of equals the first."""
    found: LeastServed = {}
    for row in rows_of(rows):
        by_element = found.setdefault(str(row.year), {})
        known = by_element.get(row.element)
        if known is None or row.served_share < known["share"] - SAME:
            by_element[row.element] = {"share": row.served_share, "without": row.without}
    return found
