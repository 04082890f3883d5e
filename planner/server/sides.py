"""Losses and payments by party in a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.reporting.words.names import names_of
from planner.results.plan import Plan
from planner.thresholds import SHOWN_MUSD


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


def parties(now: Plan, before: Plan | None) -> list[Party]:
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
        if one.loss + one.pays + one.paid > SHOWN_MUSD:
            shown.append(one)
    return sorted(shown, key=lambda one: -one.loss)


def _of(found: dict[str, Party], view: Plan, key: str) -> Party:
    return found.setdefault(key, Party(name=names_of(view.case).party(key)))


def _losses(view: Plan, party: Mapping[str, str]) -> dict[str, float]:
    """Expected loss by party, MUSD."""
    found: dict[str, float] = defaultdict(float)
    for country, lost in view.summary["loss_musd_by_country"].items():
        found[party.get(country, country)] += lost["expected"]
    return found


def _payer(view: Plan, row: Mapping[Hashable, Any]) -> str:
    """The party of a funder."""
    funder: str = row["funder"]
    return view.case.funder_party.get(funder, funder)
