"""Independent recomputation of a plan: every rule, loss and cost from case and amounts alone.

Each rule is written again from its words, for all scenarios and periods at once; demand, prices, capacity and instalments
come from the rows of the tables (`planner.verification.recomputed_inputs`), not from the look-ups of the program. `verify`
also compares the tables of a run with those of its amounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.origins import yearly_origins
from planner.results.reader import read_amounts
from planner.results.scenario_amounts import PlanAmounts, opening_places
from planner.results.summary import PlanTotals, plan_totals
from planner.results.tables import TableViews
from planner.results.typed import typed_table
from planner.verification.material_rules import material_rules
from planner.verification.money_rules import money_rules
from planner.verification.people_rules import people_rules
from planner.verification.plant_rules import plant_rules
from planner.verification.recomputed_inputs import RecomputedAmounts
from planner.verification.target_rules import target_rules
from planner.verification.violations import Broken, equal, never

TOLERANCE = 1e-6
NOT_DERIVED = {"payments", "shadow_prices"}
"""Tables that do not follow from the amounts; `payments` has rules of its own."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Largest violation of each rule, relative to 1 + the larger side of the rule, and the recomputed totals."""

    amounts: RecomputedAmounts
    violations: dict[str, float]
    totals: PlanTotals

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
    return _verified(RecomputedAmounts(plan), ())


def verify(case: Case, tables: Mapping[str, pd.DataFrame]) -> Verification:
    """Verify the amounts of result tables, and that the tables equal those that follow from the amounts."""
    plan = read_amounts(case, tables)
    return _verified(RecomputedAmounts(plan), _compared_tables(plan, tables))


def _compared_tables(plan: PlanAmounts, tables: Mapping[str, pd.DataFrame]) -> Iterator[Broken]:
    views = TableViews(plan, (), yearly_origins(plan.by_scenario))
    for name in tables.keys() & views.keys() - NOT_DERIVED:
        derived = views[name]
        table = typed_table(name, tables[name])
        if table[derived.columns].equals(derived):  # pairing rows takes three quarters of the time
            continue
        keys = [column for column in derived if not is_float_dtype(derived[column])]
        both = table.merge(derived, on=keys, how="outer", suffixes=("_run", ""))
        for column in derived.columns.drop(keys):
            of_run = both[f"{column}_run"].fillna(0.0).to_numpy(float)
            yield equal("table_as_made", of_run, both[column].fillna(0.0).to_numpy(float))


@np.errstate(invalid="ignore")
def _verified(amounts: RecomputedAmounts, more: Iterable[Broken]) -> Verification:
    worst: dict[str, float] = defaultdict(float)
    for rule, amount in (*more, *all_rules(amounts)):
        worst[rule] = max(worst[rule], amount)
    return Verification(amounts=amounts, violations=dict(worst), totals=plan_totals(amounts))


def all_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Every rule of a plan, with its largest violation over scenarios and periods."""
    yield from material_rules(amounts)
    yield from plant_rules(amounts)
    yield from people_rules(amounts)
    yield from money_rules(amounts)
    yield from target_rules(amounts)
    for decisions in _decisions_at_probability_0(amounts):
        yield never("nothing_decided_at_probability_0", decisions)


def _decisions_at_probability_0(amounts: RecomputedAmounts) -> Iterator[Vector]:
    """Builds, intakes, seats, hires and purchases at nodes of probability 0."""
    if all(probability > 0 for probability in amounts.case.scenarios.values()):
        return
    if not amounts.lookups.has_schedule:
        impossible = np.array([node.probability == 0 for node in amounts.tree.nodes])
        yield amounts.goods.by(_purchased_good).values[:, amounts.at(impossible)]
    nodes = amounts.trees.decisions.nodes
    impossible = np.array([nodes[d].probability == 0 for d in amounts.trees.decision])
    places = amounts.at(impossible)
    yield amounts.people["hired"].values[:, places]
    for year in amounts.case.years:
        scenarios = places[opening_places(amounts, year)]
        for decision in _decisions_of(amounts, year):
            yield decision[scenarios]


def _decisions_of(amounts: RecomputedAmounts, year: int) -> Iterator[Vector]:
    """Builds, intakes, seats and scheduled purchases of a year, each by scenario."""
    for by_key in (amounts.builds, amounts.intake, amounts.new_seats, amounts.scheduled):
        for (*_, decided), by_scenario in by_key:
            if decided == year:
                yield by_scenario


def _purchased_good(key: tuple[str, Good]) -> Good | None:
    item, good = key
    return good if item == "bought" else None
