"""What a plan decides: new capacity in each history, and all decisions and payments along one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.data.kept import kept
from planner.results.plan import Plan
from planner.results.schema import PURCHASES

Decided = Mapping[tuple[str, Any], float]
"""(variable of the program, its index with the year last) -> amount."""


@dataclass(frozen=True)
class Build:
    """New capacity (t/y) committed in a year, in the scenarios that share the decision."""

    project: str
    year: int
    tpa: float
    scenarios: tuple[str, ...]
    probability: float


@kept
def builds(plan: Plan) -> list[Build]:
    """New capacity by project and decision."""
    nodes = plan.amounts.trees.decisions.nodes
    found = []
    for project, tpa in plan.amounts.builds:
        for place in np.flatnonzero(tpa).tolist():
            node = nodes[place]
            build = Build(
                project=project,
                year=node.year,
                tpa=float(tpa[place]),
                scenarios=node.scenarios,
                probability=node.probability,
            )
            found.append(build)
    return found


def decided_along(plan: Plan, scenario: str) -> Decided:
    """Builds (t/y), intake, new seats and hires (persons) and scheduled purchases (t a year) along the history of one
    scenario."""
    amounts = plan.amounts.by_scenario
    place = list(plan.case.scenarios).index(scenario)
    by_year = {
        "build": amounts.builds,
        "intake": amounts.intake,
        "new_seats": amounts.new_seats,
        "scheduled": amounts.scheduled,
    }
    found: dict[tuple[str, Any], float] = defaultdict(float)
    for name, of_kind in by_year.items():
        for key, by_scenario in of_kind:
            found[name, key] = float(by_scenario[place])
    for team, figures in amounts.people["hired"]:
        hired = amounts.whole(figures)[place].tolist()
        for year, persons in zip(amounts.period_years.tolist(), hired, strict=True):
            found["hired", (*team, year)] += persons
    return {key: amount for key, amount in found.items() if amount > 0}


def payments_along(plan: Plan, scenario: str) -> Iterator[tuple[tuple[str, str, str], int, float]]:
    """(funder, country, item), year and payment (MUSD) of each period along the history of one scenario."""
    amounts = plan.amounts.by_scenario
    place = list(plan.case.scenarios).index(scenario)
    years = amounts.period_years.tolist()
    for key, musd in amounts.spent:
        for year, amount in zip(years, amounts.whole(musd)[place].tolist(), strict=True):
            yield key, year, amount


def paid_along(plan: Plan, scenario: str) -> dict[tuple[str, int], float]:
    """(funder, year) -> payments (MUSD) along the history of one scenario, stock purchases left out."""
    paid: dict[tuple[str, int], float] = defaultdict(float)
    for (funder, _, item), year, amount in payments_along(plan, scenario):
        if item != PURCHASES:
            paid[funder, year] += amount
    return {key: amount for key, amount in paid.items() if amount != 0}
