"""Every rule that inputs are held to, as `rules.toml` states them, and the place at which a broken one is told."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files

from openpyxl.utils import get_column_letter

from planner.config.model_file import MODEL_RULES
from planner.data.cells import Row, text_of
from planner.data.schema import TABLES
from planner.errors import Fault, Rule, did_you_mean

_STATED = tomllib.loads(files("planner.data").joinpath("rules.toml").read_text(encoding="utf-8"))
FAULTS: dict[str, Rule] = {**{name: Rule(*stated) for name, stated in _STATED["faults"].items()}, **MODEL_RULES}
"""Broken: exit code 2, nothing is solved."""
WARNINGS: dict[str, Rule] = {name: Rule(*stated) for name, stated in _STATED["warnings"].items()}
"""Worth a second look: the case is solved. `planner check --ignore NAME` silences one."""

_TABLE_OF = {table.row: table.name for table in TABLES}

LONGEST_MESSAGE = 600
"""Characters; a message repeats what a cell holds, which may be a book."""


def fault(
    rule: str,
    place: str,
    line: int,
    column: str,
    message: str,
    *,
    value: object = "",
    remedy: str = "",
    cell: str = "",
    also: tuple[str, ...] = (),
) -> Fault:
    """A Fault of a rule in the catalogue, with the rule's remedy unless a better one is given."""
    known = FAULTS.get(rule) or WARNINGS[rule]
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]}..."
    return Fault(place, line, column, message, rule, str(value)[:200], remedy or known.remedy, cell, also)


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
    stated, cell = FAULTS.get(rule) or WARNINGS[rule], text_of(getattr(row, column))
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

    def place(self, table: str) -> str:
        """File or sheet of a table."""
        return self.places.get(table) or (table if table == "model" else f"{table}.csv")

    def cell(self, table: str, line: int, column: str) -> str:
        """Address in the workbook that the table was read from; '' in a folder."""
        header, tab = self.headers.get(table, ()), self.tabs.get(table, "")
        known = tab and line and column in header
        return f"{tab}!{get_column_letter(header.index(column) + 1)}{line}" if known else ""

    def fault(self, finding: Finding) -> Fault:
        """The finding at its place."""
        also = tuple(f"{self.place(table)}:{line}" for table, line in finding.also)
        return fault(
            finding.rule,
            self.place(finding.table),
            finding.line,
            finding.column,
            finding.message,
            value=finding.value,
            cell=self.cell(finding.table, finding.line, finding.column),
            also=also,
        )
