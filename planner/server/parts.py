"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.data.cells import CARRIED, Row, conditions, fits, text_of
from planner.data.export import choices_of, field_type
from planner.data.schema import BY_NAME, Table
from planner.errors import Fault, InputError
from planner.reporting.tables.inputs_and_results import used_tables
from planner.reporting.values import two_plans
from planner.reporting.values.decision import DEAR
from planner.reporting.values.run_view import EXPECTED, RunView, run_view
from planner.reporting.values.wording import (
    LEAST_CHANGE,
    STAGES_MANY,
    TAKEN_OFF,
    harmless,
    money,
    number,
    percent,
    short,
    signed,
    spans,
)
from planner.results.plan import PlanValues
from planner.server import charts
from planner.server.desk import Desk
from planner.server.edits import Edits
from planner.server.findings import WEIGHTS, Sweep
from planner.server.questions import questions, words_of

MOST_ROWS = 500
"""Rows of a table that are shown at once."""
Asked = Mapping[str, str]
"""What the page asks a part with, as in the query of its address."""


@cache
def _environment() -> Environment:
    ours = PackageLoader("planner.server")
    found = Environment(loader=ours, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters = (number, money, percent, signed, short, harmless, ident)
    found.filters |= {one.__name__: one for one in filters}
    return found


def ident(key: str) -> str:
    """An id for the page."""
    return "q-" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in key)


def render(template: str, **values: Any) -> str:
    """A template of the page as text, everything in it escaped."""
    return _environment().get_template(template).render(**values)


