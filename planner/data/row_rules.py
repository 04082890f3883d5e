"""Rules that a row keeps by itself, or beside the plant that it names: a line each, with the table, the cell at which it is
told, its name in rules.toml, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from planner.cells import Quarter
from planner.data.findings import finding_at
from planner.data.lookups import Lookups
from planner.data.schema import FILTERS
from planner.data.stages import STAGES
from planner.errors import Fault

Breaks = Callable[[Lookups, Any], object]
"""Whether a row breaks a rule."""


@dataclass(frozen=True)
class Check:
    """A rule: its function, and the tables that must have been read whole for it."""

    run: Callable[[Lookups], Iterator[Fault]]
    needs: tuple[str, ...] = ()
    rows_of: str = ""
    """The table it reads row by row: sound rows are checked even if others are not."""
    together: str = ""
    """A column of it: rows that share its cells are checked only if all of them are sound."""


def rule(
    cell: str, name: str, breaks: Breaks, *, says: str = "", needs: tuple[str, ...] = ()
) -> Check:
    """A rule for each row of a table. cell: `TABLE.COLUMN`. says: words in place of those in rules.toml."""
    table, _, column = cell.partition(".")

    def run(case: Lookups) -> Iterator[Fault]:
        for row in case.rows(table):
            if breaks(case, row):
                plant = case.projects.get(getattr(row, "project", ""), row)
                said = says.format_map(row.__dict__)
                yield finding_at(row, column, name, said, is_of=getattr(plant, "stage", ""))

    return Check(run, needs, rows_of=table)


def _of_plant(breaks: Callable[[Any, Any], object]) -> Breaks:
    """What breaks a rule for a row and the plant that it names; an unknown name is a fault already."""
    return lambda case, row: (
        row.project in case.projects and breaks(row, case.projects[row.project])
    )


MEANT = {
    "import": ("supplier", "country", "element", "form"),
    "price": ("supplier", "country", "element", "form"),
    "demand": ("country", "element", "form"),
    "capacity": ("country", "stage", "project"),
    "delay": ("country", "stage", "project"),
}
"""Filters that mean something, by kind of shock."""


def _is_void(column: str, case: Lookups, row: Any) -> object:
    return column not in MEANT[row.kind] and getattr(row, column)


def _is_part_of_a_year(column: str, case: Lookups, row: Any) -> bool:
    given = getattr(row, column)
    return row.kind == "delay" and (
        isinstance(given, Quarter) or (isinstance(given, float) and not given.is_integer())
    )


def _is_blank_beside(column: str, other: str, case: Lookups, row: Any) -> bool:
    is_later = (
        getattr(row, "event", "") and row.probability is None
    )  # the first row of an event says it
    return not is_later and getattr(row, column) is None and getattr(row, other) is not None


def _of_shocks() -> Iterator[Check]:
    """Filters, leaks and delays fit the kind, in shocks as in hazards."""
    for table in ("shocks", "hazards"):
        for column in FILTERS:
            yield rule(f"{table}.{column}", "shock-filter", partial(_is_void, column))
        leaks = f"{table}.leak"
        yield rule(leaks, "leak-kind", lambda _, row: row.leak and row.kind != "import")
    for cell in ("shocks.factor", "hazards.factor_low", "hazards.factor_high"):
        yield rule(cell, "delay-years", partial(_is_part_of_a_year, cell.partition(".")[2]))
    for column in ("start_year", "end_year"):
        yield rule(f"shocks.{column}", "delay-quarter", partial(_is_part_of_a_year, column))


def _pairs() -> Iterator[Check]:
    """Bounds, lengths and coordinates come in pairs."""
    for table, name, pair in (
        ("scenarios", "odds", ("probability_low", "probability_high")),
        ("hazards", "hazard-length", ("quarters_low", "quarters_high")),
        ("hazards", "hazard-length", ("years_low", "years_high")),
        ("projects", "coordinates", ("latitude", "longitude")),
    ):
        for column, other in (pair, pair[::-1]):
            says = f"must not be empty beside {other}"
            breaks = partial(_is_blank_beside, column, other)
            yield rule(f"{table}.{column}", name, breaks, says=says)


ROW_RULES = (
    # ---- plants
    rule(
        "projects.feeds",
        "mine-feed",
        lambda _, row: STAGES[row.stage].mines and len(row.feeds) != 1,
    ),
    rule(
        "projects.feeds",
        "separation-feed",
        lambda _, row: STAGES[row.stage].separates and not row.feeds,
    ),
    rule(
        "projects.feeds", "no-feeds", lambda _, row: row.feeds and not STAGES[row.stage].has_feeds
    ),
    rule(
        "projects.recovery",
        "saving-recovery",
        lambda _, row: STAGES[row.stage].saves and row.recovery != 1.0,
    ),
    rule(
        "recoveries.project",
        "saving-recovery",
        _of_plant(lambda _, plant: STAGES[plant.stage].saves),
    ),
    rule(
        "savings.project",
        "savings-stage",
        _of_plant(lambda _, plant: not STAGES[plant.stage].saves),
    ),
    rule(
        "availability.project",
        "availability-stage",
        _of_plant(lambda _, plant: not STAGES[plant.stage].mines),
    ),
    rule(
        "projects.project",
        "saving-without-rows",
        lambda case, row: (
            STAGES[row.stage].saves
            and all(saving.project != row.project for saving in case.tables.savings)
        ),
        needs=("savings",),
    ),
    rule(
        "projects.must_run",
        "must-run-stage",
        lambda _, row: row.must_run and not STAGES[row.stage].saves,
    ),
    rule(
        "projects.rise",
        "must-run-rise",
        lambda _, row: row.must_run and STAGES[row.stage].saves and row.rise is not None,
    ),
    rule("staffing.project", "must-run-staff", _of_plant(lambda _, plant: plant.must_run)),
    rule(
        "staffing.stage", "staffing-stage", _of_plant(lambda row, plant: row.stage != plant.stage)
    ),
    # ---- returns
    rule("returns.project", "returns-nobody", lambda _, row: not row.project and not row.stage),
    rule(
        "returns.stage",
        "returns-plant",
        lambda _, row: not row.project and row.stage in STAGES and not STAGES[row.stage].converts,
    ),
    rule(
        "returns.stage",
        "returns-stage",
        _of_plant(lambda row, plant: row.stage not in ("", plant.stage)),
    ),
    rule(
        "returns.project",
        "returns-plant",
        _of_plant(
            lambda row, plant: row.stage in ("", plant.stage) and not STAGES[plant.stage].converts
        ),
    ),
    # ---- shocks, hazards, odds
    *_of_shocks(),
    *_pairs(),
    rule(
        "hazards.each",
        "hazard-each",
        lambda _, row: row.each == "project" and row.kind not in ("capacity", "delay"),
        says='"project" has no meaning for kind "{kind}"',
    ),
    rule(
        "hazards.each",
        "hazard-each",
        lambda _, row: row.event and row.each,
        says='event "{event}" happens once, not for each {each}',
    ),
    rule(
        "hazards.years_low",
        "hazard-length",
        lambda _, row: row.quarters_low is not None and row.years_low is not None,
        says="the length is given in quarters already",
    ),
    rule(
        "uncertainties.low",
        "range",
        lambda _, row: row.low == row.high,
        says="{low:g} is not below high {high:g}",
    ),
    # ---- targets
    rule(
        "targets.party",
        "target-sense",
        lambda _, row: row.country and row.party,
        says="country names countries already",
    ),
    rule(
        "targets.form",
        "empty-cell",
        lambda _, row: row.form is None and row.kind != "served",
        says='must not be empty for kind "{kind}"',
    ),
    rule(
        "targets.form",
        "target-sense",
        lambda _, row: row.form == "feed" and row.kind != "made_share",
        says='"feed" has no meaning for kind "{kind}"',
    ),
    rule(
        "targets.feeds",
        "target-sense",
        lambda _, row: row.feeds and row.form != "feed",
        says='has a meaning for form "feed" alone',
    ),
    # ---- investment cases
    *(
        rule(
            f"contracts.{column}",
            "feed-contract",
            partial(
                lambda column, _, row: row.kind == "feed" and getattr(row, column) is not None,
                column,
            ),
            says=f"{column} is a term of offtake alone",
        )
        for column in ("floor_usd_per_kg", "cap_usd_per_kg", "upside_from_usd_per_kg")
    ),
    rule(
        "studies.element",
        "study-price",
        lambda _, row: (row.item == "price") != bool(row.element),
        says="an element, of {item}",
    ),
    rule(
        "byproducts.product",
        "unpriced-product",
        lambda case, row: (
            row.product not in case.elements
            and all(price.element != row.product for price in case.tables.prices)
        ),
        needs=("elements", "prices"),
    ),
)
