"""A study as a function, as tables, and a point of it as a run; outcomes of one's own."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import InfeasibleError, InputError
from planner.parallel import Here
from planner.results.store import read_run
from planner.studies.experiment import Experiment
from planner.studies.outcomes import Formula, Found
from planner.studies.run import run_points
from tests.studies.studies import STARTER, sample

OWN = {
    "dear": "cost_musd / (1 + max(expected_loss_musd, 1, 2))",
    "late": 'expected(shortfall.tonnes, element == "Dy", year >= 2030)',
    "late_share": "100 * late / (late + 50)",
}
LEVERS = [
    {
        "name": "plants",
        "options": [
            {"label": "all"},
            {"label": "mines only", "changes": [{"key": "levers", "value": ["mine"]}]},
        ],
    }
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six points under two options."""
    folder = tmp_path_factory.mktemp("experiment") / "study"
    outcomes = ["risk_musd", "new_capacity_tpa.coast_plant", *OWN]
    run_points(
        sample(6, levers=LEVERS, outcomes=outcomes, expressions=OWN, check_share=0.0), folder, Here
    )
    return folder


def test_a_call_gives_what_the_study_gives(folder: Path) -> None:
    outcomes = ["risk_musd", "new_capacity_tpa.coast_plant", *OWN]
    experiment = Experiment(sample(6, levers=LEVERS, outcomes=outcomes, expressions=OWN))
    found = planner.open_study(folder)
    points = found.results[["budget", "demand", "cut", "plants"]]
    expected = found.results[outcomes].fillna(0.0)
    pd.testing.assert_frame_equal(experiment.table(points), expected, rtol=1e-7, atol=1e-6)
    again = pickle.loads(pickle.dumps(experiment))  # noqa: S301
    assert again(**points.iloc[7].to_dict())["risk_musd"] == pytest.approx(
        expected["risk_musd"][7], rel=1e-9
    )
    base = planner.solve(planner.load(STARTER["case"], model=STARTER["model"]), baseline=False)
    assert experiment(demand=np.float64(1.0))["risk_musd"] == pytest.approx(
        base.summary["risk_musd"], rel=1e-9
    )
    assert experiment.problem == {
        "names": ["budget", "demand", "cut"],
        "bounds": [[0.5, 1.5], [0.9, 1.1], [0.05, 0.4]],
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"budgt": 1.0}, 'unknown (did you mean "budget"?)'),
        ({"budget": 1.6}, "1.6 lies outside its range, 0.5 to 1.5"),
        ({"budget": "much"}, "'much' is no number"),
        ({"plants": "mine only"}, '(did you mean "mines only"?)'),
    ],
)
def test_a_call_is_checked_as_the_file_is(values: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        Experiment(sample(6, levers=LEVERS))(**values)
    assert told in str(error.value)


def test_a_point_without_an_answer_is_an_error_and_the_next_is_solved() -> None:
    limit = {"name": "limit", "key": "objective.risk_limit", "values": [0.001, 3000.0]}
    goal = {"objective.goal": "target", "objective.risk_limit": 3000.0}
    experiment = Experiment(sample(6, set=goal) | {"uncertainties": [limit]})
    with pytest.raises(InfeasibleError):
        experiment(limit=0.001)
    assert experiment(limit=3000.0)["risk_musd"] <= 3000.01


def test_own_outcomes_are_those_of_the_tables_of_a_run_and_a_point_is_a_run(
    folder: Path, tmp_path: Path
) -> None:
    found = planner.open_study(folder)
    point = found.results["point"][3]
    done = CliRunner().invoke(
        app, ["study", "open", str(folder), point[:8], "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0 and "relative difference" not in done.output, done.output
    run, row = read_run(tmp_path / "run"), found.results.loc[3]
    assert row["risk_musd"] == pytest.approx(run.summary["risk_musd"], rel=1e-7)
    assert row["dear"] == pytest.approx(
        run.summary["cost_musd"] / (1 + run.summary["expected_loss_musd"]), rel=1e-6
    )
    short = run.tables["shortfall"].query("element == 'Dy' and year >= 2030")
    weights = short["scenario"].map(run.case.scenarios).astype(float)
    assert (
        row["late"] == pytest.approx((short["tonnes"] * weights).sum(), rel=1e-6)
        and row["late"] > 0
    )
    assert row["late_share"] == pytest.approx(100 * row["late"] / (row["late"] + 50))
    plan, investments = (
        found.plans.query("point == @point and decision == 'build'"),
        run.tables["investments"],
    )
    by_year = plan.groupby(["thing", "year"])["amount"].sum()
    assert by_year.to_dict() == pytest.approx(
        investments.groupby(["project", "year"])["tpa"].sum().to_dict(), rel=1e-6
    )
    assert found.case_at(3).tables.budgets == run.case.tables.budgets
    for wrong, told in (("zzz", "is no point of the study"), ("", "may be any of 12 points")):
        with pytest.raises(InputError, match=told):
            found.case_at(wrong)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("risk_mus", 'neither a number nor a figure (did you mean "risk_musd"?)'),
        ("risk_musd +", "cannot be read"),
        ("own + 1", "neither a number nor a figure"),
        ("sum(shortfal.tonnes)", 'no column (did you mean "shortfall.tonnes"?)'),
        (
            "sum(shortfall.tonnes, elemnt == 'Dy')",
            'no column of shortfall (did you mean "element"?)',
        ),
        ("sum(shortfall.tonnes, year == '2030')", "year holds numbers"),
        ("sum(shortfall.tonnes, 2030 <= year)", "is no condition"),
        ("total(shortfall.tonnes)", "is no function"),
        ("sum(spending.musd)", "is no column"),
        ("().__class__.__base__", "neither a number nor a figure"),
        ("__import__('os').system('true')", "neither a number nor a figure"),
        ("risk_musd ** 99999999", "neither a number nor a figure"),
        ("sum(shortfall.tonnes, year in [x for x in ()])", "year holds numbers"),
        ("-" * 399 + "1", ""),
        ("-" * 400 + "1", "longer than"),
        ("sum(shortfall.country)", "shortfall.country holds words; they can only be counted"),
    ],
)
def test_an_expression_says_nothing_but_arithmetic(text: str, told: str) -> None:
    if not told:
        assert Formula(text, ["risk_musd"]).tables == frozenset()
        return
    with pytest.raises(InputError) as error:
        Experiment(sample(4, expressions={"own": text}))
    assert told in str(error.value) and "expressions.own" in str(error.value)


def test_an_expression_is_worked_out_by_hand() -> None:
    rows = pd.DataFrame(
        {"scenario": ["a", "b", "b"], "year": [2030, 2030, 2031], "tonnes": [4.0, 10.0, 6.0]}
    )
    found = Found({"x": 3.0}, {"shortfall": rows}, {"a": 0.75, "b": 0.25})
    for text, value in {
        "-x / 2 + min(x, 1) * abs(-4)": 2.5,
        "expected(shortfall.tonnes)": 7.0,
        "sum(shortfall.tonnes, year in (2030, 2031), scenario != 'a')": 16.0,
        "most(shortfall.tonnes, year < 2031) - least(shortfall.tonnes)": 6.0,
        "mean(shortfall.tonnes, year > 2030) + count(shortfall.tonnes)": 9.0,
    }.items():
        assert Formula(text, ["x"]).value(found) == value, text
    assert np.isnan(Formula("1 / (x - 3)", ["x"]).value(found))
    assert ast.dump(Formula("x", ["x"]).tree) == ast.dump(ast.Name("x", ast.Load()))
