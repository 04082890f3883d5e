"""What the pages of the site tell to type, done as it stands there: one block after the other, in one folder.

The site shows what each command prints below it and draws charts where a page asks for one; the tests run the same blocks.

A block `sh` holds commands of the planner, which end with exit code 0 or with that of its title, `exit code 3`. A block of
another language with a title is a file: it is written, or, if it is a CSV table that is there, its lines are added. A block
`python` is run; `py` and `text` are shown and not run. A comment `<!-- chart: SUBJECT NAME -->` is a place for a chart:
SUBJECT is the folder of a run or of a study, or a plan of the page's Python, NAME a chart of its page, or `*` for all of them;
or SUBJECT is a chart of the page's Python.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altair
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.reporting.charts.style import finished
from planner.reporting.pages.run import report_of
from planner.reporting.pages.study import chapters
from planner.reporting.parts import Chart, charts_of
from planner.results.store import SUMMARY
from planner.studies.analysis import analyse

BLOCK = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$|^<!-- chart: (?P<chart>[^>]+) -->$',
    re.DOTALL | re.MULTILINE,
)
PROGRESS = re.compile(r"\s*\d+\.\d s  ")
"""How a line begins that says how long a step took."""
WORKSPACE = "planner init work"
"""Pages with Python are read beside a workspace, which they need not make."""
LONGEST_OUTPUT = 24
"""Lines of what a block prints that a page shows."""
EVERY = "*"
Show = Callable[[str, altair.TopLevelMixin], str]
"""Markdown of a chart, given its title."""


class LessonError(Exception):
    """Something on a page does not work as it stands there."""


@dataclass
class Lesson:
    """A page at work in the current folder: files that wait for their folder, and names of its Python."""

    waiting: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)

    def commands(self, text: str, code: int = 0) -> str:
        """Run commands, one a line. Returns what they print. Raises LessonError for one that ends otherwise."""
        shown: list[str] = []
        for line in text.splitlines():
            self.write_files()
            words = shlex.split(line, comments=True)
            if words[:1] != ["planner"]:
                raise LessonError(f"is no command of the planner: {line}")
            done = CliRunner().invoke(app, words[1:])
            if done.exit_code != code:
                raise LessonError(f"{line}\n{done.output}")
            asides = [one for one in done.stderr.splitlines() if not PROGRESS.match(one)]
            shown += [*asides, *done.stdout.splitlines()]
        return "\n".join(shown)

    def write_files(self) -> None:
        """Write the files that wait, where their folder is there; lines of a table are added to it."""
        for name in list(self.waiting):
            path = Path(name)
            if path.parent.exists():
                mode = "a" if path.suffix == ".csv" else "w"
                with path.open(mode, encoding="utf-8") as file:
                    file.write(self.waiting.pop(name))

    def python(self, text: str) -> str:
        """Run a block of Python in the names of those before it. Returns what it prints."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, "page", "exec"), self.names)  # noqa: S102 - our own pages
        return printed.getvalue().rstrip()

    def charts(self, words: str) -> list[Chart]:
        """The charts that a comment asks for, once each. Raises LessonError where there is no such chart or subject."""
        subject, _, name = words.strip().partition(" ")
        known = self.names.get(subject)
        every = charts_of_plan(known) if isinstance(known, planner.Plan) else charts_in(subject)
        chosen = {one.name: one for one in every if name in (one.name, EVERY)}
        if not chosen:
            raise LessonError(f"no chart {name} of {subject}: {[one.name for one in every]}")
        return list(chosen.values())

    def drawn(self, words: str, show: Show) -> Iterator[str]:
        """Markdown of the charts that a comment asks for, each under its name if there are several."""
        own = self.names.get(words.strip())
        if isinstance(own, altair.TopLevelMixin):
            yield show("", own)
            return
        charts = self.charts(words)
        for chart in charts:
            if len(charts) > 1:
                yield f"\n## `{chart.name}`\n\n"
            yield f"{show(chart.title, finished(chart.spec))}\n"


def charts_in(folder: str) -> list[Chart]:
    """The charts of the page of a run or of a study. Raises LessonError where the folder holds neither."""
    path = Path(folder)
    if (path / SUMMARY).is_file():
        return charts_of_plan(planner.open_run(path))
    if not path.is_dir():
        raise LessonError(f"no run, no study and no plan: {folder}")
    parts: list[Chart] = []
    for chapter in chapters(analyse(path)):
        parts += chapter.charts
    return parts


def charts_of_plan(plan: planner.Plan) -> list[Chart]:
    """The charts of the report of a plan."""
    report = report_of(plan)
    return charts_of(report.front, report.chapters)


def blocks_of(markdown: str, language: str) -> list[str]:
    """The blocks of one language on a page."""
    found = [block for block in BLOCK.finditer(markdown) if block["language"] == language]
    return [block["text"] for block in found]


def worked(markdown: str, show: Show) -> str:
    """A page with what each block prints below it, and its charts in their places; runs in the current folder.

    Raises LessonError.
    """
    lesson = Lesson()
    if blocks_of(markdown, "python") and WORKSPACE not in markdown:
        lesson.commands(WORKSPACE)
    text = "".join(_pieces(markdown, lesson, show))
    if lesson.waiting:
        raise LessonError(f"nothing is done after these files: {', '.join(lesson.waiting)}")
    return text


def _pieces(markdown: str, lesson: Lesson, show: Show) -> Iterator[str]:
    end = 0
    for block in BLOCK.finditer(markdown):
        yield markdown[end : block.start()]
        end = block.end()
        if block["chart"]:
            yield from lesson.drawn(block["chart"], show)
            continue
        yield block[0]
        if block["language"] == "sh":
            code = int((block["file"] or "exit code 0").removeprefix("exit code "))
            yield printed(lesson.commands(block["text"], code))
        elif block["language"] == "python":
            lesson.write_files()
            yield printed(lesson.python(block["text"]))
        elif block["file"]:
            lesson.waiting[block["file"]] = block["text"]
    yield markdown[end:]


def printed(text: str) -> str:
    """What a block prints, as Markdown; long texts are cut."""
    if not text:
        return ""
    lines = text.splitlines()
    if len(lines) > LONGEST_OUTPUT:
        lines = [*lines[:LONGEST_OUTPUT], f".. and {len(lines) - LONGEST_OUTPUT} more lines"]
    body = "\n".join(lines)
    return f'\n\n```{{.text .prints title="prints"}}\n{body}\n```\n'
