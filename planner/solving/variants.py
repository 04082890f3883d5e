"""Variants of a case: one engine that keeps programs and bases, holds decisions fixed, solves, and can be cancelled.

Design. Before this module nine places kept a solved program (session, workbench, points and fixed plans of studies,
experiment, frontier, targets, explanation, evaluation), and decisions were fixed in three ways. They differ in:

    what is varied       other figures, switches, structure; scenarios; the budgets; bounds of columns
    what is asked        the plan with its tables; figures of the optimum; one figure; the point of the program
    where a solve begins the last optimum; the basis of the nearest data; bases written down; nothing
    what is kept         one program; programs of several structures; none

The engine has one answer to each:

1. A variant is a case, or changes (`planner.data.change`) of the base case.
2. `LiveProgram` knows what may stay in a program: it changes figures in place, holds at zero what is switched off and
   says why it cannot keep the program; the engine keeps up to `STRUCTURES` programs, the first for good.
3. `solve` gives a `Solved`: outcome, index sets, program. Figures are read off it (`figures`), a plan with tables is
   made of it by `planner.planning.whole_program.solve_variant`, one figure is a column of it.
4. `fixed` decisions are bounds of the program of the variant (`with_decisions`); the next variant undoes them.
5. Each program has a solver of its own, which keeps bases by phase. Whoever has to come to the same digits wherever it
   is asked begins in a fresh solver from bases that were written down (`planner.studies.worker`).
6. Workers, on this machine or on a scheduler, keep an engine each (`planner.parallel.KeptObject`).
7. `cancel` ends a solve from another thread.

What stays apart, and why: a simulator of one future eliminates decisions instead of bounding them (`chain`), a fourth
of the size; counterfactuals of an explanation are other bounds of one program, solved at once in threads, each in a
solver of its own from a named optimum; Benders masters and subproblems have programs of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from planner.config import Objective
from planner.data.case import Case
from planner.data.change import Change
from planner.errors import Fault, InputError, StoppedError
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.host import give_memory_back
from planner.solving.goals import Outcome, Phase, Progress, phases_of, silent, solve_phases
from planner.solving.live_program import CANCELLED, LiveProgram
from planner.solving.program import Program, Vector
from planner.solving.solution import Stop

STRUCTURES = 5
"""Programs of different structure that are kept at most."""
KEPT_TERMS = 1_200_000
"""Nonzeros that the programs kept hold together at most, the first and the one in use apart: with half a million of
them, as in the real case, one takes a fifth of a GB (measured)."""
FIXED_ROOM = 1e-9
"""Part of 1 + itself by which a fixed decision may differ from its amount."""
Variant = Case | Change | str | Iterable[Change]
"""A case, or changes of the base."""
FixedAmounts = Mapping[tuple[str, Any], float]
"""(variable, (thing, .., year)) -> amount of a build, an intake, new seats or hires."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Outcome of a solve, with the index sets and the program it is about."""

    outcome: Outcome
    scope: Scope
    program: Program

    @property
    def is_optimal(self) -> bool:
        """Every phase has a proven optimum."""
        return self.outcome.stop is Stop.OPTIMAL

    @property
    def point(self) -> Vector:
        """Values of the columns at the end of the last phase (n)."""
        return self.outcome.last.x

    def value(self, column: str) -> float:
        """Value of a column without index, such as `risk` or `cost` (MUSD)."""
        return self.program.measure(column, self.point)


