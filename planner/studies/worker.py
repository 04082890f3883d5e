"""One worker: a case, its program, and functions that solve points of a study.

What comes out depends on what is asked alone, not on the worker or on what it did before: every chain of points begins
anew, in a solver of its own, at the stored basis of the case as it is. So a study has the same bytes however many
workers it has, and if it was killed in between.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

import numpy as np

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.errors import InputError
from planner.planning.whole_program import ENDS
from planner.results.plan import Status
from planner.results.study import BUILT, LEAST, MOST, NEW_CAPACITY
from planner.solving.engine import Solved
from planner.solving.goals import silent
from planner.solving.highs import Solver, Statuses
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies.outcomes import (
    DecidedAmount,
    Measures,
    OwnOutcome,
    amounts_of,
    capacities,
    decisions,
    measure,
    own_outcomes,
)
from planner.studies.points import Plain, case_of

BAD_INPUT, CRASHED = "bad_input", "crashed"
"""Statuses of points beside those of `Status`."""
PackedBases = Mapping[str, str]
"""Phase -> basis as text."""


@dataclass(frozen=True)
class PointResult:
    """The end of a point. `values` is empty unless the status is optimal."""

    status: str
    message: str = ""
    values: Measures = field(default_factory=dict)
    seconds: float = 0.0
    plan: Sequence[DecidedAmount] = ()


class Worker:
    """Solves points of one study.

    functions: outcomes of the user's own, by name.
    """

    def __init__(
        self,
        case: Case,
        time_limit: float | None,
        functions: Mapping[str, OwnOutcome] | None = None,
    ) -> None:
        self.case, self._time_limit = case, time_limit
        self._functions = functions or {}
        self._changer = Changer(case)

    @cached_property
    def _program(self) -> LiveProgram:
        """The program of the case as it is. It is written once and stays: copies of it are changed and solved."""
        return LiveProgram(self.case, self._time_limit)

    def base(self) -> PackedBases:
        """The bases of the optimum of the case as it is, from which chains begin; none where it has no optimum."""
        live = self._begun({})
        if live.solve(silent).stop is not Stop.OPTIMAL:
            return {}
        return {phase: packed(basis) for phase, basis in live.solver.last_bases.items()}

    def solve(self, bases: PackedBases, points: Sequence[Plain]) -> list[PointResult]:
        """A chain of points: the first from these bases, each from the optimum of the one before it.

        An error that the planner does not know becomes the status `crashed`; it costs its point only.
        """
        live = self._begun(bases)
        results: list[PointResult] = []
        for settings in points:
            result = self._result(settings, live)
            if result.status == CRASHED:
                live = self._begun(bases)  # whatever the other keeps now is not to be trusted
            results.append(result)
        return results

    def _begun(self, bases: PackedBases) -> LiveProgram:
        """The program of the case as it is, in a solver that knows these bases and nothing else."""
        live = copy(self._program)
        live.solver = Solver(live.program, time_limit=self._time_limit)
        for phase, text in bases.items():
            live.solver.begin_from(phase, unpacked(text))
        return live

    def _result(self, settings: Plain, live: LiveProgram) -> PointResult:
        """What becomes of a point, in a program that holds another case."""
        started = perf_counter()
        try:
            live.update(case_of(self._changer, settings))
            result = self._solved(live)
        except InputError as error:
            result = PointResult(BAD_INPUT, str(error))
        except Exception as error:
            result = PointResult(CRASHED, f"{type(error).__name__}: {error}")
        return replace(result, seconds=perf_counter() - started)

    def _solved(self, live: LiveProgram) -> PointResult:
        """All that is kept of a solve."""
        outcome = live.solve(silent)
        solved = Solved(outcome=outcome, scope=live.scope, program=live.program, solver=live.solver)
        scope, program = solved.scope, solved.program
        if not solved.is_optimal:
            return PointResult(ENDS[outcome.stop].value, WHY[outcome.stop])
        values = figures_of(solved, self._functions)
        if not scope.case.model.policy.whole_plants:
            builds = np.array(program.columns_of("build"), dtype=np.int32)
            plans = [values]
            for x in live.solver.equally_good(builds):
                plans.append(capacities(scope, amounts_of(program, x)))
            values |= spread(plans)
        plan = decisions(scope, amounts_of(program, solved.point))
        return PointResult(Status.OPTIMAL.value, values=values, plan=plan)


def packed(basis: Statuses) -> str:
    """A basis as text."""
    return base64.b85encode(zlib.compress(basis.tobytes())).decode("ascii")


def unpacked(text: str) -> Statuses:
    """A basis from text."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)


def figures_of(solved: Solved, functions: Mapping[str, OwnOutcome]) -> Measures:
    """All figures of an optimum, and what functions of the user's own give that is a number."""
    values = measure(solved.scope, solved.program, solved.outcome)
    return values | own_outcomes(functions, values, solved)


def spread(plans: Sequence[Measures]) -> Measures:
    """The least and the most of each project over plans, where they differ by as much as counts as built."""
    found: Measures = {}
    for name in sorted(set().union(*plans)):
        sizes = [plan.get(name, 0.0) for plan in plans]
        if name.startswith(NEW_CAPACITY) and max(sizes) - min(sizes) >= BUILT:
            project = name.removeprefix(NEW_CAPACITY)
            found[f"{LEAST}{project}"] = min(sizes)
            found[f"{MOST}{project}"] = max(sizes)
    return found


WHY = {
    Stop.OPTIMAL: "",
    Stop.INFEASIBLE: "no plan meets the goal; solve the point alone to see why",
    Stop.TIME_LIMIT: "the time limit was reached",
    Stop.INTERRUPTED: "stopped from outside",
    Stop.UNPROVEN: "no algorithm reached a point whose certificate holds",
}
