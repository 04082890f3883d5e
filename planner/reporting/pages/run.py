"""The report of a run: its chapters, declared once, and every form of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from altair.utils.schemapi import debug_mode

from planner.errors import ChapterWarning, refuse_unknown
from planner.reporting.chapters import (
    alternatives,
    buys,
    dependence,
    exposed,
    inputs,
    levers,
    limits,
    money,
    plants,
    recommendation,
    shelves,
    stock,
    sure,
)
from planner.reporting.forms import pdf
from planner.reporting.forms.html import render
from planner.reporting.forms.workbook import write_workbook
from planner.reporting.parts import Chapter, Chart, Front, charts_of, lay_out
from planner.reporting.words.sentences import Passages
from planner.results.answers import with_answers
from planner.results.plan import NO_PLAN, Plan

say = Passages("run.j2")
CHAPTERS: tuple[Callable[..., Chapter | None], ...] = (
    recommendation.chapter,
    buys.chapter,
    shelves.chapter,
    alternatives.chapter,
    sure.chapter,
    money.chapter,
    stock.chapter,
    exposed.chapter,
    dependence.chapter,
    plants.chapter,
    levers.chapter,
    limits.chapter,
    inputs.chapter,
)
"""The chapters of a run, in order: what to decide, why, and how sure it is, then all that stands behind."""
FORMS = ("report.html", "report.xlsx", "report.pdf")


@dataclass(frozen=True)
class Report:
    """A report before it takes a form: its head and its chapters."""

    plan: Plan
    front: Front
    chapters: Sequence[Chapter]


def report_of(plan: Plan) -> Report:
    """The head and the chapters that have anything to show; of a run without a plan its inputs alone. Charts are not held
    against the schema of Vega-Lite while they are made, which a test does."""
    chapters = CHAPTERS if plan.solved else [inputs.chapter]
    with debug_mode(False):
        made = [_attempt(make, plan) for make in chapters]
    front = recommendation.front(plan)
    return Report(plan, front, [chapter for chapter in made if chapter is not None])


def _attempt(make: Callable[..., Chapter | None], plan: Plan) -> Chapter | None:
    """A chapter; where it fails, what says so in its place, and a warning: a page keeps no run from being written."""
    try:
        made = make(plan)
        if made is not None:
            lay_out(made.parts)
    except Exception as failure:
        name = make.__module__.rpartition(".")[2]
        error = f"{type(failure).__name__}: {failure}"
        warnings.warn(say("broken_warning", name=name, error=error), ChapterWarning, stacklevel=2)
        return _broken_chapter(name, error)
    return made


def _broken_chapter(name: str, error: str) -> Chapter:
    """What stands in the place of a chapter that could not be made."""
    return Chapter(
        anchor=name, title=say("broken_title", name=name), lead=say("broken", error=error)
    )


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
    told = [say("unproven", status=plan.status)]
    if plan.solved:
        told.append(say("not_for_decisions"))
    return [*told, *plan.summary.get("reasons", [])]


def chart(plan: Plan, name: str) -> Chart:
    """A chart of the report by its name. Raises InputError for an unknown one; it names the nearest."""
    report = report_of(plan)
    found = {one.name: one for one in charts_of(report.chapters)}
    refuse_unknown("chart", "chart", name, sorted(found), none=NO_PLAN)
    return found[name]


def write_pages(plan: Plan, folder: Path, every_form: bool = True) -> None:
    """Write report.html and report.xlsx into a folder; with `every_form` and a plan also report.pdf where the extra `pdf`
    is installed, which takes about as long again."""
    report = report_of(with_answers(plan, folder))
    (folder / "report.html").write_text(render_page(report), encoding="utf-8", newline="\n")
    write_workbook(
        folder / "report.xlsx",
        report.plan.title,
        say("units", commodity=report.plan.case.commodity),
        report.chapters,
    )
    if every_form and report.plan.solved and pdf.INSTALLED:
        pdf.write_pdf(folder / "report.pdf", report.front, report.chapters)


def write_page_and_workbook(plan: Plan, folder: Path) -> None:
    """Write report.html and report.xlsx, of one report."""
    write_pages(plan, folder, every_form=False)
