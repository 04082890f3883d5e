"""What differs between two cases, cell by cell, whatever the order of their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from planner.data.cells import CARRIED, Row, text_of
from planner.data.lookups import Lookups
from planner.data.schema import TABLES, Table

MODEL = "model"
UNREAD = frozenset({"name", "title", "price_usd_per_kg", *CARRIED})
"""Columns and keys that no program reads: they never count as a difference."""


@dataclass(frozen=True)
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


def differences(old: Lookups, new: Lookups) -> Iterator[Difference]:
    """Everything that differs and that a program reads, in the order of the tables, then of the model file."""
    for table in TABLES:
        if not table.solved:
            continue
        before, after = old.tables.rows(table.name), new.tables.rows(table.name)
        if before is not after and before != after:
            for one, two in paired(table, before, after):
                yield from _row_differences(table, one, two)
    becomes = new.model.flat()
    for key, was in old.model.flat().items():
        if was != becomes[key] and key not in UNREAD:
            yield Difference(MODEL, (), key, was, becomes[key])


def identity(table: Table, row: Row) -> tuple[str, ...]:
    """What identifies a row, as text. The factor of a shock is part of its key, yet it is a figure."""
    return tuple(text_of(getattr(row, column)) for column in table.key if column != "factor")


def paired(table: Table, before: Iterable[Row], after: Iterable[Row]) -> list[tuple[Row | None, Row | None]]:
    """The rows of both, side by side where they are the same row; sorted by what identifies them."""
    found: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((before, after)):
        for row in rows:
            found[identity(table, row)][side].append(row)
    pairs: list[tuple[Row | None, Row | None]] = []
    for key in sorted(found):
        # Shocks that differ in nothing but their factor go in the order of it.
        one, two = (sorted(rows, key=lambda row: getattr(row, table.key[-1])) for rows in found[key])
        pairs += zip_longest(one, two)
    return pairs


def _row_differences(table: Table, one: Row | None, two: Row | None) -> Iterator[Difference]:
    if one is None or two is None:
        key = identity(table, one or two)  # type: ignore[arg-type]
        yield Difference(table.name, key, "", one, two)
        return
    for column in table.row.columns():
        before, after = getattr(one, column), getattr(two, column)
        if before != after and column not in UNREAD:
            yield Difference(table.name, identity(table, one), column, before, after)
