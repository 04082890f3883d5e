"""Figures of money: public spending by funder and item, the way from capital to cost, scarce things."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.results.plan import Plan
from planner.results.reader import rows_of

STOCK = ("stock purchases",)
"""Items of public spending that are stock."""
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


@kept
def paid_for(plan: Plan) -> pd.DataFrame:
    """By `party` and what it is for, a stage or `PEOPLE_AND_STOCK`: public money `musd` (expected, not discounted), the most
    first."""
    paid = spent(plan, "item", "funder").reset_index()
    party = plan.case.lookups.funder_party
    paid["party"] = paid["funder"].map(lambda funder: party.get(funder, funder))
    paid["what"] = paid["item"].map(spent_on)
    sums = paid.groupby(["party", "what"])["expected"].sum().rename("musd").reset_index()
    return sums.sort_values("musd", ascending=False, kind="stable")


@kept
def by_party(plan: Plan) -> pd.DataFrame:
    """By party: the expected `loss` (MUSD, discounted), where compared that `without` a plan, and public money that its
    funders pay (MUSD, expected, not discounted): `paid`, and with what is spent as it is at `least` and at `most`, of a
    `budget` over all years."""
    case = plan.case
    losses = {"loss": _expected_losses(plan, plan.summary)}
    if plan.compared:
        losses["without"] = _expected_losses(plan, plan.without)
    payments = plan.tables["payments"]
    party = [case.lookups.funder_party.get(funder, funder) for funder in payments["funder"]]
    columns = {"paid_musd": "paid", "least_musd": "least", "most_musd": "most"}
    columns["budget_musd"] = "budget"
    of_payers = payments[list(columns)].rename(columns=columns).groupby(pd.Index(party)).sum()
    frame = pd.DataFrame(losses).join(of_payers, how="outer")
    return frame.fillna(0.0)


def _expected_losses(plan: Plan, summary: Mapping[str, Any]) -> pd.Series[float]:
    """Party -> expected loss (MUSD)."""
    losses: dict[str, float] = defaultdict(float)
    for country, lost in summary.get("loss_musd_by_country", {}).items():
        losses[plan.case.lookups.party[country]] += lost["expected"]
    return pd.Series(losses, dtype=float)


def cost_parts(plan: Plan) -> pd.DataFrame:
    """The parts of the cost (MUSD, expected): `part`, a key of `cost_parts_musd` of the summary, `public` money, not
    discounted, and `present`, the present values, which add up to the cost."""
    by_part = spent(plan, "item").groupby(lambda item: PART_PAID_FOR.get(item, CAPEX)).sum()
    present = pd.Series(plan.summary["cost_parts_musd"], dtype=float)
    public = by_part.reindex(present.index, fill_value=0.0)
    parts = pd.DataFrame({"public": public, "present": present})
    return parts.rename_axis("part").reset_index()


@dataclass(frozen=True, kw_only=True)
class PublicParts:
    """Expected public money by what it is for (MUSD, not discounted): capital of plants and measures, people, stock."""

    capital: float
    people: float
    stock: float


def public_parts(plan: Plan) -> PublicParts:
    """The parts of the public money, which add up to it."""
    public = cost_parts(plan).set_index("part")["public"]
    return PublicParts(
        capital=float(public[CAPEX]),
        people=float(public.drop([CAPEX, "stock_purchases"]).sum()),
        stock=float(public["stock_purchases"]),
    )


@dataclass(frozen=True)
class Step:
    """A step from the capital to the cost of the plan (MUSD): a key, an amount that is added or, `is_sum`, what all steps
    before it come to."""

    key: str
    musd: float
    is_sum: bool = False


IN_STORE, NEARLY = "stock", 0.9
"""What is scarce of stock, and the part of its largest marginal value from which a year is told: a unit more in a year is
there in later ones too, and the value of those is higher by what keeping it costs alone."""
PER_KIND = 4
"""Limits of each kind that are told."""
THING = ["scarce", "item", "country", "element", "form", "unit", "objective"]
"""Columns of `shadow_prices` that tell one scarce thing from another."""
TINY = 0.02
"""Share of the largest yearly budget of a funder below which a year's budget is tiny: the marginal value of its first
dollars says nothing of the money that is really there."""


def limits(plan: Plan) -> pd.DataFrame:
    """The most valuable limits of each kind of scarce thing, as rows of `shadow_prices`: of the years of one thing that in
    which it is worth most, of stock the first in which it nearly is; things of a kind, element, form and year that are worth
    the same are told once. Money is left out where the budget is tiny."""
    prices = worth_something(plan)
    by_worth = ["musd_per_unit", "year"]
    prices = prices.sort_values(by_worth, ascending=[False, True], kind="stable")
    highest = prices.groupby(THING, dropna=False)["musd_per_unit"].transform("max")
    is_told = (prices["scarce"] == IN_STORE) & (prices["musd_per_unit"] >= NEARLY * highest)
    early = prices[is_told].sort_values("year", kind="stable")
    best = pd.concat([early, prices]).drop_duplicates(THING)
    best = best.sort_values(by_worth, ascending=[False, True], kind="stable")
    alike = ["scarce", "element", "form", "year"]
    rounded = best["musd_per_unit"].map("{:.5g}".format)
    best = best[~best[alike].assign(worth=rounded).duplicated()]
    kinds = list(dict.fromkeys(best["scarce"]))
    most = best.groupby("scarce").head(PER_KIND)
    return most.sort_values("scarce", key=lambda kind: kind.map(kinds.index), kind="stable")


@kept
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
