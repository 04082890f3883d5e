"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from html import unescape
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.data.investment_tables import ITEMS
from planner.errors import InputError
from planner.finance.project_facts import terms_of
from planner.reporting.chapters import beside, buys, money, recommendation
from planner.reporting.chapters.comparison import effects_table
from planner.reporting.chapters.inputs import used_tables
from planner.reporting.charts.frontier import FrontierPoints, Mark, frontier
from planner.reporting.forms.html import fragment
from planner.reporting.parts import Chart, Part, ReportTable
from planner.reporting.words import names, numbers
from planner.results.figures.sums import EXPECTED, scenarios_by_loss
from planner.results.plan import Plan
from planner.server.answers import WEIGHTS, AskedAndGot, Shown, both
from planner.server.edits import Edit, refused
from planner.server.journal import shown_as
from planner.server.questions import figure, questions, rows_of_table, words_of
from planner.server.solver_thread import FoundSoFar
from planner.server.workbench import Workbench
from planner.server.writer import case_page

SOLVED = "solved in the background, figures only; summary.json of plans with a name"
"""Where the figures of the frontier are."""
Query = Mapping[str, str]
"""A part of the page asked for with these, as in the query of its address."""
TERMS_ASKED = {
    name: f"{ITEMS[name].meaning} ({ITEMS[name].unit})"
    for name in (
        "grant",
        "public_loan",
        "guarantee",
        "floor",
        "cfd",
        "availability",
        "public_stock",
        "support_years",
        "equity_rate",
        "debt_rate",
        "debt_share",
        "contingency",
        "delay_years",
    )
} | {"debt_rate_nominal": f"{ITEMS['debt_rate'].meaning} (a year, nominal)"}
"""Terms of an investment case that the form asks for, with what they mean."""
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
            "expected": bench.solver.expected,
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
            "side": (plan, repr(bench.because)),
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
        """The region of figures: those found so far, beside those of the plan compared with."""
        found = self._found
        before = self._before()
        figures: Shown = {}
        if found.plan is not None and found.stage != "figures":
            figures |= found.plan.summary
        figures |= found.figures
        old = {} if before is None else before.summary
        is_late = found.stage in ("waiting", "failed")
        return {
            "found": found,
            "pinned": self._pinned_name(),
            "cards": fragment([], beside.cards(figures, old, self._pinned_name())),
            "sum": None if is_late else _risk_adjusted(figures),
            "sum_was": _risk_adjusted(old),
            "objective": found.case.model.objective,
            "short": self._out_of_reach(),
        }

    def _out_of_reach(self) -> list[tuple[str, str, float]]:
        """Targets that cannot be met: the key of the edit that asks for less, the target in words, the most that can be."""
        found = self._found
        targets = found.case.lookups.targets
        short = []
        for target, share in found.shares.items():
            words = beside.target_sentence(found.case, targets[target])
            short.append((f"target.{target}", words, share))
        return short

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
        if not marks:
            return {"chart": ""}
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
        title = "What less risk costs: the efficient frontier"
        chart = Chart(name="frontier", title=title, spec=frontier(points), source=SOLVED)
        idle = [(cost, risk) for weight, cost, risk in bench.curve if weight == inf]
        return {
            "chart": fragment([chart]),
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
            return {"tab": tab, "run": ""}
        run = shown_as(now.case)
        scenario = _scenario(asked, now)
        parts: list[Part | None]
        if tab == "shortage":
            parts = [buys.short(now, before, scenario), beside.unmet_by_countries(now, scenario)]
        else:
            plants = beside.plants(now, before, f"/files/{run}/project-")
            parts = [recommendation.timeline(now), plants, beside.paid_for(now)]
        return {
            "tab": tab,
            "run": run,
            "scenario": scenario,
            "scenarios": _scenarios(now),
            "shown": fragment([part for part in parts if part is not None]),
        }

    def _side(self, asked: Query) -> Shown:
        """The region beside the plan: why it changed, and who loses and pays."""
        bench = self.bench
        now = self._found.plan
        before = self._before()
        if now is None:
            return {"parties": "", "effects": "", "moves": []}
        effects = ""
        moves: list[str] = []
        if bench.because is not None:
            compared = bench.because.comparison(self._words)
            effects = fragment([effects_table(compared, bench.because.missing)])
            moves = [] if before is None else beside.moves(now, before)
        payers = money.payers(now, before)
        parties = "" if payers is None else fragment([_narrow(payers)])
        return {"parties": parties, "effects": effects, "moves": moves}

    def _words(self, edit: Edit) -> str:
        """An edit in words."""
        words = _environment().get_template("said.html.j2").make_module(words_of(self.bench))
        said: str = words.said(edit)  # type: ignore[attr-defined]
        return unescape(said)

    def _shelf(self, asked: Query) -> Shown:
        """The region of kept variants, each beside the pinned one."""
        bench = self.bench
        record = bench.record
        root = bench.pinned()
        columns = self._columns(root)
        differing = None
        if root is not None and columns:
            differing = beside.differing(root, columns, self._pinned_name())
        return {
            **words_of(bench),
            "kept": record.kept,
            "pinned": record.pinned,
            "root": self._pinned_name(),
            "known": root is not None,
            "columns": list(columns),
            "differing": "" if differing is None else fragment([differing]),
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

    def _terms(self, asked: Query) -> Shown:
        """The region that asks for the investment case of a plant on other terms: the blanks, and where the case lies."""
        plan = self._found.plan
        plants = {} if plan is None else _plants_to_build(plan)
        project = asked.get("project", "")
        given = {term: asked[term].strip() for term in TERMS_ASKED if asked.get(term, "").strip()}
        values = {"plants": plants, "project": project, "given": given, "items": TERMS_ASKED}
        if plan is None or project not in plants:
            return {**values, "page": "", "fault": ""}
        try:
            terms = {term: float(amount) for term, amount in given.items()}
            terms_of(plan.case, plan.case.projects[project].country, terms)
        except InputError as error:
            return {
                **values,
                "page": "",
                "fault": "; ".join(fault.message for fault in error.faults),
            }
        except ValueError:
            return {**values, "page": "", "fault": "Write numbers: 0.3 for 30 %."}
        page = f"/files/{shown_as(plan.case)}/{case_page(project, terms)}"
        return {**values, "page": page, "fault": ""}

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


def _scenarios(plan: Plan) -> dict[str, str]:
    """Scenarios to choose from: all of them, then one by one, the worst first."""
    words = {EXPECTED: "all scenarios, expected"}
    for scenario in scenarios_by_loss(plan):
        chance = numbers.percent(plan.weights[scenario])
        words[scenario] = f"{chance} probable: {names.names_of(plan.case).scenario(scenario)}"
    return words


def _risk_adjusted(figures: Mapping[str, Any]) -> float | None:
    """Cost plus risk (MUSD), where both are known."""
    if "risk_musd" not in figures or "cost_musd" not in figures:
        return None
    risk, cost = both(figures)
    return risk + cost


def _narrow(payers: ReportTable) -> ReportTable:
    """Who loses and pays, for where there is little room."""
    fields = ("party", "paid", "paid_moved", "loss", "loss_moved")
    columns = [column for column in payers.columns if column.field in fields]
    return replace(payers, columns=columns, stacked=False)


def _mark_of(name: str, figures: Mapping[str, Any], kind: str) -> Mark:
    """A plan on the frontier by its figures, as in its summary."""
    risk, cost = both(figures)
    return Mark(name, cost, risk, kind)


def _solved(curve: Sequence[AskedAndGot]) -> list[tuple[float, float]]:
    """Cost and risk (MUSD) of the plans of a frontier, without the one that takes no action, which is none of it."""
    return [(cost, risk) for weight, cost, risk in curve if weight < inf]


def _plants_to_build(plan: Plan) -> dict[str, str]:
    """Plants of which there may be more, by their names."""
    case, of = plan.case, names.names_of(plan.case)
    plants = {}
    for project in case.projects:
        if case.lookups.commitment_years(project) and not case.lookups.stage_of(project).saves:
            plants[project] = of.project(project)
    return plants


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
    "terms": Regions._terms,
}
