"""Sentences that explain what would puzzle a reader: each only where it is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.planning import solve_case
from planner.reporting.chapters.why import information
from planner.results.explanation import Explanation, Rung
from tests.cases import MUSD, budget, mine, plant
from tests.conftest import MakeCase


@pytest.fixture
def case(make_case: MakeCase) -> Case:
    """100 t wanted in each of three years; a mine and a plant of 40 t/y, for 1 and 1.5 MUSD per t/y, run at once.
    Without the mine there is no ore, so mines alone take nothing off, nor do plants without them."""
    return make_case(
        projects=[
            mine(existing_tpa=0, max_new_tpa=40, capex_usd_per_tpa=MUSD),
            plant(max_new_tpa=40, capex_usd_per_tpa=1.5 * MUSD),
        ],
        budgets=budget(100),
    )


@pytest.fixture
def found(case: Case) -> Explanation:
    return explain(solve_case(case, baseline=False), "run", workers=1)


def test_money_beside_the_value_of_information(case: Case, found: Explanation) -> None:
    once = Rung("committed", "Committed", 100.0, 100.0, 80.0, 0.0, 0.0)
    later = replace(once, key="adaptive", cost=30.0)

    def said(*timing: Rung) -> str:
        (told,) = information(replace(found, timing=timing))
        return told.sentence

    assert (
        "worth 50.0 MUSD. At the same risk the plan that answers costs 30.0 in place of 80.0 MUSD"
        in said(once, later)
    )
    assert "valued in risk, not in money" in said(once)
    assert "In money" not in said(once) and "In money" not in said(once, replace(later, cost=80.0))
    assert "In money" not in said(once, replace(later, risk=50.0))
