"""A target out of reach: the limit that is reported is reached, and one per cent less does not."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.data.case import Case, with_model, with_rows
from planner.solving import highs
from planner.solving.diagnose import least_risk, why_infeasible
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.solution import Solution
from planner.solving.warm_program import WarmProgram
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
    least = least_risk(WarmProgram(case).program)
    assert least is not None
    limit = round(least * rng.choice((0.5, 0.8, 0.9, 0.95, 0.99)), 3)
    objective = case.model.objective.model_copy(update={"goal": "target", "risk_limit": limit})
    return with_model(case, case.model.model_copy(update={"objective": objective})), limit


@pytest.mark.parametrize("seed", seeds(0, 3, 40))
def test_the_limit_that_is_named_is_reached_and_one_per_cent_less_is_not(seed: int) -> None:
    case, limit = target(seed)
    found = why_infeasible(case, WarmProgram(case).program)
    assert "raise objective.risk_limit to at least" in found["reasons"][1]
    least = found["smallest_changes"]["least_risk"]
    assert least > limit
    for part, status in ((1 + 1e-5, "optimal"), (0.99, "infeasible")):
        again = case.changed({"objective.risk_limit": least * part})
        assert planner.solve(again, baseline=False).status == status


def test_a_limit_below_the_least_risk_is_answered_by_the_least_risk_where_no_start_leads_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing but the kept basis is tried for the cost, and the least risk is found once."""
    case = planner.load(STARTER)
    least = least_risk(WarmProgram(case).program)
    assert least is not None
    within, below = (
        case.changed({"objective.goal": "target", "objective.risk_limit": least * part})
        for part in (1.2, 0.9)
    )
    session = planner.Session(within)
    session.solve()
    monkeypatch.setattr(highs, "FEWEST", 1)
    session.engine.live.solver._ways["again"] = 0.0  # a kept basis leads nowhere
    asked: list[tuple[str, str]] = []
    run = Solver._run

    def noted(self: Solver, algorithm: str, cost: Vector, *more: Any) -> Solution:
        column, *_ = self.program.columns[int(np.argmax(cost))]
        asked.append((column, algorithm))
        return run(self, algorithm, cost, *more)

    monkeypatch.setattr(Solver, "_run", noted)
    plan = session.solve(below)
    assert plan.status == "infeasible"
    assert plan.summary["smallest_changes"]["least_risk"] == pytest.approx(least)
    assert asked == [("cost", "again"), ("risk", "dual")]


def test_rows_past_the_rules_of_their_tables_are_named_where_there_is_no_plan() -> None:
    case = planner.load(STARTER)
    first, *others = case.tables.budgets
    owed = first.model_copy(update={"musd": -5.0})
    plan = planner.solve(with_rows(case, budgets=(owed, *others)), baseline=False)
    assert plan.status == "infeasible" and plan.status.exit_code == 3
    assert "changed in Python past the rules" in plan.summary["reasons"][0]
