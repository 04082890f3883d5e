"""A project and every row that names it: taken out of a case together, or copied for a twin.

A plant that is added without its rows in `shocks`, `hazards`, `staffing` and the like escapes every danger, needs nobody
and looks better than its twin for that alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from planner.data.cells import Row, conditions, matching, text_of
from planner.data.checks import REFERENCES
from planner.data.findings import Origin
from planner.data.lookups import Lookups
from planner.data.schema import BY_NAME, Project, Tables
from planner.errors import InputError, did_you_mean, fault

RowsByTable = dict[str, tuple[Row, ...]]
SUBJECT = ("draws", "subject")
"""A table and column that may name a project and is no reference: of a draw it may be a country as well."""


def naming_columns() -> list[tuple[str, str]]:
    """Table and column of every cell that names a project, but that which defines it."""
    columns = [(table, column) for table, column, kind in REFERENCES if kind == "project"]
    columns.append(SUBJECT)
    return columns


def without_rows(case: Lookups, project: str) -> tuple[RowsByTable, str]:
    """Tables without a project and all rows that name it, and what was taken along, in words.

    Raises InputError for an unknown project.
    """
    known_project(case, project)
    changed: RowsByTable = {}
    taken: dict[str, int] = {}
    for table, column in [("projects", "project"), *naming_columns()]:
        rows = case.tables.rows(table)
        kept = tuple(row for row in rows if getattr(row, column) != project)
        if len(kept) < len(rows):
            changed[table] = kept
            taken[table] = len(rows) - len(kept)
    del taken["projects"]
    ranges = _ranges_left(case, changed)
    gone = len(case.tables.uncertainties) - len(ranges)
    if gone:
        changed["uncertainties"] = ranges
        taken["uncertainties"] = gone
    return changed, f'"{project}" is taken out, with {_counted(taken)}'


def _ranges_left(case: Lookups, changed: RowsByTable) -> tuple[Row, ...]:
    """Ranges of figures that are still there."""
    left = tables_with(case.tables, changed)
    kept: list[Row] = []
    for row in case.tables.uncertainties:
        where = conditions(row.where)
        had = matching(case.tables.rows(row.table), where)
        if not had or matching(left.rows(row.table), where):
            kept.append(row)
    return tuple(kept)


def with_rows_of(case: Lookups, project: Project, like: str) -> tuple[RowsByTable, str]:
    """Tables with a further project and copies of all rows that name its twin, and what was copied, in words.

    Raises InputError if there is a project of its name, or none of the twin's.
    """
    if project.project in case.projects:
        said = f'there is a project "{project.project}" already'
        place = case.origin.place("projects")
        taken = fault("repeated-row", place, 0, "project", message=said, value=project.project)
        raise InputError([taken])
    changed: RowsByTable = {"projects": (*case.tables.projects, project)}
    if not like:
        return changed, f'"{project.project}" is added, with no other row'
    copied: dict[str, int] = {}
    for table, column in naming_columns():
        rows = case.tables.rows(table)
        copies: list[Row] = []
        for row in rows:
            if getattr(row, column) == like:
                copies.append(_of_the_new(case, row, project, table=table, column=column))
        if copies:
            changed[table] = (*rows, *copies)
            copied[table] = len(copies)
    return changed, f'"{project.project}" is added, with {_counted(copied)} copied from "{like}"'


def _of_the_new(case: Lookups, row: Row, project: Project, *, table: str, column: str) -> Row:
    """A row of the twin for the new project: of its own country and stage, where the row names those of the twin.

    A row that has a name of its own, such as a hazard or a contract, gets another: no two rows of a table share one.
    """
    twin = case.projects[getattr(row, column)]
    update: dict[str, object] = {column: project.project}
    for name in ("country", "stage"):
        if getattr(row, name, None) == getattr(twin, name):
            update[name] = getattr(project, name)
    key = BY_NAME[table].key
    if column not in key:
        name = key[0]
        update[name] = f"{getattr(row, name)} ({project.project})"
    return row.model_copy(update=update)


def known_project(case: Lookups, project: str) -> Project:
    """The row of a project. Raises InputError for an unknown one; it names the nearest."""
    if project not in case.projects:
        said = f'unknown project "{project}"{did_you_mean(project, case.projects)}'
        place = case.origin.place("projects")
        unknown = fault("no-such-row", place, 0, "project", message=said, value=project)
        raise InputError([unknown])
    return case.projects[project]


def _counted(rows: Mapping[str, int]) -> str:
    parts: list[str] = []
    for table, count in rows.items():
        noun = "rows" if count > 1 else "row"
        parts.append(f"{count} {noun} of {table}")
    return ", ".join(parts) or "no other row"


def cells_of(row: Project | Mapping[str, object], twin: Project | None) -> dict[str, str]:
    """The cells of a project as text; columns that a mapping leaves out are as in its twin, where there is one."""
    if isinstance(row, Project):
        return _texts(row)
    given = {name: text_of(value) for name, value in row.items()}
    return given if twin is None else _texts(twin) | given


def _texts(row: Project) -> dict[str, str]:
    return {name: text_of(getattr(row, name)) for name in Project.columns()}


def remarked(origin: Origin, said: str) -> Origin:
    """An origin that remembers what was done to the rows of a project, so that `check` and pages tell it."""
    remark = fault("rows-along", origin.place("projects"), 0, "project", message=said)
    return replace(origin, remarks=(*origin.remarks, remark))


def tables_with(tables: Tables, changed: Mapping[str, Iterable[Row]]) -> Tables:
    """The tables with other rows in some."""
    rows: dict[str, Any] = {name: tuple(found) for name, found in changed.items()}
    return replace(tables, **rows)
