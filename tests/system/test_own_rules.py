"""A Pyomo model that a script solves, with rules of its own, comes back as a verified plan."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pyomo.environ import Constraint, SolverFactory

import planner
from planner.data.case import Case
from planner.errors import InfeasibleError, InputError, StoppedError

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


def test_rules_that_no_plan_keeps_are_named_in_an_error_of_the_planner(case: Case) -> None:
    model = planner.build_model(case)
    model.more_than_there_is = Constraint(expr=model.cost <= -1)
    with pytest.raises(InfeasibleError, match=r"more_than_there_is.*loosen one"):
        planner.plan_of(model)


@pytest.mark.parametrize("on_operation", [True, False])
def test_a_rule_on_operation_is_not_forgotten_by_an_evaluation(
    case: Case, tmp_path: Path, on_operation: bool
) -> None:
    """Nothing may be released from stock: held builds, operated anew, would release it."""
    model = planner.build_model(case)
    variable = model.released if on_operation else model.build
    model.none_of_it = Constraint(expr=sum(variable.values()) <= 0)
    run = planner.plan_of(model).write(tmp_path / "run")
    if on_operation:
        with pytest.raises(InputError, match="none_of_it: keeps rules of its own"):
            planner.evaluate(planner.open_run(run), foreseen=False)
    else:
        found = planner.evaluate(planner.open_run(run), foreseen=False)
        assert found.plan.policy["risk_musd"].value > 0


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
