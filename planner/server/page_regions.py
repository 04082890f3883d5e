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

from planner.errors import Fault, InputError
from planner.reporting.chapters.inputs import used_tables
from planner.reporting.run_view import RunView, run_view
from planner.reporting.words import names, numbers
from planner.results.figures.decision import BINDING
from planner.results.figures.run import EXPECTED
from planner.results.plan import PlanValues
from planner.server import two_plans
from planner.server.answers import BOTTOM, TOP, WEIGHTS, AskedAndGot, Mark, Sweep, answers, frontier
from planner.server.edits import Edits, shown_per
from planner.server.journal import shown_as
from planner.server.questions import figure, questions, rows_of_table, words_of
from planner.server.workbench import Workbench

Asked = Mapping[str, str]
"""What the page asks a part with, as in the query of its address."""


FILTERS = (
    numbers.number,
    numbers.money,
    numbers.percent,
    numbers.signed,
    names.short,
    names.harmless,
)
"""Functions that templates write figures and names with."""
REDUCED = {"risk": "the risk", "welfare": "cost plus risk"}
"""What a marginal value reduces, by its objective."""


@cache
def _environment() -> Environment:
    ours = PackageLoader("planner.server")
    found = Environment(
        loader=ours,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {function.__name__: function for function in FILTERS} | {"ident": ident}
    return found


def ident(key: str) -> str:
    """An id for the page."""
    return "q-" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}" for c in key)


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
        return render(f"{name}.html.j2", **REGIONS[name](self, asked))

    def snapshot(self) -> dict[str, Any]:
        """What the page needs to know to be up to date. The version of a region changes with what it shows; `of` says
        of which plan what it then shows will be, '' if of the plan before."""
        turn = next(self._turns)  # before anything is looked at: what has a later one is no older
        bench, found, record = self.bench, self.bench.solver.found, self.bench.record
        state = f"{hash((record, bench.base.sha256, bench.fault))}"
        plan = f"{found.shown}.{record.pinned}.{id(bench.first)}"
        versions = {
            "questions": f"{state}.{found.shown}.{len(bench.prices)}.{hash(bench.solver.waited_for)}",
            "outcomes": f"{state}.{plan}.{found.stage}.{len(bench.held)}.{hash(bench.solver.waited_for)}",
            "frontier": f"{plan}.{found.stage}.{len(bench.curve)}.{hash(record.kept)}",
            "views": f"{plan}.{len(bench.curve)}",
            "side": f"{plan}.{hash(bench.because.get('now'))}.{len(bench.curve)}",
            "shelf": f"{hash((record.kept, record.pinned))}.{plan}.{hash(bench.because.get('kept'))}",
        }
        can = {
            "undo": record.at > 0,
            "redo": record.at + 1 < len(record.steps),
            "keep": found.stage == "plan",
        }
        can |= {
            "stop": record.at > 0 or found.stage in ("plan", "failed"),
            "empty": found.plan is None,
        }
        whole = f"{found.case.sha256}.{found.shown}" if found.stage == "plan" else ""
        figures = f"{found.case.sha256}.figures" if found.stage == "figures" else whole
        drawn = "" if found.stage == "waiting" else figures or f"{found.case.sha256}.failed"
        of = {
            "outcomes": drawn,
            "frontier": figures,
            "views": whole,
            "side": whole,
            "questions": whole,
        }
        return {
            "turn": turn,
            "state": state,
            "versions": versions,
            "of": of,
            "proof": found.proof,
            "phase": found.phase,
            "fault": bench.fault,
            "study": bench.range.key,
            "longest": bench.solver.longest,
            **can,
        }

    def _view(self, plan: PlanValues) -> RunView:
        if id(plan) not in self._views:
            self._views = dict(list(self._views.items())[-7:])
            self._views[id(plan)] = (plan, run_view(plan))  # held, so that no other plan has its id
        return self._views[id(plan)][1]

    def _now(self) -> RunView | None:
        plan = self.bench.solver.found.plan
        return self._view(plan) if plan is not None else None

    def _before(self) -> RunView | None:
        """What the present plan is compared with, unless it is that itself."""
        pinned, found = self.bench.pinned(), self.bench.solver.found
        return (
            None
            if pinned is None or (pinned is found.plan and found.stage != "figures")
            else self._view(pinned)
        )

    def _future(self, asked: Asked, view: RunView) -> str:
        wanted = asked.get("future", "")
        return wanted if wanted in (EXPECTED, *view.weights) else EXPECTED

    def _outcomes(self, asked: Asked) -> dict[str, Any]:
        bench, found, now, before = self.bench, self.bench.solver.found, self._now(), self._before()
        shown: dict[str, Any] = {
            "found": found,
            "pinned": bench.name_of(bench.record.pinned),
            "missing": [],
        }
        ours = now.summary if now and found.stage != "figures" else {}
        shown |= {
            "old": before.summary if before else {},
            "now": {**ours, **found.figures},
            "stands": None,
        }
        shown |= {
            "sought": found.case.model.objective,
            "holding": "hold" in bench.solver.waited_for,
        }
        if now is not None:
            shown["future"] = future = self._future(asked, now)
            shown |= {"missing": two_plans.missing(now, before, future), "years": now.years}
            shown["futures"] = two_plans.futures_of(now)
        if before is not None:
            exact = bench.held.get((before.case.sha256, found.case.sha256))
            shown["stands"] = (
                two_plans.reweighed(before, found.case),
                exact,
                two_plans.lacking(before, found.case),
            )
        return shown

    def _frontier(self, asked: Asked) -> dict[str, Any]:
        bench, found, plan = self.bench, self.bench.solver.found, self._now()
        shown = [
            one for one in bench.record.kept if one.ticked and one.folder != bench.record.pinned
        ]
        marks = [Mark(one.name, one.cost, one.risk, "kept") for one in shown]
        if (before := self._before()) is not None:
            name = bench.name_of(bench.record.pinned)
            marks.append(
                Mark(name, before.summary["cost_musd"], before.summary["risk_musd"], "pinned")
            )
        marks += [
            Mark("nothing new", x, y, "nothing")
            for weight, x, y in bench.curve
            if weight == WEIGHTS[-1]
        ]
        pinned, was = bench.pinned(), list[AskedAndGot]()
        if pinned is not None and pinned.case.sha256 != found.case.sha256:
            was = bench.curves.get(pinned.case.sha256, was)
        if figures := found.figures or (plan.summary if plan else {}):
            marks.append(Mark("now", figures["cost_musd"], figures["risk_musd"], "now"))
        if not marks:
            return {"panel": None}
        panel, most = frontier(bench.curve, was, marks, "narrow" in asked)
        return {
            "panel": panel,
            "axis": (most, TOP, BOTTOM),
            "traced": len(bench.curve),
            "points": len(WEIGHTS),
            "risk": figures.get("risk_musd", ""),
            "was": bench.name_of(bench.record.pinned) if was else "",
        }

    def _views_(self, asked: Asked) -> dict[str, Any]:
        now, before, tab = self._now(), self._before(), asked.get("tab", "timeline")
        if now is None:
            return {"tab": tab, "years": []}
        future, compared = (
            self._future(asked, now),
            self.bench.name_of(self.bench.record.pinned) if before else "",
        )
        more: dict[str, Any] = {
            "stage_names": names.STAGES_MANY,
            "traced": len(self.bench.curve),
            "points": len(WEIGHTS),
        }
        if tab == "shortage":
            more |= two_plans.shortage(now, future)
        elif tab == "first":
            more["groups"] = two_plans.funded_first(now, self.bench.built.get(now.case.sha256, {}))
        else:
            more |= {
                "plants": two_plans.plants_over_time(now, before),
                "payers": two_plans.payers(now),
            }
        more |= {
            "future": two_plans.futures_of(now)[future],
            "run": shown_as(now.case),
            "stage_names": names.STAGES_MANY,
        }
        return {"tab": tab, "years": now.years, "compared": compared, **more}

    def _side(self, asked: Asked) -> dict[str, Any]:
        now, before, bench = self._now(), self._before(), self.bench
        if now is None:
            return {**words_of(bench), "parties": [], "because": None}
        words = {
            **words_of(bench),
            "parties": _parties(now, before),
            "next": _next_money(now, bench.record.edits),
        }
        words["taken_off"] = REDUCED[
            "welfare" if now.case.model.objective.goal == "welfare" else "risk"
        ]
        words |= {
            "last": _last_money(bench),
            "because": bench.because.get("now"),
            "compared": before is not None,
        }
        words["spent"] = now.tables["payments"][["paid_musd", "budget_musd"]].sum().tolist()
        words |= {
            "shared": len(set(now.case.group.values())) < len(now.case.group),
            "policy": now.case.model.policy,
        }
        return words | {"plants": two_plans.plants_over_time(now, before)}

    def _shelf(self, asked: Asked) -> dict[str, Any]:
        bench, record, found = self.bench, self.bench.record, self.bench.solver.found
        root = bench.pinned()
        columns = {one.name: bench.plan_of(one.folder) for one in record.kept if one.ticked}
        known = {plan.case.sha256 for plan in columns.values()}
        if found.plan is not None and found.stage == "plan" and found.case.sha256 not in known:
            columns["the plan above"] = found.plan
        columns = {
            name: plan
            for name, plan in columns.items()
            if root is None or plan.case.sha256 != root.case.sha256
        }
        views = [self._view(plan) for plan in columns.values()]
        differing = _differing(self._view(root), views) if root is not None else []
        return {
            **words_of(bench),
            "kept": record.kept,
            "pinned": record.pinned,
            "root": bench.name_of(record.pinned),
            "known": root is not None,
            "columns": list(columns),
            "rows": differing,
            "first": bench.first and bench.first.summary,
            "because": bench.because.get("kept"),
        }

    def _tables(self, asked: Asked) -> dict[str, Any]:
        table, wanted = asked.get("table", "projects"), asked.get("find", "")
        sheets = [
            (t.name, len(self.bench.case.tables.rows(t.name)), t.meaning)
            for t in used_tables(self.bench.case)
        ]
        return {
            "sheets": sheets,
            "table": table,
            "find": wanted,
            "shown": rows_of_table(self.bench, table, wanted),
        }

    def _command(self, asked: Asked) -> dict[str, Any]:
        bench, kept = self.bench, asked.get("folder", "")
        name = kept and bench.name_of(kept)
        return {
            "command": bench.command(kept),
            "name": name,
            "folder": bench.opened.folder,
            "here": Path.cwd(),
        }

    def _study(self, asked: Asked) -> dict[str, Any]:
        bench, key = self.bench, asked.get("key", "")
        query = urlencode({name: asked.get(name, "") for name in ("key", "low", "high", "points")})
        fresh = Sweep(key, asked.get("low", ""), asked.get("high", ""), asked.get("points", "9"))
        found = bench.range if bench.range.key == key else fresh
        panel = answers(found.rows) if len(found.rows) > 1 else None
        return {
            **words_of(bench),
            "found": found,
            "query": query,
            "panel": panel,
            "unit": "%" * (shown_per(key) > 1),
        }


