"""Calm years on the page of `inputs/workshop`: what its README works out by hand about the works that stand warm."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.reporting.chapters import calm
from planner.reporting.run_view import RunView, run_view
from planner.results.figures.calm_years import standing_warm, undisturbed_years, use_by_year
from tests.cases import near

WORKSHOP = Path(planner.__file__).parents[1] / "inputs" / "workshop"


@pytest.fixture(scope="module")
def run() -> RunView:
    return run_view(planner.solve(planner.load(WORKSHOP), baseline=False))


def test_a_tonne_of_standing_warm_costs_what_the_readme_says(run: RunView) -> None:
    # 0.035 a tonne taken in: 10 t in 2027 and 20 t in 2028; in 2029 the works stand still but where they are needed.
    rows = standing_warm(run)
    assert set(rows["project"]) == {"works"} and set(rows["scenario"]) == {"calm", "flood", "cut"}
    by_year = rows.groupby("year")["loss_musd"].unique()
    assert {year: list(losses) for year, losses in by_year.items()} == {
        2027: near([0.35]),
        2028: near([0.7]),
    }


def test_the_page_says_what_standing_warm_costs(run: RunView) -> None:
    found = calm.chapter(run)
    assert found is not None
    assert "1 plant runs at a loss in undisturbed years: 1.05 MUSD, expected." in found.lead
    (table,) = found.tables
    assert table.shown == [
        ["Metal works, Japan", "Metal", "2027–2028", "30.0", "1.05"],
        ["All", "", "", "30.0", "1.05"],
    ]


def test_use_is_drawn_by_year_and_scenario_and_expected(run: RunView) -> None:
    works = use_by_year(run).query("project == 'works'")
    shares = works.pivot(index="scenario", columns="year", values="share")
    assert shares.loc["cut"].tolist() == near([0, 0.2, 0.4, 0.6])
    assert shares.loc["calm"].tolist() == near([0, 0.2, 0.4, 0])
    drawn = calm.use_chart(run, use_by_year(run)).spec.to_dict()["datasets"]
    (rows,) = drawn.values()
    expected = [
        row["share"] for row in rows if row["scenario"] == calm.ALL and "works" in row["plant"]
    ]
    assert expected == near([0, 0.2, 0.4, 0.3])


def test_nothing_is_said_of_standing_warm_where_imports_have_no_price(run: RunView) -> None:
    case = run.case.with_table(
        "imports", run.case.frame("imports").drop(columns="price_usd_per_kg")
    )
    found = calm.chapter(run_view(planner.solve(case, baseline=False)))
    assert found is not None and "Imports have no price" in found.lead and found.tables == []


def test_a_loss_in_calm_years_cannot_be_seen_where_every_year_is_disturbed(run: RunView) -> None:
    shocks = run.case.frame("shocks")
    rows = [
        {"scenario": one, "kind": "capacity", "factor": 0.99, "project": "works"}
        for one in run.case.scenarios
    ]
    case = run.case.with_table("shocks", pd.concat([shocks, pd.DataFrame(rows)]))
    found = calm.chapter(run_view(planner.solve(case, baseline=False)))
    assert found is not None
    assert "so a loss from running in calm years cannot be seen here" in found.lead


def test_a_shock_that_touches_nothing_disturbs_no_year(run: RunView) -> None:
    """There is no magnet plant, so nobody feels that none works."""
    unfelt = {"scenario": "calm", "kind": "capacity", "factor": 0, "stage": "magnet"}
    shocks = pd.concat([run.case.frame("shocks"), pd.DataFrame([unfelt])])
    case = run.case.with_table("shocks", shocks)
    disturbed = run_view(planner.solve(case, baseline=False))
    assert undisturbed_years(disturbed) == undisturbed_years(run) == [2026, 2027, 2028, 2029]
    pd.testing.assert_frame_equal(standing_warm(disturbed), standing_warm(run))


def test_what_stands_idle_and_what_it_costs_is_told(run: RunView) -> None:
    # `thrift`, 10 t/y in use from 2027 on, at 0.01 MUSD a year for each t/y: 0.3 in three years.
    projects = run.case.frame("projects")
    is_thrift = projects["project"] == "thrift"
    costly = projects.assign(fixed_opex_usd_per_tpa=is_thrift * 10_000.0)
    case = run.case.with_table("projects", costly)
    found = calm.chapter(run_view(planner.solve(case, baseline=False)))
    assert found is not None
    assert "expected over all scenarios and years: 0 % of savings." in found.lead
    assert "whether they run or not, is 0.300 MUSD to 2029" in found.lead
