"""The pages of a run."""

from __future__ import annotations

from pathlib import Path

from planner.reporting.forms.iamc import iamc_table
from planner.reporting.forms.markdown import render_markdown
from planner.reporting.forms.pdf import write_pdf
from planner.reporting.forms.workbook import write_workbook
from planner.reporting.pages.run import UNKNOWN, render_page, sections
from planner.reporting.text.answer import cards, question
from planner.reporting.text.explanation import full_answer
from planner.reporting.values.names import headline
from planner.reporting.values.parts import ReportTable, Section
from planner.reporting.values.view import RunView, run_view
from planner.results.explanation import read_explanation
from planner.results.plan import PlanValues
from planner.results.store import csv_text

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


def write_book(plan: PlanValues, folder: Path) -> None:
    """Write report.xlsx alone."""
    write_workbook(run_view(plan, read_explanation(folder)), folder / "report.xlsx")


def _parts(run: RunView) -> list[Section] | None:
    return sections(run) if "risk_musd" in run.summary else None


def _write_html(run: RunView, parts: list[Section] | None, folder: Path) -> None:
    (folder / "report.html").write_text(render_page(run, parts), encoding="utf-8", newline="\n")


def _other_forms(run: RunView, parts: list[Section], folder: Path) -> None:
    title, ask, statements, figures = headline(run.title), question(run), full_answer(run), cards(run)
    short = [_without_inputs(section) for section in parts]
    write_pdf(folder / "report.pdf", title, ask, statements, figures, short, UNKNOWN)
    text = render_markdown(title, ask, statements, figures, short, UNKNOWN)
    (folder / "report.md").write_text(text, encoding="utf-8", newline="\n")
    (folder / "report-iamc.csv").write_text(csv_text(iamc_table(run)), encoding="utf-8", newline="\n")


def _without_inputs(section: Section) -> Section:
    """The chapter of inputs without the tables themselves, which the page and the workbook hold."""
    if section.anchor != "inputs":
        return section
    kept = [part for part in section.parts if not (isinstance(part, ReportTable) and part.folded)]
    return Section(section.anchor, section.title, "The tables themselves are in report.html and report.xlsx.", kept)
