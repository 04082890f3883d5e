"""A target out of reach: each smallest change that is reported reaches it, and one per cent less does not."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import planner
from planner.data.case import Case, with_model, with_rows
from planner.solving.diagnose import Diagnosis, diagnose, for_risk, reaches
from planner.solving.live_program import LiveProgram
from tests.cases import seeds

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


def least_risk(case: Case) -> float:
    session = LiveProgram(case)
    column = session.program.column["risk", None]
    return float(session.solver.minimise(column).x[column])


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
    limit = round(least_risk(case) * rng.choice((0.5, 0.8, 0.9, 0.95, 0.99)), 3)
    objective = case.model.objective.model_copy(update={"goal": "target", "risk_limit": limit})
    return with_model(case, case.model.model_copy(update={"objective": objective})), limit


def richer(case: Case, extra: dict[tuple[str, int], float]) -> Case:
    """The case with money added to budgets."""
    rows = {(row.funder, row.year): row for row in case.tables.budgets}
    for (funder, year), musd in extra.items():
        row = rows.get((funder, year))
        base = next(r for r in case.tables.budgets if r.funder == funder)
        rows[funder, year] = (
            row.model_copy(update={"musd": row.musd + musd})
            if row
            else base.model_copy(update={"year": year, "musd": musd})
        )
    return for_risk(replace(case, tables=replace(case.tables, budgets=tuple(rows.values()))))


@cache
def diagnosed(seed: int) -> tuple[Case, float, Diagnosis]:
    """Such a case, its limit, and what would reach it; nobody changes them."""
    case, limit = target(seed)
    return case, limit, diagnose(case, LiveProgram(case).program)


@pytest.mark.parametrize("seed", seeds(0, 3, 40))
def test_the_smallest_change_is_enough_and_one_per_cent_less_is_not(seed: int) -> None:
    case, limit, found = diagnosed(seed)
    assert found.least_risk is not None and found.least_risk > limit
    free = for_risk(case)
    assert reaches(free, found.least_risk)
    assert not reaches(free, found.least_risk * 0.99)
    if found.budget_factor is not None:
        more = found.budget_factor - 1
        assert reaches(richer(case, {key: musd * more for key, musd in case.budget.items()}), limit)
        assert not reaches(
            richer(case, {key: musd * more * 0.99 for key, musd in case.budget.items()}), limit
        )


def test_every_kind_of_change_is_said_in_words() -> None:
    said = "\n".join(diagnosed(4)[2].reasons())
    for words in ("raise objective.risk_limit", "multiply every budget"):
        assert words in said


def test_rows_past_the_rules_of_their_tables_are_named_where_there_is_no_plan() -> None:
    case = planner.load(STARTER)
    first, *others = case.tables.budgets
    owed = first.model_copy(update={"musd": -5.0})
    plan = planner.solve(with_rows(case, budgets=(owed, *others)), baseline=False)
    assert plan.status == "infeasible" and plan.status.exit_code == 3
    assert "changed in Python past the rules" in plan.summary["reasons"][0]
