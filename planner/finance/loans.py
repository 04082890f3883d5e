"""Debt: a loan of lenders sculpted to cash flow; an overrun facility and a public loan, paid back in equal sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.finance.project_facts import Levels
from planner.finance.yearly_rows import (
    Array,
    after,
    before,
    carried,
    carried_back,
    highest,
    larger,
    over_years,
    row,
    single,
    smaller,
    to_date,
    where,
)

LEAST_RATE = 1e-9
"""Interest below which a debt cannot rise."""
PAID = 1e-9
"""Debt service (MUSD a year) below which there is none."""
OVERRUN = "overrun facility"
"""What is drawn where capital is above the estimate and its contingency."""


@dataclass(frozen=True, kw_only=True)
class Loan:
    """Debt by year (nominal MUSD): drawn, interest, service (interest and repayment), owed at the end of the year; fees of
    lenders, upfront and for what is not yet drawn.

    added: interest until the first repayment, which the loan grows by. senior: service of the loan and of the overrun
    facility, which ranks with it. missed: 1 in years after the grace agreed, up to the last of the loan, in which nothing is
    paid on what is owed. reserve: months of the largest senior service, filled once, held while senior debt is owed. begun:
    years until the first repayment, the grace agreed or longer where cash comes later. cover: present value of cash flow
    from the first repayment to the last year agreed, losses counted, over senior debt at the first repayment; without a
    drawn facility and without losses it is that of every year that pays, as service follows cash flow. rate: interest,
    nominal.
    """

    draws: Array
    interest: Array
    added: Array
    service: Array
    senior: Array
    fees: Array
    owed: Array
    missed: Array
    reserve: Array
    begun: Array
    cover: Array
    rate: Array


@dataclass(frozen=True, kw_only=True)
class LevelLoan:
    """A loan paid back in equal sums by year (nominal MUSD): drawn, interest, of it added until the first repayment, paid, owed
    at the end of the year, fees. begun: years until the first repayment."""

    draws: Array
    interest: Array
    added: Array
    service: Array
    owed: Array
    fees: Array
    begun: Array
    rate: Array


@dataclass(frozen=True, kw_only=True)
class LoanSize:
    """bears: debt at the end of each year that later cash flow serves without ever rising. share: debt drawn over the capital.
    part: debt over what cash flow over `dscr` would serve. cover: of the loan's life, not a number without debt."""

    bears: Array
    share: Array
    part: Array
    cover: Array


def line(amounts: Array, label: str, unit: str = "MUSD") -> Array:
    """A row of the sheet of debt."""
    return row(amounts, "Debt", label, unit)


def step(amounts: Array, label: str) -> Array:
    """A row of the sheet of steps: part of a balance of the sheet of debt."""
    return row(amounts, "Debt steps", label, "MUSD, end of the year")


def in_its_year(rate: Array) -> Array:
    """Interest by the end of the year on what is drawn in it, of each MUSD: half is drawn at midyear, half as it ends."""
    return line(0.5 * ((1.0 + rate) ** 0.5 - 1.0), "interest on draws in their year", "share")


def nominal(real: Array, x: Levels) -> Array:
    """A real rate as that of money of its year."""
    return (1.0 + real) * (1.0 + x["inflation"]) - 1.0


def grace_of(capital: Array, number: Array, grace_years: Array) -> Array:
    """Years until the grace of a loan on `capital` by year ends: it counts from the last year in which that is paid."""
    built = highest((capital > 0) * number)
    grace = built + grace_years
    return line(grace, "years until grace ends, counted from completion", "years")


def sculpted_loan(
    capital: Array, cfads: Array, *, number: Array, x: Levels, standby: LevelLoan
) -> Loan:
    """A loan drawn with the capital, interest added until the first repayment, then paid as cash flow comes in.

    It is as large as cash flow over `dscr`, less the service of the overrun facility that ranks with it, can serve in its
    years without ever rising, but at most `debt_share` of the capital. number: of each year, from 1.
    """
    with_fee = nominal(x["debt_rate"], x) + x["guarantee"] * x["guarantee_fee"]
    rate = line(with_fee, "interest, nominal, with the fee for a guarantee", "a year")
    grace = grace_of(capital, number, x["grace_years"])
    due = where((number > grace) & (number <= x["debt_years"]), 1.0, 0.0)
    due = line(due, "years of repayment", "flag")
    serves = line(due * larger(cfads, 0.0), "cash flow in years of repayment")
    left = larger(serves - x["dscr"] * standby.service, 0.0)
    left = line(left, "of it left at the cover asked by the overrun facility")
    years_left = (left > PAID) * (x["debt_years"] + 1.0 - number)
    longest = highest(years_left)
    begun = where(longest > 0, x["debt_years"] - longest, grace)
    begun = line(begun, "years until the first repayment", "years")
    life = where(number > begun, due * cfads, 0.0)
    life = line(life, "cash flow from the first repayment to the last year agreed, losses counted")
    size = _size(
        capital, left / x["dscr"], rate, x=x, number=number, begun=begun, life=life, standby=standby
    )
    draws = line(size.share * capital, "drawn")
    sculpted = left / x["dscr"] * size.part
    sculpted = line(sculpted, "service that follows cash flow")
    repays = where(number > begun, 1.0, 0.0)
    repays = line(repays, "years from the first repayment", "flag")
    drawn = line(draws * (1.0 + in_its_year(rate)), "drawn, with interest of its year")
    others = (sculpted, size.bears, repays, rate)
    label = "owed at the end of the year"
    owed = carried(drawn, _owed, others, sheet="Debt", label=label, unit="MUSD")
    interest = line(before(owed) * rate + drawn - draws, "interest")
    grown = before(owed) + interest + draws
    service = line(where(repays > 0, grown - owed, 0.0), "debt service")
    added = where(number <= begun, interest, 0.0)
    missed = due * (before(owed) > PAID) * (service <= PAID)
    senior = line(service + standby.service, "debt service, with the overrun facility")
    is_held = (number >= begun) & (owed + standby.owed > 0)
    reserve = where(is_held, x["reserve_months"] / 12.0 * highest(senior), 0.0)
    added = line(added, "of it until the first repayment, added to the loan")
    fees = _fees(draws, number, x)
    missed = line(missed, "service missed: debt is owed and nothing is paid", "flag")
    reserve = line(reserve, "reserve account at the end of the year")
    return Loan(
        draws=draws,
        interest=interest,
        added=added,
        service=service,
        senior=senior,
        fees=fees,
        owed=owed,
        missed=missed,
        reserve=reserve,
        begun=begun,
        cover=single(size.cover),
        rate=rate,
    )


