"""A target out of reach: the limit that is reported is reached, and one per cent less does not."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import planner
from planner.data.case import Case, with_model, with_rows
from planner.solving.diagnose import least_risk, why_infeasible
from planner.solving.live_program import LiveProgram
from tests.cases import seeds

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


def scaled(case: Case, rng: random.Random) -> Case:
    """The starter with other budgets, lead times and choices."""
    budgets = tuple(
        r.model_copy(update={"musd": round(r.musd * rng.uniform(0.1, 1.2), 3)})
        for r in case.tables.budgets
    )
    projects = tuple(
        r.model_copy(update={"lead_time_years": r.lead_time_years + rng.choice((0, 0, 1))})
        for r in case.tables.projects
    )
    policy = case.model.policy.model_copy(
        update={"coordination": rng.choice(("allied", "blocs", "national"))}
    )
    return with_model(
        replace(case, tables=replace(case.tables, budgets=budgets, projects=projects)),
        case.model.model_copy(update={"policy": policy}),
    )


def target(seed: int) -> tuple[Case, float]:
    """A case with a limit below what it can reach."""
    rng = random.Random(seed)
    case = scaled(planner.load(STARTER), rng)
    least = least_risk(LiveProgram(case).program)
    assert least is not None
    limit = round(least * rng.choice((0.5, 0.8, 0.9, 0.95, 0.99)), 3)
    objective = case.model.objective.model_copy(update={"goal": "target", "risk_limit": limit})
    return with_model(case, case.model.model_copy(update={"objective": objective})), limit


@pytest.mark.parametrize("seed", seeds(0, 3, 40))
def test_the_limit_that_is_named_is_reached_and_one_per_cent_less_is_not(seed: int) -> None:
    case, limit = target(seed)
    found = why_infeasible(case, LiveProgram(case).program)
    assert "raise objective.risk_limit to at least" in found["reasons"][1]
    least = found["smallest_changes"]["least_risk"]
    assert least > limit
    for part, status in ((1 + 1e-5, "optimal"), (0.99, "infeasible")):
        again = case.changed({"objective.risk_limit": least * part})
        assert planner.solve(again, baseline=False).status == status


def test_rows_past_the_rules_of_their_tables_are_named_where_there_is_no_plan() -> None:
    case = planner.load(STARTER)
    first, *others = case.tables.budgets
    owed = first.model_copy(update={"musd": -5.0})
    plan = planner.solve(with_rows(case, budgets=(owed, *others)), baseline=False)
    assert plan.status == "infeasible" and plan.status.exit_code == 3
    assert "changed in Python past the rules" in plan.summary["reasons"][0]
