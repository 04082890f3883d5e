"""Figures of the histories that scenarios share, and of the draws that they are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.kept import kept
from planner.data.odds import odds_of
from planner.data.scenario_tree import Node, Tree, scenario_tree
from planner.results.plan import Plan


@kept
def histories(plan: Plan) -> Tree:
    """The histories of the scenarios of a plan."""
    return scenario_tree(plan.case)


def shared_history(plan: Plan, scenario: str, year: int) -> Node:
    """The history of a scenario up to the end of a year, and all that share it."""
    tree = histories(plan)
    path = [tree.nodes[node] for node in tree.path_of(scenario)]
    return next(node for node in path if node.year == year and node.closes_year)


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


def single_draws(case: Case) -> dict[str, Any] | None:
    """How `many` of `all` storylines have one draw, and the `share` of the probability that these draws carry. None where
    scenarios are no draws."""
    if not case.tables.draws:
        return None
    odds = odds_of(case).values()
    single = [one.probability for one in odds if len(one.shares) == 1]
    return {"many": len(single), "all": len(odds), "share": sum(single)}
