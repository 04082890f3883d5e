"""What an .xlsx file is before anything opens it: a zip of XML that may be hostile, and formulas without values.

OOXML never declares a document type, so a workbook that does is refused before any entity can expand.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat
from zipfile import ZipFile

from planner.data.rules import fault
from planner.errors import InputError

MAX_PARTS = 2_000
MAX_UNPACKED = 512 * 2**20
MAX_PART = 256 * 2**20
_CHUNK = 2**16


@dataclass
class Traits:
    """What reading values alone does not show of a sheet."""

    merged: list[str] = field(default_factory=list)
    valueless: list[str] = field(default_factory=list)
    """Cells whose formula has no stored value; they would read as empty."""


class _Hostile(Exception):
    pass


def inspect(path: Path) -> dict[str, Traits]:
    """Traits of each sheet by name. Raises InputError for what is no sound or no harmless workbook."""
    try:
        with ZipFile(path) as book:
            _check_sizes(book)
            for name in book.namelist():
                if name.endswith((".xml", ".rels")):
                    _refuse_doctype(book, name)
            return {name: _traits(book, part) for name, part in _sheet_parts(book).items()}
    except _Hostile as error:
        raise InputError([fault("hostile-workbook", path.name, 0, "", str(error))]) from None
    except Exception as error:  # zlib.error and what else a damaged archive makes the library raise
        said = f"is not a readable .xlsx workbook: {type(error).__name__}: {error}"
        raise InputError([fault("bad-workbook", path.name, 0, "", said)]) from None


def _check_sizes(book: ZipFile) -> None:
    parts = book.infolist()
    total = sum(part.file_size for part in parts)
    largest = max((part.file_size for part in parts), default=0)
    if len(parts) > MAX_PARTS or total > MAX_UNPACKED or largest > MAX_PART:
        raise _Hostile(
            f"unpacks to {total / 2**20:,.0f} MiB in {len(parts)} parts; "
            f"at most {MAX_UNPACKED // 2**20} MiB in {MAX_PARTS} parts are opened"
        )


def _refuse_doctype(book: ZipFile, name: str) -> None:
    """Read up to the first element, before which any document type stands."""
    begun = False

    def doctype(*_: object) -> None:
        raise _Hostile(f"part {name} declares a document type, which no workbook does")

    def element(*_: object) -> None:
        nonlocal begun
        begun = True

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    with book.open(name) as part:
        while not begun and (chunk := part.read(_CHUNK)):
            parser.Parse(chunk, False)


def _elements(book: ZipFile, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Elements of a small part, by local name."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, values: found.append((tag.split(":")[-1], values))
    parser.Parse(book.read(name), True)
    yield from found


def _sheet_parts(book: ZipFile) -> dict[str, str]:
    """Sheet name -> the part that holds it."""
    root, rels = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {root, rels} <= set(book.namelist()):
        return {}
    targets = {
        values.get("Id", ""): values.get("Target", "") for tag, values in _elements(book, rels) if tag == "Relationship"
    }
    out = {}
    for tag, values in _elements(book, root):
        if tag == "sheet":
            target = targets.get(next((v for k, v in values.items() if k.endswith(":id")), ""), "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if part in book.namelist():
                out[values.get("name", "")] = part
    return out


def _traits(book: ZipFile, name: str) -> Traits:
    traits = Traits()
    data = book.read(name)
    if b"mergeCell" not in data and not re.search(rb"<(\w+:)?f[\s>/]", data):
        return traits
    cell, formula, value = "", False, False
    inside: list[str] = []

    def start(tag: str, values: dict[str, str]) -> None:
        nonlocal cell, formula, value
        local = tag.split(":")[-1]
        if local == "c":
            # A formula may give an empty text, which is stored as such.
            cell, formula, value = values.get("r", "?"), False, values.get("t") == "str"
        elif local == "f":
            formula = True
        inside.append(local)
        if local == "mergeCell":
            traits.merged.append(values.get("ref", "?"))

    def characters(text: str) -> None:
        nonlocal value
        value = value or inside[-1] in ("v", "t")

    def end(tag: str) -> None:
        inside.pop()
        if tag.split(":")[-1] == "c" and formula and not value:
            traits.valueless.append(cell)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.Parse(data, True)
    return traits
