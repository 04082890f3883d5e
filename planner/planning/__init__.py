"""From a case to a verified plan: as one program, or by Benders decomposition."""

import planner.formulation  # noqa: F401 - before scipy
