"""A proof as files: the program in free MPS format, plans, duals and implied bounds as tables, the certificate."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from planner.certification import checker
from planner.certification.checker import ZERO
from planner.certification.checker import Program as Exact
from planner.solving.program import Key, Program

CERTIFICATE, CHECKER, PROGRAM = "certificate.json", "check.py", "program.mps.gz"
PLAIN = "".join(chr(c) for c in range(33, 127) if chr(c) not in "%,()\"'")
"""Characters that stand in a name as they are; others, blanks and the commas of ids among them, as %XX."""


def name_of(key: Key) -> str:
    """`build(coast_plant,3)`: variable or equation with its index, as models/formulation.md has it."""
    name, index = key
    if index is None:
        return name
    parts = index if isinstance(index, tuple) else (index,)
    return f"{name}({','.join([_quoted(str(part)) for part in parts])})"


_quoted = cache(partial(quote, safe=PLAIN))


def exact_program(program: Program) -> Exact:
    """The program as its files say it: each figure the shortest decimal that is read as the same float."""
    out, by_column = Exact(), program.matrix.tocsc()
    at_most = np.isfinite(program.row_upper)
    senses = np.where(
        program.row_lower == program.row_upper, "E", np.where(at_most, "L", "G")
    ).tolist()
    sides = decimals(np.where(at_most, program.row_upper, program.row_lower))
    for key, sense, side in zip(program.rows, senses, sides, strict=True):
        out.add_row(name_of(key), sense, side)
    entries = list(zip(by_column.indices.tolist(), decimals(by_column.data), strict=True))
    spans = pairwise(by_column.indptr.tolist())
    for key, (a, b), low, high in zip(
        program.columns, spans, decimals(program.lower), decimals(program.upper), strict=True
    ):
        out.add_column(name_of(key), entries[a:b], low, high)
    _close_steps(program, out)
    return out


def _close_steps(program: Program, out: Exact) -> None:
    """The last step of a loss ends where the demand does, to the last digit.

    Rounded widths may add up to less, and all of the demand could then not be short.
    """
    steps = defaultdict[int, list[int]](list)
    for j, (name, index) in enumerate(program.columns):
        if name == "shortfall":
            steps[program.row["balance", index[:4]]].append(j)
    for i, found in steps.items():
        out.upper[found[-1]] = out.sides[i] - sum([out.upper[j] for j in found[:-1]], ZERO)


def decimals(values: Any) -> list[Decimal]:
    """Of floats, the shortest decimals that are read as the same."""
    listed = values.tolist()
    known = {value: Decimal(repr(value)) for value in set(listed)}  # most stand often
    return [known[value] for value in listed]


def mps(program: Exact, objective: int) -> Iterator[str]:
    """The lines of a program in free MPS format; it minimises one column."""
    yield "NAME planner\nROWS\n N objective\n"
    yield from (
        f" {sense} {name}\n" for name, sense in zip(program.row, program.senses, strict=True)
    )
    yield "COLUMNS\n"
    rows = list(program.row)
    for (name, j), entries in zip(program.column.items(), program.entries, strict=True):
        if j == objective or not entries:
            yield f" {name} objective {1 if j == objective else 0}\n"
        yield from (f" {name} {rows[i]} {a}\n" for i, a in entries)
    yield "RHS\n"
    yield from (
        f" RHS {name} {side}\n"
        for name, side in zip(program.row, program.sides, strict=True)
        if side
    )
    yield "BOUNDS\n"
    for name, low, high in zip(program.column, program.lower, program.upper, strict=True):
        if not low.is_finite():
            yield f" FR BND {name}\n"
        elif low:
            yield f" LO BND {name} {low}\n"
        if high.is_finite():
            yield f" UP BND {name} {high}\n"
    yield "ENDATA\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV table; names have commas and stand in quotes."""
    yield f"{','.join(header)}\n"
    yield from (
        ",".join(f'"{cell}"' if isinstance(cell, str) else str(cell) for cell in row) + "\n"
        for row in rows
    )


def vector(header: str, names: Iterable[str], values: Sequence[Decimal]) -> Iterator[str]:
    """A table of the values that are not 0."""
    return table((header, "value"), ((name, v) for name, v in zip(names, values, strict=True) if v))


def write_file(folder: Path, name: str, lines: Iterable[str]) -> str:
    """Write a compressed file; the same lines give the same bytes. Returns its SHA-256."""
    content = gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0)
    (folder / name).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def write_certificate(folder: Path, certificate: dict[str, Any]) -> None:
    """Write certificate.json, and the checker beside it."""
    text = json.dumps(certificate, indent=2, ensure_ascii=False) + "\n"
    (folder / CERTIFICATE).write_text(text, encoding="utf-8")
    shutil.copyfile(Path(checker.__file__), folder / CHECKER)
