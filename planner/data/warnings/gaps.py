"""What is missing: rows and cells that all others of a kind have, tables, supply of what is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

import numpy as np
from pydantic_core import PydanticUndefined

from planner.cells import Row, grouped_by
from planner.data.change import MODEL
from planner.data.findings import finding_at
from planner.data.lookups import GOOD, Good, good_of
from planner.data.schema import TABLES
from planner.data.stages import STAGES
from planner.data.thresholds import ENDS_AT, FEWEST, ROUNDING
from planner.data.warnings.facts import CaseFacts, Vector
from planner.errors import EVERY_RULE, Fault, fault

COVERED = (
    ("elements", ("element",), "demand"),
    ("demand", GOOD, "imports"),
    ("imports", ("country",), "resale"),
    ("stockpiles", GOOD, "imports"),
    ("budgets", ("funder",), "funders"),
    ("skills", ("skill",), "staffing"),
    ("workforce", ("country", "skill"), "training"),
)
"""Table, columns that name something, and the table in which all or most of these have rows."""
COMPLETE = (
    ("demand", GOOD, "year"),
    ("imports", ("supplier", *GOOD), "year"),
    ("budgets", ("funder",), "year"),
    ("ramps", ("ramp",), "year_after_start"),
    ("resale", ("country",), "supplier"),
)
"""Table, what has several rows in it, and the column of which all have the same values."""

NEEDS = {
    "capex_usd_per_tpa": "max_new_tpa",
    "fixed_opex_usd_per_tpa": "max_new_tpa",
    "earliest_year": "max_new_tpa",
    "lead_time_years": "max_new_tpa",
    "ramp": "max_new_tpa",
    "unit_tpa": "max_new_tpa",
    "online_year": "existing_tpa",
    "retire_year": "existing_tpa",
}
"""Columns of projects that mean something only where another one is above 0."""


def missing_rows(facts: CaseFacts) -> Iterator[Fault]:
    """Rows that all others of a kind have, and one has not."""
    for table, columns, other in COVERED:
        has = {row.cells(columns) for row in facts.rows(other)}
        first = {row.cells(columns): row for row in reversed(facts.rows(table))}
        bare = [row for name, row in first.items() if name not in has]
        yield from _alone(bare, len(first), columns[-1], f"row in {other}")
    for table, names, member in COMPLETE:
        groups = grouped_by(facts.rows(table), *names).values()
        for value in {getattr(row, member): None for row in facts.rows(table)}:
            bare = [rows[0] for rows in groups if value not in map(attrgetter(member), rows)]
            yield from _alone(bare, len(groups), member, f"row for {member} {value}")


def _alone(bare: Sequence[Row], count: int, column: str, what: str) -> Iterator[Fault]:
    """The one row of several that lacks something."""
    if len(bare) == 1 and count >= FEWEST:
        yield finding_at(bare[0], column, "row-missing", what=what, others=count - 1)


def blank_cells(facts: CaseFacts) -> Iterator[Fault]:
    """Cells that alone are blank in their column, and so have its default."""
    scheduled = {row.project for row in facts.tables.schedule}
    for table in TABLES:
        for column in table.row.columns() if table.solved else ():
            default = table.row.model_fields[column].get_default()
            if column == "leak" or default in (None, "", (), PydanticUndefined):
                continue
            rows = facts.rows(table.name)
            if column in NEEDS:
                rows = [row for row in rows if getattr(row, NEEDS[column])]
            if column == "lead_time_years":
                rows = [row for row in rows if row.project not in scheduled]
            if column == "basis":
                rows = [row for row in rows if len(STAGES[row.stage].bases) > 1]
            blank = [row for row in rows if column not in row.model_fields_set]
            if len(blank) == 1 < len(rows):
                yield finding_at(
                    blank[0], column, "blank-cell", default=default, others=len(rows) - 1
                )


def case_as_a_whole(facts: CaseFacts) -> Iterator[Fault]:
    """Tables and choices that only make sense with others."""
    tables, policy = facts.tables, facts.case.model.policy
    if tables.budgets and not tables.funders and len(facts.case.countries) > 1:
        message = "there is no table funders: each funder pays in the country of its name alone"
        yield fault("absent-table", "budgets", 0, "", message=message)
    suppliers = {row.supplier: None for row in tables.imports}
    if len(suppliers) > 1 and not tables.suppliers:
        message = f"there is no table suppliers: nothing confirms that {', '.join(suppliers)} are {len(suppliers)}"
        yield fault("absent-table", "imports", 0, "", message=message)
    if tables.workforce and not tables.staffing:
        message = "there is no table staffing: no plant needs anybody"
        yield fault("absent-table", "workforce", 0, "", message=message)
    if tables.hazards and not facts.are_drawn:
        message = f"{len(facts.case.lookups.hazards)} hazards are left aside: a plan is made for the scenarios that are given"
        yield fault("hazards-not-drawn", "hazards", 0, "", message=message)
    if policy.investment == "staged" and not any(row.hazard for row in tables.shocks):
        message = "nothing was drawn, so decisions answer what is revealed, as with adaptive"
        key = "policy.investment"
        yield fault("staged-without-draws", MODEL, 0, key, message=message)


def late_imports(facts: CaseFacts) -> Iterator[Fault]:
    """Imports that begin in another year than demand: one of the two tables is of another edition."""
    begins = min(row.year for row in facts.tables.demand)
    first = min(facts.tables.imports, key=attrgetter("year"), default=None)
    if first is not None and first.year != begins:
        yield finding_at(first, "year", "other-edition", begins=begins)


def odd_ramps(facts: CaseFacts) -> Iterator[Fault]:
    """Ramps that fall, or that end far below full use."""
    by_year = sorted(facts.tables.ramps, key=attrgetter("year_after_start"))
    for rows in grouped_by(by_year, "ramp").values():
        for before, row in pairwise(rows):
            if row.share < before.share:
                than = f"the {before.share:g} of the year before"
                yield finding_at(row, "share", "odd-ramp", than=than)
        if rows[-1].share < ENDS_AT:
            than = f"{ENDS_AT:g}, and the ramp ends with it"
            yield finding_at(rows[-1], "share", "odd-ramp", than=than)


def short_supply(facts: CaseFacts) -> Iterator[Fault]:
    """Demand of a group above what its countries can buy, hold in stock and could at most make, in its worst year."""
    case = facts.case
    made = facts.made(case.lookups.group)
    rows = {good_of(row): row for row in reversed(facts.tables.demand)}
    short: dict[Good, dict[str, Vector]] = defaultdict(dict)
    for (country, element, form), used in facts.used.items():
        stock = case.lookups.stockpiles.get((country, element, form))
        bought = facts.bought.get((country, element, form), 0.0)
        had = bought + (stock.initial_t if stock else 0.0)
        rest = np.maximum(used * (1 - ROUNDING) - had, 0)
        short[case.lookups.group[country], element, form][country] = rest
    for (group, element, form), by_country in short.items():
        gaps = sum(by_country.values()) - made[group, element, form]
        worst = int(np.argmax(gaps))
        if gaps[worst] > 0:
            country = max(by_country, key=lambda name: by_country[name][worst])
            row = rows[country, element, form]
            year = case.years[worst]
            yield finding_at(row, "tonnes", "demand-above-supply", gap=gaps[worst], worst=year)


def unused_limit(facts: CaseFacts) -> Iterator[Fault]:
    """A limit of the risk with a goal that ignores it."""
    objective = facts.case.model.objective
    if objective.risk_limit is not None and objective.limit is None:
        message = EVERY_RULE["unused-risk-limit"].told.format(goal=objective.goal)
        column, value = "objective.risk_limit", objective.risk_limit
        yield fault("unused-risk-limit", MODEL, 0, column, message=message, value=value)


QUESTIONS = (
    missing_rows,
    blank_cells,
    case_as_a_whole,
    late_imports,
    odd_ramps,
    short_supply,
    unused_limit,
)
