"""The exact curve of least risk against money: every point at which its slope changes.

The least risk as a function of the scale of the budgets is convex and piecewise linear, because budgets are
right-hand sides of a linear program, and the duals of a solve give the slope of a line that touches it.

A study of the kind `frontier` has the folder of any study: pieces of the curve in place of points, each traced from
nothing by one worker, so that it is the same however many there are, and frontier.csv in place of the results: a row
per breakpoint, the scale of the budgets, money, least risk, what one more MUSD takes off, and the cheapest plan that
attains that risk, which is a point of a study as any other.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
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
from planner.results.journal import JOURNAL, Entry, Journal, read_entries
from planner.results.store import csv_text
from planner.results.study import NEW_CAPACITY, OPTIMAL, FrontierResults, StudyStatus
from planner.solving.engine import Engine, Question, Solved
from planner.solving.frontier import Tangent, breakpoints, trace
from planner.solving.highs import Solver, versions
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies.outcomes import PointMeasures, measure
from planner.studies.run import Tell, untold
from planner.studies.store import CURVE, PART, prepare, read_asked, study_of
from planner.studies.study_file import FrontierDesign, StudyFile

PIECES, FEWEST = 8, 50
"""Pieces of a curve, and the fewest programs that one is worth."""
PLANS = 24
"""Breakpoints of which the plan is worked out; evenly spread where there are more."""
OF_PLANS = ("cost_musd", "public_spend_musd", NEW_CAPACITY)
"""Figures of the plan of a breakpoint that the table has: their names, or how these begin."""
Piece = Mapping[str, Any]
"""touches: (place, value, slope) at the ends and between them; gap: how far the curve may be off."""


class Budgets:
    """The program of a case with all budgets scaled, and its least risk as a function of the scale."""

    def __init__(self, case: Case) -> None:
        self._program = LiveProgram(case).program
        self._risk = self._program.column["risk", None]
        self._rows = np.array(self._program.rows_of("account"), dtype=int)
        self._amounts = self._program.row_upper[self._rows].copy()

    def trace(self, low: float, high: float, most: int) -> Piece:
        """The curve between two scales, by at most so many programs, from nothing. Raises StoppedError."""
        touch = partial(self.touch, Solver(self._program))
        first, last = touch(low), touch(high)
        between, gap = trace(touch, first, last, most=most - 2)
        touches = [(one.at, one.value, one.slope) for one in (first, last, *between)]
        return {"touches": touches, "gap": gap}

    def touch(self, solver: Solver, scale: float) -> Tangent:
        """A point of the curve and the slope that its duals give. Raises StoppedError if no optimum is proven."""
        upper = self._program.row_upper.copy()
        upper[self._rows] = scale * self._amounts
        solver.replace(self._program.with_data(row_upper=upper))
        solution = solver.minimise(self._risk)
        if solution.stop is not Stop.OPTIMAL:
            said = f"no proven optimum at {scale:g} times the budgets ({solution.stop})"
            raise StoppedError(said)
        slope = float(solution.duals[self._rows] @ self._amounts)
        return Tangent(scale, float(solution.x[self._risk]), slope)


def curve_of(pieces: Iterable[Piece], title: str = "", money: float = 1.0) -> FrontierResults:
    """The whole curve from its pieces, without the points on a straight stretch: only where the slope changes is a
    breakpoint. money: what all budgets of the case hold (MUSD)."""
    touched: set[tuple[float, float]] = set()
    gaps: list[float] = []
    solves = 0
    for piece in pieces:
        gaps.append(piece["gap"])
        solves += len(piece["touches"])
        touched.update((at, value) for at, value, _ in piece["touches"])
    points = np.array(sorted(touched))
    table = pd.DataFrame(points[breakpoints(sorted(touched))], columns=["scale", "risk_musd"])
    table.insert(1, "budget_musd", table["scale"] * money)
    table["worth"] = 0.0
    if money:
        slopes = np.diff(table["risk_musd"]) / np.diff(table["scale"])
        table["worth"] = -np.append(slopes, 0.0) / money
    return FrontierResults(title, table, max(gaps), solves)


def frontier(
    case: Case,
    design: FrontierDesign,
    *,
    tell: Tell = untold,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> FrontierResults:
    """The curve of a case: its breakpoints as a table, with the plan at (at most `PLANS` of) them.

    journal: has the parts of it that are known, and gets the others. Raises InputError if the goal of the model is not
    `risk`, StoppedError if an optimum is not proven.
    """
    refuse_other_goals(case)
    ground = _ground(case.sha256, design)
    done = {} if journal is None else _parts(journal.path, ground)
    pieces = pieces_of(design)

    def keep(name: str, answer: Any) -> None:
        done[name] = answer
        if journal is not None:
            journal.append(PART, [Entry(name, answer)])
        tell(StudyStatus(2 * pieces, Counter({OPTIMAL: len(done)})))

    first, last = design.scale
    budgets = KeptObject(partial(Budgets, case), workers)
    traced: dict[str, Call] = {}
    for low, high in pairwise(np.linspace(first, last, pieces + 1).tolist()):
        arguments = (low, high, design.most // pieces)
        traced[f"{ground} {low:.12g} to {high:.12g}"] = Call(budgets, "trace", arguments)
    left = {name: call for name, call in traced.items() if name not in done}
    for name, answer in answers(workers, left):
        keep(name, answer.result())
    # Not the sum over the accounts of the program, which has one in every history.
    money = sum(case.budget.values())
    curve = curve_of((done[name] for name in traced), case.name, money)
    chosen = curve.table.iloc[_chosen(len(curve.table))]
    planned: dict[str, list[Question]] = {}
    for scales in np.array_split(chosen["scale"].to_numpy(), pieces):
        if len(scales):
            name = f"{ground} plans {scales[0]:.12g} to {scales[-1]:.12g}"
            planned[name] = [Question.of(f"budgets.*.*.musd=x{scale}") for scale in scales.tolist()]
    names = [name for name in planned if name not in done]
    engine = Engine(case, workers=workers)
    for number, found in engine.answered([planned[name] for name in names], _plan):
        keep(names[number], [answer.value or {} for answer in found])
    plans = pd.DataFrame(chain.from_iterable(done[name] for name in planned), index=chosen.index)
    table = curve.table.join(plans.fillna(0.0))
    return FrontierResults(curve.title, table, curve.gap, curve.solves)


def _plan(solved: Solved) -> PointMeasures:
    """Cost, spending and new capacity of a plan."""
    figures = measure(solved).items()
    return {name: value for name, value in figures if name.startswith(OF_PLANS)}


def _chosen(count: int) -> list[int]:
    """Places of the breakpoints whose plans are told, even over all of so many."""
    spread = np.linspace(0, count - 1, min(PLANS, count))
    places: list[int] = np.unique(spread.round().astype(int)).tolist()
    return places


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
) -> StudyStatus:
    """Trace the frontier that a study asks for into the folder `out`, or go on with it.

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
    with Journal(out / JOURNAL) as journal:
        curve = frontier(case, study.design, tell=tell, workers=workers, journal=journal)
    text = csv_text(curve.table)
    write_whole(out / CURVE, partial(Path.write_text, data=text, encoding="utf-8", newline="\n"))
    return frontier_status(out)


