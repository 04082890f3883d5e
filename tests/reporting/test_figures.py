"""The tables behind the charts: each checked against the result tables or an answer worked out by hand."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pandas as pd
import pytest

from planner.data.kept import PLACE, kept
from planner.reporting.words.names import names_of
from planner.results.figures.plants import decisions
from planner.results.figures.sums import elements_by_loss
from planner.results.figures.unmet import balances, fan, met_by_scenario
from planner.results.plan import Plan, Status


@pytest.fixture(scope="module")
def book(plan: Plan) -> Plan:
    return plan


def test_fan_quantiles_by_hand(book: Plan) -> None:
    weights = {"a": 0.05, "b": 0.25, "c": 0.6, "d": 0.1}
    few = replace(book, case=replace(book.case))
    few.case.lookups.__dict__["scenarios"] = weights
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


def test_fan_encloses_the_expected_balance(book: Plan) -> None:
    for element in elements_by_loss(book):
        spread = fan(book, met_by_scenario(book, element), "met")
        expected = balances(book)
        assert spread["mean"].to_list() == pytest.approx(
            expected.loc[expected["element"] == element, "met"].to_list()
        )
        assert (spread["least"] <= spread["low"]).all() and (spread["low"] <= spread["high"]).all()
        assert (spread["high"] <= spread["most"]).all()


def test_a_figure_is_computed_once_for_a_plan_and_its_arguments(plan: Plan) -> None:
    asked = []

    @kept
    def figure(of: Plan, element: str) -> str:
        asked.append(element)
        return element.upper()

    one = replace(plan)
    assert [figure(one, element) for element in ("dy", "tb", "dy")] == ["DY", "TB", "DY"]
    assert asked == ["dy", "tb"]
    other = replace(one, status=Status.UNPROVEN)
    assert figure(other, "dy") == "DY" and asked == ["dy", "tb", "dy"]


def test_kept_figures_are_not_sent_with_a_plan(plan: Plan) -> None:
    one = replace(plan)
    assert len(decisions(one)) and PLACE in vars(one)
    sent = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own
    assert PLACE not in vars(sent)
    pd.testing.assert_frame_equal(decisions(sent), decisions(one))


def test_what_is_kept_with_a_case_is_not_sent_with_it(plan: Plan) -> None:
    case = replace(plan.case)
    assert names_of(case) is names_of(case)
    sent = pickle.loads(pickle.dumps(case))  # noqa: S301 - our own
    assert not vars(sent)[PLACE] and names_of(sent).country == names_of(case).country
