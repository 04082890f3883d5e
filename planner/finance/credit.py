"""Debt as a bank reads it: each loan with its cover and its years, and the cover in cases worse than the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.optimize import brentq

from planner.finance.cashflow import CashFlows, cash_flows, cash_for_debt
from planner.finance.economics import turning_prices
from planner.finance.loans import OVERRUN, PAID, LevelLoan, Loan, guaranteed, line
from planner.finance.plant_flows import Investment, tonnes_sold
from planner.finance.project_facts import FinanceTerm, Levels
from planner.finance.returns import covers, npv, worth
from planner.finance.sensitivity import HIGH, LOW, adverse, adverse_ends, at_ends, price_terms
from planner.finance.statements import ASSETS, statements, sum_of
from planner.finance.support import lasting_money, public_cost
from planner.finance.yearly_rows import (
    Array,
    added,
    before,
    larger,
    over_years,
    single,
    smaller,
    where,
)

SENIOR, PUBLIC = "senior", "public, behind lenders"
LENDERS = "lenders"
"""Lenders' own loan, sculpted to cash flow."""
PUBLIC_LOAN = "public loan"
BASE, HIGH_PRICES = "base", "all prices high"
GEARING, INTEREST, COVER = "gearing", "interest", "cover"
"""What keeps lenders' own loan from being larger: their share of the capital; a year that bears no more than its interest;
the cover asked in all years of the loan."""
MOST_GRACE = 8
"""Years of grace that are tried."""
LEAST_SHARE = 1e-6
"""Share of the capital by which a loan may stay below the most that lenders give and count as at it."""
SMALLEST_LOAN = 0.01
"""Share of the capital below which what is left of a loan that is cut is none."""
HELD = 1e-6
"""Cover that a test may lack."""
SLIGHT = 0.005
"""MUSD by which owners gain too little by leaving to leave."""
ADVERSE, LATE, DEAR = "adverse prices", "output late", "capital dear"
SEPARATION = "separation discount"


@dataclass(frozen=True, kw_only=True)
class DebtFigures:
    """One loan (nominal MUSD). by year: drawn, interest, paid, owed at the end.

    rate: interest, nominal. first, last: years of the first and the last payment, None where nothing is paid. fees: of
    all years. least, average: DSCR over the service of all that ranks before it or with it, in the years in which it is
    paid. llcr, plcr: cash flow in the years in which it is paid (of lenders' own loan: in all years agreed), or from its
    first payment to the end of the project, losses counted, as present value at its interest, over all that is owed at
    its first payment by what ranks before it or with it. tail: share of all tonnes that are sold after its last payment.
    """

    name: str
    rank: str
    rate: float
    draws: Array
    interest: Array
    paid: Array
    owed: Array
    fees: float
    first: int | None
    last: int | None
    least: float | None
    average: float | None
    llcr: float | None
    plcr: float | None
    tail: float | None


@dataclass(frozen=True, kw_only=True)
class Downside:
    """A case worse than the base, with the debt service of the base. what: the case. npv: after tax (MUSD); owners: what
    they gain over the return they ask, with the loans of the base. public: what the public pays, `called` with it. Debt
    service that cash flow does not pay, reserve not counted: stood_for: of all debt, until the completion test is passed,
    for which owners are called first; called: after it, of the guaranteed part of lenders' own loan and of a public loan,
    which the public loses (present values at the public rate, MUSD). leaves: year after which owners who may walk away once
    it is built do, since they lose by staying, None where they stay; until_then: what the public pays up to it. by_year: senior DSCR, not a
    number in years without service; least: of it; short: years in which cash flow is less than senior debt service; both
    None without any."""

    what: str
    npv: float
    owners: float
    public: float
    stood_for: float
    called: float
    leaves: int | None
    until_then: float | None
    by_year: Array
    least: float | None
    short: int | None


@dataclass(frozen=True, kw_only=True)
class Security:
    """What owners stand for and lenders hold (nominal MUSD). completed, late: year in which the completion test is passed, of
    the base and where output is late, None for never. stood_for: most owed on all debt until it is passed, for which owners
    stand before any guarantee. facility: overrun facility agreed; overrun: capital above its budget where capital is dear, of
    it drawn by the facility and paid by the public, with the grant, tax credits on capital and a loan. locked: years of
    repayment in which owners are paid nothing. cover: least book value of plant, receivables, stock and accounts over all
    that is owed to lenders; of_all: over all debt; both None without debt. contracted: share of tonnes sold while debt is
    owed that offtake contracts cover, None without such sales.
    """

    completed: int | None
    late: int | None
    stood_for: float
    facility: float
    overrun: float
    drawn: float
    by_public: float
    locked: int
    cover: float | None
    of_all: float | None
    contracted: float | None

    @property
    def by_owners(self) -> float:
        """The overrun that neither the public nor the facility pays: lenders give no more than agreed."""
        return self.overrun - self.by_public - self.drawn


