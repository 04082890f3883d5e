"""Definitions of the terms of a page, shown on hover and in the annex."""

from __future__ import annotations

import re

GLOSSARY = {
    "risk": "Blend of expected loss and mean loss of the worst cases, discounted, as `objective.risk_aversion` weighs them.",
    "expected loss": "Mean over the scenarios of unmet demand times loss per kg.",
    "worst cases": "Scenarios with the largest losses, of the probability 1 - `objective.tail`; their mean loss is the CVaR.",
    "scenario": "One course of shocks with a probability.",
    "undisturbed": "Without any shock.",
    "unmet demand": "Demand less what plants, imports, stock and savings meet.",
    "public money": "Payments of the funders: public capital, training, hiring, stock. Expected, not discounted.",
    "cost": "Capital, operation, imports, people and stock, expected and discounted.",
    "in sample": "In the scenarios of the optimisation.",
    "marginal value": "Reduction of the objective by one more unit of a scarce thing.",
    "lever": "A kind of measure: a stage of plants, saving, people, stock.",
    "savings measure": "Thrift, substitution or reuse that replaces demand.",
    "95 % interval": "Range that covers the figure with 95 % confidence, from the sampling of scenarios alone.",
    "t/y": "Tonnes a year, as the basis of a plant counts them.",
}
"""Term -> definition."""
_TERMS = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, GLOSSARY), key=len, reverse=True)) + r")(?=s?\b)",
    re.IGNORECASE,
)


def defined(text: str) -> list[tuple[str, str]]:
    """Split a text into pieces, each with its definition or ''. A term is defined once.

    >>> defined("Risk in sample")[0][0]
    'Risk'
    """
    pieces: list[tuple[str, str]] = []
    at, seen = 0, set[str]()
    for match in _TERMS.finditer(text):
        term = match[0].casefold()
        if term in seen:
            continue
        seen.add(term)
        pieces += [(text[at : match.start()], ""), (match[0], GLOSSARY[term])]
        at = match.end()
    return [piece for piece in [*pieces, (text[at:], "")] if piece[0]]
