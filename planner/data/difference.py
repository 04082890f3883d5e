"""Differences between two cases, cell by cell, whatever the order of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING

from planner.cells import Row, text_of
from planner.data.change import MODEL
from planner.data.schema import BY_NAME, TABLES, Table
from planner.errors import Fault

if TYPE_CHECKING:  # which is made of this module
    from planner.data.case import Case

UNREAD = frozenset({"name", "title"})
"""Columns and keys that no program reads: they never count as a difference."""
UNREAD_OF = {"elements": frozenset({"price_usd_per_kg"})}
"""Table -> columns of it alone that no program reads."""


def is_read(table: Table, column: str) -> bool:
    """A program reads a column."""
    return column not in UNREAD and column not in UNREAD_OF.get(table.name, frozenset())


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One cell, row or key of the model file that differs.

    A cell has before and after as values. A row that only one case has has the column '' and the row itself, or None.
    A key of the model file has the table `model`, no key, and the dotted key as column.
    """

    table: str
    key: tuple[str, ...]
    column: str
    before: object
    after: object
    line: int = field(default=0, compare=False)
    """Of the row in the second case, or in the first if only that has it."""


def differences(old: Case, new: Case) -> Iterator[Difference]:
    """Everything that differs and that a program reads, in the order of the tables, then of the model file."""
    for table in TABLES:
        if table.solved:
            rows = old.lookups.rows(table.name), new.lookups.rows(table.name)
            for one in _of_tables(table, *rows):
                if is_read(table, one.column):
                    yield one
    for one in _of_models(old, new):
        if one.column not in UNREAD and one.column != "targets":
            yield one


def _of_models(old: Case, new: Case) -> Iterator[Difference]:
    """Keys of the model file that differ."""
    becomes = new.model.flat()
    for key, was in old.model.flat().items():
        if was != becomes[key]:
            yield Difference(table=MODEL, key=(), column=key, before=was, after=becomes[key])


def _of_tables(table: Table, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Difference]:
    """Rows that one case alone has, and cells that differ in the others."""
    if before is not after and before != after:
        for one, two in paired(table, *_apart(before, after)):
            yield from _row_differences(table, one, two)


def _apart(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of each that are no row of the other: a changed case has those that it did not change as they are."""
    shared = set(map(id, before)) & set(map(id, after))
    one = [row for row in before if id(row) not in shared]
    two = [row for row in after if id(row) not in shared]
    return one, two


def changes(old: Case, new: Case) -> list[Fault]:
    """Changes of the inputs as faults, each at its place: `projects.csv:7: existing_tpa: 100 -> 1000`."""
    told: list[Fault] = []
    for one in differences(old, new):
        named = " ".join(filter(None, one.key))
        origin = new.origin
        value = text_of(one.after)
        if one.table == MODEL or one.column:
            before = text_of(one.before) or "blank"
            said = f"{before} -> {value or 'blank'}"
            if named:
                said += f" ({named})"
        else:
            value = ""
            said = f"a new row: {named}"
            if one.after is None:
                said = f"the row is gone: {named}"
                origin = old.origin
        change = Fault(
            origin.place(one.table), one.line, one.column, said, rule="changed", value=value
        )
        told.append(change)
    return told


OF_ONE_CASE = ("countries", "elements", "projects")
"""Tables whose ids two cases share where one was made of the other."""


def shared_ids(old: Case, new: Case) -> float:
    """Share of the countries, elements and projects of two cases that both have."""
    one, two = (
        {
            (name, *identity(BY_NAME[name], row))
            for name in OF_ONE_CASE
            for row in case.lookups.rows(name)
        }
        for case in (old, new)
    )
    return len(one & two) / len(one | two)


def identity(table: Table, row: Row) -> tuple[str, ...]:
    """Cells that identify a row, as text. The factor of a shock is part of its key, yet it is a figure."""
    return tuple(map(text_of, row.cells(_identifying(table))))


def paired(
    table: Table, before: Iterable[Row], after: Iterable[Row]
) -> list[tuple[Row | None, Row | None]]:
    """The rows of both, side by side where they are the same row; sorted by what identifies them."""
    one = _by_identity(table, before)
    two = _by_identity(table, after)
    pairs: list[tuple[Row | None, Row | None]] = []
    for key in sorted(one.keys() | two.keys()):
        pairs += zip_longest(one[key], two[key])
    return pairs


def _by_identity(table: Table, rows: Iterable[Row]) -> defaultdict[tuple[str, ...], list[Row]]:
    """Rows by what identifies them; shocks that differ in nothing but their factor in the order of it."""
    found: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[identity(table, row)].append(row)
    for together in found.values():
        together.sort(key=attrgetter(table.key[-1]))
    return found


def _row_differences(table: Table, one: Row | None, two: Row | None) -> Iterator[Difference]:
    """Cells that differ between two rows of the same key; the whole row if only one case has it (the other None)."""
    row = two or one
    if row is None:
        return
    key = identity(table, row)
    if one is None or two is None:
        yield Difference(table=table.name, key=key, column="", before=one, after=two, line=row.line)
        return
    for column in table.row.columns():
        before, after = getattr(one, column), getattr(two, column)
        if before != after:
            yield Difference(
                table=table.name, key=key, column=column, before=before, after=after, line=row.line
            )


def _identifying(table: Table) -> list[str]:
    return [column for column in table.key if column != "factor"]
