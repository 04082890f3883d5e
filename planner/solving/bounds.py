"""Bounds on the least value of an objective, as an interior point run finds them; for runs that are stopped early.

HiGHS tells them nowhere but in its log: objective values of the primal and the dual point of each iteration, and how
far each is from feasible. By weak duality a feasible dual point bounds the optimum from below, as any feasible primal
point does from above.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_ITERATION = re.compile(
    r"\s*\d+\*?\s+(?P<primal>\S+)\s+(?P<dual>\S+)\s+(?P<pinf>\S+)\s+(?P<dinf>\S+)\s+\S+\s+[\d.]+\s*"
)
FEASIBLE = 1e-9
"""Residual below which a point counts as feasible."""
MARGIN = 1e-6
"""What the residual and the digits of the log may be worth, relative and in MUSD."""


@dataclass
class Bounds:
    """The least value is between the two (MUSD). Every objective of the program is 0 or more."""

    at_least: float = 0.0
    at_most: float = math.inf

    def forget(self) -> None:
        """Begin anew."""
        self.at_least, self.at_most = 0.0, math.inf

    def hear(self, log: str) -> None:
        """Take in what the solver says."""
        for line in log.splitlines():
            found = _ITERATION.fullmatch(line)
            if found:
                primal, dual, pinf, dinf = (float(figure) for figure in found.groups())
                if dinf <= FEASIBLE:
                    self.at_least = max(self.at_least, dual - MARGIN * (1 + abs(dual)))
                if pinf <= FEASIBLE:
                    self.at_most = min(self.at_most, primal + MARGIN * (1 + abs(primal)))

    def as_json(self) -> dict[str, float]:
        """For summary.json; what is not known is left out."""
        return {name: value for name, value in vars(self).items() if math.isfinite(value)}

    def __str__(self) -> str:
        if self.at_least == self.at_most:
            return f"{self.at_least:,.6g} MUSD"
        if math.isinf(self.at_most):
            return f"at least {self.at_least:,.6g} MUSD"
        return f"between {self.at_least:,.6g} and {self.at_most:,.6g} MUSD"
