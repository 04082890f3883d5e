"""Statements of the page that must not say more than was computed: bounds, orders, samples and one of several optima."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from planner.reporting.chapters import claims, doubts, fund, limits, remains, why
from planner.reporting.chapters.answer import front
from planner.reporting.chapters.exposed import chapter as exposed
from planner.reporting.chapters.plants import NEAR, investments
from planner.results.explanation import (
    Alternatives,
    Explanation,
    LeverValue,
    LeverValues,
    Range,
    StockValue,
)
from planner.results.figures.decision import decided
from planner.results.plan import Plan
from tests.reporting.decided import made_up


@pytest.fixture(scope="module")
def run(plan: Plan, explanation: Explanation) -> Plan:
    return dataclasses.replace(
        plan, explanation=dataclasses.replace(explanation, decision=made_up(plan))
    )


def test_a_marginal_value_is_the_most_that_more_can_bring(run: Plan) -> None:
    """The optimum is convex in a right-hand side: a unit more brings at most the price, a unit less takes at least it."""
    table = limits.scarce(run)
    assert table is not None
    assert "at most its marginal value" in table.note
    assert "Of several sets of marginal values that are valid one is shown." in table.note
    assert table.title.endswith("the most that one unit more can bring")


def test_money_of_a_step_and_of_this_plan_are_told_apart(run: Plan) -> None:
    found = decided(run)
    assert found is not None
    note = fund.steps_table(run, found).note
    assert "at the sizes of the step" in note
    assert "Public money is for the sizes in this plan" in note
    # Projects enter a corner of the curve together; that one is worth nothing without the others was not asked.
    assert "complementary" not in note + fund.lead(run)


def test_where_no_unsure_input_was_tried_none_is_said_to_matter_little(run: Plan) -> None:
    assert run.explanation is not None
    untried = [dataclasses.replace(verdict, trials=()) for verdict in run.explanation.verdicts]
    bare = dataclasses.replace(run.explanation, influences=(), verdicts=untried)
    lead = doubts.lead(dataclasses.replace(run, explanation=bare))
    assert "No unsure input was tried" in lead
    assert "by a hundredth" not in lead and "inconclusive" not in lead
    note = claims.verdict_table(bare).note
    assert "Every unsure input was tried" not in note and "Wilson" not in note
    assert claims.verdict_chart(bare).title.startswith("As given: ")
    trial = SimpleNamespace(measure=0.2)
    tried = [dataclasses.replace(verdict, trials=[trial]) for verdict in untried]  # type: ignore[list-item]
    told = claims.verdict_chart(dataclasses.replace(bare, verdicts=tried)).title
    assert not told.startswith("As given")


def test_lever_titles_state_their_condition(run: Plan) -> None:
    """A rung of the ladder owes its size to the order; stock is not said to be worth more or less than a policy makes of
    it."""
    assert run.explanation is not None
    lever = LeverValue(key="stockpile", name="stock", first_in=60.0, last_out=60.0)
    stock = StockValue(with_purchases=40.0, without_purchases=100.0)
    values = LeverValues(nothing=60.0, everything=0.0, levers=[lever])
    found = dataclasses.replace(run.explanation, values=values, stock=stock)
    chart = claims.lever_chart(found)
    assert chart is not None
    assert chart.title == "Missed most: stock, 100 % of the whole reduction"
    assert "stock purchases reduce in-sample risk by 60.0 MUSD" in chart.caption
    assert why.levers(found).title.startswith("In this order the longest step is ")


def test_near_optimal_plans_are_not_called_equally_good(run: Plan) -> None:
    assert run.explanation is not None
    project = str(run.tables["investments"]["project"].iloc[0])
    one = Range("project", project, least=1.0, most=50.0, limit=100.0, word="must")
    near = Alternatives(within={"welfare": 0.01}, ranges=[one], solves=2)
    table = investments(
        dataclasses.replace(
            run, explanation=dataclasses.replace(run.explanation, alternatives=near)
        )
    )
    headings = [column.title for column in table.columns]
    assert NEAR in headings and not any("equally good" in heading for heading in headings)
    at = headings.index(NEAR)
    assert "1.00 to 50.0" in [row[at] for row in table.rows]
    assert "all within 1 % of the least risk-adjusted cost" in table.note


def test_the_probability_of_a_shortage_is_in_sample(run: Plan) -> None:
    chapter = exposed(run)
    assert chapter is not None
    [card] = [card for card in chapter.cards if card.title.startswith("Probability of a shortage")]
    assert "in-sample" in card.note


def test_a_cost_beside_risk_out_of_sample_says_that_it_is_in_sample(run: Plan) -> None:
    told = {card.title: card.unit for card in front(run).cards}
    assert "in-sample" in told["Cost beyond no plan"]
    chapter = remains.chapter(run)
    assert chapter is not None
    assert "in-sample" in {card.title: card.note for card in chapter.cards}["Cost"]
