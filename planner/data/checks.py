"""Rules that span rows or tables: one named function each, yielding a Finding per broken rule.

A wrong cell is not reported again as a broken sum: checks that add up a table are left out when a row of it could
not be read, and names count as known if a row that could not be read gives them.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from planner.data.cells import begin_of, conditions, end_of, matching, text_of
from planner.data.findings import Finding, Origin, found, unknown
from planner.data.lookups import BASE, Lookups
from planner.data.schema import BY_NAME, TABLES, LossTier, Ramp, Tables, UncertainRange
from planner.data.stage_checks import (
    check_availability,
    check_project_feeds,
    check_return_sums,
    check_returns,
    check_savings,
    check_unsaved,
)
from planner.data.stages import FORMS, STAGES
from planner.data.table_checks import (
    check_byproducts,
    check_contracts,
    check_finance,
    check_hazards,
    check_prices,
    check_shocks,
    check_targets,
)
from planner.errors import Fault, did_you_mean

PROBABILITY_TOLERANCE = 1e-6
SHARE_TOLERANCE = 1e-9
CLAIMS = ("mining", "separation", "magnets", "people", "allies")
HINTS = 200
"""Unknown names for which the nearest known one is looked up."""

# What names a kind of thing: table and column.
DEFINED: Mapping[str, tuple[str, str]] = {
    "country": ("countries", "country"),
    "element": ("elements", "element"),
    "project": ("projects", "project"),
    "feed": ("feeds", "feed"),
    "ramp": ("ramps", "ramp"),
    "skill": ("skills", "skill"),
    "scenario": ("scenarios", "scenario"),
    "supplier": ("suppliers", "supplier"),
    "funder": ("funders", "funder"),
}
SELLERS = ("imports", "supplier")
"""What names suppliers in a case without the table of them."""
FIXED: Mapping[str, tuple[str, ...]] = {"stage": tuple(STAGES), "form": FORMS}


@dataclass
class Read:
    """How the reading went: tables of which rows are lost, tables with a wrong header, names in lost rows."""

    unsound: set[str] = field(default_factory=set)
    headless: set[str] = field(default_factory=set)
    claimed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Kind of thing -> names in rows that were not read."""
    nameless: set[str] = field(default_factory=set)
    """Kinds of which a lost row does not even tell the name, so that no name can be called unknown."""
    model_is_wrong: bool = False

    def lost(self, table: str) -> None:
        """No row of the table could be read."""
        self.unsound.add(table)
        self.headless.add(table)

    def claim(self, table: str, header: tuple[str, ...], cells: tuple[str, ...]) -> None:
        """A row is not read, but what it names exists."""
        for kind, (defining, column) in (*DEFINED.items(), ("seller", SELLERS)):
            if defining == table and column in header and header.index(column) < len(cells):
                self.claimed[kind].add(cells[header.index(column)])

    def lose_name(self, table: str, column: str) -> None:
        """A row is not read, and the name it gives is wrong itself."""
        self.nameless |= {kind for kind, defined in DEFINED.items() if defined == (table, column)}
        if (table, column) == SELLERS:
            self.nameless.add("seller")


@dataclass(frozen=True)
class Check:
    """A rule: its function, and the tables that must have been read whole for it."""

    run: Callable[[Lookups], Iterator[Finding]]
    needs: tuple[str, ...] = ()
    rows_of: str = ""
    """The table it reads row by row: sound rows are checked even if others are not."""


def check_all(
    case: Lookups, places: Mapping[str, str] | None = None, read: Read | None = None
) -> list[Fault]:
    """Run every check. `places` names the file or sheet of each table; left out, where the case was read from."""
    origin = case.origin if places is None else Origin(dict(places))
    read = read or Read()
    findings = list(check_references(case, read))
    torn = {
        table for found in findings for table, _ in ((found.table, found.line), *found.also)
    } | read.unsound
    missing = {str(found.value) for found in findings if found.column in ("country", "countries")}
    of_scenarios = any(found.column == "scenario" for found in findings)
    for check in CHECKS:
        if torn & set(check.needs) or check.rows_of in read.headless:
            continue
        if (check.run is check_probabilities and of_scenarios) or (
            check.run is check_horizon and read.model_is_wrong
        ):
            continue  # a scenario that is missing, or a horizon that could not be read, is a fault already
        findings += (
            found
            for found in check.run(case)
            if found.rule != "funder-nowhere" or found.value not in missing
        )
    return [origin.fault(found) for found in findings]


