"""What does it buy? Expected loss and the worst cases with the plan and without, and what stays short."""

from __future__ import annotations

import pandas as pd

from planner.data.kept import kept
from planner.reporting.parts import (
    Chapter,
    ReportTable,
    TableRow,
    Text,
    amounts,
    changed,
    in_musd,
    per_cent,
    text,
    total,
)
from planner.reporting.sources import summary_keys
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import NOTHING, SLIGHT, money_by_name, number, percent
from planner.reporting.words.sentences import Passages, worded_lines
from planner.results.evaluation import RISK, Estimate
from planner.results.figures.decision import cost_increment
from planner.results.figures.evaluated import FIGURES, FreshFigure, in_fresh_scenarios
from planner.results.figures.gains import (
    expected,
    fall_at_the_rate_of_costs,
    few_in_the_tail,
    frequent_gain,
    fresh_share,
)
from planner.results.figures.histories import parted, shared_history, single_draws
from planner.results.figures.people_and_stock import purchases_by_year
from planner.results.figures.plants import decisions
from planner.results.figures.recommended import cost_beyond, welfare_left_open
from planner.results.figures.sums import costliest_first, expected_losses, records
from planner.results.figures.unmet import most_unmet, unmet_by_element, worse_with_the_plan
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("buys.j2")
MEAN, WORST = FIGURES[:2]
MOST_NAMED, MOSTLY = 4, 0.8
"""Countries that are named, and the part of the loss that remains whose last year is."""
EVALUATED = "evaluation.json: plan, without_plan, difference"


def chapter(plan: Plan) -> Chapter | None:
    """Losses, what stays short, and the blended risk that is minimised, explained once."""
    parts = [losses_table(plan), short(plan), _worse(plan), risk_explained(plan)]
    return Chapter.of("buys", "What it buys", parts, lead=lead(plan))


def tail(plan: Plan) -> str:
    """The share of cases that the mean of the worst cases is of."""
    return percent(round(1 - plan.case.model.objective.tail, 6))


def scenarios_of(plan: Plan, fresh: bool) -> str:
    """The scenarios in which figures hold, in words."""
    drawn = (plan.evaluation or {}).get("futures", 0) if fresh else len(plan.weights)
    return say("basis", fresh=fresh, drawn=drawn)


def gain(plan: Plan) -> str:
    """Sentences: the fall of expected loss and of the worst cases, the cost beyond no plan, and what is left net of it."""
    fresh = {one.figure: one for one in in_fresh_scenarios(plan) if one.way == "policy"}
    falls = [fresh[key].reduction for key in (MEAN, WORST)] if fresh else []
    if not fresh and plan.compared:
        for key in (MEAN, WORST):
            falls.append(Estimate(plan.without[key] - plan.summary[key], None, None))
    at_one_rate = fall_at_the_rate_of_costs(plan)
    return say(
        "gain",
        falls=falls,
        model=plan.case.model,
        fall=expected(plan.case, at_one_rate),
        fresh_share=fresh_share(plan),
        rise=cost_increment(plan),
        tail=tail(plan),
        scenarios=scenarios_of(plan, bool(fresh)),
        fresh=bool(fresh),
        cost=plan.summary["cost_musd"],
        beyond=cost_beyond(plan),
        frequent=frequent_gain(plan.case, at_one_rate),
    )


def lead(plan: Plan) -> str:
    """The command that tries the plan in new scenarios; '' where it was tried."""
    return "" if in_fresh_scenarios(plan) else say("lead")


def stays_short(plan: Plan) -> str:
    """A sentence: the elements that stay short with the plan, the costliest first, whose users lose most, and until when."""
    table = short(plan)
    is_short = table.frame["tonnes"] > SLIGHT
    lost = expected_losses(plan)
    by_year = lost.groupby("year")["musd"].sum().cumsum()
    shares = by_year / by_year.max()
    mostly = shares[shares >= MOSTLY]
    by_country = lost.groupby("country")["musd"].sum().astype(float).nlargest(MOST_NAMED)
    return say(
        "stays_short",
        rows=records(table.frame[is_short]),
        losers=money_by_name(by_country.rename(names_of(plan.case).country)),
        until=mostly.index.min(),
        part=mostly.min(),
    )


REDUCED_LOSSES = ReportTable(
    title="Losses with the plan and without",
    sheet="losses",
    meaning="expected loss, mean of the worst cases and blended risk, with the plan and without",
    source=f"{EVALUATED}; {summary_keys(*FIGURES, 'without_plan')}",
    columns=[
        text("figure"),
        text("where", "in"),
        in_musd("without", "without a plan"),
        in_musd("plan", "with the plan"),
        text("interval", "95 %", "by the draw alone"),
        in_musd("reduction", "reduced by"),
        text("reduction_interval", "95 %, of that", "by the draw alone"),
    ],
)
"""A row a figure, in new scenarios where the plan was evaluated in any, else in its own."""


def losses_table(plan: Plan) -> ReportTable:
    """The figures in new scenarios, of the policy and as if each were known; in those of the plan where it was not
    evaluated in any."""
    figures = in_fresh_scenarios(plan)
    rows = [_fresh_row(plan, one) for one in figures] or in_sample_rows(plan)
    left_out = () if figures else _unknown_in_sample(plan)
    bounded = len(figures) > len(FIGURES)
    note = say("losses_note", evaluation=plan.evaluation if figures else None, bounded=bounded)
    return REDUCED_LOSSES.over(rows, left_out, note=note)


