"""The only file that names the solver: HiGHS, loaded once with whole arrays, its objective and bounds changed in place.

Huangfu and Hall, Parallelizing the dual revised simplex method, Math. Prog. Comp. 10 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from threading import Thread, current_thread, main_thread

import highspy
import numpy as np
from numpy.typing import NDArray

from planner.solving.program import Certificate, Program, Vector, certify

TOLERANCE = 1e-6
"""Largest certificate figure of an optimum."""
GRACE_SECONDS = 0.5
"""How long an interrupted solve may take to end by itself; its thread ends with the program."""
SOLVER_THREAD = "solver"
SMALL_PROGRAM = 20_000
"""Nonzeros below which the simplex method is at least as fast as interior point (measured)."""


class Stop(StrEnum):
    """Why the solver stopped."""

    OPTIMAL = "optimal"
    """An optimum, proven by its own residuals."""
    INFEASIBLE = "infeasible"
    """No point meets all constraints."""
    TIME_LIMIT = "time_limit"
    """The time was up before an optimum was proven."""
    INTERRUPTED = "interrupted"
    """Somebody asked to stop."""
    UNPROVEN = "unproven"
    """No algorithm reached a point whose certificate holds."""


@dataclass(frozen=True)
class Solution:
    """Why it stopped, and the point held: columns x (n), row duals (m), certificate. No point unless optimal."""

    stop: Stop
    x: Vector
    duals: Vector
    certificate: Certificate | None
    algorithm: str = ""


class _SilentHighs(highspy.Highs):
    """HiGHS that keeps its banner off stdout, where `--json` writes."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Solver:
    """One program in one HiGHS object. Later objectives, and later data, start from a basis found before."""

    def __init__(self, program: Program, time_limit: float | None = None) -> None:
        self.program = program
        self.upper = program.upper.copy()
        self._highs = _SilentHighs()  # type: ignore[no-untyped-call]
        self._option("threads", 1)
        # Tighter than the certificate asks, so that the residuals of the unscaled program stay below it.
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "ipm_optimality_tolerance"):
            self._option(name, 1e-8)
        if time_limit is not None:
            self._option("time_limit", float(time_limit))
        if self._highs.passModel(_as_lp(program)) == highspy.HighsStatus.kError:
            raise RuntimeError("HiGHS refused the program")
        self._bases: dict[int, highspy.HighsBasis] = {}
        self._has_basis = False

    def bound(self, column: int, upper: float) -> None:
        """Set the upper bound of a column."""
        self.upper[column] = upper
        self._highs.changeColBounds(column, float(self.program.lower[column]), float(upper))

    def reset_bounds(self) -> None:
        """Undo `bound`."""
        for column in np.flatnonzero(_different(self.upper, self.program.upper)).tolist():
            self.bound(column, self.program.upper[column])

    def replace(self, program: Program) -> None:
        """Change the data to those of a program with the same rows and columns; bases are kept."""
        old, self.program, self.upper = self.program, program, program.upper.copy()
        changed = np.flatnonzero(old.matrix.data != program.matrix.data)
        of_changed = np.searchsorted(program.matrix.indptr, changed, side="right") - 1
        for row, position in zip(of_changed.tolist(), changed.tolist(), strict=True):
            self._highs.changeCoeff(row, int(program.matrix.indices[position]), float(program.matrix.data[position]))
        rows = _different(old.row_lower, program.row_lower) | _different(old.row_upper, program.row_upper)
        for row in np.flatnonzero(rows).tolist():
            self._highs.changeRowBounds(row, float(program.row_lower[row]), float(program.row_upper[row]))
        everything = np.arange(len(program.lower), dtype=np.int32)
        self._highs.changeColsBounds(len(everything), everything, program.lower, program.upper)

    def minimise(self, column: int) -> Solution:
        """Minimise one column; tries another algorithm if the certificate of the first does not hold."""
        cost = np.zeros(len(self.program.columns))
        cost[column] = 1.0
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
        solution = Solution(Stop.UNPROVEN, np.empty(0), np.empty(0), None)
        for algorithm in self._algorithms(column):
            solution = self._run(algorithm, cost, self._bases.get(column) if algorithm == "again" else None)
            if solution.stop is not Stop.UNPROVEN:
                break
        if solution.stop is Stop.OPTIMAL and self._has_basis:
            self._bases[column] = self._highs.getBasis()
        return solution

    def _algorithms(self, column: int) -> tuple[str, ...]:
        """Measured order: `again` is dual simplex from the basis this objective ended with on earlier data;
        `primal` is primal simplex from the basis of the objective before."""
        small = self.program.matrix.nnz < SMALL_PROGRAM
        if column in self._bases:
            return ("again", "ipm", "dual")
        if self._has_basis:
            return ("primal", "dual", "ipm") if small else ("primal", "ipm", "dual")
        return ("dual", "ipm", "primal") if small else ("ipm", "dual")

    def _run(self, algorithm: str, cost: Vector, basis: highspy.HighsBasis | None) -> Solution:
        if basis is not None:
            self._highs.setBasis(basis)
        elif not (algorithm == "primal" and self._has_basis):
            self._highs.clearSolver()
        # "ipm" alone would mean another code where the solver's extras are installed.
        self._option("solver", "ipx" if algorithm == "ipm" else "simplex")
        self._option("simplex_strategy", 4 if algorithm == "primal" else 1)
        self._run_interruptibly()
        status = self._highs.getModelStatus()
        ends = {
            highspy.HighsModelStatus.kInfeasible: Stop.INFEASIBLE,
            highspy.HighsModelStatus.kTimeLimit: Stop.TIME_LIMIT,
            highspy.HighsModelStatus.kInterrupt: Stop.INTERRUPTED,
        }
        if status in ends:
            return Solution(ends[status], np.empty(0), np.empty(0), None, algorithm)
        found = self._highs.getSolution()
        if not (found.value_valid and found.dual_valid):
            return Solution(Stop.UNPROVEN, np.empty(0), np.empty(0), None, algorithm)
        x, duals = np.array(found.col_value), np.array(found.row_dual)
        certificate = certify(self.program, cost, self.upper, x, duals)
        self._has_basis = bool(self._highs.getBasis().valid)
        stop = Stop.OPTIMAL if certificate.worst() <= TOLERANCE else Stop.UNPROVEN
        return Solution(stop, x, duals, certificate, algorithm)

    def _run_interruptibly(self) -> None:
        """HiGHS in a thread of its own: Python hears Ctrl-C only between two of its own instructions."""
        if current_thread() is not main_thread():
            self._highs.run()
            return
        thread = Thread(target=self._highs.run, name=SOLVER_THREAD, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(1.0)
        except KeyboardInterrupt:
            self._option("time_limit", 0.0)  # read by HiGHS at every iteration
            thread.join(GRACE_SECONDS)
            raise

    def _option(self, name: str, value: bool | float | str) -> None:
        if self._highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise RuntimeError(f"HiGHS refused option {name} = {value}")


def _different(old: Vector, new: Vector) -> NDArray[np.bool_]:
    return np.asarray(old != new)


def _as_lp(program: Program) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows, columns = program.matrix.shape
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_ = program.goal
    lp.col_lower_, lp.col_upper_ = program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = program.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = program.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = program.matrix.data
    return lp


def version() -> str:
    """Version of HiGHS."""
    return str(_SilentHighs().version())  # type: ignore[no-untyped-call]
