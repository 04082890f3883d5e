"""Groups of scenarios bound the least risk from both sides; one group for each scenario gives it exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from benchmarks.generate import Size, generate
from planner.cli import app
from planner.data.case import Case
from planner.data.shocks import effects_by_scenario
from planner.results.losses import cvar
from planner.studies.approximate import approximate, bounds
from planner.studies.approximation import loss_table, plan_tables
from planner.studies.fixed import evaluate
from planner.studies.means import first_groups, parted, risk_weights


@pytest.fixture(scope="module", params=[1, 2, 3])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    size = Size(scenarios=12, countries=3, projects=10, years=8, elements=2, seed=request.param)
    return generate(size, tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return planner.load(folder)


@pytest.fixture(scope="module")
def exact(case: Case) -> float:
    return float(planner.solve(case, baseline=False).summary["least_risk_musd"])


def quiet(_: str) -> None:
    """Say nothing."""


def test_the_least_risk_lies_between_the_bounds(case: Case, exact: float) -> None:
    effects = effects_by_scenario(case)
    grouped = first_groups(case, effects, 8)
    for _ in range(2):
        found = bounds(case, effects, grouped, 1, quiet)
        assert found.lower <= exact * (1 + 1e-6) + 1e-6
        assert found.upper >= exact * (1 - 1e-6) - 1e-6
        grouped = parted(case, grouped, found.losses, found.of_means, 2)
        assert sorted(name for members in grouped for name in members) == sorted(case.scenarios)


def test_every_scenario_by_itself_is_exact(case: Case, exact: float) -> None:
    found = bounds(case, effects_by_scenario(case), [[name] for name in case.scenarios], 1, quiet)
    assert found.lower == pytest.approx(exact, rel=1e-6, abs=1e-5)
    assert found.upper == pytest.approx(exact, rel=1e-4, abs=1e-3)


def test_rounds_go_on_until_the_bounds_are_close_enough(case: Case, exact: float) -> None:
    found = approximate(case, groups=4, more=3, gap=0.001, most=20, workers=1, say=quiet)
    assert found.gap <= 0.001
    assert found.lower <= exact * (1 + 1e-6) + 1e-6
    tables = plan_tables(case, found.best.kept)
    decided = {("build", (r.project, r.year)): r.tpa for r in tables["investments"].itertuples()}
    decided |= {("intake", (r.programme, r.year)): r.intake for r in tables["training"].itertuples()}
    decided |= {("new_seats", (r.programme, r.year)): r.new_seats for r in tables["training"].itertuples()}
    decided |= {("hired", (r.country, r.skill, r.year)): r.hired for r in tables["hired"].itertuples()}
    # Held fixed in the whole case, stocks decided anew, the plan as written is no worse than its bound says.
    assert exact * (1 - 1e-6) <= evaluate(case, decided)["risk_musd"] <= found.best.upper * (1 + 1e-5)
    losses = loss_table(case, found)
    objective = case.model.objective
    mean = (losses["probability"] * losses["loss_musd"]).sum()
    tail = cvar(losses["loss_musd"].tolist(), losses["probability"].tolist(), objective.tail)
    assert found.best.upper == pytest.approx(
        (1 - objective.risk_aversion) * mean + objective.risk_aversion * tail, rel=1e-9
    )


def test_weights_of_losses_add_up_to_the_risk(case: Case) -> None:
    losses = {name: float(i * i) for i, name in enumerate(case.scenarios)}
    objective = case.model.objective
    mean = sum(case.scenarios[name] * loss for name, loss in losses.items())
    tail = cvar(list(losses.values()), [case.scenarios[name] for name in losses], objective.tail)
    weights = risk_weights(objective, case.scenarios, losses)
    assert sum(weights[name] * loss for name, loss in losses.items()) == pytest.approx(
        (1 - objective.risk_aversion) * mean + objective.risk_aversion * tail
    )


def test_the_command_writes_plan_and_bounds(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "near"
    result = CliRunner().invoke(
        app, ["approximate", str(folder), "--groups", "6", "--gap", "0.2", "--workers", "1", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    about = json.loads((out / "approximation.json").read_text(encoding="utf-8"))
    assert about["lower_musd"] <= about["risk_musd"] * (1 + 1e-9) and about["gap"] <= 0.2
    built = pd.read_csv(out / "investments.csv")
    assert (built["tpa"] > 0).all() and set(built["project"]) <= set(planner.load(folder).projects)
    assert planner.load(out / "inputs").scenarios == planner.load(folder).scenarios


@pytest.mark.parametrize("override", ["policy.investment=adaptive", "objective.goal=welfare"])
def test_what_the_proof_does_not_cover_is_refused(folder: Path, tmp_path: Path, override: str) -> None:
    out = tmp_path / "near"
    result = CliRunner().invoke(app, ["approximate", str(folder), "--set", override, "--out", str(out)])
    assert result.exit_code == 2 and not out.exists()
