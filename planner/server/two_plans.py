"""One variant of a plan beside another: unmet demand, what is built, who pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pandas as pd

from planner.reporting.words.names import STAGES_MANY, names_of
from planner.reporting.words.numbers import SLIGHT, percent, signed
from planner.results.figures.plants import decisions
from planner.results.figures.sums import EXPECTED, by_year, scenarios_by_loss, sums_in
from planner.results.plan import Plan
from planner.results.reader import rows_of
from planner.server.answers import Shown
from planner.thresholds import SHOWN_T

MOST_SIZED = 5
"""Plants whose size changed most that are named."""
PEOPLE = "people and stock"
"""The name of all that public money pays for besides plants."""
MissingRow = tuple[str, float, float, float | None]
"""Name, unmet demand (t), demand (t), and unmet demand before if that is known."""


def scenarios_of(view: Plan) -> dict[str, str]:
    """Scenarios to choose from: all of them, then one by one, the worst first."""
    found = {EXPECTED: "all scenarios, expected"}
    for scenario in scenarios_by_loss(view):
        chance = percent(view.weights[scenario])
        name = names_of(view.case).scenario(scenario)
        found[scenario] = f"{chance} probable: {name}"
    return found


def missing(now: Plan, before: Plan | None, scenario: str) -> list[MissingRow]:
    """Unmet demand in a scenario over all years, all elements first, then each."""
    here = _unmet(now, scenario)
    there = None
    if before is not None and scenario in (EXPECTED, *before.weights):
        there = _unmet(before, scenario)["tonnes"]
    rows: list[MissingRow] = []
    for element, row in here.iterrows():
        name = names_of(now.case).element(str(element))
        tonnes = float(row["tonnes"])
        demand = float(row["demand_t"])
        was = None if there is None else float(there.get(element, 0.0))
        if not element or max(tonnes, was or 0.0) > SLIGHT:
            rows.append((name, tonnes, demand, was))
    whole, *elements = rows
    elements.sort(key=lambda row: -row[1])
    return [whole, *elements]


def _unmet(view: Plan, scenario: str) -> pd.DataFrame:
    """tonnes and demand_t by element, the sum of all at ''."""
    table = view.tables["shortfall"]
    found = sums_in(view, table, scenario, ["element"], ["tonnes", "demand_t"])
    found = found.set_index("element")
    whole = found.sum().to_frame("")
    return pd.concat([whole.T, found])


# ---- plants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A plant: its name, its lead time (years), and as it is built now and was before: rows of `built`, or None."""

    name: str
    lead: int
    now: Any
    was: Any


def built(view: Plan | None) -> Shown:
    """The plants of a plan, by project: label, stage, first year of commitment, expected t/y in all, capital `musd` and
    the `public` part of it (expected, not discounted)."""
    if view is None:
        return {}
    decided = decisions(view)
    probability = decided["probability"]
    rows = decided.assign(
        t=decided["tpa"] * probability,
        musd=decided["capex_musd"] * probability,
        public=decided["public_musd"] * probability,
        label=decided["project"].map(names_of(view.case).placed),
    )
    is_built = rows["t"] > 0
    grouped = rows[is_built].groupby("project", as_index=False)
    columns = {
        "label": "first",
        "stage": "first",
        "year": "min",
        "t": "sum",
        "musd": "sum",
        "public": "sum",
    }
    found = grouped.agg(columns)
    return {row.project: row for row in rows_of(found) if row.t > SHOWN_T}


def plants_over_time(now: Plan, before: Plan | None) -> dict[str, list[Bar]]:
    """By stage the plants that either plan builds, the earliest first."""
    here = built(now)
    there = built(before)
    found: dict[str, list[Bar]] = {stage: [] for stage in STAGES_MANY}
    either = there | here

    def begun(project: str) -> tuple[int, float, str]:
        plant = either[project]
        return plant.year, plant.t, project

    for project in sorted(either, key=begun):
        row = now.case.projects.get(project)
        if row is not None:
            bar = Bar(
                name=either[project].label,
                lead=row.lead_time_years,
                now=here.get(project),
                was=there.get(project),
            )
            found[row.stage].append(bar)
    return found


def moves(plants: Mapping[str, list[Bar]]) -> list[tuple[str, list[str]]]:
    """The ways in which plants change from one plan to the other, in words, and the plants of which that is so."""
    gone: list[str] = []
    new: list[str] = []
    moved: list[str] = []
    sized: list[tuple[float, str]] = []
    for bar in chain.from_iterable(plants.values()):
        here = bar.now
        there = bar.was
        before = there.t if there else 0.0
        grown = (here.t if here else 0.0) - before
        words = f"{bar.name} {signed(grown)} t/y"
        if here is None:
            gone.append(words)
            continue
        if there is None:
            new.append(words)
            continue
        if here.year != there.year:
            moved.append(f"{bar.name} {there.year} → {here.year}")
        if abs(grown) > SHOWN_T:
            sized.append((abs(grown), words))
    sized.sort(reverse=True)
    return [
        ("No longer built", gone),
        ("Newly built", new),
        ("Size changed most", [words for _, words in sized[:MOST_SIZED]]),
        ("Begun in another year", moved),
    ]


# ---- money and shortages ---------------------------------------------------------------------------------------------


def payers(now: Plan) -> dict[str, dict[str, float]]:
    """Stage, or `people and stock` -> payer -> expected MUSD of public money; who pays most stands first."""
    found: dict[str, dict[str, float]] = {}
    for row in now.tables["spending"].to_dict("records"):
        item, _, stage = row["item"].partition(" ")
        what = stage if item == "capex" else PEOPLE
        paid = found.setdefault(what, defaultdict(float))
        name = names_of(now.case).party(row["funder"])
        paid[name] += row["expected"]
    ordered = {}
    for what, paid in found.items():
        most_first = sorted(paid, key=paid.__getitem__, reverse=True)
        ordered[what] = {name: paid[name] for name in most_first}
    return ordered


def shortage(view: Plan, scenario: str) -> Shown:
    """Countries that are ever short, and (country, year) -> unmet demand in a scenario: tonnes, share of demand."""
    table = by_year(view, "shortfall")
    keys = ["country", "year"]
    sums = sums_in(view, table, scenario, keys, ["tonnes", "demand_t"]).set_index(keys)
    demand = sums["demand_t"].where(sums["demand_t"] > 0)
    shares = sums["tonnes"] / demand
    is_short = table["tonnes"] > SHOWN_T
    ever = set(table["country"][is_short])
    short = [country for country in view.case.countries if country in ever]
    return {
        "short": {country: names_of(view.case).country(country) for country in short},
        "tonnes": sums["tonnes"].to_dict(),
        "shares": shares.fillna(0.0).to_dict(),
    }
