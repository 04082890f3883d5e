"""Figures far from the size of others: either the same plan in other units, or a refusal that names the row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import planner
from benchmarks.changes import scaled
from planner.data.case import Case
from planner.errors import InputError
from planner.solving.goals import silent
from planner.solving.warm_program import WarmProgram
from tests.cases import LONG, REAL

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
CAPEX = ("capex_usd_per_tpa", "fixed_opex_usd_per_tpa", "variable_opex_usd_per_t")
STOCK = ("purchase_usd_per_kg", "holding_usd_per_kg_year")
TRAINING = ("cost_per_trainee_usd", "cost_per_seat_usd")
LOSS = ("loss_usd_per_kg",)
# Unit -> table -> columns that grow with it, and columns that are per unit of it.
UNITS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "money": {
        "projects": (CAPEX, ()),
        "elements": (LOSS, ()),
        "loss_tiers": (LOSS, ()),
        "stockpiles": (STOCK, ()),
        "training": (TRAINING, ()),
        "workforce": (("hire_cost_usd",), ()),
        "budgets": (("musd",), ()),
    },
    "tonnes": {
        "demand": (("tonnes",), ()),
        "imports": (("tonnes",), ()),
        "projects": (("existing_tpa", "max_new_tpa"), CAPEX),
        "stockpiles": (("initial_t", "max_t"), STOCK),
        "elements": ((), LOSS),
        "loss_tiers": ((), LOSS),
        "staffing": ((), ("persons_per_ktpa",)),
    },
    "persons": {
        "staffing": (("persons_per_ktpa",), ()),
        "workforce": (("initial", "hires_per_year"), ("hire_cost_usd",)),
        "training": (("seats", "max_new_seats"), TRAINING),
    },
}
FIRST = REAL.parent / "allied-2026-first.toml"


def in_units(case: Case, unit: str, factor: float) -> Case:
    """The same case with every figure in another unit of money, mass or people."""
    changed: dict[str, Any] = {}
    for table, (grows, falls) in UNITS[unit].items():
        by = dict.fromkeys(grows, factor) | dict.fromkeys(falls, 1 / factor)
        changed[table] = tuple(
            row.model_copy(
                update={
                    c: getattr(row, c) * f for c, f in by.items() if getattr(row, c) is not None
                }
            )
            for row in case.tables.rows(table)
        )
    return replace(case, tables=replace(case.tables, **changed)).checked()


@pytest.mark.parametrize("factor", [1e-4, 1e-2, 1e2, 1e4])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["starter", "real"] if LONG else ["starter"])
def test_other_units_are_the_same_plan(name: str, unit: str, factor: float) -> None:
    case = planner.load(STARTER) if name == "starter" else planner.load(REAL, model=FIRST)
    one, other = (
        WarmProgram(case).solve(silent),
        WarmProgram(in_units(case, unit, factor)).solve(silent),
    )
    assert other.stop == one.stop == "optimal"
    for phase, value in one.values.items():
        found = other.values[phase] / (factor if unit == "money" else 1.0)
        assert found == pytest.approx(value, rel=1e-6), phase


def test_a_coefficient_too_small_for_a_solver_is_named_with_its_cells() -> None:
    case = scaled(planner.load(STARTER), "projects", "capex_usd_per_tpa", 1e-13)
    with pytest.raises(InputError) as refused:
        planner.solve(case)
    said = str(refused.value)
    assert "figures multiply" in said
    assert "projects.csv" in said
    assert "capex_usd_per_tpa" in said
