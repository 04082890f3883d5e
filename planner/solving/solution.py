"""How a run of the solver ended: why it stopped, the point held, and what is known of the least value.

Bounds on the least value of an objective, for runs that are stopped early, HiGHS tells nowhere but in its log of an
interior point run: objective values of the primal and the dual point of each iteration, and how far each is from
feasible. By weak duality a feasible dual point bounds the optimum from below, as any feasible primal point does from
above.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum

from planner.solving.program import Certificate, Vector

_ITERATION = re.compile(
    r"\s*\d+\*?\s+(?P<primal>\S+)\s+(?P<dual>\S+)\s+(?P<pinf>\S+)\s+(?P<dinf>\S+)\s+\S+\s+[\d.]+\s*"
)
FEASIBLE = 1e-9
"""Residual below which a point counts as feasible."""
MARGIN = 1e-6
"""The most that the residual and the digits of the log may be worth, relative and in MUSD."""


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
    dual_counts: bool = field(default=True, repr=False)
    """A dual point bounds the least value: not so while another objective weighs a little too."""
    primal_counts: bool = field(default=True, repr=False)
    """A primal point bounds it: not so while the solver does without some rows."""

    def forget(self) -> None:
        """Begin anew."""
        self.at_least, self.at_most = 0.0, math.inf

    def hear(self, log: str) -> None:
        """Take in what the solver says."""
        for line in log.splitlines():
            found = _ITERATION.fullmatch(line)
            if found:
                primal, dual, pinf, dinf = (float(figure) for figure in found.groups())
                if self.dual_counts and dinf <= FEASIBLE:
                    self.at_least = max(self.at_least, dual - MARGIN * (1 + abs(dual)))
                if self.primal_counts and pinf <= FEASIBLE:
                    self.at_most = min(self.at_most, primal + MARGIN * (1 + abs(primal)))

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
    """Of the least value, found by a run that was stopped."""


@dataclass(frozen=True)
class Searched:
    """The end of a search over whole numbers: the best point found (n; empty if none), and a value that no point is
    below."""

    stop: Stop
    x: Vector
    at_least: float
