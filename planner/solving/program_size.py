"""Size of the program of a case, before anything of it is built."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from planner.cells import begin_of, end_of, grouped_by
from planner.data.case import Case
from planner.data.schema import FILTERS
from planner.data.shock_effects import Moment, periods_of, projects_hit
from planner.errors import InputError, fault
from planner.host import available_memory

BYTES_BASE, BYTES_PER_TERM = 250e6, 300.0
"""Measured: memory of an idle planner, and at the peak per estimated term, on the safe side of what the real case
takes (333 MiB where 450 are estimated)."""
BYTES_PER_TERM_APART = 110.0
"""Measured with a thousand scenarios: the same where they are solved one by one, over all processes."""
SHARE_OF_MEMORY = 0.9
ALONE = 10
"""Scenarios, the hardest, that stand in one program where the others are solved one by one."""


@dataclass(frozen=True)
class Size:
    """Histories, nonzeros and bytes that a case will take, from above."""

    nodes: int
    terms: int

    @property
    def memory(self) -> float:
        """Bytes at the peak."""
        return BYTES_BASE + BYTES_PER_TERM * self.terms


def size_of(case: Case) -> Size:
    """Estimate from above."""
    nodes = _most_nodes(case)
    return Size(nodes, nodes * _terms_per_node(case))


def _most_nodes(case: Case) -> int:
    """As if no two scenarios that differ at all had a shock in common: each is on its own from its first shock on."""
    ends = [end_of(period) for period in periods_of(case)]
    most = len(ends)
    for shocks in _different(case):
        begins: list[Moment] = []
        for start, *_ in shocks:
            begins.append(begin_of(case.first_year if start is None else start))
        most += len(ends) - bisect_left(ends, min(begins))
    return most


def _different(case: Case) -> set[frozenset[tuple[Any, ...]]]:
    """Contents of scenarios, the shocks of each, once; without those that have none."""
    content = attrgetter("start_year", "end_year", "kind", *FILTERS, "factor", "leak")
    scenarios = grouped_by(case.tables.shocks, "scenario")
    return {frozenset(map(content, shocks)) for shocks in scenarios.values()}


def _terms_per_node(case: Case) -> int:
    """Nonzeros at one node: balances of goods, plants by feed and element, stocks, staff and money."""
    goods = {*case.lookups.demand_years, *case.lookups.stockpiles}
    goods.update(series[1:] for series in case.lookups.import_years)
    terms = 8 * len(goods) + 6 * len(case.lookups.stockpiles)
    terms += 6 * len(case.lookups.workforce) + 3 * len(case.countries)
    for name, row in case.projects.items():
        shares = [case.lookups.feed_shares.get(feed, {}) for feed in row.feeds]
        elements = sum(map(len, shares))
        if case.lookups.stage_of(name).converts:
            elements = len(case.elements)
        goods_of = elements + len(case.lookups.savings.get(name, ()))
        terms += 6 + 3 * goods_of + len(case.lookups.staffing[name])
        terms += len(case.lookups.commitment_years(name)) // 2
    reached = sum(len(reach) for reach in case.lookups.reach.values())
    return terms + 2 * reached


def has_moving_payments(case: Case) -> bool:
    """A delay hits a project of the table `schedule`, so that its payments differ between scenarios."""
    scheduled = {row.project for row in case.tables.schedule}
    for shock in case.tables.shocks if scheduled else ():
        if shock.kind == "delay" and not scheduled.isdisjoint(projects_hit(case, shock)):
            return True
    return False


def is_divisible(case: Case) -> bool:
    """Scenarios can be solved one by one: they share their decisions, and plants have any size."""
    policy = case.model.policy
    moves = has_moving_payments(case)
    return policy.investment != "adaptive" and not policy.whole_plants and not moves


def fits(case: Case) -> bool:
    """The case surely fits in memory as one program."""
    return size_of(case).memory <= available_memory() * SHARE_OF_MEMORY


def refuse_if_too_large(
    case: Case, available: float | None = None, alone: int | None = None
) -> None:
    """Raise InputError with the estimate if the program of the case would not fit in memory.

    alone: scenarios whose histories stand in one program, where the others are solved one by one.
    """
    free = available_memory() if available is None else available
    room = free * SHARE_OF_MEMORY
    size = size_of(case)
    needed = size.memory
    if alone is not None:
        in_one = (alone + 1) * len(periods_of(case)) * _terms_per_node(case)
        together = Size(size.nodes, min(size.terms, in_one))
        needed = together.memory + BYTES_PER_TERM_APART * size.terms
    if needed > room:
        program = f"at most {size.nodes:,} histories and {size.terms:,} terms"
        free_text = f"{room / 2**30:,.1f} GiB are free"
        said = f"needs about {needed / 2**30:,.1f} GiB for {program}, and {free_text}"
        remedy = "use fewer scenarios or years, a machine with more memory, or scenarios one by one (--method scenarios)"
        raise InputError([fault("too-large", case.name, 0, "", message=said, remedy=remedy)])
