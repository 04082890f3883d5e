"""What a page is made of, as values: sections of tables, figures and texts. The template only lays them out. And the
reader of tables.toml, which says of every table what stands over, in and under it; code says where its rows come from.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Template
from markupsafe import Markup

from planner.reporting.values.wording import (
    NOTHING,
    TEMPLATES,
    amount,
    as_year,
    joined,
    listed,
    number,
    percent,
    signed,
)


@dataclass(frozen=True)
class Format:
    """How the values of a column are shown: as text on pages, and in the workbook by a number format ('' for words).
    Texts are shown as they are."""

    text: Callable[[Any], str]
    excel: str = ""


FORMS = {
    "words": Format(str),
    "list": Format(lambda words: listed(list(words)) or NOTHING),
    "number": Format(number, "#,##0.00"),
    "amount": Format(amount, "#,##0.00"),
    "change": Format(signed, "#,##0.00"),
    "rate": Format(number, "General"),
    "share": Format(percent, "0.0%"),
    "year": Format(as_year, "0"),
}
"""How values are shown, by the words of tables.toml."""
SHARE, YEAR, WORDS, FINE = (FORMS[of] for of in ("share", "year", "words", "number"))
PAGE, SHEET = "page", "sheet"


@dataclass(frozen=True)
class Column:
    """Heading and unit of a table column; numbers stand to the right. `only`: shown on a `PAGE` or in a `SHEET` alone.
    `heading`: what the workbook has for heading and unit, where that is something else."""

    title: str
    unit: str = ""
    number: bool = True
    form: Format = FINE
    only: str = ""
    heading: str = ""
    summed: bool = False
    """Whether the table's total has its sum."""

    @property
    def full(self) -> str:
        """Heading with its unit, for the workbook."""
        return self.heading or self.title + (f" ({self.unit})" if self.unit else "")


Legend = Sequence[tuple[str, str, str]]
"""(colour, shape: box, line, dash or band, label)."""


