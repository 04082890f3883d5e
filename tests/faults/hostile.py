"""Workbooks that are made to do harm, from a sound one."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path


def parts_of(book: Path) -> dict[str, bytes]:
    """Every part of a workbook."""
    with zipfile.ZipFile(book) as old:
        return {name: old.read(name) for name in old.namelist()}


def repacked(book: Path, parts: Mapping[str, bytes]) -> Path:
    """The workbook with other parts."""
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return book


def changed(book: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one part changed."""
    parts = parts_of(book)
    assert change(parts[part]) != parts[part]
    return repacked(book, parts | {part: change(parts[part])})
