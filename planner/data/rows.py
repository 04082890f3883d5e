"""A sheet -> the rows of a table, with every wrong cell at its place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from planner.data.cells import CARRIED, Row
from planner.data.checks import Read
from planner.data.read import Sheet
from planner.data.rules import FAULTS, fault
from planner.data.schema import Table
from planner.errors import Fault, did_you_mean, nearest

LISTED = 20
"""Faults of one rule in one column that are listed one by one."""


def read_rows(table: Table, sheet: Sheet, faults: list[Fault], remarks: list[Fault], read: Read) -> tuple[Row, ...]:
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
    first_seen: dict[tuple[object, ...], int] = {}
    for line, cells in sheet.rows:
        wide = next((i for i, cell in enumerate(cells) if cell and i >= len(header)), -1)
        if wide >= 0:
            said = f'has more cells than the header has columns: "{cells[wide]}"'
            faults.append(
                fault("too-many-cells", sheet.place, line, "", said, value=cells[wide], cell=sheet.cell(line, wide))
            )
            read.claim(table.name, header, cells)
            continue
        if len(cells) < len(header) and not sheet.tab:
            said = f"has {len(cells)} cells, the header {len(header)}; the missing ones count as empty"
            remarks.append(fault("short-row", sheet.place, line, "", said))
        filled = {name: cell for name, cell in zip(header, cells, strict=False) if cell != "" and name}
        try:
            row = table.row.model_validate({**filled, "line": line})
        except ValidationError as error:
            faults += _cell_faults(error.errors(), sheet, header, line)
            read.claim(table.name, header, cells)
            for detail in error.errors():
                read.lose_name(table.name, str(detail["loc"][0]))
            continue
        key = tuple(getattr(row, column) for column in table.key)
        if key in first_seen:
            faults.append(_repeated(table, sheet, header, line, key, first_seen[key]))
        else:
            first_seen[key] = line
            rows.append(row)
    if len(faults) > before:
        read.unsound.add(table.name)
    return tuple(rows)


def _repeated(
    table: Table, sheet: Sheet, header: tuple[str, ...], line: int, key: tuple[object, ...], first: int
) -> Fault:
    what = ", ".join(str(part) for part in key if part not in ("", None))
    column = table.key[0]
    cell = sheet.cell(line, header.index(column)) if column in header else ""
    return fault("repeated-row", sheet.place, line, column, f"repeats line {first} ({what})", value=what, cell=cell)


def _header(table: Table, sheet: Sheet, faults: list[Fault]) -> tuple[str, ...]:
    """The header as it was meant; unknown columns get the name ''."""
    known = [*table.row.columns(), *CARRIED]
    if not sheet.header:
        faults.append(fault("empty-table", sheet.place, 0, "", "is empty"))
        return ()
    missing = [
        name for name, field in table.row.model_fields.items() if field.is_required() and name not in sheet.header
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
            near = nearest(name, [c for c in known if c not in sheet.header]) or nearest(name, known)
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


def _cell_faults(details: list[Any], sheet: Sheet, header: tuple[str, ...], line: int) -> Iterator[Fault]:
    """One fault per wrong cell; the required cells that are empty are one fault together."""
    empty = [str(detail["loc"][0]) for detail in details if detail["type"] == "missing"]
    if empty:
        also = f", nor may {', '.join(empty[1:])}" if len(empty) > 1 else ""
        cell = sheet.cell(line, header.index(empty[0]))
        yield fault("empty-cell", sheet.place, line, empty[0], f"must not be empty{also}", cell=cell)
    for detail in details:
        if detail["type"] != "missing":
            column = str(detail["loc"][0])
            rule, message = _broken(detail)
            cell = sheet.cell(line, header.index(column)) if column in header else ""
            yield fault(rule, sheet.place, line, column, message, value=detail["input"], cell=cell)


def _broken(detail: Mapping[str, Any]) -> tuple[str, str]:
    """The rule that a cell breaks, and how."""
    given = detail["input"]
    if detail["type"] in FAULTS:
        return str(detail["type"]), str(detail["msg"])
    if detail["type"] == "literal_error":
        choices = [part.strip("' ") for part in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")]
        return "choice", f'"{given}" is not one of {", ".join(choices)}{did_you_mean(str(given), choices)}'
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
