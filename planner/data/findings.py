"""Something found in the rows of a case, and the place in its files at which it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from openpyxl.utils import get_column_letter

from planner.data.cells import Row, text_of
from planner.data.schema import TABLES, ModelTarget
from planner.errors import EVERY_RULE, Fault, did_you_mean, fault

_TABLE_OF = {table.row: table.name for table in TABLES} | {ModelTarget: "model"}


@dataclass(frozen=True)
class Finding:
    """Something found in rows that were read: rule, table, line and column. Becomes a Fault where files are known."""

    rule: str
    table: str
    line: int
    column: str
    message: str
    value: object = ""
    also: tuple[tuple[str, int], ...] = ()
    """Tables and lines of the same fault."""


def found(row: Row, column: str, rule: str, said: str = "", **words: object) -> Finding:
    """A rule broken in a cell. What is told is `said`, else the rule's own words, filled with the row and `words`."""
    stated, cell = EVERY_RULE[rule], text_of(getattr(row, column))
    told = said or stated.told.format_map({**row.__dict__, "cell": cell, **words})
    return Finding(rule, _TABLE_OF[type(row)], row.line, column, told, cell)


def unknown(row: Row, column: str, kind: str, name: str, known: Iterable[str]) -> Finding:
    """A name in a cell that nothing has."""
    said = f'unknown {kind} "{name}"{did_you_mean(name, known)}'
    return Finding("unknown-reference", _TABLE_OF[type(row)], row.line, column, said, name)


@dataclass(frozen=True)
class Origin:
    """File or sheet, sheet name and header of each table; and what reading it left to remark."""

    places: dict[str, str] = field(default_factory=dict)
    tabs: dict[str, str] = field(default_factory=dict)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[Fault, ...] = ()
    target_lines: tuple[int, ...] = ()
    """Line of each of `[[targets]]` in the model file."""

    def place(self, table: str) -> str:
        """File or sheet of a table."""
        return self.places.get(table) or (table if table == "model" else f"{table}.csv")

    def cell(self, table: str, line: int, column: str) -> str:
        """Address in the workbook that the table was read from; '' in a folder."""
        header, tab = self.headers.get(table, ()), self.tabs.get(table, "")
        known = tab and line and column in header
        return f"{tab}!{get_column_letter(header.index(column) + 1)}{line}" if known else ""

    def moved(
        self, places: dict[str, str], headers: dict[str, tuple[str, ...]], tab: str = ""
    ) -> Origin:
        """Where tables are told of that have other rows: their places, headers and sheet."""
        kept = {name: header for name, header in self.headers.items() if name not in places}
        tabs = self.tabs | dict.fromkeys(places, tab)
        return replace(self, places=self.places | places, tabs=tabs, headers=kept | headers)

    def fault(self, finding: Finding) -> Fault:
        """The finding at its place."""
        also = tuple(f"{self.place(table)}:{line}" for table, line in finding.also)
        place, cell = (
            self.place(finding.table),
            self.cell(finding.table, finding.line, finding.column),
        )
        said, value = finding.message, finding.value
        return fault(
            finding.rule,
            place,
            finding.line,
            finding.column,
            said,
            value=value,
            cell=cell,
            also=also,
        )
