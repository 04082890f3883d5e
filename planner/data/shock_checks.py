"""Rules for what disturbs a case: shocks, and the hazards that shocks are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.data.cells import Quarter, begin_of, end_of
from planner.data.lookups import Lookups
from planner.data.rules import Finding
from planner.data.schema import FILTERS, Hazard, Shock

# Filters that mean something, by kind.
_MEANT: Mapping[str, tuple[str, ...]] = {
    "import": ("supplier", "country", "element", "form"),
    "demand": ("country", "element", "form"),
    "capacity": ("country", "stage", "project"),
    "delay": ("country", "stage", "project"),
}
_LENGTHS = (("quarters_low", "quarters_high"), ("years_low", "years_high"))
_DRAWN_ONCE = ("within", "probability", "first", "last", *_LENGTHS[0], *_LENGTHS[1])
"""Columns that only the first row of an event fills."""


def check_shocks(case: Lookups) -> Iterator[Finding]:
    """Periods run forward, delays are whole years, and filters and leak fit the kind."""
    for row in case.tables.shocks:
        yield from _backwards("shocks", row, "start_year", "end_year")
        if row.kind == "delay":
            for column in ("start_year", "end_year"):
                if isinstance(given := getattr(row, column), Quarter):
                    said = f"{given}: a delay holds for whole years"
                    yield Finding("delay-quarter", "shocks", row.line, column, said, given)
        yield from _part_years("shocks", row, "factor")
        yield from _what_does_not_fit("shocks", row)


def _backwards(table: str, row: Shock | Hazard, begin: str, end: str) -> Iterator[Finding]:
    first, last = getattr(row, begin), getattr(row, end)
    if first is not None and last is not None and end_of(last) < begin_of(first):
        yield Finding("reversed-period", table, row.line, end, f"{last} is before {begin} {first}", last)


def _part_years(table: str, row: Shock | Hazard, *columns: str) -> Iterator[Finding]:
    for column in columns:
        if row.kind == "delay" and not (given := getattr(row, column)).is_integer():
            said = f"{given:g}: a delay is in whole years"
            yield Finding("delay-years", table, row.line, column, said, f"{given:g}")


def _what_does_not_fit(table: str, row: Shock | Hazard) -> Iterator[Finding]:
    for column in FILTERS:
        if column not in _MEANT[row.kind] and getattr(row, column):
            said = f'has no meaning for kind "{row.kind}"'
            yield Finding("shock-filter", table, row.line, column, said, getattr(row, column))
    if row.leak and row.kind != "import":
        said = f'{row.leak:g} has no meaning for kind "{row.kind}"; only what is cut off can be sold on'
        yield Finding("leak-kind", table, row.line, "leak", said, f"{row.leak:g}")


def check_hazards(case: Lookups) -> Iterator[Finding]:
    """A hazard says whether, when, how long and how hard; rows of one event leave the first three to its first row."""
    first: dict[str, Hazard] = {}
    for row in case.tables.hazards:
        yield from _what_does_not_fit("hazards", row)
        yield from _factors(row)
        if row.each == "project" and row.kind not in ("capacity", "delay"):
            said = f'"project" has no meaning for kind "{row.kind}"'
            yield Finding("hazard-each", "hazards", row.line, "each", said, row.each)
        if row.event and row.each:
            said = f'event "{row.event}" happens once, not for each {row.each}'
            yield Finding("hazard-each", "hazards", row.line, "each", said, row.each)
        opening = first.setdefault(row.event, row) if row.event else row
        if opening is row:
            yield from _window(row)
        else:
            yield from _left_to(opening, row)
        if row.kind == "delay":
            yield from _in_years(opening, row)


def _factors(row: Hazard) -> Iterator[Finding]:
    if row.factor_low > row.factor_high:
        said = f"{row.factor_high:g} is below factor_low {row.factor_low:g}"
        yield Finding("hazard-range", "hazards", row.line, "factor_high", said, f"{row.factor_high:g}")
    yield from _part_years("hazards", row, "factor_low", "factor_high")


def _window(row: Hazard) -> Iterator[Finding]:
    """Whether, when and how long, in a row that says it for itself or for its event."""
    empty = [column for column in ("probability", "first", "last") if getattr(row, column) is None]
    if empty:
        also = f", nor may {', '.join(empty[1:])}" if len(empty) > 1 else ""
        yield Finding("empty-cell", "hazards", row.line, empty[0], f"must not be empty{also}")
    yield from _backwards("hazards", row, "first", "last")
    for low, high in _LENGTHS:
        shortest, longest = getattr(row, low), getattr(row, high)
        if (shortest is None) != (longest is None):
            missing, given = (low, high) if shortest is None else (high, low)
            yield Finding("hazard-length", "hazards", row.line, missing, f"must not be empty beside {given}")
        elif shortest is not None and shortest > longest:
            said = f"{longest} is below {low} {shortest}"
            yield Finding("hazard-range", "hazards", row.line, high, said, longest)
    if row.quarters_low is not None and row.years_low is not None:
        said = "the length is given in quarters already"
        yield Finding("hazard-length", "hazards", row.line, "years_low", said, row.years_low)


def _left_to(opening: Hazard, row: Hazard) -> Iterator[Finding]:
    filled = [column for column in _DRAWN_ONCE if getattr(row, column) not in (None, ())]
    if filled:
        said = f'line {opening.line} says it for all rows of event "{row.event}"'
        if len(filled) > 1:
            said += f", as it does {', '.join(filled[1:])}"
        yield Finding("hazard-event", "hazards", row.line, filled[0], said, getattr(row, filled[0]))


def _in_years(opening: Hazard, row: Hazard) -> Iterator[Finding]:
    """A delay begins in a year and has no length of its own; so does the event it is part of, and has one in years."""
    who = "a delay" if opening is row and not row.event else "an event with a delay"
    for column in ("first", "last"):
        if isinstance(given := getattr(opening, column), Quarter):
            said = f"{given}: {who} begins in a year"
            yield Finding("delay-quarter", "hazards", opening.line, column, said, given)
    if opening.quarters_low is not None:
        said = f"{who} is not counted in quarters"
        yield Finding("delay-quarter", "hazards", opening.line, "quarters_low", said, opening.quarters_low)
    if not row.event and row.years_low is not None:
        said = "a delay has no length; its factors are the years"
        yield Finding("hazard-length", "hazards", row.line, "years_low", said, row.years_low)
