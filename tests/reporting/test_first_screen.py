"""The first screen tells of each risk or loss in which scenarios it was measured, and names no command."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from planner.reporting.forms.html import words_of
from planner.reporting.pages.run import Report, report_of
from planner.reporting.parts import Front, ReportTable
from planner.results.explanation import Explanation
from planner.results.plan import Plan
from tests.reporting.decided import made_up

RISK = re.compile(r"\b(risk|loss|loses?|unmet|protection)\b", re.IGNORECASE)
LABEL = re.compile(r"in-sample|out[ -]of[ -]sample", re.IGNORECASE)
COMMAND = re.compile(r"\bplanner [a-z]+|(?<!\S)`?--[a-z]+")


def evaluated(risk: float, without: float) -> dict[str, Any]:
    """What `evaluation.json` says, as far as the first screen reads it."""

    def policy(value: float) -> dict[str, Any]:
        estimate = {"value": value, "low": 0.9 * value, "high": 1.1 * value}
        keys = ("risk_musd", "expected_loss_musd", "cvar_musd")
        return {"policy": dict.fromkeys(keys, estimate)}

    return {"evaluation": {"futures": 20, "plan": policy(risk), "without_plan": policy(without)}}


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


@pytest.fixture(params=["as solved", "evaluated", "explained"])
def any_report(request: pytest.FixtureRequest, report_on: Callable[[str], Report]) -> Report:
    return report_on(request.param)


def told_by(front: Front) -> Iterator[str]:
    """The claim, cards and charts of a first screen, a text each."""
    yield front.claim
    for card in front.cards:
        yield f"{card.title}: {card.value} {card.unit} {card.note}"
    for chart in front.charts:
        yield chart.title
        yield from titles_of_axes(chart.spec.to_dict(validate=False))


def titles_of_axes(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        for channel in ("x", "y"):
            axis = spec.get(channel)
            if isinstance(axis, dict):
                yield (axis.get("axis") or {}).get("title") or axis.get("title") or ""
        for inner in spec.values():
            yield from titles_of_axes(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from titles_of_axes(inner)


def test_each_risk_or_loss_says_where_it_was_measured(any_report: Report) -> None:
    about_risk = [text for text in told_by(any_report.front) if RISK.search(text)]
    assert len(about_risk) >= 5
    assert [text for text in about_risk if not LABEL.search(text)] == []


def test_the_claim_is_out_of_sample_where_that_is_known(report_on: Callable[[str], Report]) -> None:
    known = report_on("evaluated").front.claim
    assert "more reduces out-of-sample risk by 800 MUSD" in known
    assert "more reduces in-sample risk by" in report_on("as solved").front.claim


def test_commands_are_named_in_one_place(any_report: Report) -> None:
    told = [any_report.front.question, *told_by(any_report.front), any_report.front.note]
    for chapter in any_report.chapters:
        if chapter.anchor != "made":
            told += [chapter.title, chapter.lead]
            for part in chapter.parts:
                told += [part.title, *words_of(part)]
    assert len(told) > 60
    assert [text for text in told if COMMAND.search(text)] == []


def test_the_page_says_how_it_was_made(report_on: Callable[[str], Report]) -> None:
    def made(report: Report) -> str:
        (chapter,) = [one for one in report.chapters if one.anchor == "made"]
        assert chapter.behind
        return " ".join(words_of(chapter.parts[0]))

    before, after = made(report_on("as solved")), made(report_on("explained"))
    assert "planner explain adds" in before and "planner evaluate adds" in before
    assert "planner explain gave" in after and "planner evaluate gave" in after
    assert "planner coverage adds" in after


def test_use_of_existing_capacity_stands_beside_that_of_new(plan: Plan, report: Report) -> None:
    (chapter,) = [one for one in report.chapters if one.anchor == "remains"]
    (table,) = [part for part in chapter.parts if isinstance(part, ReportTable)]
    use = plan.summary["utilisation"]
    assert use["separation"]["existing"] == pytest.approx(0.4333, abs=1e-4)
    assert [column.full for column in table.columns] == [
        *("plants", "new capacity", "new capacity (undisturbed years)", "existing capacity")
    ]
    shown = {row[0]: row[1:] for row in table.shown}
    assert shown["Separation plants"] == ["14.8 %", "0 %", "43.3 %"]
