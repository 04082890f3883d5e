"""A study as a function, as tables, and a point of it as a run; outcomes of one's own."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from SALib.sample import latin
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.errors import InfeasibleError, InputError
from planner.results.store import read_run
from planner.studies.experiment import Experiment
from planner.studies.outcomes import SolvedPoint
from planner.studies.run import run_points
from tests.studies.studies import BUDGET, CUT, DEMAND, STARTER, sample


def dear(point: SolvedPoint) -> float:
    """Cost over expected loss."""
    return point.figures["cost_musd"] / (1 + point.figures["expected_loss_musd"])


def late(point: SolvedPoint) -> float:
    """Expected shortage of dysprosium from 2030 on (t)."""
    rows = point.table("shortfall").query("element == 'Dy' and year >= 2030")
    return float((rows["tonnes"] * rows["scenario"].map(point.chances).astype(float)).sum())


OWN = {"dear": dear, "late": late}
LEVERS = [
    {
        "name": "plants",
        "options": [{"label": "all"}, {"label": "mines only", "changes": {"levers": ["mine"]}}],
    }
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six points under two options."""
    folder = tmp_path_factory.mktemp("experiment") / "study"
    outcomes = ["risk_musd", "new_capacity_tpa.coast_plant", *OWN]
    asked = sample(6, levers=LEVERS, outcomes=outcomes)
    run_points(asked, folder, functions=OWN)
    return folder


def test_a_call_gives_what_the_study_gives(folder: Path) -> None:
    outcomes = ["risk_musd", "new_capacity_tpa.coast_plant", *OWN]
    experiment = Experiment(sample(6, levers=LEVERS, outcomes=outcomes), functions=OWN)
    found = planner.open_study(folder)
    results = found.table("results")
    points = results[["budget", "demand", "cut", "plants"]]
    expected = results[outcomes].fillna(0.0)
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
        "num_vars": 3,
        "names": ["budget", "demand", "cut"],
        "dists": ["unif"] * 3,
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


def test_a_point_without_an_answer_is_an_error_and_costs_no_table() -> None:
    limit = {"name": "limit", "change": "objective.risk_limit=?", "values": [0.001, 3000.0]}
    goal = {"objective.goal": "target", "objective.risk_limit": 3000.0}
    experiment = Experiment(sample(6, set=goal) | {"uncertainties": [limit]})
    with pytest.raises(InfeasibleError):
        experiment(limit=0.001)
    assert experiment(limit=3000.0)["risk_musd"] <= 3000.01
    table = experiment.table([[0.001], [3000.0]], errors="nan")
    assert table["risk_musd"].isna().tolist() == [True, False]
    assert "no plan meets the goal" in table["stopped"][0] and table["stopped"][1] == ""


def test_own_outcomes_are_those_of_the_tables_of_a_run_and_a_point_is_a_run(
    folder: Path, tmp_path: Path
) -> None:
    found = planner.open_study(folder)
    point = found.table("results")["point"][3]
    done = CliRunner().invoke(
        app, ["study", "open", str(folder), point[:8], "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0 and "relative difference" not in done.output, done.output
    run, row = read_run(tmp_path / "run"), found.table("results").loc[3]
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
    plan, investments = (
        found.table("plans").query("point == @point and decision == 'build'"),
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


def test_outcomes_of_a_study_made_in_python_are_as_in_a_file(tmp_path: Path) -> None:
    case = planner.load(STARTER["case"], model=STARTER["model"]).changed(
        "demand.*.*.*.*.tonnes=x1.05"
    )
    points = pd.DataFrame({"budget": [0.5, 1.5, None], "demand": [1.0, None, 0.9]})
    asked = {"uncertainties": [BUDGET, DEMAND], "design": {"kind": "list", "file": points}}
    planner.study(asked, tmp_path / "study", case=case, functions={"late": late})
    found = planner.open_study(tmp_path / "study")
    assert found.case.sha256 == case.sha256
    experiment = Experiment(case, uncertainties=[BUDGET, DEMAND], functions={"late": late})
    table = experiment.table(points)
    pd.testing.assert_frame_equal(
        table, found.table("results")[["risk_musd", "cost_musd", "late"]], rtol=1e-6, atol=1e-6
    )
    assert list(found.table("results")["status"]) == ["optimal"] * 3


def test_distributions_lists_and_groups_reach_samplers() -> None:
    kinds = [
        BUDGET | {"distribution": {"kind": "triangular", "mode": 1.0}},
        DEMAND | {"range": None, "distribution": {"kind": "normal", "mean": 1.0, "spread": 0.1}},
        {"name": "who", "change": "policy.coordination=?", "values": ["allied", "national"]},
    ]
    groups = [{"members": ["budget", "demand"], "correlation": 0.5}]
    experiment = Experiment(sample(6) | {"uncertainties": kinds, "correlated": groups})
    problem = experiment.problem
    assert problem["dists"] == ["triang", "norm", "unif"]
    assert problem["bounds"] == [[0.5, 1.5, 0.5], [1.0, 0.1], [0.0, 2.0]]
    drawn = latin.sample(problem, 400, seed=1)
    points = experiment.values_at(drawn)
    assert set(points["who"]) == {"allied", "national"}
    assert points["budget"].astype(float).std() == pytest.approx(1 / 24**0.5, rel=0.05)
    assert points["demand"].astype(float).std() == pytest.approx(0.1, rel=0.05)
    assert [one.distribution.kind for one in experiment.declared][:2] == ["triangular", "normal"]
    assert experiment.correlated[0].correlation == 0.5


def test_a_table_takes_what_a_sampler_draws_of_the_problem_and_no_design_is_asked_for() -> None:
    """A list of values was a range of places in `problem`, and its places no values for `table`."""
    who = {"name": "who", "change": "policy.coordination=?", "values": ["allied", "national"]}
    experiment = Experiment({**STARTER, "uncertainties": [BUDGET, who]})
    drawn = np.array([[0.7, 0.3], [0.7, 1.6]])
    table = experiment.table(drawn)
    told = experiment.table([[0.7, "allied"], [0.7, "national"]])
    pd.testing.assert_frame_equal(table, told)
    assert table["risk_musd"].iloc[0] < table["risk_musd"].iloc[1]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (CUT | {"range": [0.5, 1.2]}, 'uncertainty "cut" at 1.2'),
        (DEMAND | {"range": [-1, 1]}, 'uncertainty "demand" at -1'),
        (BUDGET | {"change": "budgets.*.*.msd=x?"}, 'did you mean "musd"?'),
    ],
)
def test_ranges_that_the_case_cannot_have_are_refused_before_anything_is_solved(
    wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as error:
        Experiment(sample(6) | {"uncertainties": [wrong]})
    assert told in str(error.value)
