"""Tax with losses carried forward, and debt that is sculpted to the cash flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.finance.deck import Array, Levels


@dataclass(frozen=True)
class Loan:
    """Debt by year (nominal MUSD): drawn, interest, paid (interest and repayment), owed at the end of the year.

    share: debt over capital that is not a grant. cover: present value of cash flow over debt when repayment begins;
    as service follows cash flow it is the cover of every year.
    """

    draws: Array
    interest: Array
    service: Array
    owed: Array
    share: Array
    cover: Array


def tax_due(taxable: Array, rate: Array) -> Array:
    """Tax by year on profits; losses are carried forward without end."""
    out, losses = np.zeros_like(taxable), np.zeros(taxable.shape[:-1])
    rates = np.broadcast_to(rate, taxable.shape)
    for t in range(taxable.shape[-1]):
        profit = np.maximum(taxable[..., t], 0.0)
        used = np.minimum(losses, profit)
        out[..., t] = rates[..., t] * (profit - used)
        losses = losses - used + np.maximum(-taxable[..., t], 0.0)
    return out


def sculpted_loan(capital: Array, cfads: Array, x: Levels) -> Loan:
    """A loan drawn with the capital, interest added until grace ends, then paid as cash flow comes in.

    It is as large as cash flow over `dscr` can serve in its years, but at most `debt_share` of the capital.
    """
    number = np.arange(1, capital.shape[-1] + 1)
    rate = (1 + x["debt_rate"]) * (1 + x["inflation"]) - 1
    built = np.where(capital > 0, number, 0).max(axis=-1, keepdims=True)
    grace = np.maximum(x["grace_years"], built)
    paying = (number > grace) & (number <= x["debt_years"])
    serves = np.where(paying, np.maximum(cfads, 0.0), 0.0)
    most = (serves / x["dscr"] * (1 + rate) ** (grace - number)).sum(axis=-1, keepdims=True)
    whole = (capital * (1 + rate) ** (grace - number)).sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, np.minimum(x["debt_share"], most / whole), 0.0)
        part = np.where(most > 0, share * whole / most, 0.0)
        cover = np.where(part > 0, x["dscr"] / part, np.nan)
    draws, service = share * capital, serves / x["dscr"] * part
    owed, interest = np.zeros_like(service + draws), np.zeros_like(service + draws)
    before = np.zeros(owed.shape[:-1])
    at = np.broadcast_to(rate, owed.shape)
    for t in range(owed.shape[-1]):
        interest[..., t] = before * at[..., t]
        before = owed[..., t] = before + interest[..., t] + draws[..., t] - service[..., t]
    return Loan(draws, interest, service, owed, share[..., 0], cover[..., 0])
