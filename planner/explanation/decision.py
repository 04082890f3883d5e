"""What risk costs and what to pay for first: the exact curve of least risk for its cost, walked from its middle.

From the core, the plan of least cost plus risk, the weight of cost falls step by step to the plan of least risk, and
rises until as much risk is left as without a plan; each solve starts from the basis of the one before. Of the core each
project is taken away in turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import inf
from typing import Any, Literal

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.explanation.commitments import built, is_built, of_table
from planner.explanation.counterfactuals import Optimum, Reference, proven, quickest
from planner.formulation.budgets import public_capex
from planner.results.decision import HUNDREDTH, MOVED, Corner, Frontier, Merit, Missing, NamedPlan
from planner.results.losses import weighed
from planner.results.plan import PlanValues
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
from planner.solving.program import ZERO, Vector
from planner.solving.solution import Solution
from planner.units import musd_per_tonne

STEP, FIRST, LAST = 1.4, -21, 40
"""Weights looked at are powers of `STEP`, from `FIRST` (1e-3) up to 1 and on, at most to `LAST` (700,000)."""
LAST_QUICK = 9
"""The same in a hurry: a MUSD that has to save 20."""
COARSE = 1e-3
"""Relative distance of the curve from its chords that is near enough for a page."""
TENTH = 0.1
"""Part of its final size from which on a project counts as there."""
MISSED = 1e-6
"""Share of a year's demand up to which none of it counts as short."""
ByElement = Mapping[tuple[str, str, int], float]
"""(scenario, element, year) -> t."""


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


class Walk:
    """The curve of a reference from the least risk to as much as `enough` (MUSD), and what was met on the way.

    core, end: the plan of least cost + risk, and the cheapest of least risk. worth: project -> least cost + risk
    without it, less with it.
    """

    def __init__(
        self, reference: Reference, enough: float, precision: float = COARSE, quick: bool = False
    ) -> None:
        """quick: look at no point between two steps, and at no weight above that of `LAST_QUICK`."""
        self.reference, self.program = reference, reference.program
        self._precision, self._most, self._last = (
            precision,
            0 if quick else inf,
            LAST_QUICK if quick else LAST,
        )
        # From end to end it is a long way, but each step is short; what lies between two steps is looked at apart.
        self._line, self._beside = self._frontier_solver(), self._frontier_solver()
        if reference.goal == "welfare":
            self._line.solver.begin_like(reference.best()[0].kept)
        self._read_columns()
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
        return FrontierSolver(self.program, phase=phase, order=order, longest_way=1.0)

    def _read_columns(self) -> None:
        p = self.program
        builds = [(j, key[1]) for j, key in enumerate(p.columns) if key[0] == "build"]
        self.projects = sorted({project for _, (project, _) in builds})
        self.columns = np.array([j for j, _ in builds], dtype=np.int32)
        self._project = np.array(
            [self.projects.index(project) for _, (project, _) in builds], dtype=int
        )
        self._nodes = [self.reference.scope.decision_tree.nodes[d] for _, (_, d) in builds]
        self._chance = np.array([node.probability for node in self._nodes])

    def _down(self, right: Tangent) -> None:
        """From the core to the least risk, the weight of cost falling; last the cheapest plan of it."""
        risk = self.program.column["risk", None]
        for power in range(-1, FIRST - 1, -1):
            right = self._looked_between(self._touch(self._line, STEP**power), right)
        line = self._line
        line.solver.replace(self.program)
        least = proven(line.least("risk"), "the least risk")
        self.least_risk = float(least.x[risk])
        line.solver.bound(risk, self.least_risk * (1 + HOLD_SHARE) + HOLD_MUSD)
        self.end = self._found(line.least("cost"), "the cheapest plan of least risk")
        self.solves += 1
        self._looked_between(Tangent(0.0, -self.end.risk, -self.end.cost), right)

    def _up(self, left: Tangent, enough: float) -> None:
        """From the core to as much risk as is enough, the weight of cost rising."""
        reached, power = self.core.risk, 0
        while reached < enough and power < self._last:
            power += 1
            right = self._touch(self._line, STEP**power)
            reached = self.points[-1].risk
            self._looked_between(left, right)
            left = right

    def _looked_between(self, left: Tangent, right: Tangent) -> Tangent:
        """Look at the curve between two touches, whose solves follow each other; the left one."""
        self._beside.solver.begin_like(self._line.solver.kept)
        touch = partial(self._touch, self._beside)
        _, gap = trace(touch, left, right, self._most, self._precision)
        self.gap = max(self.gap, gap)
        return left

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
        np.add.at(out, self._project, self._chance * x[self.columns])
        return out

    def public(self, x: Vector) -> dict[str, float]:
        """Discounted public capital (MUSD) of each project at a point, expected."""
        scope, out = self.reference.scope, defaultdict[str, float](float)
        for j, at, node in zip(
            self.columns.tolist(), self._project.tolist(), self._nodes, strict=True
        ):
            if x[j] > ZERO:
                project, case = self.projects[at], scope.case
                years = case.payment_years(project, node.year)
                paid = sum(map(case.cost_discount, years)) / len(years)
                out[project] += node.probability * paid * public_capex(scope, project) * float(x[j])
        return dict(out)

    def _removals(self) -> dict[str, float]:
        """What least cost + risk rises by (MUSD) without each project that the core builds."""
        column, whole = self.program.column["welfare", None], self.core.cost + self.core.risk
        solver, out = Solver(self.program, longest_way=1.0), {}
        for at in np.flatnonzero(self.core.tpa > ZERO).tolist():
            project, mine = self.projects[at], self.columns[self._project == at]
            solver.begin_like(self._line.solver.kept)
            solver.reset_bounds()
            solver.hold(mine, np.zeros(len(mine)), np.zeros(len(mine)))
            found = solver.minimise(
                column, ("again", *quickest(self.program)), phase=self.reference.goal
            )
            out[project] = max(float(proven(found, f"without {project}").x[column]) - whole, 0.0)
            self.solves += 1
        return out


