"""Index sets of materials: what plants can take in and give, goods, demand that imports leave open, savings.

Left out, because no plan can make them differ from zero or gain by it: plants without capacity, feed or people, elements
and forms that nobody in the group uses, and goods and nodes that free imports cover
(`planner.formulation.import_cover`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from functools import cached_property

import numpy as np

from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.data.stages import CONVERTING, OXIDE
from planner.formulation.gathered import distinct, grouped, listed
from planner.formulation.import_cover import Flags, covered_nodes
from planner.formulation.variable_trees import GoodAt, Histories, InputAt, ProjectAt


class MaterialSets(Histories):
    """Plants, goods and savings by node."""

    # ---- goods and nodes of targets ----------------------------------------------------------------

    @listed
    def targets_of(self, kind: str) -> Iterator[str]:
        """Targets of a kind."""
        for target, row in self.lookups.targets.items():
            if row.kind == kind:
                yield target

    def _places_of_target(self, target: str) -> Iterator[GoodAt]:
        """(c, e, o, n) of a target."""
        for good in self.goods_of_target(target, self.lookups.target_countries(target)):
            for n in self.target_nodes[target]:
                yield (*good, n)

    def _places_of_targets(self, kind: str) -> frozenset[GoodAt]:
        return frozenset[GoodAt]().union(*map(self._places_of_target, self.targets_of(kind)))

    @cached_property
    def by_origin(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of targets of kind `origin_share`."""
        return self._places_of_targets("origin_share")

    @cached_property
    def retained_stock(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of targets of origin or of output: stock is not thrown away there."""
        return self.by_origin | self._places_of_targets("made_share")

    @cached_property
    def _goods_with_shares(self) -> frozenset[Good]:
        """(c, e, o) of targets of origin or of output."""
        return frozenset(key[:3] for key in self.retained_stock)

    @cached_property
    def target_mines(self) -> dict[tuple[str, str], list[str]]:
        """(target, e) -> mines whose yield of the element counts for a target of form `feed`."""
        mines: dict[tuple[str, str], list[str]] = {}
        for target, row in self.lookups.targets.items():
            if row.form == "feed":
                for e in self.lookups.target_elements(target):
                    mines[target, e] = self._mines_of_target(target, e)
        return mines

    @listed
    def _mines_of_target(self, target: str, e: str) -> Iterator[str]:
        countries = self.lookups.target_countries(target)
        feeds = self.lookups.targets[target].feeds
        for p in self.mines:
            feed = self.feed_of(p)
            has_element = self.lookups.feed_shares.get(feed, {}).get(e, 0.0) > 0
            if self.country_of(p) in countries and (not feeds or feed in feeds) and has_element:
                yield p

    @cached_property
    @distinct
    def _mined_for_targets(self) -> Iterator[ProjectAt]:
        """(p, n): mines whose yield counts for a target, even if no plant can take it."""
        for (target, _), mines in self.target_mines.items():
            nodes = set(self.target_nodes[target])
            for p in mines:
                for n in nodes.intersection(self.open_nodes[p]):
                    yield p, n

    # ---- plants ------------------------------------------------------------------------------------

    def country_of(self, project: str) -> str:
        """Country of a project."""
        return self.case.projects[project].country

    def group_of(self, project: str) -> str:
        """Coordination group of a project."""
        return self.lookups.group[self.country_of(project)]

    def feed_of(self, mine: str) -> str:
        """Feed of a mine."""
        return self.case.projects[mine].feeds[0]

    def must_run(self, project: str) -> bool:
        """A saving that always runs at its usable capacity."""
        return self.case.projects[project].must_run

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

    @cached_property
    def in_use(self) -> frozenset[Good]:
        """(group, element, form) with a use in the group: demand, input of a plant with `rise`, or a feed that returns."""
        uses = {(self.lookups.group[c], e, o) for c, e, o, _ in self.case.demand}
        size = 0
        # A feed that returns may be in use before its source is.
        while len(uses) > size:
            size = len(uses)
            for p in reversed(self.converters):
                for e in self.case.elements if self.open_nodes[p] else ():
                    if self._is_worth_converting(p, e, uses):
                        uses.add((self.group_of(p), e, self.lookups.stage_of(p).takes))
        return frozenset(uses)

    def _is_worth_converting(self, p: str, e: str, uses: Container[Good]) -> bool:
        """The plant's output of an element has a use, or its returns, or its input counts for a target."""
        group, stage = self.group_of(p), self.lookups.stage_of(p)
        has_output = self.lookups.recovery(p, e) > 0
        return (
            (self.country_of(p), e, stage.takes) in self._goods_with_shares
            or (has_output and (group, e, stage.gives) in uses)
            or self.lookups.has_rise(p)
            or ((group, e, OXIDE) in uses and self._is_separated_again(p, e))
        )

    def _is_separated_again(self, p: str, e: str) -> bool:
        """Some plant of the group gets the element out of the returns of a plant."""
        for (q, f), yields in self.yields.items():
            returns = (e, f) in self.lookups.returned[p]
            if returns and e in yields and self.group_of(q) == self.group_of(p):
                return True
        return False

    @cached_property
    def yields(self) -> dict[tuple[str, str], dict[str, float]]:
        """(p, f) -> oxide (t) of each element per tonne TREO of the feed; only where positive."""
        by_plant: dict[tuple[str, str], dict[str, float]] = {}
        for p in self.separators:
            for f in self.case.projects[p].feeds:
                oxides = {}
                for e, share in self.lookups.feed_shares.get(f, {}).items():
                    oxides[e] = share * self.lookups.recovery(p, e)
                by_plant[p, f] = {e: tonnes for e, tonnes in oxides.items() if tonnes > 0}
        return by_plant

    @cached_property
    @listed
    def separated(self) -> Iterator[InputAt]:
        """(p, f, n): plants, feeds and nodes at which a useful element can be separated."""
        available = set(self.returned)
        for p in self.mines:
            available.update((self.group_of(p), self.feed_of(p), n) for n in self.open_nodes[p])
        for p in self.separators:
            for f in sorted(self.case.projects[p].feeds):
                if self._is_worth_separating(p, f):
                    for n in self._separating_nodes(p, f):
                        if (self.group_of(p), f, n) in available:
                            yield p, f, n

    def _is_worth_separating(self, p: str, f: str) -> bool:
        uses = [(self.group_of(p), e, OXIDE) in self.in_use for e in self.yields[p, f]]
        return any(uses) or self.lookups.has_rise(p)

    def _separating_nodes(self, p: str, f: str) -> Sequence[int]:
        """Nodes at which a feed can pass through a plant.

        A feed that counts nothing takes no capacity, so it passes even before there is a plant.
        """
        return self.open_nodes[p] if self.lookups.capacity_use(p, f) > 0 else self.active_nodes

    @cached_property
    @listed
    def mined(self) -> Iterator[ProjectAt]:
        """(p, n): mines with a plant that can take their feed, with `rise`, or with a yield that a target counts."""
        for p in self.mines:
            group, feed = self.group_of(p), self.feed_of(p)
            for n in self.open_nodes[p]:
                has_taker = (group, feed, n) in self.feeds_at
                if has_taker or self.lookups.has_rise(p) or (p, n) in self._mined_for_targets:
                    yield p, n

    @cached_property
    @listed
    def converted(self) -> Iterator[InputAt]:
        """(p, e, n): metal and magnet plants, and elements that they can convert for a use."""
        for p in self.converters:
            for e in self.case.elements:
                if self._is_worth_converting(p, e, self.in_use):
                    for n in self.open_nodes[p]:
                        yield p, e, n

    @cached_property
    @grouped
    def returned(self) -> Iterator[tuple[InputAt, tuple[str, str]]]:
        """(group, f, n) -> [(p, e)]: plants, and elements that they take, of which some returns as the feed."""
        for p, e, n in self.converted:
            for element, f in self.lookups.returned[p]:
                if element == e:
                    yield (self.group_of(p), f, n), (p, e)

    @cached_property
    @grouped
    def feeds_at(self) -> Iterator[tuple[InputAt, str]]:
        """(group, f, n) -> plants that can take the feed."""
        for p, f, n in self.separated:
            yield (self.group_of(p), f, n), p

    @cached_property
    @grouped
    def feeds_of(self) -> Iterator[tuple[ProjectAt, str]]:
        """(p, n) -> feeds that a separation plant can take."""
        for p, f, n in self.separated:
            yield (p, n), f

    @cached_property
    @grouped
    def elements_of(self) -> Iterator[tuple[ProjectAt, str]]:
        """(p, n) -> elements that a metal or magnet plant can take."""
        for p, e, n in self.converted:
            yield (p, n), e

    @cached_property
    def operable(self) -> list[ProjectAt]:
        """(p, n): every plant at every node at which its throughput can count."""
        places = {*self.mined, *self.elements_of, *self.run}
        for p, f, n in self.separated:
            if self.lookups.capacity_use(p, f) > 0:
                places.add((p, n))
        return sorted(places)

    @cached_property
    def operable_set(self) -> frozenset[ProjectAt]:
        """`operable`, for look-ups."""
        return frozenset(self.operable)

    # ---- goods -------------------------------------------------------------------------------------

    @cached_property
    @grouped
    def makers(self) -> Iterator[tuple[GoodAt, tuple[str, str]]]:
        """(c, e, o, n) -> [(p, f)] for oxide, else [(p, e)]: plants and inputs that can give the good."""
        for p, f, n in self.separated:
            for e in self.yields[p, f]:
                if (self.group_of(p), e, OXIDE) in self.in_use:
                    yield (self.country_of(p), e, OXIDE, n), (p, f)
        for p, e, n in self.converted:
            yield (self.country_of(p), e, self.lookups.stage_of(p).gives, n), (p, e)

    @cached_property
    @grouped
    def users(self) -> Iterator[tuple[GoodAt, str]]:
        """(c, e, o, n) -> plants of the country that can take the good."""
        for p, e, n in self.converted:
            yield (self.country_of(p), e, self.lookups.stage_of(p).takes, n), p

    @cached_property
    def used_goods(self) -> frozenset[Good]:
        """(c, e, o) that some plant of the country can take at some node."""
        return frozenset(key[:3] for key in self.users)

    @cached_property
    def goods(self) -> list[Good]:
        """(c, e, o) that can be used, made, imported for a use, or stocked."""
        goods = {*self.stocks, *self.used_goods}
        goods.update((c, e, o) for c, e, o, _ in (*self.case.demand, *self.makers))
        for _, c, e, o, _ in self.lookups.import_limit:
            if (self.lookups.group[c], e, o) in self.in_use:
                goods.add((c, e, o))
        return sorted(goods)

    @cached_property
    def covered(self) -> dict[Good, Flags]:
        """(c, e, o) -> nodes at which free imports cover it."""
        return covered_nodes(self.in_need, self.active, self.goods, self.used_goods)

    def not_covered_part(self, amounts: dict[Good, Vector]) -> dict[GoodAt, float]:
        """(c, e, o, n) -> tonnes, where positive and not covered. amounts: good -> tonnes by node."""
        tonnes_at: dict[GoodAt, float] = {}
        for good, tonnes in amounts.items():
            for n in np.flatnonzero((tonnes > 0) & ~self.covered[good]).tolist():
                tonnes_at[(*good, n)] = float(tonnes[n])
        return tonnes_at

    @cached_property
    def demanded(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> demand (t); only where positive and not covered."""
        return self.not_covered_part({good: self.tree.demands(good) for good in self.goods})

    @cached_property
    @grouped
    def short_at(self) -> Iterator[tuple[int, Good]]:
        """Node -> (c, e, o) with a demand in `demanded`, in the order of `goods`."""
        for c, e, o, n in self.demanded:
            yield n, (c, e, o)

    def steps_of(self, good: Good) -> range:
        """Steps of the loss of a good."""
        return range(len(self.lookups.loss_steps(good)))

    # ---- savings -----------------------------------------------------------------------------------

    @cached_property
    @listed
    def saved(self) -> Iterator[GoodAt]:
        """(p, e, o, n): savings and demand that they can replace."""
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
        """(p, n): savings that can replace demand, that must run, or that have `rise`."""
        useful = {(p, n) for p, _, _, n in self.saved}
        for p in self.savers:
            for n in self.open_nodes[p]:
                if self.must_run(p) or self.lookups.has_rise(p) or (p, n) in useful:
                    yield p, n
