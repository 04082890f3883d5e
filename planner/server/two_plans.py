"""One variant of a plan beside another: what is missing, what is built, what to fund first, who pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import inf
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.change import MODEL
from planner.data.difference import differences
from planner.reporting.run_view import RunView
from planner.reporting.words.names import STAGES_MANY
from planner.reporting.words.numbers import SLIGHT, percent
from planner.results.figures.plants import decisions
from planner.results.figures.run import EXPECTED, rows_of
from planner.results.losses import weighed

SLIGHT_TPA = 0.5
"""New capacity (t/y) below which a plant counts as not built."""


def futures_of(view: RunView) -> dict[str, str]:
    """Futures to choose from: all of them, then one by one, the worst first."""
    each = {
        w: f"{percent(view.weights[w])} probable: {view.names.scenario(w)}" for w in view.by_loss
    }
    return {EXPECTED: "all futures, on average"} | each


def missing(
    now: RunView, before: RunView | None, future: str
) -> list[tuple[str, float, float, float | None]]:
    """What is short in a future over all years, all elements first, then each: name, tonnes, demand (t), and tonnes
    before if that is known."""

    def sums(view: RunView) -> pd.DataFrame:
        found = view.within(
            view.tables["shortfall"], future, ["element"], ["tonnes", "demand_t"]
        ).set_index("element")
        return pd.concat([found.sum().to_frame("").T, found])

    here, there = (
        sums(now),
        sums(before) if before and future in (EXPECTED, *before.weights) else None,
    )
    rows: list[tuple[str, float, float, float | None]] = []
    for element, row in here.iterrows():
        was = None if there is None else float(there["tonnes"].get(element, 0.0))
        name = now.names.element(str(element))
        rows.append((name, float(row["tonnes"]), float(row["demand_t"]), was))
    lacking = [row for row in rows[1:] if max(row[1], row[3] or 0.0) > SLIGHT]
    return [rows[0], *sorted(lacking, key=lambda row: -row[1])]


Bar = tuple[str, int, Any, Any]
"""A plant: name, lead time, as it is built now, as it was before: rows of `built`, or None."""


def built(view: RunView | None) -> dict[str, Any]:
    """What a plan builds, by project: name, stage, first year of commitment, expected t/y in all, capital and the
    public part of it (expected MUSD, not discounted)."""
    if view is None:
        return {}
    rows = decisions(view).assign(t=lambda r: r["tpa"] * r["probability"])
    pairs = zip(rows["project"], rows["country"], strict=True)
    rows["label"] = [view.names.project_and_place(project, country) for project, country in pairs]
    rows["musd"], rows["public"] = (
        rows[x] * rows["probability"] for x in ("capex_musd", "public_musd")
    )
    how = {
        "label": "first",
        "stage": "first",
        "year": "min",
        "t": "sum",
        "musd": "sum",
        "public": "sum",
    }
    sums = rows[rows["t"] > 0].groupby("project", as_index=False).agg(how)
    return {r.project: r for r in rows_of(sums) if r.t > SLIGHT_TPA}


def plants_over_time(now: RunView, before: RunView | None) -> dict[str, list[Bar]]:
    """By stage what either plan builds, the earliest first."""
    here, there = built(now), built(before)
    found: dict[str, list[Bar]] = {stage: [] for stage in STAGES_MANY}
    for project, bar in sorted(
        (there | here).items(), key=lambda one: (one[1].year, one[1].t, one[0])
    ):
        if row := now.case.projects.get(project):
            found[row.stage].append(
                (bar.label, row.lead_time_years, here.get(project), there.get(project))
            )
    return found


def funded_first(
    now: RunView, asked: Mapping[float, Mapping[str, float]]
) -> dict[float, list[Any]]:
    """What the plan builds, part by part, by the largest weight of cost at which another plan builds it too, 0 where
    none does: name, stage, first year, t/y, of so many in all, public capital (expected MUSD). asked: t/y by project at
    each weight."""
    if now.case.model.objective.goal == "welfare":
        asked = {**asked, 1.0: now.summary["new_capacity_tpa"]}
    found: dict[float, list[Any]] = {
        weight: [] for weight in sorted({0.0, *asked} - {inf}, reverse=True)
    }
    for project, r in sorted(built(now).items(), key=lambda one: one[1].year):
        done = 0.0
        for weight, rows in found.items():
            size = min(asked[weight].get(project, 0.0), r.t) - done if weight else r.t - done
            if size > SLIGHT_TPA:
                rows.append((r.label, r.stage, r.year, size, r.t, r.public * size / r.t))
                done += size
    return {weight: rows for weight, rows in found.items() if rows}


def payers(now: RunView) -> dict[str, dict[str, float]]:
    """Who pays out of public money for plants, by stage, and for `people and stock`: name -> expected MUSD, who pays
    most first."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in now.tables["spending"].to_dict("records"):
        capex, _, stage = row["item"].partition(" ")
        found[stage if capex == "capex" else "people and stock"][
            now.names.party(row["funder"])
        ] += row["expected"]
    return {
        what: dict(sorted(paid.items(), key=lambda one: -one[1])) for what, paid in found.items()
    }


