"""Figures behind the panels, with answers by hand; the lines of commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

import planner
from planner.reporting.pages.run import report_of
from planner.reporting.panels import answer
from planner.reporting.panels.shortage import by_element
from planner.reporting.parts import charts_of
from planner.reporting.screen import MOST_LINES, WIDTH, Screen, explanation_screen, solve_screen
from planner.reporting.words.numbers import rounded_interval, rounded_money
from planner.results.explanation import Explanation
from planner.results.figures.lever_steps import lever_steps
from planner.results.figures.loss_distribution import loss_exceedance
from planner.results.figures.material_flow import (
    UNMET,
    Balance,
    Flow,
    blocks_of,
    flows,
    height_of,
    links_of,
    used,
)
from planner.results.plan import Plan
from tests.cases import near

OUT_OF_SAMPLE = {"value": 2_804.0, "low": 2_636.0, "high": 2_995.0}


@pytest.fixture
def run(plan: Plan, explanation: Explanation) -> Plan:
    """The starter, explained and evaluated in two scenarios."""
    of = dict.fromkeys(("risk_musd", "expected_loss_musd", "cvar_musd"), OUT_OF_SAMPLE)
    losses = {"probability": [0.75, 0.25], "plan_musd": [0.0, 400.0]}
    evaluation = {
        "futures": 2,
        **{whose: {"policy": of} for whose in ("plan", "without_plan", "difference")},
        "scenario_losses": losses | {"without_plan_musd": [200.0, 1_000.0]},
    }
    return replace(plan, explanation=explanation, evaluation=evaluation)


@pytest.mark.parametrize(
    ("value", "low", "high", "words", "ends"),
    [
        (28_054, 26_365, 29_953, "28 bn USD", "26 to 30"),
        (64_383, 63_570, 65_177, "64.4 bn USD", "63.6 to 65.2"),
        (482, 455, 510, "480 MUSD", "460 to 510"),
    ],
)
def test_figures_have_the_digits_of_their_interval(
    value: float, low: float, high: float, words: str, ends: str
) -> None:
    assert rounded_money(value, low, high) == words
    assert rounded_interval(value, low, high) == ends


def test_the_curve_gives_the_probability_of_a_larger_loss(run: Plan) -> None:
    curves = loss_exceedance(run)
    with_plan = curves[curves["plan"]]
    assert with_plan["loss"].tolist() == [0.0, 0.0, 400.0]
    assert with_plan["probability"].tolist() == near([1.0, 0.25, 0.0])
    assert curves[~curves["plan"]]["loss"].tolist() == [0.0, 200.0, 1_000.0]


def test_without_an_evaluation_the_curve_is_in_sample(plan: Plan) -> None:
    curves = loss_exceedance(plan)
    losses = set(curves[curves["plan"]]["loss"])
    assert losses == {0.0, *plan.summary["scenario_loss_musd"].values()}


def test_the_first_screen_names_the_command_that_fills_a_tile(plan: Plan, run: Plan) -> None:
    bare = [card.note for card in answer.first_screen(plan).cards]
    assert answer.EXPLAIN in bare[3] and answer.EVALUATE in bare[0]
    full = answer.first_screen(run)
    assert "2.6 to 3.0" in full.cards[0].note and full.cards[3].value != "–"
    assert "2.8 bn USD (95 %: 2.6 to 3.0)" in full.title


def test_capital_of_the_decisions_is_that_of_the_plan(plan: Plan) -> None:
    rows = answer.decision_rows(plan)
    assert len(rows) <= answer.MOST_DECISIONS
    capital = plan.tables["investments"]
    expected = (capital["capex_musd"] * capital["probability"]).sum()
    assert sum(row["capex_musd"] for row in rows) == near(expected)


# ---- material flow ---------------------------------------------------------------------------------------------------


@pytest.fixture
def flow() -> Flow:
    """60 t of oxide of A from a mine there and 40 t imported from X; 50 t used, 40 t made into metal by B and used there."""
    oxide = Balance(made={"A": 60.0}, outside={"X": 40.0}, use=50.0)
    metal = Balance(made={"B": 40.0}, use=40.0)
    return Flow(forms=[oxide, metal], mined={("A", "A"): 60.0}, unmet=10.0)


def test_blocks_stand_on_what_passes_below_them(flow: Flow) -> None:
    blocks = {(block.column, block.origin): block for block in blocks_of(flow)}
    assert blocks[1, "X"].bottom == 60.0 and blocks[2, "B"].bottom == 50.0
    assert blocks[3, UNMET].bottom == 90.0 and height_of(flow) == 100.0
    assert blocks[3, used(0)].t == 50.0


def test_supply_is_mixed_in_proportion(flow: Flow) -> None:
    tonnes = {(link.origin, link.start, link.end): link.t for link in links_of(flow)}
    assert tonnes["A", 0, 1] == 60.0
    assert tonnes["A", 1, 2] == near(24.0) and tonnes["X", 1, 2] == near(16.0)
    assert tonnes["A", 1, 3] == near(30.0) and tonnes["X", 1, 3] == near(20.0)
    assert tonnes["B", 2, 3] == near(40.0)


def test_the_use_of_a_flow_is_the_demand_of_the_run(plan: Plan) -> None:
    short = plan.tables["shortfall"]
    for (element, year, scenario), one in flows(plan).items():
        is_own = (short["element"] == element) & (short["year"] == year)
        own = short[is_own & (short["scenario"] == scenario)]
        assert one.unmet == near(own["tonnes"].sum())
        wanted = sum(form.use for form in one.forms) + one.unmet + one.saved
        assert wanted == near(own["demand_t"].sum())


# ---- levers ----------------------------------------------------------------------------------------------------------


def test_steps_lead_from_no_plan_to_the_plan(run: Plan) -> None:
    steps = lever_steps(run)
    assert len(steps) >= 2
    assert steps[0].before == near(run.without["risk_musd"])
    assert steps[-1].after == near(run.explanation.own.risk)  # type: ignore[union-attr]
    for before, after in pairwise(steps):
        assert before.after == after.before and not before.levers & after.levers


def test_without_an_explanation_there_are_no_steps(plan: Plan) -> None:
    assert lever_steps(plan) == []


# ---- tables and charts -----------------------------------------------------------------------------------------------


def test_charts_are_listed_by_name(run: Plan) -> None:
    names = planner.chart(run)
    assert names == [chart.name for chart in charts_of(*_parts(run))]
    assert {"loss_distribution", "map", "flow_cut", "levers", "payments"} <= set(names)


def _parts(plan: Plan) -> tuple:
    report = report_of(plan)
    return report.front, report.chapters


def test_unmet_demand_beside_another_plan_is_the_difference(plan: Plan) -> None:
    table = by_element(plan, plan)
    assert table.frame["moved"].tolist() == near([0.0] * len(table.frame))


def test_one_quantity_has_one_value_on_the_first_screen(plan: Plan) -> None:
    front = answer.first_screen(plan)
    paid = rounded_money(float(plan.tables["payments"]["paid_musd"].sum()))
    assert paid in front.title and front.cards[1].value == paid


# ---- lines of commands -----------------------------------------------------------------------------------------------


SCREENS: list[Callable[[Plan], Screen]] = [
    lambda run: solve_screen(run, "Written: run/report.html"),
    lambda run: explanation_screen(run, run.explanation, "Written: run/report.html"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_command_ends_with_few_short_lines(run: Plan, screen: Callable[[Plan], Screen]) -> None:
    lines = screen(run).lines()
    assert len(lines) <= MOST_LINES and max(map(len, lines)) <= WIDTH
    assert lines[-1].startswith("Written")


def test_json_has_the_figures_of_the_lines(run: Plan) -> None:
    screen = solve_screen(run, "")
    rows = json.loads(screen.as_json())["figures"]
    risk = next(row for row in rows if row["figure"].startswith("Risk"))
    assert risk["plan"] == run.summary["risk_musd"]
    shown = next(line for line in screen.lines() if line.startswith("Risk"))
    assert f"{run.summary['risk_musd']:,.0f}" in re.split(r"\s{2,}", shown)
