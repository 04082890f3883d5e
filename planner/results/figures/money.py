"""Figures of money: public spending by funder and item, the parts of the cost, decisions by year, scarce things."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.stages import STAGES
from planner.results.figures.plants import decisions
from planner.results.figures.run import RunFigures, records
from planner.results.ledger import rows_of
from planner.units import musd, musd_per_tonne

ITEMS = (
    *(f"capex {stage}" for stage in STAGES),
    "training fees",
    "training seats",
    "hiring",
    "stock purchases",
)
"""Items of public spending, in the order of the chain."""
PEOPLE, STOCK = ("training fees", "training seats", "hiring"), ("stock purchases",)
FIXED, NEW, OLD = "fixed cost of new plants", "running new capacity", "running existing capacity"
IMPORTS, HELD, TARGETS = "imports", "holding stock", "missed targets"
LEAST_MUSD, LEAST_T = 0.05, 0.5
"""MUSD, and tonnes of a purchase, below which nothing is begun."""


def spent(run: RunFigures, by: str) -> pd.DataFrame:
    """Expected public money by year and `funder` or `item`: year, kind (an id), `amount` (MUSD, not discounted)."""
    rows = run.tables["spending"].groupby(["year", by], as_index=False)[["expected"]].sum()
    return rows.rename(columns={by: "kind", "expected": "amount"})


def largest_first(rows: pd.DataFrame) -> list[str]:
    """Kinds by their total amount, the largest first."""
    sums = rows.groupby("kind")["amount"].sum()
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def public_present(run: RunFigures) -> float:
    """Present value of the expected public money (MUSD)."""
    rows = run.tables["spending"]
    return float((rows["expected"] * rows["year"].map(run.case.cost_discount)).sum())


def cost_increment(run: RunFigures, without: float | None) -> float | None:
    """Cost of the plan beyond the cost of no plan (MUSD, present value); None where the latter is not known."""
    return None if without is None else float(run.summary["cost_musd"]) - without


@dataclass(frozen=True)
class Begun:
    """Decisions of one year or, after the last plant, of some together: plants, the costliest first, and whether each
    was begun before (`again`); expected public money (MUSD) for stock and for people, and the expected tonnes of stock
    by element."""

    year: int
    last: int
    projects: pd.DataFrame
    stock: float
    people: float
    bought: dict[str, float]


def begun(run: RunFigures) -> list[Begun]:
    """The decisions of each year in which any is taken."""
    rows = decisions(run).sort_values(["capex_musd", "project"], ascending=[False, True])
    rows["again"] = rows["year"] > rows.groupby("project")["year"].transform("min")
    stock = _paid_by_year(run, STOCK)
    people = _paid_by_year(run, PEOPLE)
    bought = run.expected(run.by_year["stocks"], ["year", "element"], ["bought_t"])
    found = []
    for years in _years_together(run, rows["year"], {*stock.index, *people.index}):
        tonnes = bought[bought["year"].isin(years)].groupby("element")["bought_t"].sum()
        named = tonnes[tonnes >= LEAST_T].sort_values(ascending=False, kind="stable")
        found.append(
            Begun(
                year=years[0],
                last=years[-1],
                projects=rows[rows["year"] == years[0]],
                stock=float(stock.reindex(years, fill_value=0.0).sum()),
                people=float(people.reindex(years, fill_value=0.0).sum()),
                bought={str(element): amount for element, amount in named.items()},
            )
        )
    return found


def _paid_by_year(run: RunFigures, items: tuple[str, ...]) -> pd.Series:
    paid = run.tables["spending"]
    sums = paid[paid["item"].isin(items)].groupby("year")["expected"].sum()
    return sums[sums >= LEAST_MUSD]


def _years_together(run: RunFigures, of_plants: pd.Series, others: set[int]) -> list[list[int]]:
    """The years in which anything is begun, each by itself up to the last plant, the rest together."""
    last_plant = int(of_plants.max()) if len(of_plants) else run.years[0] + 1
    alone = []
    together = []
    for year in sorted({*of_plants, *others}):
        if year <= last_plant:
            alone.append([int(year)])
        else:
            together.append(int(year))
    return [*alone, together] if together else alone


def cost_parts(run: RunFigures) -> pd.DataFrame:
    """The parts of the cost (MUSD, expected): `part` (an item of public spending or a part that no budget pays),
    `public` and `others` (not discounted), and `present`, the present values, which add up to the cost."""
    paid = run.tables["spending"].rename(columns={"expected": "public"})
    unpaid = [*_private(run), *_fixed(run), *_running(run), *_held(run)]
    others = pd.DataFrame(unpaid, columns=["item", "year", "others"])
    rows = pd.concat([paid[["item", "year", "public"]], others])
    rows = rows.fillna({"public": 0.0, "others": 0.0})
    discount = rows["year"].map(run.case.cost_discount).astype(float)
    rows["present"] = discount * (rows["public"] + rows["others"])
    sums = rows.groupby("item")[["public", "others", "present"]].sum()
    parts = [*ITEMS, FIXED, NEW, OLD, HELD]
    table = sums.reindex(parts, fill_value=0.0).rename_axis("part")
    return _as_summary_tells(run, table).reset_index()


def _as_summary_tells(run: RunFigures, table: pd.DataFrame) -> pd.DataFrame:
    """The parts with what the summary knows beside the tables: imports, missed targets, purchases net of the price of
    the goods, running cost net of credits."""
    stated = run.summary["cost_parts_musd"]
    running = table.loc[[NEW, OLD], "present"].sum()
    if running > 0:
        table.loc[[NEW, OLD], ["others", "present"]] *= stated["variable_opex"] / running
    table.loc["stock purchases", "present"] = stated["stock_purchases"]
    table.loc[HELD, "present"] = stated["stock_holding"]
    unknown = float("nan")
    table.loc[IMPORTS] = {"public": 0.0, "others": unknown, "present": stated["imports"]}
    table.loc[TARGETS] = {"public": 0.0, "others": unknown, "present": stated["targets"]}
    return table


def _private(run: RunFigures) -> Iterator[tuple[str, int, float]]:
    """Capital that no budget pays: item, year, expected MUSD."""
    for row in rows_of(run.tables["investments"]):
        years = run.case.payment_years(row.project, row.year)
        share = 1.0 - run.case.projects[row.project].public_share
        amount = row.capex_musd * row.probability * share / len(years)
        for year in years:
            yield f"capex {row.stage}", year, amount


def _fixed(run: RunFigures) -> Iterator[tuple[str, int, float]]:
    """Fixed cost of new plants: part, year, expected MUSD."""
    for row in rows_of(run.tables["investments"]):
        project = run.case.projects[row.project]
        amount = musd(project.fixed_opex_usd_per_tpa) * row.tpa * row.probability
        starts = row.year + project.lead_time_years
        for year in range(starts, run.case.last_year + 1):
            yield FIXED, year, amount


def _running(run: RunFigures) -> Iterator[tuple[str, int, float]]:
    """Variable cost of new and of existing plants: part, year, expected MUSD. New and existing capacity of one project
    are used alike."""
    rows = run.by_year["capacity"]
    whole = (rows["existing_tpa"] + rows["new_tpa"]).where(lambda tpa: tpa > 0, 1.0)
    rows = rows.assign(new=rows["throughput_t"] * rows["new_tpa"] / whole)
    for row in rows_of(run.expected(rows, ["project", "year"], ["throughput_t", "new"])):
        project = run.case.projects[row.project]
        net = project.variable_opex_usd_per_t - project.credit_usd_per_t
        per_tonne = musd(max(0.0, net))
        yield NEW, row.year, per_tonne * row.new
        yield OLD, row.year, per_tonne * (row.throughput_t - row.new)


def _held(run: RunFigures) -> Iterator[tuple[str, int, float]]:
    """Cost of holding stock: part, year, expected MUSD."""
    keys = ["country", "element", "form", "year"]
    for row in rows_of(run.expected(run.by_year["stocks"], keys, ["stock_t"])):
        price = run.case.stockpiles[row.country, row.element, row.form].holding_usd_per_kg_year
        yield HELD, row.year, musd_per_tonne(price) * row.stock_t


PER_KIND = 4
"""Limits of each kind that are told."""
TINY = 0.02
"""Share of the largest yearly budget of a funder below which a year's budget is tiny: the marginal value of its first
dollars says nothing of the money that is really there."""


def limits(run: RunFigures) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each kind of scarce thing and its most valuable limits, as rows of `shadow_prices`: of the years of one thing that
    in which it is worth most, and `often`: in how many it is worth something; things worth the same are told once, and
    `others`: how many more there are. Money is left out where the budget is tiny."""
    prices = worth_something(run)
    things = ["scarce", "item", "country", "element", "form", "unit", "objective"]
    prices = prices.sort_values(["musd_per_unit", "year"], ascending=[False, True], kind="stable")
    often = prices.groupby(things)["year"].transform("count")
    best = prices.assign(often=often).drop_duplicates(things)
    for kind in dict.fromkeys(best["scarce"]):
        yield kind, _alike(best[best["scarce"] == kind]).head(PER_KIND)


