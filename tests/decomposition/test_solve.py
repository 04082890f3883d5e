"""`planner solve` scenario by scenario: the run folder of the whole program, and which way is taken."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner import planning
from planner.cli import app
from planner.data.case import Case
from planner.decomposition import plans as chooser
from planner.decomposition.benders_loop import Search
from planner.errors import InputError
from planner.planning import method_of
from planner.verification.verify import verify
from tests.cases import (
    EXACT,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    shock,
)
from tests.conftest import MakeCase
from tests.decomposition.both_ways import check

STARTER = Path(planner.__file__).parents[1] / "inputs" / "starter"


def both(case: Case) -> tuple[planner.Plan, planner.Plan]:
    """As one program, and scenario by scenario."""
    whole, parted = (planner.solve(case, method=method) for method in ("whole", "scenarios"))
    return whole, parted


def cut_off(folder: Path, **model: Any) -> Case:
    """100 t a year, imported until a cut in 2028, at 1 MUSD per tonne. A plant of up to 50 t/y for 2027 on, at
    0.01 MUSD per t/y out of a budget of 0.4: 40 t/y. So 60 t are missing where the imports are cut."""
    return load_case(
        folder,
        {**EXACT, "objective.risk_aversion": 0.0, **model},
        demand=demand(100, last=2029),
        imports=[imports(100)],
        projects=[mine(), plant(max_new_tpa=50, lead_time_years=1, capex_usd_per_tpa=10_000)],
        budgets=budget(0.4),
        scenarios=scenarios(calm=0.5, late=0.25, later=0.25),
        shocks=[
            shock("late", "import", 0.0, 2028, 2028),
            shock("later", "import", 0.0, 2029, 2029),
        ],
    )


def test_a_plan_by_hand_has_the_same_figures_and_tables_both_ways(tmp_path: Path) -> None:
    whole, parted = both(cut_off(tmp_path))
    for plan in (whole, parted):
        assert plan.summary["risk_musd"] == near(0.5 * 60)
        assert plan.summary["cost_musd"] == near(0.4)
        assert plan.summary["without_plan"]["risk_musd"] == near(50)
    assert parted.summary["least_risk_bound_musd"] == near(30) and parted.summary[
        "cost_bound_musd"
    ] == near(0.4)
    assert parted.summary["gap"] == near({"risk": 0.0, "cost": 0.0})
    assert parted.tables.keys() == whole.tables.keys()
    # A plant may run where it need not, in place of imports.
    for name in set(whole.tables) - {"operations", "capacity", "origins"}:
        pd.testing.assert_frame_equal(
            parted.tables[name], whole.tables[name], check_exact=False, atol=1e-6
        )


def test_prices_add_up_over_the_parts(tmp_path: Path) -> None:
    """One more MUSD in the first year builds 100 t/y, and each tonne saves 1 MUSD in half of all futures."""
    _, parted = both(cut_off(tmp_path))
    prices = parted.table("shadow_prices").set_index(["scarce", "year"])["musd_per_unit"]
    assert prices["budget", 2026] == near(50)


def test_what_is_scheduled_where_the_reference_never_comes(tmp_path: Path) -> None:
    """100 t a year, 130 on offer. A shock of 2026 that hurts nobody tells the two cuts of 2028 from the calm history, in
    which nothing is bought: beside the 30 t of 2027 the whole cut lacks 70 t and the half one, with 65 from abroad, 5."""
    case = load_case(
        tmp_path,
        {**EXACT, "objective.risk_aversion": 0.0}
        | {"policy.stock": "scheduled", "policy.investment": "staged"}
        | {"policy.first_decision_year": 2027},
        demand=demand(100),
        imports=[imports(130)],
        stockpiles="country, element, form, initial_t, purchase_usd_per_kg\nAAA, Dy, oxide, 0, 100",
        budgets=budget(100),
        scenarios=scenarios(calm=0.5, half=0.25, all=0.25),
        shocks=[
            *(shock(w, "import", 1.001, 2026, 2026) for w in ("half", "all")),
            shock("half", "import", 0.5, 2028, 2028),
            shock("all", "import", 0.0, 2028, 2028),
        ],
    )
    whole, parted = both(case)
    for plan in (whole, parted):
        assert plan.summary["risk_musd"] == near(0.25 * (70 + 5))
        assert plan.summary["cost_musd"] == near(0.5 * 30 * 0.1)
        assert plan.table("purchases")["tonnes"].tolist() == near([30])
        assert verify(case, plan.tables).holds


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_quarters_and_what_is_sold_on(tmp_path: Path, share: float) -> None:
    """AAA, 100 t a year, is cut off for half of 2028 and for all of 2029 in two futures of a quarter each; BBB sells on
    half of its own 60 t, as far as the leak of 80 % lets it: 15 of 50 t, and 30 of 100 t."""
    case = load_case(
        tmp_path,
        {**EXACT, "objective.risk_aversion": 0.0},
        countries="country\nAAA\nBBB",
        demand=demand(100, last=2029),
        imports=[imports(100), imports(60, country="BBB")],
        scenarios=scenarios(calm=0.5, half=0.25, all=0.25),
        shocks=[
            shock("half", "import", 0.0, "2028Q2", "2028Q3", country="AAA") | {"leak": 0.8},
            shock("all", "import", 0.0, 2029, 2029, country="AAA") | {"leak": 0.8},
        ],
        resale=f"country, share\nBBB, {share}",
    )
    whole, parted = both(case)
    lost = 0.25 * (50 - 30 * share) + 0.25 * (100 - 60 * share)
    assert (whole.summary["risk_musd"], parted.summary["risk_musd"]) == near((lost, lost))
    assert verify(case, parted.tables).holds


@pytest.mark.parametrize(("goal", "limit", "cost"), [("target", 35.0, 0.3), ("welfare", None, 0.4)])
def test_other_goals(tmp_path: Path, goal: str, limit: float | None, cost: float) -> None:
    """10 MUSD less risk is 20 t/y more: 0.2 MUSD. For cost and risk together all 40 t/y pay."""
    model = {"objective.goal": goal} | ({} if limit is None else {"objective.risk_limit": limit})
    _, parted = both(cut_off(tmp_path, **model))
    assert (parted.status, parted.summary["cost_musd"]) == ("optimal", near(cost))
    assert parted.summary["risk_musd"] == near(50 - 50 * cost)


def test_a_target_out_of_reach_names_what_is_attainable(tmp_path: Path) -> None:
    case = cut_off(tmp_path, **{"objective.goal": "target", "objective.risk_limit": 10.0})
    found = planner.solve(case, method="scenarios")
    assert found.status == "infeasible" and not found.tables
    assert "is 30 MUSD" in found.summary["reasons"][0]


def test_many_scenarios_are_solved_one_by_one(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(scenarios=scenarios(calm=0.5, cut=0.5), shocks=[shock("cut", "import", 0.0)])
    adaptive = case.changed({"policy.investment": "adaptive"})
    assert method_of(case, "auto") == "whole"
    monkeypatch.setattr(planning, "MANY", 2)
    said: list[str] = []
    assert (method_of(case, "auto"), method_of(case, "whole")) == ("scenarios", "whole")
    assert method_of(adaptive, "auto", said.append) == "whole" and "one program" in said[0]
    with pytest.raises(
        InputError, match=r"policy\.investment: scenarios are solved one by one only where"
    ):
        planner.solve(adaptive, method="scenarios")
    whole_plants = case.changed({"policy.whole_plants": True})
    assert method_of(whole_plants, "auto") == "whole"
    with pytest.raises(InputError, match=r"policy\.whole_plants: .* plants of any size"):
        planner.solve(whole_plants, method="scenarios")


@pytest.mark.usefixtures("without_pages")
def test_the_command_writes_a_run_that_can_be_solved_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = ["solve", str(STARTER), "--method", "scenarios", "--workers", "1", "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (
        summary["method"] == "scenarios"
        and summary["least_risk_bound_musd"] <= summary["least_risk_musd"]
    )
    assert CliRunner().invoke(app, ["replay", str(out)]).exit_code == 0
    wrong = [*command, "--set", "policy.investment=adaptive"]
    assert CliRunner().invoke(app, wrong).exit_code == 2


def test_rounds_that_do_not_suffice_end_without_an_optimum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 MUSD are lost in the worst quarter; of that the master knows nothing before there are cuts."""
    monkeypatch.setattr(chooser, "Search", partial(Search, most_rounds=1))
    monkeypatch.setattr(chooser, "ALONE", 0)
    case = load_case(
        tmp_path,
        {**EXACT, "objective.tail": 0.75, "objective.risk_aversion": 1.0},
        demand=demand(100, last=2027),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, all=0.25, part=0.25),
        shocks=[shock("all", "import", 0.0, 2027, 2027), shock("part", "import", 0.4, 2027, 2027)],
    )
    found = planner.solve(case, method="scenarios", baseline=False)
    assert (found.status, found.summary["least_risk_bound_musd"], found.summary["risk_musd"]) == (
        "unproven",
        near(0),
        near(100),
    )
    assert found.summary["gap"]["risk"] == near(1.0)


