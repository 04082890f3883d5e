"""Solves that come to the same digits wherever and after whatever they are asked: from bases that are written down.

A warm result may differ in its last digits, or in its choice among equally good plans, with the path that led to it.
Each variant is therefore solved in a fresh solver from bases as text, which another process or another day takes up.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Program, Vector
from planner.solving.solution import Solution, Stop
from planner.solving.variants import Variants

PackedBases = dict[str, str]
"""Phase -> basis as text."""
GOLDEN = 0.6180339887498949
"""Its multiples leave no two projects with weights in a simple proportion."""


class RestartableSolver(Solver):
    """Solver that writes down the bases it ends with."""

    def __init__(self, program: Program, **limits: Any) -> None:
        super().__init__(program, **limits)
        self.bases: PackedBases = {}
        """The last basis of each phase, in the order of their ends."""

    def begin(self, bases: PackedBases) -> None:
        """Take up bases in place of its own."""
        self.bases, self._bases = dict(bases), {}
        for phase, text in bases.items():
            statuses = zlib.decompress(base64.b85decode(text))
            self.begin_from(phase, np.frombuffer(statuses, dtype=np.uint8))

    def minimise(
        self, column: int, order: Sequence[str] = (), phase: str = "", following: int | None = None
    ) -> Solution:
        """Minimise one column and write down the basis."""
        solution = super().minimise(column, order, phase, following)
        if solution.stop is Stop.OPTIMAL:
            name = phase or self.program.columns[column][0]
            self.bases.pop(name, None)  # which keeps the order
            packed = zlib.compress(self.statuses(solution.x).tobytes(), 6)
            self.bases[name] = base64.b85encode(packed).decode("ascii")
        return solution

    def equally_good(self, columns: NDArray[np.intp]) -> list[Vector]:
        """Two more points of the optimum just found, at which some columns are as far apart as they are in a direction
        of no meaning; fewer where one is not proven. What they agree on is, but for chance, the same in all."""
        direction = np.zeros(len(self.program.columns))
        direction[columns] = 1 + np.arange(1, len(columns) + 1) * GOLDEN % 1
        found: list[Vector] = []
        for cost in (direction, -direction):
            self._set_cost(cost)
            solution = self._run("primal", cost, None)
            if solution.stop is Stop.OPTIMAL:
                found.append(solution.x)
        return found


class RestartableProgram(LiveProgram):
    """A program whose solver can be taken up by another process."""

    solver_type = RestartableSolver
    solver: RestartableSolver


class RestartableVariants(Variants):
    """Variants in one program, each from a given start."""

    program_type = RestartableProgram
    live: RestartableProgram

    def take(self, case: Case, bases: PackedBases) -> bool:
        """Take a variant and bases to begin from. Returns whether the program could stay; else it is written again."""
        live = self.live
        live.solver.begin(bases)
        self._found = None
        if not live.update(case):
            return False
        live.solver = RestartableSolver(live.program, time_limit=live.time_limit)
        live.solver.begin(bases)
        return True

    @property
    def bases(self) -> PackedBases:
        """The bases that the last solve ended with."""
        return self.live.solver.bases

    def equally_good(self, columns: NDArray[np.intp]) -> list[Vector]:
        """See `RestartableSolver.equally_good`."""
        return self.live.solver.equally_good(columns)
