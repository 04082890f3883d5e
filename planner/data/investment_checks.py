"""Rules for the tables of investment cases."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.findings import Finding, found, unknown
from planner.data.investment_tables import ITEMS, fault_of_term
from planner.data.lookups import Lookups


def stem(scenario: str) -> str:
    """What a scenario is called before the number that `planner sample` gives it."""
    head, _, number = scenario.rpartition("-")
    return head if head and number.isdigit() else scenario


def check_finance(case: Lookups) -> Iterator[Finding]:
    """Terms are known, and of the size that they have."""
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


def check_prices(case: Lookups) -> Iterator[Finding]:
    """Futures of prices exist."""
    futures = {name for row in case.tables.scenarios for name in (row.scenario, stem(row.scenario))}
    for row in case.tables.prices:
        if row.future and row.future not in futures and futures:
            yield unknown(row, "future", "scenario", row.future, futures)
