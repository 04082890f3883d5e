"""Figures far from the size of others: either the same plan in other units, or a refusal that names the row."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from benchmarks.changes import scaled
from planner.data.case import Case
from planner.errors import InputError
from planner.solving.goals import silent
from planner.solving.live_program import LiveProgram

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
MONEY = {
    "projects": ("capex_usd_per_tpa", "fixed_opex_usd_per_tpa", "variable_opex_usd_per_t"),
    "elements": ("loss_usd_per_kg",),
    "loss_tiers": ("loss_usd_per_kg",),
    "stockpiles": ("purchase_usd_per_kg", "holding_usd_per_kg_year"),
    "training": ("cost_per_trainee_usd", "cost_per_seat_usd"),
    "workforce": ("hire_cost_usd",),
    "budgets": ("musd",),
}


def in_money(case: Case, factor: float) -> Case:
    """The same case with every amount of money times a factor."""
    for table, columns in MONEY.items():
        for column in columns:
            case = scaled(case, table, column, factor)
    return case


@pytest.mark.parametrize("factor", [1e-4, 1e-2, 1e2, 1e4])
def test_money_in_other_units_is_the_same_plan(factor: float) -> None:
    case = planner.load(STARTER)
    one, other = LiveProgram(case).solve(silent), LiveProgram(in_money(case, factor)).solve(silent)
    assert other.stop == one.stop == "optimal"
    for name, value in one.values.items():
        assert other.values[name] / factor == pytest.approx(value, rel=1e-6), name


def test_a_coefficient_too_small_for_a_solver_is_named_with_its_cells() -> None:
    case = scaled(planner.load(STARTER), "projects", "capex_usd_per_tpa", 1e-13)
    with pytest.raises(InputError) as refused:
        planner.solve(case)
    said = str(refused.value)
    assert "figures multiply" in said
    assert "projects.csv" in said
    assert "capex_usd_per_tpa" in said
