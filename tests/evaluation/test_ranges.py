"""How far the risk out of sample may be off: by odds, by what a loss costs, and how far a plan is from the best one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.data.case import Case
from planner.errors import InputError
from tests.cases import (
    MUSD,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    shock,
    unsure,
)

CUT = [shock("cut", "import", 0, 2027, 2027)]
BOUNDS = "scenario, probability, probability_low, probability_high\ncalm, 0.6, 0.4, 0.9\ncut, 0.4, 0.1, 0.6"


def trader(folder: Path, model: dict[str, object] | None = None, **tables: Any) -> Case:
    """100 t in 2026 and 2027, all of them imported; 2027 is cut with a chance of 0.4: a loss of 100 MUSD."""
    case: dict[str, Any] = {
        "demand": demand(last=2027),
        "imports": [imports(100)],
        "scenarios": scenarios(calm=0.6, cut=0.4),
        "shocks": CUT,
    }
    return load_case(folder, {"objective.risk_aversion": 0.0, **(model or {})}, **case | tables)


def test_without_bounds_or_doubts_there_are_no_ranges(tmp_path: Path) -> None:
    found = planner.evaluate(planner.solve(trader(tmp_path)))
    assert found.as_json()["ranges"] == {"odds": None, "losses": None}
    assert "optimality_gap" not in found.as_json()


# 100 MUSD with a chance of 0.1 at best and of 0.6 at worst; at half and at twice the loss per kg 20 and 80 of the 40.
def test_ranges_by_odds_and_by_loss_per_kg_are_of_the_same_scenarios(tmp_path: Path) -> None:
    doubts = [unsure("elements", "loss_usd_per_kg", 0.5, 2)]
    plan = planner.solve(trader(tmp_path, scenarios=BOUNDS, uncertainties=doubts))
    found = planner.evaluate(plan)
    assert found.plan.policy["risk_musd"].value == near(40)
    ranges = found.as_json()["ranges"]
    assert (ranges["odds"]["low"], ranges["odds"]["high"]) == near((10, 60))
    assert (ranges["losses"]["low"], ranges["losses"]["high"]) == near((20, 80))


# Of two samples the draws share the bounds of their storyline, so the ranges are the same.
def test_draws_share_the_bounds_of_their_storyline(tmp_path: Path) -> None:
    register = trader(tmp_path, scenarios=BOUNDS, hazards=REGISTER)
    found = planner.evaluate(
        planner.solve(trader(tmp_path / "plan")), register=register, draws=20, samples=2
    )
    ranges = found.as_json()["ranges"]
    assert (ranges["odds"]["low"], ranges["odds"]["high"]) == near((10, 60))


REGISTER = "hazard, kind, probability, first, last, years_low, years_high, factor_low, factor_high\nnone, price, 0.5, 2026, 2026, 1, 1, 1, 1"


def builder(folder: Path, **model: object) -> Case:
    """As `trader`, and a plant that could make all of it from 2027 on, for 20 MUSD."""
    return trader(
        folder,
        {"objective.goal": "welfare", **model},
        projects=[mine(), plant(max_new_tpa=100, lead_time_years=1, capex_usd_per_tpa=0.2 * MUSD)],
        budgets=budget(100),
        hazards=REGISTER,
    )


# Every sample of ten has four cuts: the plant costs 20 MUSD and spares 40.
@pytest.mark.parametrize(("levers", "gap"), [(["separation"], 0), (["mine"], 20)])
def test_the_gap_is_what_the_best_plan_of_fresh_samples_would_spare(
    tmp_path: Path, levers: list[str], gap: float
) -> None:
    register = builder(tmp_path / "register")
    ten = planner.sample(register, draws=10)
    made = planner.solve(ten.changed(f"levers={levers!r}"))
    whole = planner.solve(ten)
    held = whole if levers == ["separation"] else _as_if_free(made, whole)
    found = planner.evaluate(held, register=register, draws=40, samples=2, gap=3).gap
    assert found is not None and found.replications == 3
    assert found.value == near(gap) and found.high == near(gap)


def _as_if_free(made: planner.Plan, free: planner.Plan) -> planner.Plan:
    """The plan of fewer levers as one of the whole case: it could have built, and did not."""
    return planner.Plan(free.case, free.status, made.summary, made.tables)


def test_one_replication_has_no_bound(tmp_path: Path) -> None:
    register = builder(tmp_path)
    found = planner.evaluate(
        planner.solve(planner.sample(register, draws=4)),
        register=register,
        draws=40,
        samples=2,
        gap=1,
    )
    assert found.as_json()["optimality_gap"] == {"value": near(0), "high": None, "replications": 1}


def test_a_gap_needs_a_register_with_hazards(tmp_path: Path) -> None:
    plan = planner.solve(trader(tmp_path))
    for register in (None, plan.case):
        with pytest.raises(InputError, match="gap"):
            planner.evaluate(plan, register=register, gap=2)