def figure_names(plan: Plan) -> dict[str, str]:
    """Key of a figure -> its name."""
    blended = say("blended", aversion=plan.case.model.objective.risk_aversion, tail=tail(plan))
    words = ("Expected loss", f"Mean loss, worst {tail(plan)}", blended)
    return dict(zip(FIGURES, words, strict=True))


def in_sample_rows(plan: Plan) -> list[TableRow]:
    """The figures in the scenarios of the plan, with it and without."""
    rows = []
    for key, name in figure_names(plan).items():
        value, before = float(plan.summary[key]), plan.without.get(key)
        less = None if before is None else before - value
        row = {"figure": name, "where": scenarios_of(plan, fresh=False)}
        rows.append(row | {"without": before, "plan": value, "reduction": less})
    return rows


def in_sample(plan: Plan) -> ReportTable | None:
    """The figures in the scenarios of the plan, for the annex; None where the chapter itself has them."""
    if not in_fresh_scenarios(plan):
        return None
    return REDUCED_LOSSES.over(
        in_sample_rows(plan),
        _unknown_in_sample(plan),
        title=say("in_sample_title"),
        sheet="losses in sample",
    )


def _unknown_in_sample(plan: Plan) -> tuple[str, ...]:
    """The columns of losses of which the scenarios of a plan say nothing."""
    of_no_plan = () if plan.compared else ("without", "reduction")
    return ("interval", "reduction_interval", *of_no_plan)


def _fresh_row(plan: Plan, one: FreshFigure) -> TableRow:
    known = "" if one.way == "policy" else f", {say('known')}"
    return {
        "figure": figure_names(plan)[one.figure],
        "where": scenarios_of(plan, fresh=True) + known,
        "without": one.without.value,
        "plan": one.plan.value,
        "interval": interval(one.plan),
        "reduction": one.reduction.value,
        "reduction_interval": interval(one.reduction),
    }


def interval(of: Estimate) -> str:
    """The ends of an interval in words."""
    if of.low is None or of.high is None:
        return NOTHING
    return f"{number(of.low)} to {number(of.high)}"


STAYS_SHORT = ReportTable(
    title="What stays short with the plan, by element",
    sheet="short by element",
    meaning="demand and unmet demand of each element over all years, expected, and its worst year",
    source="tables/shortfall.csv, weighted by probability: demand_t, tonnes, without_plan_t",
    columns=[
        text("element"),
        amounts("demand_t", "demand", "t, all years"),
        total("without_plan_t", "unmet without a plan", "t"),
        total("tonnes", "unmet with the plan", "t"),
        changed("moved", "change", "t", summed=True),
        per_cent("share", "of demand"),
        text("worst", "most in one year, with the plan"),
    ],
)
"""A row an element."""


def short(plan: Plan, other: Plan | None = None) -> ReportTable:
    """Expected unmet demand of each element over all years, and its worst year; with another plan also the change from that
    one."""
    frame = unmet_by_element(plan)
    left_out = [] if plan.compared else ["without_plan_t"]
    if other is None:
        left_out.append("moved")
    else:
        was = unmet_by_element(other)["tonnes"]
        frame = frame.assign(moved=frame["tonnes"] - was.reindex(frame.index, fill_value=0.0))
    demand = frame["demand_t"].where(frame["demand_t"] > 0)
    frame = frame.assign(
        share=(frame["tonnes"] / demand).fillna(0.0),
        worst=_deepest(plan).reindex(frame.index, fill_value=NOTHING),
    )
    named = names_of(plan.case).told(costliest_first(plan, frame.reset_index()))
    return STAYS_SHORT.over(named, left_out, note=say("short_note"))


@kept
def _deepest(plan: Plan) -> pd.Series[str]:
    """By element that is ever short with the plan, its deepest shortage in words."""
    told = {}
    stocked = purchases_by_year(plan).groupby("element")["year"].min()
    built = decisions(plan)["first_output"].min()
    for case in rows_of(most_unmet(plan)):
        shared = shared_history(plan, case.scenario, case.year)
        first = pd.Series([stocked.get(case.element), built], dtype=float).min()
        told[case.element] = say(
            "deepest",
            case=case,
            name=names_of(plan.case).scenario(case.scenario),
            chance=shared.probability,
            others=len(shared.scenarios) - 1,
            early=case.year < first,
        )
    return pd.Series(told, dtype=object)


def _worse(plan: Plan) -> Text | None:
    """Elements of which more is unmet in a year, and countries that lose more, than without the plan."""
    names, told = names_of(plan.case), []
    for row in worse_with_the_plan(plan):
        is_element = row.kind == "element"
        name = names.element(row.key) if is_element else names.country(row.key)
        told.append(f"{name} {row.year} ({number(row.more)} {'t' if is_element else 'MUSD'})")
    return Text([say("worse_years", worse=told)], source=STAYS_SHORT.source) if told else None


def risk_explained(plan: Plan) -> Text:
    """A list: the goal and its risk, what their figures do not say, and the optimality gap."""
    lines = say.lines(
        "risk",
        run=plan,
        tail=tail(plan),
        objective=plan.case.model.objective,
        few=few_in_the_tail(plan),
        single=single_draws(plan.case),
        parted=parted(plan),
        drawn=len(plan.weights),
    )
    if "gap" in plan.summary:
        lines += worded_lines("screen.j2", "certified_line", plan=plan.summary)
        lines += say.lines("left_open", gap=welfare_left_open(plan))
    source = summary_keys(RISK, "without_plan")
    return Text(lines, title=say("risk_title"), source=source, listed=True)
