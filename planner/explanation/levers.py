"""The value of each lever: pulled first, pulled last, and its Shapley share of what all levers reduce together.

The worth of a set of levers is how far it brings the objective of the run down from where no lever is pulled. First in,
a lever finds no other one to help it or to do its work; last out, it finds all of them. The Shapley share is the mean
over all orders in which levers may be pulled (Shapley, A value for n-person games, 1953), so that shares sum to the
whole. Every subset of levers is one program with other bounds, solved on from the subset with one lever more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np

from planner.config import LEVERS, Lever
from planner.data.case import Case
from planner.data.stages import STAGE_LEVERS, STAGES, stages_told
from planner.explanation.counterfactuals import Counterfactual, Reference, SolveAll
from planner.results.explanation import LeverValue, LeverValues

MOST_SUBSETS = 128
"""Subsets of levers that are solved, seven levers; of more levers orders are sampled."""
MOST_SUBSETS_LARGE = 40
"""Subsets of levers that are solved at most where the program is large: three pairs of orders of seven levers."""
SEED = 1
"""Of the orders that are sampled."""
FEWEST_PAIRS = 2
"""Pairs of orders that show how far pairs are apart."""
MOST_PAIRS = 500
"""Pairs of orders that are tried."""


@dataclass(frozen=True, kw_only=True)
class LeverStep:
    """Levers of the model file that are pulled together, as one: its key and its name for people."""

    key: str
    name: str
    levers: tuple[Lever, ...]


def _all_steps() -> tuple[LeverStep, ...]:
    found = []
    for stage in STAGES.values():
        found.append(LeverStep(key=stage.name, name=stage.making, levers=(stage.lever,)))
    people: tuple[Lever, ...] = ("training", "hiring")
    found.append(LeverStep(key="people", name="training and hiring", levers=people))
    found.append(LeverStep(key="stockpile", name="stock", levers=("stockpile",)))
    return tuple(found)


STEPS = _all_steps()
"""The order in which cumulative levers are shown."""


def steps(case: Case) -> list[LeverStep]:
    """The levers of a run; of stages outside the core of the chain those that the case has plants of."""
    present = {row.stage for row in case.projects.values()}
    told = {stage.lever for stage in stages_told(present)}
    absent = set(STAGE_LEVERS) - told
    may_be_pulled = set(case.model.levers) - absent
    found = []
    for step in STEPS:
        allowed = tuple(lever for lever in step.levers if lever in may_be_pulled)
        if allowed:
            found.append(LeverStep(key=step.key, name=step.name, levers=allowed))
    return found


# ---- subsets ---------------------------------------------------------------------------------------------------------

Subset = frozenset[int]
"""Places of levers in the list of steps."""


def levers_of(pulled: Iterable[LeverStep]) -> tuple[Lever, ...]:
    """All levers of some steps, in the order of the model file."""
    found: set[Lever] = set()
    for step in pulled:
        found.update(step.levers)
    return tuple(lever for lever in LEVERS if lever in found)


def key_of(pulled: Iterable[LeverStep]) -> str:
    """The key of the counterfactual in which these levers alone are pulled."""
    return f"levers:{'+'.join(levers_of(pulled))}"


def only(
    reference: Reference,
    pulled: Sequence[LeverStep],
    *,
    after: str = "",
    with_cost: bool = False,
    want_x: bool = False,
) -> Counterfactual:
    """The counterfactual in which these levers alone are pulled. after: the key of one to go on from."""
    make = partial(reference.only, levers_of(pulled))
    return Counterfactual(key_of(pulled), make, after, with_cost=with_cost, want_x=want_x)


class SubsetStep(NamedTuple):
    """A subset of levers, and the one that it goes on from, a lever larger or smaller (None: the plan itself)."""

    subset: Subset
    before: Subset | None


def all_subsets(count: int) -> list[SubsetStep]:
    """Every subset of so many levers but the whole, largest first."""
    everything = frozenset(range(count))
    found = []
    for size in range(1, count + 1):
        for missing in combinations(range(count), size):
            before = everything - frozenset(missing[:-1])
            found.append(SubsetStep(everything - frozenset(missing), before if size > 1 else None))
    return found


def along_orders(orders: Sequence[Sequence[int]], count: int) -> list[SubsetStep]:
    """The subsets that orders of so many levers pass through, largest first."""
    found: dict[Subset, SubsetStep] = {}
    for order in orders:
        for size in range(count - 1, -1, -1):
            before = frozenset(order[: size + 1]) if size + 1 < count else None
            subset = frozenset(order[:size])
            found.setdefault(subset, SubsetStep(subset, before))
    return sorted(found.values(), key=_largest_first)


def _largest_first(branch: SubsetStep) -> tuple[int, list[int]]:
    return -len(branch.subset), sorted(branch.subset)


def sampled_orders(count: int, most: int) -> list[tuple[int, ...]]:
    """Random orders of so many levers, each beside its reverse, that pass through at most so many subsets."""
    random = np.random.default_rng(SEED)
    orders: list[tuple[int, ...]] = []
    for _ in range(MOST_PAIRS):
        order = tuple(random.permutation(count).tolist())
        pair = [*orders, order, order[::-1]]
        if len(along_orders(pair, count)) >= most and len(orders) >= 2 * FEWEST_PAIRS:
            break
        orders = pair
    return orders


# ---- values ----------------------------------------------------------------------------------------------------------


def lever_values(
    reference: Reference, everything: float, solve: SolveAll, most: int = MOST_SUBSETS
) -> LeverValues:
    """The value of each lever of a run. everything: the objective with all of them; most: subsets to be solved.

    Where there are more subsets, orders are sampled, and each share has a standard error.
    """
    known = steps(reference.case)
    count = len(known)
    orders = sampled_orders(count, most) if 2**count > most else []
    tree = along_orders(orders, count) if orders else all_subsets(count)
    objective = _objectives(reference, known, [*tree, *_first_and_last(count)], solve)
    objective[frozenset(range(count))] = everything
    values = []
    for place, step in enumerate(known):
        first, last = ends_of(place, objective, count)
        if orders:
            share, doubt = sampled_share(place, objective, orders)
        else:
            share, doubt = exact_share(place, objective, count), 0.0
        value = LeverValue(
            key=step.key, name=step.name, first_in=first, last_out=last, shapley=share, doubt=doubt
        )
        values.append(value)
    return LeverValues(
        nothing=objective[frozenset()],
        everything=everything,
        levers=values,
        subsets=len(objective),
        orders=len(orders),
    )


def _objectives(
    reference: Reference, known: Sequence[LeverStep], tree: Sequence[SubsetStep], solve: SolveAll
) -> dict[Subset, float]:
    """The objective (MUSD) with the levers of each subset, in the order in which they go on from one another."""
    asked = {}
    for branch in tree:
        if branch.subset in asked:
            continue
        pulled = [known[place] for place in sorted(branch.subset)]
        after = ""
        if branch.before is not None:
            after = key_of([known[place] for place in sorted(branch.before)])
        asked[branch.subset] = only(reference, pulled, after=after)
    found = solve(asked.values())
    return {subset: found[one.key].objective for subset, one in asked.items()}


def _first_and_last(count: int) -> list[SubsetStep]:
    """All but one lever, no lever, and each lever alone, which goes on from none: from the plan it is a long way."""
    everything, nothing = frozenset(range(count)), frozenset[int]()
    found = [SubsetStep(everything - {place}, None) for place in range(count)]
    found.append(SubsetStep(nothing, None))
    found += [SubsetStep(frozenset([place]), nothing) for place in range(count)]
    return found


def ends_of(place: int, objective: Mapping[Subset, float], count: int) -> tuple[float, float]:
    """Reduction of the objective by a lever that is pulled alone, and by it where all others are pulled."""
    everything = frozenset(range(count))
    first = objective[frozenset()] - objective[frozenset([place])]
    last = objective[everything - {place}] - objective[everything]
    return first, last


def exact_share(place: int, objective: Mapping[Subset, float], count: int) -> float:
    """The Shapley share of a lever: its reduction of the objective, mean over all orders of pulling so many levers."""
    others = [other for other in range(count) if other != place]
    share = 0.0
    for size in range(count):
        orders = count * math.comb(count - 1, size)
        for chosen in combinations(others, size):
            before = frozenset(chosen)
            share += (objective[before] - objective[before | {place}]) / orders
    return share


def sampled_share(
    place: int, objective: Mapping[Subset, float], orders: Sequence[Sequence[int]]
) -> tuple[float, float]:
    """The Shapley share of a lever, and its standard error, from orders that stand in pairs."""
    found = []
    for order in orders:
        before = frozenset(order[: order.index(place)])
        found.append(objective[before] - objective[before | {place}])
    pairs = np.array(found).reshape(-1, 2).mean(axis=1)
    error = float(pairs.std(ddof=1)) / math.sqrt(len(pairs)) if len(pairs) > 1 else 0.0
    return float(pairs.mean()), error
