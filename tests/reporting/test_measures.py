"""Measures that save demand are counted beside plants, not among them. In `inputs/workshop` three plants are there from the
start, and the plan adds one measure, thrift in motors."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.reporting.chapters import answer, fund, plants
from planner.results.figures.plants import Counted, counted
from planner.results.plan import Plan

WORKSHOP = Path(planner.__file__).parents[1] / "inputs" / "workshop"


@pytest.fixture(scope="module")
def run() -> Plan:
    return planner.solve(planner.load(WORKSHOP), baseline=False)


def test_a_measure_is_no_plant(run: Plan) -> None:
    there = ["collection", "bench", "works", "thrift", "thrift"]
    assert counted(run, there) == Counted(plants=3, measures=1)


def test_what_is_begun_tells_measures_in_a_column_of_their_own(run: Plan) -> None:
    table = fund.begun_table(run)
    assert table is not None
    titles = [column.title for column in table.heads]
    first = dict(zip(titles, table.shown[0], strict=True))
    assert (first["plants"], first["savings measures"]) == ("0", "1")
    chart = fund.timeline(run)
    assert chart is not None and chart.title.startswith("1 savings measure committed in 20")
    assert plants.investments(run).title == "Plants and savings measures to commit"


def test_a_case_without_measures_speaks_of_plants_alone() -> None:
    starter = WORKSHOP.parent / "starter"
    run = planner.solve(planner.load(starter), baseline=False)
    table, chart = fund.begun_table(run), fund.timeline(run)
    assert table is not None and chart is not None
    assert "savings measures" not in [column.title for column in table.heads]
    assert "plants committed in 2027; first" in chart.title
    assert "besides" not in " ".join(card.note for card in answer.front(run).cards)
