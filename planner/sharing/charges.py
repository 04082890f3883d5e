"""Charges of few parties: of all that no coalition can better, those with the largest least gain, then the next."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from planner.errors import StoppedError
from planner.formulation.linear_expressions import quicksum
from planner.sharing.coalition_game import Coalition
from planner.sharing.minimax_shares import add_shares, evened
from planner.solving.highs import Solver
from planner.solving.program import Program
from planner.solving.small_programs import SmallProgram

LET_OFF = (0.0, 1e-9, 1e-8, 1e-7)
"""Parts of the largest cost and risk by which coalitions are let off, one after the other, where rounding leaves no
charges."""


def fairest(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition
) -> dict[str, float]:
    """Of all charges that no coalition can better, those with the largest least gain, then the next largest, and so on.

    alone: party -> its cost and risk (MUSD); known: those of coalitions. Raises StoppedError if there are none.
    """
    scale = max(1.0, *map(abs, known.values()))
    parties = sorted(everyone)
    weights = dict.fromkeys(parties, 1.0)
    own = {party: alone[party] / scale for party in parties}
    parts = {members: amount / scale for members, amount in known.items() if members}
    for room in LET_OFF:
        program = _charges(own, parts, everyone, room)
        point = evened(Solver(program), parties, weights=weights, bases=own)
        if point is not None:
            column = program.column
            return {party: scale * float(point[column["amount", party]]) for party in parties}
    raise StoppedError("no charges were found that nobody can better")


def _charges(
    alone: Mapping[str, float], known: Mapping[Coalition, float], everyone: Coalition, room: float
) -> Program:
    """Charges that no coalition can better; a party's charge less what it would pay alone, a loss, is its share."""
    small = SmallProgram()
    charges = small.variables("amount", alone, lower=-inf)
    for members, amount in known.items():
        together = quicksum(charges[party] for party in sorted(members))
        row = together == amount if members == everyone else together <= amount + room
        small.add("agreed", row, members)
    weights = dict.fromkeys(alone, 1.0)
    add_shares(small, charges, weights=weights, bases=alone, least=-inf)
    return small.program()