def guaranteed(x: Levels) -> dict[str, Array]:
    """Terms of lenders' own loan, of which the public guarantees a part: that part is lent at the rate of a public loan
    and at the cover asked at low prices."""
    part = x["guarantee"]
    rate = x["debt_rate"] + part * (x["public_loan_rate"] - x["debt_rate"])
    cover = x["dscr"] + part * (x["dscr_low"] - x["dscr"])
    rate = line(rate, "interest, real, as far as guaranteed that of a public loan", "a year")
    cover = line(cover, "cover asked, as far as guaranteed that at low prices", "times")
    return {**x, "debt_rate": rate, "dscr": cover}


def fee_for_guarantee(loan: Loan, x: Levels) -> Array:
    """The part of the interest on lenders' own loan that is the fee for its guarantee, which they pass on to the public."""
    part = x["guarantee"] * x["guarantee_fee"] / larger(loan.rate, LEAST_RATE)
    return loan.interest * part


def _size(
    capital: Array,
    served: Array,
    rate: Array,
    *,
    x: Levels,
    number: Array,
    begun: Array,
    life: Array,
    standby: LevelLoan,
) -> LoanSize:
    """The size of a loan: what cash flow bears, at most its share of the capital. served: of cash flow, over the cover asked;
    number: of each year, from 1; begun: years until the first repayment; life: cash flow that the cover of its life counts."""
    label = "debt that a year can open with"
    opening = carried_back(served, _opening, (rate,), sheet="Debt", label=label, unit="MUSD")
    bears = line(after(opening), "debt that later cash flow bears, end of the year")
    most = over_years(where(number == begun + 1.0, opening, 0.0))
    most = line(most, "debt that cash flow bears then")
    weight = line((1 + rate) ** (begun - number), "worth at the first repayment", "factor")
    sculpted = over_years(served * weight)
    sculpted = line(sculpted, "cash flow over cover, its worth at the first repayment")
    whole = over_years(capital * weight) * (1.0 + in_its_year(rate))
    whole = line(whole, "capital left to lenders and owners, with interest, then")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = where(whole > 0, smaller(x["debt_share"], most / whole), 0.0)
        share = line(share, "debt drawn over that capital", "share")
        part = where(sculpted > 0, share * whole / sculpted, 0.0)
        part = line(part, "debt over what cash flow over cover is worth then", "share")
        worth = over_years(life * weight)
        owed_then = where(number == begun, standby.owed, 0.0)
        debt = share * whole + over_years(owed_then)
        debt = line(debt, "debt then, with the overrun facility")
        cover = where(debt > 0, worth / debt, np.nan)
    return LoanSize(bears=bears, share=share, part=part, cover=cover)


def _opening(following: Array, paid: Array, rate: Array) -> Array:
    """Debt that a year can open with: served whole in it and later, and not rising in it."""
    repaid = (following + paid) / (1.0 + rate)
    without_rise = paid / larger(rate, LEAST_RATE)
    return smaller(repaid, without_rise)


def _fees(draws: Array, number: Array, x: Levels) -> Array:
    """Fees of lenders by year: of all that is agreed as the first year ends, and of what is not drawn as a year begins."""
    agreed = over_years(draws)
    agreed = line(agreed, "loan agreed")
    label = "drawn in all, end of the year"
    drawn = carried(draws, to_date, (), sheet="Debt", label=label, unit="MUSD")
    undrawn = larger(agreed - before(drawn) - draws / 4.0, 0.0)  # half a draw for half a year
    upfront = where(number == 1.0, x["upfront_fee"] * agreed, 0.0)
    upfront = line(upfront, "upfront fee")
    commitment = line(x["commitment_fee"] * undrawn, "commitment fee")
    return line(upfront + commitment, "fees of lenders")


