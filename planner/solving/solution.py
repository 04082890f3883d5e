"""How a run of the solver ended: why it stopped, the point held, and what is known of the least value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from planner.solving.program import Certificate, Vector

FEASIBLE = 1e-9
"""Residual below which a point counts as feasible."""


class Stop(StrEnum):
    """The reason why the solver stopped."""

    OPTIMAL = "optimal"
    """An optimum, proven by its own residuals."""
    INFEASIBLE = "infeasible"
    """No point meets all constraints."""
    TIME_LIMIT = "time_limit"
    """The time was up before an optimum was proven."""
    INTERRUPTED = "interrupted"
    """Somebody asked to stop."""
    UNPROVEN = "unproven"
    """No algorithm reached a point whose certificate holds."""


@dataclass
class Bounds:
    """The least value is between the two (MUSD). Every objective of the program is 0 or more."""

    at_least: float = 0.0
    at_most: float = math.inf

    def as_json(self) -> dict[str, float]:
        """For summary.json; what is not known is left out."""
        known = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: value for name, value in known.items() if math.isfinite(value)}

    def __str__(self) -> str:
        if self.at_least == self.at_most:
            return f"{self.at_least:,.6g} MUSD"
        if math.isinf(self.at_most):
            return f"at least {self.at_least:,.6g} MUSD"
        return f"between {self.at_least:,.6g} and {self.at_most:,.6g} MUSD"


@dataclass(frozen=True)
class Solution:
    """The end of a run of the solver: its reason, and the point held. No point unless optimal.

    x: columns (n). duals: of rows (m).
    """

    stop: Stop
    x: Vector
    duals: Vector
    certificate: Certificate | None
    algorithm: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    """Of the least value, where it is not proven."""
    least_limited: float | None = None
    """The least value of a column whose limit is below it, where that is why there is no point."""


def is_within(value: float, limit: float) -> bool:
    """A value is within a limit, but for what a solver tolerates."""
    return value <= limit * (1 + 1e-7) + 1e-7


@dataclass(frozen=True)
class Searched:
    """The end of a search over whole numbers: the best point found (n; empty if none), and a value that no point is
    below."""

    stop: Stop
    x: Vector
    at_least: float
