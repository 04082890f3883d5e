"""The first chapters say what to approve, in which scenarios losses were measured, and by which command a block is filled."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pandas as pd
import pytest

from planner.reporting.chapters import recommendation
from planner.reporting.pages.run import Report, report_of
from planner.reporting.parts import Answers
from planner.reporting.words.numbers import money
from planner.results.explanation import Explanation
from planner.results.figures import plants
from planner.results.figures.money import public_parts
from planner.results.figures.plants import decisions
from planner.results.plan import Plan
from tests.cases import near
from tests.reporting.conftest import words_of
from tests.reporting.decided import made_up

COMMAND = re.compile(r"\bplanner ([a-z]+)")


def evaluated(risk: float, without: float) -> dict[str, Any]:
    """What `evaluation.json` says, as far as the first screen reads it."""

    def policy(value: float) -> dict[str, Any]:
        estimate = {"value": value, "low": 0.9 * value, "high": 1.1 * value}
        keys = ("risk_musd", "expected_loss_musd", "cvar_musd")
        return {"policy": dict.fromkeys(keys, estimate)}

    stated = {"futures": 20, "policy": "myopic", "difference": policy(without - risk)}
    return {"evaluation": {**stated, "plan": policy(risk), "without_plan": policy(without)}}


@pytest.fixture(scope="module")
def asked(plan: Plan, explanation: Explanation) -> Plan:
    """The starter with all that may be asked about its decision."""
    found = dataclasses.replace(explanation, frontier=made_up(plan))
    return dataclasses.replace(plan, explanation=found, **evaluated(100.0, 900.0))


@pytest.fixture(scope="module")
def report_on(plan: Plan, asked: Plan, report: Report) -> Callable[[str], Report]:
    """The report of the starter as solved, evaluated or explained; each is made once."""

    @cache
    def made(stage: str) -> Report:
        if stage == "as solved":
            return report
        is_evaluated = stage == "evaluated"
        run = dataclasses.replace(plan, **evaluated(100.0, 900.0)) if is_evaluated else asked
        return report_of(run)

    return made


def told_in(report: Report, anchor: str) -> str:
    """All words of a chapter but those of its tables."""
    (chapter,) = [one for one in report.chapters if one.anchor == anchor]
    told = [chapter.title, chapter.lead]
    for part in chapter.parts:
        told += words_of(part) if isinstance(part, Answers) else [part.title, *words_of(part)]
    return " ".join(told)


def test_the_first_words_say_what_to_approve_and_who_pays(report: Report, plan: Plan) -> None:
    lead = told_in(report, "recommendation")
    assert lead.startswith(
        "Recommendation Approve in 2027: 2 plants, training and stock purchases (2027–2028). "
        "From 2028 to 2029, solved again then: 2 plants. "
    )
    assert f"{money(plan.summary['public_spend_musd'])} of public money." in lead
    assert "Paid by: MUSD: United States 43.9, Japan 21.9, Australia 2.74; from 20" in lead


def test_public_money_is_told_by_what_it_is_for(report: Report, plan: Plan) -> None:
    """The parts come to the whole, and that of plants is what the table of lines adds up."""
    lead, parts = told_in(report, "recommendation"), public_parts(plan)
    whole = parts.capital + parts.people + parts.stock
    assert whole == near(plan.summary["public_spend_musd"])
    assert (
        f"Of that, {money(parts.capital)} for what is built, {money(parts.stock)} expected for stock"
        in lead
    )
    table = recommendation.lines(plan)
    assert table is not None and table.sum_of("public_musd") == near(parts.capital)


def test_what_is_approved_now_and_later_has_its_money(report: Report, plan: Plan) -> None:
    """Stock and people, which fall in no year of approval, stand beside the years."""
    public = decisions(plan).groupby("year")["public_musd"].sum()
    parts = public_parts(plan)
    assert public.sum() + parts.stock + parts.people == near(plan.summary["public_spend_musd"])
    lead = told_in(report, "recommendation")
    assert (
        f"When: 2027: {money(public[2027])} of public capital is committed, to be paid as it is built (MUSD: "
        in lead
    )
    assert (
        f"{money(public.sum() - public[2027])}, to be solved again then; all figures take it as listed."
        in lead
    )


def test_a_plant_approved_in_two_years_is_counted_once(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the first year and of later ones come to the whole, less what is approved twice."""
    rows = decisions(plan)
    first = rows[rows["year"] == rows["year"].min()]
    more = pd.concat([rows, first.head(1).assign(year=rows["year"].max())], ignore_index=True)
    monkeypatch.setattr(plants, "decisions", lambda _: more)
    assert "From 2028 to 2029, solved again then: 2 plants." in recommendation.approve(plan)
    (when,) = [one.sentence for one in recommendation.answers(plan) if one.about == "When"]
    assert " In all 3 plants, each counted once." in when


def test_losses_are_told_in_new_scenarios_where_they_are_known(
    report_on: Callable[[str], Report],
) -> None:
    assert "in 20 new scenarios" in told_in(report_on("evaluated"), "recommendation")
    assert "in the 3 scenarios of the plan" in told_in(report_on("as solved"), "recommendation")


@pytest.mark.parametrize(
    ("stage", "anchor", "commands"),
    [
        ("as solved", "buys", ["evaluate"]),
        ("as solved", "shelves", ["explain"]),
        ("as solved", "alternatives", ["explain"]),
        ("as solved", "sure", ["evaluate"]),
        ("evaluated", "buys", []),
        ("explained", "shelves", []),
        ("explained", "alternatives", []),
    ],
)
def test_a_block_that_was_not_asked_names_the_command_that_fills_it(
    report_on: Callable[[str], Report], stage: str, anchor: str, commands: list[str]
) -> None:
    assert COMMAND.findall(told_in(report_on(stage), anchor)) == commands


def test_what_waiting_costs_stands_with_what_to_approve(report_on: Callable[[str], Report]) -> None:
    words = "Waiting: Begun two years later, cost plus risk are "
    assert words in told_in(report_on("explained"), "recommendation")
    assert words not in told_in(report_on("as solved"), "recommendation")
