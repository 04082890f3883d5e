"""Rules for what belongs to some stages alone: feeds and recovery, savings, availability, returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from planner.data.findings import finding_at
from planner.data.lookups import Lookups, returning
from planner.data.schema import Return
from planner.data.stages import STAGES
from planner.data.thresholds import ROUNDING
from planner.errors import Fault


def check_returns(case: Lookups) -> Iterator[Fault]:
    """Plants that take a form alone give something back, once of each element, and it is a feed of the element alone."""
    first: dict[tuple[str, ...], Return] = {}
    for row in case.tables.returns:
        shares = case.feed_shares.get(row.feed, {})
        others = [element for element, share in shares.items() if share > 0]
        is_whole = abs(shares.get(row.element, 0.0) - 1.0) <= ROUNDING
        is_known = row.element in case.elements  # an unknown one is told already
        if is_known and shares and not (is_whole and others == [row.element]):
            yield finding_at(row, "feed", "returns-feed")
        returned = (*returning(row), row.element, row.feed)
        other = first.setdefault(returned, row)
        if other is not row and row.stage != other.stage:
            yield finding_at(row, "project", "returns-twice", first=other.line)


def check_return_sums(case: Lookups) -> Iterator[Fault]:
    """No more comes back of an element than a plant loses of it."""
    told: set[int] = set()
    for name, project in case.projects.items():
        if not STAGES[project.stage].converts:
            continue
        totals: dict[str, float] = defaultdict(float)
        for (element, _), share in case.returned[name].items():
            totals[element] += share
        for element, total in totals.items():
            lost = 1.0 - case.recovery(name, element)
            if total <= lost + ROUNDING:
                continue
            places = ((name, ""), ("", project.stage))
            rows = [row for row in case.tables.returns if returning(row) in places]
            row = [row for row in rows if row.element == element][-1]
            if row.line not in told:
                told.add(row.line)
                yield finding_at(row, "share", "returns-sum", of=name, total=total, lost=lost)
