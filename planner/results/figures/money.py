"""Figures of money: public spending, losses and payments by party, marginal values."""

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
    """Funders or items by public money, the largest first."""
    sums = spent(plan, key)
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def spent_on(item: str) -> str:
    """The stage of an item of public spending that is capital; `PEOPLE_AND_STOCK` of any other."""
    kind, _, stage = item.partition(" ")
    return stage if kind == CAPEX else PEOPLE_AND_STOCK


@kept
def paid_for(plan: Plan) -> pd.DataFrame:
    """Public money `musd` (expected, not discounted) by `party` and `what`, a stage or `PEOPLE_AND_STOCK`."""
    paid = spent(plan, "item", "funder").reset_index()
    party = plan.case.lookups.funder_party
    paid["party"] = paid["funder"].map(lambda funder: party.get(funder, funder))
    paid["what"] = paid["item"].map(spent_on)
    sums = paid.groupby(["party", "what"])["expected"].sum().rename("musd").reset_index()
    return sums.sort_values("musd", ascending=False, kind="stable")


@kept
def by_party(plan: Plan) -> pd.DataFrame:
    """Expected losses and public money by party (MUSD).

    loss, without: expected loss with the plan and without one, discounted. paid, least, most: payments of its funders and
    their possible range, not discounted. budget: over all years.
    """
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
    """The parts of the cost (MUSD, expected): `public` money, not discounted, and `present` values."""
    by_part = spent(plan, "item").groupby(lambda item: PART_PAID_FOR.get(item, CAPEX)).sum()
    present = pd.Series(plan.summary["cost_parts_musd"], dtype=float)
    public = by_part.reindex(present.index, fill_value=0.0)
    parts = pd.DataFrame({"public": public, "present": present})
    return parts.rename_axis("part").reset_index()


@dataclass(frozen=True, kw_only=True)
class PublicParts:
    """Expected public money by purpose (MUSD, not discounted)."""

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


PER_KIND = 4
"""Rows of each kind of scarce thing."""
THING = ["scarce", "item", "country", "element", "form", "unit", "objective"]
"""Columns of `shadow_prices` that identify a scarce thing."""
TINY = 0.02
"""Share of the largest yearly budget of a funder below which the budget of a year is tiny."""
SMALLEST_MUSD = 5e-4
"""MUSD below which a table would print nothing."""


def limits(plan: Plan) -> pd.DataFrame:
    """Return the rows of `shadow_prices` with the largest marginal values, `PER_KIND` of each kind.

    A scarce thing has one row, of the year in which it is worth most.
    """
    by_worth = ["musd_per_unit", "year"]
    prices = worth_something(plan).sort_values(by_worth, ascending=[False, True], kind="stable")
    best = prices.drop_duplicates(THING)
    kinds = list(dict.fromkeys(best["scarce"]))
    most = best.groupby("scarce").head(PER_KIND)
    return most.sort_values("scarce", key=lambda kind: kind.map(kinds.index), kind="stable")


@kept
def worth_something(plan: Plan) -> pd.DataFrame:
    """Rows of `shadow_prices` with a positive value, without tiny budgets."""
    prices = plan.tables["shadow_prices"]
    prices = prices[prices["musd_per_unit"] > 0]
    kept = []
    for row in rows_of(prices):
        kept.append(row.scarce != "budget" or not tiny_budget(plan, row.item, row.year))
    return prices[pd.Series(kept, index=prices.index, dtype=bool)]


def tiny_budget(plan: Plan, funder: str, year: float | None) -> bool:
    """The budget of a funder in a year is positive and less than `TINY` of its largest."""
    if year is None or math.isnan(year):
        return False
    yearly = [amount for (who, _), amount in plan.case.budget.items() if who == funder]
    amount = plan.case.budget.get((funder, int(year)), 0.0)
    return 0.0 < amount < TINY * max(yearly, default=0.0)


def gain_and_payment(plan: Plan) -> pd.DataFrame:
    """Return `by_party` with the fall of the expected loss, `gain` (MUSD), and the shares of payments and gain.

    Without a comparison `by_party` alone.
    """
    rows = by_party(plan)
    if not plan.compared:
        return rows
    gain = rows["without"] - rows["loss"]
    return rows.assign(gain=gain, gain_share=_shares(gain), paid_share=_shares(rows["paid"]))


def _shares(amounts: pd.Series[float]) -> pd.Series[float]:
    """The part of each in their sum, 0 where that is nothing."""
    whole = amounts.sum()
    return amounts / whole if whole > 0 else amounts * 0.0
