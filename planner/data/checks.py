"""Rules that span rows or tables: one named function each, yielding a fault per broken rule.

A wrong cell is not reported again as a broken sum: checks that add up a table are left out when a row of it could
not be read, and names count as known if a row that could not be read gives them.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from planner.cells import Row, begin_of, conditions, end_of, grouped_by, matching, text_of
from planner.data.change import MODEL
from planner.data.findings import collapse, finding_at, table_of, unknown_name
from planner.data.lookups import BASE, Lookups
from planner.data.row_rules import ROW_RULES, Check
from planner.data.schema import BY_NAME, TABLES, Tables, UncertainRange
from planner.data.stage_checks import check_return_sums, check_returns
from planner.data.stages import FORMS, STAGES
from planner.data.table_checks import (
    check_contracts,
    check_finance,
    check_hazards,
    check_prices,
    check_targets,
)
from planner.data.thresholds import PROBABILITIES, ROUNDING
from planner.errors import Fault, InputError, did_you_mean, fault

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
FIXED: Mapping[str, tuple[str, ...]] = {"stage": tuple(STAGES), "form": FORMS}


LostRow = tuple[int, Mapping[str, Any]]
"""Line of a row that is not read, 0 if it may be no row or its cells out of place; and its cells but for blank ones, `""`
for those that are wrong themselves."""


@dataclass
class Reading:
    """Faults and remarks of a reading; tables of which rows are lost, tables with a wrong header, and the lost rows."""

    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    unsound: set[str] = field(default_factory=set)
    headless: set[str] = field(default_factory=set)
    lost_rows: dict[str, list[LostRow]] = field(default_factory=lambda: defaultdict(list))
    model_is_wrong: bool = False

    def refuse(self) -> None:
        """Raise InputError if there is any fault."""
        if self.faults:
            raise InputError(collapse(self.faults))

    def lost(self, table: str) -> None:
        """No row of the table could be read."""
        self.unsound.add(table)
        self.headless.add(table)

    def lost_cells(self, table: str, column: str) -> set[str]:
        """Cells of a column in lost rows; `""` for one that is wrong itself."""
        return {cells[column] for _, cells in self.lost_rows[table] if column in cells}


def check_all(case: Lookups, read: Reading | None = None) -> list[Fault]:
    """Run every check; faults are told at the places from which the case was read."""
    read = read or Reading()
    findings = list(check_references(case, read))
    torn = {*read.unsound, *([MODEL] if read.model_is_wrong else [])}
    lacks_scenarios = False
    for finding in findings:
        torn.add(finding.place)
        torn.update(text.partition(":")[0] for text in finding.also)
        lacks_scenarios |= finding.column == "scenario"
    for check in CHECKS:
        if not torn.isdisjoint(check.needs) or check.rows_of in read.headless:
            continue
        # A scenario that is missing is a fault already.
        if check.run is check_probabilities and lacks_scenarios:
            continue
        lines = _lines_with_lost_rows(case, check, read)
        findings += [finding for finding in check.run(case) if finding.line not in lines]
    return list(map(case.origin.placed, findings))


def _lines_with_lost_rows(case: Lookups, check: Check, read: Reading) -> set[int]:
    """Lines of rows that belong together with rows that were not read."""
    if not check.together:
        return set()
    lost = read.lost_cells(check.rows_of, check.together)
    lines: set[int] = set()
    for row in case.rows(check.rows_of):
        name = getattr(row, check.together)
        if name and not lost.isdisjoint((name, "")):
            lines.add(row.line)
    return lines


def _known(tables: Tables, read: Reading) -> dict[str, set[str]]:
    """Kind of thing -> names of it that are there; those in lost rows too, of which one that is wrong itself is `""`."""
    known: dict[str, set[str]] = {}
    for kind, (table, column) in DEFINED.items():
        known[kind] = {getattr(row, column) for row in tables.rows(table)}
        known[kind] |= read.lost_cells(table, column)
    if not tables.scenarios and "scenarios" not in read.unsound:
        known["scenario"] = {BASE}
    if not tables.suppliers and "suppliers" not in read.unsound:
        sellers = {row.supplier for row in tables.imports}
        known["supplier"] = sellers | read.lost_cells("imports", "supplier")
    return known


_NAMED = {"feeds": "feed", "countries": "country", "within": "scenario", "funder": "country"}
"""Kinds of things that a column names if it is not called by them; a funder without a row pays in the country of its name."""
_FREE = {("prices", "element"), *DEFINED.values()}
"""Columns that need not name something that is there."""
_WITH_FIXED = ("shocks", "hazards", "returns")
"""Tables in which stages and forms are names like any other."""


def _references() -> Iterator[tuple[str, str, str]]:
    for table in TABLES:
        for column in table.row.columns():
            kind = _NAMED.get(column, column)
            is_name = kind in DEFINED or (kind in FIXED and table.name in _WITH_FIXED)
            if is_name and (table.name, column) not in _FREE:
                yield table.name, column, kind


REFERENCES = tuple(_references())
"""(table, column, kind of thing that it names). Blank cells name nothing."""


def check_references(case: Lookups, read: Reading) -> Iterator[Fault]:
    """Every name refers to a row that exists. A name that does not is one fault, however often it is used."""
    known = _known(case.tables, read)
    storylines = {row.storyline for row in case.tables.scenarios if row.storyline}
    by_products = {row.product for row in case.tables.byproducts}
    by_products |= read.lost_cells("byproducts", "product")
    more = {
        ("targets", "scenario"): ("scenarios", storylines),
        ("contracts", "element"): ("byproducts", by_products),
        ("studies", "element"): ("byproducts", by_products),
        ("budgets", "country"): ("funders", known["funder"]),
    }
    unknown_names: dict[tuple[str, str], _UnknownName] = {}
    for table, column, kind in REFERENCES:
        names = known.get(kind) or set(FIXED.get(kind, ()))
        # Without the defining table all its names are one fault.
        is_defined = bool(names - {BASE})
        source, further = more.get((table, kind), ("", set()))
        is_unread = source in read.headless
        if not names:  # nobody sells anything, or the names of the kind could not be read
            is_unread |= kind == "supplier" or DEFINED[kind][0] in read.headless
        names = names | further
        # Where the name of a lost row is wrong itself, no name can be called unknown.
        if is_unread or "" in names:
            continue
        cells = {getattr(row, column) for row in case.rows(table)}
        if not read.lost_rows[table] and all(names.issuperset(_names_in(cell)) for cell in cells):
            continue
        for place, line, cell in _cells(case, read, table, column):
            for name in _names_in(cell):
                if name not in names:
                    key = (kind, name if is_defined else "")
                    unknown = _UnknownName(
                        name=name, column=column, known=names if is_defined else set()
                    )
                    unknown_names.setdefault(key, unknown).lines[place, line] = None
    for (kind, _), unknown in unknown_names.items():
        what = "country or funder" if unknown.column == "funder" else kind
        said = f'unknown {what} "{unknown.name}"'
        if not unknown.known:
            said += f"; there is no table {DEFINED[kind][0]}"
        elif len(unknown_names) <= HINTS:
            said += did_you_mean(unknown.name, unknown.known)
        (table, line), *others = unknown.lines
        yield fault(
            "unknown-reference",
            table,
            line,
            unknown.column,
            message=said,
            value=unknown.name,
            also=tuple(f"{other}:{at}" for other, at in others),
        )


@dataclass(kw_only=True)
class _UnknownName:
    """A name that nothing has, the column of its first use, and the table and line of each. known: the names of its
    kind."""

    name: str
    column: str
    known: set[str]
    lines: dict[tuple[str, int], None] = field(default_factory=dict)


def _cells(case: Lookups, read: Reading, table: str, column: str) -> Iterator[tuple[str, int, Any]]:
    """Place, line and cell of a column, of rows that are not read too."""
    for row in case.rows(table):
        yield table_of(row), row.line, getattr(row, column)
    for line, cells in read.lost_rows[table]:
        if line:
            yield table, line, cells.get(column, "")


def _names_in(cell: str | tuple[str, ...]) -> Iterator[str]:
    """The names in a cell, one or many; `*` is none."""
    for name in cell.split(";") if isinstance(cell, str) else cell:
        if name.strip() not in ("", "*"):
            yield name.strip()


def check_horizon(case: Lookups) -> Iterator[Fault]:
    """The horizon holds at least one year."""
    if not case.tables.demand:
        yield fault("no-rows", "demand", 0, "", message="has no rows")
    elif case.first_year > case.last_year:
        is_set = case.model.horizon.first_year is not None
        key = "horizon.first_year" if is_set else "horizon.last_year"
        said = f"first_year {case.first_year} is after last_year {case.last_year}"
        yield fault("horizon", "model", 0, key, message=said)


def check_feed_shares(case: Lookups) -> Iterator[Fault]:
    """Shares of one feed sum to at most 1."""
    totals: dict[str, float] = defaultdict(float)
    last: dict[str, int] = {}
    for row in case.tables.feeds:
        totals[row.feed] += row.share
        last[row.feed] = row.line
    for feed, total in totals.items():
        if total > 1 + ROUNDING:
            yield fault(
                "feed-shares",
                "feeds",
                last[feed],
                "share",
                message=f'shares of feed "{feed}" sum to {total:.6g}, more than 1',
                value=f"{total:.6g}",
            )


def check_ramps(case: Lookups) -> Iterator[Fault]:
    """The years of a ramp are consecutive from 0."""
    by_year = sorted(case.tables.ramps, key=lambda row: row.year_after_start)
    ramps = grouped_by(by_year, "ramp")
    for rows in ramps.values():
        for year, row in enumerate(rows):
            if row.year_after_start != year:
                yield finding_at(row, "year_after_start", "ramp-years", expected=year)
                break


def check_schedule(case: Lookups) -> Iterator[Fault]:
    """Years of a schedule are consecutive from 0; it reaches output, and its capital shares sum to at least 1."""
    by_year = sorted(case.tables.schedule, key=lambda row: row.year)
    for project, rows in grouped_by(by_year, "project").items():
        if project not in case.projects:
            continue  # a fault already
        gap = next((at for at, row in enumerate(rows) if row.year != at), None)
        if gap is not None:
            yield finding_at(rows[gap], "year", "schedule-years", expected=gap)
            continue
        first = next((row.year for row in rows if row.output_share > 0), None)
        if first is None:
            yield finding_at(rows[-1], "output_share", "schedule-output")
        elif not any(row.capital_share > 0 for row in rows[: first + 1]):
            message = f'"{project}" pays nothing up to first output in year {first}'
            yield finding_at(rows[first], "capital_share", "schedule-capital", message)
        total = math.fsum(row.capital_share for row in rows)
        if total < 1 - ROUNDING:
            message = f'capital shares of "{project}" sum to {total:.9g}, less than 1'
            yield finding_at(rows[-1], "capital_share", "schedule-capital", message)


def check_schedule_alone(case: Lookups) -> Iterator[Fault]:
    """A project with a schedule has neither a lead time nor a ramp."""
    scheduled = {row.project for row in case.tables.schedule}
    for row in case.tables.projects:
        for column in ("lead_time_years", "ramp"):
            if row.project in scheduled and getattr(row, column):
                yield finding_at(row, column, "schedule-alone", replaced=column)


def check_probabilities(case: Lookups) -> Iterator[Fault]:
    """Probabilities sum to 1."""
    rows = case.tables.scenarios
    total = math.fsum(row.probability for row in rows)
    if rows and abs(total - 1) > PROBABILITIES:
        yield fault(
            "probabilities",
            "scenarios",
            rows[-1].line,
            "probability",
            message=f"probabilities sum to {total:.9g}, not 1",
            value=f"{total:.9g}",
        )


def check_loss_tiers(case: Lookups) -> Iterator[Fault]:
    """Steps reach the whole demand, and their amounts never fall."""
    by_depth = sorted(
        case.tables.loss_tiers, key=lambda row: (row.up_to_share, row.loss_usd_per_kg)
    )
    tiers = grouped_by(by_depth, "element", "country", "form")
    for steps in tiers.values():
        if abs(steps[-1].up_to_share - 1) > ROUNDING:
            yield finding_at(steps[-1], "up_to_share", "tiers-end")
        for lower, upper in itertools.pairwise(steps):
            before = lower.loss_usd_per_kg
            if upper.loss_usd_per_kg < before:
                yield finding_at(upper, "loss_usd_per_kg", "tiers-fall", before=before)


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


def check_order(table: str, case: Lookups) -> Iterator[Fault]:
    """Periods run forward, and ranges upwards."""
    for name, columns, rule in RISES:
        if name == table:
            for row in case.rows(table):
                yield from _disorder(row, columns, rule)


def _disorder(row: Row, columns: tuple[str, ...], rule: str) -> Iterator[Fault]:
    """Cells of a row that are on the wrong side of the one before them."""
    filled = [column for column in columns if getattr(row, column) is not None]
    for before, column in itertools.pairwise(filled):
        one, two = getattr(row, before), getattr(row, column)
        if rule == "reversed-period":
            wrong, how = end_of(two) < begin_of(one), "before"
        elif rule == "stock-limit":
            wrong, how = two > one, "above"
        else:
            wrong, how = two < one, "below"
        if wrong:
            yield finding_at(row, column, rule, f"{text_of(two)} is {how} {before} {text_of(one)}")


def check_open_periods(case: Lookups) -> Iterator[Fault]:
    """A shock that ends, or begins, with the horizon lies not wholly beyond it."""
    for row in case.tables.shocks:
        start = case.first_year if row.start_year is None else row.start_year
        end = case.last_year if row.end_year is None else row.end_year
        if None in (row.start_year, row.end_year) and end_of(end) < begin_of(start):
            column = "start_year" if row.end_year is None else "end_year"
            said = f"{start} to {end} runs backward: a blank end is that of the horizon"
            yield finding_at(row, column, "reversed-period", said)


def check_uncertainties(case: Lookups) -> Iterator[Fault]:
    """A range is of figures that are there, and the rows that move together say the same."""
    first: dict[str, UncertainRange] = {}
    for row in case.tables.uncertainties:
        before = first.setdefault(row.uncertainty, row)
        for column in ("name", "low", "high", "ask"):
            if getattr(row, column) != getattr(before, column):
                said = f"is not as in line {before.line}, of the same uncertainty"
                yield finding_at(row, column, "range", said)
        yield from _range_of(case, row)


def _range_of(case: Lookups, row: UncertainRange) -> Iterator[Fault]:
    """Findings about a row of `uncertainties`: its table, columns and condition are known and mean figures."""
    rule = "unknown-reference"
    table = BY_NAME.get(row.table)
    if table is None or not table.solved:
        yield unknown_name(row, "table", kind="table", name=row.table, known=BY_NAME)
        return
    columns = table.row.columns()
    try:
        where = conditions(row.where)
    except ValueError as error:
        yield finding_at(row, "where", rule, str(error))
        return
    named = [("column", row.column)]
    named += [("where", column) for column in where]
    for place, column in named:
        if column not in columns:
            near = did_you_mean(column, columns)
            yield finding_at(row, place, rule, f'unknown column "{column}" of {row.table}{near}')
            return
    rows = case.tables.rows(row.table)
    if table.required and not rows:
        return  # which is a fault already
    if row.table == "shocks" and case.tables.hazards:
        return  # a register: its draws have the rows
    cells = [getattr(rows[i], row.column) for i in matching(rows, where)]
    if not cells:
        yield finding_at(row, "where", rule, f'"{row.where}" is no row of {row.table}')
    elif not all(isinstance(cell, float | None) for cell in cells):
        said = f"{row.table}.{row.column} holds no figures that can be multiplied"
        yield finding_at(row, "column", rule, said)


_ORDERED = tuple(dict.fromkeys(table for table, _, _ in RISES))
CHECKS: tuple[Check, ...] = (
    Check(check_horizon, needs=("demand", MODEL)),
    Check(check_feed_shares, rows_of="feeds"),
    *ROW_RULES,
    Check(check_returns, needs=("feeds",), rows_of="returns"),
    Check(check_return_sums, needs=("projects", "recoveries", "feeds", "returns")),
    Check(check_ramps, rows_of="ramps", together="ramp"),
    Check(check_schedule, rows_of="schedule", together="project"),
    Check(check_schedule_alone, needs=("schedule",), rows_of="projects"),
    Check(check_probabilities, needs=("scenarios",)),
    Check(check_open_periods, needs=("demand", MODEL), rows_of="shocks"),
    Check(check_loss_tiers, needs=("loss_tiers",)),
    Check(check_hazards, rows_of="hazards", together="event"),
    Check(check_uncertainties, needs=tuple(BY_NAME)),
    Check(check_targets, needs=("countries", "elements", "feeds", "scenarios"), rows_of="targets"),
    Check(check_finance, rows_of="finance"),
    Check(check_contracts, needs=("elements", "byproducts"), rows_of="contracts"),
    Check(check_prices, needs=("scenarios",), rows_of="prices"),
    *(Check(partial(check_order, table), rows_of=table) for table in _ORDERED),
)
