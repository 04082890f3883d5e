"""Odds that are not known: the most and the least risk over all of them (section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.oracle.sparse import Key, Program, add
from tests.oracle.tables import Case

ODDS = "odds"


@dataclass(frozen=True, kw_only=True)
class Storyline:
    """The scenarios drawn from one, their shares of its probability, and how small and large that may be."""

    shares: dict[str, float]
    low: float
    high: float


def storylines(case: Case) -> list[Storyline]:
    """Contract: "draws of one scenario keep their proportions (... all of probability 0: even)"; every probability lies
    within its bounds.
    """
    found = []
    for name in dict.fromkeys(case.storylines.values()):
        drawn = [w for w, storyline in case.storylines.items() if storyline == name]
        total = sum(case.scenarios[w] for w in drawn)
        shares = {w: case.scenarios[w] / total if total else 1.0 / len(drawn) for w in drawn}
        lows = [case.bounds[w][0] / share for w, share in shares.items() if share > 0]
        highs = [case.bounds[w][1] / share for w, share in shares.items() if share > 0]
        low = max(lows)
        found.append(Storyline(shares=shares, low=low, high=max(low, min(highs))))
    return found


def possible_odds(case: Case) -> Program:
    """All odds: "all p within these bounds that sum to 1"."""
    lp = Program()
    total: dict[Key, float] = {}
    for place, storyline in enumerate(storylines(case)):
        whole = lp.variable("storyline", place, low=storyline.low, high=storyline.high)
        total[whole] = 1.0
        for w, share in storyline.shares.items():
            lp.equals({lp.variable(ODDS, w): 1.0, whole: -share}, 0.0)
    lp.equals(total, 1.0)
    return lp


@dataclass(frozen=True, kw_only=True)
class WorstOdds:
    """The most that risk can be, and for each scenario the least that a MUSD lost in it adds in odds that are as bad."""

    risk: float
    least_weights: dict[str, float]


def weighed_odds(
    case: Case, losses: Mapping[str, float], aversion: float, tail: float
) -> tuple[Program, dict[Key, float]]:
    """All odds with weights in CVaR, at most p / (1 - alpha) each and 1 in all, and what they make of the risk."""
    lp = possible_odds(case)
    risk: dict[Key, float] = {}
    weights: dict[Key, float] = {}
    for w, loss in losses.items():
        weight = lp.variable("weight", w)
        weights[weight] = 1.0
        lp.at_most({weight: 1.0, (ODDS, w): -1.0 / (1.0 - tail)}, 0.0)
        risk[ODDS, w] = (1.0 - aversion) * loss
        risk[weight] = aversion * loss
    lp.equals(weights, 1.0)
    return lp, risk


def worst_odds(case: Case, losses: Mapping[str, float], aversion: float, tail: float) -> WorstOdds:
    """Contract: "risk = max over odds of (1-lambda) E_p[Z] + lambda CVaR_p[Z]"."""
    lp, risk = weighed_odds(case, losses, aversion, tail)
    lost = {key: -value for key, value in risk.items()}
    worst = -lp.minimise(lost).objective
    lp.at_most(lost, -worst + 1e-7 * (1.0 + abs(worst)))
    least = {}
    for w in losses:
        share = {(ODDS, w): 1.0 - aversion, ("weight", w): aversion}
        least[w] = lp.minimise(share).objective
    return WorstOdds(risk=worst, least_weights=least)


def best_risk(case: Case, losses: Mapping[str, float], aversion: float, tail: float) -> float:
    """Contract: "`best_risk_musd` is the least over odds (concave: the least over the quantile's place among the
    losses)".
    """
    risks = []
    for quantile in losses.values():
        lp = possible_odds(case)
        gain: dict[Key, float] = {}
        for w, loss in losses.items():
            excess = max(loss - quantile, 0.0) / (1.0 - tail)
            gain[ODDS, w] = (1.0 - aversion) * loss + aversion * excess
        risks.append(lp.minimise(gain).objective + aversion * quantile)
    return min(risks)


def add_worst_risk(lp: Program, case: Case, aversion: float, tail: float, risk: Key) -> None:
    """The dual of `worst_odds`, in which the losses are variables: risk is the least that no odds exceed."""
    whole = lp.variable("price of odds", low=-float("inf"))
    quantile = lp.variable("price of weights", low=-float("inf"))
    terms: dict[Key, float] = {risk: 1.0, whole: -1.0, quantile: -1.0}
    for place, storyline in enumerate(storylines(case)):
        high = lp.variable("price of high", place)
        low = lp.variable("price of low", place)
        terms[high] = -storyline.high
        terms[low] = storyline.low
        balance: dict[Key, float] = {whole: -1.0, high: -1.0, low: 1.0}
        for w, share in storyline.shares.items():
            excess = lp.variable("excess of", w)
            lp.at_most({("loss", w): aversion, quantile: -1.0, excess: -1.0}, 0.0)
            add(balance, ("loss", w), (1.0 - aversion) * share)
            balance[excess] = share / (1.0 - tail)
        lp.equals(balance, 0.0)
    lp.equals(terms, 0.0)
