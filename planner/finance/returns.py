"""What an investment earns: NPV, IRR and payback, to all capital and to the owners, how well it serves debt, and what
moves the NPV: every term at both ends of its range, and draws of futures and terms together. The least of each kind of
support with which owners earn what they ask, and what it costs the public by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import pyxirr
from scipy.optimize import brentq

from planner.data.stages import MAGNET
from planner.finance.cashflow import (
    NO_SUPPORT,
    PAID,
    UNITS,
    CashFlows,
    Investment,
    Loan,
    Prices,
    cash_flows,
)
from planner.finance.project_facts import PREMIUMS, UNSOURCED, FinanceTerm, Levels, Quote
from planner.finance.yearly_rows import Array, added


@dataclass(frozen=True)
class Returns:
    """Money in MUSD of the base year, rates real and per year (None: there is none), payback in years (None: never).

    dscr: least cover of debt service, 0 where a year of it is missed; dscr_low: the same at adverse prices; dscr_level:
    the same with the debt repaid in equal parts; missed: years; debt_share: over capital less grant; most_owed: with
    interest until the first repayment.
    """

    npv_before_tax: float
    npv_after_tax: float
    npv_owners: float
    irr_before_tax: float | None
    irr_after_tax: float | None
    irr_owners: float | None
    payback: float | None
    capital: float
    debt: float
    debt_share: float
    most_owed: float
    dscr: float | None
    dscr_low: float | None
    dscr_level: float | None
    missed: int
    llcr: float | None


def npv(rate: Array | float, amounts: Array) -> Array:
    """Net present value of end-year amounts at the start of the first year, along the last axis."""
    factor = (1.0 + np.asarray(rate)) ** -np.arange(1, amounts.shape[-1] + 1)
    return np.asarray((amounts * factor).sum(axis=-1))


def worth(flows: CashFlows, x: Levels, to: str = "after_tax") -> Array:
    """NPV in money of the base year of the flows `before_tax` or `after_tax` at the cost of capital, or of the `owners`
    at what they ask, in each case."""
    return npv(x["equity_rate" if to == "owners" else "wacc"], getattr(flows, to) / flows.index)


def irr(amounts: Sequence[float]) -> float | None:
    """Rate at which the NPV is zero; None if money never changes sign, or less comes back than is spent: a rate below
    nought tells owners nothing, and has several answers where a plant costs money to close."""
    if not min(amounts, default=0.0) < 0 < sum(amounts):
        return None
    found = pyxirr.irr(list(amounts))
    return None if found is None or found < 0 else float(found)


def payback(amounts: Sequence[float]) -> float | None:
    """Years from the start until what was spent has come back, undiscounted, even within the year; None if never."""
    sums = list(accumulate(amounts))
    if not sums or sums[-1] < 0 or min(sums) >= 0:
        return None
    last_below = max(i for i, total in enumerate(sums) if total < 0)
    return last_below + 1 - sums[last_below] / amounts[last_below + 1]


def least_cover(cfads: Array, loan: Loan) -> Array | None:
    """Least of cash flow over the service of a loan, in each case; 0 where it is missed, None without any."""
    paid = loan.service > PAID
    least = (cfads[..., paid] / loan.service[paid]).min(axis=-1) if paid.any() else None
    return None if least is None else np.where(loan.missed.any(), 0.0, np.maximum(least, 0.0))


def level_cover(flows: CashFlows, x: Levels) -> float | None:
    """The same, were the debt paid back in equal sums from the first repayment until the end of its years."""
    begun, years = int(flows.loan.begun.item()), int(x["debt_years"].item())
    rate = (1 + x["debt_rate"].item()) * (1 + x["inflation"].item()) - 1
    if flows.loan.owed.max() <= PAID:
        return None
    level = pyxirr.pmt(rate, years - begun, -float(flows.loan.owed[begun - 1]))
    return max(float(flows.cfads[begun:years].min()) / float(level or 1.0), 0.0)


def returns_of(flows: CashFlows, x: Levels, adverse: CashFlows) -> Returns:
    """Returns of one case (arrays by year alone). adverse: its flows at prices that hurt it."""
    (sized, low), cover = (
        (least_cover(f.cfads, flows.loan) for f in (flows, adverse)),
        float(flows.loan.cover),
    )
    before, after, owners = (
        a / flows.index for a in (flows.before_tax, flows.after_tax, flows.owners)
    )
    return Returns(
        float(worth(flows, x, "before_tax")),
        float(worth(flows, x)),
        float(worth(flows, x, "owners")),
        irr(before.tolist()),
        irr(after.tolist()),
        irr(owners.tolist()),
        payback(after.tolist()),
        float((flows.capital / flows.index).sum()),
        float(flows.loan.draws.sum()),
        float(flows.loan.share),
        float(flows.loan.owed.max()),
        None if sized is None else float(sized),
        None if low is None else float(low),
        level_cover(flows, x),
        int(flows.loan.missed.sum()),
        None if np.isnan(cover) else cover,
    )


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
    return [_price_term(quote) for _, quote in sorted(seen.items())]


def _price_term(quote: Quote) -> FinanceTerm:
    low, high = np.asarray(quote.low, float), np.asarray(quote.high, float)
    same = np.ptp(low) == 0 and np.ptp(high) == 0
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
        low_by_year=None if same else low,
        high_by_year=None if same else high,
    )


def base_levels(found: Investment, terms: Mapping[str, FinanceTerm]) -> dict[str, Array]:
    """All levels that `cash_flows` needs, without support."""
    calendar = {"year": found.years, "base_year": found.base_year, "first_year": found.years[0]}
    stated = {t.name: t.value for t in (*terms.values(), *price_terms(found))}
    return {
        **UNITS,
        **NO_SUPPORT,
        **{name: np.asarray(value, float) for name, value in (calendar | stated).items()},
    }


def adverse(found: Investment, terms: Mapping[str, FinanceTerm]) -> Levels:
    """Prices that hurt, as levels: low ones; of plants that all buy what they convert, dear feed and low premiums."""
    if any(not plant.converts for plant in found.plants):
        return price_ends(found)[0]
    low = {name: np.asarray(terms[name].low) for name in PREMIUMS[MAGNET]}
    return {**low, **price_ends(found)[1]}


def price_ends(found: Investment) -> tuple[dict[str, Array], dict[str, Array]]:
    """Levels with all prices low, and with all high, each year at its own."""
    low, high = {}, {}
    for term in price_terms(found):
        low[term.name], high[term.name] = term.ends
    return low, high


def tornado(
    found: Investment,
    terms: Mapping[str, FinanceTerm],
    use: Sequence[Array],
    given: Levels = NO_SUPPORT,
) -> list[Swing]:
    """Every term low and high, the others as they are; the widest first. given: levels that hold, as of support."""
    moved = [*terms.values(), *price_terms(found)]
    x = base_levels(found, terms)
    for place, term in enumerate(moved):
        low, high = term.ends
        levels = np.full((2 * len(moved), max(low.size, high.size)), term.value)
        levels[2 * place], levels[2 * place + 1] = low, high
        x[term.name] = levels
    x |= given
    flows = cash_flows(found, x, use)
    ends = [worth(flows, x, to).reshape(-1, 2).tolist() for to in ("after_tax", "owners")]
    swings = [Swing(t, *whole, *owners) for t, whole, owners in zip(moved, *ends, strict=True)]
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
    found: Investment,
    terms: Mapping[str, FinanceTerm],
    futures: Mapping[str, float],
    use_in: Sequence[Array],
    draws: int = DRAWS,
    seed: int = SEED,
) -> Draws:
    """Draws of an investment. use_in: for each plant what is worked of it, a row for each future or one for all."""
    rng = np.random.default_rng(seed)
    chances = np.array(list(futures.values()))
    at = rng.choice(len(chances), size=draws, p=chances / chances.sum())
    x = base_levels(found, terms)
    for term in (*terms.values(), *price_terms(found)):
        if term.low < term.high:
            level = triangular(*term.ends, np.asarray(term.value), rng.random((draws, 1)))
            x[term.name] = np.round(level) if term.whole else level
    prices = {good: rows[at] for good, rows in found.by_future(list(futures)).items()}
    use = [np.broadcast_to(rows, (len(chances), rows.shape[-1]))[at] for rows in use_in]
    return Draws(x, use, prices)


def triangular(low: Array, high: Array, mode: Array, share: Array) -> Array:
    """Quantiles of triangular distributions: what a `share` of draws stays below.

    A range by year gives a price by year, all years at the same share: dear or cheap throughout.
    """
    top = np.clip(mode, low, high)
    width = np.where(high > low, high - low, 1.0)
    rising = low + np.sqrt(share * (top - low) * width)
    falling = high - np.sqrt((1.0 - share) * (high - top) * width)
    return np.asarray(np.where(share <= (top - low) / width, rising, falling))


def spread_of(flows: CashFlows, x: Levels, loan: Loan) -> Spread:
    """What draws earn. loan: the debt of the case as it stands."""
    values = np.sort(worth(flows, x))
    covers = least_cover(flows.cfads, loan)
    cover = None if covers is None else float(np.quantile(covers, 0.1))
    return Spread(tuple(values.tolist()), float((values < 0).mean()), cover)


GRANT, LOAN, FLOOR, AVAILABILITY = "grant", "loan", "floor", "availability"
WORST = 0.95
MOST: Mapping[str, float] = {GRANT: 1.0, LOAN: 0.8, FLOOR: 3.0, AVAILABILITY: 1.0}
"""Most of each that is tried: of capital, of capital, times the deck's prices, of capital a year."""
LEVEL: Mapping[str, str] = {
    GRANT: "grant_share",
    FLOOR: "floor_factor",
    AVAILABILITY: "availability",
}
"""The level that a support is; a loan changes those of lenders."""

