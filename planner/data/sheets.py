"""Files -> sheets -> rows. A Sheet is a table as text with the place of each line, where its wrong cells are told."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter
from pydantic import ValidationError

from planner.data.cells import CARRIED, Row, unarmour
from planner.data.checks import Read
from planner.data.schema import BY_NAME, Table
from planner.errors import RULES, Fault, InputError, did_you_mean, fault, nearest
from planner.host import available_memory

PACKAGE = "datapackage.json"
"""What a case says of itself, for other programs: a table or column that it lists and that is gone was lost."""
MODEL_SHEET, NOTES_SHEET = "model", "notes"
"""Sheets of a workbook that are no tables; notes are not read."""
MAX_BYTES = 256 * 2**20
"""Largest CSV table that is read; a million rows of demand are 40 MiB."""
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 2_000_000, 1_000, 30_000_000
BYTES_PER_ROW, BYTES_PER_CELL = 3_000, 60
"""Measured: memory that a row of a table takes, typed, and a cell beside it."""
_OTHER_FORMS = (".tsv", ".txt", ".xls", ".xlsx", ".ods", ".json", ".parquet")


@dataclass(frozen=True)
class Sheet:
    """A table as text: header, then (line number, cells) per row that is not wholly empty."""

    place: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    header_line: int = 1
    tab: str = ""
    """Name of the sheet in a workbook; '' for a CSV file."""
    unread: bool = False
    """Whether the file is there but could not be read, which is a fault already."""

    def cell(self, line: int, column: int) -> str:
        """Address of a cell in a workbook (`demand!E2`); columns count from 0. '' in a CSV file."""
        return (
            f"{self.tab}!{get_column_letter(column + 1)}{line}"
            if self.tab and line and column >= 0
            else ""
        )

    def cell_of(self, header: Sequence[str], line: int, column: str) -> str:
        """The same, of a named column."""
        return self.cell(line, header.index(column) if column in header else -1)


def read_folder(folder: Path, faults: list[Fault], remarks: list[Fault]) -> dict[str, Sheet]:
    """Every table of a case folder. Unknown tables and unreadable files become faults."""
    sheets: dict[str, Sheet] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        if path.suffix.casefold() != ".csv":
            remarks += _left_out(path)
        elif path.stem not in BY_NAME:
            said = f"unknown table{did_you_mean(path.stem, BY_NAME)}"
            faults.append(fault("unknown-table", path.name, 0, "", said, value=path.stem))
        elif path.stem in sheets:
            faults.append(fault("double-table", path.name, 0, "", f"is a second table {path.stem}"))
        else:
            try:
                sheets[path.stem] = _read_csv(path)
            except InputError as error:
                faults += error.faults
                sheets[path.stem] = Sheet(path.name, (), (), unread=True)
    return sheets


def declared_columns(folder: Path) -> dict[str, tuple[str, ...]]:
    """Table -> columns that the data package of a case lists; nothing without one that can be read."""
    try:
        resources = json.loads(
            (folder / PACKAGE).read_bytes() if (folder / PACKAGE).is_file() else "{}"
        )["resources"]
        fields = {str(entry["name"]): entry["schema"]["fields"] for entry in resources}
        return {
            name: tuple(str(field["name"]) for field in listed) for name, listed in fields.items()
        }
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a path of a folder is a link to somewhere else."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # links that go round in a circle
        return True


def _left_out(path: Path) -> list[Fault]:
    """A file beside the tables whose name makes one think that it is read."""
    suffix = path.suffix.casefold()
    if (
        path.stem.casefold() in BY_NAME
        and suffix in _OTHER_FORMS
        and not path.with_suffix(".csv").exists()
    ):
        return [
            fault(
                "ignored-file",
                path.name,
                0,
                "",
                f"is not read: a table is a file {path.stem.casefold()}.csv",
            )
        ]
    if suffix == ".toml" and path.stem != "model" and nearest(path.stem, ["model"]):
        return [
            fault(
                "ignored-file",
                path.name,
                0,
                "",
                "is not read: a case takes its model from model.toml",
            )
        ]
    return []


def _read_csv(path: Path) -> Sheet:
    """A table. Raises InputError with the one fault for which none of it is read."""
    try:
        if not path.is_file():
            raise _unread("unreadable", path.name, 0, "is not a plain file")
        if leads_out(path, path.parent):
            raise _unread("unreadable", path.name, 0, "is a link that leads out of the folder")
        if path.stat().st_size > MAX_BYTES:
            size = f"is {path.stat().st_size / 2**20:,.0f} MiB; at most {MAX_BYTES // 2**20} MiB are read"
            raise _unread("too-large", path.name, 0, size)
        text = _text(path.name, path.read_bytes())
    except OSError as error:
        raise _unread("unreadable", path.name, 0, f"cannot be read: {error.strerror}") from None
    if oversized := _oversized(text):
        raise _unread("too-large", path.name, 0, oversized)
    # strict=True refuses text after a closing quote, which would otherwise be glued to the cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        sheet = sheet_of(path.name, _csv_lines(reader))
    except csv.Error as error:
        raise _unread(
            "bad-csv", path.name, reader.line_num, f"is not readable as CSV: {error}"
        ) from None
    if len(sheet.header) > MAX_COLUMNS:
        said = f"has {len(sheet.header):,} columns; at most {MAX_COLUMNS:,} are read"
        raise _unread("too-large", path.name, sheet.header_line, said)
    if len(sheet.header) == 1:
        for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if sign in sheet.header[0]:
                said = f"cells are separated by {name}, not commas"
                raise _unread("delimiter", path.name, sheet.header_line, said, sign)
    return sheet


def _unread(rule: str, place: str, line: int, said: str, value: str = "") -> InputError:
    return InputError([fault(rule, place, line, "", said, value=value)])


def _oversized(text: str) -> str:
    """Why a table cannot be taken in, before it is; '' if it can."""
    rows, cells = text.count("\n") + 1, text.count(",") + text.count("\n") + 1
    if rows > MAX_ROWS or cells > MAX_CELLS:
        return f"has {rows:,} rows and {cells:,} cells; at most {MAX_ROWS:,} and {MAX_CELLS:,} are read"
    needed, free = rows * BYTES_PER_ROW + cells * BYTES_PER_CELL, available_memory()
    if needed > free:
        return f"has {rows:,} rows, which need about {needed / 2**30:,.1f} GiB, and {free / 2**30:,.1f} GiB are free"
    return ""


def _text(place: str, raw: bytes) -> str:
    """UTF-8 text, with or without a byte order mark."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unread("encoding", place, 1, "is UTF-16, not UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = raw[: error.start].count(b"\n") + 1, f"0x{raw[error.start]:02x}"
        raise _unread("encoding", place, line, f"is not UTF-8: byte {byte}", byte) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _unread("encoding", place, line, "holds a NUL character, so it is no text file")
    return text


