"""How far a rule is broken, relative to the size of its two sides. Something that is not a number breaks every rule."""

from __future__ import annotations

import math

Broken = tuple[str, float]
"""(rule, relative violation; 0 if it holds)."""


def at_most(rule: str, left: float, right: float) -> Broken:
    """left <= right."""
    return rule, _counted(max(left - right, 0.0 * (left - right)) / (1.0 + max(abs(left), abs(right))))


def equal(rule: str, left: float, right: float) -> Broken:
    """left = right."""
    return rule, _counted(abs(left - right) / (1.0 + max(abs(left), abs(right))))


def never(rule: str, amount: float) -> Broken:
    """Nothing of this may happen."""
    return rule, _counted(abs(amount))


def _counted(violation: float) -> float:
    return math.inf if math.isnan(violation) else violation