REGIONS: dict[str, Callable[[Regions, Asked], dict[str, Any]]] = {
    "questions": lambda regions, _: questions(regions.bench),
    "figure": lambda regions, asked: figure(
        regions.bench, *(asked.get(key, "") for key in ("table", "id", "column"))
    ),
    "command": Regions._command,
    "outcomes": Regions._outcomes,
    "frontier": Regions._frontier,
    "views": Regions._views_,
    "side": Regions._side,
    "shelf": Regions._shelf,
    "tables": Regions._tables,
    "study": Regions._study,
}


def _parties(now: RunView, before: RunView | None) -> list[dict[str, Any]]:
    """Expected loss and payments by party (MUSD), now and before, who loses most first."""
    columns = {"pays": "paid_musd", "least": "least_musd", "most": "most_musd"}
    found: dict[str, dict[str, float]] = defaultdict(
        lambda: dict.fromkeys(("loss", "was", *columns, "paid"), 0.0)
    )
    for view, loss, read in ((now, "loss", columns), (before, "was", {"paid": "paid_musd"})):
        for country, lost in view.summary["loss_musd_by_country"].items() if view else ():
            found[now.case.party.get(country, country)][loss] += lost["expected"]
        for paid in view.tables["payments"].to_dict("records") if view else ():
            for column, source in read.items():
                found[now.case.funder_party.get(paid["funder"], paid["funder"])][column] += paid[
                    source
                ]
    rows: list[dict[str, Any]] = [
        {"name": now.names.party(party), **row} for party, row in found.items()
    ]
    return sorted(
        (r for r in rows if r["loss"] + r["pays"] + r["paid"] > 0.05), key=lambda r: -r["loss"]
    )


