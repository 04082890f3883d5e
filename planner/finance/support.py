"""The least of each kind of support with which owners earn what they ask, and what it costs the public by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from planner.finance.cashflow import CashFlows, Investment, cash_flows
from planner.finance.facts import Levels
from planner.finance.returns import Draws, npv, worth
from planner.finance.rows import Array, added

GRANT, LOAN, FLOOR, AVAILABILITY = "grant", "loan", "floor", "availability"
WORST = 0.95
MOST: Mapping[str, float] = {GRANT: 1.0, LOAN: 0.8, FLOOR: 3.0, AVAILABILITY: 1.0}
"""Most of each that is tried: of capital, of capital, times the deck's prices, of capital a year."""
LEVEL: Mapping[str, str] = {GRANT: "grant_share", FLOOR: "floor_factor", AVAILABILITY: "availability"}
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
    settled = [c for p in flows.plants for sale in p.sales for c in sale.settled if c.contract.public]
    return npv(x["public_rate"], added([c.top_up - c.paid_back for c in settled], flows.index))


def least_support(
    found: Investment, x: Levels, use: Sequence[Array], futures: Mapping[str, float], use_in: Sequence[Array],
    draws: Draws,
) -> list[Support]:  # fmt: skip
    """The least of each kind, the cheapest to the public first, those that do not suffice last; of a plant that stands
    by the availability payment first.

    futures: name -> probability. use_in: for each plant what is worked of it, a row for each future.
    """
    plain = cash_flows(found, x, use)
    bankable = worth(plain, x, "owners") >= 0
    prices, chances = found.by_future(list(futures)), np.array(list(futures.values()))
    worked = sum(p.tonnes.sum() for p in plain.plants)
    stands_by = worked < STANDBY * sum(p.size * f.usable.sum() for p, f in zip(found.plants, plain.plants, strict=True))
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
        out.append(Support(kind, amount, cost, in_full, float(costs @ chances / chances.sum()), worst, private))
    first = AVAILABILITY if stands_by else ""
    return sorted(out, key=lambda s: (s.cost is None, s.kind != first, s.cost or 0.0, s.worst or 0.0))


def least_amount(found: Investment, x: Levels, use: Sequence[Array], kind: str) -> float | None:
    """The least of a support with which owners earn what they ask; None if none suffices."""

    def gain(size: float) -> float:
        return owners_npv(found, with_support(x, kind, size), use)

    top = MOST[kind] * (float(cash_flows(found, x, use).capital.sum()) if kind == AVAILABILITY else 1.0)
    if gain(0.0) >= 0:
        return 0.0
    if gain(top) < 0:
        return None
    return float(brentq(gain, 0.0, top, xtol=1e-10))
