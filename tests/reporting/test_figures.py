"""The tables behind the charts: each checked against the result tables or an answer worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from planner.reporting.charts.drawing import Bands, Plot, Scale, clipped, mixed, round_up, text_width, ticks
from planner.reporting.charts.flow import (
    MAGNET,
    MAGNET_PLANT,
    MAGNET_POOL,
    METAL,
    METAL_POOL,
    OXIDE_POOL,
    USER,
    streams,
)
from planner.reporting.values.supply import balance, fan, futures
from planner.reporting.values.view import EXPECTED, RunView, run_view
from planner.results.plan import PlanValues
from tests.cases import mine, near, plant, smelter
from tests.conftest import SolveCase


@pytest.fixture(scope="module")
def book(plan: PlanValues) -> RunView:
    return run_view(plan)


def test_flows_bring_users_their_demand_and_pools_balance(book: RunView) -> None:
    keys = ["scenario", "element", "year"]
    demand = book.tables["shortfall"].groupby(keys)["demand_t"].sum().to_dict()
    rows = book.tables["operations"]
    oxide = rows[(rows["item"] == "made") & (rows["form"] == "oxide")].groupby(keys)["tonnes"].sum().to_dict()
    seen = 0
    for scenario in book.weights:
        for element in book.elements:
            for year, found in streams(book, element, scenario).items():
                to_users = sum(
                    link.tonnes
                    for link in found
                    if link.target[0] == USER and link.target[1] not in ("Into stock", "Left over")
                )
                assert to_users == pytest.approx(demand[scenario, element, year], rel=1e-9)
                for pool in (OXIDE_POOL, METAL_POOL):
                    into = sum(link.tonnes for link in found if link.target[1] == pool)
                    out = sum(link.tonnes for link in found if link.source[1] == pool)
                    assert into == pytest.approx(out, abs=1e-5)
                from_mines = sum(link.tonnes for link in found if link.source[0] == 0)
                assert from_mines == pytest.approx(oxide.get((scenario, element, year), 0.0), abs=1e-5)
                seen += len(found)
    assert seen > 50


def test_fan_quantiles_by_hand(book: RunView) -> None:
    weights = {"a": 0.05, "b": 0.25, "c": 0.6, "d": 0.1}
    few = replace(book)
    few.__dict__["weights"] = weights
    rows = pd.DataFrame({"scenario": list("abcd"), "year": 2030, "demand": [9.0, 9, 8, 9], "met": [1.0, 2, 7, 9]})
    (found,) = fan(few, rows, "met").to_dict("records")
    assert found["least"] == 1.0 and found["most"] == 9.0
    assert found["low"] == 2.0  # probability 0.05 lies at 1, 0.30 at 2 or below: the tenth part is reached at 2
    assert found["high"] == 7.0  # 0.90 lies at 7 or below
    assert found["mean"] == pytest.approx(0.05 * 1 + 0.25 * 2 + 0.6 * 7 + 0.1 * 9)
    assert (found["demand_least"], found["demand_most"]) == (8.0, 9.0)


def test_fan_encloses_the_expected_balance(book: RunView) -> None:
    for element in book.elements:
        spread = fan(book, futures(book, element), "met")
        expected = balance(book, element, EXPECTED)
        assert spread["mean"].to_list() == pytest.approx(expected["met"].to_list())
        assert (spread["least"] <= spread["low"]).all() and (spread["low"] <= spread["high"]).all()
        assert (spread["high"] <= spread["most"]).all()


def test_flows_go_on_into_magnets(solve: SolveCase) -> None:
    # 10 t of oxide become metal in AAA, and the metal magnets there, which AAA uses.
    plants = [
        mine(existing_tpa=100),
        plant(existing_tpa=10),
        smelter(existing_tpa=10),
        {"project": "press", "country": "AAA", "stage": "magnet", "existing_tpa": 10},
    ]
    plan = solve(projects=plants, demand="country, element, form, year, tonnes\nAAA, Dy, magnet, 2026, 10")
    found = streams(run_view(plan), "Dy", "base")[2026]
    into = {(stream.target[0], stream.target[1]): stream.tonnes for stream in found if stream.source[0] >= METAL}
    assert into == {(MAGNET_PLANT, "AAA"): near(10.0), (MAGNET, MAGNET_POOL): near(10.0), (USER, "AAA"): near(10.0)}


def test_scales_and_ticks_by_hand() -> None:
    scale = Scale(0.0, 100.0, 0.0, 10.0, math.sqrt)
    assert (scale(0.0), scale(25.0), scale(100.0)) == (0.0, 5.0, 10.0)
    assert ticks(0.0, 10.0) == [0, 5, 10] and ticks(-1.0, 1.0) == [-1, -0.5, 0, 0.5, 1]
    assert (round_up(7.0), round_up(1_234.0)) == (8.0, 1_500.0)
    bands = Bands([2026, 2027], 0.0, 100.0, 0.2)
    assert (bands.at(2026), bands.width, bands.mid(2027)) == (5.0, 40.0, 75.0)
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


def test_labels_are_cut_to_their_room_and_texts_escaped() -> None:
    assert clipped("Short", 100) == "Short"
    cut = clipped("A name that is far too long for it", 60)
    assert cut.endswith("…") and text_width(cut) <= 60
    plot = Plot(100, 100)
    plot.text(0, 0, "<b>")
    plot.rect(0, 0, 5, -5, "red", tip='a "b"\nc & d')
    assert "&lt;b&gt;" in plot.inside and 'data-tip="a &#34;b&#34;" data-from="c &amp; d"' in plot.inside
    assert 'y="-5" width="5" height="5"' in plot.inside
