"""Who pays for a plan, and who would carry what so that nobody is better off leaving."""

import planner.formulation  # noqa: F401 - before scipy
