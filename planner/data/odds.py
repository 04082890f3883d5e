"""Odds that are not known: the bounds within which probabilities lie, and what draws of one storyline share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.data.lookups import BASE
from planner.data.schema import Scenario
from planner.data.thresholds import ROUNDING

if TYPE_CHECKING:  # which is made of this module
    from planner.data.case import Case


@dataclass(frozen=True, kw_only=True)
class StorylineOdds:
    """The probability of one storyline, and its bounds; draws of it keep their proportions.

    shares: scenario -> its part of the probability, all of which sum to 1. low <= probability <= high.
    """

    shares: Mapping[str, float]
    probability: float
    low: float
    high: float

    @property
    def room(self) -> float:
        """Between the least and the largest probability."""
        return self.high - self.low


Odds = dict[str, StorylineOdds]
"""By storyline."""


def are_bounded(case: Case) -> bool:
    """Bounds of some probability are given."""
    return any(row.probability_low is not None for row in case.tables.scenarios)


def odds_of(case: Case) -> Odds:
    """The probability of each storyline, and its bounds. A scenario without bounds is fixed.

    Probabilities that sum to 1 within rounding are scaled to it; bounds give way by as much.
    """
    rows = case.tables.scenarios or (Scenario(scenario=BASE, probability=1.0),)
    members: dict[str, list[Scenario]] = {}
    for row in sorted(rows, key=lambda row: row.scenario):
        members.setdefault(row.storyline or row.scenario, []).append(row)
    return {storyline: _together(case, draws) for storyline, draws in members.items()}


def _together(case: Case, draws: list[Scenario]) -> StorylineOdds:
    """The odds of a storyline of its draws: shares of each, their probability, and bounds within which every draw keeps
    to its own."""
    probability = sum(case.scenarios[row.scenario] for row in draws)
    low = 0.0
    high = 1.0
    shares: dict[str, float] = {}
    for row in draws:
        own = case.scenarios[row.scenario]
        share = own / probability if probability > 0 else 1 / len(draws)
        shares[row.scenario] = share
        if share > 0:
            low = max(low, (own if row.probability_low is None else row.probability_low) / share)
            high = min(
                high, (own if row.probability_high is None else row.probability_high) / share
            )
    # What rounding leaves of no room is none.
    return StorylineOdds(
        shares=shares,
        probability=probability,
        low=low if low < probability - ROUNDING else probability,
        high=high if high > probability + ROUNDING else probability,
    )


def with_probability(row: Scenario, probability: float) -> Scenario:
    """The scenario with another probability; a bound that does not hold it gives way to it."""
    update = {"probability": probability}
    if row.probability_low is not None and row.probability_high is not None:
        update["probability_low"] = min(row.probability_low, probability)
        update["probability_high"] = max(row.probability_high, probability)
    return row.model_copy(update=update)
