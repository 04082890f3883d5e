"""Why a target cannot be met, and what would make it reachable: a larger limit, or all budgets times the least factor,
which is found exactly, by one more linear program."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from planner.config import Objective
from planner.data.case import Case, with_model, without_targets
from planner.formulation.budgets import account
from planner.formulation.index_sets import Scope
from planner.solving.engine import Engine
from planner.solving.goals import Outcome, Phase, phases_of
from planner.solving.highs import TOLERANCE, Solver
from planner.solving.impossible_targets import why_targets_fail
from planner.solving.input_names import in_inputs
from planner.solving.program import Key, Program, Vector, dual_residuals, residuals
from planner.solving.solution import Stop

LARGEST_FACTOR = 1e4
LISTED = 3
"""Rows named where no optimum was proven."""
FAR_APART = (
    "the solver finds no plan, yet to do nothing is one: figures lie too far apart to compute with (see the warnings of "
    "`planner check`, far-off first), or rows were changed in Python past the rules of their tables"
)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The least reachable risk, and the factor on all budgets that reaches the target; None where none is enough."""

    limit: float
    least_risk: float | None
    budget_factor: float | None = None

    def reasons(self) -> list[str]:
        """In words a planner can act on."""
        if self.least_risk is None:
            return [f"no plan reaches a risk of {self.limit:g} MUSD"]
        lines = [
            f"no plan reaches a risk of {self.limit:g} MUSD: the least attainable with these budgets, lead times and "
            f"levers is {self.least_risk:.6g} MUSD",
            f"any of these is enough: raise objective.risk_limit to at least {round_up(self.least_risk):.6g} MUSD",
        ]
        more_money = "  more money for the funders that have some is not enough"
        if self.budget_factor is not None:
            more_money = f"  or multiply every budget by {self.budget_factor:.6g}"
        return [*lines, more_money]


def why_infeasible(case: Case, program: Program) -> dict[str, object]:
    """The part of the summary that says why there is no plan: `reasons` a planner can act on and, for goal `target`,
    the `smallest_changes`; for targets that must hold and cannot, the `nearest_shares`.

    Every other goal has a plan, to do nothing: nothing is built, run, imported, bought, trained or hired, staff only leave,
    stocks stay as they are, and the shortfall is the whole demand, which the steps of the loss cover.
    """
    failing = why_targets_fail(case, program) if case.lookups.targets else {}
    if failing:
        return failing
    limit, whole_plants = case.model.objective.risk_limit, case.model.policy.whole_plants
    if limit is None:
        return {"reasons": [FAR_APART]}
    if whole_plants and reaches(case, limit):
        return {"reasons": _too_coarse(case, limit)}
    found = diagnose(case, program)
    if found.least_risk is None:
        return {"reasons": [FAR_APART]}
    reasons = [*found.reasons(), *targets_in_the_way(case, limit)]
    if whole_plants:
        reasons.append("these amounts are for plants of any size: whole plants may need more")
    return {"reasons": reasons, "smallest_changes": asdict(found)}


def targets_in_the_way(case: Case, limit: float) -> list[str]:
    """A line that names the targets that must hold, where the limit of the risk (MUSD) is reached without them."""
    hard = [f'"{row.target}"' for row in case.lookups.target_rows if row.price_usd_per_kg is None]
    if not hard or not reaches(without_targets(case, hard_only=True), limit):
        return []
    line = "  or ask for less of the targets that must hold, without which it is reached"
    return [f"{line}: {', '.join(hard)} (targets.share, targets.price_usd_per_kg)"]


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


def _too_coarse(case: Case, limit: float) -> list[str]:
    """The limit is reached by plants of any size, not by whole ones."""
    said = f"no plan with whole plants reaches a risk of {limit:g} MUSD"
    lines = [f"{said}, though one with plants of any size does"]
    least = Engine(for_risk(case)).solve(phases=[Phase("risk")]).outcome.values.get("risk")
    if least is not None:
        raised = f"raise objective.risk_limit to at least {round_up(least):.6g} MUSD"
        lines.append(f"{raised}, which whole plants reach")
    lines.append("or give smaller units (projects.unit_tpa), or set policy.whole_plants to false")
    return lines


def diagnose(case: Case, program: Program) -> Diagnosis:
    """Find the least attainable risk, and the factor on budgets with which the limit of goal `target` is reached."""
    limit = case.model.objective.risk_limit
    if limit is None:
        raise ValueError("only goal `target` has a limit to miss")
    risk = program.column["risk", None]
    found = Solver(program).minimise(risk)
    if found.stop is not Stop.OPTIMAL:
        return Diagnosis(limit=limit, least_risk=None)
    factor = least_budget_factor(program, limit)
    return Diagnosis(limit=limit, least_risk=float(found.x[risk]), budget_factor=factor)


def least_budget_factor(program: Program, limit: float) -> float | None:
    """min s with every budget multiplied by 1 + s, risk <= limit; None where no factor is enough."""
    accounts = program.rows_of(account.name)
    more = {row: -float(program.row_upper[row]) for row in accounts if program.row_upper[row] > 0}
    extra: Key = ("extra", None)
    wider = program.with_columns([extra], [more])
    solver = Solver(wider)
    solver.bound(wider.column["risk", None], limit)
    column = wider.column[extra]
    found = solver.minimise(column)
    if found.stop is not Stop.OPTIMAL or found.x[column] > LARGEST_FACTOR:
        return None
    return round_up(1.0 + float(found.x[column]))


def reaches(case: Case, limit: float) -> bool:
    """Some plan of this case has a risk within the limit (MUSD)."""
    live = Engine(case).live
    risk = live.program.column["risk", None]
    found = live.solver.minimise(risk)
    return found.stop is Stop.OPTIMAL and float(found.x[risk]) <= limit * (1 + 1e-7) + 1e-7


def for_risk(case: Case) -> Case:
    """The case that asks for the least risk, whatever its goal."""
    old = case.model.objective
    objective = Objective(risk_aversion=old.risk_aversion, tail=old.tail)
    return with_model(case, case.model.model_copy(update={"objective": objective}))


def round_up(value: float) -> float:
    """The next larger figure of six digits, so that a reported amount is enough."""
    if value <= 0:
        return 0.0
    scale = 10.0 ** (5 - math.floor(math.log10(value)))
    return math.ceil(value * scale * (1 - 1e-12) + 1e-3) / scale
