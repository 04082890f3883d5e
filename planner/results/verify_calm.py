"""Rules of calm years: output that rises, what mines can yield, what is saved, what returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from planner.data.scenario_tree import Vector
from planner.data.shock_effects import length_of
from planner.results.ledger import Broken, FlowKey, Ledger, at_most, equal, never
from planner.results.schema import RETURNED, SAVED


def calm_rules(ledger: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for project, row in ledger.case.projects.items():
        if row.rise is not None:
            yield from _rise(ledger, project, row.rise)
    yield from _availability(ledger)
    yield from _savings(ledger)
    yield from _returns(ledger)


def _rise(ledger: Ledger, project: str, rise: float) -> Iterator[Broken]:
    """Output per year of each period is at most that of the year before, a share of capacity, and what starts."""
    capacity = ledger.existing[project] + ledger.new_capacity[project]
    started = _started_existing(ledger, project) + _started_new(ledger, project)
    allowed = ledger.whole(rise * capacity)
    started = ledger.whole(started)
    loads = ledger.whole(ledger.loads[project])
    for place, period in enumerate(ledger.tree.periods):
        year = ledger.period_years[place]
        if year == ledger.case.first_year:
            continue
        year_before = ledger.period_years == year - 1
        before = loads[:, year_before].sum(axis=1)
        most = before + allowed[:, place] + started[:, place]
        yield at_most("rise_limit", loads[:, place] / length_of(period), most)


def _started_existing(ledger: Ledger, project: str) -> Vector:
    """Existing capacity (t/y) that comes online in the year of each visit, or had been shut wholly until then."""
    case = ledger.case
    years = ledger.period_years
    existing = ledger.whole(ledger.existing[project])
    online = case.projects[project].online_year or case.first_year
    since = max(online, case.first_year)
    works = ledger.whole(ledger.factor(project)) > 0
    started = np.zeros(works.shape)
    for place, year in enumerate(years.tolist()):
        earlier = (years >= since) & (years < year)
        worked = works[:, earlier].any(axis=1)
        started[:, place] = np.where(worked, 0.0, existing[:, place])
    return started.ravel()


def _started_new(ledger: Ledger, project: str) -> Vector:
    """New capacity (t/y) that became usable since the year before that of each visit."""
    started = ledger.zeros()
    for (built, committed), tpa in ledger.builds:
        if built != project:
            continue
        shares = ledger.inputs.usable_share(project, committed)
        since = np.maximum(shares - _a_year_before(ledger, shares), 0.0)
        started += ledger.everywhere(tpa) * since
    return started


def _a_year_before(ledger: Ledger, by_visit: Vector) -> Vector:
    """A figure at the end of the year before that of each visit; 0 in the first year."""
    years = ledger.period_years
    figures = ledger.whole(by_visit)
    before = np.zeros(figures.shape)
    for place, year in enumerate(years):
        earlier = np.flatnonzero(years == year - 1)
        if len(earlier):
            before[:, place] = figures[:, earlier[-1]]
    return before.ravel()


def _availability(ledger: Ledger) -> Iterator[Broken]:
    for project in ledger.case.projects:
        most = ledger.inputs.availability(project)
        if most is not None:
            yield at_most("availability_limit", ledger.loads[project], most)


def _savings(ledger: Ledger) -> Iterator[Broken]:
    """Tonnes saved are at most what the throughput replaces, and their share of the demand."""
    for flow, tonnes in ledger.flows:
        if flow.item != SAVED:
            continue
        row = ledger.case.savings.get(flow.project, {}).get(flow.good)
        if row is None:
            yield never("saving_of_nothing", tonnes)
        else:
            yield at_most("saving_limit", tonnes, row.tonnes * ledger.loads[flow.project])
            yield at_most("saving_share", tonnes, row.max_share * ledger.demand(flow.good))


def _returns(ledger: Ledger) -> Iterator[Broken]:
    """Tonnes that return are their share of what goes in."""
    case = ledger.case
    expected: dict[FlowKey, Vector] = defaultdict(ledger.zeros)
    for project, row in case.projects.items():
        if case.stage_of(project).converts:
            for (element, feed), share in case.returns_of(project).items():
                returned = FlowKey(RETURNED, row.country, project, feed)
                expected[returned] += share * ledger.taken(project, element=element)
    for flow, tonnes in expected.items():
        yield equal("returned", ledger.flows[flow], tonnes)
    for flow, tonnes in ledger.flows:
        if flow.item == RETURNED and flow not in expected:
            yield never("returned", tonnes)
