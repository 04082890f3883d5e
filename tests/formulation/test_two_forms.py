"""The Pyomo model, and the arrays that are solved: one program in two forms."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pytest

import planner
from planner.data.load import checked_case
from planner.formulation.linear_expressions import Term, quicksum
from planner.solving.program import Program
from planner.solving.program_writer import program_of
from tests.cases import load_case, seeds, shock
from tests.formulation.golden_tables import LATE
from tests.formulation.of_pyomo import compiled
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
BASE = Path(__file__).parents[2] / "models" / "base.toml"


def assert_same(ours: Program, theirs: Program) -> None:
    assert (ours.columns, ours.rows) == (theirs.columns, theirs.rows)
    assert (ours.matrix != theirs.matrix).nnz == 0 and ours.matrix.nnz == theirs.matrix.nnz
    for name in ("row_lower", "row_upper", "lower", "upper", "goal"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


@pytest.mark.parametrize("seed", seeds(700, 4, 24))
def test_both_are_the_same_bit_for_bit_in_the_same_order(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "case"
    case = checked_case(folder, changes=flat(write_random_case(folder, seed)))
    assert_same(program_of(case), compiled(planner.build_model(case)))


@pytest.mark.parametrize(
    "model",
    [{"objective.odds": "worst"}, {"policy.investment": "staged"}],
    ids=["worst odds", "staged"],
)
def test_odds_and_stages_are_the_same_both_ways(tmp_path: Path, model: dict[str, object]) -> None:
    """A future of two draws, one of probability 0 that decides nothing, and bounds."""
    bounds = "scenario, storyline, probability, probability_low, probability_high\n"
    tables = LATE | {
        "scenarios": f"{bounds}early, war, 0.4, 0.2, 0.5\nlate, war, 0.2, 0.1, 0.4\n"
        "calm, , 0.4, 0.3, 0.6\nnever, , 0, ,",
        "shocks": [*LATE["shocks"], shock("never", "demand", 2, 2027)],
    }
    case = load_case(tmp_path, model, **tables)
    assert_same(program_of(case), compiled(planner.build_model(case)))


@pytest.mark.parametrize("goal", ["risk", "welfare"])
def test_the_model_that_pyomo_writes_to_a_file_has_the_optimum_that_the_planner_reports(
    tmp_path: Path, goal: str
) -> None:
    case = checked_case(STARTER, model=BASE, changes={"objective.goal": goal})
    path = tmp_path / "case.lp"
    planner.build_model(case).write(str(path))
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(path))
    highs.run()
    summary = planner.solve(case, baseline=False).summary
    told = (
        summary["least_risk_musd"]
        if goal == "risk"
        else summary["risk_musd"] + summary["cost_musd"]
    )
    assert highs.getInfo().objective_function_value == pytest.approx(told, rel=1e-6)


def test_no_term_of_a_sum_is_lost() -> None:
    """A whole number of numpy counts as a number; what is none and no expression is refused."""
    total = Term(3) + np.int64(2)
    assert (total.terms, total.constant) == ({3: 1.0}, 2.0)
    assert (np.int64(2) + Term(3)).terms == {3: 1.0}
    with pytest.raises(TypeError, match="str cannot be added to columns"):
        quicksum([Term(3), "2"])
