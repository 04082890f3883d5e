"""How little and how much of each project the plans hold that are nearly as good: must, may, never.

All plans whose objective is within a share of this plan's are alternatives to it; over them the new
capacity of each project is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from planner.explanation.commitments import SLIGHT
from planner.results.explanation import NearOptimal, Range
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


def near_optimal(solved: Solved, goal: str) -> NearOptimal:
    """Ranges over all plans that are nearly as good as an optimum, which the solver stands at. goal: of the case."""
    program, near = solved.program, NEAR[goal]
    solver = Solver(program, longest_way=1.0)
    for phase, basis in solved.solver.last_bases.items():
        solver.begin_from(phase, basis)
    for name, share in near.items():
        least = solved.value("cost") if name == "cost" else solved.outcome.values[name]
        solver.bound(program.column[name, None], least * (1 + share) + HOLD_MUSD)
    capacity = _new_capacity(solved)
    projects = solved.scope.case.projects
    limits = [projects[project].max_new_tpa for project in capacity]
    sums = np.array(list(capacity.values())).reshape(len(capacity), len(solved.point))
    lowest = highest = sums @ solved.point
    solves = 0
    for sense, place in product((1.0, -1.0), range(len(capacity))):
        # What some plan found on the way reaches already is not solved for.
        if _is_reached(sense, lowest[place], highest[place], limits[place]):
            continue
        order = ("primal" if solves else "again", "ipm", "dual")
        found = solver.minimise_sum(sense * sums[place], order, goal)
        solves += 1
        if found.stop is Stop.OPTIMAL:
            reached = sums @ found.x
            lowest, highest = np.minimum(lowest, reached), np.maximum(highest, reached)
    ranges = []
    for place, project in enumerate(capacity):
        low, high = max(float(lowest[place]), 0.0) + 0.0, float(highest[place])
        told = word(low, high, limits[place])
        ranges.append(Range(project=project, least=low, most=high, limit=limits[place], word=told))
    return NearOptimal(near, ranges, solves)


def _is_reached(sense: float, low: float, high: float, limit: float) -> bool:
    """The least (sense 1) or the most (-1) that a sum could be is what it is already."""
    if sense > 0:
        return low <= REACHED * max(min(limit, MOST_TPA), 1.0)
    return high >= limit * (1 - REACHED)


def word(least: float, most: float, limit: float) -> str:
    """must: in every good plan; never: in none; may: in some. By a hundredth of the largest possible amount."""
    line = SLIGHT * (limit or 1.0)
    if least > line:
        return "must"
    return "never" if most <= line else "may"


def _new_capacity(solved: Solved) -> dict[str, Vector]:
    """Project that may grow -> the weights of the columns (n) in its new capacity, expected (t/y)."""
    capacity: dict[str, Vector] = {}
    for column, (name, index) in enumerate(solved.program.columns):
        if name == "build":
            project, node = index
            chance = float(solved.scope.decision_tree.nodes[node].probability)
            weights = capacity.setdefault(project, np.zeros(len(solved.point)))
            weights[column] = chance
    return dict(sorted(capacity.items()))
