"""The exact curve of least risk against money: every point at which its slope changes.

The least risk as a function of the scale of the budgets is convex and piecewise linear, because budgets are
right-hand sides of a linear program, and the duals of a solve give the slope of a line that touches it.

A study of the kind `frontier` has the folder of any study: pieces of the curve in place of points, each traced from
nothing by one worker, so that it is the same however many there are, and frontier.csv in place of the results: a row
per breakpoint, the scale of the budgets, money, least risk, what one more MUSD takes off, and the cheapest plan that
attains that risk.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.cells import unarmour
from planner.errors import Fault, InputError, RunFolderError, StoppedError
from planner.parallel import Call, KeptObject, Workers, answers
from planner.results.folders import write_whole
from planner.results.store import csv_text
from planner.results.study import NEW_CAPACITY, OPTIMAL, FrontierResults, StudyStatus
from planner.solving.engine import Engine
from planner.solving.frontier import Tangent, breakpoints, trace
from planner.solving.goals import silent, solve_phases
from planner.solving.highs import Solver, versions
from planner.solving.program import Program
from planner.solving.solution import Solution, Stop
from planner.studies.outcomes import Measures, measure
from planner.studies.run import Tell, untold
from planner.studies.store import (
    CURVE,
    FOUND,
    JOURNAL,
    PART,
    Entry,
    RunJournal,
    prepare,
    read_asked,
    read_journal,
    study_of,
)
from planner.studies.study_file import FrontierDesign, StudyFile

PIECES, FEWEST = 8, 50
"""Pieces of a curve, and the fewest programs that one is worth."""
PLANS = 24
"""Breakpoints of which the plan is worked out; evenly spread where there are more."""
OF_PLANS = ("cost_musd", "public_spend_musd", NEW_CAPACITY)
"""Figures of the plan of a breakpoint that the table has: their names, or how these begin."""


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


Piece = Mapping[str, Any]
"""touches: (place, value, slope) at the ends and between them; gap: how far the curve may be off."""


def piece(touch: Callable[[float], Tangent], low: float, high: float, most: int) -> Piece:
    """The curve between two places by at most `most` calls of `touch`, which gives a value and a dual slope there."""
    first, last = touch(low), touch(high)
    between, gap = trace(touch, first, last, most=most - 2)
    touches = [(one.at, one.value, one.slope) for one in (first, last, *between)]
    return {"touches": touches, "gap": gap}


def curve_of(pieces: Iterable[Piece]) -> Curve:
    """The whole curve from its pieces, without the points on a straight stretch: only where the slope changes is a
    breakpoint."""
    touched: set[tuple[float, float]] = set()
    gaps: list[float] = []
    solves = 0
    for piece in pieces:
        gaps.append(piece["gap"])
        for at, value, _ in piece["touches"]:
            touched.add((at, value))
            solves += 1
    points = np.array(sorted(touched))
    places, values = points[breakpoints(sorted(touched))].T
    slopes = np.diff(values) / np.diff(places)
    return Curve(
        at=tuple(places.tolist()),
        values=tuple(values.tolist()),
        slopes=tuple(slopes.tolist()),
        gap=max(gaps),
        solves=solves,
    )


class Budgets:
    """The program with all budgets scaled, and its least risk as a function of the scale."""

    def __init__(self, program: Program, solver: Solver) -> None:
        self._program, self.solver = program, solver
        self._risk = program.column["risk", None]
        self._rows = np.array(program.rows_of("account"), dtype=int)
        self._amounts = program.row_upper[self._rows].copy()

    def program(self, scale: float) -> Program:
        """The program at a scale of the budgets."""
        upper = self._program.row_upper.copy()
        upper[self._rows] = scale * self._amounts
        return self._program.with_data(row_upper=upper)

    def minimise(self, scale: float) -> Solution:
        """Least risk at a scale. Raises StoppedError if no optimum is proven."""
        self.solver.replace(self.program(scale))
        solution = self.solver.minimise(self._risk)
        if solution.stop is not Stop.OPTIMAL:
            said = f"no proven optimum at {scale:g} times the budgets ({solution.stop})"
            raise StoppedError(said)
        return solution

    def touch(self, scale: float) -> Tangent:
        """A point of the curve and the slope that its duals give."""
        solution = self.minimise(scale)
        slope = float(solution.duals[self._rows] @ self._amounts)
        return Tangent(scale, float(solution.x[self._risk]), slope)


class FrontierWorker:
    """Traces pieces of the curve of one case, and works out plans at some of its places."""

    def __init__(self, case: Case) -> None:
        self._live = Engine(case).live

    def _budgets(self) -> Budgets:
        """The budgets in a solver that knows nothing yet."""
        return Budgets(self._live.program, Solver(self._live.program))

    def trace(self, low: float, high: float, most: int) -> Piece:
        """The curve between two places. Raises StoppedError."""
        return piece(self._budgets().touch, low, high, most)

    def plans(self, scales: Sequence[float]) -> list[Measures]:
        """Cost, spending and new capacity of the cheapest plan of least risk at some scales; empty if not proven."""
        budgets, live = self._budgets(), self._live
        found: list[Measures] = []
        for scale in scales:
            program = budgets.program(scale)
            budgets.solver.replace(program)
            outcome = solve_phases(
                program, live.case.model.objective, budgets.solver, progress=silent
            )
            plan: Measures = {}
            if outcome.stop is Stop.OPTIMAL:
                for name, value in measure(live.scope, program, outcome).items():
                    if name.startswith(OF_PLANS):
                        plan[name] = value
            found.append(plan)
        return found


def frontier(
    case: Case,
    design: FrontierDesign,
    *,
    tell: Tell = untold,
    workers: Workers | None = None,
    journal: RunJournal | None = None,
    known: Mapping[str, Any] | None = None,
) -> tuple[Curve, pd.DataFrame]:
    """The curve of a case, and its breakpoints as a table with the plan at (at most `PLANS` of) them.

    known: what parts of it have been found to be, by name; others are written into the journal. Raises InputError if
    the goal of the model is not `risk`, StoppedError if an optimum is not proven.
    """
    refuse_other_goals(case)
    done = dict(known or {})
    pieces = pieces_of(design)
    ground = _ground(case.sha256, design)

    worker = KeptObject(partial(FrontierWorker, case), workers)

    def parts(calls: Mapping[str, Call]) -> list[Any]:
        left = {name: call for name, call in calls.items() if name not in done}
        for name, answer in answers(workers, left):
            done[name] = answer.result()
            if journal is not None:
                journal.append(PART, [Entry(name, done[name])])
            tell(StudyStatus(2 * pieces, Counter({OPTIMAL: len(done)})))
        return [done[name] for name in calls]

    low, high = design.scale
    edges = np.linspace(low, high, pieces + 1).tolist()
    most = design.most // pieces
    traced: dict[str, Call] = {}
    for a, b in pairwise(edges):
        traced[f"{ground} {a:.12g} to {b:.12g}"] = Call(worker, "trace", (a, b, most))
    curve = curve_of(parts(traced))
    chosen = _chosen(len(curve.at))
    planned: dict[str, Call] = {}
    for part in np.array_split(chosen, pieces):
        places = [curve.at[place] for place in part]
        if places:
            name = f"{ground} plans {places[0]:.12g} to {places[-1]:.12g}"
            planned[name] = Call(worker, "plans", (places,))
    plans = pd.DataFrame(chain.from_iterable(parts(planned)), index=chosen)
    # Not the sum over the accounts of the program, which has one in every history.
    total = sum(case.budget.values())
    return curve, _breakpoints(curve, total).join(plans.fillna(0.0))


def _chosen(count: int) -> list[int]:
    """Places of the breakpoints whose plans are told, even over all of so many."""
    spread = np.linspace(0, count - 1, min(PLANS, count))
    places: list[int] = np.unique(spread.round().astype(int)).tolist()
    return places


def _breakpoints(curve: Curve, total: float) -> pd.DataFrame:
    """Breakpoints of a curve as rows; total: what all budgets of the case hold (MUSD)."""
    table = pd.DataFrame({"scale": curve.at})
    table["budget_musd"] = table["scale"] * total
    table["risk_musd"] = curve.values
    table["worth"] = 0.0
    if total:
        table["worth"] = -np.append(curve.slopes, 0.0) / total
    return table


def refuse_other_goals(case: Case, study: StudyFile | None = None) -> None:
    """Raise InputError if the model of a case has no such curve."""
    told = remedy = ""
    if case.model.policy.whole_plants:
        told = "a frontier needs policy.whole_plants = false: with whole plants the least risk falls in steps"
    if case.model.objective.goal != "risk":
        told = 'a frontier of least risk needs objective.goal = "risk"'
        remedy = 'in a study file write `set = { "objective.goal" = "risk" }`'
    if told and study:
        raise InputError([study.fault(("design",), told, "study-case", remedy=remedy)])
    if told:
        raise InputError([Fault("frontier", 0, "model", told, remedy=remedy)])


def pieces_of(design: FrontierDesign) -> int:
    """In how many pieces a curve is traced."""
    return max(1, min(PIECES, design.most // FEWEST))


def run_frontier(
    study: StudyFile,
    case: Case,
    out: Path,
    workers: Workers | None = None,
    tell: Tell = untold,
    *,
    force: bool = False,
) -> FrontierResults:
    """Trace the frontier that a study asks for into the folder `out`, or go on with it; the page is left to others.

    force: replace inputs of a former study even if somebody changed them. Raises InputError, RunFolderError, StoppedError.
    """
    if not isinstance(study.design, FrontierDesign):
        said = 'is no frontier; take kind = "frontier"'
        raise InputError([study.fault(("design", "kind"), said)])
    if study.uncertainties or study.levers:
        said = "a frontier has one axis, money; remove what else is varied"
        raise InputError([study.fault(("design",), said)])
    refuse_other_goals(case, study)
    prepare(out, study, case, force=force)
    with RunJournal(out / JOURNAL) as journal:
        known = parts_of(out)
        curve, table = frontier(
            case, study.design, tell=tell, workers=workers, journal=journal, known=known
        )
    write = partial(Path.write_text, data=csv_text(table), encoding="utf-8", newline="\n")
    write_whole(out / CURVE, write)
    return FrontierResults(study.title, table, curve.gap, curve.solves)


def parts_of(folder: Path) -> dict[str, Any]:
    """Part -> what is known of it of the frontier of a folder."""
    asked = read_asked(folder)
    ground = _ground(asked["inputs_sha256"], FrontierDesign(**asked["study"]["design"]))
    parts: dict[str, Any] = {}
    for name, _, _, text in read_journal(folder / JOURNAL, FOUND, PART):
        if name.startswith(ground):
            parts[name] = json.loads(text)
    return parts


def _ground(sha256: str, design: FrontierDesign) -> str:
    """The beginning of the names of the parts of a frontier: a digest of what they rest on."""
    rests = json.dumps([sha256, versions(), design.model_dump()], sort_keys=True)
    return hashlib.sha256(rests.encode()).hexdigest()[:12]


def is_frontier(folder: Path) -> bool:
    """A study folder holds a frontier. Raises RunFolderError if it is none of a study."""
    return bool(read_asked(folder)["study"]["design"]["kind"] == "frontier")


def frontier_status(folder: Path) -> StudyStatus:
    """The progress of a frontier: parts of it, traced and planned. Raises RunFolderError."""
    design, done = study_of(read_asked(folder)).design, len(parts_of(folder))
    total = 2 * pieces_of(design) if isinstance(design, FrontierDesign) else 0
    finished = (folder / CURVE).exists()  # a short curve has fewer places to plan at than parts
    return StudyStatus(done if finished else total, Counter({OPTIMAL: done}), folder=folder)


def read_frontier(folder: Path) -> FrontierResults:
    """A frontier from its folder. Raises RunFolderError."""
    asked = read_asked(folder)
    try:
        table = pd.read_csv(folder / CURVE).rename(columns=unarmour)
    except (OSError, ValueError) as error:
        said = f"{folder}: {CURVE} cannot be read: {error}; run the study file again"
        raise RunFolderError(said) from error
    curve = curve_of(part for part in parts_of(folder).values() if isinstance(part, dict))
    return FrontierResults(study_of(asked).title, table, curve.gap, curve.solves)
