"""One word for one thing in Python: tables, changes, warnings, errors in the language of the caller, short texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "inputs" / "starter"
LONGEST = 400
"""Letters of the text of a value."""


@pytest.fixture(scope="module")
def case() -> planner.Case:
    return planner.load(STARTER, model=ROOT / "models" / "base.toml")


@pytest.fixture(scope="module")
def plan(case: planner.Case) -> planner.Plan:
    return planner.solve(case, baseline=False)


def test_a_case_is_changed_alike_by_text_by_changes_and_by_address(case: planner.Case) -> None:
    by_text = case.changed("objective.tail=0.8", "budgets.*.*.musd=x0.5")
    by_address = case.changed({"objective.tail": 0.8, "budgets.*.*.musd": "x0.5"})
    parsed = [
        planner.parse_change(text) for text in ("objective.tail=0.8", "budgets.*.*.musd=x0.5")
    ]
    assert by_text == by_address == case.changed(parsed) == case.changed(*parsed)
    assert sum(by_text.budget.values()) == pytest.approx(0.5 * sum(case.budget.values()))
    told = case.difference(by_text)
    assert set(told["place"]) == {"budgets.csv as changed", "base.toml"}
    assert len(told) == len(case.tables.budgets) + 1 and told["message"].iloc[-1] == "0.9 -> 0.8"


def test_what_looks_odd_is_one_warning_and_a_table() -> None:
    with pytest.warns(planner.CaseWarning, match=r"probably not meant; the first: \w+") as told:
        case = planner.load(ROOT / "inputs" / "allied-2026")
    assert len(told) == 1 and told[0].filename == __file__
    table = case.warnings
    assert len(table) > 1 and {"rule", "place", "line", "message", "remedy"} <= set(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert planner.load(STARTER).warnings.empty


WRONG: dict[str, Callable[[planner.Case, planner.Plan], Any]] = {
    "change: policy.coordinaton": lambda case, _: case.changed("policy.coordinaton=national"),
    "change: objective.tail: 3": lambda case, _: case.changed({"objective.tail": 3}),
    "change: nonsense: must look like": lambda case, _: case.changed("nonsense"),
    "gap: 2: needs hazards": lambda _, plan: planner.evaluate(plan, gap=2),
    "year: 2050 is not one of": lambda _, plan: planner.advance(plan, 2050),
    "years: 2050": lambda _, plan: planner.coverage(plan, [2050]),
    "draws: 0: must be from 1": lambda case, _: planner.sample(case, 0),
    "keep: 1": lambda case, _: planner.keep_draws(planner.sample(case, 8), 1),
}


@pytest.mark.parametrize("told", WRONG)
def test_errors_name_arguments_and_no_options(
    told: str, case: planner.Case, plan: planner.Plan
) -> None:
    with pytest.raises(planner.InputError) as error:
        WRONG[told](case, plan)
    assert str(error.value).startswith(told)
    assert "--" not in str(error.value)


def test_a_command_names_the_option_of_the_same_fault() -> None:
    done = CliRunner().invoke(app, ["check", str(STARTER), "--set", "policy.coordinaton=national"])
    assert done.exit_code == 2 and done.output.startswith("--set: policy.coordinaton: unknown key")
    as_json = CliRunner().invoke(app, ["check", str(STARTER), "--set", "nonsense", "--json"])
    assert '"place": "--set"' in as_json.output


@pytest.mark.parametrize(
    ("ask", "near"),
    [
        (lambda case, _: case.table("demnd"), 'did you mean "demand"'),
        (lambda _, plan: plan.table("investment"), 'did you mean "investments"'),
        (lambda _, plan: planner.chart(plan, "timelin"), 'did you mean "timeline"'),
    ],
)
def test_tables_and_charts_fail_alike(
    ask: Callable[[planner.Case, planner.Plan], Any],
    near: str,
    case: planner.Case,
    plan: planner.Plan,
) -> None:
    with pytest.raises(planner.InputError, match=near) as error:
        ask(case, plan)
    assert "known: " in str(error.value)


def test_texts_are_short_and_a_plan_that_is_none_says_why(
    case: planner.Case, plan: planner.Plan
) -> None:
    stored = planner.open_run(ROOT / "reports" / "reference" / "starter-base")
    kept = planner.keep_draws(planner.sample(case, 8), 4)
    shown = (case, case.lookups, case.tables, case.model, plan, plan.tables, stored.tables, kept)
    for value in shown:
        assert len(repr(value)) < LONGEST, repr(value)
    change = planner.parse_change("budgets.*.*.musd=x0.5")
    assert repr(change) == "Change('budgets.*.*.musd=x0.5')"
    assert repr(case.model).startswith("ModelFile(base, discount_rate=0.05")
    assert "investments" in repr(plan.tables) and "investments" in repr(stored.tables)
    out_of_reach = case.changed("objective.goal=target", "objective.risk_limit=1")
    none = planner.solve(out_of_reach, baseline=False)
    assert "infeasible" in repr(none) and "raise objective.risk_limit to at least" in repr(none)


def test_hazards_are_counted_as_pages_count_them() -> None:
    done = CliRunner().invoke(app, ["check", str(ROOT / "inputs" / "allied-2026")])
    assert " 23 hazards (in " in done.output
