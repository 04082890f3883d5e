"""Targets that must hold and cannot: which, and the nearest share that can be met.

To use nothing meets every share of origin and of output, so only demand that must be served can be out of reach, alone
or because of what other targets forbid.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver
from planner.solving.program import Key, Program
from planner.solving.solution import Stop

SHORT = 1e-7
"""Share of demand up to which nothing is out of reach."""
DIGITS = 6
EACH_ALONE = "each of these shares is what can be met without the other targets named here"
OF_ANY_SIZE = "these shares are for plants of any size: whole plants may serve less"
REMEDY = "ask for less (targets.share), give a price (targets.price_usd_per_kg), or begin later"


def why_targets_fail(case: Case, program: Program) -> dict[str, Any]:
    """`reasons` and `nearest_shares` {target: share}, for a summary; nothing where no target is out of reach.

    program: that of the case, without a limit of risk.
    """
    rows = _served_rows(Scope(case), program)
    beyond = _least_beyond(program, rows)
    named = [target for target, share in beyond.items() if share > SHORT]
    if not named:
        return {}
    reasons: list[str] = []
    nearest: dict[str, float] = {}
    for target in named:
        others = {other: rows[other] for other in named if other != target}
        left = _least_beyond(program, {target: rows[target]}, without=others)[target]
        share = case.targets[target].share
        nearest[target] = _rounded_down(max(share - left, 0.0))
        cannot = f'target "{target}" cannot be met: no plan serves a share of {share:g}'
        reasons.append(f"{cannot}; the nearest share that can be met is {nearest[target]:.6g}")
    if len(named) > 1:
        reasons.append(EACH_ALONE)
    if case.model.policy.whole_plants:
        reasons.append(OF_ANY_SIZE)
    return {"reasons": [*reasons, REMEDY], "nearest_shares": nearest}


def _served_rows(scope: Scope, program: Program) -> dict[str, dict[int, float]]:
    """Target that must hold -> its rows, and the demand (t) of each."""
    found: dict[str, dict[int, float]] = {}
    for i, (name, index) in enumerate(program.rows):
        if name == "served_target":
            target, element, node = index
            if scope.case.targets[target].price_usd_per_kg is None:
                demand = float(scope.target_demand[target, element][node])
                found.setdefault(target, {})[i] = demand
    return found


def _least_beyond(
    program: Program,
    rows: dict[str, dict[int, float]],
    without: dict[str, dict[int, float]] | None = None,
) -> dict[str, float]:
    """Target -> the least share of demand by which it has to be missed, their sum being least.

    without: targets whose rows do not count.
    """
    upper = program.row_upper.copy()
    for of_other in (without or {}).values():
        upper[list(of_other)] = np.inf
    terms: list[dict[int, float]] = []
    for of_target in rows.values():
        terms.append({row: -demand for row, demand in of_target.items()})
    keys: list[Key] = [("beyond", target) for target in rows]
    wider = program.with_data(row_upper=upper).with_columns(keys, terms, 0.0, 1.0)
    first = len(program.columns)
    cost = np.zeros(len(wider.columns))
    cost[first:] = 1.0
    found = Solver(wider).minimise_sum(cost, ("dual", "ipm", "primal"), "beyond")
    if found.stop is not Stop.OPTIMAL:
        return dict.fromkeys(rows, 0.0)
    return dict(zip(rows, found.x[first:].tolist(), strict=True))


def _rounded_down(share: float) -> float:
    """A share of six digits that can surely be met."""
    scale = 10.0**DIGITS
    return math.floor(share * scale + 1e-3) / scale
