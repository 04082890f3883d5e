"""Rules of calm years: output that rises, what mines can yield, what is saved, what returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from planner.data.scenario_tree import Vector
from planner.data.shock_effects import length_of
from planner.results.amounts import FlowKey
from planner.results.schema import RETURNED, SAVED
from planner.results.violations import Broken, at_most, equal, never
from planner.results.visits import AtVisits


def calm_rules(visits: AtVisits) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for project, row in visits.case.projects.items():
        if row.rise is not None:
            yield from _rise(visits, project, row.rise)
    yield from _availability(visits)
    yield from _savings(visits)
    yield from _returns(visits)


def _rise(visits: AtVisits, project: str, rise: float) -> Iterator[Broken]:
    """Output per year of each period is at most that of the year before, a share of capacity, and what starts."""
    capacity = visits.existing[project] + visits.new_capacity[project]
    started = _started_existing(visits, project) + _started_new(visits, project)
    allowed = visits.whole(rise * capacity)
    started = visits.whole(started)
    loads = visits.whole(visits.loads[project])
    years = visits.period_years - visits.case.first_year
    is_of_year = years[:, np.newaxis] == np.arange(len(visits.case.years))
    by_year = loads @ is_of_year.astype(float)
    later = years > 0
    most = by_year[:, years[later] - 1] + allowed[:, later] + started[:, later]
    lengths = np.array([length_of(period) for period in visits.tree.periods])
    yield at_most("rise_limit", loads[:, later] / lengths[later], most)


def _started_existing(visits: AtVisits, project: str) -> Vector:
    """Existing capacity (t/y) that comes online in the year of each visit, or had been shut wholly until then."""
    case = visits.case
    years = visits.period_years
    existing = visits.whole(visits.existing[project])
    online = case.projects[project].online_year or case.first_year
    since = max(online, case.first_year)
    works = visits.whole(visits.factor(project)) > 0
    started = np.zeros(works.shape)
    for place, year in enumerate(years.tolist()):
        earlier = (years >= since) & (years < year)
        worked = works[:, earlier].any(axis=1)
        started[:, place] = np.where(worked, 0.0, existing[:, place])
    return started.ravel()


def _started_new(visits: AtVisits, project: str) -> Vector:
    """New capacity (t/y) that became usable since the year before that of each visit."""
    started = visits.zeros()
    for (built, committed), tpa in visits.builds:
        if built != project:
            continue
        shares = visits.inputs.usable_share(project, committed)
        since = np.maximum(shares - _a_year_before(visits, shares), 0.0)
        started += visits.everywhere(tpa) * since
    return started


def _a_year_before(visits: AtVisits, by_visit: Vector) -> Vector:
    """A figure at the end of the year before that of each visit; 0 in the first year."""
    years = visits.period_years
    figures = visits.whole(by_visit)
    before = np.zeros(figures.shape)
    for place, year in enumerate(years):
        earlier = np.flatnonzero(years == year - 1)
        if len(earlier):
            before[:, place] = figures[:, earlier[-1]]
    return before.ravel()


def _availability(visits: AtVisits) -> Iterator[Broken]:
    for project in visits.case.projects:
        most = visits.inputs.availability(project)
        if most is not None:
            yield at_most("availability_limit", visits.loads[project], most)


def _savings(visits: AtVisits) -> Iterator[Broken]:
    """Tonnes saved are at most what the throughput replaces, and their share of the demand."""
    for flow, tonnes in visits.flows:
        if flow.item != SAVED:
            continue
        row = visits.lookups.savings.get(flow.project, {}).get(flow.good)
        if row is None:
            yield never("saving_of_nothing", tonnes)
        else:
            yield at_most("saving_limit", tonnes, row.tonnes * visits.loads[flow.project])
            yield at_most("saving_share", tonnes, row.max_share * visits.demand(flow.good))


def _returns(visits: AtVisits) -> Iterator[Broken]:
    """Tonnes that return are their share of what goes in."""
    case = visits.case
    expected: dict[FlowKey, Vector] = defaultdict(visits.zeros)
    for project, row in case.projects.items():
        if case.lookups.stage_of(project).converts:
            for (element, feed), share in case.lookups.returned[project].items():
                returned = FlowKey(row.country, RETURNED, project, feed)
                expected[returned] += share * visits.taken(project, element=element)
    for flow, tonnes in expected.items():
        yield equal("returned", visits.flows[flow], tonnes)
    for flow, tonnes in visits.flows:
        if flow.item == RETURNED and flow not in expected:
            yield never("returned", tonnes)
