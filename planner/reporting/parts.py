"""What a chapter is made of, as values: tables, charts, texts, cards. The forms lay them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import altair
import pandas as pd

from planner.reporting.charts.style import specification
from planner.reporting.words.numbers import (
    NOTHING,
    amount,
    as_year,
    cents,
    listed,
    number,
    percent,
    persons_of,
    signed,
    tenths,
)


@dataclass(frozen=True)
class Format:
    """The look of the values of a column: as text on pages, and in the workbook by a number format ('' for words).
    Texts are shown as they are."""

    text: Callable[[Any], str]
    excel: str = ""


def _in_a_row(words: Sequence[str]) -> str:
    return listed(list(words)) or NOTHING


def _word(value: Any) -> str:
    """A value as it is; nothing where there is none."""
    return "" if value is None or value != value else str(value)


WORDS = Format(_word)
LIST = Format(_in_a_row)
NUMBER = Format(number, "#,##0.00")
AMOUNT = Format(amount, "#,##0.00")
PERSONS = Format(persons_of, "#,##0.00")
CHANGE = Format(signed, "#,##0.00")
CENTS = Format(cents, "#,##0.00")
BILLIONS = Format(tenths, "#,##0.00")
RATE = Format(number, "General")
SHARE = Format(percent, "0.0%")
YEAR = Format(as_year, "0")
PAGE, SHEET = "page", "sheet"
TableRow = dict[str, Any]
"""A row of a table: its values by field."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: the field of its frame, heading and unit. `only`: shown on a `PAGE` or in a `SHEET` alone.
    `heading`: stands in the workbook for heading and unit. `summed`: the total has its sum."""

    field: str
    title: str
    unit: str = ""
    form: Format = NUMBER
    only: str = ""
    heading: str = ""
    summed: bool = False

    @property
    def number(self) -> bool:
        """The column holds numbers, which stand to the right."""
        return self.form not in (WORDS, LIST)

    @property
    def full(self) -> str:
        """Heading with its unit, for the workbook."""
        return self.heading or self.title + (f" ({self.unit})" if self.unit else "")


def figures(field: str, title: str = "", unit: str = "", **more: Any) -> Column:
    """A column of numbers; called as its field if it has no title."""
    return Column(field=field, title=title or field, unit=unit, **more)


text = partial(figures, form=WORDS)
"""A column of words."""
amounts = partial(figures, form=AMOUNT)
"""A column of amounts of which less than a twentieth says nothing."""
total = partial(amounts, summed=True)
"""A column of amounts that are added up."""
per_cent = partial(figures, form=SHARE)
"""A column of shares, shown in per cent."""
whole = partial(figures, form=YEAR)
"""A column of years or of counts."""
persons = partial(total, form=PERSONS)
"""A column of persons, whole on a page, that are added up."""
changed = partial(figures, form=CHANGE)
"""A column of changes, with their sign."""
billions = partial(figures, form=BILLIONS)
"""A column of amounts in bn USD, to a tenth."""
in_musd = partial(figures, unit="MUSD")
"""A column of amounts of money."""
rate = partial(figures, form=RATE)
"""A column of rates, which the workbook shows with all their digits."""
several = partial(figures, form=LIST)
"""A column of lists of words."""


def reworded(columns: Iterable[Column], words: Mapping[str, Mapping[str, Any]]) -> list[Column]:
    """Columns of which some are declared otherwise; words: field -> what is other for its column.

    >>> [column.title for column in reworded([figures("cost")], {"cost": {"title": "outlay"}})]
    ['outlay']
    """
    return [replace(column, **words.get(column.field, {})) for column in columns]


MOST_ROWS = 50
"""Rows of a table that a page shows where it has more than one row beyond them; all are in a file then."""


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table: pages show it as texts, the workbook as values if it names its `sheet`. It is declared once, and made of its
    rows by `over`.

    frame: has the field of every column; values that the format of a column turns into texts, or texts. sum_row: heading
    of a last row with sums, on pages and, by formulas, in the workbook. marks: a style class for each row. links: where
    the first cell of each row leads, '' for nowhere. on_page: also
    shown on pages; folded there: behind a heading to open. file: where all rows are,
    if the page leaves some out.
    meaning: what the sheet says, for the index of the workbook.
    """

    title: str = ""
    columns: Sequence[Column]
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    note: str = ""
    source: str = ""
    folded: bool = False
    on_page: bool = True
    marks: Sequence[str] = ()
    links: Sequence[str] = ()
    sum_row: str = ""
    sheet: str = ""
    meaning: str = ""
    file: str = ""

    def over(
        self, rows: pd.DataFrame | Sequence[Any], left_out: Collection[str] = (), **words: Any
    ) -> ReportTable:
        """The table over a frame or some rows, each the values by field, of which those without a column are not told and
        those that are missing are nothing. left_out: fields of columns that are not shown; words: in place of or beside
        those declared."""
        columns = words.pop("columns", self.columns)
        shown = [column for column in columns if column.field not in left_out]
        if not isinstance(rows, pd.DataFrame):
            rows = pd.DataFrame(rows, columns=[one.field for one in shown], dtype=object)
        return replace(self, frame=rows, columns=shown, **words)

    @cached_property
    def heads(self) -> list[Column]:
        """The columns that a page shows."""
        return [column for column in self.columns if column.only != SHEET]

    @cached_property
    def rows(self) -> list[list[Any]]:
        """The values of all columns, row by row."""
        by_column = [self._values(column.field) for column in self.columns]
        return [list(row) for row in zip(*by_column, strict=True)]

    def _values(self, field: str) -> list[Any]:
        """The values of a column; a table without rows may have been made without columns."""
        return [] if self.frame.empty else self.frame[field].astype(object).tolist()

    @property
    def rows_in_all(self) -> int:
        """The number of rows that a page would show had it room for all, the total among them."""
        return len(self.frame) + bool(self.sum_row)

    @cached_property
    def shown(self) -> list[list[str]]:
        """The rows that a page shows where it has room for all, the total last."""
        return self.first_rows(self.rows_in_all)

    @cached_property
    def page_rows(self) -> list[list[str]]:
        """The rows that a page shows: all, or the first where more than one would be left out."""
        return self.shown if self.rows_in_all <= MOST_ROWS + 1 else self.first_rows(MOST_ROWS)

    def first_rows(self, most: int) -> list[list[str]]:
        """The rows that a page shows, at most so many; the total is the last of all."""
        by_column = [self._texts(column, most) for column in self.heads]
        cells = [list(row) for row in zip(*by_column, strict=True)]
        if self.sum_row and self.rows_in_all <= most:
            cells.append(self._sums)
        return cells

    def _texts(self, column: Column, most: int) -> list[str]:
        """The first cells of a column as texts."""
        form = column.form.text
        found = []
        for value in self._values(column.field)[:most]:
            found.append(value if isinstance(value, str) else form(value))
        return found

    @property
    def _sums(self) -> list[str]:
        sums = []
        for column in self.heads:
            sums.append(column.form.text(self.sum_of(column.field)) if column.summed else "")
        return [self.sum_row, *sums[1:]]

    def sum_of(self, field: str) -> float:
        """The sum of a column."""
        values = self._values(field)
        return math.fsum(v for v in values if isinstance(v, int | float) and not math.isnan(v))

    @cached_property
    def row_marks(self) -> list[str]:
        """A style class for each row that a page shows."""
        marks = list(self.marks) or [""] * len(self.frame)
        return [*marks, "total"] if self.sum_row else marks

    @cached_property
    def row_links(self) -> list[str]:
        """Where the first cell of each row leads that a page shows."""
        links = list(self.links) or [""] * len(self.frame)
        return [*links, ""] if self.sum_row else links

    @cached_property
    def sheet_columns(self) -> list[tuple[Column, list[Any]]]:
        """The columns that the workbook shows, with their values from top to bottom; lists are joined by `;`."""
        found = []
        for column in self.columns:
            if column.only == PAGE:
                continue
            values = self.frame[column.field].tolist()
            if column.form is LIST:
                values = [v if isinstance(v, str) else "; ".join(v) for v in values]
            found.append((column, values))
        return found


