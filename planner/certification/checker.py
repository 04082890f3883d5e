"""Checks a proof with the standard library alone: `python check.py` in its folder. Exit code 0: every bound is true.

Read it: nothing else has to be trusted. All numbers are decimals as they stand in the files, every sum and product is
exact (a rounding raises an error). program.mps.gz is the linear program: rows, columns, bounds. For each phase of
certificate.json, which minimises one column while others are held at most at a limit:

- the plan in plan-PHASE.csv.gz is put into every row, bound and limit; its value of the column is an upper bound of the
  least value.
- the duals y in duals-PHASE.csv.gz give a lower bound: for every x that meets rows and bounds,
  c x = y A x + (c - y A) x >= sum_i y_i b_i + sum_j min((c - y A)_j l_j, (c - y A)_j u_j).
  A column without a bound where one is needed has one implied by a row and bounds of others: implied.csv.gz, in order.

Whether the program is that of the case is not seen here: `planner prove RUN --check` builds it again and compares.
"""

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    setcontext,
)
from pathlib import Path

EXACT = Context(
    prec=2000,
    Emin=-(10**6),
    Emax=10**6,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow],
)
ZERO, INFINITE = Decimal(0), Decimal("Infinity")
MEETS = {"L": Decimal.__le__, "G": Decimal.__ge__, "E": Decimal.__eq__}


class Refused(Exception):
    """The proof does not hold, and why."""


FAULTS = (Refused, ArithmeticError, LookupError, ValueError, TypeError, OSError, EOFError)
Step = tuple[int, str, int, Decimal]
"""Column, side (upper, lower), row, bound."""


class Program:
    """Rows by number with sense (L: <=, G: >=, E: =) and side; columns with their entries (row, coefficient)."""

    def __init__(self) -> None:
        self.row: dict[str, int] = {}
        self.senses: list[str] = []
        self.sides: list[Decimal] = []
        self.column: dict[str, int] = {}
        self.entries: list[list[tuple[int, Decimal]]] = []
        self.lower: list[Decimal] = []
        self.upper: list[Decimal] = []

    def add_row(self, name: str, sense: str, side: Decimal) -> None:
        """One more row; each name stands once."""
        if name in self.row or sense not in MEETS:
            raise Refused(f"program: row {name} stands twice or has an unknown sense")
        self.row[name] = len(self.row)
        self.senses.append(sense)
        self.sides.append(side)

    def add_column(
        self, name: str, entries: list[tuple[int, Decimal]], lower: Decimal, upper: Decimal
    ) -> None:
        """One more column; each name stands once."""
        if name in self.column:
            raise Refused(f"program: column {name} stands twice")
        self.column[name] = len(self.column)
        self.entries.append(entries)
        self.lower.append(lower)
        self.upper.append(upper)


def read_program(lines: Iterable[str]) -> Program:
    """A program in free MPS format: sections ROWS, COLUMNS, RHS, BOUNDS (UP, LO, FR); columns are at least 0."""
    program, section, last = Program(), "", ""
    for line in lines:
        words = line.split()
        if not line[:1].isspace():
            section = words[0]
        elif section == "ROWS" and words[0] != "N":
            program.add_row(words[1], words[0], ZERO)
        elif section == "COLUMNS":
            if words[0] != last:
                last = words[0]
                program.add_column(last, [], ZERO, INFINITE)
            if words[1] in program.row:
                program.entries[-1].append((program.row[words[1]], Decimal(words[2])))
        elif section == "RHS":
            program.sides[program.row[words[1]]] = Decimal(words[2])
        elif section == "BOUNDS":
            kind, j = words[0], program.column[words[2]]
            if kind == "FR":
                program.lower[j] = -INFINITE
            elif kind in ("UP", "LO"):
                (program.upper if kind == "UP" else program.lower)[j] = Decimal(words[3])
            else:
                raise Refused(f"program: bound {kind} is unknown")
    return program


def broken(program: Program, upper: list[Decimal], plan: list[Decimal]) -> list[str]:
    """Names of the rows and columns that a plan (a value for each column) does not meet."""
    activity = [ZERO] * len(program.sides)
    for entries, value in zip(program.entries, plan, strict=True):
        if value:
            for i, factor in entries:
                activity[i] += factor * value
    rows = zip(program.row, program.senses, activity, program.sides, strict=True)
    columns = zip(program.column, program.lower, plan, upper, strict=True)
    missed = [name for name, sense, value, side in rows if not MEETS[sense](value, side)]
    return missed + [name for name, low, value, high in columns if not low <= value <= high]