class Variants:
    """A base case and variants of it, each solved from the nearest one known.

    base: the case that changes are applied to. progress: called with each phase by name as its solve begins. One thread
    asks; any other may `cancel`.

    >>> variants = Variants(case)
    >>> variants.solve().is_optimal
    True
    >>> dearer = variants.solve("projects.coast_plant.capex_usd_per_tpa=+10%")
    >>> variants.rebuilt   # why a program had to be written
    ''
    """

    def __init__(self, base: Case, time_limit: float | None = None) -> None:
        """time_limit: seconds for each run of the solver."""
        self.base = base
        self.progress: Progress = silent
        self.live = LiveProgram(base, time_limit)
        """The program in use."""
        self._kept = [self.live]
        """Programs of other structures, the first and then the last used: who takes a change back waits for none."""
        self._found: Solved | None = None
        """The optimum of the case in use."""

    @property
    def case(self) -> Case:
        """The case in use."""
        return self.live.case

    @property
    def rebuilt(self) -> str:
        """The reason why the last variant needed a program written, or ''."""
        return self.live.rebuilt

    @property
    def programs(self) -> int:
        """Number of programs kept."""
        return len(self._kept)

    def begin_at(self, point: Vector) -> None:
        """Begin at a stored plan of the base, as a run folder holds it; see `LiveProgram.begin_at`."""
        self.live.begin_at(point)

    def solve(
        self,
        variant: Variant | None = None,
        *,
        phases: list[Phase] | None = None,
        fixed: FixedAmounts | None = None,
        objective: Objective | None = None,
    ) -> Solved:
        """Solve a variant, or the case in use.

        phases: objectives in their order, those of the goal if left out. fixed: decisions, all of them, that stay as
        they are; operations alone are optimised then. objective: in place of the variant's, with `fixed` alone.
        Raises StoppedError after `cancel`, InputError if the case does not know what a fixed decision is about.
        """
        self.live.cancelled.clear()
        self._take(variant)
        if fixed is not None:
            outcome = self._solved_with(fixed, objective or self.case.model.objective, phases)
        elif phases is None and self._found is not None:
            return self._found
        else:
            self.live.release()
            outcome = self.live.solve(self.progress, phases)
        if outcome.stop is Stop.INTERRUPTED:
            raise StoppedError(CANCELLED)
        solved = Solved(outcome=outcome, scope=self.live.scope, program=self.live.program)
        self._found = solved if solved.is_optimal and phases is None and fixed is None else None
        return solved

    def cancel(self) -> None:
        """From another thread: end the solve that goes on, within half a second; it raises StoppedError."""
        self.live.cancel()

    def raise_if_cancelled(self) -> None:
        """Raise StoppedError once `cancel` was called."""
        if self.live.cancelled.is_set():
            raise StoppedError(CANCELLED)

    def _solved_with(
        self, fixed: FixedAmounts, objective: Objective, phases: list[Phase] | None
    ) -> Outcome:
        """The outcome of the phases, those of the objective if none are given, with decisions held."""
        live = self.live
        live.replace(with_decisions(live.unfixed, live.case, fixed))
        wanted = phases_of(objective) if phases is None else phases
        return solve_phases(
            live.program, objective, live.solver, progress=self.progress, phases=wanted
        )

    def _take(self, variant: Variant | None) -> None:
        """Bring a variant into one of the programs kept, the smallest that can hold it, or write one."""
        case = self.case if variant is None else self._case_of(variant)
        if case is self.case:
            return
        self._found = None
        self.live = self._holding(case)
        if self._keeps_fewer():
            give_memory_back()

    def _holding(self, case: Case) -> LiveProgram:
        """A program that holds a case now."""
        by_size = sorted(self._kept, key=lambda live: live.program.matrix.shape)
        taken = next((live for live in by_size if live.update(case, write=False)), None)
        if taken is None:
            recent = (self.live, *self._kept[1:], self._kept[0])
            start = next((live for live in recent if live.shares_as(case)), self.live)
            taken = copy(start)  # which stays as it is
            taken.update(case)
        return taken

    def _keeps_fewer(self) -> bool:
        """Put the program in use behind the first. Returns whether one had to be let go."""
        first, *others = self._kept
        known = [first]
        for live in (self.live, *others):
            if live not in known:
                known.append(live)
        self._kept = _within_room(known)
        return len(self._kept) < len(known)

    def _case_of(self, variant: Variant) -> Case:
        return variant if isinstance(variant, Case) else self.base.changed(variant)


def _within_room(lives: list[LiveProgram]) -> list[LiveProgram]:
    """Programs, the first and then the last used, as many as are kept; the first two in any case."""
    kept: list[LiveProgram] = []
    terms = 0
    for live in lives[:STRUCTURES]:
        terms += live.program.matrix.nnz
        if len(kept) >= 2 and terms > KEPT_TERMS:
            break
        kept.append(live)
    return kept


def with_decisions(program: Program, case: Case, fixed: FixedAmounts) -> Program:
    """The program with all decisions at given amounts by year; a decision without an amount is not taken.

    The program leaves out what can make no difference in its scenarios; a decision on that is passed over.
    Raises InputError if the case does not know a thing decided on.
    """
    left = dict(fixed)

    def around(column: int) -> tuple[float, float]:
        name, index = program.columns[column]
        amount = left.pop((name, (*index[:-1], index[-1] + case.first_year)), 0.0)
        least = max(0.0, amount * (1 - FIXED_ROOM) - FIXED_ROOM)
        return least, amount * (1 + FIXED_ROOM) + FIXED_ROOM

    bounded = decisions_within(program, around)
    _refuse_unknown(case, left)
    return bounded


def decisions_within(program: Program, bounds: Callable[[int], tuple[float, float]]) -> Program:
    """The program with every decision between the two bounds that a function gives for its column."""
    lower, upper = program.lower.copy(), program.upper.copy()
    for column, (name, _) in enumerate(program.columns):
        if name in DECISIONS:
            lower[column], upper[column] = bounds(column)
    return program.with_data(lower=lower, upper=upper)


def _refuse_unknown(case: Case, fixed: FixedAmounts) -> None:
    """Raise InputError for decisions on what a case does not have."""
    known = {*case.projects, *case.programmes, *case.countries}
    faults: list[Fault] = []
    for name, index in fixed:
        if index[0] not in known:
            said = f"decides on {index[0]}, which the case does not know"
            faults.append(Fault("RUN", 0, name, said))
    if faults:
        raise InputError(faults)