@dataclass(frozen=True, kw_only=True)
class Credit:
    """Debt of one answer to what is sold. least_prices: factor on all prices, those of feed included, down to which cash
    flow covers senior debt service in every year; None without debt, or where no price does. turning: of `serving_levels`.
    binds: what keeps lenders' own loan from being larger, None without it."""

    debts: tuple[DebtFigures, ...]
    downsides: tuple[Downside, ...]
    least_prices: float | None
    turning: Mapping[str, float]
    binds: str | None
    security: Security

    @property
    def average(self) -> float | None:
        """Mean senior DSCR of the base."""
        return self.lenders.average if self.lenders else None

    @property
    def plcr(self) -> float | None:
        """Project life cover of lenders' own loan; None without it."""
        return self.lenders.plcr if self.lenders else None

    @property
    def lenders(self) -> DebtFigures | None:
        """Lenders' own loan; None without it."""
        return next((one for one in self.debts if one.name == LENDERS), None)


@dataclass(frozen=True, kw_only=True)
class Lending:
    """What lenders give of the loan that cash flow of the base bears, by one rule for every case: with the least grace with
    which no service is missed, and so much of it as they are asked to cover at adverse prices.

    sized: the loan as the base bears it (MUSD). missed: years in which its service is missed with the grace agreed; grace:
    years of it with which none is, where that is another. cover: its least DSCR at adverse prices, None without it; life:
    its LLCR. given: of `sized`; nothing where service is missed whatever the grace, the cash flow of its life is less than
    what is owed, or next to nothing of it passes.
    """

    sized: float
    missed: tuple[int, ...]
    grace: int | None
    cover: float | None
    life: float
    given: float

    @property
    def is_cut(self) -> bool:
        """Lenders give less than the loan that the base bears."""
        return self.given < (1.0 - LEAST_SHARE) * self.sized

    @property
    def fails_by_losses(self) -> bool:
        """The years in which it is paid cover it at adverse prices, but with all years, those of loss too, it is not earned."""
        return self.cover is not None and self.cover >= 1.0 > self.life


def lending(
    found: Investment, x: Levels, use: Sequence[Array], terms: Mapping[str, FinanceTerm]
) -> tuple[Levels, Lending]:
    """The levels with the loan that lenders give, and how it came to be so large."""
    flows = cash_flows(found, x, use)
    years = tuple(found.years[place] for place in np.flatnonzero(flows.loan.missed))
    grace = fitting_grace(found, x, use) if years else None
    if grace is not None:
        x = {**x, "grace_years": np.asarray(float(grace))}
        flows = cash_flows(found, x, use)
    cash = cash_for_debt(found, {**x, **adverse(found, terms)}, use)
    loan, cover = flows.loan, _least_cover(cash, flows.loan.senior)
    asked, now = float(x["dscr_low"]), cover
    while now is not None:
        is_served = float(flows.loan.cover) >= 1.0 and not flows.loan.missed.any()
        if is_served and now >= asked - HELD:
            break
        share = float(flows.debt_share()) * now / asked
        is_part = is_served and share >= SMALLEST_LOAN
        x = {**x, "debt_share": np.asarray(share if is_part else 0.0)}
        flows = cash_flows(found, x, use)
        now = _least_cover(cash, flows.loan.senior)
    return x, Lending(
        sized=float(loan.draws.sum()),
        missed=years,
        grace=grace,
        cover=cover,
        life=float(loan.cover),
        given=float(flows.loan.draws.sum()),
    )


def _least_cover(cash: Array, service: Array) -> float | None:
    """The least cover of debt service by some cash; None without any."""
    cover = covers(cash, service)
    return float(cover.min()) if cover.size else None


def downside_flows(
    found: Investment, x: Levels, use: Sequence[Array], terms: Mapping[str, FinanceTerm]
) -> dict[str, CashFlows]:
    """Flows of an investment at its levels, worked as `use` says: of the base, and of the cases beside it."""
    cases = {}
    for what, ends in downside_cases(found, terms).items():
        cases[what] = cash_flows(found, {**x, **at_ends(found, terms, ends)}, use)
    return cases


