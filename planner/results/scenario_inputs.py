"""Inputs per scenario and period, as arrays: demand, prices, capacity and instalments after shocks.

`ScenarioInputs` reads them off the scenario tree and the look-ups of the case. `planner.verification` has the same figures
from the rows of the tables (`RecomputedInputs`).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.lookups import Good, Series
from planner.data.scenario_tree import Tree, Vector, moved

DueShares = dict[int, Vector]
"""Year -> share by scenario."""


class ScenarioInputs:
    """Inputs by the scenario tree and the look-ups: scenarios in order, in each the periods.

    node: of each scenario and period.
    """

    def __init__(self, tree: Tree, node: NDArray[np.intp]) -> None:
        self._tree = tree
        self._node = node
        self._lookups = tree.case.lookups
        self._demands: dict[Good, Vector] = {}

    @property
    def _case(self) -> Case:
        return self._tree.case

    def capex(self, project: str) -> float:
        """Capital cost (MUSD per t/y), public and private."""
        return self._lookups.full_capex(project)

    def running_cost(self, project: str) -> float:
        """Variable opex less the credit (MUSD/t), at least 0."""
        return self._lookups.throughput_cost(project)

    def capacity_per_tonne(self, project: str, feed: str) -> float:
        """Tonnes of capacity that a separation plant needs for a tonne of a feed."""
        return self._lookups.capacity_use(project, feed)

    def demand(self, good: Good) -> Vector:
        """Demand (t)."""
        if good not in self._demands:
            self._demands[good] = self._tree.demands(good)[self._node]
        return self._demands[good]

    def import_price(self, series: Series) -> Vector:
        """Price of a supplier in a country (MUSD/t)."""
        supplier, *good = series
        return self._tree.import_prices(supplier, (good[0], good[1], good[2]))[self._node]

    def net_purchase_price(self, good: Good) -> Vector:
        """Cost of stock beyond the lowest undisturbed import price (MUSD/t), at least 0."""
        prices = (self._lookups.net_purchase_price(good, year) for year in self._case.years)
        return self._tree.yearly(prices)[self._node]

    def capacity_factor(self, project: str) -> Vector:
        """Share of the capacity of a project that works."""
        return self._tree.capacity_factors(project)[self._node]

    def existing(self, project: str) -> Vector:
        """Existing capacity (t/y) before shocks."""
        return self._tree.existing(project)[self._node]

    def usable_share(self, project: str, committed: int) -> Vector:
        """Share of a build that is usable, after delays."""
        return self._tree.usable_shares(project, committed)[self._node]

    def instalments(self, project: str, committed: int) -> DueShares:
        """Share of the capital cost of a build that is due."""
        schedule = self._lookups.schedules[project]
        scenarios = len(self._case.scenarios)
        shares: DueShares = defaultdict(lambda: np.zeros(scenarios))
        for place, delays in enumerate(self._delays(project, committed)):
            for year, share in enumerate(schedule.capital, start=committed):
                shares[moved(year, delays)][place] += share
        return shares

    def fixed_cost(self, project: str, committed: int) -> DueShares:
        """Share of the yearly fixed cost of a build that is due, in years of the horizon."""
        schedule = self._lookups.schedules[project]
        delays = self._delays(project, committed)
        shares: DueShares = {}
        for year in range(committed, self._case.last_year + 1):
            late = [sum(years for shown, years in own if shown <= year) for own in delays]
            shares[year] = np.array(
                [schedule.cost_share(year - committed - years) for years in late]
            )
        return shares

    def _delays(self, project: str, committed: int) -> list[list[tuple[int, int]]]:
        """Delays that move the schedule of a build, by scenario: the year in which each shows itself, and its length."""
        schedule = self._lookups.schedules[project]
        due = committed + schedule.first_output
        by_scenario = []
        for scenario in self._case.scenarios:
            delays = self._tree.effects[scenario].delays.get((project, due), ())
            by_scenario.append(sorted(delays) if schedule.is_table else [])
        return by_scenario
