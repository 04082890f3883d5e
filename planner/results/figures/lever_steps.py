"""Steps from the risk without a plan to the risk with it, lever by lever."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.results.explanation import AlternativePlan, Explanation
from planner.results.plan import Plan

LEVERS = "levers="
LeverSet = frozenset[str]


@dataclass(frozen=True)
class RiskStep:
    """LeverSet that are added, and the risk (MUSD) before and after."""

    levers: LeverSet
    before: float
    after: float


def lever_steps(plan: Plan) -> list[RiskStep]:
    """Return the steps along the longest chain of nested sets of levers that `explain` solved; none without one.

    Of chains of one length the one whose smallest step is largest.
    """
    explanation = plan.explanation
    if explanation is None:
        return []
    by_levers = _solved(plan, explanation)
    whole = frozenset(plan.case.model.levers)
    if not whole or frozenset() not in by_levers:
        return []
    chains = [_steps(chain, by_levers) for chain in _chains(frozenset(), whole, list(by_levers))]
    return max(
        chains, key=lambda steps: (len(steps), min(_size(step) for step in steps)), default=[]
    )


def _size(step: RiskStep) -> float:
    return abs(step.before - step.after)


def _solved(plan: Plan, explanation: Explanation) -> dict[LeverSet, AlternativePlan]:
    """Set of levers -> the plan with them alone."""
    by_levers: dict[LeverSet, AlternativePlan] = {}
    by_levers[frozenset(plan.case.model.levers)] = explanation.own
    for one in explanation.alternatives:
        if len(one.changes) == 1 and one.changes[0].startswith(LEVERS):
            levers = frozenset(json.loads(one.changes[0].removeprefix(LEVERS)))
            by_levers.setdefault(levers, one)
    return by_levers


def _chains(first: LeverSet, last: LeverSet, between: list[LeverSet]) -> Iterator[list[LeverSet]]:
    """Every chain of growing sets from the first to the last."""
    if first == last:
        yield [first]
        return
    for one in between:
        if first < one <= last:
            for chain in _chains(one, last, between):
                yield [first, *chain]


def _steps(chain: Sequence[LeverSet], by_levers: dict[LeverSet, AlternativePlan]) -> list[RiskStep]:
    steps = []
    for before, after in pairwise(chain):
        steps.append(RiskStep(after - before, by_levers[before].risk, by_levers[after].risk))
    return steps
