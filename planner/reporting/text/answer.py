"""The answer in a few sentences and key figures, generated from the numbers: for the page and for the screen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from planner.reporting.text.remarks import (
    budget_remark,
    first_words,
    hangs_on_words,
    short_words,
    trained_words,
    worst_year,
)
from planner.reporting.values.parts import Card, Statement
from planner.reporting.values.plan import decisions, expected_sum, largest_first, spent
from planner.reporting.values.supply import limits
from planner.reporting.values.view import EXPECTED, RunView, summary_keys, table_rows
from planner.reporting.values.wording import SLIGHT, Names, change, count, midway, number, percent
from planner.results.plan import PlanValues

WHO = {
    "allied": "the allies together",
    "blocs": "the countries of each bloc together",
    "national": "each country on its own",
}

DECIDING = ("budget", "nameplate limit", "staff joining", "capacity", "feed", "new seats limit")
"""Scarce things a government can do something about, in the order in which they are told."""


def question(run: RunView) -> str:
    """The question the plan answers."""
    years = run.years
    span = f"in {years[0]}" if len(years) == 1 else f"from {years[0]} to {years[-1]}"
    return (
        f"If outside supply of rare earths is disrupted {span}, who runs short, and which mines, separation plants, "
        f"metal plants, people and stocks should {WHO[run.case.model.policy.coordination]} pay for "
        "so that it hurts least?"
    )


def tail_words(run: RunView) -> str:
    """The tail of the loss, in words."""
    share = 1.0 - run.case.model.objective.tail
    return f"the worst {percent(round(share, 6))} of cases" if share < 1 else "all cases"


def risk_words(run: RunView) -> str:
    """How risk is defined in this run."""
    aversion = run.case.model.objective.risk_aversion
    return (
        f"Risk = {percent(1 - aversion)} of the expected loss + {percent(aversion)} of the mean loss in "
        f"{tail_words(run)} (CVaR). A loss is what the missing kilograms cost the users, {_money_words(run)}."
    )


def _money_words(run: RunView) -> str:
    """How losses are counted: discounted to the first year, in money without inflation."""
    rate, first = run.case.model.risk_discount_rate, run.years[0]
    less = f"discounted to {first} by {percent(rate)} a year" if rate > 0 else "not discounted"
    return f"{less}, in money of constant value (that of the case's base year)"


def cards(run: RunView) -> list[Card]:
    """Key figures: of the risk, then of the plan."""
    return [*_risk_cards(run), *_plan_cards(run)]


def _risk_cards(run: RunView) -> list[Card]:
    s, old = run.summary, run.without

    def was(key: str) -> str:
        return f"without a plan {number(old[key])} ({change(old[key], s[key]) or 'none'})" if old else ""

    least = s.get("least_risk_musd")
    return [
        Card(
            "Risk",
            number(s["risk_musd"]),
            "MUSD",
            was("risk_musd") or (f"least attainable {number(least)}" if least is not None else ""),
            summary_keys("risk_musd", "least_risk_musd", "without_plan.risk_musd"),
        ),
        Card(
            "Expected loss",
            number(s["expected_loss_musd"]),
            "MUSD",
            was("expected_loss_musd"),
            summary_keys("expected_loss_musd", "without_plan.expected_loss_musd"),
        ),
        Card(
            f"Mean loss in {tail_words(run)}",
            number(s["cvar_musd"]),
            "MUSD",
            was("cvar_musd"),
            summary_keys("cvar_musd", "without_plan.cvar_musd"),
        ),
    ]


def _plan_cards(run: RunView) -> list[Card]:
    s, built = run.summary, decisions(run)
    levels = s["service_level"]
    out = [
        Card(
            "Cost of the plan",
            number(s["cost_musd"]),
            "MUSD",
            "present value, public and private, operation included",
            summary_keys("cost_musd"),
        ),
        Card(
            "Public money",
            number(s["public_spend_musd"]),
            "MUSD",
            "expected, not discounted",
            summary_keys("public_spend_musd"),
        ),
        Card(
            "New plants",
            f"{built['project'].nunique():,}",
            "projects",
            f"{number(expected_sum(built, 'capex_musd'))} MUSD of capital",
            f"{table_rows('investments', EXPECTED)}: projects counted, capex_musd summed",
        ),
        Card(
            "People trained",
            number(sum(s["trained"].values())),
            "persons",
            trained_words(run),
            f"{summary_keys('trained')}; {table_rows('training')}: intake, probability",
        ),
    ]
    if levels:
        worst = min(levels, key=lambda e: (levels[e], e))
        over = "whole horizon" if len(run.weights) == 1 else "mean over the scenarios and the whole horizon"
        out.append(
            Card(
                "Demand met",
                percent(levels[worst]),
                "",
                "; ".join(filter(None, [f"{run.names.element(worst)}, the least served; {over}", worst_year(run)])),
                f"{summary_keys(f'service_level.{worst}')}; {table_rows('shortfall')}: tonnes, demand_t",
            )
        )
    return out


def answer(run: RunView) -> list[Statement]:
    """The answer, in the order in which it is asked for."""
    measures = summary_keys("risk_musd", "expected_loss_musd", "cvar_musd", "least_risk_musd", "without_plan")
    money = f"{summary_keys('cost_musd', 'public_spend_musd')}; {table_rows('spending')}: expected, by funder"
    began = f"{table_rows('spending')}: expected, by item and year; {table_rows('stocks', EXPECTED)}: bought_t"
    short = f"{table_rows('shortfall', EXPECTED)}, times the loss per kg; {summary_keys('expected_shortfall_t')}"
    return [
        Statement("Risk", " ".join(filter(None, (_risk(run), risk_words(run), hangs_on_words(run)))), measures),
        Statement("Cost", _cost(run), money),
        Statement("What to fund first", first_words(run), f"{table_rows('investments')}: year, capex_musd; {began}"),
        Statement("Who remains short", short_words(run), f"{short}, scenario_loss_musd"),
        Statement("What binds", _binding(run), f"{table_rows('shadow_prices')}: musd_per_unit, the largest of a kind"),
    ]


def _risk(run: RunView) -> str:
    s, old, objective = run.summary, run.without, run.case.model.objective
    if old:
        before = old["risk_musd"]
        text = (
            f"With the plan the risk is {number(s['risk_musd'])} MUSD; without one it is {number(before)} MUSD"
            + (f" ({change(before, s['risk_musd'])})" if before > 0 else "")
            + f". The expected loss goes from {number(old['expected_loss_musd'])} "
            f"to {number(s['expected_loss_musd'])} MUSD, the mean loss in {tail_words(run)} from "
            f"{number(old['cvar_musd'])} to {number(s['cvar_musd'])} MUSD. "
        )
    else:
        text = (
            f"With the plan the risk is {number(s['risk_musd'])} MUSD: "
            f"an expected loss of {number(s['expected_loss_musd'])} MUSD and a mean loss of {number(s['cvar_musd'])} "
            f"MUSD in {tail_words(run)}. "
        )
    if s.get("least_risk_musd") is not None:
        return text + (
            f"The least risk attainable is {number(s['least_risk_musd'])} MUSD; this is the cheapest plan within "
            f"{percent(objective.risk_slack)} of it."
        )
    if objective.goal == "target":
        return text + f"It is the cheapest plan whose risk is at most {number(objective.risk_limit)} MUSD."
    return text + "It is the plan with the least sum of cost and risk."


def _cost(run: RunView) -> str:
    s, old = run.summary, run.without
    text = f"The plan costs {number(s['cost_musd'])} MUSD (present value: capital, operation, people and stock)"
    text += f"; running what exists costs {number(old['cost_musd'])} MUSD. {worth_words(run)}" if old else ". "
    paid = spent(run, "funder")
    if paid["amount"].sum() <= 0:
        return text + "It needs no public money."
    funders = paid.groupby("kind")["amount"].sum()
    shares = [f"{name} {number(float(funders[name]))}" for name in largest_first(paid)[:3]]
    more = len(funders) - len(shares)
    return (
        text
        + f"Public budgets pay {number(s['public_spend_musd'])} MUSD (not discounted): {', '.join(shares)}"
        + (f" and {count(more, 'other')}." if more > 0 else ".")
    )


def worth_words(run: RunView) -> str:
    """What the plan costs above running what exists, beside what it takes off the loss."""
    s, old = run.summary, run.without
    extra = s["cost_musd"] - old["cost_musd"]
    saved, tail = (old[key] - s[key] for key in ("expected_loss_musd", "cvar_musd"))
    if extra < SLIGHT:
        return f"It costs no more than that, and takes {number(saved)} MUSD off the expected loss. "
    spread = abs(tail - saved) > SLIGHT
    text = f"For {number(extra)} MUSD more the plan takes {number(saved)} MUSD off the expected loss" + (
        f" and {number(tail)} MUSD off the mean loss in {tail_words(run)}. " if spread else ". "
    )
    if extra <= saved:
        return text + "The loss that it avoids on average is more than it costs. "
    costs, losses = run.case.model.discount_rate, run.case.model.risk_discount_rate
    rates = f" (discounted by {percent(costs)} a year, losses by {percent(losses)})" if costs != losses else ""
    text += f"It costs {number(extra - saved)} MUSD more{rates} than the loss that it avoids on average: "
    if spread and tail > extra:
        return text + f"it is an insurance of the tail; in {tail_words(run)} it saves more than it costs. "
    return text + "it is worth that only to who values a lower risk above its mean. "


def _binding(run: RunView) -> str:
    best = {limit.scarce: limit for limit in limits(run, 1)}
    chosen = [best[kind] for kind in DECIDING if kind in best][:3]
    if not chosen:
        return "Nothing the plan could be given more of would lower what is minimised."
    text = "" if "budget" in best or not run.case.budget else _money_does_not(run, [midway(c.kind) for c in chosen])
    return text + "For small changes: " + "; ".join(map(midway, (limit.sentence for limit in chosen))) + "."


def _money_does_not(run: RunView, binding: list[str]) -> str:
    text = "Not public money: one more MUSD in any single budget takes nothing off. "
    return text + (budget_remark(run, binding) if run.case.model.objective.goal == "risk" else "")


STAGE_WORDS = {"mine": "Mines", "separation": "Separation", "metal": "Metal", "magnet": "Magnets"}

NAMED = 4


def closing_lines(plan: PlanValues) -> list[str]:
    """What to build, where, when, for how much; risk without and with the plan; what is short; what binds."""
    return [*_risk_lines(plan), *_builds(plan), _people(plan), _stock(plan), _money(plan), _short(plan), _binds(plan)]


def _risk_lines(plan: PlanValues) -> Iterator[str]:
    summary = plan.summary
    before = summary.get("without_plan", {}).get("risk_musd")
    after, cost = summary["risk_musd"], summary["cost_musd"]
    if before is None:
        yield f"Risk        {number(after)} MUSD with this plan, which costs {number(cost)} MUSD"
    else:
        share = f" ({after / before - 1:+.0%})" if before > 0 else ""
        yield (
            f"Risk        {number(before)} MUSD without a plan, {number(after)} with it{share}; "
            f"the plan costs {number(cost)} MUSD"
        )
    yield (
        f"            expected loss {number(summary['expected_loss_musd'])} MUSD, "
        f"worst {1 - plan.case.model.objective.tail:.0%} of futures {number(summary['cvar_musd'])} MUSD"
    )


def _builds(plan: PlanValues) -> Iterator[str]:
    table = plan.tables["investments"]
    names = Names(plan.case)
    for stage, word in STAGE_WORDS.items():
        rows = table[table["stage"] == stage]
        if rows.empty:
            yield f"{word:<11} nothing new"
            continue
        capex = (rows["capex_musd"] * rows["probability"]).sum()
        first = rows.groupby("project").agg(
            country=("country", "first"), year=("year", "min"), capex=("capex_musd", "sum")
        )
        largest = first.sort_values(["capex", "year"], ascending=[False, True], kind="stable").head(NAMED)
        named = ", ".join(f"{names.project(str(p))} ({row.country}, {row.year})" for p, row in largest.iterrows())
        more = f" and {len(first) - NAMED} more" if len(first) > NAMED else ""
        yield f"{word:<11} {number(capex)} MUSD: {named}{more}"


def _people(plan: PlanValues) -> str:
    trained = {skill: count for skill, count in plan.summary["trained"].items() if count > 0}
    hired = plan.tables["workforce"].groupby("scenario")["hired"].sum().max() if len(plan.tables["workforce"]) else 0.0
    if not trained and not hired:
        return "People      nobody trained or hired"
    names = Names(plan.case)
    skills = sorted(trained.items(), key=lambda item: -item[1])
    named = ", ".join(f"{number(count)} {names.skill(skill)}" for skill, count in skills[:NAMED])
    return f"People      trained: {named or 'nobody'}; hired: {number(hired)}"


def _stock(plan: PlanValues) -> str:
    stocks = plan.tables["stocks"]
    if stocks.empty:
        return "Stock       none"
    by_year = stocks.assign(p=stocks["scenario"].map(plan.case.scenarios))
    bought = (by_year["bought_t"] * by_year["p"]).sum()
    released = (by_year["released_t"] * by_year["p"]).sum()
    return f"Stock       {number(bought)} t bought, {number(released)} t released (expected)"


def _money(plan: PlanValues) -> str:
    spending = plan.tables["spending"]
    by_funder = spending.groupby("funder")["expected"].sum().sort_values(ascending=False)
    named = ", ".join(f"{funder} {number(amount)}" for funder, amount in by_funder.head(NAMED).items())
    return f"Public      {number(plan.summary['public_spend_musd'])} MUSD ({named or 'nothing spent'})"


def _short(plan: PlanValues) -> str:
    short = {e: t for e, t in plan.summary["expected_shortfall_t"].items() if t > 0.05}
    if not short:
        return "Short       nobody, in no scenario"
    before = plan.summary.get("without_plan", {}).get("expected_shortfall_t", {})
    parts = [
        f"{e} {number(t)} t" + (f" (without a plan {number(before[e])})" if e in before else "")
        for e, t in sorted(short.items(), key=lambda item: -item[1])
    ]
    worst = max(plan.summary["scenario_loss_musd"].items(), key=lambda item: item[1])[0]
    table = plan.tables["shortfall"]
    rows = table[(table["scenario"] == worst) & (table["tonnes"] > 0.01 * table["demand_t"])]
    years = (
        f", worst in {worst}: {_span(rows['year'])}, {', '.join(sorted(rows['country'].unique())[:6])}"
        if len(rows)
        else ""
    )
    return f"Short       {', '.join(parts[:NAMED])} expected{years}"


def _span(years: pd.Series[int]) -> str:
    return f"{years.min()}-{years.max()}" if years.min() < years.max() else f"{years.min()}"


def _binds(plan: PlanValues) -> str:
    names = Names(plan.case)
    prices = plan.tables["shadow_prices"]
    kinds = prices[~prices["scarce"].isin(["delivered good", "imports", "stock"])]
    if kinds.empty:
        return "Binds       nothing that money, plants or people could move"
    top = kinds.sort_values("musd_per_unit", ascending=False, kind="stable").drop_duplicates("scarce").head(NAMED)
    named = ", ".join(_price(names, row) for row in top.to_dict("records"))
    return f"Binds       {named}"


def _price(names: Names, row: dict[Hashable, Any]) -> str:
    year = "" if pd.isna(row["year"]) else f" {row['year']}"
    whose = names.place(row["item"]) if row["scarce"] != "staff joining" else names.skill(row["item"])
    return f"{row['scarce']} {whose or row['country']}{year}: {number(row['musd_per_unit'])} {row['unit']}"
