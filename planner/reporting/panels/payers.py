"""Who pays, who gains, and what remains short."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import steps
from planner.reporting.parts import (
    SHEET,
    Chart,
    ReportTable,
    TableRow,
    changed,
    frame_of,
    in_musd,
    per_cent,
    text,
    total,
    whole,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import percent, rounded_money, unit_of_money
from planner.results.figures.decision import public_money, risk_by_party, share_rows
from planner.results.figures.money import (
    SMALLEST_MUSD,
    by_party,
    gain_and_payment,
    largest_first,
    paid_for,
    spent,
)
from planner.results.figures.sums import elements_by_loss, expected_sums
from planner.results.figures.unmet import SEEN
from planner.results.plan import Plan
from planner.results.reader import rows_of

PAYMENTS = "tables/payments.csv; tables/spending.csv: expected"
LOSSES = "summary.json: loss_musd_by_country, without_plan.loss_musd_by_country"
PAYERS = ReportTable(
    title="Payments and expected losses by party",
    source=f"{PAYMENTS}; {LOSSES}",
    sum_row="All",
    sheet="payments",
    meaning="payments of each party, their possible range, its budget, and its expected loss",
    columns=[
        text("party"),
        total("paid", "pays", "MUSD"),
        changed("paid_moved", "change", "MUSD"),
        in_musd("least", "at least"),
        in_musd("most", "at most"),
        total("budget", unit="MUSD"),
        total("without", "expected loss without a plan", "MUSD"),
        total("loss", "expected loss with the plan", "MUSD"),
        changed("loss_moved", "expected loss, change", "MUSD"),
        total("gain", "loses less", "MUSD"),
        per_cent("paid_share", "share of payments", only=SHEET, summed=True),
        per_cent("gain_share", "share of the gain", only=SHEET, summed=True),
    ],
)
"""A row a party."""


def payers(plan: Plan, other: Plan | None = None) -> ReportTable | None:
    """Payments and losses of each party; with another plan also the changes from it."""
    rows = gain_and_payment(plan)
    left_out = [] if plan.compared else ["without", "gain", "paid_share", "gain_share"]
    if other is None:
        left_out += ["paid_moved", "loss_moved"]
    else:
        was = by_party(other)[["paid", "loss"]].reindex(rows.index, fill_value=0.0)
        rows = rows.assign(
            paid_moved=rows["paid"] - was["paid"], loss_moved=rows["loss"] - was["loss"]
        )
    rows = rows[(rows["paid"] > 0) | (rows["budget"] > 0) | (rows["loss"] > SMALLEST_MUSD)]
    if rows.empty:
        return None
    rows = rows.sort_values(["paid", "loss"], ascending=False, kind="stable")
    return PAYERS.over(
        names_of(plan.case).told(rows.rename_axis("party").reset_index()),
        left_out,
        note="Many splits pay for the same plan: at least and at most are their ends.",
    )


def gains_chart(plan: Plan) -> Chart | None:
    """Fall of the expected loss beside payments, by party."""
    if not plan.compared:
        return None
    rows = gain_and_payment(plan)
    rows = rows[(rows["gain"].abs() > SMALLEST_MUSD) | (rows["paid"] > 0)]
    if rows.empty:
        return None
    rows = rows.sort_values("gain", ascending=False, kind="stable")
    unit, per = unit_of_money(float(rows["gain"].max()))
    names, bars = names_of(plan.case), []
    for row in rows_of(rows.rename_axis("party").reset_index()):
        for side, musd in ((steps.GAINS, row.gain), (steps.PAYS, row.paid)):
            bars.append({"party": names.party(row.party), "side": side, "amount": musd / per})
    first = names.party(rows.index[0])
    return Chart(
        name="gains",
        title=f"{first} gains most: {rounded_money(rows['gain'].iloc[0])} less expected loss for {rounded_money(rows['paid'].iloc[0])}",
        spec=steps.sides(pd.DataFrame(bars), unit, f"{PAYMENTS}; {LOSSES}"),
        caption="Expected loss in sample, discounted; payments expected, not discounted.",
        source=f"{PAYMENTS}; {LOSSES}",
        table=payers(plan),
    )


PURPOSES = ReportTable(
    title="Payments by funder and purpose",
    columns=[text("party", "funder"), text("purpose", "for"), in_musd("musd", "pays")],
)
"""A row a funder and purpose."""


def payments_chart(plan: Plan) -> Chart | None:
    """Public money of each funder, by purpose."""
    rows = paid_for(plan)
    rows = rows[rows["musd"] >= SMALLEST_MUSD]
    if rows.empty:
        return None
    names = names_of(plan.case)
    sums = rows.groupby("party")["musd"].sum()
    rows = rows.assign(place=rows["party"].map(sums)).sort_values(
        ["place", "musd"], ascending=False, kind="stable"
    )
    unit, per = unit_of_money(float(sums.max()))
    frame = pd.DataFrame(
        {
            "party": rows["party"].map(names.party),
            "purpose": rows["what"].map(lambda what: names.stages_many.get(what, what)),
            "musd": rows["musd"],
            "amount": rows["musd"] / per,
        }
    )
    first = sums.sort_values(ascending=False)
    return Chart(
        name="payments",
        title=f"{names.party(first.index[0])} pays {rounded_money(first.iloc[0])} of {rounded_money(sums.sum())}",
        spec=steps.stacked(frame, f"public money, {unit}", PAYMENTS),
        caption="Public money, expected, not discounted.",
        source=PAYMENTS,
        table=PURPOSES.over(frame),
    )


SHORT_PLACES = ReportTable(
    title="Remaining shortage",
    columns=[
        text("country"),
        text("element"),
        total("tonnes", "unmet, expected", "t"),
        total("demand_t", "demand, expected", "t"),
        per_cent("share", "of demand"),
    ],
)
"""A row a country and element."""


def shortage_chart(plan: Plan) -> Chart | None:
    """Expected unmet share of demand with the plan, by country and element."""
    short = plan.tables["shortfall"]
    rows = expected_sums(plan, short, ["country", "element"], ["tonnes", "demand_t"])
    rows = rows[rows["demand_t"] > 0]
    rows = rows.assign(share=rows["tonnes"] / rows["demand_t"])
    if rows.empty or rows["share"].max() <= SEEN:
        return None
    names, sums = names_of(plan.case), rows.groupby("country")["tonnes"].sum()
    place = {element: at for at, element in enumerate(elements_by_loss(plan))}
    rows = rows.assign(at=rows["country"].map(sums), order=rows["element"].map(place))
    rows = rows.sort_values(["at", "order"], ascending=[False, True], kind="stable")
    named = names.told(rows).assign(label=rows["share"].map(percent))
    worst = named.iloc[int(rows["share"].to_numpy().argmax())]
    source = "tables/shortfall.csv, weighted by probability: tonnes, demand_t"
    return Chart(
        name="remaining_shortage",
        title=f"What remains short: most in {worst['country']}, {worst['label']} of {worst['element'].lower()}",
        spec=steps.heat(named, source),
        caption=f"Unmet share of demand with the plan, {plan.years[0]} to {plan.years[-1]}, expected in sample.",
        source=source,
        table=SHORT_PLACES.over(named),
    )


CHARGES = ReportTable(
    title="Charges at which no party gains by leaving",
    sum_row="All",
    sheet="charges",
    meaning="charges and transfers at which no coalition gains by leaving",
    source="tables/shares.csv",
    columns=[
        text("party"),
        total("before", "risk without a plan", "MUSD"),
        total("own_loss", "residual risk", "MUSD"),
        total("public", "public budgets pay", "MUSD"),
        total("private", "firms pay", "MUSD"),
        changed("transfer", "transfer to others", "MUSD", summed=True),
        total("charge", unit="MUSD"),
        in_musd("alone", "stand-alone cost and risk"),
        total("gain", unit="MUSD"),
        in_musd("lowest", "charge at least", only=SHEET),
        in_musd("highest", "charge at most", only=SHEET),
    ],
)
"""A row a party."""


def charges(plan: Plan) -> ReportTable | None:
    """Charges and transfers by party; None without `planner shares`."""
    rows = share_rows(plan)
    if not rows:
        return None
    before = risk_by_party(plan)
    frame = names_of(plan.case).told(frame_of(rows))
    frame = frame.assign(
        before=[before.get(row.party, 0.0) for row in rows], public=frame["paid"] - frame["private"]
    )
    left_out = [] if before else ["before"]
    if all(row.lowest is None for row in rows):
        left_out += ["lowest", "highest"]
    return CHARGES.over(frame, left_out)


def spending(plan: Plan) -> ReportTable:
    """Expected public money: a row a year, columns by funder, and in the workbook by item."""
    columns = [whole("year")]
    by_year = spent(plan, "year").reindex(plan.years, fill_value=0.0)
    paid_in = by_year.index[by_year > 0]
    years = [year for year in plan.years if paid_in.empty or paid_in[0] <= year <= paid_in[-1]]
    frame, names = pd.DataFrame({"year": years}), names_of(plan.case)
    for by, word in (("funder", "paid by"), ("item", "for")):
        wide = spent(plan, "year", by).unstack(fill_value=0).reindex(years, fill_value=0.0)
        for kind in largest_first(plan, by):
            field = f"{by} {kind}"
            called = names.party(kind) if by == "funder" else names.items.get(kind, kind)
            frame[field] = wide[kind].to_numpy()
            columns.append(
                total(field, f"{word} {called}", "MUSD", only="" if by == "funder" else SHEET)
            )
    return ReportTable(
        title="Public money by year and funder",
        columns=columns,
        frame=frame,
        sum_row="All",
        sheet="spending",
        source="tables/spending.csv: expected",
        meaning="expected public money by year: by funder, and the same by item",
    )


COSTS = ReportTable(
    title="Parts of the cost",
    source="summary.json: cost_parts_musd, cost_musd, without_plan",
    sum_row="Cost of the plan",
    sheet="cost",
    meaning="parts of the cost, expected and discounted",
    columns=[text("part"), total("musd", "present value", "MUSD")],
)
"""A row a part."""


def costs(plan: Plan) -> ReportTable:
    """The parts of the cost, which add up to it."""
    rows: list[TableRow] = []
    for part, musd in plan.summary["cost_parts_musd"].items():
        rows.append({"part": part.replace("_", " "), "musd": musd})
    note = ""
    if "cost_musd" in plan.without:
        note = f"Without a plan the cost is {rounded_money(plan.without['cost_musd'])}: imports above all."
    return COSTS.over(rows, note=note)


def not_scarce(plan: Plan) -> str:
    """A note that more budget reduces the objective by less than it costs; '' where it reduces it by more."""
    public = public_money(plan)
    years = {year for (_, year), musd in plan.case.budget.items() if musd > 0}
    if years.intersection(public.binding):
        return ""
    return f"Money is not scarce: the plan uses {public.used:.0%} of all budgets."
