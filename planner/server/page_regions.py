"""The regions of the page as HTML, each by itself, so that only what changed is sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.errors import Fault, InputError
from planner.reporting.chapters.inputs import used_tables
from planner.reporting.run_view import RunView, run_view
from planner.reporting.words import names, numbers
from planner.results.figures.run import EXPECTED
from planner.results.plan import PlanValues
from planner.server import charts, shelf, sides, two_plans
from planner.server.answers import WEIGHTS, Sweep
from planner.server.edits import shown_per, target_words
from planner.server.journal import shown_as
from planner.server.questions import figure, questions, rows_of_table, words_of
from planner.server.regret import with_other_odds
from planner.server.workbench import Workbench

Asked = Mapping[str, str]
"""What the page asks a part with, as in the query of its address."""
OPEN_VIEWS = 8
"""Plans whose figures stay computed."""
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
REDUCED = {"risk": "the risk", "welfare": "cost plus risk"}
"""What a marginal value reduces, by its objective."""


@cache
def _environment() -> Environment:
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
    parts = []
    for letter in key:
        is_plain = letter.isascii() and letter.isalnum()
        parts.append(letter if is_plain else f"_{ord(letter):x}")
    return "q-" + "".join(parts)


def render(template: str, **values: Any) -> str:
    """A template of the page as text, everything in it escaped."""
    return _environment().get_template(template).render(**values)


class Regions:
    """Draws the regions of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._views: dict[int, tuple[PlanValues, RunView]] = {}
        self._turns = count()

    def part(self, name: str, asked: Asked) -> str:
        """A region by its name. Raises PlannerError."""
        if name not in REGIONS:
            raise InputError([Fault("page", 0, "", f"there is no region {name!r:.60}")])
        values = REGIONS[name](self, asked)
        return render(f"{name}.html.j2", **values)

    # ---- what is new --------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """What the page needs to know to be up to date. The version of a region changes with what it shows; `of` says
        of which plan what it then shows will be, '' if of the plan before."""
        turn = next(self._turns)  # before anything is looked at: what has a later one is no older
        bench, found, record = self.bench, self.bench.solver.found, self.bench.record
        state = f"{hash((record, bench.base.sha256, bench.fault))}"
        return {
            "turn": turn,
            "state": state,
            "versions": self._versions(state),
            "of": self._plan_of_regions(),
            "proof": found.proof,
            "phase": found.phase,
            "fault": bench.fault,
            "study": bench.range.key,
            "seconds": bench.solver.phase_seconds,
            "longest": bench.solver.longest,
            "undo": record.at > 0,
            "redo": record.at + 1 < len(record.steps),
            "keep": found.stage == "plan",
            "stop": record.at > 0 or found.stage in ("plan", "failed"),
            "empty": found.plan is None,
        }

    def _versions(self, state: str) -> dict[str, str]:
        bench, found, record = self.bench, self.bench.solver.found, self.bench.record
        plan = f"{found.shown}.{record.pinned}.{id(bench.first)}"
        waited = hash(bench.solver.waited_for)
        solved, kept = len(bench.curve), hash(record.kept)
        because = {key: hash(one) for key, one in bench.because.items()}
        stage = f"{found.stage}.{hash(found.reasons)}.{found.phase != ''}"
        cases = hash(tuple(bench.cases.items()))
        return {
            "questions": f"{state}.{found.shown}.{len(bench.prices)}.{waited}",
            "outcomes": f"{state}.{plan}.{stage}.{len(bench.held)}.{waited}",
            "frontier": f"{plan}.{found.stage}.{solved}.{kept}.{bench.least_here}",
            "views": f"{plan}.{solved}.{cases}",
            "side": f"{plan}.{because.get('now')}.{solved}",
            "shelf": f"{kept}.{record.pinned}.{plan}.{because.get('kept')}",
        }

    def _plan_of_regions(self) -> dict[str, str]:
        found = self.bench.solver.found
        whole = f"{found.case.sha256}.{found.shown}" if found.stage == "plan" else ""
        figures = f"{found.case.sha256}.figures" if found.stage == "figures" else whole
        drawn = "" if found.stage == "waiting" else figures or f"{found.case.sha256}.failed"
        of = dict.fromkeys(("views", "side", "questions"), whole)
        return {"outcomes": drawn, "frontier": figures, **of}

    # ---- plans --------------------------------------------------------------------------------------------------

    def _view(self, plan: PlanValues) -> RunView:
        if id(plan) not in self._views:
            while len(self._views) >= OPEN_VIEWS:
                oldest = next(iter(self._views))
                del self._views[oldest]
            self._views[id(plan)] = (plan, run_view(plan))  # held, so that no other plan has its id
        return self._views[id(plan)][1]

    def _now(self) -> RunView | None:
        plan = self.bench.solver.found.plan
        return self._view(plan) if plan is not None else None

    def _before(self) -> RunView | None:
        """What the present plan is compared with, unless it is that itself."""
        pinned, found = self.bench.pinned(), self.bench.solver.found
        if pinned is None or (pinned is found.plan and found.stage != "figures"):
            return None
        return self._view(pinned)

    def _scenario(self, asked: Asked, view: RunView) -> str:
        wanted = asked.get("scenario", "")
        return wanted if wanted in (EXPECTED, *view.weights) else EXPECTED

    # ---- regions ------------------------------------------------------------------------------------------------

    def _outcomes(self, asked: Asked) -> dict[str, Any]:
        bench, found = self.bench, self.bench.solver.found
        now, before = self._now(), self._before()
        ours = now.summary if now and found.stage != "figures" else {}
        shown: dict[str, Any] = {
            "found": found,
            "pinned": bench.name_of(bench.record.pinned),
            "missing": [],
            "old": before.summary if before else {},
            "now": {**ours, **found.figures},
            "stands": None if before is None else self._stands(before),
            "objective": found.case.model.objective,
            "holding": "hold" in bench.solver.waited_for,
        }
        if now is not None:
            scenario = self._scenario(asked, now)
            shown["scenario"] = scenario
            shown["missing"] = two_plans.missing(now, before, scenario)
            shown["years"] = now.years
            shown["scenarios"] = two_plans.scenarios_of(now)
        return shown

    def _stands(self, before: RunView) -> dict[str, Any]:
        """The plan compared with, kept in the present state."""
        case, plan = self.bench.solver.found.case, self.bench.pinned()
        both = before.case.sha256, case.sha256
        return {
            "as_it_is": with_other_odds(plan, case) if plan is not None else None,
            "exact": self.bench.held.get(both),
            "lacks": two_plans.lacking(before, case),
        }

    def _marks(self, figures: Mapping[str, Any]) -> list[charts.Mark]:
        """The plans that have a name on the frontier."""
        bench, before, found = self.bench, self._before(), []
        for one in bench.record.kept:
            if one.ticked and one.folder != bench.record.pinned:
                found.append(charts.Mark(name=one.name, cost=one.cost, risk=one.risk, kind="kept"))
        if before is not None:
            name, there = bench.name_of(bench.record.pinned), before.summary
            cost, risk = there["cost_musd"], there["risk_musd"]
            found.append(charts.Mark(name=name, cost=cost, risk=risk, kind="pinned"))
        for weight, cost, risk in bench.curve:
            if weight == inf:
                found.append(charts.Mark(name="no action", cost=cost, risk=risk, kind="no action"))
        if figures:
            cost, risk = figures["cost_musd"], figures["risk_musd"]
            found.append(charts.Mark(name="now", cost=cost, risk=risk, kind="now"))
        return found

    def _frontier(self, asked: Asked) -> dict[str, Any]:
        bench, found = self.bench, self.bench.solver.found
        plan, pinned = found.plan, bench.pinned()
        figures = found.figures or (plan.summary if plan else {})
        marks = self._marks(figures)
        if all(mark.kind == "no action" for mark in marks):
            return {"spec": None}
        was = []
        if pinned is not None and pinned.case.sha256 != found.case.sha256:
            was = _solved(bench.curves.get(pinned.case.sha256, []))
        points = charts.FrontierPoints(
            curve=_solved(bench.curve), before=was, marks=marks, least=bench.least_here
        )
        idle = [mark for mark in marks if mark.kind == "no action"]
        return {
            "spec": charts.frontier(points),
            "least": bench.least_here,
            "idle": idle[0] if idle else None,
            "traced": len(bench.curve),
            "points": len(WEIGHTS),
            "risk": figures.get("risk_musd", ""),
            "cost": figures.get("cost_musd", ""),
            "was": bench.name_of(bench.record.pinned) if was else "",
        }

    def _views_(self, asked: Asked) -> dict[str, Any]:
        now, before, tab = self._now(), self._before(), asked.get("tab", "timeline")
        if now is None:
            return {"tab": tab, "years": []}
        bench, scenario = self.bench, self._scenario(asked, now)
        shown: dict[str, Any] = {
            "tab": tab,
            "years": now.years,
            "compared": bench.name_of(bench.record.pinned) if before else "",
            "stage_names": names.STAGES_MANY,
            "traced": len(bench.curve),
            "points": len(WEIGHTS),
            "scenario": two_plans.scenarios_of(now)[scenario],
            "run": shown_as(now.case),
            "cases": bench.cases_of(now.case),
        }
        if tab == "shortage":
            return shown | two_plans.shortage(now, scenario)
        if tab == "first":
            built = bench.built.get(now.case.sha256, {})
            return shown | {"groups": two_plans.funded_first(now, built)}
        shown["plants"] = two_plans.plants_over_time(now, before)
        shown["payers"] = two_plans.payers(now)
        return shown

    def _side(self, asked: Asked) -> dict[str, Any]:
        now, before, bench = self._now(), self._before(), self.bench
        words = words_of(bench)
        if now is None:
            return {**words, "parties": [], "because": None}
        goal, payments = now.case.model.objective.goal, now.tables["payments"]
        plants = two_plans.plants_over_time(now, before)
        return {
            **words,
            "parties": sides.parties(now, before),
            "next": sides.next_money(now, bench.record.edits),
            "last": sides.last_money(bench),
            "because": bench.because.get("now"),
            "moves": two_plans.moves(plants),
            "compared": before is not None,
            "spent": payments[["paid_musd", "budget_musd"]].sum().tolist(),
            "shared": len(set(now.case.group.values())) < len(now.case.group),
            "policy": now.case.model.policy,
            "reduced": REDUCED["welfare" if goal == "welfare" else "risk"],
        }

    def _shelf(self, asked: Asked) -> dict[str, Any]:
        bench, record = self.bench, self.bench.record
        root = bench.pinned()
        columns = self._columns(root)
        differing: list[shelf.DifferingRow] = []
        spec = None
        if root is not None:
            views = [self._view(plan) for plan in columns.values()]
            differing = shelf.differing(self._view(root), views)
        if root is not None and columns:
            plans = [(bench.name_of(record.pinned), root), *columns.items()]
            bars = []
            for name, plan in plans:
                bars.append((name, plan.summary["cost_musd"], plan.summary["risk_musd"]))
            spec = charts.side_by_side(bars)
        return {
            **words_of(bench),
            "kept": record.kept,
            "pinned": record.pinned,
            "root": bench.name_of(record.pinned),
            "known": root is not None,
            "columns": list(columns),
            "rows": differing,
            "spec": spec,
            "first": bench.first and bench.first.summary,
            "because": bench.because.get("kept"),
        }

    def _columns(self, root: PlanValues | None) -> dict[str, PlanValues]:
        """The plans that stand beside the one they are compared with, by their names."""
        bench, found = self.bench, self.bench.solver.found
        columns: dict[str, PlanValues] = {}
        for one in bench.record.kept:
            if one.ticked:
                columns[one.name] = bench.plan_of(one.folder)
        known = {plan.case.sha256 for plan in columns.values()}
        if found.plan is not None and found.stage == "plan" and found.case.sha256 not in known:
            columns["the plan above"] = found.plan
        compared = root.case.sha256 if root is not None else ""
        return {name: plan for name, plan in columns.items() if plan.case.sha256 != compared}

    def _tables(self, asked: Asked) -> dict[str, Any]:
        table, wanted = asked.get("table", "projects"), asked.get("find", "")
        case = self.bench.case
        sheets = []
        for one in used_tables(case):
            sheets.append((one.name, len(case.tables.rows(one.name)), one.meaning))
        shown = rows_of_table(self.bench, table, wanted)
        return {"sheets": sheets, "table": table, "find": wanted, "shown": shown}

    def _command(self, asked: Asked) -> dict[str, Any]:
        bench, kept = self.bench, asked.get("folder", "")
        return {
            "command": bench.command(kept),
            "options": bench.options(kept),
            "name": kept and bench.name_of(kept),
            "folder": bench.opened.folder,
            "here": Path.cwd(),
        }

    def _study(self, asked: Asked) -> dict[str, Any]:
        bench, key = self.bench, asked.get("key", "")
        given = {name: asked.get(name, "") for name in ("key", "low", "high", "points")}
        fresh = Sweep(key, given["low"], given["high"], given["points"] or "9")
        found = bench.range if bench.range.key == key else fresh
        unit = "%" if shown_per(key) > 1 else ""
        drawn = len(found.rows) > 1
        return {
            **words_of(bench),
            "found": found,
            "query": urlencode(given),
            "spec": charts.answers(found.rows, f", {unit}" if unit else "") if drawn else None,
            "unit": unit,
        }


def _solved(curve: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Cost and risk (MUSD) of the plans of a frontier, without the one that takes no action, which is none of it."""
    return [(cost, risk) for weight, cost, risk in curve if weight < inf]


def _figure(regions: Regions, asked: Asked) -> dict[str, Any]:
    table, row, column = (asked.get(key, "") for key in ("table", "id", "column"))
    return figure(regions.bench, table, row, column)


REGIONS: dict[str, Callable[[Regions, Asked], dict[str, Any]]] = {
    "questions": lambda regions, _: questions(regions.bench),
    "figure": _figure,
    "command": Regions._command,
    "outcomes": Regions._outcomes,
    "frontier": Regions._frontier,
    "views": Regions._views_,
    "side": Regions._side,
    "shelf": Regions._shelf,
    "tables": Regions._tables,
    "study": Regions._study,
}
