"""Public money: the least of each kind of support with which owners earn what they ask, what support, instruments and
contracts cost the public, by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from planner.finance.cashflow import CashFlows, cash_flows
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import Levels
from planner.finance.returns import npv, worth
from planner.finance.sensitivity import Draws, price_ends
from planner.finance.yearly_rows import Array, added

GRANT, LOAN, FLOOR, AVAILABILITY = "grant", "loan", "floor", "availability"
WORST = 0.95
MOST: Mapping[str, float] = {GRANT: 1.0, LOAN: 0.8, FLOOR: 3.0, AVAILABILITY: 1.0}
"""Most of each that is tried: of capital, of capital, times the deck's prices, of capital a year."""
STANDBY = 0.25
"""Use of capacity below which a plant stands by: it is paid for being there first, not for what it sells."""

CARRIES: Mapping[str, tuple[str, str]] = {
    GRANT: ("owners", "owners"),
    LOAN: ("owners, then the public", "owners, then the public"),
    FLOOR: ("owners", "the public"),
    AVAILABILITY: ("the public", "owners, but for the payment"),
}
"""Support -> who carries the risk of volume and that of price."""
DECK_PRICES, LOW_PRICES, HIGH_PRICES = "deck", "low", "high"


@dataclass(frozen=True, kw_only=True)
class Support:
    """A kind of support and the least of it that makes the case bankable (None: none does, however much), on top of the
    instruments that the case states.

    amount: share of capital, factor on the deck's prices, or MUSD a year. Public money as present values at the public
    rate (MUSD), with what is stated of the same kind: cost: on the flows that it is sized for; in_full: where the plant
    sells all it can; expected: over the futures; worst: one draw in twenty of futures and terms costs at least so much;
    private: capital that others bring.
    """

    kind: str
    amount: float | None
    cost: float | None = None
    in_full: float | None = None
    expected: float | None = None
    worst: float | None = None
    private: float | None = None


@dataclass(frozen=True, kw_only=True)
class PublicCost:
    """Public cost of contracts as present value (MUSD): expected over the futures at the prices of the deck, and the
    most over all futures at deck prices, all low and all high. future, prices: where it costs most."""

    expected: float
    worst: float
    future: str
    prices: str


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """An answer to the question what is sold: the investment, for each plant what is worked of it by year, the same by
    future (a row for each, or one for all), and the draws in which it is so."""

    found: Investment
    use: Sequence[Array]
    use_in: Sequence[Array]
    draws: Draws


def with_support(x: Levels, kind: str, amount: Any) -> dict[str, Array]:
    """Levels with a support on top. A public loan takes the place of that of lenders, at its own rate and cover."""
    if kind == LOAN:
        terms = {"debt_rate": x["public_loan_rate"], "dscr": x["dscr_low"], "debt_share": amount}
        return {**x, **terms}
    return {**x, kind: x[kind] + amount}


def owners_npv(found: Investment, x: Levels, use: Sequence[Array]) -> float:
    """Gain of the owners over the return they ask (MUSD)."""
    return float(worth(cash_flows(found, x, use), x, "owners"))


def instrument_costs(flows: CashFlows) -> dict[str, Array]:
    """Public money by instrument and year (nominal MUSD), below nought what the public is paid."""
    floors: list[Array] = []
    differences: list[Array] = []
    for plant in flows.plants:
        for sale in plant.sales:
            floors.append(sale.floored)
            differences.append(sale.difference)
    floored = added(floors, flows.index)
    difference = added(differences, flows.index)
    return {
        "grant": flows.grant,
        "public_loan": flows.public.draws - flows.public.service,
        "floor": floored * flows.index,
        "cfd": difference * flows.index,
        "availability": flows.availability,
        "tax_credit": flows.credit,
        "royalty": 0.0 - flows.royalty,
    }


def paid_by_the_public(flows: CashFlows, kind: str) -> Array:
    """Cost of a support by year (nominal MUSD)."""
    if kind == LOAN:
        due = flows.loan.service + flows.loan.swept + flows.loan.fees
        left = flows.cfads - (flows.loan.senior - flows.loan.service)
        return flows.loan.draws - np.minimum(due, np.maximum(left, 0.0))
    return instrument_costs(flows)[kind]


def public_cost(flows: CashFlows, x: Levels, kind: str) -> Array:
    """Present value at the public rate of the cost of a support, in each case."""
    return npv(x["public_rate"], paid_by_the_public(flows, kind) / flows.index)


def contracts_cost(flows: CashFlows, x: Levels) -> Array:
    """Cost (MUSD, present value) to the public of the contracts of the case that are public."""
    paid = []
    for plant in flows.plants:
        for sale in plant.sales:
            public = [deal for deal in sale.settled if deal.contract.public]
            paid += [deal.top_up - deal.paid_back for deal in public]
    return npv(x["public_rate"], added(paid, flows.index))


