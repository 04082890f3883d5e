"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from html import unescape
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.errors import refused
from planner.reporting.charts.frontier import FrontierPoints, Mark, frontier
from planner.reporting.forms.html import fragment
from planner.reporting.panels import key_figures, payers, shortage
from planner.reporting.panels.annex import purchases
from planner.reporting.panels.comparison import effects_table
from planner.reporting.panels.dependence import target_sentence
from planner.reporting.panels.inputs import used_tables
from planner.reporting.panels.places import schedule
from planner.reporting.panels.plants import people
from planner.reporting.parts import Chart, Part, ReportTable
from planner.reporting.words import names, numbers
from planner.results.comparison import Cause, Comparison
from planner.results.plan import Plan
from planner.server.answers import Shown, figures_of, next_weight
from planner.server.journal import shown_as
from planner.server.questions import figure, questions, rows_of_table, words_of
from planner.server.solver_thread import FoundSoFar
from planner.server.workbench import Workbench

SOLVED = "solved in the background, figures only; summary.json of plans with a name"
"""Where the figures of the frontier are."""
NARROW_NOTE = "Payments are public, expected and not discounted, in one of many splits that pay for the same plan."
"""Below the columns of who pays that there is room for."""
WHOLE_FROM = 1000
"""From which on a figure in a box has no decimals."""
Query = Mapping[str, str]
"""A part of the page asked for with these, as in the query of its address."""
FILTERS = (
    numbers.number,
    numbers.money,
    numbers.percent,
    numbers.signed,
    names.short,
    names.harmless,
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
    found.filters["boxed"] = boxed
    return found


def ident(key: str) -> str:
    """An id for the page."""
    plain = re.sub(r"[^A-Za-z0-9]", _as_number, key)
    return f"q-{plain}"


def boxed(value: float) -> str:
    """A figure as it stands in a box: whole and with separators from 1,000 on.

    >>> boxed(4405798.4), boxed(0.5)
    ('4,405,798', '0.5')
    """
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.6g}"


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
            raise refused("", "page", f"there is no region {name!r:.60}")
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
        state = str(hash((repr(record.edits), bench.fault)))
        return {
            "turn": turn,
            "state": state,
            "versions": self._versions(state),
            "of": self._plan_of_regions(),
            "proof": found.proof,
            "phase": found.phase,
            "fault": bench.fault,
            "seconds": bench.solver.phase_seconds,
            "expected": bench.solver.expected,
            "undo": record.at > 0,
            "redo": record.at + 1 < len(record.steps),
            "keep": found.stage == "plan",
            "stop": self._stop(),
            "empty": found.plan is None,
        }

    def _stop(self) -> str:
        """What the button that ends what goes on says that it does; '' where there is nothing to go back to."""
        if self._found.stage in ("plan", "failed"):
            return "Stop; what is shown stays"
        return "Stop; back to the last plan" if self.bench.record.at else ""

    def _versions(self, state: str) -> dict[str, str]:
        """By region a text that changes with all that the region shows."""
        bench = self.bench
        found = self._found
        record = bench.record
        plan = (found.shown, record.pinned, id(bench.first))
        stage = (found.stage, found.reasons, found.phase != "")
        shown = {
            "questions": (state, found.shown, id(bench.first)),
            "outcomes": (state, plan, stage),
            "frontier": (plan, found.stage, len(bench.curve), record.kept, bench.solver.is_stopped),
            "views": plan,
            "side": (plan, len(bench.known)),
            "shelf": (record.kept, plan),
        }
        return {region: str(hash(repr(content))) for region, content in shown.items()}

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
        """The region of figures: those found so far, beside those of the plan compared with."""
        found = self._found
        before = self._before()
        figures: Shown = {}
        if found.plan is not None and found.stage != "figures":
            figures |= found.plan.summary
        figures |= found.figures
        old = {} if before is None else before.summary
        targets = found.case.lookups.targets
        return {
            "sentence": partial(target_sentence, self.bench.base),
            "found": found,
            "cards": fragment([], key_figures.cards(figures, old, self._pinned_name())),
            "objective": found.case.model.objective,
            "targets": targets,
            "money": self._money(),
        }

    def _money(self) -> str:
        """That money is not scarce, where it was changed and more of it would save less than it costs."""
        plan, edits = self._found.plan, self._found.edits
        is_asked = any(edit.key.partition(".")[0] == "money" for edit in edits)
        if not is_asked or plan is None or self._found.stage != "plan":
            return ""
        return payers.not_scarce(plan)

    def _marks(self, figures: Mapping[str, Any]) -> list[Mark]:
        """The plans that have a name on the frontier."""
        record = self.bench.record
        before = self._before()
        marks = []
        for one in record.kept:
            if one.folder != record.pinned:
                marks.append(Mark(one.name, one.cost, one.risk, "kept"))
        if before is not None:
            old = figures_of(before.summary)
            marks.append(Mark(self._pinned_name(), old.cost, old.risk, "pinned"))
        if figures:
            marks.append(Mark("now", figures["cost_musd"], figures["risk_musd"], "now"))
        return marks

    def _frontier(self, asked: Query) -> Shown:
        """The region of the curve of cost and risk, with marks of the plans known."""
        bench = self.bench
        found = self._found
        figures: Mapping[str, Any] = found.figures
        if not figures and found.plan is not None:
            figures = found.plan.summary
        marks = self._marks(figures)
        if not marks:
            return {"chart": ""}
        # The last takes no action, and is none of the frontier.
        curve = [(cost, risk) for weight, cost, risk in bench.curve if weight < inf]
        idle = [(cost, risk) for weight, cost, risk in bench.curve if weight == inf]
        marks += [Mark("no action", cost, risk, "no action") for cost, risk in idle]
        points = FrontierPoints(curve=curve, marks=marks, source=SOLVED)
        title = "What less risk costs: plans of the efficient frontier"
        chart = Chart(name="frontier", title=title, spec=frontier(points), source=SOLVED)
        return {
            "chart": fragment([chart]),
            "idle": idle[0] if idle else None,
            "traced": len(bench.curve),
            "left": next_weight(bench.curve) is not None,
            "stopped": bench.solver.is_stopped,
            "risk": figures.get("risk_musd", ""),
            "cost": figures.get("cost_musd", ""),
        }

    def _plan_views(self, asked: Query) -> Shown:
        """The region of the plan: its plants over time and one by one, stock and people, and what stays short."""
        now = self._found.plan
        if now is None:
            return {"run": "", "shown": ""}
        run = shown_as(now.case)
        before = self._before()
        plants = key_figures.plants(now, before, f"/files/{run}/project-")
        parts = [schedule(now), plants, purchases(now), people(now)]
        parts.append(shortage.by_element(now, before))
        return {"run": run, "shown": fragment([part for part in parts if part is not None])}

    def _side(self, asked: Query) -> Shown:
        """The region beside the plan: why it changed, and who loses and pays."""
        now = self._found.plan
        before = self._before()
        if now is None:
            return {"shown": ""}
        parts: list[Part] = []
        if before is not None and self._found.stage == "plan":
            parts.append(self._effects(before, now))
        paid = payers.payers(now, before)
        if paid is not None:
            parts.append(_narrow(paid))
        return {"shown": fragment(parts)}

    def _effects(self, before: Plan, now: Plan) -> ReportTable:
        """What each change does alone, as far as it is known."""
        known = self.bench.known
        steps = self.bench.steps()
        words_for = _environment().get_template("said.html.j2").make_module(words_of(self.bench))
        causes = []
        for step in steps:
            if repr(step.edits) in known:
                words = unescape(words_for.said(step.edit))  # type: ignore[attr-defined]
                group = f"no longer: {words}" if step.back else words
                causes.append(Cause(group=group, cells=1, alone=known[repr(step.edits)]))
        compared = Comparison(
            before=self._pinned_name(),
            after="the plan above",
            cells=[],
            first=figures_of(before.summary),
            second=figures_of(now.summary),
            causes=causes,
        )
        return effects_table(compared, len(steps) - len(causes))

    def _shelf(self, asked: Query) -> Shown:
        """The region of kept variants, each beside the pinned one."""
        bench = self.bench
        root = bench.pinned()
        columns = self._columns(root)
        differing = None
        if root is not None and columns:
            differing = key_figures.differing(root, columns, self._pinned_name())
        return {
            **words_of(bench),
            "kept": bench.record.kept,
            "pinned": bench.record.pinned,
            "differing": "" if differing is None else fragment([differing]),
        }

    def _columns(self, root: Plan | None) -> dict[str, Plan]:
        """The plans that stand beside the one they are compared with, by their names."""
        found = self._found
        columns: dict[str, Plan] = {}
        for one in self.bench.record.kept:
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
        return {
            "sheets": [
                (one.name, len(case.tables.rows(one.name)), one.meaning)
                for one in used_tables(case)
            ],
            "table": table,
            "find": wanted,
            "shown": rows_of_table(case, table, wanted),
        }

    def _command(self, asked: Query) -> Shown:
        bench = self.bench
        kept = asked.get("folder", "")
        run = kept or shown_as(bench.certified().case)
        return {
            "command": bench.command(run),
            "name": bench.name_of(kept) if kept else "",
            "run": run,
            "folder": bench.opened.folder / run,
            "here": Path.cwd(),
        }

    def _questions(self, asked: Query) -> Shown:
        return questions(self.bench)

    def _figure(self, asked: Query) -> Shown:
        table = asked.get("table", "")
        row = asked.get("id", "")
        shown = figure(self.bench, table, row)
        edits = self.bench.record.edits
        return {**shown, "chosen": asked.get("column", ""), "values": {one.key for one in edits}}


def _narrow(payers: ReportTable) -> ReportTable:
    """Who loses and pays, for where there is little room."""
    fields = ("party", "paid", "paid_moved", "loss", "loss_moved")
    columns = [replace(one, only="") for one in payers.columns if one.field in fields]
    return replace(payers, columns=columns, note=NARROW_NOTE)


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
