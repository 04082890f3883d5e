"""Many scenarios, solved one by one: master, subproblems, grouping, search, bounds."""

import planner.formulation  # noqa: F401 - before scipy
