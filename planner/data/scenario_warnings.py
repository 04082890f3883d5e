"""Warnings about scenarios, shocks and hazards: what disturbs nothing, comes twice, or is not asked about."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from planner.data.case import Case
from planner.data.cells import Quarter, begin_of, end_of
from planner.data.findings import Finding, found
from planner.data.lookups import BASE, Good
from planner.data.schema import FILTERS, Hazard, Shock
from planner.data.shock_effects import neutral_factor, touches, window
from planner.data.table_warnings import TOLERANCE

RARE = 0.05
"""Share of the futures below which a danger does not count as one that keeps a plan ready."""
LEAST_TAIL = 0.5
"""Share of the scenarios outside the tail below which the tail is hardly one."""


def ending_danger(case: Case) -> Iterator[Finding]:
    """Nothing is disturbed in the last third of the horizon: a plan sells its stocks and lets its staff go before."""
    chance = _chances(case)
    dangerous = [year for year, share in chance.items() if share >= RARE]
    last = max(dangerous, default=case.last_year)
    if (case.last_year - last) * 3 > len(case.years):
        calm = f"after {last} {1 - RARE:.0%} of the futures are calm"
        yield Finding(
            rule="danger-ends",
            table="hazards" if case.tables.hazards else "shocks",
            message=f"{calm}, and the horizon ends in {case.last_year}",
            value=last,
        )


def _chances(case: Case) -> dict[int, float]:
    """Year -> how probable it is that something disturbs it, by the shocks or by the likeliest hazard."""
    disturbed: dict[str, set[int]] = defaultdict(set)
    for shock in case.tables.shocks:
        if shock.kind != "delay" and shock.factor != 1:
            disturbed[shock.scenario].update(_span(case, shock.start_year, shock.end_year))
    chance: dict[int, float] = defaultdict(float)
    for scenario, years in disturbed.items():
        for year in years:
            chance[year] += case.scenarios[scenario]
    first_of_event: dict[str, Hazard] = {}
    for hazard in case.tables.hazards:
        opening = hazard
        if hazard.event:
            opening = first_of_event.setdefault(hazard.event, hazard)
        if hazard.kind == "delay" or opening.probability is None:
            continue
        starts = _span(case, opening.first, opening.last)
        end = min(starts.stop + _longest(case, opening) - 1, case.last_year + 1)
        for year in range(starts.start, end):
            chance[year] = max(chance[year], opening.probability)
    return chance


def _longest(case: Case, hazard: Hazard) -> int:
    """Years that a hazard lasts at most, whole ones."""
    quarters = hazard.quarters_high or 4 * len(case.years)
    return hazard.years_high or math.ceil(quarters / 4)


def _span(case: Case, first: int | Quarter | None, last: int | Quarter | None) -> range:
    """Years of the horizon from one period to another; blank ends are those of the horizon."""
    begin = case.first_year if first is None else begin_of(first)[0]
    end = case.last_year if last is None else end_of(last)[0]
    return range(max(begin, case.first_year), min(end, case.last_year) + 1)


def hazards_aside(case: Case) -> Iterator[Finding]:
    """Hazards that no plan reads, that lie outside the horizon, or that touch nothing."""
    hazards = case.tables.hazards
    if hazards and not case.tables.draws and "draws" not in case.origin.headers:
        why = "a plan is made for the scenarios that are given"
        said = f"{len(hazards)} hazards are left aside: {why}"
        yield Finding(rule="hazards-not-drawn", table="hazards", message=said)
    for row in hazards:
        if row.first is not None and not _span(case, row.first, row.last):
            yield found(row, "first", "shock-outside", outside=f"-{row.last} is outside", case=case)
        filters = {name: getattr(row, name) for name in FILTERS}
        always = Shock(
            scenario=BASE, kind=row.kind, factor=1, start_year=None, end_year=None, **filters
        )
        if not touches(case, always):
            yield found(row, "kind", "shock-without-effect")


def idle_keys(case: Case) -> Iterator[Finding]:
    """Keys of the model file that have no effect, or hardly the one that is meant."""
    policy = case.model.policy
    through = policy.committed_through
    if through is not None and policy.investment == "committed":
        said = f"{through} has no effect: committed investment is one path in all years"
        yield _of_key("not-adaptive", "policy.committed_through", said, through)
    if policy.investment == "staged" and not any(row.hazard for row in case.tables.shocks):
        said = "nothing was drawn, so decisions answer what is revealed, as with adaptive"
        yield _of_key("staged-without-draws", "policy.investment", said, policy.investment)
    tail = case.model.objective.tail
    if tail < LEAST_TAIL:
        meant = "that is nearly the mean"
        said = f"{tail:g} makes the worst {1 - tail:.0%} of all scenarios the tail: {meant}"
        yield _of_key("wide-tail", "objective.tail", said, tail)
    if policy.cost_sharing != "even":
        yield from _parties_without_country(case)


def _of_key(rule: str, key: str, said: str, value: object) -> Finding:
    return Finding(rule=rule, table="model", column=key, message=said, value=value)


def _parties_without_country(case: Case) -> Iterator[Finding]:
    """Findings about funders of a party to which no country belongs."""
    rule = "party-without-country"
    rows = {row.funder: row for row in case.tables.funders}
    parties = set(case.party.values())
    for funder, party in case.funder_party.items():
        if party in parties:
            continue
        said = f'no country is of "{party}", the party of "{funder}"'
        if funder in rows:
            yield found(rows[funder], "party", rule, said)
        else:
            yield Finding(rule=rule, table="funders", column="party", message=said, value=party)


def quiet_scenarios(case: Case) -> Iterator[Finding]:
    """Scenarios with the same shocks, or with none; what was or will be drawn may well be the same."""
    tables = case.tables
    will_be_drawn = tables.hazards and not tables.shocks
    if tables.draws or "draws" in case.origin.headers or will_be_drawn or not tables.scenarios:
        return
    columns = [column for column in Shock.columns() if column != "scenario"]
    shocks: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for shock in tables.shocks:
        shocks[shock.scenario].add(shock.cells(columns))
        kinds[shock.scenario].add(shock.kind)
    first: dict[frozenset[object], str] = {}
    is_enough = _imports_are_enough(case)
    for row in tables.scenarios:
        does = frozenset(shocks[row.scenario])
        what = "the same shocks as" if does else "no shock, as has"
        # Where imports are enough for all, nobody misses a plant that is late.
        if is_enough and kinds[row.scenario] == {"delay"}:
            does = frozenset()
            what = "delays alone, and imports are enough, as in"
        other = first.setdefault(does, row.scenario)
        if other != row.scenario:
            yield found(row, "scenario", "quiet-scenario", what=what, other=other)


def _imports_are_enough(case: Case) -> bool:
    """Suppliers can sell all that is demanded, of every good in every year."""
    sold: dict[tuple[Good, int], float] = defaultdict(float)
    for (_, country, element, form, year), tonnes in case.import_limit.items():
        sold[(country, element, form), year] += tonnes
    for (country, element, form, year), tonnes in case.demand.items():
        if tonnes > sold[(country, element, form), year] * (1 + TOLERANCE):
            return False
    return True


def shocks(case: Case) -> Iterator[Finding]:
    """Shocks outside the horizon, that touch nothing, or that overlap an equal one; written ones, not drawn ones."""
    drawn = {(row.scenario, row.start, row.end, row.factor) for row in case.tables.draws}
    earlier: dict[tuple[str, ...], list[Shock]] = defaultdict(list)
    felt: dict[tuple[object, ...], bool] = {}
    for row in case.tables.shocks:
        if (row.scenario, row.start_year, row.end_year, row.factor) in drawn:
            continue
        start, end = window(case, row)
        hits = row.cells(("kind", *FILTERS))
        outside = _outside(case, row)
        if outside:
            column, how = outside
            yield found(row, column, "shock-outside", outside=how, case=case)
        elif row.factor != neutral_factor(row.kind):
            when = (hits, start, end)
            if when not in felt:
                felt[when] = touches(case, row)
            if not felt[when]:
                yield found(row, "kind", "shock-without-effect")
        alike = earlier[row.scenario, *hits]
        for other in alike:
            other_start, other_end = window(case, other)
            if start <= other_end and other_start <= end:
                yield found(row, "start_year", "same-shock-twice", other=other.line)
        alike.append(row)


def _outside(case: Case, row: Shock) -> tuple[str, str] | None:
    """Column of an end that is outside the horizon, and how; None if none is."""
    (start, _), (end, _) = window(case, row)
    if start > case.last_year or end < case.first_year:
        return "start_year", f"-{end} is outside"
    if start < case.first_year:
        return "start_year", " is before the first year of"
    if end > case.last_year:
        return "end_year", " is after the last year of"
    return None
