"""Amounts that figures of tables are multiples of: measures.csv calls them by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from planner.data.investment_tables import DECLARED
from planner.data.lookups import good_of
from planner.data.stages import OXIDE, STAGES
from planner.data.warnings.facts import LEAST_USE, CaseFacts
from planner.units import KG_PER_TONNE, USD_PER_MUSD

UNKNOWN = math.nan
"""An amount that the case does not tell: no figure is judged by it, as by one of 0."""
MOST_BESIDE = 100.0
"""Tonnes of a by-product for each tonne of the elements counted, which are a small part of metal and magnets."""


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


def _last_loss(facts: CaseFacts, row: Any) -> float:
    """Loss (USD) of the last kg that a country goes without."""
    weight = facts.case.countries[row.country].weight
    return (
        facts.case.lookups.loss_steps(good_of(row))[-1].musd_per_t
        * weight
        * USD_PER_MUSD
        / KG_PER_TONNE
    )


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


def _averted(facts: CaseFacts, row: Any) -> float:
    """Losses (USD per t/y) that a plant could avert within the horizon, if begun at once."""
    countries = facts.case.countries
    output = float(facts.share_of_new[row.project].sum())
    values = [0.0]
    for contents in facts.yields(row):
        losses = facts.worst_losses
        values.append(sum(tonnes * losses[element] for element, tonnes in contents.items()))
    weight = max(country.weight for country in countries.values())
    averted = max(values) * weight * output * KG_PER_TONNE
    cost_index = max(countries[row.country].cost_index, LEAST_USE)
    return max(averted, LEAST_USE) / cost_index if output else UNKNOWN


def _content(facts: CaseFacts, row: Any) -> float:
    """Tonnes that come with a tonne of capacity: as many of what holds it, many more of what it is in."""
    plant = facts.case.projects[row.project]
    is_whole = STAGES[plant.stage].has_feeds and plant.basis == "treo"
    return 1.0 if is_whole else MOST_BESIDE


def _taught(facts: CaseFacts, row: Any) -> float:
    """Trainees that the initial staff can carry."""
    team = facts.case.lookups.workforce.get((row.country, row.skill))
    ratio = facts.case.lookups.skills[row.skill].mentor_ratio
    return UNKNOWN if team is None or ratio is None else max(team.initial * ratio, LEAST_USE)


def _share_of_all(facts: CaseFacts, row: Any) -> float:
    """What a budget would be if all together were what all that may be built takes (MUSD)."""
    total = sum(facts.budgets.values())
    return row.musd * facts.capital / total if total else UNKNOWN


def _as_others(facts: CaseFacts, row: Any) -> float:
    """What a budget would be if its funder had what others have (MUSD), where it has more than all that may be built
    takes."""
    others = [total for funder, total in facts.budgets.items() if funder != row.funder and total]
    own = facts.budgets[row.funder]
    is_judged = len(others) > 1 and 0 < facts.capital < own
    return row.musd * sum(others) / len(others) / own if is_judged else UNKNOWN


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
    "dysprosium_price": Amount(
        "the price of dysprosium, and terbium is always dearer",
        lambda facts, _: _price(facts, _dysprosium(facts)),
    ),
    "price": Amount("the price of its element", lambda facts, row: _price(facts, row.element)),
    "deck": Amount("the price of what is sold", lambda facts, row: _deck(facts, row.element)),
    "going_without": Amount("what a missing kg costs there", _last_loss),
    "use": Amount(
        "a year's use there", lambda facts, row: facts.most_used(row.country, row.element, row.form)
    ),
    "capacity": Amount(
        "the capacity of the plant",
        lambda facts, row: facts.case.projects[row.project].largest_tpa if row.project else UNKNOWN,
    ),
    "full": Amount("the use of all", _supply_of_all),
    "mined_for_it": Amount("what the mines that exist give it", _mined_for),
    "averted": Amount("what its output could avert within the horizon", _averted),
    "content": Amount("what comes with a tonne of capacity", _content),
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
    "budget_of_others": Amount("the budgets of the others, on average", _as_others),
    "term": Amount("what is usual", lambda _, row: DECLARED[row.item].value),
}
