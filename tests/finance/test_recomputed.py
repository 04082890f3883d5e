"""Cases with instruments in use, recomputed year by year in plain numpy: nothing of the package's own arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from planner.data.investment_tables import Contract
from planner.finance.cashflow import cash_flows, funding
from planner.finance.plant_flows import Investment
from planner.finance.returns import returns_of, worth
from planner.finance.sensitivity import adverse, base_levels, drawn, tornado
from planner.finance.statements import statements
from tests.finance.plants import WHOLE, plain_terms, separation

YEARS = np.arange(2026, 2032)
EXACT = {"rel": 1e-9, "abs": 1e-9}
CONTRACT = Contract(
    contract="c",
    kind="offtake",
    element="Dy",
    covers=0.5,
    tonnes=3,
    floor_usd_per_kg=6500,
    cap_usd_per_kg=9000,
    real=False,
)
CASES: dict[str, dict[str, float]] = {
    "bare": {},
    "grant": {"grant": 0.3, "contingency": 0.1},
    "public loan": {"public_loan": 12.0, "public_loan_rate": 0.02, "inflation": 0.03},
    "floor": {"floor": 0.95, "inflation": 0.02},
    "difference": {"cfd": 1.1, "floor": 0.5},
    "take-or-pay": {"take_or_pay": 0.6, "take_or_pay_price": 0.8, "volume": 0.9},
    "royalty": {"royalty": 0.07, "sustaining": 0.01, "closure": 0.1, "residual": 0.02},
    "accelerated": {"accelerated": 2.0, "depreciation_years": 4},
    "tax credit": {"tax_credit": 0.2, "tax_credit_per_kg": 150.0},
    "availability": {"availability": 3.0, "working_days": 60.0},
    "fees": {"upfront_fee": 0.02, "commitment_fee": 0.01, "inflation": 0.02, "dscr": 1.3},
    "sweep": {"cash_sweep": 0.5, "dscr": 1.5, "debt_share": 0.7, "inflation": 0.02},
    "sweep of all, with reserve": {"cash_sweep": 1.0, "reserve_months": 6.0, "debt_years": 6},
    "export credit": {
        "export.debt_share": 0.2,
        "export.debt_rate": 0.04,
        "export.debt_years": 5,
        "export.grace_years": 0,
        "export.upfront_fee": 0.03,
        "export.commitment_fee": 0.01,
        "export.subordinated": 0,
        "inflation": 0.02,
        "reserve_months": 6.0,
        "dscr": 1.5,
    },
    "subordinated": {
        "mezzanine.debt_share": 0.25,
        "mezzanine.debt_rate": 0.11,
        "mezzanine.debt_years": 6,
        "mezzanine.grace_years": 1,
        "mezzanine.upfront_fee": 0.02,
        "mezzanine.commitment_fee": 0.0,
        "mezzanine.subordinated": 1,
        "inflation": 0.02,
        "cash_sweep": 0.3,
        "debt_share": 0.8,
    },
    "guarantee": {"guarantee": 0.6, "inflation": 0.02, "debt_share": 0.8, "dscr": 1.5},
    "lock-up": {"lock_up": 2.5, "grace_years": 1, "debt_years": 5, "inflation": 0.02},
    "losses offset in part": {"loss_limit": 0.3, "depreciation_years": 1, "tax_rate": 0.4},
    "support for two years": {"floor": 1.2, "availability": 2.0, "support_years": 2},
    "difference for a year": {"cfd": 1.2, "support_years": 1, "inflation": 0.02},
    "grant, public loan and floor": {"grant": 0.3, "public_loan": 10.0, "floor": 0.8},
    "all": {
        "grant": 0.1,
        "public_loan": 5.0,
        "public_loan_rate": 0.03,
        "floor": 0.7,
        "cfd": 0.9,
        "availability": 1.0,
        "take_or_pay": 0.5,
        "royalty": 0.03,
        "accelerated": 1.5,
        "tax_credit": 0.1,
        "tax_credit_per_kg": 20.0,
        "inflation": 0.025,
        "contingency": 0.15,
        "working_days": 45.0,
        "debt_share": 0.8,
        "dscr": 1.4,
        "reserve_months": 6.0,
        "upfront_fee": 0.015,
        "commitment_fee": 0.005,
        "cash_sweep": 0.4,
    },
}
BANKS: dict[str, float] = {
    "export.debt_share": 0.15,
    "export.debt_rate": 0.035,
    "export.debt_years": 40,
    "export.grace_years": 1,
    "export.upfront_fee": 0.04,
    "export.commitment_fee": 0.004,
    "export.subordinated": 0,
    "mezzanine.debt_share": 0.1,
    "mezzanine.debt_rate": 0.0,
    "mezzanine.debt_years": 4,
    "mezzanine.grace_years": 0,
    "mezzanine.upfront_fee": 0.0,
    "mezzanine.commitment_fee": 0.02,
    "mezzanine.subordinated": 1,
    "bank b.debt_share": 0.2,
    "bank b.debt_rate": 0.07,
    "bank b.debt_years": 5,
    "bank b.grace_years": 0,
    "bank b.upfront_fee": 0.01,
    "bank b.commitment_fee": 0.0,
    "bank b.subordinated": 0,
}
CASES["all, and three tranches"] = CASES["all"] | BANKS


PARTS = ("c1", "royalty", "sustaining", "closure", "capital", "tax", "sales", "public")
"""Parts of the cost per kg, real MUSD by year."""


def recomputed(
    terms: Mapping[str, float], deal: Contract | None, price: Any = 1.0, use: float = 1.0
) -> dict[str, Any]:
    """The plant of `tests.finance.plants`, one year after the other. price: factor on the deck, by year or for all."""
    t = terms
    factor = np.broadcast_to(price, 6)
    capital_each = 20 * 2.0 * t["capital_factor"] * (1 + t["contingency"]) / 2
    out: dict[str, list[float]] = {name: [] for name in ("cfads", "after", "owners", "before")}
    capital, grant, on_capital, earned, taxable, working, credit = ([0.0] * 6 for _ in range(7))
    index = [(1 + t["inflation"]) ** n for n in range(6)]
    spent = sum(capital_each * index[n] for n in (0, 1)) * (1 - t["grant"])
    book, years = spent, int(t["depreciation_years"])
    parts: dict[str, list[float]] = {part: [0.0] * 6 for part in PARTS}
    for n in range(6):
        usable = {2: 0.5, 3: 1.0, 4: 1.0}.get(n, 0.0)
        full = 20 * usable * t["volume"]
        tonnes = full * use
        product, most = 0.4 * tonnes, 0.4 * full
        market = 6.0 * factor[n]
        is_supported = 2 <= n < 2 + t["support_years"] and n <= 4
        reached = t["cfd"] * 6.0 if t["cfd"] > 0 and is_supported else market
        if t["floor"] > 0 and is_supported:
            reached = max(reached, t["floor"] * 6.0)
        sales = product * reached
        sales += max(t["take_or_pay"] * most - product, 0) * market * t["take_or_pay_price"]
        sales_before_deal = sales
        if deal is not None:
            covered = min(product * deal.covers, deal.tonnes or 1e12)
            floor = (deal.floor_usd_per_kg or 0) / 1000 / index[n]
            cap = (deal.cap_usd_per_kg or 1e15) / 1000 / index[n]
            sales += covered * (max(floor - market, 0) - max(market - cap, 0))
        feed = 0.5 * tonnes * market * t["payable"]
        fixed = 2.0 if 2 <= n <= 4 else 0.0
        running = 1.0 if 2 <= n <= 4 else 0.0
        nominal = sales * index[n]
        ebitda = nominal * (1 - t["royalty"]) - (feed + fixed + 0.2 * tonnes) * index[n]
        ebitda += t["availability"] * is_supported * index[n]
        late = t["sustaining"] * 2 * capital_each * running
        late += (t["closure"] - t["residual"]) * 2 * capital_each * (n == 4)
        wears = 0.0
        if 2 <= n < 2 + years:
            wears = min(book, max(book * t["accelerated"] / years, book / (years - (n - 2))))
            book -= wears
        capital[n] = capital_each * index[n] if n < 2 else 0.0
        grant[n] = t["grant"] * capital[n]
        on_capital[n] = t["tax_credit"] * capital[n]
        credit[n] = on_capital[n] + t["tax_credit_per_kg"] / 1000 * product * index[n]
        earned[n] = ebitda - late * index[n]
        taxable[n] = ebitda - wears - late * index[n]
        working[n] = t["working_days"] / 365 * nominal
        parts["c1"][n] = feed + fixed + 0.2 * tonnes
        parts["royalty"][n] = t["royalty"] * sales
        parts["sustaining"][n] = t["sustaining"] * 2 * capital_each * running
        parts["closure"][n] = late - parts["sustaining"][n]
        parts["capital"][n] = capital[n] / index[n]
        topped = product * (reached - market)
        public_price = topped + (sales - sales_before_deal)
        parts["sales"][n] = sales - public_price
        parts["public"][n] = public_price + t["availability"] * is_supported
        parts["public"][n] += (grant[n] + credit[n]) / index[n]

    def taxes(profits: list[float]) -> list[float]:
        losses, due = 0.0, []
        for profit in profits:
            used = min(losses, t["loss_limit"] * max(profit, 0.0))
            due.append(t["tax_rate"] * (max(profit, 0.0) - used))
            losses += max(-profit, 0.0) - used
        return due

    tax = taxes(taxable)
    parts["tax"] = [tax[n] / index[n] for n in range(6)]
    for n in range(6):
        tied = working[n] - (working[n - 1] if n else 0.0)
        before = earned[n] - tied - capital[n] + grant[n]
        out["before"].append(before)
        out["after"].append(before - tax[n] + credit[n])
        out["cfads"].append(out["after"][n] + capital[n] - grant[n] - on_capital[n])
    left = [capital[n] - grant[n] - on_capital[n] for n in range(6)]
    public = public_debt(left, t)
    lent_on = [left[n] - public["drawn"][n] for n in range(6)]
    tranches = {name: tranche_debt(lent_on, name, t) for name in names_of_tranches(t)}
    beside = [0.0] * 6
    beside_owed = [0.0] * 6
    for name, rows in tranches.items():
        lent_on = [lent_on[n] - rows["drawn"][n] for n in range(6)]
        if not t[f"{name}.subordinated"]:
            beside = [beside[n] + rows["paid"][n] for n in range(6)]
            beside_owed = [beside_owed[n] + rows["owed"][n] for n in range(6)]
    part = t["guarantee"]
    of_lenders = {
        **t,
        "debt_rate": (1 - part) * t["debt_rate"] + part * t["public_loan_rate"],
        "dscr": (1 - part) * t["dscr"] + part * t["dscr_low"],
    }
    loan = debt(lent_on, out["cfads"], of_lenders, beside, beside_owed)
    charged = [loan["interest"][n] + loan["fees"][n] + public["interest"][n] for n in range(6)]
    for rows in tranches.values():
        charged = [charged[n] + rows["interest"][n] + rows["fees"][n] for n in range(6)]
    taxed = [taxable[n] - charged[n] for n in range(6)]
    with_debt = taxes(taxed)
    account, loans = 0.0, [loan, public, *tranches.values()]
    for n in range(6):
        reserved = loan["reserve"][n] - (loan["reserve"][n - 1] if n else 0.0)
        owners = out["before"][n] - with_debt[n] + credit[n] - reserved
        owners += loan["drawn"][n] - loan["paid"][n] + public["drawn"][n] - public["paid"][n]
        owners -= loan["swept"][n] + loan["fees"][n]
        for rows in tranches.values():
            owners += rows["drawn"][n] - rows["paid"][n] - rows["fees"][n]
        due = sum(rows["paid"][n] for rows in loans)
        owes = sum((rows["owed"][n - 1] if n else 0.0) + rows["drawn"][n] for rows in loans)
        is_locked = owes > 1e-9 and (due <= 1e-9 or out["cfads"][n] < t["lock_up"] * due)
        paid_out = min(owners + account, 0.0) if is_locked else owners + account
        account += owners - paid_out
        out["owners"].append(paid_out)
    deflated = {name: np.array(rows) / index for name, rows in out.items()}
    discount = 1 / (1 + t["wacc"]) ** np.arange(1, 7)
    discount_owners = 1 / (1 + t["equity_rate"]) ** np.arange(1, 7)
    return {
        "npv_before_tax": float(deflated["before"] @ discount),
        "npv_after_tax": float(deflated["after"] @ discount),
        "npv_owners": float(deflated["owners"] @ discount_owners),
        "owners": np.array(out["owners"]),
        "cfads": np.array(out["cfads"]),
        "owed": np.array(loan["owed"]),
        "paid": np.array(loan["paid"]),
        "swept": np.array(loan["swept"]),
        "fees": np.array(loan["fees"]),
        "public_owed": np.array(public["owed"]),
        "public_drawn": np.array(public["drawn"]),
        "public_paid": np.array(public["paid"]),
        "senior": np.array([loan["paid"][n] + beside[n] for n in range(6)]),
        "tranches": tranches,
        "per_kg": {part: np.array(by_year) for part, by_year in parts.items()},
    }


def names_of_tranches(t: Mapping[str, float]) -> list[str]:
    return [name.split(".")[0] for name in t if name.endswith(".debt_share")]


def tranche_debt(left: list[float], name: str, t: Mapping[str, float]) -> dict[str, list[float]]:
    """Drawn in 2026 and 2027, paid in equal sums after its grace, at the latest in 2030, the last year of output."""
    own = {term: t[f"{name}.{term}"] for term in ("debt_share", "debt_rate", "upfront_fee")}
    rate = (1 + own["debt_rate"]) * (1 + t["inflation"]) - 1
    grace = 2 + int(t[f"{name}.grace_years"])
    years = max(min(int(t[f"{name}.debt_years"]), 5) - grace, 1)
    drawn = [own["debt_share"] * amount for amount in left]
    due = (drawn[0] * (1 + rate) + drawn[1]) * (1 + rate) ** (grace - 2)
    level = due / sum((1 + rate) ** -n for n in range(1, years + 1))
    rows: dict[str, list[float]] = {key: [] for key in ("interest", "paid", "owed", "fees")}
    owed, undrawn = 0.0, sum(drawn)
    for n in range(6):
        rows["fees"].append(
            t[f"{name}.commitment_fee"] * undrawn
            + (own["upfront_fee"] * sum(drawn) if n == 0 else 0)
        )
        undrawn -= drawn[n]
        rows["interest"].append(owed * rate)
        rows["paid"].append(level if grace <= n < grace + years else 0.0)
        owed += owed * rate + drawn[n] - rows["paid"][n]
        rows["owed"].append(owed)
    return rows | {"drawn": drawn}


def public_debt(left: list[float], t: Mapping[str, float]) -> dict[str, list[float]]:
    rate = (1 + t["public_loan_rate"]) * (1 + t["inflation"]) - 1
    share = min(t["public_loan"] / sum(left), 1.0) if sum(left) > 1e-12 else 0.0
    drawn = [share * amount for amount in left]
    due = drawn[0] * (1 + rate) + drawn[1]
    years = int(t["debt_years"]) - 2
    level = due * rate / (1 - (1 + rate) ** -years)
    owed, rows = 0.0, {"drawn": drawn, "interest": [], "paid": [], "owed": []}
    for n in range(6):
        rows["interest"].append(owed * rate)
        rows["paid"].append(level if 2 <= n < 2 + years else 0.0)
        owed = owed * (1 + rate) + drawn[n] - rows["paid"][n]
        rows["owed"].append(owed)
    return rows


def debt(
    lent_on: list[float],
    cfads: list[float],
    t: Mapping[str, float],
    beside: list[float],
    beside_owed: list[float],
) -> dict[str, list[float]]:
    """Sculpted to what tranches of its rank leave, first repaid when they leave any, in 2028 without them; as large as can
    be served and never rises."""
    rate = (1 + t["debt_rate"]) * (1 + t["inflation"]) - 1
    last = int(t["debt_years"]) - 1
    bears = [0.0] * 7  # debt at the end of year n - 1
    grace = 2 + int(t["grace_years"])
    due = [max(cfads[n], 0.0) if grace <= n <= last else 0.0 for n in range(6)]
    pays = [max(due[n] / t["dscr"] - beside[n], 0.0) for n in range(6)]
    first = next((n for n in range(grace, 6) if pays[n] > 0), grace)
    for n in reversed(range(first, 6)):
        bears[n] = min((bears[n + 1] + pays[n]) / (1 + rate), pays[n] / rate)
    whole = (lent_on[0] * (1 + rate) + lent_on[1]) * (1 + rate) ** (first - 2)
    share = min(t["debt_share"], bears[first] / whole) if whole > 1e-12 else 0.0
    flat = sum(pays[n] / (1 + rate) ** (n - first + 1) for n in range(first, 6)) or 1.0
    names = ("drawn", "interest", "paid", "swept", "fees", "owed")
    owed, rows = 0.0, {name: [] for name in names}
    agreed = share * sum(lent_on)
    for n in range(6):
        opening = owed
        undrawn = agreed - sum(rows["drawn"])
        rows["fees"].append(
            t["commitment_fee"] * undrawn + (t["upfront_fee"] * agreed if n == 0 else 0.0)
        )
        rows["drawn"].append(share * lent_on[n])
        rows["interest"].append(opening * rate)
        grown = opening * (1 + rate) + rows["drawn"][n]
        owed = grown
        if n >= first:
            sculpted = pays[n] * share * whole / flat
            owed = min(max(grown - sculpted, 0.0), opening, bears[n + 1])
        rows["paid"].append(grown - owed)
        free = max(due[n] - beside[n] - (grown - owed), 0.0)
        swept = min(owed, t["cash_sweep"] * free) if n >= first else 0.0
        rows["swept"].append(swept)
        owed -= swept
        rows["owed"].append(owed)
    largest = max(rows["paid"][n] + beside[n] for n in range(6))
    held = t["reserve_months"] / 12 * largest
    owed_in_all = [rows["owed"][n] + beside_owed[n] for n in range(6)]
    filled = [n >= first - 1 and owed_in_all[n] > 1e-9 for n in range(6)]
    rows["reserve"] = [held if is_filled else 0.0 for is_filled in filled]
    return rows


def stated(case: str) -> dict[str, float]:
    return {name: term.value for name, term in plain_terms(**CASES[case]).items()}


@pytest.mark.parametrize("deal", [None, CONTRACT], ids=["market", "contract"])
@pytest.mark.parametrize("case", CASES)
def test_cases_with_instruments(case: str, deal: Contract | None) -> None:
    names = tuple(names_of_tranches(CASES[case]))
    found = separation(() if deal is None else (deal,), tranches=names)
    x = base_levels(found, plain_terms(**CASES[case]))
    flows = cash_flows(found, x, [0.7 * WHOLE[0]])
    hand = recomputed(stated(case), deal, use=0.7)
    assert flows.cfads == pytest.approx(hand["cfads"], **EXACT)
    assert flows.loan.owed == pytest.approx(hand["owed"], **EXACT)
    assert flows.loan.service == pytest.approx(hand["paid"], **EXACT)
    assert flows.loan.swept == pytest.approx(hand["swept"], **EXACT)
    assert flows.loan.fees == pytest.approx(hand["fees"], **EXACT)
    assert flows.loan.senior == pytest.approx(hand["senior"], **EXACT)
    for one in flows.tranches:
        own = hand["tranches"][one.name]
        assert one.loan.owed == pytest.approx(own["owed"], **EXACT)
        assert one.loan.service == pytest.approx(own["paid"], **EXACT)
        assert one.fees == pytest.approx(own["fees"], **EXACT)
    sources, uses = funding(flows, x)
    paid_for = sum(float(amounts.sum()) for amounts in uses.values())
    assert sum(float(amounts.sum()) for amounts in sources.values()) == pytest.approx(paid_for)
    assert flows.public.owed == pytest.approx(hand["public_owed"], **EXACT)
    assert flows.owners == pytest.approx(hand["owners"], **EXACT)
    told = statements(flows)
    assert told.gap == pytest.approx(np.zeros(6), **EXACT)
    assert told.cash["to owners"] == pytest.approx(hand["owners"], **EXACT)
    earned = told.income["profit"] - hand["owners"]
    assert told.balance["equity"] == pytest.approx(np.cumsum(earned), **EXACT)
    returns = returns_of(flows, x, flows)
    assert returns.npv_before_tax == pytest.approx(hand["npv_before_tax"], **EXACT)
    assert returns.npv_after_tax == pytest.approx(hand["npv_after_tax"], **EXACT)
    assert returns.npv_owners == pytest.approx(hand["npv_owners"], **EXACT)


def ranged(case: str = "bare") -> Investment:
    """The plant with the tranches of a case, and prices within a range of each year."""
    found = separation(tranches=tuple(names_of_tranches(CASES[case])))
    low, high = np.linspace(0.6, 0.9, 6), np.linspace(1.1, 1.8, 6)
    (quote,) = found.quotes
    priced = type(quote)(**{**vars(quote), "low": low, "high": high})
    return type(found)(**{**vars(found), "quotes": (priced,)})


@pytest.mark.parametrize("case", ["bare", "all", "all, and three tranches"])
def test_tornado_and_quantiles_of_draws(case: str) -> None:
    """Both ends of the price, by year, and quantiles over the same draws."""
    found, terms = ranged(case), plain_terms(**CASES[case])
    (price,) = [s for s in tornado(found, terms, WHOLE) if s.term.name == "price:Dy"]
    (quote,) = found.quotes
    low_ends = (price.npv_low, price.owners_low)
    high_ends = (price.npv_high, price.owners_high)
    for (whole, owners), level in ((low_ends, quote.low), (high_ends, quote.high)):
        at_end = recomputed(stated(case), None, level)
        assert whole == pytest.approx(at_end["npv_after_tax"], **EXACT)
        assert owners == pytest.approx(at_end["npv_owners"], **EXACT)
    many = drawn(found, terms, {"as is": 1.0}, [np.ones((1, 6))], draws=50)
    flows = many.flows(found)
    told, of_owners = worth(flows, many.x), worth(flows, many.x, "owners")
    rng = np.random.default_rng(1)
    rng.choice(1, size=50, p=[1.0])
    share = rng.random((50, 1))
    low, high = np.asarray(quote.low), np.asarray(quote.high)
    width, rise = high - low, 1 - low
    falling = high - np.sqrt((1 - share) * (high - 1) * width)
    levels = np.where(share <= rise / width, low + np.sqrt(share * rise * width), falling)
    hand = [recomputed(stated(case), None, level) for level in levels]
    for figure, found_here in (("npv_after_tax", told), ("npv_owners", of_owners)):
        by_hand = [one[figure] for one in hand]
        for quantile in (0.05, 0.5, 0.95):
            expected = np.quantile(by_hand, quantile)
            assert np.quantile(found_here, quantile) == pytest.approx(expected, **EXACT)


def test_adverse_cover() -> None:
    """The least cover at the low price of each year, over the service that was agreed."""
    found, terms = ranged(), plain_terms(**CASES["all"])
    x = base_levels(found, terms)
    flows = cash_flows(found, x, WHOLE)
    bad = cash_flows(found, {**x, **adverse(found, terms)}, WHOLE)
    (quote,) = found.quotes
    cash = recomputed(stated("all"), None, quote.low)["cfads"]
    paid = recomputed(stated("all"), None)["paid"]
    least = min(cash[n] / paid[n] for n in range(6) if paid[n] > 1e-9)
    assert returns_of(flows, x, bad).dscr_low == pytest.approx(max(least, 0.0), **EXACT)
