"""The plant of `tests.finance.plants`, recomputed year by year in plain Python: nothing of `planner.finance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.data.investment_tables import Contract

PARTS = ("c1", "royalty", "sustaining", "closure", "capital", "tax", "sales", "public")
"""Parts of the cost per kg, real MUSD by year."""


@dataclass(frozen=True)
class Plant:
    """A plant of three years of output, the first at half of its size, paid in two years. commit: years from 2026 to the
    first payment. size: t/y; capex, fixed, variable: MUSD per t; gives, takes: t of Dy oxide per t. tax,
    wacc: on profit and cost of capital of its country, where they are others than those of the terms."""

    commit: int = 0
    size: float = 20.0
    capex: float = 2.0
    fixed: float = 0.1
    variable: float = 0.2
    gives: float = 0.4
    takes: float = 0.5
    tax: float | None = None
    wacc: float | None = None

    @property
    def country(self) -> tuple[float | None, float | None]:
        """What tells its country from others."""
        return self.tax, self.wacc


ALONE = (Plant(),)
"""The plant of `tests.finance.plants`."""
BY_YEAR = ("capital", "grant", "on_capital", "earned", "taxable", "working", "credit")


def operated(
    t: Mapping[str, float], plant: Plant, deal: Contract | None, factor: Any, use: float
) -> dict[str, Any]:
    """A plant one year after the other, before debt: amounts by year, nominal; parts of the cost per kg, real; whether the
    completion test is passed in a year."""
    start, years = plant.commit + 2, int(t["depreciation_years"])
    capital_each = plant.size * plant.capex * t["capital_factor"] * (1 + t["contingency"]) / 2
    rows: dict[str, list[float]] = {name: [0.0] * 6 for name in BY_YEAR}
    parts: dict[str, list[float]] = {part: [0.0] * 6 for part in PARTS}
    completes = [False] * 6
    index = [(1 + t["inflation"]) ** n for n in range(6)]
    spent = sum(capital_each * index[n] for n in (start - 2, start - 1)) * (1 - t["grant"])
    book = spent
    for n in range(6):
        usable = {start: 0.5, start + 1: 1.0, start + 2: 1.0}.get(n, 0.0)
        full = plant.size * usable * t["volume"]
        tonnes = full * use
        product = plant.gives * tonnes
        market = 6.0 * factor[n]
        runs = start <= n <= start + 2
        is_supported = runs and n < start + t["support_years"]
        reached = t["cfd"] * 6.0 if t["cfd"] > 0 and is_supported else market
        if t["floor"] > 0 and is_supported:
            reached = max(reached, t["floor"] * 6.0)
        sales = product * reached
        by_deal = 0.0
        if deal is not None:
            covered = min(product * deal.covers, deal.tonnes or 1e12)
            floor = (deal.floor_usd_per_kg or 0) / 1000 / index[n]
            cap = (deal.cap_usd_per_kg or 1e15) / 1000 / index[n]
            by_deal = covered * (max(floor - market, 0) - max(market - cap, 0))
            sales += by_deal
        idle = (full - tonnes) * is_supported
        stocked = plant.gives * t["public_stock"] * idle
        for_stock = stocked * market
        sales += for_stock
        tonnes += t["public_stock"] * idle
        fixed = plant.size * plant.fixed * runs
        costs = plant.takes * tonnes * market * t["payable"] + fixed + plant.variable * tonnes
        sustaining = t["sustaining"] * 2 * capital_each * runs
        late = sustaining + (t["closure"] - t["residual"]) * 2 * capital_each * (n == start + 2)
        nominal = sales * index[n]
        ebitda = nominal * (1 - t["royalty"]) - costs * index[n]
        wears = 0.0
        if start <= n < start + years:
            left = years - (n - start)
            wears = book / left
            book -= wears
        paid = capital_each * index[n] if start - 2 <= n < start else 0.0
        rows["capital"][n] = paid
        rows["grant"][n] = t["grant"] * paid
        rows["on_capital"][n] = t["tax_credit"] * paid
        by_output = t["tax_credit_per_kg"] / 1000 * (product + stocked) * index[n]
        rows["credit"][n] = rows["on_capital"][n] + by_output
        rows["earned"][n] = ebitda - late * index[n]
        rows["taxable"][n] = ebitda - wears - late * index[n]
        rows["working"][n] = t["receivable_days"] / 365 * nominal
        rows["working"][n] += (t["stock_days"] - t["payable_days"]) / 365 * costs * index[n]
        completes[n] = usable * t["volume"] >= t["completion"]
        public_price = product * (reached - market) + by_deal + for_stock
        of_kg = {
            "c1": costs,
            "royalty": t["royalty"] * sales,
            "sustaining": sustaining,
            "closure": late - sustaining,
            "capital": paid / index[n],
            "sales": sales - public_price,
            "public": public_price + (rows["grant"][n] + rows["credit"][n]) / index[n],
        }
        for part, amount in of_kg.items():
            parts[part][n] = amount
    supported = [start <= n < start + min(t["support_years"], 3) for n in range(6)]
    return {"rows": rows, "parts": parts, "completes": completes, "supported": supported}


def recomputed(
    terms: Mapping[str, float],
    deal: Contract | None,
    price: Any = 1.0,
    use: float = 1.0,
    budget: float = 1.0,
    plants: Sequence[Plant] = ALONE,
) -> dict[str, Any]:
    """Plants as one, one year after the other. price: factor on the deck, by year or for all. budget: capital of the base,
    over the estimate."""
    t = terms
    factor = np.broadcast_to(price, 6)
    index = [(1 + t["inflation"]) ** n for n in range(6)]
    out: dict[str, list[float]] = {name: [] for name in ("cfads", "after", "owners", "before")}
    each = [operated(t, plant, deal, factor, use) for plant in plants]
    rows_of = {
        name: [sum(one["rows"][name][n] for one in each) for n in range(6)] for name in BY_YEAR
    }
    capital, grant, on_capital, earned, _, working, credit = rows_of.values()
    parts = {part: [sum(one["parts"][part][n] for one in each) for n in range(6)] for part in PARTS}
    completed, availability = [False] * 6, [0.0] * 6
    for n in range(6):
        all_do = all(one["completes"][n] for one in each)
        completed[n] = all_do or (n > 0 and completed[n - 1])
        paid = t["availability"] * any(one["supported"][n] for one in each)
        parts["public"][n] += paid
        availability[n] = paid * index[n]
        earned[n] += availability[n]

    countries = {}
    for country in dict.fromkeys(plant.country for plant in plants):
        own = [one["rows"] for one, p in zip(each, plants, strict=True) if p.country == country]
        summed = {name: [sum(one[name][n] for one in own) for n in range(6)] for name in BY_YEAR}
        countries[country] = summed | {"share": sum(summed["capital"]) / sum(capital)}

    def taxes(charged: Sequence[float]) -> dict[Any, list[float]]:
        """In each country, where losses are carried forward; charged by its capital."""
        due = {}
        for (rate, wacc), own in countries.items():
            losses, due[rate, wacc] = 0.0, [0.0] * 6
            for n in range(6):
                profit = own["taxable"][n] + own["share"] * (availability[n] - charged[n])
                used = min(losses, t["loss_limit"] * max(profit, 0.0))
                percent = t["tax_rate"] if rate is None else rate
                due[rate, wacc][n] = percent * (max(profit, 0.0) - used)
                losses += max(-profit, 0.0) - used
        return due

    by_country = taxes([0.0] * 6)
    tax = [sum(due[n] for due in by_country.values()) for n in range(6)]
    worth = {"before": 0.0, "after": 0.0}
    for country, own in countries.items():
        rate = t["wacc"] if country[1] is None else country[1]
        for n in range(6):
            tied = own["working"][n] - (own["working"][n - 1] if n else 0.0)
            cash = own["earned"][n] + own["share"] * availability[n] - tied
            cash += own["grant"][n] - own["capital"][n]
            present = index[n] * (1 + rate) ** (n + 1)
            worth["before"] += cash / present
            worth["after"] += (cash - by_country[country][n] + own["credit"][n]) / present
    parts["tax"] = [tax[n] / index[n] for n in range(6)]
    for n in range(6):
        tied = working[n] - (working[n - 1] if n else 0.0)
        before = earned[n] - tied - capital[n] + grant[n]
        out["before"].append(before)
        out["after"].append(before - tax[n] + credit[n])
        out["cfads"].append(out["after"][n] + capital[n] - grant[n] - on_capital[n])
    left = [capital[n] - grant[n] - on_capital[n] for n in range(6)]
    last = max(plant.commit for plant in plants) + 5
    public = public_debt(left, t)
    lent_on = [left[n] - public["drawn"][n] for n in range(6)]
    standby = overrun_debt(lent_on, t, budget, last)
    lent_on = [lent_on[n] - standby["drawn"][n] for n in range(6)]
    part = t["guarantee"]
    of_lenders = {
        **t,
        "debt_rate": (1 - part) * t["debt_rate"] + part * t["public_loan_rate"],
        "dscr": (1 - part) * t["dscr"] + part * t["dscr_low"],
        "fee": part * t["guarantee_fee"],
    }
    loan = debt(lent_on, out["cfads"], of_lenders, standby)
    charged = [loan["interest"][n] + loan["fees"][n] + public["interest"][n] for n in range(6)]
    charged = [charged[n] + standby["interest"][n] + standby["fees"][n] for n in range(6)]
    with_debt = [sum(due) for due in zip(*taxes(charged).values(), strict=True)]
    account, loans = 0.0, [loan, public, standby]
    for n in range(6):
        reserved = loan["reserve"][n] - (loan["reserve"][n - 1] if n else 0.0)
        owners = out["before"][n] - with_debt[n] + credit[n] - reserved
        owners += loan["drawn"][n] - loan["paid"][n] + public["drawn"][n] - public["paid"][n]
        owners -= loan["fees"][n]
        owners += standby["drawn"][n] - standby["paid"][n] - standby["fees"][n]
        due = sum(rows["paid"][n] for rows in loans)
        owes = sum((rows["owed"][n - 1] if n else 0.0) + rows["drawn"][n] for rows in loans)
        is_tight = due <= 1e-9 or out["cfads"][n] < t["lock_up"] * due
        is_locked = (owes > 1e-9 and is_tight) or (not completed[n] and n < last)
        paid_out = min(owners + account, 0.0) if is_locked else owners + account
        account += owners - paid_out
        out["owners"].append(paid_out)
    deflated = {name: np.array(rows) / index for name, rows in out.items()}
    discount_owners = 1 / (1 + t["equity_rate"]) ** np.arange(1, 7)
    return {
        "npv_before_tax": worth["before"],
        "npv_after_tax": worth["after"],
        "npv_owners": float(deflated["owners"] @ discount_owners),
        "owners": np.array(out["owners"]),
        "cfads": np.array(out["cfads"]),
        "after": np.array(out["after"]),
        "owed": np.array(loan["owed"]),
        "paid": np.array(loan["paid"]),
        "fees": np.array(loan["fees"]),
        "for_guarantee": np.array(loan["interest"]) * of_lenders["fee"] / loan["rate"],
        "public_owed": np.array(public["owed"]),
        "public_drawn": np.array(public["drawn"]),
        "public_paid": np.array(public["paid"]),
        "senior": np.array([loan["paid"][n] + standby["paid"][n] for n in range(6)]),
        "working": np.array(working),
        "standby": {name: np.array(rows) for name, rows in standby.items()},
        "per_kg": {part: np.array(by_year) for part, by_year in parts.items()},
    }


def built(left: Sequence[float]) -> int:
    """Years until the last payment of capital."""
    return max((n + 1 for n in range(6) if left[n] > 0), default=0)


def owed_in(drawn: Sequence[float], rate: float, years: int) -> float:
    """What draws have grown to after some years."""
    return half_a_year(rate) * sum(drawn[n] * (1 + rate) ** (years - n - 1) for n in range(years))


def half_a_year(rate: float) -> float:
    """What is owed at the end of a year of each MUSD drawn in it: half at midyear, half as it ends."""
    return 0.5 * (1 + rate) ** 0.5 + 0.5


def overrun_debt(
    left: list[float], t: Mapping[str, float], budget: float, last: int
) -> dict[str, list[float]]:
    """A facility of a share of the budget, drawn for what capital is above it, paid back in equal sums after its grace, at
    the latest in the last year of output. last: its number."""
    above = t["capital_factor"] * (1 + t["contingency"])
    agreed = t["overrun"] * sum(left) * budget / above
    share = min(agreed, max(sum(left) * (1 - budget / above), 0.0)) / (sum(left) or 1.0)
    drawn = [share * amount for amount in left]
    rate = (1 + t["debt_rate"]) * (1 + t["inflation"]) - 1
    grace = built(left) + int(t["grace_years"])
    years = max(min(int(t["debt_years"]), last) - grace, 1)
    early = half_a_year(rate)
    level = owed_in(drawn, rate, grace) / sum((1 + rate) ** -n for n in range(1, years + 1))
    rows: dict[str, list[float]] = {key: [] for key in ("interest", "paid", "owed")}
    owed = 0.0
    for n in range(6):
        rows["interest"].append(owed * rate + drawn[n] * (early - 1))
        rows["paid"].append(level if grace <= n < grace + years else 0.0)
        owed += rows["interest"][n] + drawn[n] - rows["paid"][n]
        rows["owed"].append(owed)
    ready = [agreed - sum(drawn[: n + 1]) for n in range(built(left))]
    rows["fees"] = [t["commitment_fee"] * amount for amount in ready] + [0.0] * (6 - len(ready))
    rows["fees"][0] += t["upfront_fee"] * agreed
    return rows | {"drawn": drawn}


def public_debt(left: list[float], t: Mapping[str, float]) -> dict[str, list[float]]:
    rate = (1 + t["public_loan_rate"]) * (1 + t["inflation"]) - 1
    share = min(t["public_loan"] / sum(left), 1.0) if sum(left) > 1e-12 else 0.0
    drawn = [share * amount for amount in left]
    early, grace = half_a_year(rate), built(left) + int(t["grace_years"])
    years = max(int(t["debt_years"]) - grace, 1)
    level = owed_in(drawn, rate, grace) * rate / (1 - (1 + rate) ** -years)
    owed, rows = 0.0, {"drawn": drawn, "interest": [], "paid": [], "owed": []}
    for n in range(6):
        rows["interest"].append(owed * rate + drawn[n] * (early - 1))
        rows["paid"].append(level if grace <= n < grace + years else 0.0)
        owed += rows["interest"][n] + drawn[n] - rows["paid"][n]
        rows["owed"].append(owed)
    return rows


def debt(
    lent_on: list[float],
    cfads: list[float],
    t: Mapping[str, float],
    standby: Mapping[str, list[float]],
) -> dict[str, list[float]]:
    """Sculpted to what the overrun facility leaves, first repaid when it leaves any; as large as can be served and never
    rises."""
    rate = (1 + t["debt_rate"]) * (1 + t["inflation"]) - 1 + t["fee"]
    last = int(t["debt_years"]) - 1
    bears = [0.0] * 7  # debt at the end of year n - 1
    grace = built(lent_on) + int(t["grace_years"])
    due = [max(cfads[n], 0.0) if grace <= n <= last else 0.0 for n in range(6)]
    pays = [max(due[n] / t["dscr"] - standby["paid"][n], 0.0) for n in range(6)]
    first = next((n for n in range(grace, 6) if pays[n] > 0), grace)
    for n in reversed(range(first, 6)):
        bears[n] = min((bears[n + 1] + pays[n]) / (1 + rate), pays[n] / rate)
    whole = owed_in(lent_on, rate, first)
    share = min(t["debt_share"], bears[first] / whole) if whole > 1e-12 else 0.0
    flat = sum(pays[n] / (1 + rate) ** (n - first + 1) for n in range(first, 6)) or 1.0
    early = half_a_year(rate)
    names = ("drawn", "interest", "paid", "fees", "owed")
    owed, rows = 0.0, {name: [] for name in names}
    agreed = share * sum(lent_on)
    for n in range(6):
        opening = owed
        undrawn = agreed - sum(rows["drawn"])
        rows["fees"].append(
            t["commitment_fee"] * (undrawn / 2 + (undrawn - share * lent_on[n] / 2) / 2)
            + (t["upfront_fee"] * agreed if n == 0 else 0.0)
        )
        rows["drawn"].append(share * lent_on[n])
        rows["interest"].append(opening * rate + rows["drawn"][n] * (early - 1))
        grown = opening + rows["interest"][n] + rows["drawn"][n]
        owed = grown
        if n >= first:
            sculpted = pays[n] * share * whole / flat
            owed = min(max(grown - sculpted, 0.0), opening, bears[n + 1])
        rows["paid"].append(grown - owed)
        rows["owed"].append(owed)
    largest = max(rows["paid"][n] + standby["paid"][n] for n in range(6))
    held = t["reserve_months"] / 12 * largest
    owed_in_all = [rows["owed"][n] + standby["owed"][n] for n in range(6)]
    filled = [n >= first - 1 and owed_in_all[n] > 1e-9 for n in range(6)]
    rows["reserve"] = [held if is_filled else 0.0 for is_filled in filled]
    return rows | {"rate": [rate] * 6}
