"""Rules of calm years: output that rises, what mines can yield, what is saved, what returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from planner.data.scenario_tree import Vector
from planner.data.shock_effects import length_of
from planner.results.amounts import FlowKey
from planner.results.schema import RETURNED, SAVED
from planner.verification.recomputed_inputs import RecomputedAmounts
from planner.verification.violations import Broken, at_most, equal, never


def plant_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for project, row in amounts.case.projects.items():
        if row.rise is not None:
            yield from _rise(amounts, project, row.rise)
    yield from _availability(amounts)
    yield from _savings(amounts)
    yield from _returns(amounts)


def _rise(amounts: RecomputedAmounts, project: str, rise: float) -> Iterator[Broken]:
    """Output per year of each period is at most that of the year before, a share of capacity, and what starts."""
    capacity = amounts.existing[project] + amounts.new_capacity[project]
    started = _started_existing(amounts, project) + _started_new(amounts, project)
    allowed = amounts.whole(rise * capacity)
    started = amounts.whole(started)
    loads = amounts.whole(amounts.loads[project])
    years = amounts.period_years - amounts.case.first_year
    is_of_year = years[:, np.newaxis] == np.arange(len(amounts.case.years))
    by_year = loads @ is_of_year.astype(float)
    later = years > 0
    most = by_year[:, years[later] - 1] + allowed[:, later] + started[:, later]
    lengths = np.array([length_of(period) for period in amounts.tree.periods])
    yield at_most("rise_limit", loads[:, later] / lengths[later], most)


def _started_existing(amounts: RecomputedAmounts, project: str) -> Vector:
    """Existing capacity (t/y) that comes online in the year of each period, or had been shut wholly until then."""
    case = amounts.case
    years = amounts.period_years
    existing = amounts.whole(amounts.existing[project])
    online = case.projects[project].online_year or case.first_year
    since = max(online, case.first_year)
    works = amounts.whole(amounts.factor(project)) > 0
    started = np.zeros(works.shape)
    for place, year in enumerate(years.tolist()):
        earlier = (years >= since) & (years < year)
        worked = works[:, earlier].any(axis=1)
        started[:, place] = np.where(worked, 0.0, existing[:, place])
    return started.ravel()


def _started_new(amounts: RecomputedAmounts, project: str) -> Vector:
    """New capacity (t/y) that became usable since the year before that of each period."""
    started = amounts.zeros()
    for (built, committed), tpa in amounts.builds:
        if built != project:
            continue
        shares = amounts.inputs.usable_share(project, committed)
        since = np.maximum(shares - _a_year_before(amounts, shares), 0.0)
        started += amounts.everywhere(tpa) * since
    return started


def _a_year_before(amounts: RecomputedAmounts, figures: Vector) -> Vector:
    """A figure at the end of the year before that of each period; 0 in the first year."""
    years = amounts.period_years
    figures = amounts.whole(figures)
    before = np.zeros(figures.shape)
    for place, year in enumerate(years):
        earlier = np.flatnonzero(years == year - 1)
        if len(earlier):
            before[:, place] = figures[:, earlier[-1]]
    return before.ravel()


def _availability(amounts: RecomputedAmounts) -> Iterator[Broken]:
    for project in amounts.case.projects:
        most = amounts.inputs.availability(project)
        if most is not None:
            yield at_most("availability_limit", amounts.loads[project], most)


def _savings(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Tonnes saved are at most what the throughput replaces, and their share of the demand."""
    for flow, tonnes in amounts.flows:
        if flow.item != SAVED:
            continue
        row = amounts.lookups.savings.get(flow.project, {}).get(flow.good)
        if row is None:
            yield never("saving_of_nothing", tonnes)
        else:
            yield at_most("saving_limit", tonnes, row.tonnes * amounts.loads[flow.project])
            yield at_most("saving_share", tonnes, row.max_share * amounts.demand(flow.good))


def _returns(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Tonnes that return are their share of what goes in."""
    case = amounts.case
    expected: dict[FlowKey, Vector] = defaultdict(amounts.zeros)
    for project, row in case.projects.items():
        if case.lookups.stage_of(project).converts:
            for (element, feed), share in case.lookups.returned[project].items():
                returned = FlowKey(row.country, RETURNED, project, feed)
                expected[returned] += share * amounts.taken(project, element=element)
    for flow, tonnes in expected.items():
        yield equal("returned", amounts.flows[flow], tonnes)
    for flow, tonnes in amounts.flows:
        if flow.item == RETURNED and flow not in expected:
            yield never("returned", tonnes)
