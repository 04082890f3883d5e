"""Losses from shortfalls, and risk measures of a discrete distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.config import Objective
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.ledger import Ledger
from planner.results.odds import worst_odds


@dataclass(frozen=True)
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


def losses_of(case: Case, book: Ledger) -> Losses:
    """Losses recomputed from the reported shortfalls."""
    return weighed(
        case,
        dict(zip(case.scenarios, _added_up(book, len(case.scenarios), lambda _: 0), strict=True)),
    )


def _added_up(book: Ledger, size: int, first: Callable[[Good], int]) -> list[float]:
    """Losses (MUSD) from the reported shortfalls, added up in the order of visits at `size` places: that of the
    scenario, after the `first` of the good."""
    case, demand = book.case, book.shortfall.amounts("demand_t")
    losses = np.array([_loss(book, good, short, demand[good]) for good, short in book.short])
    visits, scenarios = len(book.node), len(case.scenarios)
    of_good = np.array([first(good) for good, _ in book.short], dtype=int)
    of_visit = np.repeat(np.arange(scenarios), visits // scenarios)
    places = (of_visit[:, None] + of_good).ravel()
    found: list[float] = np.bincount(
        places, losses.reshape(-1, visits).T.ravel(), minlength=size
    ).tolist()
    return found


def _loss(book: Ledger, good: Good, short: Vector, demand: Vector) -> Vector:
    """`loss_of_shortfall` at every visit."""
    case = book.case
    steps, loss, left = case.loss_steps(good), np.zeros(len(short)), short
    for step in steps:
        part = np.minimum(left, step.width * demand)
        loss, left = loss + part * step.musd_per_t, left - part
    loss += left * steps[-1].musd_per_t
    discount = np.array([case.risk_discount(year) for year in case.years])
    return np.asarray(
        loss * case.countries[good[0]].weight * discount[book.years - case.first_year]
    )


def weighed(case: Case, by_scenario: Mapping[str, float]) -> Losses:
    """Expected loss, CVaR_alpha and risk, (1 - lambda) E + lambda CVaR, of a loss (MUSD) for each scenario."""
    losses = dict(by_scenario)
    expected, tail = mean_and_tail(case, losses, case.scenarios)
    given = risk_under(case, losses, case.scenarios)
    risk = given
    if case.model.objective.odds == "worst":
        risk = risk_under(case, losses, worst_odds(case, losses))
    return Losses(losses, expected, tail, risk, given)


def mean_and_tail(
    case: Case, losses: Mapping[str, float], odds: Mapping[str, float]
) -> tuple[float, float]:
    """Expected loss and CVaR_alpha (MUSD) of losses by scenario under some odds."""
    expected = sum(odds[w] * z for w, z in losses.items())
    chances = [odds[w] for w in losses]
    return expected, cvar(list(losses.values()), chances, case.model.objective.tail)


def risk_under(case: Case, losses: Mapping[str, float], odds: Mapping[str, float]) -> float:
    """Risk (MUSD), (1 - lambda) E + lambda CVaR, of losses by scenario under some odds."""
    expected, tail = mean_and_tail(case, losses, odds)
    aversion = case.model.objective.risk_aversion
    return (1 - aversion) * expected + aversion * tail


def loss_of_shortfall(case: Case, good: Good, year: int, short: float, demand: float) -> float:
    """Loss (MUSD) of `short` tonnes out of `demand`, in steps of depth, weighted and discounted."""
    loss, left = 0.0, short
    for step in case.loss_steps(good):
        part = min(left, step.width * demand)
        loss += part * step.musd_per_t
        left -= part
    loss += left * case.loss_steps(good)[-1].musd_per_t  # rounding beyond the last step
    return loss * case.countries[good[0]].weight * case.risk_discount(year)


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
    """What each country bears. losses: country -> scenario -> MUSD, which add up to `by_scenario`."""
    tail = in_tail(by_scenario, case.scenarios, case.model.objective.tail)
    mass = sum(tail.values())
    return {
        c: {
            "expected": sum(case.scenarios[w] * z for w, z in own.items()),
            "tail": sum(tail[w] * z for w, z in own.items()) / mass,
        }
        for c, own in losses.items()
    }


def losses_by_country(case: Case, book: Ledger, by_scenario: Mapping[str, float]) -> ByCountry:
    """What each country bears, from the reported shortfalls."""
    count, place = len(case.scenarios), {c: i for i, c in enumerate(case.countries)}
    found = _added_up(book, count * len(place), lambda good: place[good[0]] * count)
    losses = {
        c: dict(zip(case.scenarios, found[i * count : (i + 1) * count], strict=True))
        for c, i in place.items()
    }
    return by_country(case, by_scenario, losses)


def in_tail(
    losses: Mapping[str, float], probabilities: Mapping[str, float], tail: float
) -> dict[str, float]:
    """How much of each scenario's probability lies in the worst 1 - tail, the worst first; scenarios tied at its edge
    share what is left in proportion to their probability."""
    ordered = sorted(losses, key=lambda name: -losses[name])
    left, parts = 1.0 - tail, dict.fromkeys(ordered, 0.0)
    while ordered and left > 0:
        edge = losses[ordered[0]]
        # What is not a number is tied to everything.
        tied = [name for name in ordered if not edge - losses[name] > TIED * (1.0 + abs(edge))]
        together = sum(probabilities[name] for name in tied)
        share = min(1.0, left / together) if together > 0 else 0.0
        parts |= {name: share * probabilities[name] for name in tied}
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
    return {e: 1.0 - short.get(e, 0.0) / total if total > 0 else 1.0 for e, total in demand.items()}
