"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.data.cell_addresses import conditions, fits
from planner.data.cells import CARRIED, Row, text_of
from planner.data.describe import choices_of, field_type
from planner.data.schema import BY_NAME, TABLES, Table
from planner.errors import Fault, InputError
from planner.reporting.charts.drawing import Drawer
from planner.reporting.pages.comparison import comparison_sentences
from planner.reporting.values.view import RunView, run_view
from planner.reporting.values.wording import LEAST_CHANGE, Names, harmless, money, number, percent, short, signed
from planner.results.plan import PlanValues
from planner.server import charts
from planner.server.desk import WEIGHTS, Desk, Range
from planner.server.questions import futures_of, groups_of, said

MOST_ROWS = 100
"""Rows of a table that are shown at once."""
Asked = Mapping[str, str]
"""What the page asks a part with, as in the query of its address."""


@cache
def _environment() -> Environment:
    ours = PackageLoader("planner.server")
    found = Environment(loader=ours, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters = (number, money, percent, signed, short, harmless)
    found.filters |= {one.__name__: one for one in filters}
    return found


def render(template: str, **values: Any) -> str:
    """A template of the page as text, everything in it escaped."""
    return _environment().get_template(template).render(**values)


class Parts:
    """Draws the regions of one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._views: dict[int, RunView] = {}

    def part(self, name: str, asked: Asked) -> str:
        """A region by its name. Raises PlannerError."""
        if name not in PARTS:
            raise InputError([Fault("page", 0, "", f"there is no region {name!r:.60}")])
        return render(f"{name}.html.j2", **PARTS[name](self, asked))

    def snapshot(self) -> dict[str, Any]:
        """What the page needs to know to be up to date. The version of a region changes with what it shows."""
        desk, found, record = self.desk, self.desk.solver.found, self.desk.record
        state = f"{hash((record, desk.base.sha256, desk.fault))}"
        plan = f"{found.shown}.{record.pinned}.{id(desk.first)}"
        versions = {
            "questions": f"{state}.{found.shown}.{len(desk.prices)}",
            "outcomes": f"{state}.{plan}.{found.stage}",
            "frontier": f"{plan}.{found.stage}.{len(desk.curve)}.{hash(record.kept)}",
            "views": plan,
            "side": f"{plan}.{len(desk.causes)}.{len(desk.curve)}",
            "shelf": f"{hash((record.kept, record.pinned))}.{plan}.{desk.comparison is not None}",
        }
        can = {"undo": record.at > 0, "redo": record.at + 1 < len(record.steps), "keep": found.stage == "plan"}
        stale = {"stale": found.stage in ("waiting", "failed"), "failed": found.stage == "failed"}
        return {"versions": versions, "proof": found.proof, "phase": found.phase, "fault": desk.fault, **can, **stale}

    def _view(self, plan: PlanValues) -> RunView:
        key = id(plan)
        if key not in self._views:
            self._views = dict(list(self._views.items())[-5:])
            self._views[key] = run_view(plan)
        return self._views[key]

    def _now(self) -> RunView | None:
        plan = self.desk.solver.found.plan
        return self._view(plan) if plan is not None else None

    def _before(self) -> RunView | None:
        """What the present plan is compared with, unless it is that itself."""
        pinned = self.desk.pinned()
        return None if pinned is None or pinned is self.desk.solver.found.plan else self._view(pinned)

    def _future(self, asked: Asked, view: RunView) -> str:
        wanted = asked.get("future", "")
        return wanted if wanted in view.weights else view.worst

    def _questions(self, asked: Asked) -> dict[str, Any]:
        desk = self.desk
        edits = [(edit.key, said(desk, edit)) for edit in desk.record.edits]
        lessons = _lessons(desk) if len(desk.record.steps) == 1 else []
        return {"edits": edits, "groups": groups_of(desk), "lessons": lessons}

    def _outcomes(self, asked: Asked) -> dict[str, Any]:
        found, now, before = self.desk.solver.found, self._now(), self._before()
        old = before.summary if before else None
        rows: list[tuple[str, str, float | None, float | None, Callable[[Any], str]]] = []
        figures = found.figures or (now.summary if now else {})
        for key, label in (("risk_musd", "Risk left"), ("cost_musd", "Cost of the plan")):
            rows.append((label, "MUSD, present value", figures.get(key), old[key] if old else None, number))
        if now is not None:
            future = self._future(asked, now)
            fresh = charts.missing_share(now, future) if found.stage == "plan" else None
            was = charts.missing_share(before, future) if before and future in before.weights else None
            rows.append(("Demand missing", f"in {short(now.names.scenario(future), 60)}", fresh, was, percent))
        pinned = self.desk.name_of(self.desk.record.pinned)
        return {"rows": rows, "found": found, "pinned": pinned, "loosen": _loosen(found.changes)}

    def _frontier(self, asked: Asked) -> dict[str, Any]:
        desk, found = self.desk, self.desk.solver.found
        marks = [charts.Mark(one.name, one.cost, one.risk, "kept") for one in desk.record.kept if one.ticked]
        pinned = desk.pinned()
        if pinned is not None and pinned is not found.plan:
            name = desk.name_of(desk.record.pinned)
            marks.append(charts.Mark(name, pinned.summary["cost_musd"], pinned.summary["risk_musd"], "pinned"))
        if found.plan is not None and found.stage == "plan" and "without_plan" in found.plan.summary:
            idle = found.plan.summary["without_plan"]
            marks.append(charts.Mark("nothing new", idle["cost_musd"], idle["risk_musd"], "nothing"))
        if found.figures:
            marks.append(charts.Mark("now", found.figures["cost_musd"], found.figures["risk_musd"], "now"))
        if not marks:
            return {"panel": None}
        panel, most = charts.frontier(desk.curve, marks, Drawer())
        return {"panel": panel, "axis": (most, charts.TOP, charts.BOTTOM), "traced": len(desk.curve) == len(WEIGHTS)}

    def _views_(self, asked: Asked) -> dict[str, Any]:
        now, before, tab = self._now(), self._before(), asked.get("tab", "timeline")
        if now is None:
            return {"panel": None, "tab": tab, "futures": {}, "future": "", "compared": ""}
        future = self._future(asked, now)
        panel = charts.shortage(now, future, Drawer()) if tab == "shortage" else charts.timeline(now, before, Drawer())
        compared = self.desk.name_of(self.desk.record.pinned) if before else ""
        return {"panel": panel, "tab": tab, "futures": futures_of(now), "future": future, "compared": compared}

    def _side(self, asked: Asked) -> dict[str, Any]:
        now, before, desk = self._now(), self._before(), self.desk
        if now is None:
            return {"parties": [], "next": [], "last": None, "causes": [], "compared": False}
        causes = [(said(desk, edit), risk, cost) for key, risk, cost in desk.causes
                  for edit in desk.record.edits if edit.key == key]  # fmt: skip
        if not causes and before and len(desk.record.edits) == 1 and not desk.record.pinned:
            change = [now.summary[k] - before.summary[k] for k in ("risk_musd", "cost_musd")]
            causes = [(said(desk, desk.record.edits[0]), change[0], change[1])]
        return {"parties": _parties(now, before), "next": _next_money(now), "last": _slope(desk), "causes": causes[:4],
                "compared": before is not None}  # fmt: skip

    def _shelf(self, asked: Asked) -> dict[str, Any]:
        desk, record = self.desk, self.desk.record
        root = desk.pinned()
        columns = [(one, desk.plan_of(one.folder)) for one in record.kept if one.ticked]
        differing = _differing(Names(desk.base), root, [plan for _, plan in columns]) if root is not None else []
        found = desk.comparison
        words = comparison_sentences(found, Names(desk.base)) if found else []
        edits = {one.folder: [said(desk, edit) for edit in one.edits] for one in record.kept}
        return {"kept": record.kept, "pinned": record.pinned, "root": desk.name_of(record.pinned), "edits": edits,
                "known": root is not None, "columns": [one for one, _ in columns], "rows": differing, "found": found,
                "words": words}  # fmt: skip

    def _figure(self, asked: Asked) -> dict[str, Any]:
        return figure(self.desk, asked.get("table", ""), asked.get("id", ""), asked.get("column", ""))

    def _tables(self, asked: Asked) -> dict[str, Any]:
        table, wanted = asked.get("table", "projects"), asked.get("find", "")
        return {"sheets": sheets(self.desk), "table": table, "find": wanted,
                "shown": rows_of_table(self.desk, table, wanted)}  # fmt: skip

    def _command(self, asked: Asked) -> dict[str, Any]:
        desk = self.desk
        return {"command": desk.command(), "folder": str(desk.place.folder), "kept": desk.record.kept}

    def _study(self, asked: Asked) -> dict[str, Any]:
        desk, key = self.desk, asked.get("key", "")
        labels = (one.label for group in groups_of(desk) for one in group.controls if one.key == key)
        query = urlencode({name: asked.get(name, "") for name in ("key", "low", "high")})
        found = desk.range if desk.range.key == key else Range(key, asked.get("low", ""), asked.get("high", ""), 9)
        panel = charts.answers(found.rows, key, Drawer()) if len(found.rows) > 1 else None
        return {"found": found, "query": query, "panel": panel, "words": next(labels, key)}


PARTS: dict[str, Callable[[Parts, Asked], dict[str, Any]]] = {
    "questions": Parts._questions, "outcomes": Parts._outcomes, "frontier": Parts._frontier,
    "views": Parts._views_, "side": Parts._side, "shelf": Parts._shelf, "figure": Parts._figure,
    "tables": Parts._tables, "study": Parts._study, "command": Parts._command,
}  # fmt: skip


def _lessons(desk: Desk) -> list[tuple[str, str, Any]]:
    """Three questions to begin with: words, and the edit that asks."""
    names, found = Names(desk.base), list[tuple[str, str, Any]]()
    found.append(("What if there is half the money?", "money", 0.5))
    plan = desk.solver.found.plan
    if plan is not None and (new := plan.summary["new_capacity_tpa"]):
        largest = max(new, key=lambda p: new[p])
        found.append((f"What if {names.project(largest)} is not built?", f"plant.{largest}", "out"))
    losses = plan.summary["loss_musd_by_country"] if plan is not None else {}
    if len(losses) > 1:
        first = max(losses, key=lambda c: losses[c]["expected"])
        found.append((f"What if {names.country(first)} stays out?", f"out.{first}", True))
    return found


def _parties(now: RunView, before: RunView | None) -> list[dict[str, Any]]:
    """Expected loss and payments by party (MUSD), who loses most first."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(("loss", "was", "pays", "least", "most"), 0.0))
    for country, loss in now.summary["loss_musd_by_country"].items():
        row = found[now.case.party[country]]
        row["loss"] += loss["expected"]
        if before and country in before.summary["loss_musd_by_country"]:
            row["was"] += before.summary["loss_musd_by_country"][country]["expected"]
    for paid in now.tables["payments"].to_dict("records"):
        row = found[now.case.funder_party.get(paid["funder"], paid["funder"])]
        for column in ("pays", "least", "most"):
            row[column] += paid["paid_musd" if column == "pays" else f"{column}_musd"]
    rows = [{"name": now.names.party(party), **row} for party, row in found.items()]
    return sorted((r for r in rows if r["loss"] + r["pays"] > 0.05), key=lambda r: -r["loss"])


def _next_money(now: RunView) -> list[tuple[str, float, int]]:
    """Funder, what one more MUSD of it takes off in its best year, and which year that is."""
    prices = now.tables["shadow_prices"]
    rows = prices[prices["scarce"] == "budget"].sort_values("musd_per_unit", ascending=False).to_dict("records")
    best: dict[str, tuple[str, float, int]] = {}
    for row in rows:
        best.setdefault(row["item"], (now.names.party(row["item"]), float(row["musd_per_unit"]), int(row["year"] or 0)))
    return [found for found in best.values() if found[1] > 5e-4][:5]


def _slope(desk: Desk) -> float | None:
    """What the last MUSD took off: the slope of the frontier up to the present cost."""
    now = desk.solver.found.figures
    below = [(cost, risk) for _, cost, risk in desk.curve if now and cost < now["cost_musd"] - 1e-6]
    if not below:
        return None
    cost, risk = max(below)
    return (risk - now["risk_musd"]) / (now["cost_musd"] - cost)


def _loosen(changes: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Buttons that make a target reachable: words, and the edit."""
    found: list[tuple[str, str, Any]] = []
    if changes.get("least_risk"):
        least = float(changes["least_risk"]) * (1 + 1e-5)
        found.append((f"Accept a risk of {number(least)} MUSD", "goal", least))
    if changes.get("budget_factor"):
        found.append((f"Money times {changes['budget_factor']:.4g}", "money", float(changes["budget_factor"])))
    return found


def _differing(names: Names, root: PlanValues, others: Sequence[PlanValues]) -> list[tuple[str, float, list[float]]]:
    """Rows of the shelf: figures and new capacities that differ in one of the plans at least."""

    def figures(plan: PlanValues) -> dict[str, float]:
        s = plan.summary
        keys = {"risk_musd": "risk, MUSD", "cost_musd": "cost, MUSD", "expected_loss_musd": "expected loss, MUSD",
                "cvar_musd": "loss in the worst futures, MUSD", "public_spend_musd": "public money, MUSD"}  # fmt: skip
        found = {words: float(s[key]) for key, words in keys.items()}
        found |= {f"missing, {names.element(e)}, t": float(t) for e, t in s["expected_shortfall_t"].items()}
        return found | {f"{names.placed(p)}, t/y": float(t) for p, t in s["new_capacity_tpa"].items()}

    first, rest = figures(root), [figures(plan) for plan in others]
    keys = dict.fromkeys(key for found in (first, *rest) for key in found)
    rows = [(key, first.get(key, 0.0), [found.get(key, 0.0) for found in rest]) for key in keys]
    return [row for row in rows if any(abs(v - row[1]) > max(1e-6 * abs(row[1]), LEAST_CHANGE) for v in row[2])]


def identity(table: Table, row: Row) -> str:
    """What identifies a row, for the page."""
    return "|".join(text_of(getattr(row, column)) for column in table.key)


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise InputError([Fault("figure", 0, "", f"there is no table {name!r:.60}")])
    return BY_NAME[name]


def figure(desk: Desk, name: str, row_id: str, chosen: str) -> dict[str, Any]:
    """A row by its id, with a column chosen: its source, and its cells. key: of the edit that changes a cell, '' where
    only the file can; was: as in the case, if it is changed. Raises InputError if there is no such row."""
    table = _table(name)
    row = next((r for r in desk.case.tables.rows(name) if identity(table, r) == row_id), None)
    if row is None:
        raise InputError([Fault("figure", 0, name, f"has no row {row_id!r:.100}")])
    before = next((r for r in desk.base.tables.rows(name) if identity(table, r) == row_id), row)
    parts = [text_of(getattr(row, column)) for column in table.key]
    dotted = len(parts) > 1 and any("." in part or part == "*" for part in parts)
    cells = []
    for column in table.row.columns():
        field = table.row.model_fields[column]
        value, was = text_of(getattr(row, column)), text_of(getattr(before, column))
        extra: Any = field.json_schema_extra
        cells.append({
            "column": column, "value": value, "was": was if was != value else "", "meaning": field.description,
            "unit": extra["unit"], "kind": field_type(field), "choices": choices_of(field),
            "key": "" if column in table.key or dotted else ".".join([name, *parts, column]),
            "range": _range(desk, name, row, column),
        })  # fmt: skip
    place = desk.base.origin.place(name) + (f", line {row.line}" if row.line else "")
    return {"table": table, "id": row_id, "row": row, "cells": cells, "place": place, "chosen": chosen}


def _range(desk: Desk, table: str, row: Row, column: str) -> str:
    for unsure in desk.case.tables.uncertainties:
        if (unsure.table, unsure.column) == (table, column):
            where = conditions(unsure.where)
            if all(fits(getattr(row, name), wanted) for name, wanted in where.items()):
                return f"{unsure.low:g} to {unsure.high:g} times the value ({unsure.name or unsure.uncertainty})"
    return ""


def sheets(desk: Desk) -> list[tuple[str, int, str]]:
    """Tables that have rows: name, rows, meaning."""
    counts = [(t.name, len(desk.case.tables.rows(t.name)), t.meaning) for t in TABLES]
    return [one for one in counts if one[1]]


def rows_of_table(desk: Desk, table: str, wanted: str) -> tuple[tuple[str, ...], list[tuple[str, list[str]]], int]:
    """Columns, rows (id, cells) in which a text occurs, at most `MOST_ROWS`, and how many there are in all."""
    declared = _table(table)
    columns = (*declared.row.columns(), *CARRIED)
    found = []
    for row in desk.case.tables.rows(table):
        cells = [text_of(getattr(row, column)) for column in columns]
        if not wanted or any(wanted.casefold() in cell.casefold() for cell in cells):
            found.append((identity(declared, row), cells))
    return columns, found[:MOST_ROWS], len(found)
