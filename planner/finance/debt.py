"""Tax with losses carried forward, and debt that is sculpted to the cash flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.finance.facts import Levels
from planner.finance.rows import Array, before, carried, row

PAID = 1e-9
"""Debt service (MUSD a year) below which there is none."""


@dataclass(frozen=True)
class Loan:
    """Debt by year (nominal MUSD): drawn, interest, paid (interest and repayment), owed at the end of the year.

    added: interest until the first repayment, which the loan grows by. missed: 1 in years after the grace agreed, up to
    the last of the loan, in which nothing is paid on what is owed. reserve: months of the largest service, filled once,
    held while debt is owed. begun: years until the first repayment, the grace agreed or longer where cash comes later.
    share: debt over capital that is not a grant. cover: present value of cash flow over debt at the first repayment; as
    service follows cash flow it is that of every year that pays.
    """

    draws: Array
    interest: Array
    added: Array
    service: Array
    owed: Array
    missed: Array
    reserve: Array
    begun: Array
    share: Array
    cover: Array


def tax_due(taxable: Array, rate: Array, whose: str = "") -> Array:
    """Tax by year on profits; losses are carried forward without end."""
    losses = carried(taxable, _losses, (), "Tax", f"losses carried forward, {whose}", "MUSD")
    return row(rate * np.maximum(taxable - before(losses), 0.0), "Tax", f"tax, {whose}", "MUSD")


def _losses(last: Array, taxable: Array) -> Array:
    return np.maximum(last - taxable, 0.0)


def _owed(last: Array, draws: Array, service: Array, rate: Array) -> Array:
    owed = last * (1.0 + rate) + draws - service
    return np.where(owed > PAID, owed, 0.0)


def line(amounts: Array, label: str, unit: str = "MUSD") -> Array:
    """A row of the sheet of debt."""
    return row(amounts, "Debt", label, unit)


def sculpted_loan(capital: Array, cfads: Array, number: Array, x: Levels) -> Loan:
    """A loan drawn with the capital, interest added until the first repayment, then paid as cash flow comes in.

    It is as large as cash flow over `dscr` can serve in its years, but at most `debt_share` of the capital.
    number: of each year, from 1.
    """
    rate = line((1 + x["debt_rate"]) * (1 + x["inflation"]) - 1, "interest, nominal", "a year")
    built = ((capital > 0) * number).max(axis=-1, keepdims=True)
    grace = line(np.maximum(x["grace_years"], built), "years of grace, or until the capital is paid", "years")
    paying = line(np.where((number > grace) & (number <= x["debt_years"]), 1.0, 0.0), "years of repayment", "flag")
    serves = line(paying * np.maximum(cfads, 0.0), "cash flow in years of repayment")
    left = ((serves > PAID) * (x["debt_years"] + 1.0 - number)).max(axis=-1, keepdims=True)
    begun = np.where(left > 0, x["debt_years"] - left, grace)
    begun = line(begun, "years until the first repayment", "years")
    weight = line((1 + rate) ** (begun - number), "worth at the first repayment", "factor")
    most = line((serves * weight).sum(axis=-1, keepdims=True) / x["dscr"], "debt that cash flow bears then")
    whole = (capital * weight).sum(axis=-1, keepdims=True)
    whole = line(whole, "capital less grant, with interest, then")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, np.minimum(x["debt_share"], most / whole), 0.0)
        share = line(share, "debt drawn over capital less grant", "share")
        part = line(np.where(most > 0, share * whole / most, 0.0), "debt over what cash flow bears", "share")
        cover = np.where(part > 0, x["dscr"] / part, np.nan)
    draws = line(share * capital, "drawn")
    service = line(serves / x["dscr"] * part, "debt service")
    owed = carried(draws, _owed, (service, rate), "Debt", "owed at the end of the year", "MUSD")
    interest = line(before(owed) * rate, "interest")
    added = line(np.where(number <= begun, interest, 0.0), "of it until the first repayment, added to the loan")
    missed = paying * (before(owed) > PAID) * (service <= PAID)
    missed = line(missed, "service missed: debt is owed and nothing is paid", "flag")
    most = x["reserve_months"] / 12.0 * service.max(axis=-1, keepdims=True)
    reserve = np.where((number >= begun) & (owed > 0), most, 0.0)
    reserve = line(reserve, "reserve account at the end of the year")
    return Loan(draws, interest, added, service, owed, missed, reserve, begun, share[..., 0], cover[..., 0])
