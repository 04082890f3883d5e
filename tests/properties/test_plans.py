"""What every plan must be: proven, verified, and equal in all its accounts."""

from __future__ import annotations

import pytest
from hypothesis import given

import planner
from planner.results.verify import verify
from planner.solving.goals import solve_phases
from planner.solving.highs import Solver
from planner.solving.program_writer import program_of
from tests.properties.random_cases import few, seeds, world

GOALS = ("risk", "welfare")


@few
@given(seeds)
def test_the_verifier_and_the_program_agree_on_risk_cost_and_expected_loss(seed: int) -> None:
    """Two formulations of the same words: the columns of the program, and sums over the reported tables."""
    with world(seed) as base:
        case = planner.load(base.folder, base.model(objective__goal=GOALS[seed % 2]))
        program = program_of(case)
        x = solve_phases(
            program, case.model.objective, Solver(program), progress=lambda _: None
        ).last.x
        plan = planner.solve(case, baseline=False)
        checked = verify(case, plan.tables)
        assert checked.holds
        assert plan.summary["certificate"]["primal_residual"] <= 1e-6
        assert checked.cost == pytest.approx(x[program.column["cost", None]], rel=1e-6, abs=1e-5)
        assert checked.losses.expected == pytest.approx(
            x[program.column["expected_loss", None]], rel=1e-6, abs=1e-5
        )
        # The program's risk may hold a slack that the losses do not need: never less than theirs.
        assert checked.losses.risk <= x[program.column["risk", None]] * (1 + 1e-6) + 1e-5


@few
@given(seeds)
def test_the_same_case_gives_the_same_bytes(seed: int) -> None:
    with world(seed) as base:
        one, other = base.solve(), base.solve()
        assert {n: t.to_csv() for n, t in one.tables.items()} == {
            n: t.to_csv() for n, t in other.tables.items()
        }
