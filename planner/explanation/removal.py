"""Plants taken out of a plan: the loss of the alliance without them, all else planned anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    held_at_zero,
    held_below,
    optimum,
)
from planner.results.business_case import Removal
from planner.results.plan import PlanValues
from planner.solving.program import Program, Vector

NOTICED = 0.1
"""Tonnes from which another plan builds or buys more."""
Shortfall = Mapping[str, Mapping[str, float]]
"""Tonnes over the horizon by future and element."""


def removed(plan: PlanValues, projects: Sequence[str]) -> Removal:
    """The loss of the alliance without the plants, and with half of them: solved with, without and with half of what
    the plan builds. Raises StoppedError."""
    reference = Reference(plan.case, plan.point)
    program = reference.program
    builds = [key[0] == "build" and key[1][0] in projects for key in program.columns]
    mask = np.array(builds)
    whole, x = _best(reference, "with", lambda: program)
    most = np.where(mask, x / 2, program.upper)
    half, _ = _best(reference, "half", lambda: held_below(program, most))
    none, x_without = _best(reference, "without", lambda: held_at_zero(program, mask))
    more_risk = none.risk - whole.risk
    if reference.goal == "risk":
        more_risk = none.objective - whole.objective
    short = _more_short(_shortfall(reference, x), _shortfall(reference, x_without))
    elements = sorted(reference.case.elements)
    chances = reference.case.scenarios
    return Removal(
        worth=_more(none, whole),
        risk=more_risk,
        shortfall_t={e: sum(chances[w] * short[w][e] for w in short) for e in elements},
        half=_more(half, whole),
        saved={w: none.losses[w] - loss for w, loss in whole.losses.items()},
        instead=_instead(reference, whole, none, projects),
        stock_t={e: max(0.0, *(tonnes[e] for tonnes in short.values())) for e in elements},
    )


def _best(reference: Reference, key: str, make: Callable[[], Program]) -> tuple[Optimum, Vector]:
    found = optimum(Counterfactual(key, make, with_cost=True, want_x=True), reference)
    assert found.x is not None  # noqa: S101 (wanted above)
    return found, found.x


def _more(than: Optimum, whole: Optimum) -> float:
    """Cost and risk over those of the whole plan (MUSD)."""
    return than.risk + (than.cost or 0.0) - whole.risk - (whole.cost or 0.0)


def _more_short(before: Shortfall, after: Shortfall) -> Shortfall:
    """Shortfall that the plants avoid, by future and element (t)."""
    out = {}
    for future, tonnes in after.items():
        out[future] = {element: t - before[future][element] for element, t in tonnes.items()}
    return out


def _instead(
    reference: Reference, whole: Optimum, none: Optimum, projects: Sequence[str]
) -> dict[str, float]:
    """Plants built (t/y) and elements bought (t) more without the plants, expected."""
    scope, out = reference.scope, defaultdict[str, float](float)
    for sign, found in ((1.0, none), (-1.0, whole)):
        for (name, index), amount in found.decisions.items():
            if name == "build" and index[0] not in projects:
                out[index[0]] += sign * amount * found.nodes[index[-1]].probability
            elif name == "bought":
                out[index[1]] += sign * amount * scope.tree.nodes[index[-1]].probability
    return {what: amount for what, amount in out.items() if amount > NOTICED}


def _shortfall(reference: Reference, x: Vector) -> dict[str, dict[str, float]]:
    """Shortfall over the horizon by future and element (t)."""
    out = {w: dict.fromkeys(reference.case.elements, 0.0) for w in reference.case.scenarios}
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "shortfall":
            for scenario in reference.scope.tree.nodes[index[3]].scenarios:
                out[scenario][index[1]] += tonnes
    return out