def worth_something(run: RunFigures) -> pd.DataFrame:
    """Rows of `shadow_prices` that are worth something, without the money of budgets that are tiny in that year."""
    prices = run.tables["shadow_prices"]
    prices = prices[prices["musd_per_unit"] > 0]
    kept = []
    for row in rows_of(prices):
        kept.append(row.scarce != "budget" or not tiny_budget(run, row.item, row.year))
    return prices[pd.Series(kept, index=prices.index, dtype=bool)]


def tiny_budget(run: RunFigures, funder: str, year: float | None) -> bool:
    """A funder has some money in a year, but far less than in others."""
    if year is None or math.isnan(year):
        return False
    yearly = [amount for (who, _), amount in run.case.budget.items() if who == funder]
    amount = run.case.budget.get((funder, int(year)), 0.0)
    return 0.0 < amount < TINY * max(yearly, default=0.0)


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Things of one kind, element, form and year that are worth the same, as one row; `others` counts the rest."""
    worth = rows["musd_per_unit"].map(lambda musd: f"{musd:.5g}")
    keys = [worth, rows["year"].fillna(0), rows["element"], rows["form"]]
    others = rows.groupby(keys)["item"].transform("size") - 1
    seen = pd.concat(keys, axis=1).duplicated()
    return rows.assign(others=others)[~seen]


ScarcePlace = tuple[str, str, str, str, str]
"""Scarce thing, item, country, year and quarter ('' where it has none)."""
AMOUNTS = (
    ("capacity", "capacity", "project", "usable_tpa"),
    ("hires", "workforce", "skill", "hired"),
    ("training seats", "training", "programme", "intake"),
)
"""Scarce thing, the table that says how much there is of it, and its columns of what it is and of how much."""
LIMITED = (
    "capacity",
    "nameplate limit",
    "budget",
    "hires",
    "training seats",
    "availability",
    "saving",
)
"""Scarce things that money, plants or people could move."""


def worth_of_a_hundredth(run: RunFigures) -> dict[tuple[str, str], float]:
    """(scarce thing, stage of the plant or '') -> MUSD by which one per cent more of it reduces the objective: its
    marginal value times a hundredth of what there is."""
    there = _there(run)
    found = defaultdict[tuple[str, str], float](float)
    for row in records(run.tables["shadow_prices"]):
        if row["scarce"] in LIMITED:
            project = run.case.projects.get(row["item"])
            stage = project.stage if project else ""
            amount = there.get(_place(row["scarce"], row["item"], row), 0.0)
            found[row["scarce"], stage] += 0.01 * row["musd_per_unit"] * amount
    return found


def _there(run: RunFigures) -> Mapping[ScarcePlace, float]:
    """The amount of each scarce thing, expected: t/y, MUSD, persons, seats."""
    case = run.case
    found = defaultdict[ScarcePlace, float](float)
    for budget in case.tables.budgets:
        found["budget", budget.funder, "", str(budget.year), ""] += budget.musd
    for project in case.projects.values():
        place = "nameplate limit", project.project, project.country, "", ""
        found[place] += project.max_new_tpa
    for scarce, table, item, column in AMOUNTS:
        for row in records(run.tables[table]):
            by_row = "probability" in row
            weight = row["probability"] if by_row else case.scenarios[row["scenario"]]
            found[_place(scarce, row[item], row)] += row[column] * weight
    return found


def _place(scarce: str, item: str, row: Mapping[str, Any]) -> ScarcePlace:
    """A scarce thing where a row of a table stands."""
    year = "" if pd.isna(row["year"]) else str(int(row["year"]))
    quarter = "" if pd.isna(row["quarter"]) else str(row["quarter"])
    return scarce, item, row["country"], year, quarter
