"""Losses from shortfalls, and risk measures of a discrete distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.data.case import Case
from planner.data.effects import year_of
from planner.data.lookups import Good
from planner.results.result_lookups import Ledger


@dataclass(frozen=True)
class Losses:
    """Loss by scenario and what follows from it (MUSD)."""

    by_scenario: dict[str, float]
    expected: float
    cvar: float
    risk: float


Parts = dict[str, dict[str, float]]
"""Country -> `expected` and `tail`: its part of the expected loss and of the CVaR (MUSD)."""
TIED = 1e-9
"""Relative difference up to which two losses count as equal."""


def losses_of(case: Case, book: Ledger) -> Losses:
    """Losses recomputed from the reported shortfalls."""
    by_scenario = dict.fromkeys(case.scenarios, 0.0)
    for (w, period), goods in book.short.items():
        for good, short in goods.items():
            by_scenario[w] += loss_of_shortfall(case, good, year_of(period), short, book.demand[w, period][good])
    return weighed(case, by_scenario)


def weighed(case: Case, by_scenario: Mapping[str, float]) -> Losses:
    """Expected loss, CVaR_alpha and risk, (1 - lambda) E + lambda CVaR, of a loss (MUSD) for each scenario."""
    objective = case.model.objective
    expected = sum(case.scenarios[w] * z for w, z in by_scenario.items())
    tail = cvar(list(by_scenario.values()), [case.scenarios[w] for w in by_scenario], objective.tail)
    risk = (1 - objective.risk_aversion) * expected + objective.risk_aversion * tail
    return Losses(dict(by_scenario), expected, tail, risk)


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


def by_country(case: Case, by_scenario: Mapping[str, float], losses: Mapping[str, Mapping[str, float]]) -> Parts:
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


def losses_by_country(case: Case, book: Ledger, by_scenario: Mapping[str, float]) -> Parts:
    """What each country bears, from the reported shortfalls."""
    losses = {c: dict.fromkeys(case.scenarios, 0.0) for c in case.countries}
    for (w, period), goods in book.short.items():
        for good, short in goods.items():
            losses[good[0]][w] += loss_of_shortfall(case, good, year_of(period), short, book.demand[w, period][good])
    return by_country(case, by_scenario, losses)


def in_tail(losses: Mapping[str, float], probabilities: Mapping[str, float], tail: float) -> dict[str, float]:
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


def service_level(demand: Mapping[str, float], short: Mapping[str, float]) -> dict[str, float]:
    """Share of demand met by element; 1 where nothing is demanded."""
    return {e: 1.0 - short.get(e, 0.0) / total if total > 0 else 1.0 for e, total in demand.items()}
