"""The solver does without rows that seldom bind until a point violates them: the optimum is that of all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.data.load import checked_case
from planner.formulation.whole_program import EQUATIONS
from planner.solving import highs
from planner.solving.engine import Engine
from planner.solving.highs import BASIC, Solver
from planner.solving.lazy_constraints import SELDOM_BINDING, LazyConstraints
from planner.solving.program import Program
from planner.solving.small_programs import SmallProgram
from planner.solving.solution import Stop
from planner.solving.warm_program import WarmProgram
from tests.cases import seeds
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


@pytest.fixture(autouse=True)
def rows_are_left_out_of_the_smallest_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highs, "HOLDS_ALL", 0)


def covered(needed: float, most: float, left: float = 9.0) -> Program:
    """Cost = 3 a + 5 b, a + b >= needed; a <= most and b <= left are rows that seldom bind."""
    small = SmallProgram()
    cost = small.variable("cost")
    a, b = small.variable("a", 0), small.variable("b", 0)
    small.add("staff_limit", a <= most, "a")
    small.add("cost_definition", cost - 3.0 * a - 5.0 * b == 0.0)
    small.add("seat_limit", b <= left, "b")
    small.add("balance", a + b >= needed, 0)
    return small.program()


COST, A, B = 0, 1, 2


def held(solver: Solver) -> list[int]:
    return [int(row) for row in solver.active_rows.positions]


def test_a_row_comes_in_once_a_point_violates_it_and_its_price_is_told() -> None:
    solver = Solver(covered(needed=4, most=7))
    found = solver.minimise(COST)
    assert found.x.tolist() == [12, 4, 0] and held(solver) == [1, 3]
    solver.replace(covered(needed=4, most=1))
    found = solver.minimise(COST)
    assert found.stop is Stop.OPTIMAL
    assert found.x.tolist() == [18, 1, 3] and held(solver) == [1, 3, 0]
    # One more of `most` spares the two by which b is dearer.
    assert found.duals.tolist() == [-2, 1, 0, 5]
    solver.replace(covered(needed=4, most=2))
    assert solver.minimise(COST).x.tolist() == [16, 2, 2]


def test_statuses_are_of_all_rows_wherever_they_stand_in_the_solver() -> None:
    solver = Solver(covered(needed=4, most=1))
    solver.minimise(COST)
    statuses = solver.last_bases["cost"]
    columns, rows = np.split(statuses, [3])
    assert (columns == BASIC).all()
    assert (rows == BASIC).tolist() == [False, False, True, False]
    solver.replace(covered(needed=4, most=7))
    solver.minimise(COST)
    rows_of_enough = solver.last_bases["cost"][3:]
    assert (rows_of_enough == BASIC).tolist() == [True, False, True, False]
    other = Solver(covered(needed=4, most=1))
    other.begin_from("cost", statuses)
    assert other.minimise(COST).x.tolist() == [18, 1, 3]
    assert other._highs.getInfo().simplex_iteration_count == 0 and held(other) == [1, 3, 0]


def test_what_only_a_row_left_out_bounds_is_bounded() -> None:
    solver = Solver(covered(needed=4, most=7))
    found = solver.minimise_sum(np.array([0.0, -1.0, 0.0]), ["dual", "ipm"], "most of a")
    assert found.stop is Stop.OPTIMAL and found.x[A] == 7


def test_a_search_knows_of_all_rows() -> None:
    solver = Solver(covered(needed=4.5, most=1.5))
    solver.minimise(COST)
    assert held(solver) == [1, 3, 0]
    whole = np.array([A, B], dtype=np.int32)
    assert solver.search(COST, whole, 0.0).x.tolist() == [1 * 3 + 4 * 5, 1, 4]


@pytest.mark.parametrize("seed", seeds(0, 4, 40))
def test_random_cases_have_the_optimum_of_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    model = write_random_case(tmp_path / "case", seed)
    case = checked_case(tmp_path / "case", changes=flat(model))
    program = WarmProgram(case).program
    column = program.column["risk", None]
    few = Solver(program)
    found = few.minimise(column)
    monkeypatch.setattr(highs, "HOLDS_ALL", np.inf)
    all_rows = Solver(program).minimise(column)
    assert found.stop is all_rows.stop
    if found.stop is Stop.OPTIMAL:
        assert found.x[column] == pytest.approx(all_rows.x[column], rel=1e-6, abs=1e-6)
        assert found.certificate is not None and found.certificate.worst() <= highs.TOLERANCE
        left_out = few.active_rows.missing(np.arange(len(program.rows)))
        assert not found.duals[left_out].any()


def test_changes_one_after_the_other_end_where_each_does_from_nothing() -> None:
    engine = Engine(planner.load(STARTER))
    engine.solve()
    for change in ("training.*.seats=-90%", "skills.*.mentor_ratio=-50%", "training.*.seats=+50%"):
        try:
            case = engine.base.changed(change)
        except planner.InputError:
            pytest.fail(f"{change} is no change of the starter case")
        warm = engine.solve(case).value("risk")
        assert warm == pytest.approx(Engine(case).solve().value("risk"), rel=1e-6)


def test_rows_that_seldom_bind_are_limits_on_what_is_there() -> None:
    assert {equation.name for equation in EQUATIONS} >= SELDOM_BINDING
    program = WarmProgram(planner.load(STARTER)).program
    left_out = LazyConstraints.needed_first(program).missing(np.arange(len(program.rows)))
    assert len(left_out)
    assert np.isinf(program.row_lower[left_out]).all()
