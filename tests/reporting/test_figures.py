"""The tables behind the charts: each checked against the result tables or an answer worked out by hand."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pandas as pd

from planner.data.kept import PLACE, kept
from planner.reporting.words.names import names_of
from planner.results.figures.plants import decisions
from planner.results.plan import Plan, Status


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
