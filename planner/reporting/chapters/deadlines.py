"""Decisions that are due now, and those that may be taken later: at a date, or at a sign."""

from __future__ import annotations

from collections.abc import Iterator

from planner.reporting.parts import (
    DeclaredTable,
    ReportTable,
    Statement,
    TableRow,
    figures,
    per_cent,
    text,
    whole,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import NOTHING, span
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.deadlines import Deadlines, Later, deadlines
from planner.results.figures.plants import counted
from planner.results.signs import Sign

say = Passages("deadlines.j2")
OF_TABLES = (
    "tables/investments.csv: year, scenarios, capex_musd; inputs/projects.csv: lead_time_years"
)
MOST_SIGNS = 2
"""Signs of a project that are told, the likeliest."""


def deadline_statements(run: RunView) -> Iterator[Statement]:
    """The share of the plan due by its second year, and the dates or signs of the rest; none if nothing is built."""
    found = deadlines(run)
    if found is None:
        return
    signs, parts = _waiting_for_signs(found)
    sentence = say("statement", found=found, signs=signs, parts=parts)
    yield Statement(about=f"Decide by {found.until}", sentence=sentence, source=_source(found))


def _source(found: Deadlines) -> str:
    """The files behind the dates and, where there are some, the signs."""
    return f"{OF_TABLES}; {EXPLANATION}: flexibility" if found.waiting else OF_TABLES


def _waiting_for_signs(found: Deadlines) -> tuple[int, int]:
    """The numbers of projects that wait for a sign, in the plan or in the one that answers, wholly and in part."""
    waiting = {one.project: one for one in [*found.later, *found.waiting] if one.signs}
    parts = sum(one.is_part for one in waiting.values())
    return len(waiting) - parts, parts


class DecidedLater(DeclaredTable):
    """A row a project: at which date or sign its decision is taken, and what follows."""

    folded = True
    stacked = True

    project = text()
    years = text("decided at the latest")
    lead = whole("lead time", "years")
    first_output = whole("first output")
    capital = figures("capital, expected", "MUSD, not discounted")
    sign = text("waits for")
    probability = per_cent("probability", "of the sign")


def later_table(run: RunView) -> ReportTable | None:
    """Decisions later than the second year, or at a sign; None where all is decided by then."""
    found = deadlines(run)
    if found is None or not (found.later or found.waiting):
        return None
    at_a_sign = {one.project: one for one in found.waiting if not one.is_part}
    later = counted(run, [one.project for one in [*found.later, *found.waiting]])
    rows = []
    for one in found.later:
        rows.append(_row(run.names, at_a_sign.pop(one.project, one)))
    for one in found.waiting:
        if one.is_part or one.project in at_a_sign:
            rows.append(_row(run.names, one))
    signs = sum(_waiting_for_signs(found))
    title = say("later_title", found=found, later=later, signs=signs)
    note = say("later_note", found=found, signs=signs)
    return DecidedLater.from_rows(rows, title=title, note=note, source=_source(found))


def _row(names: Names, one: Later) -> TableRow:
    told = [sign_words(names, sign) for sign in one.signs[:MOST_SIGNS]]
    placed = names.placed(one.project)
    return {
        "project": f"{placed}, part of it" if one.signs and one.is_part else placed,
        "years": span(one.first, one.last),
        "lead": one.lead,
        "first_output": one.first_output,
        "capital": one.capital,
        "sign": "; or ".join(told) or NOTHING,
        "probability": one.probability,
    }


def sign_words(names: Names, sign: Sign) -> str:
    """'imports from China at 10 % in 2029', or that this has not come."""
    if sign.kind in ("import", "price"):
        name = names.party(sign.subject)
    elif sign.kind == "demand":
        name = names.country(sign.subject)
    else:
        name = names.placed(sign.subject)
    return say("event", sign=sign, name=name)
