"""The tables behind the charts: each checked against the result tables or an answer worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from planner.reporting.charts.drawing import (
    Bands,
    Plot,
    Scale,
    clipped,
    mixed,
    round_up,
    text_width,
    ticks,
)
from planner.reporting.values.run_view import RunView, run_view
from planner.reporting.values.supply import balances, fan, futures
from planner.results.plan import PlanValues


@pytest.fixture(scope="module")
def book(plan: PlanValues) -> RunView:
    return run_view(plan)


def test_fan_quantiles_by_hand(book: RunView) -> None:
    weights = {"a": 0.05, "b": 0.25, "c": 0.6, "d": 0.1}
    few = replace(book)
    few.__dict__["weights"] = weights
    rows = pd.DataFrame(
        {"scenario": list("abcd"), "year": 2030, "demand": [9.0, 9, 8, 9], "met": [1.0, 2, 7, 9]}
    )
    (found,) = fan(few, rows, "met").to_dict("records")
    assert found["least"] == 1.0 and found["most"] == 9.0
    assert (
        found["low"] == 2.0
    )  # probability 0.05 lies at 1, 0.30 at 2 or below: the tenth part is reached at 2
    assert found["high"] == 7.0  # 0.90 lies at 7 or below
    assert found["mean"] == pytest.approx(0.05 * 1 + 0.25 * 2 + 0.6 * 7 + 0.1 * 9)
    assert (found["demand_least"], found["demand_most"]) == (8.0, 9.0)


def test_fan_encloses_the_expected_balance(book: RunView) -> None:
    for element in book.elements:
        spread = fan(book, futures(book, element), "met")
        expected = balances(book)
        assert spread["mean"].to_list() == pytest.approx(
            expected.loc[expected["element"] == element, "met"].to_list()
        )
        assert (spread["least"] <= spread["low"]).all() and (spread["low"] <= spread["high"]).all()
        assert (spread["high"] <= spread["most"]).all()


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
    assert (
        "&lt;b&gt;" in plot.inside
        and 'data-tip="a &#34;b&#34;" data-from="c &amp; d"' in plot.inside
    )
    assert 'y="-5" width="5" height="5"' in plot.inside
