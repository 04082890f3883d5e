"""Where the rows of a case were read from, so that whatever is found later can be shown at its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from planner.data.rules import fault
from planner.errors import Fault


@dataclass(frozen=True)
class Finding:
    """Something found in rows that were read: rule, table, line and column. Becomes a Fault where files are known."""

    rule: str
    table: str
    line: int
    column: str
    message: str
    value: object = ""
    remedy: str = ""
    also: tuple[tuple[str, int], ...] = ()
    """Tables and lines of the same fault."""


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

    def fault(self, finding: Finding) -> Fault:
        """The finding at its place."""
        header, tab, cell = self.headers.get(finding.table, ()), self.tabs.get(finding.table, ""), ""
        if tab and finding.line and finding.column in header:
            cell = f"{tab}!{get_column_letter(header.index(finding.column) + 1)}{finding.line}"
        also = tuple(f"{self.place(table)}:{line}" for table, line in finding.also)
        return fault(
            finding.rule,
            self.place(finding.table),
            finding.line,
            finding.column,
            finding.message,
            value=finding.value,
            remedy=finding.remedy,
            cell=cell,
            also=also,
        )