def corners(walk: Walk, enough: float) -> list[CurvePoint]:
    """The points at which the curve bends, the cheapest first, from the one that leaves `enough` risk (MUSD) on."""
    falling: list[CurvePoint] = []
    for point in sorted(walk.points, key=lambda q: (q.cost, q.risk)):
        if point.cost > walk.end.cost or (falling and point.risk >= falling[-1].risk):
            continue
        if falling and point.cost - falling[-1].cost <= PRECISION * (1 + point.cost):
            falling.pop()
        falling.append(point)
    places = [(point.cost, point.risk) for point in falling]
    kept = [falling[position] for position in breakpoints(places)]
    first = next((i for i, point in enumerate(kept) if point.risk <= enough), len(kept) - 1)
    if first == 0:
        return kept
    before, after = kept[first - 1], kept[first]
    start = (
        before.toward(after, (before.risk - enough) / (before.risk - after.risk))
        if after.risk < enough
        else after
    )
    return [start, *kept[first + (start is after) :]]


def frontier(walk: Walk, plan: PlanValues, nothing: Optimum) -> tuple[Frontier, list[Merit]]:
    """The curve with its named plans, and the merit list.

    nothing: the optimum without levers, with its x if the run has levers. Its risk is where the curve begins.
    """
    bends = corners(walk, nothing.risk)
    weights = [None, *((a.risk - b.risk) / (b.cost - a.cost) for a, b in pairwise(bends))]
    found = [
        Corner(weight, point.cost, point.risk) for weight, point in zip(weights, bends, strict=True)
    ]
    idle = walk.end if nothing.x is None else walk.point(nothing.x)
    line = walk.least_risk * (1 + HUNDREDTH) + HOLD_MUSD
    near = along(bends, "risk", line)
    plans = {"nothing": idle, "core": walk.core, "near": near, "least": walk.end}
    named = [_named(walk, key, point) for key, point in plans.items()]
    chosen = _of_run("chosen", plan.case, plan.summary, plan.tables, "tonnes")
    named.insert(2, chosen)
    if "without_plan" in plan.summary:  # what the run itself is compared with
        none = {
            "investments": plan.tables["investments"].iloc[:0],
            "shortfall": plan.tables["shortfall"],
        }
        found_none = _of_run(
            "nothing", plan.case, plan.summary["without_plan"], none, "without_plan_t"
        )
        named[0] = replace(found_none, public=named[0].public)
    way = [*([idle] if idle.cost < bends[0].cost else []), *bends]
    moved = [
        _named(walk, key, along(way, "cost", part * chosen.cost)) for key, part in MOVED.items()
    ]
    return Frontier(found, named, moved, walk.gap, walk.solves), _merit(walk, bends, found, near)


def along(bends: Sequence[CurvePoint], figure: Literal["cost", "risk"], level: float) -> CurvePoint:
    """The first plan of the curve, a mixture of those at two corners, whose cost or risk (MUSD) is at a level; the end
    that is nearest if none is."""
    for before, after in pairwise(bends):
        start, stop = float(getattr(before, figure)), float(getattr(after, figure))
        if (part := (level - start) / (stop - start)) <= 1.0:
            return before.toward(after, max(part, 0.0))
    return bends[-1]


