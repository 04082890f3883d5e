"""Decisions by year, and what they may hang on: years, the first nodes of years, or what storylines have shown.

The storyline of a drawn scenario is what it was drawn from: its own shocks are those that no hazard was drawn for.
Decisions in stages answer these alone, so that nobody builds for a draw that only hindsight knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.scenario_tree import Node, Tree
from planner.data.shock_effects import storyline_effects, year_of


def decision_tree(tree: Tree) -> tuple[Tree, tuple[int, ...]]:
    """The tree on which decisions by year live, its nodes whole years, and its node for each node of the other.

    committed: a chain, one path for all scenarios. adaptive: the first nodes of each year, in which decisions answer
    what they have revealed. staged: those of them together whose storylines have revealed the same. Up to and including
    `policy.committed_through` a chain.
    """
    case = tree.case
    nodes: list[Node] = []
    decision: dict[int, int] = {}
    of_scenario: dict[str, int] = {}
    for year, groups in _groups(tree):
        for group in groups:
            members = sorted(chain.from_iterable(node.scenarios for node in group))
            probability = 1.0
            if len(members) < len(case.scenarios):
                probability = sum(node.probability for node in group)
            together = Node(
                index=len(nodes),
                year=year,
                parent=of_scenario.get(members[0], -1),
                scenarios=tuple(members),
                probability=probability,
            )
            nodes.append(together)
            for node in group:
                decision[node.index] = together.index
        for node in nodes:
            if node.year == year:
                of_scenario |= dict.fromkeys(node.scenarios, node.index)
    for node in tree.nodes:
        if not node.opens_year:
            decision[node.index] = decision[node.parent]
    places = tuple(decision[node.index] for node in tree.nodes)
    return Tree(case, tuple(nodes), tree.effects), places


def _groups(tree: Tree) -> Iterator[tuple[int, list[list[Node]]]]:
    """Each year, and the nodes with which it begins, in groups that decide the same."""
    opening: dict[int, list[Node]] = {year: [] for year in tree.case.years}
    for node in tree.nodes:
        if node.opens_year:
            opening[node.year].append(node)
    staged = tree.case.model.policy.investment == "staged"
    shown = storyline_histories(tree) if staged else {}
    free = first_free_year(tree.case)
    for year, nodes in opening.items():
        if year < free:
            yield year, [nodes]
        elif staged:
            yield year, _told_the_same(nodes, shown[year])
        else:
            yield year, [[node] for node in nodes]


def first_free_year(case: Case) -> int:
    """The first year in which decisions may answer what has been revealed; after the last one if none may."""
    policy = case.model.policy
    if policy.investment == "committed":
        return case.last_year + 1
    if policy.committed_through is None:
        return case.first_year
    return policy.committed_through + 1


def storyline_histories(tree: Tree) -> dict[int, dict[str, int]]:
    """Year -> scenario -> a number that scenarios share whose storylines had shown the same when the year began.

    The effects of their own shocks count, felt where nothing but these shocks is there, in every period up to the
    first of the year.
    """
    own = storyline_effects(tree.case, tree.periods)
    histories = dict.fromkeys(tree.case.scenarios, 0)
    by_year: dict[int, dict[str, int]] = {}
    for period in tree.periods:
        numbers: dict[tuple[object, ...], int] = {}
        for scenario, before in histories.items():
            history = (before, own[scenario].shown_in(period))
            histories[scenario] = numbers.setdefault(history, len(numbers))
        year = year_of(period)
        if tree.opening[year] == period:
            by_year[year] = dict(histories)
    return by_year


def _told_the_same(nodes: Iterable[Node], shown: Mapping[str, int]) -> list[list[Node]]:
    """Nodes of one period, together where storylines have shown the same in some scenario of each."""
    groups: list[list[Node]] = []
    group_of: dict[int, list[Node]] = {}
    for node in nodes:
        group = [node]
        told = {shown[scenario] for scenario in node.scenarios}
        for number in sorted(told & group_of.keys()):
            other = group_of[number]
            if other is not group and other in groups:
                groups.remove(other)
                group[:0] = other
        for member in group:
            for scenario in member.scenarios:
                group_of[shown[scenario]] = group
        groups.append(group)
    return sorted(groups, key=lambda group: group[0].index)


@dataclass(frozen=True)
class Trees:
    """The trees on which a plan lives: operations on `histories`, what is decided by year on `decisions`, budgets on
    `accounts`. decision: the decision node of each history."""

    histories: Tree
    decisions: Tree
    decision: tuple[int, ...]
    accounts: Tree

    @cached_property
    def decision_of_year(self) -> NDArray[np.intp]:
        """Decision node by scenario and year."""
        tree = self.histories
        opening = [node for node in tree.nodes if node.opens_year]
        scenarios = {scenario: place for place, scenario in enumerate(tree.case.scenarios)}
        found = np.zeros((len(scenarios), len(tree.case.years)), dtype=np.intp)
        for node in opening:
            rows = [scenarios[scenario] for scenario in node.scenarios]
            found[rows, node.year - tree.case.first_year] = self.decision[node.index]
        return found


def trees_of(tree: Tree) -> Trees:
    """All trees of a plan. Budgets live on histories if something is bought on them or delays move payments, else on the
    decisions: what is decided by year is all that is paid, and falls due as the year begins, so accounts of histories
    that decide the same are equal."""
    decisions, places = decision_tree(tree)
    on_histories = tree.case.lookups.may_buy_stock or tree.rescheduled
    return Trees(tree, decisions, places, tree if on_histories else decisions)