STANDBY = 0.25
"""Use of capacity below which a plant stands by: it is paid for being there first, not for what it sells."""

CARRIES: Mapping[str, tuple[str, str]] = {
    GRANT: ("owners", "owners"),
    LOAN: ("owners, then the public", "owners, then the public"),
    FLOOR: ("owners", "the public"),
    AVAILABILITY: ("the public", "owners, but for the payment"),
}
"""Support -> who carries the risk of volume and that of price."""


@dataclass(frozen=True)
class Support:
    """A kind of support and the least of it that makes the case bankable (None: none does, however much).

    amount: share of capital, factor on the deck's prices, or MUSD a year. Public money as present values at the public
    rate (MUSD): cost: on the flows that it is sized for; in_full: where the plant sells all it can; expected: over the
    futures; worst: what one draw in twenty of futures and terms costs at least; private: capital that others bring.
    """

    kind: str
    amount: float | None
    cost: float | None = None
    in_full: float | None = None
    expected: float | None = None
    worst: float | None = None
    private: float | None = None


def with_support(x: Levels, kind: str, amount: Any) -> dict[str, Array]:
    """Levels with a support. A public loan takes the place of that of lenders, at its own rate and cover."""
    if kind == LOAN:
        terms = {"debt_rate": x["public_loan_rate"], "dscr": x["dscr_low"], "debt_share": amount}
        return {**x, **terms}
    return {**x, LEVEL[kind]: amount}