def frame_of(rows: Iterable[Any]) -> pd.DataFrame:
    """A frame of records, a row each, their fields as they are."""
    return pd.DataFrame([vars(row) for row in rows])


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with its title.

    name: argument of `planner.chart`. title: the statement that it shows. caption: conditions and reading aid.
    source: files and keys of its figures. table: the figures, behind a toggle.
    """

    name: str
    title: str
    spec: altair.TopLevelMixin
    caption: str = ""
    source: str = ""
    table: ReportTable | None = None

    @cached_property
    def drawing(self) -> dict[str, Any]:
        """The chart as Vega-Lite, its data beside it under `datasets`; not to be changed."""
        return specification(self.spec)


def told_chart(
    say: Callable[..., str],
    passage: str,
    spec: altair.TopLevelMixin,
    source: str,
    *,
    name: str = "",
    **values: Any,
) -> Chart:
    """A chart whose caption is a passage over some values, and its title that with `_title` behind its name. say: the
    passages; name: of the chart, if not that of the passage."""
    return Chart(
        name=name or passage,
        title=say(f"{passage}_title", **values),
        caption=say(passage, **values),
        spec=spec,
        source=source,
    )


@dataclass(frozen=True)
class Text:
    """Paragraphs under a title, if they have one. `source`: where in the run folder their figures are. `listed`: each is
    an entry of a list."""

    paragraphs: Sequence[str]
    title: str = ""
    source: str = ""
    listed: bool = False


@dataclass(frozen=True)
class Statement:
    """A sentence of the answer under its heading."""

    about: str
    sentence: str
    source: str = ""

    @property
    def line(self) -> str:
        """Both in one."""
        return f"{self.about}: {self.sentence}"


@dataclass(frozen=True)
class Answers:
    """Sentences, each under its heading."""

    statements: Sequence[Statement]


@dataclass(frozen=True)
class Missing:
    """A panel without data, and the command that fills it."""

    title: str
    command: str


Part = ReportTable | Chart | Text | Answers | Missing


def lay_out(parts: Iterable[Part]) -> None:
    """Put cells into words and draw charts now, so that what fails in a part fails with its chapter."""
    for part in parts:
        if isinstance(part, Chart):
            _ = part.drawing, part.table and part.table.page_rows
        elif isinstance(part, ReportTable):
            _ = part.page_rows, part.sheet and part.sheet_columns


@dataclass(frozen=True, kw_only=True)
class Card:
    """A key figure: value, unit, the thing that it is of, and a note. small: one that stands beside a larger. tone: of the
    note, `better` or `worse`, where it tells a change that is one."""

    title: str
    value: str
    unit: str = ""
    note: str = ""
    source: str = ""
    small: bool = False
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter: anchor, title, lead and parts. behind: folded, in the annex."""

    anchor: str
    title: str
    lead: str = ""
    parts: Sequence[Part] = ()
    behind: bool = False

    @classmethod
    def of(
        cls, anchor: str, title: str, parts: Iterable[Part | None], **more: Any
    ) -> Chapter | None:
        """A chapter of those of some parts that there are; None if it would be empty. more: as for the class."""
        there = [part for part in parts if part is not None]
        chapter = cls(anchor=anchor, title=title, parts=there, **more)
        return chapter if chapter.parts or chapter.lead else None

    @property
    def tables(self) -> list[ReportTable]:
        """Its tables."""
        return [part for part in self.parts if isinstance(part, ReportTable)]

    @property
    def charts(self) -> list[Chart]:
        """Its charts."""
        return [part for part in self.parts if isinstance(part, Chart)]


@dataclass(frozen=True, kw_only=True)
class Front:
    """The head of a page: kind, title, question, tiles, statements, and panels side by side."""

    kind: str
    title: str
    subtitle: str = ""
    question: str = ""
    cards: Sequence[Card] = ()
    statements: Sequence[Statement] = ()
    note: str = ""
    panels: Sequence[Part] = ()


def charts_of(front: Front, chapters: Iterable[Chapter]) -> list[Chart]:
    """All charts of a page in their order."""
    charts = [part for part in front.panels if isinstance(part, Chart)]
    for chapter in chapters:
        charts += chapter.charts
    return charts
