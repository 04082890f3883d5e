"""Files -> cells. A Sheet is a table as text with the place of each line; nothing is interpreted here."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from planner.data.cells import text_of, unarmour
from planner.data.rules import fault
from planner.data.schema import BY_NAME
from planner.data.workbook_safety import Traits, inspect
from planner.errors import Fault, InputError, did_you_mean, nearest
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
_ENCODED = re.compile(r"_x(00[01][0-9A-Fa-f])_")
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
        return f"{self.tab}!{get_column_letter(column + 1)}{line}" if self.tab and line and column >= 0 else ""


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
        resources = json.loads((folder / PACKAGE).read_bytes() if (folder / PACKAGE).is_file() else "{}")["resources"]
        fields = {str(entry["name"]): entry["schema"]["fields"] for entry in resources}
        return {name: tuple(str(field["name"]) for field in listed) for name, listed in fields.items()}
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
    if path.stem.casefold() in BY_NAME and suffix in _OTHER_FORMS and not path.with_suffix(".csv").exists():
        return [fault("ignored-file", path.name, 0, "", f"is not read: a table is a file {path.stem.casefold()}.csv")]
    if suffix == ".toml" and path.stem != "model" and nearest(path.stem, ["model"]):
        return [fault("ignored-file", path.name, 0, "", "is not read: a case takes its model from model.toml")]
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
        sheet = _sheet(path.name, _csv_lines(reader))
    except csv.Error as error:
        raise _unread("bad-csv", path.name, reader.line_num, f"is not readable as CSV: {error}") from None
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


def read_workbook(path: Path, faults: list[Fault]) -> tuple[dict[str, Sheet], Sheet | None]:
    """Every sheet of a workbook, and the sheet `model` if there is one. Raises InputError if unreadable."""
    traits = inspect(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_tabs(path, traits, faults)
    except InputError:
        raise
    except MemoryError:
        raise InputError([fault("too-large", path.name, 0, "", "does not fit in memory")]) from None
    except Exception as error:  # the reader raises whatever a damaged part makes it stumble over
        said = f"is not a readable .xlsx workbook: {type(error).__name__}: {str(error)[:200]}"
        raise InputError([fault("bad-workbook", path.name, 0, "", said)]) from None


def _read_tabs(path: Path, traits: dict[str, Traits], faults: list[Fault]) -> tuple[dict[str, Sheet], Sheet | None]:
    sheets: dict[str, Sheet] = {}
    model: Sheet | None = None
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        for tab in book.worksheets:
            place = f"{path.name}[{tab.title}]"
            if tab.title.casefold() == NOTES_SHEET:
                continue
            if tab.title != MODEL_SHEET and tab.title not in BY_NAME:
                said = f"unknown table{did_you_mean(tab.title, [*BY_NAME, MODEL_SHEET])}"
                faults.append(fault("unknown-table", place, 0, "", said, value=tab.title))
                continue
            tab.reset_dimensions()  # some programs write wrong ones, and rows would be lost
            sheet = _sheet(place, _tab_lines(place, tab.iter_rows(values_only=True)), tab.title)
            faults += _layout(place, tab.title, traits.get(_part(tab), Traits()))
            if tab.title == MODEL_SHEET:
                model = sheet
            else:
                sheets[tab.title] = sheet
    finally:
        book.close()
    return sheets, model


def _part(tab: Any) -> str:
    """The part of the archive that holds a sheet; openpyxl keeps it, and has no public name for it."""
    return str(tab._worksheet_path).lstrip("/")


def _tab_lines(place: str, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for number, row in enumerate(rows, start=1):
        beyond = row[MAX_COLUMNS:]
        if beyond.count(None) < len(beyond):
            said = f"has cells beyond column {get_column_letter(MAX_COLUMNS)}; at most {MAX_COLUMNS:,} columns are read"
            raise InputError([fault("too-large", place, number, "", said)])
        yield number, tuple(_decoded(text_of(value)) for value in row[:MAX_COLUMNS])


def _decoded(text: str) -> str:
    """Text in which a workbook writes control characters as `_x001B_`."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), text) if "_x00" in text else text


def _layout(place: str, tab: str, traits: Traits) -> Iterator[Fault]:
    if traits.merged:
        also = tuple(f"{tab}!{area}" for area in traits.merged[1:])
        said = f"cells {traits.merged[0]} are merged"
        address = traits.merged[0].split(":")[0]
        yield fault("merged-cells", place, _row(address), "", said, cell=f"{tab}!{traits.merged[0]}", also=also)
    if traits.valueless:
        also = tuple(f"{tab}!{cell}" for cell in traits.valueless[1:])
        said = "a formula has no stored value, so the cell would read as empty"
        line = _row(traits.valueless[0])
        yield fault("formula-without-value", place, line, "", said, cell=f"{tab}!{traits.valueless[0]}", also=also)


def _row(address: str) -> int:
    digits = address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ$")
    return int(digits) if digits.isdecimal() else 0


def _sheet(place: str, lines: Iterator[tuple[int, tuple[str, ...]]], tab: str = "") -> Sheet:
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
