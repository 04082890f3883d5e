"""Everything the contract demands of a plan, recomputed from case and amounts alone.

Nothing here knows the program: each rule is written again from its words, for all scenarios and periods at once. What
both share is listed in `planner.results.visit_inputs`: the reading of rows, and the tree. The tables of a run are held
against those that its amounts make: what they say besides, and what scenarios that share a node say differently.
A violation is measured against 1 + the larger side of the rule; `Verification.worst` is the largest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype

from planner.data.case import Case
from planner.data.lookups import Good
from planner.results import targets, verify_material, verify_resources
from planner.results.costs import cost_parts, utilisation
from planner.results.losses import ByCountry, Losses, losses_by_country, losses_by_good, losses_of
from planner.results.origins import yearly_origins
from planner.results.plan_amounts import PlanAmounts
from planner.results.reader import read_amounts
from planner.results.tables import TableViews
from planner.results.typed import typed_table
from planner.results.verify_calm import calm_rules
from planner.results.violations import Broken, equal, never
from planner.results.visits import AtVisits, decided_in, opening_visits

TOLERANCE = 1e-6
NOT_MADE = {"payments", "shadow_prices"}
"""Tables of which nothing follows from the amounts; rules of their own hold for `payments`."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Largest relative violation of each rule, and losses and cost as recomputed (MUSD)."""

    visits: AtVisits
    """The amounts by scenario, for whatever else follows from them."""
    violations: dict[str, float]
    losses: Losses
    losses_by_country: ByCountry
    cost_parts: dict[str, float]
    utilisation: dict[str, dict[str, float | None]]
    public_spend: float
    targets: dict[str, dict[str, Any]]
    """Target -> `missing_t`, `cost_musd` and `met`."""

    @property
    def cost(self) -> float:
        """Expected discounted cost (MUSD)."""
        return sum(self.cost_parts.values())

    @property
    def worst(self) -> float:
        """The largest violation."""
        return max(self.violations.values(), default=0.0)

    @property
    def holds(self) -> bool:
        """Every rule holds within tolerance."""
        return self.worst <= TOLERANCE


def verify_amounts(plan: PlanAmounts) -> Verification:
    """Check every rule of the contract and recompute losses, CVaR, cost and public spending."""
    return _verified(plan.visits, ())


def verify(case: Case, tables: Mapping[str, pd.DataFrame]) -> Verification:
    """As `verify_amounts`, of a plan as its tables say it, and whether these say what its amounts make."""
    visits = read_amounts(case, tables).visits
    return _verified(visits, _tables_as_made(visits, tables))


def _tables_as_made(visits: AtVisits, tables: Mapping[str, pd.DataFrame]) -> Iterator[Broken]:
    """Tables have the rows and the figures that the amounts make."""
    views = TableViews(visits.plan, (), yearly_origins(visits))
    for name in tables.keys() & views.keys() - NOT_MADE:
        made = views[name]
        told = typed_table(name, tables[name])
        if told[made.columns].equals(made):  # three quarters of the time is spent on pairing rows
            continue
        keys = [column for column in made if not is_float_dtype(made[column])]
        both = told.merge(made, on=keys, how="outer", suffixes=("_stated", ""))
        for column in made.columns.drop(keys):
            stated = both[f"{column}_stated"].fillna(0.0).to_numpy(float)
            yield equal("table_as_made", stated, both[column].fillna(0.0).to_numpy(float))


@np.errstate(invalid="ignore")
def _verified(visits: AtVisits, more: Iterable[Broken]) -> Verification:
    lost = losses_by_good(visits)
    losses = losses_of(visits, lost)
    worst: dict[str, float] = defaultdict(float)
    for rule, amount in (*more, *all_rules(visits)):
        worst[rule] = max(worst[rule], amount)
    return Verification(
        visits=visits,
        violations=dict(worst),
        losses=losses,
        losses_by_country=losses_by_country(visits, lost, losses.by_scenario),
        cost_parts=cost_parts(visits),
        utilisation=utilisation(visits),
        public_spend=verify_resources.public_spend(visits),
        targets=targets.targets_met(visits),
    )


def all_rules(visits: AtVisits) -> Iterator[Broken]:
    """Every rule of a plan, with its largest violation in all places to which it applies."""
    yield from verify_material.rules(visits)
    yield from calm_rules(visits)
    yield from verify_resources.people_rules(visits)
    yield from verify_resources.money_rules(visits)
    yield from targets.rules(visits)
    yield from _decided_for_nothing(visits)


def _decided_for_nothing(visits: AtVisits) -> Iterator[Broken]:
    """At nodes of probability 0 nothing is decided: no builds, intakes, seats, hires or purchases."""
    if all(chance > 0 for chance in visits.case.scenarios.values()):
        return
    if not visits.lookups.has_schedule:
        bought = visits.goods.by(_bought).values
        impossible = np.array([node.probability == 0 for node in visits.tree.nodes])
        yield never("nothing_decided_at_probability_0", bought[:, visits.at(impossible)])
    decisions = visits.trees.decisions.nodes
    undecided = np.array([decisions[d].probability == 0 for d in visits.trees.decision])
    by_visit = visits.at(undecided)
    yield never("nothing_decided_at_probability_0", visits.people["hired"].values[:, by_visit])
    for year in visits.case.years:
        by_scenario = by_visit[opening_visits(visits, year)]
        for amounts in decided_in(visits, year):
            yield never("nothing_decided_at_probability_0", amounts[by_scenario])


def _bought(key: tuple[str, Good]) -> Good | None:
    item, good = key
    return good if item == "bought" else None
