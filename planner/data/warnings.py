"""Questions that a good colleague would ask before solving: named, each silenceable, none of them a fault.

`warnings_of(case)` says where the inputs, though valid, are probably not what was meant. Each function is one rule
of `rules.toml` or a few that belong together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from planner.data.case import Case
from planner.data.entry_warnings import look_alikes, odd_years, rare_names, repeated_labels
from planner.data.figure_warnings import far_off
from planner.data.findings import Finding
from planner.data.likely_slips import LIKELY_SLIPS
from planner.data.price_warnings import credits_above_opex, escaping_plants, odd_import_prices
from planner.data.resource_warnings import (
    idle_money,
    late_payoffs,
    late_projects,
    people,
    unrunnable_plants,
)
from planner.data.scenario_warnings import (
    ending_danger,
    hazards_aside,
    idle_keys,
    quiet_scenarios,
    shocks,
)
from planner.data.table_warnings import (
    absent_tables,
    feed_balance,
    ineffective_rows,
    missing_rows,
    odd_cells,
    short_supply,
    slow_ramps,
    unused,
)
from planner.errors import Fault

PLACES = 3
"""Places that are named for a rule where its warnings are told to people."""


def warnings_of(case: Case, ignore: Collection[str] = ()) -> list[Fault]:
    """Warnings about a valid case, at their places, without those whose names are in `ignore`."""
    warnings = list(case.origin.remarks)
    for check in WARNING_CHECKS:
        warnings += map(case.origin.fault, check(case))
    return [warning for warning in warnings if warning.rule not in ignore]


def grouped(warnings: Iterable[Fault]) -> list[Fault]:
    """One warning a rule, for people: the first, how many more there are, and where the next two stand."""
    by_rule: dict[str, list[Fault]] = defaultdict(list)
    for warning in warnings:
        by_rule[warning.rule].append(warning)
    told: list[Fault] = []
    for first, *more in by_rule.values():
        also = list(first.also)
        for other in more[: PLACES - 1]:
            also.append(f"{other.place}:{other.line}" if other.line else other.place)
        count = f", and {len(more)} more such" if more else ""
        told.append(replace(first, message=f"{first.message}{count}", also=tuple(also)))
    return told


WARNING_CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    look_alikes,
    rare_names,
    repeated_labels,
    odd_years,
    far_off,
    unrunnable_plants,
    people,
    late_projects,
    late_payoffs,
    idle_money,
    short_supply,
    unused,
    feed_balance,
    ineffective_rows,
    missing_rows,
    odd_cells,
    slow_ramps,
    credits_above_opex,
    odd_import_prices,
    escaping_plants,
    absent_tables,
    quiet_scenarios,
    ending_danger,
    shocks,
    hazards_aside,
    idle_keys,
    *LIKELY_SLIPS,
)