def _merit(
    walk: Walk, bends: Sequence[CurvePoint], found: Sequence[Corner], near: CurvePoint
) -> list[Merit]:
    case, core, least = walk.reference.case, walk.public(walk.core.x), walk.public(walk.end.x)
    steepest = found[1].weight if len(found) > 1 else 0.0
    out = []
    for at, project in enumerate(walk.projects):
        final, row = float(walk.end.tpa[at]), case.projects[project]
        if is_built(case, project, final):
            first = next(i for i, point in enumerate(bends) if point.tpa[at] >= TENTH * final)
            corner, public = found[first], core.get(project, 0.0)
            out.append(
                Merit(
                    *(project, row.stage, row.country),
                    *((corner.weight if first else steepest) or 0.0, corner.cost, corner.risk),
                    *(final, float(walk.core.tpa[at]), walk.worth.get(project, 0.0)),
                    public if public > 0 else least.get(project, 0.0),
                    bool(near.tpa[at] < TENTH * final),
                )
            )
    return sorted(out, key=lambda m: (-m.weight, -m.worth / max(m.public, ZERO), m.project))


def _named(walk: Walk, key: str, point: CurvePoint) -> NamedPlan:
    x, p, scope, case = point.x, walk.program, walk.reference.scope, walk.reference.case
    leaves = {w: p.column["loss_to_date", leaf] for w, leaf in scope.tree.leaves.items()}
    losses = weighed(case, {w: float(x[j]) for w, j in leaves.items()})
    public = 0.0
    for (name, index), amount in zip(p.columns, x.tolist(), strict=True):
        if name == "invested":
            public += scope.decision_tree.nodes[index[1]].probability * amount
        elif name == "bought":
            price = musd_per_tonne(case.stockpiles[index[:-1]].purchase_usd_per_kg)
            public += scope.tree.nodes[index[-1]].probability * price * amount
    builds = dict(zip(walk.projects, point.tpa.tolist(), strict=True))
    return NamedPlan(
        key,
        *(losses.risk, losses.expected, losses.cvar, point.cost, public),
        {project: tpa for project, tpa in builds.items() if is_built(case, project, tpa)},
        losses.by_scenario,
        list(_missing(case, *_shortages(walk.reference, x))),
    )


def _of_run(
    key: str,
    case: Case,
    figures: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    column: str,
) -> NamedPlan:
    """A plan by the figures and tables of a run. column: of the table `shortfall`, what is short with it."""
    short, wanted = (defaultdict[tuple[str, str, int], float](float) for _ in range(2))
    sums = tables["shortfall"].groupby(["scenario", "element", "year"])[[column, "demand_t"]].sum()
    for (w, e, year), tonnes, demand in sums.itertuples(name=None):
        short[w, e, int(year)], wanted[w, e, int(year)] = tonnes, demand
    amounts = {
        name: float(figures[f"{name}_musd"]) for name in ("risk", "expected_loss", "cvar", "cost")
    }
    return NamedPlan(
        key,
        **amounts,
        public=float(figures.get("public_spend_musd", 0.0)),
        builds=built(case, of_table(case, tables["investments"])),
        loss=figures["scenario_loss_musd"],
        missing=list(_missing(case, short, wanted)),
    )


def _shortages(reference: Reference, x: Vector) -> tuple[ByElement, ByElement]:
    """What is short, and what is wanted, of each element in each year of each scenario at a point."""
    scope, case = reference.scope, reference.case
    elements = {e: i for i, e in enumerate(case.elements)}
    short, wanted = (np.zeros((len(elements), len(scope.tree.nodes))) for _ in range(2))
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "shortfall" and tonnes > ZERO:
            short[elements[index[1]], index[3]] += tonnes
    for good in sorted({key[:3] for key in case.demand}):
        wanted[elements[good[1]]] += scope.tree.demands(good)
    out = [defaultdict[tuple[str, str, int], float](float) for _ in range(2)]
    for w in case.scenarios:
        for n in scope.tree.path_of(w):
            for e, i in elements.items():
                for into, amounts in zip(out, (short, wanted), strict=True):
                    into[w, e, scope.tree.nodes[n].year] += float(amounts[i, n])
    return out[0], out[1]


def _missing(case: Case, short: ByElement, wanted: ByElement) -> Iterator[Missing]:
    """The worst year of each scenario and element of which any is short."""
    worst: dict[tuple[str, str], Missing] = {}
    for (w, e, year), tonnes in sorted(short.items()):
        share = tonnes / wanted[w, e, year] if wanted[w, e, year] > 0 else 0.0
        if share > max(MISSED, worst[w, e].share if (w, e) in worst else 0.0):
            worst[w, e] = Missing(w, e, year, share)
    order = {w: i for i, w in enumerate(case.scenarios)}
    yield from sorted(worst.values(), key=lambda m: (order[m.scenario], m.element))
