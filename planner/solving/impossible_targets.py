"""Targets that must hold and cannot: which, and the nearest share that can be met.

To use nothing meets every share of origin and of output, so only demand that must be served can be out of reach, alone
or because of what other targets forbid.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.highs import Columns, Solver
from planner.solving.program import Key, Program
from planner.solving.solution import Stop

BEYOND = "beyond"
"""The column of a target: the share of demand by which it is missed, at most, wherever it holds."""
WHOLE = "units"
"""The columns of numbers of whole plants."""
SHORT = 1e-7
"""Share of demand up to which nothing is out of reach."""
DIGITS = 6
EACH_ALONE = "each of these shares is what can be met without the other targets named here"
REMEDY = "ask for less (targets.share), give a price (targets.price_usd_per_kg), or begin later"


def why_targets_fail(case: Case, program: Program) -> dict[str, Any]:
    """`reasons` and `nearest_shares` {target: share}, for a summary; nothing where no target is out of reach.

    program: that of the case, without a limit of risk.
    """
    hard = must_be_served(case)
    if not hard:
        return {}
    relieved = _relieved_rows(Scope(case), program, hard)
    keys: list[Key] = [(BEYOND, target) for target in relieved]
    wider = program.with_columns(keys, list(relieved.values()), 0.0, 1.0)
    beyond = _least_beyond(wider, hard, ())
    named = [target for target, share in beyond.items() if share > SHORT]
    if not named:
        return {}
    reasons: list[str] = []
    nearest: dict[str, float] = {}
    for target in named:
        others = [other for other in named if other != target]
        left = _least_beyond(wider, [target], others).get(target, 0.0)
        share = case.lookups.targets[target].share
        nearest[target] = _rounded_down(max(share - left, 0.0))
        most = f"{100 * nearest[target]:.6g} % is the most that any plan serves"
        reasons.append(f'target "{target}" cannot be met: {most}, {100 * share:g} % is asked for')
    if len(named) > 1:
        reasons.append(EACH_ALONE)
    return {"reasons": [*reasons, REMEDY], "nearest_shares": nearest}


def must_be_served(case: Case) -> list[str]:
    """Targets without a price that ask for demand to be served."""
    served = [row for row in case.lookups.target_rows if row.kind == "served"]
    return [row.target for row in served if row.price_usd_per_kg is None]


def _relieved_rows(
    scope: Scope, program: Program, targets: Collection[str]
) -> dict[str, dict[int, float]]:
    """Target -> its rows, and the coefficient there (t) of the share by which it is missed."""
    found: dict[str, dict[int, float]] = {target: {} for target in targets}
    for i, (name, index) in enumerate(program.rows):
        if name == "served_target" and index[0] in found:
            target, element, node = index
            demand = float(scope.target_demand[target, element][node])
            found[target][i] = -demand
    return found


def _least_beyond(
    program: Program, targets: Collection[str], others: Collection[str]
) -> dict[str, float]:
    """By which share of demand each of some targets has to be missed, their sum being least; nothing where that was not
    found. others: may be missed for nothing. program: with a column for each target."""
    upper = program.upper.copy()
    cost = np.zeros(len(program.columns))
    asked: dict[str, int] = {}
    for j, (name, target) in enumerate(program.columns):
        if name == BEYOND:
            if target in targets:
                asked[target] = j
                cost[j] = 1.0
            elif target not in others:
                upper[j] = 0.0
    bounded = _with_whole_plants(program.with_data(upper=upper), list(asked.values()))
    found = Solver(bounded).minimise_sum(cost, ("dual", "ipm", "primal"), BEYOND)
    if found.stop is not Stop.OPTIMAL:
        return {}
    return {target: float(found.x[j]) for target, j in asked.items()}


def _with_whole_plants(program: Program, asked: Sequence[int]) -> Program:
    """The program with whole plants held, at the numbers with which the sum of some columns is least; itself where none
    need be whole, or none are found."""
    whole: Columns = np.array(program.columns_of(WHOLE), dtype=np.int32)
    if not len(whole):
        return program
    total: list[Key] = [("total", None)]
    count = len(program.columns)
    sums = dict.fromkeys(asked, -1.0) | {count: 1.0}
    wider = program.with_columns(total).with_rows(total, [sums], 0.0, 0.0)
    found = Solver(wider).search(count, whole, SHORT)
    if not len(found.x):
        return program
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[whole] = upper[whole] = np.round(found.x[whole])
    return program.with_data(lower=lower, upper=upper)


def _rounded_down(share: float) -> float:
    """A share of six digits that can surely be met."""
    scale = 10.0**DIGITS
    return math.floor(share * scale + 1e-3) / scale
