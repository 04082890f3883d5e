"""Ways from a case folder to an optimum, each in a module with `run(job, clock) -> figures`.

Imports of a method happen inside its process and count as its time, as they do for a user.
"""

from __future__ import annotations

METHODS = {
    "planner": "this planner: load, solve, verify, written results",
    "raw": "the same arrays, made beforehand, and the same calls of HiGHS: the limit",
    "linopy": "linopy (coefficients made beforehand) + HiGHS at defaults, two phases",
    "plain": "the planner's Pyomo rules + Pyomo's HiGHS interface at defaults, two phases",
    "plain-unreduced": "the same, with the reductions of `Scope` switched off",
}
