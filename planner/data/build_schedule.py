"""Capital, output and fixed cost of new capacity by year from the decision: by the table `schedule`, or by lead time and
ramp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.data.schema import Project, ScheduleYear


@dataclass(frozen=True)
class BuildSchedule:
    """Shares by year from the decision.

    capital: share of the capital cost due in each year; later years have none. output: share of nameplate usable; cost:
    share of the yearly fixed cost due; the last share of both stays. first_output: year of first output. is_table: by
    the table `schedule`, so that a delay moves instalments and fixed cost too.
    """

    capital: tuple[float, ...]
    output: tuple[float, ...]
    cost: tuple[float, ...]
    first_output: int
    is_table: bool = False

    def capital_share(self, year: int) -> float:
        """Share of the capital cost due in a year."""
        return self.capital[year] if 0 <= year < len(self.capital) else 0.0

    def output_share(self, year: int) -> float:
        """Share of nameplate usable in a year."""
        return _lasting(self.output, year)

    def cost_share(self, year: int) -> float:
        """Share of the yearly fixed cost due in a year."""
        return _lasting(self.cost, year)

    @property
    def ramp(self) -> tuple[float, ...]:
        """Share of nameplate usable in each year from first output on; the last one stays."""
        return self.output[self.first_output :]


def _lasting(shares: tuple[float, ...], year: int) -> float:
    """The share of a year; the last one stays, and before the decision there is none."""
    return shares[min(year, len(shares) - 1)] if year >= 0 else 0.0


def by_lead_time(project: Project, ramp: Sequence[float]) -> BuildSchedule:
    """Equal instalments over the lead time (at least one year), then the ramp, and the whole fixed cost with it."""
    lead = project.lead_time_years
    parts = max(1, lead)
    before = (0.0,) * lead
    return BuildSchedule(
        capital=(1 / parts,) * parts,
        output=(*before, *ramp),
        cost=(*before, 1.0),
        first_output=lead,
    )


def by_table(rows: Sequence[ScheduleYear]) -> BuildSchedule:
    """The schedule of a project by its rows, in the order of their years."""
    first = next((row.year for row in rows if row.output_share > 0), len(rows))
    costs: list[float] = []
    for row in rows:
        default = 1.0 if row.year >= first else 0.0
        costs.append(default if row.cost_share is None else row.cost_share)
    return BuildSchedule(
        capital=tuple(row.capital_share for row in rows),
        output=tuple(row.output_share for row in rows),
        cost=tuple(costs),
        first_output=first,
        is_table=True,
    )
