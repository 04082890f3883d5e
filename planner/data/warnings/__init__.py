"""Questions that a good colleague would ask before solving: named, each silenceable, none of them a fault.

`warnings_of(case)` says where the inputs, though valid, are probably not what was meant. A question is a line of
measures.csv (a figure beside its like, or beside an amount of `amounts`), a line of names.csv (a name beside those that are
of use), or a function over rows. rules.toml has the words of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from planner.data.case import Case
from planner.data.warnings import dangers, figures, gaps, names, rows
from planner.data.warnings.facts import CaseFacts
from planner.errors import Fault

PLACES = 3
"""Places that are named for a rule where its warnings are told to people."""
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
        warnings += map(case.origin.fault, question(facts))
    return [warning for warning in warnings if warning.rule not in ignore]


def grouped(warnings: Iterable[Fault]) -> list[Fault]:
    """One warning a rule, for people: the first, how many more there are, and where the next two stand."""
    by_rule: dict[str, list[Fault]] = defaultdict(list)
    for warning in warnings:
        by_rule[warning.rule].append(warning)
    lines: list[Fault] = []
    for first, *more in by_rule.values():
        also = list(first.also)
        for other in more[: PLACES - 1]:
            also.append(f"{other.place}:{other.line}" if other.line else other.place)
        count = f", and {len(more)} more such" if more else ""
        lines.append(replace(first, message=f"{first.message}{count}", also=tuple(also)))
    return lines
