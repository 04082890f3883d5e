"""Who pays, for what: the way from the capital to the cost of the plan, payers and what they gain, spending by year."""

from __future__ import annotations

import pandas as pd

from planner.reporting.chapters import sharing
from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    Text,
    changed,
    figures,
    in_musd,
    text,
    total,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import doing_nothing, public_money, share_rows
from planner.results.figures.money import (
    Step,
    bridge,
    by_party,
    largest_first,
    of_whole_plants,
    spent,
)
from planner.results.figures.recommended import cost_beyond
from planner.results.plan import Plan

say = Passages("money.j2")
MOST_KINDS = 8
OTHERS = "others"
SMALLEST_MUSD = 5e-4
SPENDING = table_rows("spending") + ": expected"


def chapter(plan: Plan) -> Chapter | None:
    """The bridge, payers, the owners' part, spending by year."""
    parts = [
        bridge_table(plan),
        payers(plan),
        sharing.table(plan),
        Text([say("owners", steps=_steps(plan))], title=say("owners_title")),
        spending(plan),
        spending_sheet(plan),
    ]
    return Chapter.of("money", "Money", parts, lead=say("lead", money=public_money(plan)))


def _steps(plan: Plan) -> dict[str, Step]:
    """The steps by their keys, to the cost that the page leads with."""
    without = doing_nothing(plan).get("cost")
    steps = {step.key: step for step in bridge(plan, without)}
    fresh = cost_beyond(plan, without)
    if fresh is not None and fresh != steps["beyond"].musd:
        steps["policy_stock"] = Step("policy_stock", fresh - steps["beyond"].musd)
        steps["fresh"] = Step("fresh", fresh, is_sum=True)
    return steps


class Bridge(DeclaredTable):
    """A row a step."""

    title = "From the capital to the cost of the plan"
    source = "tables/investments.csv; tables/spending.csv: expected; summary.json: cost_musd, cost_parts_musd, without_plan"
    sheet = "cost"
    meaning = "from the capital of what is built to public money and to the cost of the plan"

    step = text()
    musd = in_musd("amount")


def bridge_table(plan: Plan) -> ReportTable:
    """Amounts that are added, and what they come to."""
    rows, marks = [], []
    for step in _steps(plan).values():
        if step.is_sum or abs(step.musd) >= SMALLEST_MUSD:
            rows.append({"step": say("step", key=step.key), "musd": step.musd})
            marks.append("total" if step.is_sum else "")
    note = say("bridge", rate=plan.case.model.discount_rate, whole=of_whole_plants(plan))
    return Bridge.from_rows(rows, marks=marks, note=note)


class Payers(DeclaredTable):
    """A row a party."""

    title = "Who pays, and what they gain"
    source = (
        "tables/payments.csv; summary.json: loss_musd_by_country, without_plan.loss_musd_by_country"
    )
    stacked = True
    sum_row = "All"
    sheet = "payments"
    meaning = "payments of each party, what it may pay and has, and its expected loss without the plan and with it"

    party = text()
    paid = total("pays", "MUSD")
    paid_moved = changed("change", "MUSD")
    least = in_musd("at least")
    most = in_musd("at most")
    budget = total("budget", "MUSD")
    without = total("expected loss without a plan", "MUSD")
    loss = total("expected loss with the plan", "MUSD")
    loss_moved = changed("change", "MUSD")
    gain = total("gains", "MUSD")


def payers(plan: Plan, other: Plan | None = None) -> ReportTable | None:
    """Payments of each party, its budget, and its loss; with another plan also the change from that one."""
    rows = by_party(plan)
    left_out = [] if plan.compared else ["without", "gain"]
    if plan.compared:
        rows = rows.assign(gain=rows["without"] - rows["loss"])
    if other is None:
        left_out += ["paid_moved", "loss_moved"]
    else:
        was = by_party(other)[["paid", "loss"]].reindex(rows.index, fill_value=0.0)
        rows = rows.assign(paid_moved=rows["paid"] - was["paid"])
        rows = rows.assign(loss_moved=rows["loss"] - was["loss"])
    rows = rows[(rows["paid"] > 0) | (rows["budget"] > 0) | (rows["loss"] > SMALLEST_MUSD)]
    if rows.empty:
        return None
    rows = rows.sort_values(["paid", "loss"], ascending=False, kind="stable")
    return Payers.over(
        names_of(plan.case).told(rows.rename_axis("party").reset_index()),
        Payers.all(*left_out),
        note=say(
            "payers", sharing=plan.case.model.policy.cost_sharing, asked=bool(share_rows(plan))
        ),
    )


def spending(plan: Plan) -> Chart | None:
    """Public money by year and funder; None if none is spent."""
    rows = spent(plan, "year", "funder").rename_axis(["year", "kind"]).reset_index(name="amount")
    total = float(rows["amount"].sum())
    if total <= 0:
        return None
    order = largest_first(plan, "funder")
    most = order if len(order) <= MOST_KINDS else order[: MOST_KINDS - 1]
    names = {funder: names_of(plan.case).party(funder) for funder in most}
    named = rows.assign(kind=rows["kind"].map(names).fillna(OTHERS))
    rows = named.groupby(["year", "kind"], as_index=False).sum()
    kinds = list(names.values())
    bars = shapes.stacked_bars(
        rows,
        style.amounts("amount", "MUSD a year"),
        kinds=kinds if len(most) == len(order) else [*kinds, OTHERS],
        others=OTHERS,
        tips={"kind": "", "year": "year", "amount": "MUSD, expected"},
        source=SPENDING,
    )
    by_year = rows.groupby("year")["amount"].sum()
    peak, year = float(by_year.max()), by_year.idxmax()
    return Chart(
        name="spending_by_funder",
        title=say("spending_title", peak=peak, year=year),
        caption=say("spending"),
        spec=style.across(bars, 240),
        source=SPENDING,
    )


def spending_sheet(plan: Plan) -> ReportTable:
    """Expected public money: one row per year; columns by funder, and the same by item."""
    columns = [whole("year", field="year")]
    frame = pd.DataFrame({"year": plan.years})
    names = names_of(plan.case)
    for by, word in (("funder", "paid by"), ("item", "for")):
        wide = spent(plan, "year", by).unstack(fill_value=0).reindex(plan.years, fill_value=0.0)
        for kind in largest_first(plan, by):
            field = f"{by} {kind}"
            called = names.party(kind) if by == "funder" else names.items.get(kind, kind)
            frame[field] = wide[kind].to_numpy()
            columns.append(figures(f"{word} {called}", "MUSD", field=field, summed=True))
    return ReportTable(
        title="Spending",
        columns=columns,
        frame=frame,
        on_page=False,
        sum_row="All",
        sheet="spending",
        meaning="expected public money by year, as paid: by funder, and the same money by item",
    )
