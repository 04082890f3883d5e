"""Pages of plans that lack something, or have something more."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.reporting.pages.run import render_page, report_of, write_pages
from planner.reporting.words.names import names_of
from planner.results.plan import Plan
from planner.results.schema import TABLE_COLUMNS
from tests.cases import LONG, demand, imports, long_run
from tests.conftest import SolveCase
from tests.reporting.conftest import STARTER, PageText, Vary, read_page


def render(plan: Plan, folder: Path, every_form: bool = False, workbook: bool = LONG) -> PageText:
    """The page; with the workbook, where that has tables that no other case of the suite has, or with every form."""
    assert plan.status == "optimal"
    if workbook or every_form:
        write_pages(plan, folder, every_form)
        assert (folder / "report.xlsx").stat().st_size > 5000
    else:
        (folder / "report.html").write_text(render_page(report_of(plan)), encoding="utf-8")
    page = read_page((folder / "report.html").read_text(encoding="utf-8"))
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text.split()
    return page


def test_target_shows_the_limit_and_names_given_twice_are_told_apart(
    vary: Vary, tmp_path: Path
) -> None:
    twice = {"projects": lambda t: t.replace("Coast separation plant", "Desert mine")}
    page = render(vary(twice, objective__goal="target", objective__risk_limit=2500.0), tmp_path)
    assert "the risk falls from 3.9 bn USD to 2.5 bn USD" in page.text
    assert "Desert mine (desert_mine)" in page.text
    assert "Desert mine (coast_plant)" in page.text


def test_targets_of_every_kind_are_told_met_or_missed(solve: SolveCase, tmp_path: Path) -> None:
    asked = [
        {"target": "met", "kind": "origin_share", "element": "Dy", "form": "oxide", "share": 1},
        {"target": "fed", "kind": "served", "share": 1, "price_usd_per_kg": 1},
        {"target": "own", "kind": "made_share", "element": "Dy", "form": "oxide", "share": 1}
        | {"price_usd_per_kg": 1},
    ]
    page = render(
        solve(demand=demand(last=2026), imports=[imports(60)], targets=asked),
        tmp_path,
        workbook=True,
    )
    assert "At most 100 % of Dy oxide from any one outside country" in page.text
    assert "At least 100 % of the demand for each element met" in page.text
    assert "At least 100 % of Dy oxide from their own plants" in page.text
    assert "Targets: 2 of 3 missed" in page.text


def test_welfare_speaks_of_cost_plus_risk_and_each_country_alone_of_itself(
    vary: Vary, tmp_path: Path
) -> None:
    page = render(vary(objective__goal="welfare", policy__coordination="national"), tmp_path)
    assert "Build nothing, pay" in page.text


def test_adaptive_shows_when_a_decision_is_taken(vary: Vary, tmp_path: Path) -> None:
    plan = vary(policy__investment="adaptive")
    page = render(plan, tmp_path, every_form=LONG)
    some = plan.tables["investments"]
    some = some[some["scenarios"] != "all"]
    assert all(names_of(plan.case).who(scenarios) in page.text for scenarios in some["scenarios"])


def test_partly_decided_investments_are_weighted_and_without_baseline_nothing_is_compared(
    plan: Plan, tmp_path: Path
) -> None:
    rows = plan.tables["investments"].assign(probability=0.25, scenarios="cut;slip")
    short = plan.tables["shortfall"].drop(columns="without_plan_t")
    summary = {key: value for key, value in plan.summary.items() if key != "without_plan"}
    told = {
        key: value for key, value in summary["diversification"].items() if key != "without_plan"
    }
    summary["diversification"] = told
    tables = plan.tables | {"investments": rows, "shortfall": short}
    page = render(
        dataclasses.replace(plan, summary=summary, tables=tables), tmp_path, workbook=True
    )
    assert "All exports stopped 2029-2030; Exports stopped and plants a year late" in page.text
    assert f"{0.25 * rows['capex_musd'].sum():.1f}" in page.text
    assert "without a plan" not in page.text.lower()
    assert "Expected loss" in page.text


def test_no_levers_no_decision(vary: Vary, tmp_path: Path) -> None:
    page = render(vary(levers=[], baseline=False), tmp_path, every_form=LONG, workbook=True)
    assert "Build nothing: the risk is 3.9 bn USD" in page.text


FUTURES = ("scenarios", "shocks")
PEOPLE = ("skills", "workforce", "training", "staffing")
MONEY = ("budgets", "funders")


@pytest.mark.parametrize(
    "files",
    [
        FUTURES,
        pytest.param(PEOPLE, marks=long_run),
        pytest.param(MONEY, marks=long_run),
        pytest.param(("stockpiles", "imports"), marks=long_run),
        (*FUTURES, *PEOPLE, *MONEY, "stockpiles", "imports", "ramps"),
    ],
)
def test_missing_tables(vary: Vary, tmp_path: Path, files: tuple[str, ...]) -> None:
    edits: dict[str, Callable[[str], str] | None] = dict.fromkeys(files)
    if "ramps" in files:
        edits["projects"] = lambda text: text.replace(",slow,", ",,")
    if "imports" in files and "scenarios" not in files:
        edits["shocks"] = lambda text: (
            "\n".join(line for line in text.splitlines() if ",import," not in line) + "\n"
        )
    page = render(vary(edits), tmp_path, every_form="ramps" in files)
    assert "Unmet demand by element" in page.text


def test_one_year_and_blocs(vary: Vary, tmp_path: Path) -> None:
    keys = {
        "horizon__first_year": 2029,
        "horizon__last_year": 2029,
        "policy__coordination": "blocs",
    }
    page = render(vary(**keys), tmp_path, every_form=LONG)
    assert "Build nothing: the risk stays 1.9 bn USD" in page.text


def test_smallest_case(solve: SolveCase, tmp_path: Path) -> None:
    page = render(solve(), tmp_path, every_form=True)
    assert "300 MUSD" in page.text


def test_no_demand_at_all(solve: SolveCase, tmp_path: Path) -> None:
    page = render(solve(demand=demand(0)), tmp_path)
    assert "Build nothing: the risk is 0 MUSD" in page.text


def test_empty_tables(plan: Plan, tmp_path: Path) -> None:
    empty = {
        name: pd.DataFrame(columns=list(columns))
        for name, columns in TABLE_COLUMNS.items()
        if name != "shortfall"
    }
    page = render(dataclasses.replace(plan, tables=plan.tables | empty), tmp_path, workbook=True)
    assert "Build nothing" in page.text and "Run facts" in page.text


def test_a_plant_with_coordinates_is_at_its_place_on_the_map() -> None:
    case = planner.load(STARTER)
    rows = case.table("projects").astype({"latitude": object, "longitude": object})
    is_coast = rows["project"] == "coast_plant"
    rows.loc[is_coast, ["latitude", "longitude"]] = [-32.75, 115.25]
    plan = planner.solve(case.with_table("projects", rows))
    places = json.dumps(planner.chart(plan, "map").to_dict())
    assert places.count("-32.75") == places.count("115.25") == 1
    assert plan.summary["risk_musd"] == planner.solve(case).summary["risk_musd"]
