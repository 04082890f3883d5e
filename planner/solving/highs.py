"""The only file that names the solver: HiGHS, loaded once with whole arrays, its objective and bounds changed in place.

Huangfu and Hall, Parallelizing the dual revised simplex method, Math. Prog. Comp. 10 (2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from threading import Event, Thread, current_thread, main_thread

import highspy
import numpy as np
from numpy.typing import NDArray

from planner.host import VERSION
from planner.parallel import SOLVER_THREAD
from planner.solving.lazy_constraints import LazyConstraints, Positions
from planner.solving.program import (
    SMALLEST_COEFFICIENT,
    Program,
    Vector,
    certify,
    dual_objective,
    dual_residuals,
)
from planner.solving.settings import (
    FEWEST,
    HOLDS_ALL,
    LARGE_PROGRAM,
    LATER_STEPS,
    LITTLE,
    LONGEST_WAY,
    MISFIT,
    MOST_STEPS,
    NEXT_WEIGHT,
    PRIMAL,
    PRIMAL_WAY,
    SHARED,
    SMALL_PROGRAM,
    STRATEGY,
)
from planner.solving.solution import FEASIBLE, Searched, Solution, Stop, is_within

TOLERANCE = 1e-6
"""Largest certificate figure of an optimum."""
GRACE_SECONDS = 0.5
"""Seconds that an interrupted solve may take to end by itself; its thread ends with the program."""
NO_LIMIT = 2**31 - 1
AGAIN = ("again", "again primal")
STARTS = ("near", *AGAIN)
"""Algorithms that begin where an earlier program, or earlier data, ended."""
LEAST = "least"
"""The phase in which a column is minimised whose limit may be out of reach."""
AS_HIGHS_LIKES, DEVEX, EXACT = -1, 1, 2
"""Edge weights of the dual simplex method."""
Columns = NDArray[np.int32]
"""Positions of columns."""
Origins = NDArray[np.int64]
"""Origins in another program, -1 for what is not there."""
Statuses = NDArray[np.uint8]
"""A basis as the status of each column, then of each row: one of the codes below."""
_STATUS = np.array(sorted(highspy.HighsBasisStatus.__members__.values(), key=int), dtype=object)
LOWER, BASIC, UPPER, FREE = range(4)
_INTEGER, _CONTINUOUS = (
    np.uint8(highspy.HighsVarType.kInteger),
    np.uint8(highspy.HighsVarType.kContinuous),
)
_ENDS = {
    highspy.HighsModelStatus.kOptimal: Stop.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Stop.INFEASIBLE,
    highspy.HighsModelStatus.kTimeLimit: Stop.TIME_LIMIT,
    highspy.HighsModelStatus.kInterrupt: Stop.INTERRUPTED,
}

_UNBOUNDED = (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible)


class _SilentHighs(highspy.Highs):
    """HiGHS that keeps its banner off stdout, where `--json` writes."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Solver:
    """One program in one HiGHS object. Later objectives, and later data, start from a basis found before."""

    def __init__(
        self,
        program: Program,
        *,
        time_limit: float | None = None,
        longest_way: float | None = None,
        cancelled: Event | None = None,
        grows: bool = False,
    ) -> None:
        """longest_way: iterations after which a kept basis is given up, as a share of the rows; `usual_way` if left out.
        cancelled: once it is set, no run begins, and one that goes on ends. grows: rows are added
        again and again, so that few iterations follow each start: no exact edge weights, which are a solve for each row
        (measured)."""
        self.program = program
        if longest_way is None:
            longest_way = usual_way(len(program.rows))
        self._ways = dict.fromkeys(AGAIN, longest_way) | {"primal": PRIMAL_WAY}
        self._cancelled = cancelled or Event()
        self.lower, self.upper = program.lower.copy(), program.upper.copy()
        self._highs = _SilentHighs()  # type: ignore[no-untyped-call]
        self._options(threads=1, log_to_console=False, small_matrix_value=SMALLEST_COEFFICIENT)
        # Primal simplex takes a third less of iterations, or half, where bounds stay as they are (measured).
        self._options(primal_simplex_bound_perturbation_multiplier=0.0)
        # Not `self` in the callback: HiGHS would keep this object alive.
        asked_to_stop = self._cancelled.is_set
        highs = self._highs
        for asks in (highs.cbSimplexInterrupt, highs.cbIpmInterrupt, highs.cbMipInterrupt):
            asks.subscribe(lambda event: event.interrupt(asked_to_stop()))
        # Tighter than the certificate asks, so that the residuals of the unscaled program stay below it.
        self._options(
            primal_feasibility_tolerance=1e-8,
            dual_feasibility_tolerance=1e-8,
            ipm_optimality_tolerance=1e-8,
        )
        self._seconds = math.inf if time_limit is None else float(time_limit)
        self._small = program.matrix.nnz < SMALL_PROGRAM
        self._weights = DEVEX if grows else AS_HIGHS_LIKES
        # Exact edge weights are a solve for each row and spare half of the iterations, in a large program none.
        self._is_large = program.matrix.nnz >= LARGE_PROGRAM
        self._again_weights = DEVEX if grows or self._small or self._is_large else EXACT
        holds_all = grows or program.matrix.nnz < HOLDS_ALL
        self.active_rows = (
            LazyConstraints.all_of(program) if holds_all else LazyConstraints.needed_first(program)
        )
        self._cost = program.goal
        self._load()
        self._kept: dict[str, list[tuple[Program, Statuses]]] = {}
        """Phase -> the data and the basis of its first optimum and of its last one, in the order of the last ones."""
        self._first_way: dict[str, float] = {}
        """Iterations that the next run from a basis taken up may go, as a share of the rows, by phase."""
        self._near: Statuses | None = None
        """A basis at which the next phase may begin, if the program or its goal was another one before."""
        self._has_basis, self._met = False, ""
        """The phase solved last on these data; the basis held meets all constraints of the next one too."""

    def _load(self) -> None:
        """Pass the rows held, with the present bounds and costs."""
        program = replace(self.program, lower=self.lower, upper=self.upper, goal=self._cost)
        _pass(self._highs, program, self.active_rows)

    def _hold_rows(self, rows: Positions) -> None:
        """Have some rows held too, so that all of the program is scaled anew; bases are kept."""
        missing = self.active_rows.missing(rows)
        if len(missing):
            self.active_rows = self.active_rows.with_more(missing)
            self._load()

    def _hold_all_rows(self) -> None:
        self._hold_rows(np.arange(len(self.program.rows)))

    def bound(self, column: int, upper: float) -> None:
        """Set the upper bound of a column."""
        self.upper[column] = upper
        self._highs.changeColBounds(column, float(self.lower[column]), float(upper))

    def hold(self, columns: Columns, lower: Vector, upper: Vector) -> None:
        """Set both bounds of some columns."""
        self._met = ""
        self.lower[columns], self.upper[columns] = lower, upper
        self._highs.changeColsBounds(len(columns), columns, lower, upper)

    def reset_bounds(self) -> None:
        """Undo `bound` and `hold`."""
        lower, upper = self.program.lower, self.program.upper
        changed = np.flatnonzero((lower != self.lower) | (upper != self.upper)).astype(np.int32)
        self.hold(changed, lower[changed], upper[changed])

    def replace(self, program: Program) -> None:
        """Change the data to those of a program with the same rows and columns; bases are kept."""
        old, self.program = self.program, program
        matrix = program.matrix
        changed = np.flatnonzero(old.matrix.data != matrix.data)
        rows = np.searchsorted(matrix.indptr, changed, side="right") - 1
        columns = matrix.indices[changed].tolist()
        values = matrix.data[changed].tolist()
        for row, column, value in zip(rows.tolist(), columns, values, strict=True):
            place = self.active_rows.place(row)
            if place >= 0:
                self._highs.changeCoeff(place, column, value)
        lower, upper = program.row_lower, program.row_upper
        for row in np.flatnonzero((old.row_lower != lower) | (old.row_upper != upper)).tolist():
            place = self.active_rows.place(row)
            if place >= 0:
                self._highs.changeRowBounds(place, float(lower[row]), float(upper[row]))
        self.hold(np.arange(len(program.lower), dtype=np.int32), program.lower, program.upper)

    def grow(self, program: Program) -> None:
        """Take over, whole so that all of it is scaled, a program with more rows at the end; the last basis is kept."""
        last = self.last_bases.get(self._met)
        self.program, self._kept = program, {}
        self.active_rows = LazyConstraints.all_of(program)
        self._load()
        if last is not None:
            more = len(program.columns) + len(program.rows) - len(last)
            basis = np.append(last, np.full(more, BASIC, dtype=np.uint8))
            self.begin_from(self._met, basis)
            self._set_basis(basis)
        self._met = ""

    def begin_from(self, phase: str, statuses: Statuses, way: float | None = None) -> None:
        """Take up a basis for a phase in place of all that it ended with. way: iterations that the next run from it may
        go, as a share of the rows; those of any kept basis if left out."""
        self._kept[phase] = [(self.program, statuses)]
        if way is not None:
            self._first_way[phase] = way

    def _set_basis(self, statuses: Statuses) -> None:
        """Go to a basis; rows that bind in it are held from now on."""
        of_columns, of_rows = np.split(statuses, [len(self.program.columns)])
        self._hold_rows(np.flatnonzero(of_rows != BASIC))
        basis = highspy.HighsBasis()
        basis.col_status = list(_STATUS[of_columns])
        basis.row_status = list(_STATUS[of_rows[self.active_rows.positions]])
        basis.valid, basis.alien = True, True
        self._highs.setBasis(basis)

    def _present_basis(self, x: Vector) -> Statuses | None:
        """The present basis, x being its solution; None if there is none.

        Which bound a nonbasic variable is at is read off x: to ask HiGHS takes ten times as long.
        """
        status, basic = self._highs.getBasicVariables()  # type: ignore[attr-defined]  # not in its stubs
        if status != highspy.HighsStatus.kOk:
            return None
        at = np.concatenate([x, self.program.matrix @ x])
        lower = np.concatenate([self.lower, self.program.row_lower])
        upper = np.concatenate([self.upper, self.program.row_upper])
        codes = np.where(at - lower <= upper - at, LOWER, UPPER).astype(np.uint8)
        codes[np.isinf(lower) & np.isinf(upper)] = FREE
        codes[len(x) :][self.active_rows.missing(np.arange(len(self.program.rows)))] = BASIC
        positions = np.asarray(basic)
        codes[positions[positions >= 0]] = BASIC
        basic_rows = self.active_rows.positions[-1 - positions[positions < 0]]
        codes[len(x) + basic_rows] = BASIC
        return codes

    def begin_near(self, other: Solver, columns: Origins, rows: Origins, way: float) -> None:
        """Begin where another solver ended: which of its columns (n) and rows (m) each of ours is, or -1.

        Its bases are taken over; where way > 0 the next phase begins at its last optimum, and goes that far, as a
        share of the rows. What was minimised or held there, all that has no index, comes into that basis: it may
        take any value now. Does nothing if too little is the same.
        """
        if not other._kept or np.mean(rows >= 0) < SHARED:
            return
        program = self.program
        above = np.where(np.isfinite(program.upper), UPPER, FREE)
        new_columns = np.where(np.isfinite(program.lower), LOWER, above)
        fresh = np.append(new_columns, np.full(len(rows), BASIC))
        row_places = np.where(rows >= 0, rows + len(other.program.columns), -1)
        at = np.append(columns, row_places)
        for phase, theirs in other.last_bases.items():
            codes = np.where(at >= 0, theirs[at], fresh).astype(np.uint8)
            self.begin_from(phase, codes)
        if abs(np.count_nonzero(codes == BASIC) - len(rows)) > MISFIT * len(rows):
            self._kept = {}
        elif way:
            measures = [j for j, (_, index) in enumerate(program.columns) if index is None]
            codes[measures] = BASIC
            self._near, self._ways["near"] = codes, way

    def minimise(
        self,
        column: int,
        order: Sequence[str] = (),
        phase: str = "",
        *,
        following: int | None = None,
        limited: int | None = None,
    ) -> Solution:
        """Minimise one column; tries another algorithm if the certificate of the first does not hold.

        order: the algorithms to try (`again` ones only where a basis is kept); by default as measured. phase: the name
        under which the basis is kept; by default that of the column. following: the column that is minimised after it,
        which a large program looks at from the beginning. limited: a column whose limit may be out of reach: where no
        start leads to an optimum, its least value says so before anything else is tried.
        """
        phase = phase or self.program.columns[column][0]
        order = order or self._algorithms(phase, column)
        cost = self.program.unit_cost(column)
        starts = [algorithm for algorithm in order if algorithm in STARTS]
        if limited is not None and starts:
            solution = self.minimise_sum(cost, starts, phase)
            if solution.stop is not Stop.UNPROVEN:
                return solution
            solution = self._least_of(limited)
            if solution.stop is Stop.INFEASIBLE:
                return solution
            order = [algorithm for algorithm in order if algorithm not in STARTS]
        leaning = None
        if following is not None and self._is_large:
            leaning = cost + NEXT_WEIGHT * self.program.unit_cost(following)
        return self.minimise_sum(cost, order, phase, leaning)

    def _least_of(self, limited: int) -> Solution:
        """The least value of a column without its limit; infeasible where that is beyond the limit."""
        limit = self.upper[limited]
        self.bound(limited, self.program.upper[limited])
        solution = self.minimise(limited, phase=LEAST)
        self.bound(limited, limit)
        if solution.stop is not Stop.OPTIMAL or is_within(solution.x[limited], limit):
            return solution
        least = float(solution.x[limited])
        return Solution(Stop.INFEASIBLE, np.empty(0), np.empty(0), None, least_limited=least)

    def minimise_sum(
        self, cost: Vector, order: Sequence[str], phase: str, leaning: Vector | None = None
    ) -> Solution:
        """Minimise a weighted sum of the columns (n), as `minimise` does one.

        leaning: a sum near it, whose optimum interior point goes to first; primal simplex goes on from there.
        """
        self._set_cost(cost)
        solution = Solution(Stop.UNPROVEN, np.empty(0), np.empty(0), None)
        starts: dict[str, Statuses | None] = {"near": self._near}
        if phase in self._kept:
            starts["primal"] = self.last_bases.get(
                self._met
            )  # what is tried before moves away from it
        starts |= dict.fromkeys(AGAIN, self._nearest(phase))
        way = self._ways["again"]
        part = 1.0
        if self._met not in ("", phase) and "primal" in order:
            part = min(1.0, LATER_STEPS / (way * len(self.program.rows)))
        if phase in self._first_way:
            part = self._first_way.pop(phase) / way
        for algorithm in order:
            if algorithm == "ipm" and leaning is not None:
                # The plan of least risk that interior point finds has cost in it that nothing asks for: to take that out
                # again is a longer way than the one to the plan. Where cost weighs a little it is not there.
                self._set_cost(leaning)
                solution = self._run("ipm", leaning, None)
                self._set_cost(cost)
                if solution.stop is Stop.INFEASIBLE:
                    break  # whatever is minimised
                if solution.stop is Stop.OPTIMAL and self._has_basis:
                    algorithm = "primal"
            solution = self._run(algorithm, cost, starts.get(algorithm), part)
            if solution.stop is not Stop.UNPROVEN:
                break
        if solution.stop is Stop.OPTIMAL and self._has_basis:
            self._keep(phase, self._present_basis(solution.x))
        return solution

    def _keep(self, phase: str, basis: Statuses | None) -> None:
        """Keep the basis that a phase ended with."""
        if self._near is not None:
            self._kept = {}
        before = self._kept.pop(phase, [])
        if basis is not None:
            self._kept[phase] = [*before[:1], (self.program, basis)]
        self._near, self._met = None, phase

    @property
    def last_bases(self) -> dict[str, Statuses]:
        """Phase -> the basis that it ended with last, in the order of their ends: what another solver can begin from."""
        return {phase: kept[-1][1] for phase, kept in self._kept.items()}

    def _nearest(self, phase: str) -> Statuses | None:
        """Of the first basis of a phase, to which people go back, and the last one that whose data differ from the
        present ones in fewer figures."""
        nearest, least = None, math.inf
        for program, basis in reversed(self._kept.get(phase, [])):
            differing = program.differing(self.program)
            if differing < least:
                nearest, least = basis, differing
        return nearest

    def _set_cost(self, cost: Vector) -> None:
        self._cost = cost
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)

    def proven(self, column: int, duals: Vector) -> float:
        """The value (MUSD) below which a column cannot be, as row duals (m) prove, dual infeasibilities set aside."""
        return dual_objective(self._bounded(), self.program.unit_cost(column), self.upper, duals)

    def search(
        self, column: int, whole: Columns, gap: float, start: Vector | None = None
    ) -> Searched:
        """Minimise one column over the points in which the columns `whole` are whole numbers.

        gap: it may end once the value is proven to be that near, relative to max(1, |value|). start: a point to begin
        with. The same input gives the same point unless the time is up. Bases of earlier runs are kept.
        """
        self._hold_all_rows()
        self._set_cost(self.program.unit_cost(column))
        self._highs.clearSolver()
        self._has_basis, self._met = False, ""
        self._set_kind(whole, _INTEGER)
        absolute = max(gap, FEASIBLE)
        self._options(solver="choose", mip_rel_gap=gap, mip_abs_gap=absolute)
        if start is not None:
            places = np.arange(len(start), dtype=np.int32)
            self._highs.setSolution(len(start), places, start)
        self._run_interruptibly()
        stop, info = self._ended(), self._highs.getInfo()
        feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(self._highs.getSolution().col_value if feasible else [])
        self._set_kind(whole, _CONTINUOUS)
        return Searched(stop, x, float(info.mip_dual_bound))

    def _set_kind(self, columns: Columns, kind: np.uint8) -> None:
        self._highs.changeColsIntegrality(len(columns), columns, np.full(len(columns), kind))

    def _bounded(self) -> Program:
        return replace(self.program, lower=self.lower)

    def _algorithms(self, phase: str, column: int) -> tuple[str, ...]:
        """Measured order: `again` is simplex from a basis this phase ended with on earlier data; `primal` is primal
        simplex from the basis of the objective before; `near` simplex from that of the plan of another program or goal.
        What is minimised once more is nearly there already."""
        later = self._met not in ("", phase)
        once_more = later and phase != self.program.columns[column][0]
        first: tuple[str, ...] = ("near",) if self._near is not None else ()
        if phase in self._kept and not once_more:
            first = (*first, "again")
        others = ("dual", "ipm") if self._small else ("ipm", "dual")
        return (*first, "primal", *others) if later else (*first, *others, "primal")

    def _run(
        self, algorithm: str, cost: Vector, basis: Statuses | None, part: float = 1.0
    ) -> Solution:
        """One run of an algorithm.

        basis: to start from. part: of the iterations that are allowed otherwise from a kept one. A result of drifted
        values is solved again from its own basis.
        """
        if algorithm != "primal" or not self._has_basis:
            self._highs.clearSolver()  # else it goes on with the edge weights of another basis
        if basis is not None:
            self._set_basis(basis)
        # "ipm" alone would mean another code where the solver's extras are installed.
        name = "ipx" if algorithm == "ipm" else "simplex"
        self._options(solver=name)
        # From a basis that was optimal, costs perturbed as much as from none lead away from an optimum near by; costs
        # not perturbed at all stall.
        again = algorithm in AGAIN
        way = self._ways.get(algorithm, math.inf) * (part if again else 1.0)
        longest = max(way * len(self.program.rows), FEWEST)
        strategy = STRATEGY.get(algorithm, 1)
        if again and self._is_large and not self._is_dual_feasible(cost):
            strategy = PRIMAL
        self._options(
            simplex_strategy=strategy,
            simplex_dual_edge_weight_strategy=self._again_weights if again else self._weights,
            dual_simplex_cost_perturbation_multiplier=LITTLE if again else 1.0,
            simplex_iteration_limit=int(min(longest, NO_LIMIT)),
        )
        found = self._found(algorithm, cost)
        coarse = found.certificate is not None and found.certificate.worst() > TOLERANCE / 10
        if coarse and self._ended() is Stop.OPTIMAL:
            # After many updates of a factor values drift unseen by HiGHS; a new factor of the same basis corrects them.
            self._highs.setBasis(self._highs.getBasis())
            self._options(solver="simplex")
            found = self._found(algorithm, cost)
        return found

    def _is_dual_feasible(self, cost: Vector) -> bool:
        """The present basis is dual feasible for a cost (n), or would be with columns at their other bounds. Where it is
        not, dual simplex makes it so before all else and loses the optimum near by: after a loss per kg was weighed
        otherwise the real case took more than 8,000 steps of it without an end, and 1,074 of primal simplex."""
        status, basic = self._highs.getBasicVariables()  # type: ignore[attr-defined]  # not in its stubs
        if status != highspy.HighsStatus.kOk:
            return True
        of_basis = np.where(basic >= 0, cost[basic], 0.0)  # rows cost nothing
        _, prices = self._highs.getBasisTransposeSolve(of_basis)  # type: ignore[attr-defined]
        duals = self.active_rows.spread(prices)
        wrong = dual_residuals(self._bounded(), cost, self.upper, duals)
        return float(np.max(wrong)) <= TOLERANCE

    def _found(self, algorithm: str, cost: Vector) -> Solution:
        """The point of a run with its certificate; without a point, the reason."""
        self._run_interruptibly()
        self._run_till_all_rows_hold()
        stop, found = self._ended(), self._highs.getSolution()
        has_point = found.value_valid and found.dual_valid
        if stop not in (Stop.OPTIMAL, Stop.UNPROVEN) or not has_point:
            stop = Stop.UNPROVEN if stop is Stop.OPTIMAL else stop
            return Solution(stop, np.empty(0), np.empty(0), None, algorithm=algorithm)
        x, duals = np.array(found.col_value), self.active_rows.spread(np.array(found.row_dual))
        certificate = certify(self._bounded(), cost=cost, upper=self.upper, x=x, duals=duals)
        self._has_basis = bool(self._highs.getBasis().valid)
        stop = Stop.OPTIMAL if certificate.worst() <= TOLERANCE else Stop.UNPROVEN
        return Solution(stop, x, duals, certificate, algorithm=algorithm)

    def _run_till_all_rows_hold(self) -> None:
        """Have the rows held that an optimum violates, and go on from it by dual simplex, until it violates none."""
        if self._highs.getModelStatus() in _UNBOUNDED and not self.active_rows.are_all:
            self._hold_all_rows()
            self._run_interruptibly()
        while not self.active_rows.are_all and self._ended() is Stop.OPTIMAL:
            x = np.array(self._highs.getSolution().col_value)
            violated = self.active_rows.violated(self.program, x)
            if not len(violated):
                return
            basis = self._present_basis(x)
            self._hold_rows(violated)
            if basis is not None:
                self._set_basis(basis)
            self._options(
                solver="simplex",
                simplex_strategy=1,
                simplex_dual_edge_weight_strategy=DEVEX,
                dual_simplex_cost_perturbation_multiplier=LITTLE,
            )
            self._run_interruptibly()

    def cancel(self) -> None:
        """End a run that goes on in another thread, at its next iteration."""
        self._cancelled.set()

    def _ended(self) -> Stop:
        if self._cancelled.is_set():
            return Stop.INTERRUPTED
        return _ENDS.get(self._highs.getModelStatus(), Stop.UNPROVEN)

    def _run_interruptibly(self) -> None:
        """HiGHS in a thread of its own where Ctrl-C may come: Python hears it only between two of its own
        instructions. There it also has threads of its own, whatever HiGHS was run in the main thread before."""
        if self._cancelled.is_set():
            return
        # Its clock goes on from run to run.
        self._options(time_limit=self._highs.getRunTime() + self._seconds)
        if current_thread() is not main_thread():
            self._highs.run()
            return
        thread = Thread(target=self._highs.run, name=SOLVER_THREAD, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(1.0)
        except KeyboardInterrupt:
            self.cancel()
            thread.join(GRACE_SECONDS)
            raise

    def _options(self, **values: bool | float | str) -> None:
        for name, value in values.items():
            if self._highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
                raise RuntimeError(f"HiGHS refused option {name} = {value}")


def usual_way(rows: int) -> float:
    """Iterations after which a kept basis of a program with so many rows is given up, as a share of them."""
    return min(LONGEST_WAY, MOST_STEPS / rows)


def _pass(highs: highspy.Highs, program: Program, rows: LazyConstraints) -> None:
    """Hand over a program with the rows held, as arrays: a HighsLp would take them over figure by figure."""
    matrix, row_lower, row_upper = rows.of(program)
    count, columns = matrix.shape
    row_wise, minimise = highspy.MatrixFormat.kRowwise, highspy.ObjSense.kMinimize
    shape = (columns, count, matrix.nnz, int(row_wise), int(minimise), 0.0)
    columns_and_sides = (program.goal, program.lower, program.upper, row_lower, row_upper)
    entries = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data)
    continuous = np.zeros(columns, dtype=np.int32)
    status = highs.passModel(*shape, *columns_and_sides, *entries, continuous)
    if status == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused the program")


@cache
def versions() -> dict[str, str]:
    """Name -> version of what a result depends on besides the inputs: the planner and the solver."""
    return {"planner": VERSION, "highs": metadata.version("highspy")}
