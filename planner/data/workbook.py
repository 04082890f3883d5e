"""Workbooks as tables; and what of one counts that a person who looks at it does not see."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import openpyxl
from openpyxl.utils.escape import unescape
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from planner.cells import text_of
from planner.data.checks import Reading
from planner.data.schema import BY_NAME
from planner.data.sheets import MIB, MODEL_SHEET, NOTES_SHEET, Line, Sheet, sheet_of
from planner.errors import Fault, InputError, did_you_mean, fault, refused

MAX_UNPACKED = 128 * MIB
"""Of all parts of a workbook together; the real case has 1.4 MiB."""
UNREADABLE = "is not a readable .xlsx workbook"


def read_workbook(path: Path, reading: Reading) -> tuple[dict[str, Sheet], Sheet | None]:
    """Every sheet of a workbook, and the sheet `model` if there is one. Raises InputError if unreadable.

    Faults of the layout of sheets are added to the reading.
    """
    try:
        _check(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = openpyxl.load_workbook(path, data_only=True, keep_links=False)
            formulas = openpyxl.load_workbook(path, keep_links=False)
            return _read_tabs(path, values, formulas, reading)
    except InputError:
        raise
    except MemoryError:
        raise refused("too-large", path.name, "does not fit in memory") from None
    except Exception as error:  # the reader raises whatever a damaged part makes it stumble over
        said = f"{UNREADABLE}: {type(error).__name__}: {str(error)[:200]}"
        raise refused("bad-workbook", path.name, said) from None


def _check(path: Path) -> None:
    """Raise InputError for what unpacks to more than fits, or to something else than was packed."""
    with ZipFile(path) as book:
        unpacked = sum(part.file_size for part in book.infolist())
        if unpacked > MAX_UNPACKED:
            most = MAX_UNPACKED // MIB
            said = f"unpacks to {unpacked / MIB:,.0f} MiB; at most {most} MiB are read"
            raise refused("too-large", path.name, said)
        damaged = book.testzip()
    if damaged:
        raise refused("bad-workbook", path.name, f"{UNREADABLE}: {damaged} is damaged")


def _read_tabs(
    path: Path, values: Workbook, formulas: Workbook, reading: Reading
) -> tuple[dict[str, Sheet], Sheet | None]:
    """Sheets of a workbook by table, and the sheet of the model; faults of its layout are noted in `reading`."""
    sheets: dict[str, Sheet] = {}
    for tab in values.worksheets:
        name = tab.title
        place = f"{path.name}[{name}]"
        if name.casefold() == NOTES_SHEET:
            continue
        if name != MODEL_SHEET and name not in BY_NAME:
            said = f"unknown table{did_you_mean(name, [*BY_NAME, MODEL_SHEET])}"
            reading.faults.append(fault("unknown-table", place, 0, "", message=said, value=name))
            continue
        sheets[name] = sheet_of(place, _lines(tab))
        reading.faults += _layout(sheets[name], tab, formulas[name])
    model = sheets.pop(MODEL_SHEET, None)
    return sheets, model


def _lines(tab: Worksheet) -> Iterator[Line]:
    """The cells of each row of a tab as texts, with its number from 1."""
    rows: defaultdict[int, dict[int, str]] = defaultdict(dict)
    # Rows as openpyxl gives them have a new cell in every blank, a million rows of them where one stands far down.
    for (number, column), cell in tab._cells.items():
        if cell.value is not None:
            rows[number][column] = unescape(text_of(cell.value))
    for number, filled in sorted(rows.items()):
        yield number, tuple(filled.get(column, "") for column in range(1, max(filled) + 1))


def _layout(sheet: Sheet, values: Worksheet, formulas: Worksheet) -> Iterator[Fault]:
    """Faults of cells that would read as empty though a person sees more: merged ones, formulas without a value."""
    for area in values.merged_cells.ranges:
        said = f"cells {area} are merged"
        yield sheet.fault("merged-cells", area.min_row or 0, "", said)
    for position, cell in formulas._cells.items():
        shown = values._cells[position]
        # A formula may give an empty text, which is stored as such.
        if cell.data_type == "f" and shown.value is None and shown.data_type != "str":
            said = f"the formula in {cell.coordinate} has no stored value, so the cell would read as empty"
            yield sheet.fault("formula-without-value", position[0], "", said)
