"""The amounts of a plan, by node and by scenario and period.

`PlanAmounts` is what a solution or the tables of a run state, `ScenarioAmounts` the same for each scenario and period, with
inputs from the look-ups. `planner.verification` gives it inputs of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.decision_tree import Trees
from planner.data.lookups import Good, Lookups
from planner.data.scenario_tree import Tree, Vector
from planner.data.shock_effects import year_of
from planner.results.amounts import Amounts, FlowKey, Payment, amounts_of
from planner.results.scenario_inputs import ScenarioInputs

Places = NDArray[np.intp]


@dataclass(frozen=True)
class ScenarioAmounts:
    """Amounts of a plan by scenario and period, and its decisions by scenario.

    Vectors have an entry per scenario and period (scenarios in order, in each the periods), or per scenario.
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
        by_year: dict[Any, Vector] = {}
        for key, at_nodes in by_decision:
            things = key if isinstance(key, tuple) else (key,)
            for place, year in enumerate(self.case.years):
                of_year = at_nodes[nodes[:, place]]
                if of_year.any():
                    by_year[(*things, year)] = of_year
        return amounts_of(by_year, len(nodes))

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
    def inputs(self) -> ScenarioInputs:
        """Inputs per scenario and period."""
        return ScenarioInputs(self.tree, self.node)

    @cached_property
    def node(self) -> Places:
        """The node of each scenario and period."""
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
        """The year of each scenario and period, counted from the first of the horizon."""
        years = np.tile(self.period_years, len(self.case.scenarios))
        return years - self.case.first_year

    @cached_property
    def probabilities(self) -> Vector:
        """The probability of each scenario."""
        return np.array(list(self.case.scenarios.values()))

    @cached_property
    def weights(self) -> Vector:
        """The probability of the scenario, per scenario and period."""
        return self.everywhere(self.probabilities)

    def zeros(self) -> Vector:
        """Zeros per scenario and period."""
        return np.zeros(len(self.node))

    def at(self, by_node: Vector) -> Vector:
        """A figure by node, per scenario and period."""
        return by_node[self.node]

    def whole(self, figures: NDArray[Any]) -> NDArray[Any]:
        """Values as an array (scenarios x periods)."""
        return figures.reshape(-1, len(self.tree.periods))

    def everywhere(self, by_scenario: Vector) -> Vector:
        """A figure by scenario, per scenario and period."""
        return np.repeat(by_scenario, len(self.tree.periods))

    # ---- derived amounts ----------------------------------------------------------------------------

    @cached_property
    def goods(self) -> Amounts:
        """t by (item, good)."""
        return self.flows.by(lambda flow: (flow.item, flow.good) if flow.element else None)

    @cached_property
    def loads(self) -> dict[str, Vector]:
        """Throughput (t) by plant, as capacity counts it."""
        return {project: self._load(project) for project in self.case.projects}

    def _load(self, project: str) -> Vector:
        """Throughput (t) of a plant, as capacity counts it."""
        stage = self.lookups.stage_of(project)
        feeds = self.case.projects[project].feeds
        load = self.zeros()
        if stage.converts:
            for element in self.case.elements:
                load += self.taken(project, element=element)
        elif stage.separates:
            for feed in sorted(feeds):
                per_tonne = self.inputs.capacity_per_tonne(project, feed)
                load += per_tonne * self.taken(project, feed=feed)
        else:
            load += self.taken(project, feed=feeds[0] if stage.mines else "")
        return load

    def taken(self, project: str, *, feed: str = "", element: str = "") -> Vector:
        """Throughput (t) of a plant in a feed or an element; with neither, of a saving."""
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
        """Usable new capacity (t/y) by project, after ramps and delays."""
        capacity = {project: self.zeros() for project in self.case.projects}
        for (project, year), tpa in self.builds:
            capacity[project] += self.everywhere(tpa) * self.inputs.usable_share(project, year)
        return capacity

    @cached_property
    def existing(self) -> dict[str, Vector]:
        """Existing capacity (t/y) by project, before shocks."""
        return {project: self.inputs.existing(project) for project in self.case.projects}

    def with_goods(self, amount: Vector, items: Iterable[str], good: Good) -> Vector:
        """The sum of an amount (t) and some items of `operations` of a good."""
        for item in items:
            amount = amount + self.goods[item, good]
        return amount

    def factor(self, project: str) -> Vector:
        """Share of the capacity of a project that works."""
        return self.inputs.capacity_factor(project)

    def demand(self, good: Good) -> Vector:
        """Demand (t), shocks included."""
        return self.inputs.demand(good)

    def needed_staff(self, team: tuple[str, str]) -> Vector:
        """Persons of a team (country, skill) that plants need."""
        country, skill = team
        lengths = self.at(self.tree.lengths)
        needed = self.zeros()
        for project, row in sorted(self.case.projects.items()):
            staffing = self.lookups.staffing[project]
            if row.country == country and skill in staffing:
                needed += staffing[skill] * (self.loads[project] / lengths)
        return needed

    def available_staff(self, team: tuple[str, str]) -> Vector:
        """Staff less lent plus borrowed (persons)."""
        return (
            self.people["staff"][team] - self.people["lent"][team] + self.people["borrowed"][team]
        )


def opening_places(amounts: ScenarioAmounts, year: int) -> Places:
    """The place of the first period of a year in each scenario."""
    scenarios = np.arange(len(amounts.case.scenarios))
    return scenarios * len(amounts.tree.periods) + amounts.opening[year]


PEOPLE = ("staff", "hired", "lent", "borrowed")
"""What is decided of people, and the columns of the table `workforce` that say it."""


@dataclass(frozen=True, kw_only=True)
class PlanAmounts:
    """All amounts of a plan. Flows, short, stock and people live on histories; what is decided by year on decisions;
    what is spent on accounts. Those are equal whose amounts are the same to the last bit."""

    case: Case = field(compare=False)
    trees: Trees = field(compare=False)
    flows: Amounts
    """t by `FlowKey`."""
    short: Amounts
    """t not met, by good that is demanded."""
    stock: Amounts
    """t at the end of the period, by good."""
    people: Mapping[str, Amounts]
    """Of each of `PEOPLE` the persons by (country, skill)."""
    builds: Amounts
    """t/y by project."""
    intake: Amounts
    """Persons by programme."""
    new_seats: Amounts
    """Seats by programme."""
    scheduled: Amounts
    """t a year by good."""
    spent: Amounts
    """MUSD by (funder, country, item)."""
    payments: tuple[Payment, ...] = ()
    short_without: Amounts | None = None
    """t not met without the plan, by good, where that was solved for."""

    @cached_property
    def by_scenario(self) -> ScenarioAmounts:
        """The amounts by scenario and period."""
        return ScenarioAmounts(self)

    def __getstate__(self) -> dict[str, Any]:
        """Fields alone: what follows from them is not sent along."""
        return {one.name: getattr(self, one.name) for one in fields(self)}
