"""A case as text -> a workbook."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from tests.faults.mutations import Text


def write_book(text: Text, path: Path) -> Path:
    """A sheet per table; what looks like a number is one."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    for name, grid in text.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(grid):
            for c, cell in enumerate(row):
                if cell:
                    try:
                        sheet.write_number(r, c, float(cell))
                    except (TypeError, ValueError):
                        sheet.write_string(r, c, cell)
    book.close()
    return path
