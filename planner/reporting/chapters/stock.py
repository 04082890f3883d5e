"""What stock is bought: by good, country and year."""

from __future__ import annotations

from itertools import groupby

import pandas as pd

from planner.data.lookups import RARE_EARTHS
from planner.reporting.parts import Chapter, ReportTable, Text, amounts, in_musd, text
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import SLIGHT, money_by_name, number, span
from planner.reporting.words.sentences import Passages
from planner.results.figures.money import public_parts
from planner.results.figures.people_and_stock import purchases_by_year, use_of_stock
from planner.results.figures.recommended import is_scheduled
from planner.results.figures.sums import costliest_first
from planner.results.figures.unmet import unmet_by_element
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("stock.j2")
GOOD = ["element", "form", "country"]
LITTLE = 0.2
"""Part of what is released below which little of it meets a shortage."""


def chapter(plan: Plan) -> Chapter | None:
    """The schedule, or what is expected to be bought."""
    return Chapter.of("stock", "Stock", [by_element(plan), schedule(plan)], lead=lead(plan))


def lead(plan: Plan) -> str:
    """Tonnes and money in all."""
    paid = public_parts(plan).stock
    return say(
        "lead",
        bought=not purchases_by_year(plan).empty,
        contained=counts_contained(plan),
        scheduled=scheduled_musd(plan),
        paid=paid,
    )


def goods(plan: Plan) -> str:
    """Goods and tonnes, the most first, what they cost, where they are held, and of which elements little meets a shortage;
    '' where none is bought."""
    rows = purchases_by_year(plan)
    by_good = rows.groupby(["element", "form"])["tonnes"].sum().sort_values(ascending=False)
    tonnes = []
    for row in rows_of(by_good.reset_index()):
        good = names_of(plan.case).good(row.element, row.form)
        tonnes.append(f"{good} {number(row.tonnes)} t")
    held = rows.groupby("country")["musd"].sum().sort_values(ascending=False)
    return say(
        "goods",
        tonnes=tonnes,
        scheduled=is_scheduled(plan),
        years=sorted(set(rows["year"])),
        held=money_by_name(held.rename(names_of(plan.case).country)),
        cost=float(held.sum()),
        paid=public_parts(plan).stock,
        spare=[midway(names_of(plan.case).element(element)) for element in _spare(plan)],
    )


def _spare(plan: Plan) -> list[str]:
    """Elements of whose stock little is released where it can meet a shortage."""
    use = use_of_stock(plan)
    return use.index[use["needed"] < LITTLE * use["released"]].tolist()


def bought(plan: Plan) -> Text | None:
    """Goods and tonnes under a title; None where none is bought."""
    told = goods(plan)
    return Text([told], title="Stock") if told else None


def counts_contained(plan: Plan) -> bool:
    """Metal or magnets are bought whose tonnes are of the oxide that they contain."""
    forms = set(purchases_by_year(plan)["form"])
    return plan.case.commodity == RARE_EARTHS and not forms.isdisjoint(("metal", "magnet"))


def scheduled_musd(plan: Plan) -> float:
    """The cost of the schedule if every delivery comes (MUSD, not discounted); 0 without a schedule."""
    return float(purchases_by_year(plan)["musd"].sum()) if is_scheduled(plan) else 0.0


SCHEDULE = ReportTable(
    source="tables/purchases.csv, or tables/stocks.csv, weighted by probability: bought_t",
    sum_row="All",
    sheet="stock",
    meaning="stock that is bought, by good, country and year",
    columns=[
        text("element"),
        text("form"),
        text("country", "held in"),
        text("years", "t a year"),
        amounts("tonnes", "in all", "t"),
        in_musd("musd", "cost", summed=True),
    ],
)
"""A row a good and country."""


def schedule(plan: Plan) -> ReportTable | None:
    """Purchases of each good and country, years of equal tonnes together."""
    rows = purchases_by_year(plan)
    if rows.empty:
        return None
    by_good = rows.groupby(GOOD, sort=False)
    frame = by_good[["tonnes", "musd"]].sum().reset_index()
    frame["years"] = [_in_words(of_good) for _, of_good in by_good]
    scheduled = is_scheduled(plan)
    return SCHEDULE.over(
        names_of(plan.case).told(frame),
        title="Schedule of purchases" if scheduled else "Purchases, expected over the scenarios",
        note=say("note", scheduled=scheduled, first=int(rows["year"].min())),
    )


def by_element(plan: Plan) -> Text | None:
    """A sentence an element: the use of its stock, or that it stays short and none of it is bought; None where there is
    nothing to tell."""
    use = use_of_stock(plan)
    stored = {element for _, element, _ in plan.case.lookups.stockpiles}
    names, told = names_of(plan.case), []
    for row in rows_of(costliest_first(plan, unmet_by_element(plan).reset_index())):
        name = names.element(row.element)
        if row.element in use.index:
            of = use.loc[row.element]
            told.append(say("used", name=name, of=of, rare=names.scenario(of["scenario"])))
        elif row.tonnes > SLIGHT:
            told.append(say("unstocked", name=name, stored=row.element in stored))
    return Text(told, source=SCHEDULE.source) if told else None


def _in_words(rows: pd.DataFrame) -> str:
    """'2027–2028: 19.0, 2030: 4.50': tonnes a year of one good, equal years that follow one another together."""
    years = list(zip(rows["year"].tolist(), map(number, rows["tonnes"]), strict=True))
    told = []
    # Years in a row have the same distance from their place.
    for (_, tonnes), run in groupby(enumerate(years), lambda at: (at[1][0] - at[0], at[1][1])):
        spell = [year for _, (year, _) in run]
        told.append(f"{span(spell[0], spell[-1])}: {tonnes}")
    return ", ".join(told)