def _next_money(now: RunView, edits: Edits) -> dict[tuple[float, int, str, bool], list[str]]:
    """What one more MUSD takes off in the best year in which a funder's budget is used up, that year, all such years,
    and True -> funders of whom it is so. Where it has no budget at all: of the years that lack one, and False. Years
    in which a party has not yet joined are left out."""
    joined = {edit.key: edit.value for edit in edits if isinstance(edit.value, int)}
    prices = now.tables["shadow_prices"]
    prices = prices[(prices["scarce"] == "budget") & (prices["musd_per_unit"] > BINDING)]
    found: dict[tuple[float, int, str, bool], list[str]] = {}
    for funder, rows in prices.sort_values("musd_per_unit", ascending=False).groupby(
        "item", sort=False
    ):
        since = joined.get(f"joins.{now.case.funder_party[str(funder)]}", 0)
        worth = {
            int(row["year"]): row["musd_per_unit"]
            for row in rows.to_dict("records")
            if row["year"] >= since
        }
        had = [year for year in worth if now.case.budget.get((str(funder), year), 0.0) > 0]
        if worth:
            best = max(had or worth, key=lambda year: (float(f"{worth[year]:.3g}"), -year))
            told = float(f"{worth[best]:.3g}"), best, numbers.spans(had or worth), bool(had)
            found.setdefault(told, []).append(now.names.party(str(funder)))
    return found


