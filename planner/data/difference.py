"""Differences between two cases, cell by cell, whatever the order of their rows; and as changes that turn one into the
other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from planner.data.cells import CARRIED, Row, text_of
from planner.data.change import MODEL, Change, RowConditions, change_of, plain
from planner.data.lookups import Lookups
from planner.data.schema import TABLES, Table
from planner.errors import Fault

UNREAD = frozenset({"name", "title", *CARRIED})
"""Columns and keys that no program reads: they never count as a difference."""
UNREAD_OF = {"elements": frozenset({"price_usd_per_kg"})}
"""The same, of one table."""


def is_read(table: Table, column: str) -> bool:
    """Whether a program reads a column."""
    return column not in UNREAD and column not in UNREAD_OF.get(table.name, frozenset())


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
    line: int = field(default=0, compare=False)
    """Of the row in the second case, or in the first if only that has it."""


def differences(old: Lookups, new: Lookups) -> Iterator[Difference]:
    """Everything that differs and that a program reads, in the order of the tables, then of the model file."""
    for table in TABLES:
        if not table.solved:
            continue
        before, after = old.rows(table.name), new.rows(table.name)
        if before is not after and before != after:
            for one, two in paired(table, before, after):
                yield from _row_differences(table, one, two)
    becomes = new.model.flat()
    for key, was in old.model.flat().items():
        if was != becomes[key] and key not in UNREAD and key != "targets":
            yield Difference(MODEL, (), key, was, becomes[key])


def changes(old: Lookups, new: Lookups) -> list[Fault]:
    """What became of the inputs, each change at its place: `projects.csv:7: existing_tpa: 100 -> 1000`."""
    out = []
    for one in differences(old, new):
        named, is_row = " ".join(filter(None, one.key)), one.table != MODEL and not one.column
        before, after = (text_of(cell) or "blank" for cell in (one.before, one.after))
        said = f"{before} -> {after}{f' ({named})' if named else ''}"
        if is_row:
            said = f"{'a new row' if one.before is None else 'the row is gone'}: {named}"
        origin = old.origin if is_row and one.after is None else new.origin
        place, cell = origin.place(one.table), origin.cell(one.table, one.line, one.column)
        out.append(
            Fault(
                place,
                one.line,
                one.column,
                said,
                "changed",
                "" if is_row else text_of(one.after),
                cell=cell,
            )
        )
    return out


def identity(table: Table, row: Row) -> tuple[str, ...]:
    """What identifies a row, as text. The factor of a shock is part of its key, yet it is a figure."""
    return tuple(text_of(getattr(row, column)) for column in _identifying(table))


def paired(
    table: Table, before: Iterable[Row], after: Iterable[Row]
) -> list[tuple[Row | None, Row | None]]:
    """The rows of both, side by side where they are the same row; sorted by what identifies them."""
    found: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((before, after)):
        for row in rows:
            found[identity(table, row)][side].append(row)
    pairs: list[tuple[Row | None, Row | None]] = []
    for key in sorted(found):
        # Shocks that differ in nothing but their factor go in the order of it.
        one, two = (
            sorted(rows, key=lambda row: getattr(row, table.key[-1])) for rows in found[key]
        )
        pairs += zip_longest(one, two)
    return pairs


def _row_differences(table: Table, one: Row | None, two: Row | None) -> Iterator[Difference]:
    if one is None or two is None:
        key = identity(table, one or two)  # type: ignore[arg-type]
        yield Difference(table.name, key, "", one, two, (two or one).line)  # type: ignore[union-attr]
        return
    for column in table.row.columns():
        before, after = getattr(one, column), getattr(two, column)
        if before != after and is_read(table, column):
            yield Difference(table.name, identity(table, one), column, before, after, two.line)


# ---- as changes ------------------------------------------------------------------------------------------------------


def difference(old: Lookups, new: Lookups) -> list[Change]:
    """Changes that turn a case into another: applied to the first they give the rows and the keys of the second.

    Everything counts, names, sources and tables that no program reads too.

    >>> print(*difference(case, case.changed("demand.JPN.Dy.oxide.2031.tonnes=+30%")))
    demand.JPN.Dy.oxide.2031.tonnes=130
    """
    found: list[Change] = []
    for table in TABLES:
        before, after = old.tables.rows(table.name), new.tables.rows(table.name)
        shared = Counter(identity(table, row) for row in before)
        for one, two in paired(table, before, after):
            if one is None:
                found.append(_added(table, two))  # type: ignore[arg-type]
                continue
            where = _address(table, one, is_alone=shared[identity(table, one)] == 1)
            if two is None:
                found.append(Change(table=table.name, rows=where, how="gone"))
            else:
                found += _cells(table, where, one, two)
    becomes = new.model.flat()
    for key, was in old.model.flat().items():
        if was != becomes[key]:
            found.append(change_of(key, becomes[key]))
    return found


def _address(table: Table, row: Row, is_alone: bool) -> RowConditions:
    """What names a row and no other."""
    named = dict(zip(_identifying(table), identity(table, row), strict=True))
    if not is_alone:
        for column in ("factor", *table.twins):
            named[column] = text_of(getattr(row, column))
    return tuple(named.items())


def _added(table: Table, row: Row) -> Change:
    named = dict(zip(_identifying(table), identity(table, row), strict=True))
    rows = tuple((name, text) for name, text in named.items() if text)
    cells: dict[str, object] = {}
    for column in (*table.row.columns(), *CARRIED):
        value = getattr(row, column)
        if column not in named and value != table.row.model_fields[column].default:
            cells[column] = plain(value)
    return Change(table=table.name, rows=rows, how="new", value=cells)


def _cells(table: Table, where: RowConditions, one: Row, two: Row) -> Iterator[Change]:
    for column in (*table.row.columns(), *CARRIED):
        after = getattr(two, column)
        if getattr(one, column) != after:
            yield Change(table=table.name, rows=where, column=column, value=plain(after))


def _identifying(table: Table) -> list[str]:
    return [column for column in table.key if column != "factor"]
