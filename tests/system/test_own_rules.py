"""A Pyomo model that a script solves, with rules of its own, comes back as a verified plan."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyomo.environ import Constraint, SolverFactory
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.case import Case
from planner.errors import InputError, StoppedError
from planner.results.plan import Plan

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(ROOT / "inputs" / "starter", model=ROOT / "models" / "base.toml")


def test_without_a_rule_of_its_own_it_is_the_plan_of_the_planner(case: Case) -> None:
    model = planner.build_model(case)
    SolverFactory("appsi_highs").solve(model)
    plan, usual = planner.plan_of(model), planner.solve(case, baseline=False)
    for key in ("risk_musd", "cost_musd", "public_spend_musd"):
        assert plan.summary[key] == pytest.approx(usual.summary[key], abs=1e-4), key
    assert plan.status == "unproven"
    assert "outside the planner" in plan.summary["reasons"][0]


def test_a_rule_holds_and_costs_what_it_costs(case: Case, tmp_path: Path) -> None:
    """300 t/y begun in a year at most: the mine, of which 460 t/y were begun in one, comes in parts."""
    model = planner.build_model(case)
    decisions = sorted({decision for _, decision in model.build})

    def together(m: object, decision: int) -> object:
        return sum(model.build[p, d] for p, d in model.build if d == decision) <= 300

    model.together = Constraint(decisions, rule=together)
    plan, usual = planner.plan_of(model), planner.solve(case, baseline=False)
    begun = plan.table("investments").groupby("year")["tpa"].sum()
    assert usual.table("investments").groupby("year")["tpa"].sum().max() > 400
    assert begun.max() <= 300 + 1e-6
    worse = [one.summary["risk_musd"] + one.summary["cost_musd"] for one in (plan, usual)]
    assert worse[0] > worse[1] + 1
    again = planner.open_run(plan.write(tmp_path / "run"))
    assert again.summary["risk_musd"] == plan.summary["risk_musd"]


def test_infeasible_rules_give_an_infeasible_run_that_names_them(
    case: Case, tmp_path: Path
) -> None:
    model = planner.build_model(case)
    model.negative_cost = Constraint(expr=model.cost <= -1)
    model.harmless = Constraint(expr=model.cost <= 1e9)
    plan = planner.plan_of(model)
    assert plan.status == "infeasible"
    assert "negative_cost" in plan.summary["reasons"][0]
    assert plan.summary["reasons"][1:2] == ["a plan exists without negative_cost"]
    assert (
        planner.open_run(plan.write(tmp_path / "run")).summary["reasons"] == plan.summary["reasons"]
    )


def without_releases(case: Case) -> Plan:
    model = planner.build_model(case)
    model.no_release = Constraint(expr=sum(model.released.values()) <= 0)
    return planner.plan_of(model)


def without_builds(case: Case) -> Plan:
    model = planner.build_model(case)
    model.no_build = Constraint(expr=sum(model.build.values()) <= 0)
    return planner.plan_of(model)


def evaluated(plan: Plan) -> object:
    return planner.evaluate(plan, foreseen=False)


@pytest.mark.parametrize("work", [evaluated, planner.coverage])
def test_rules_on_decisions_hold_where_decisions_are_fixed(
    case: Case, work: Callable[[Plan], object]
) -> None:
    work(without_builds(case))
    with pytest.raises(InputError, match="no_release"):
        work(without_releases(case))


@pytest.mark.parametrize(
    "work", [planner.explain, lambda plan: planner.compare(plan, plan)], ids=["explain", "compare"]
)
def test_work_that_solves_the_case_again_names_the_rules(
    case: Case, work: Callable[[Plan], object]
) -> None:
    with pytest.raises(InputError, match=r"no_build: .* does not apply"):
        work(without_builds(case))


@pytest.mark.parametrize("command", ["serve", "replay"])
def test_commands_that_solve_a_run_again_name_the_rules(
    case: Case, tmp_path: Path, command: str
) -> None:
    run = without_builds(case).write(tmp_path / "run")
    done = CliRunner().invoke(app, [command, str(run)])
    assert done.exit_code == 2
    assert "no_build" in done.output


def test_values_that_break_a_rule_of_the_planner_are_no_plan(case: Case) -> None:
    model = planner.build_model(case)
    SolverFactory("appsi_highs").solve(model)
    largest = max(model.build, key=lambda at: model.build[at].value)
    model.build[largest].value = 0.0
    with pytest.raises(StoppedError, match="break"):
        planner.plan_of(model)


def test_it_is_written_by_a_script_that_asks_for_nothing_else(tmp_path: Path) -> None:
    script = f"""
import planner
case = planner.load({str(ROOT / "inputs" / "starter")!r}, model={str(ROOT / "models" / "base.toml")!r})
model = planner.build_model(case)
planner.plan_of(model).write({str(tmp_path / "run")!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").exists()