class Parts:
    """Draws the regions of one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._views: dict[int, tuple[PlanValues, RunView]] = {}
        self._turns = count()

    def part(self, name: str, asked: Asked) -> str:
        """A region by its name. Raises PlannerError."""
        if name not in PARTS:
            raise InputError([Fault("page", 0, "", f"there is no region {name!r:.60}")])
        return render(f"{name}.html.j2", **PARTS[name](self, asked))

    def snapshot(self) -> dict[str, Any]:
        """What the page needs to know to be up to date. The version of a region changes with what it shows; `of` says
        of which plan what it then shows will be, '' if of the plan before."""
        turn = next(self._turns)  # before anything is looked at: what has a later one is no older
        desk, found, record = self.desk, self.desk.solver.found, self.desk.record
        state = f"{hash((record, desk.base.sha256, desk.fault))}"
        plan = f"{found.shown}.{record.pinned}.{id(desk.first)}"
        versions = {
            "questions": f"{state}.{found.shown}.{len(desk.prices)}.{hash(desk.solver.waited_for)}",
            "outcomes": f"{state}.{plan}.{found.stage}.{len(desk.held)}.{hash(desk.solver.waited_for)}",
            "frontier": f"{plan}.{found.stage}.{len(desk.curve)}.{hash(record.kept)}",
            "views": f"{plan}.{len(desk.curve)}",
            "side": f"{plan}.{hash(desk.because.get('now'))}.{len(desk.curve)}",
            "shelf": f"{hash((record.kept, record.pinned))}.{plan}.{hash(desk.because.get('kept'))}",
        }
        can = {"undo": record.at > 0, "redo": record.at + 1 < len(record.steps), "keep": found.stage == "plan"}
        can |= {"stop": record.at > 0 or found.stage in ("plan", "failed"), "empty": found.plan is None}
        whole = f"{found.case.sha256}.{found.shown}" if found.stage == "plan" else ""
        figures = f"{found.case.sha256}.figures" if found.stage == "figures" else whole
        drawn = "" if found.stage == "waiting" else figures or f"{found.case.sha256}.failed"
        of = {"outcomes": drawn, "frontier": figures, "views": whole, "side": whole, "questions": whole}
        return {"turn": turn, "versions": versions, "of": of, "proof": found.proof, "phase": found.phase,
                "fault": desk.fault, "study": desk.range.key, "longest": desk.solver.longest, **can}  # fmt: skip

    def _view(self, plan: PlanValues) -> RunView:
        if id(plan) not in self._views:
            self._views = dict(list(self._views.items())[-7:])
            self._views[id(plan)] = (plan, run_view(plan))  # held, so that no other plan has its id
        return self._views[id(plan)][1]

    def _now(self) -> RunView | None:
        plan = self.desk.solver.found.plan
        return self._view(plan) if plan is not None else None

    def _before(self) -> RunView | None:
        """What the present plan is compared with, unless it is that itself."""
        pinned, found = self.desk.pinned(), self.desk.solver.found
        return None if pinned is None or (pinned is found.plan and found.stage != "figures") else self._view(pinned)

    def _future(self, asked: Asked, view: RunView) -> str:
        wanted = asked.get("future", "")
        return wanted if wanted in (EXPECTED, *view.weights) else EXPECTED

    def _outcomes(self, asked: Asked) -> dict[str, Any]:
        desk, found, now, before = self.desk, self.desk.solver.found, self._now(), self._before()
        shown: dict[str, Any] = {"found": found, "pinned": desk.name_of(desk.record.pinned), "missing": []}
        ours = now.summary if now and found.stage != "figures" else {}
        shown |= {"old": before.summary if before else {}, "now": {**ours, **found.figures}, "stands": None}
        shown |= {"sought": found.case.model.objective, "holding": "hold" in desk.solver.waited_for}
        if now is not None:
            shown["future"] = future = self._future(asked, now)
            shown |= {"missing": two_plans.missing(now, before, future), "years": now.years}
            shown["futures"] = two_plans.futures_of(now)
        if before is not None:
            exact = desk.held.get((before.case.sha256, found.case.sha256))
            shown["stands"] = (two_plans.reweighed(before, found.case), exact, two_plans.lacking(before, found.case))
        return shown

    def _frontier(self, asked: Asked) -> dict[str, Any]:
        desk, found, plan = self.desk, self.desk.solver.found, self._now()
        shown = [one for one in desk.record.kept if one.ticked and one.folder != desk.record.pinned]
        marks = [charts.Mark(one.name, one.cost, one.risk, "kept") for one in shown]
        if (before := self._before()) is not None:
            name = desk.name_of(desk.record.pinned)
            marks.append(charts.Mark(name, before.summary["cost_musd"], before.summary["risk_musd"], "pinned"))
        marks += [charts.Mark("nothing new", x, y, "nothing") for weight, x, y in desk.curve if weight == WEIGHTS[-1]]
        if figures := found.figures or (plan.summary if plan else {}):
            marks.append(charts.Mark("now", figures["cost_musd"], figures["risk_musd"], "now"))
        if not marks:
            return {"panel": None}
        panel, most = charts.frontier(desk.curve, marks, "narrow" in asked)
        return {"panel": panel, "axis": (most, charts.TOP, charts.BOTTOM), "traced": len(desk.curve),
                "points": len(WEIGHTS), "risk": figures.get("risk_musd", "")}  # fmt: skip

    def _views_(self, asked: Asked) -> dict[str, Any]:
        now, before, tab = self._now(), self._before(), asked.get("tab", "timeline")
        if now is None:
            return {"tab": tab, "years": []}
        future, compared = self._future(asked, now), self.desk.name_of(self.desk.record.pinned) if before else ""
        more: dict[str, Any] = {"stage_names": STAGES_MANY, "traced": len(self.desk.curve), "points": len(WEIGHTS)}
        if tab == "shortage":
            more |= two_plans.shortage(now, future)
        elif tab == "first":
            more["groups"] = two_plans.funded_first(now, self.desk.built.get(now.case.sha256, {}))
        else:
            more |= {"plants": two_plans.plants_over_time(now, before), "payers": two_plans.payers(now)}
        return {
            "tab": tab,
            "years": now.years,
            "compared": compared,
            "future": two_plans.futures_of(now)[future],
            **more,
        }

    def _side(self, asked: Asked) -> dict[str, Any]:
        now, before, desk = self._now(), self._before(), self.desk
        if now is None:
            return {**words_of(desk), "parties": [], "because": None}
        words = {**words_of(desk), "parties": _parties(now, before), "next": _next_money(now, desk.record.edits)}
        words["taken_off"] = TAKEN_OFF["welfare" if now.case.model.objective.goal == "welfare" else "risk"]
        words |= {"last": _last_money(desk), "because": desk.because.get("now"), "compared": before is not None}
        words["spent"] = now.tables["payments"][["paid_musd", "budget_musd"]].sum().tolist()
        words |= {"shared": len(set(now.case.group.values())) < len(now.case.group), "policy": now.case.model.policy}
        return words | {"plants": two_plans.plants_over_time(now, before)}

    def _shelf(self, asked: Asked) -> dict[str, Any]:
        desk, record, found = self.desk, self.desk.record, self.desk.solver.found
        root = desk.pinned()
        columns = {one.name: desk.plan_of(one.folder) for one in record.kept if one.ticked}
        known = {plan.case.sha256 for plan in columns.values()}
        if found.plan is not None and found.stage == "plan" and found.case.sha256 not in known:
            columns["the plan above"] = found.plan
        columns = {name: plan for name, plan in columns.items() if root is None or plan.case.sha256 != root.case.sha256}
        views = [self._view(plan) for plan in columns.values()]
        differing = _differing(self._view(root), views) if root is not None else []
        return {**words_of(desk), "kept": record.kept, "pinned": record.pinned, "root": desk.name_of(record.pinned),
                "known": root is not None, "columns": list(columns), "rows": differing,
                "first": desk.first and desk.first.summary, "because": desk.because.get("kept")}  # fmt: skip

    def _tables(self, asked: Asked) -> dict[str, Any]:
        table, wanted = asked.get("table", "projects"), asked.get("find", "")
        return {"sheets": sheets(self.desk), "table": table, "find": wanted,
                "shown": rows_of_table(self.desk, table, wanted)}  # fmt: skip

    def _study(self, asked: Asked) -> dict[str, Any]:
        desk, key = self.desk, asked.get("key", "")
        query = urlencode({name: asked.get(name, "") for name in ("key", "low", "high", "points")})
        fresh = Sweep(key, asked.get("low", ""), asked.get("high", ""), asked.get("points", "9"))
        found = desk.range if desk.range.key == key else fresh
        panel = charts.answers(found.rows) if len(found.rows) > 1 else None
        return {**words_of(desk), "found": found, "query": query, "panel": panel}


PARTS: dict[str, Callable[[Parts, Asked], dict[str, Any]]] = {
    "questions": lambda parts, _: questions(parts.desk),
    "figure": lambda parts, asked: figure(parts.desk, *(asked.get(key, "") for key in ("table", "id", "column"))),
    "command": lambda p, _: {"command": p.desk.command(), "folder": p.desk.place.folder, "here": Path.cwd()},
    "outcomes": Parts._outcomes, "frontier": Parts._frontier,
    "views": Parts._views_, "side": Parts._side, "shelf": Parts._shelf,
    "tables": Parts._tables, "study": Parts._study,
}  # fmt: skip


def _parties(now: RunView, before: RunView | None) -> list[dict[str, Any]]:
    """Expected loss and payments by party (MUSD), now and before, who loses most first."""
    columns = {"pays": "paid_musd", "least": "least_musd", "most": "most_musd"}
    found: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(("loss", "was", *columns, "paid"), 0.0))
    for view, loss, read in ((now, "loss", columns), (before, "was", {"paid": "paid_musd"})):
        for country, lost in view.summary["loss_musd_by_country"].items() if view else ():
            found[now.case.party.get(country, country)][loss] += lost["expected"]
        for paid in view.tables["payments"].to_dict("records") if view else ():
            for column, source in read.items():
                found[now.case.funder_party.get(paid["funder"], paid["funder"])][column] += paid[source]
    rows: list[dict[str, Any]] = [{"name": now.names.party(party), **row} for party, row in found.items()]
    return sorted((r for r in rows if r["loss"] + r["pays"] + r["paid"] > 0.05), key=lambda r: -r["loss"])


def _next_money(now: RunView, edits: Edits) -> dict[tuple[float, int, str], list[str]]:
    """What one more MUSD takes off in a funder's best year, that year, and all years in which its budget is used up ->
    funders of whom it is so. Years in which a party has not yet joined are none."""
    joined = {edit.key: edit.value for edit in edits if isinstance(edit.value, int)}
    prices = now.tables["shadow_prices"]
    prices = prices[(prices["scarce"] == "budget") & (prices["musd_per_unit"] > DEAR)]
    found: dict[tuple[float, int, str], list[str]] = {}
    for funder, rows in prices.sort_values("musd_per_unit", ascending=False).groupby("item", sort=False):
        since = joined.get(f"joins.{now.case.funder_party[str(funder)]}", 0)
        worth = {int(row["year"]): row["musd_per_unit"] for row in rows.to_dict("records") if row["year"] >= since}
        if worth:
            best = max(worth, key=lambda year: (float(f"{worth[year]:.3g}"), -year))
            found.setdefault((float(f"{worth[best]:.3g}"), best, spans(worth)), []).append(now.names.party(str(funder)))
    return found


def _last_money(desk: Desk) -> tuple[float, float] | None:
    """The last stretch of the frontier up to the present plan: its cost, and what it takes off the risk (MUSD)."""
    now = desk.solver.found.figures
    below = [(cost, risk) for _, cost, risk in desk.curve if now and cost < now["cost_musd"] - 1e-6]
    cost, risk = max(below, default=(0.0, 0.0))
    return (now["cost_musd"] - cost, risk - now["risk_musd"]) if below else None


def _differing(root: RunView, others: Sequence[RunView]) -> list[tuple[str, float, list[float]]]:
    """Rows of the shelf: figures, allies and new capacities that differ in one of the plans at least."""

    def figures(view: RunView) -> dict[str, float]:
        s, names = view.summary, root.names
        keys = {"risk_musd": "risk, MUSD", "cost_musd": "cost, MUSD", "expected_loss_musd": "expected loss, MUSD",
                "cvar_musd": "loss in the worst futures, MUSD", "public_spend_musd": "public money, MUSD"}  # fmt: skip
        found = {words: float(s[key]) for key, words in keys.items()}
        found |= {f"missing on average, {names.element(e)}, t": float(t) for e, t in s["expected_shortfall_t"].items()}
        parties = _parties(view, None)
        found |= {f"{row['name']}: loss left, MUSD": row["loss"] for row in parties}
        found |= {f"{row['name']}: pays, MUSD": row["pays"] for row in parties}
        return found | {f"{names.placed(p)}, t/y": float(t) for p, t in s["new_capacity_tpa"].items()}

    first, rest = figures(root), [figures(view) for view in others]
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
    return [(t.name, len(desk.case.tables.rows(t.name)), t.meaning) for t in used_tables(desk.case)]


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
