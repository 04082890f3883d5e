"""Losses and payments by party in a plan, and what money buys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from planner.reporting.run_view import RunView
from planner.reporting.words import numbers
from planner.results.figures.decision import BINDING
from planner.server.answers import both
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


@dataclass(frozen=True, kw_only=True)
class NextMoney:
    """The value of one more MUSD to a funder, or to several to whom it is worth the same.

    worth: by which it reduces the objective, MUSD. year: the best one. years: all in which money binds, in words.
    had: whether there is a budget in these years.
    """

    funders: list[str]
    worth: float
    year: int
    years: str
    had: bool


def parties(now: RunView, before: RunView | None) -> list[Party]:
    """Expected loss and payments by party, who loses most first."""
    found: dict[str, Party] = {}
    for key, loss in _losses(now, now.case.party).items():
        _of(found, now, key).loss = loss
    for row in now.tables["payments"].to_dict("records"):
        one = _of(found, now, _payer(now, row))
        one.pays += row["paid_musd"]
        one.least += row["least_musd"]
        one.most += row["most_musd"]
    if before is not None:
        for key, loss in _losses(before, now.case.party).items():
            _of(found, now, key).was = loss
        for row in before.tables["payments"].to_dict("records"):
            _of(found, now, _payer(now, row)).paid += row["paid_musd"]
    shown = []
    for one in found.values():
        if one.loss + one.pays + one.paid > LEAST_MUSD:
            shown.append(one)
    return sorted(shown, key=lambda one: -one.loss)


def _of(found: dict[str, Party], view: RunView, key: str) -> Party:
    return found.setdefault(key, Party(name=view.names.party(key)))


def _losses(view: RunView, party: Mapping[str, str]) -> dict[str, float]:
    """Expected loss by party, MUSD."""
    found: dict[str, float] = defaultdict(float)
    for country, lost in view.summary["loss_musd_by_country"].items():
        found[party.get(country, country)] += lost["expected"]
    return found


def _payer(view: RunView, row: Mapping[Hashable, Any]) -> str:
    """The party of a funder."""
    funder: str = row["funder"]
    return view.case.funder_party.get(funder, funder)


def next_money(now: RunView, edits: Edits) -> list[NextMoney]:
    """By how much one more MUSD reduces the objective, in the best year in which a funder's budget is used up; where it
    has no budget at all, of the years that lack one. Years in which a party has not yet joined are left out."""
    joined = {edit.key: edit.value for edit in edits}
    prices = now.tables["shadow_prices"]
    is_binding = (prices["scarce"] == "budget") & (prices["musd_per_unit"] > BINDING)
    binding = prices[is_binding].sort_values("musd_per_unit", ascending=False)
    found: list[NextMoney] = []
    for funder, rows in binding.groupby("item", sort=False):
        name = str(funder)
        party = now.case.funder_party[name]
        joins = joined.get(f"joins.{party}")
        if isinstance(joins, int):
            rows = rows[rows["year"] >= joins]
        worth: dict[int, float] = {}
        for row in rows.to_dict("records"):
            worth[int(row["year"])] = float(f"{row['musd_per_unit']:.3g}")
        if worth:
            _take(found, _next_of(now, name, worth))
    return found


def _take(found: list[NextMoney], one: NextMoney) -> None:
    """Add the value to a funder, beside those to whom it is the same."""
    for other in found:
        if replace(other, funders=one.funders) == one:
            other.funders.extend(one.funders)
            return
    found.append(one)


def _next_of(now: RunView, funder: str, worth: Mapping[int, float]) -> NextMoney:
    """The value of one more MUSD to a funder. worth: MUSD by year in which money binds."""
    had = []
    for year in worth:
        if now.case.budget.get((funder, year), 0.0) > 0:
            had.append(year)
    years = had or list(worth)
    best = max(years, key=lambda year: (worth[year], -year))
    return NextMoney(
        funders=[now.names.party(funder)],
        worth=worth[best],
        year=best,
        years=numbers.spans(years),
        had=bool(had),
    )


def last_money(bench: Workbench) -> tuple[float, float] | None:
    """The last stretch of the frontier up to the present plan: its cost, and by how much it reduces the risk (MUSD)."""
    now = bench.solver.found.figures
    if not now:
        return None
    risk_now, cost_now = both(now)
    below = []
    for _, cost, risk in bench.curve:
        if cost < cost_now - 1e-6:
            below.append((cost, risk))
    if not below:
        return None
    cost, risk = max(below)
    return cost_now - cost, risk - risk_now
