"""Kept variants beside the one that they are compared with: only figures that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from planner.reporting.words import numbers
from planner.reporting.words.names import names_of
from planner.results.plan import Plan
from planner.server.two_plans import parties

SUMS = {
    "risk_musd": "residual risk, MUSD",
    "cost_musd": "cost, MUSD",
    "expected_loss_musd": "expected loss, MUSD",
    "cvar_musd": "loss in the worst scenarios (CVaR), MUSD",
    "public_spend_musd": "public money, MUSD",
}
"""Figures of a summary and what they are called."""
SAME = 1e-6
"""Relative difference up to which two figures count as equal."""


@dataclass(frozen=True, kw_only=True)
class DifferingRow:
    """A figure that differs: what it is, of the plan that others are compared with, and of each of these."""

    words: str
    first: float
    others: Sequence[float]


def differing(root: Plan, others: Sequence[Plan]) -> list[DifferingRow]:
    """Figures, allies and new capacities that differ in one of the plans at least."""
    first = _figures(root, root)
    rest = [_figures(root, view) for view in others]
    words_in_order = dict.fromkeys(chain(first, *rest))
    rows = []
    for words in words_in_order:
        here = first.get(words, 0.0)
        there = [found.get(words, 0.0) for found in rest]
        slight = max(SAME * abs(here), numbers.LEAST_CHANGE)
        if any(abs(value - here) > slight for value in there):
            rows.append(DifferingRow(words=words, first=here, others=there))
    return rows


def _figures(root: Plan, view: Plan) -> dict[str, float]:
    """Figures of a kept plan by name for people; units stand in the names."""
    names = names_of(root.case)
    summary = view.summary
    found = {words: summary[key] for key, words in SUMS.items()}
    for element, tonnes in summary["expected_shortfall_t"].items():
        found[f"expected unmet demand, {names.element(element)}, t"] = tonnes
    for party in parties(view, None):
        found[f"{party['name']}: residual loss, MUSD"] = party["loss"]
        found[f"{party['name']}: pays, MUSD"] = party["paid"]
    for project, tonnes in summary["new_capacity_tpa"].items():
        found[f"{names.placed(project)}, t/y"] = tonnes
    return found