def owners_npv(found: Investment, x: Levels, use: Sequence[Array]) -> float:
    """What the owners gain over the return they ask (MUSD)."""
    return float(worth(cash_flows(found, x, use), x, "owners"))


def paid_by_the_public(flows: CashFlows, kind: str) -> Array:
    """What a support costs by year (nominal MUSD)."""
    if kind == GRANT:
        return flows.grant
    if kind == AVAILABILITY:
        return flows.availability
    if kind == LOAN:
        return flows.loan.draws - np.minimum(flows.loan.service, np.maximum(flows.cfads, 0.0))
    return added([s.floored for p in flows.plants for s in p.sales], flows.index) * flows.index


def public_cost(flows: CashFlows, x: Levels, kind: str) -> Array:
    """Present value at the public rate of what a support costs, in each case."""
    return npv(x["public_rate"], paid_by_the_public(flows, kind) / flows.index)


def contracts_cost(flows: CashFlows, x: Levels) -> Array:
    """The same of the contracts of the case that are public."""
    settled = [
        c for p in flows.plants for sale in p.sales for c in sale.settled if c.contract.public
    ]
    return npv(x["public_rate"], added([c.top_up - c.paid_back for c in settled], flows.index))


@dataclass(frozen=True, kw_only=True)
class PublicCost:
    """Public cost of contracts as present value (MUSD): expected over the futures at the prices of the deck, and the
    most over all futures at deck prices, all low and all high. future, prices: where it costs most."""

    expected: float
    worst: float
    future: str
    prices: str


