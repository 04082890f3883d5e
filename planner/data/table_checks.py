"""Rules for the rows of single tables: shocks, the hazards that shocks are drawn from, and investment cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from planner.cells import Quarter
from planner.config import Target
from planner.data.findings import finding_at, unknown_name
from planner.data.investment_tables import ITEMS, Contract, fault_of_term
from planner.data.lookups import Lookups
from planner.data.schema import FILTERS, Hazard, Shock
from planner.data.thresholds import ROUNDING
from planner.errors import Fault

# Filters that mean something, by kind.
_MEANT: Mapping[str, tuple[str, ...]] = {
    "import": ("supplier", "country", "element", "form"),
    "price": ("supplier", "country", "element", "form"),
    "demand": ("country", "element", "form"),
    "capacity": ("country", "stage", "project"),
    "delay": ("country", "stage", "project"),
}
_LENGTHS = (("quarters_low", "quarters_high"), ("years_low", "years_high"))
_DRAWN_ONCE = ("within", "probability", "first", "last", *_LENGTHS[0], *_LENGTHS[1])
"""Columns that only the first row of an event fills."""


def check_shocks(case: Lookups) -> Iterator[Fault]:
    """Delays are whole years, and filters and leak fit the kind."""
    for row in case.tables.shocks:
        if row.kind == "delay":
            for column in ("start_year", "end_year"):
                given = getattr(row, column)
                if isinstance(given, Quarter):
                    said = f"{given}: a delay holds for whole years"
                    yield finding_at(row, column, "delay-quarter", said)
        yield from _part_years(row, "factor")
        yield from _what_does_not_fit(row)


def _part_years(row: Shock | Hazard, *columns: str) -> Iterator[Fault]:
    if row.kind != "delay":
        return
    for column in columns:
        given = getattr(row, column)
        if not given.is_integer():
            yield finding_at(row, column, "delay-years", f"{given:g}: a delay is in whole years")


def _what_does_not_fit(row: Shock | Hazard) -> Iterator[Fault]:
    for column in FILTERS:
        if column not in _MEANT[row.kind] and getattr(row, column):
            yield finding_at(row, column, "shock-filter", f'has no meaning for kind "{row.kind}"')
    if row.leak and row.kind != "import":
        yield finding_at(row, "leak", "leak-kind")


def check_hazards(case: Lookups) -> Iterator[Fault]:
    """A hazard has odds, a window, a length and factors; rows of one event leave the first three to its first row."""
    first: dict[str, Hazard] = {}
    for row in case.tables.hazards:
        yield from _what_does_not_fit(row)
        yield from _part_years(row, "factor_low", "factor_high")
        if row.each == "project" and row.kind not in ("capacity", "delay"):
            said = f'"project" has no meaning for kind "{row.kind}"'
            yield finding_at(row, "each", "hazard-each", said)
        if row.event and row.each:
            said = f'event "{row.event}" happens once, not for each {row.each}'
            yield finding_at(row, "each", "hazard-each", said)
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
    for low, high in _LENGTHS:
        for missing, given in ((low, high), (high, low)):
            if getattr(row, missing) is None and getattr(row, given) is not None:
                yield finding_at(row, missing, "hazard-length", f"must not be empty beside {given}")
    if row.quarters_low is not None and row.years_low is not None:
        yield finding_at(
            row, "years_low", "hazard-length", "the length is given in quarters already"
        )


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
    """Findings about contracts: terms of offtake in a feed contract, goods covered twice."""
    for row in case.tables.contracts:
        if row.kind == "feed":
            for column in ("floor_usd_per_kg", "cap_usd_per_kg", "upside_from_usd_per_kg"):
                if getattr(row, column) is not None:
                    yield finding_at(
                        row, column, "feed-contract", f"{column} is a term of offtake alone"
                    )
    yield from _covered_twice(case)


def _covered_twice(case: Lookups) -> Iterator[Fault]:
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


def check_byproducts(case: Lookups) -> Iterator[Fault]:
    """By-products have a price, without which they earn nothing."""
    priced = {row.element for row in case.tables.prices}
    for row in case.tables.byproducts:
        if row.product not in priced and row.product not in case.elements:
            yield finding_at(
                row, "product", "unpriced-product", f'"{row.product}" has no row in prices'
            )


def check_studies(case: Lookups) -> Iterator[Fault]:
    """A price of a study is of an element, and no other figure is."""
    for row in case.tables.studies:
        if (row.item == "price") != bool(row.element):
            yield finding_at(row, "element", "study-price", f"an element, of {row.item}")


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
        yield from _sense_of_target(row)


def _sense_of_target(row: Target) -> Iterator[Fault]:
    """Findings on cells of a target that do not go together."""
    if row.country and row.party:
        yield finding_at(row, "party", "target-sense", "country names countries already")
    if row.form is None and row.kind != "served":
        yield finding_at(row, "form", "empty-cell", f'must not be empty for kind "{row.kind}"')
    if row.form == "feed" and row.kind != "made_share":
        yield finding_at(
            row, "form", "target-sense", f'"feed" has no meaning for kind "{row.kind}"'
        )
    if row.feeds and row.form != "feed":
        yield finding_at(row, "feeds", "target-sense", 'has a meaning for form "feed" alone')
