"""The whole program: every variable and every equation in order."""

from __future__ import annotations

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

_ROOMS = (capacity, goods, savings, workforce, budgets, targets, objective, odds)
VARIABLES: tuple[Variable, ...] = tuple(variable for room in _ROOMS for variable in room.VARIABLES)
EQUATIONS: tuple[Equation, ...] = tuple(equation for room in _ROOMS for equation in room.EQUATIONS)
DECLARED: tuple[Variable | Equation, ...] = (*VARIABLES, *EQUATIONS)
DECISIONS = tuple(variable.name for variable in VARIABLES if variable.decided)
"""Variables that are decided before a scenario shows itself under the policy `committed`."""
