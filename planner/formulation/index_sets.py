"""Which variables can move at all. Index sets are computed once, from the Case, and nothing else is built.

Left out, because no plan can make them differ from zero or gain by it: plants without capacity, feed or people;
elements and forms nobody in the group has a use for; trainees who finish after the horizon; operations at
nodes, and goods, that free imports cover from some year on (`planner.formulation.import_cover`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter

import numpy as np

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.odds import Odds, odds_of
from planner.data.scenario_tree import Tree, Vector
from planner.data.schema import Training
from planner.data.stages import CONVERTING, OXIDE
from planner.formulation.gathered import OnDemand, distinct, grouped, listed
from planner.formulation.import_cover import Flags, covered_nodes
from planner.formulation.variable_trees import (
    AccountNode,
    CountrySkill,
    DecisionNode,
    GoodAt,
    Histories,
    InputAt,
    OperationNode,
    ProjectAt,
    SharesOfBuilds,
    StaffingNode,
    SuppliedAt,
)

OF_THE_CASE = frozenset(
    ["case", "tree", "decision_tree", "_decisions", "account_tree", "staffing_tree"]
)
OF_FIGURES = frozenset(
    [
        *(
            "demanded",
            "target_demand",
            "short_at",
            "import_limits",
            "import_prices",
            "sellers_by_name",
            "resold",
        ),
        *("years_of_use", "usable_shares", "started_shares", "started_existing", "yields", "odds"),
        *("capital_due", "fixed_cost_due"),
    ]
)
OF_COVERAGE = frozenset(
    ["in_need", "active", "active_nodes", "covered", "delivered", "resale_rivals"]
)
"""Attributes of a scope that are its case's own, that hold figures, and that follow from the demands that imports
cover."""


class Scope(Histories):
    """A case, the trees on which its variables live, and the sparse index sets."""

    def reuse(self, other: Scope, same_coverage: bool) -> None:
        """Take over from the scope of a case of the same structure what does not depend on figures.

        `same_coverage`: neither demand, imports, shocks nor resale differ, so the covered nodes are the same without looking.
        """
        own = OF_THE_CASE | OF_FIGURES
        if not same_coverage:
            own |= OF_COVERAGE
        self._take_over(other, own)

    def with_case(self, case: Case) -> Scope:
        """A scope of the same index sets with a case that switches off some of what they hold; stocks are those that
        it has."""
        other = type(self)(case)
        other._take_over(self, {"case", "stocks", "purchases"})
        return other

    def _take_over(self, other: Scope, own: Container[str]) -> None:
        """Take what another scope has computed, but for its own."""
        for name, value in other.__dict__.items():
            if name not in own:
                self.__dict__[name] = value

    @cached_property
    def odds(self) -> Odds:
        """The probability of each storyline, and its bounds."""
        return odds_of(self.case)

    # ---- trees -----------------------------------------------------------------------------------

    @cached_property
    def account_tree(self) -> Tree:
        """Budgets: histories if something is bought on them or delays move payments, else the decision nodes: what is
        decided by year is all that is paid, and falls due as the year begins, so accounts of histories that decide the
        same are equal."""
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
        """The tree on which people work: histories if they may be seconded there, else the decision nodes."""
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

    @cached_property
    def covered(self) -> dict[Good, Flags]:
        """(c, e, o) -> nodes at which imports cover it."""
        return covered_nodes(self.in_need, self.active, self.goods, self.used_goods)

    def open_to(self, good: Good) -> list[int]:
        """Nodes at which imports do not cover a good."""
        return np.flatnonzero(~self.covered[good]).tolist()

    @cached_property
    def demanded(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> demand (t); only where positive and not covered by imports."""
        return self._not_covered({good: self.tree.demands(good) for good in self.goods})

    def _not_covered(self, amounts: dict[Good, Vector]) -> dict[GoodAt, float]:
        """(c, e, o, n) -> tonnes, where positive and not covered by imports. amounts: good -> tonnes by node."""
        found: dict[GoodAt, float] = {}
        for good, tonnes in amounts.items():
            for n in np.flatnonzero((tonnes > 0) & ~self.covered[good]).tolist():
                found[(*good, n)] = float(tonnes[n])
        return found

    @cached_property
    @grouped
    def short_at(self) -> Iterator[tuple[int, Good]]:
        """Node -> (c, e, o) with a demand in `demanded` there, in the order of `goods`."""
        for c, e, o, n in self.demanded:
            yield n, (c, e, o)

    # ---- materials ---------------------------------------------------------------------------------

    @cached_property
    def mines(self) -> list[str]:
        """Projects that give a feed."""
        return [p for p in self.case.projects if self.lookups.stage_of(p).mines]

    @cached_property
    def separators(self) -> list[str]:
        """Projects that take feeds."""
        return [p for p in self.case.projects if self.lookups.stage_of(p).separates]

    @cached_property
    @listed
    def converters(self) -> Iterator[str]:
        """Projects that turn a form into another, along the chain."""
        for stage in CONVERTING:
            for p, row in self.case.projects.items():
                if row.stage == stage.name:
                    yield p

    @cached_property
    def savers(self) -> list[str]:
        """Projects that replace demand."""
        return [p for p in self.case.projects if self.lookups.stage_of(p).saves]

    def keeps_warm(self, project: str) -> bool:
        """A plant may run for nothing but to run on: its output of last year bounds that of this one."""
        return self.lookups.has_rise(project)

    def must_run(self, project: str) -> bool:
        """A saving that always runs at its usable capacity."""
        return self.case.projects[project].must_run

    @cached_property
    def wanted(self) -> frozenset[Good]:
        """(group, element, form) for which somebody in the group has a use, be it to keep a plant warm or as a feed."""
        wanted = {(self.lookups.group[c], e, o) for c, e, o, _ in self.case.demand}
        known = 0
        # What returns as a feed may be wanted before what it was made of.
        while len(wanted) > known:
            known = len(wanted)
            for p in reversed(self.converters):
                if self.open_nodes[p]:
                    wanted.update(self._goods_worth_taking(p, wanted))
        return frozenset(wanted)

    @listed
    def _goods_worth_taking(self, p: str, wanted: Container[Good]) -> Iterator[Good]:
        for e in self.case.elements:
            if self._is_worth_converting(p, e, wanted):
                yield self.group_of(p), e, self.lookups.stage_of(p).takes

    def _is_worth_converting(self, p: str, e: str, wanted: Container[Good]) -> bool:
        """The output of a plant of an element is wanted, or what returns of it, or that the plant runs at all."""
        group = self.group_of(p)
        if (self.country_of(p), e, self.lookups.stage_of(p).takes) in self._goods_with_shares:
            return True  # What plants take in is use, of which the shares of targets are.
        makes_some = self.lookups.recovery(p, e) > 0
        if makes_some and (group, e, self.lookups.stage_of(p).gives) in wanted:
            return True
        if self.keeps_warm(p):
            return True
        return (group, e, OXIDE) in wanted and self._is_separated_again(p, e)

    def _is_separated_again(self, p: str, e: str) -> bool:
        """Some plant of the group gets the element out of what returns of it."""
        for q in self.separators:
            if self.group_of(q) == self.group_of(p):
                for f in self.case.projects[q].feeds:
                    if (e, f) in self.lookups.returned[p] and e in self.yields[q, f]:
                        return True
        return False

    @cached_property
    @listed
    def separated(self) -> Iterator[InputAt]:
        """(p, f, n): plants, feeds and nodes at which something wanted can be separated."""
        given = self._given()
        for p in self.separators:
            group = self.group_of(p)
            for f in sorted(self.case.projects[p].feeds):
                if self._is_worth_separating(p, f):
                    for n in self._separating_nodes(p, f):
                        if (group, f, n) in given:
                            yield p, f, n

    def _given(self) -> set[InputAt]:
        """(group, f, n): feeds that mines give, or that return."""
        given = set(self.returned)
        for p in self.mines:
            for n in self.open_nodes[p]:
                given.add((self.group_of(p), self.feed_of(p), n))
        return given

    def _is_worth_separating(self, p: str, f: str) -> bool:
        for e in self.yields[p, f]:
            if (self.group_of(p), e, OXIDE) in self.wanted:
                return True
        return self.keeps_warm(p)

    def _separating_nodes(self, p: str, f: str) -> Sequence[int]:
        """Nodes at which a feed can pass through a plant. One without heavy elements uses no capacity of a heavy plant,
        so it may pass at any time, even before there is a plant."""
        if self.lookups.capacity_use(p, f) > 0:
            return self.open_nodes[p]
        return self.active_nodes

    @cached_property
    def yields(self) -> dict[tuple[str, str], dict[str, float]]:
        """(p, f) -> oxide (t) of each element per tonne TREO of the feed; only where positive."""
        found: dict[tuple[str, str], dict[str, float]] = {}
        for p in self.separators:
            for f in self.case.projects[p].feeds:
                found[p, f] = {}
                for e, share in self.lookups.feed_shares.get(f, {}).items():
                    tonnes = share * self.lookups.recovery(p, e)
                    if tonnes > 0:
                        found[p, f][e] = tonnes
        return found

    def country_of(self, project: str) -> str:
        """The country in which a project stands."""
        return self.case.projects[project].country

    def group_of(self, project: str) -> str:
        """The coordination group of a project's country."""
        return self.lookups.group[self.country_of(project)]

    def feed_of(self, mine: str) -> str:
        """The feed that a mine gives."""
        return self.case.projects[mine].feeds[0]

    @cached_property
    @grouped
    def feeds_at(self) -> Iterator[tuple[InputAt, str]]:
        """(group, f, n) -> plants that can take the feed there."""
        for p, f, n in self.separated:
            yield (self.group_of(p), f, n), p

    @cached_property
    @listed
    def mined(self) -> Iterator[ProjectAt]:
        """(p, n): mines whose feed some plant can take, whose yield a target counts, or that may run to keep warm."""
        for p in self.mines:
            group, feed = self.group_of(p), self.feed_of(p)
            for n in self.open_nodes[p]:
                has_taker = (group, feed, n) in self.feeds_at
                if has_taker or self.keeps_warm(p) or (p, n) in self.mined_for_targets:
                    yield p, n

    @cached_property
    @listed
    def converted(self) -> Iterator[InputAt]:
        """(p, e, n): metal and magnet plants, and elements they can turn into something for somebody in the group."""
        for p in self.converters:
            for e in self.case.elements:
                if self._is_worth_converting(p, e, self.wanted):
                    for n in self.open_nodes[p]:
                        yield p, e, n

    @cached_property
    def target_mines(self) -> dict[tuple[str, str], list[str]]:
        """(target, e) -> mines whose yield of the element counts for a target of form `feed`."""
        found = {}
        for target, row in self.lookups.targets.items():
            if row.form == "feed":
                for e in self.lookups.target_elements(target):
                    found[target, e] = self._mines_of_target(target, e)
        return found

    @listed
    def _mines_of_target(self, target: str, e: str) -> Iterator[str]:
        countries = self.lookups.target_countries(target)
        feeds = self.lookups.targets[target].feeds
        for p in self.mines:
            feed = self.feed_of(p)
            is_meant = self.country_of(p) in countries and (not feeds or feed in feeds)
            if is_meant and self.lookups.feed_shares.get(feed, {}).get(e, 0.0) > 0:
                yield p

    @cached_property
    @distinct
    def mined_for_targets(self) -> Iterator[ProjectAt]:
        """(p, n): mines whose yield counts for a target, whether or not some plant can take it."""
        for (target, _), mines in self.target_mines.items():
            asked = set(self.target_nodes[target])
            for p in mines:
                for n in asked.intersection(self.open_nodes[p]):
                    yield p, n

    @cached_property
    @grouped
    def returned(self) -> Iterator[tuple[InputAt, tuple[str, str]]]:
        """(group, f, n) -> [(p, e)]: plants, and elements they take, of which some returns as the feed."""
        for p, e, n in self.converted:
            for element, f in self.lookups.returned[p]:
                if element == e:
                    yield (self.group_of(p), f, n), (p, e)

    # ---- savings -----------------------------------------------------------------------------------

    @cached_property
    @listed
    def saved(self) -> Iterator[GoodAt]:
        """(p, e, o, n): savings and the demand that they can replace there."""
        for p in self.savers:
            for c, e, o in self.lookups.savings.get(p, {}):
                for n in self.open_nodes[p]:
                    if (c, e, o, n) in self.demanded:
                        yield p, e, o, n

    @cached_property
    @grouped
    def savings_of(self) -> Iterator[tuple[GoodAt, str]]:
        """(c, e, o, n) -> savings that can replace the demand."""
        for p, e, o, n in self.saved:
            yield (self.country_of(p), e, o, n), p

    @cached_property
    @listed
    def run(self) -> Iterator[ProjectAt]:
        """(p, n): savings that can replace something there, that must run, or that may run to keep warm."""
        useful = set()
        for p, _, _, n in self.saved:
            useful.add((p, n))
        for p in self.savers:
            for n in self.open_nodes[p]:
                if self.must_run(p) or self.keeps_warm(p) or (p, n) in useful:
                    yield p, n

    # ---- plants of all kinds -----------------------------------------------------------------------

    @cached_property
    @grouped
    def feeds_of(self) -> Iterator[tuple[ProjectAt, str]]:
        """(p, n) -> feeds a separation plant can take there."""
        for p, f, n in self.separated:
            yield (p, n), f

    @cached_property
    @grouped
    def elements_of(self) -> Iterator[tuple[ProjectAt, str]]:
        """(p, n) -> elements a metal or magnet plant can take there."""
        for p, e, n in self.converted:
            yield (p, n), e

    @cached_property
    def operable(self) -> list[ProjectAt]:
        """(p, n): every plant at every node at which it can have throughput that counts."""
        found = {*self.mined, *self.elements_of, *self.run}
        for p, f, n in self.separated:
            if self.lookups.capacity_use(p, f) > 0:
                found.add((p, n))
        return sorted(found)

    @cached_property
    def operable_set(self) -> frozenset[ProjectAt]:
        """`operable`, for look-ups."""
        return frozenset(self.operable)

    # ---- goods -------------------------------------------------------------------------------------

    @cached_property
    @grouped
    def makers(self) -> Iterator[tuple[GoodAt, tuple[str, str]]]:
        """(c, e, o, n) -> [(p, f)] for oxide, else [(p, e)]: what can be made there."""
        for p, f, n in self.separated:
            for e in self.yields[p, f]:
                if (self.group_of(p), e, OXIDE) in self.wanted:
                    yield (self.country_of(p), e, OXIDE, n), (p, f)
        for p, e, n in self.converted:
            yield (self.country_of(p), e, self.lookups.stage_of(p).gives, n), (p, e)

    @cached_property
    @grouped
    def users(self) -> Iterator[tuple[GoodAt, str]]:
        """(c, e, o, n) -> plants of the country that can take the good there."""
        for p, e, n in self.converted:
            yield (self.country_of(p), e, self.lookups.stage_of(p).takes, n), p

    @cached_property
    def used_goods(self) -> frozenset[Good]:
        """(c, e, o) that some plant of the country can take somewhere."""
        return frozenset(key[:3] for key in self.users)

    @cached_property
    def goods(self) -> list[Good]:
        """(c, e, o) that can be used, made, imported for a use, or stocked."""
        found = {*self.stocks, *self.used_goods}
        for c, e, o, _ in (*self.case.demand, *self.makers):
            found.add((c, e, o))
        for _, c, e, o, _ in self.lookups.import_limit:
            if (self.lookups.group[c], e, o) in self.wanted:
                found.add((c, e, o))
        return sorted(found)

    def steps_of(self, good: Good) -> range:
        """Steps of the loss of a good."""
        return range(len(self.lookups.loss_steps(good)))

    @cached_property
    @listed
    def scheduled(self) -> Iterator[GoodAt]:
        """(c, e, o, d): purchases that may be scheduled at a decision node; only where some of them can be delivered."""
        if not self.lookups.has_schedule:
            return
        for good in self.purchases:
            delivered = np.flatnonzero(self.trade_left[good]).tolist()
            reached = {self.decision[n] for n in delivered}
            for node in self.deciding_nodes:
                if node.index in reached:
                    yield (*good, node.index)

    @cached_property
    def trade_left(self) -> dict[Good, Vector]:
        """(c, e, o) that may be bought -> part of its undisturbed import limits that shocks leave at each node; 1 where
        nobody sells."""
        return OnDemand(self._trade_left)

    def _trade_left(self, good: Good) -> Vector:
        undisturbed = np.zeros(len(self.tree.nodes))
        left = np.zeros(len(self.tree.nodes))
        for supplier in self.suppliers.get(good, ()):
            limit = self.tree.undisturbed_limits(supplier, good)
            undisturbed += limit
            left += limit * np.minimum(1.0, self.tree.import_factors(supplier, good))
        sells = undisturbed > 0
        return np.divide(left, undisturbed, out=np.ones(len(left)), where=sells)

    def buyers(self) -> list[str]:
        """Countries that may buy into stock."""
        return sorted({c for c, _, _ in self.purchases})

    @cached_property
    def import_limits(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> what all suppliers together can sell (t); only where positive."""
        goods = set(self.goods)
        offers = {}
        for good, names in self.suppliers.items():
            if good in goods:
                offers[good] = self._offered(good, names)
        return self._not_covered(offers)

    def _offered(self, good: Good, suppliers: Sequence[str]) -> Vector:
        """Tonnes of a good that suppliers can sell, by node."""
        offer = np.zeros(len(self.tree.nodes))
        for supplier in suppliers:
            offer = offer + self.tree.import_limits(supplier, good)
        return offer

    @cached_property
    def import_prices(self) -> dict[GoodAt, dict[str, float]]:
        """(c, e, o, n) -> supplier that can sell there -> its price (MUSD/t), of goods of which one has a price then."""
        found: dict[GoodAt, dict[str, float]] = {}
        if not self.lookups.import_price:
            return found
        for good, names in self.suppliers.items():
            prices = {v: self.tree.import_prices(v, good) for v in names}
            can_sell = {v: self.tree.import_limits(v, good) > 0 for v in names}
            has_price = np.zeros(len(self.tree.nodes), dtype=bool)
            for v in names:
                has_price |= (prices[v] > 0) & can_sell[v]
            for n in np.flatnonzero(has_price).tolist():
                if (*good, n) in self.import_limits:
                    found[(*good, n)] = {v: float(prices[v][n]) for v in names if can_sell[v][n]}
        return found

    @cached_property
    def sellers_by_name(self) -> dict[GoodAt, dict[str, float]]:
        """(c, e, o, n) -> supplier that can sell there -> tonnes, where it matters which of them does: for what it costs,
        or for a target of origin."""
        keys = {key for key, prices in self.import_prices.items() if len(prices) > 1}
        keys |= self.by_origin.intersection(self.import_limits)
        found: dict[GoodAt, dict[str, float]] = {}
        for good, places in groupby(sorted(keys), key=itemgetter(0, 1, 2)):
            limits = {v: self.tree.import_limits(v, good).tolist() for v in self.suppliers[good]}
            for *_, n in places:
                found[(*good, n)] = {v: limit[n] for v, limit in limits.items() if limit[n] > 0}
        return found

    @cached_property
    def resold(self) -> dict[SuppliedAt, float]:
        """(v, c, e, o, n) -> what the country may have (t), sold on by others of its group, of a supplier that has cut
        it off; only where positive and not covered by imports."""
        if not self.case.tables.resale:
            return {}
        found: dict[SuppliedAt, float] = {}
        for good in self.goods:
            for v in self.suppliers.get(good, ()):
                limits = {good: self.tree.resale_limits(v, good)}
                for key, tonnes in self._not_covered(limits).items():
                    found[(v, *key)] = tonnes
        return found

    @cached_property
    def resale_rivals(self) -> dict[SuppliedAt, list[str]]:
        """(v, c, e, o, n) -> the country and those of its group that a supplier has cut off there no more than it, who
        all buy from those less cut off than it; of countries cut off alike the first stands for all."""
        found: dict[SuppliedAt, list[str]] = {}
        for (v, _, e, o, n), cut_off in self._cut_off().items():
            alike: dict[float, list[str]] = {}
            for factor, c in cut_off:
                alike.setdefault(factor, []).append(c)
            for factor, countries in alike.items():
                rivals = []
                for other_factor, others in alike.items():
                    if other_factor >= factor:
                        rivals += others
                found[v, countries[0], e, o, n] = rivals
        return found

    @grouped
    def _cut_off(self) -> Iterator[tuple[SuppliedAt, tuple[float, str]]]:
        """(v, group, e, o, n) -> factor of imports and country, of those that may have resold tonnes."""
        for (v, c, e, o), keys in groupby(sorted(self.resold), key=itemgetter(0, 1, 2, 3)):
            factors = self.tree.import_factors(v, (c, e, o)).tolist()
            for *_, n in keys:
                yield (v, self.lookups.group[c], e, o, n), (factors[n], c)

    @cached_property
    def traded(self) -> dict[tuple[str, str, str], list[str]]:
        """(group, e, o) -> countries that can exchange the good; only where there are two and somebody makes it."""
        found: dict[Good, list[str]] = {}
        for c, e, o, _ in self.makers:
            found[self.lookups.group[c], e, o] = []
        for c, e, o in self.goods:
            key = (self.lookups.group[c], e, o)
            if key in found:
                found[key].append(c)
        return {key: countries for key, countries in found.items() if len(countries) > 1}

    @cached_property
    @distinct
    def exchanged(self) -> Iterator[Good]:
        """(c, e, o) that can be given to or received from others."""
        for (_, e, o), countries in self.traded.items():
            for c in countries:
                yield c, e, o

    @cached_property
    @listed
    def delivered(self) -> Iterator[GoodAt]:
        """(c, e, o, n) that can be had from the group's plants and are of use: goods that imports cover are not."""
        made = {(self.lookups.group[c], e, o, n) for c, e, o, n in self.makers}
        for c, e, o in sorted(self.exchanged):
            for n in self.open_to((c, e, o)):
                if (self.lookups.group[c], e, o, n) in made:
                    yield c, e, o, n

    # ---- targets -----------------------------------------------------------------------------------

    @listed
    def targets_of(self, kind: str) -> Iterator[str]:
        """Targets of a kind."""
        for target, row in self.lookups.targets.items():
            if row.kind == kind:
                yield target

    @cached_property
    def target_demand(self) -> dict[tuple[str, str], Vector]:
        """(target, e) -> demand (t) at every node of a target of kind `served`."""
        found = {}
        for target in self.targets_of("served"):
            countries = self.lookups.target_countries(target)
            for e in self.lookups.target_elements(target):
                found[target, e] = np.zeros(len(self.tree.nodes))
            for good in self.goods_of_target(target, countries):
                found[target, good[1]] += self.tree.demands(good)
        return found

    @cached_property
    def target_origins(self) -> dict[tuple[str, str], list[str]]:
        """(target, e) -> outside origins from which the good of a target of kind `origin_share` can come."""
        found = {}
        for target in self.targets_of("origin_share"):
            for e in self.lookups.target_elements(target):
                found[target, e] = sorted(self._origins_of(target, e))
        return found

    def _origins_of(self, target: str, e: str) -> set[str]:
        (form,) = self.lookups.target_forms(target)
        found = set()
        for c in self.lookups.target_countries(target):
            for v in self.suppliers.get((c, e, form), ()):
                found.add(self.lookups.supplier_origin[v])
        return found

    def _places_of_target(self, target: str) -> Iterator[GoodAt]:
        """(c, e, o, n) of which a target speaks."""
        for good in self.goods_of_target(target, self.lookups.target_countries(target)):
            for n in self.target_nodes[target]:
                yield (*good, n)

    @cached_property
    def kept_stock(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of which a target of origin or of output speaks, so that stock is not thrown away there."""
        return self.by_origin.union(*map(self._places_of_target, self.targets_of("made_share")))

    @cached_property
    def _goods_with_shares(self) -> frozenset[Good]:
        """(c, e, o) of which a target of origin or of output speaks at some node."""
        return frozenset(key[:3] for key in self.kept_stock)

    @cached_property
    @distinct
    def asked_at(self) -> Iterator[tuple[str, str, int]]:
        """(e, o, n) of which some target speaks."""
        for target in self.lookups.targets:
            for _, e, o in self.goods_of_target(target, [""]):
                for n in self.target_nodes[target]:
                    yield e, o, n

    @cached_property
    def by_origin(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of which a target of kind `origin_share` speaks."""
        places = map(self._places_of_target, self.targets_of("origin_share"))
        return frozenset[GoodAt]().union(*places)

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
        """(c, k) whose staff some plant of the country, or of a country that may borrow it, needs."""
        needed: set[CountrySkill] = set()
        for p, _ in self.operable:
            for k in self.lookups.staffing[p]:
                needed.update(self._may_staff(p, k))
        for team in self.lookups.workforce:
            if team in needed:
                yield team

    @cached_property
    @grouped
    def skills_of(self) -> Iterator[tuple[str, str]]:
        """c -> the skills of its teams."""
        yield from self.teams

    def _may_staff(self, p: str, k: str) -> Iterator[CountrySkill]:
        """(c, k) who may work in a plant: those of its country, and of its group where people may be lent."""
        yield self.country_of(p), k
        if self.case.model.policy.secondment_share > 0:
            for c, group in self.lookups.group.items():
                if group == self.group_of(p):
                    yield c, k

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
        """(c, k) who may work, or be joined by others, across a border of their group."""
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
        """A programme takes in trainees in `year`, and they finish within the horizon."""
        row = self.lookups.programmes[programme]
        open_then = row.last_intake_year is None or year <= row.last_intake_year
        return open_then and year + row.duration_years <= self.case.last_year
