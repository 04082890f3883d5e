"""Statements of the page that must not say more than was computed: bounds, orders, samples and one of several optima."""

from __future__ import annotations

import dataclasses

import pytest

from planner.data.case import with_rows
from planner.data.schema import UncertainRange
from planner.reporting.chapters import buys, levers, limits, plants, shelves, sure
from planner.reporting.words.names import names_of
from planner.results.explanation import Explanation, Influence, NearOptimal, Range, Tried
from planner.results.plan import Plan
from tests.reporting.decided import made_up_droppings

DOUBT = UncertainRange(
    uncertainty="use",
    name="use of magnets",
    table="demand",
    column="tonnes",
    low=0.5,
    high=2.0,
    ask="makers of magnets",
)


@pytest.fixture(scope="module")
def run(plan: Plan, explanation: Explanation) -> Plan:
    return dataclasses.replace(
        plan, explanation=dataclasses.replace(explanation, droppings=made_up_droppings(plan))
    )


def test_a_marginal_value_is_the_most_that_more_can_bring(run: Plan) -> None:
    """The optimum is convex in a right-hand side: a unit more brings at most the price, a unit less takes at least it."""
    table = limits.scarce(run)
    assert table is not None
    assert "at most its marginal value" in table.note
    assert "Of several sets of marginal values that are valid one is shown, and" in table.note
    assert table.title.endswith("the most that one unit more can bring")


def test_a_plant_that_adds_little_is_not_said_to_be_worth_nothing(run: Plan) -> None:
    rows = shelves.shelved(run)
    table = shelves.table(run, rows)
    assert table is not None
    assert "Plants of a kind stand in for each other" in shelves.lead(run, rows)
    # Which plants go together was not asked.
    assert "complementary" not in table.note + shelves.lead(run, rows)


def test_where_no_doubt_was_tried_none_is_said_to_matter_little(run: Plan) -> None:
    assert run.explanation is not None and run.explanation.claims
    bare = dataclasses.replace(run.explanation, influences=[])
    doubted = with_rows(run.case, uncertainties=(DOUBT,))
    run = dataclasses.replace(run, case=doubted, explanation=bare)
    assert (
        "Tried, one at a time: 0 of 1 doubtful figure; planner explain RUN --doubts"
        in sure.lead(run)
    )
    table = sure.facts(run)
    assert table is not None and "none was tried" in table.title
    assert table.shown == [["use of magnets", "makers of magnets", "not tried"]]
    chapter = levers.chapter(run)
    assert chapter is not None and "judged by the figures as given alone" in chapter.lead
    chart = levers.lever_chart(run, bare)
    assert chart is not None and "all ends" not in chart.caption
    assert chart.title.endswith(" open, on 0 of 1 doubt: none is final")


def test_the_doubt_that_moves_most_is_the_first_of_the_table_though_it_lowers_the_objective(
    run: Plan,
) -> None:
    assert run.explanation is not None
    influences = [
        Influence(
            input=name,
            why="",
            confidence="",
            tried=[
                Tried(
                    setting="x 2", changes=[], objective=run.explanation.values.everything + effect
                )
            ],
            effect=effect,
        )
        for name, effect in {"use": -400.0, "price": 100.0}.items()
    ]
    tried = dataclasses.replace(run.explanation, influences=influences)
    lead = sure.lead(dataclasses.replace(run, explanation=tried))
    assert "“use” moves" in lead and "“price” moves" not in lead


def test_a_plant_that_every_near_optimal_plan_builds_is_told(run: Plan) -> None:
    assert run.explanation is not None
    project = str(run.tables["investments"]["project"].iloc[0])
    one = Range(project=project, least=1.0, most=50.0, limit=100.0, word="must")
    near = NearOptimal(within={"welfare": 0.01}, ranges=[one], solves=2)
    found = dataclasses.replace(run.explanation, near_optimal=near)
    rows = plants.investments(dataclasses.replace(run, explanation=found))
    assert rows is not None
    at = [column.field for column in rows.heads].index("core")
    told = {row[0]: row[at] for row in rows.shown}
    assert told[names_of(run.case).placed(project)] == "in every plan"


def test_a_plan_that_was_not_evaluated_says_in_which_scenarios_it_reduces_losses(run: Plan) -> None:
    assert "in the 3 scenarios of the plan" in buys.gain(run)
    assert "planner evaluate RUN --register" in buys.lead(run)
