"""What a target costs: what a percentage point stricter adds to the goal's first criterion, to first order.

A row of a target says amount <= share * base + missing. Its share a percentage point stricter takes 0.01 * base off the
right-hand side, so the criterion grows by its price times that. Under goal `risk` a target with a price costs money and
no risk: what it adds is told of the cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from planner.formulation.index_sets import Scope
from planner.solving.goals import Outcome
from planner.solving.program import Program, Vector

POINT = 0.01
SMALLEST = 1e-7
"""Prices (MUSD per percentage point) up to this one are rounding."""
FIRST = {"risk": "risk", "target": "cost", "welfare": "welfare"}
"""Goal -> its first criterion."""
UNIT = "MUSD per percentage point"
TARGET_ROWS = ("served_target", "origin_target", "made_target")


def criterion(scope: Scope, target: str) -> str:
    """The measure that a stricter target adds to: `risk`, `cost` or `welfare`."""
    goal = scope.case.model.objective.goal
    is_priced = scope.case.targets[target].price_usd_per_kg is not None
    return "cost" if goal == "risk" and is_priced else FIRST[goal]


def target_prices(
    scope: Scope, program: Program, outcome: Outcome
) -> Iterator[tuple[str, float, str]]:
    """(target, MUSD per percentage point, criterion) of each target that binds, in the order of their ids."""
    total: dict[str, float] = defaultdict(float)
    for i, (name, index) in enumerate(program.rows):
        if name in TARGET_ROWS:
            target = index[0]
            solved = outcome.phases.get(criterion(scope, target))
            if solved is not None:
                price = -float(solved.duals[i])
                total[target] += price * POINT * _base(scope, program, i, solved.x)
    for target, value in sorted(total.items()):
        if value > SMALLEST:
            yield target, value, criterion(scope, target)


def _base(scope: Scope, program: Program, row: int, x: Vector) -> float:
    """Use or demand (t) of which the row holds a share, where it binds."""
    name, index = program.rows[row]
    target, element, node = index[0], index[1], index[-1]
    if name == "served_target":
        return float(scope.target_demand[target, element][node])
    share = scope.case.targets[target].share
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
