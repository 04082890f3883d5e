"""What to fund first: everything that is begun, in the order of the years, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.reporting.values.names import midway
from planner.reporting.values.numbers import NOTHING, count, listed, number
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.reporting.values.plants import decisions, everywhere, expected_sum
from planner.reporting.values.provenance import table_rows
from planner.reporting.values.view import EXPECTED, RunView

PEOPLE = ("training fees", "training seats", "hiring")
STOCK = "stock purchases"
SMALLEST_MUSD = 0.05
MOST_YEARS, MOST_PLANTS = 3, 4


def first_words(run: RunView) -> str:
    """What is begun in each of the first years: stock, plants, people; then the rest, and the first output. Of the
    plants those come first that every good plan contains."""
    rows = decisions(run)
    stock, people = spent_by_year(run, (STOCK,)), spent_by_year(run, PEOPLE)
    begun = sorted({*(int(y) for y in rows["year"]), *stock, *people})
    if not begun:
        return "Nothing is worth funding under these data and choices: no new plant, no stock, no training."
    text = "" if len(rows) else "No new plant is worth funding under these data and choices. "
    parts = [_in_year(run, year, stock, people) for year in begun[:MOST_YEARS]]
    text += " ".join(parts) + _later(run, begun[MOST_YEARS:], stock, people)
    if len(rows):
        if rows["year"].nunique() > 1:
            many = count(rows["project"].nunique(), "project")
            text += f" In all: {many} for {number(expected_sum(rows, 'capex_musd'))} MUSD of capital."
        text += f" First output from any new plant comes in {int(rows['first_output'].min())}."
        if not everywhere(rows):
            text += " Some commitments are made only if a disruption has shown itself; amounts are then expected ones."
    return text


def begun_by_year(run: RunView) -> ReportTable | None:
    """What is begun in each year: projects and their capital, stock, people."""
    rows = decisions(run)
    stock, people = spent_by_year(run, (STOCK,)), spent_by_year(run, PEOPLE)
    years = sorted({*(int(y) for y in rows["year"]), *stock, *people})
    if not years:
        return None
    must, cells = musts(run), []
    for year in years:
        start = rows[rows["year"] == year].sort_values(["capex_musd", "project"], ascending=[False, True])
        cells.append(
            [
                str(year),
                str(start["project"].nunique()),
                number(expected_sum(start, "capex_musd")),
                number(stock.get(year, 0.0)),
                _bought(run, year) or NOTHING,
                number(people.get(year, 0.0)),
                *([number(expected_sum(start[start["project"].isin(must)], "capex_musd"))] if must else []),
                "; ".join(map(run.names.placed, start["project"].drop_duplicates().head(MOST_PLANTS))) or NOTHING,
            ]
        )
    sums = [expected_sum(rows, "capex_musd"), sum(stock.values()), sum(people.values())]
    capital, in_stock, in_people = map(number, sums)
    sure = [number(expected_sum(rows[rows["project"].isin(must)], "capex_musd"))] if must else []
    total = ["All", str(rows["project"].nunique()), capital, in_stock, "", in_people, *sure, ""]
    return ReportTable(
        "What is begun, year by year",
        [
            *texts("year"),
            Column("projects"),
            Column("their capital", "MUSD"),
            Column("stock", "MUSD"),
            *texts("stock bought"),
            Column("training and hiring", "MUSD"),
            *([Column("projects in every good plan", "MUSD of capital")] if must else []),
            *texts("the largest projects"),
        ],
        [*cells, total],
        marks=[*("" for _ in cells), "total"],
        note="Expected over the scenarios, not discounted. Capital: all of it, public and private, in the year of "
        f"commitment. Less than {SMALLEST_MUSD:g} MUSD of stock or people in a year is left out. A project that grows "
        "in several years counts in each.",
        source=f"{table_rows('investments')}: year, capex_musd; {table_rows('spending')}: expected, by item and year; "
        f"{table_rows('stocks', EXPECTED)}: bought_t",
    )


def spent_by_year(run: RunView, items: tuple[str, ...]) -> dict[int, float]:
    """Expected public money (MUSD) for some items by year, where it would be printed as anything."""
    rows = run.tables["spending"]
    sums = rows[rows["item"].isin(items)].groupby("year")["expected"].sum()
    return {int(str(year)): float(musd) for year, musd in sums.items() if musd >= SMALLEST_MUSD}


def _in_year(run: RunView, year: int, stock: Mapping[int, float], people: Mapping[int, float]) -> str:
    parts = []
    if year in stock:
        bought = _bought(run, year)
        parts.append(f"stock for {number(stock[year])} MUSD" + (f" ({bought})" if bought else ""))
    rows = decisions(run)
    start = rows[rows["year"] == year].sort_values(["capex_musd", "project"], ascending=[False, True])
    must = start["project"].isin(musts(run))
    if must.any():
        named = [run.names.placed(p) for p in start[must]["project"].drop_duplicates()]
        parts.append(
            f"{count(len(named), 'project')} that every good plan contains, for "
            f"{number(expected_sum(start[must], 'capex_musd'))} MUSD of capital ({'; '.join(named)})"
        )
    if not must.all():
        parts.append(_others(run, start[~must], bool(must.any())))
    if year in people:
        parts.append(f"training and hiring for {number(people[year])} MUSD")
    return f"In {year}: {listed(parts)}."


def musts(run: RunView) -> set[str]:
    """Projects that every good plan contains; empty if that was not asked."""
    ranges = run.found.alternatives.ranges if run.found is not None else []
    return {r.key for r in ranges if r.kind == "project" and r.word == "must"}


def _others(run: RunView, start: pd.DataFrame, further: bool) -> str:
    """The projects begun in a year, `further` ones if some were told before; the largest by name."""
    largest = [run.names.placed(p) for p in start["project"].drop_duplicates().head(MOST_PLANTS)]
    many = start["project"].nunique()
    return (
        f"{count(many, 'further project' if further else 'project')} for "
        f"{number(expected_sum(start, 'capex_musd'))} MUSD of capital "
        f"({'the largest: ' if many > len(largest) else ''}{'; '.join(largest)})"
    )


def _bought(run: RunView, year: int) -> str:
    rows = run.tables["stocks"]
    sums = run.expected(rows[rows["year"] == year], ["element"], ["bought_t"])
    tonnes = {e: float(t) for e, t in zip(sums["element"], sums["bought_t"], strict=True) if t >= SMALLEST_MUSD}
    return ", ".join(f"{number(tonnes[e])} t of {midway(run.names.element(e))}" for e in run.elements if e in tonnes)


def _later(run: RunView, years: list[int], stock: Mapping[int, float], people: Mapping[int, float]) -> str:
    if not years:
        return ""
    rows = decisions(run)
    rows = rows[rows["year"].isin(years)]
    parts = []
    if len(rows):
        amount = number(expected_sum(rows, "capex_musd"))
        parts.append(f"{count(rows['project'].nunique(), 'project')} for {amount} MUSD of capital")
    for words, spent in (("stock", stock), ("training and hiring", people)):
        if musd := sum(spent.get(year, 0.0) for year in years):
            parts.append(f"{words} for {number(musd)} MUSD")
    span = f"In {years[0]}" if len(years) == 1 else f"From {years[0]} to {years[-1]}"
    return f" {span}: {listed(parts)}." if parts else ""
