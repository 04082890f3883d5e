"""A program kept loaded: ask again with other figures, and only what they touch is compiled and solved again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event

import numpy as np

from planner.data.case import Case
from planner.data.scenario_tree import Tree, scenario_tree
from planner.errors import StoppedError
from planner.formulation.index_sets import Scope
from planner.host import collector_paused
from planner.solving.goals import Outcome, Phase, phases_of, solve_phases
from planner.solving.highs import BASIC, LOWER, TOLERANCE, UPPER, Solver, usual_way
from planner.solving.program import Program, Vector, residuals
from planner.solving.program_update import changes, origins, switched_off, with_switches
from planner.solving.program_writer import Writer
from planner.solving.row_labels import refuse_beyond_solver
from planner.solving.settings import BETWEEN, GOAL_WAY, LONGEST_WAY, NEAR_WAY
from planner.solving.solution import Stop
from planner.solving.whole_plants import WholePlants
from planner.solving.zero_probability_losses import with_least_losses

Say = Callable[[str], None]
CANCELLED = "the solve was cancelled"


@dataclass(frozen=True, kw_only=True)
class _Refilled:
    """Index sets and program with other figures, whole, and with what the case switches off at zero."""

    scope: Scope
    whole: Program
    switched: Program


@dataclass(frozen=True)
class _Differs:
    """The reason why a program has to be built again. structural: more than figures differs."""

    why: str
    structural: bool = False


class WarmProgram:
    """A case, its program and a solver that remembers its bases.

    `update(case)` changes the figures in place where it can, holds at zero what a case switches off, and writes the
    program again where a change alters structure (lead time, horizon, an added project, something that was zero);
    `rebuilt` then says why, and the solver begins at the last plan.
    """

    def __init__(self, case: Case, time_limit: float | None = None) -> None:
        self.time_limit = time_limit
        self.cancelled = Event()
        """While it is set, no run of the solver begins, and no program is written."""
        self.rebuilt = ""
        self._write(case)

    def begin_at(self, point: Vector) -> None:
        """Begin at a stored plan of the case: a row for each phase, the columns first. The basis that it suggests, with
        all that lies between bounds or has no reduced cost, is repaired by the solver: the real case takes 2 CPU seconds,
        from nothing 35. A point of another program is left alone."""
        program = self.program
        phases = phases_of(self.case.model.objective)
        columns = len(program.columns)
        if point.shape != (len(phases), columns + len(program.rows)):
            return
        lower = np.append(program.lower, program.row_lower)
        upper = np.append(program.upper, program.row_upper)
        for phase, values in zip(phases, point, strict=True):
            x, duals = np.split(values, [columns])
            at = np.append(x, program.matrix @ x)
            room = BETWEEN * (1 + np.abs(at))
            between = (at > lower + room) & (at < upper - room)
            cost = program.unit_cost(program.column[phase.column, None])
            reduced = np.append(cost - program.matrix.T @ duals, duals)
            codes = np.where(at - lower <= upper - at, LOWER, UPPER)
            codes[between | (np.abs(reduced) <= BETWEEN)] = BASIC
            self.solver.begin_from(phase.name, codes.astype(np.uint8), way=LONGEST_WAY)

    def _write(self, case: Case) -> None:
        """Hold another case. The one before stays if this is cancelled."""
        scope = Scope(case)
        # With `self` a cycle would keep old programs.
        writer = Writer(scope, partial(_end_if, self.cancelled))
        program = writer.program()
        refuse_beyond_solver(scope, program)
        self.case = case
        self.scope = self._wide = scope
        """Index sets of the program, with the present case; and with all that the program could do."""
        self._written = case
        """The case whose index sets they are."""
        self.program = self.unfixed = self._whole = program
        """The program in use; that of the case, without decisions that `replace` fixes; and with nothing at zero that the
        case switches off."""
        self._writer = writer
        self.solver = Solver(program, time_limit=self.time_limit, cancelled=self.cancelled)

    def replace(self, program: Program) -> None:
        """Put a program with other figures in place of that of the case, until `release` or `update`."""
        self.solver.replace(program)
        self.program = program

    def release(self) -> None:
        """Undo `replace`."""
        if self.program is not self.unfixed:
            self.replace(self.unfixed)

    def solve(self, say: Say, phases: list[Phase] | None = None) -> Outcome:
        """Solve the phases of the goal, or those given; the first run is cold, later ones start from earlier bases.

        With whole plants only the linear programs do: the search over whole numbers begins anew each time.
        """
        self.solver.reset_bounds()
        outcome = self._solved(say, phases)
        if outcome.stop is Stop.INFEASIBLE and self.program is not self._whole:
            # What is at zero is no limit of the case: nothing that says why may name it.
            self._write(self.case)
        return outcome

    def cancel(self) -> None:
        """End a solve that goes on in another thread."""
        self.cancelled.set()
        self.solver.cancel()

    def _solved(self, say: Say, phases: list[Phase] | None) -> Outcome:
        """The outcome of the phases, those of the goal if none are given, with whole plants where the case has them."""
        whole = self.case.model.policy.whole_plants
        minimiser = WholePlants(self.scope, self.solver, self._holds) if whole else self.solver
        outcome = solve_phases(
            self.program, self.case.model.objective, minimiser, progress=say, phases=phases
        )
        if phases is not None:
            return outcome
        return with_least_losses(self.scope, self.program, self.solver, outcome)

    def _holds(self, x: Vector) -> bool:
        """A point x (n), its whole numbers rounded, meets every row and bound within tolerance."""
        missed = residuals(self.program, self.program.upper, x)
        return float(np.max(missed, initial=0.0)) <= TOLERANCE

    def update(self, case: Case, write: bool = True) -> bool:
        """Take other figures. Returns whether the program could be kept; else it was written again, if it may be.

        Raises StoppedError if it is cancelled meanwhile; the case held is then still the one before.
        """
        refilled = self._with_figures(case)
        if isinstance(refilled, _Refilled):
            self._take(case, refilled)
            return True
        if write:
            self._write_near(case, refilled)
        return False

    def _take(self, case: Case, refilled: _Refilled) -> None:
        """Take other figures in place."""
        goal, self.case = self.case.model.objective.goal, case
        self.rebuilt = ""
        self._wide, self._whole = refilled.scope, refilled.whole
        self.scope = refilled.scope.with_case(case)
        self.unfixed = self.program = refilled.switched
        self.solver.replace(self.program)
        if goal != case.model.objective.goal:
            rows, columns = self.program.matrix.shape
            # A limit of risk near that of the last plan takes some steps; from a far one the way is longer than from nothing.
            way = GOAL_WAY if case.model.objective.limit is None else usual_way(rows)
            self.solver.begin_near(self.solver, np.arange(columns), np.arange(rows), way)

    def _write_near(self, case: Case, differs: _Differs) -> None:
        """Write the program of another case, to be solved from the last plan of this one where that is near."""
        scope, program, solver = self._wide, self._whole, self.solver
        near = self.shares_as(case)
        self._write(case)
        self.rebuilt = differs.why
        if not near:
            return
        # With one objective its own last basis is at hand, and the shorter way.
        several = len(phases_of(case.model.objective)) > 1
        way = NEAR_WAY if differs.structural and several else 0.0
        columns, rows = origins(scope, program, self.scope, self.program)
        self.solver.begin_near(solver, columns, rows, way)

    def shares_as(self, case: Case) -> bool:
        """One case has the countries of the other in the same groups, and may have more: else its plan is no start."""
        ours, theirs = self.case.lookups.group.items(), case.lookups.group.items()
        return ours <= theirs or theirs <= ours

    def program_of(self, case: Case) -> Program | None:
        """The program with the figures of another case; None if its structure differs. The session stays as it is."""
        refilled = self._with_figures(case)
        return refilled.switched if isinstance(refilled, _Refilled) else None

    @collector_paused()
    def _with_figures(self, case: Case) -> _Refilled | _Differs:
        """The program of a case that differs in figures and switches only, or why it differs in more."""
        built = self._wide
        wide = with_switches(case, self._written)
        found = changes(self._written, built.case, wide)
        if found.structural:
            return _Differs(found.structural, structural=True)
        scope = Scope(wide)
        # Not that of the wider case: what can be known may hang on what may be built.
        scope.__dict__["tree"] = scenario_tree(case)
        balances = {"demand", "imports", "shocks", "resale"} & {table for table, _ in found.columns}
        scope.reuse(built, same_coverage=not balances)
        if _shape(built.tree) != _shape(scope.tree):
            return _Differs("the histories that scenarios share differ")
        if balances and not _same_covered(built, scope):
            return _Differs("imports now cover other demands, or others can sell on, than before")
        starts = {"ramps", "schedule"} & {table for table, _ in found.columns}
        if starts and scope.nodes_by_capacity() != built.capacity_node:
            return _Differs("builds of one usable capacity now differ in it")
        program = self._writer.refilled(self._whole, scope, found.affected)
        if program is None:
            return _Differs("the figures add or remove terms of the program")
        refuse_beyond_solver(scope, program)
        off = switched_off(case, scope, program)
        switched = program
        if len(off):
            upper = program.upper.copy()
            upper[off] = 0.0
            switched = program.with_data(upper=upper)
        return _Refilled(scope=scope, whole=program, switched=switched)


def _end_if(cancelled: Event) -> None:
    if cancelled.is_set():
        raise StoppedError(CANCELLED)


def _shape(tree: Tree) -> list[tuple[object, ...]]:
    return [(node.period, node.parent, node.scenarios) for node in tree.nodes]


def _same_covered(one: Scope, two: Scope) -> bool:
    """Imports cover the same demands in two sets of index sets, and the same can be sold on."""
    if not np.array_equal(one.active, two.active):
        return False
    for good, nodes in one.covered.items():
        if not np.array_equal(nodes, two.covered[good]):
            return False
    same_resale = one.resold.keys() == two.resold.keys() and one.resale_rivals == two.resale_rivals
    return same_resale and one.import_limits.keys() == two.import_limits.keys()
