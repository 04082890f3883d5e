"""What a plan decides: new capacity in each history, and all decisions and payments along one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
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
    amounts = plan.amounts
    trees = amounts.trees
    place = list(plan.case.scenarios).index(scenario)
    nodes = trees.decision_of_year[place]
    by_year = {
        "build": amounts.builds,
        "intake": amounts.intake,
        "new_seats": amounts.new_seats,
        "scheduled": amounts.scheduled,
    }
    found: dict[tuple[str, Any], float] = {}
    for name, of_kind in by_year.items():
        for key, at_nodes in of_kind:
            things = key if isinstance(key, tuple) else (key,)
            for year, amount in zip(plan.years, at_nodes[nodes].tolist(), strict=True):
                found[name, (*things, year)] = amount
    hired: dict[tuple[str, Any], float] = defaultdict(float)
    for team, persons in amounts.people["hired"]:
        for node in trees.histories.path_of(scenario):
            hired["hired", (*team, trees.histories.nodes[node].year)] += float(persons[node])
    return {key: amount for key, amount in (found | hired).items() if amount > 0}


def paid_along(plan: Plan, scenario: str) -> dict[tuple[str, int], float]:
    """(funder, year) -> payments (MUSD) along the history of one scenario, stock purchases left out."""
    tree = plan.amounts.trees.accounts
    paid: dict[tuple[str, int], float] = defaultdict(float)
    for (funder, _, item), musd in plan.amounts.spent:
        if item != PURCHASES:
            for node in tree.path_of(scenario):
                paid[funder, tree.nodes[node].year] += float(musd[node])
    return {key: amount for key, amount in paid.items() if amount != 0}
