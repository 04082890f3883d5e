"""Something found in the rows of a case, and the place in its files at which it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from planner.cells import Row, text_of
from planner.config import ModelTarget
from planner.data.schema import TABLES
from planner.errors import EVERY_RULE, Fault, did_you_mean, fault

_TABLE_OF = {table.row: table.name for table in TABLES} | {ModelTarget: "model"}


def table_of(row: Row) -> str:
    """The table in which a row stands, or the model file."""
    return _TABLE_OF[type(row)]


def finding_at(row: Row, column: str, rule: str, message: str = "", **words: object) -> Fault:
    """A rule broken in a cell, placed by its table; the message is the rule's own, filled with the row and `words`, unless
    another is given."""
    cell = getattr(row, column)
    if not message:
        message = EVERY_RULE[rule].told.format_map({**row.__dict__, "cell": cell, **words})
    return fault(rule, table_of(row), row.line, column, message=message, value=text_of(cell))


def unknown_name(row: Row, column: str, *, kind: str, name: str, known: Iterable[str]) -> Fault:
    """A name in a cell that nothing has."""
    message = f'unknown {kind} "{name}"{did_you_mean(name, known)}'
    rule = "unknown-reference"
    return fault(rule, table_of(row), row.line, column, message=message, value=name)


@dataclass(frozen=True)
class Origin:
    """File or sheet of each table that was read; and what reading it left to remark."""

    places: dict[str, str] = field(default_factory=dict)
    workbook: str = ""
    """Its name, if tables are sheets of one."""
    remarks: tuple[Fault, ...] = ()

    def place(self, table: str) -> str:
        """File or sheet of a table."""
        if table in self.places:
            return self.places[table]
        if table == "model":
            return table
        return f"{self.workbook}[{table}]" if self.workbook else f"{table}.csv"

    def moved(self, **places: str) -> Origin:
        """The origin of tables that are told of with other rows, by their places."""
        return replace(self, places=self.places | places)

    def placed(self, finding: Fault) -> Fault:
        """What was found in rows, placed by its table, at its place in the files."""
        also: list[str] = []
        for text in finding.also:
            table, _, line = text.partition(":")
            also.append(f"{self.place(table)}:{line}")
        return replace(finding, place=self.place(finding.place), also=tuple(also))


LISTED = 20
"""Faults of one rule in one column that are listed one by one."""


def collapse(faults: Iterable[Fault], listed: int = LISTED) -> list[Fault]:
    """Faults or warnings of one rule in one column: the first ones one by one, all others in one line."""
    alike: dict[tuple[str, str, str], list[Fault]] = defaultdict(list)
    for one in faults:
        alike[one.place, one.column, one.rule].append(one)
    kept: list[Fault] = []
    for together in alike.values():
        kept += together[:listed]
        rest = together[listed:]
        if rest:
            also = tuple(f"{one.place}:{one.line}" for one in rest[1:])
            message = f"and {len(rest)} more like it, from here on"
            kept.append(replace(rest[0], message=message, remedy="", also=also))
    return kept