DECK_PRICES, LOW_PRICES, HIGH_PRICES = "deck", "low", "high"


def cost_of_contracts(
    found: Investment, x: Levels, use_in: Sequence[Array], futures: Mapping[str, float]
) -> PublicCost:
    """What the contracts of the case cost the public. use_in: what is worked of each plant, a row for each future."""
    chances = np.array(list(futures.values()))
    low, high = price_ends(found)
    prices = found.by_future(list(futures))
    costs = {}
    for name, levels in ((DECK_PRICES, {}), (LOW_PRICES, low), (HIGH_PRICES, high)):
        at = {**x, **levels}
        cost = contracts_cost(cash_flows(found, at, use_in, prices), at)
        costs[name] = np.broadcast_to(cost, chances.shape)
    worst_prices = max(costs, key=lambda name: float(costs[name].max()))
    worst_future = int(costs[worst_prices].argmax())
    return PublicCost(
        expected=float(costs[DECK_PRICES] @ chances / chances.sum()),
        worst=float(costs[worst_prices][worst_future]),
        future=list(futures)[worst_future],
        prices=worst_prices,
    )


def least_support(
    found: Investment,
    x: Levels,
    use: Sequence[Array],
    futures: Mapping[str, float],
    use_in: Sequence[Array],
    draws: Draws,
) -> list[Support]:
    """The least of each kind, the cheapest to the public first, those that do not suffice last; of a plant that stands
    by the availability payment first.

    futures: name -> probability. use_in: for each plant what is worked of it, a row for each future.
    """
    plain = cash_flows(found, x, use)
    bankable = worth(plain, x, "owners") >= 0
    prices, chances = found.by_future(list(futures)), np.array(list(futures.values()))
    worked = sum(p.tonnes.sum() for p in plain.plants)
    stands_by = worked < STANDBY * sum(
        p.size * f.usable.sum() for p, f in zip(found.plants, plain.plants, strict=True)
    )
    out = []
    for kind in MOST:
        amount = least_amount(found, x, use, kind)
        if amount is None or bankable:  # lenders' own loan stays where it suffices
            out.append(Support(kind, None) if amount is None else Support(kind, *(0.0,) * 5))
            continue
        levels = with_support(x, kind, amount)
        drawn_levels = with_support(draws.x, kind, amount)
        plan, flows = cash_flows(found, levels, use), cash_flows(found, levels, use_in, prices)
        full = cash_flows(found, levels, [np.ones_like(u) for u in use])
        drawn = draws.flows(found, drawn_levels)
        if kind == LOAN:  # what was lent is lent: a future that earns less pays back less
            full, flows, drawn = (replace(f, loan=plan.loan) for f in (full, flows, drawn))
        cost, in_full = (float(public_cost(f, levels, kind)) for f in (plan, full))
        costs = np.broadcast_to(public_cost(flows, levels, kind), chances.shape)
        worst = float(np.quantile(public_cost(drawn, drawn_levels, kind), WORST))
        own = plan.capital - plan.grant - (plan.loan.draws if kind == LOAN else 0.0)
        private = float(npv(x["public_rate"], own / plan.index))
        out.append(
            Support(
                kind, amount, cost, in_full, float(costs @ chances / chances.sum()), worst, private
            )
        )
    first = AVAILABILITY if stands_by else ""
    return sorted(
        out, key=lambda s: (s.cost is None, s.kind != first, s.cost or 0.0, s.worst or 0.0)
    )


def least_amount(found: Investment, x: Levels, use: Sequence[Array], kind: str) -> float | None:
    """The least of a support with which owners earn what they ask; None if none suffices."""

    def gain(size: float) -> float:
        return owners_npv(found, with_support(x, kind, size), use)

    top = MOST[kind] * (
        float(cash_flows(found, x, use).capital.sum()) if kind == AVAILABILITY else 1.0
    )
    if gain(0.0) >= 0:
        return 0.0
    if gain(top) < 0:
        return None
    return float(brentq(gain, 0.0, top, xtol=1e-10))
