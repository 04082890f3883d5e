"""Charts in the workbook of an investment case: they draw its rows, so they follow its inputs."""

from __future__ import annotations

import re
from typing import Any

from planner.finance.cashflow import CashFlows
from planner.reporting.charts import style
from planner.reporting.forms.formulas import FIRST, Cells
from planner.reporting.forms.live_book import LiveBook

SHEET = "Charts"
ROW = re.compile(r"'([^']+)'!\{now\}(\d+)")
"""A row of years, as others name it."""
HEADS_ROW = 1
"""Row of the years on a sheet whose columns are years, from 0."""
APART, WIDTH, HEIGHT = 20, 900, 360
"""Rows from one chart to the next, and size of a chart in pixels."""
COLUMN, LINE = "column", "line"


def draw(book: Any, live: LiveBook, flows: CashFlows, told: str) -> None:
    """Cash and debt service, sales and costs, and the cover by year, of one answer to what is sold. told: its title."""
    title = f"{told}: cash before debt and debt service, nominal MUSD"
    cash = _by_year(book, live, COLUMN, {"cash before debt": flows.after_tax}, title)
    service = _by_year(book, live, LINE, {"debt service": flows.loan.service})
    cash.combine(service)
    sales = {"sales": flows.sales, "running cost and feed": flows.costs, "capital": flows.capital}
    money = _by_year(book, live, COLUMN, sales, f"{told}: sales and costs, nominal MUSD")
    title = f"{told}: cover of debt service (DSCR)"
    cover = _by_year(book, live, COLUMN, {"DSCR": flows.cover()}, title)
    page = live.sheets[SHEET].page
    for place, chart in enumerate((cash, money, cover)):
        page.insert_chart(2 + APART * place, 0, chart)


def _by_year(book: Any, live: LiveBook, kind: str, rows: dict[str, Any], title: str = "") -> Any:
    """A chart of rows of years. rows: cells by name of the series."""
    chart = book.add_chart({"type": kind})
    last = FIRST + live.years - 1
    colours = [style.ACCENT, style.MISSING, style.MUTED]
    if kind == LINE:
        colours = [style.INK]
    for (name, cells), colour in zip(rows.items(), colours, strict=False):
        sheet, row = _place(cells)
        look = {"line": {"color": colour}} if kind == LINE else {"fill": {"color": colour}}
        chart.add_series(
            {
                "name": name,
                "categories": [sheet, HEADS_ROW, FIRST, HEADS_ROW, last],
                "values": [sheet, row, FIRST, row, last],
                **look,
            }
        )
    _dress(chart, title)
    chart.set_x_axis({"label_position": "low"})
    return chart


def _place(cells: Cells) -> tuple[str, int]:
    """Sheet and row, from 0, of cells that stand in a row of their own."""
    found = ROW.fullmatch(cells.text)
    if found is None:
        raise ValueError(f"{cells.text} is no row of years")
    return found[1], int(found[2]) - 1


def _dress(chart: Any, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": WIDTH, "height": HEIGHT})
