"""Charges of few parties: of all that no coalition can better, those with the largest least gain, then the next."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import inf

from planner.errors import StoppedError
from planner.solving.game import Coalition
from planner.solving.highs import Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop
from planner.solving.written_rows import WrittenRow, equation, program_of_rows

ROOM = (0.0, 1e-9, 1e-8, 1e-7)
"""Parts of the largest cost and risk by which coalitions are let off, one after the other, where rounding leaves no
charges."""
GAIN_ROOM = 1e-12
"""Part of it by which a least gain may be missed that was found."""
STUCK = 1e-8
"""Part of it by which a gain must be able to grow not to be stuck at the least one."""
ORDER = ("dual", "primal", "ipm")


def fairest(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition
) -> dict[str, float]:
    """Of all charges that no coalition can better, those with the largest least gain, then the next largest, and so on.

    alone: party -> its cost and risk (MUSD); known: those of coalitions. Raises StoppedError if there are none.
    """
    scale = max(1.0, *map(abs, known.values()))
    parts: dict[Coalition, float] = {}
    for members, amount in known.items():
        if members:
            parts[members] = amount / scale
    own: dict[str, float] = {}
    for party, amount in alone.items():
        own[party] = amount / scale
    for room in ROOM:
        found = _LeastGains(own, parts, everyone, room).charges()
        if found is not None:
            return {party: scale * charge for party, charge in found.items()}
    raise StoppedError("no charges were found that nobody can better")


class _LeastGains:
    """The program of charges that no coalition can better, coalitions let off by some room."""

    def __init__(
        self,
        alone: Mapping[str, float],
        known: Mapping[Coalition, float],
        everyone: Coalition,
        room: float,
    ) -> None:
        self._alone, self._parties = alone, sorted(everyone)
        self.program = _program(alone, known, everyone, room)
        self._solver = Solver(self.program)
        self._loss = self.program.column["loss", None]

    def charges(self) -> dict[str, float] | None:
        """Charges by party; None if rounding leaves none that every coalition agrees to."""
        waiting = list(self._parties)
        while waiting:
            self._solver.bound(self._loss, inf)
            point = self._least(self._loss)
            if point is None:
                return None
            loss = float(point[self._loss])
            self._solver.bound(self._loss, loss + GAIN_ROOM)
            for party in self._stuck(waiting, loss):
                most = self._alone[party] + loss + GAIN_ROOM
                self._solver.bound(self._column("charge", party), most)
                self._solver.bound(self._column("beyond", party), inf)
                waiting.remove(party)
        point = self._least(self._column("charge", self._parties[0]))
        if point is None:
            return None
        charges: dict[str, float] = {}
        for party in self._parties:
            charges[party] = float(point[self._column("charge", party)])
        return charges

    def _stuck(self, waiting: list[str], loss: float) -> list[str]:
        """Parties whose gain cannot be more than the least; at least the one that can have least more."""
        more = dict.fromkeys(waiting, 0.0)
        for party in waiting:
            charge = self._column("charge", party)
            point = self._least(charge)
            if point is not None:
                more[party] = self._alone[party] + loss - float(point[charge])
        stuck = [party for party in waiting if more[party] <= STUCK]
        return stuck or [min(waiting, key=lambda party: (more[party], party))]

    def _least(self, column: int) -> Vector | None:
        found = self._solver.minimise(column, ORDER)
        return found.x if found.stop is Stop.OPTIMAL else None

    def _column(self, name: str, party: str) -> int:
        return self.program.column[name, party]


def _program(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition, room: float
) -> Program:
    """Charges that no coalition can better: charge <= alone + loss + beyond, so that `beyond` 0 puts a party's gain
    above the least one, - loss."""
    parties = sorted(everyone)
    rows: list[WrittenRow] = []
    for members, amount in known.items():
        charges: dict[Key, float] = {}
        for party in sorted(members):
            charges["charge", party] = 1.0
        key: Key = ("agreed", members)
        if members == everyone:
            rows.append(equation(key, charges, amount))
        else:
            rows.append(WrittenRow(key=key, terms=charges, upper=amount + room))
    for party in parties:
        terms: dict[Key, float] = {("charge", party): 1.0, ("beyond", party): -1.0}
        terms["loss", None] = -1.0
        rows.append(WrittenRow(key=("gain", party), terms=terms, upper=alone[party]))
    columns: list[Key] = list(product(("charge", "beyond"), parties))
    columns.append(("loss", None))
    return program_of_rows(rows, _bounds, columns)


def _bounds(column: str) -> tuple[float, float]:
    return (0.0, 0.0) if column == "beyond" else (-inf, inf)
