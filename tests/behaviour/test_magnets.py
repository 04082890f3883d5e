"""Magnets: the third stage after oxide and metal, made of metal in plants of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.stages import STAGES
from tests.cases import (
    MUSD,
    ONE_PER_TONNE,
    Row,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    smelter,
    total,
)
from tests.conftest import SolveCase


def magnets(**columns: object) -> Row:
    """A magnet plant without capacity."""
    return {"project": "magnets", "country": "AAA", "stage": "magnet"} | columns


WANTED = demand(last=2026, form="magnet")
"""100 t of magnets in one year; a tonne short costs 1 MUSD."""
METAL = [mine(), plant(existing_tpa=500), smelter(existing_tpa=200)]


@pytest.mark.parametrize(("capacity", "risk"), [(0, 100), (1, 99), (40, 60), (150, 0)])
def test_metal_helps_only_as_far_as_magnets_can_be_made_of_it(
    solve: SolveCase, capacity: float, risk: float
) -> None:
    plan = solve(demand=WANTED, projects=[*METAL, magnets(existing_tpa=capacity)])
    assert plan.summary["risk_musd"] == near(risk)


def test_a_tonne_of_new_capacity_saves_a_tonne(solve: SolveCase) -> None:
    plan = solve(
        demand=WANTED,
        projects=[*METAL, magnets(max_new_tpa=50, capex_usd_per_tpa=MUSD)],
        budgets=budget(1),
    )
    assert plan.summary["risk_musd"] == near(99)
    assert total(plan, "investments", "tpa", stage="magnet") == near(1)
    assert total(plan, "spending", "musd", item="capex magnet") == near(1)


def test_without_its_lever_no_magnet_plant_is_added(solve: SolveCase) -> None:
    grows = magnets(max_new_tpa=50)
    assert solve({"levers": ["metal"]}, demand=WANTED, projects=[*METAL, grows]).summary[
        "risk_musd"
    ] == near(100)
    assert solve({"levers": ["magnet"]}, demand=WANTED, projects=[*METAL, grows]).summary[
        "risk_musd"
    ] == near(50)


# 100 t of ore, 0.9 kept in separation, 0.8 in metal making, 0.5 in magnets: 36 t of magnets, 64 t short.
def test_recoveries_multiply_along_the_chain(solve: SolveCase) -> None:
    chain = [
        mine(existing_tpa=100),
        plant(existing_tpa=500, recovery=0.9),
        smelter(existing_tpa=500, recovery=0.8),
        magnets(existing_tpa=500, recovery=0.5),
    ]
    plan = solve(demand=WANTED, projects=chain)
    assert plan.summary["risk_musd"] == near(64)
    assert total(plan, "operations", "tonnes", item="sintered") == near(72)
    assert total(plan, "operations", "tonnes", item="made", form="magnet") == near(36)
    assert total(plan, "capacity", "throughput_t", project="magnets") == near(72)


def test_magnets_are_made_of_metal_that_is_bought_and_not_of_oxide(solve: SolveCase) -> None:
    of_metal = solve(
        demand=WANTED, projects=[magnets(existing_tpa=70)], imports=[imports(30, form="metal")]
    )
    assert of_metal.summary["risk_musd"] == near(70)
    of_oxide = solve(demand=WANTED, projects=[magnets(existing_tpa=70)], imports=[imports(30)])
    assert of_oxide.summary["risk_musd"] == near(100)


def test_a_partner_makes_magnets_of_a_partners_metal(solve: SolveCase) -> None:
    both = {
        "countries": "country\nAAA\nBBB",
        "demand": WANTED,
        "projects": [*METAL, magnets(country="BBB", existing_tpa=25)],
    }
    assert solve(**both).summary["risk_musd"] == near(75)
    assert solve({"policy.coordination": "national"}, **both).summary["risk_musd"] == near(100)


def test_people_bound_the_making_of_magnets(solve: SolveCase) -> None:
    plan = solve(
        demand=WANTED,
        projects=[*METAL, magnets(existing_tpa=90)],
        skills="skill, attrition\nmagnetist, 0",
        staffing=f"stage, skill, persons_per_ktpa\nmagnet, magnetist, {ONE_PER_TONNE}",
        workforce="country, skill, initial\nAAA, magnetist, 35",
    )
    assert plan.summary["risk_musd"] == near(65)


def test_stock_and_loss_steps_are_those_of_the_form(solve: SolveCase) -> None:
    plan = solve(
        demand=WANTED,
        loss_tiers="element, form, up_to_share, loss_usd_per_kg\nDy, magnet, 0.5, 1000\nDy, magnet, 1, 3000",
        stockpiles="country, element, form, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, magnet, 20, 20, 1\n"
        "AAA, Dy, metal, 90, 90, 1",
    )
    assert plan.summary["risk_musd"] == near(50 + 30 * 3)


@pytest.mark.parametrize("gives", ["oxide", "metal"])
def test_a_stage_that_gives_no_later_form_is_refused(gives: str) -> None:
    """Origins are traced along the chain, so a loop in it would have none."""
    with pytest.raises(ValueError, match=f"gives {gives}, which is no later form"):
        replace(STAGES["magnet"], gives=gives)
