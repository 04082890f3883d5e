"""Of the bases kept in a large program the one from which the least is to do is begun at."""

from __future__ import annotations

import numpy as np
import pytest

from planner.solving import highs
from planner.solving.highs import Solver
from planner.solving.program import Key, Program
from planner.solving.solution import Stop
from planner.solving.written_rows import WrittenRow, program_of_rows

GOODS = 8
COST = 0


def supplied(made: float) -> Program:
    """Cost = 1 for each of eight goods made, 9 for each bought; each is wanted once. made: the most of each."""
    columns: list[Key] = [("cost", None)]
    rows = []
    cost: dict[Key, float] = {("cost", None): 1.0}
    for good in range(GOODS):
        here, bought = ("here", good), ("bought", good)
        columns += [here, bought]
        cost[here], cost[bought] = -1.0, -9.0
        rows.append(WrittenRow(key=("made", good), terms={("here", good): 1.0}, upper=made))
        rows.append(WrittenRow(key=("wanted", good), terms={here: 1.0, bought: 1.0}, lower=1.0))
    rows.append(WrittenRow(key=("cost_definition", None), terms=cost, lower=0.0, upper=0.0))
    return program_of_rows(rows, lambda _: (0.0, np.inf), columns)


def steps(solver: Solver, program: Program) -> int:
    solver.replace(program)
    found = solver.minimise(COST)
    assert found.stop is Stop.OPTIMAL
    return int(solver._highs.getInfo().simplex_iteration_count)


@pytest.mark.parametrize("large", [True, False])
def test_a_way_back_begins_where_the_fewest_constraints_are_missed(
    monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    """The limits are between those of two earlier plans, and each figure differs from both."""
    monkeypatch.setattr(highs, "LARGE_PROGRAM", 0 if large else np.inf)
    solver = Solver(supplied(made=3))
    assert solver.minimise(COST).x[COST] == GOODS
    assert steps(solver, supplied(made=0.5)) == GOODS
    assert solver.minimise(COST).x[COST] == pytest.approx(GOODS * (0.5 + 9 * 0.5))
    # From the first plan nothing is to do; the last one has made too little everywhere.
    assert (steps(solver, supplied(made=2)) == 0) is large
    assert solver.minimise(COST).x[COST] == GOODS
