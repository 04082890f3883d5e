"""What binds: shadow prices in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.reporting.values.names import Names, midway
from planner.reporting.values.numbers import count, number
from planner.reporting.values.view import RunView, records
from planner.results.explanation import Marginal

PER_KIND = 4
KINDS: dict[str, str] = {
    "budget": "Public money",
    "nameplate limit": "Room to build more",
    "capacity": "Capacity in use",
    "feed": "Feed",
    "staff joining": "People",
    "hires": "Room to hire",
    "training seats": "Training seats",
    "new seats limit": "Room for new training seats",
    "mentors": "Mentors",
    "imports": "Imports on offer",
    "delivered good": "Material at the user",
    "stock": "Material in stock",
}
OFF = {"risk": "off the risk", "welfare": "off cost plus risk"}


@dataclass(frozen=True)
class Limit:
    """One scarce thing: its kind, what one more of it is, when it is worth most, and what it is worth."""

    scarce: str
    kind: str
    words: str
    sentence: str
    year: int | None
    musd: float
    unit: str
    years_binding: int


def limits(run: RunView, per_kind: int = PER_KIND) -> list[Limit]:
    """The most valuable limits of each kind; of the years of one thing, the one in which it is worth most.
    Things worth the same are told once."""
    prices = run.tables["shadow_prices"]
    things = ["scarce", "item", "country", "element", "form", "unit", "objective"]
    prices = prices[prices["musd_per_unit"] > 0].sort_values(
        ["musd_per_unit", "year"], ascending=[False, True], kind="stable"
    )
    often = prices.groupby(things)["year"].transform("count")
    best = prices.assign(often=often).drop_duplicates(things)
    found = []
    for kind in [*KINDS, *sorted(set(best["scarce"]) - set(KINDS))]:
        rows = _alike(best[best["scarce"] == kind]).head(per_kind)
        found += [_limit(run.names, row) for row in records(rows)]
    return found


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Things of one kind, element, form and year that are worth the same, as one row; `others` counts the rest."""
    worth = rows["musd_per_unit"].map(lambda musd: f"{musd:.5g}")
    keys = [worth, rows["year"].fillna(0), rows["element"], rows["form"]]
    return rows.assign(others=rows.groupby(keys)["item"].transform("size") - 1)[~pd.concat(keys, axis=1).duplicated()]


def marginal_words(names: Names, marginal: Marginal) -> str:
    """The scarce thing of a marginal value."""
    return _in_year(WORDS[marginal.scarce](names, dict(vars(marginal))), marginal.year)


def _in_year(words: str, year: int | None) -> str:
    return words if year is None else f"{words} in {year}"


def _limit(names: Names, row: dict[str, Any]) -> Limit:
    say = WORDS.get(row["scarce"], _anything)
    year = None if row["year"] != row["year"] else int(row["year"])
    words = _in_year(say(names, row), year)
    same = f" (the same for {count(int(row['others']), 'other')})" if row["others"] else ""
    off = OFF.get(row["objective"], f"off the {row['objective']}")
    return Limit(
        str(row["scarce"]),
        KINDS.get(row["scarce"], str(row["scarce"])),
        words,
        f"{words} takes {number(row['musd_per_unit'])} MUSD {off}{same}",
        year,
        float(row["musd_per_unit"]),
        str(row["unit"]),
        max(int(row["often"]), 1),
    )


def _good(names: Names, row: dict[str, Any]) -> str:
    return f"{midway(names.element(row['element']))} {row['form']}"


def _source(names: Names, feed: str) -> str:
    """A feed: where one mine alone gives it, the mine and its country."""
    return names.placed(feed) if names.feed(feed) == names.project(feed) else names.feed(feed)


def _anything(names: Names, row: dict[str, Any]) -> str:
    place = f" in {names.country(row['country'])}" if row["country"] else ""
    return f"One more unit of {row['scarce']} {row['item']}{place}".replace("  ", " ")


WORDS: dict[str, Callable[[Names, dict[str, Any]], str]] = {
    "budget": lambda n, r: f"One more MUSD of the budget of {n.party(r['item'])}",
    "capacity": lambda n, r: f"One more t/y of usable capacity at {n.placed(r['item'])}",
    "nameplate limit": lambda n, r: f"Room for one more t/y of nameplate at {n.placed(r['item'])}",
    "feed": lambda n, r: f"One more t TREO of feed from {_source(n, r['item'])}",
    "staff joining": lambda n, r: f"One more person joining: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "hires": lambda n, r: f"One more person to be hired: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "training seats": lambda n, r: f"One more training seat ({n.programme(r['item'])})",
    "new seats limit": lambda n, r: f"Room for one more new training seat ({n.programme(r['item'])})",
    "mentors": lambda n, r: f"One more practitioner to teach: {midway(n.skill(r['item']))}, {n.country(r['country'])},",
    "imports": lambda n, r: f"One more t of {_good(n, r)} on offer to {n.country(r['country'])}",
    "delivered good": lambda n, r: f"One more t of {_good(n, r)} delivered to {n.country(r['country'])}",
    "stock": lambda n, r: f"One more t of {_good(n, r)} in the stock of {n.country(r['country'])}",
}
