"""What stock is bought: by good, country and year."""

from __future__ import annotations

from itertools import groupby

import pandas as pd

from planner.reporting.parts import Chapter, DeclaredTable, ReportTable, amounts, in_musd, text
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import number, span
from planner.reporting.words.sentences import Passages
from planner.results.figures.money import STOCK, spent
from planner.results.figures.people_and_stock import purchases_by_year
from planner.results.figures.recommended import is_scheduled
from planner.results.plan import Plan

say = Passages("stock.j2")
GOOD = ["element", "form", "country"]


def chapter(plan: Plan) -> Chapter | None:
    """The schedule, or what is expected to be bought."""
    return Chapter.of("stock", "Stock", [schedule(plan)], lead=lead(plan))


def lead(plan: Plan) -> str:
    """Tonnes and money in all."""
    rows = purchases_by_year(plan)
    by_element = rows.groupby("element")["tonnes"].sum().sort_values(ascending=False)
    names = names_of(plan.case)
    goods = [
        f"{names.good(str(element), '')} {number(tonnes)} t"
        for element, tonnes in by_element.items()
    ]
    paid = sum(spent(plan, "item").get(item, 0.0) for item in STOCK)
    return say("lead", goods=goods, scheduled=is_scheduled(plan), paid=float(paid))


class Schedule(DeclaredTable):
    """A row a good and country."""

    source = "tables/purchases.csv, or tables/stocks.csv, weighted by probability: bought_t"
    sum_row = "All"
    stacked = True
    sheet = "stock"
    meaning = "stock that is bought, by good, country and year"

    element = text()
    form = text()
    country = text("held in")
    years = text("t a year")
    tonnes = amounts("in all", "t")
    musd = in_musd("price", summed=True)


def schedule(plan: Plan) -> ReportTable | None:
    """Purchases of each good and country, years of equal tonnes together."""
    rows = purchases_by_year(plan)
    if rows.empty:
        return None
    by_good = rows.groupby(GOOD, sort=False)
    frame = by_good[["tonnes", "musd"]].sum().reset_index()
    frame["years"] = [_in_words(of_good) for _, of_good in by_good]
    scheduled = is_scheduled(plan)
    return Schedule.over(
        names_of(plan.case).told(frame),
        title=say("title", scheduled=scheduled),
        note=say("note", scheduled=scheduled, first=int(rows["year"].min())),
    )


def _in_words(rows: pd.DataFrame) -> str:
    """'2027–2028: 19.0, 2030: 4.50': tonnes a year of one good, equal years that follow one another together."""
    years = list(zip(rows["year"].tolist(), map(number, rows["tonnes"]), strict=True))
    told = []
    # Years in a row have the same distance from their place.
    for (_, tonnes), run in groupby(enumerate(years), lambda at: (at[1][0] - at[0], at[1][1])):
        spell = [year for _, (year, _) in run]
        told.append(f"{span(spell[0], spell[-1])}: {tonnes}")
    return ", ".join(told)
