"""Tables of an investment case that a bank reads: loans, debt by year, cases worse than the base, covenants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from planner.data.investment_tables import ITEMS
from planner.finance.credit import ADVERSE, HIGH_PRICES, PUBLIC_LOAN, DebtFigures, Security
from planner.finance.loans import guaranteed, nominal
from planner.finance.project_facts import FinanceTerm
from planner.reporting.parts import (
    CENTS,
    Column,
    Part,
    ReportTable,
    Text,
    figures,
    in_musd,
    per_cent,
    text,
    whole,
)
from planner.reporting.words.names import midway
from planner.reporting.words.numbers import count, listed, number, percent
from planner.reporting.words.sentences import Passages
from planner.results.business_case import CENT, BusinessCase, Sold

say = Passages("investment_debt.j2")


LOANS = ReportTable(
    title="Debt, loan by loan",
    columns=[
        text("lender"),
        text("rank"),
        in_musd("drawn"),
        per_cent("rate", "interest, nominal"),
        text("first", "first payment"),
        text("last", "last payment"),
        in_musd("most", "most owed"),
        in_musd("interest"),
        in_musd("fees"),
        figures("least", "least DSCR"),
        figures("average", "mean DSCR"),
        figures("llcr", "LLCR"),
        figures("plcr", "PLCR"),
        per_cent("tail", "tonnes after it (tail)"),
    ],
)
"""A row a loan."""


def _titled(table: ReportTable, found: BusinessCase) -> str:
    """The title of a table, with the case that it is of."""
    return f"{table.title}: {midway(found.told(found.lent))}"


def loans(found: BusinessCase) -> ReportTable:
    """Each loan with its years and cover."""
    sold = found.lent
    rows = []
    for debt in sold.credit.debts:
        row = {
            "lender": debt.name,
            "drawn": float(debt.draws.sum()),
            "first": _year(debt.first),
            "last": _year(debt.last),
            "most": float(debt.owed.max()),
            "interest": float(debt.interest.sum()),
        }
        rows.append(vars(debt) | row)
    note = say("loans", told=found.told(sold))
    return LOANS.over(rows, title=_titled(LOANS, found), note=note)


def _year(year: int | None) -> str:
    return "" if year is None else str(year)


ASKED, GIVEN = "lenders, asked", "lenders, given"
LOAN_TERMS = ReportTable(title="Terms of debt", columns=[text("term"), text("unit")])
"""A row a term, a column a lender; of lenders' own loan one as the case states it and one as it is given."""


PUBLIC_TERMS = {
    "debt_rate": "public_loan_rate",
    "debt_years": "debt_years",
    "grace_years": "grace_years",
}
"""Terms of lenders that a public loan has, and under which name."""
OF_LENDERS = (
    "debt_share",
    "overrun",
    "debt_rate",
    "debt_years",
    "grace_years",
    "upfront_fee",
    "commitment_fee",
    "guarantee_fee",
    "dscr",
    "dscr_low",
    "reserve_months",
)


def loan_terms(found: BusinessCase) -> ReportTable:
    """Terms that lenders ask by the case, those of the loan that they give, which a guarantee eases, and of a public loan."""
    stated, lent = found.terms, found.lent
    levels = lent.levels
    given: dict[str, Any] = {**guaranteed(levels), "debt_share": lent.returns.debt_share}
    has_public = bool(lent.flows.public.draws.any())
    rows = []
    for item in OF_LENDERS:
        row = {"term": ITEMS[item].meaning, "unit": ITEMS[item].unit}
        row[ASKED] = _in_unit(stated[item], stated[item].value)
        row[GIVEN] = _in_unit(stated[item], float(given[item]))
        if has_public:
            of_public = PUBLIC_TERMS.get(item)
            row[PUBLIC_LOAN] = (
                _in_unit(stated[of_public], float(levels[of_public])) if of_public else ""
            )
        rows.append(row)
    asked = nominal(np.asarray(stated["debt_rate"].value), levels)
    nominal_rates = {ASKED: asked, GIVEN: lent.flows.loan.rate, PUBLIC_LOAN: lent.flows.public.rate}
    row = {name: percent(float(rate)) for name, rate in nominal_rates.items()}
    rows.append(
        {"term": "interest, with the fee for a guarantee", "unit": "a year, nominal", **row}
    )
    lenders = [ASKED, GIVEN, PUBLIC_LOAN] if has_public else [ASKED, GIVEN]
    columns = [*LOAN_TERMS.columns, *map(figures, lenders)]
    title = _titled(LOAN_TERMS, found)
    return LOAN_TERMS.over(rows, columns=columns, title=title, note=say("terms"))