def cost_of_contracts(volumes: Volumes, x: Levels, futures: Mapping[str, float]) -> PublicCost:
    """Public cost of the contracts of the case, expected and at worst."""
    found = volumes.found
    low, high = price_ends(found)
    prices = found.by_future(list(futures))
    costs = {}
    for name, levels in ((DECK_PRICES, {}), (LOW_PRICES, low), (HIGH_PRICES, high)):
        at = {**x, **levels}
        flows = cash_flows(found, at, volumes.use_in, prices)
        costs[name] = np.broadcast_to(contracts_cost(flows, at), (len(futures),))
    worst_prices = max(costs, key=lambda name: float(costs[name].max()))
    worst_future = int(costs[worst_prices].argmax())
    return PublicCost(
        expected=_expected(costs[DECK_PRICES], futures),
        worst=float(costs[worst_prices][worst_future]),
        future=list(futures)[worst_future],
        prices=worst_prices,
    )


def least_support(volumes: Volumes, x: Levels, futures: Mapping[str, float]) -> list[Support]:
    """The least of each kind, the cheapest to the public first, those that do not suffice last; of a plant that stands
    by the availability payment first. futures: name -> probability."""
    plain = cash_flows(volumes.found, x, volumes.use)
    bankable = worth(plain, x, "owners") >= 0
    supports = []
    for kind in MOST:
        amount = 0.0 if bankable else least_amount(volumes.found, x, volumes.use, kind)
        if amount is None:
            supports.append(Support(kind=kind, amount=None))
        elif bankable:  # lenders' own loan stays where it suffices
            supports.append(_free(kind))
        else:
            supports.append(_costed(volumes, x, futures, kind=kind, amount=amount))
    first = AVAILABILITY if _stands_by(volumes.found, plain) else ""
    return sorted(supports, key=lambda support: _order(support, first))


def _free(kind: str) -> Support:
    """None of a support, which suffices."""
    return Support(kind=kind, amount=0.0, cost=0.0, in_full=0.0, expected=0.0, worst=0.0)


def _order(support: Support, first: str) -> tuple[bool, bool, float, float]:
    """Sort key: supports that suffice, among them the one called `first`, then by cost."""
    cost, worst = support.cost or 0.0, support.worst or 0.0
    return support.cost is None, support.kind != first, cost, worst


def _stands_by(found: Investment, flows: CashFlows) -> bool:
    worked, usable = 0.0, 0.0
    for plant, at in zip(found.plants, flows.plants, strict=True):
        worked += float(at.tonnes.sum())
        usable += float(plant.size * at.usable.sum())
    return worked < STANDBY * usable


def _costed(
    volumes: Volumes, x: Levels, futures: Mapping[str, float], *, kind: str, amount: float
) -> Support:
    """A support of a size, and what it costs."""
    found = volumes.found
    levels = with_support(x, kind, amount)
    drawn_levels = with_support(volumes.draws.x, kind, amount)
    sized = cash_flows(found, levels, volumes.use)

    def cost(flows: CashFlows, at: Levels) -> Array:
        if kind == LOAN:  # what was lent is lent: a future that earns less pays back less
            flows = replace(flows, loan=sized.loan)
        return public_cost(flows, at, kind)

    whole_use = [np.ones_like(use) for use in volumes.use]
    in_full = cash_flows(found, levels, whole_use)
    by_future = cash_flows(found, levels, volumes.use_in, found.by_future(list(futures)))
    in_draws = volumes.draws.flows(found, drawn_levels)
    own = sized.capital - sized.grant - sized.public.draws
    if kind == LOAN:
        own = own - sized.loan.draws
    of_draws = cost(in_draws, drawn_levels)
    worst = np.quantile(of_draws, WORST)
    private = npv(x["public_rate"], own / sized.index)
    return Support(
        kind=kind,
        amount=amount,
        cost=float(cost(sized, levels)),
        in_full=float(cost(in_full, levels)),
        expected=_expected(cost(by_future, levels), futures),
        worst=float(worst),
        private=float(private),
    )


def _expected(costs: Array, futures: Mapping[str, float]) -> float:
    """The mean of costs by future."""
    chances = np.array(list(futures.values()))
    return float(np.broadcast_to(costs, chances.shape) @ chances / chances.sum())


def least_amount(found: Investment, x: Levels, use: Sequence[Array], kind: str) -> float | None:
    """The least of a support with which owners earn what they ask; None if none suffices."""

    def gain(size: float) -> float:
        return owners_npv(found, with_support(x, kind, size), use)

    top = MOST[kind]
    if kind == AVAILABILITY:
        top *= float(cash_flows(found, x, use).capital.sum())
    if kind == GRANT:
        top -= float(x[GRANT])
    if gain(0.0) >= 0:
        return 0.0
    if gain(top) < 0:
        return None
    return float(brentq(gain, 0.0, top, xtol=1e-10))
