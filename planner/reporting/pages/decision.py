"""The decision page: what every report begins with. The annex follows in planner.reporting.pages.run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from planner.reporting.charts import decision as charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.charts.plan import timeline
from planner.reporting.charts.supply import losses, shortage
from planner.reporting.tables import decision as tables
from planner.reporting.tables.explanation import assumptions, commitments
from planner.reporting.text import claim, policies, same_risk
from planner.reporting.values.decision import (
    cut_off,
    decided,
    doing_nothing,
    exposed,
    hurtful,
    mines_alone,
    outlook,
    plants_running,
    public_present,
    say,
    share_rows,
    waiting,
    worst_futures,
)
from planner.reporting.values.page_parts import Card, Figure, Front, Part, Section, Text
from planner.reporting.values.plan import decisions
from planner.reporting.values.view import EXPECTED, RunView, summary_keys, table_rows
from planner.reporting.values.wording import headline, midway, money, percent, short, worded_lines
from planner.results.explanation import EXPLANATION, leading

COVER = (
    "fund_first",
    "money_moved",
    "goal",
    "mines_alone",
    "stays_exposed",
    "would_change",
    "bargain",
    "leaving",
    "lead",
)
AHEAD = 4
"""Years after the first in which running plants are counted."""


def front(run: RunView) -> Front:
    """The claim, three pairs without and with the plan, and what they cost."""
    seen, model = outlook(run) | {"verdict": mines_alone(run), **_policies(run)}, run.case.model
    lines = [say(run, passage, **seen) for passage in COVER]
    lines += [say(run, passage) for passage in ("decision_lead", "drawn")]
    lines += ["" if decided(run) else say(run, "risk_defined"), "" if run.found else say(run, "ask")]
    shown = [line for line in lines if line]
    subtitle = model.title if model.title not in ("", "defaults", model.name) else ""
    asked, claimed = say(run, "question", cut_off=cut_off(run)), say(run, "claim", **seen)
    return Front(headline(run.title), subtitle, asked, claimed, shown, list(_cards(run)))


def _policies(run: RunView) -> dict[str, Any]:
    """The plan that decides everything once and the one that answers, and how many of how many plants may wait."""
    both = policies(run.found) if run.found is not None else None
    committed, answering = both or (None, None)
    built = set(decisions(run)["project"])
    return {
        "waiting": len(built & {c.project for c in waiting(run)}),
        "plants": len(built),
        "committed": committed,
        "answering": answering,
        "same_risk": both is not None and same_risk(*both),
    }


def _cards(run: RunView) -> Iterator[Card]:
    s, idle = run.summary, doing_nothing(run)
    for m in worst_futures(run)[:1]:
        at = m.at
        both = f"{percent(at.undone)} → {percent(at.left)}" if run.compared else percent(at.share)
        what = f"of {midway(run.names.element(m.element))}, {at.undone_year if run.compared else at.year}"
        odds = percent(run.weights[m.scenario])
        title = f"Missing in “{short(run.names.scenario(m.scenario))}” ({odds} likely)"
        note = say(run, "worst_note", at=at) if run.compared and at.year != at.undone_year else ""
        yield Card(title, both, what, note, table_rows("shortfall", m.scenario, element=m.element))
    both = f"{money(idle['risk'])} → {money(s['risk_musd'])}" if idle else money(s["risk_musd"])
    note = say(run, "risk_note")
    begins = f"{summary_keys('risk_musd')}; {charts.FRONTIER}" if decided(run) else ""
    yield Card("Risk", both, "", note, begins or summary_keys("risk_musd", "without_plan.risk_musd"))
    year = min(run.years[0] + AHEAD, run.years[-1])
    before, after = plants_running(run, year)
    what, source = "of all stages", table_rows("capacity", year=year)
    yield Card(f"Plants running in {year}", f"{before} → {after}", what, source=source)
    public = say(run, "cost_note", public=public_present(run))
    source = f"{summary_keys('cost_musd')}; {table_rows('spending', EXPECTED)}, discounted"
    yield Card("Cost of the plan", money(s["cost_musd"]), "present value", public, source)


def first_figure(run: RunView, draw: Drawer) -> Figure:
    """The price of less risk, if that was asked; else what each future costs."""
    found = decided(run)
    return charts.frontier(run, found.frontier, draw) if found else losses(run, draw)


def decision_sections(run: RunView, draw: Drawer) -> list[Section]:
    """The rest of the decision page, in the order in which it is asked for."""
    sections = [*_price(run, draw), _now(run), *_shares(run, draw), *_timeline(run, draw), *_short(run, draw)]
    return [section for section in (*sections, *_wrong(run), _exposed(run), *_turns(run)) if section.parts]


def _price(run: RunView, draw: Drawer) -> Iterator[Section]:
    found = decided(run)
    if found is not None:
        parts: list[Part] = [tables.named_plans(run, found)]
        if found.merit:
            parts += [charts.merit(run, found, draw), tables.merit(run, found)]
        yield Section("merit", "What to fund first", "", parts)


def _now(run: RunView) -> Section:
    found = run.found
    wait = commitments(found, run.names) if found is not None and waiting(run) else None
    parts = [tables.begun_by_year(run), replace(wait, folded=True) if wait is not None else None]
    lead = say(run, "begun", **_policies(run))
    title = "What to decide now, and what may wait" if lead else "What to decide now"
    return Section("now", title, lead, [part for part in parts if part is not None])


def _timeline(run: RunView, draw: Drawer) -> Iterator[Section]:
    if len(decisions(run)):
        yield Section("decision", "When to build", "", [timeline(run, draw)])


def _shares(run: RunView, draw: Drawer) -> Iterator[Section]:
    rows, each = share_rows(run), tables.allies(run)
    parts: list[Part] = [charts.shares(run, rows, draw), tables.gets_and_pays(run, rows)] if rows else []
    if each is not None:
        parts.append(replace(each, folded=bool(rows)))
    title = "Who gets, who pays, who would leave" if rows else "What each ally builds, and what it is spared"
    yield Section("shares", title, "", parts)


def _short(run: RunView, draw: Drawer) -> Iterator[Section]:
    drawn = shortage(run, draw)
    if drawn is not None:
        yield Section("short", "Who runs short", "", [drawn])


def _wrong(run: RunView) -> Iterator[Section]:
    found = decided(run)
    if found is not None and found.execution:
        planned, _ = hurtful(found)
        late = next((e for e in found.execution if e.key == "late" and e.held_risk is not None), None)
        title = say(run, "slips_title", planned=planned, late=late if planned is not None else None)
        yield Section("slips", title, "", [tables.execution(run, found)])


def _exposed(run: RunView) -> Section:
    values = {"run": run, "names": run.names, "plan": run.summary, "old": run.without, **exposed(run)}
    lines = [line for passage in ("exposed", "unknown") for line in worded_lines("decision.j2", passage, **values)]
    return Section("unknown", "What the plan does not protect against", "", [Text(lines, listed=True)])


def _turns(run: RunView) -> Iterator[Section]:
    if run.found is None:
        return
    leaning = leading(run.found.influences, run.found.own.objective)
    undecided = [(claim(v.claim), v.turns_on) for v in run.found.verdicts if v.turns_on]
    title, lead = say(run, "turns_title", leaning=leaning), say(run, "turns", undecided=undecided)
    told = Text([line for line in (title, lead) if line], source=f"{EXPLANATION}: influences, verdicts")
    table = assumptions(run.found)
    yield Section("turns", "What would change this", "", [told, table] if table.rows else [told])
