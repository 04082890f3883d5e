"""One worker: a case, its program kept loaded, and one function that solves a point from a given state.

What comes out depends on the point and the state alone, not on the worker or on what it did before: that is
what lets a killed study end in the same bytes. A warm result may differ in its last digits, or in its choice among
equally good plans, with the path that led to it; each point is therefore solved in a fresh solver from bases that are
written down and can be taken up again, in another process or on another day. Workers build for themselves.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.errors import InputError
from planner.planning.whole_program import ENDS
from planner.results.plan import Status
from planner.results.study import BUILT, LEAST, MOST, NEW_CAPACITY
from planner.solving.goals import Outcome, silent
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Vector
from planner.solving.solution import Solution, Stop
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

PackedBases = dict[str, str]
"""Phase -> basis as text."""
GOLDEN = 0.6180339887498949
"""Its multiples leave no two projects with weights in a simple proportion."""


class RestartableSolver(Solver):
    """Solver that tells the bases it ends with."""

    def __init__(self, *program_and_limits: Any, **more: Any) -> None:
        super().__init__(*program_and_limits, **more)
        self.bases: PackedBases = {}
        """The last basis of each phase."""

    def begin(self, bases: PackedBases) -> None:
        """Take up bases, in place of those held."""
        self.bases, self._bases = dict(bases), {}
        for phase, text in bases.items():
            self.begin_from(
                phase, np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)
            )

    def minimise(self, column: int, order: Sequence[str] = (), phase: str = "") -> Solution:
        """Minimise one column and keep the basis."""
        solution = super().minimise(column, order, phase)
        if solution.stop is Stop.OPTIMAL:
            name = phase or self.program.columns[column][0]
            self.bases.pop(name, None)  # they stand in the order of their ends
            packed = zlib.compress(self.statuses(solution.x).tobytes(), 6)
            self.bases[name] = base64.b85encode(packed).decode("ascii")
        return solution

    def equally_good(self, columns: NDArray[np.intp]) -> list[Vector]:
        """Two more points of the optimum just found, at which some columns are as far apart as they are in a direction
        of no meaning; fewer where one is not proven. What they agree on is, but for chance, the same in all."""
        direction = np.zeros(len(self.program.columns))
        direction[columns] = 1 + np.arange(1, len(columns) + 1) * GOLDEN % 1
        found = []
        for cost in (direction, -direction):
            self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
            solution = self._run("primal", cost, None)
            if solution.stop is Stop.OPTIMAL:
                found.append(solution.x)
        return found


class PointProgram(LiveProgram):
    """A program whose solver can be taken up by another process."""

    solver_type = RestartableSolver
    solver: RestartableSolver


BAD_INPUT, CRASHED = "bad_input", "crashed"
"""Statuses of points beside those of `Status`."""


class ChainState(NamedTuple):
    """Where a chain stands: the point whose program is loaded, and the bases to start from."""

    built: Plain
    bases: PackedBases


START = ChainState([], {})
"""Where nothing is solved yet."""


@dataclass(frozen=True)
class PointResult:
    """What became of a point. `values` is empty unless the status is optimal."""

    status: str
    message: str = ""
    values: Measures = field(default_factory=dict)
    seconds: float = 0.0
    plan: Sequence[DecidedAmount] = ()


class Worker:
    """Solves points of one study. The program is built once and kept while its structure holds.

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
        self._session: PointProgram | None = None
        self._built: Plain = []
        self._state = START

    def solve(
        self, state: ChainState | None, settings: Plain, cold: bool
    ) -> tuple[PointResult, ChainState]:
        """A point from where its chain stands (None: where the last call left it), or from nothing.

        Returns what became of it and where the chain now stands. An error that the planner does not know becomes the
        status `crashed`; it costs this point only.
        """
        before = self._state if state is None else state
        started = perf_counter()
        try:
            case = case_of(self._changer, settings)
            if cold:  # in a program built for it alone
                result, after = self._solved(PointProgram(case, self._time_limit)), before
            else:
                result, after = self._advance(before, case, settings)
        except InputError as error:
            result, after = PointResult(BAD_INPUT, str(error)), before
        except Exception as error:
            self._session = None  # whatever it holds now is not to be trusted
            result, after = PointResult(CRASHED, f"{type(error).__name__}: {error}"), before
        self._state = after
        return replace(result, seconds=perf_counter() - started), after

    def _advance(
        self, state: ChainState, case: Case, settings: Plain
    ) -> tuple[PointResult, ChainState]:
        """The next point of a chain, in a fresh solver."""
        session, built = self._loaded(state), state.built
        session.solver.begin(state.bases)
        if session.update(case):
            session.solver = RestartableSolver(session.program, self._time_limit)
            session.solver.begin(state.bases)
        else:
            self._built = built = settings
        result = self._solved(session)
        return result, ChainState(
            built, session.solver.bases
        ) if result.status == Status.OPTIMAL else state

    def _loaded(self, state: ChainState) -> PointProgram:
        """A session whose program was built from the point that the state names."""
        if self._session is None or self._built != state.built:
            case = case_of(self._changer, state.built)
            self._session, self._built = PointProgram(case, self._time_limit), state.built
        return self._session

    def _solved(self, session: PointProgram) -> PointResult:
        """All that is kept of a solve."""
        outcome, scope, program = session.solve(silent), session.scope, session.program
        if outcome.stop is not Stop.OPTIMAL:
            return PointResult(ENDS[outcome.stop].value, WHY[outcome.stop])
        values = figures_of(session, outcome, self._functions)
        if not scope.case.model.policy.whole_plants:
            columns = np.array(
                [j for j, (name, _) in enumerate(program.columns) if name == "build"], dtype=np.intp
            )
            others = [
                capacities(scope, amounts_of(program, x))
                for x in session.solver.equally_good(columns)
            ]
            values |= spread([values, *others])
        return PointResult(
            Status.OPTIMAL.value,
            "",
            values,
            plan=decisions(scope, amounts_of(program, outcome.last.x)),
        )


def figures_of(
    session: LiveProgram, outcome: Outcome, functions: Mapping[str, OwnOutcome]
) -> Measures:
    """All figures of an optimum, and what functions of the user's own give that is a number."""
    scope, program = session.scope, session.program
    values = measure(scope, program, outcome)
    return values | own_outcomes(functions, values, scope, program, outcome.last.x)


def spread(plans: Sequence[Measures]) -> Measures:
    """The least and the most of each project over plans, where they differ by as much as counts as built."""
    out: Measures = {}
    for name in sorted({name for plan in plans for name in plan if name.startswith(NEW_CAPACITY)}):
        sizes = [plan.get(name, 0.0) for plan in plans]
        if max(sizes) - min(sizes) >= BUILT:
            project = name.removeprefix(NEW_CAPACITY)
            out |= {f"{LEAST}{project}": min(sizes), f"{MOST}{project}": max(sizes)}
    return out


WHY = {
    Stop.OPTIMAL: "",
    Stop.INFEASIBLE: "no plan meets the goal; solve the point alone to see why",
    Stop.TIME_LIMIT: "the time limit was reached",
    Stop.INTERRUPTED: "stopped from outside",
    Stop.UNPROVEN: "no algorithm reached a point whose certificate holds",
}
