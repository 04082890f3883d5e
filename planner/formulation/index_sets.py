"""Which variables can move at all. Index sets are computed once, from the Case, and nothing else is built.

Left out, because no plan can make them differ from zero or gain by it: plants without capacity, feed or people;
elements and forms nobody in the group has a use for; trainees who finish after the horizon; operations at
nodes, and goods, that free imports cover from some year on (`Histories.import_covered_nodes`, `import_covered_goods`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.odds import Odds, odds_of
from planner.data.scenario_tree import Tree, Vector
from planner.data.stages import CONVERTING, OXIDE
from planner.formulation.variable_trees import (
    AccountNode,
    DecisionNode,
    GoodAt,
    Histories,
    OperationNode,
    StaffingNode,
)

OF_THE_CASE = frozenset(
    ["case", "tree", "decision_tree", "_decisions", "account_tree", "staffing_tree", "active_nodes"]
)
OF_FIGURES = frozenset(
    ["demanded", "target_demand", "short_at", "import_limits", "resold", "yields", "odds"]
)
OF_COVERAGE = frozenset(
    [
        "disturbed",
        "import_covered_nodes",
        "covered_at",
        "import_covered_goods",
        "delivered",
        "resale_rivals",
    ]
)
"""What of a scope is its case's own, what holds figures, and what follows from which demands imports cover."""


