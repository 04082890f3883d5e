"""Figures of money: public spending by funder and item, the parts of the cost, decisions by year, scarce things."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.plants import decisions
from planner.results.figures.sums import by_year, expected_sums
from planner.results.plan import Plan
from planner.results.reader import rows_of
from planner.thresholds import SHOWN_MUSD, SHOWN_T

PEOPLE, STOCK = ("training fees", "training seats", "hiring"), ("stock purchases",)
"""Items of public spending beside capital."""
CAPEX, PEOPLE_AND_STOCK = "capex", "people and stock"
PART_PAID_FOR = {
    "training fees": "training",
    "training seats": "seats",
    "hiring": "hires",
    "stock purchases": "stock_purchases",
}
"""Item of public spending -> the part of the cost that it pays for; all others pay for `CAPEX`."""


@kept
def spent(plan: Plan, *keys: str) -> pd.Series[float]:
    """Expected public money (MUSD, not discounted) by columns of `spending`: funder, item, year, country .."""
    return plan.tables["spending"].groupby(list(keys))["expected"].sum()


def largest_first(plan: Plan, key: str) -> list[str]:
    """Funders or items by the public money that they pay or take, the largest first."""
    sums = spent(plan, key)
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def spent_on(item: str) -> str:
    """The stage of an item of public spending that is capital; `PEOPLE_AND_STOCK` of any other."""
    kind, _, stage = item.partition(" ")
    return stage if kind == CAPEX else PEOPLE_AND_STOCK


def public_present(plan: Plan) -> float:
    """Present value of the expected public money (MUSD)."""
    by_year = spent(plan, "year")
    discount = by_year.index.map(plan.case.lookups.cost_discount)
    return float((by_year * discount).sum())


@kept
def by_party(plan: Plan) -> pd.DataFrame:
    """By party: the expected `loss` (MUSD, discounted), and public money that its funders pay (MUSD, expected, not
    discounted): `paid`, and with what is spent as it is at `least` and at `most`."""
    case = plan.case
    losses: dict[str, float] = defaultdict(float)
    for country, lost in plan.summary["loss_musd_by_country"].items():
        losses[case.lookups.party[country]] += lost["expected"]
    payments = plan.tables["payments"]
    party = [case.lookups.funder_party.get(funder, funder) for funder in payments["funder"]]
    columns = {"paid_musd": "paid", "least_musd": "least", "most_musd": "most"}
    of_payers = payments[list(columns)].rename(columns=columns).groupby(pd.Index(party)).sum()
    frame = pd.DataFrame({"loss": pd.Series(losses, dtype=float)}).join(of_payers, how="outer")
    return frame.fillna(0.0)


def cost_increment(plan: Plan, without: float | None) -> float | None:
    """Cost of the plan beyond the cost of no plan (MUSD, present value); None where the latter is not known."""
    return None if without is None else float(plan.summary["cost_musd"]) - without


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


def begun(plan: Plan) -> list[Begun]:
    """The decisions by year, up to that of the last plant; those after it together. Slight amounts are left out."""
    rows = _costliest_first(decisions(plan))
    stock = _paid_by_year(plan, STOCK)
    people = _paid_by_year(plan, PEOPLE)
    bought = expected_sums(plan, by_year(plan, "stocks"), ["year", "element"], ["bought_t"])
    found = []
    for years in _years_together(plan, rows["year"], {*stock.index, *people.index}):
        of_years = Begun(
            year=years[0],
            last=years[-1],
            projects=rows[rows["year"] == years[0]],
            stock=_sum_over(stock, years),
            people=_sum_over(people, years),
            bought=_most_bought(bought, years),
        )
        found.append(of_years)
    return found


def _costliest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Decisions by their capital, with `again` where the plant was begun before."""
    rows = rows.sort_values(["capex_musd", "project"], ascending=[False, True])
    first_year = rows.groupby("project")["year"].transform("min")
    return rows.assign(again=rows["year"] > first_year)


def _sum_over(by_year: pd.Series, years: list[int]) -> float:
    of_years = by_year.reindex(years, fill_value=0.0)
    return float(of_years.sum())


def _most_bought(bought: pd.DataFrame, years: list[int]) -> dict[str, float]:
    """Element -> tonnes bought in some years, the most first; slight purchases are left out."""
    of_years = bought[bought["year"].isin(years)]
    tonnes = of_years.groupby("element")["bought_t"].sum()
    told = tonnes[tonnes >= SHOWN_T]
    most_first = told.sort_values(ascending=False, kind="stable")
    return {str(element): amount for element, amount in most_first.items()}


def _paid_by_year(plan: Plan, items: tuple[str, ...]) -> pd.Series:
    paid = spent(plan, "item", "year")
    sums = paid[paid.index.isin(items, level="item")].groupby("year").sum()
    return sums[sums >= SHOWN_MUSD]