def _in_unit(term: FinanceTerm, level: float) -> str:
    """The level of a term as people read it: shares and rates in per cent."""
    return percent(level) if term.unit.startswith(("share", "a year")) else f"{level:g}"


DEBT_BY_YEAR = ReportTable(title="Debt by year", folded=True, sum_row="Sum", columns=[text("year")])
"""A row a year, four columns a loan."""


def by_year(found: BusinessCase) -> ReportTable:
    """Each loan by year: drawn, interest, paid, owed; and the cover of all senior debt."""
    sold = found.lent
    columns = list(DEBT_BY_YEAR.columns)
    lines: dict[str, Any] = {"year": [str(year) for year in found.investment.years]}
    for debt in sold.credit.debts:
        _add_lines(debt, columns, lines)
    is_used = pd.DataFrame(lines).drop(columns="year").abs().max(axis=1) > CENT
    columns.append(figures("cfads", "cash for debt (CFADS)", "MUSD", form=CENTS))
    lines["cfads"] = sold.flows.cfads.tolist()
    columns.append(figures("cover", "senior DSCR", "times", form=CENTS))
    lines["cover"] = [cover or None for cover in sold.flows.cover().round(2).tolist()]
    frame = pd.DataFrame(lines, dtype=object)
    note = say("by_year", told=found.told(sold))
    return DEBT_BY_YEAR.over(
        frame[is_used], columns=columns, title=_titled(DEBT_BY_YEAR, found), note=note
    )


def _add_lines(debt: DebtFigures, columns: list[Column], lines: dict[str, Any]) -> None:
    """The columns of one loan, and what stands in them."""
    amounts = {"drawn": debt.draws, "interest": debt.interest, "paid": debt.paid, "owed": debt.owed}
    for what, in_years in amounts.items():
        field = f"{debt.name}, {what}"
        is_flow = what != "owed"
        columns.append(figures(field, unit="MUSD", form=CENTS, summed=is_flow))
        lines[field] = in_years.tolist()


DOWNSIDES = ReportTable(
    title="Base case and downside",
    columns=[
        text("what", "case"),
        in_musd("npv", "NPV after tax"),
        in_musd("owners", "NPV of the owners"),
        in_musd("public", "public cost"),
        in_musd("called", "of it lost on guarantee and loan"),
        in_musd("stood_for", "owners called first, to completion"),
        text("leaves", "owners would leave after"),
        in_musd("until_then", "public cost until then"),
        figures("least", "least senior DSCR"),
        whole("short", "years in which it is below 1"),
    ],
)
"""A row a case."""


def downsides(found: BusinessCase, sold: Sold) -> ReportTable:
    """The base and cases worse than it, with the debt service of the base."""
    rows = []
    for one in sold.credit.downsides:
        rows.append(vars(one) | {"owners": round(one.owners, 6), "leaves": _year(one.leaves)})
    is_at_risk = any(one.called + one.stood_for > CENT for one in sold.credit.downsides)
    turning = [
        f"{found.terms[name].meaning} {number(level)}"
        for name, level in sold.credit.turning.items()
    ]
    note = say("downsides", told=found.told(sold), sold=sold, turning=turning)
    title = f"{DOWNSIDES.title}: {midway(found.told(sold))}"
    left_out = ["leaves", "until_then"] if sold.credit.debts else ["least", "short"]
    left_out += [] if is_at_risk else ["stood_for", "called"]
    return DOWNSIDES.over(rows, left_out, title=title, note=note)


COVER_BY_YEAR = ReportTable(
    title="Senior DSCR by year: base, adverse prices and cases below 1",
    folded=True,
    columns=[text("year")],
)
"""A row a year of debt service, a column a case."""


def cover_by_year(found: BusinessCase) -> list[Part]:
    """Senior DSCR of the base, at adverse prices and of each case in which it is below 1, by year; nothing where no service
    is due."""
    sold = found.lent
    base, *others = sold.credit.downsides
    cases = [base, *(one for one in others if one.short or one.what == ADVERSE)]
    frame = pd.DataFrame({one.what: one.by_year for one in cases})
    frame.insert(0, "year", list(map(str, found.investment.years)))
    columns = [*COVER_BY_YEAR.columns, *(figures(one.what, form=CENTS) for one in cases)]
    title, note = _titled(COVER_BY_YEAR, found), say("cover_by_year", told=found.told(sold))
    frame = frame[frame[base.what].notna()]
    return (
        [] if frame.empty else [COVER_BY_YEAR.over(frame, columns=columns, title=title, note=note)]
    )


