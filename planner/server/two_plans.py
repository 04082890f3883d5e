"""One variant of a plan beside another: unmet demand, what is built, what to fund first, who pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
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
from planner.server.answers import Shown

SLIGHT_TPA = 0.5
"""New capacity (t/y) below which a plant counts as not built."""
MOST_SIZED = 5
"""Plants whose size changed most that are named."""
PEOPLE = "people and stock"
"""The name of all that public money pays for besides plants."""
MissingRow = tuple[str, float, float, float | None]
"""Name, unmet demand (t), demand (t), and unmet demand before if that is known."""


def scenarios_of(view: RunView) -> dict[str, str]:
    """Scenarios to choose from: all of them, then one by one, the worst first."""
    found = {EXPECTED: "all scenarios, expected"}
    for scenario in view.by_loss:
        chance = percent(view.weights[scenario])
        name = view.names.scenario(scenario)
        found[scenario] = f"{chance} probable: {name}"
    return found


def missing(now: RunView, before: RunView | None, scenario: str) -> list[MissingRow]:
    """Unmet demand in a scenario over all years, all elements first, then each."""
    here = _unmet(now, scenario)
    there = None
    if before is not None and scenario in (EXPECTED, *before.weights):
        there = _unmet(before, scenario)["tonnes"]
    rows: list[MissingRow] = []
    for element, row in here.iterrows():
        name = now.names.element(str(element))
        tonnes = float(row["tonnes"])
        demand = float(row["demand_t"])
        was = None if there is None else float(there.get(element, 0.0))
        if not element or max(tonnes, was or 0.0) > SLIGHT:
            rows.append((name, tonnes, demand, was))
    whole, *elements = rows
    elements.sort(key=lambda row: -row[1])
    return [whole, *elements]


def _unmet(view: RunView, scenario: str) -> pd.DataFrame:
    """tonnes and demand_t by element, the sum of all at ''."""
    table = view.tables["shortfall"]
    found = view.within(table, scenario, ["element"], ["tonnes", "demand_t"])
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


def built(view: RunView | None) -> Shown:
    """The plants of a plan, by project: label, stage, first year of commitment, expected t/y in all, capital `musd` and
    the `public` part of it (expected, not discounted)."""
    if view is None:
        return {}
    rows = decisions(view)
    probability = rows["probability"]
    rows["t"] = rows["tpa"] * probability
    rows["musd"] = rows["capex_musd"] * probability
    rows["public"] = rows["public_musd"] * probability
    rows["label"] = rows["project"].map(view.names.placed)
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
    return {row.project: row for row in rows_of(found) if row.t > SLIGHT_TPA}


def plants_over_time(now: RunView, before: RunView | None) -> dict[str, list[Bar]]:
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
        if abs(grown) > SLIGHT_TPA:
            sized.append((abs(grown), words))
    sized.sort(reverse=True)
    return [
        ("No longer built", gone),
        ("Newly built", new),
        ("Size changed most", [words for _, words in sized[:MOST_SIZED]]),
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
    """The plants of the plan, part by part, by the largest weight of cost at which another plan builds that part too, 0
    where none does. asked: t/y by project at each weight."""
    sizes = dict(asked)
    if now.case.model.objective.goal == "welfare":
        sizes[1.0] = now.summary["new_capacity_tpa"]
    weights = sorted({0.0, *sizes} - {inf}, reverse=True)
    found: dict[float, list[FundedPart]] = {}
    for weight in weights:
        found[weight] = []
    rows = built(now)
    for project in sorted(rows, key=lambda key: rows[key].year):
        row = rows[project]
        done = 0.0
        for weight in weights:
            there = sizes[weight].get(project, 0.0) if weight else row.t
            size = min(there, row.t) - done
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
    """Stage, or `people and stock` -> payer -> expected MUSD of public money; who pays most stands first."""
    found: dict[str, dict[str, float]] = {}
    for row in now.tables["spending"].to_dict("records"):
        item, _, stage = row["item"].partition(" ")
        what = stage if item == "capex" else PEOPLE
        paid = found.setdefault(what, defaultdict(float))
        name = now.names.party(row["funder"])
        paid[name] += row["expected"]
    ordered = {}
    for what, paid in found.items():
        most_first = sorted(paid, key=paid.__getitem__, reverse=True)
        ordered[what] = {name: paid[name] for name in most_first}
    return ordered


def shortage(view: RunView, scenario: str) -> Shown:
    """Countries that are ever short, and (country, year) -> unmet demand in a scenario: tonnes, share of demand."""
    table = view.by_year["shortfall"]
    keys = ["country", "year"]
    sums = view.within(table, scenario, keys, ["tonnes", "demand_t"]).set_index(keys)
    demand = sums["demand_t"].where(sums["demand_t"] > 0)
    shares = sums["tonnes"] / demand
    is_short = table["tonnes"] > SLIGHT_TPA
    ever = set(table["country"][is_short])
    short = [country for country in view.case.countries if country in ever]
    return {
        "short": {country: view.names.country(country) for country in short},
        "tonnes": sums["tonnes"].to_dict(),
        "shares": shares.fillna(0.0).to_dict(),
    }


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
    """Plants and money that a plan, kept as decided, lacks in another case. plants: those that may not be built so large
    or so early."""

    plants: list[str]
    money: list[ShortMoney]


MOST_SHORT = 3
"""Groups of funders that are named as short."""


def lacking(before: RunView, case: Case) -> Lacks:
    """The plants and the money that a plan, kept as decided, lacks in another case, each by itself: budgets against the
    cost of plants and people where those funders alone may pay, or all together."""
    spent = before.tables["spending"]
    spent = spent[spent["item"] != "stock purchases"]
    paying: dict[str, frozenset[str]] = {}
    for country in case.countries:
        payers = [funder for funder, where in case.reach.items() if country in where]
        paying[country] = frozenset(payers)
    together = frozenset(case.reach)
    found = []
    for funders in {*paying.values(), together}:
        where = [country for country, some in paying.items() if some <= funders]
        theirs = spent[spent["country"].isin(where)]
        due = theirs.groupby("year")["expected"].sum()
        names = sorted(map(before.names.party, funders))
        words = " and ".join(names) or "nobody"
        short = _short(case, due, funders, words)
        if short is not None:
            found.append(short)
    found.sort(key=lambda one: -one.musd)
    plants = _too_large_or_early(before, case)
    return Lacks(plants=plants, money=found[:MOST_SHORT])


def _too_large_or_early(before: RunView, case: Case) -> list[str]:
    """Labels of plants that the plan before has larger or earlier than the case allows now."""
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
    case: Case, due: pd.Series[float], funders: frozenset[str], names: str
) -> ShortMoney | None:
    """By how much budgets fall short of what is due (MUSD by year); None where they do not."""
    years = range(case.first_year, case.last_year + 1)
    due = due.reindex(years, fill_value=0.0)
    money = pd.Series(0.0, index=years)
    for funder in funders:
        money += [case.budget.get((funder, year), 0.0) for year in years]
    if case.model.policy.budget_carry_over:
        due = due.cumsum()
        money = money.cumsum()
    short = due - money
    if short.max() <= SLIGHT:
        return None
    is_due = due > SLIGHT
    enough = due[is_due] / money[is_due]
    return ShortMoney(
        year=int(short.index[short > SLIGHT][0]),
        funders=names,
        musd=float(short.max()),
        enough=float(enough.max()),
    )
