"""A solver whose bases can be written down and taken up again, in another process or on another day.

A warm result may differ in its last digits, or in its choice among equally good plans, with the path that led
to it. Each point is therefore solved in a fresh solver from bases that are written down, so that a
study that was killed goes on exactly as if it had not been.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import numpy as np

from planner.solving.highs import BASIC, FREE, LOWER, Solution, Solver, Statuses, Stop
from planner.solving.program import Program

Bases = dict[str, str]
"""Phase (a column such as `risk`) -> basis as text."""


class RestartableSolver(Solver):
    """Solver that starts from given bases and tells those it ends with."""

    def __init__(self, program: Program, time_limit: float | None = None, bases: Bases | None = None) -> None:
        super().__init__(program, time_limit)
        self.bases: Bases = dict(bases or {})
        """The last basis of each phase."""
        self._phase = {position: str(name) for (name, index), position in program.column.items() if index is None}
        for phase, text in self.bases.items():
            if (phase, None) in program.column:
                self.begin_from(program.column[phase, None], _unpacked(text))

    def minimise(self, column: int, order: Sequence[str] = ()) -> Solution:
        """Minimise one column and keep the basis."""
        solution = super().minimise(column, order)
        if solution.stop is Stop.OPTIMAL:
            self.bases[self._phase[column]] = _packed(self.statuses(solution.x))
        return solution


def carried_over(bases: Bases, old: Program, new: Program) -> Bases:
    """Bases of one program as a start for another: what both have keeps its status, by name.

    New columns start at a bound and new rows with their slack in the basis; HiGHS mends what does not fit.
    """
    out = {}
    for phase, text in bases.items():
        codes = _unpacked(text)
        columns = dict(zip(old.columns, codes[: len(old.columns)].tolist(), strict=True))
        rows = dict(zip(old.rows, codes[len(old.columns) :].tolist(), strict=True))
        start = [
            columns.get(key, LOWER if np.isfinite(low) else FREE)
            for key, low in zip(new.columns, new.lower.tolist(), strict=True)
        ]
        start += [rows.get(key, BASIC) for key in new.rows]
        out[phase] = _packed(np.array(start, dtype=np.uint8))
    return out


def _packed(statuses: Statuses) -> str:
    return base64.b85encode(zlib.compress(statuses.tobytes(), 6)).decode("ascii")


def _unpacked(text: str) -> Statuses:
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)