def _last_money(bench: Workbench) -> tuple[float, float] | None:
    """The last stretch of the frontier up to the present plan: its cost, and what it takes off the risk (MUSD)."""
    now = bench.solver.found.figures
    below = [
        (cost, risk) for _, cost, risk in bench.curve if now and cost < now["cost_musd"] - 1e-6
    ]
    cost, risk = max(below, default=(0.0, 0.0))
    return (now["cost_musd"] - cost, risk - now["risk_musd"]) if below else None


def _differing(root: RunView, others: Sequence[RunView]) -> list[tuple[str, float, list[float]]]:
    """Rows of the shelf: figures, allies and new capacities that differ in one of the plans at least."""

    def figures(view: RunView) -> dict[str, float]:
        s, named = view.summary, root.names
        keys = {
            "risk_musd": "risk, MUSD",
            "cost_musd": "cost, MUSD",
            "expected_loss_musd": "expected loss, MUSD",
            "cvar_musd": "loss in the worst futures, MUSD",
            "public_spend_musd": "public money, MUSD",
        }
        found = {words: float(s[key]) for key, words in keys.items()}
        found |= {
            f"missing on average, {named.element(e)}, t": float(t)
            for e, t in s["expected_shortfall_t"].items()
        }
        parties = _parties(view, None)
        found |= {f"{row['name']}: loss left, MUSD": row["loss"] for row in parties}
        found |= {f"{row['name']}: pays, MUSD": row["pays"] for row in parties}
        return found | {
            f"{named.placed(p)}, t/y": float(t) for p, t in s["new_capacity_tpa"].items()
        }

    first, rest = figures(root), [figures(view) for view in others]
    keys = dict.fromkeys(key for found in (first, *rest) for key in found)
    rows = [(key, first.get(key, 0.0), [found.get(key, 0.0) for found in rest]) for key in keys]
    return [
        row
        for row in rows
        if any(abs(v - row[1]) > max(1e-6 * abs(row[1]), numbers.LEAST_CHANGE) for v in row[2])
    ]
