"""What the screen says at the end of a command: values of its lines, whose words stand in templates/text/screen.j2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.text.explanation import explained
from planner.reporting.values.view import records
from planner.reporting.values.wording import Names, number, worded, worded_lines
from planner.results.explanation import Explanation
from planner.results.plan import PlanValues

STAGE_WORDS = {"mine": "Mines", "separation": "Separation", "metal": "Metal", "magnet": "Magnets"}

NAMED, MOST_COUNTRIES = 4, 6


def closing_lines(plan: PlanValues) -> list[str]:
    """What to build, where, when, for how much; risk without and with the plan; what is short; what binds."""
    summary, spending = plan.summary, plan.tables["spending"]
    paid = spending.groupby("funder")["expected"].sum().sort_values(ascending=False).head(NAMED)
    hired = plan.tables["workforce"].groupby("scenario")["hired"].sum()
    return worded_lines(
        "screen.j2",
        "closing",
        plan=summary,
        before=summary.get("without_plan", {}).get("risk_musd"),
        tail=1 - plan.case.model.objective.tail,
        most=NAMED,
        builds=list(_builds(plan)),
        trained=_trained(plan),
        hired=hired.max() if len(hired) else 0.0,
        stock=_stock(plan),
        payers=[f"{funder} {number(amount)}" for funder, amount in paid.items()],
        **_short(plan),
        binds=_binds(plan),
    )


def _builds(plan: PlanValues) -> Iterator[tuple[str, float, list[str]]]:
    """Word of a stage, its capital (expected, MUSD), and its projects, the costliest first."""
    table, names = plan.tables["investments"], Names(plan.case)
    known = {row.stage for row in plan.case.projects.values()}
    for stage, word in STAGE_WORDS.items():
        if stage == "magnet" and stage not in known:
            continue
        rows = table[table["stage"] == stage]
        capex = float((rows["capex_musd"] * rows["probability"]).sum())
        first = rows.groupby("project", as_index=False).agg(
            country=("country", "first"), year=("year", "min"), capex=("capex_musd", "sum")
        )
        first = first.sort_values(["capex", "year"], ascending=[False, True], kind="stable")
        yield word, capex, [f"{names.project(r['project'])} ({r['country']}, {r['year']})" for r in records(first)]


def _trained(plan: PlanValues) -> list[str]:
    names = Names(plan.case)
    skills = sorted(plan.summary["trained"].items(), key=lambda item: -item[1])
    return [f"{number(persons)} {names.skill(skill)}" for skill, persons in skills if persons > 0]


def _stock(plan: PlanValues) -> Mapping[str, float]:
    """Tonnes bought and released, expected; empty if there is no stock."""
    stocks = plan.tables["stocks"]
    weight = stocks["scenario"].map(plan.case.scenarios)
    return {c: float((stocks[c] * weight).sum()) for c in ("bought_t", "released_t")} if len(stocks) else {}


def _short(plan: PlanValues) -> dict[str, Any]:
    """What is short, expected; and in the worst scenario when and where more than a hundredth of demand is."""
    tonnes, losses = plan.summary["expected_shortfall_t"], plan.summary["scenario_loss_musd"]
    before = plan.summary.get("without_plan", {}).get("expected_shortfall_t", {})
    worst, table = max(losses, key=lambda w: losses[w]), plan.tables["shortfall"]
    rows = table[(table["scenario"] == worst) & (table["tonnes"] > 0.01 * table["demand_t"])]
    parts = [
        f"{e} {number(t)} t" + (f" (without a plan {number(before[e])})" if e in before else "")
        for e, t in sorted(tonnes.items(), key=lambda item: -item[1])
        if t > 0.05
    ]
    countries = sorted(rows["country"].unique())[:MOST_COUNTRIES]
    return {"short": parts, "worst": worst, "years": sorted(rows["year"].unique()), "countries": countries}


def _binds(plan: PlanValues) -> list[str]:
    """The scarce thing of each kind that is worth most, of those that money, plants or people could move."""
    names, prices = Names(plan.case), plan.tables["shadow_prices"]
    kinds = prices[~prices["scarce"].isin(["delivered good", "imports", "stock"])]
    top = kinds.sort_values("musd_per_unit", ascending=False, kind="stable").drop_duplicates("scarce").head(NAMED)
    out = []
    for row in records(top):
        year = "" if pd.isna(row["year"]) else f" {row['year']}"
        whose = names.skill(row["item"]) if row["scarce"] == "staff joining" else names.place(row["item"])
        worth = f"{number(row['musd_per_unit'])} {row['unit']}"
        out.append(f"{row['scarce']} {whose or row['country']}{year}: {worth}")
    return out


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """Ladder, verdicts, bottleneck, information."""
    wide = max(len(r.name.split(":")[0]) for r in found.ladder)
    said = {
        "statements": explained(found, Names(case)),
        "any_size": worded("decision.j2", "any_size") if case.model.policy.whole_plants else "",
    }
    return worded_lines("screen.j2", "explained", found=found, wide=wide, **said)
