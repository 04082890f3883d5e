"""The first screen: the answer in one sentence, four tiles, the loss distribution and the decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from planner.reporting.charts import exceedance
from planner.reporting.parts import (
    Card,
    Chart,
    Column,
    Front,
    ReportTable,
    TableRow,
    amounts,
    figures,
    in_musd,
    text,
    whole,
)
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import begun, headline, names_of
from planner.reporting.words.numbers import (
    count,
    kinds,
    listed,
    percent,
    rounded_interval,
    rounded_money,
    span,
    unit_of_money,
)
from planner.results.evaluation import EVALUATION, RISK, Estimate
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import price_of_waiting, public_money, years_of_waiting
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.loss_distribution import is_evaluated, loss_exceedance
from planner.results.figures.money import public_parts
from planner.results.figures.plants import Counted, are_measures, in_time
from planner.results.figures.recommended import payers_of_plants, recommended
from planner.results.plan import Plan, Status
from planner.results.reader import rows_of

MOST_DECISIONS = 12
"""Rows of the table of decisions."""
EVALUATE = "planner evaluate RUN --register CASE"
EXPLAIN = "planner explain RUN --doubts"
"""Commands that fill panels without data."""


def first_screen(plan: Plan) -> Front:
    """The head of the page of a run."""
    case = plan.case
    kind = f"{headline(plan.title)} · {span(plan.years[0], plan.years[-1])}"
    if plan.status is Status.INFEASIBLE:
        return Front(kind=kind, title="No plan meets the goal of this case")
    if not plan.solved:
        return Front(kind=kind, title="No plan yet: the solver stopped before an optimum")
    panels = [loss_chart(plan), decisions_table(plan)]
    return Front(
        kind=f"{kind} · {case.commodity}",
        title=answer(plan),
        cards=list(tiles(plan)),
        panels=[panel for panel in panels if panel is not None],
    )


# ---- the sentence ----------------------------------------------------------------------------------------------------


def answer(plan: Plan) -> str:
    """What to approve, by when, for how much, and what it buys."""
    timing, paid = in_time(plan), public_money(plan).paid
    money = f"{rounded_money(paid)} of public money" if paid > 0 else "no public money"
    if not timing.years:
        spent = f", pay {money} for people and stock" if paid > 0 else ""
        return f"Build nothing{spent}: {_effect(plan)}"
    years = span(timing.years[0], timing.years[-1])
    return f"Approve {kinds(timing.all)} in {years} for {money}: {_effect(plan)}"


def _effect(plan: Plan) -> str:
    """The risk without the plan and with it."""
    with_plan, without = risk_of(plan, "plan"), risk_of(plan, "without_plan")
    if with_plan is None:
        return "no risk is known"
    left = f"{_money(with_plan)}{_interval(with_plan)}"
    if without is None:
        return f"the risk is {left}"
    if _money(without) == _money(with_plan):
        return f"the risk stays {left}"
    return f"the risk falls from {_money(without)} to {left}"


def risk_of(plan: Plan, whose: str) -> Estimate | None:
    """The risk (MUSD) of the `plan` or `without_plan`: evaluated out of sample, else in sample."""
    fresh = out_of_sample(plan, RISK, whose)
    if fresh is not None:
        return fresh
    summary = plan.summary if whose == "plan" else plan.without
    return Estimate(float(summary[RISK]), None, None) if RISK in summary else None


def _money(of: Estimate) -> str:
    return rounded_money(of.value, of.low, of.high)


def _interval(of: Estimate) -> str:
    if of.low is None or of.high is None:
        return ""
    return f" (95 %: {rounded_interval(of.value, of.low, of.high)})"


# ---- tiles -----------------------------------------------------------------------------------------------------------


def tiles(plan: Plan) -> Iterator[Card]:
    """Risk, public money, what to approve now, cost of waiting."""
    yield _risk_tile(plan)
    yield _money_tile(plan)
    yield _approval_tile(plan)
    yield _waiting_tile(plan)


def _risk_tile(plan: Plan) -> Card:
    with_plan, without = risk_of(plan, "plan"), risk_of(plan, "without_plan")
    value = "–" if with_plan is None else _money(with_plan)
    blend = f"losses of users to {plan.years[-1]}, mean and worst cases"
    if without is not None and with_plan is not None:
        before = _money(without)
        unit = value.partition(" ")[2]
        value = f"{before.removesuffix(f' {unit}')} → {value}"
    if with_plan is not None and with_plan.low is not None and with_plan.high is not None:
        ends = rounded_interval(with_plan.value, with_plan.low, with_plan.high)
        note = f"{blend}; 95 % interval {ends}, from {scenario_count(plan)}"
    else:
        note = f"{blend}, in {scenario_count(plan)}; interval: {EVALUATE}"
    return Card(
        title="Risk without and with the plan", value=value, note=note, source=_risk_source(plan)
    )


def scenario_count(plan: Plan) -> str:
    """The number of scenarios behind the risk, in words."""
    if out_of_sample(plan) is not None:
        return count(int((plan.evaluation or {})["futures"]), "new scenario")
    return count(len(plan.weights), "scenario")


def _risk_source(plan: Plan) -> str:
    if out_of_sample(plan) is not None:
        return f"{EVALUATION}: plan.policy.{RISK}, without_plan.policy.{RISK}"
    return summary_keys(RISK, f"without_plan.{RISK}")


def _money_tile(plan: Plan) -> Card:
    public = public_money(plan)
    years = span(plan.years[0], plan.years[-1])
    note = f"{years}, not discounted; {public.used:.0%} of all budgets"
    return Card(
        title="Public money",
        value=rounded_money(public.paid),
        note=note,
        source="tables/payments.csv: paid_musd, budget_musd",
    )


def _approval_tile(plan: Plan) -> Card:
    timing = in_time(plan)
    title = "Approve now"
    if not timing.years:
        return Card(title=title, value="nothing", source="tables/investments.csv")
    later = timing.later.plants + timing.later.measures
    note = f"{later} more by {timing.years[-1]}" if later else "nothing later"
    return Card(
        title=f"{title}, in {timing.years[0]}",
        value=_kinds_in_short(timing.first),
        note=f"{rounded_money(timing.first_public)} of public capital; {note}",
        source="tables/investments.csv",
    )


def _kinds_in_short(there: Counted) -> str:
    """'4 plants, 20 measures'."""
    return (
        kinds(there).replace(" and ", ", ").replace("savings ", "" if there.plants else "savings ")
    )


def _waiting_tile(plan: Plan) -> Card:
    years, price = years_of_waiting(plan), price_of_waiting(plan)
    title = "Cost of waiting a year" if years in (None, 1) else f"Cost of waiting {years} years"
    if price is None:
        return Card(title=title, value="–", note=EXPLAIN, source=EXPLANATION)
    return Card(
        title=title,
        value=rounded_money(price.both),
        note=f"more cost and risk; {rounded_money(price.expected)} of it cost and expected loss",
        source=f"{EXPLANATION}: alternatives, key later",
    )


# ---- loss distribution -----------------------------------------------------------------------------------------------


def loss_chart(plan: Plan) -> Chart:
    """Exceedance curves of the loss, with the plan and without one."""
    curves = loss_exceedance(plan)
    unit, per = unit_of_money(float(curves["loss"].max()))
    words = curves["plan"].map({True: exceedance.WITH, False: exceedance.WITHOUT})
    frame = curves.assign(plan=words, loss=curves["loss"] / per)
    fresh = is_evaluated(plan)
    source = f"{EVALUATION}: scenario_losses" if fresh else summary_keys("scenario_loss_musd")
    tail = 1 - plan.case.model.objective.tail
    scenarios = scenario_count(plan) if fresh else count(len(plan.weights), "scenario")
    return Chart(
        name="loss_distribution",
        title=_loss_title(plan, tail),
        spec=exceedance.exceedance(frame, tail, unit, source),
        caption=f"Loss to {plan.years[-1]} in {scenarios}, discounted. Dashed: worst {percent(tail)}.",
        source=source,
        table=CURVES.over(frame[["plan", "loss", "probability"]], columns=_curve_columns(unit)),
    )


CURVES = ReportTable(columns=[])
"""A row a point of a curve."""


def _curve_columns(unit: str) -> list[Column]:
    return [
        text("plan", "scenarios"),
        figures("loss", "loss", unit),
        figures("probability", "probability of more"),
    ]


def _loss_title(plan: Plan, tail: float) -> str:
    """The mean loss of the worst cases, with the plan and without."""
    parts = []
    for words, whose, summary in (
        ("with the plan", "plan", plan.summary),
        ("without", "without_plan", plan.without),
    ):
        figure = out_of_sample(plan, "cvar_musd", whose) if is_evaluated(plan) else None
        if figure is not None:
            parts.append(f"{_money(figure)} {words}")
        elif "cvar_musd" in summary:
            parts.append(f"{rounded_money(summary['cvar_musd'])} {words}")
    return f"The worst {percent(tail)} of cases lose {listed(parts).replace(' and ', ', ')}"


# ---- decisions -------------------------------------------------------------------------------------------------------


DECISIONS = ReportTable(
    title="What to decide",
    source="tables/investments.csv; tables/spending.csv; tables/capacity.csv, weighted by probability",
    columns=[
        text("project", "plant"),
        text("country"),
        text("stage"),
        amounts("tpa", "capacity", "t/y"),
        in_musd("capex_musd", "capital"),
        text("funder"),
        whole("year", "decide by"),
        whole("expected", "first output"),
    ],
)
"""A row a plant; measures that save demand share one."""


def decisions_table(plan: Plan) -> ReportTable | None:
    """The decisions, those of the first year first, then by capital; None where nothing is built."""
    rows = recommended(plan)
    return (
        None if rows.empty else DECISIONS.over(decision_rows(plan), note=_capital_note(plan, rows))
    )


def decision_rows(plan: Plan) -> list[TableRow]:
    """A row a decision, at most `MOST_DECISIONS`: plants by year and capital, then the measures together."""
    rows = recommended(plan)
    saves = are_measures(plan, rows["project"])
    plants = rows[~saves].sort_values(
        ["year", "capex_musd"], ascending=[True, False], kind="stable"
    )
    records: list[TableRow] = [_decision(plan, row) for row in rows_of(plants)]
    measures = rows[saves]
    room = MOST_DECISIONS - bool(len(measures))
    if len(records) > room:
        rest = plants.iloc[room - 1 :]
        records = [*records[: room - 1], _together(plan, rest, f"{len(rest)} more plants")]
    if len(measures):
        records.append(_together(plan, measures, count(len(measures), "savings measure")))
    return records


def _capital_note(plan: Plan, rows: pd.DataFrame) -> str:
    """The way from the capital of what is built to the public money."""
    parts = public_parts(plan)
    capital, rest = float(rows["capex_musd"].sum()), parts.people + parts.stock
    return (
        f"Capital {rounded_money(capital)}, of which {rounded_money(parts.capital)} public; with "
        f"{rounded_money(rest)} for people and stock that is the public money. First output with expected delays."
    )


def _decision(plan: Plan, row: Any) -> TableRow:
    names = names_of(plan.case)
    return {
        "project": begun(names.project(row.project)),
        "country": names.country(row.country),
        "stage": names.kind(row.project),
        "tpa": row.tpa,
        "capex_musd": row.capex_musd,
        "funder": _funders(plan, [(row.country, row.stage)]),
        "year": row.year,
        "expected": round(row.expected),
    }


def _together(plan: Plan, rows: pd.DataFrame, words: str) -> TableRow:
    """One row for several projects: sums, and the first year of each."""
    countries = list(dict.fromkeys(rows["country"]))
    stages = {names_of(plan.case).kind(project) for project in rows["project"]}
    pairs = list(dict.fromkeys(zip(rows["country"], rows["stage"], strict=True)))
    return {
        "project": words,
        "country": count(len(countries), "country", "countries"),
        "stage": stages.pop() if len(stages) == 1 else "several",
        "tpa": None,
        "capex_musd": float(rows["capex_musd"].sum()),
        "funder": _funders(plan, pairs),
        "year": span(rows["year"].min(), rows["year"].max()),
        "expected": span(round(rows["expected"].min()), round(rows["expected"].max())),
    }


def _funders(plan: Plan, places: list[tuple[str, str]]) -> str:
    """The funders that pay for such plants there, who pays most first; at most two by name."""
    shares = payers_of_plants(plan)
    wanted = pd.MultiIndex.from_tuples(places)
    own = shares[pd.MultiIndex.from_frame(shares[["country", "stage"]]).isin(wanted)]
    names = list(dict.fromkeys(names_of(plan.case).party(funder) for funder in own["funder"]))
    return ", ".join(names) if len(names) <= 2 else f"{names[0]}, {len(names) - 1} more"
