"""What moves an investment: every term at both ends of its range, and draws of futures and terms together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from planner.data.stages import MAGNET
from planner.finance.cashflow import NO_SUPPORT, UNITS, CashFlows, cash_flows
from planner.finance.loans import Loan
from planner.finance.plant_flows import Investment, Prices
from planner.finance.project_facts import PREMIUMS, UNSOURCED, FinanceTerm, Levels, Quote
from planner.finance.returns import least_cover, worth
from planner.finance.yearly_rows import Array

DRAWS, SEED = 2000, 1
LOW, HIGH = "low", "high"
"""Ends of a range."""
OF_FUTURES = ("delay_years", "volume")
"""Terms that the futures of a plan tell of already."""


@dataclass(frozen=True, kw_only=True)
class Swing:
    """One bar of the tornado: NPV after tax of all capital and of the owners (MUSD) with one term low and high."""

    term: FinanceTerm
    npv_low: float
    npv_high: float
    owners_low: float
    owners_high: float

    @property
    def width(self) -> float:
        """The distance (MUSD) by which the NPV moves."""
        return abs(self.npv_high - self.npv_low)

    @property
    def order(self) -> tuple[float, float, str]:
        """The widest first."""
        return -self.width, -abs(self.owners_high - self.owners_low), self.term.name


@dataclass(frozen=True, kw_only=True)
class Spread:
    """NPV after tax over draws (MUSD, in order), and the share of them that loses money. below: share of draws in which the
    least cover of the debt service of the case as it stands is less than asked at low prices; None without debt."""

    npv: tuple[float, ...]
    loss: float
    below: float | None

    def at(self, share: float) -> float:
        """The NPV that this share of the draws stays below."""
        return float(np.quantile(self.npv, share))


def price_terms(found: Investment) -> list[FinanceTerm]:
    """The price of each element as a term: a factor on the deck."""
    seen = {quote.element: quote for quote in reversed(found.quotes)}
    return [_price_term(quote) for _, quote in sorted(seen.items())]


def _price_term(quote: Quote) -> FinanceTerm:
    """The price of an element as a term: a factor on the deck, whose range may differ from year to year."""
    low = np.asarray(quote.low, float)
    high = np.asarray(quote.high, float)
    is_constant = np.ptp(low) == 0 and np.ptp(high) == 0
    return FinanceTerm(
        name=f"price:{quote.element}",
        meaning=f"price of {quote.element}",
        unit="factor",
        value=1.0,
        low=float(low.min()),
        high=float(high.max()),
        source=quote.source or UNSOURCED,
        confidence=quote.confidence,
        judged=False,
        low_by_year=None if is_constant else low,
        high_by_year=None if is_constant else high,
    )


def base_levels(found: Investment, terms: Mapping[str, FinanceTerm]) -> dict[str, Array]:
    """All levels that `cash_flows` needs."""
    levels = {**UNITS, **NO_SUPPORT}
    levels["year"] = np.asarray(found.years, float)
    levels["base_year"] = np.asarray(found.base_year, float)
    levels["first_year"] = np.asarray(found.years[0], float)
    budget = terms["capital_factor"].value * (1.0 + terms["contingency"].value)
    levels["budget"] = np.asarray(budget, float)
    for term in (*terms.values(), *price_terms(found)):
        levels[term.name] = np.asarray(term.value, float)
    return levels


def adverse_ends(found: Investment) -> dict[str, str]:
    """Prices and premiums that hurt, each with the end of its range: low prices; of plants that all buy what they convert,
    dear feed and low premiums."""
    prices = [term.name for term in price_terms(found)]
    if any(not plant.converts for plant in found.plants):
        return dict.fromkeys(prices, LOW)
    return dict.fromkeys(PREMIUMS[MAGNET], LOW) | dict.fromkeys(prices, HIGH)


def at_ends(
    found: Investment, terms: Mapping[str, FinanceTerm], ends: Mapping[str, str]
) -> dict[str, Array]:
    """Terms and prices at an end of their range, as levels, each year at its own."""
    by_name = {term.name: term for term in (*terms.values(), *price_terms(found))}
    levels = {}
    for name, end in ends.items():
        low, high = by_name[name].ends
        levels[name] = low if end == LOW else high
    return levels


def adverse(found: Investment, terms: Mapping[str, FinanceTerm]) -> Levels:
    """Prices that hurt, as levels."""
    return at_ends(found, terms, adverse_ends(found))


def tornado(
    found: Investment,
    terms: Mapping[str, FinanceTerm],
    use: Sequence[Array],
    given: Levels | None = None,
) -> list[Swing]:
    """Every term low and high, the others as they are; the widest first. given: levels that hold, as of support."""
    moved = [*terms.values(), *price_terms(found)]
    x = base_levels(found, terms)
    for place, term in enumerate(moved):
        low, high = term.ends
        low_at, high_at = 2 * place, 2 * place + 1
        levels = np.full((2 * len(moved), max(low.size, high.size)), term.value)
        levels[low_at] = low
        levels[high_at] = high
        x[term.name] = levels
    x |= given or {}
    flows = cash_flows(found, x, use)
    whole = worth(flows, x).tolist()
    owners = worth(flows, x, "owners").tolist()
    swings = []
    for place, term in enumerate(moved):
        low_at, high_at = 2 * place, 2 * place + 1
        swing = Swing(
            term=term,
            npv_low=whole[low_at],
            npv_high=whole[high_at],
            owners_low=owners[low_at],
            owners_high=owners[high_at],
        )
        swings.append(swing)
    return sorted(swings, key=lambda swing: swing.order)


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Futures, each as often as it is likely, and terms, triangular over their ranges, drawn together; prices of
    different elements are correlated as the term `price_correlation` says, other terms independent.

    x: levels, a row for each draw; use and prices likewise.
    """

    x: Levels
    use: Sequence[Array]
    prices: Prices

    def flows(self, found: Investment, given: Levels | None = None) -> CashFlows:
        """Cash in every draw. given: levels that hold instead, as of support."""
        return cash_flows(found, {**self.x, **(given or {})}, self.use, self.prices)


