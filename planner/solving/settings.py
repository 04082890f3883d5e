"""Settings of the solver: every threshold, measured on the real case.

The simplex method from a basis near by takes a few iterations, from a distant one a hundred times as many as from
nothing. So a start is given up after a number of iterations that is a share of what a solve from nothing takes.
"""

from __future__ import annotations

# ---- one program, or scenario by scenario ----------------------------------------------------------------------------

MANY = 50
"""Scenarios from which on they are solved one by one."""

# ---- programs that are kept ------------------------------------------------------------------------------------------

STRUCTURES = 3
"""Programs of different structure that are kept at most, the first and the one in use among them: with half a million
nonzeros, as in the real case, each takes a fifth of a GB."""

# ---- how far a start is followed -------------------------------------------------------------------------------------

LONGEST_WAY = 0.2
"""A basis kept from earlier is given up after as many iterations, as a share of the rows of the program."""
MOST_STEPS = 8000
"""Iterations after which it is given up in any case. With 76,000 rows so many are a quarter of a solve from nothing."""
LATER_STEPS = 1400
"""Iterations where the optimum of the phase before is a start that leads there in any case."""
PRIMAL_WAY = 2.0
"""So far primal simplex goes on from the optimum before: it keeps to its bounds and might go round in a circle."""
FEWEST = 1000
"""Iterations that a start is tried for in the smallest program."""
NEAR_WAY, GOAL_WAY = 1 / 4, 2 / 3
"""Iterations from the last plan where the structure differs, and where the goal does, as a share of the rows: from a
start that is no good the way from the least risk is shorter."""
SHARED, MISFIT = 0.5, 0.005
"""Share of rows that a program must have from an older one to begin at its plan, and by which the basis taken over may
be too large or too small: from others interior point is the shorter way."""
BETWEEN = 1e-7
"""Relative distance from a bound up to which a figure of a stored plan counts as at it, and reduced cost that counts as
none."""

# ---- which algorithm -------------------------------------------------------------------------------------------------

SMALL_PROGRAM = 20_000
"""Nonzeros below which the simplex method is at least as fast as interior point."""
HOLDS_ALL = SMALL_PROGRAM
"""Nonzeros below which all rows are held from the beginning: there is little to spare."""
LARGE_PROGRAM = 200_000
"""Nonzeros from which on the objective that comes next weighs a little in the first interior point."""
NEXT_WEIGHT = 1e-3
"""The weight that it has: so little that the least value of the first objective is mostly found with it."""
LITTLE = 0.001
"""Perturbation of costs from a kept basis, as a multiple of what HiGHS does."""
PRIMAL = 4
STRATEGY = {"again": 0} | dict.fromkeys(("again primal", "near", "primal", "ipm"), PRIMAL)
"""Simplex strategy: `PRIMAL`, 1 dual (all others), 0 primal where the start is feasible and dual where it is not. After
an imprecise crossover of interior point primal simplex needs a twentieth of the steps that dual simplex does."""
