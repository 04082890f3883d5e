"""What an investment earns: NPV, IRR and payback, to all capital and to the owners, and how well it serves debt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyxirr

from planner.finance.cashflow import CashFlows
from planner.finance.loans import PAID
from planner.finance.project_facts import Levels
from planner.finance.yearly_rows import Array, added, before, highest, over_years, row, where

LEAST_OWN = 1e-3
"""Share of the capital that owners pay while it is built, at or below which they have no rate of return."""


@dataclass(frozen=True, kw_only=True)
class Returns:
    """Money in MUSD of the base year, rates real and per year (None: there is none), payback in years from the first
    payment (None: never).

    dscr: least cover of debt service; dscr_low: the same at adverse prices; llcr: cover of the loan's life; all None where
    there is no senior debt, and not applicable where a year of its service is missed; missed: years; senior: there is any;
    debt, debt_share: of lenders, the share over capital less grant; puts_in: owners pay more than next to nothing while it
    is built, without which they have no rate of return.
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
    dscr: float | None
    dscr_low: float | None
    missed: int
    llcr: float | None
    senior: bool
    puts_in: bool


def npv(rate: Array | float, amounts: Array) -> Array:
    """Net present value of end-year amounts at the start of the first year, along the last axis."""
    factor = (1.0 + np.asarray(rate)) ** -np.arange(1, amounts.shape[-1] + 1)
    return np.asarray((amounts * factor).sum(axis=-1))


def worth(flows: CashFlows, x: Levels, to: str = "after_tax") -> Array:
    """NPV in money of the base year of the flows `before_tax` or `after_tax` at the cost of capital of each country, or of
    the `owners` at what they ask, in each case."""
    if to == "owners":
        return npv(x["equity_rate"], flows.owners / flows.index)
    by_country = [npv(one.wacc, getattr(one, to) / flows.index) for one in flows.countries]
    return added(by_country, by_country[0])


def irr(amounts: Sequence[float]) -> float | None:
    """Rate at which the NPV is zero; None if less comes back than is spent: a rate below nought tells owners nothing, and
    has several answers where a plant costs money to close. None too if the sum to date is ever below nought again once it was
    above: then several rates may be right (Norstrom's rule)."""
    sums = np.array([*accumulate(amounts)])
    if not amounts or not has_one_rate(np.array(amounts), sums).any():
        return None
    found = pyxirr.irr(list(amounts))
    return None if found is None or found < 0 else float(found)


def has_one_rate(amounts: Array, sums: Array, label: str = "amounts") -> Array:
    """1 where amounts by year bring back more than is spent, and their sums to date never fall from above nought to
    below it; one year long."""
    falls = where((before(sums) > PAID) & (sums < -PAID), 1.0, 0.0)
    falls = row(falls, "Returns", f"{label}: to date falls below nought", "flag")
    is_spent = highest(0.0 - sums) > PAID
    return where((over_years(amounts) > 0) & is_spent & (over_years(falls) <= 0), 1.0, 0.0)


def payback(amounts: Sequence[float]) -> float | None:
    """Years from the start until what was spent has come back, undiscounted, even within the year; None if never."""
    sums = list(accumulate(amounts))
    if not sums or sums[-1] < 0 or min(sums) >= 0:
        return None
    last_below = max(year for year, total in enumerate(sums) if total < 0)
    return last_below + 1 - sums[last_below] / amounts[last_below + 1]


def covers(cash: Array, service: Array) -> Array:
    """Cash flow, nought where it is below, over debt service in the years in which that is paid."""
    paid = service > PAID
    return np.asarray(np.maximum(cash[paid], 0.0) / service[paid])


def _is_paid_in(amounts: Array, capital: Array) -> bool:
    """Whether of some flows more than next to nothing is paid in years of capital."""
    paid = np.where(capital > 0, np.maximum(-amounts, 0.0), 0.0).sum()
    return bool(paid > LEAST_OWN * capital.sum())


def returns_of(flows: CashFlows, x: Levels, adverse: CashFlows) -> Returns:
    """Returns of one case (arrays by year alone). adverse: its flows at prices that hurt it."""
    loan = flows.loan
    after_tax = real(flows.after_tax, flows)
    cover = covers(flows.cfads, loan.senior)
    cover_low = covers(adverse.cfads, loan.senior)
    missed = int(loan.missed.sum())
    llcr = float(loan.cover)
    is_covered = cover.size > 0 and not missed
    puts_in = _is_paid_in(flows.owners, flows.capital)
    pays_in = _is_paid_in(flows.after_tax, flows.capital)
    return Returns(
        npv_before_tax=float(worth(flows, x, "before_tax")),
        npv_after_tax=float(worth(flows, x)),
        npv_owners=float(worth(flows, x, "owners")),
        irr_before_tax=irr(real(flows.before_tax, flows)),
        irr_after_tax=irr(after_tax) if pays_in else None,
        irr_owners=irr(real(flows.owners, flows)) if puts_in else None,
        payback=payback(after_tax),
        capital=float(np.sum(real(flows.capital, flows))),
        debt=float(loan.draws.sum() + flows.standby.draws.sum()),
        debt_share=float(flows.debt_share()),
        dscr=float(cover.min()) if is_covered else None,
        dscr_low=float(cover_low.min()) if is_covered else None,
        missed=missed,
        llcr=None if missed or np.isnan(llcr) else llcr,
        senior=cover.size > 0,
        puts_in=puts_in,
    )


def real(amounts: Array, flows: CashFlows) -> list[float]:
    """Nominal amounts by year in money of the base year."""
    by_year: list[float] = (amounts / flows.index).tolist()
    return by_year
