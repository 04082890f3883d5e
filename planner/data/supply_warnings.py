"""Warnings about what can be had: demand that nothing supplies, or more than all there is, undisturbed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from planner.data.case import Case
from planner.data.findings import Finding, found
from planner.data.lookups import MADE_FROM, OXIDE, Good
from planner.data.schema import Demand

TOLERANCE = 1e-6


def short_supply(case: Case) -> Iterator[Finding]:
    """Goods that nothing supplies in any year, and demand of a group above what its countries can buy, hold in stock
    and could at most make, in its worst year."""
    first: dict[Good, Demand] = {(row.country, row.element, row.form): row for row in reversed(case.tables.demand)}
    bought: dict[tuple[Good, int], float] = defaultdict(float)
    for (_, country, element, form, year), tonnes in case.import_limit.items():
        bought[(country, element, form), year] += tonnes
    made, stocked = cache(lambda *good: _most_made(case, bought, *good)), case.stockpiles
    hopeless = {
        (c, e, o)
        for c, e, o in dict.fromkeys(key[:3] for key in case.demand)
        if not any(bought[(c, e, o), year] + made(case.group[c], e, o, year) for year in case.years)
        and not ((c, e, o) in stocked and (stocked[c, e, o].initial_t > 0 or stocked[c, e, o].max_t != 0))
    }
    yield from (found(first[good], "element", "no-supply") for good in first if good in hopeless)
    short: dict[tuple[str, str, str, int], dict[str, float]] = defaultdict(dict)
    for (country, element, form, year), tonnes in case.demand.items():
        good = (country, element, form)
        held = stocked[good].initial_t if good in stocked else 0.0
        if good not in hopeless and (rest := tonnes * (1 - TOLERANCE) - bought[good, year] - held) > 0:
            short[case.group[country], element, form, year][country] = rest
    worst: dict[tuple[str, str, str], tuple[float, str, int]] = {}
    for (group, element, form, year), by_country in short.items():
        gap = sum(by_country.values()) - made(group, element, form, year)
        if gap > worst.get((group, element, form), (0.0,))[0]:
            worst[group, element, form] = (gap, max(by_country, key=lambda c: by_country[c]), year)
    for (_, element, form), (gap, country, year) in worst.items():
        row = first[country, element, form]
        yield found(row, "tonnes", "demand-above-supply", gap=gap, worst=year)


def _most_made(
    case: Case, bought: dict[tuple[Good, int], float], group: str, element: str, form: str, year: int
) -> float:
    """Tonnes of a form that the plants of a group could make in a year at most, of what it mines and can buy."""

    def of(stage: str) -> Iterator[tuple[str, float]]:
        for name, row in case.projects.items():
            if row.stage == stage and case.group[row.country] == group:
                late = [year - y - row.lead_time_years for y in case.commitment_years(name)]
                share = max((case.ramp_share(name, after) for after in late), default=0.0)
                yield name, case.existing_tpa(name, year) + row.max_new_tpa * share

    if form != OXIDE:
        turned = sum(tonnes * case.recovery(name, element) for name, tonnes in of(form))
        goods = [(country, element, MADE_FROM[form]) for country, own in case.group.items() if own == group]
        has = turned and any(bought[good, year] or good in case.stockpiles for good in goods)
        return turned if has or (turned and _most_made(case, bought, group, element, MADE_FROM[form], year)) else 0.0
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