def credit(
    found: Investment,
    cases: Mapping[str, CashFlows],
    x: Levels,
    use: Sequence[Array],
    terms: Mapping[str, FinanceTerm],
) -> Credit:
    """Debt of an investment at its levels, worked as `use` says. cases: of `downside_flows`."""
    flows = cases[BASE]
    return Credit(
        debts=tuple(debts(flows, x)),
        downsides=tuple(_downside(what, one, flows, x) for what, one in cases.items()),
        least_prices=serving_prices(found, flows.loan, x, use),
        turning=serving_levels(found, flows.loan, x, use, terms),
        binds=size_bound(flows, x),
        security=security(found, cases, x),
    )


def size_bound(flows: CashFlows, x: Levels) -> str | None:
    """What keeps lenders' own loan from being larger (`GEARING`, `COVER` or `INTEREST`); None without it."""
    loan = flows.loan
    paying = loan.service > PAID
    if not paying.any():
        return None
    if float(flows.debt_share()) >= float(x["debt_share"]) - LEAST_SHARE:
        return GEARING
    is_tight = flows.cfads <= guaranteed(x)["dscr"] * loan.senior + PAID
    return COVER if is_tight[paying].all() else INTEREST


def security(found: Investment, cases: Mapping[str, CashFlows], x: Levels) -> Security:
    """What owners stand for and lenders hold, in the base, where output is late and where capital is dear."""
    flows, late, dear = cases[BASE], cases[LATE], cases[DEAR]
    completed = _first_year(flows.completed, found)
    until = len(found.years) if completed is None else found.years.index(completed) + 1
    service = flows.loan.senior + flows.public.service
    owed = flows.owed()
    in_all = owed + flows.public.owed
    held = sum_of(statements(flows).balance, ASSETS)
    overrun = float((dear.capital - flows.capital).sum())
    return Security(
        completed=completed,
        late=_first_year(late.completed, found),
        stood_for=float(in_all[:until].max()),
        facility=float(x["overrun"] * flows.left().sum()),
        overrun=overrun,
        drawn=float(dear.standby.draws.sum()),
        by_public=overrun - float((dear.left() - flows.left()).sum()),
        locked=int(np.sum((service > PAID) & (flows.cfads < x["lock_up"] * service))),
        cover=_least_cover(held, owed),
        of_all=_least_cover(held, in_all),
        contracted=_under_contract(flows, x),
    )


def _under_contract(flows: CashFlows, x: Levels) -> float | None:
    """The share of the tonnes sold in years that begin with debt that offtake contracts cover; None without such sales."""
    sold = covered = 0.0
    owes = before(flows.owed()) > PAID
    for plant in flows.plants:
        for sale in plant.sales:
            paid = float(x["payable"]) if sale.material.payable else 1.0
            sold += paid * float(sale.tonnes[owes].sum())
            covered += sum(float(one.covered[owes].sum()) for one in sale.settled)
    return covered / sold if sold > 0 else None


def _first_year(flags: Array, found: Investment) -> int | None:
    """The first year whose flag is set; None where none is."""
    years = np.flatnonzero(flags > 0)
    return found.years[years[0]] if years.size else None


def fitting_grace(found: Investment, x: Levels, use: Sequence[Array]) -> int | None:
    """The least years of grace from the last capital payment with which no debt service is missed; None if none up to
    `MOST_GRACE` is enough."""
    for years in range(int(x["grace_years"]) + 1, MOST_GRACE + 1):
        later = {**x, "grace_years": np.asarray(float(years))}
        if not cash_flows(found, later, use).loan.missed.any():
            return years
    return None


