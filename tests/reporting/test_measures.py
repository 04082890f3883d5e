"""Measures that save demand are counted beside plants, not among them. In `inputs/workshop` three plants are there from the
start, and the plan adds one measure, thrift in motors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.reporting.chapters import plants, recommendation
from planner.reporting.words.names import names_of
from planner.results.figures.plants import Counted, counted
from planner.results.plan import Plan

WORKSHOP = Path(planner.__file__).parents[1] / "inputs" / "workshop"


@pytest.fixture(scope="module")
def run() -> Plan:
    return planner.solve(planner.load(WORKSHOP), baseline=False)


def test_a_measure_is_no_plant(run: Plan) -> None:
    there = ["collection", "bench", "works", "thrift", "thrift"]
    assert counted(run, there) == Counted(plants=3, measures=1)


def test_measures_are_told_beside_plants(run: Plan) -> None:
    assert (
        "Approve in 2026: 1 savings measure and stock purchases (2028). "
        in recommendation.approve(run)
    )
    chart = recommendation.timeline(run)
    assert chart is not None and chart.caption.startswith("With the delays that are expected")
    table = plants.investments(run)
    assert table is not None and table.title == "Plants and savings measures to be built"


def test_a_case_without_measures_speaks_of_plants_alone() -> None:
    starter = WORKSHOP.parent / "starter"
    run = planner.solve(planner.load(starter), baseline=False)
    assert "2 plants" in recommendation.approve(run) and "measure" not in recommendation.approve(
        run
    )


def test_no_plant_is_left_out_of_the_timeline_where_measures_cost_more(run: Plan) -> None:
    """Whatever measures cost, the plants of a plan are drawn."""
    first = run.tables["investments"].iloc[0].to_dict()
    rows = [first, first | {"project": "works", "stage": "metal", "capex_musd": 0.001}]
    tables = run.tables | {"investments": pd.DataFrame(rows)}
    chart = recommendation.timeline(dataclasses.replace(run, tables=tables))
    assert chart is not None
    drawn = {row["stage"] for rows in chart.drawing["datasets"].values() for row in rows}
    assert drawn == {names_of(run.case).stages["metal"]}
