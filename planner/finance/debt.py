"""Tax with losses carried forward, and debt that is sculpted to the cash flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.finance.deck import Levels
from planner.finance.rows import Array, after, before, carried, row

PAID = 1e-9
"""Debt service (MUSD a year) below which there is none."""


@dataclass(frozen=True)
class Loan:
    """Debt by year (nominal MUSD): drawn, interest, paid (interest and repayment), owed at the end of the year.

    added: interest until repayment begins, which the loan grows by. reserve: held for the service of the months to
    come; filling: what is put into it before repayment begins. share: debt over capital that is not a grant. cover:
    present value of cash flow over debt when repayment begins; as service follows cash flow it is that of every year.
    """

    draws: Array
    interest: Array
    added: Array
    service: Array
    owed: Array
    reserve: Array
    filling: Array
    share: Array
    cover: Array


def tax_due(taxable: Array, rate: Array, whose: str = "") -> Array:
    """Tax by year on profits; losses are carried forward without end."""
    losses = carried(taxable, _losses, (), "Tax", f"losses carried forward, {whose}", "MUSD")
    return row(rate * np.maximum(taxable - before(losses), 0.0), "Tax", f"tax, {whose}", "MUSD")


def _losses(last: Array, taxable: Array) -> Array:
    return np.maximum(last - taxable, 0.0)


def _owed(last: Array, draws: Array, service: Array, rate: Array) -> Array:
    return last * (1.0 + rate) + draws - service


def sculpted_loan(capital: Array, cfads: Array, number: Array, x: Levels) -> Loan:
    """A loan drawn with the capital, interest added until grace ends, then paid as cash flow comes in.

    It is as large as cash flow over `dscr` can serve in its years, but at most `debt_share` of the capital.
    number: of each year, from 1.
    """
    rate = row((1 + x["debt_rate"]) * (1 + x["inflation"]) - 1, "Debt", "interest, nominal", "a year")
    built = ((capital > 0) * number).max(axis=-1, keepdims=True)
    grace = row(np.maximum(x["grace_years"], built), "Debt", "years until repayment begins", "years")
    paying = (number > grace) & (number <= x["debt_years"])
    serves = row(np.where(paying, np.maximum(cfads, 0.0), 0.0), "Debt", "cash flow in years of repayment", "MUSD")
    weight = row((1 + rate) ** (grace - number), "Debt", "worth when repayment begins", "factor")
    most = row(
        (serves * weight).sum(axis=-1, keepdims=True) / x["dscr"], "Debt", "debt that cash flow bears then", "MUSD"
    )
    whole = (capital * weight).sum(axis=-1, keepdims=True)
    whole = row(whole, "Debt", "capital less grant, with interest, then", "MUSD")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, np.minimum(x["debt_share"], most / whole), 0.0)
        share = row(share, "Debt", "debt drawn over capital less grant", "share")
        part = row(np.where(most > 0, share * whole / most, 0.0), "Debt", "debt over what cash flow bears", "share")
        cover = np.where(part > 0, x["dscr"] / part, np.nan)
    draws = row(share * capital, "Debt", "drawn", "MUSD")
    service = row(serves / x["dscr"] * part, "Debt", "debt service", "MUSD")
    owed = carried(draws, _owed, (service, rate), "Debt", "owed at the end of the year", "MUSD")
    interest = row(before(owed) * rate, "Debt", "interest", "MUSD")
    added = row(
        np.where(number <= grace, interest, 0.0), "Debt", "of it until repayment begins, added to the loan", "MUSD"
    )
    reserve = row(x["reserve_months"] / 12.0 * after(service), "Debt", "reserve account at the end of the year", "MUSD")
    filling = np.where(number == grace, reserve, 0.0)
    return Loan(draws, interest, added, service, owed, reserve, filling, share[..., 0], cover[..., 0])
