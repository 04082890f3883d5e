"""Charts of an investment case with their sentences: cash, unsure terms, public cost."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import investment as charts
from planner.reporting.charts import shapes, style
from planner.reporting.parts import Chart, told_chart
from planner.reporting.words.numbers import number
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase, Sold

say = Passages("investment_charts.j2")
TEN = 10
SOURCE = "computed by the planner; each term with its source: project-*.xlsx"


def cash(found: BusinessCase, sold: Sold) -> Chart:
    """Cash flow before debt, grant included, and senior debt service by year, of a case."""
    flows, years = sold.flows, found.years_of_money(sold)
    by_year = {"year": years, "cash": flows.after_tax, "service": flows.loan.senior}
    frame = pd.DataFrame({name: list(row)[: len(years)] for name, row in by_year.items()})
    return told_chart(
        say,
        "cash",
        charts.cash(frame, SOURCE),
        SOURCE,
        name="cash" if sold is found.shown else "cash_with_debt",
        told=found.told(sold),
        least=frame["cash"].min(),
        most=frame["cash"].max(),
    )


LOOK = {"low": style.PLAIN, "high": style.ACCENT}
TERM_TIPS = {
    "term": "term",
    "end": "",
    "setting": "value",
    "npv": "NPV after tax, MUSD",
    "from_source": "range from",
}


def terms(found: BusinessCase) -> Chart:
    """The ten terms that move the NPV most, with their ends and sources."""
    swings, centre = found.swings[:TEN], found.shown.returns.npv_after_tax
    rows = []
    for swing in swings:
        term = swing.term
        told = {"term": term.meaning, "from_source": term.source or "judged"}
        low = {"end": "low", "setting": number(term.low), "npv": swing.npv_low}
        high = {"end": "high", "setting": number(term.high), "npv": swing.npv_high}
        rows += [told | low, told | high]
    spec = shapes.around(
        pd.DataFrame(rows).assign(centre=centre),
        style.across_amounts("centre", "NPV after tax, MUSD"),
        "npv",
        row="term",
        look=LOOK,
        tips=TERM_TIPS,
        source=SOURCE,
    )
    return told_chart(
        say, "terms", spec, SOURCE, first=swings[0], told=found.told(found.shown), centre=centre
    )


def returns(found: BusinessCase) -> list[Chart]:
    """Public cost of the support against the return of the owners; nothing where none is needed or suffices, or the return
    hardly matters."""
    if found.package is None or found.package.is_flat:
        return []
    rows = []
    for rate, cost in found.package.returns.items():
        if cost is not None:
            rows.append({"rate": rate, "cost": cost})
    if not rows:
        return []
    frame = pd.DataFrame(rows)
    drawn = told_chart(
        say,
        "returns",
        charts.returns(frame, found.terms["equity_rate"].value, SOURCE),
        SOURCE,
        name="cost_by_return",
        first=rows[0],
        last=rows[-1],
    )
    return [drawn]
