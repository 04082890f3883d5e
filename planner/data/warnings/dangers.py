"""Shocks, hazards and scenarios that do nothing, or not what their names say."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from operator import attrgetter

from planner.cells import grouped_by
from planner.data.findings import finding_at
from planner.data.schema import FILTERS, Scenario, Shock
from planner.data.shock_effects import neutral_factor, touches
from planner.data.thresholds import ROUNDING
from planner.data.warnings.facts import CaseFacts
from planner.data.warnings.rows import pairs
from planner.errors import Fault

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
SPAN = re.compile(r"\b((?:19|20)\d\d) ?[-–] ?((?:\d\d){1,2})\b")


def neutral_dangers(facts: CaseFacts) -> Iterator[Fault]:
    """Scenarios none of whose shocks of a kind does anything, and hazards that leave all as it is."""
    shocks = grouped_by(facts.rows("shocks", "hazard="), "scenario", "kind")
    for (_, kind), rows in shocks.items():
        if all(row.factor == neutral_factor(kind) for row in rows):
            yield finding_at(rows[0], "factor", "neutral-factor")
    for row in facts.tables.hazards:
        if row.factor_low == row.factor_high == neutral_factor(row.kind):
            yield finding_at(row, "factor_low", "neutral-factor")


def misdated_dangers(facts: CaseFacts) -> Iterator[Fault]:
    """Scenarios and hazards whose name tells of other years than their rows; names of what was drawn are made of rows."""
    written = [] if facts.are_drawn else facts.tables.scenarios
    dated = [row for row in written if YEAR.search(row.name)]
    shocks = grouped_by(facts.rows("shocks"), "scenario") if dated else {}
    for scenario in dated:
        rows = shocks[scenario.scenario]
        periods = [facts.period(row.start_year, row.end_year) for row in rows]
        year = _missed_year(scenario.name, periods)
        if year:
            yield finding_at(rows[0], "start_year", "other-year", name=scenario.name, year=year)
    for first, *_ in facts.events:
        begin, end = facts.period(first.first, first.last)
        quarters = first.quarters_high or 4 * len(facts.case.years)
        lasts = first.years_high or -(-quarters // 4)
        for year in map(int, YEAR.findall(first.name)):
            if not begin <= year <= end + lasts:
                yield finding_at(first, "first", "other-year", name=first.name, year=year)


def _missed_year(name: str, periods: Sequence[tuple[int, int]]) -> int:
    """A year in a name with which no period begins or ends, if it is of a span, or that lies in none; 0 if there is none."""
    if not periods:
        return 0
    begins, ends = map(set, zip(*periods, strict=True))
    for first, last in SPAN.findall(name):
        missed = {int(first)} - begins or {int(f"{first[: 4 - len(last)]}{last}")} - ends
        if missed:
            return missed.pop()
    for year in map(int, YEAR.findall(name)):
        if not any(begin <= year <= end for begin, end in periods):
            return year
    return 0


def idle_dangers(facts: CaseFacts) -> Iterator[Fault]:
    """Hazards and written shocks that touch nothing."""
    case = facts.case
    for row in facts.tables.hazards:
        filters = {name: getattr(row, name) for name in FILTERS}
        always = Shock.model_construct(
            kind=row.kind, factor=1.0, start_year=None, end_year=None, **filters
        )
        if not touches(case, always):
            yield finding_at(row, "kind", "shock-without-effect")
    for row in facts.rows("shocks", "hazard="):
        begin, end = facts.period(row.start_year, row.end_year)
        is_inside = case.first_year <= begin and end <= case.last_year
        is_idle = row.factor == neutral_factor(row.kind)
        if is_inside and not is_idle and not touches(case, row):
            yield finding_at(row, "kind", "shock-without-effect")


def quiet_scenarios(facts: CaseFacts) -> Iterator[Fault]:
    """Scenarios in which the same is felt; what was or will be drawn may well be the same."""
    tables = facts.tables
    if facts.are_drawn or (tables.hazards and not tables.shocks):
        return
    effect_of = attrgetter(*(column for column in Shock.columns() if column != "scenario"))
    shocks = grouped_by(tables.shocks, "scenario")
    covers_all = all(
        (used <= facts.bought.get(good, 0.0) * (1 + ROUNDING)).all()
        for good, used in facts.used.items()
    )

    def felt(row: Scenario) -> frozenset[Hashable]:
        """Shocks that are felt: where imports cover all use, late plants alone are not."""
        rows = shocks[row.scenario]
        if covers_all and all(shock.kind == "delay" for shock in rows):
            return frozenset()
        return frozenset(map(effect_of, rows))

    for row, other in pairs(tables.scenarios, felt):
        yield finding_at(row, "scenario", "quiet-scenario", other=other.scenario)


QUESTIONS = (neutral_dangers, misdated_dangers, idle_dangers, quiet_scenarios)
