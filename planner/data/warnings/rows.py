"""Rows that are odd beside the horizon, beside one another, or beside what follows from the case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from difflib import SequenceMatcher
from functools import partial
from itertools import combinations
from operator import attrgetter, methodcaller
from statistics import median
from typing import Any, TypeVar

from planner.cells import LAST_YEAR, begin_of, grouped_by, look_of
from planner.data.findings import finding_at
from planner.data.lookups import GOOD
from planner.data.schema import Hazard, Project
from planner.data.thresholds import ALONE_YEARS, FAR_YEARS, MINED, NEARLY, PAST_YEARS
from planner.data.warnings.facts import CaseFacts
from planner.errors import Fault, did_you_mean, fault

R = TypeVar("R")

# ---- plants ----------------------------------------------------------------------------------------------------------


def late_plants(facts: CaseFacts) -> Iterator[Fault]:
    """Plants that may be built and give nothing within the horizon."""
    for row in facts.tables.projects:
        if row.max_new_tpa > 0 and not facts.share_of_new[row.project].any():
            yield finding_at(row, "lead_time_years", "too-late", case=facts.case)


def unseparated_feeds(facts: CaseFacts) -> Iterator[Fault]:
    """Feeds of which more may be mined than all plants could take, at the largest of their mines."""
    for feed, takes in facts.taken.items():
        mined = facts.mined.get(feed, 0.0)
        if mined > MINED * takes:
            mines = [row for row in facts.rows("projects", "stage=mine") if feed in row.feeds]
            widest = max(mines, key=lambda mine: mine.largest_tpa)
            tonnes = f"{mined:.6g} t/y of {feed} may be mined, and all plants can take {takes:.6g}"
            yield finding_at(widest, "max_new_tpa", "unseparated-feed", tonnes)


# ---- people and money ------------------------------------------------------------------------------------------------


def odd_teams(facts: CaseFacts) -> Iterator[Fault]:
    """Staff that nothing needs or renews, and posts that nobody could ever fill."""
    case = facts.case
    years = len(case.years)
    schools = grouped_by(case.lookups.programmes.values(), "country", "skill")
    is_lent = case.model.policy.secondment_share > 0
    for place, row in case.lookups.workforce.items():
        needed = facts.posts[place]
        most = row.initial + row.hires_per_year * years
        for school in schools[place]:
            intakes = max(years - school.duration_years, 0)
            most += (school.seats + school.max_new_seats) * school.completion_rate * intakes
        is_renewed = row.hires_per_year or schools[place]
        if facts.tables.staffing and row.initial and not needed and not is_lent:
            yield finding_at(row, "initial", "idle-staff")
        elif needed and not is_renewed and case.lookups.skills[row.skill].attrition:
            yield finding_at(row, "hires_per_year", "fading-staff", case=case)
        elif most < needed and not is_lent:
            persons = f"{needed:.4g} persons of {row.skill}, and at most {most:.4g}"
            yield finding_at(row, "hires_per_year", "too-few-people", persons=persons, case=case)
    for (country, skill), needed in facts.posts.items():
        exists = facts.first_posts[country, skill] > 0
        if (
            needed > 0
            and (country, skill) not in case.lookups.workforce
            and (exists or not is_lent)
        ):
            plants = f"plants that {country} {'has' if exists else 'may build'}"
            message = f"{plants} need {needed:.4g} persons of {skill}, and no row names them"
            rule = "unrunnable-plant" if exists else "too-few-people"
            yield fault(rule, "workforce", 0, "", message=message)


# ---- years -----------------------------------------------------------------------------------------------------------

PERIODS = (
    ("budget-outside", "budgets", "musd=1e-9..1e15", ("year", "year")),
    ("contract-outside", "contracts", "", ("first_year", "last_year")),
    ("shock-outside", "hazards", "", ("first", "last")),
    ("shock-outside", "shocks", "hazard=", ("start_year", "end_year")),
)
"""Rule, table, rows that are meant, and the columns with which a period begins and ends."""
DATES = (
    ("demand", "year", FAR_YEARS),
    ("imports", "year", FAR_YEARS),
    ("budgets", "year", FAR_YEARS),
    ("projects", "online_year", PAST_YEARS),
    ("projects", "retire_year", PAST_YEARS),
    ("projects", "earliest_year", PAST_YEARS),
    ("contracts", "first_year", PAST_YEARS),
    ("contracts", "last_year", PAST_YEARS),
    ("hazards", "first", ALONE_YEARS),
    ("hazards", "last", ALONE_YEARS),
)
"""Table, column of years, and how long before the horizon one may be."""


def periods_outside(facts: CaseFacts) -> Iterator[Fault]:
    """Periods outside the horizon; shocks that somebody wrote do not begin or end there either."""
    years = facts.case.years
    for rule, table, where, columns in PERIODS:
        is_whole = table == "shocks"
        for row in facts.rows(table, where):
            begin, end = facts.period(*row.cells(columns))
            if begin > years[-1] or (is_whole and begin < years[0]):
                yield finding_at(row, columns[0], rule, case=facts.case)
            elif end < years[0] or (is_whole and end > years[-1]):
                yield finding_at(row, columns[1], rule, case=facts.case)


def odd_years(facts: CaseFacts) -> Iterator[Fault]:
    """Years decades away from the horizon or from the middle of all demand, or alone and years away from all others."""
    middle = median(row.year for row in facts.tables.demand)
    for table, column, before in DATES:
        rows = [row for row in facts.rows(table) if getattr(row, column) not in (None, LAST_YEAR)]
        years = [begin_of(getattr(row, column))[0] for row in rows]
        times = Counter(years)
        for row, year in zip(rows, years, strict=True):
            is_far = abs(year - middle) > max(before, FAR_YEARS)
            is_past = year < facts.case.first_year - before
            apart = min((abs(year - other) for other in times if other != year), default=0)
            is_alone = column == "year" and times[year] == 1 and apart >= ALONE_YEARS
            if is_far or is_past or is_alone:
                yield finding_at(row, column, "odd-year", case=facts.case)


# ---- rows that are alike ---------------------------------------------------------------------------------------------

NAMES = (
    ("countries", "country"),
    ("countries", "bloc"),
    ("countries", "party"),
    ("elements", "element"),
    ("projects", "project"),
    ("scenarios", "scenario"),
    ("skills", "skill"),
    ("suppliers", "supplier"),
    ("imports", "supplier"),
)
"""Tables, and columns whose names no other table confirms."""
NAMING_SUPPLIERS = ("imports", "resale", "shocks", "hazards")
"""Tables in which suppliers stand."""
RARE_MOST = 100
"""Suppliers named once above which none of them is the odd one."""
PLACE = ("country", "stage", "basis", "feeds", "online_year", "retire_year", "lead_time_years")
SIZES = ("existing_tpa", "max_new_tpa", "capex_usd_per_tpa", "variable_opex_usd_per_t", "recovery")
"""Columns of projects that are the same, and nearly so, where one plant is there twice."""


def pairs(rows: Iterable[R], like: Callable[[R], Hashable]) -> Iterator[tuple[R, R]]:
    """Rows, each with the first that is like it."""
    first: dict[Hashable, R] = {}
    for row in rows:
        other = first.setdefault(like(row), row)
        if other is not row:
            yield row, other


def _look(column: str, row: Any) -> str:
    return look_of(getattr(row, column))


def look_alikes(facts: CaseFacts) -> Iterator[Fault]:
    """Names of one kind that differ only in case or in letters that look the same; two things of one name for people."""
    for table, column in NAMES:
        for row, other in pairs(facts.rows(table), partial(_look, column)):
            name = getattr(other, column)
            if getattr(row, column) != name:
                yield finding_at(row, column, "look-alike", other=name)
    for table in dict(NAMES):
        named = [row for row in facts.rows(table) if getattr(row, "name", "")]
        for row, other in pairs(named, partial(_look, "name")):
            yield finding_at(row, "name", "repeated-label", other=other.line)


def rare_suppliers(facts: CaseFacts) -> Iterator[Fault]:
    """Suppliers that no table confirms, named once among others."""
    if facts.tables.suppliers:
        return
    rows = [row for table in NAMING_SUPPLIERS for row in facts.rows(table) if row.supplier]
    times = Counter(row.supplier for row in rows)
    rare = [row for row in rows if times[row.supplier] == 1]
    if len(rare) > RARE_MOST or len(rare) == len(rows):
        return
    for row in rare:
        others = [name for name in times if name != row.supplier]
        near = did_you_mean(row.supplier, others)
        yield finding_at(row, "supplier", "rare-name", near=near)


def same_things_twice(facts: CaseFacts) -> Iterator[Fault]:
    """One plant, hazard or sale under two names, and plants of the same feeds that count other tonnes."""
    named = [row for row in facts.rows("projects") if row.name and row.largest_tpa]
    for alike in grouped_by(named, *PLACE).values():
        for other, row in combinations(alike, 2):
            if _is_same(row, other):
                yield finding_at(row, "project", "same-thing-twice", other=other.project)
    contents = [name for name in Hazard.columns() if name not in ("hazard", "name")]
    for row, other in pairs(facts.rows("hazards"), methodcaller("cells", contents)):
        yield finding_at(row, "hazard", "same-thing-twice", other=other.hazard)
    sales = facts.rows("imports", "tonnes=1e-9..1e15")
    repeated = list(pairs(sales, methodcaller("cells", (*GOOD, "year", "tonnes"))))
    times = Counter(row.supplier for row, _ in repeated)
    of_all = Counter(row.supplier for row in sales)
    for row, other in repeated:
        # Where a table of suppliers says that both are there, some of their figures may be the same.
        if not facts.tables.suppliers or times[row.supplier] == of_all[row.supplier]:
            yield finding_at(row, "supplier", "same-imports-twice", other=other.supplier)
    for row, other in pairs(facts.rows("projects", "stage=separation"), attrgetter("feeds")):
        if row.basis != other.basis:
            yield finding_at(row, "basis", "mixed-basis", other=other)


def _is_same(row: Project, other: Project) -> bool:
    """Figures and names are nearly the same."""
    for figure, of_other in zip(row.cells(SIZES), other.cells(SIZES), strict=True):
        if abs(figure - of_other) > NEARLY * max(figure, of_other):
            return False
    one, two = (re.sub(r"[\W\d_]+", "", plant.name).casefold() for plant in (row, other))
    return SequenceMatcher(None, one, two).ratio() > 1 - NEARLY


QUESTIONS = (
    late_plants,
    unseparated_feeds,
    odd_teams,
    periods_outside,
    odd_years,
    look_alikes,
    rare_suppliers,
    same_things_twice,
)
