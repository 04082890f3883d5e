"""Loss, CVaR and risk of plans that can do nothing, or one thing, about a shortfall."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.results.losses import cvar
from planner.solving.engine import Engine
from planner.studies.outcomes import point_figures
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
    total,
)
from tests.conftest import SolveCase

FOUR = ([0.0, 10.0, 20.0, 100.0], [0.5, 0.2, 0.2, 0.1])
SPLIT = [  # (tail, CVaR of FOUR)
    (0.0, 16),  # the mean: 0.2 * 10 + 0.2 * 20 + 0.1 * 100
    (0.5, 32),  # worst half: (0.1 * 100 + 0.2 * 20 + 0.2 * 10) / 0.5
    (
        0.8,
        60,
    ),  # worst fifth: all of the 100 and half of the atom at 20: (0.1 * 100 + 0.1 * 20) / 0.2
    (0.85, 220 / 3),  # (0.1 * 100 + 0.05 * 20) / 0.15 = 73.33
    (0.9, 100),
    (0.99, 100),
]


@pytest.mark.parametrize(("tail", "expected"), SPLIT)
def test_cvar_counts_an_atom_at_the_edge_in_part(tail: float, expected: float) -> None:
    assert cvar(*FOUR, tail) == near(expected)


@pytest.mark.parametrize("order", [(3, 1, 0, 2), (1, 0, 2, 3)])
def test_cvar_does_not_depend_on_the_order_of_scenarios(order: tuple[int, ...]) -> None:
    losses, probabilities = ([column[i] for i in order] for column in FOUR)
    assert cvar(losses, probabilities, 0.8) == near(60)


def four_losses() -> dict[str, object]:
    """One year; imports of 100 t of which 100, 90, 80 and 0 % arrive: losses 0, 10, 20, 100."""
    return {
        "demand": demand(last=2026),
        "imports": [imports(100)],
        "scenarios": scenarios(a=0.5, b=0.2, c=0.2, d=0.1),
        "shocks": [shock("b", "import", 0.9), shock("c", "import", 0.8), shock("d", "import", 0)],
    }


@pytest.mark.parametrize(("tail", "expected"), SPLIT)
def test_a_solve_finds_the_same_cvar(solve: SolveCase, tail: float, expected: float) -> None:
    plan = solve({"objective.tail": tail, "objective.risk_aversion": 0.25}, **four_losses())
    summary = plan.summary
    assert summary["scenario_loss_musd"] == near({"a": 0, "b": 10, "c": 20, "d": 100})
    assert summary["expected_loss_musd"] == near(16)
    assert summary["cvar_musd"] == near(expected)
    assert summary["risk_musd"] == near(0.75 * 16 + 0.25 * expected)
    assert summary["least_risk_musd"] == near(0.75 * 16 + 0.25 * expected)


# Dy is cut off in `often` (10 t, 1 MUSD/t), Tb in `rare` (10 t, 4 MUSD/t). 10 MUSD buy d of Dy and t of Tb, d + t = 10.
# Losses: often 10 - d, rare 40 - 4 t. E = 0.5 (10 - d) + 0.1 (40 - 4 t) = 4 + 0.1 t, least at t = 0.
# The worst tenth is the larger of the two: max(10 - d, 40 - 4 t) = max(t, 40 - 4 t), least at t = 8.
@pytest.mark.parametrize(
    ("aversion", "tb", "expected_loss", "tail_loss"),
    [(0.0, 0, 4, 40), (0.5, 8, 4.8, 8), (1.0, 8, 4.8, 8)],
)
def test_a_risk_averse_plan_guards_against_the_rare_cut(
    solve: SolveCase, aversion: float, tb: float, expected_loss: float, tail_loss: float
) -> None:
    plan = solve(
        {"objective.risk_aversion": aversion},
        elements="element, heavy, loss_usd_per_kg\nDy, true, 1000\nTb, true, 4000",
        demand=[*demand(10, last=2026), *demand(10, last=2026, element="Tb")],
        imports=[imports(10), imports(10, element="Tb")],
        feeds="feed, element, share\nore, Dy, 1\ngem, Tb, 1",
        projects=[
            mine(),
            mine(project="gem_mine", feeds="gem"),
            plant(max_new_tpa=100, capex_usd_per_tpa=MUSD),
            plant(project="gem_plant", feeds="gem", max_new_tpa=100, capex_usd_per_tpa=MUSD),
        ],
        budgets=budget(10),
        scenarios=scenarios(calm=0.4, often=0.5, rare=0.1),
        shocks=[
            shock("often", "import", 0, element="Dy"),
            shock("rare", "import", 0, element="Tb"),
        ],
    )
    assert plan.summary["expected_loss_musd"] == near(expected_loss)
    assert plan.summary["cvar_musd"] == near(tail_loss)
    assert total(plan, "investments", "tpa", project="gem_plant") == near(tb)
    assert total(plan, "investments", "tpa", project="plant") == near(10 - tb)


TIERS = """
    element, up_to_share, loss_usd_per_kg
    Dy, 0.2, 100
    Dy, 0.5, 1000
    Dy, 1, 2000
