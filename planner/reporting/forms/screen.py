"""The closing screen: the answer in ten lines, from summary and tables."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from planner.reporting.values.names import Names
from planner.reporting.values.numbers import number
from planner.results.plan import PlanValues

STAGES = {"mine": "Mines", "separation": "Separation", "metal": "Metal"}
NAMED = 4


def closing_lines(plan: PlanValues) -> list[str]:
    """What to build, where, when, for how much; risk without and with the plan; what is short; what binds."""
    return [*_risk(plan), *_builds(plan), _people(plan), _stock(plan), _money(plan), _short(plan), _binds(plan)]


def _risk(plan: PlanValues) -> Iterator[str]:
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
    for stage, word in STAGES.items():
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