def _ground(sha256: str, design: FrontierDesign) -> str:
    """The beginning of the names of the parts of a frontier: a digest of what they rest on."""
    rests = json.dumps([sha256, versions(), design.model_dump()], sort_keys=True)
    return hashlib.sha256(rests.encode()).hexdigest()[:12]


def _parts(path: Path, ground: str) -> dict[str, Any]:
    """Part -> what a journal knows of it, of the frontier that rests on `ground`."""
    entries = read_entries(path, PART)
    return {entry.name: entry.answer for entry in entries if entry.name.startswith(ground)}


def _parts_of(folder: Path) -> tuple[FrontierDesign, dict[str, Any]]:
    asked = read_asked(folder)
    design = FrontierDesign(**asked["study"]["design"])
    return design, _parts(folder / JOURNAL, _ground(asked["inputs_sha256"], design))


def is_frontier(folder: Path) -> bool:
    """A study folder holds a frontier. Raises RunFolderError if it is none of a study."""
    return isinstance(study_of(read_asked(folder)).design, FrontierDesign)


def frontier_status(folder: Path) -> StudyStatus:
    """The progress of a frontier: parts of it, traced and planned. Raises RunFolderError."""
    design, parts = _parts_of(folder)
    finished = (folder / CURVE).exists()  # a short curve has fewer places to plan at than parts
    total = len(parts) if finished else 2 * pieces_of(design)
    return StudyStatus(total, Counter({OPTIMAL: len(parts)}), folder=folder)


def read_frontier(folder: Path) -> FrontierResults:
    """A frontier from its folder. Raises RunFolderError."""
    try:
        table = pd.read_csv(folder / CURVE).rename(columns=unarmour)
    except (OSError, ValueError) as error:
        said = f"{folder}: {CURVE} cannot be read: {error}; run the study file again"
        raise RunFolderError(said) from error
    _, parts = _parts_of(folder)
    curve = curve_of(part for part in parts.values() if isinstance(part, dict))
    return FrontierResults(study_of(read_asked(folder)).title, table, curve.gap, curve.solves)