class Scope(Histories):
    """A case, the trees on which its variables live, and the sparse index sets."""

    def reuse(self, other: Scope, same_coverage: bool) -> None:
        """Take over from the scope of a case of the same structure what does not depend on figures.

        `same_coverage`: neither demand, imports, shocks nor resale differ, so the covered nodes are the same without looking.
        """
        own = OF_THE_CASE | OF_FIGURES
        if not same_coverage:
            own |= OF_COVERAGE
        kept = {name: value for name, value in other.__dict__.items() if name not in own}
        self.__dict__.update(kept)

    def with_case(self, case: Case) -> Scope:
        """The same index sets with a case that switches off some of what they hold; stocks are those that it has."""
        other, own = type(self)(case), {"case", "stocks", "purchases"}
        kept = {name: value for name, value in self.__dict__.items() if name not in own}
        other.__dict__.update(kept)
        return other

    @cached_property
    def odds(self) -> Odds:
        """What the probability of each storyline is and may be."""
        return odds_of(self.case)

    # ---- trees -----------------------------------------------------------------------------------

    @cached_property
    def account_tree(self) -> Tree:
        """Budgets: histories if something is bought on them, else the decision nodes: what is decided by year is all
        that is paid, and falls due as the year begins, so accounts of histories that decide the same are equal."""
        return self.tree if self.purchases else self.decision_tree

    @cached_property
    def staffing_tree(self) -> Tree:
        """Where people work: histories if they may be seconded there, else the decision nodes."""
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
    def covered_at(self) -> dict[Good, tuple[int, ...]]:
        """(c, e, o) -> active nodes at which free imports can cover the demand from there on, where no plant of the
        country makes anything of the good.

        The country needs to receive, to resell, to save and to stock none of it; it may still give what it makes. Proof:
        any plan can be changed to importing the demand, receiving nothing (whoever gave it leaves it over), saving,
        buying and reselling nothing (which leaves others the more) and releasing what is in stock, at no more loss or
        cost and with the same plants and savings running. What it can sell on to others depends on none of this.
        """
        used = self.used_goods
        nodes = [n.index for n in self.active_nodes]
        out = {}
        for good in self.goods:
            if good not in used:
                disturbed = self.disturbed.get(good, frozenset())
                out[good] = tuple(n for n in nodes if n not in disturbed)
        return out

    @cached_property
    def import_covered_goods(self) -> frozenset[GoodAt]:
        """(c, e, o, n): the same, for look-ups."""
        return frozenset((*good, n) for good, nodes in self.covered_at.items() for n in nodes)

    @cached_property
    def demanded(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> demand (t); only where positive and not covered by imports."""
        return self._uncovered((good, self.tree.demands(good)) for good in self.goods)

    def _uncovered(self, amounts: Iterable[tuple[Good, Vector]]) -> dict[GoodAt, float]:
        """What is positive of some amounts (nodes), at active nodes at which imports do not cover the good."""
        nodes = [n.index for n in self.active_nodes]
        out: dict[GoodAt, float] = {}
        for good, by_node in amounts:
            covered, tonnes = frozenset(self.covered_at.get(good, ())), by_node.tolist()
            out |= {(*good, n): tonnes[n] for n in nodes if tonnes[n] > 0 and n not in covered}
        return out

    @cached_property
    def short_at(self) -> dict[int, list[Good]]:
        """Node -> (c, e, o) with a demand in `demanded` there, in the order of `goods`."""
        return _grouped((n, (c, e, o)) for c, e, o, n in self.demanded)

    # ---- materials ---------------------------------------------------------------------------------

    @cached_property
    def mines(self) -> list[str]:
        """Projects that give a feed."""
        return [p for p in self.case.projects if self.case.stage_of(p).mines]

    @cached_property
    def separators(self) -> list[str]:
        """Projects that take feeds."""
        return [p for p in self.case.projects if self.case.stage_of(p).separates]

    @cached_property
    def converters(self) -> list[str]:
        """Projects that turn a form into another, along the chain."""
        projects = self.case.projects
        return [p for stage in CONVERTING for p in projects if projects[p].stage == stage.name]

    @cached_property
    def savers(self) -> list[str]:
        """Projects that replace demand."""
        return [p for p in self.case.projects if self.case.stage_of(p).saves]

    def keeps_warm(self, project: str) -> bool:
        """Whether a plant may run for nothing but to run on: what it made last year bounds what it may make."""
        return self.case.has_rise(project)

    @cached_property
    def wanted(self) -> frozenset[Good]:
        """(group, element, form) for which somebody in the group has a use, be it to keep a plant warm or as a feed."""
        case = self.case
        wanted = {(case.group[c], e, o) for c, e, o, _ in case.demand}
        known = 0
        # What returns as a feed may be wanted before what it was made of.
        while len(wanted) > known:
            known = len(wanted)
            for p in reversed(self.converters):
                if self.open_nodes[p]:
                    taken, group = case.stage_of(p).takes, self.group_of(p)
                    elements = (e for e in case.elements if self._is_worth_converting(p, e, wanted))
                    wanted |= {(group, e, taken) for e in elements}
        return frozenset(wanted)

    def _is_worth_converting(self, p: str, e: str, wanted: Container[Good]) -> bool:
        """Whether what a plant makes of an element is wanted, or what returns of it, or that it runs at all."""
        group = self.group_of(p)
        if (group, e, self.case.stage_of(p).gives) in wanted and self.case.recovery(p, e) > 0:
            return True
        if self.keeps_warm(p):
            return True
        returned = {f for element, f in self.case.returns_of(p) if element == e}
        return (group, e, OXIDE) in wanted and any(
            self.group_of(q) == group and e in self.yields[q, f]
            for q in self.separators
            for f in returned.intersection(self.case.projects[q].feeds)
        )

    @cached_property
    def separated(self) -> list[tuple[str, str, int]]:
        """(p, f, n): plants, feeds and nodes at which something wanted can be separated."""
        given = {
            (self.group_of(p), self.case.projects[p].feeds[0], n)
            for p in self.mines
            for n in self.open_nodes[p]
        }
        given |= self.returned.keys()
        out = []
        for p in self.separators:
            group = self.group_of(p)
            for f in sorted(self.case.projects[p].feeds):
                is_wanted = any((group, e, OXIDE) in self.wanted for e in self.yields[p, f])
                if is_wanted or self.keeps_warm(p):
                    nodes = self._separating_nodes(p, f)
                    out += [(p, f, n) for n in nodes if (group, f, n) in given]
        return out

    def _separating_nodes(self, p: str, f: str) -> Sequence[int]:
        """Nodes at which a feed can pass through a plant. One without heavy elements uses no capacity of a heavy plant,
        so it may pass at any time, even before there is a plant."""
        if self.case.capacity_use(p, f) > 0:
            return self.open_nodes[p]
        return [n.index for n in self.active_nodes]

    @cached_property
    def yields(self) -> dict[tuple[str, str], dict[str, float]]:
        """(p, f) -> oxide (t) of each element per tonne TREO of the feed; only where positive."""
        out: dict[tuple[str, str], dict[str, float]] = {}
        for p in self.separators:
            for f in self.case.projects[p].feeds:
                found = out[p, f] = {}
                for e, share in self.case.feed_shares.get(f, {}).items():
                    tonnes = share * self.case.recovery(p, e)
                    if tonnes > 0:
                        found[e] = tonnes
        return out

    def group_of(self, project: str) -> str:
        """The coordination group of a project's country."""
        return self.case.group[self.case.projects[project].country]

    @cached_property
    def feeds_at(self) -> dict[tuple[str, str, int], list[str]]:
        """(group, f, n) -> plants that can take the feed there."""
        return _grouped(((self.group_of(p), f, n), p) for p, f, n in self.separated)

    @cached_property
    def mined(self) -> list[tuple[str, int]]:
        """(p, n): mines whose feed some plant can take, whose yield a target counts, or that may run to keep warm."""
        found = []
        for p in self.mines:
            group, feed = self.group_of(p), self.case.projects[p].feeds[0]
            for n in self.open_nodes[p]:
                has_taker = (group, feed, n) in self.feeds_at
                if has_taker or self.keeps_warm(p) or (p, n) in self.mined_for_targets:
                    found.append((p, n))
        return found

    @cached_property
    def limited_mines(self) -> list[tuple[str, int]]:
        """(p, n): mines that yield no more than is available."""
        limited = {p for p, _ in self.case.availability}
        return [(p, n) for p, n in self.mined if p in limited]

    @cached_property
    def converted(self) -> list[tuple[str, str, int]]:
        """(p, e, n): metal and magnet plants, and elements they can turn into something for somebody in the group."""
        found = []
        for p in self.converters:
            for e in self.case.elements:
                if self._is_worth_converting(p, e, self.wanted):
                    found += [(p, e, n) for n in self.open_nodes[p]]
        return found

    @cached_property
    def target_mines(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(target, e) -> mines whose yield of the element counts for a target of form `feed`."""
        out = {}
        for target, row in self.case.targets.items():
            if row.form != "feed":
                continue
            countries = self.case.target_countries(target)
            at_home = [p for p in self.mines if self.case.projects[p].country in countries]
            meant = [p for p in at_home if not row.feeds or self._feed_of(p) in row.feeds]
            for e in self.case.target_elements(target):
                out[target, e] = tuple(p for p in meant if self._is_mined_for(p, e))
        return out

    def _feed_of(self, mine: str) -> str:
        return self.case.projects[mine].feeds[0]

    def _is_mined_for(self, mine: str, e: str) -> bool:
        """Whether the feed of a mine holds an element."""
        return self.case.feed_shares.get(self._feed_of(mine), {}).get(e, 0.0) > 0

    @cached_property
    def mined_for_targets(self) -> frozenset[tuple[str, int]]:
        """(p, n): mines whose yield counts for a target, whether or not some plant can take it."""
        found: set[tuple[str, int]] = set()
        for (target, _), mines in self.target_mines.items():
            asked = set(self.target_nodes[target])
            for p in mines:
                found.update((p, n) for n in asked.intersection(self.open_nodes[p]))
        return frozenset(found)

    @cached_property
    def returned(self) -> dict[tuple[str, str, int], list[tuple[str, str]]]:
        """(group, f, n) -> [(p, e)]: plants, and elements they take, of which some returns as the feed."""
        out: dict[tuple[str, str, int], list[tuple[str, str]]] = defaultdict(list)
        for p, e, n in self.converted:
            for element, f in self.case.returns_of(p):
                if element == e:
                    out[self.group_of(p), f, n].append((p, e))
        return dict(out)

    # ---- savings -----------------------------------------------------------------------------------

    @cached_property
    def saved(self) -> list[GoodAt]:
        """(p, e, o, n): savings and the demand that they can replace there."""
        found = []
        for p in self.savers:
            for c, e, o in self.case.savings.get(p, {}):
                nodes = [n for n in self.open_nodes[p] if (c, e, o, n) in self.demanded]
                found += [(p, e, o, n) for n in nodes]
        return found

    @cached_property
    def savings_of(self) -> dict[GoodAt, list[str]]:
        """(c, e, o, n) -> savings that can replace the demand."""
        country = {p: self.case.projects[p].country for p in self.savers}
        return _grouped(((country[p], e, o, n), p) for p, e, o, n in self.saved)

    @cached_property
    def run(self) -> list[tuple[str, int]]:
        """(p, n): savings that can replace something there, or that may run to keep warm."""
        useful = {(p, n) for p, _, _, n in self.saved}
        found = []
        for p in self.savers:
            nodes = [n for n in self.open_nodes[p] if self.keeps_warm(p) or (p, n) in useful]
            found += [(p, n) for n in nodes]
        return found

    # ---- plants of all kinds -----------------------------------------------------------------------

    @cached_property
    def feeds_of(self) -> dict[tuple[str, int], list[str]]:
        """(p, n) -> feeds a separation plant can take there."""
        return _grouped(((p, n), f) for p, f, n in self.separated)

    @cached_property
    def elements_of(self) -> dict[tuple[str, int], list[str]]:
        """(p, n) -> elements a metal or magnet plant can take there."""
        return _grouped(((p, n), e) for p, e, n in self.converted)

    @cached_property
    def operable(self) -> list[tuple[str, int]]:
        """(p, n): every plant at every node at which it can have throughput that counts."""
        counted = {(p, n) for p, f, n in self.separated if self.case.capacity_use(p, f) > 0}
        return sorted({*self.mined, *counted, *self.elements_of, *self.run})

    @cached_property
    def operable_set(self) -> frozenset[tuple[str, int]]:
        """`operable`, for look-ups."""
        return frozenset(self.operable)

    # ---- goods -------------------------------------------------------------------------------------

    @cached_property
    def makers(self) -> dict[GoodAt, list[tuple[str, str]]]:
        """(c, e, o, n) -> [(p, f)] for oxide, else [(p, e)]: what can be made there."""
        out: dict[GoodAt, list[tuple[str, str]]] = defaultdict(list)
        country = {p: row.country for p, row in self.case.projects.items()}
        for p, f, n in self.separated:
            for e in self.yields[p, f]:
                if (self.group_of(p), e, OXIDE) in self.wanted:
                    out[country[p], e, OXIDE, n].append((p, f))
        for p, e, n in self.converted:
            out[country[p], e, self.case.stage_of(p).gives, n].append((p, e))
        return dict(out)

    @cached_property
    def users(self) -> dict[GoodAt, list[str]]:
        """(c, e, o, n) -> plants of the country that can take the good there."""
        out: dict[GoodAt, list[str]] = defaultdict(list)
        for p, e, n in self.converted:
            country, form = self.case.projects[p].country, self.case.stage_of(p).takes
            out[country, e, form, n].append(p)
        return dict(out)

    @cached_property
    def used_goods(self) -> frozenset[Good]:
        """(c, e, o) that some plant of the country can take somewhere."""
        return frozenset(key[:3] for key in self.users)

    @cached_property
    def goods(self) -> list[Good]:
        """(c, e, o) that can be used, made, imported for a use, or stocked."""
        case = self.case
        active = {(c, e, o) for c, e, o, _ in case.demand}
        active |= {key[:3] for key in (*self.makers, *self.users)}
        for _, c, e, o, _ in case.import_limit:
            if (case.group[c], e, o) in self.wanted:
                active.add((c, e, o))
        return sorted(active.union(self.stocks))

    @cached_property
    def stocks(self) -> list[Good]:
        """(c, e, o) with a stock, or with the lever to build one."""
        lever = self.case.has_lever("stockpile")
        return [
            good
            for good, row in self.case.stockpiles.items()
            if row.initial_t > 0 or (lever and row.max_t != 0)
        ]

    @cached_property
    def purchases(self) -> list[Good]:
        """(c, e, o) that may be bought into stock."""
        if not self.case.has_lever("stockpile"):
            return []
        return [good for good in self.stocks if self.case.stockpiles[good].max_t != 0]

    @cached_property
    def import_limits(self) -> dict[GoodAt, float]:
        """(c, e, o, n) -> what all suppliers together can sell (t); only where positive."""
        goods, offers = set(self.goods), list[tuple[Good, Vector]]()
        for good, names in self.suppliers.items():
            if good in goods:
                offer = np.zeros(len(self.tree.nodes))
                for supplier in names:
                    offer = offer + self.tree.import_limits(supplier, good)
                offers.append((good, offer))
        return self._uncovered(offers)

    @cached_property
    def sellers(self) -> dict[GoodAt, list[str]]:
        """(c, e, o, n) -> suppliers that can sell there, of goods of which one has a price then."""
        out: dict[GoodAt, list[str]] = {}
        if not self.case.import_price:
            return out
        for good, names in self.suppliers.items():
            limits = {v: self.tree.import_limits(v, good) for v in names}
            dear = sum((self.tree.import_prices(v, good) > 0) & (limits[v] > 0) for v in names)
            for n in np.flatnonzero(dear).tolist():
                if (*good, n) in self.import_limits:
                    out[(*good, n)] = [v for v in names if limits[v][n] > 0]
        return out

    @cached_property
    def sellers_by_name(self) -> dict[GoodAt, list[str]]:
        """(c, e, o, n) -> suppliers that can sell there, where it matters which of them does: for what it costs, or for a
        target of origin."""
        out = {key: names for key, names in self.sellers.items() if len(names) > 1}
        for c, e, o, n in self.by_origin.intersection(self.import_limits):
            names = self.suppliers[c, e, o]
            out[c, e, o, n] = [v for v in names if self.tree.import_limit(v, (c, e, o), n) > 0]
        return out

    @cached_property
    def resold(self) -> dict[tuple[str, str, str, str, int], float]:
        """(v, c, e, o, n) -> what the country may have (t), sold on by others of its group, of a supplier that has cut
        it off; only where positive and not covered by imports."""
        out: dict[tuple[str, str, str, str, int], float] = {}
        if not self.case.tables.resale:
            return out
        goods = set(self.goods)
        for good, names in self.suppliers.items():
            for node in self.active_nodes if good in goods else ():
                n = node.index
                for v in names if (*good, n) not in self.import_covered_goods else ():
                    limit = self.tree.resale_limit(v, good, n)
                    if limit > 0:
                        out[(v, *good, n)] = limit
        return out

    @cached_property
    def resale_rivals(self) -> dict[tuple[str, str, str, str, int], list[str]]:
        """(v, c, e, o, n) -> the country and those of its group that a supplier has cut off there no more than it, who
        all buy from those less cut off than it; of countries cut off alike the first stands for all."""
        alike: dict[tuple[str, str, str, str, int], dict[float, list[str]]] = {}
        for v, c, e, o, n in sorted(self.resold):
            factor = self.tree.import_factor(v, (c, e, o), n)
            by_factor = alike.setdefault((v, self.case.group[c], e, o, n), {})
            by_factor.setdefault(factor, []).append(c)
        out: dict[tuple[str, str, str, str, int], list[str]] = {}
        for (v, _, e, o, n), by_factor in alike.items():
            for factor, countries in by_factor.items():
                rivals = [others for f, others in by_factor.items() if f >= factor]
                out[v, countries[0], e, o, n] = list(chain.from_iterable(rivals))
        return out

    @cached_property
    def traded(self) -> dict[tuple[str, str, str], list[str]]:
        """(group, e, o) -> countries that can exchange the good; only where there are two and somebody makes it."""
        out: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        made = {(self.case.group[c], e, o) for c, e, o, _ in self.makers}
        for c, e, o in self.goods:
            if (self.case.group[c], e, o) in made:
                out[self.case.group[c], e, o].append(c)
        return {key: countries for key, countries in out.items() if len(countries) > 1}

    @cached_property
    def exchanged(self) -> frozenset[Good]:
        """(c, e, o) that can be given to or received from others."""
        found: set[Good] = set()
        for (_, e, o), countries in self.traded.items():
            found.update((c, e, o) for c in countries)
        return frozenset(found)

    @cached_property
    def delivered(self) -> list[GoodAt]:
        """(c, e, o, n) that can be had from the group's plants and are of use: goods that imports cover are not."""
        made = {(self.case.group[c], e, o, n) for c, e, o, n in self.makers}
        found = []
        for c, e, o in sorted(self.exchanged):
            for node in self.active_nodes:
                is_made = (self.case.group[c], e, o, node.index) in made
                if is_made and (c, e, o, node.index) not in self.import_covered_goods:
                    found.append((c, e, o, node.index))
        return found

    # ---- targets -----------------------------------------------------------------------------------

    @cached_property
    def target_demand(self) -> dict[tuple[str, str], Vector]:
        """(target, e) -> demand (t) at every node of a target of kind `served`."""
        out = {}
        for target, row in self.case.targets.items():
            for e in self.case.target_elements(target) if row.kind == "served" else ():
                out[target, e] = np.sum(
                    [
                        self.tree.demands((c, e, form))
                        for c in self.case.target_countries(target)
                        for form in self.case.target_forms(target)
                    ],
                    axis=0,
                )
        return out

    @cached_property
    def target_origins(self) -> dict[tuple[str, str], list[str]]:
        """(target, e) -> outside origins from which the good of a target of kind `origin_share` can come."""
        out = {}
        for target, row in self.case.targets.items():
            for e in self.case.target_elements(target) if row.kind == "origin_share" else ():
                (form,) = self.case.target_forms(target)
                suppliers = {
                    v
                    for c in self.case.target_countries(target)
                    for v in self.suppliers.get((c, e, form), ())
                }
                out[target, e] = sorted({self.case.supplier_origin[v] for v in suppliers})
        return out

    def _places_of_targets(self, *kinds: str) -> frozenset[GoodAt]:
        """(c, e, o, n) of the countries of targets of some kinds."""
        return frozenset(
            (c, e, o, n)
            for target, row in self.case.targets.items()
            if row.kind in kinds
            for e in self.case.target_elements(target)
            for o in self.case.target_forms(target)
            for c in self.case.target_countries(target)
            for n in self.target_nodes[target]
        )

    @cached_property
    def kept_stock(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of which a target of origin or of output speaks, so that stock is not thrown away there."""
        return self._places_of_targets("origin_share", "made_share")

    @cached_property
    def asked_at(self) -> frozenset[tuple[str, str, int]]:
        """(e, o, n) of which some target speaks."""
        return frozenset(
            (e, o, n)
            for target in self.case.targets
            for e in self.case.target_elements(target)
            for o in self.case.target_forms(target)
            for n in self.target_nodes[target]
        )

    @cached_property
    def by_origin(self) -> frozenset[GoodAt]:
        """(c, e, o, n) of which a target of kind `origin_share` speaks."""
        return self._places_of_targets("origin_share")

    @cached_property
    def counted(self) -> frozenset[GoodAt]:
        """(c, e, o, n) whose output a target of kind `made_share` counts."""
        return frozenset(
            (c, e, o, n)
            for target, row in self.case.targets.items()
            if row.kind == "made_share" and row.form != "feed"
            for e in self.case.target_elements(target)
            for o in self.case.target_forms(target)
            for c in self.case.target_countries(target)
            for n in self.target_nodes[target]
        )

    # ---- people ------------------------------------------------------------------------------------

    @cached_property
    def teams(self) -> list[tuple[str, str]]:
        """(c, k) whose staff some plant of the country, or of a country that may borrow it, needs."""
        needed: set[tuple[str, str]] = set()
        for p in {p for p, _ in self.operable}:
            needed.update((self.case.projects[p].country, k) for k in self.case.staffing[p])
        if self.case.model.policy.secondment_share > 0:
            groups = {(self.case.group[c], k) for c, k in needed}
            return [(c, k) for c, k in self.case.workforce if (self.case.group[c], k) in groups]
        return [team for team in self.case.workforce if team in needed]

    @cached_property
    def plants_with(self) -> dict[tuple[str, str], list[str]]:
        """(c, k) -> plants of the country that need the skill."""
        out: dict[tuple[str, str], list[str]] = defaultdict(list)
        for p, row in self.case.projects.items():
            for k in self.case.staffing[p]:
                out[row.country, k].append(p)
        return dict(out)

    @cached_property
    def seconded(self) -> frozenset[tuple[str, str]]:
        """(c, k) who may work, or be joined by others, across a border of their group."""
        if self.case.model.policy.secondment_share == 0:
            return frozenset()
        size = Counter((self.case.group[c], k) for c, k in self.teams)
        return frozenset((c, k) for c, k in self.teams if size[self.case.group[c], k] > 1)

    @cached_property
    def programmes(self) -> list[str]:
        """Programmes that train for a team."""
        return [
            g for g, row in self.case.programmes.items() if (row.country, row.skill) in self.teams
        ]

    @cached_property
    def training_of(self) -> dict[tuple[str, str], list[str]]:
        """(c, k) -> programmes that train for the team."""
        rows = self.case.programmes
        return _grouped(((rows[g].country, rows[g].skill), g) for g in self.programmes)

    def intake_possible(self, programme: str, year: int) -> bool:
        """Whether a programme takes in trainees in `year` and they finish within the horizon."""
        row = self.case.programmes[programme]
        open_then = row.last_intake_year is None or year <= row.last_intake_year
        return open_then and year + row.duration_years <= self.case.last_year


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    """Key -> its values, in their order."""
    out: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        out[key].append(value)
    return dict(out)
