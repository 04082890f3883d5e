"""A program that ought to have a plan and has none names the smallest set of inputs that contradict each other."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import planner
from planner.data.case import Case
from planner.solving.conflict import reasons_of
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Program, Vector
from tests.cases import budget, demand, load_case, mine, plant, seeds

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


def spoilt(case: Case, table: str, **values: Any) -> Case:
    """The case with figures in the first row of a table that no file may hold."""
    first, *others = case.tables.rows(table)
    rows = (first.model_copy(update=values), *others)
    return replace(case, tables=replace(case.tables, **{table: rows}))


@pytest.mark.parametrize(
    ("table", "values", "named"),
    [
        ("budgets", {"musd": -5.0}, ["budgets.csv:2 musd -5"]),
        ("training", {"seats": -1.0}, ["training.csv:2 seats -1"]),
        ("workforce", {"initial": -3.0}, ["workforce.csv:2 initial -3"]),
        ("stockpiles", {"initial_t": -2.0}, ["stockpiles.csv:2 initial_t -2"]),
    ],
)
def test_a_contradiction_is_named_by_table_line_and_figure(
    table: str, values: dict[str, float], named: list[str]
) -> None:
    plan = planner.solve(spoilt(planner.load(STARTER), table, **values))
    assert plan.status == "infeasible" and plan.status.exit_code == 3
    said, *lines = plan.summary["reasons"]
    assert "contradict each other" in said
    assert 1 <= len(lines) <= 12
    for text in named:
        assert text in "\n".join(lines)


def has_a_point(program: Program, rows: list[int], columns: set[int], upper: Vector) -> bool:
    """Whether the rows, and the bounds of the columns, can hold together; asked of another front to the solver."""
    matrix = program.matrix[rows]
    low, high = program.row_lower[rows], program.row_upper[rows]
    bounds = [
        (program.lower[j], upper[j]) if j in columns else (-np.inf, np.inf)
        for j in range(len(program.columns))
    ]
    above, below = np.isfinite(high), np.isfinite(low)
    found = linprog(
        np.zeros(len(bounds)),
        A_ub=np.vstack([matrix[above].toarray(), -matrix[below].toarray()]),
        b_ub=np.concatenate([high[above], -low[below]]),
        bounds=bounds,
    )
    return found.status != 2


@pytest.mark.parametrize("seed", seeds(0, 3, 6))
def test_the_set_has_no_plan_and_without_any_of_its_members_it_has_one(seed: int) -> None:
    rng = random.Random(seed)
    session = LiveProgram(planner.load(STARTER))
    program, upper = session.program, session.program.upper.copy()
    upper[program.column["risk", None]] = rng.uniform(0.0, 50.0)
    if seed % 2:
        row = rng.choice([i for i in range(len(program.rows)) if np.isfinite(program.row_upper[i])])
        high = program.row_upper.copy()
        high[row] -= 1e3
        program = replace(program, row_upper=high, row_lower=np.minimum(program.row_lower, high))
    rows, of_columns = Solver(replace(program, upper=upper)).contradiction()
    columns = set(of_columns)
    assert rows
    assert not has_a_point(program, rows, columns, upper)
    for row in rows:
        assert has_a_point(program, [i for i in rows if i != row], columns, upper)
    for column in columns:
        assert has_a_point(program, rows, columns - {column}, upper)
    assert "contradict each other" in reasons_of(session.scope, program, upper)[0]


def test_a_bound_above_its_limit_and_a_sound_program_are_told_apart() -> None:
    session = LiveProgram(planner.load(STARTER))
    program, upper = session.program, session.program.upper.copy()
    assert Solver(program).contradiction() == ([], [])
    assert "rounding" in reasons_of(session.scope, program, upper)[0]
    column = next(j for j, (name, _) in enumerate(program.columns) if name == "stock")
    upper[column] = -1.0
    assert Solver(replace(program, upper=upper)).contradiction() == ([], [column])
    assert "max_t" in reasons_of(session.scope, program, upper)[1]


@pytest.mark.parametrize("end", ["1", "0.9999999995"])
def test_loss_steps_that_end_a_hair_below_one_still_let_the_whole_demand_be_short(
    tmp_path: Path, end: str
) -> None:
    steps = f"element,up_to_share,loss_usd_per_kg\nDy,0.5,1000\nDy,{end},2000"
    case = load_case(
        tmp_path / "case",
        demand=demand(1e5),
        projects=[mine(), plant()],
        budgets=budget(1.0),
        loss_tiers=steps,
    )
    assert planner.solve(case, baseline=False).summary["risk_musd"] == pytest.approx(3 * 1.5e5)
