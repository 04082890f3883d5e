"""The page of a study, finished or running, with its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from planner.reporting.forms.html import render
from planner.reporting.panels import study
from planner.reporting.parts import Chapter, Front, Statement
from planner.results.folders import write_whole
from planner.results.store import csv_text
from planner.results.study import OPTIMAL, StudyResults

CHAPTERS: tuple[Callable[[StudyResults], Chapter | None], ...] = (
    study.options,
    study.projects,
    study.not_solved,
)
"""Chapters of a study behind, an option each, its outcomes."""
DRIVERS = ("one_at_a_time.", "indices.")
"""Beginnings of the names of charts that say what moves an outcome."""


def chapters(found: StudyResults) -> list[Chapter]:
    """All chapters that have anything to show."""
    kept = [study.outcomes(found, option, place) for place, option in enumerate(found.options)]
    for make in CHAPTERS:
        chapter = make(found)
        if chapter is not None:
            kept.append(chapter)
    return kept


def front(found: StudyResults, shown: list[Chapter]) -> Front:
    """The question, and the answer in statements."""
    outcomes = ", ".join(study.outcome_words(outcome) for outcome in found.outcomes)
    return Front(
        kind="Study",
        title=found.title,
        question=f"Influences on: {outcomes}",
        statements=_statements(found, shown),
    )


def _statements(found: StudyResults, shown: list[Chapter]) -> list[Statement]:
    share = (found.table["status"] == OPTIMAL).sum() / max(len(found.table), 1)
    lead = study.say("lead", found=found, rows=len(found.table), share=share)
    told = [Statement("Points", lead)]
    missing = int(found.table["status"].isna().sum())
    unfinished = study.say("unfinished", missing=missing, rows=len(found.table))
    if unfinished:
        told.append(Statement("Not finished", unfinished))
    for chapter in shown:
        told += _drivers(chapter)
    if found.fails_when:
        told += study.failure_statements(found)
    return told


def _drivers(chapter: Chapter) -> Iterator[Statement]:
    """The sentences of the charts of a chapter that say what moves an outcome."""
    option = chapter.title.partition(": ")[2]
    for chart in chapter.charts:
        if chart.name.startswith(DRIVERS):
            words = f"{chart.title}. {chart.caption}"
            about = study.outcome_words(chart.name.split(".", 2)[2])
            yield Statement(about, f"{option}: {words}" if option else words)


def write_report(found: StudyResults, folder: Path) -> None:
    """Write report.html and tables/*.csv into the folder of a study."""
    shown = chapters(found)
    page = render(front(found, shown), shown)
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in study.result_tables(found).items():
        (folder / "tables" / f"{name}.csv").write_text(csv_text(table), encoding="utf-8")
    write_page(page, folder)


def write_page(page: str, folder: Path) -> None:
    """Write report.html, whole."""

    def write(path: Path) -> None:
        path.write_text(page, encoding="utf-8", newline="\n")

    write_whole(folder / "report.html", write)
