"""What free imports cover, and the program therefore leaves out: the one place that says so.

It halves a case whose imports have no price: 20 generated scenarios have 15,805 rows and take 9.4 CPU seconds, written
whole 25,331 and 17.0. Where imports have prices it spares little: of the real case 3,534 of 79,646 rows.

Nothing needs to run at nodes from which on free imports can cover every demand, whatever happens, but savings that
must, whose cost hangs on builds alone. Proof: in such a
subtree, importing each demand, running no plant and no other saving, buying and reselling nothing and releasing what is in
stock meets every constraint (these imports are free and serve only their own country, surplus may be left over, limits
of resale and of rising output are upper ones) at no loss and no cost, the least of both, as no throughput and no
purchase costs less than nothing; and it asks nothing of earlier nodes, so any plan can be changed to it without
changing the rest. Accounts and people stay. A node may be a quarter: demand and imports are then those of the quarter,
and stock that is released in one is not held at the end of its year.

A single good that free imports cover from a node on, and that no plant of its country takes, the country needs neither
to receive nor to resell, save or stock there; it may still give what it makes. Proof: any plan can be changed to
importing the demand, receiving nothing (whoever gave it leaves it over), saving, buying and reselling nothing (which
leaves others the more) and releasing what is in stock, at no more loss or cost and with the same plants and savings
running. What it can sell on to others depends on none of this.

Neither holds where a target of origin or of output speaks of the good, or where purchases of it may be scheduled, which
are delivered whether or not they are of use.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Tree, Vector

Flags = NDArray[np.bool_]
"""A truth value for each node."""
NodesOfGoods = Mapping[Good, Collection[int]]
"""(c, e, o) -> operations nodes."""
Suppliers = Mapping[Good, Sequence[str]]
"""(c, e, o) -> who can sell it there."""


def nodes_in_need(tree: Tree, suppliers: Suppliers, *more: NodesOfGoods) -> dict[Good, Flags]:
    """(c, e, o) -> nodes at which, or after which in some history, free imports do not cover it.

    more: nodes at which goods count as not covered, whatever can be imported.
    """
    goods = {key[:3] for key in tree.case.demand}.union(*more)
    in_need: dict[Good, Flags] = {}
    for good in sorted(goods):
        covered = tree.demands(good) <= _free_offer(tree, good, suppliers.get(good, ()))
        for nodes in more:
            covered[list(nodes.get(good, ()))] = False
        in_need[good] = ~covered
    return _with_ancestors(tree, in_need)


def _free_offer(tree: Tree, good: Good, suppliers: Iterable[str]) -> Vector:
    """Tonnes of a good that can be imported at no price, by node."""
    offer = np.zeros(len(tree.nodes))
    for supplier in suppliers:
        is_free = tree.import_prices(supplier, good) == 0
        offer += np.where(is_free, tree.import_limits(supplier, good), 0.0)
    return offer


def _with_ancestors(tree: Tree, nodes: dict[Good, Flags]) -> dict[Good, Flags]:
    """Nodes of each good, and all that lie before them on a history."""
    by_node = np.array(list(nodes.values()), dtype=bool).reshape(-1, len(tree.nodes)).T.copy()
    for node in reversed(tree.nodes):
        if node.parent >= 0:
            by_node[node.parent] |= by_node[node.index]
    return dict(zip(nodes, by_node.T.copy(), strict=True))


def covered_nodes(
    in_need: Mapping[Good, Flags], active: Flags, goods: Iterable[Good], taken: Container[Good]
) -> dict[Good, Flags]:
    """(c, e, o) -> nodes at which imports cover it, so that nothing of it is decided there but what is given.

    active: nodes at which some good is in need. taken: goods that some plant of their country takes.
    """
    nowhere = np.zeros(len(active), dtype=bool)
    return {good: ~active if good in taken else ~in_need.get(good, nowhere) for good in goods}


def every_demand(tree: Tree) -> NodesOfGoods:
    """Every demand at every node: a program whose imports are taken away afterwards is written whole."""
    return {key[:3]: range(len(tree.nodes)) for key in tree.case.demand}
