"""Chapters of two runs compared: which input explains which change, the plans, the inputs that differ."""

from __future__ import annotations

from planner.reporting.panels import key_figures
from planner.reporting.panels.payers import payers
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
from planner.reporting.words.numbers import NOTHING, count, listed, number, signed
from planner.results.comparison import Cause, Comparison, Figures
from planner.results.plan import Plan

TOLD, MANY = 3, 40
"""Causes that are named in a sentence, and cells that are shown without being asked for."""


def sentences(found: Comparison) -> list[str]:
    """The changes of risk and cost, and the causes with the largest effects."""
    first, second = found.first, found.second
    cells, groups = count(len(found.cells), "input"), count(len(found.causes), "group")
    lines = [
        f"Risk {number(first.risk)} → {number(second.risk)} MUSD, "
        f"cost {number(first.cost)} → {number(second.cost)} MUSD; {cells} in {groups} differ."
    ]
    if found.causes:
        alone = [cause for cause in found.causes if cause.alone]
        alone.sort(key=lambda cause: -abs(found.effect(cause)))
        parts = [f"{cause.group} {signed(found.effect(cause))} MUSD" for cause in alone[:TOLD]]
        lines.append(
            f"Of the change of {signed(second.risk - first.risk)} MUSD, alone: {listed(parts) or 'none'}; "
            f"interplay {signed(found.interplay)} MUSD."
        )
    return lines


def chapters(found: Comparison, first: Plan, second: Plan, place: int) -> list[Chapter]:
    """The three chapters about one of the other runs. first, second: the plan of the first run, and that of this one."""

    def chapter(anchor: str, about: str, parts: list[Part], lead: str = "") -> Chapter:
        title = f"{found.after}: {about}"
        return Chapter(anchor=f"{anchor}-{place}", title=title, lead=lead, parts=parts)

    causes = causes_table(found) if found.causes else Text(["The inputs are the same."])
    differing = key_figures.differing(first, {found.after: second}, found.before)
    same = Text(["Both build the same."])
    paid = payers(second, first)
    plan: list[Part] = [differing or same, key_figures.plants(second, first)]
    if paid is not None:
        plan.append(paid)
    cells = _cells(found) if found.cells else Text(["None."])
    return [
        chapter(
            "causes", "which input explains which change", [causes], "One at a time, each solved."
        ),
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
        title="Causes of the change",
        note=_effects_note(found, missing),
    )


def _effects_note(found: Comparison, missing: int) -> str:
    if missing:
        return "Solving: the effect of each change alone…"
    if not found.causes:
        return "Nothing was changed."
    return f"Against {found.before}{'; each change alone' if len(found.causes) > 1 else ''}."


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