def _known(tables: Tables, read: Read) -> dict[str, set[str]]:
    known = {
        kind: {getattr(row, column) for row in tables.rows(table)} | read.claimed.get(kind, set())
        for kind, (table, column) in DEFINED.items()
    }
    if not tables.scenarios and "scenarios" not in read.unsound:
        known["scenario"] = {BASE}
    if not tables.suppliers and "suppliers" not in read.unsound:
        sellers = {row.supplier for row in tables.imports} | read.claimed.get("seller", set())
        known["supplier"] = set() if "seller" in read.nameless else sellers
    return known


_NAMED = {"feeds": "feed", "countries": "country", "within": "scenario"}
"""What a column names if it is not called by it."""
_FREE = {("budgets", "funder"), ("contracts", "element"), ("prices", "element"), *DEFINED.values()}
"""Columns that need not name something that is there."""
REFERENCES = tuple(
    (table.name, column, kind)
    for table in TABLES
    for column in table.row.columns()
    if (kind := _NAMED.get(column, column)) in DEFINED
    or (kind in FIXED and table.name in ("shocks", "hazards", "returns"))
    if (table.name, column) not in _FREE
)
"""(table, column, what it names). Blank cells name nothing."""


def check_references(case: Lookups, read: Read) -> Iterator[Finding]:
    """Every name refers to a row that exists. A name that does not is one fault, however often it is used."""
    known = _known(case.tables, read)
    places: dict[tuple[str, str], dict[tuple[str, int], None]] = defaultdict(dict)
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for table, column, kind in REFERENCES:
        names = known.get(kind) or set(FIXED.get(kind, ()))
        if (table, kind) == ("targets", "scenario"):
            names = names | {row.storyline for row in case.tables.scenarios}
        defining = DEFINED.get(kind, ("", ""))[0]
        if kind in read.nameless or (
            not names and (kind == "supplier" or defining in read.headless)
        ):
            continue  # nobody sells anything, or the names could not be read
        everywhere = "*" if (table, column) == ("funders", "countries") else ""
        for row in case.tables.rows(table):
            value = getattr(row, column)
            for name in value if isinstance(value, tuple) else (value,):
                if name and name != everywhere and name not in names:
                    # Without the defining table all its names are one fault.
                    key = (kind, name if names - {BASE} else "")
                    first.setdefault(key, (column, name))
                    places[key][table, row.line] = None
    for (kind, key_name), lines in places.items():
        (table, line), *others = lines
        column, name = first[kind, key_name]
        said = f'unknown {kind} "{name}"'
        if not key_name:
            said += f"; there is no table {DEFINED[kind][0]}"
        elif len(places) <= HINTS:
            said += did_you_mean(name, known.get(kind) or FIXED[kind])
        yield Finding("unknown-reference", table, line, column, said, name, also=tuple(others))


def check_funders(case: Lookups) -> Iterator[Finding]:
    """A funder without a row pays in the country of its name, so there must be one."""
    listed = {row.funder for row in case.tables.funders}
    reported: set[str] = set()
    for row in case.tables.budgets:
        if (
            row.funder not in listed
            and row.funder not in case.countries
            and row.funder not in reported
        ):
            reported.add(row.funder)
            hint = did_you_mean(row.funder, [*listed, *case.countries])
            yield found(row, "funder", "funder-nowhere", hint=hint)


def check_horizon(case: Lookups) -> Iterator[Finding]:
    """The horizon holds at least one year."""
    if not case.tables.demand:
        yield Finding("no-rows", "demand", 0, "", "has no rows")
    elif case.first_year > case.last_year:
        key = (
            "horizon.first_year"
            if case.model.horizon.first_year is not None
            else "horizon.last_year"
        )
        said = f"first_year {case.first_year} is after last_year {case.last_year}"
        yield Finding("horizon", "model", 0, key, said)