def drawn(
    found: Investment,
    terms: Mapping[str, FinanceTerm],
    futures: Mapping[str, float],
    use_in: Sequence[Array],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Draws:
    """Draws of an investment. use_in: for each plant what is worked of it, a row for each future or one for all. Delay and
    volume of plants that work as a plan has them are those of its futures."""
    rng = np.random.default_rng(seed)
    chances = np.array(list(futures.values()))
    at = rng.choice(len(chances), size=draws, p=chances / chances.sum())
    x = base_levels(found, terms)
    prices = price_terms(found)
    known = OF_FUTURES if found.as_run else ()
    ranged = [t for t in (*terms.values(), *prices) if t.low < t.high and t.name not in known]
    shares = {term.name: rng.random((draws, 1)) for term in ranged}
    moved = [term.name for term in prices if term.name in shares]
    if len(moved) > 1:
        common = rng.random((draws, 1))
        for name in moved:
            shares[name] = correlated(shares[name], common, x["price_correlation"])
    for term in ranged:
        low, high = term.ends
        mode = np.asarray(term.value)
        level = triangular(low, high, mode=mode, share=shares[term.name])
        x[term.name] = np.round(level) if term.whole else level
    deck = {good: rows[at] for good, rows in found.by_future(list(futures)).items()}
    use = []
    for rows in use_in:
        in_each = np.broadcast_to(rows, (len(chances), rows.shape[-1]))
        use.append(in_each[at])
    return Draws(x=x, use=use, prices=deck)


def correlated(own: Array, common: Array, correlation: Array) -> Array:
    """Shares of draws, evenly spread as `own` and `common` are, any two of which that have `common` in common are
    correlated: a Gaussian copula of one factor. correlation: of the normal scores, 0 to 1."""
    shared = np.sqrt(correlation) * ndtri(common)
    alone = np.sqrt(1.0 - correlation) * ndtri(own)
    return np.asarray(ndtr(shared + alone))


def triangular(low: Array, high: Array, *, mode: Array, share: Array) -> Array:
    """Quantiles of triangular distributions: what a `share` of draws stays below.

    A range by year gives a price by year, all years at the same share: dear or cheap throughout.
    """
    top = np.clip(mode, low, high)
    width = np.where(high > low, high - low, 1.0)
    rising = low + np.sqrt(share * (top - low) * width)
    falling = high - np.sqrt((1.0 - share) * (high - top) * width)
    return np.asarray(np.where(share <= (top - low) / width, rising, falling))


def spread_of(flows: CashFlows, x: Levels, loan: Loan, least: float) -> Spread:
    """NPV and cover over draws. loan: the debt of the case as it stands. least: cover asked at low prices."""
    values = np.sort(worth(flows, x))
    covers = least_cover(flows.cfads, loan)
    below = None if covers is None else float(np.mean(covers < least))
    loss = float(np.mean(values < 0))
    return Spread(npv=tuple(values.tolist()), loss=loss, below=below)
