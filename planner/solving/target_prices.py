"""What a target costs: what a percentage point stricter adds to the goal's first criterion, to first order.

A row of a target says amount <= share * base + missing. Its share a percentage point stricter takes 0.01 * base off the
right-hand side, so the criterion grows by its price times that. Under goal `risk` a target with a price costs money and
no risk: what it adds is told of the cost.
"""

from __future__ import annotations

from collections import defaultdict

from planner.formulation.index_sets import Scope
from planner.solving.program import Program, Vector

POINT = 0.01
FIRST = {"risk": "risk", "target": "cost", "welfare": "welfare"}
"""Goal -> its first criterion."""
UNIT = "MUSD per percentage point"
TARGET_ROWS = ("served_target", "origin_target", "made_target")


def criterion(scope: Scope, target: str) -> str:
    """The measure that a stricter target adds to: `risk`, `cost` or `welfare`."""
    goal = scope.case.model.objective.goal
    is_priced = scope.case.lookups.targets[target].price_usd_per_kg is not None
    return "cost" if goal == "risk" and is_priced else FIRST[goal]


def worth_of_targets(scope: Scope, program: Program, duals: Vector, x: Vector) -> dict[str, float]:
    """Target -> what a share a percentage point stricter adds to what is minimised (MUSD), where that is something.

    duals, x: of rows and columns; the program may have got rows after that.
    """
    total: dict[str, float] = defaultdict(float)
    for row, ((name, index), dual) in enumerate(zip(program.rows, duals.tolist(), strict=False)):
        if name in TARGET_ROWS and dual != 0.0:
            total[index[0]] -= dual * POINT * _base(scope, program, row, x)
    return total


def _base(scope: Scope, program: Program, row: int, x: Vector) -> float:
    """Use or demand (t) of which the row holds a share, where it binds."""
    name, index = program.rows[row]
    target, element, node = index[0], index[1], index[-1]
    if name == "served_target":
        return float(scope.target_demand[target, element][node])
    share = scope.case.lookups.targets[target].share
    if share == 0.0:
        return 0.0
    # What comes from the origin, or is made: at the limit it is the share of use, but for what is missing.
    counted = ("imported_from", "resold", "missing") if name == "origin_target" else None
    at_limit = 0.0
    for column, value in program.terms(row).items():
        variable = program.columns[column][0]
        if counted is None and variable in ("counted", "mined", "missing"):
            at_limit -= value * x[column]
        elif counted is not None and variable in counted:
            at_limit += value * x[column]
    return at_limit / share
