"""Chapters of two runs compared: which input explains which change, the plans, the inputs that differ."""

from __future__ import annotations

import pandas as pd

from planner.reporting.parts import Chapter, Part, ReportTable, Text, changed, figures, text
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import NOTHING, number, signed
from planner.reporting.words.sentences import Passages
from planner.results.plan import Cause, Comparison, Figures

say = Passages("comparison.j2")
TOLD, MANY = 3, 40
"""Causes that are named in a sentence, and cells that are shown without being asked for."""
LEAST_TPA = 0.5
"""t/y from which a plant counts as resized."""


def sentences(found: Comparison) -> list[str]:
    """What changed and why, in one or two sentences."""
    alone = [cause for cause in found.causes if cause.alone]
    alone.sort(key=lambda cause: -abs(found.effect(cause)))
    parts = [f"{cause.group} {signed(found.effect(cause))} MUSD" for cause in alone[:TOLD]]
    return say.lines("changed", found=found, parts=parts)


def chapters(found: Comparison, names: Names, place: int) -> list[Chapter]:
    """The three chapters about one of the other runs."""
    causes: list[Part] = [_causes(found) if found.causes else Text([say("same_inputs")])]
    movers = _movers(found, names)
    if movers is not None:
        causes.append(movers)
    built = _resized(found.first, found.second, names)
    plan: Part = _built(found, built) if len(built) else Text([say("same_plan")])
    cells: Part = _cells(found) if found.cells else Text([say("no_cells")])
    after = found.after
    return [
        Chapter(
            anchor=f"causes-{place}",
            title=f"{after}: which input explains which change",
            lead=say("causes"),
            parts=causes,
        ),
        Chapter(anchor=f"plan-{place}", title=f"{after}: the plan", parts=[plan]),
        Chapter(anchor=f"inputs-{place}", title=f"{after}: inputs that differ", parts=[cells]),
    ]


def _causes(found: Comparison) -> ReportTable:
    """Each group of inputs changed alone, then their interplay and all of it."""
    first, second = found.first, found.second
    rows = [_cause(found, cause) for cause in found.causes]
    fields = ["group", "cells", "risk", "moved", "cost", "cost_moved", "why"]
    rows.append(("Interplay of the groups", "", None, found.interplay, None, None, ""))
    cost_moved = second.cost - first.cost
    risk_moved = second.risk - first.risk
    rows.append(("All of it", "", second.risk, risk_moved, second.cost, cost_moved, ""))
    return ReportTable(
        title="Causes",
        columns=[
            text("group", "inputs as in the other run"),
            figures("cells", "cells"),
            figures("risk", "risk", "MUSD"),
            changed("moved", "change", "MUSD"),
            figures("cost", "cost", "MUSD"),
            changed("cost_moved", "change", "MUSD"),
            text("why", "why not alone"),
        ],
        frame=pd.DataFrame(rows, columns=fields, dtype=object).replace({float("nan"): None}),
        marks=[*("" for _ in rows[:-1]), "total"],
    )


def _cause(found: Comparison, cause: Cause) -> tuple[object, ...]:
    if cause.alone is None:
        return cause.group, str(cause.cells), None, None, None, None, cause.why
    cost = cause.alone.cost
    moved = cost - found.first.cost
    effect = found.effect(cause)
    return cause.group, str(cause.cells), cause.alone.risk, effect, cost, moved, cause.why


def _movers(found: Comparison, names: Names) -> ReportTable | None:
    """The projects that each cause moves."""
    parts = []
    for cause in found.causes:
        if cause.alone:
            parts.append(_resized(found.first, cause.alone, names).assign(group=cause.group))
    frame = pd.concat(parts) if parts else pd.DataFrame()
    if frame.empty:
        return None
    return ReportTable(
        title="Which cause moves which project",
        columns=[
            text("group", "inputs"),
            text("project"),
            figures("before", "first run", "t/y"),
            figures("after", "with it", "t/y"),
            figures("change", "change", "t/y"),
        ],
        frame=frame,
    )


def _built(found: Comparison, rows: pd.DataFrame) -> ReportTable:
    return ReportTable(
        title="New capacity that differs",
        columns=[
            text("project"),
            figures("before", found.before, "t/y"),
            figures("after", found.after, "t/y"),
            figures("change", "change", "t/y"),
        ],
        frame=rows,
    )


def _cells(found: Comparison) -> ReportTable:
    rows = []
    for cell in found.cells:
        before, after = cell.before or NOTHING, cell.after or NOTHING
        rows.append((cell.group, cell.where, cell.column, before, after))
    return ReportTable(
        title="Inputs",
        columns=[
            text("group"),
            text("row"),
            text("column"),
            text("before", found.before),
            text("after", found.after),
        ],
        frame=pd.DataFrame(rows, columns=["group", "row", "column", "before", "after"]),
        folded=len(rows) > MANY,
    )


def _resized(first: Figures, second: Figures, names: Names) -> pd.DataFrame:
    """Plants whose new capacity (t/y) differs by half a tonne or more: project, before, after, change."""
    rows = []
    for project in sorted({*first.capacity, *second.capacity}):
        before, after = first.capacity.get(project, 0.0), second.capacity.get(project, 0.0)
        if abs(after - before) > LEAST_TPA:
            change = signed(after - before)
            rows.append((names.placed(project), number(before), number(after), change))
    return pd.DataFrame(rows, columns=["project", "before", "after", "change"])
