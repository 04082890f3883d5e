"""Ways from a case folder to an optimum, each in a module with `run(job, clock) -> figures`.

Imports of a method happen inside its process and count as its time, as they do for a user. `planner_path` is this
planner without pages; `plain` the planner's Pyomo rules and Pyomo's HiGHS interface at its defaults, the same three
phases, with or without the reductions of `Scope`; `linopy_path` linopy and HiGHS at its defaults, with the
coefficients made beforehand.
"""
