"""Workbooks as tables; and what one is before anything opens it: a zip of XML that may be hostile, and empty formulas.

OOXML never declares a document type, so a workbook that does is refused before any entity can expand. Each part is
read once in a stream, so that what would take a reader of whole elements minutes or gigabytes is refused first, as
are rows and cells out of order, which such a reader drops or overwrites without a word.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile

import openpyxl
from openpyxl.utils import get_column_letter

from planner.data.cells import text_of
from planner.data.checks import Reading
from planner.data.schema import BY_NAME
from planner.data.sheets import MAX_COLUMNS, MODEL_SHEET, NOTES_SHEET, Sheet, sheet_of
from planner.errors import Fault, InputError, did_you_mean, fault

MAX_PARTS = 2_000
MAX_UNPACKED = 512 * 2**20
MAX_PART = 256 * 2**20
MAX_ELEMENTS = 40_000_000
MAX_IN_ONE, MAX_ELSEWHERE = 100_000, 1_000_000
"""Elements of one row or shared text, and elements of a part outside of them: both are in memory at once."""
MAX_DEPTH = 100
MAX_SHEETS, LAST_ROW = 1_000, 1_048_576
LISTED = 1_000
"""Merged areas, and formulas without a value, that are kept of a sheet."""
_BULK = {("row", 3), ("si", 2)}
"""Elements, and their depth, that a reader takes and drops one by one."""
_ROW = ["sheetData", "row"]
_CELL = [*_ROW, "c"]
_CHUNK = 2**16
UNREADABLE = "is not a readable .xlsx workbook"
_TRUE = ("1", "true", "on")
_ENCODED = re.compile(r"_x(00[01][0-9A-Fa-f])_")


@dataclass
class Traits:
    """Traits of a sheet that reading its values alone does not show."""

    merged: list[str] = field(default_factory=list)
    valueless: list[str] = field(default_factory=list)
    """Cells whose formula has no stored value; they would read as empty."""
    hidden_rows: int = 0
    """Rows that are hidden, by hand or by a filter."""
    hidden_columns: int = 0
    filled: Counter[int] = field(default_factory=Counter)
    """Number of a format -> cells that have it."""
    struck: list[bool] = field(default_factory=list)
    """Of `styles.xml`: each font is struck through, or not."""
    fonts: list[int] = field(default_factory=list)
    """Of `styles.xml`: the font of each format."""
    hidden_sheets: list[str] = field(default_factory=list)
    """Of `workbook.xml`: names of hidden sheets."""


class _Hostile(Exception):
    pass


class _Damaged(Exception):
    pass


def inspect(path: Path) -> dict[str, Traits]:
    """Traits of each part by name. Raises InputError for what is no sound or no harmless workbook."""
    try:
        with ZipFile(path) as book:
            _check_sizes(book)
            return _traits_of_parts(book)
    except _Hostile as error:
        raise _refused("hostile-workbook", path, str(error)) from None
    except _Damaged as error:
        raise _refused("bad-workbook", path, f"{UNREADABLE}: {error}") from None
    except Exception as error:  # zlib.error and what else a damaged archive makes the library raise
        said = f"{UNREADABLE}: {type(error).__name__}: {error}"
        raise _refused("bad-workbook", path, said) from None


def _refused(rule: str, path: Path, said: str) -> InputError:
    return InputError([fault(rule, path.name, 0, "", message=said)])


def _traits_of_parts(book: ZipFile) -> dict[str, Traits]:
    """The traits of each part of a workbook. Raises _Hostile where there are too many elements."""
    traits: dict[str, Traits] = {}
    total = 0
    for name in book.namelist():
        part = _read_part(book, name)
        traits[name] = part.traits
        total += part.elements
        if total > MAX_ELEMENTS:
            raise _Hostile(f"holds more than {MAX_ELEMENTS:,} elements")
    return traits


def _check_sizes(book: ZipFile) -> None:
    parts = book.infolist()
    total = sum(part.file_size for part in parts)
    largest = max((part.file_size for part in parts), default=0)
    if len(parts) > MAX_PARTS or total > MAX_UNPACKED or largest > MAX_PART:
        size = f"{total / 2**20:,.0f} MiB in {len(parts)} parts"
        most = f"{MAX_UNPACKED // 2**20} MiB in {MAX_PARTS} parts"
        raise _Hostile(f"unpacks to {size}; at most {most} are opened")


class _Part:
    """One part as its elements go by: their number, where they stand, and the traits of a sheet that they tell."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.traits = Traits()
        self.elements = 0
        self._open: list[str] = []
        self._in_one = 0
        self._elsewhere = 0
        self._sheets = 0
        self._row = 0
        self._column = (0, "")
        self._cell = ""
        self._formula = False
        self._value = False

    def parser(self) -> expat.XMLParserType:
        """A parser that feeds this part."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def _doctype(self, *_: object) -> None:
        raise _Hostile(f"part {self.name} declares a document type, which no workbook does")

    def _start(self, tag: str, values: dict[str, str]) -> None:
        """Take note of the beginning of an XML element of a sheet: where rows and cells are, formulas, merged
        cells."""
        local = tag.rpartition(":")[2]
        self._open.append(local)
        self.elements += 1
        self._count(local)
        self._note_looks(values)
        path = self._open[1:]
        if path == _ROW:
            self._next_row(values.get("r"))
        elif path == _CELL:
            self._next_cell(values.get("r"))
            # A formula may give an empty text, which is stored as such.
            self._formula, self._value = False, values.get("t") == "str"
            self.traits.filled[_number(values.get("s"))] += 1
        elif local == "f":
            self._formula = True
        elif local == "mergeCell" and len(self.traits.merged) < LISTED:
            self.traits.merged.append(values.get("ref", "?"))

    def _count(self, local: str) -> None:
        """Count an element where it stands; raise _Hostile for more than a reader can hold."""
        depth = len(self._open)
        if (local, depth) in _BULK:
            self._in_one = 0
        if _BULK.isdisjoint(zip(self._open[1:3], (2, 3), strict=False)):
            self._elsewhere += 1
        else:
            self._in_one += 1
        if self._open[1:] == ["sheets", "sheet"]:
            self._sheets += 1
            if self._sheets > MAX_SHEETS:
                raise _Hostile(f"has more than {MAX_SHEETS:,} sheets")
        is_large = self._elsewhere > MAX_ELSEWHERE or self._in_one > MAX_IN_ONE
        if is_large or depth > MAX_DEPTH:
            raise _Hostile(f"part {self.name} holds more elements in one than fit in memory")

    def _note_looks(self, values: dict[str, str]) -> None:
        """Keep the looks of a sheet that a person does not see, or sees as deleted."""
        path = self._open[1:]
        if path == _ROW:
            self.traits.hidden_rows += values.get("hidden") in _TRUE
        elif path == ["cols", "col"] and values.get("hidden") in _TRUE:
            self.traits.hidden_columns += 1
        elif path == ["sheets", "sheet"] and values.get("state", "visible") != "visible":
            self.traits.hidden_sheets.append(values.get("name", "?"))
        elif path == ["fonts", "font"]:
            self.traits.struck.append(False)
        elif path == ["fonts", "font", "strike"] and values.get("val", "1") in _TRUE:
            self.traits.struck[-1] = True
        elif path == ["cellXfs", "xf"]:
            self.traits.fonts.append(_number(values.get("fontId")))

    def _next_row(self, given: str | None) -> None:
        """Take up a row, by its number if it has one. Raises _Damaged unless it follows the last."""
        number = int(given) if given else self._row + 1
        if not self._row < number <= LAST_ROW:
            where = f"has a row {number}"
            if number <= self._row:
                where = f"row {number} follows row {self._row}"
            raise _Damaged(f"part {self.name}: {where}")
        self._row = number
        self._column = (0, "")

    def _next_cell(self, given: str | None) -> None:
        """Take up a cell, by its address if it has one. Raises _Damaged unless it is to the right of the last."""
        self._cell = given or "?"
        if given:
            letters = given.rstrip("0123456789")
            column = (len(letters), letters)
            if column <= self._column:
                after = f"cell {given} follows a cell of column {self._column[1]}"
                raise _Damaged(f"part {self.name}: {after}")
            self._column = column

    def _characters(self, _: str) -> None:
        if self._open and self._open[-1] in ("v", "t"):
            self._value = True

    def _end(self, _: str) -> None:
        is_valueless = self._open[1:] == _CELL and self._formula and not self._value
        if is_valueless and len(self.traits.valueless) < LISTED:
            self.traits.valueless.append(self._cell)
        self._open.pop()


def _number(text: str | None) -> int:
    """The number of a font or format; the first where none is given."""
    return int(text) if text and text.isdecimal() else 0


def _read_part(book: ZipFile, name: str) -> _Part:
    """Read a part through, if it is XML. The names of parts are free, so what it begins with decides."""
    found = _Part(name)
    parser = found.parser()
    named_so = name.endswith((".xml", ".rels"))
    with book.open(name) as file:
        chunk = file.read(_CHUNK)
        begins = chunk.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        if not named_so and not begins.startswith((b"<", b"\0<")):
            return found
        # What is XML by its looks alone, such as old drawings, need not be sound: no reader gets further than we do.
        tolerated = () if named_so else (expat.ExpatError,)
        with suppress(*tolerated):
            while chunk:
                parser.Parse(chunk, False)
                chunk = file.read(_CHUNK)
            parser.Parse(b"", True)
    return found


# ---- its sheets ------------------------------------------------------------------------------------------------------


def read_workbook(path: Path, reading: Reading) -> tuple[dict[str, Sheet], Sheet | None]:
    """Every sheet of a workbook, and the sheet `model` if there is one. Raises InputError if unreadable.

    Faults and remarks on the looks of sheets are added to the reading.
    """
    traits = inspect(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_tabs(path, traits, reading)
    except InputError:
        raise
    except MemoryError:
        raise _refused("too-large", path, "does not fit in memory") from None
    except Exception as error:  # the reader raises whatever a damaged part makes it stumble over
        said = f"{UNREADABLE}: {type(error).__name__}: {str(error)[:200]}"
        raise _refused("bad-workbook", path, said) from None


def _read_tabs(
    path: Path, traits: dict[str, Traits], reading: Reading
) -> tuple[dict[str, Sheet], Sheet | None]:
    """Sheets of a workbook by table, and the sheet of the model; faults of its layout are noted in `reading`."""
    sheets: dict[str, Sheet] = {}
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        for tab in book.worksheets:
            name = tab.title
            place = f"{path.name}[{name}]"
            if name.casefold() == NOTES_SHEET:
                continue
            if name != MODEL_SHEET and name not in BY_NAME:
                said = f"unknown table{did_you_mean(name, [*BY_NAME, MODEL_SHEET])}"
                reading.faults.append(
                    fault("unknown-table", place, 0, "", message=said, value=name)
                )
                continue
            tab.reset_dimensions()  # some programs write wrong ones, and rows would be lost
            lines = _tab_lines(place, tab.iter_rows(values_only=True))
            sheets[name] = sheet_of(place, lines, name)
            of_sheet = traits.get(_part(tab), Traits())
            reading.faults += _layout(place, name, of_sheet)
            reading.remarks += _unseen(place, name, of_sheet, traits)
    finally:
        book.close()
    model = sheets.pop(MODEL_SHEET, None)
    return sheets, model


def _part(tab: Any) -> str:
    """The part of the archive that holds a sheet; openpyxl keeps it, and has no public name for it."""
    return str(tab._worksheet_path).lstrip("/")


def _tab_lines(
    place: str, rows: Iterator[tuple[object, ...]]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The cells of each row of a tab as texts, with its number from 1. Raises InputError for rows that are too wide."""
    for number, row in enumerate(rows, start=1):
        beyond = row[MAX_COLUMNS:]
        if beyond.count(None) < len(beyond):
            last = get_column_letter(MAX_COLUMNS)
            said = f"has cells beyond column {last}; at most {MAX_COLUMNS:,} columns are read"
            raise InputError([fault("too-large", place, number, "", message=said)])
        yield number, tuple(_decoded(text_of(value)) for value in row[:MAX_COLUMNS])


