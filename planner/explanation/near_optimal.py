"""How little and how much of each project the plans hold that are nearly as good: must, may, never.

All plans whose objective is within a share of this plan's are alternatives to it; over them the new
capacity of each project, and the capital spent in each country, is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.data.case import Case
from planner.explanation.commitments import SLIGHT, expected_tpa
from planner.results.explanation import NearOptimal, Range
from planner.results.figures.decided import Build
from planner.solving.engine import Solved
from planner.solving.goals import HOLD_MUSD
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.solution import Stop

NEAR: Mapping[str, Mapping[str, float]] = {
    "risk": {"risk": 0.02, "cost": 0.05},
    "welfare": {"welfare": 0.01},
}
"""By how much a plan that is nearly as good may be worse: shares of the least risk and of the plan's cost, or of the
least cost plus risk."""
REACHED = 1e-9
"""Relative distance from a bound at which it counts as reached."""
MOST_TPA = 1e9
"""Size (t/y) that no plant has."""


@dataclass(frozen=True, kw_only=True)
class Extreme:
    """A sum that is made as small and as large as it can be: new capacity (t/y) of a project, or capital (MUSD) in a
    country. weights: of the columns (n); limit: the most that could be built, None of capital."""

    kind: str
    key: str
    weights: Vector
    limit: float | None = None


def near_optimal(solved: Solved, goal: str) -> NearOptimal:
    """Ranges over all plans that are nearly as good as an optimum, which the solver stands at. goal: of the case."""
    program, near = solved.program, NEAR[goal]
    solver = Solver(program, longest_way=1.0)
    for phase, basis in solved.solver.last_bases.items():
        solver.begin_from(phase, basis)
    for name, share in near.items():
        least = solved.value("cost") if name == "cost" else solved.outcome.values[name]
        solver.bound(program.column[name, None], least * (1 + share) + HOLD_MUSD)
    targets = _targets(solved)
    search = _Search(solver, targets, solved.point, goal)
    for place in range(len(targets)):
        search.least(place)
    for place in range(len(targets)):
        search.most(place)
    lowest = np.maximum(search.low, 0.0) + 0.0
    ranges = []
    for place, target in enumerate(targets):
        low, high = float(lowest[place]), float(search.high[place])
        found = Range(
            kind=target.kind,
            key=target.key,
            least=low,
            most=high,
            limit=target.limit,
            word=word(low, high, target.limit),
        )
        ranges.append(found)
    return NearOptimal(near, ranges, search.solves)


def with_planned(found: NearOptimal, case: Case, builds: Sequence[Build]) -> NearOptimal:
    """The ranges with what a plan that builds these holds of each."""
    tpa = expected_tpa(builds)
    by_country: dict[str, float] = {}
    for project, amount in tpa.items():
        country = case.projects[project].country
        spent = amount * case.lookups.full_capex(project)
        by_country[country] = by_country.get(country, 0.0) + spent
    ranges = []
    for one in found.ranges:
        if one.kind == "project":
            planned = tpa.get(one.key, 0.0)
            spent = planned * case.lookups.full_capex(one.key)
        else:
            planned = spent = by_country.get(one.key, 0.0)
        ranges.append(replace(one, planned=planned, capital=spent))
    return replace(found, ranges=ranges)


def word(least: float, most: float, limit: float | None) -> str:
    """must: in every good plan; never: in none; may: in some. By a hundredth of the largest possible amount."""
    line = SLIGHT * (limit if limit else max(most, 1.0))
    if least > line:
        return "must"
    return "never" if most <= line else "may"


def _targets(solved: Solved) -> list[Extreme]:
    """New capacity of each project that may grow, then capital (undiscounted, public and private) in each country."""
    scope, program = solved.scope, solved.program
    case, size = scope.case, len(program.columns)
    projects: dict[str, Vector] = {}
    countries: dict[str, Vector] = {}
    for column, (name, index) in enumerate(program.columns):
        if name != "build":
            continue
        project, node = index
        chance = float(scope.decision_tree.nodes[node].probability)
        projects.setdefault(project, np.zeros(size))[column] = chance
        capex = case.lookups.full_capex(project)
        if capex > 0:
            country = case.projects[project].country
            countries.setdefault(country, np.zeros(size))[column] = capex * chance
    found = []
    for project, weights in sorted(projects.items()):
        limit = case.projects[project].max_new_tpa
        found.append(Extreme(kind="project", key=project, weights=weights, limit=limit))
    for country, weights in sorted(countries.items()):
        found.append(Extreme(kind="country", key=country, weights=weights))
    return found


class _Search:
    """Least and most of each target. A bound that some plan found on the way reaches already is not solved for.

    x: the optimum, whose basis the solver keeps under `phase`.
    """

    def __init__(self, solver: Solver, targets: Sequence[Extreme], x: Vector, phase: str) -> None:
        self._solver, self._targets, self._phase = solver, targets, phase
        weights = [target.weights for target in targets]
        self._sums = np.array(weights).reshape(len(targets), len(x))
        self.low = self.high = self._sums @ x
        self.solves = 0

    def least(self, place: int) -> None:
        """The least of a target."""
        limit = self._targets[place].limit
        most = MOST_TPA if limit is None else min(limit, MOST_TPA)
        if self.low[place] > REACHED * max(most, 1.0):
            self._solve(self._targets[place].weights)

    def most(self, place: int) -> None:
        """The most of a target."""
        limit = self._targets[place].limit
        if limit is None or self.high[place] < limit * (1 - REACHED):
            self._solve(-self._targets[place].weights)

    def _solve(self, weights: Vector) -> None:
        order = ("primal" if self.solves else "again", "ipm", "dual")
        found = self._solver.minimise_sum(weights, order, self._phase)
        self.solves += 1
        if found.stop is Stop.OPTIMAL:
            reached = self._sums @ found.x
            self.low = np.minimum(self.low, reached)
            self.high = np.maximum(self.high, reached)
