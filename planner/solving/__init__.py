"""From the model to an optimum with a certificate."""

import planner.formulation  # noqa: F401 - before scipy
