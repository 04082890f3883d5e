"""Why there is no plan, in words a planner can act on: the least risk that can be reached, or what is in the way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.goals import Outcome, phases_of
from planner.solving.highs import TOLERANCE, Solver
from planner.solving.impossible_targets import why_targets_fail
from planner.solving.program import Program, Vector, dual_residuals, residuals
from planner.solving.row_labels import in_inputs
from planner.solving.solution import Stop, is_within

LISTED = 3
"""Rows named where no optimum was proven."""
TOO_COARSE = "raise objective.risk_limit, give smaller units (projects.unit_tpa), or set policy.whole_plants to false"
FAR_APART = (
    "the solver finds no plan, yet to do nothing is one: figures lie too far apart to compute with (see the warnings of "
    "`planner check`, far-off first), or rows were changed in Python past the rules of their tables"
)


def limit_out_of_reach(case: Case, limit: float, least: float) -> dict[str, Any]:
    """Keys of the summary where a limit of the risk is below the least that can be reached (MUSD): `reasons` a planner can
    act on, and the `smallest_changes`."""
    reasons = [
        f"no plan reaches a risk of {limit:g} MUSD: the least attainable with these budgets, lead times and "
        f"levers is {least:.6g} MUSD",
        f"raise objective.risk_limit to at least {round_up(least):.6g} MUSD, or give more money, time or levers",
    ]
    hard = [row.target for row in case.lookups.target_rows if row.price_usd_per_kg is None]
    if hard:
        reasons.append(
            f"  or ask for less of the targets that must hold, if they are in the way: {', '.join(hard)} "
            "(targets.share, targets.price_usd_per_kg)"
        )
    return {"reasons": reasons, "smallest_changes": {"limit": limit, "least_risk": least}}


def why_infeasible(case: Case, program: Program, least: float | None = None) -> dict[str, Any]:
    """The part of the summary that says why there is no plan: `reasons` a planner can act on and, for goal `target`,
    the `smallest_changes`; for targets that must hold and cannot, the `nearest_shares`. least: the least risk (MUSD), if it
    is known.

    Every other goal has a plan, to do nothing: nothing is built, run, imported, bought, trained or hired, staff only leave,
    stocks stay as they are, and the shortfall is the whole demand, which the steps of the loss cover.
    """
    failing = why_targets_fail(case, program)
    if failing:
        return failing
    limit, whole_plants = case.model.objective.limit, case.model.policy.whole_plants
    if least is None and limit is not None:
        least = least_risk(program)
    if limit is None or least is None:
        return {"reasons": [FAR_APART]}
    if whole_plants and is_within(least, limit):
        said = f"no plan with whole plants reaches a risk of {limit:g} MUSD, though one with plants of any size does"
        return {"reasons": [said, TOO_COARSE]}
    found = limit_out_of_reach(case, limit, least)
    if whole_plants:
        found["reasons"].append("this is for plants of any size: whole plants may need more")
    return found


def why_unproven(scope: Scope, program: Program, upper: Vector, outcome: Outcome) -> list[str]:
    """Rows and bounds of the last phase that are missed by most, in the names of the inputs they hold.

    upper: bounds of the columns (n) then. First those that the point misses, then those of which a price has the wrong
    sign; at most LISTED of each.
    """
    name, solved = list(outcome.phases.items())[-1]
    if not len(solved.x) or not len(solved.duals):
        return [f"no algorithm found a point to look at ({name})"]
    phases = phases_of(scope.case.model.objective)
    column = next((phase.column for phase in phases if phase.name == name), name)
    cost = program.unit_cost(program.column[column, None])
    missed = residuals(program, upper, solved.x)
    reasons = _worst(scope, program, missed, "is missed by")
    wrong = dual_residuals(program, cost, upper, solved.duals)
    reasons += _worst(scope, program, wrong, "has a price of the wrong sign, by")
    return reasons or [f"the bounds of {name} are farther apart than a part in a million"]


def _worst(scope: Scope, program: Program, missed: Vector, verb: str) -> list[str]:
    """The rows and columns that are missed by most, in words."""
    keys = (*program.rows, *program.columns)
    worst: list[str] = []
    for place in np.argsort(-missed, kind="stable")[:LISTED]:
        if missed[place] > TOLERANCE:
            worst.append(f"{in_inputs(scope, keys[place])} {verb} {missed[place]:.2g}")
    return worst


def least_risk(program: Program) -> float | None:
    """The least attainable risk (MUSD), with plants of any size; None where no optimum is proven."""
    risk = program.column["risk", None]
    solution = Solver(program).minimise(risk)
    return float(solution.x[risk]) if solution.stop is Stop.OPTIMAL else None


def round_up(value: float) -> float:
    """The next larger figure of six digits, so that a reported amount is enough."""
    if value <= 0:
        return 0.0
    scale = 10.0 ** (5 - math.floor(math.log10(value)))
    return math.ceil(value * scale * (1 - 1e-12) + 1e-3) / scale
