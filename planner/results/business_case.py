"""The investment case of one project, as values. `planner.explanation.business_case` fills them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

CONVENTIONS = (
    "Real money of the base year, no inflation, no tax, no debt.",
    "Flows fall at the end of their year and are valued at the start of the first one, as NPV() of a spreadsheet does.",
    "Nothing is left at the end of the horizon: no residual value, no closing cost.",
    "The plant sells all that it can make once its ramp allows, whether or not there is a cut.",
    "Revenue counts the elements of the case alone; variable cost in the case is their share of the whole basket.",
)


@dataclass(frozen=True)
class PriceDeck:
    """Prices and rate of an investment case.

    rate: per year. price_factor: market price over the case's price. floor: guaranteed price over the case's price.
    payable: what a concentrate earns of the price of the oxides in it. metal_premium: price of metal over oxide, - 1.
    """

    rate: float = 0.08
    price_factor: float = 1.0
    floor: float = 0.0
    payable: float = 0.4
    metal_premium: float = 0.2

    def changes(self) -> list[str]:
        """What is otherwise than in the default deck, as in `metal_premium-0.3`."""
        return [f"{f.name}-{getattr(self, f.name):g}" for f in fields(self) if getattr(self, f.name) != f.default]

    @property
    def price(self) -> float:
        """Price received over the case's price."""
        return max(self.price_factor, self.floor)


@dataclass(frozen=True)
class Flows:
    """Yearly money of a project (MUSD, outflows positive where they are called cost) and what it makes (t)."""

    years: Sequence[int]
    usable_t: Sequence[float]
    capex: Sequence[float]
    fixed: Sequence[float]
    variable: Sequence[float]
    feed_cost: Sequence[float]
    revenue: Mapping[str, Sequence[float]]

    def net(self, public_share: float = 0.0) -> list[float]:
        """Net flow by year; `public_share` of the capital is paid by others."""
        sales = [sum(values) for values in zip(*self.revenue.values(), strict=True)] or [0.0] * len(self.years)
        return [
            sold - (1 - public_share) * capex - fixed - variable - feed
            for sold, capex, fixed, variable, feed in zip(
                sales, self.capex, self.fixed, self.variable, self.feed_cost, strict=True
            )
        ]


@dataclass(frozen=True)
class Returns:
    """NPV (MUSD), IRR (per year, None if there is none) and payback (years from the first spending, None if never)."""

    npv: float
    irr: float | None
    payback: float | None


@dataclass(frozen=True)
class Swing:
    """One bar of the tornado: NPV (MUSD) with one assumption low and high."""

    what: str
    low: str
    high: str
    npv_low: float
    npv_high: float


@dataclass(frozen=True)
class Avoided:
    """What the plan loses without the project, solved again: risk (MUSD), and expected shortfall by element (t)."""

    risk: float
    shortfall_t: Mapping[str, float]
    risk_per_musd: float | None


@dataclass(frozen=True)
class BusinessCase:
    """All of an investment case. builds: year of commitment -> t/y. break_even: price over the case's price.

    planned: the plan builds it. runs: the plan runs it; if not, `inputs` is a mix assumed. inputs: what it takes in,
    tonnes as capacity counts them, or shares.
    """

    project: str
    run: str
    planned: bool
    runs: bool
    builds: Mapping[int, float]
    public_share: float
    deck: PriceDeck
    flows: Flows
    whole: Returns
    investor: Returns
    cheap: Returns
    break_even: float | None
    investor_break_even: float | None
    swings: Sequence[Swing]
    jobs: Mapping[str, float]
    trained_there: Mapping[str, float]
    inputs: Mapping[str, float]
    avoided: Avoided | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
