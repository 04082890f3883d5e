"""Rules for the tables of investment cases."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.investment_tables import ITEMS, fault_of_term
from planner.data.lookups import Lookups
from planner.data.rules import Finding
from planner.errors import did_you_mean


def stem(scenario: str) -> str:
    """What a scenario is called before the number that `planner sample` gives it."""
    head, _, number = scenario.rpartition("-")
    return head if head and number.isdigit() else scenario


def check_finance(case: Lookups) -> Iterator[Finding]:
    """Terms are known, and their ranges hold their value."""
    for row in case.tables.finance:
        item = ITEMS.get(row.item)
        if item is None:
            said = f'unknown item "{row.item}"{did_you_mean(row.item, ITEMS)}'
            yield Finding("unknown-reference", "finance", row.line, "item", said, row.item)
            continue
        for column in ("value", "low", "high"):
            given = getattr(row, column)
            rule, said = fault_of_term(row.item, given) if given is not None else ("", "")
            if rule:
                yield Finding(rule, "finance", row.line, column, said, f"{given:g}")
        yield from _in_order("finance", row.line, row.low, row.value, row.high)


def check_prices(case: Lookups) -> Iterator[Finding]:
    """Ranges hold their price, and futures exist."""
    futures = {name for row in case.tables.scenarios for name in (row.scenario, stem(row.scenario))}
    for row in case.tables.prices:
        yield from _in_order("prices", row.line, row.low, row.price_usd_per_kg, row.high)
        if row.future and row.future not in futures and futures:
            said = f'unknown scenario "{row.future}"{did_you_mean(row.future, futures)}'
            yield Finding("unknown-reference", "prices", row.line, "future", said, row.future)


def check_contracts(case: Lookups) -> Iterator[Finding]:
    """Periods run forward, and a floor is not above a cap."""
    for row in case.tables.contracts:
        if row.first_year is not None and row.last_year is not None and row.last_year < row.first_year:
            said = f"{row.last_year} is before first_year {row.first_year}"
            yield Finding("reversed-period", "contracts", row.line, "last_year", said, row.last_year)
        yield from _in_order("contracts", row.line, row.floor_usd_per_kg, None, row.cap_usd_per_kg)


def _in_order(table: str, line: int, low: float | None, value: float | None, high: float | None) -> Iterator[Finding]:
    given = [x for x in (low, value, high) if x is not None]
    if given != sorted(given):
        said = f"{', '.join(f'{x:g}' for x in given)} do not rise from low to high"
        column = "floor_usd_per_kg" if table == "contracts" else "low"
        yield Finding("range", table, line, column, said, f"{given[0]:g}")
