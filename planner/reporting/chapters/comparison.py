"""Chapters of two runs compared: which input explains which change, the plans, the inputs that differ."""

from __future__ import annotations

from planner.reporting.chapters import beside, money
from planner.reporting.parts import (
    Chapter,
    Part,
    ReportTable,
    TableRow,
    Text,
    changed,
    figures,
    frame_of,
    in_musd,
    reworded,
    text,
)
from planner.reporting.words.numbers import NOTHING, signed
from planner.reporting.words.sentences import Passages
from planner.results.comparison import Cause, Comparison, Figures
from planner.results.plan import Plan

say = Passages("comparison.j2")
TOLD, MANY = 3, 40
"""Causes that are named in a sentence, and cells that are shown without being asked for."""


def sentences(found: Comparison) -> list[str]:
    """One or two sentences on the changes and their reasons."""
    alone = [cause for cause in found.causes if cause.alone]
    alone.sort(key=lambda cause: -abs(found.effect(cause)))
    parts = [f"{cause.group} {signed(found.effect(cause))} MUSD" for cause in alone[:TOLD]]
    return say.lines("changed", found=found, parts=parts)


def chapters(found: Comparison, first: Plan, second: Plan, place: int) -> list[Chapter]:
    """The three chapters about one of the other runs. first, second: the plan of the first run, and that of this one."""

    def chapter(anchor: str, about: str, parts: list[Part], lead: str = "") -> Chapter:
        title = f"{found.after}: {about}"
        return Chapter(anchor=f"{anchor}-{place}", title=title, lead=lead, parts=parts)

    causes = causes_table(found) if found.causes else Text([say("same_inputs")])
    differing = beside.differing(first, {found.after: second}, found.before)
    same = Text([say("same_plan")])
    payers = money.payers(second, first)
    plan: list[Part] = [differing or same, beside.plants(second, first)]
    if payers is not None:
        plan.append(payers)
    cells = _cells(found) if found.cells else Text([say("no_cells")])
    return [
        chapter("causes", "which input explains which change", [causes], say("causes")),
        chapter("plan", "the plan", plan),
        chapter("inputs", "inputs that differ", [cells]),
    ]


CAUSES = ReportTable(
    title="Causes",
    columns=[
        text("group", "inputs as in the other run"),
        figures("cells"),
        in_musd("risk"),
        changed("moved", "change", "MUSD"),
        in_musd("cost"),
        changed("cost_moved", "change", "MUSD"),
        text("why", "why not alone"),
    ],
)
"""A row a group of inputs."""


def causes_table(found: Comparison) -> ReportTable:
    """Each group of inputs changed alone, then their interplay and all of it."""
    rows = [_cause(found, cause) for cause in found.causes]
    rows += _together(found)
    marks = [""] * len(found.causes)
    return CAUSES.over(rows, marks=[*marks, "", "total"])


def effects_table(found: Comparison, missing: int) -> ReportTable:
    """The changes of the same, where there is little room. missing: causes that are not solved yet, before which nothing
    is known of their interplay."""
    rows = [_cause(found, cause) for cause in found.causes]
    if not missing and len(rows) > 1:
        rows += _together(found)
    alone = {"group": {"title": "change"}, "moved": {"title": "risk"}}
    return CAUSES.over(
        rows,
        ("cells", "risk", "cost", "why"),
        columns=reworded(CAUSES.columns, alone | {"cost_moved": {"title": "cost"}}),
        title=say("effects_title"),
        note=say("effects", found=found, missing=missing),
    )


def _together(found: Comparison) -> list[TableRow]:
    """The effect of all causes together beyond those of each alone, and all of it."""
    first, second = found.first, found.second
    cost = second.cost - first.cost
    alone = [cause.alone.cost - first.cost for cause in found.causes if cause.alone is not None]
    nothing: TableRow = {"cells": "", "why": ""}
    interplay = {"moved": found.interplay, "cost_moved": cost - sum(alone)}
    together = {"moved": second.risk - first.risk} | _figures(first, second)
    return [
        nothing | {"group": "Interplay of the groups"} | interplay,
        nothing | {"group": "All of it"} | together,
    ]


def _figures(first: Figures, second: Figures) -> TableRow:
    """Risk and cost of a second plan, and how its cost differs from that of a first."""
    return {"risk": second.risk, "cost": second.cost, "cost_moved": second.cost - first.cost}


def _cause(found: Comparison, cause: Cause) -> TableRow:
    row: TableRow = {"group": cause.group, "cells": str(cause.cells), "why": cause.why}
    if cause.alone is not None:
        row |= _figures(found.first, cause.alone)
        row["moved"] = found.effect(cause)
    return row


DIFFERING_CELLS = ReportTable(
    title="Inputs",
    columns=[text("group"), text("where", "row"), text("column"), text("before"), text("after")],
)
"""A row a cell."""


def _cells(found: Comparison) -> ReportTable:
    """Cells of inputs that differ."""
    frame = frame_of(found.cells)
    frame[["before", "after"]] = frame[["before", "after"]].replace("", NOTHING)
    words = {"before": {"title": found.before}, "after": {"title": found.after}}
    columns = reworded(DIFFERING_CELLS.columns, words)
    return DIFFERING_CELLS.over(frame, columns=columns, folded=len(frame) > MANY)
