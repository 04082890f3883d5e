"""One variant of a plan beside another: unmet demand, what is built, what to fund first, who pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.run_view import RunView
from planner.reporting.words.names import STAGES_MANY
from planner.reporting.words.numbers import SLIGHT, percent, signed
from planner.results.figures.plants import decisions
from planner.results.figures.run import EXPECTED
from planner.results.ledger import rows_of

SLIGHT_TPA = 0.5
"""New capacity (t/y) below which a plant counts as not built."""
MOST_SIZED = 5
"""Plants whose size changed most that are named."""
PEOPLE = "people and stock"
"""What public money pays for besides plants."""
MissingRow = tuple[str, float, float, float | None]
"""Name, unmet demand (t), demand (t), and unmet demand before if that is known."""


def scenarios_of(view: RunView) -> dict[str, str]:
    """Scenarios to choose from: all of them, then one by one, the worst first."""
    found = {EXPECTED: "all scenarios, expected"}
    for scenario in view.by_loss:
        chance = percent(view.weights[scenario])
        found[scenario] = f"{chance} probable: {view.names.scenario(scenario)}"
    return found


def missing(now: RunView, before: RunView | None, scenario: str) -> list[MissingRow]:
    """Unmet demand in a scenario over all years, all elements first, then each."""
    here = _unmet(now, scenario)
    there = None
    if before is not None and scenario in (EXPECTED, *before.weights):
        there = _unmet(before, scenario)["tonnes"]
    rows: list[MissingRow] = []
    for element, row in here.iterrows():
        was = None if there is None else float(there.get(element, 0.0))
        name = now.names.element(str(element))
        rows.append((name, float(row["tonnes"]), float(row["demand_t"]), was))
    lacking = [row for row in rows[1:] if max(row[1], row[3] or 0.0) > SLIGHT]
    return [rows[0], *sorted(lacking, key=lambda row: -row[1])]


def _unmet(view: RunView, scenario: str) -> pd.DataFrame:
    """tonnes and demand_t by element, the sum of all at ''."""
    table = view.tables["shortfall"]
    found = view.within(table, scenario, ["element"], ["tonnes", "demand_t"])
    found = found.set_index("element")
    return pd.concat([found.sum().to_frame("").T, found])


# ---- plants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A plant: its name, its lead time (years), and as it is built now and was before: rows of `built`, or None."""

    name: str
    lead: int
    now: Any
    was: Any


def built(view: RunView | None) -> dict[str, Any]:
    """What a plan builds, by project: label, stage, first year of commitment, expected t/y in all, capital `musd` and
    the `public` part of it (expected, not discounted)."""
    if view is None:
        return {}
    rows = decisions(view)
    rows["t"] = rows["tpa"] * rows["probability"]
    rows["musd"] = rows["capex_musd"] * rows["probability"]
    rows["public"] = rows["public_musd"] * rows["probability"]
    labels = []
    for project, country in zip(rows["project"], rows["country"], strict=True):
        labels.append(view.names.project_and_place(project, country))
    rows["label"] = labels
    first = dict.fromkeys(("label", "stage"), "first")
    sums = dict.fromkeys(("t", "musd", "public"), "sum")
    grouped = rows[rows["t"] > 0].groupby("project", as_index=False)
    found = grouped.agg({**first, "year": "min", **sums})
    return {row.project: row for row in rows_of(found) if row.t > SLIGHT_TPA}


def plants_over_time(now: RunView, before: RunView | None) -> dict[str, list[Bar]]:
    """By stage what either plan builds, the earliest first."""
    here, there = built(now), built(before)
    found: dict[str, list[Bar]] = {stage: [] for stage in STAGES_MANY}
    either = sorted((there | here).items(), key=lambda one: (one[1].year, one[1].t, one[0]))
    for project, one in either:
        row = now.case.projects.get(project)
        if row is None:
            continue
        bar = Bar(
            name=one.label, lead=row.lead_time_years, now=here.get(project), was=there.get(project)
        )
        found[row.stage].append(bar)
    return found


def moves(plants: Mapping[str, list[Bar]]) -> list[tuple[str, list[str]]]:
    """What became of plants from one plan to the other, in words, and the plants of which that is so."""
    gone, new, sized, moved = list[str](), list[str](), list[tuple[float, str]](), list[str]()
    for bars in plants.values():
        for bar in bars:
            here, there = bar.now, bar.was
            grown = (here.t if here else 0.0) - (there.t if there else 0.0)
            told = f"{bar.name} {signed(grown)} t/y"
            if here is None:
                gone.append(told)
            elif there is None:
                new.append(told)
            elif here.year != there.year:
                moved.append(f"{bar.name} {there.year} → {here.year}")
            if here and there and abs(grown) > SLIGHT_TPA:
                sized.append((abs(grown), told))
    largest = [told for _, told in sorted(sized, reverse=True)[:MOST_SIZED]]
    return [
        ("No longer built", gone),
        ("Newly built", new),
        ("Size changed most", largest),
        ("Begun in another year", moved),
    ]


@dataclass(frozen=True, kw_only=True)
class FundedPart:
    """A plant, or a part of it: t/y of the plant's `of`, public capital (expected MUSD) in `musd`."""

    label: str
    stage: str
    year: int
    tpa: float
    of: float
    musd: float


