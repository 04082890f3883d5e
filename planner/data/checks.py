"""Rules that span rows or tables: one named function each, yielding (table, line, column, message)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from planner.data.case import BASE, Case
from planner.data.schema import Row, Shock
from planner.data.tables import Tables
from planner.errors import Fault, did_you_mean

Finding = tuple[str, int, str, str]
Check = Callable[[Case], Iterator[Finding]]
PROBABILITY_TOLERANCE = 1e-6
SHARE_TOLERANCE = 1e-9

# Filters of a shock that mean something, by kind.
SHOCK_FILTERS: Mapping[str, tuple[str, ...]] = {
    "import": ("supplier", "country", "element", "form"),
    "demand": ("country", "element", "form"),
    "capacity": ("country", "stage", "project"),
    "delay": ("country", "stage", "project"),
}


def check_all(case: Case, places: Mapping[str, str]) -> list[Fault]:
    """Run every check; `places` names the file or sheet of each table."""
    findings = [finding for check in CHECKS for finding in check(case)]
    return [Fault(places.get(table, table), line, column, message) for table, line, column, message in findings]


def _known(tables: Tables) -> dict[str, Collection[str]]:
    return {
        "country": {r.country for r in tables.countries},
        "element": {r.element for r in tables.elements},
        "project": {r.project for r in tables.projects},
        "feed": {r.feed for r in tables.feeds},
        "ramp": {r.ramp for r in tables.ramps},
        "skill": {r.skill for r in tables.skills},
        "scenario": {r.scenario for r in tables.scenarios} or {BASE},
        "supplier": {r.supplier for r in tables.imports},
        "stage": ("mine", "separation", "metal"),
        "form": ("oxide", "metal"),
    }


# (table, column, what it names). Blank cells name nothing.
REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("loss_tiers", "element", "element"),
    ("loss_tiers", "country", "country"),
    ("demand", "country", "country"),
    ("demand", "element", "element"),
    ("imports", "country", "country"),
    ("imports", "element", "element"),
    ("feeds", "element", "element"),
    ("projects", "country", "country"),
    ("projects", "ramp", "ramp"),
    ("projects", "feeds", "feed"),
    ("recoveries", "project", "project"),
    ("recoveries", "element", "element"),
    ("workforce", "country", "country"),
    ("workforce", "skill", "skill"),
    ("training", "country", "country"),
    ("training", "skill", "skill"),
    ("staffing", "project", "project"),
    ("staffing", "skill", "skill"),
    ("funders", "countries", "country"),
    ("shocks", "scenario", "scenario"),
    ("shocks", "supplier", "supplier"),
    ("shocks", "country", "country"),
    ("shocks", "element", "element"),
    ("shocks", "form", "form"),
    ("shocks", "stage", "stage"),
    ("shocks", "project", "project"),
    ("stockpiles", "country", "country"),
    ("stockpiles", "element", "element"),
)


def check_references(case: Case) -> Iterator[Finding]:
    """Every name refers to a row that exists."""
    known = _known(case.tables)
    for table, column, kind in REFERENCES:
        if kind == "supplier" and not known["supplier"]:
            continue  # nobody sells anything, so a cut of sales touches nothing
        for row in case.tables.rows(table):
            value = getattr(row, column)
            for name in value if isinstance(value, tuple) else (value,):
                if name not in ("", "*") and name not in known[kind]:
                    yield table, row.line, column, f'unknown {kind} "{name}"{did_you_mean(name, known[kind])}'


def check_funders(case: Case) -> Iterator[Finding]:
    """A funder without a row pays in the country of its name, so there must be one."""
    listed = {row.funder for row in case.tables.funders}
    reported: set[str] = set()
    for row in case.tables.budgets:
        if row.funder not in listed and row.funder not in case.countries and row.funder not in reported:
            reported.add(row.funder)
            hint = did_you_mean(row.funder, [*listed, *case.countries])
            yield (
                "budgets",
                row.line,
                "funder",
                f'"{row.funder}" is no country and has no row in funders, so it can pay nowhere{hint}',
            )


def check_horizon(case: Case) -> Iterator[Finding]:
    """The horizon holds at least one year."""
    if not case.tables.demand:
        yield "demand", 0, "", "has no rows; give the demand of at least one country, element and year"
    if case.first_year > case.last_year:
        yield ("model", 0, "horizon", f"first_year {case.first_year} is after last_year {case.last_year}")


def check_feed_shares(case: Case) -> Iterator[Finding]:
    """Shares of one feed sum to at most 1."""
    totals: dict[str, float] = defaultdict(float)
    last: dict[str, Row] = {}
    for row in case.tables.feeds:
        totals[row.feed] += row.share
        last[row.feed] = row
    for feed, total in totals.items():
        if total > 1 + SHARE_TOLERANCE:
            yield "feeds", last[feed].line, "share", f'shares of feed "{feed}" sum to {total:.6g}, more than 1'


def check_project_feeds(case: Case) -> Iterator[Finding]:
    """A mine has exactly one feed, a separation plant at least one, a metal plant none."""
    for row in case.tables.projects:
        if row.stage == "mine" and len(row.feeds) != 1:
            yield "projects", row.line, "feeds", f"a mine has exactly one feed, here {len(row.feeds)}"
        if row.stage == "separation" and not row.feeds:
            yield "projects", row.line, "feeds", "a separation plant must name the feeds it accepts"
        if row.stage == "metal" and row.feeds:
            yield "projects", row.line, "feeds", "a metal plant takes oxide, not feeds; leave it empty"


def check_ramps(case: Case) -> Iterator[Finding]:
    """The years of a ramp are consecutive from 0."""
    years: dict[str, list[int]] = defaultdict(list)
    lines: dict[tuple[str, int], int] = {}
    for row in case.tables.ramps:
        years[row.ramp].append(row.year_after_start)
        lines[row.ramp, row.year_after_start] = row.line
    for ramp, given in years.items():
        for expected, found in enumerate(sorted(given)):
            if expected != found:
                yield (
                    "ramps",
                    lines[ramp, found],
                    "year_after_start",
                    f'ramp "{ramp}" has no row for year {expected}; years are consecutive from 0',
                )
                break


def check_staffing(case: Case) -> Iterator[Finding]:
    """A project's staffing row is filed under its own stage."""
    for row in case.tables.staffing:
        project = case.projects.get(row.project)
        if project is not None and project.stage != row.stage:
            yield "staffing", row.line, "stage", f'project "{row.project}" is of stage {project.stage}, not {row.stage}'