def imply(program: Program, lower: list[Decimal], upper: list[Decimal], steps: list[Step]) -> None:
    """Take over bounds that follow from a row and the bounds there are, one after the other, each checked."""
    terms: dict[int, list[tuple[int, Decimal]]] = {i: [] for _, _, i, _ in steps}
    for j, entries in enumerate(program.entries):
        for i, factor in entries:
            if i in terms:
                terms[i].append((j, factor))
    for k, side, i, bound in steps:
        own = sum([factor for j, factor in terms[i] if j == k], ZERO)
        # sign * activity <= sign * side of the row bounds the column above if sign * own > 0, else below.
        sign = 1 if (own > 0) == (side == "upper") else -1
        if not own or program.senses[i] == ("G" if sign == 1 else "L"):
            raise Refused(f"implied: row {i} bounds nothing")
        least = ZERO
        for j, factor in terms[i]:
            if j != k:
                least += sign * factor * (lower[j] if sign * factor > 0 else upper[j])
        if not sign * own * bound >= sign * program.sides[i] - least:
            raise Refused(f"implied: column {k} may be beyond {bound}")
        if side == "upper":
            upper[k] = min(upper[k], bound)
        else:
            lower[k] = max(lower[k], bound)


def bound_of(
    program: Program, goal: int, lower: list[Decimal], upper: list[Decimal], duals: list[Decimal]
) -> Decimal:
    """What duals (a value for each row) prove: no plan has less of the column `goal`."""
    for sense, y in zip(program.senses, duals, strict=True):
        if (y > 0 and sense == "L") or (y < 0 and sense == "G"):
            raise Refused("duals: one has the wrong sign")
    total = sum(
        [y * side for y, side in zip(duals, program.sides, strict=True) if y and side], ZERO
    )
    for j, entries in enumerate(program.entries):
        reduced = Decimal(j == goal) - sum([factor * duals[i] for i, factor in entries], ZERO)
        if reduced:
            bound = lower[j] if reduced > 0 else upper[j]
            if not bound.is_finite():
                raise Refused(f"duals: nothing bounds column {j}")
            total += reduced * bound
    return total


def read(folder: Path, name: str, hashes: dict[str, str]) -> list[str]:
    """The lines of a file whose hash is the one stated."""
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != hashes.get(name):
        raise Refused(f"{name}: is not the file that the certificate names")
    return gzip.decompress(content).decode().splitlines()


def vector(lines: list[str], positions: dict[str, int]) -> list[Decimal]:
    """Values by position; what has no line is 0."""
    out = [ZERO] * len(positions)
    for name, value in list(csv.reader(lines))[1:]:
        out[positions[name]] = Decimal(value)
        if not out[positions[name]].is_finite():
            raise Refused(f"{name} is {value}")
    return out


def check(folder: Path) -> list[str]:
    """A sentence for each phase. Raises one of FAULTS where the proof does not hold."""
    setcontext(EXACT)
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    hashes, told = certificate["sha256"], []
    program = read_program(read(folder, "program.mps.gz", hashes))
    for phase in certificate["phases"]:
        name, goal = phase["phase"], program.column[phase["minimise"]]
        lower, upper = list(program.lower), list(program.upper)
        for column, limit in phase["at_most"].items():
            upper[program.column[column]] = min(upper[program.column[column]], Decimal(limit))
        plan = vector(read(folder, f"plan-{name}.csv.gz", hashes), program.column)
        faults = broken(program, upper, plan)
        if faults or not plan[goal] <= Decimal(phase["upper"]):
            raise Refused(
                f"plan of {name}: does not meet {', '.join(faults[:3]) or 'its own value'}"
            )
        steps = [
            (program.column[column], side, program.row[row], Decimal(bound))
            for column, side, row, bound in list(
                csv.reader(read(folder, f"implied-{name}.csv.gz", hashes))
            )[1:]
        ]
        imply(program, lower, upper, steps)
        duals = vector(read(folder, f"duals-{name}.csv.gz", hashes), program.row)
        if not Decimal(phase["lower"]) <= bound_of(program, goal, lower, upper, duals):
            raise Refused(f"duals of {name}: prove less than {phase['lower']}")
        told.append(
            f"{name}: the least {phase['minimise']} is between {phase['lower']} and {phase['upper']}"
        )
    return told


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))) + "\n")
    except FAULTS as fault:
        sys.exit(f"refused: {type(fault).__name__} {fault}")
