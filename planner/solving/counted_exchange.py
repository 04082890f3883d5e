"""What countries give and receive of goods of which a target counts the output.

The program says how much of each country's output counts; what is left over is then that of others, as far as it can
be. So the tables show what the target was measured by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from planner.data.lookups import Good
from planner.formulation.index_sets import Scope
from planner.solving.node_values import AtNodes, Flags
from planner.solving.program import Vector
from planner.thresholds import ROUNDING


def counting_nodes(scope: Scope, goods: Collection[Good]) -> Flags:
    """Nodes at which a target counts the output of one of the goods, which are of one group."""
    found = np.zeros(len(scope.tree.nodes), dtype=bool)
    for country, element, form, node in scope.counted:
        if (country, element, form) in goods:
            found[node] = True
    return found


def net_given(at: AtNodes, made: Mapping[Good, Vector]) -> dict[Good, Vector]:
    """Given less received (t) of the goods of one group, of which so much is made: counted output first, then what
    others use of their own."""
    needs: list[Vector] = []
    counts: list[Vector] = []
    stocks: list[Vector] = []
    for good in made:
        needs.append(_needed_of_plants(at, good))
        counts.append(at("counted", *good))
        stocks.append(_free_stock(at, good))
    # Of each, a row per good and a column per node.
    output = at.rows(made.values())
    need = np.maximum(at.rows(needs), 0.0)
    used = np.minimum(at.rows(counts), output)

    wanted = np.maximum(need - used, 0.0)
    own = np.minimum(output - used, wanted)
    used = used + _as_needed(own, need, used)
    spare = output - used
    used = used + _as_needed(spare, need, used)
    # What plants do not cover comes from stock that nobody asks to be kept, where it is.
    stock = np.minimum(at.rows(stocks), need)
    net = used + _as_needed(stock, need, used) - need
    clean = np.where(np.abs(net) > ROUNDING, net, 0.0)
    return dict(zip(made, clean, strict=True))


def _needed_of_plants(at: AtNodes, good: Good) -> Vector:
    """Use and purchases (t) that imports, resold goods, savings and releases do not cover."""
    scope = at.scope
    case = scope.case
    country, element, form = good
    need = scope.tree.demands(good)
    need = need + at("bought", *good)
    need = need - at("imported", *good)
    for step in range(len(case.lookups.loss_steps(good))):
        need = need - at("shortfall", *good, step)
    for supplier in scope.suppliers.get(good, ()):
        need = need - at("resold", supplier, *good)
    for project, rows in case.lookups.savings.items():
        if good in rows:
            need = need - at("saved", project, element, form)
    for project, row in case.projects.items():
        takes = case.lookups.stage_of(project).takes
        if row.country == country and takes == form:
            need = need + at("converted", project, element)
    released = at("released", *good)
    return need - np.where(_is_kept(at, good), released, 0.0)


def _free_stock(at: AtNodes, good: Good) -> Vector:
    """Releases (t) where no target asks that stock is not thrown away."""
    released = at("released", *good)
    return np.where(_is_kept(at, good), 0.0, released)


def _is_kept(at: AtNodes, good: Good) -> Flags:
    """Nodes at which stock of the good is not thrown away."""
    kept = np.zeros(at.size, dtype=bool)
    for node in range(at.size):
        kept[node] = (*good, node) in at.scope.retained_stock
    return kept


def _as_needed(there: Vector, need: Vector, used: Vector) -> Vector:
    """The part of what is there of each good (goods x nodes), the same share of all, that covers what all need beyond
    what is used already."""
    missing = np.sum(need, axis=0) - np.sum(used, axis=0)
    in_all = np.sum(there, axis=0)
    share = np.divide(missing, in_all, out=np.zeros(len(in_all)), where=in_all > 0)
    part: Vector = np.clip(share, 0.0, 1.0) * there
    return part
