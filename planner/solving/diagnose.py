"""Why a goal cannot be met, with amounts that were solved for."""

from __future__ import annotations

from planner.config import ModelFile
from planner.data.case import Case
from planner.solving.goals import phases_of, solve_phases
from planner.solving.highs import Solver, Stop
from planner.solving.program import Program


def why_infeasible(case: Case, program: Program) -> list[str]:
    """Reasons a planner can act on. Every other goal than `target` has a plan: to do nothing."""
    limit = case.model.objective.risk_limit
    if limit is None:
        return [
            "no plan meets all constraints, which should be impossible: doing nothing always does. "
            "Please report this case."
        ]
    relaxed = ModelFile(
        objective={
            "goal": "risk",
            "risk_aversion": case.model.objective.risk_aversion,  # type: ignore[arg-type]
            "tail": case.model.objective.tail,
        }
    ).objective
    solver = Solver(program)
    outcome = solve_phases(program, relaxed, solver, lambda _: None, phases_of(relaxed)[:1])
    if outcome.stop is not Stop.OPTIMAL:
        return [f"no plan reaches a risk of {limit:g} MUSD"]
    least = outcome.values["risk"]
    return [
        f"no plan reaches a risk of {limit:g} MUSD: the least attainable with these budgets, lead times and levers "
        f"is {least:.6g} MUSD",
        f"raise objective.risk_limit to at least {least:.6g}, or give more money, time or levers "
        '(goal = "risk" shows what binds)',
    ]
