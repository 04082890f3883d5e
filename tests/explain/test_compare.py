"""A single change explains itself; several are told apart; what cannot be had alone says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.config import build_model
from planner.data.case import Case, with_model
from planner.errors import InputError, StoppedError
from planner.explanation.compare import compare, groups, refuse_single
from planner.planning import solve_case
from planner.reporting.pages.comparison import comparison_page
from planner.reporting.words.numbers import number
from planner.results.plan import Plan, Status
from tests.cases import near, stored
from tests.reporting.conftest import read_page

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(STARTER)


@pytest.fixture(scope="module")
def plan(case: Case) -> Plan:
    return solve_case(case, baseline=False)


def edited(
    case: Case, table: str, keep: Callable[[Any], bool], **change: Callable[[Any], object]
) -> Case:
    """The case with some columns of some rows of a table computed anew."""
    rows = tuple(
        row.model_copy(update={column: new(row) for column, new in change.items()})
        if keep(row)
        else row
        for row in case.tables.rows(table)
    )
    changed: dict[str, Any] = {table: rows}
    return replace(case, tables=replace(case.tables, **changed))


def less_money(case: Case) -> Case:
    return edited(case, "budgets", lambda r: True, musd=lambda r: r.musd / 2)


def dearer(case: Case) -> Case:
    return edited(
        case,
        "projects",
        lambda r: r.capex_usd_per_tpa > 0,
        capex_usd_per_tpa=lambda r: 2 * r.capex_usd_per_tpa,
    )


def alone(case: Case) -> Case:
    policy = case.model.policy.model_copy(update={"coordination": "national"})
    return with_model(case, case.model.model_copy(update={"policy": policy}))


@pytest.mark.parametrize("change", [less_money, dearer, alone])
def test_a_single_change_explains_itself(
    case: Case, plan: Plan, change: Callable[[Case], Case]
) -> None:
    second = solve_case(change(case), baseline=False)
    (found,) = compare([plan, second], names=["a", "b"])
    (cause,) = found.causes
    assert cause.alone is not None
    assert cause.alone.risk == near(second.summary["risk_musd"])
    assert cause.alone.cost == pytest.approx(second.summary["cost_musd"], rel=1e-6)
    assert found.interplay == pytest.approx(0, abs=1e-3)


def test_effects_and_interplay_sum_to_the_change(case: Case, plan: Plan) -> None:
    second = solve_case(alone(dearer(less_money(case))), baseline=False)
    (found,) = compare([plan, second], names=["a", "b"])
    assert [c.group for c in found.causes] == [
        "projects.capex_usd_per_tpa",
        "budgets.musd",
        "policy.coordination",
    ]
    change = second.summary["risk_musd"] - plan.summary["risk_musd"]
    assert sum(map(found.effect, found.causes)) + found.interplay == pytest.approx(change)


def test_plans_are_given_one_by_one_or_as_a_list(case: Case, plan: Plan) -> None:
    second = solve_case(less_money(case), baseline=False)
    (found,), (listed,) = (
        planner.compare(plan, second, names=["a", "b"]),
        planner.compare([plan, second]),
    )
    assert found.cells == listed.cells != []
    assert (found.before, found.after, listed.after) == ("a", "b", "plan 2")


def test_runs_of_two_cases_are_said_to_be_of_two(plan: Plan, case: Case, tmp_path: Path) -> None:
    workshop = planner.load(STARTER.parent / "workshop")
    for name, other in (("a", plan), ("b", solve_case(workshop, baseline=False))):
        stored(other, tmp_path / name)
    stored(solve_case(dearer(case), baseline=False), tmp_path / "c")
    names = [str(tmp_path / name) for name in "acb"]
    shown = CliRunner().invoke(app, ["compare", *names, "--out", str(tmp_path / "out")])
    assert shown.exit_code == 0, shown.output
    assert f"{names[2]} is of another case than {names[0]}" in shown.output
    assert f"{names[1]} is of another case" not in shown.output


def test_the_same_run_differs_in_nothing(plan: Plan, case: Case, tmp_path: Path) -> None:
    found = compare([plan, plan], names=["a", "b"])
    assert not found[0].causes
    assert "inputs are the same" in read_page(comparison_page(found, [plan, plan])).text


def test_prices_names_and_sources_are_no_difference(case: Case) -> None:
    other = edited(
        case, "elements", lambda r: True, price_usd_per_kg=lambda r: 1.0, source=lambda r: "hearsay"
    )
    assert groups(case, other) == []


def test_a_shock_of_another_strength_is_a_group_of_its_own() -> None:
    case = planner.load(STARTER)
    row = "shocks.cut.import.2029.2030.CHN......0.factor"
    (found,) = groups(case, case.changed({row: 0.5}))
    assert (found.name, [(c.before, c.after) for c in found.cells]) == (
        "shocks.factor",
        [("0", "0.5")],
    )
    assert groups(found.apply(case), case.changed({row: 0.5})) == []


def test_scenarios_of_another_sample_are_a_cause_of_their_own(case: Case) -> None:
    """With them go what was drawn, and targets of scenarios that the other sample has not."""
    strike = {"hazard": "strike", "kind": "capacity", "stage": "separation", "probability": 0.5}
    drawn = {"first": 2028, "last": 2030, "factor_low": 0, "factor_high": 0.5}
    register = case.with_table("hazards", pd.DataFrame([strike | drawn]))
    one, two = planner.sample(register, 12, seed=1), planner.sample(register, 4, seed=2)
    own = {"target": "own", "kind": "served", "scenario": "calm-0006", "share": 0.0}
    plans = [solve_case(one.with_table("targets", pd.DataFrame([own])), baseline=False)]
    plans.append(solve_case(two, baseline=False))
    causes = {one.group: one for one in compare(plans)[0].causes}
    assert causes["scenarios and shocks"].alone is not None


def test_targets_of_the_model_file_are_a_cause(case: Case, plan: Plan) -> None:
    def aimed(share: float) -> Plan:
        target = {"target": "home", "kind": "served", "share": share, "price_usd_per_kg": 500.0}
        given = {**case.model.given(), "targets": [target]}
        return solve_case(with_model(case, build_model(given, {}, "model", "m")), baseline=False)

    low, high = aimed(0.1), aimed(0.6)
    costlier = high.summary["cost_musd"] - low.summary["cost_musd"]
    assert costlier > 1
    for before, group in ((low, "targets.share"), (plan, "rows of targets")):
        (cause,) = compare(before, high)[0].causes
        assert cause.group == group and cause.alone is not None
        assert cause.alone.cost - low.summary["cost_musd"] == near(costlier)


def test_rows_that_cannot_stand_alone_say_why(case: Case, plan: Plan) -> None:
    """A new feed given by a new mine: the mine alone names a feed that is not there."""
    fresh = planner.load(STARTER)
    first = fresh.tables.feeds[0]
    feeds = (*fresh.tables.feeds, first.model_copy(update={"feed": "new"}))
    mine = next(r for r in fresh.tables.projects if r.stage == "mine")
    projects = (
        *fresh.tables.projects,
        mine.model_copy(update={"project": "new", "feeds": ("new",)}),
    )
    tables: dict[str, Any] = {"feeds": feeds, "projects": projects}
    other = case.__class__(
        case.name, case.tables.__class__(**{**vars(case.tables), **tables}), case.model
    )
    (found,) = compare([plan, solve_case(other, baseline=False)], names=["a", "b"])
    causes = {c.group: c for c in found.causes}
    assert causes["rows of projects"].alone is None
    assert "not a valid case alone" in causes["rows of projects"].why
    assert causes["rows of feeds"].alone is not None


def test_page_and_screen(case: Case, plan: Plan) -> None:
    second = solve_case(dearer(less_money(case)), baseline=False)
    found = compare([plan, second, plan], names=["a", "b", "c"])
    page = read_page(comparison_page(found, [plan, second, plan]))
    paid = [one.summary["public_spend_musd"] for one in (plan, second)]
    assert f"Public money, not discounted, MUSD {number(paid[0])} {number(paid[1])}" in page.text
    assert "Payments and expected losses by party" in page.text
    assert "budgets.musd" in page.text and "nan" not in page.text.lower().split()
    assert {c.group for c in found[0].causes} == {"budgets.musd", "projects.capex_usd_per_tpa"}


def test_refusals(plan: Plan) -> None:
    with pytest.raises(InputError, match="two runs or more"):
        refuse_single([Path("a")])
    with pytest.raises(InputError, match="two runs or more"):
        planner.compare(plan)
    broken = Plan(plan.case, Status.UNPROVEN, plan.summary, {})
    with pytest.raises(StoppedError):
        compare([plan, broken], names=["a", "b"])
