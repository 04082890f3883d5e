"""Material flow of one element through the chain, laid out as a Sankey diagram.

A column is a form of the element, from the mine to the use. A block is the supply of one origin: the country of a plant, an
outside supplier, or stock. A link is the part of a block that goes on; supply of one form is mixed in proportion. Blocks and
links are made of tonnes; `height` and places are shares of the largest column of the element.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from planner.data.kept import kept
from planner.data.stages import CHAIN, OXIDE
from planner.results.figures.sums import by_year, elements_by_loss, scenarios_by_loss
from planner.results.origins import STOCK
from planner.results.plan import Plan
from planner.results.reader import rows_of

MOST_SCENARIOS, MOST_YEARS = 5, 5
"""Scenarios and years to choose from, spread evenly from the first to the last."""
UNMET, SAVED = "unmet", "saved"
"""Blocks of the use that no supply meets."""
SUPPLY = ("made", "imported", "resold", "released")
"""Items of operations that are supply of a form."""
TonnesByOrigin = dict[str, float]


class Selection(NamedTuple):
    """One diagram."""

    element: str
    year: int
    scenario: str


@dataclass(kw_only=True)
class Balance:
    """Supply and use of one form (t): output of plants by country, other supply by origin, and what is used."""

    made: TonnesByOrigin = field(default_factory=lambda: defaultdict(float))
    outside: TonnesByOrigin = field(default_factory=lambda: defaultdict(float))
    use: float = 0.0

    @property
    def supply(self) -> TonnesByOrigin:
        """Supply by origin, the largest first."""
        both = defaultdict[str, float](float)
        for amounts in (self.made, self.outside):
            for origin, tonnes in amounts.items():
                both[origin] += tonnes
        return dict(_largest_first(both))


@dataclass(kw_only=True)
class Flow:
    """All balances of one selection (t). mined: (country of the mine, country of separation) -> oxide."""

    forms: list[Balance]
    mined: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    unmet: float = 0.0
    saved: float = 0.0


def forms_of(plan: Plan) -> list[str]:
    """Forms with supply or demand in the case, along the chain."""
    present = {form for _, _, form, _ in plan.case.demand}
    present |= {plan.case.lookups.stage_of(project).gives for project in plan.case.projects}
    forms = [OXIDE, *(stage.gives for stage in CHAIN)]
    last = max((place for place, form in enumerate(forms) if form in present), default=0)
    return forms[: last + 1]


def chosen_scenarios(plan: Plan) -> list[str]:
    """Scenarios to choose from, the largest loss first."""
    return _spread(scenarios_by_loss(plan), MOST_SCENARIOS)


def chosen_years(plan: Plan) -> list[int]:
    """Years to choose from."""
    return _spread(plan.years, MOST_YEARS)


def _spread(values: list[Any], most: int) -> list[Any]:
    """At most so many of some values, evenly from the first to the last."""
    if len(values) <= most:
        return list(values)
    return [values[round(place * (len(values) - 1) / (most - 1))] for place in range(most)]


@kept
def flows(plan: Plan) -> dict[Selection, Flow]:
    """The balances of every element, chosen year and chosen scenario."""
    forms = forms_of(plan)
    place = {form: at for at, form in enumerate(forms)}
    by_selection: dict[Selection, Flow] = {}
    for element in elements_by_loss(plan):
        for year in chosen_years(plan):
            for scenario in chosen_scenarios(plan):
                flow = Flow(forms=[Balance() for _ in forms])
                by_selection[Selection(element, year, scenario)] = flow
    origin = {row.supplier: row.origin or row.supplier for row in plan.case.tables.suppliers}
    mines = _country_of_feed(plan)
    for row in rows_of(_chosen(plan, "operations", "item", {*SUPPLY, SAVED})):
        key = Selection(row.element, row.year, row.scenario)
        if key not in by_selection or row.form not in place:
            continue
        flow = by_selection[key]
        balance = flow.forms[place[row.form]]
        if row.item == "made":
            balance.made[row.country] += row.tonnes
            if row.feed:
                flow.mined[mines.get(row.feed, row.country), row.country] += row.tonnes
        elif row.item in ("imported", "resold"):
            balance.outside[origin.get(row.project, row.project)] += row.tonnes
        elif row.item == "released":
            balance.outside[STOCK] += row.tonnes
        else:
            flow.saved += row.tonnes
            balance.use -= row.tonnes
    for row in rows_of(_chosen(plan, "shortfall")):
        key = Selection(row.element, row.year, row.scenario)
        if key in by_selection and row.form in place:
            flow = by_selection[key]
            flow.unmet += row.tonnes
            flow.forms[place[row.form]].use += row.demand_t - row.tonnes
    return by_selection


def _chosen(
    plan: Plan, name: str, column: str = "", values: set[str] | None = None
) -> pd.DataFrame:
    """The rows of a table in the chosen years and scenarios, those of some values of a column."""
    rows = by_year(plan, name)
    rows = rows[
        rows["year"].isin(chosen_years(plan)) & rows["scenario"].isin(chosen_scenarios(plan))
    ]
    return rows[rows[column].isin(values)] if values else rows


def _country_of_feed(plan: Plan) -> dict[str, str]:
    """Feed -> country of the first mine that gives it."""
    countries: dict[str, str] = {}
    for project, row in plan.case.projects.items():
        if plan.case.lookups.stage_of(project).mines:
            for feed in row.feeds:
                countries.setdefault(feed, row.country)
    return countries


# ---- layout ----------------------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """The supply of one origin in a column, or a part of the use."""

    column: int
    origin: str
    t: float
    bottom: float


class Link(NamedTuple):
    """What goes from a block to a later one (t), with the bottoms of both ends."""

    origin: str
    t: float
    start: int
    end: int
    y0: float
    y1: float


def blocks_of(flow: Flow) -> list[Block]:
    """The blocks of all columns, from the ground up, in tonnes."""
    blocks = _stacked(0, _mines(flow), 0.0)
    below = 0.0
    for place, balance in enumerate(flow.forms):
        blocks += _stacked(place + 1, balance.supply, below)
        below += balance.use  # passes below the columns that follow
    uses = {used(place): balance.use for place, balance in enumerate(flow.forms)}
    ends = {SAVED: flow.saved, UNMET: flow.unmet}
    return blocks + _stacked(len(flow.forms) + 1, uses | ends, 0.0)


def used(place: int) -> str:
    """The block of the use of a form, by its place in the chain."""
    return f"used {place}"


def _mines(flow: Flow) -> TonnesByOrigin:
    mines = defaultdict[str, float](float)
    for (mine, _), tonnes in flow.mined.items():
        mines[mine] += tonnes
    return dict(_largest_first(mines))


def _stacked(column: int, amounts: TonnesByOrigin, bottom: float) -> list[Block]:
    blocks = []
    for origin, tonnes in amounts.items():
        if tonnes > 0:
            blocks.append(Block(column, origin, tonnes, bottom))
            bottom += tonnes
    return blocks


def links_of(flow: Flow) -> list[Link]:
    """The links between the blocks; what is lost on the way and what is left over is not drawn."""
    bottoms = {(block.column, block.origin): block.bottom for block in blocks_of(flow)}
    leaves, enters = dict(bottoms), dict(bottoms)
    links: list[Link] = []

    def link(start: tuple[int, str], end: tuple[int, str], tonnes: float) -> None:
        if tonnes > 0:
            links.append(Link(start[1], tonnes, start[0], end[0], leaves[start], enters[end]))
            leaves[start] += tonnes
            enters[end] += tonnes

    for (mine, plant), tonnes in _largest_first(flow.mined):
        link((0, mine), (1, plant), tonnes)
    last = len(flow.forms) + 1
    for place, balance in enumerate(flow.forms):
        supply = balance.supply
        whole = sum(supply.values())
        following = flow.forms[place + 1].made if place + 1 < len(flow.forms) else {}
        for origin, tonnes in supply.items():
            share = tonnes / whole
            link((place + 1, origin), (last, used(place)), share * balance.use)
            for plant, output in _largest_first(following):
                link((place + 1, origin), (place + 2, plant), share * output)
    return links


def _largest_first(amounts: Mapping[Any, float]) -> list[tuple[Any, float]]:
    return sorted(amounts.items(), key=lambda item: (-item[1], str(item[0])))


def height_of(flow: Flow) -> float:
    """The height of the highest column (t)."""
    return max((block.bottom + block.t for block in blocks_of(flow)), default=0.0)