def _csv_lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    start = 1
    for cells in reader:
        yield start, tuple(unarmour(cell.strip()) for cell in cells)
        start = reader.line_num + 1  # type: ignore[attr-defined]


def sheet_of(place: str, lines: Iterator[tuple[int, tuple[str, ...]]], tab: str = "") -> Sheet:
    """The sheet of some lines, the first that is filled being the header. Raises InputError for too many."""
    filled: list[tuple[int, tuple[str, ...]]] = []
    kept = 0
    for number, cells in lines:
        if any(cells):
            filled.append((number, cells))
            kept += len(cells)
            if len(filled) > MAX_ROWS or kept > MAX_CELLS:
                said = f"has more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells"
                raise InputError([fault("too-large", place, number, "", said)])
    if not filled:
        return Sheet(place, (), (), tab=tab)
    line, header = filled[0]
    while header and not header[-1]:
        header = header[:-1]
    return Sheet(place, header, tuple(filled[1:]), line, tab)


LISTED = 20
"""Faults of one rule in one column that are listed one by one."""


def read_rows(
    table: Table, sheet: Sheet, faults: list[Fault], remarks: list[Fault], read: Read
) -> tuple[Row, ...]:
    """Rows of the table that are sound; faults, remarks and what the unsound rows named are added to the lists."""
    before = len(faults)
    header = _header(table, sheet, faults)
    if len(faults) > before:
        read.headless.add(table.name)
    required = [name for name, field in table.row.model_fields.items() if field.is_required()]
    if not set(required) <= set(header):
        read.lost(table.name)
        return ()
    rows: list[Row] = []
    for line, cells in sheet.rows:
        wide = next((i for i, cell in enumerate(cells) if cell and i >= len(header)), -1)
        if wide >= 0:
            said = f'has more cells than the header has columns: "{cells[wide]}"'
            faults.append(
                fault(
                    "too-many-cells",
                    sheet.place,
                    line,
                    "",
                    said,
                    value=cells[wide],
                    cell=sheet.cell(line, wide),
                )
            )
            read.claim(table.name, header, cells)
            continue
        if len(cells) < len(header) and not sheet.tab:
            said = (
                f"has {len(cells)} cells, the header {len(header)}; the missing ones count as empty"
            )
            remarks.append(fault("short-row", sheet.place, line, "", said))
        filled = dict(zip(header, cells, strict=False))
        row = row_of(table, filled, line, sheet, header, faults, read)
        if row is None:
            read.claim(table.name, header, cells)
        else:
            rows.append(row)
    repeated = repeated_rows(table, rows, sheet, header)
    faults += repeated.values()
    rows = [row for i, row in enumerate(rows) if i not in repeated]
    if len(faults) > before:
        read.unsound.add(table.name)
    return tuple(rows)


def row_of(
    table: Table,
    cells: Mapping[str, object],
    line: int,
    sheet: Sheet,
    header: tuple[str, ...],
    faults: list[Fault],
    read: Read | None = None,
) -> Row | None:
    """The row with these cells, texts or values; None where one is wrong, which is added to the faults."""
    filled = {name: cell for name, cell in cells.items() if name and cell not in ("", None)}
    try:
        return table.row.model_validate({**filled, "line": line})
    except ValidationError as error:
        faults += _cell_faults(error.errors(), sheet, header, line)
        for detail in error.errors() if read is not None else ():
            read.lose_name(table.name, str(detail["loc"][0]))  # type: ignore[union-attr]
        return None


