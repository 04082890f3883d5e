"""The pages of a run: the decision page, the annex behind it, and every form of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from planner.reporting.charts import plan as plan_charts
from planner.reporting.charts import supply as supply_charts
from planner.reporting.charts.drawing import Drawer
from planner.reporting.formats.markup import render_markdown, render_template
from planner.reporting.formats.pdf import write_pdf
from planner.reporting.formats.workbook import write_workbook
from planner.reporting.pages.decision import decision_sections, first_figure, front
from planner.reporting.tables import plan as plan_tables
from planner.reporting.tables.allies import ally_tables
from planner.reporting.tables.data import iamc_table, input_tables, summary_sheet, sureness
from planner.reporting.tables.declared import STATED
from planner.reporting.tables.explanation import DECIDED, explanation_tables
from planner.reporting.text import statements
from planner.reporting.values.decision import decided, say
from planner.reporting.values.page_parts import Part, ReportTable, Section, Text
from planner.reporting.values.view import RunView, run_view
from planner.reporting.values.wording import headline
from planner.results.explanation import EXPLANATION, read_explanation
from planner.results.plan import PlanValues
from planner.results.store import csv_text


def render_page(run: RunView, parts: list[Section] | None = None) -> str:
    """The whole page as text. parts: its chapters, if they are there already."""
    planned = "risk_musd" in run.summary
    chapters = (parts or sections(run)) if planned else [_inputs(run)]
    first = next((at for at, section in enumerate(chapters) if section.anchor in ANNEX), len(chapters))
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
        Section(anchor, TITLES[anchor], leads.get(anchor, ""), [part for part in parts if part is not None])
        for anchor, parts in annex.items()
    ]
    return [first, *following, *(chapter for chapter in chapters if chapter.parts), _inputs(run)]


def _why(run: RunView, draw: Drawer) -> list[Part | None]:
    found = run.found
    if found is None:
        return []
    words = [f"{statement.about}. {statement.sentence}" for statement in statements(found, run.names)]
    told = Text(words, source=f"{EXPLANATION}: ladder, left_out, verdicts, links, timing")
    asked = explanation_tables(found, run.names)
    tables = [replace(table, folded=True) for table in asked if table.sheet not in DECIDED]
    return [supply_charts.ladder(found, draw), told, *tables]


def _inputs(run: RunView) -> Section:
    return Section("inputs", TITLES["inputs"], "", [sureness(run.case), *input_tables(run.case, run.names)])


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
    short, first = [_without_inputs(section) for section in parts if section.anchor != ALLIES], front(run)
    write_pdf(folder / "report.pdf", first, short)
    (folder / "report.md").write_text(render_markdown(first, short), encoding="utf-8", newline="\n")
    (folder / "report-iamc.csv").write_text(csv_text(iamc_table(run)), encoding="utf-8", newline="\n")


def _without_inputs(section: Section) -> Section:
    """The chapter of inputs without the tables themselves, which the page and the workbook hold."""
    if section.anchor != "inputs":
        return section
    kept = [part for part in section.parts if not (isinstance(part, ReportTable) and part.folded)]
    return replace(section, lead="The tables themselves are in report.html and report.xlsx.", parts=kept)
