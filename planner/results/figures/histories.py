"""Figures of the histories that scenarios share, and of the draws that they are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.data.scenario_tree import Tree, scenario_tree
from planner.results.plan import Plan


@kept
def histories(plan: Plan) -> Tree:
    """The histories of the scenarios of a plan."""
    return scenario_tree(plan.case)


def parted(plan: Plan) -> dict[str, Any] | None:
    """Of the probability of scenarios that share their history with no other any more: the `year` by which half of it or
    more does so, that `share`, and the `last` year in which any joins. None where all share theirs, or there is one."""
    if len(plan.weights) == 1:
        return None
    alone = [node for node in histories(plan).nodes if len(node.scenarios) == 1]
    chances = {(node.year, node.scenarios): node.probability for node in alone if node.closes_year}
    if not chances:
        return None
    shares = pd.Series(chances).groupby(level=0).sum()
    year = shares.index[shares >= shares.max() / 2].min()
    last = shares.index[shares >= shares.max() - 1e-9].min()
    return {"year": int(year), "share": float(shares[year]), "last": int(last)}