def funded_first(
    now: RunView, asked: Mapping[float, Mapping[str, float]]
) -> dict[float, list[FundedPart]]:
    """What the plan builds, part by part, by the largest weight of cost at which another plan builds it too, 0 where
    none does. asked: t/y by project at each weight."""
    sizes = dict(asked)
    if now.case.model.objective.goal == "welfare":
        sizes[1.0] = now.summary["new_capacity_tpa"]
    weights = sorted({0.0, *sizes} - {inf}, reverse=True)
    found: dict[float, list[FundedPart]] = {weight: [] for weight in weights}
    for project, row in sorted(built(now).items(), key=lambda one: one[1].year):
        done = 0.0
        for weight in weights:
            reached = min(sizes[weight].get(project, 0.0), row.t) if weight else row.t
            size = reached - done
            if size <= SLIGHT_TPA:
                continue
            part = FundedPart(
                label=row.label,
                stage=row.stage,
                year=row.year,
                tpa=size,
                of=row.t,
                musd=row.public * size / row.t,
            )
            found[weight].append(part)
            done += size
    return {weight: parts for weight, parts in found.items() if parts}


# ---- money and shortages ---------------------------------------------------------------------------------------------


def payers(now: RunView) -> dict[str, dict[str, float]]:
    """Who pays out of public money for plants, by stage, and for `people and stock`: name -> expected MUSD, who pays
    most first."""
    found: dict[str, dict[str, float]] = {}
    for row in now.tables["spending"].to_dict("records"):
        item, _, stage = row["item"].partition(" ")
        paid = found.setdefault(stage if item == "capex" else PEOPLE, {})
        name = now.names.party(row["funder"])
        paid[name] = paid.get(name, 0.0) + row["expected"]
    ordered = {}
    for what, paid in found.items():
        most_first = sorted(paid.items(), key=lambda one: -one[1])
        ordered[what] = dict(most_first)
    return ordered


def shortage(view: RunView, scenario: str) -> dict[str, Any]:
    """Countries that are ever short, and (country, year) -> unmet demand in a scenario: tonnes, share of demand."""
    table, keys = view.by_year["shortfall"], ["country", "year"]
    sums = view.within(table, scenario, keys, ["tonnes", "demand_t"]).set_index(keys)
    shares = (sums["tonnes"] / sums["demand_t"].where(sums["demand_t"] > 0)).fillna(0.0)
    ever = set(table[table["tonnes"] > SLIGHT_TPA]["country"])
    countries = {}
    for country in view.case.countries:
        if country in ever:
            countries[country] = view.names.country(country)
    return {"short": countries, "tonnes": sums["tonnes"].to_dict(), "shares": shares.to_dict()}


@dataclass(frozen=True, kw_only=True)
class ShortMoney:
    """Funders whose budgets fall short of a plan: the first such year, by how much at most (expected MUSD; of all years
    until then where budgets carry over), and how many times as much would do."""

    year: int
    funders: str
    musd: float
    enough: float


@dataclass(frozen=True, kw_only=True)
class Lacks:
    """What a plan, kept as decided, lacks in another case. plants: those that may not be built so large or so early."""

    plants: list[str]
    money: list[ShortMoney]


MOST_SHORT = 3
"""Groups of funders that are named as short."""


def lacking(before: RunView, case: Case) -> Lacks:
    """What a plan, kept as decided, lacks in another case, as far as plants and money tell by themselves: budgets
    against what plants and people cost where those funders alone may pay, or all together."""
    spent = before.tables["spending"]
    spent = spent[spent["item"] != "stock purchases"]
    paying: dict[str, frozenset[str]] = {}
    for country in case.countries:
        paying[country] = frozenset(f for f, where in case.reach.items() if country in where)
    found = []
    for funders in {*paying.values(), frozenset(case.reach)}:
        where = [country for country, payers in paying.items() if payers <= funders]
        short = _short(before, case, spent[spent["country"].isin(where)], funders)
        if short is not None:
            found.append(short)
    most_first = sorted(found, key=lambda one: -one.musd)
    return Lacks(plants=_too_large_or_early(before, case), money=most_first[:MOST_SHORT])


def _too_large_or_early(before: RunView, case: Case) -> list[str]:
    found = []
    for project, bar in built(before).items():
        row = case.projects.get(project)
        fits = (
            row is not None
            and bar.t <= row.max_new_tpa + SLIGHT_TPA
            and bar.year >= (row.earliest_year or 0)
        )
        if not fits:
            found.append(bar.label)
    return found


def _short(
    before: RunView, case: Case, spent: pd.DataFrame, funders: frozenset[str]
) -> ShortMoney | None:
    years = range(case.first_year, case.last_year + 1)
    money = pd.Series(0.0, index=years)
    for funder in funders:
        money += [case.budget.get((funder, year), 0.0) for year in years]
    due = spent.groupby("year")["expected"].sum().reindex(money.index, fill_value=0.0)
    if case.model.policy.budget_carry_over:
        due, money = due.cumsum(), money.cumsum()
    short = due - money
    if short.max() <= SLIGHT:
        return None
    names = sorted(before.names.party(funder) for funder in funders)
    is_due = due > SLIGHT
    return ShortMoney(
        year=int(short.index[short > SLIGHT][0]),
        funders=" and ".join(names) or "nobody",
        musd=float(short.max()),
        enough=float((due[is_due] / money[is_due]).max()),
    )
