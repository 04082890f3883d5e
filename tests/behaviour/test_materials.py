"""Feeds, separation, metal: shares, recoveries and what a tonne of capacity counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import MUSD, ONE_PER_TONNE, demand, imports, mine, near, plant, smelter, total
from tests.conftest import SolveCase

TWO = "element, heavy, loss_usd_per_kg\nDy, true, 1000\nNd, false, 1000"
CLAY = "feed, element, share\nore, Dy, 0.1\nore, Nd, 0.4"
BOTH = [*demand(last=2026), *demand(last=2026, element="Nd")]


# 50 t/y of capacity. treo: 50 t of ore, so 5 t Dy and 20 t Nd. heavy: a tonne of ore counts 0.1 (Dy), so 500 t of ore,
# 50 t Dy and 200 t Nd, of which 100 are wanted.
@pytest.mark.parametrize(("basis", "ore", "risk"), [("treo", 50, 95 + 80), ("heavy", 500, 50)])
def test_the_basis_says_what_capacity_counts(
    solve: SolveCase, basis: str, ore: float, risk: float
) -> None:
    plan = solve(
        demand=BOTH,
        elements=TWO,
        feeds=CLAY,
        projects=[mine(), plant(existing_tpa=50, basis=basis, variable_opex_usd_per_t=MUSD)],
    )
    assert plan.summary["risk_musd"] == near(risk)
    assert total(plan, "operations", "tonnes", item="separated") == near(ore)
    # 1 MUSD per tonne of throughput as capacity counts it: 50 either way.
    assert plan.summary["cost_musd"] == near(50)


@pytest.mark.parametrize(("basis", "made"), [("treo", 2), ("heavy", 20)])
def test_people_are_needed_per_tonne_as_capacity_counts(
    solve: SolveCase, basis: str, made: float
) -> None:
    # 20 people at one per tonne: 20 t of ore with 2 t of Dy, or 20 t of heavy elements.
    plan = solve(
        demand=demand(last=2026),
        elements=TWO,
        feeds=CLAY,
        projects=[mine(), plant(existing_tpa=1000, basis=basis)],
        skills="skill, attrition\nchemist, 0",
        workforce="country, skill, initial\nAAA, chemist, 20",
        staffing=f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
    )
    assert plan.summary["risk_musd"] == near(100 - made)


def test_a_feed_without_heavy_elements_uses_no_capacity_of_a_heavy_plant(solve: SolveCase) -> None:
    plan = solve(
        demand=demand(last=2026, element="Nd"),
        elements=TWO,
        feeds="feed, element, share\nore, Nd, 0.5",
        projects=[mine(existing_tpa=120), plant(existing_tpa=1, basis="heavy")],
    )
    assert plan.summary["risk_musd"] == near(40)


@pytest.mark.parametrize(
    ("own", "made"), [({}, 80), ({"Dy": 0.5}, 50), ({"Dy": 0}, 0), ({"Nd": 0.5}, 80)]
)
def test_a_recovery_of_its_own_overrides_that_of_the_project(
    solve: SolveCase, own: dict[str, float], made: float
) -> None:
    # 100 t of pure Dy ore at a recovery of 80 %, unless Dy has its own.
    rows = [{"project": "plant", "element": e, "recovery": r} for e, r in own.items()]
    plan = solve(
        demand=demand(last=2026),
        elements=TWO,
        projects=[mine(existing_tpa=100), plant(existing_tpa=500, recovery=0.8)],
        recoveries=rows or None,
    )
    assert plan.summary["risk_musd"] == near(100 - made)


def test_elements_come_together_and_surplus_may_be_left_over(solve: SolveCase) -> None:
    # 1000 t of ore hold 100 t Dy and 400 t Nd; 300 t of Nd are left over.
    plan = solve(demand=BOTH, elements=TWO, feeds=CLAY, projects=[mine(), plant(existing_tpa=1000)])
    assert plan.summary["risk_musd"] == near(0)
    assert total(plan, "operations", "tonnes", item="made", element="Nd") == near(400)


def test_a_plant_takes_only_feeds_it_accepts_and_a_mine_gives_only_its_own(
    solve: SolveCase,
) -> None:
    # Two feeds of 30 t each; `plant` accepts both, `picky` only gem, whose Dy is thinner.
    case: dict[str, Any] = {
        "demand": demand(last=2026),
        "feeds": "feed, element, share\nore, Dy, 1\ngem, Dy, 0.5",
    }
    mines = [mine(existing_tpa=30), mine(project="gem_mine", feeds="gem", existing_tpa=30)]
    both = solve(projects=[*mines, plant(existing_tpa=100, feeds="ore;gem")], **case)
    picky = solve(projects=[*mines, plant(existing_tpa=100, feeds="gem")], **case)
    assert both.summary["risk_musd"] == near(100 - 30 - 15)
    assert picky.summary["risk_musd"] == near(100 - 15)


def test_metal_is_made_of_oxide_with_a_recovery_and_counts_oxide_in(solve: SolveCase) -> None:
    # 60 t/y of smelter take 60 t of oxide and give 54 t of metal, at 1 MUSD per tonne of oxide in.
    plan = solve(
        demand=demand(last=2026, form="metal"),
        projects=[
            mine(),
            plant(existing_tpa=100),
            smelter(existing_tpa=60, recovery=0.9, variable_opex_usd_per_t=MUSD),
        ],
    )
    assert plan.summary["risk_musd"] == near(46)
    assert plan.summary["cost_musd"] == near(60)


def test_metal_and_oxide_compete_for_the_oxide_made_or_imported(solve: SolveCase) -> None:
    # 40 t made and 20 t imported; oxide loses 1, metal 3 MUSD/t. The smelter (recovery 0.5) turns a tonne of oxide,
    # worth 1, into half a tonne of metal, worth 1.5. So all 60 t become 30 t of metal: 100 + 3 * (50 - 30).
    plan = solve(
        demand=[*demand(last=2026), *demand(50, last=2026, form="metal")],
        imports=[imports(20)],
        loss_tiers="element, form, up_to_share, loss_usd_per_kg\nDy, metal, 1, 3000",
        projects=[mine(), plant(existing_tpa=40), smelter(existing_tpa=1000, recovery=0.5)],
    )
    assert plan.summary["risk_musd"] == near(100 + 3 * 20)


def test_metal_imports_serve_metal_demand_only(solve: SolveCase) -> None:
    plan = solve(
        demand=[*demand(last=2026), *demand(last=2026, form="metal")],
        imports=[imports(500, form="metal")],
    )
    assert plan.summary["risk_musd"] == near(100)