def _years_together(plan: Plan, of_plants: pd.Series, others: set[int]) -> list[list[int]]:
    """The years in which anything is begun, each by itself up to the last plant, the rest together."""
    last_plant = int(of_plants.max()) if len(of_plants) else plan.years[0] + 1
    alone = []
    together = []
    for year in sorted({*of_plants, *others}):
        if year <= last_plant:
            alone.append([int(year)])
        else:
            together.append(int(year))
    return [*alone, together] if together else alone


def cost_parts(plan: Plan) -> pd.DataFrame:
    """The parts of the cost (MUSD, expected): `part`, a key of `cost_parts_musd` of the summary, `public` money, not
    discounted, and `present`, the present values, which add up to the cost."""
    by_part = spent(plan, "item").groupby(lambda item: PART_PAID_FOR.get(item, CAPEX)).sum()
    present = pd.Series(plan.summary["cost_parts_musd"], dtype=float)
    public = by_part.reindex(present.index, fill_value=0.0)
    parts = pd.DataFrame({"public": public, "present": present})
    return parts.rename_axis("part").reset_index()


@dataclass(frozen=True, kw_only=True)
class OfWholePlants:
    """What a plan of whole plants has of `measure`, cost or welfare (cost plus risk), MUSD: its `value`, the `least` that
    is proven of all plans of whole plants, and what plants of any size have, None where nobody asked."""

    measure: str
    value: float
    least: float
    any_size: float | None


def of_whole_plants(plan: Plan) -> OfWholePlants | None:
    """The value of a plan of whole plants beside its proven bound; None for plants of any size."""
    if not plan.case.model.policy.whole_plants:
        return None
    measure = "welfare" if plan.case.model.objective.goal == "welfare" else "cost"
    least = plan.summary.get(f"{measure}_bound_musd")
    if least is None:
        return None
    value = plan.summary["cost_musd"]
    any_size = None
    linear = plan.explanation.alternative("linear") if plan.explanation is not None else None
    # Questions are asked without targets, so what they answer is comparable only where there are none.
    if linear is not None and not plan.case.lookups.targets:
        any_size = linear.cost
    if measure == "welfare":
        value += plan.summary["risk_musd"]
        if linear is not None and any_size is not None:
            any_size += linear.risk
    return OfWholePlants(measure=measure, value=value, least=least, any_size=any_size)


PER_KIND = 4
"""Limits of each kind that are told."""
THING = ["scarce", "item", "country", "element", "form", "unit", "objective"]
"""Columns of `shadow_prices` that tell one scarce thing from another."""
TINY = 0.02
"""Share of the largest yearly budget of a funder below which a year's budget is tiny: the marginal value of its first
dollars says nothing of the money that is really there."""


def limits(plan: Plan) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each kind of scarce thing and its most valuable limits, as rows of `shadow_prices`: of the years of one thing that
    in which it is worth most, and `often`: in how many it is worth something; things worth the same are told once, and
    `others`: how many more there are. Money is left out where the budget is tiny."""
    prices = worth_something(plan)
    by_worth = ["musd_per_unit", "year"]
    prices = prices.sort_values(by_worth, ascending=[False, True], kind="stable")
    often = prices.groupby(THING)["year"].transform("count")
    best = prices.assign(often=often).drop_duplicates(THING)
    for kind in dict.fromkeys(best["scarce"]):
        of_kind = best[best["scarce"] == kind]
        yield kind, _alike(of_kind).head(PER_KIND)


def worth_something(plan: Plan) -> pd.DataFrame:
    """Rows of `shadow_prices` that are worth something, without the money of budgets that are tiny in that year."""
    prices = plan.tables["shadow_prices"]
    prices = prices[prices["musd_per_unit"] > 0]
    kept = []
    for row in rows_of(prices):
        kept.append(row.scarce != "budget" or not tiny_budget(plan, row.item, row.year))
    return prices[pd.Series(kept, index=prices.index, dtype=bool)]


def tiny_budget(plan: Plan, funder: str, year: float | None) -> bool:
    """A funder has some money in a year, but far less than in others."""
    if year is None or math.isnan(year):
        return False
    yearly = [amount for (who, _), amount in plan.case.budget.items() if who == funder]
    amount = plan.case.budget.get((funder, int(year)), 0.0)
    return 0.0 < amount < TINY * max(yearly, default=0.0)


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Things of one kind, element, form and year that are worth the same, as one row; `others` counts the rest."""
    worth = rows["musd_per_unit"].map("{:.5g}".format)
    year = rows["year"].fillna(0)
    alike = [worth, year, rows["element"], rows["form"]]
    together = rows.groupby(alike)["item"].transform("size")
    told_before = pd.concat(alike, axis=1).duplicated()
    return rows.assign(others=together - 1)[~told_before]
