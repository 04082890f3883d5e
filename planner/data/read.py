"""Files -> cells. A Sheet is a table as text with the place of each line; nothing is interpreted here."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from planner.data.tables import BY_NAME
from planner.errors import Fault, InputError, did_you_mean

MODEL_SHEET = "model"


@dataclass(frozen=True)
class Sheet:
    """A table as text: header, then (line number, cells) per row that is not wholly empty."""

    place: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_folder(folder: Path, faults: list[Fault]) -> dict[str, Sheet]:
    """Every `*.csv` of a case folder. Unknown tables and unreadable files become faults."""
    sheets: dict[str, Sheet] = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in BY_NAME:
            faults.append(Fault(path.name, 0, "", f"unknown table{did_you_mean(path.stem, BY_NAME)}"))
            continue
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            faults.append(Fault(path.name, line, "", "is not UTF-8; save the file as CSV UTF-8"))
            continue
        try:
            sheets[path.stem] = _sheet(path.name, _csv_lines(text))
        except csv.Error as error:
            faults.append(Fault(path.name, 0, "", f"is not readable as CSV: {error}"))
    return sheets


def read_workbook(path: Path, faults: list[Fault]) -> tuple[dict[str, Sheet], Sheet | None]:
    """Every sheet of a workbook, and the sheet `model` if there is one. Raises InputError if unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise InputError([Fault(path.name, 0, "", f"is not a readable .xlsx workbook: {error}")]) from None
    sheets: dict[str, Sheet] = {}
    model: Sheet | None = None
    try:
        for tab in book.worksheets:
            place = f"{path.name}[{tab.title}]"
            if tab.title != MODEL_SHEET and tab.title not in BY_NAME:
                faults.append(Fault(place, 0, "", f"unknown table{did_you_mean(tab.title, [*BY_NAME, MODEL_SHEET])}"))
                continue
            lines = (
                (number, tuple(_cell_text(value) for value in row))
                for number, row in enumerate(tab.iter_rows(values_only=True), start=1)
            )
            sheet = _sheet(place, lines)
            if tab.title == MODEL_SHEET:
                model = sheet
            else:
                sheets[tab.title] = sheet
    finally:
        book.close()
    return sheets, model


def _csv_lines(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    for cells in reader:
        yield start, tuple(cells)
        start = reader.line_num + 1


def _sheet(place: str, lines: Iterator[tuple[int, tuple[str, ...]]]) -> Sheet:
    filled = [
        (number, tuple(cell.strip() for cell in cells)) for number, cells in lines if any(c.strip() for c in cells)
    ]
    if not filled:
        return Sheet(place, (), ())
    header = filled[0][1]
    while header and not header[-1]:
        header = header[:-1]
    return Sheet(place, header, tuple(filled[1:]))


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
