"""The case `inputs/workshop`: the figures that its README works out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.warnings import warnings_of
from tests.cases import near, total

WORKSHOP = Path(planner.__file__).parents[1] / "inputs" / "workshop"


@pytest.fixture(scope="module")
def plan() -> planner.Plan:
    """The plan of the case with its own model."""
    return planner.solve(planner.load(WORKSHOP), baseline=False)


def test_risk_and_cost_are_those_of_the_page(plan: planner.Plan) -> None:
    assert plan.summary["risk_musd"] == near(11.5)
    assert plan.summary["cost_musd"] == near(70.65)
    assert plan.summary["public_spend_musd"] == near(6)


def test_the_parts_of_the_cost_are_those_of_the_page_and_sum_to_it(plan: planner.Plan) -> None:
    parts = plan.summary["cost_parts_musd"]
    told = {"capex": 1.0, "variable_opex": 7.2, "imports": 61.35}
    told |= {"stock_purchases": 1.0, "stock_holding": 0.1}
    assert parts == near({name: told.get(name, 0.0) for name in parts})
    assert sum(parts.values()) == pytest.approx(plan.summary["cost_musd"], abs=1e-12)


def test_the_works_stand_warm_for_the_year_in_which_they_are_needed(plan: planner.Plan) -> None:
    taken = plan.tables["capacity"].query("project == 'works'").sort_values("year")
    for scenario, last in {"calm": 0, "flood": 0, "cut": 30}.items():
        by_year = taken.loc[taken["scenario"] == scenario, "throughput_t"].tolist()
        assert by_year == near([0, 10, 20, last])
    assert plan.summary["utilisation"]["metal"]["existing"] == near(0.225)


def test_demand_is_saved_and_scrap_and_swarf_come_back(plan: planner.Plan) -> None:
    assert plan.summary["new_capacity_tpa"] == near({"thrift": 10})
    assert total(plan, "operations", "tonnes", item="saved", scenario="cut") == near(30)
    assert total(plan, "operations", "tonnes", item="mined", scenario="cut") == near(60)
    assert total(plan, "operations", "tonnes", item="returned", scenario="cut") == near(12)
    assert total(plan, "operations", "tonnes", item="bought", scenario="cut") == near(20)


def test_the_case_is_shipped_without_a_warning() -> None:
    assert warnings_of(planner.load(WORKSHOP)) == []
