"""Rules of calm years: output that rises, what mines can yield, what is saved, what returns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.data.scenario_tree import Vector
from planner.data.shock_effects import length_of, year_of
from planner.results.ledger import Broken, Ledger, at_most, equal, never
from planner.results.schema import RETURNED, SAVED


def calm_rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for p, row in book.case.projects.items():
        if row.rise is not None:
            yield from _rise(book, p, row.rise)
    yield from _availability(book)
    yield from _savings(book)
    yield from _returns(book)


def _rise(book: Ledger, p: str, rise: float) -> Iterator[Broken]:
    """Output per year of each period is at most that of the year before, a share of capacity, and what starts."""
    tree, case = book.tree, book.case
    capacity = book.whole(book.at(tree.existing(p)) + book.new_capacity[p])
    started = book.whole(_started_existing(book, p) + _started_new(book, p))
    loads = book.whole(book.loads[p])
    years = np.array([year_of(period) for period in tree.periods])
    for place, period in enumerate(tree.periods):
        if year_of(period) > case.first_year:
            before = loads[:, years == year_of(period) - 1].sum(axis=1)
            most = before + rise * capacity[:, place] + started[:, place]
            yield at_most("rise_limit", loads[:, place] / length_of(period), most)


def _started_existing(book: Ledger, p: str) -> Vector:
    """Existing capacity (t/y) that comes online in the year of each visit, or had been shut wholly until then."""
    tree, case = book.tree, book.case
    since = max(case.projects[p].online_year or case.first_year, case.first_year)
    years = np.array([year_of(period) for period in tree.periods])
    works = book.whole(book.at(tree.capacity_factors(p))) > 0
    started = np.zeros(works.shape)
    for place, year in enumerate(years.tolist()):
        worked = works[:, (years >= since) & (years < year)].any(axis=1)
        started[:, place] = np.where(worked, 0.0, case.existing_tpa(p, year))
    return started.ravel()


def _started_new(book: Ledger, p: str) -> Vector:
    """New capacity (t/y) that became usable since the year before that of each visit."""
    tree = book.tree
    years = np.array([year_of(period) for period in tree.periods])
    started = np.zeros(len(book.node))
    for (project, committed), tpa in book.builds:
        if project == p:
            shares = book.whole(book.at(tree.usable_shares(p, committed)))
            before = np.zeros(shares.shape)
            for place, year in enumerate(years.tolist()):
                earlier = np.flatnonzero(years == year - 1)
                if len(earlier):
                    before[:, place] = shares[:, earlier[-1]]
            started += book.everywhere(tpa) * np.maximum(shares - before, 0.0).ravel()
    return started


def _availability(book: Ledger) -> Iterator[Broken]:
    case, tree = book.case, book.tree
    for p in sorted({p for p, _ in case.availability}):
        most = tree.yearly(case.availability[p, year] for year in case.years) * tree.lengths
        yield at_most("availability_limit", book.loads[p], book.at(most))


def _savings(book: Ledger) -> Iterator[Broken]:
    """What is saved is at most what the throughput replaces, and its share of the demand."""
    case, tree = book.case, book.tree
    for (item, country, p, _, e, o), tonnes in book.flows:
        if item == SAVED:
            row = case.savings.get(p, {}).get((country, e, o))
            if row is None:
                yield never("saving_of_nothing", tonnes)
                continue
            demand = book.at(tree.demands((country, e, o)))
            yield at_most("saving_limit", tonnes, row.tonnes * book.loads[p])
            yield at_most("saving_share", tonnes, row.max_share * demand)


def _returns(book: Ledger) -> Iterator[Broken]:
    """What returns is its share of what goes in."""
    case = book.case
    for p, row in case.projects.items():
        stage = case.stage_of(p)
        for f in {feed for _, feed in case.returns_of(p)} if stage.converts else ():
            expected = np.zeros(len(book.node))
            for (e, feed), share in case.returns_of(p).items():
                if feed == f:
                    taken = book.flows[stage.item, row.country, p, "", e, stage.takes]
                    expected = expected + share * taken
            yield equal("returned", book.flows[RETURNED, row.country, p, f, "", ""], expected)
    for (item, _, p, f, _, _), tonnes in book.flows:
        if item == RETURNED and f not in {feed for _, feed in case.returns_of(p)}:
            yield never("returned", tonnes)
