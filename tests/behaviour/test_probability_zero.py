"""Scenarios that weigh nothing: they cost the plan nothing, decide nothing, and are short of nothing that can be had.

100 t of demand a year, and 100 t on offer, which are cut in `cut` from 2027 on; a tonne short costs 1 MUSD.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.data.case import Case
from planner.results.plan import Plan
from planner.solving.goals import phases_of, silent
from planner.solving.warm_program import WarmProgram
from planner.solving.zero_probability_losses import unweighed, with_least_losses
from planner.verification.verify import verify
from tests.behaviour.conftest import agreed
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

PEOPLE: dict[str, Any] = {
    "skills": "skill, attrition\nchemist, 0",
    "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\nAAA, chemist, 0, 50, 1000",
    "training": "programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd, "
    "cost_per_seat_usd\nschool, AAA, chemist, 1, 10, 50, 1000, 1000",
    "staffing": "stage, skill, persons_per_ktpa\nseparation, chemist, 1000",
}
"""One person per tonne: hired, or trained for a year."""
STOCK = "country, element, form, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, oxide, 10, 500, 1"
CALM = {"calm": 1.0, "cut": 0.0}


def case_of(
    folder: Path, chances: dict[str, float], model: dict[str, object], **tables: Any
) -> Case:
    """The case of this page."""
    given: dict[str, Any] = {
        "scenarios": scenarios(**chances),
        "shocks": [shock("cut", "import", 0, 2027, supplier="CHN")],
        "imports": [imports(100)],
        "budgets": budget(1000, 1000, 1000),
    }
    return load_case(folder, model, **given | tables)


def solved(case: Case) -> Plan:
    plan = agreed(case)
    assert plan.status == "optimal", plan.summary
    assert verify(case, plan.tables).holds
    return plan


@pytest.mark.parametrize("goal", ["risk", "welfare"])
@pytest.mark.parametrize("investment", ["committed", "adaptive", "staged"])
def test_what_weighs_nothing_uses_what_is_there(tmp_path: Path, investment: str, goal: str) -> None:
    """A plant of 30 t and a stock of 10 t stand: of 200 t cut 130 are short. No criterion would ask for them."""
    model = {"policy.investment": investment, "objective.goal": goal}
    plants = [mine(), plant(existing_tpa=30, max_new_tpa=500, capex_usd_per_tpa=1)]
    plan = solved(case_of(tmp_path, CALM, model, projects=plants, stockpiles=STOCK))
    assert plan.summary["risk_musd"] == near(0)
    assert plan.summary["scenario_loss_musd"] == near({"calm": 0, "cut": 130})
    assert plan.summary["cost_musd"] == near(0)


@pytest.mark.parametrize("investment", ["adaptive", "staged"])
def test_nothing_is_decided_where_nothing_can_happen(tmp_path: Path, investment: str) -> None:
    """Plants, people and stock would be had for next to nothing in `cut`; with a chance of 1 % they are."""
    tables = {
        "projects": [mine(), plant(max_new_tpa=500, capex_usd_per_tpa=1000)],
        "stockpiles": STOCK.replace("10, 500", "0, 500"),
        **PEOPLE,
    }
    model = {"policy.investment": investment, "objective.goal": "welfare"}
    never = solved(case_of(tmp_path / "never", CALM, model, **tables))
    assert never.summary["scenario_loss_musd"]["cut"] == near(200)
    assert len(never.tables["investments"]) == len(never.tables["training"]) == 0
    assert total(never, "workforce", "hired") == total(never, "stocks", "bought_t") == 0
    rarely = case_of(tmp_path / "rarely", {"calm": 0.99, "cut": 0.01}, model, **tables)
    assert solved(rarely).summary["scenario_loss_musd"]["cut"] < 150
    impossible = case_of(tmp_path / "then", CALM, model, **tables)
    broken = verify(impossible, solved(rarely).tables).violations
    assert broken["nothing_decided_at_probability_0"] > 1


def test_what_is_decided_for_others_serves_it_too(tmp_path: Path) -> None:
    """Built at once for `war` (half as likely as not), whose cut begins in 2026: 100 t for `cut` as well."""
    tables = {
        "projects": [mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.1 * MUSD)],
        "shocks": [
            shock("cut", "import", 0, 2027, supplier="CHN"),
            shock("war", "import", 0, 2026, supplier="CHN"),
        ],
    }
    chances = {"calm": 0.5, "war": 0.5, "cut": 0.0}
    plan = solved(case_of(tmp_path, chances, {"objective.goal": "welfare"}, **tables))
    assert plan.summary["scenario_loss_musd"] == near({"calm": 0, "cut": 0, "war": 0})


def test_a_scenario_of_weight_0_under_the_worst_odds_is_short_of_nothing_that_can_be_had(
    tmp_path: Path,
) -> None:
    """`cut` may have no probability at all, and under the worst odds has none: war loses more. Its loss could be up to
    what war loses at the same risk."""
    rows = [
        {"scenario": "cut", "probability": 0.1, "probability_low": 0, "probability_high": 0.5},
        {"scenario": "war", "probability": 0.9, "probability_low": 0.5, "probability_high": 1},
    ]
    tables = {
        "scenarios": rows,
        "projects": [mine(), plant(existing_tpa=30)],
        "shocks": [
            shock("cut", "import", 0, 2027, supplier="CHN"),
            shock("war", "import", 0, 2026, supplier="CHN"),
        ],
    }
    plan = solved(case_of(tmp_path, {}, {"objective.odds": "worst"}, **tables))
    assert plan.summary["odds"]["worst"] == near({"cut": 0, "war": 1})
    assert plan.summary["scenario_loss_musd"] == near({"cut": 140, "war": 210})


def test_the_last_step_takes_off_what_nothing_weighs(tmp_path: Path) -> None:
    """From a plan as good by every criterion that leaves all 200 t of the cut short."""
    plants = [mine(), plant(existing_tpa=30, max_new_tpa=500, capex_usd_per_tpa=1)]
    case = case_of(tmp_path, CALM, {}, projects=plants, stockpiles=STOCK)
    session = WarmProgram(case)
    outcome = session.solve(silent, phases_of(case.model.objective))
    column = session.program.column["loss_to_date", session.scope.tree.leaves["cut"]]
    most = np.zeros(len(session.program.columns))
    most[column] = -1.0
    wasteful = session.solver.minimise_sum(most, ("dual",), "waste")
    assert wasteful.x[column] == near(200)
    last = list(outcome.phases)[-1]
    spoiled = outcome.phases | {last: replace(outcome.last, x=wasteful.x)}
    found = with_least_losses(
        session.scope, session.program, session.solver, replace(outcome, phases=spoiled)
    )
    assert found.last.x[column] == near(130)


@pytest.mark.parametrize(("twin", "lost"), [("calm", 40), ("war", 180)])
def test_a_scenario_of_probability_0_that_is_as_another_loses_the_least_too(
    tmp_path: Path, twin: str, lost: float
) -> None:
    """A tonne of stock takes off 1 MUSD in 2026 whatever comes, or 2 in 2027 if war does, half as likely as not. Expected loss
    is the same; `drill` is calm in one case and war in the other, and no plan costs anything."""
    alike = ["war", "drill"] if twin == "war" else ["war"]
    case = case_of(
        tmp_path,
        {"calm": 0.5, "war": 0.5, "drill": 0.0},
        {"objective.risk_aversion": 0.0},
        demand=demand(100, last=2027),
        imports=[imports(50), {**imports(100), "year": 2027}],
        shocks=[shock(name, "import", 0, 2027) for name in alike],
        loss_tiers="element, up_to_share, loss_usd_per_kg\nDy, 0.5, 1000\nDy, 1, 2000",
        stockpiles="country, element, form, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, oxide, 10, 10, 1000",
    )
    plan = solved(case)
    assert plan.summary["expected_loss_musd"] == near(115)
    assert plan.summary["scenario_loss_musd"]["drill"] == near(lost)


@pytest.mark.parametrize(
    ("most", "losses", "names"),
    [
        (1, {"cut": 200.0, "war": 200.0}, {"cut", "war"}),  # either alone is as bad
        (1, {"cut": 200.0, "war": 210.0}, {"cut"}),
        (0.5, {"cut": 200.0, "war": 200.0}, {"cut"}),  # war has a half at least
        (0.5, {"cut": 210.0, "war": 200.0}, set()),
    ],
)
def test_a_loss_as_large_as_the_worst_weighs_nothing_if_it_could_fall(
    tmp_path: Path, most: float, losses: dict[str, float], names: set[str]
) -> None:
    """With losses alike all odds are as bad, and any that may have no probability weighs nothing in some of them."""
    rows = [
        {"scenario": "cut", "probability": 0.1, "probability_low": 0, "probability_high": most},
        {"scenario": "war", "probability": 0.9, "probability_low": 1 - most, "probability_high": 1},
    ]
    case = case_of(tmp_path, {}, {"objective.odds": "worst"}, scenarios=rows)
    assert unweighed(case, losses) == names
