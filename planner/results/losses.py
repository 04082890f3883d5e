"""Losses from shortfalls, and risk measures of a discrete distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.config import Objective
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.amounts import Amounts
from planner.results.odds import worst_odds
from planner.results.scenario_amounts import ScenarioAmounts


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Loss by scenario and what follows from it (MUSD).

    expected, cvar, risk_given: by the probabilities as they are given. risk: by the odds of the objective.
    """

    by_scenario: dict[str, float]
    expected: float
    cvar: float
    risk: float
    risk_given: float


ByCountry = dict[str, dict[str, float]]
"""Country -> `expected` and `tail`: its part of the expected loss and of the CVaR (MUSD)."""
TIED = 1e-9
"""Relative difference up to which two losses count as equal."""


def losses_of(amounts: ScenarioAmounts, losses: Amounts) -> Losses:
    """Losses recomputed from shortfalls. losses: by good at amounts."""
    return weighed(amounts.case, _by_scenario(amounts, losses.values))


def losses_by_country(
    amounts: ScenarioAmounts, losses: Amounts, by_scenario: Mapping[str, float]
) -> ByCountry:
    """The part of each country in the expected loss and in the CVaR. losses: by good at amounts."""
    found = {}
    for country in amounts.case.countries:
        own = [place for good, place in losses.places.items() if good[0] == country]
        found[country] = _by_scenario(amounts, losses.values[own])
    return by_country(amounts.case, by_scenario, found)


def losses_by_good(amounts: ScenarioAmounts) -> Amounts:
    """Loss (MUSD) of each good per scenario and period, discounted."""
    case = amounts.case
    by_year = np.array([case.lookups.risk_discount(year) for year in case.years])
    discount = by_year[amounts.year_places]
    losses = [
        weighted_loss(case, good, short, amounts.demand(good)) for good, short in amounts.short
    ]
    values = np.array(losses).reshape(-1, len(discount))
    return Amounts(amounts.short.places, values * discount)


