"""Who pays, for what: the way from the capital to the cost of the plan, payers and what they gain, spending by year."""

from __future__ import annotations

import math

import pandas as pd

from planner.reporting.chapters import sharing
from planner.reporting.chapters.plants import owners_of
from planner.reporting.parts import (
    PAGE,
    SHEET,
    Chapter,
    ReportTable,
    Text,
    changed,
    in_musd,
    per_cent,
    several,
    text,
    total,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import number
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import cost_increment, doing_nothing, public_money, share_rows
from planner.results.figures.gains import (
    NOBODY,
    SALES,
    SMALLEST_MUSD,
    USERS,
    gain_and_payment,
    owned,
)
from planner.results.figures.money import Step, bridge, by_party, largest_first, paid_for, spent
from planner.results.figures.recommended import RUNS_FROM, cost_beyond
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("money.j2")
DECIDED = ("capex", "training", "seats", "hires", "stock_purchases", "targets")
"""Parts of the cost that are not of running plants, stocks and imports."""
SPENDING = table_rows("spending") + ": expected"


def chapter(plan: Plan) -> Chapter | None:
    """The bridge, payers, the owners' part, spending by year."""
    parts = [
        bridge_table(plan),
        payers(plan),
        sharing.table(plan),
        Text([_owners_part(plan)], title=say("owners_title")),
        owners(plan),
        spending(plan),
    ]
    return Chapter.of("money", "Money", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """Sentences: public money, its share of the budgets, and the years in which these are used up."""
    return say("lead", money=public_money(plan))


def unpaid(plan: Plan) -> float:
    """The cost of running plants and keeping stock less that of the imports that they replace (MUSD, present value), which
    no budget holds; 0 where the cost without a plan is not known."""
    increment = cost_increment(plan)
    if increment is None:
        return 0.0
    parts = plan.summary["cost_parts_musd"]
    return increment - math.fsum(parts[part] for part in DECIDED)


def not_scarce(plan: Plan) -> str:
    """That money is not scarce; '' where it is, in some year that has any."""
    spending = public_money(plan)
    years = {year for (_, year), musd in plan.case.budget.items() if musd > 0}
    return "" if years.intersection(spending.binding) else say("not_scarce", money=spending)


def _steps(plan: Plan) -> dict[str, Step]:
    """The steps by their keys, to the cost that the page leads with."""
    without = doing_nothing(plan).get("cost")
    steps = {step.key: step for step in bridge(plan, without)}
    fresh = cost_beyond(plan)
    if fresh is not None and fresh != steps["beyond"].musd:
        steps["policy_stock"] = Step("policy_stock", fresh - steps["beyond"].musd)
        steps["fresh"] = Step("fresh", fresh, is_sum=True)
    return steps


BRIDGE = ReportTable(
    title="From the capital to the cost of the plan",
    source="tables/investments.csv; tables/spending.csv: expected; summary.json: cost_musd, cost_parts_musd, without_plan",
    sheet="cost",
    meaning="from the capital of what is built to public money and to the cost of the plan",
    columns=[text("step"), in_musd("musd", "amount")],
)
"""A row a step."""


STEPS = {
    "capital": "Capital of what is built, not discounted",
    "owners": "less what owners pay of it",
    "people": "training and hiring",
    "stock": "stock that is bought",
    "public": "Public money, as it is paid",
    "discounting": "discounting",
    "public_present": "Public money, present value",
    "owners_present": "what owners pay of the capital, present value",
    "stock_replaces": "less the imports that this stock replaces",
    "operation": "running cost of plants, net of what else they sell",
    "imports": "imports",
    "holding": "keeping of stock",
    "targets": "penalty for missed targets",
    "cost": "Cost of the plan, present value",
    "without": "less the cost without a plan",
    "beyond": "Cost beyond no plan, present value",
    "policy_stock": "stock that the policy buys in new scenarios, less that of the plan",
    "fresh": "Cost beyond no plan, with that stock",
}
"""The steps in words."""


def bridge_table(plan: Plan) -> ReportTable:
    """Amounts that are added, and what they come to."""
    rows, marks = [], []
    for step in _steps(plan).values():
        if step.is_sum or abs(step.musd) >= SMALLEST_MUSD:
            rows.append({"step": STEPS[step.key], "musd": step.musd})
            marks.append("total" if step.is_sum else "")
    note = say("bridge", rate=plan.case.model.discount_rate, unpaid=unpaid(plan))
    return BRIDGE.over(rows, marks=marks, note=note)


PAYERS = ReportTable(
    title="What each party pays, and what it gains",
    source="tables/payments.csv; summary.json: loss_musd_by_country, without_plan.loss_musd_by_country",
    sum_row="All",
    sheet="payments",
    meaning="payments of each party, what it may pay and has, and its expected loss without the plan and with it",
    columns=[
        text("party"),
        total("paid", "pays", "MUSD"),
        changed("paid_moved", "change", "MUSD"),
        in_musd("least", "at least"),
        in_musd("most", "at most"),
        total("gain", "loses less", "MUSD"),
        per_cent("paid_share", "share of payments", summed=True),
        per_cent("gain_share", "share of that fall", summed=True),
        total("budget", unit="MUSD"),
        several("purposes", "for", "MUSD"),
        total("without", "expected loss without a plan", "MUSD", only=SHEET),
        total("loss", "expected loss with the plan", "MUSD", only=SHEET),
        changed("loss_moved", "expected loss, change", "MUSD"),
    ],
)
"""A row a party."""


def payers(plan: Plan, other: Plan | None = None) -> ReportTable | None:
    """Payments of each party, its budget, and its loss; with another plan also the change from that one."""
    rows = gain_and_payment(plan)
    left_out = [] if plan.compared else ["without", "gain", "paid_share", "gain_share"]
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
    purposes = [_purposes(plan, party) for party in rows.index]
    rows = rows.assign(purposes=pd.Series(purposes, index=rows.index, dtype=object))
    return PAYERS.over(
        names_of(plan.case).told(rows.rename_axis("party").reset_index()),
        left_out,
        note=say(
            "payers", sharing=plan.case.model.policy.cost_sharing, asked=bool(share_rows(plan))
        ),
    )


def _purposes(plan: Plan, party: str) -> list[str]:
    """'savings 416': each purpose of the money of a party and its amount (MUSD), the largest first."""
    rows, names = paid_for(plan), names_of(plan.case)
    return [
        f"{midway(names.stages_many.get(row.what, row.what))} {number(row.musd)}"
        for row in rows_of(rows[rows["party"] == party])
        if row.musd >= SMALLEST_MUSD
    ]


# ---- the owners' part ------------------------------------------------------------------------------------------------


OWNERS = ReportTable(
    title="Whose the plants are, and what would have to repay the owners",
    source="inputs/owners.csv; tables/investments.csv; tables/capacity.csv: throughput_t over usable_tpa",
    sum_row="All",
    columns=[
        text("project", "plant"),
        text("owner", "owner, state"),
        total("pays", "owners pay", "MUSD"),
        per_cent("calm", "runs", "in calm years"),
        text("feed_contract", "feed contracted"),
        text("instrument", "what states have given"),
        text("repaid", "to be repaid by"),
    ],
)
"""A row a plant of which owners pay a part."""
REPAID = {SALES: "its sales in calm years, if they suffice", NOBODY: "nothing in this plan"}
"""What repays the owners of a plant, in words."""


def _owners_part(plan: Plan) -> str:
    """Sentences: the capital that owners pay, and the plants of which nothing in the plan repays it."""
    rows = owned(plan)
    sums = rows.groupby("repaid")["pays"].sum()
    counts = rows["repaid"].value_counts()
    return say("owners", pays=float(rows["pays"].sum()), sums=sums, counts=counts, least=RUNS_FROM)


def owners(plan: Plan) -> ReportTable | None:
    """Of each plant whose it is, what its owner pays, how much it runs, and what is there to repay it; the measures are
    their users'. None where owners pay nothing."""
    rows = owned(plan)
    rows = rows[rows["repaid"] != USERS]
    if rows.empty:
        return None
    stated = {row.project: row for row in plan.case.tables.owners}
    owner, told = owners_of(plan), []
    for row in records(names_of(plan.case).told(rows)):
        told.append(row | {"repaid": REPAID[row["repaid"]]})
    for line, project in zip(told, rows["project"], strict=True):
        if project in stated:
            line |= stated[project].model_dump(include={"feed_contract", "instrument"})
            line["owner"] = owner[project]
    left_out = () if stated else ("owner", "feed_contract", "instrument")
    return OWNERS.over(told, left_out, note=say("owners_note"))


# ---- by year ---------------------------------------------------------------------------------------------------------


def spending(plan: Plan) -> ReportTable:
    """Expected public money: a row a year from the first in which any is paid to the last; columns by funder, and in the
    workbook the same by item."""
    columns = [whole("year")]
    by_year = spent(plan, "year").reindex(plan.years, fill_value=0.0)
    paid_in = by_year.index[by_year > 0]
    years = [year for year in plan.years if paid_in.empty or paid_in[0] <= year <= paid_in[-1]]
    frame = pd.DataFrame({"year": years})
    names = names_of(plan.case)
    for by, word in (("funder", "paid by"), ("item", "for")):
        wide = spent(plan, "year", by).unstack(fill_value=0).reindex(years, fill_value=0.0)
        for kind in largest_first(plan, by):
            field = f"{by} {kind}"
            called = names.party(kind) if by == "funder" else names.items.get(kind, kind)
            only = "" if by == "funder" else SHEET
            frame[field] = wide[kind].to_numpy()
            column = total(field, f"{word} {called}", "MUSD", only=only)
            columns.append(column)
        if by == "funder" and wide.shape[1] > 1:
            frame["all"] = wide.sum(axis=1).to_numpy()
            columns.append(total("all", "paid by all", "MUSD", only=PAGE))
    return ReportTable(
        title=say("spending_title"),
        columns=columns,
        frame=frame,
        folded=True,
        sum_row="All",
        sheet="spending",
        source=SPENDING,
        meaning="expected public money by year, as paid: by funder, and the same money by item",
    )
