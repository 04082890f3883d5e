"""The report of a run: its chapters, declared once, and every form of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from altair.utils.schemapi import debug_mode

from planner.errors import ChapterWarning
from planner.reporting.forms import pdf
from planner.reporting.forms.html import render
from planner.reporting.forms.workbook import write_workbook
from planner.reporting.panels.annex import annex
from planner.reporting.panels.answer import first_screen
from planner.reporting.panels.flows import flow_charts
from planner.reporting.panels.payers import gains_chart, payments_chart, shortage_chart
from planner.reporting.panels.places import plant_map, schedule
from planner.reporting.panels.reasons import reasons
from planner.reporting.panels.shortage import unmet_chart
from planner.reporting.parts import Chapter, Chart, Front, Part, charts_of, lay_out
from planner.results.answers import with_answers
from planner.results.plan import Plan

Content = TypeVar("Content")


def _where_and_when(plan: Plan) -> list[Part | None]:
    return [plant_map(plan), schedule(plan), *flow_charts(plan), unmet_chart(plan)]


def _who_pays(plan: Plan) -> list[Part | None]:
    return [gains_chart(plan), payments_chart(plan), shortage_chart(plan)]


PANELS: dict[str, Callable[[Plan], list[Part | None]]] = {
    "Where and when": _where_and_when,
    "Why": reasons,
    "Who pays, who gains": _who_pays,
}
"""Chapters before the annex, in order."""
UNITS = "Money: real MUSD of the base year. Mass: t, as the case counts it. Capacity: t/y. Expected: mean over the scenarios."
FORMS = ("report.html", "report.xlsx", "report.pdf")


@dataclass(frozen=True)
class Report:
    """A report before it takes a form: its head and its chapters."""

    plan: Plan
    front: Front
    chapters: Sequence[Chapter]


def report_of(plan: Plan) -> Report:
    """The head and the chapters with anything to show; without a plan the inputs alone.

    Charts are validated by a test, not here.
    """
    with debug_mode(False):
        front = _attempt(first_screen, plan, "answer") or Front(kind="", title=plan.title)
        chapters = []
        if plan.solved:
            for title, panels in PANELS.items():
                chapters.append(_attempt(partial(_chapter, title, panels), plan, title))
        chapters += _attempt(annex, plan, "annex") or []
    return Report(plan, front, [chapter for chapter in chapters if chapter is not None])


def _chapter(title: str, panels: Callable[[Plan], list[Part | None]], plan: Plan) -> Chapter | None:
    """A chapter of some panels."""
    anchor = title.casefold().replace(",", "").replace(" ", "-")
    chapter = Chapter.of(anchor, title, panels(plan))
    if chapter is not None:
        lay_out(chapter.parts)
    return chapter


def _attempt(make: Callable[[Plan], Content], plan: Plan, name: str) -> Content | None:
    """The result of a function, or None with a warning: a fault of a page keeps no run from being written."""
    try:
        return make(plan)
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
        message = (
            f"the part “{name}” of the reports could not be made ({error}); all else is written"
        )
        warnings.warn(message, ChapterWarning, stacklevel=2)
        return None


def render_page(report: Report) -> str:
    """The whole page as text."""
    plan = report.plan
    sha256 = plan.summary.get("inputs_sha256", plan.case.sha256)
    return render(
        report.front,
        report.chapters,
        run=f"Run of {plan.title}, inputs {sha256[:12]}",
        warning=_warning(plan),
    )


def _warning(plan: Plan) -> list[str]:
    """Sentences on why the figures must not be used; none for an optimum."""
    if plan.status == "optimal":
        return []
    warning = [f"This run did not end with a proven optimum (status: {plan.status})."]
    if plan.solved:
        warning.append("Its figures must not be used for decisions.")
    return [*warning, *plan.summary.get("reasons", [])]


def charts_by_name(plan: Plan) -> dict[str, Chart]:
    """The charts of the report in their order, by name."""
    report = report_of(plan)
    return {chart.name: chart for chart in charts_of(report.front, report.chapters)}


def write_pages(plan: Plan, folder: Path, every_form: bool = True) -> None:
    """Write report.html and report.xlsx into a folder; with `every_form` and a plan also report.pdf where the extra `pdf`
    is installed, which takes about as long again."""
    report = report_of(with_answers(plan, folder))
    (folder / "report.html").write_text(render_page(report), encoding="utf-8", newline="\n")
    write_workbook(folder / "report.xlsx", report.plan.title, UNITS, report.chapters, report.front)
    if every_form and report.plan.solved and pdf.INSTALLED:
        pdf.write_pdf(folder / "report.pdf", report.front, report.chapters)


def write_page_and_workbook(plan: Plan, folder: Path) -> None:
    """Write report.html and report.xlsx, of one report."""
    write_pages(plan, folder, every_form=False)
