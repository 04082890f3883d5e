"""Shocks, hazards and scenarios that do nothing, or not what their names say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any

from planner.data.cells import end_of, grouped_by
from planner.data.findings import Finding, finding_at
from planner.data.schema import FILTERS, Hazard, Project, Scenario, Shock
from planner.data.shock_effects import neutral_factor, projects_hit, touches, window
from planner.data.thresholds import LITTLE_LOST, ROUNDING
from planner.data.warnings.facts import CaseFacts
from planner.data.warnings.rows import pairs

LOST = re.compile(
    r"cut off|all lost|embargo|stopped|\bban(ned)?\b|\bwar\b|blockade|shut", re.IGNORECASE
)
"""Words of a name that promise that little is left."""
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
SPAN = re.compile(r"\b((?:19|20)\d\d) ?[-–] ?((?:\d\d){1,2})\b")


def weak_dangers(facts: CaseFacts) -> Iterator[Finding]:
    """Shocks and hazards that leave all as it is, or most of it though the name says that all is lost.

    A shock that does nothing is meant where others of its scenario do something and the name promises nothing.
    """
    shocks = grouped_by(facts.rows("shocks", "hazard="), "scenario")
    for scenario in facts.tables.scenarios:
        yield from _weak(scenario.name, shocks[scenario.scenario], ("factor",))
    for event in facts.events:
        yield from _weak(event[0].name, event, ("factor_low", "factor_high"))


def _weak(name: str, rows: Sequence[Any], factors: tuple[str, ...]) -> Iterator[Finding]:
    """Findings about dangers of one name, whose factors are in some columns, the lowest first."""
    all_is_lost = bool(LOST.search(name))
    for kind, alike in grouped_by(rows, "kind").items():
        idle = [row for row in alike if set(row.cells(factors)) == {neutral_factor(kind)}]
        if idle and (all_is_lost or len(idle) == len(alike)):
            yield finding_at(idle[0], factors[0], "neutral-factor")
    cuts = [row for row in rows if row.kind in ("import", "capacity")]
    left = {getattr(row, factors[0]): row for row in reversed(cuts)}
    if all_is_lost and LITTLE_LOST <= min(left, default=0) < 1:
        yield finding_at(left[min(left)], factors[0], "mild-disaster", of=name)


def misdated_dangers(facts: CaseFacts) -> Iterator[Finding]:
    """Scenarios and hazards whose name tells of other years than their rows; names of what was drawn are made of rows."""
    written = [] if facts.are_drawn else facts.tables.scenarios
    shocks = grouped_by(facts.rows("shocks"), "scenario")
    for scenario in written:
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


def idle_dangers(facts: CaseFacts) -> Iterator[Finding]:
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


def repeated_shocks(facts: CaseFacts) -> Iterator[Finding]:
    """Written shocks that overlap an equal one."""
    written = facts.rows("shocks", "hazard=")
    for alike in grouped_by(written, "scenario", "kind", *FILTERS).values():
        for other, row in combinations(alike, 2):
            begin, end = window(facts.case, row)
            other_begin, other_end = window(facts.case, other)
            if begin <= other_end and other_begin <= end:
                yield finding_at(row, "start_year", "same-shock-twice", other=other.line)


def escaping_plants(facts: CaseFacts) -> Iterator[Finding]:
    """Projects that no danger meets, while one meets others of their stage and country that are there as they are."""
    dangers: dict[Hashable, Shock | Hazard] = {}
    for row in [*facts.rows("shocks"), *facts.rows("hazards")]:
        if row.kind in ("capacity", "delay"):
            dangers[row.project, row.stage, row.country] = row
    met: set[str] = set()
    for danger in dangers.values():
        met.update(projects_hit(facts.case, danger))
    met_there: dict[Hashable, set[str]] = defaultdict(set)
    for name in met:
        for way in _ways(facts, facts.case.projects[name]):
            met_there[way].add(name)
    for row in facts.rows("projects"):
        others = set[str]().union(*(met_there[way] for way in _ways(facts, row)))
        if others and row.project not in met:
            yield finding_at(row, "project", "escapes-danger", others=len(others))


def _ways(facts: CaseFacts, row: Project) -> Iterator[Hashable]:
    """Stage, country and how a project is there: what may befall one that is yet to be built says nothing of one that
    runs."""
    if row.max_new_tpa > 0:
        yield row.stage, row.country, "may be built"
    if row.existing_tpa > 0:
        yield row.stage, row.country, (row.online_year or 0) > facts.case.first_year


def quiet_scenarios(facts: CaseFacts) -> Iterator[Finding]:
    """Scenarios in which the same is felt; what was or will be drawn may well be the same."""
    tables = facts.tables
    if facts.are_drawn or (tables.hazards and not tables.shocks):
        return
    is_enough = True
    for good, used in facts.used.items():
        is_enough &= bool((used <= facts.bought.get(good, 0.0) * (1 + ROUNDING)).all())
    columns = [column for column in Shock.columns() if column != "scenario"]
    shocks = grouped_by(tables.shocks, "scenario")

    def felt(row: Scenario) -> Hashable:
        """Shocks that are felt: delays are not where imports are enough for all."""
        rows = shocks[row.scenario]
        if is_enough and all(shock.kind == "delay" for shock in rows):
            return frozenset()
        return frozenset(shock.cells(columns) for shock in rows)

    for row, other in pairs(tables.scenarios, felt):
        yield finding_at(row, "scenario", "quiet-scenario", other=other.scenario)


def ending_danger(facts: CaseFacts) -> Iterator[Finding]:
    """Nothing is disturbed in the last third of the horizon: a plan sells its stocks and lets its staff go before."""
    years = facts.case.years
    felt = [row for row in facts.tables.shocks if row.kind != "delay" and row.factor != 1]
    ends = [facts.period(row.start_year, row.end_year)[1] for row in felt]
    for row in facts.tables.hazards:
        if row.kind != "delay" and row.last is not None:
            quarters = row.quarters_high or 4 * len(years)
            ends.append(end_of(row.last)[0] + (row.years_high or quarters // 4))
    last = max(ends, default=years[-1])
    if (years[-1] - last) * 3 > len(years):
        table = "hazards" if facts.tables.hazards else "shocks"
        message = f"nothing happens after {last}, and the horizon ends in {years[-1]}"
        yield Finding(rule="danger-ends", table=table, message=message, value=last)


QUESTIONS = (
    weak_dangers,
    misdated_dangers,
    idle_dangers,
    repeated_shocks,
    escaping_plants,
    quiet_scenarios,
    ending_danger,
)
