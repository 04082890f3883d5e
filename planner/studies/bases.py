"""A solver whose bases can be written down and taken up again, in another process or on another day.

A warm result may differ in its last digits, or in its choice among equally good plans, with the path that led
to it. Each point is therefore solved in a fresh HiGHS object from bases that are written down, so that a
study that was killed goes on exactly as if it had not been.
"""

from __future__ import annotations

import base64
import zlib

import highspy
import numpy as np
from numpy.typing import NDArray

from planner.solving.highs import Solution, Solver
from planner.solving.program import Program, Vector

Bases = dict[str, str]
"""Phase (a column such as `risk`) -> basis as text."""
LEAST_STEPS, NO_LIMIT = 1_000, 2**31 - 1
STATUSES = sorted(highspy.HighsBasisStatus.__members__.values(), key=int)
LOWER, BASIC = int(highspy.HighsBasisStatus.kLower), int(highspy.HighsBasisStatus.kBasic)


class RestartableSolver(Solver):
    """Solver that starts from given bases and tells those it ends with."""

    def __init__(self, program: Program, time_limit: float | None = None, bases: Bases | None = None) -> None:
        super().__init__(program, time_limit)
        for name, text in (bases or {}).items():
            if (name, None) in program.column:
                self._bases[program.column[name, None]] = _read(text, program)

    def _run(self, algorithm: str, cost: Vector, basis: highspy.HighsBasis | None) -> Solution:
        # A basis that helps does so within few steps. After more, starting anew by interior point is faster;
        # steps are counted, not seconds, so that every machine decides alike.
        steps = max(LEAST_STEPS, len(self.program.rows) // 8) if algorithm == "again" else NO_LIMIT
        self._option("simplex_iteration_limit", steps)
        return super()._run(algorithm, cost, basis)

    def bases(self) -> Bases:
        """The bases of the last solve of each phase."""
        names = {position: str(key[0]) for key, position in self.program.column.items() if key[1] is None}
        return {names[position]: _written(basis) for position, basis in sorted(self._bases.items())}


def carried_over(bases: Bases, old: Program, new: Program) -> Bases:
    """Bases of one program as a start for another: what both have keeps its status, by name.

    New columns start at a bound and new rows with their slack in the basis; HiGHS mends what does not fit.
    """
    out = {}
    for phase, text in bases.items():
        codes = np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)
        columns = dict(zip(old.columns, codes[: len(old.columns)].tolist(), strict=True))
        rows = dict(zip(old.rows, codes[len(old.columns) :].tolist(), strict=True))
        free = int(highspy.HighsBasisStatus.kZero)
        start = [
            columns.get(key, LOWER if np.isfinite(low) else free)
            for key, low in zip(new.columns, new.lower.tolist(), strict=True)
        ]
        start += [rows.get(key, BASIC) for key in new.rows]
        out[phase] = _packed(np.array(start, dtype=np.uint8))
    return out


def _written(basis: highspy.HighsBasis) -> str:
    codes = np.fromiter((int(s) for part in (basis.col_status, basis.row_status) for s in part), dtype=np.uint8)
    return _packed(codes)


def _packed(codes: NDArray[np.uint8]) -> str:
    return base64.b85encode(zlib.compress(codes.tobytes(), 6)).decode("ascii")


def _read(text: str, program: Program) -> highspy.HighsBasis:
    codes = np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)
    statuses = [STATUSES[code] for code in codes.tolist()]
    basis = highspy.HighsBasis()
    columns = len(program.columns)
    basis.col_status, basis.row_status = statuses[:columns], statuses[columns:]
    basis.valid, basis.alien = True, True
    return basis
