"""Who pays, for what: public money by year, funder and item, payments and budgets, the parts of the cost."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    figures,
    in_musd,
    text,
    total,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import ITEM_NAMES, names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import doing_nothing
from planner.results.figures.money import cost_parts, largest_first, of_whole_plants, spent
from planner.results.plan import Plan

say = Passages("money.j2")
MOST_KINDS = 8
OTHERS = "others"
SMALLEST_MUSD = 5e-4
SPENDING = table_rows("spending") + ": expected"
PARTS = {
    "capex": "Capital, public and private",
    "fixed_opex": "Fixed cost of new plants",
    "variable_opex": "Running cost, net of credits",
    "imports": "Imports",
    "training": ITEM_NAMES["training fees"],
    "seats": ITEM_NAMES["training seats"],
    "hires": ITEM_NAMES["hiring"],
    "stock_purchases": ITEM_NAMES["stock purchases"],
    "stock_holding": "Holding of stock",
    "targets": "Missed targets, at their price",
}
"""Names of the parts of the cost."""
COST = "tables/spending.csv: expected; summary.json: cost_musd, cost_parts_musd, public_spend_musd"


def chapter(plan: Plan) -> Chapter | None:
    """Charts by funder and by item, payments, cost."""
    parts = [spending(plan, "funder"), spending(plan, "item"), payers(plan), cost(plan)]
    return Chapter.of("money", "Who pays, for what", [*parts, spending_sheet(plan)], behind=True)


def _called(plan: Plan, by: str, kind: str) -> str:
    """The name of a funder or of an item of spending."""
    return (
        names_of(plan.case).party(kind)
        if by == "funder"
        else names_of(plan.case).items.get(kind, kind)
    )


def spending(plan: Plan, by: str) -> Chart | None:
    """Public money by year, by funder or by item; None if none is spent."""
    rows = spent(plan, "year", by).rename_axis(["year", "kind"]).reset_index(name="amount")
    total = float(rows["amount"].sum())
    if total <= 0:
        return None
    names = {kind: _called(plan, by, kind) for kind in _told_by_name(plan, by)}
    named = rows.assign(kind=rows["kind"].map(names).fillna(OTHERS))
    rows = named.groupby(["year", "kind"], as_index=False).sum()
    kinds = list(names.values())
    if OTHERS in set(rows["kind"]):
        kinds.append(OTHERS)
    bars = shapes.stacked_bars(
        rows,
        style.amounts("amount", "MUSD a year"),
        kinds=kinds,
        others=OTHERS,
        tips={"kind": "", "year": "year", "amount": "MUSD, expected"},
        source=SPENDING,
    )
    by_year = rows.groupby("year")["amount"].sum()
    peak, year = float(by_year.max()), by_year.idxmax()
    first = kinds[0]
    largest = float(rows.loc[rows["kind"] == first, "amount"].sum())
    title = say(f"by_{by}", total=total, peak=peak, year=year, first=first, largest=largest)
    caption = say("spending", total=total, given=sum(plan.case.budget.values()))
    spec = style.across(bars, 240)
    name = f"spending_by_{by}"
    return Chart(name=name, title=title, caption=caption, spec=spec, source=SPENDING)


def _told_by_name(plan: Plan, by: str) -> list[str]:
    """The funders that pay most, or items in their order; where they are many, one less than is drawn."""
    order = largest_first(plan, by)
    if by == "item":
        order = [item for item in names_of(plan.case).items if item in order]
    return order if len(order) <= MOST_KINDS else order[: MOST_KINDS - 1]


class Payers(DeclaredTable):
    """A row a funder."""

    title = "Who pays"
    source = "tables/payments.csv"
    sum_row = "All"
    sheet = "payments"
    meaning = "payments of each funder, what it may pay and has"

    funder = text()
    paid_musd = total("pays", "MUSD")
    least_musd = in_musd("at least")
    most_musd = in_musd("at most")
    budget_musd = total("budget", "MUSD")


def payers(plan: Plan) -> ReportTable | None:
    """Payments of each funder, what it may pay, and its budget."""
    rows = plan.tables["payments"].sort_values("paid_musd", ascending=False, kind="stable")
    if rows.empty:
        return None
    return Payers.over(
        names_of(plan.case).told(rows),
        note=say("payers", sharing=getattr(plan.case.model.policy, "cost_sharing", "even")),
    )


class Cost(DeclaredTable):
    """A row a part of the cost."""

    title = "From public money to the cost of the plan"
    source = COST
    sum_row = "All"
    sheet = "cost parts"
    meaning = "public money, and the cost of the plan by part; expected"

    part = text()
    public = in_musd("public money", summed=True)
    present = in_musd("present value", summed=True)


def cost(plan: Plan) -> ReportTable:
    """Public money and cost of the plan in one table: present values add up to the cost."""
    parts = cost_parts(plan)
    is_told = parts[["public", "present"]].max(axis="columns") >= SMALLEST_MUSD
    without, rate = doing_nothing(plan).get("cost"), plan.case.model.discount_rate
    return Cost.over(
        parts.assign(part=parts["part"].map(PARTS))[is_told],
        note=say("cost", rate=rate, without=without, found=of_whole_plants(plan)),
    )


def spending_sheet(plan: Plan) -> ReportTable:
    """Expected public money: one row per year; columns by funder, and the same by item."""
    columns = [whole("year", field="year")]
    frame = pd.DataFrame({"year": plan.years})
    for by, word in (("funder", "paid by"), ("item", "for")):
        wide = spent(plan, "year", by).unstack(fill_value=0).reindex(plan.years, fill_value=0.0)
        for kind in largest_first(plan, by):
            field = f"{by} {kind}"
            title = f"{word} {_called(plan, by, kind)}"
            frame[field] = wide[kind].to_numpy()
            columns.append(figures(title, "MUSD", field=field, summed=True))
    return ReportTable(
        title="Spending",
        columns=columns,
        frame=frame,
        on_page=False,
        sum_row="All",
        sheet="spending",
        meaning="expected public money by year, as paid: by funder, and the same money by item",
    )
