"""Files -> sheets -> rows. A Sheet is a table as text with the place of each line, where its wrong cells are told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.cells import CARRIED, REMARK, Row, unarmour
from planner.data.checks import Reading
from planner.data.schema import BY_NAME, Table
from planner.errors import RULES, Fault, InputError, did_you_mean, fault, nearest, refused

MODEL_SHEET, NOTES_SHEET = "model", "notes"
"""Sheets of a workbook that are no tables; notes are not read."""
MAX_BYTES = 256 * 2**20
"""Largest CSV table that is read; a million rows of demand are 40 MiB."""
MAX_ROWS, MAX_COLUMNS = 2_000_000, 1_000
MIB = 2**20
_OTHER_FORMS = (".tsv", ".txt", ".xls", ".xlsx", ".ods", ".json", ".parquet")
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
Line = tuple[int, tuple[str, ...]]
"""Number of a line, and its cells."""


@dataclass(frozen=True)
class Sheet:
    """A table as text: header, then each line that is not wholly empty."""

    place: str
    header: tuple[str, ...]
    rows: tuple[Line, ...]
    header_line: int = 1
    unread: bool = False
    """The file is there and could not be read, which is a fault already."""

    def fault(self, rule: str, line: int, column: str, said: str, *, value: object = "") -> Fault:
        """A fault of a cell; of a line, or of the sheet, without a column."""
        return fault(rule, self.place, line, column, message=said, value=value)


# ---- files -----------------------------------------------------------------------------------------------------------


def read_folder(folder: Path, reading: Reading) -> dict[str, Sheet]:
    """Every table of a case folder. Unknown tables and unreadable files become faults."""
    sheets: dict[str, Sheet] = {}
    for path in sorted(folder.iterdir()):
        name = path.stem
        if path.name.startswith((".", "~$")):
            continue
        if path.suffix.casefold() != ".csv":
            said = _why_left_out(path)
            if said:
                reading.remarks.append(fault("ignored-file", path.name, 0, "", message=said))
        elif name not in BY_NAME:
            said = f"unknown table{did_you_mean(name, BY_NAME)}"
            reading.faults.append(
                fault("unknown-table", path.name, 0, "", message=said, value=name)
            )
        elif name in sheets:
            said = f"is a second table {name}"
            reading.faults.append(fault("double-table", path.name, 0, "", message=said))
        else:
            try:
                sheets[name] = _read_csv(path)
                reading.remarks += [*_short_rows(sheets[name]), *_swallowed_rows(sheets[name])]
            except InputError as error:
                reading.faults += error.faults
                sheets[name] = Sheet(path.name, (), (), unread=True)
    return sheets


def leads_out(path: Path, folder: Path) -> bool:
    """A path of a folder is a link to somewhere else."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # links that go round in a circle
        return True


def _why_left_out(path: Path) -> str:
    """Words for a file beside the tables whose name makes one think that it is read; '' for any other."""
    suffix = path.suffix.casefold()
    table = path.stem.casefold()
    if table in BY_NAME and suffix in _OTHER_FORMS and not path.with_suffix(".csv").exists():
        return f"is not read: a table is a file {table}.csv"
    if suffix == ".toml" and path.stem != "model" and nearest(path.stem, ["model"]):
        return "is not read: a case takes its model from model.toml"
    return ""


def _read_csv(path: Path) -> Sheet:
    """A table. Raises InputError with the one fault for which none of it is read."""
    place = path.name
    text = _text(place, _content(path))
    sheet = sheet_of(place, _csv_lines(place, text))
    if len(sheet.header) == 1:
        for sign, name in _DELIMITERS.items():
            if sign in sheet.header[0]:
                said = f"cells are separated by {name}, not commas"
                raise refused("delimiter", place, said, line=sheet.header_line, value=sign)
    return sheet


def _content(path: Path) -> bytes:
    """Bytes of a plain file of the folder that is not too large. Raises InputError."""
    try:
        if not path.is_file():
            raise refused("unreadable", path.name, "is not a plain file")
        if leads_out(path, path.parent):
            raise refused("unreadable", path.name, "is a link that leads out of the folder")
        size = path.stat().st_size
        if size > MAX_BYTES:
            said = f"is {size / MIB:,.0f} MiB; at most {MAX_BYTES // MIB} MiB are read"
            raise refused("too-large", path.name, said)
        return path.read_bytes()
    except OSError as error:
        raise refused("unreadable", path.name, f"cannot be read: {error.strerror}") from None


