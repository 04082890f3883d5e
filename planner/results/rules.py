"""How far a rule is broken, relative to the size of its two sides."""

from __future__ import annotations

Broken = tuple[str, float]
"""(rule, relative violation; 0 if it holds)."""


def at_most(rule: str, left: float, right: float) -> Broken:
    """left <= right."""
    return rule, max(0.0, left - right) / (1.0 + max(abs(left), abs(right)))


def equal(rule: str, left: float, right: float) -> Broken:
    """left = right."""
    return rule, abs(left - right) / (1.0 + max(abs(left), abs(right)))


def never(rule: str, amount: float) -> Broken:
    """Nothing of this may happen."""
    return rule, abs(amount)