def debts(flows: CashFlows, x: Levels) -> list[DebtFigures]:
    """Figures of each loan of which something is drawn, senior ones first."""
    senior = Ranked(paid=flows.loan.senior, owed=flows.owed())
    after_lenders = Ranked(
        paid=senior.paid + flows.public.service, owed=senior.owed + flows.public.owed
    )
    every = (
        (LENDERS, SENIOR, flows.loan, senior),
        (OVERRUN, SENIOR, flows.standby, senior),
        (PUBLIC_LOAN, PUBLIC, flows.public, after_lenders),
    )
    told = []
    for name, rank, loan, before_it in every:
        if loan.draws.sum() > PAID:
            told.append(_figures(name, rank, loan, before=before_it, flows=flows, x=x))
    return told


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Payments and debt by year of all loans that rank as high as one or higher (nominal MUSD)."""

    paid: Array
    owed: Array


def life_cover(
    cash: Array,
    loan: LevelLoan | Loan,
    *,
    rate: Array,
    number: Array,
    owed: Array,
    to_the_end: bool = False,
) -> Array:
    """Cash flow in the years in which a loan is paid (LLCR), or from its first payment `to_the_end` of the project (PLCR),
    losses counted, as present value at its interest, over what is owed as they begin; not a number where nothing is. number: of each year,
    from 1."""
    paying = where(loan.service > PAID, 1.0, 0.0)
    what = "while a loan is paid"
    if to_the_end:
        paying = where(number > loan.begun, 1.0, 0.0)
        what = "from its first payment"
    weight = (1.0 + rate) ** (loan.begun - number)
    earned = line(over_years(cash * paying * weight), f"worth of cash flow {what}")
    due = line(over_years(where(number == loan.begun, owed, 0.0)), "owed as it is first paid")
    cover = where(due > PAID, earned / larger(due, PAID), np.nan)
    return single(cover)


def _figures(
    name: str, rank: str, loan: Loan | LevelLoan, *, before: Ranked, flows: CashFlows, x: Levels
) -> DebtFigures:
    """The figures of a loan as a bank asks for them. before: all that ranks as high or higher, itself included. Those of no
    repayment are None, and covers of a loan in default."""
    paying = np.flatnonzero(loan.service > PAID)
    start = int(x["first_year"])
    first = last = None
    least = average = llcr = plcr = tail = None
    if paying.size:
        opens = int(paying[0])
        closes = int(paying[-1])
        first = start + opens
        last = start + closes
        if not flows.loan.missed.any():
            cover = covers(flows.cfads[paying], before.paid[paying])
            least, average = float(cover.min()), float(cover.mean())
            number = x["year"] - x["first_year"] + 1.0
            covered = partial(
                life_cover, flows.cfads, loan, rate=loan.rate, number=number, owed=before.owed
            )
            llcr = float(loan.cover if isinstance(loan, Loan) else covered())
            plcr = float(covered(to_the_end=True))
        tonnes = tonnes_sold(flows.plants, flows.index)
        tail = float(tonnes[closes + 1 :].sum() / tonnes.sum()) if tonnes.any() else 0.0
    return DebtFigures(
        name=name,
        rank=rank,
        rate=float(loan.rate),
        draws=loan.draws,
        interest=loan.interest,
        paid=loan.service,
        owed=loan.owed,
        fees=float(loan.fees.sum()),
        first=first,
        last=last,
        least=least,
        average=average,
        llcr=llcr,
        plcr=plcr,
        tail=tail,
    )


def downside_cases(
    found: Investment, terms: Mapping[str, FinanceTerm]
) -> dict[str, dict[str, str]]:
    """The base, all prices high, and the cases that are worse than the base: each term that moves, with its end."""
    high = {term.name: HIGH for term in price_terms(found)}
    return {BASE: {}, HIGH_PRICES: high, **worse_cases(found, terms)}


def worse_cases(found: Investment, terms: Mapping[str, FinanceTerm]) -> dict[str, dict[str, str]]:
    """Cases worse than the base by name: one thing as bad as its range says, then all of them; each term and price that
    moves with the end of its range. Factor and contingency of capital tell of the same overruns, so that they do not come
    together: the one that makes it dearer is taken."""
    factor, spare = terms["capital_factor"], terms["contingency"]
    by_factor = factor.high * (1 + spare.value)
    by_spare = factor.value * (1 + spare.high)
    cases = {
        ADVERSE: adverse_ends(found),
        LATE: {"delay_years": HIGH},
        DEAR: {"contingency" if by_spare > by_factor else "capital_factor": HIGH},
        "running costs dear": {"fixed_factor": HIGH, "variable_factor": HIGH},
        "volume low": {"volume": LOW},
        "recovery low": {"recovery_factor": LOW},
        **discount_case(found),
    }
    together: dict[str, str] = {}
    for ends in cases.values():
        together |= ends
    return cases | {"all of these together": together}


def discount_case(found: Investment) -> dict[str, dict[str, str]]:
    """The case in which the separation discount hurts: a concentrate earns less where it is sold, costs more where it is feed;
    none where neither is so, or both, since what one plant loses by it the other gains."""
    is_sold = any(made.payable for plant in found.plants for made in plant.made)
    is_feed = any(taken.payable for plant in found.plants for taken in plant.taken)
    if is_sold == is_feed:
        return {}
    return {SEPARATION: {"payable": LOW if is_sold else HIGH}}


def _downside(what: str, flows: CashFlows, base: CashFlows, x: Levels) -> Downside:
    """A case beside the base: NPV, cover of senior debt service of the base, and the number of years in which
    cash flow is short of it."""
    service = np.where(base.loan.missed.any(), 0.0, base.loan.senior) + flows.standby.service
    to_owners = base.owners + flows.after_tax - base.after_tax
    cash = np.maximum(flows.cfads, 0.0)
    is_paid = service > PAID
    by_year = np.where(is_paid, cash / np.where(is_paid, service, 1.0), np.nan)
    with_its_debt = replace(flows, loan=base.loan, public=base.public)
    stood_for, called = unpaid_service(flows, base, service, x)

    def present(lost: Array) -> float:
        return float(npv(x["public_rate"], lost / flows.index))

    built = int(np.flatnonzero(flows.capital > 0).max(initial=-1)) + 1
    gained = npv(x["equity_rate"], _up_to_each(to_owners / flows.index))
    stay = built + int(gained[built:].argmax())
    paid = _up_to_each(added([*lasting_money(with_its_debt, x).values()], flows.index))
    has_left = gained[-1] < gained[stay] - SLIGHT
    return Downside(
        what=what,
        npv=float(worth(flows, x)),
        owners=float(npv(x["equity_rate"], to_owners / flows.index)),
        public=float(public_cost(with_its_debt, x)) + present(called),
        stood_for=present(stood_for),
        called=present(called),
        leaves=int(x["first_year"]) + stay - 1 if has_left else None,
        until_then=float(npv(x["public_rate"], paid[stay])) if has_left else None,
        by_year=by_year,
        least=_least_cover(cash, service),
        short=int(np.sum(is_paid & (cash < service - PAID))) if is_paid.any() else None,
    )


def _up_to_each(amounts: Array) -> Array:
    """Amounts up to the end of each year and nothing later, a row a year; none at all in the first row."""
    return np.tri(len(amounts) + 1, len(amounts), -1) * amounts


def unpaid_service(
    flows: CashFlows, base: CashFlows, service: Array, x: Levels
) -> tuple[Array, Array]:
    """Debt service of the base that cash flow of a case does not pay, by year (nominal MUSD): of all debt until completion,
    for which owners are called first; and after it of what the public guarantees or lent. service: of senior debt."""
    cash = larger(flows.cfads, 0.0)
    behind = smaller(larger(service + base.public.service - cash, 0.0), base.public.service)
    behind = line(behind, "service of the public loan that is not paid")
    unpaid = line(larger(service - cash, 0.0), "senior service that is not paid")
    guaranteed_part = x["guarantee"] * larger(base.loan.service - cash, 0.0)
    is_complete = flows.completed > 0
    stood_for = where(is_complete, 0.0, unpaid + behind)
    called = where(is_complete, guaranteed_part + behind, 0.0)
    return (
        line(stood_for, "not paid until completion: owners are called"),
        line(called, "not paid after it: guaranteed, or lent by the public"),
    )


def is_served(loan: Loan) -> bool:
    """There is senior service, none of which is missed."""
    return bool((loan.senior > PAID).any()) and not loan.missed.any()


def _spare(found: Investment, loan: Loan, use: Sequence[Array], levels: Levels) -> float:
    """The least that cash flow leaves of senior service in a year, at some levels."""
    paying = loan.senior > PAID
    cash = cash_for_debt(found, levels, use)
    return float((cash[paying] - loan.senior[paying]).min())


TURNING = {"variable_factor": HIGH, "volume": LOW, "recovery_factor": LOW}
"""Terms of which the level is told at which senior service is just covered, with the bad end of each."""


def serving_levels(
    found: Investment, loan: Loan, x: Levels, use: Sequence[Array], terms: Mapping[str, FinanceTerm]
) -> dict[str, float]:
    """The level of a term at which, all else as it is, cash flow just covers senior service in every year; none of a term
    with which it does so to the bad end of its range."""
    turning: dict[str, float] = {}
    if not is_served(loan):
        return turning

    def spare(name: str, level: float) -> float:
        return _spare(found, loan, use, {**x, name: np.asarray(level)})

    for name, end in TURNING.items():
        term = terms[name]
        bad = getattr(term, end)
        if spare(name, bad) < 0 <= spare(name, term.value):
            turning[name] = float(brentq(partial(spare, name), term.value, bad))
    return turning


def serving_prices(found: Investment, loan: Loan, x: Levels, use: Sequence[Array]) -> float | None:
    """The factor on all prices down to which cash flow covers senior debt service of a loan in every year; None without debt,
    or if the plant earns no more at higher prices."""
    if not is_served(loan):
        return None
    spare = partial(_spare, found, loan, use)
    if spare({**x, "price_factor": np.zeros(())}) >= 0:
        return 0.0
    return turning_prices(x, spare)
