"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.reporting.chapters.inputs import used_tables
from planner.reporting.charts.frontier import HEIGHT, FrontierPoints, Mark, frontier
from planner.reporting.charts.style import specification
from planner.reporting.words import names, numbers
from planner.results.figures.sums import EXPECTED
from planner.results.plan import Plan
from planner.server import shelf, two_plans
from planner.server.answers import WEIGHTS, AskedAndGot, Shown
from planner.server.edits import refused, target_words
from planner.server.journal import shown_as
from planner.server.questions import figure, questions, rows_of_table, words_of
from planner.server.solver_thread import FoundSoFar
from planner.server.workbench import Workbench

SOLVED = "solved in the background, figures only; summary.json of plans with a name"
"""Where the figures of the frontier are."""
Query = Mapping[str, str]
"""A part of the page asked for with these, as in the query of its address."""
FILTERS = (
    numbers.number,
    numbers.money,
    numbers.percent,
    numbers.signed,
    names.short,
    names.harmless,
    target_words,
)
"""Functions that templates write figures and names with."""


@cache
def _environment() -> Environment:
    """The templates of the page: text is escaped, and a name that is not given is an error."""
    found = Environment(
        loader=PackageLoader("planner.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in FILTERS:
        found.filters[function.__name__] = function
    found.filters["ident"] = ident
    return found


def ident(key: str) -> str:
    """An id for the page."""
    plain = re.sub(r"[^A-Za-z0-9]", _as_number, key)
    return f"q-{plain}"


def _as_number(letter: re.Match[str]) -> str:
    code = ord(letter[0])
    return f"_{code:x}"


def render(template: str, **values: Any) -> str:
    """A template of the page as text, everything in it escaped."""
    return _environment().get_template(template).render(**values)


class Regions:
    """Draws the regions of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._turns = count()

    @property
    def _found(self) -> FoundSoFar:
        return self.bench.solver.found

    def part(self, name: str, asked: Query) -> str:
        """A region by its name. Raises PlannerError."""
        if name not in REGIONS:
            raise refused("page", "", f"there is no region {name!r:.60}")
        values = REGIONS[name](self, asked)
        return render(f"{name}.html.j2", **values)

    # ---- what is new --------------------------------------------------------------------------------------------

    def snapshot(self) -> Shown:
        """All that the page needs to know to be up to date. The version of a region changes with its content; `of` says
        which plan that content belongs to, '' for the plan before."""
        turn = next(self._turns)  # before anything is looked at: what has a later one is no older
        bench = self.bench
        found = self._found
        record = bench.record
        state = str(hash((record, bench.base.sha256, bench.fault)))
        return {
            "turn": turn,
            "state": state,
            "versions": self._versions(state),
            "of": self._plan_of_regions(),
            "proof": found.proof,
            "phase": found.phase,
            "fault": bench.fault,
            "seconds": bench.solver.phase_seconds,
            "longest": bench.solver.longest,
            "undo": record.at > 0,
            "redo": record.at + 1 < len(record.steps),
            "keep": found.stage == "plan",
            "stop": record.at > 0 or found.stage in ("plan", "failed"),
            "empty": found.plan is None,
        }

    def _versions(self, state: str) -> dict[str, str]:
        """By region a text that changes with all that the region shows."""
        bench = self.bench
        found = self._found
        record = bench.record
        solved = len(bench.curve)
        plan = (found.shown, record.pinned, id(bench.first))
        stage = (found.stage, found.reasons, found.phase != "")
        shown = {
            "questions": (state, found.shown),
            "outcomes": (state, plan, stage),
            "frontier": (plan, found.stage, solved, record.kept, bench.least_here),
            "views": plan,
            "side": (plan, bench.because),
            "shelf": (record.kept, plan),
        }
        return {region: str(hash(content)) for region, content in shown.items()}

    def _plan_of_regions(self) -> dict[str, str]:
        """By region the plan that it shows, '' for that of an earlier state."""
        found = self._found
        digest = found.case.sha256
        stage = found.stage
        whole = f"{digest}.{found.shown}" if stage == "plan" else ""
        figures = f"{digest}.figures" if stage == "figures" else whole
        outcomes = f"{digest}.failed" if stage == "failed" else figures
        return {
            "outcomes": outcomes,
            "frontier": figures,
            "views": whole,
            "side": whole,
            "questions": whole,
        }

    # ---- plans --------------------------------------------------------------------------------------------------

    def _before(self) -> Plan | None:
        """The plan that the present one is compared with, unless it is that itself."""
        pinned = self.bench.pinned()
        if pinned is None:
            return None
        is_itself = pinned is self._found.plan and self._found.stage != "figures"
        return None if is_itself else pinned

    def _pinned_name(self) -> str:
        return self.bench.name_of(self.bench.record.pinned)

    # ---- regions ------------------------------------------------------------------------------------------------

    def _outcomes(self, asked: Query) -> Shown:
        """The region of figures: those found so far, the plan before, and what is missing in a scenario."""
        found = self._found
        now = self._found.plan
        before = self._before()
        figures: Shown = {}
        if now is not None and found.stage != "figures":
            figures |= now.summary
        shown: Shown = {
            "found": found,
            "pinned": self._pinned_name(),
            "missing": [],
            "old": {} if before is None else before.summary,
            "now": figures | dict(found.figures),
            "objective": found.case.model.objective,
        }
        if now is not None:
            scenario = _scenario(asked, now)
            shown["scenario"] = scenario
            shown["missing"] = two_plans.missing(now, before, scenario)
            shown["years"] = now.years
            shown["scenarios"] = two_plans.scenarios_of(now)
        return shown

    def _marks(self, figures: Mapping[str, Any]) -> list[Mark]:
        """The plans that have a name on the frontier."""
        record = self.bench.record
        before = self._before()
        marks = []
        for one in record.kept:
            if one.ticked and one.folder != record.pinned:
                marks.append(Mark(one.name, one.cost, one.risk, "kept"))
        if before is not None:
            marks.append(_mark_of(self._pinned_name(), before.summary, "pinned"))
        for weight, cost, risk in self.bench.curve:
            if weight == inf:
                marks.append(Mark("no action", cost, risk, "no action"))
        if figures:
            marks.append(_mark_of("now", figures, "now"))
        return marks

    def _frontier(self, asked: Query) -> Shown:
        """The region of the curve of cost and risk, with marks of the plans known."""
        bench = self.bench
        found = self._found
        figures: Mapping[str, Any] = found.figures
        if not figures and found.plan is not None:
            figures = found.plan.summary
        marks = self._marks(figures)
        idle = [mark for mark in marks if mark.kind == "no action"]
        if len(idle) == len(marks):
            return {"spec": None}
        pinned = bench.pinned()
        was: list[tuple[float, float]] = []
        if pinned is not None and pinned.case.sha256 != found.case.sha256:
            was = _solved(bench.curves.get(pinned.case.sha256, []))
        points = FrontierPoints(
            curve=_solved(bench.curve),
            marks=marks,
            source=SOLVED,
            before=was,
            least=bench.least_here,
        )
        drawn = frontier(points).properties(width="container", height=HEIGHT)
        return {
            "spec": specification(drawn),
            "least": bench.least_here,
            "idle": idle[0] if idle else None,
            "traced": len(bench.curve),
            "points": len(WEIGHTS),
            "risk": figures.get("risk_musd", ""),
            "cost": figures.get("cost_musd", ""),
            "was": self._pinned_name() if was else "",
        }

    def _plan_views(self, asked: Query) -> Shown:
        """The region of the plan, under the tab that is asked for."""
        now = self._found.plan
        before = self._before()
        tab = asked.get("tab", "timeline")
        if now is None:
            return {"tab": tab, "years": []}
        scenario = _scenario(asked, now)
        shown: Shown = {
            "tab": tab,
            "years": now.years,
            "compared": "" if before is None else self._pinned_name(),
            "stage_names": names.names_of(now.case).stages_many,
            "scenario": two_plans.scenarios_of(now)[scenario],
            "run": shown_as(now.case),
        }
        if tab == "shortage":
            return shown | two_plans.shortage(now, scenario)
        shown["plants"] = two_plans.plants_over_time(now, before)
        shown["payers"] = two_plans.payers(now)
        return shown

    def _side(self, asked: Query) -> Shown:
        """The region beside the plan: parties, and why it changed."""
        bench = self.bench
        now = self._found.plan
        before = self._before()
        words = words_of(bench)
        if now is None:
            return {**words, "parties": [], "because": None}
        plants = two_plans.plants_over_time(now, before)
        groups = set(now.case.lookups.group.values())
        return {
            **words,
            "parties": two_plans.parties(now, before),
            "shared": len(groups) < len(now.case.lookups.group),
            "because": bench.because,
            "moves": two_plans.moves(plants),
            "compared": before is not None,
        }

    def _shelf(self, asked: Query) -> Shown:
        """The region of kept variants, each beside the pinned one."""
        bench = self.bench
        record = bench.record
        root = bench.pinned()
        columns = self._columns(root)
        differing: list[shelf.DifferingRow] = []
        if root is not None:
            differing = shelf.differing(root, list(columns.values()))
        return {
            **words_of(bench),
            "kept": record.kept,
            "pinned": record.pinned,
            "root": self._pinned_name(),
            "known": root is not None,
            "columns": list(columns),
            "rows": differing,
            "first": None if bench.first is None else bench.first.summary,
        }

    def _columns(self, root: Plan | None) -> dict[str, Plan]:
        """The plans that stand beside the one they are compared with, by their names."""
        found = self._found
        columns: dict[str, Plan] = {}
        for one in self.bench.record.kept:
            if one.ticked:
                columns[one.name] = self.bench.plan_of(one.folder)
        digests = [plan.case.sha256 for plan in columns.values()]
        is_new = found.stage == "plan" and found.case.sha256 not in digests
        if is_new and found.plan is not None:
            columns["the plan above"] = found.plan
        if root is None:
            return columns
        compared = root.case.sha256
        return {name: plan for name, plan in columns.items() if plan.case.sha256 != compared}

    def _tables(self, asked: Query) -> Shown:
        """The region of input tables, of which one is shown, with rows that hold what is looked for."""
        table = asked.get("table", "projects")
        wanted = asked.get("find", "")
        case = self.bench.case
        sheets = []
        for one in used_tables(case):
            rows = case.tables.rows(one.name)
            sheets.append((one.name, len(rows), one.meaning))
        return {
            "sheets": sheets,
            "table": table,
            "find": wanted,
            "shown": rows_of_table(case, table, wanted),
        }

    def _command(self, asked: Query) -> Shown:
        bench = self.bench
        kept = asked.get("folder", "")
        return {
            "command": bench.command(kept),
            "options": bench.options(kept),
            "name": bench.name_of(kept) if kept else "",
            "folder": bench.opened.folder,
            "here": Path.cwd(),
        }

    def _questions(self, asked: Query) -> Shown:
        return questions(self.bench)

    def _figure(self, asked: Query) -> Shown:
        table = asked.get("table", "")
        row = asked.get("id", "")
        shown = figure(self.bench, table, row)
        shown["chosen"] = asked.get("column", "")
        return shown


def _scenario(asked: Query, view: Plan) -> str:
    """The scenario asked for, the expectation over all where there is no such."""
    wanted = asked.get("scenario", "")
    return wanted if wanted in view.weights else EXPECTED


def _mark_of(name: str, figures: Mapping[str, Any], kind: str) -> Mark:
    """A plan on the frontier by its figures, as in its summary."""
    return Mark(name, figures["cost_musd"], figures["risk_musd"], kind)


def _solved(curve: Sequence[AskedAndGot]) -> list[tuple[float, float]]:
    """Cost and risk (MUSD) of the plans of a frontier, without the one that takes no action, which is none of it."""
    return [(cost, risk) for weight, cost, risk in curve if weight < inf]


REGIONS: dict[str, Callable[[Regions, Query], Shown]] = {
    "questions": Regions._questions,
    "figure": Regions._figure,
    "command": Regions._command,
    "outcomes": Regions._outcomes,
    "frontier": Regions._frontier,
    "views": Regions._plan_views,
    "side": Regions._side,
    "shelf": Regions._shelf,
    "tables": Regions._tables,
}
