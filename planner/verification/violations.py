"""How far a rule is broken, relative to the size of its two sides. What is not a number breaks every rule."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Broken = tuple[str, float]
"""(rule, largest relative violation; 0 if it holds)."""
Side = float | NDArray[np.float64]
"""One number, or those of many places at once."""


def at_most(rule: str, left: Side, right: Side) -> Broken:
    """left <= right."""
    over = np.subtract(left, right)
    # Infinite sides make no number of the product, so that they break the rule.
    return _relative(rule, np.maximum(over, 0.0 * over), left, right)


def equal(rule: str, left: Side, right: Side) -> Broken:
    """left = right."""
    apart = np.abs(np.subtract(left, right))
    return _relative(rule, apart, left, right)


def never(rule: str, amount: Side) -> Broken:
    """Nothing of this may happen."""
    return rule, _largest(np.abs(amount))


def _relative(rule: str, violation: Side, left: Side, right: Side) -> Broken:
    larger = np.maximum(np.abs(left), np.abs(right))
    return rule, _largest(violation / (1.0 + larger))


def _largest(violations: Side) -> float:
    largest = float(np.max(violations, initial=0.0))
    return math.inf if math.isnan(largest) else largest
