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
from scipy.sparse import csr_array

from planner.certification import checker
from planner.certification.checker import ZERO
from planner.certification.checker import Program as Exact
from planner.solving.program import Key, Program

CERTIFICATE, CHECKER, PROGRAM = "certificate.json", "check.py", "program.mps.gz"
ExactTerm = tuple[int, Decimal]
"""Column of a row, or row of a column, and coefficient."""
PLAIN = "".join(chr(c) for c in range(33, 127) if chr(c) not in "%,()\"'")
"""Characters that stand in a name as they are; others, blanks and the commas of ids among them, as %XX."""


def name_of(key: Key) -> str:
    """`build(coast_plant,3)`: variable or equation with its index, as models/formulation.md has it."""
    name, index = key
    if index is None:
        return name
    parts = index if isinstance(index, tuple) else (index,)
    quoted = ",".join([_quoted(str(part)) for part in parts])
    return f"{name}({quoted})"


_quoted = cache(partial(quote, safe=PLAIN))


def exact_program(program: Program) -> Exact:
    """The program as its files say it: each figure the shortest decimal that is read as the same float."""
    at_most = np.isfinite(program.row_upper)
    is_equation = program.row_lower == program.row_upper
    exact = Exact()
    exact.row = {name_of(key): i for i, key in enumerate(program.rows)}
    exact.senses = np.where(is_equation, "E", np.where(at_most, "L", "G")).tolist()
    exact.sides = decimals(np.where(at_most, program.row_upper, program.row_lower))
    exact.terms = terms_of(program.matrix)
    exact.column = {name_of(key): j for j, key in enumerate(program.columns)}
    exact.lower = decimals(program.lower)
    exact.upper = decimals(program.upper)
    _close_steps(program, exact)
    return exact


def terms_of(matrix: csr_array) -> list[list[ExactTerm]]:
    """The terms of each row, in decimals."""
    in_order = matrix.sorted_indices()
    terms = list(zip(in_order.indices.tolist(), decimals(in_order.data), strict=True))
    return [terms[start:end] for start, end in pairwise(in_order.indptr.tolist())]


def activity(terms: Iterable[ExactTerm], values: Sequence[Decimal]) -> Decimal:
    """The sum of the terms of a row at values of the columns (n)."""
    total = ZERO
    for j, factor in terms:
        if values[j]:
            total += factor * values[j]
    return total


def entries_of(exact: Exact) -> list[list[ExactTerm]]:
    """The entries of each column: row and coefficient."""
    entries: list[list[ExactTerm]] = [[] for _ in exact.column]
    for i, terms in enumerate(exact.terms):
        for j, factor in terms:
            entries[j].append((i, factor))
    return entries


def _close_steps(program: Program, exact: Exact) -> None:
    """The last step of a loss ends where the demand does, to the last digit.

    Rounded widths may add up to less, and all of the demand could then not be short.
    """
    steps = defaultdict[int, list[int]](list)
    for j, (name, index) in enumerate(program.columns):
        if name == "shortfall":
            balance = program.row["balance", index[:4]]
            steps[balance].append(j)
    for row, (*others, last) in steps.items():
        left = exact.sides[row]
        for j in others:
            left -= exact.upper[j]
        exact.upper[last] = left


def decimals(values: Any) -> list[Decimal]:
    """Of floats, the shortest decimals that are read as the same."""
    listed = values.tolist()
    known = {value: Decimal(repr(value)) for value in set(listed)}  # most stand often
    return [known[value] for value in listed]


def mps(program: Exact, objective: int) -> Iterator[str]:
    """The lines of a program in free MPS format; it minimises one column."""
    rows = list(program.row)
    entries = entries_of(program)
    yield "NAME planner\nROWS\n N objective\n"
    for name, sense in zip(rows, program.senses, strict=True):
        yield f" {sense} {name}\n"
    yield "COLUMNS\n"
    for name, j in program.column.items():
        if j == objective or not entries[j]:
            yield f" {name} objective {int(j == objective)}\n"
        for i, factor in entries[j]:
            yield f" {name} {rows[i]} {factor}\n"
    yield "RHS\n"
    for name, side in zip(rows, program.sides, strict=True):
        if side:
            yield f" RHS {name} {side}\n"
    yield "BOUNDS\n"
    for name, j in program.column.items():
        low = program.lower[j]
        high = program.upper[j]
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
    for row in rows:
        yield ",".join(map(_cell, row)) + "\n"


def _cell(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def vector(header: str, names: Iterable[str], values: Sequence[Decimal]) -> Iterator[str]:
    """A table of the values that are not 0."""
    rows = [(name, value) for name, value in zip(names, values, strict=True) if value]
    return table((header, "value"), rows)


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
