"""Questions that a good colleague would ask before solving: named, each silenceable, none of them a fault.

`warnings_of(case)` says where the inputs, though valid, are probably not what was meant. A question is a line of
measures.csv (a figure beside its like, or beside an amount of `amounts`), a line of names.csv (a name beside those that are
of use), or a function over rows. rules.toml has the words of each.
"""

from __future__ import annotations

from collections.abc import Collection

from planner.data.case import Case
from planner.data.warnings import dangers, figures, gaps, names, rows
from planner.data.warnings.facts import CaseFacts
from planner.errors import Fault

QUESTIONS = (
    figures.odd_figures,
    names.useless_names,
    *rows.QUESTIONS,
    *dangers.QUESTIONS,
    *gaps.QUESTIONS,
)


def warnings_of(case: Case, ignore: Collection[str] = ()) -> list[Fault]:
    """Warnings about a valid case, at their places, without those whose names are in `ignore`."""
    facts = CaseFacts(case)
    warnings = list(case.origin.remarks)
    for question in QUESTIONS:
        warnings += map(case.origin.placed, question(facts))
    return [warning for warning in warnings if warning.rule not in ignore]