@pytest.mark.parametrize(
    ("at", "known"), [("round 1: least risk", "30 MUSD"), ("without a plan: round 1", "")]
)
def test_what_is_interrupted_tells_the_bounds_of_the_whole(
    tmp_path: Path, at: str, known: str
) -> None:
    def say(step: str) -> None:
        if step.startswith(at):
            raise KeyboardInterrupt("at least 0 MUSD")

    with pytest.raises(KeyboardInterrupt) as stopped:
        planner.solve(cut_off(tmp_path), progress=say, method="scenarios")
    assert str(stopped.value) == known


@pytest.mark.parametrize("seed", [20724, 20872])
def test_where_weights_alone_give_no_cut_losses_are_asked_for_under_every_goal(
    tmp_path: Path, seed: int
) -> None:
    """Least cost and risk together, several scenarios in one branch: the search once ended 0.3 % short."""
    check(tmp_path / "case", seed)


def test_a_limit_of_the_risk_that_lies_between_the_bounds_is_searched_on(tmp_path: Path) -> None:
    """Bounds 0.08 % apart, where 0.1 % are asked for, had it between them: whether it can be kept was not known."""
    check(tmp_path / "case", 20339)


@pytest.mark.parametrize("seed", [20856, 20998])
def test_a_plan_just_beyond_a_limit_gives_a_cut(seed: int, tmp_path: Path) -> None:
    """It was not counted as a plan, and its cut not as one that excludes it: the search ended 10 % short."""
    check(tmp_path / "case", seed)
