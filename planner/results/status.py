"""How a solve ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What the summary says, and the exit code that goes with it."""

    OPTIMAL = "optimal"
    """An optimum; solver's and verifier's residuals are within tolerance."""
    INFEASIBLE = "infeasible"
    """No plan meets the goal."""
    TIME_LIMIT = "time_limit"
    """Stopped before an optimum was proven."""
    UNPROVEN = "unproven"
    """A point was found, but its certificate or verification does not hold."""

    @property
    def exit_code(self) -> int:
        """0 done, 3 infeasible, 4 stopped before optimal."""
        return {Status.OPTIMAL: 0, Status.INFEASIBLE: 3}.get(self, 4)