OVERRUN_PAYERS = {
    "by_public": "the public (grant, tax credits on capital)",
    "drawn": "the overrun facility",
    "by_owners": "owners",
}
"""Part of an overrun of capital -> who pays it."""


def overrun_payers(held: Security) -> str:
    """Who pays an overrun of capital, in words."""
    parts = {who: getattr(held, part) for part, who in OVERRUN_PAYERS.items()}
    return listed([f"{number(musd)} by {who}" for who, musd in parts.items() if musd > CENT])


def public_rights(found: BusinessCase) -> Text:
    """What the public has for its money: cap, share of what is earned above the return asked, step-in and rank."""
    lines = say.lines(
        "public_rights",
        found=found,
        held=found.shown.credit.security,
        high=found.downside(HIGH_PRICES),
    )
    return Text(lines, title="What the public has for its money", listed=True)


NEVER = "never in these years"
"""Stands for the year in which a completion test that is not passed is."""


COVENANTS = ReportTable(
    title="Covenants, completion and security",
    columns=[
        text("what"),
        text("asked", "asked or agreed"),
        text("base", "in the base case"),
        text("worse", "where it goes worse"),
    ],
)
"""A row a test, or something that owners stand for or lenders hold."""


def covenants(found: BusinessCase) -> ReportTable:
    """Tests of a loan agreement, the completion test with what owners stand for until then, and what lenders hold."""
    sold, terms = found.lent, found.terms
    returns, held = sold.returns, sold.credit.security
    low = f"{number(returns.dscr_low)} at adverse prices ({terms['dscr_low'].value:g} asked then)"
    reserve = float(sold.flows.loan.reserve.max())
    rows = [
        ("least senior DSCR", number(found.cover_asked(sold)), number(returns.dscr), low),
        (
            "lock-up: DSCR of all debt",
            f"{terms['lock_up'].value:g}",
            f"owners are paid nothing in {count(held.locked, 'year')} of repayment",
            "",
        ),
        (
            "completion test: what every plant can make",
            f"{percent(terms['completion'].value)} of full output",
            f"passed in {held.completed or NEVER}",
            f"in {held.late or NEVER}, output late",
        ),
        (
            "debt that owners stand for until then, called before a guarantee",
            "all",
            f"{number(held.stood_for)} MUSD",
            "",
        ),
        (
            "overrun of capital",
            f"facility of {number(held.facility)} MUSD",
            "none",
            f"{number(held.overrun)} MUSD, capital dear: {overrun_payers(held)}",
        ),
        (
            "reserve account",
            f"{terms['reserve_months'].value:g} months of debt service",
            f"{number(reserve)} MUSD",
            "",
        ),
        (
            "plant, bills, stock and accounts at book value, over debt, at the least",
            "pledged",
            f"{number(held.cover)} of what is owed to lenders, {number(held.of_all)} of all debt",
            "",
        ),
        (
            "sales under contract while debt is owed",
            "",
            f"{percent(held.contracted)} of tonnes",
            "",
        ),
    ]
    note = say("covenants", told=found.told(sold))
    return COVENANTS.over(rows, title=_titled(COVENANTS, found), note=note)


def without_debt(found: BusinessCase) -> Text:
    """The sentence that stands in place of all tables of debt where nobody lends: what owners carry alone."""
    sold = found.lent
    held = sold.credit.security
    words = say(
        "no_debt",
        found=found,
        told=found.told(sold),
        held=held,
        never=NEVER,
        payers=overrun_payers(held),
        working=float(sold.flows.working.max()),
    )
    return Text([words])


def open_terms(found: BusinessCase) -> Text:
    """What a loan agreement settles and the case does not, with the terms to start from."""
    return Text(say.lines("open_terms", found=found), title="To be agreed", listed=True)


def of_debt(found: BusinessCase) -> list[Part]:
    """Tables of the chapter on debt, in order, but for the downside, which lives in the workbook."""
    if not found.lent.credit.debts:
        return [without_debt(found), open_terms(found)]
    tables = [table(found) for table in (loan_terms, loans, covenants, by_year)]
    return [*tables, *cover_by_year(found), open_terms(found)]
