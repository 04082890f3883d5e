"""The pages of a run: the decision page that every report begins with, the annex behind it, and every form of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.reporting.charts import decision as charts
from planner.reporting.charts import plan as plan_charts
from planner.reporting.charts import supply as supply_charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.charts.plan import timeline
from planner.reporting.charts.supply import losses, shortage
from planner.reporting.formats.report_forms import (
    render_markdown,
    render_template,
    write_pdf,
    write_workbook,
)
from planner.reporting.tables import decision as tables
from planner.reporting.tables import plan as plan_tables
from planner.reporting.tables.decision import ally_tables
from planner.reporting.tables.inputs_and_results import (
    iamc_table,
    input_tables,
    summary_sheet,
    sureness,
)
from planner.reporting.tables.plan import DECIDED, assumptions, commitments, explanation_tables
from planner.reporting.text import claim, policies, same_risk, statements
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
from planner.reporting.values.page_parts import (
    STATED,
    Card,
    Figure,
    Front,
    Part,
    ReportTable,
    Section,
    Text,
)
from planner.reporting.values.plan import decisions
from planner.reporting.values.run_view import EXPECTED, RunView, run_view, summary_keys, table_rows
from planner.reporting.values.wording import headline, midway, money, percent, short, worded_lines
from planner.results.explanation import EXPLANATION, leading, read_explanation
from planner.results.plan import PlanValues
from planner.results.store import csv_text

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
    lines += [
        "" if decided(run) else say(run, "risk_defined"),
        "" if run.found else say(run, "ask"),
    ]
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
    yield Card(
        "Risk", both, "", note, begins or summary_keys("risk_musd", "without_plan.risk_musd")
    )
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
    sections = [
        *_price(run, draw),
        _now(run),
        *_shares(run, draw),
        *_timeline(run, draw),
        *_short(run, draw),
    ]
    return [
        section
        for section in (*sections, *_wrong(run), _exposed(run), *_turns(run))
        if section.parts
    ]


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
    parts: list[Part] = (
        [charts.shares(run, rows, draw), tables.gets_and_pays(run, rows)] if rows else []
    )
    if each is not None:
        parts.append(replace(each, folded=bool(rows)))
    title = (
        "Who gets, who pays, who would leave"
        if rows
        else "What each ally builds, and what it is spared"
    )
    yield Section("shares", title, "", parts)


def _short(run: RunView, draw: Drawer) -> Iterator[Section]:
    drawn = shortage(run, draw)
    if drawn is not None:
        yield Section("short", "Who runs short", "", [drawn])


def _wrong(run: RunView) -> Iterator[Section]:
    found = decided(run)
    if found is not None and found.execution:
        planned, _ = hurtful(found)
        late = next(
            (e for e in found.execution if e.key == "late" and e.held_risk is not None), None
        )
        title = say(run, "slips_title", planned=planned, late=late if planned is not None else None)
        yield Section("slips", title, "", [tables.execution(run, found)])


def _exposed(run: RunView) -> Section:
    values = {
        "run": run,
        "names": run.names,
        "plan": run.summary,
        "old": run.without,
        **exposed(run),
    }
    lines = [
        line
        for passage in ("exposed", "unknown")
        for line in worded_lines("decision.j2", passage, **values)
    ]
    return Section(
        "unknown", "What the plan does not protect against", "", [Text(lines, listed=True)]
    )


def _turns(run: RunView) -> Iterator[Section]:
    if run.found is None:
        return
    leaning = leading(run.found.influences, run.found.own.objective)
    undecided = [(claim(v.claim), v.turns_on) for v in run.found.verdicts if v.turns_on]
    title, lead = say(run, "turns_title", leaning=leaning), say(run, "turns", undecided=undecided)
    told = Text(
        [line for line in (title, lead) if line], source=f"{EXPLANATION}: influences, verdicts"
    )
    table = assumptions(run.found)
    yield Section("turns", "What would change this", "", [told, table] if table.rows else [told])


def render_page(run: RunView, parts: list[Section] | None = None) -> str:
    """The whole page as text. parts: its chapters, if they are there already."""
    planned = "risk_musd" in run.summary
    chapters = (parts or sections(run)) if planned else [_inputs(run)]
    first = next(
        (at for at, section in enumerate(chapters) if section.anchor in ANNEX), len(chapters)
    )
    return render_template(
        "report.html.j2",
        run=f"Run of {run.title}, inputs {run.summary.get('inputs_sha256', run.case.sha256)[:12]}",
        title=headline(run.title),
        status=run.status,
        reasons=list(run.summary.get("reasons", [])),
        front=front(run) if planned else None,
        decision=chapters[:first] if planned else [],
        annex=chapters[first:] if planned else chapters,
    )


ANNEX = ("why", "plan")
"""The first chapter of the annex: why this plan, if that was asked."""


def sections(run: RunView) -> list[Section]:
    """All chapters: those of the decision page, then the annex, whose titles stand in tables.toml."""
    draw, asked = Drawer(), decided(run) is not None
    first = Section("answer", "The decision", "", [first_figure(run, draw)])
    following = decision_sections(run, draw)
    built, plants = len(run.tables["investments"]) > 0, len(run.by_year["capacity"]) > 0
    annex: dict[str, list[Part | None]] = {
        "why": _why(run, draw),
        "plan": [
            plan_tables.investments(run) if built else Text(["No new plant."]),
            *(plan_tables.people(run), plan_tables.stocks(run)),
        ],
        "supply": [
            supply_charts.supply_and_demand(run, draw),
            supply_charts.supply_by_source(run, draw),
        ],
        "shortage": [
            supply_charts.losses(run, draw) if asked else None,
            *(replace(plan_tables.shortfalls(run), folded=asked), plan_tables.stories(run)),
        ],
        "money": [plan_charts.spending(run, draw), plan_tables.payers(run), plan_tables.cost(run)],
        ALLIES: [*ally_tables(run)],
        "staff": [plan_charts.capacities(run, draw)] if plants else [],
        "limits": [plan_tables.scarce(run), summary_sheet(run)],
    }
    leads = {"why": say(run, "why_lead"), ALLIES: say(run, "allies")}
    chapters = [
        Section(
            anchor,
            TITLES[anchor],
            leads.get(anchor, ""),
            [part for part in parts if part is not None],
        )
        for anchor, parts in annex.items()
    ]
    return [first, *following, *(chapter for chapter in chapters if chapter.parts), _inputs(run)]


def _why(run: RunView, draw: Drawer) -> list[Part | None]:
    found = run.found
    if found is None:
        return []
    words = [
        f"{statement.about}. {statement.sentence}" for statement in statements(found, run.names)
    ]
    told = Text(
        words, source=f"{EXPLANATION}: ladder, left_out, verdicts, links, knowledge, timing"
    )
    asked = explanation_tables(found, run.names)
    tables = [replace(table, folded=True) for table in asked if table.sheet not in DECIDED]
    return [supply_charts.ladder(found, draw), told, *tables]


def _inputs(run: RunView) -> Section:
    return Section(
        "inputs", TITLES["inputs"], "", [sureness(run.case), *input_tables(run.case, run.names)]
    )


TITLES = STATED["annex"]
ALLIES = "allies"
"""The chapter that report.html alone holds: a table for each ally."""
FORMS = ("report.html", "report.xlsx", "report.pdf", "report.md", "report-iamc.csv")


def write_pages(plan: PlanValues, folder: Path, every_form: bool = True) -> None:
    """Write report.html and report.xlsx into a folder; with `every_form` and a plan also report.pdf, report.md and
    report-iamc.csv, which take about as long again."""
    run = run_view(plan, read_explanation(folder))
    parts = _parts(run)
    _write_html(run, parts, folder)
    write_workbook(run, folder / "report.xlsx")
    if every_form and parts is not None:
        _other_forms(run, parts, folder)


def write_page(plan: PlanValues, folder: Path) -> None:
    """Write report.html alone."""
    run = run_view(plan, read_explanation(folder))
    _write_html(run, _parts(run), folder)


def write_report_workbook(plan: PlanValues, folder: Path) -> None:
    """Write report.xlsx alone."""
    write_workbook(run_view(plan, read_explanation(folder)), folder / "report.xlsx")


def _parts(run: RunView) -> list[Section] | None:
    return sections(run) if "risk_musd" in run.summary else None


def _write_html(run: RunView, parts: list[Section] | None, folder: Path) -> None:
    (folder / "report.html").write_text(render_page(run, parts), encoding="utf-8", newline="\n")


def _other_forms(run: RunView, parts: list[Section], folder: Path) -> None:
    short, first = (
        [_without_inputs(section) for section in parts if section.anchor != ALLIES],
        front(run),
    )
    write_pdf(folder / "report.pdf", first, short)
    (folder / "report.md").write_text(render_markdown(first, short), encoding="utf-8", newline="\n")
    (folder / "report-iamc.csv").write_text(
        csv_text(iamc_table(run)), encoding="utf-8", newline="\n"
    )


def _without_inputs(section: Section) -> Section:
    """The chapter of inputs without the tables themselves, which the page and the workbook hold."""
    if section.anchor != "inputs":
        return section
    kept = [part for part in section.parts if not (isinstance(part, ReportTable) and part.folded)]
    return replace(
        section, lead="The tables themselves are in report.html and report.xlsx.", parts=kept
    )
