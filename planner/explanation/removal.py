"""Plants taken out of a plan: the loss of the alliance without them, all else planned anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from planner.explanation.counterfactuals import (
    Counterfactual,
    Mask,
    Optimum,
    Reference,
    held_at_zero,
    optimum,
)
from planner.results.business_case import Removal
from planner.results.plan import Plan
from planner.solving.program import Program, Vector

NOTICED = 0.1
"""Tonnes from which another plan builds or buys more."""
Shortfall = Mapping[str, Mapping[str, float]]
"""Tonnes over the horizon by scenario and element."""


def removed(plan: Plan, projects: Sequence[str]) -> Removal:
    """The loss of the alliance without the plants: solved with and without them. Raises StoppedError."""
    reference = Reference(plan.case, plan.point)
    program = reference.program
    is_build = _builds_of(program, projects)
    whole, x = _best(reference, "with", lambda: program)
    none, x_without = _best(reference, "without", lambda: held_at_zero(program, is_build))
    more_risk = none.risk - whole.risk
    if reference.goal == "risk":
        more_risk = none.objective - whole.objective
    saved = {}
    for scenario, loss in whole.losses.items():
        saved[scenario] = none.losses[scenario] - loss
    short_with = _shortfall(reference, x)
    short_without = _shortfall(reference, x_without)
    short = _more_short(short_with, short_without)
    expected, most = _over_scenarios(reference, short)
    return Removal(
        worth=_more(none, whole),
        risk=more_risk,
        shortfall_t=expected,
        saved=saved,
        instead=_instead(reference, whole, none, projects),
        stock_t=most,
    )


def _builds_of(program: Program, projects: Sequence[str]) -> Mask:
    """The columns that build one of some projects (n)."""
    found = np.zeros(len(program.columns), dtype=bool)
    for column, (name, index) in enumerate(program.columns):
        found[column] = name == "build" and index[0] in projects
    return found


def _best(reference: Reference, key: str, make: Callable[[], Program]) -> tuple[Optimum, Vector]:
    found = optimum(Counterfactual(key, make, with_cost=True, want_x=True), reference)
    assert found.x is not None  # noqa: S101 (wanted above)
    return found, found.x


def _more(than: Optimum, whole: Optimum) -> float:
    """Cost and risk over those of the whole plan (MUSD)."""
    return than.risk + (than.cost or 0.0) - whole.risk - (whole.cost or 0.0)


def _shortfall(reference: Reference, x: Vector) -> dict[str, dict[str, float]]:
    """Shortfall over the horizon by scenario and element (t)."""
    case, nodes = reference.case, reference.scope.tree.nodes
    out = {scenario: dict.fromkeys(case.elements, 0.0) for scenario in case.scenarios}
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name != "shortfall":
            continue
        for scenario in nodes[index[3]].scenarios:
            out[scenario][index[1]] += tonnes
    return out


def _more_short(before: Shortfall, after: Shortfall) -> Shortfall:
    """Shortfall that the plants avoid, by scenario and element (t)."""
    out = {}
    for scenario, tonnes in after.items():
        known = before[scenario]
        out[scenario] = {element: t - known[element] for element, t in tonnes.items()}
    return out


def _over_scenarios(
    reference: Reference, short: Shortfall
) -> tuple[dict[str, float], dict[str, float]]:
    """Tonnes of each element, expected over the scenarios, and in the scenario in which they are most."""
    expected: dict[str, float] = {}
    most: dict[str, float] = {}
    chances = reference.case.scenarios
    for element in sorted(reference.case.elements):
        tonnes = {scenario: of[element] for scenario, of in short.items()}
        weighed = [chances[scenario] * t for scenario, t in tonnes.items()]
        expected[element] = sum(weighed)
        most[element] = max(0.0, *tonnes.values())
    return expected, most


def _instead(
    reference: Reference, whole: Optimum, none: Optimum, projects: Sequence[str]
) -> dict[str, float]:
    """Plants built (t/y) and elements bought (t) more without the plants, expected."""
    out = defaultdict[str, float](float)
    for what, amount in _expected(reference, none):
        out[what] += amount
    for what, amount in _expected(reference, whole):
        out[what] -= amount
    more = {}
    for what, amount in out.items():
        if what not in projects and amount > NOTICED:
            more[what] = amount
    return more


def _expected(reference: Reference, found: Optimum) -> Iterator[tuple[str, float]]:
    """(project or element, amount): builds (t/y) and purchases (t) of an optimum, expected, decision by decision."""
    for (name, index), amount in found.decisions.items():
        if name == "build":
            project, node = index
            yield project, amount * found.nodes[node].probability
        elif name == "bought":
            chance = reference.scope.tree.nodes[index[-1]].probability
            yield index[1], amount * chance
