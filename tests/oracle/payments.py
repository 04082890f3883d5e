"""Who pays for what is spent: the most even split and the room each funder has ("Money", section 2)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

from tests.oracle.program import OracleResult, needed
from tests.oracle.sparse import Key, Program, Solution, add

ROOM = 1e-7
"""MUSD by which a budget may be short of what a rounded plan spends."""
LEVEL = 1e-6
"""MUSD, and share of a budget, that count as none when asking who cannot pay less."""


class Node(NamedTuple):
    """A node of the tree: its parent (none for a root), its year and its probability."""

    parent: Hashable | None
    year: int
    chance: float


class Payment(NamedTuple):
    """Expected MUSD of one funder over the horizon: in the most even split, and the least and the most it may pay."""

    paid: float
    least: float
    most: float


def split_of(
    spending: Mapping[tuple[str, Hashable], float],
    nodes: Mapping[Hashable, Node],
    budgets: Mapping[tuple[str, int], float],
    reach: Mapping[str, Iterable[str]],
    carry_over: bool,
) -> Program:
    """All splits: "payments equal what is spent in each country and node", and each funder keeps to its budget."""
    lp = Program()
    countries = {country for country, _ in spending}
    funders = {funder: [c for c in reach[funder] if c in countries] for funder in reach}
    for node in nodes:
        for funder, places in funders.items():
            lp.variable("carry", funder, node)
            for country in places:
                lp.variable("pay", funder, country, node)
    for node, (parent, year, _) in nodes.items():
        before = nodes[parent].year if parent is not None else None
        for funder, places in funders.items():
            terms: dict[Key, float] = {("pay", funder, c, node): 1.0 for c in places}
            terms["carry", funder, node] = 1.0
            if before == year or (before is not None and carry_over):
                terms["carry", funder, parent] = -1.0
            lp.at_most(terms, (0.0 if before == year else budgets.get((funder, year), 0.0)) + ROOM)
        for country in countries:
            terms = {
                ("pay", funder, country, node): 1.0
                for funder, places in funders.items()
                if country in places
            }
            if terms:
                lp.equals(terms, spending.get((country, node), 0.0))
            elif spending.get((country, node), 0.0) > ROOM:
                raise ValueError(f"nobody may pay in {country}")
    for funder, places in funders.items():
        terms = {lp.variable("paid", funder): 1.0}
        for node, (_, _, chance) in nodes.items():
            for country in places:
                add(terms, ("pay", funder, country, node), -chance)
        lp.equals(terms, 0.0)
    return lp


def even_payments(
    spending: Mapping[tuple[str, Hashable], float],
    nodes: Mapping[Hashable, Node],
    budgets: Mapping[tuple[str, int], float],
    reach: Mapping[str, Iterable[str]],
    carry_over: bool = True,
) -> dict[str, Payment]:
    """The most even split of a plan's spending (MUSD by country and node) by funder.

    Contract: "the largest share of its whole budget (all years of the horizon, not discounted; expected payments) that
    any funder pays is least, then the next largest, and so on; a funder without budget pays nothing". The largest share
    is found, then who cannot go below it however the others do is held there, and the rest go on. Raises if the
    budgets cannot pay.
    """
    lp = split_of(spending, nodes, budgets, reach, carry_over)
    years = {node.year for node in nodes.values()}
    whole = {f: sum(budgets.get((f, y), 0.0) for y in years) for f in reach}
    ends = {f: (end(lp, f, 1.0), end(lp, f, -1.0)) for f in reach}
    waiting = [f for f in reach if whole[f] > 0]
    largest = lp.variable("largest")
    rows = list(lp.upper)
    held: dict[str, float] = {}
    while waiting:
        below = [({("paid", f): 1.0, largest: -whole[f]}, 0.0) for f in waiting]
        lp.upper = [*rows, *below]
        top = needed(lp.minimise({largest: 1.0}))[largest]
        lp.upper = [*rows, *below, ({largest: 1.0}, top + LEVEL / 1000)]
        stuck = [f for f in waiting if end(lp, f, 1.0) >= top * whole[f] - LEVEL * (1.0 + whole[f])]
        assert stuck, "at the least largest share somebody is stuck"
        held |= {f: top * whole[f] for f in stuck}
        rows += [({("paid", f): 1.0}, held[f] + ROOM) for f in stuck]
        waiting = [f for f in waiting if f not in stuck]
    return {f: Payment(held.get(f, 0.0), *ends[f]) for f in reach}


def end(lp: Program, funder: str, sign: float) -> float:
    """The least (sign 1) or the most (sign -1) that a funder may pay."""
    solution: Solution = needed(lp.minimise({("paid", funder): sign}))
    return max(solution["paid", funder], 0.0)


def tree_of(result: OracleResult) -> dict[Hashable, Node]:
    """The tree of a solved case; a node is its history."""
    world = result.world
    assert world is not None
    found: dict[Hashable, Node] = {}
    for w, t in world.moments:
        history = world.history[w, t]
        chance = world.case.scenarios[w] + (found[history].chance if history in found else 0.0)
        found[history] = Node(
            world.history[w, world.before(t)] if world.before(t) else None, t.year, chance
        )
    return found