def _owed(
    last: Array, draws: Array, sculpted: Array, bears: Array, repays: Array, rate: Array
) -> Array:
    """Debt at the end of a year: it grows until the first repayment, then is repaid as cash flow comes in, and never
    rises."""
    grown = step(last * (1.0 + rate) + draws, "owed before service")
    repaid = larger(grown - sculpted, 0.0)
    scheduled = step(smaller(repaid, smaller(last, bears)), "owed after service")
    owed = step(
        where(repays > 0, scheduled, grown), "owed, before what is next to nothing is let go"
    )
    return where(owed > PAID, owed, 0.0)


def public_loan(capital: Array, number: Array, x: Levels) -> LevelLoan:
    """A loan of `public_loan` MUSD, at most the capital, drawn with it; interest is added until grace ends, then it is
    paid back in equal sums until the last year of lenders' loans, whatever cash flow there is: owners make up for it."""
    spent = over_years(capital)
    lent = smaller(x["public_loan"] / larger(spent, PAID), 1.0)
    share = where(spent > 0, lent, 0.0)
    real = x["public_loan_rate"]
    rate = line(nominal(real, x), "public loan: interest, nominal", "a year")
    draws = line(share * capital, "public loan: drawn")
    return _level_loan(
        "public loan",
        capital,
        draws,
        number=number,
        rate=rate,
        years=x["debt_years"],
        x=x,
        fees=0.0 * capital,
    )


def overrun_facility(capital: Array, number: Array, *, x: Levels, latest: Array) -> LevelLoan:
    """Money that lenders hold ready for capital above the budget (`budget`: estimate and contingency of the base case, over
    the estimate), as a share of it: drawn as far as capital is above it, paid back in equal sums on lenders' terms. Fees
    are of all of it, for as long as capital is paid. Whoever lends nothing else holds none ready. latest: number of the year
    in which it is paid back at the latest."""
    estimated = x["capital_factor"] * (1.0 + x["contingency"])
    over_budget = larger(estimated, PAID) / larger(x["budget"], PAID)
    over_budget = line(over_budget, "capital over its budget", "times")
    most = where(x["debt_share"] > 0, x["overrun"] / over_budget, 0.0)
    most = line(most, f"{OVERRUN}, over the capital", "share")
    share = smaller(most, larger(1.0 - 1.0 / over_budget, 0.0))
    rate = line(nominal(x["debt_rate"], x), f"{OVERRUN}: interest, nominal", "a year")
    years = smaller(x["debt_years"], latest)
    agreed = line(over_years(most * capital), f"{OVERRUN}: agreed")
    built = highest((capital > 0) * number)
    upfront = where(number == 1.0, x["upfront_fee"] * agreed, 0.0)
    label = f"{OVERRUN}: drawn in all, end of the year"
    drawn = carried(share * capital, to_date, (), sheet="Debt", label=label, unit="MUSD")
    ready = where(number <= built, agreed - drawn, 0.0)
    fees = line(upfront + x["commitment_fee"] * ready, f"{OVERRUN}: fees")
    draws = line(share * capital, f"{OVERRUN}: drawn")
    return _level_loan(
        OVERRUN, capital, draws, number=number, rate=rate, years=years, x=x, fees=fees
    )


def _level_loan(
    label: str,
    capital: Array,
    draws: Array,
    *,
    number: Array,
    rate: Array,
    years: Array,
    x: Levels,
    fees: Array,
) -> LevelLoan:
    """A loan drawn with the capital; interest is added until grace ends, then it is paid back in equal sums until so many
    years are over."""
    grace = grace_of(capital, number, x["grace_years"])
    drawn = line(draws * (1.0 + in_its_year(rate)), f"{label}: drawn, with interest of its year")
    weight = (1 + rate) ** (grace - number)
    due = over_years(drawn * weight)
    due = line(due, f"{label}: owed when grace ends")
    years = line(larger(years - grace, 1.0), f"{label}: years of repayment", "years")
    charged = larger(rate, LEAST_RATE)
    annuity = charged / (1.0 - (1.0 + charged) ** (0.0 - years))
    repaying = (number > grace) & (number <= grace + years)
    service = where(repaying, due * annuity, 0.0)
    service = line(service, f"{label}: paid")
    balance = f"{label}: owed at the end of the year"
    owed = carried(drawn, _owed_on_level, (service, rate), sheet="Debt", label=balance, unit="MUSD")
    interest = line(before(owed) * rate + drawn - draws, f"{label}: interest")
    added = where(number <= grace, interest, 0.0)
    return LevelLoan(
        draws=draws,
        interest=interest,
        added=line(added, f"{label}: interest added until the first repayment"),
        service=service,
        owed=owed,
        fees=fees,
        begun=grace,
        rate=rate,
    )


def _owed_on_level(last: Array, draws: Array, service: Array, rate: Array) -> Array:
    owed = last * (1.0 + rate) + draws - service
    return where(owed > PAID * 1000.0, owed, 0.0)
