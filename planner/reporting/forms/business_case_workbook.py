"""project-P.xlsx: the flows of an investment case with live formulas, so that a reader can change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xlsxwriter

from planner.data.case import Case
from planner.reporting.forms.workbook import MADE, OPTIONS
from planner.reporting.values.wording import Names
from planner.results.business_case import CONVENTIONS, BusinessCase

FIRST = 8
"""Row of the first year, counted from 0."""


def write_business_case(found: BusinessCase, case: Case, path: Path) -> None:
    """Write the workbook: rate and sums on top, one row per year, NPV and IRR as formulas with their values."""
    names = Names(case)
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.set_properties({"title": names.project(found.project), "created": MADE})
        page = book.add_worksheet("flows")
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.000"})
        share = book.add_format({"num_format": "0.0%"})
        heads = [
            "year",
            "capacity in use (t)",
            "capital (MUSD)",
            "fixed cost (MUSD)",
            "variable cost (MUSD)",
            "feed (MUSD)",
            *(f"{names.element(e)} sold (MUSD)" for e in found.flows.revenue),
            "net (MUSD)",
            "net of the investor (MUSD)",
        ]
        page.set_column(0, len(heads) - 1, 16)
        page.write_string(0, 0, names.project(found.project), bold)
        _rows(page, found, heads, money)
        last, net, own = FIRST + len(found.flows.years), _column(len(heads) - 2), _column(len(heads) - 1)
        figures = (
            ("rate", found.deck.rate, None, share),
            ("public share of capital", found.public_share, None, share),
            ("NPV (MUSD)", found.whole.npv, f"=NPV(B2,{net}{FIRST + 1}:{net}{last})", money),
            ("NPV of the investor (MUSD)", found.investor.npv, f"=NPV(B2,{own}{FIRST + 1}:{own}{last})", money),
            ("IRR", found.whole.irr, f"=IRR({net}{FIRST + 1}:{net}{last})", share),
        )
        for row, (what, value, formula, form) in enumerate(figures, start=1):
            page.write_string(row, 0, what)
            if formula and value is not None:
                page.write_formula(row, 1, formula, form, value)
            elif value is not None:
                page.write_number(row, 1, value, form)
        notes = book.add_worksheet("conventions")
        notes.set_column(0, 0, 120)
        for row, text in enumerate(CONVENTIONS):
            notes.write_string(row, 0, text)


def _rows(page: Any, found: BusinessCase, heads: list[str], money: Any) -> None:
    f = found.flows
    for place, head in enumerate(heads):
        page.write_string(FIRST - 1, place, head)
    net, own, sold = len(heads) - 2, len(heads) - 1, f"G{{0}}:{_column(len(heads) - 3)}{{0}}"
    for i, (whole, investor) in enumerate(zip(f.net(), f.net(found.public_share), strict=True)):
        row = FIRST + i
        page.write_number(row, 0, f.years[i])
        for place, values in enumerate(
            (f.usable_t, f.capex, f.fixed, f.variable, f.feed_cost, *f.revenue.values()), start=1
        ):
            page.write_number(row, place, values[i], money)
        sales = f"SUM({sold.format(row + 1)})" if f.revenue else "0"
        costs = f"D{row + 1}-E{row + 1}-F{row + 1}"
        page.write_formula(row, net, f"={sales}-C{row + 1}-{costs}", money, whole)
        page.write_formula(row, own, f"={sales}-(1-$B$3)*C{row + 1}-{costs}", money, investor)


def _column(place: int) -> str:
    return str(xlsxwriter.utility.xl_col_to_name(place))
