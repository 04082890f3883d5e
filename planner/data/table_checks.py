"""Rules for the rows of single tables: shocks, the hazards that shocks are drawn from, and investment cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from planner.cells import Quarter
from planner.data.findings import finding_at, unknown_name
from planner.data.investment_tables import ITEMS, Contract, fault_of_term
from planner.data.lookups import Lookups
from planner.data.schema import Hazard
from planner.data.thresholds import ROUNDING
from planner.errors import Fault

_LENGTHS = ("quarters_low", "quarters_high", "years_low", "years_high")
_DRAWN_ONCE = ("within", "probability", "first", "last", *_LENGTHS)
"""Columns that only the first row of an event fills."""


def check_hazards(case: Lookups) -> Iterator[Fault]:
    """A hazard has odds, a window, a length and factors; rows of one event leave the first three to its first row."""
    first: dict[str, Hazard] = {}
    for row in case.tables.hazards:
        opening = first.setdefault(row.event, row) if row.event else row
        if opening is row:
            yield from _window(row)
        else:
            yield from _left_to(opening, row)
        if row.kind == "delay":
            yield from _in_years(opening, row)


def _window(row: Hazard) -> Iterator[Fault]:
    """Odds, window and length are given, in a row that has them for itself or for its event."""
    empty = [column for column in ("probability", "first", "last") if getattr(row, column) is None]
    if empty:
        column, *others = empty
        also = f", nor may {', '.join(others)}" if others else ""
        yield finding_at(row, column, "empty-cell", f"must not be empty{also}")


def _left_to(opening: Hazard, row: Hazard) -> Iterator[Fault]:
    filled = [column for column in _DRAWN_ONCE if getattr(row, column) not in (None, ())]
    if filled:
        column, *others = filled
        said = f'line {opening.line} says it for all rows of event "{row.event}"'
        if others:
            said += f", as it does {', '.join(others)}"
        yield finding_at(row, column, "hazard-event", said)


def _in_years(opening: Hazard, row: Hazard) -> Iterator[Fault]:
    """A delay begins in a year and has no length of its own; so does the event it is part of, and has one in years."""
    who = "a delay" if opening is row and not row.event else "an event with a delay"
    for column in ("first", "last"):
        given = getattr(opening, column)
        if isinstance(given, Quarter):
            yield finding_at(opening, column, "delay-quarter", f"{given}: {who} begins in a year")
    if opening.quarters_low is not None:
        yield finding_at(
            opening, "quarters_low", "delay-quarter", f"{who} is not counted in quarters"
        )
    if not row.event and row.years_low is not None:
        said = "a delay has no length; its factors are the years"
        yield finding_at(row, "years_low", "hazard-length", said)


def stem(scenario: str) -> str:
    """Name of a scenario before the number that `planner sample` gives it."""
    head, _, number = scenario.rpartition("-")
    return head if head and number.isdigit() else scenario


def check_finance(case: Lookups) -> Iterator[Fault]:
    """Terms are known, and of the size that they have."""
    for row in case.tables.finance:
        if row.item not in ITEMS:
            yield unknown_name(row, "item", kind="item", name=row.item, known=ITEMS)
            continue
        for column in ("value", "low", "high"):
            given = getattr(row, column)
            if given is None:
                continue
            rule, said = fault_of_term(row.item, given)
            if rule:
                yield finding_at(row, column, rule, said)


def check_contracts(case: Lookups) -> Iterator[Fault]:
    """Contracts that together cover more than all that a plant sells or takes in of an element in some year."""
    contracts = case.tables.contracts
    projects = sorted({row.project for row in contracts} - {""}) or [""]
    elements = sorted({row.element for row in contracts} - {""}) or [""]
    told: set[int] = set()
    for project, element, kind in product(projects, elements, ("offtake", "feed")):
        rows: list[Contract] = []
        for row in contracts:
            is_of = row.project in ("", project) and row.element in ("", element)
            if row.kind == kind and is_of:
                rows.append(row)
        for together in _in_force(rows):
            covers = sum(row.covers for row in together)
            is_unlimited = any(row.tonnes is None for row in together)
            last = together[-1]
            if covers > 1 + ROUNDING and is_unlimited and last.line not in told:
                told.add(last.line)
                whose = f'"{project}"' if project else "every plant"
                what = f"{covers:.0%} of {element or 'each element'} of {whose}"
                said = f"with line {together[0].line} contracts cover {what}"
                yield finding_at(last, "covers", "contract-share", said)


def _in_force(contracts: Sequence[Contract]) -> Iterator[list[Contract]]:
    """Contracts that hold together, from each year in which one begins; 0 is before all years that they name."""
    for year in sorted({row.first_year or 0 for row in contracts}):
        together: list[Contract] = []
        for row in contracts:
            last = 9999 if row.last_year is None else row.last_year
            if (row.first_year or 0) <= year <= last:
                together.append(row)
        if together:
            yield together


def check_prices(case: Lookups) -> Iterator[Fault]:
    """Futures of prices exist."""
    if not case.tables.scenarios:
        return
    futures = {*case.storylines, *case.storylines.values()}
    for row in case.tables.prices:
        if row.future and row.future not in futures:
            yield unknown_name(row, "future", kind="scenario", name=row.future, known=futures)


def check_targets(case: Lookups) -> Iterator[Fault]:
    """A target is there once, names what is there, and fills in what its kind needs and nothing else."""
    of_table = {row.target for row in case.tables.targets}
    seen: set[str] = set()
    for row in case.target_rows:
        if row.target in seen:
            place = "the table targets" if row.target in of_table else "the model"
            yield finding_at(row, "target", "repeated-row", f'"{row.target}" is in {place} already')
        seen.add(row.target)
        parties = case.party.values()
        if row.party and row.party not in parties:
            yield unknown_name(row, "party", kind="party", name=row.party, known=parties)
