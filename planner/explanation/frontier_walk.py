"""The exact curve of least risk for its cost, walked from its middle.

From the core, the plan of least cost plus risk, the weight of cost falls step by step to the plan of least risk, and
rises until as much risk is left as without a plan; each solve starts from the basis of the one before. Of the core each
project is taken away in turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np

from planner.data.scenario_tree import Node
from planner.explanation.counterfactuals import Reference, is_large, proven, quickest
from planner.solving.frontier import (
    PRECISION,
    FrontierPoint,
    FrontierSolver,
    Tangent,
    breakpoints,
    trace,
)
from planner.solving.goals import HOLD_MUSD, HOLD_SHARE
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.solution import Solution
from planner.thresholds import ROUNDING

STEP, FIRST, LAST = 1.4, -21, 40
"""Weights looked at are powers of `STEP`, from `FIRST` (1e-3) up to 1 and on, at most to `LAST` (700,000)."""
LAST_QUICK = 9
"""The last weight of the walk in a hurry: a MUSD that has to save 20; its first one is as far below 1."""
STEP_WAY, LARGE_STEP_WAY = 1.0, 0.1
"""How far a step goes on from the one before, as a share of the rows; in a large program, where the least risk at the end
of the walk was not there after four minutes, while interior point takes 40 to 50 s for any variant from nothing."""
COARSE = 1e-3
"""Relative distance of the curve from its chords that is near enough for a page."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CurvePoint(FrontierPoint):
    """A plan on the curve, with the expected new capacity of each project (t/y)."""

    tpa: Vector

    def toward(self, other: CurvePoint, part: float) -> CurvePoint:
        """A plan between two: mixed, all of it is."""
        return CurvePoint(
            cost=self.cost + part * (other.cost - self.cost),
            risk=self.risk + part * (other.risk - self.risk),
            x=self.x + part * (other.x - self.x),
            tpa=self.tpa + part * (other.tpa - self.tpa),
        )


@dataclass(frozen=True, kw_only=True)
class BuildColumn:
    """A column of the program that builds: its place, the place of its project, and the node that decides it."""

    column: int
    project: int
    node: Node


