"""What a page is made of, as values: sections of tables, figures and texts. The template only lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Column:
    """Heading and unit of a table column; numbers stand to the right."""

    title: str
    unit: str = ""
    number: bool = True


Legend = Sequence[tuple[str, str, str]]
"""(colour, shape: box, line, dash or band, label)."""


@dataclass(frozen=True)
class ReportTable:
    """A table of texts. `folded`: behind a heading to open. `marks`: a style class for each row, or none."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    note: str = ""
    folded: bool = False
    marks: Sequence[str] = ()
    tints: Sequence[Sequence[int]] = ()
    """How dark each cell is, 0 to 10, row by row; empty = plain."""
    source: str = ""
    """Table and rows that the figures come from; empty = the heading says it."""
    kind: str = "grid"


@dataclass(frozen=True)
class Panel:
    """One drawing with its heading. `choice`: what a reader picks it by, such as Element: Dysprosium."""

    title: str
    svg: Markup
    legend: Legend = ()
    choice: Mapping[str, str] = field(default_factory=dict)
    printed: bool = True
    """Whether it belongs to the printed report too, where nothing can be picked."""


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
class Statement:
    """A sentence of the answer under its heading."""

    about: str
    sentence: str
    source: str = ""


def texts(*titles: str) -> list[Column]:
    """Columns of words."""
    return [Column(title, number=False) for title in titles]
