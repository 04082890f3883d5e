"""The whole program: every variable and every equation in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.formulation import (
    budgets,
    capacity,
    goods,
    objective,
    odds,
    savings,
    targets,
    workforce,
)
from planner.formulation.declarations import Equation, Variable
from planner.formulation.index_sets import Scope

_ROOMS = (capacity, goods, savings, workforce, budgets, targets, objective, odds)
VARIABLES: tuple[Variable, ...] = tuple(variable for room in _ROOMS for variable in room.VARIABLES)
EQUATIONS: tuple[Equation, ...] = tuple(equation for room in _ROOMS for equation in room.EQUATIONS)
DECLARED: tuple[Variable | Equation, ...] = (*VARIABLES, *EQUATIONS)
DECISIONS = tuple(variable.name for variable in VARIABLES if variable.decided)
"""Variables that are decided before a scenario shows itself under the policy `committed`."""
_DECLARED_BY_NAME = {declared.name: declared for declared in DECLARED}


def owners(s: Scope, name: str, index: Any) -> Mapping[str, float]:
    """Party -> share of a row's right-hand side, or of a column's upper bound or cost; they sum to 1.

    name, index: those of the row or column. Nobody's gives an empty mapping.
    """
    declared = _DECLARED_BY_NAME[name]
    values = index if isinstance(index, tuple) else (index,)
    by_letter = dict(zip(declared.letters, values, strict=False))
    weights = declared.owner(s, by_letter)
    total = sum(weights.values())
    if total <= 0:
        return {}
    return {party: weight / total for party, weight in weights.items()}