def check_feed_shares(case: Lookups) -> Iterator[Finding]:
    """Shares of one feed sum to at most 1."""
    totals: dict[str, float] = defaultdict(float)
    last: dict[str, int] = {}
    for row in case.tables.feeds:
        totals[row.feed] += row.share
        last[row.feed] = row.line
    for feed, total in totals.items():
        if total > 1 + SHARE_TOLERANCE:
            said = f'shares of feed "{feed}" sum to {total:.6g}, more than 1'
            yield Finding("feed-shares", "feeds", last[feed], "share", said, f"{total:.6g}")


def check_ramps(case: Lookups) -> Iterator[Finding]:
    """The years of a ramp are consecutive from 0."""
    ramps: dict[str, list[Ramp]] = defaultdict(list)
    for row in sorted(case.tables.ramps, key=lambda row: row.year_after_start):
        ramps[row.ramp].append(row)
    for rows in ramps.values():
        gaps = [(year, row) for year, row in enumerate(rows) if row.year_after_start != year]
        yield from (
            found(row, "year_after_start", "ramp-years", expected=year) for year, row in gaps[:1]
        )


def check_staffing(case: Lookups) -> Iterator[Finding]:
    """A project's staffing row is filed under its own stage."""
    wrong: dict[str, Finding] = {}
    for row in case.tables.staffing:
        project = case.projects.get(row.project)
        if project is not None and project.stage != row.stage:
            first = wrong.get(row.project)
            wrong[row.project] = (
                replace(first, also=(*first.also, ("staffing", row.line)))
                if first
                else found(row, "stage", "staffing-stage", is_of=project.stage)
            )
    yield from wrong.values()


def check_probabilities(case: Lookups) -> Iterator[Finding]:
    """Probabilities sum to 1."""
    rows = case.tables.scenarios
    total = math.fsum(row.probability for row in rows)
    if rows and abs(total - 1) > PROBABILITY_TOLERANCE:
        said = f"probabilities sum to {total:.9g}, not 1"
        yield Finding(
            "probabilities", "scenarios", rows[-1].line, "probability", said, f"{total:.9g}"
        )


def check_odds(case: Lookups) -> Iterator[Finding]:
    """Bounds of a probability are given together."""
    for row in case.tables.scenarios:
        if (row.probability_low is None) != (row.probability_high is None):
            ends = ("probability_low", "probability_high")
            missing, given = ends if row.probability_low is None else reversed(ends)
            yield found(row, missing, "odds", f"must not be empty beside {given}")


def check_loss_tiers(case: Lookups) -> Iterator[Finding]:
    """Steps reach the whole demand, and their amounts never fall."""
    sets: dict[tuple[str, str, str | None], list[LossTier]] = defaultdict(list)
    for row in sorted(
        case.tables.loss_tiers, key=lambda row: (row.up_to_share, row.loss_usd_per_kg)
    ):
        sets[row.element, row.country, row.form].append(row)
    for steps in sets.values():
        if abs(steps[-1].up_to_share - 1) > SHARE_TOLERANCE:
            yield found(steps[-1], "up_to_share", "tiers-end")
        for lower, upper in itertools.pairwise(steps):
            if upper.loss_usd_per_kg < lower.loss_usd_per_kg:
                yield found(upper, "loss_usd_per_kg", "tiers-fall", before=lower.loss_usd_per_kg)


RISES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("shocks", ("start_year", "end_year"), "reversed-period"),
    ("hazards", ("first", "last"), "reversed-period"),
    ("hazards", ("factor_low", "factor_high"), "hazard-range"),
    ("hazards", ("quarters_low", "quarters_high"), "hazard-range"),
    ("hazards", ("years_low", "years_high"), "hazard-range"),
    ("scenarios", ("probability_low", "probability", "probability_high"), "odds"),
    ("stockpiles", ("max_t", "initial_t"), "stock-limit"),
    ("uncertainties", ("low", "high"), "range"),
    ("contracts", ("first_year", "last_year"), "reversed-period"),
    ("contracts", ("floor_usd_per_kg", "cap_usd_per_kg"), "range"),
    ("targets", ("first_year", "last_year"), "reversed-period"),
    ("finance", ("low", "value", "high"), "range"),
    ("prices", ("low", "price_usd_per_kg", "high"), "range"),
)
"""Table, columns of which none is below the one before, and the rule; a stock is not above its limit."""