def _by_scenario(amounts: ScenarioAmounts, losses: NDArray[np.float64]) -> dict[str, float]:
    """Scenario -> sum of losses (goods, amounts), added up in the order of amounts."""
    count = len(amounts.case.scenarios)
    scenario = np.repeat(np.arange(count), losses.size // count)
    sums = np.bincount(scenario, losses.T.ravel(), minlength=count)
    return dict(zip(amounts.case.scenarios, sums.tolist(), strict=True))


def weighed(case: Case, by_scenario: Mapping[str, float]) -> Losses:
    """Expected loss, CVaR_alpha and risk of a loss (MUSD) for each scenario."""
    losses = dict(by_scenario)
    given = measures_under(case, losses, case.scenarios)
    risk = given.risk
    if case.model.objective.odds == "worst":
        risk = risk_under(case, losses, worst_odds(case, losses))
    return Losses(
        by_scenario=losses,
        expected=given.expected,
        cvar=given.cvar,
        risk=risk,
        risk_given=given.risk,
    )


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Figures of losses under some odds (MUSD)."""

    expected: float
    cvar: float
    risk: float


def measures_of(
    losses: Sequence[float], chances: Sequence[float], objective: Objective
) -> Measures:
    """Expected loss, CVaR_alpha and risk, (1 - lambda) E + lambda CVaR, of losses with these probabilities."""
    expected = sum(chance * loss for loss, chance in zip(losses, chances, strict=True))
    tail = cvar(losses, chances, objective.tail)
    aversion = objective.risk_aversion
    return Measures(expected=expected, cvar=tail, risk=(1 - aversion) * expected + aversion * tail)


def measures_under(case: Case, losses: Mapping[str, float], odds: Mapping[str, float]) -> Measures:
    """Figures of losses by scenario under some odds."""
    chances = [odds[scenario] for scenario in losses]
    return measures_of(list(losses.values()), chances, case.model.objective)


def risk_under(case: Case, losses: Mapping[str, float], odds: Mapping[str, float]) -> float:
    """Risk (MUSD) of losses by scenario under some odds."""
    return measures_under(case, losses, odds).risk


def weighted_loss(case: Case, good: Good, short: Vector, demand: Vector) -> Vector:
    """Loss (MUSD) of `short` tonnes out of `demand`, in steps of depth, weighted, not discounted."""
    steps = case.lookups.loss_steps(good)
    loss = np.zeros(short.shape)
    left = short
    for step in steps:
        part = np.minimum(left, step.width * demand)
        loss = loss + part * step.musd_per_t
        left = left - part
    loss = loss + left * steps[-1].musd_per_t  # rounding beyond the last step
    return loss * case.countries[good[0]].weight


def cvar(losses: Sequence[float], probabilities: Sequence[float], tail: float) -> float:
    """Mean of the worst 1 - tail of a discrete loss; an atom at the edge counts in part.

    Rockafellar and Uryasev, Conditional value-at-risk for general loss distributions,
    Journal of Banking and Finance 26 (2002), proposition 8.
    """
    left = mass = 1.0 - tail
    total = 0.0
    for loss, probability in sorted(zip(losses, probabilities, strict=True), reverse=True):
        part = min(left, probability)
        total += part * loss
        left -= part
        if left <= 0:
            break
    return total / (mass - max(left, 0.0)) if mass > left else 0.0


def by_country(
    case: Case, by_scenario: Mapping[str, float], losses: Mapping[str, Mapping[str, float]]
) -> ByCountry:
    """Losses that each country bears. losses: country -> scenario -> MUSD, which add up to `by_scenario`."""
    tail = in_tail(by_scenario, case.scenarios, case.model.objective.tail)
    mass = sum(tail.values())
    found = {}
    for country, own in losses.items():
        expected = sum(case.scenarios[scenario] * loss for scenario, loss in own.items())
        in_worst = sum(tail[scenario] * loss for scenario, loss in own.items())
        found[country] = {"expected": expected, "tail": in_worst / mass}
    return found


def in_tail(
    losses: Mapping[str, float], probabilities: Mapping[str, float], tail: float
) -> dict[str, float]:
    """The part of each scenario's probability that lies in the worst 1 - tail, the worst first; scenarios tied at its
    edge share what is left in proportion to their probability."""
    ordered = sorted(losses, key=lambda name: -losses[name])
    parts = dict.fromkeys(ordered, 0.0)
    left = 1.0 - tail
    while ordered and left > 0:
        edge = losses[ordered[0]]
        # What is not a number is tied to everything.
        tied = [name for name in ordered if not edge - losses[name] > TIED * (1.0 + abs(edge))]
        together = sum(probabilities[name] for name in tied)
        share = min(1.0, left / together) if together > 0 else 0.0
        for name in tied:
            parts[name] = share * probabilities[name]
        left -= together
        ordered = ordered[len(tied) :]
    return parts


def risk_weights(
    objective: Objective, chances: Mapping[str, float], losses: Mapping[str, float]
) -> dict[str, float]:
    """Weight of each scenario's loss in the risk: its share of the mean, and of the tail (CVaR)."""
    aversion = objective.risk_aversion
    tail = in_tail(losses, chances, objective.tail)
    return {
        name: (1 - aversion) * chances[name] + aversion * share / (1 - objective.tail)
        for name, share in tail.items()
    }


def weights_in_risk(case: Case, losses: Mapping[str, float]) -> dict[str, float]:
    """Weight of each scenario's loss in the risk of a case, by the odds of its objective."""
    objective = case.model.objective
    odds = case.scenarios if objective.odds == "given" else worst_odds(case, losses)
    return risk_weights(objective, odds, losses)


def service_level(demand: Mapping[str, float], short: Mapping[str, float]) -> dict[str, float]:
    """Share of demand met by element; 1 where nothing is demanded."""
    met = {}
    for element, total in demand.items():
        unmet = short.get(element, 0.0) / total if total > 0 else 0.0
        met[element] = 1.0 - unmet
    return met
