"""Who pays, for what: public money by year, funder and item, payments and budgets, the parts of the cost."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import funding as charts
from planner.reporting.parts import (
    PAGE,
    YEAR,
    Chapter,
    Chart,
    Column,
    Part,
    ReportTable,
    figures,
    text,
    total,
)
from planner.reporting.run_view import RunView, table_rows
from planner.reporting.words.names import ITEM_NAMES
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import doing_nothing
from planner.results.figures.money import (
    FIXED,
    HELD,
    IMPORTS,
    NEW,
    OLD,
    TARGETS,
    cost_parts,
    largest_first,
    spent,
)

say = Passages("money.j2")
MOST_KINDS = 8
OTHERS = "others"
SMALLEST_MUSD = 5e-4
SPENDING = table_rows("spending") + ": expected"
PARTS = {
    **{item: f"Capital: {name.lower()}" for item, name in ITEM_NAMES.items() if "capex" in item},
    **{item: name for item, name in ITEM_NAMES.items() if "capex" not in item},
    FIXED: "Fixed cost of new plants",
    NEW: "Running of new capacity",
    OLD: "Running of existing capacity",
    IMPORTS: "Imports",
    HELD: "Holding of stock",
    TARGETS: "Missed targets, at their price",
}
"""Names of the parts of the cost."""
COST = (
    "tables/spending.csv: expected; tables/investments.csv: capex_musd, tpa; "
    "tables/capacity.csv, weighted by probability: throughput_t; tables/stocks.csv, weighted by probability: stock_t; "
    "summary.json: cost_musd, cost_parts_musd, public_spend_musd"
)


def chapter(run: RunView) -> Chapter | None:
    """Charts by funder and by item, payments, cost."""
    parts: list[Part | None] = [
        spending(run, "funder"),
        spending(run, "item"),
        payers(run),
        cost(run),
        spending_sheet(run),
    ]
    kept = [part for part in parts if part is not None]
    return Chapter(anchor="money", title="Who pays, for what", parts=kept, behind=True)


def spending(run: RunView, by: str) -> Chart | None:
    """Public money by year, by funder or by item; None if none is spent."""
    rows = spent(run, by)
    if rows["amount"].sum() <= 0:
        return None
    name = run.names.party if by == "funder" else lambda item: ITEM_NAMES.get(item, item)
    order = largest_first(rows)
    if by == "item":
        order = [item for item in ITEM_NAMES if item in order]
    kept = order if len(order) <= MOST_KINDS else order[: MOST_KINDS - 1]
    kinds = {kind: name(kind) if kind in kept else OTHERS for kind in rows["kind"].unique()}
    rows = rows.assign(kind=rows["kind"].map(kinds))
    rows = rows.groupby(["year", "kind"], as_index=False).sum()
    told = [str(name(kind)) for kind in kept] + ([OTHERS] if OTHERS in set(rows["kind"]) else [])
    years = rows.groupby("year")["amount"].sum()
    values = {
        "total": float(years.sum()),
        "given": sum(run.case.budget.values()),
        "peak": float(years.max()),
        "year": int(str(years.idxmax())),
        "first": told[0],
        "largest": float(rows.loc[rows["kind"] == told[0], "amount"].sum()),
    }
    return Chart(
        name=f"spending_by_{by}",
        title=say(f"by_{by}", **values),
        caption=say("spending", **values),
        spec=charts.spending(rows, told, OTHERS, SPENDING),
        source=SPENDING,
    )


def payers(run: RunView) -> ReportTable | None:
    """Payments of each funder, what it may pay, and its budget."""
    rows = run.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    if rows.empty:
        return None
    return ReportTable(
        title="Who pays",
        columns=[
            text("funder"),
            total("paid_musd", "pays", "MUSD"),
            figures("least_musd", "at least", "MUSD"),
            figures("most_musd", "at most", "MUSD"),
            total("budget_musd", "budget", "MUSD"),
        ],
        frame=rows.assign(funder=rows["funder"].map(run.names.party)),
        note=say("payers", sharing=getattr(run.case.model.policy, "cost_sharing", "even")),
        source="tables/payments.csv",
        sum_row="All",
        sheet="payments",
        meaning="payments of each funder, what it may pay and has",
    )


def cost(run: RunView) -> ReportTable:
    """Capital, public money and cost of the plan in one table: present values add up to the cost."""
    parts = cost_parts(run)
    parts = parts.assign(both=parts["public"] + parts["others"])
    parts = parts[
        (parts["both"].fillna(0.0) >= SMALLEST_MUSD) | (parts["present"] >= SMALLEST_MUSD)
    ]
    parts = parts.assign(
        discounting=parts["present"] - parts["both"], part=parts["part"].map(PARTS)
    )
    model, without = run.case.model, doing_nothing(run).get("cost")
    return ReportTable(
        title="From capital and public money to the cost of the plan",
        columns=[
            text("part"),
            figures("public", "public money", "MUSD", summed=True),
            figures("others", "paid by others", "MUSD", summed=True),
            figures("both", "together", "MUSD", summed=True, only=PAGE),
            figures("discounting", "discounting", "MUSD", summed=True, only=PAGE),
            figures("present", "present value", "MUSD", summed=True),
        ],
        frame=parts,
        note=say("cost", rate=model.discount_rate, without=without),
        source=COST,
        sum_row="All",
        sheet="cost parts",
        meaning="from capital and public money to the cost; expected",
    )


def spending_sheet(run: RunView) -> ReportTable:
    """Expected public money: one row per year; columns by funder, and the same by item."""
    columns = [Column(field="year", title="year", form=YEAR)]
    frame = pd.DataFrame({"year": run.years})
    for by, word in (("funder", "paid by"), ("item", "for")):
        rows = spent(run, by)
        wide = rows.pivot_table("amount", "year", "kind", "sum", fill_value=0.0)
        for kind in largest_first(rows):
            name = run.names.party(kind) if by == "funder" else ITEM_NAMES.get(kind, kind)
            field = f"{by} {kind}"
            frame[field] = wide[kind].reindex(run.years, fill_value=0.0).to_numpy()
            columns.append(figures(field, f"{word} {name}", "MUSD", summed=True))
    return ReportTable(
        title="Spending",
        columns=columns,
        frame=frame,
        on_page=False,
        sum_row="All",
        sheet="spending",
        meaning="expected public money by year, as paid: by funder, and the same money by item",
    )