@dataclass(frozen=True)
class ReportTable:
    """A table, declared once: pages show it as texts, the workbook as values if it names its `sheet`.

    rows: values that the format of their column turns into texts, or texts. total: heading of a last row that sums
    the columns which say so, on pages and, by formulas, in the workbook; '' for none. folded: behind a heading to open.
    marks: a style class for each row, or none.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    folded: bool = False
    marks: Sequence[str] = ()
    source: str = ""
    """Table and rows that the figures come from; empty = the heading says it."""
    kind: str = "grid"
    total: str = ""
    sheet: str = ""
    meaning: str = ""
    """What the sheet says, for the index of the workbook; empty = the title says it."""

    @cached_property
    def heads(self) -> list[Column]:
        """The columns that a page shows."""
        return [column for column in self.columns if column.only != SHEET]

    @cached_property
    def shown(self) -> list[list[str]]:
        """The rows that a page shows, the total last."""
        heads = [
            (place, column.form.text)
            for place, column in enumerate(self.columns)
            if column.only != SHEET
        ]
        cells = [
            [v if isinstance(v := row[at], str) else text(v) for at, text in heads]
            for row in self.rows
        ]
        return [*cells, self._sums] if self.total else cells

    @property
    def _sums(self) -> list[str]:
        heads = [
            (place, column) for place, column in enumerate(self.columns) if column.only != SHEET
        ]
        sums = [
            column.form.text(self.sum_of(place)) if column.summed else "" for place, column in heads
        ]
        return [self.total, *sums[1:]]

    def sum_of(self, place: int) -> float:
        """The sum of a column."""
        return math.fsum(value for row in self.rows if isinstance(value := row[place], int | float))

    @cached_property
    def row_marks(self) -> list[str]:
        """A style class for each row that a page shows."""
        marks = list(self.marks) or [""] * len(self.rows)
        return [*marks, "total"] if self.total else marks

    @cached_property
    def sheet_columns(self) -> list[tuple[Column, list[Any]]]:
        """The columns that the workbook shows, with their values from top to bottom; lists are joined by `;`."""
        return [
            (
                column,
                [
                    "; ".join(v) if isinstance(v := row[place], list | tuple) else v
                    for row in self.rows
                ],
            )
            for place, column in enumerate(self.columns)
            if column.only != PAGE
        ]


@dataclass(frozen=True)
class Panel:
    """One drawing with its heading. `choice`: what a reader picks it by, such as Element: Dysprosium."""

    title: str
    svg: Markup
    legend: Legend = ()
    choice: Mapping[str, str] = field(default_factory=dict)
    printed: bool = True
    """Whether it belongs to the printed report too, where nothing can be picked."""
    phone: Markup | None = None
    """The same for a narrow screen, where the drawing itself would be too small to read."""


@dataclass(frozen=True)
class Figure:
    """Drawings that belong together, with one legend and the sentence that says what they show."""

    title: str
    takeaway: str
    panels: Sequence[Panel]
    legend: Legend = ()
    layout: str = "small"
    """How wide a panel is: small (three to a row), pair or wide."""
    folded: bool = False
    source: str = ""
    start: Mapping[str, str] = field(default_factory=dict)
    """What is picked when an interactive page opens; all panels where a choice is not named."""
    reading: str = ""
    """How the drawing is read: colours, lines, areas. It means nothing where there is no drawing."""
    kind: str = "figure"

    @property
    def caption(self) -> str:
        """What stands under the drawing."""
        return " ".join(filter(None, (self.takeaway, self.reading)))


@dataclass(frozen=True)
class Text:
    """Paragraphs. `source`: where in the run folder their figures are."""

    paragraphs: Sequence[str]
    kind: str = "text"
    source: str = ""
    listed: bool = False
    """Whether each paragraph is an entry of a list."""


Part = ReportTable | Figure | Text


@dataclass(frozen=True)
class Section:
    """A chapter of the page."""

    anchor: str
    title: str
    lead: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Card:
    """A key figure: value, unit, what it is, what it was."""

    title: str
    value: str
    unit: str
    note: str = ""
    source: str = ""


@dataclass(frozen=True)
class Front:
    """What a report begins with: the question, the answer as one claim, key figures, and a few lines."""

    title: str
    subtitle: str
    question: str
    claim: str
    lines: Sequence[str]
    cards: Sequence[Card]


@dataclass(frozen=True)
class Statement:
    """A sentence of the answer under its heading."""

    about: str
    sentence: str
    source: str = ""


def texts(*titles: str, only: str = "") -> list[Column]:
    """Columns of words."""
    return [Column(title, number=False, form=WORDS, only=only) for title in titles]


STATED = tomllib.loads(
    files("planner.reporting").joinpath("templates/tables.toml").read_text(encoding="utf-8")
)
TEXTS = ("title", "note", "source", "folded", "total", "sheet", "meaning")
HIDDEN = "hidden"


def declared(
    name: str,
    rows: Iterable[Sequence[Any]] | pd.DataFrame,
    *,
    marks: Sequence[str] = (),
    **said: Any,
) -> ReportTable:
    """A table of tables.toml over some rows, which have a cell for every column, whether or not it is shown; of a frame
    the columns named in `of` are taken. said: values of its texts and of the conditions of its columns, and texts that
    stand in the place of those declared."""
    stated = STATED[name]
    if isinstance(rows, pd.DataFrame):
        rows = rows.reindex(columns=stated["of"]).to_numpy(object).tolist()
    found = [*_columns(stated["columns"], said)]
    shown = [place for place, column in enumerate(found) if column is not None]
    return ReportTable(
        columns=[column for column in found if column is not None],
        rows=[[row[place] for place in shown] for row in rows],
        marks=marks,
        **{key: said.get(key, _said(text, said)) for key, text in stated.items() if key in TEXTS},
    )


def shown(name: str, rows: Sequence[Sequence[Any]], **said: Any) -> Part:
    """The same, or the words that stand in its place where it has no rows."""
    return declared(name, rows, **said) if rows else Text([STATED[name]["empty"]])


def _columns(
    stated: Sequence[str | Sequence[str]], said: dict[str, Any]
) -> Iterator[Column | None]:
    """A column for each cell of a row; None for one that is not shown."""
    for column in stated:
        whole = (column, "", "words") if isinstance(column, str) else column
        title, unit, words, heading = (*whole, "", "", "")[:4]
        flags, each = set[str](), [""]
        for word in words.split():
            flag, _, when = word.partition("?")
            if flag.startswith("*"):
                each = said[flag[1:]]
            elif not when or said[when]:
                flags.add(flag)
            elif not flag:
                flags.add(HIDDEN)
        form = next((flag for flag in flags if flag in FORMS), "number")
        only = next((flag for flag in flags if flag in (PAGE, SHEET)), "")
        for it in each:
            head, of, full = (_said(text, {**said, "it": it}) for text in (title, unit, heading))
            kept = Column(
                head, of, form not in ("words", "list"), FORMS[form], only, full, "sum" in flags
            )
            yield None if HIDDEN in flags else kept


def _said(text: Any, said: dict[str, Any]) -> Any:
    """A text with its values in their places."""
    if not isinstance(text, str):
        return text
    return joined(_template(text).render(said) if "{" in text else text)


@cache
def _template(text: str) -> Template:
    return TEMPLATES.from_string(text)
