"""Who pays, for what: the way from the capital to the cost of the plan, payers and what they gain, spending by year."""

from __future__ import annotations

import math
from typing import Any

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
from planner.results.figures.decision import doing_nothing, public_money, share_rows
from planner.results.figures.money import (
    Step,
    bridge,
    by_party,
    cost_increment,
    largest_first,
    spent,
    spent_on,
)
from planner.results.figures.plants import are_measures
from planner.results.figures.recommended import RUNS_FROM, cost_beyond, recommended
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("money.j2")
SALES, USERS, NOBODY = "sales", "users", "nobody"
"""What repays the owners of a plant."""
SMALLEST_MUSD, EVEN = 5e-4, 0.05
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
    """How much public budgets pay, where they are used up, and who pays much for what others gain."""
    return say("lead", money=public_money(plan), uneven=_uneven(plan))


def unpaid(plan: Plan) -> float:
    """By how much running plants and keeping stock costs more than the imports that they replace (MUSD, present value),
    which no budget holds; 0 where the cost without a plan is not known."""
    increment = cost_increment(plan, doing_nothing(plan).get("cost"))
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


def bridge_table(plan: Plan) -> ReportTable:
    """Amounts that are added, and what they come to."""
    rows, marks = [], []
    for step in _steps(plan).values():
        if step.is_sum or abs(step.musd) >= SMALLEST_MUSD:
            rows.append({"step": say("step", key=step.key), "musd": step.musd})
            marks.append("total" if step.is_sum else "")
    note = say("bridge", rate=plan.case.model.discount_rate)
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


def gain_and_payment(plan: Plan) -> pd.DataFrame:
    """The rows of `by_party`; where the plan is compared with none, with what each party loses less, its `gain` (MUSD),
    and its shares of all payments and of the gain of all."""
    rows = by_party(plan)
    if not plan.compared:
        return rows
    gain = rows["without"] - rows["loss"]
    return rows.assign(gain=gain, gain_share=_shares(gain), paid_share=_shares(rows["paid"]))


def _shares(amounts: pd.Series[float]) -> pd.Series[float]:
    """The part of each in their sum, 0 where that is nothing."""
    whole = amounts.sum()
    return amounts / whole if whole > 0 else amounts * 0.0


def _uneven(plan: Plan) -> list[dict[str, Any]]:
    """The party that gains most beyond its part of the payments, and that which pays most beyond its part of the gain; none
    where less than `EVEN` lies between the two."""
    if not plan.compared:
        return []
    rows = names_of(plan.case).told(gain_and_payment(plan).rename_axis("party").reset_index())
    beyond = rows["gain_share"] - rows["paid_share"]
    ends = rows.loc[[beyond.idxmax(), beyond.idxmin()]]
    return records(ends) if beyond.max() > EVEN else []


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
    purposes = _purposes(plan)
    told = [purposes.get(party, []) for party in rows.index]
    rows = rows.assign(purposes=pd.Series(told, index=rows.index, dtype=object))
    return PAYERS.over(
        names_of(plan.case).told(rows.rename_axis("party").reset_index()),
        left_out,
        note=say(
            "payers", sharing=plan.case.model.policy.cost_sharing, asked=bool(share_rows(plan))
        ),
    )


def _purposes(plan: Plan) -> dict[str, list[str]]:
    """Party -> what its money is for and how much, the most first."""
    names, party = names_of(plan.case), plan.case.lookups.funder_party
    paid: dict[str, dict[str, float]] = {}
    for row in rows_of(spent(plan, "item", "funder").reset_index()):
        of_party = paid.setdefault(party.get(row.funder, row.funder), {})
        what = spent_on(row.item)
        of_party[what] = of_party.get(what, 0.0) + row.expected
    told = {}
    for payer, by_purpose in paid.items():
        largest = sorted(by_purpose, key=by_purpose.__getitem__, reverse=True)
        told[payer] = [
            f"{midway(names.stages_many.get(what, what))} {number(by_purpose[what])}"
            for what in largest
            if by_purpose[what] >= SMALLEST_MUSD
        ]
    return told


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


def owned(plan: Plan) -> pd.DataFrame:
    """A row a plant or measure of which owners pay a part: `pays` (MUSD, not discounted), `calm`, the share of it that runs
    in calm years, and what repays the owners: a key."""
    rows = recommended(plan)
    rows = rows.assign(pays=rows["capex_musd"] - rows["public_musd"])
    rows = rows[rows["pays"] > SMALLEST_MUSD]
    repaid = (rows["calm"] >= RUNS_FROM).map({True: SALES, False: NOBODY})
    return rows.assign(repaid=repaid.mask(are_measures(plan, rows["project"]), USERS))


def _owners_part(plan: Plan) -> str:
    """How much owners pay, and of which plants nothing in the plan repays it."""
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
        told.append(row | {"repaid": say("repaid", key=row["repaid"])})
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
