"""What countries give and receive of goods of which a target counts the output.

The program says how much of each country's output counts; what is left over is then that of others, as far as it can
be. So the tables show what the target was held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.formulation.index_sets import Scope
from planner.solving.program import ZERO


class NodeValues(Protocol):
    """Values of variables at all nodes of a scope; `AtNodes` of the extraction is one."""

    scope: Scope
    size: int

    def __call__(self, name: str, *index: Any) -> Vector:
        """A variable that lives on nodes; index: without the node."""


def counting_nodes(scope: Scope, goods: Sequence[Good]) -> NDArray[np.bool_]:
    """Nodes at which a target counts the output of one of the goods, which are of one group."""
    found = np.zeros(len(scope.tree.nodes), dtype=bool)
    for c, e, o, n in scope.counted:
        if (c, e, o) in goods:
            found[n] = True
    return found


def net_given(
    at: NodeValues, goods: Sequence[Good], made: Mapping[Good, Vector]
) -> dict[Good, Vector]:
    """Given less received (t) of the goods of one group: counted output first, then what others use of their own."""
    need = {good: np.maximum(_needed_of_plants(at, good), 0.0) for good in goods}
    used_of = {good: np.minimum(at("counted", *good), made[good]) for good in goods}
    open_need = _total(need) - _total(used_of)
    own = {
        good: np.minimum(made[good] - used_of[good], np.maximum(need[good] - used_of[good], 0.0))
        for good in goods
    }
    own_part = _part(open_need, _total(own))
    used_of = {good: used_of[good] + own_part * own[good] for good in goods}
    open_need = _total(need) - _total(used_of)
    spare = {good: made[good] - used_of[good] for good in goods}
    spare_part = _part(open_need, _total(spare))
    given = {good: used_of[good] + spare_part * spare[good] for good in goods}
    # What plants do not cover comes from stock that nobody asks to be kept, where it is.
    stock = {good: np.minimum(_free_stock(at, good), need[good]) for good in goods}
    stock_part = _part(_total(need) - _total(given), _total(stock))
    net = {good: given[good] + stock_part * stock[good] - need[good] for good in goods}
    return {good: np.where(np.abs(tonnes) > ZERO, tonnes, 0.0) for good, tonnes in net.items()}


def _needed_of_plants(at: NodeValues, good: Good) -> Vector:
    """Use and purchases (t) that imports, resold goods, savings and releases do not cover."""
    s, (c, e, o) = at.scope, good
    need = s.tree.demands(good) + at("bought", *good) - at("imported", *good)
    for step in range(len(s.case.loss_steps(good))):
        need = need - at("shortfall", *good, step)
    for supplier in s.suppliers.get(good, ()):
        need = need - at("resold", supplier, *good)
    for p, rows in s.case.savings.items():
        if good in rows:
            need = need - at("saved", p, e, o)
    for p, row in s.case.projects.items():
        if row.country == c and s.case.stage_of(p).takes == o:
            need = need + at("converted", p, e)
    return need - np.where(_is_kept(at, good), at("released", *good), 0.0)


def _free_stock(at: NodeValues, good: Good) -> Vector:
    """Releases (t) where no target asks that stock is not thrown away."""
    return np.where(_is_kept(at, good), 0.0, at("released", *good))


def _is_kept(at: NodeValues, good: Good) -> NDArray[np.bool_]:
    """Nodes at which stock of the good is not thrown away."""
    s = at.scope
    return np.array([(*good, n.index) in s.kept_stock for n in s.tree.nodes])


def _total(amounts: Mapping[Good, Vector]) -> Vector:
    total: Vector = np.sum(list(amounts.values()), axis=0)
    return total


def _part(wanted: Vector, there: Vector) -> Vector:
    """Share of what is there that is wanted, 0 to 1."""
    part = np.divide(wanted, there, out=np.zeros(len(there)), where=there > 0)
    return np.clip(part, 0.0, 1.0)
