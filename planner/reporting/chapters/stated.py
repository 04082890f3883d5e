"""Reader of templates/investment.toml: tables of an investment case as they are declared there, over rows of cells."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Template

from planner.reporting.parts import (
    CENTS,
    LIST,
    NUMBER,
    PAGE,
    SHARE,
    SHEET,
    WORDS,
    YEAR,
    Column,
    Part,
    ReportTable,
    Text,
)
from planner.reporting.words.sentences import TEMPLATES, joined

PATH = files("planner.reporting").joinpath("templates/investment.toml")
STATED = tomllib.loads(PATH.read_text(encoding="utf-8"))
FORMS = {
    "words": WORDS,
    "list": LIST,
    "number": NUMBER,
    "share": SHARE,
    "year": YEAR,
    "cents": CENTS,
}


def declared(name: str, rows: Iterable[Sequence[Any]], **said: Any) -> ReportTable:
    """A declared table over some rows, which have a cell for every column, whether or not it is shown. said: values of
    its texts and of the conditions of its columns."""
    stated = STATED[name]
    columns, shown = [], []
    for place, column in enumerate(_columns(stated["columns"], said)):
        if column is not None:
            columns.append(column)
            shown.append(place)
    cells = [[row[place] for place in shown] for row in rows]
    fields = [column.field for column in columns]
    return ReportTable(
        title=_said(stated["title"], said),
        columns=columns,
        frame=pd.DataFrame(cells, columns=fields, dtype=object),
        note=_said(stated.get("note", ""), said),
        folded=stated.get("folded", False),
        sum_row=stated.get("total", ""),
    )


def shown(name: str, rows: Sequence[Sequence[Any]], **said: Any) -> Part:
    """The same, or the words that stand in its place where it has no rows."""
    return declared(name, rows, **said) if rows else Text([STATED[name]["empty"]])


def _columns(
    stated: Sequence[str | Sequence[str]], said: dict[str, Any]
) -> Iterator[Column | None]:
    """A column for each cell of a row; None for one that is not shown."""
    place = 0
    for column in stated:
        whole = (column, "", "words") if isinstance(column, str) else column
        title, unit, words, heading = (*whole, "", "", "")[:4]
        flags, each, hidden = _flags(words, said)
        for it in each:
            values = {**said, "it": it}
            place += 1
            if hidden:
                yield None
                continue
            form = next((FORMS[flag] for flag in flags if flag in FORMS), NUMBER)
            yield Column(
                field=f"c{place}",
                title=_said(title, values),
                unit=_said(unit, values),
                form=form,
                only=next((flag for flag in flags if flag in (PAGE, SHEET)), ""),
                heading=_said(heading, values),
                summed="sum" in flags,
            )


def _flags(words: str, said: dict[str, Any]) -> tuple[set[str], Sequence[Any], bool]:
    """The words of a column's look that hold, the values that it is repeated for, and whether it is hidden."""
    flags, each, hidden = set[str](), [""], False
    for word in words.split():
        flag, _, when = word.partition("?")
        if flag.startswith("*"):
            each = said[flag[1:]]
        elif not when or said[when]:
            flags.add(flag)
        elif not flag:
            hidden = True
    return flags, each, hidden


def _said(text: str, said: dict[str, Any]) -> str:
    """A text with its values in their places."""
    return joined(_template(text).render(said) if "{" in text else text)


@cache
def _template(text: str) -> Template:
    return TEMPLATES.from_string(text)
