"""Chapters of two runs compared: which input explains which change, the plans, the inputs that differ."""

from __future__ import annotations

import pandas as pd

from planner.reporting.parts import (
    Chapter,
    Column,
    DeclaredTable,
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
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import NOTHING, number, signed
from planner.reporting.words.sentences import Passages
from planner.results.comparison import Cause, Comparison, Figures
from planner.thresholds import SHOWN_T

say = Passages("comparison.j2")
TOLD, MANY = 3, 40
"""Causes that are named in a sentence, and cells that are shown without being asked for."""


def sentences(found: Comparison) -> list[str]:
    """One or two sentences on the changes and their reasons."""
    alone = [cause for cause in found.causes if cause.alone]
    alone.sort(key=lambda cause: -abs(found.effect(cause)))
    parts = [f"{cause.group} {signed(found.effect(cause))} MUSD" for cause in alone[:TOLD]]
    return say.lines("changed", found=found, parts=parts)


def chapters(found: Comparison, names: Names, place: int) -> list[Chapter]:
    """The three chapters about one of the other runs."""

    def chapter(anchor: str, about: str, parts: list[Part], lead: str = "") -> Chapter:
        title = f"{found.after}: {about}"
        return Chapter(anchor=f"{anchor}-{place}", title=title, lead=lead, parts=parts)

    causes = _causes(found) if found.causes else Text([say("same_inputs")])
    built = _resized(found.first, found.second, names)
    plan = _built(found, built) if len(built) else Text([say("same_plan")])
    cells = _cells(found) if found.cells else Text([say("no_cells")])
    return [
        chapter("causes", "which input explains which change", [causes], say("causes")),
        chapter("plan", "the plan", [plan]),
        chapter("inputs", "inputs that differ", [cells]),
    ]


class Causes(DeclaredTable):
    """A row a group of inputs."""

    title = "Causes"

    group = text("inputs as in the other run")
    cells = figures("cells")
    risk = in_musd("risk")
    moved = changed("change", "MUSD")
    cost = in_musd("cost")
    cost_moved = changed("change", "MUSD")
    why = text("why not alone")


def _causes(found: Comparison) -> ReportTable:
    """Each group of inputs changed alone, then their interplay and all of it."""
    first, second = found.first, found.second
    rows = [_cause(found, cause) for cause in found.causes]
    nothing = {"cells": "", "why": ""}
    rows.append(nothing | {"group": "Interplay of the groups", "moved": found.interplay})
    together = {"group": "All of it", "moved": second.risk - first.risk}
    rows.append(nothing | together | _figures(first, second))
    marks = [""] * len(found.causes)
    return Causes.from_rows(rows, marks=[*marks, "", "total"])


def _figures(first: Figures, second: Figures) -> TableRow:
    """Risk and cost of a second plan, and how its cost differs from that of a first."""
    return {"risk": second.risk, "cost": second.cost, "cost_moved": second.cost - first.cost}


def _cause(found: Comparison, cause: Cause) -> TableRow:
    row: TableRow = {"group": cause.group, "cells": str(cause.cells), "why": cause.why}
    if cause.alone is not None:
        row |= _figures(found.first, cause.alone)
        row["moved"] = found.effect(cause)
    return row


class Built(DeclaredTable):
    """A row a project."""

    title = "New capacity that differs"

    project = text()
    before = figures("", "t/y")
    after = figures("", "t/y")
    change = figures("change", "t/y")


def _of_both(table: type[DeclaredTable], found: Comparison) -> list[Column]:
    """The columns of a table, of which two are called as the runs."""
    words = {"before": {"title": found.before}, "after": {"title": found.after}}
    return reworded(table.all(), words)


def _built(found: Comparison, rows: pd.DataFrame) -> ReportTable:
    """New capacity in both runs, where it differs."""
    return Built.over(rows, _of_both(Built, found))


class DifferingCells(DeclaredTable):
    """A row a cell."""

    title = "Inputs"

    group = text()
    where = text("row")
    column = text()
    before = text()
    after = text()


def _cells(found: Comparison) -> ReportTable:
    """Cells of inputs that differ."""
    frame = frame_of(found.cells)
    frame[["before", "after"]] = frame[["before", "after"]].replace("", NOTHING)
    columns = _of_both(DifferingCells, found)
    return DifferingCells.over(frame, columns, folded=len(frame) > MANY)


def _resized(first: Figures, second: Figures, names: Names) -> pd.DataFrame:
    """Plants whose new capacity (t/y) differs by half a tonne or more: project, before, after, change."""
    rows = []
    for project in sorted({*first.capacity, *second.capacity}):
        before = first.capacity.get(project, 0.0)
        after = second.capacity.get(project, 0.0)
        change = after - before
        if abs(change) > SHOWN_T:
            rows.append((names.placed(project), number(before), number(after), signed(change)))
    return pd.DataFrame(rows, columns=["project", "before", "after", "change"])
