"""All variables and equations, in order."""

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
from planner.formulation.declarations import NODE_LETTERS, Equation, Variable

_ROOMS = (capacity, goods, savings, workforce, budgets, targets, objective, odds)
VARIABLES: tuple[Variable, ...] = tuple(variable for room in _ROOMS for variable in room.VARIABLES)
EQUATIONS: tuple[Equation, ...] = tuple(equation for room in _ROOMS for equation in room.EQUATIONS)
DECLARED: tuple[Variable | Equation, ...] = (*VARIABLES, *EQUATIONS)
NODE_PLACES = {
    one.name: (letter, one.letters.index(letter))
    for one in DECLARED
    for letter in NODE_LETTERS
    if letter in one.letters
}
"""Variable or equation -> the letter of its node, as in `NODE_LETTERS`, and the place of it in its index."""
DECISIONS = tuple(variable.name for variable in VARIABLES if variable.decided)
"""Variables that are decided before a scenario shows itself under the policy `committed`."""
