"""What a target costs: what a percentage point stricter adds to the goal's first criterion, to first order.

A row of a target says amount <= share * base + missing. Its share a percentage point stricter takes 0.01 * base off the
right-hand side, so the criterion grows by its price times that. Under goal `risk` a target with a price costs money and
no risk: what it adds is told of the cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from planner.formulation.index_sets import Scope
from planner.solving.goals import Outcome
from planner.solving.program import Key, Program, Vector

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
    is_priced = scope.case.lookups.targets[target].price_usd_per_kg is not None
    return "cost" if goal == "risk" and is_priced else FIRST[goal]


def target_prices(
    scope: Scope, program: Program, outcome: Outcome
) -> Iterator[tuple[str, float, str]]:
    """(target, MUSD per percentage point, criterion) of each target that binds, in the order of their ids."""
    by_criterion: dict[str, dict[str, float]] = {}
    for name, solved in outcome.phases.items():
        if len(solved.x) and len(solved.duals):
            by_criterion[name] = worth_of_targets(scope, program, solved.duals, solved.x)
    return binding(scope, by_criterion)


def binding(
    scope: Scope, by_criterion: Mapping[str, Mapping[str, float]]
) -> Iterator[tuple[str, float, str]]:
    """(target, MUSD per percentage point, criterion) of each target that binds, in the order of their ids.

    by_criterion: phase -> what each target adds to it (MUSD per percentage point).
    """
    for target in sorted(scope.case.lookups.targets):
        name = criterion(scope, target)
        value = by_criterion.get(name, {}).get(target, 0.0)
        if value > SMALLEST:
            yield target, value, name


def worth_of_targets(scope: Scope, program: Program, duals: Vector, x: Vector) -> dict[str, float]:
    """Target -> what a share a percentage point stricter adds to what is minimised, where that is something.

    duals, x: of rows and columns; the program may have got rows after that.
    """
    prices = prices_of_rows(program, duals)
    total: dict[str, float] = defaultdict(float)
    for key, price in prices.items():
        total[target_of(key)] += price * POINT * _base(scope, program, program.row[key], x)
    return dict(total)


def prices_of_rows(program: Program, duals: Vector) -> dict[Key, float]:
    """Row of a target -> what a tonne less in its limit adds to what is minimised (MUSD), where that is something.

    duals: of rows, of the first of the program at least.
    """
    found: dict[Key, float] = {}
    for key, dual in zip(program.rows, duals.tolist(), strict=False):
        if key[0] in TARGET_ROWS and dual != 0.0:
            found[key] = -dual
    return found


def bases_of_rows(scope: Scope, program: Program, x: Vector) -> dict[Key, float]:
    """Row of a target -> use or demand (t) of which it holds a share, where it binds at a point (n)."""
    found: dict[Key, float] = {}
    for i, key in enumerate(program.rows):
        if key[0] in TARGET_ROWS:
            found[key] = _base(scope, program, i, x)
    return found


def target_of(key: Key) -> str:
    """The target of a row."""
    _, index = key
    return str(index[0])


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
