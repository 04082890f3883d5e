"""Amounts as even as they can be, measured by weights: the largest share is least, then the next largest, and so on.

Ogryczak and Śliwiński, On solving linear programs with the ordered weighted averaging objective, EJOR 148 (2003): the
largest share is minimised; whoever has a price there has that share in every optimum, is held at it, and the rest go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from planner.formulation.linear_expressions import Term
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.small_programs import SmallProgram
from planner.solving.solution import Stop

PRICED = 1e-7
"""Price from which on a share is one that cannot be less; those of all, times their weights, sum to 1."""
ROOM = 1e-11
"""Part of 1 + an amount by which it may later be above what was found."""
ORDER = ("primal", "dual", "ipm")


def add_shares(
    program: SmallProgram,
    amounts: Mapping[str, Term],
    *,
    weights: Mapping[str, float],
    bases: Mapping[str, float],
    least: float,
) -> None:
    """The rows amount <= base + weight * level + beyond, where `beyond` 0 puts an amount under the level.

    amounts: variables called `amount`, by name. least: of the level.
    """
    level = program.variable("level", lower=least)
    beyond = program.variables("beyond", amounts)
    for name, amount in amounts.items():
        program.add("share", amount - weights[name] * level - beyond[name] <= bases[name], name)


def evened(
    solver: Solver,
    names: Sequence[str],
    *,
    weights: Mapping[str, float],
    bases: Mapping[str, float],
) -> Vector | None:
    """A point at which some amounts are as even as they can be, at which they are held from now on; None if there is none."""
    column, row = solver.program.column, solver.program.row
    level = column["level", None]
    for name in names:
        solver.bound(column["beyond", name], 0.0)
    waiting = list(names)
    while True:
        solution = solver.minimise(level, ORDER)
        if solution.stop is not Stop.OPTIMAL:
            return None
        prices = {name: abs(solution.duals[row["share", name]]) for name in waiting}
        # At its lower bound the level has no price, and nobody can have less.
        held = [name for name in waiting if weights[name] * prices[name] > PRICED] or waiting
        for name in held:
            most = bases[name] + weights[name] * float(solution.x[level])
            solver.bound(column["amount", name], most + ROOM * (1 + abs(most)))
            solver.bound(column["beyond", name], inf)
        waiting = [name for name in waiting if name not in held]
        if not waiting:
            return solution.x
