"""Warnings about what can be had: demand that nothing supplies, or more than all there is, undisturbed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from planner.data.case import Case
from planner.data.lookups import MADE_FROM, OXIDE, Good
from planner.data.rules import Finding
from planner.data.schema import Project

TOLERANCE = 1e-6


def no_supply(case: Case) -> Iterator[Finding]:
    """Elements that are demanded and that nothing can supply: no import, stock or chain of plants."""
    lines = _first_lines(case)
    for good in _hopeless(case):
        country, element, form = good
        said = f"{country} uses {element} ({form}), and no import, plant or stock can supply it"
        yield Finding("no-supply", "demand", lines[good], "element", said, element)


def demand_above_supply(case: Case) -> Iterator[Finding]:
    """Demand of a group above what its countries can buy, hold in stock and could at most make, in its worst year."""
    hopeless, lines = set(_hopeless(case)), _first_lines(case)
    bought: dict[tuple[Good, int], float] = defaultdict(float)
    for (_, country, element, form, year), tonnes in case.import_limit.items():
        bought[(country, element, form), year] += tonnes
    short: dict[tuple[str, str, str, int], dict[str, float]] = defaultdict(dict)
    for (country, element, form, year), tonnes in case.demand.items():
        good = (country, element, form)
        rest = tonnes * (1 - TOLERANCE) - bought[good, year]
        if good in case.stockpiles:
            rest -= case.stockpiles[good].initial_t
        if good not in hopeless and rest > 0:
            short[case.group[country], element, form, year][country] = rest
    worst: dict[tuple[str, str, str], tuple[float, str, int]] = {}
    for (group, element, form, year), by_country in short.items():
        gap = sum(by_country.values()) - _most_made(case, group, element, form, year)
        if gap > worst.get((group, element, form), (0.0,))[0]:
            worst[group, element, form] = (gap, max(by_country, key=lambda c: by_country[c]), year)
    for (_, element, form), (gap, country, year) in worst.items():
        said = f"{gap:.4g} t of {element} ({form}) are short in {year} without any shock, most of it in {country}"
        yield Finding("demand-above-supply", "demand", lines[country, element, form], "tonnes", said, f"{gap:.4g}")


def _hopeless(case: Case) -> dict[Good, None]:
    """Goods that are demanded, and that nothing supplies."""
    makes = _made(case)
    sold = {key[1:4] for key in case.import_limit}
    stocked = {good for good, row in case.stockpiles.items() if row.initial_t > 0 or row.max_t is None or row.max_t > 0}
    goods = dict.fromkeys((country, element, form) for country, element, form, _ in case.demand)
    return {
        good: None
        for good in goods
        if good not in sold and good not in stocked and (case.group[good[0]], *good[1:]) not in makes
    }


def _first_lines(case: Case) -> dict[Good, int]:
    lines: dict[Good, int] = {}
    for row in case.tables.demand:
        lines.setdefault((row.country, row.element, row.form), row.line)
    return lines


def _running(case: Case, stage: str) -> dict[str, Project]:
    """Plants of a stage that can ever run."""
    return {
        name: row
        for name, row in case.projects.items()
        if row.stage == stage
        and (bool(case.commitment_years(name)) or any(case.existing_tpa(name, year) > 0 for year in case.years))
    }


def _made(case: Case) -> set[tuple[str, str, str]]:
    """(group, element, form) that can ever be made."""
    mined = {(case.group[row.country], feed) for row in _running(case, "mine").values() for feed in row.feeds}
    made = {
        (case.group[row.country], element, OXIDE)
        for name, row in _running(case, "separation").items()
        for feed in row.feeds
        if (case.group[row.country], feed) in mined
        for element, share in case.feed_shares.get(feed, {}).items()
        if share > 0 and case.recovery(name, element) > 0
    }
    bought = {(case.group[country], element, form) for _, country, element, form, _ in case.import_limit}
    for form, taken in MADE_FROM.items():
        made |= {
            (case.group[row.country], element, form)
            for name, row in _running(case, form).items()
            for element in case.elements
            if case.recovery(name, element) > 0 and (case.group[row.country], element, taken) in made | bought
        }
    return made


def _most_made(case: Case, group: str, element: str, form: str, year: int) -> float:
    """Tonnes of a form that the plants of a group could make in a year at most, whatever they are fed with."""

    def of(stage: str) -> Iterator[tuple[str, float]]:
        for name, row in case.projects.items():
            if row.stage == stage and case.group[row.country] == group:
                late = [year - y - row.lead_time_years for y in case.commitment_years(name)]
                share = max((case.ramp_share(name, after) for after in late), default=0.0)
                yield name, case.existing_tpa(name, year) + row.max_new_tpa * share

    if form != OXIDE:
        return sum(tonnes * case.recovery(name, element) for name, tonnes in of(form))
    mined = sum(
        t * case.feed_shares.get(f, {}).get(element, 0.0) for m, t in of("mine") for f in case.projects[m].feeds
    )
    separated = 0.0
    for name, tonnes in of("separation"):
        per_tonne = [0.0]
        for feed in case.projects[name].feeds:
            share, used = case.feed_shares.get(feed, {}).get(element, 0.0), case.capacity_use(name, feed)
            per_tonne.append(share * case.recovery(name, element) / used if used else math.inf if share > 0 else 0.0)
        separated += tonnes * max(per_tonne) if tonnes else 0.0
    return min(mined, separated)