def repeated_rows(
    table: Table, rows: Sequence[Row], sheet: Sheet, header: tuple[str, ...]
) -> dict[int, Fault]:
    """Positions of rows that repeat the key of an earlier one, and what is told of each."""
    first_seen: dict[tuple[object, ...], int] = {}
    found: dict[int, Fault] = {}
    column = table.key[0]
    for i, row in enumerate(rows):
        key = tuple(getattr(row, name) for name in (*table.key, *table.twins))
        if key not in first_seen:
            first_seen[key] = row.line
            continue
        what = ", ".join(str(part) for part in key if part not in ("", None))
        said = f"repeats line {first_seen[key]} ({what})"
        cell = sheet.cell_of(header, row.line, column)
        found[i] = fault("repeated-row", sheet.place, row.line, column, said, value=what, cell=cell)
    return found


def _header(table: Table, sheet: Sheet, faults: list[Fault]) -> tuple[str, ...]:
    """The header as it was meant; unknown columns get the name ''."""
    known = [*table.row.columns(), *CARRIED]
    if not sheet.header:
        faults.append(fault("empty-table", sheet.place, 0, "", "is empty"))
        return ()
    missing = [
        name
        for name, field in table.row.model_fields.items()
        if field.is_required() and name not in sheet.header
    ]
    meant: list[str] = []
    for position, name in enumerate(sheet.header):
        rule, said, guess = "", "", ""
        if name == "":
            rule, said = "unnamed-column", "has no name"
        elif name in meant:
            rule, said = "double-column", "stands twice in the header"
        elif name in known:
            guess = name
        else:
            near = nearest(name, [c for c in known if c not in sheet.header]) or nearest(
                name, known
            )
            guess = near if near and near not in (*sheet.header, *meant) else ""
            guess = guess or (missing[0] if len(missing) == 1 and missing[0] not in meant else "")
            hint = f' (did you mean "{guess}"?)' if guess else did_you_mean(name, known)
            rule, said = "unknown-column", f"unknown column{hint}"
        if rule:
            line, cell = sheet.header_line, sheet.cell(sheet.header_line, position)
            column = name or f"column {position + 1}"
            faults.append(fault(rule, sheet.place, line, column, said, value=name, cell=cell))
        meant.append(guess)
    for name in missing:
        if name not in meant:
            said = f"column is missing: {table.row.model_fields[name].description}"
            faults.append(fault("missing-column", sheet.place, sheet.header_line, name, said))
    return tuple(meant)


def _cell_faults(
    details: list[Any], sheet: Sheet, header: tuple[str, ...], line: int
) -> Iterator[Fault]:
    """One fault per wrong cell; the required cells that are empty are one fault together."""
    empty = [str(detail["loc"][0]) for detail in details if detail["type"] == "missing"]
    if empty:
        also = f", nor may {', '.join(empty[1:])}" if len(empty) > 1 else ""
        cell = sheet.cell(line, header.index(empty[0]))
        yield fault(
            "empty-cell", sheet.place, line, empty[0], f"must not be empty{also}", cell=cell
        )
    for detail in details:
        if detail["type"] != "missing":
            column = str(detail["loc"][0])
            rule, message = _broken(detail)
            cell = sheet.cell_of(header, line, column)
            yield fault(rule, sheet.place, line, column, message, value=detail["input"], cell=cell)


def _broken(detail: Mapping[str, Any]) -> tuple[str, str]:
    """The rule that a cell breaks, and how."""
    given = detail["input"]
    if detail["type"] in RULES["faults"]:
        return str(detail["type"]), str(detail["msg"])
    if detail["type"] == "literal_error":
        choices = [
            part.strip("' ")
            for part in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")
        ]
        return (
            "choice",
            f'"{given}" is not one of {", ".join(choices)}{did_you_mean(str(given), choices)}',
        )
    try:
        shown = f"{float(given):g}"
    except (ValueError, TypeError):
        shown = str(given)
    return "range", f"{shown}: must be{str(detail['msg']).removeprefix('Input should be')}"


def collapse(faults: list[Fault]) -> list[Fault]:
    """Faults of one rule in one column: the first ones one by one, all others in one line."""
    kept: list[Fault] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    rest: dict[tuple[str, str, str], list[Fault]] = defaultdict(list)
    for found in faults:
        key = (found.place, found.column, found.rule)
        seen[key] += 1
        if seen[key] <= LISTED:
            kept.append(found)
        else:
            rest[key].append(found)
    for more in rest.values():
        also = tuple(f"{found.place}:{found.line}" for found in more[1:])
        said = f"and {len(more)} more like it, from here on"
        kept.append(replace(more[0], message=said, remedy="", also=also))
    return kept
