"""Index sets of the program, computed once from the case: trade, targets, people, and the trees of accounts and staff.

Nothing else is built. `planner.formulation.material_sets` has those of plants and goods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter

import numpy as np

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.odds import Odds, odds_of
from planner.data.scenario_tree import Tree, Vector
from planner.data.schema import Training
from planner.formulation.gathered import OnDemand, distinct, grouped, listed
from planner.formulation.material_sets import MaterialSets
from planner.formulation.variable_trees import (
    AccountNode,
    CountrySkill,
    DecisionNode,
    GoodAt,
    OperationNode,
    SharesOfBuilds,
    StaffingNode,
    SuppliedAt,
)

OF_THE_CASE = frozenset(
    ["case", "tree", "decision_tree", "_decisions", "account_tree", "staffing_tree"]
)
"""Attributes of a scope that each case has for itself."""
OF_FIGURES = frozenset(
    [
        *("demanded", "target_demand", "short_at", "import_limits", "import_prices"),
        *("sellers_by_name", "resold", "years_of_use", "usable_shares", "started_shares"),
        *("started_existing", "yields", "odds", "capital_due", "fixed_cost_due"),
    ]
)
"""Attributes that hold figures."""
OF_COVERAGE = frozenset(
    ["in_need", "active", "active_nodes", "covered", "delivered", "resale_rivals"]
)
"""Attributes that follow from the demand that imports cover."""


class Scope(MaterialSets):
    """A case, the trees on which its variables live, and the sparse index sets."""

    def reuse(self, other: Scope, same_coverage: bool) -> None:
        """Take over the index sets of a case of the same structure.

        same_coverage: demand, imports, shocks and resale are equal, so the covered nodes are too.
        """
        own = OF_THE_CASE | OF_FIGURES
        if not same_coverage:
            own |= OF_COVERAGE
        self._take_over(other, own)

    def with_case(self, case: Case) -> Scope:
        """A scope with the same index sets but for stocks, and a case in which some of them are switched off."""
        other = type(self)(case)
        other._take_over(self, {"case", "stocks", "purchases"})
        return other

    def _take_over(self, other: Scope, own: Container[str]) -> None:
        """Take over the attributes of another scope that are not its own."""
        for name, value in other.__dict__.items():
            if name not in own:
                self.__dict__[name] = value

    @cached_property
    def odds(self) -> Odds:
        """Probability and bounds of each storyline."""
        return odds_of(self.case)

    # ---- trees and payments ------------------------------------------------------------------------

    @cached_property
    def account_tree(self) -> Tree:
        """Tree of budgets: histories if stock is bought or delays move payments, else decision nodes.

        All other payments are decided by year, so accounts of histories with the same decisions are equal.
        """
        return self.tree if self.purchases or self.rescheduled else self.decision_tree

    @property
    def rescheduled(self) -> frozenset[str]:
        """Projects whose instalments and fixed cost fall due by history, because delays move them."""
        return self.tree.rescheduled

    @cached_property
    def capital_due(self) -> dict[str, SharesOfBuilds]:
        """Rescheduled project -> share of the capital cost of a build that is due."""
        return OnDemand(partial(self._of_builds, self.tree.capital_due))

    @cached_property
    def fixed_cost_due(self) -> dict[str, SharesOfBuilds]:
        """Rescheduled project -> share of the yearly fixed cost of a build that is due."""
        return OnDemand(partial(self._of_builds, self.tree.fixed_cost_due))

    @cached_property
    def staffing_tree(self) -> Tree:
        """Tree of staff: histories if people can be seconded, else decision nodes."""
        return self.tree if self.seconded else self.decision_tree

    def decision_of_account(self, a: AccountNode) -> DecisionNode:
        """Decision node of an account node."""
        return DecisionNode(a) if self.account_tree is self.decision_tree else self.decision[a]

    def decision_of_staffing(self, w: StaffingNode) -> DecisionNode:
        """Decision node of a staffing node."""
        return DecisionNode(w) if self.staffing_tree is self.decision_tree else self.decision[w]

    def staffing_of(self, n: OperationNode) -> StaffingNode:
        """Staffing node of an operations node."""
        return StaffingNode(n if self.staffing_tree is self.tree else self.decision[n])

    # ---- stock and trade ---------------------------------------------------------------------------

    @cached_property
    @listed
    def scheduled(self) -> Iterator[GoodAt]:
        """(c, e, o, d): scheduled purchases, at decision nodes of which some node allows delivery."""
        for good in self.purchases if self.lookups.has_schedule else ():
            delivering = np.flatnonzero(self.trade_left[good]).tolist()
            decisions = {self.decision[n] for n in delivering}
            for node in self.deciding_nodes:
                if node.index in decisions:
                    yield (*good, node.index)

    @cached_property
    def trade_left(self) -> dict[Good, Vector]:
        """(c, e, o) -> share of its undisturbed import limits that shocks leave, by node; 1 where nobody sells."""
        return OnDemand(self._trade_left)

    def _trade_left(self, good: Good) -> Vector:
        undisturbed = np.zeros(len(self.tree.nodes))
        left = np.zeros(len(self.tree.nodes))
        for supplier in self.suppliers.get(good, ()):
            limit = self.tree.undisturbed_limits(supplier, good)
            undisturbed += limit
            left += limit * np.minimum(1.0, self.tree.import_factors(supplier, good))
        return np.divide(left, undisturbed, out=np.ones(len(left)), where=undisturbed > 0)

    def buyers(self) -> list[str]:
        """Countries that may buy into stock."""
        return sorted({c for c, _, _ in self.purchases})

    @cached_property
    def import_limits(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> import limit of all suppliers together (t); only where positive."""
        goods = set(self.goods)
        offers: dict[Good, Vector] = {}
        for good, suppliers in self.suppliers.items():
            if good in goods:
                offers[good] = np.sum([self.tree.import_limits(v, good) for v in suppliers], axis=0)
        return self.not_covered_part(offers)

    @cached_property
    def import_prices(self) -> dict[GoodAt, dict[str, float]]:
        """(c, e, o, n) -> supplier -> price (MUSD/t), of goods of which one supplier that can sell has a price."""
        by_place: dict[GoodAt, dict[str, float]] = {}
        if not self.lookups.import_price:
            return by_place
        for good, names in self.suppliers.items():
            prices = {v: self.tree.import_prices(v, good) for v in names}
            can_sell = {v: self.tree.import_limits(v, good) > 0 for v in names}
            has_price = np.any([(prices[v] > 0) & can_sell[v] for v in names], axis=0)
            for n in np.flatnonzero(has_price).tolist():
                if (*good, n) in self.import_limits:
                    by_place[(*good, n)] = {v: float(prices[v][n]) for v in names if can_sell[v][n]}
        return by_place

    @cached_property
    def sellers_by_name(self) -> dict[GoodAt, dict[str, float]]:
        """(c, e, o, n) -> supplier -> tonnes, where the seller matters: for its price, or for a target of origin."""
        keys = {key for key, prices in self.import_prices.items() if len(prices) > 1}
        keys |= self.by_origin.intersection(self.import_limits)
        sellers: dict[GoodAt, dict[str, float]] = {}
        for good, places in groupby(sorted(keys), key=itemgetter(0, 1, 2)):
            limits = {v: self.tree.import_limits(v, good).tolist() for v in self.suppliers[good]}
            for *_, n in places:
                sellers[(*good, n)] = {v: limit[n] for v, limit in limits.items() if limit[n] > 0}
        return sellers

    @cached_property
    def resold(self) -> dict[SuppliedAt, float]:
        """(v, c, e, o, n) -> most that others of its group can sell on (t) to a country that a supplier has cut off.

        Only where positive and not covered by imports.
        """
        limits: dict[SuppliedAt, float] = {}
        for good in self.goods if self.case.tables.resale else ():
            for v in self.suppliers.get(good, ()):
                tonnes = self.not_covered_part({good: self.tree.resale_limits(v, good)})
                limits |= {(v, *key): limit for key, limit in tonnes.items()}
        return limits

    @cached_property
    def resale_rivals(self) -> dict[SuppliedAt, list[str]]:
        """(v, c, e, o, n) -> countries of its group that are cut off no more than c, c among them.

        They all buy from those less cut off than c. Of countries with one factor the first stands for all.
        """
        rivals: dict[SuppliedAt, list[str]] = {}
        for (v, _, e, o, n), cut_off in self._cut_off().items():
            by_factor: dict[float, list[str]] = {}
            for factor, c in cut_off:
                by_factor.setdefault(factor, []).append(c)
            for factor, countries in by_factor.items():
                others = [names for other, names in by_factor.items() if other >= factor]
                rivals[v, countries[0], e, o, n] = [c for names in others for c in names]
        return rivals

    @grouped
    def _cut_off(self) -> Iterator[tuple[SuppliedAt, tuple[float, str]]]:
        """(v, group, e, o, n) -> import factor and country, of those that may buy resold tonnes."""
        for (v, c, e, o), keys in groupby(sorted(self.resold), key=itemgetter(0, 1, 2, 3)):
            factors = self.tree.import_factors(v, (c, e, o)).tolist()
            for *_, n in keys:
                yield (v, self.lookups.group[c], e, o, n), (factors[n], c)

    @cached_property
    def traded(self) -> dict[tuple[str, str, str], list[str]]:
        """(group, e, o) -> countries that can exchange the good: at least two, of a good that somebody makes."""
        countries: dict[Good, list[str]] = {}
        for c, e, o, _ in self.makers:
            countries[self.lookups.group[c], e, o] = []
        for c, e, o in self.goods:
            if (self.lookups.group[c], e, o) in countries:
                countries[self.lookups.group[c], e, o].append(c)
        return {key: names for key, names in countries.items() if len(names) > 1}

    @cached_property
    @distinct
    def exchanged(self) -> Iterator[Good]:
        """(c, e, o) that can be exported or imported within the group."""
        for (_, e, o), countries in self.traded.items():
            for c in countries:
                yield c, e, o

    def open_to(self, good: Good) -> list[int]:
        """Nodes at which imports do not cover a good."""
        return np.flatnonzero(~self.covered[good]).tolist()

    @cached_property
    @listed
    def delivered(self) -> Iterator[GoodAt]:
        """(c, e, o, n) that the group's plants can deliver and that imports do not cover."""
        made = {(self.lookups.group[c], e, o, n) for c, e, o, n in self.makers}
        for c, e, o in sorted(self.exchanged):
            for n in self.open_to((c, e, o)):
                if (self.lookups.group[c], e, o, n) in made:
                    yield c, e, o, n

    # ---- targets -----------------------------------------------------------------------------------

    @cached_property
    def target_demand(self) -> dict[tuple[str, str], Vector]:
        """(target, e) -> demand (t) at every node of a target of kind `served`."""
        demands: dict[tuple[str, str], Vector] = {}
        for target in self.targets_of("served"):
            countries = self.lookups.target_countries(target)
            for e in self.lookups.target_elements(target):
                demands[target, e] = np.zeros(len(self.tree.nodes))
            for good in self.goods_of_target(target, countries):
                demands[target, good[1]] += self.tree.demands(good)
        return demands

    @cached_property
    def target_origins(self) -> dict[tuple[str, str], list[str]]:
        """(target, e) -> outside origins of the good of a target of kind `origin_share`."""
        origins: dict[tuple[str, str], list[str]] = {}
        for target in self.targets_of("origin_share"):
            suppliers: dict[str, set[str]] = {
                e: set() for e in self.lookups.target_elements(target)
            }
            for good in self.goods_of_target(target, self.lookups.target_countries(target)):
                suppliers[good[1]].update(self.suppliers.get(good, ()))
            for e, names in suppliers.items():
                origins[target, e] = sorted({self.lookups.supplier_origin[v] for v in names})
        return origins

    @cached_property
    @distinct
    def target_places(self) -> Iterator[tuple[str, str, int]]:
        """(e, o, n) of all targets."""
        for target in self.lookups.targets:
            for _, e, o in self.goods_of_target(target, [""]):
                for n in self.target_nodes[target]:
                    yield e, o, n

    @cached_property
    @distinct
    def counted(self) -> Iterator[GoodAt]:
        """(c, e, o, n) whose output a target of kind `made_share` counts."""
        for target in self.targets_of("made_share"):
            if self.lookups.targets[target].form != "feed":
                yield from self._places_of_target(target)

    # ---- people ------------------------------------------------------------------------------------

    @cached_property
    @listed
    def teams(self) -> Iterator[CountrySkill]:
        """(c, k) with staff that a plant of the country, or of a country that may borrow it, needs."""
        needed: set[CountrySkill] = set()
        for p, _ in self.operable:
            for k in self.lookups.staffing[p]:
                needed.update((c, k) for c in self._lenders(p))
        for team in self.lookups.workforce:
            if team in needed:
                yield team

    def _lenders(self, p: str) -> list[str]:
        """Countries whose people may work in a plant: its own, and its group's where people may be lent."""
        if self.case.model.policy.secondment_share <= 0:
            return [self.country_of(p)]
        return [c for c, group in self.lookups.group.items() if group == self.group_of(p)]

    @cached_property
    @grouped
    def skills_of(self) -> Iterator[tuple[str, str]]:
        """c -> skills of its teams."""
        yield from self.teams

    @cached_property
    @grouped
    def plants_with(self) -> Iterator[tuple[CountrySkill, str]]:
        """(c, k) -> plants of the country that need the skill."""
        for p, row in self.case.projects.items():
            for k in self.lookups.staffing[p]:
                yield (row.country, k), p

    @cached_property
    @distinct
    def seconded(self) -> Iterator[CountrySkill]:
        """(c, k) with people who may work across a border of their group."""
        if self.case.model.policy.secondment_share > 0:
            in_group = Counter((self.lookups.group[c], k) for c, k in self.teams)
            for c, k in self.teams:
                if in_group[self.lookups.group[c], k] > 1:
                    yield c, k

    @cached_property
    @listed
    def programmes(self) -> Iterator[str]:
        """Programmes that train for a team."""
        for g, row in self.lookups.programmes.items():
            if (row.country, row.skill) in self.teams:
                yield g

    def programmes_in(self, country: str) -> Iterator[tuple[str, Training]]:
        """Programmes of a country and their rows."""
        for g in self._programmes_of.get(country, ()):
            yield g, self.lookups.programmes[g]

    @cached_property
    @grouped
    def _programmes_of(self) -> Iterator[tuple[str, str]]:
        """c -> its programmes."""
        for g in self.programmes:
            yield self.lookups.programmes[g].country, g

    @cached_property
    @grouped
    def training_of(self) -> Iterator[tuple[CountrySkill, str]]:
        """(c, k) -> programmes that train for the team."""
        for g in self.programmes:
            row = self.lookups.programmes[g]
            yield (row.country, row.skill), g

    def intake_possible(self, programme: str, year: int) -> bool:
        """A programme takes in trainees in a year, and they finish within the horizon."""
        row = self.lookups.programmes[programme]
        is_open = row.last_intake_year is None or year <= row.last_intake_year
        return is_open and year + row.duration_years <= self.case.last_year