def shortage(view: RunView, future: str) -> dict[str, Any]:
    """Countries that are ever short, and (country, year) -> what is missing in a future: tonnes, share of demand."""
    table, keys = view.by_year["shortfall"], ["country", "year"]
    sums = view.within(table, future, keys, ["tonnes", "demand_t"]).set_index(keys)
    shares = (sums["tonnes"] / sums["demand_t"].where(sums["demand_t"] > 0)).fillna(0.0)
    ever = set(table[table["tonnes"] > SLIGHT_TPA]["country"])
    countries = {
        country: view.names.country(country) for country in view.case.countries if country in ever
    }
    return {"short": countries, "tonnes": sums["tonnes"].to_dict(), "shares": shares.to_dict()}


def reweighed(before: RunView, case: Case) -> float | None:
    """Risk (MUSD) of a plan, all that it does as it is, in a case that only weighs its futures otherwise; else None."""
    other = [
        d
        for d in differences(before.case, case)
        if d.table != "scenarios" and not (d.table == MODEL and d.column.startswith("objective."))
    ]
    if other or before.case.sha256 == case.sha256 or set(before.weights) != set(case.scenarios):
        return None
    return weighed(case, before.summary["scenario_loss_musd"]).risk


def lacking(before: RunView, case: Case) -> dict[str, list[Any]]:
    """What a plan, kept as decided, lacks in another case, as far as plants and money tell by themselves. plants: names
    of those that may not be built so large or so early. money: the first year in which budgets fall short of what
    plants and people cost where those funders alone may pay, or all together, who they are, by how much at most
    (MUSD, expected; of all years until then where budgets carry over), and how many times as much would do."""
    plants = []
    for project, bar in built(before).items():
        row = case.projects.get(project)
        if (
            row is None
            or bar.t > row.max_new_tpa + SLIGHT_TPA
            or bar.year < (row.earliest_year or 0)
        ):
            plants.append(bar.label)
    spent = before.tables["spending"]
    spent, found = spent[spent["item"] != "stock purchases"], []
    paying = {
        c: frozenset(f for f, where in case.reach.items() if c in where) for c in case.countries
    }
    for funders in {*paying.values(), frozenset(case.reach)}:
        where = [c for c, payers in paying.items() if payers <= funders]
        due = spent[spent["country"].isin(where)].groupby("year")["expected"].sum()
        years = range(case.first_year, case.last_year + 1)
        money = pd.Series({y: sum(case.budget.get((f, y), 0.0) for f in funders) for y in years})
        due = due.reindex(money.index, fill_value=0.0)
        if case.model.policy.budget_carry_over:
            due, money = due.cumsum(), money.cumsum()
        short = due - money
        if short.max() > SLIGHT:
            who = " and ".join(sorted(before.names.party(f) for f in funders)) or "nobody"
            enough = (due[due > SLIGHT] / money[due > SLIGHT]).max()
            found.append((short.index[short > SLIGHT][0], who, float(short.max()), float(enough)))
    return {"plants": plants, "money": sorted(found, key=lambda one: -one[2])[:3]}
