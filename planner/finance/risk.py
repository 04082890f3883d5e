"""What moves the NPV: every term at both ends of its range, and draws of futures and terms together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.lookups import MAGNET
from planner.finance.cashflow import NO_SUPPORT, UNITS, CashFlows, Investment, Prices, cash_flows
from planner.finance.debt import Loan
from planner.finance.deck import FinanceTerm, Levels
from planner.finance.plants import PREMIUMS
from planner.finance.returns import least_cover, npv
from planner.finance.rows import Array

DRAWS, SEED = 2000, 1


@dataclass(frozen=True)
class Swing:
    """One bar of the tornado: NPV after tax of all capital and of the owners (MUSD) with one term low and high."""

    term: FinanceTerm
    npv_low: float
    npv_high: float
    owners_low: float
    owners_high: float

    @property
    def width(self) -> float:
        """How far the NPV moves."""
        return abs(self.npv_high - self.npv_low)


@dataclass(frozen=True)
class Spread:
    """NPV after tax over draws (MUSD, in order), and the share of them that loses money. cover: least cover of the debt
    service of the case as it stands that nine draws in ten reach (P90); None without debt."""

    npv: tuple[float, ...]
    loss: float
    cover: float | None

    def at(self, share: float) -> float:
        """The NPV that this share of the draws stays below."""
        return float(np.quantile(self.npv, share))


def price_terms(found: Investment) -> list[FinanceTerm]:
    """The price of each element as a term: a factor on the deck."""
    seen = {q.element: q for q in reversed(found.quotes)}
    return [
        FinanceTerm(f"price:{e}", f"price of {e}", "factor", 1.0, q.low, q.high, q.source, q.confidence, not q.source)
        for e, q in sorted(seen.items())
    ]


def base_levels(found: Investment, terms: Mapping[str, FinanceTerm]) -> dict[str, Array]:
    """All levels that `cash_flows` needs, without support."""
    calendar = {"year": found.years, "base_year": found.base_year, "first_year": found.years[0]}
    stated = {t.name: t.value for t in (*terms.values(), *price_terms(found))}
    return {**UNITS, **NO_SUPPORT, **{name: np.asarray(value, float) for name, value in (calendar | stated).items()}}


def adverse(found: Investment, terms: Mapping[str, FinanceTerm]) -> Levels:
    """Prices that hurt, as levels: low ones; of plants that all buy what they convert, dear feed and low premiums."""
    if any(not plant.converts for plant in found.plants):
        return {t.name: np.asarray(t.low) for t in price_terms(found)}
    low = {name: np.asarray(terms[name].low) for name in PREMIUMS[MAGNET]}
    return {**low, **{t.name: np.asarray(t.high) for t in price_terms(found)}}


def tornado(
    found: Investment, terms: Mapping[str, FinanceTerm], use: Sequence[Array], given: Levels = NO_SUPPORT
) -> list[Swing]:
    """Every term low and high, the others as they are; the widest first. given: levels that hold, as of support."""
    moved = [*terms.values(), *price_terms(found)]
    x = base_levels(found, terms)
    for place, term in enumerate(moved):
        x[term.name] = np.full((2 * len(moved), 1), term.value)
        x[term.name][[2 * place, 2 * place + 1], 0] = (term.low, term.high)
    x |= given
    flows = cash_flows(found, x, use)
    whole = npv(x["wacc"], flows.after_tax / flows.index)
    owners = npv(x["equity_rate"], flows.owners / flows.index)
    swings = [
        Swing(t, float(whole[2 * i]), float(whole[2 * i + 1]), float(owners[2 * i]), float(owners[2 * i + 1]))
        for i, t in enumerate(moved)
    ]
    return sorted(swings, key=lambda s: (-s.width, -abs(s.owners_high - s.owners_low), s.term.name))


@dataclass(frozen=True)
class Draws:
    """Futures, each as often as it is likely, and terms, triangular over their ranges, drawn together.

    x: levels, a row for each draw; use and prices likewise.
    """

    x: Levels
    use: Sequence[Array]
    prices: Prices

    def flows(self, found: Investment, given: Levels = NO_SUPPORT) -> CashFlows:
        """Cash in every draw. given: levels that hold instead, as of support."""
        return cash_flows(found, {**self.x, **given}, self.use, self.prices)


def drawn(
    found: Investment, terms: Mapping[str, FinanceTerm], futures: Mapping[str, float], use_in: Sequence[Array],
    draws: int = DRAWS, seed: int = SEED,
) -> Draws:  # fmt: skip
    """Draws of an investment. use_in: for each plant what is worked of it, a row for each future or one for all."""
    rng = np.random.default_rng(seed)
    chances = np.array(list(futures.values()))
    at = rng.choice(len(chances), size=draws, p=chances / chances.sum())
    x = base_levels(found, terms)
    for term in (*terms.values(), *price_terms(found)):
        if term.low < term.high:
            level = rng.triangular(term.low, min(max(term.value, term.low), term.high), term.high, size=(draws, 1))
            x[term.name] = np.round(level) if term.whole else level
    prices = {good: rows[at] for good, rows in found.by_future(list(futures)).items()}
    use = [np.broadcast_to(rows, (len(chances), rows.shape[-1]))[at] for rows in use_in]
    return Draws(x, use, prices)


def spread_of(flows: CashFlows, x: Levels, loan: Loan) -> Spread:
    """What draws earn. loan: the debt of the case as it stands."""
    values = np.sort(npv(x["wacc"], flows.after_tax / flows.index))
    covers = least_cover(flows.cfads, loan)
    cover = None if covers is None else float(np.quantile(covers, 0.1))
    return Spread(tuple(values.tolist()), float((values < 0).mean()), cover)


def value(found: Investment, x: Levels, use: Sequence[Array]) -> float:
    """NPV after tax of all capital (MUSD)."""
    flows = cash_flows(found, x, use)
    return float(npv(x["wacc"], flows.after_tax / flows.index))
