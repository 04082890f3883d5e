"""Tables of money and shortage: loss, who pays, from capital to cost, who is short, what binds, run facts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.reporting.values.decision import doing_nothing
from planner.reporting.values.page_parts import AMOUNT, PAGE, SHARE, SHEET, YEAR, Column, ReportTable, texts
from planner.reporting.values.plan import SMALLEST_MUSD, CostPart, cost_parts, pivot, spent
from planner.reporting.values.supply import balances, limits, missing, totals
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView, rows_of, summary_keys, table_rows
from planner.reporting.values.wording import NOTHING, amount, count, number, worded


def shortfalls(run: RunView) -> ReportTable:
    """Loss and shortfall by scenario, without the plan and with it."""
    rows = totals(run)
    elements = [
        e
        for e in run.elements
        if rows.loc[rows["element"] == e, ["tonnes", *([WITHOUT] if run.compared else [])]].to_numpy().sum() > 0
    ]
    short = rows.set_index(["scenario", "element"])
    before = run.without.get("scenario_loss_musd", {})

    def pair(w: str, e: str) -> str:
        after = amount(float(short["tonnes"].get((w, e), 0.0)))
        return f"{amount(float(short[WITHOUT].get((w, e), 0.0)))} → {after}" if run.compared else after

    losses, told = run.summary["scenario_loss_musd"], any(run.names.stories.values())
    cells = [
        [
            *(run.names.scenario(w), run.weights.get(w)),
            *([before[w]] if before else []),
            *(losses[w], *(pair(w, e) for e in elements)),
            *([run.names.stories.get(w, "")] if told else []),
        ]
        for w in run.by_loss
    ]
    columns = [
        *texts("future"),
        Column("probability", form=SHARE, summed=True),
        *([Column("loss without a plan", "MUSD")] if before else []),
        Column("loss with the plan", "MUSD"),
        *(Column(run.names.element(e), "t short", only=PAGE) for e in elements),
        *(texts("what happens", only=SHEET) if told else []),
    ]
    return ReportTable(
        "Loss and shortfall by future",
        columns,
        cells,
        total="All",
        folded=True,
        note=worded("tables.j2", "losses", compared=run.compared),
        source=f"{summary_keys('scenario_loss_musd', 'without_plan')}; {table_rows('shortfall')}",
        sheet="loss by future",
        meaning="what each future costs the users",
    )


def stories(run: RunView) -> ReportTable | None:
    """What happens in each future, where its name says it behind a colon."""
    rows = [[run.names.scenario(w), run.names.stories[w]] for w in run.by_loss if run.names.stories.get(w)]
    columns = texts("future", "what happens, and the share of trade or output that is left")
    return ReportTable("What happens in each future", columns, rows, folded=True) if rows else None


def payers(run: RunView) -> ReportTable | None:
    """What each funder pays and may pay, and its budget."""
    rows = run.tables["payments"]
    if rows.empty:
        return None
    cells = [
        [run.names.party(r.funder), r.paid_musd, r.least_musd, r.most_musd, r.budget_musd]
        for r in rows_of(rows.sort_values("paid_musd", ascending=False, kind="stable"))
    ]
    return ReportTable(
        "Who pays",
        [
            *texts("funder"),
            Column("pays", "MUSD", form=AMOUNT, summed=True),
            Column("at least", "MUSD", form=AMOUNT),
            Column("at most", "MUSD", form=AMOUNT),
            Column("budget", "MUSD", form=AMOUNT, summed=True),
        ],
        cells,
        total="All",
        note=worded("tables.j2", "payers"),
        source=table_rows("payments"),
        sheet="payments",
        meaning="what each funder pays, may pay and has",
    )


def scarce(run: RunView) -> ReportTable | None:
    """What one more unit of each scarce thing is worth."""
    found = limits(run)
    if not found:
        return None
    cells, marks, last = [], [], ""
    for limit in found:
        if limit.kind != last:
            cells.append([limit.kind, "", "", ""])
            marks.append("group")
            last = limit.kind
        often = NOTHING if limit.year is None else count(limit.years_binding, "year")
        cells.append([limit.words, number(limit.musd), limit.unit, often])
        marks.append("")
    return ReportTable(
        "What one more unit would be worth",
        [*texts("in words"), Column("worth"), *texts("unit"), Column("worth something in")],
        cells,
        marks=marks,
        note=worded("tables.j2", "scarce"),
        source=table_rows("shadow_prices") + ": musd_per_unit",
    )


def cost(run: RunView) -> ReportTable:
    """Capital, public money and cost of the plan in one table: present values add up to the cost."""
    parts = [part for part in cost_parts(run) if part.public + part.others >= SMALLEST_MUSD]
    return ReportTable(
        "From capital and public money to the cost of the plan",
        [
            *texts("part"),
            Column("public money", "MUSD", summed=True),
            Column("paid by others", "MUSD", summed=True),
            Column("together", "MUSD", only=PAGE, summed=True),
            Column("less for being later", "MUSD", only=PAGE, summed=True),
            Column("present value", "MUSD", summed=True),
        ],
        [*map(_row, parts)],
        total="All",
        note=worded("tables.j2", "cost", rate=run.case.model.discount_rate, without=doing_nothing(run).get("cost")),
        source=f"{table_rows('spending')}: expected; {table_rows('investments')}: capex_musd, tpa; "
        f"{table_rows('capacity', EXPECTED)}: throughput_t; {table_rows('stocks', EXPECTED)}: stock_t; "
        f"{summary_keys('cost_musd', 'public_spend_musd')}",
        sheet="cost parts",
        meaning="from capital and public money to the cost; expected",
    )


def _row(part: CostPart) -> list[str | float]:
    both = part.public + part.others
    return [part.name, part.public, part.others, both, part.present - both, part.present]


def balance_sheet(run: RunView) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = balances(run).sort_values("element", key=lambda ids: ids.map(run.elements.index), kind="stable")
    named = {"demand": "demand", "met": "met with the plan", "met_without": "met without a plan"}
    shown = [column for column in named if column in rows]
    cells = zip(rows["element"].map(run.names.element), rows["year"], *(rows[c] for c in shown), strict=True)
    return ReportTable(
        "Supply and demand",
        [*texts("element"), Column("year", form=YEAR), *(Column(named[column], "t", summed=True) for column in shown)],
        list(cells),
        total="All",
        sheet="supply and demand",
        meaning="expected demand and what is met of it, by element and year",
    )


def spending_sheet(run: RunView) -> ReportTable:
    """Expected public money: one row per year; columns by funder, the same by item, and by funder and place."""
    columns, values = [Column("year", form=YEAR)], list[list[list[float]]]()
    for by, word in (("funder", "paid by"), ("item", "for"), ("place", "of")):
        rows = spent(run, by)
        table: pd.DataFrame = pivot(rows, run.years).T if len(rows) else pd.DataFrame(index=run.years)
        columns += [Column(f"{word} {kind}", "MUSD", summed=True) for kind in table.columns]
        values.append(table.reindex(run.years, fill_value=0.0).to_numpy().tolist())
    cells: list[list[Any]] = [[y, *(v for of in values for v in of[at])] for at, y in enumerate(run.years)]
    return ReportTable(
        "Spending",
        columns,
        cells,
        total="All",
        sheet="spending",
        meaning="expected public money by year, as paid: by funder, the same money by item, and by funder and place",
    )


def short_sheet(run: RunView) -> ReportTable:
    """Who is short of what, and when, with the plan: expected."""
    names = run.names
    return ReportTable(
        "Who is short",
        [
            *texts("country", "element", "form"),
            Column("year", form=YEAR),
            *(
                Column(f"{what}, expected", unit, summed=what != "demand")
                for what, unit in (("short", "t"), ("demand", "t"), ("loss", "MUSD"))
            ),
        ],
        [
            [names.country(r.country), names.element(r.element), r.form, r.year, r.tonnes, r.demand_t, r.musd]
            for r in rows_of(missing(run, EXPECTED))
        ],
        total="All",
        sheet="who is short",
        meaning="expected shortfall with the plan by country, element, form and year",
    )
