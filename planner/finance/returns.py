"""What an investment earns: NPV, IRR and payback, to all capital and to the owners, and how well it serves debt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyxirr

from planner.finance.cashflow import CashFlows
from planner.finance.debt import PAID
from planner.finance.deck import Levels
from planner.finance.rows import Array


@dataclass(frozen=True)
class Returns:
    """Money in MUSD of the base year, rates real and per year (None: there is none), payback in years (None: never).

    dscr: least cover of debt service; dscr_low: the same at low prices; debt_share: over capital less
    grant; most_owed: with interest until repayment.
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
    llcr: float | None


def npv(rate: Array | float, amounts: Array) -> Array:
    """Net present value of end-year amounts at the start of the first year, along the last axis."""
    factor = (1.0 + np.asarray(rate)) ** -np.arange(1, amounts.shape[-1] + 1)
    return np.asarray((amounts * factor).sum(axis=-1))


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


def least_cover(cfads: Array, service: Array) -> float | None:
    """Least of cash flow over debt service in the years of service; None without any."""
    paid = service > PAID
    return float((cfads[paid] / service[paid]).min()) if paid.any() else None


def returns_of(flows: CashFlows, x: Levels, at_low_prices: CashFlows) -> Returns:
    """Returns of one case (arrays by year alone). at_low_prices: its flows when prices are low."""
    before, after, owners = (a / flows.index for a in (flows.before_tax, flows.after_tax, flows.owners))
    cover = float(flows.loan.cover)
    return Returns(
        float(npv(x["wacc"], before)),
        float(npv(x["wacc"], after)),
        float(npv(x["equity_rate"], owners)),
        irr(before.tolist()),
        irr(after.tolist()),
        irr(owners.tolist()),
        payback(after.tolist()),
        float((flows.capital / flows.index).sum()),
        float(flows.loan.draws.sum()),
        float(flows.loan.share),
        float(flows.loan.owed.max()),
        least_cover(flows.cfads, flows.loan.service),
        least_cover(at_low_prices.cfads, flows.loan.service),
        None if np.isnan(cover) else cover,
    )
