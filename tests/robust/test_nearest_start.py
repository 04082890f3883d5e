"""Of the bases kept in a large program the one from which the least is to do is begun at."""

from __future__ import annotations

import numpy as np
import pytest

from planner.formulation.linear_expressions import quicksum
from planner.solving import highs
from planner.solving.highs import Solver
from planner.solving.program import Program
from planner.solving.small_programs import SmallProgram
from planner.solving.solution import Stop

GOODS = 8
COST = 0


def supplied(made: float) -> Program:
    """Cost = 1 for each of eight goods made, 9 for each bought; each is wanted once. made: the most of each."""
    small = SmallProgram()
    cost = small.variable("cost")
    parts = []
    for good in range(GOODS):
        here, bought = small.variable("here", good), small.variable("bought", good)
        parts += [here, 9.0 * bought]
        small.add("made", here <= made, good)
        small.add("wanted", here + bought >= 1.0, good)
    small.add("cost_definition", cost - quicksum(parts) == 0.0)
    return small.program()


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
