"""Amounts that figures of tables are multiples of: measures.csv calls them by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from planner.data.stages import OXIDE, STAGES
from planner.data.warnings.facts import LEAST_USE, CaseFacts
from planner.units import KG_PER_TONNE

UNKNOWN = math.nan
"""An amount that the case does not tell: no figure is judged by it, as by one of 0."""


def _price(facts: CaseFacts, element: str) -> float:
    """Price of an element (USD/kg); none of a by-product."""
    row = facts.case.elements.get(element)
    return (row and row.price_usd_per_kg) or UNKNOWN


def _deck(facts: CaseFacts, product: str) -> float:
    """The middle one of the prices (USD/kg) at which an element or by-product may be sold."""
    decks = facts.decks[product]
    return median(decks) if decks else _price(facts, product)


def _dysprosium(facts: CaseFacts) -> str:
    """What the case calls it."""
    return next((name for name in facts.case.elements if name.casefold() == "dy"), "")


def _supply_of_all(facts: CaseFacts, row: Any) -> float:
    """Tonnes of throughput with which a plant alone would supply all use of one of its elements, the last such."""
    stage = STAGES[row.stage]
    if stage.converts:
        return sum(facts.most_used("", element, stage.gives) for element in facts.case.elements)
    most = 0.0
    for feed in row.feeds:
        for element, share in facts.case.lookups.feed_shares.get(feed, {}).items():
            if share > 0:
                used = facts.most_used("", element, OXIDE)
                most = max(most, used / share * facts.use(row, feed))
    return most


def _mined_for(facts: CaseFacts, row: Any) -> float:
    """Capacity (t/y) of a plant that existing mines fill."""
    mines = [mine for mine in facts.rows("projects", "stage=mine") if mine.feeds[0] in row.feeds]
    return float(sum(mine.existing_tpa * facts.use(row, mine.feeds[0]) for mine in mines))


def _taught(facts: CaseFacts, row: Any) -> float:
    """Trainees that the initial staff can carry."""
    team = facts.case.lookups.workforce.get((row.country, row.skill))
    ratio = facts.case.lookups.skills[row.skill].mentor_ratio
    return UNKNOWN if team is None or ratio is None else max(team.initial * ratio, LEAST_USE)


def _share_of_all(facts: CaseFacts, row: Any) -> float:
    """What a budget would be if all together were what all that may be built takes (MUSD)."""
    total = sum(facts.budgets.values())
    return row.musd * facts.capital / total if total else UNKNOWN


class Amount(NamedTuple):
    """What figures are multiples of, in words, and how much it is for a row."""

    words: str
    of: Callable[[CaseFacts, Any], float]


AMOUNTS = {
    "dysprosium": Amount(
        # Of two neighbours among the elements the one of even number is the more common.
        "the dysprosium in it, and terbium is always rarer",
        lambda facts, row: facts.case.lookups.feed_shares[row.feed].get(
            _dysprosium(facts), UNKNOWN
        ),
    ),
    "price": Amount("the price of its element", lambda facts, row: _price(facts, row.element)),
    "deck": Amount("the price of what is sold", lambda facts, row: _deck(facts, row.element)),
    "use": Amount(
        "a year's use there", lambda facts, row: facts.most_used(row.country, row.element, row.form)
    ),
    "capacity": Amount(
        "the capacity of the plant",
        lambda facts, row: facts.case.projects[row.project].largest_tpa if row.project else UNKNOWN,
    ),
    "full": Amount("the use of all", _supply_of_all),
    "mined_for_it": Amount("what the mines that exist give it", _mined_for),
    "sales": Amount(
        "what the by-product brings in",
        lambda facts, row: row.tonnes_per_t * _deck(facts, row.product) * KG_PER_TONNE,
    ),
    "posts": Amount(
        "all posts there could be", lambda facts, row: facts.posts[row.country, row.skill]
    ),
    "first_posts": Amount(
        "the posts of what exists", lambda facts, row: facts.first_posts[row.country, row.skill]
    ),
    "taught": Amount("those whom the staff there can teach", _taught),
    "budget_for_all": Amount("its part of what all that may be built takes", _share_of_all),
}