"""


@pytest.mark.parametrize(
    ("supply", "loss"),
    [
        (0, 132),  # 20 t at 0.1, 30 t at 1, 50 t at 2 MUSD/t: 2 + 30 + 100
        (60, 22),  # 40 t short: 20 t at 0.1 and 20 t at 1
        (90, 1),  # 10 t at 0.1
        (100, 0),
    ],
)
def test_the_loss_rises_in_steps_of_depth(solve: SolveCase, supply: float, loss: float) -> None:
    plan = solve(demand=demand(last=2026), imports=[imports(supply)], loss_tiers=TIERS)
    assert plan.summary["risk_musd"] == near(loss)


def test_the_steps_are_shares_of_the_shocked_demand(solve: SolveCase) -> None:
    # Demand doubles to 200 t, all short: 40 t at 0.1, 60 t at 1, 100 t at 2.
    plan = solve(
        demand=demand(last=2026),
        loss_tiers=TIERS,
        scenarios=scenarios(boom=1),
        shocks=[shock("boom", "demand", 2)],
    )
    assert plan.summary["risk_musd"] == near(4 + 60 + 200)


def test_the_most_specific_set_of_steps_holds_whole(solve: SolveCase) -> None:
    # One tonne of each short. AAA oxide: country and form; AAA metal: country; BBB oxide: form; BBB metal: neither.
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=[
            row
            for c in ("AAA", "BBB")
            for o in ("oxide", "metal")
            for row in demand(1, last=2026, country=c, form=o)
        ],
        loss_tiers="""
            element, country, form, up_to_share, loss_usd_per_kg
            Dy, AAA, oxide, 1, 2000
            Dy, AAA, , 0.5, 4000
            Dy, AAA, , 1, 6000
            Dy, , oxide, 1, 10000
            Dy, , , 1, 20000
        """,
    )
    assert plan.summary["risk_musd"] == near(2 + (0.5 * 4 + 0.5 * 6) + 10 + 20)


def test_a_weight_multiplies_losses_and_draws_supply(solve: SolveCase) -> None:
    # 60 t for two countries that want 100 t each; BBB counts three times: 100 * 1 + 40 * 3.
    plan = solve(
        countries="country, weight\nAAA, 1\nBBB, 3",
        demand=[*demand(last=2026), *demand(last=2026, country="BBB")],
        projects=[mine(), plant(existing_tpa=60)],
    )
    assert plan.summary["risk_musd"] == near(100 + 120)
    assert total(plan, "shortfall", "tonnes", country="AAA") == near(100)


def test_losses_are_discounted_at_the_rate_of_risk(solve: SolveCase) -> None:
    plan = solve({"risk_discount_rate": 0.25, "discount_rate": 0.5})
    assert plan.summary["risk_musd"] == near(100 + 80 + 64)


def test_demand_and_imports_are_linear_between_years_and_constant_outside(solve: SolveCase) -> None:
    # Demand 100, 150, 200, 200 t; imports 50 (before their first year), 50, 80, 110.
    plan = solve(
        {"horizon.last_year": 2029},
        demand="country, element, year, tonnes\nAAA, Dy, 2026, 100\nAAA, Dy, 2028, 200",
        imports="supplier, country, element, year, tonnes\nCHN, AAA, Dy, 2027, 50\nCHN, AAA, Dy, 2029, 110",
    )
    assert plan.table("shortfall")["tonnes"].tolist() == near([50, 100, 120, 90])


def test_with_full_risk_aversion_no_shortfall_is_reported_that_the_plan_does_not_force(
    solve: SolveCase,
) -> None:
    # The worst tenth is `cut` (100 MUSD, forced). In `calm` 100 t can be imported, which CVaR does not see.
    plan = solve(
        {"objective.risk_aversion": 1.0},
        demand=demand(last=2026),
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0)],
    )
    assert plan.summary["cvar_musd"] == near(100)
    assert plan.summary["expected_loss_musd"] == near(50)
    assert plan.summary["scenario_loss_musd"]["calm"] == near(0)


def test_losses_by_country_add_up_and_futures_tied_at_the_edge_share_the_tail(
    tmp_path: Path,
) -> None:
    """A cut of A (0.3) loses 100 MUSD there, a cut of B (0.1) as much there; nothing else is lost.

    The worst fifth is half of the 0.4 of both: 0.15 of A's cut and 0.05 of B's, so 75 and 25 of the mean loss of 100.
    """
    case = load_case(
        tmp_path,
        {"objective.tail": 0.8},
        countries=[{"country": "AAA"}, {"country": "BBB"}, {"country": "CCC"}],
        demand=[*demand(100, last=2027), *demand(100, last=2027, country="BBB")],
        imports=[imports(100), imports(100, country="BBB")],
        scenarios=scenarios(calm=0.6, a=0.3, b=0.1),
        shocks=[
            shock("a", "import", 0.0, 2027, 2027, country="AAA"),
            shock("b", "import", 0.0, 2027, 2027, country="BBB"),
        ],
    )
    plan = planner.solve(case)
    expected = {
        "AAA": near({"expected": 30.0, "tail": 75.0}),
        "BBB": near({"expected": 10.0, "tail": 25.0}),
        "CCC": {"expected": 0.0, "tail": 0.0},
    }
    assert plan.summary["loss_musd_by_country"] == expected
    assert plan.summary["without_plan"]["loss_musd_by_country"] == expected
    assert (plan.summary["expected_loss_musd"], plan.summary["cvar_musd"]) == near((40.0, 100.0))
    found = point_figures(Engine(case).solve())
    assert {name: value for name, value in found.items() if "by_country" in name} == near(
        {
            "loss_musd_by_country.AAA.expected": 30.0,
            "loss_musd_by_country.AAA.tail": 75.0,
            "loss_musd_by_country.BBB.expected": 10.0,
            "loss_musd_by_country.BBB.tail": 25.0,
            "expected_shortfall_t_by_country.AAA.Dy": 30.0,
            "expected_shortfall_t_by_country.BBB.Dy": 10.0,
        }
    )


@pytest.mark.parametrize("end", ["1", "0.9999999995"])
def test_loss_steps_that_end_a_hair_below_one_still_let_the_whole_demand_be_short(
    tmp_path: Path, end: str
) -> None:
    steps = f"element,up_to_share,loss_usd_per_kg\nDy,0.5,1000\nDy,{end},2000"
    case = load_case(
        tmp_path / "case",
        demand=demand(1e5),
        projects=[mine(), plant()],
        budgets=budget(1.0),
        loss_tiers=steps,
    )
    assert planner.solve(case, baseline=False).summary["risk_musd"] == pytest.approx(3 * 1.5e5)