def check_probabilities(case: Case) -> Iterator[Finding]:
    """Probabilities sum to 1."""
    rows = case.tables.scenarios
    total = sum(row.probability for row in rows)
    if rows and abs(total - 1) > PROBABILITY_TOLERANCE:
        yield "scenarios", rows[-1].line, "probability", f"probabilities sum to {total:.9g}, not 1"


def check_loss_tiers(case: Case) -> Iterator[Finding]:
    """Steps reach the whole demand, and their amounts never fall."""
    sets: dict[tuple[str, str, str | None], list[tuple[float, float, int]]] = defaultdict(list)
    for row in case.tables.loss_tiers:
        sets[row.element, row.country, row.form].append((row.up_to_share, row.loss_usd_per_kg, row.line))
    for steps in sets.values():
        steps.sort()
        if abs(steps[-1][0] - 1) > SHARE_TOLERANCE:
            yield (
                "loss_tiers",
                steps[-1][2],
                "up_to_share",
                f"the last step ends at {steps[-1][0]:g}; the steps must rise to 1",
            )
        for (_, lower, _), (share, upper, line) in itertools.pairwise(steps):
            if upper < lower:
                yield (
                    "loss_tiers",
                    line,
                    "loss_usd_per_kg",
                    f"falls from {lower:g} to {upper:g} at share {share:g}; a deeper shortfall cannot cost less",
                )


def check_shocks(case: Case) -> Iterator[Finding]:
    """Periods run forward, delays are whole years, and filters fit the kind."""
    for row in case.tables.shocks:
        if row.start_year is not None and row.end_year is not None and row.end_year < row.start_year:
            yield "shocks", row.line, "end_year", f"{row.end_year} is before start_year {row.start_year}"
        if row.kind == "delay" and not row.factor.is_integer():
            yield "shocks", row.line, "factor", f"{row.factor:g}: a delay is in whole years"
        yield from _filters_that_do_not_fit(row)


def _filters_that_do_not_fit(row: Shock) -> Iterator[Finding]:
    for column in ("supplier", "country", "element", "form", "stage", "project"):
        if column not in SHOCK_FILTERS[row.kind] and getattr(row, column):
            yield "shocks", row.line, column, f'has no meaning for kind "{row.kind}"; leave it empty'


def check_stockpiles(case: Case) -> Iterator[Finding]:
    """A stock starts within its limit."""
    for row in case.tables.stockpiles:
        if row.max_t is not None and row.initial_t > row.max_t:
            yield "stockpiles", row.line, "initial_t", f"{row.initial_t:g} is above max_t {row.max_t:g}"


CHECKS: tuple[Check, ...] = (
    check_references,
    check_funders,
    check_horizon,
    check_feed_shares,
    check_project_feeds,
    check_ramps,
    check_staffing,
    check_probabilities,
    check_loss_tiers,
    check_shocks,
    check_stockpiles,
)