def _decoded(text: str) -> str:
    """Text in which a workbook writes control characters as `_x001B_`."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), text) if "_x00" in text else text


def _layout(place: str, tab: str, traits: Traits) -> Iterator[Fault]:
    if traits.merged:
        said = f"cells {traits.merged[0]} are merged"
        yield _of_cells("merged-cells", place, said, tab, areas=traits.merged)
    if traits.valueless:
        said = "a formula has no stored value, so the cell would read as empty"
        yield _of_cells("formula-without-value", place, said, tab, areas=traits.valueless)


def _of_cells(rule: str, place: str, said: str, tab: str, *, areas: Sequence[str]) -> Fault:
    """A fault of cells or areas of a sheet, told at the first of them."""
    addresses = [f"{tab}!{area}" for area in areas]
    first, *others = addresses
    line = _row(areas[0].split(":")[0])
    return fault(rule, place, line, "", message=said, cell=first, also=tuple(others))


def _unseen(place: str, tab: str, sheet: Traits, parts: Mapping[str, Traits]) -> Iterator[Fault]:
    """A remark on cells that count though a person does not see them, or sees them as deleted."""
    styles = parts.get("xl/styles.xml", Traits())
    struck = 0
    for number, cells in sheet.filled.items():
        font = styles.fonts[number] if number < len(styles.fonts) else 0
        if font < len(styles.struck) and styles.struck[font]:
            struck += cells
    told = []
    if tab in parts.get("xl/workbook.xml", Traits()).hidden_sheets:
        told.append("the sheet is hidden")
    if sheet.hidden_rows:
        told.append(f"{sheet.hidden_rows} hidden or filtered rows")
    if sheet.hidden_columns:
        told.append("hidden columns")
    if struck:
        told.append(f"{struck} cells struck through")
    if told:
        said = f"{', '.join(told)}: all of it is read and counts"
        yield fault("hidden-cells", place, 0, "", message=said)


def _row(address: str) -> int:
    digits = address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ$")
    return int(digits) if digits.isdecimal() else 0