def _text(place: str, raw: bytes) -> str:
    """UTF-8 text, with or without a byte order mark."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused("encoding", place, "is UTF-16, not UTF-8", line=1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        byte = f"0x{raw[error.start]:02x}"
        raise refused(
            "encoding", place, f"is not UTF-8: byte {byte}", line=line, value=byte
        ) from None
    if "\0" in text:
        before, _, _ = text.partition("\0")
        line = before.count("\n") + 1
        raise refused("encoding", place, "holds a NUL character, so it is no text file", line=line)
    return text


def _csv_lines(place: str, text: str) -> Iterator[Line]:
    # strict=True refuses text after a closing quote, which would otherwise be glued to the cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            yield start, tuple(unarmour(cell.strip()) for cell in cells)
            start = reader.line_num + 1
    except csv.Error as error:
        said = f"is not readable as CSV: {error}"
        if reader.line_num > start or "end of data" in str(error):
            said = f"a quote opens in {_last_cell(text, start)} and is not closed there: {error}"
        raise refused("bad-csv", place, said, line=start) from None


def _last_cell(text: str, line: int) -> str:
    """Words for the last cell of a line, in which a quote is still open at its end."""
    lines = text.splitlines()
    header = next(csv.reader(lines))
    last = len(next(csv.reader([lines[line - 1]]))) - 1
    return f'the cell of column "{header[last]}"' if last < len(header) else "its last cell"


def _short_rows(sheet: Sheet) -> Iterator[Fault]:
    """Remarks on rows of a CSV file in which a comma may be missing."""
    width = len(sheet.header)
    for line, cells in sheet.rows:
        if len(cells) < width:
            said = f"has {len(cells)} cells, the header {width}; the missing ones count as empty"
            yield sheet.fault("short-row", line, "", said)


def _swallowed_rows(sheet: Sheet) -> Iterator[Fault]:
    """Remarks on cells that hold rows of their table: a quote opens in them, and the next one closes it lines later."""
    for line, cells in sheet.rows:
        for position, (column, cell) in enumerate(zip(sheet.header, cells, strict=False)):
            later = cell.split("\n")[1:]
            rows = [part for part in later if _is_row(part, position)]
            if rows:
                many = f"{len(rows)} lines" if len(rows) > 1 else "a line"
                said = f"holds {many} of the table, the first of them {rows[0][:40]}.."
                yield sheet.fault("swallowed-rows", line, column, said, value=cell)


def _is_row(text: str, position: int) -> bool:
    """A line of a cell has as many commas as a row has before that cell; a sentence has a blank after most."""
    commas = text.count(",")
    return commas >= max(position, 2) and 2 * text.count(", ") < commas


def sheet_of(place: str, lines: Iterable[Line]) -> Sheet:
    """The sheet of some lines, the first that is filled being the header. Raises InputError for too many."""
    filled: list[Line] = []
    for number, cells in lines:
        if any(cells):
            filled.append((number, cells))
            if len(cells) > MAX_COLUMNS:
                said = f"has {len(cells):,} columns; at most {MAX_COLUMNS:,} are read"
                raise refused("too-large", place, said, line=number)
            if len(filled) > MAX_ROWS:
                raise refused("too-large", place, f"has more than {MAX_ROWS:,} rows", line=number)
    if not filled:
        return Sheet(place, (), ())
    line, header = filled[0]
    while header and not header[-1]:
        header = header[:-1]
    rows = filled[1:]
    if rows and rows[0][1][0].startswith(REMARK):
        rows = rows[1:]
    return Sheet(place, header, tuple(rows), header_line=line)


# ---- rows ------------------------------------------------------------------------------------------------------------


def read_rows(table: Table, sheet: Sheet, reading: Reading) -> tuple[Row, ...]:
    """Rows of the table that are sound; faults, remarks and unsound rows are added to the reading."""
    before = len(reading.faults)
    header = _header(table, sheet, reading.faults)
    meant = replace(sheet, header=header)
    if len(reading.faults) > before:
        reading.headless.add(table.name)
    if not set(_required(table)) <= set(header):
        reading.lost(table.name)
        return ()
    rows: list[Row] = []
    for line, cells in sheet.rows:
        row = _read_row(table, meant, line=line, cells=cells, reading=reading)
        if row is not None:
            rows.append(row)
    repeated = repeated_rows(table, rows, meant)
    reading.faults += repeated.values()
    if len(reading.faults) > before:
        reading.unsound.add(table.name)
    return tuple(row for place, row in enumerate(rows) if place not in repeated)


def _required(table: Table) -> list[str]:
    fields = table.row.model_fields
    return [name for name, field in fields.items() if field.is_required()]


def _read_row(
    table: Table, sheet: Sheet, *, line: int, cells: tuple[str, ...], reading: Reading
) -> Row | None:
    """The row of a line; None where something is wrong with it, which is added to the reading."""
    width = len(sheet.header)
    filled = _filled(dict(zip(sheet.header, cells, strict=False)))
    for cell in filter(None, cells[width:]):
        said = f'has more cells than the header has columns: "{cell}"'
        reading.faults.append(sheet.fault("too-many-cells", line, "", said, value=cell))
        reading.lost_rows[table.name].append((0, filled))
        return None
    return row_of(table, filled, line=line, sheet=sheet, reading=reading)


def _filled(cells: Mapping[str, object]) -> dict[str, object]:
    """Cells of columns with a name that are not blank."""
    return {name: cell for name, cell in cells.items() if name and cell not in ("", None)}


def row_of(
    table: Table, cells: Mapping[str, object], *, line: int, sheet: Sheet, reading: Reading
) -> Row | None:
    """The row with these cells, texts or values; None where one is wrong, which is added to the reading."""
    filled = _filled(cells)
    try:
        return table.row.model_validate({**filled, "line": line})
    except ValidationError as error:
        details = error.errors()
    reading.faults += _cell_faults(details, sheet, line)
    wrong = dict.fromkeys(map(_column, details), "")
    is_identified = all(column in filled or column not in wrong for column in table.key)
    reading.lost_rows[table.name].append((line * is_identified, {**filled, **wrong}))
    return None


def _column(detail: Mapping[str, Any]) -> str:
    return str(detail["loc"][0])


def repeated_rows(table: Table, rows: Sequence[Row], sheet: Sheet) -> dict[int, Fault]:
    """Positions of rows that repeat the key of an earlier one -> the fault."""
    first_seen: dict[object, int] = {}
    repeated: dict[int, Fault] = {}
    columns = (*table.key, *table.twins)
    key_of = attrgetter(*columns)
    for place, row in enumerate(rows):
        first = first_seen.setdefault(key_of(row), place)
        if first != place:
            what = ", ".join(str(part) for part in row.cells(columns) if part not in ("", None))
            said = f"repeats line {rows[first].line} ({what})"
            repeated[place] = sheet.fault("repeated-row", row.line, table.key[0], said, value=what)
    return repeated


def _header(table: Table, sheet: Sheet, faults: list[Fault]) -> tuple[str, ...]:
    """The header as it was meant; unknown columns get the name ''."""
    if not sheet.header:
        faults.append(sheet.fault("empty-table", 0, "", "is empty"))
        return ()
    line = sheet.header_line
    known = [*table.row.columns(), *CARRIED]
    free = [name for name in known if name not in sheet.header]
    missing = [name for name in _required(table) if name in free]
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
            guess = _guess(name, free, missing, meant)
            hint = f' (did you mean "{guess}"?)' if guess else did_you_mean(name, known)
            rule, said = "unknown-column", f"unknown column{hint}"
        if rule:
            column = name or f"column {position + 1}"
            faults.append(sheet.fault(rule, line, column, said, value=name))
        meant.append(guess)
    for name in missing:
        if name not in meant:
            said = f"column is missing: {table.row.model_fields[name].description}"
            faults.append(sheet.fault("missing-column", line, name, said))
    return tuple(meant)


def _guess(name: str, free: Sequence[str], missing: Sequence[str], meant: Sequence[str]) -> str:
    """The column that an unknown name means: a near one that is free, or the only one that is missing; '' if none."""
    near = nearest(name, free)
    if near and near not in meant:
        return near
    if len(missing) == 1 and missing[0] not in meant:
        return missing[0]
    return ""


def _cell_faults(details: Sequence[Any], sheet: Sheet, line: int) -> Iterator[Fault]:
    """One fault per wrong cell; the required cells that are empty are one fault together."""
    empty = [_column(detail) for detail in details if detail["type"] == "missing"]
    if empty:
        first, *others = empty
        also = f", nor may {', '.join(others)}" if others else ""
        yield sheet.fault("empty-cell", line, first, f"must not be empty{also}")
    for detail in details:
        if detail["type"] != "missing":
            rule, said = _broken(detail)
            yield sheet.fault(rule, line, _column(detail), said, value=detail["input"])


def _broken(detail: Mapping[str, Any]) -> tuple[str, str]:
    """The rule that a cell breaks, and in which way."""
    given = detail["input"]
    kind, said = str(detail["type"]), str(detail["msg"])
    if kind in RULES["faults"]:
        return kind, said
    if kind == "literal_error":
        expected = str(detail["ctx"]["expected"]).replace(" or ", ", ")
        choices = [part.strip("' ") for part in expected.split(",")]
        near = did_you_mean(str(given), choices)
        return "choice", f'"{given}" is not one of {", ".join(choices)}{near}'
    try:
        shown = f"{float(given):g}"
    except (ValueError, TypeError):
        shown = str(given)
    return "range", f"{shown}: must be{said.removeprefix('Input should be')}"
