"""The exact curve of least risk against money: every point at which its slope changes.

The least risk as a function of the scale of the budgets is convex and piecewise linear, because budgets are
right-hand sides of a linear program, and the duals of a solve give the slope of a line that touches it.

A study of the kind `frontier` writes study.json, what was asked and on what it rests, and frontier.csv: a row per
breakpoint, the scale of the budgets, money, least risk, what one more MUSD takes off, and the cheapest plan that
attains that risk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count as count_from
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.cells import unarmour
from planner.errors import Fault, InputError, RunFolderError, StoppedError
from planner.results.folders import write_whole
from planner.results.store import csv_text
from planner.results.study import NEW_CAPACITY, FrontierResults
from planner.solving.goals import Progress, silent, solve_phases
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.parametric import PRECISION, Tangent, between
from planner.solving.program import Program
from planner.solving.solution import Solution, Stop
from planner.studies.file import FrontierDesign, StudyFile
from planner.studies.measure import Measures, measure
from planner.studies.run import open_case
from planner.studies.store import STUDY, asked_text, read_asked, refuse_other_folder, study_of

CURVE = "frontier.csv"
PLANS = 24
"""Breakpoints of which the plan is worked out; evenly spread where there are more."""


@dataclass(frozen=True)
class Curve:
    """Breakpoints in order, ends included, and the slope of each piece between them.

    `gap`: how far the curve can lie above what is stated; 0 if every breakpoint was found.
    `solves`: programs solved.
    """

    at: tuple[float, ...]
    values: tuple[float, ...]
    slopes: tuple[float, ...]
    gap: float
    solves: int


def trace(solve: Callable[[float], Tangent], low: float, high: float, most: int) -> Curve:
    """The curve between two places by at most `most` calls of `solve`, which gives a value and a dual slope there."""
    ends = solve(low), solve(high)
    found, gap = between(solve, *ends, most - len(ends))
    return _curve(sorted([*ends, *found], key=lambda t: t.at), gap)


def _curve(touches: list[Tangent], gap: float) -> Curve:
    """Drop points on a straight stretch: only where the slope changes is a breakpoint."""
    kept = [touches[0]]
    for i in range(1, len(touches) - 1):
        before, here, after = kept[-1], touches[i], touches[i + 1]
        chord = before.value + (after.value - before.value) * (here.at - before.at) / max(after.at - before.at, 1e-300)
        if chord - here.value > PRECISION * (1.0 + abs(here.value)):
            kept.append(here)
    kept.append(touches[-1])
    pairs = pairwise(kept)
    slopes = tuple((b.value - a.value) / (b.at - a.at) if b.at > a.at else 0.0 for a, b in pairs)
    return Curve(tuple(t.at for t in kept), tuple(t.value for t in kept), slopes, gap, len(touches))


class Budgets:
    """The program with all budgets scaled, and its least risk as a function of the scale."""

    def __init__(self, program: Program, solver: Solver) -> None:
        self._program, self._solver, self._risk = program, solver, program.column["risk", None]
        self._rows = np.array([i for i, (name, _) in enumerate(program.rows) if name == "account"], dtype=int)
        self._amounts = program.row_upper[self._rows].copy()

    def program(self, scale: float) -> Program:
        """The program at a scale of the budgets."""
        upper = self._program.row_upper.copy()
        upper[self._rows] = scale * self._amounts
        p = self._program
        return p.with_data(p.matrix.data, p.row_lower, upper, p.lower, p.upper)

    def minimise(self, scale: float) -> Solution:
        """Least risk at a scale. Raises StoppedError if no optimum is proven."""
        self._solver.replace(self.program(scale))
        solution = self._solver.minimise(self._risk)
        if solution.stop is not Stop.OPTIMAL:
            raise StoppedError(f"no proven optimum at {scale:g} times the budgets ({solution.stop})")
        return solution

    def touch(self, scale: float) -> Tangent:
        """A point of the curve and the slope that its duals give."""
        solution = self.minimise(scale)
        value = float(solution.x[self._risk])
        return Tangent(scale, value, float(solution.duals[self._rows] @ self._amounts))


def frontier(case: Case, design: FrontierDesign, tell: Progress = silent) -> tuple[Curve, pd.DataFrame]:
    """The curve of a case, and its breakpoints as a table with the plan at (at most `PLANS` of) them.

    Raises InputError if the goal of the model is not `risk`, StoppedError if an optimum is not proven.
    """
    if case.model.objective.goal != "risk":
        raise InputError([Fault("study", 0, "design", 'a frontier of least risk needs objective.goal = "risk"')])
    if case.model.policy.whole_plants:
        told = "a frontier needs policy.whole_plants = false: with whole plants the least risk falls in steps"
        raise InputError([Fault("study", 0, "design", told)])
    session = LiveProgram(case)
    budgets = Budgets(session.program, session.solver)
    # Not the sum over the accounts of the program, which has one in every history.
    total = sum(case.budget.values())
    numbers = count_from(1)

    def touch(scale: float) -> Tangent:
        tell(f"program {next(numbers)}, at {scale:.4f} times the budgets")
        return budgets.touch(scale)

    curve = trace(touch, design.scale[0], design.scale[1], design.most)
    worth = [-slope / total if total else 0.0 for slope in (*curve.slopes, 0.0)]
    table = pd.DataFrame(
        {
            "scale": curve.at,
            "budget_musd": [at * total for at in curve.at],
            "risk_musd": curve.values,
            "worth": worth,
        }
    )
    chosen = np.unique(np.linspace(0, len(curve.at) - 1, min(PLANS, len(curve.at))).round().astype(int))
    rows: list[Measures] = []
    for i in chosen:
        tell(f"plan {len(rows) + 1} of {len(chosen)}")
        rows.append(_plan_at(session, budgets, curve.at[i]))
    plans = pd.DataFrame(rows, index=chosen)
    return curve, table.join(plans.fillna(0.0))


def _plan_at(session: LiveProgram, budgets: Budgets, scale: float) -> Measures:
    """The cheapest plan of least risk at a scale."""
    session.solver.replace(budgets.program(scale))
    outcome = solve_phases(session.solver.program, session.case.model.objective, session.solver, lambda _: None)
    if outcome.stop is not Stop.OPTIMAL:
        return {}
    found = measure(session.scope, session.program, outcome)
    return {k: v for k, v in found.items() if k in ("cost_musd", "public_spend_musd") or k.startswith(NEW_CAPACITY)}


def run_frontier(study: StudyFile, place: str, folder: Path, out: Path, tell: Progress = silent) -> FrontierResults:
    """Trace the frontier of a study file that lies in `folder` into the folder `out`; the page is left to others.

    Raises InputError, RunFolderError, StoppedError.
    """
    if not isinstance(study.design, FrontierDesign):
        raise InputError([Fault(place, 0, "design", "is no frontier")])
    if study.uncertainties or study.levers:
        raise InputError([Fault(place, 0, "design", "a frontier has one axis, money; remove what else is varied")])
    refuse_other_folder(out)
    case = open_case(study, folder)
    curve, table = frontier(case, study.design, tell)
    texts = {
        STUDY: asked_text(study, case, breakpoints=len(curve.at), programs_solved=curve.solves, gap_musd=curve.gap),
        CURVE: csv_text(table),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(out / name, partial(Path.write_text, data=text, encoding="utf-8", newline="\n"))
    except OSError as error:
        raise RunFolderError(f"{out}: cannot be written: {error}") from error
    return FrontierResults(study.title, table, curve.gap, curve.solves)


def is_frontier(folder: Path) -> bool:
    """Whether a study folder holds a frontier. Raises RunFolderError if it is none of a study."""
    return bool(read_asked(folder)["study"]["design"]["kind"] == "frontier")


def read_frontier(folder: Path) -> FrontierResults:
    """A frontier from its folder. Raises RunFolderError."""
    asked = read_asked(folder)
    try:
        table = pd.read_csv(folder / CURVE).rename(columns=unarmour)
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: {CURVE} cannot be read: {error}; run the study file again") from error
    return FrontierResults(study_of(asked).title, table, float(asked["gap_musd"]), int(asked["programs_solved"]))
