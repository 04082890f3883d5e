"""The amounts of a plan at visits, for the verifier and all that is computed scenario by scenario.

A visit is a scenario in a period; scenarios that share a node do the same there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.decision_tree import Trees
from planner.data.lookups import Good, Lookups
from planner.data.scenario_tree import Tree, Vector
from planner.data.shock_effects import year_of
from planner.results.amounts import Amounts, FlowKey, Payment, amounts
from planner.results.visit_inputs import VisitInputs, counted_per_tonne

if TYPE_CHECKING:  # whose amounts these are
    from planner.results.plan_amounts import PlanAmounts

Places = NDArray[np.intp]


@dataclass(frozen=True)
class AtVisits:
    """What a plan does at every visit, and what it decides in every scenario.

    Vectors are over visits, in the order of scenario and period, or over scenarios.
    """

    plan: PlanAmounts

    @property
    def case(self) -> Case:
        """The case."""
        return self.plan.case

    @property
    def lookups(self) -> Lookups:
        """What follows from the rows of the case."""
        return self.case.lookups

    @property
    def trees(self) -> Trees:
        """The trees of the case."""
        return self.plan.trees

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Rows of the table `payments`."""
        return self.plan.payments

    @cached_property
    def flows(self) -> Amounts:
        """t by `FlowKey`."""
        return self.plan.flows.at(self.node)

    @cached_property
    def short(self) -> Amounts:
        """t not met, by good."""
        return self.plan.short.at(self.node)

    @cached_property
    def stock(self) -> Amounts:
        """t at the end of the period, by good."""
        return self.plan.stock.at(self.node)

    @cached_property
    def people(self) -> dict[str, Amounts]:
        """`staff`, `hired`, `lent` and `borrowed`: persons by (country, skill)."""
        return {name: persons.at(self.node) for name, persons in self.plan.people.items()}

    @cached_property
    def builds(self) -> Amounts:
        """t/y by (project, year), for each scenario, as all that follow."""
        return self._decided(self.plan.builds)

    @cached_property
    def intake(self) -> Amounts:
        """Persons by (programme, year)."""
        return self._decided(self.plan.intake)

    @cached_property
    def new_seats(self) -> Amounts:
        """Seats by (programme, year)."""
        return self._decided(self.plan.new_seats)

    @cached_property
    def scheduled(self) -> Amounts:
        """t/y by (country, element, form, year)."""
        return self._decided(self.plan.scheduled)

    def _decided(self, by_decision: Amounts) -> Amounts:
        """Amounts by key and year for each scenario, of amounts by key at decision nodes."""
        nodes = self.trees.decision_of_year
        found: dict[Any, Vector] = {}
        for key, at_nodes in by_decision:
            things = key if isinstance(key, tuple) else (key,)
            for place, year in enumerate(self.case.years):
                of_year = at_nodes[nodes[:, place]]
                if of_year.any():
                    found[(*things, year)] = of_year
        return amounts(found, len(nodes))

    @cached_property
    def spent(self) -> Amounts:
        """MUSD by (funder, country, item); what is decided by year is paid in the first period of its year."""
        tree = self.trees.accounts
        if tree is self.tree:
            return self.plan.spent.at(self.node)
        opens = [node.opens_year for node in self.tree.nodes]
        paid = self.plan.spent.at(np.array(self.trees.decision)[self.node])
        return Amounts(paid.places, paid.values * self.at(np.array(opens, dtype=float)))

    # ---- when ------------------------------------------------------------------------------------

    @property
    def tree(self) -> Tree:
        """The histories of the case."""
        return self.trees.histories

    @cached_property
    def inputs(self) -> VisitInputs:
        """What the rows of the case say at every visit."""
        return VisitInputs(self.case, self.tree.periods)

    @cached_property
    def node(self) -> Places:
        """The node of each visit."""
        paths = [self.tree.path_of(scenario) for scenario in self.case.scenarios]
        return np.array(paths, dtype=np.intp).ravel()

    @cached_property
    def opening(self) -> dict[int, int]:
        """Year -> place of its first period."""
        return {year: self.tree.periods.index(period) for year, period in self.tree.opening.items()}

    @cached_property
    def period_years(self) -> NDArray[np.int64]:
        """The year of each period."""
        return np.array([year_of(period) for period in self.tree.periods])

    @cached_property
    def year_places(self) -> NDArray[np.int64]:
        """The year of each visit, counted from the first of the horizon."""
        years = np.tile(self.period_years, len(self.case.scenarios))
        return years - self.case.first_year

    @cached_property
    def chances(self) -> Vector:
        """The probability of each scenario."""
        return np.array(list(self.case.scenarios.values()))

    @cached_property
    def visit_chances(self) -> Vector:
        """The probability of each visit's scenario."""
        return self.everywhere(self.chances)

    def zeros(self) -> Vector:
        """0 at every visit."""
        return np.zeros(len(self.node))

    def at(self, by_node: Vector) -> Vector:
        """A figure of nodes, at each visit."""
        return by_node[self.node]

    def whole(self, by_visit: NDArray[Any]) -> NDArray[Any]:
        """Values by visit as an array (scenarios x periods)."""
        return by_visit.reshape(-1, len(self.tree.periods))

    def everywhere(self, by_scenario: Vector) -> Vector:
        """A figure of scenarios, at each visit."""
        return np.repeat(by_scenario, len(self.tree.periods))

    # ---- what follows ----------------------------------------------------------------------------

    @cached_property
    def goods(self) -> Amounts:
        """t by (item, good)."""
        return self.flows.by(lambda flow: (flow.item, flow.good) if flow.element else None)

    @cached_property
    def loads(self) -> dict[str, Vector]:
        """Throughput (t) of each plant at every visit, as capacity counts it."""
        return {project: self._load(project) for project in self.case.projects}

    def _load(self, project: str) -> Vector:
        """Throughput (t) of a plant at each visit, as capacity counts it."""
        stage = self.lookups.stage_of(project)
        feeds = self.case.projects[project].feeds
        load = self.zeros()
        if stage.converts:
            for element in self.case.elements:
                load += self.taken(project, element=element)
        elif stage.separates:
            for feed in sorted(feeds):
                per_tonne = counted_per_tonne(self.case, project, feed)
                load += per_tonne * self.taken(project, feed=feed)
        else:
            load += self.taken(project, feed=feeds[0] if stage.mines else "")
        return load

    def taken(self, project: str, *, feed: str = "", element: str = "") -> Vector:
        """Throughput (t) of a plant in a feed or an element, at every visit; with neither, of a saving."""
        stage = self.lookups.stage_of(project)
        flow = FlowKey(
            item=stage.item,
            country=self.case.projects[project].country,
            project=project,
            feed=feed,
            element=element,
            form=stage.takes if element else "",
        )
        return self.flows[flow]

    @cached_property
    def new_capacity(self) -> dict[str, Vector]:
        """Capacity (t/y) of what is built of each project, at every visit, after ramps and delays."""
        found = {project: self.zeros() for project in self.case.projects}
        for (project, year), tpa in self.builds:
            found[project] += self.everywhere(tpa) * self.inputs.usable_share(project, year)
        return found

    @cached_property
    def existing(self) -> dict[str, Vector]:
        """Existing capacity (t/y) of each project, at every visit, before shocks."""
        return {project: self.inputs.existing(project) for project in self.case.projects}

    def with_goods(self, amount: Vector, items: Iterable[str], good: Good) -> Vector:
        """An amount (t) and some items of `operations` of a good, at every visit."""
        for item in items:
            amount = amount + self.goods[item, good]
        return amount

    def factor(self, project: str) -> Vector:
        """Share of the capacity of a project that works, at every visit."""
        return self.inputs.capacity_factor(project)

    def demand(self, good: Good) -> Vector:
        """Demand (t) at every visit, shocks included."""
        return self.inputs.demand(good)


def opening_visits(visits: AtVisits, year: int) -> Places:
    """The visit of each scenario in the first period of a year."""
    scenarios = np.arange(len(visits.case.scenarios))
    return scenarios * len(visits.tree.periods) + visits.opening[year]


def decided_in(visits: AtVisits, year: int) -> list[Vector]:
    """Builds, intakes, seats and scheduled purchases of a year, each of all scenarios."""
    found = []
    for plan in (visits.builds, visits.intake, visits.new_seats, visits.scheduled):
        for (*_, decided), by_scenario in plan:
            if decided == year:
                found.append(by_scenario)
    return found