class Walk:
    """The curve of a reference from the least risk to as much as `enough` (MUSD), and what was met on the way.

    core, end: the plan of least cost + risk, and the cheapest of least risk. worth: project -> least cost + risk
    without it, less with it.
    """

    def __init__(
        self, reference: Reference, enough: float, precision: float = COARSE, quick: bool = False
    ) -> None:
        """quick: look at no point between two steps, and at no weight beyond those of `LAST_QUICK`."""
        self.reference, self.program = reference, reference.program
        self._precision = precision
        self._way = LARGE_STEP_WAY if is_large(self.program) else STEP_WAY
        self._most = 0 if quick else inf
        self._first, self._last = (-LAST_QUICK, LAST_QUICK) if quick else (FIRST, LAST)
        # From end to end it is a long way, but each step is short; what lies between two steps is looked at apart.
        self._line, self._beside = self._frontier_solver(), self._frontier_solver()
        if reference.goal == "welfare":
            self._line.solver.begin_like(reference.best()[0].kept)
        self.projects = self._projects()
        self._builds = list(self._build_columns())
        self.points: list[CurvePoint] = []
        self.solves, self.gap = 0, 0.0
        middle = self._touch(self._line, 1.0)
        self.core = self.points[-1]
        self.worth = self._removals()
        start = self._line.solver.kept
        self._down(middle)
        self._line.solver.begin_like(start)
        self._up(middle, enough)

    def _frontier_solver(self) -> FrontierSolver:
        order = ("again", *quickest(self.program))
        phase = self.reference.goal
        return FrontierSolver(self.program, phase=phase, order=order, longest_way=self._way)

    def _projects(self) -> list[str]:
        found = {index[0] for name, index in self.program.columns if name == "build"}
        return sorted(found)

    def _build_columns(self) -> Iterator[BuildColumn]:
        places = {project: place for place, project in enumerate(self.projects)}
        nodes = self.reference.scope.decision_tree.nodes
        for column, (name, index) in enumerate(self.program.columns):
            if name == "build":
                project, node = index
                yield BuildColumn(column=column, project=places[project], node=nodes[node])

    def _down(self, right: Tangent) -> None:
        """From the core to the least risk, the weight of cost falling; last the cheapest plan of it."""
        risk = self.program.column["risk", None]
        for power in range(-1, self._first - 1, -1):
            left = self._touch(self._line, STEP**power)
            self._look_between(left, right)
            right = left
        line = self._line
        line.solver.replace(self.program)
        least = proven(line.least("risk"), "the least risk")
        self.least_risk = float(least.x[risk])
        line.solver.bound(risk, self.least_risk * (1 + HOLD_SHARE) + HOLD_MUSD)
        self.end = self._found(line.least("cost"), "the cheapest plan of least risk")
        self.solves += 1
        self._look_between(Tangent(0.0, -self.end.risk, -self.end.cost), right)

    def _up(self, left: Tangent, enough: float) -> None:
        """From the core to as much risk as is enough, the weight of cost rising."""
        reached, power = self.core.risk, 0
        while reached < enough and power < self._last:
            power += 1
            right = self._touch(self._line, STEP**power)
            reached = self.points[-1].risk
            self._look_between(left, right)
            left = right

    def _look_between(self, left: Tangent, right: Tangent) -> None:
        """Look at the curve between two touches, whose solves follow each other."""
        self._beside.solver.begin_like(self._line.solver.kept)
        touch = partial(self._touch, self._beside)
        _, gap = trace(touch, left, right, most=self._most, precision=self._precision)
        self.gap = max(self.gap, gap)

    def _touch(self, frontier_solver: FrontierSolver, weight: float) -> Tangent:
        found = self._found(frontier_solver.at(weight), f"weight {weight:g} of cost")
        return found.tangent(weight)

    def _found(self, solution: Solution, key: str) -> CurvePoint:
        self.solves += 1
        self.points.append(self.point(proven(solution, key).x))
        return self.points[-1]

    def point(self, x: Vector) -> CurvePoint:
        """A point of the program (n) as one of the curve."""
        point = self._line.point(x)
        return CurvePoint(cost=point.cost, risk=point.risk, x=x, tpa=self.tpa(x))

    def tpa(self, x: Vector) -> Vector:
        """Expected new capacity (t/y) of each project at a point."""
        out = np.zeros(len(self.projects))
        for build in self._builds:
            out[build.project] += build.node.probability * x[build.column]
        return out

    def public(self, x: Vector) -> dict[str, float]:
        """Discounted public capital (MUSD) of each project at a point, expected."""
        scope = self.reference.scope
        out = defaultdict[str, float](float)
        for build in self._builds:
            size = float(x[build.column])
            if size <= ROUNDING:
                continue
            project = self.projects[build.project]
            years = scope.case.payment_years(project, build.node.year)
            discount = sum(scope.case.cost_discount(year) for year in years) / len(years)
            paid = discount * scope.case.public_capex(project) * size
            out[project] += build.node.probability * paid
        return dict(out)

    def _removals(self) -> dict[str, float]:
        """The rise of least cost + risk (MUSD) without each project that the core builds."""
        column, whole = self.program.column["welfare", None], self.core.cost + self.core.risk
        order = ("again", *quickest(self.program))
        solver = Solver(self.program, longest_way=self._way)
        out = {}
        for place in np.flatnonzero(self.core.tpa > ROUNDING).tolist():
            project = self.projects[place]
            own = [build.column for build in self._builds if build.project == place]
            nothing = np.zeros(len(own))
            solver.begin_like(self._line.solver.kept)
            solver.reset_bounds()
            solver.hold(np.array(own, dtype=np.int32), nothing, nothing)
            found = solver.minimise(column, order, phase=self.reference.goal)
            without = float(proven(found, f"without {project}").x[column])
            out[project] = max(without - whole, 0.0)
            self.solves += 1
        return out


def corners(walk: Walk, enough: float) -> list[CurvePoint]:
    """The points at which the curve bends, the cheapest first, from the one that leaves `enough` risk (MUSD) on."""
    falling = _falling(walk)
    places = [(point.cost, point.risk) for point in falling]
    bends = [falling[position] for position in breakpoints(places)]
    first = len(bends) - 1
    for place, point in enumerate(bends):
        if point.risk <= enough:
            first = place
            break
    if first == 0:
        return bends
    before, after = bends[first - 1], bends[first]
    if after.risk >= enough:
        return bends[first:]
    part = (before.risk - enough) / (before.risk - after.risk)
    return [before.toward(after, part), *bends[first:]]


def _falling(walk: Walk) -> list[CurvePoint]:
    """The plans met on the way, the cheapest first, each with less risk than the one before; of two that cost the same
    the last."""
    falling: list[CurvePoint] = []
    for point in sorted(walk.points, key=lambda point: (point.cost, point.risk)):
        if point.cost > walk.end.cost:
            continue
        if falling and point.risk >= falling[-1].risk:
            continue
        if falling and point.cost - falling[-1].cost <= PRECISION * (1 + point.cost):
            falling.pop()
        falling.append(point)
    return falling
