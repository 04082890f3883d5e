"""Who gets and pays in a plan, and what money buys."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.reporting.run_view import RunView
from planner.reporting.words import numbers
from planner.results.figures.decision import BINDING
from planner.server.edits import Edits
from planner.server.workbench import Workbench

LEAST_MUSD = 0.05
"""Loss and payments (MUSD) up to which a party is left out."""


@dataclass(kw_only=True)
class Party:
    """Expected loss and payments of a party (MUSD): now, before, and the least and most it may pay."""

    name: str
    loss: float = 0.0
    was: float = 0.0
    pays: float = 0.0
    paid: float = 0.0
    least: float = 0.0
    most: float = 0.0


@dataclass(kw_only=True)
class NextMoney:
    """Funders to whom one more MUSD in a year is worth the same.

    worth: by which it reduces the objective, MUSD. year: the best one. years: all in which money binds, in words.
    had: whether there is a budget in these years.
    """

    worth: float
    year: int
    years: str
    had: bool
    funders: list[str] = field(default_factory=list)


def parties(now: RunView, before: RunView | None) -> list[Party]:
    """Expected loss and payments by party, who loses most first."""
    found: dict[str, Party] = {}

    def of(key: str) -> Party:
        return found.setdefault(key, Party(name=now.names.party(key)))

    by_party, by_funder = now.case.party, now.case.funder_party
    for country, lost in now.summary["loss_musd_by_country"].items():
        of(by_party.get(country, country)).loss += lost["expected"]
    for row in now.tables["payments"].to_dict("records"):
        one = of(by_funder.get(row["funder"], row["funder"]))
        one.pays += row["paid_musd"]
        one.least += row["least_musd"]
        one.most += row["most_musd"]
    if before is not None:
        for country, lost in before.summary["loss_musd_by_country"].items():
            of(by_party.get(country, country)).was += lost["expected"]
        for row in before.tables["payments"].to_dict("records"):
            of(by_funder.get(row["funder"], row["funder"])).paid += row["paid_musd"]
    shown = [one for one in found.values() if one.loss + one.pays + one.paid > LEAST_MUSD]
    return sorted(shown, key=lambda one: -one.loss)


def next_money(now: RunView, edits: Edits) -> list[NextMoney]:
    """What one more MUSD reduces the objective by, in the best year in which a funder's budget is used up; where it has
    no budget at all, of the years that lack one. Years in which a party has not yet joined are left out."""
    joined = {edit.key: edit.value for edit in edits if isinstance(edit.value, int)}
    prices = now.tables["shadow_prices"]
    binding = (prices["scarce"] == "budget") & (prices["musd_per_unit"] > BINDING)
    prices = prices[binding].sort_values("musd_per_unit", ascending=False)
    found: dict[tuple[float, int, str, bool], NextMoney] = {}
    for funder, rows in prices.groupby("item", sort=False):
        name = str(funder)
        since = joined.get(f"joins.{now.case.funder_party[name]}", 0)
        worth: dict[int, float] = {}
        for row in rows.to_dict("records"):
            if row["year"] >= since:
                worth[int(row["year"])] = _three_digits(row["musd_per_unit"])
        if not worth:
            continue
        had = [year for year in worth if now.case.budget.get((name, year), 0.0) > 0]
        best = max(had or worth, key=lambda year: (worth[year], -year))
        years = numbers.spans(had or worth)
        key = worth[best], best, years, bool(had)
        one = NextMoney(worth=worth[best], year=best, years=years, had=bool(had))
        found.setdefault(key, one).funders.append(now.names.party(name))
    return list(found.values())


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def last_money(bench: Workbench) -> tuple[float, float] | None:
    """The last stretch of the frontier up to the present plan: its cost, and by how much it reduces the risk (MUSD)."""
    now = bench.solver.found.figures
    if not now:
        return None
    below = []
    for _, cost, risk in bench.curve:
        if cost < now["cost_musd"] - 1e-6:
            below.append((cost, risk))
    if not below:
        return None
    cost, risk = max(below)
    return now["cost_musd"] - cost, risk - now["risk_musd"]