def check_order(table: str, case: Lookups) -> Iterator[Finding]:
    """Periods run forward, and ranges upwards."""
    for name, columns, rule in RISES:
        for row in case.rows(table) if name == table else ():
            given = [
                (column, cell) for column in columns if (cell := getattr(row, column)) is not None
            ]
            for (lower, low), (column, high) in itertools.pairwise(given):
                if rule == "reversed-period":
                    wrong, how = end_of(high) < begin_of(low), "before"
                else:
                    wrong, how = (
                        (high > low, "above") if rule == "stock-limit" else (high < low, "below")
                    )
                if wrong:
                    yield found(
                        row, column, rule, f"{text_of(high)} is {how} {lower} {text_of(low)}"
                    )
                    break


def check_uncertainties(case: Lookups) -> Iterator[Finding]:
    """A range is of figures that are there, and the rows that move together say the same."""
    first: dict[str, UncertainRange] = {}
    for row in case.tables.uncertainties:
        before = first.setdefault(row.uncertainty, row)
        for column in ("name", "low", "high", "claims"):
            if getattr(row, column) != getattr(before, column):
                yield found(
                    row,
                    column,
                    "range",
                    f"is not as in line {before.line}, of the same uncertainty",
                )
        if row.low == row.high:
            yield found(row, "low", "range", f"{row.low:g} is not below high {row.high:g}")
        yield from (
            unknown(row, "claims", "claim", claim, CLAIMS)
            for claim in row.claims
            if claim not in CLAIMS
        )
        yield from _range_of(case, row)


def _range_of(case: Lookups, row: UncertainRange) -> Iterator[Finding]:
    table = BY_NAME.get(row.table)
    if table is None or not table.solved:
        yield unknown(row, "table", "table", row.table, BY_NAME)
        return
    columns = table.row.columns()
    try:
        where = conditions(row.where)
    except ValueError as error:
        yield found(row, "where", "unknown-reference", str(error))
        return
    for place, column in [("column", row.column), *(("where", name) for name in where)]:
        if column not in columns:
            said = f'unknown column "{column}" of {row.table}{did_you_mean(column, columns)}'
            yield found(row, place, "unknown-reference", said)
            return
    rows = case.tables.rows(row.table)
    cells = [getattr(rows[i], row.column) for i in matching(rows, where)]
    if not cells:
        if table.required and not rows:
            return  # which is a fault already
        yield found(row, "where", "unknown-reference", f'"{row.where}" is no row of {row.table}')
    elif not all(isinstance(cell, float | None) for cell in cells):
        said = f"{row.table}.{row.column} holds no figures that can be multiplied"
        yield found(row, "column", "unknown-reference", said)


CHECKS: tuple[Check, ...] = (
    Check(check_funders, needs=("countries", "funders"), rows_of="budgets"),
    Check(check_horizon, needs=("demand",)),
    Check(check_feed_shares, needs=("feeds",)),
    Check(check_project_feeds, rows_of="projects"),
    Check(check_savings, needs=("projects",), rows_of="savings"),
    Check(check_unsaved, needs=("savings",), rows_of="projects"),
    Check(check_availability, needs=("projects",), rows_of="availability"),
    Check(check_returns, needs=("projects", "feeds"), rows_of="returns"),
    Check(check_return_sums, needs=("projects", "recoveries", "feeds", "returns")),
    Check(check_ramps, needs=("ramps",)),
    Check(check_staffing, rows_of="staffing"),
    Check(check_probabilities, needs=("scenarios",)),
    Check(check_odds, rows_of="scenarios"),
    Check(check_loss_tiers, needs=("loss_tiers",)),
    Check(check_shocks, rows_of="shocks"),
    Check(check_hazards, needs=("hazards",)),
    Check(check_uncertainties, needs=tuple(t.name for t in TABLES)),
    Check(check_targets, needs=("countries", "elements", "feeds", "scenarios"), rows_of="targets"),
    Check(check_finance, rows_of="finance"),
    Check(check_contracts, needs=("elements", "byproducts"), rows_of="contracts"),
    Check(check_byproducts, needs=("elements", "prices"), rows_of="byproducts"),
    Check(check_prices, needs=("scenarios",), rows_of="prices"),
    *(
        Check(partial(check_order, table), rows_of=table)
        for table in dict.fromkeys(name for name, *_ in RISES)
    ),
)
