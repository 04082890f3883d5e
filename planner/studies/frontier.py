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
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.cells import unarmour
from planner.errors import Fault, InputError, RunFolderError, StoppedError
from planner.parallel import Here, Team, answer
from planner.results.folders import write_whole
from planner.results.store import csv_text
from planner.results.study import NEW_CAPACITY, OPTIMAL, FrontierResults, StudyStatus
from planner.solving.frontier import Tangent, breakpoints, trace
from planner.solving.goals import silent, solve_phases
from planner.solving.highs import Solver, versions
from planner.solving.program import Program
from planner.solving.solution import Solution, Stop
from planner.solving.variants import Variants
from planner.studies.outcomes import Measures, measure
from planner.studies.run import Tell, untold
from planner.studies.store import (
    CURVE,
    FOUND,
    JOURNAL,
    PART,
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
    ends = touch(low), touch(high)
    between, gap = trace(touch, *ends, most - len(ends))
    touches = [(t.at, t.value, t.slope) for t in (*ends, *between)]
    return {"touches": touches, "gap": gap}


def curve_of(pieces: Iterable[Piece]) -> Curve:
    """The whole curve from its pieces, without the points on a straight stretch: only where the slope changes is a
    breakpoint."""
    found = list(pieces)
    touched = {(at, value) for piece in found for at, value, _ in piece["touches"]}
    points = sorted(touched)
    places, values = zip(*[points[i] for i in breakpoints(points)], strict=True)
    slopes = np.diff(values) / np.diff(places)
    gap = max(piece["gap"] for piece in found)
    solves = sum(len(piece["touches"]) for piece in found)
    return Curve(places, values, tuple(slopes.tolist()), gap, solves)


class Budgets:
    """The program with all budgets scaled, and its least risk as a function of the scale."""

    def __init__(self, program: Program, solver: Solver) -> None:
        self._program, self.solver, self._risk = program, solver, program.column["risk", None]
        self._rows = np.array(
            [i for i, (name, _) in enumerate(program.rows) if name == "account"], dtype=int
        )
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
            raise StoppedError(
                f"no proven optimum at {scale:g} times the budgets ({solution.stop})"
            )
        return solution

    def touch(self, scale: float) -> Tangent:
        """A point of the curve and the slope that its duals give."""
        solution = self.minimise(scale)
        value = float(solution.x[self._risk])
        return Tangent(scale, value, float(solution.duals[self._rows] @ self._amounts))


class FrontierWorker:
    """Traces pieces of the curve of one case, and works out plans at some of its places."""

    def __init__(self, case: Case) -> None:
        self._live = Variants(case).live

    def _budgets(self) -> Budgets:
        """The budgets in a solver that knows nothing yet."""
        return Budgets(self._live.program, Solver(self._live.program))

    def trace(self, low: float, high: float, most: int) -> Piece:
        """The curve between two places. Raises StoppedError."""
        return piece(self._budgets().touch, low, high, most)

    def plans(self, scales: Sequence[float]) -> list[Measures]:
        """Cost, spending and new capacity of the cheapest plan of least risk at some scales; empty if not proven."""
        budgets, live, found = self._budgets(), self._live, list[Measures]()
        for scale in scales:
            program = budgets.program(scale)
            budgets.solver.replace(program)
            outcome = solve_phases(program, live.case.model.objective, budgets.solver, silent)
            figures = measure(live.scope, program, outcome) if outcome.stop is Stop.OPTIMAL else {}
            kept = ("cost_musd", "public_spend_musd", NEW_CAPACITY)
            found.append({name: value for name, value in figures.items() if name.startswith(kept)})
        return found


def frontier(
    case: Case,
    design: FrontierDesign,
    tell: Tell = untold,
    team: Team = Here,
    journal: RunJournal | None = None,
    known: Mapping[str, Any] | None = None,
) -> tuple[Curve, pd.DataFrame]:
    """The curve of a case, and its breakpoints as a table with the plan at (at most `PLANS` of) them.

    known: what parts of it have been found to be, by name; others are written into the journal. Raises InputError if
    the goal of the model is not `risk`, StoppedError if an optimum is not proven.
    """
    refuse_other_goals(case)
    done, pieces = dict(known or {}), pieces_of(design)

    def keep(name: str, found: Any) -> None:
        done[name] = found
        if journal is not None:
            journal.append(PART, name, found)
        tell(StudyStatus(2 * pieces, Counter({OPTIMAL: len(done)})))

    edges = np.linspace(design.scale[0], design.scale[1], pieces + 1).tolist()
    ground = _ground(case.sha256, design)
    traced = {
        f"{ground} {a:.12g} to {b:.12g}": ("trace", a, b, design.most // pieces)
        for a, b in pairwise(edges)
    }
    with closing(team(partial(FrontierWorker, case))) as workers:
        answer(workers, {name: call for name, call in traced.items() if name not in done}, keep)
        curve = curve_of([done[name] for name in traced])
        chosen = np.unique(
            np.linspace(0, len(curve.at) - 1, min(PLANS, len(curve.at))).round().astype(int)
        )
        places = [
            [curve.at[i] for i in part] for part in np.array_split(chosen, pieces) if len(part)
        ]
        planned = {
            f"{ground} plans {place[0]:.12g} to {place[-1]:.12g}": ("plans", place)
            for place in places
        }
        answer(workers, {name: call for name, call in planned.items() if name not in done}, keep)
    # Not the sum over the accounts of the program, which has one in every history.
    total = sum(case.budget.values())
    money = [at * total for at in curve.at]
    worth = [-slope / total if total else 0.0 for slope in (*curve.slopes, 0.0)]
    table = pd.DataFrame(
        {"scale": curve.at, "budget_musd": money, "risk_musd": curve.values, "worth": worth}
    )
    plans = pd.DataFrame([plan for name in planned for plan in done[name]], index=chosen)
    return curve, table.join(plans.fillna(0.0))


def refuse_other_goals(case: Case, study: StudyFile | None = None) -> None:
    """Raise InputError if the model of a case has no such curve."""
    told = remedy = ""
    if case.model.policy.whole_plants:
        told = "a frontier needs policy.whole_plants = false: with whole plants the least risk falls in steps"
    if case.model.objective.goal != "risk":
        told = 'a frontier of least risk needs objective.goal = "risk"'
        remedy = 'in a study file write `set = { "objective.goal" = "risk" }`'
    if told:
        fault = Fault("frontier", 0, "model", told, remedy=remedy)
        raise InputError([study.fault(("design",), told, "study-case", remedy) if study else fault])


def pieces_of(design: FrontierDesign) -> int:
    """In how many pieces a curve is traced."""
    return max(1, min(PIECES, design.most // FEWEST))


def run_frontier(
    study: StudyFile, case: Case, out: Path, team: Team = Here, tell: Tell = untold
) -> FrontierResults:
    """Trace the frontier that a study asks for into the folder `out`, or go on with it; the page is left to others.

    Raises InputError, RunFolderError, StoppedError.
    """
    if not isinstance(study.design, FrontierDesign):
        raise InputError(
            [study.fault(("design", "kind"), 'is no frontier; take kind = "frontier"')]
        )
    if study.uncertainties or study.levers:
        raise InputError(
            [study.fault(("design",), "a frontier has one axis, money; remove what else is varied")]
        )
    refuse_other_goals(case, study)
    prepare(out, study, case)
    with RunJournal(out / JOURNAL) as journal:
        curve, table = frontier(case, study.design, tell, team, journal, parts_of(out))
    write_whole(
        out / CURVE, partial(Path.write_text, data=csv_text(table), encoding="utf-8", newline="\n")
    )
    return FrontierResults(study.title, table, curve.gap, curve.solves)


def parts_of(folder: Path) -> dict[str, Any]:
    """What is known of the frontier of a folder, by part."""
    asked = read_asked(folder)
    ground = _ground(asked["inputs_sha256"], FrontierDesign(**asked["study"]["design"]))
    found = read_journal(folder / JOURNAL, FOUND, PART)
    return {name: json.loads(text) for name, _, _, text in found if name.startswith(ground)}


def _ground(sha256: str, design: FrontierDesign) -> str:
    """What the parts of a frontier rest on, as the beginning of their names."""
    rests = json.dumps([sha256, versions(), design.model_dump()], sort_keys=True)
    return hashlib.sha256(rests.encode()).hexdigest()[:12]


def is_frontier(folder: Path) -> bool:
    """Whether a study folder holds a frontier. Raises RunFolderError if it is none of a study."""
    return bool(read_asked(folder)["study"]["design"]["kind"] == "frontier")


def frontier_status(folder: Path) -> StudyStatus:
    """How far a frontier is: parts of it, traced and planned. Raises RunFolderError."""
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
        raise RunFolderError(
            f"{folder}: {CURVE} cannot be read: {error}; run the study file again"
        ) from error
    curve = curve_of(part for part in parts_of(folder).values() if isinstance(part, dict))
    return FrontierResults(study_of(asked).title, table, curve.gap, curve.solves)
