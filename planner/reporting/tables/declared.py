"""The reader of tables.toml, which says of every table what stands over, in and under it; code says where its rows
come from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Template

from planner.reporting.values.page_parts import FORMS, PAGE, SHEET, Column, Part, ReportTable, Text
from planner.reporting.values.wording import TEMPLATES, joined

STATED = tomllib.loads(files("planner.reporting.tables").joinpath("tables.toml").read_text(encoding="utf-8"))
TEXTS = ("title", "note", "source", "folded", "total", "sheet", "meaning")
HIDDEN = "hidden"


def declared(
    name: str, rows: Iterable[Sequence[Any]] | pd.DataFrame, *, marks: Sequence[str] = (), **said: Any
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


def _columns(stated: Sequence[str | Sequence[str]], said: dict[str, Any]) -> Iterator[Column | None]:
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
            kept = Column(head, of, form not in ("words", "list"), FORMS[form], only, full, "sum" in flags)
            yield None if HIDDEN in flags else kept


def _said(text: Any, said: dict[str, Any]) -> Any:
    """A text with its values in their places."""
    if not isinstance(text, str):
        return text
    return joined(_template(text).render(said) if "{" in text else text)


@cache
def _template(text: str) -> Template:
    return TEMPLATES.from_string(text)
