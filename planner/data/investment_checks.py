"""Rules for the tables of investment cases."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.cells import Row
from planner.data.investment_tables import ITEMS, fault_of_term
from planner.data.lookups import Lookups
from planner.data.rules import Finding, found, unknown


def stem(scenario: str) -> str:
    """What a scenario is called before the number that `planner sample` gives it."""
    head, _, number = scenario.rpartition("-")
    return head if head and number.isdigit() else scenario


def check_finance(case: Lookups) -> Iterator[Finding]:
    """Terms are known, and their ranges hold their value."""
    for row in case.tables.finance:
        item = ITEMS.get(row.item)
        if item is None:
            yield unknown(row, "item", "item", row.item, ITEMS)
            continue
        for column in ("value", "low", "high"):
            given = getattr(row, column)
            rule, said = fault_of_term(row.item, given) if given is not None else ("", "")
            if rule:
                yield found(row, column, rule, said)
        yield from _in_order(row, "low", "value", "high")


def check_prices(case: Lookups) -> Iterator[Finding]:
    """Ranges hold their price, and futures exist."""
    futures = {name for row in case.tables.scenarios for name in (row.scenario, stem(row.scenario))}
    for row in case.tables.prices:
        yield from _in_order(row, "low", "price_usd_per_kg", "high")
        if row.future and row.future not in futures and futures:
            yield unknown(row, "future", "scenario", row.future, futures)


def check_contracts(case: Lookups) -> Iterator[Finding]:
    """Periods run forward, and a floor is not above a cap."""
    for row in case.tables.contracts:
        if row.first_year is not None and row.last_year is not None and row.last_year < row.first_year:
            yield found(row, "last_year", "reversed-period", f"{row.last_year} is before first_year {row.first_year}")
        yield from _in_order(row, "floor_usd_per_kg", "cap_usd_per_kg")


def _in_order(row: Row, *columns: str) -> Iterator[Finding]:
    given = [x for column in columns if (x := getattr(row, column)) is not None]
    if given != sorted(given):
        yield found(row, columns[0], "range", f"{', '.join(f'{x:g}' for x in given)} do not rise from low to high")
