"""Cash flows of a project and their worth. Conventions: planner.results.business_case.CONVENTIONS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import pyxirr

from planner.data.case import Case
from planner.results.business_case import Deck, Flows, Worth
from planner.units import musd, musd_per_tonne


def prices(case: Case, deck: Deck) -> dict[str, float]:
    """MUSD per tonne of oxide received, by element; elements without a price earn nothing."""
    return {e: musd_per_tonne(row.price_usd_per_kg or 0.0) * deck.price for e, row in case.elements.items()}


def output(case: Case, project: str, mix: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """(made, taken in): tonnes of oxide by element for each tonne of capacity in use.

    mix: for a mine its feed, for separation the feeds, for metal the elements, as shares of capacity in use.
    """
    row, total = case.projects[project], sum(mix.values())
    made: dict[str, float] = dict.fromkeys(case.elements, 0.0)
    taken = made.copy()
    for name, amount in mix.items():
        part = amount / total if total > 0 else 0.0
        if row.stage == "metal":
            made[name] += part * case.recovery(project, name)
            taken[name] += part
            continue
        treo = (
            part / use if (use := case.capacity_use(project, name) if row.stage == "separation" else 1.0) > 0 else 0.0
        )
        for e, share in case.feed_shares.get(name, {}).items():
            made[e] += treo * share * (case.recovery(project, e) if row.stage == "separation" else 1.0)
            taken[e] += treo * share if row.stage == "separation" else 0.0
    return made, taken


def flows(
    case: Case,
    project: str,
    builds: Mapping[int, float],
    mix: Mapping[str, float],
    deck: Deck,
    *,
    late: int = 0,
    use: float = 1.0,
) -> Flows:
    """Flows of new capacity `builds` (year of commitment -> t/y), from the first payment to the end of the horizon.

    late: years by which starts slip. use: share of usable capacity that runs.
    """
    row = case.projects[project]
    years = list(range(min(builds), case.last_year + 1))
    capex_per = musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index
    capex = [
        sum(
            tpa * capex_per / len(case.payment_years(project, y))
            for y, tpa in builds.items()
            if t in case.payment_years(project, y)
        )
        for t in years
    ]
    start = {y: y + row.lead_time_years + late for y in builds}
    fixed = [
        musd(row.fixed_opex_usd_per_tpa) * sum(tpa for y, tpa in builds.items() if t >= start[y] - late) for t in years
    ]
    usable = [sum(tpa * case.ramp_share(project, t - start[y]) for y, tpa in builds.items()) * use for t in years]
    made, taken = output(case, project, mix)
    price = prices(case, deck)
    earns = {"mine": deck.payable, "separation": 1.0, "metal": 1.0 + deck.metal_premium}[row.stage]
    pays = {"mine": 0.0, "separation": deck.payable, "metal": 1.0}[row.stage]
    feed = sum(pays * price[e] * taken[e] for e in taken)
    return Flows(
        years,
        usable,
        capex,
        fixed,
        [musd(row.variable_opex_usd_per_t) * t for t in usable],
        [feed * t for t in usable],
        {e: [earns * price[e] * per * t for t in usable] for e, per in made.items() if per > 0 and price[e] > 0},
    )


def npv(rate: float, amounts: Sequence[float]) -> float:
    """Net present value (MUSD) of end-year amounts at the start of the first year."""
    return float(pyxirr.npv(rate, list(amounts), start_from_zero=False) or 0.0)


def irr(amounts: Sequence[float]) -> float | None:
    """Rate at which the NPV is zero; None if money never changes sign or there is no such rate."""
    if not (min(amounts, default=0.0) < 0 < max(amounts, default=0.0)):
        return None
    found = pyxirr.irr(list(amounts))
    return None if found is None else float(found)


def payback(amounts: Sequence[float]) -> float | None:
    """Years from the start until what was spent has come back, undiscounted, even within the year; None if never."""
    sums = list(accumulate(amounts))
    if not sums or sums[-1] < 0 or min(sums) >= 0:
        return None
    last_below = max(i for i, total in enumerate(sums) if total < 0)
    return last_below + 1 - sums[last_below] / amounts[last_below + 1]


def worth(found: Flows, rate: float, public_share: float = 0.0) -> Worth:
    """NPV, IRR and payback; with a public share, of those who pay the rest of the capital."""
    net = found.net(public_share)
    return Worth(npv(rate, net), irr(net), payback(net))


def break_even(case: Case, found: Flows, deck: Deck, public_share: float = 0.0) -> float | None:
    """Price, over the case's price, at which the NPV is zero; None if a higher price earns no more.

    Sales and feed both follow the price, so the NPV is linear in it.
    """
    sales = [sum(values) for values in zip(*found.revenue.values(), strict=True)] or [0.0] * len(found.years)
    margin = (
        npv(deck.rate, [s - f for s, f in zip(sales, found.feed_cost, strict=True)]) / deck.price if deck.price else 0.0
    )
    costs = npv(
        deck.rate,
        [(1 - public_share) * c + f + v for c, f, v in zip(found.capex, found.fixed, found.variable, strict=True)],
    )
    return costs / margin if margin > 0 else None
