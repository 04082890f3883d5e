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
import decimal
import gzip
import hashlib
import json
import sys
from decimal import Decimal
from pathlib import Path

TRAPS = [decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
EXACT = decimal.Context(prec=2000, Emin=-(10**6), Emax=10**6, traps=TRAPS)
ZERO, INFINITE = Decimal(0), Decimal("Infinity")
MEETS = {"L": Decimal.__le__, "G": Decimal.__ge__, "E": Decimal.__eq__}


class Refused(Exception):
    """The proof does not hold, and why."""


FAULTS = (Refused, ArithmeticError, LookupError, ValueError, TypeError, OSError, EOFError)
Step = tuple[int, str, int, Decimal]
"""Column, side (upper, lower), row, bound."""


class Program:
    """Rows by number with sense (L: <=, G: >=, E: =), side and terms (column, coefficient); columns with bounds."""

    def __init__(self) -> None:
        self.row: dict[str, int] = {}
        self.senses: list[str] = []
        self.sides: list[Decimal] = []
        self.terms: list[list[tuple[int, Decimal]]] = []
        self.column: dict[str, int] = {}
        self.lower: list[Decimal] = []
        self.upper: list[Decimal] = []


def read_program(lines: list[str]) -> Program:
    """A program in free MPS format: sections ROWS, COLUMNS, RHS, BOUNDS (UP, LO, FR); columns are at least 0."""
    program, section = Program(), ""
    for line in lines:
        words = line.split()
        if not line[:1].isspace():
            section = words[0]
        elif section == "ROWS" and words[0] != "N":
            if words[1] in program.row or words[0] not in MEETS:
                raise Refused(f"program: row {words[1]} stands twice or has an unknown sense")
            program.row[words[1]] = len(program.row)
            program.senses.append(words[0])
            program.sides.append(ZERO)
            program.terms.append([])
        elif section == "COLUMNS":
            if words[0] not in program.column:
                program.column[words[0]] = len(program.column)
                program.lower.append(ZERO)
                program.upper.append(INFINITE)
            if words[1] in program.row:
                term = (program.column[words[0]], Decimal(words[2]))
                program.terms[program.row[words[1]]].append(term)
        elif section == "RHS":
            program.sides[program.row[words[1]]] = Decimal(words[2])
        elif section == "BOUNDS":
            kind, j = words[0], program.column[words[2]]
            if kind not in ("FR", "LO", "UP"):
                raise Refused(f"program: bound {kind} is unknown")
            bounds = program.upper if kind == "UP" else program.lower
            bounds[j] = -INFINITE if kind == "FR" else Decimal(words[3])
    return program


def broken(program: Program, upper: list[Decimal], plan: list[Decimal]) -> list[str]:
    """Names of the rows and columns that a plan (a value for each column) does not meet."""
    missed = []
    for name, i in program.row.items():
        activity = sum([factor * plan[j] for j, factor in program.terms[i] if plan[j]], ZERO)
        if not MEETS[program.senses[i]](activity, program.sides[i]):
            missed.append(name)
    for name, j in program.column.items():
        if not program.lower[j] <= plan[j] <= upper[j]:
            missed.append(name)
    return missed


def imply(program: Program, lower: list[Decimal], upper: list[Decimal], steps: list[Step]) -> None:
    """Take over bounds that follow from a row and the bounds there are, one after the other, each checked."""
    for k, side, i, bound in steps:
        own = sum([factor for j, factor in program.terms[i] if j == k], ZERO)
        # sign * activity <= sign * side of the row bounds the column above if sign * own > 0, else below.
        sign = 1 if (own > 0) == (side == "upper") else -1
        if not own or program.senses[i] == ("G" if sign == 1 else "L"):
            raise Refused(f"implied: row {i} bounds nothing")
        least = ZERO
        for j, factor in program.terms[i]:
            if j != k:
                least += sign * factor * (lower[j] if sign * factor > 0 else upper[j])
        if not sign * own * bound >= sign * program.sides[i] - least:
            raise Refused(f"implied: column {k} may be beyond {bound}")
        if side == "upper":
            upper[k] = min(upper[k], bound)
        else:
            lower[k] = max(lower[k], bound)


def bound_of(
    program: Program, goal: int, *, lower: list[Decimal], upper: list[Decimal], duals: list[Decimal]
) -> Decimal:
    """The value that duals (one for each row) prove: no plan has less of the column `goal`."""
    total = ZERO
    reduced = [ZERO] * len(lower)
    reduced[goal] = Decimal(1)
    for i, y in enumerate(duals):
        if (y > 0 and program.senses[i] == "L") or (y < 0 and program.senses[i] == "G"):
            raise Refused("duals: one has the wrong sign")
        if y:
            total += y * program.sides[i]
            for j, factor in program.terms[i]:
                reduced[j] -= factor * y
    for j, cost in enumerate(reduced):
        if cost:
            bound = lower[j] if cost > 0 else upper[j]
            if not bound.is_finite():
                raise Refused(f"duals: nothing bounds column {j}")
            total += cost * bound
    return total


def read(folder: Path, name: str, hashes: dict[str, str]) -> list[str]:
    """The lines of a file whose hash is the one stated."""
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != hashes.get(name):
        raise Refused(f"{name}: is not the file that the certificate names")
    return gzip.decompress(content).decode().splitlines()


def rows(folder: Path, name: str, hashes: dict[str, str]) -> list[list[str]]:
    """The rows of a table below its heading."""
    return list(csv.reader(read(folder, name, hashes)))[1:]


def vector(rows: list[list[str]], positions: dict[str, int]) -> list[Decimal]:
    """Values by position; what has no row is 0."""
    out = [ZERO] * len(positions)
    for name, value in rows:
        out[positions[name]] = Decimal(value)
        if not out[positions[name]].is_finite():
            raise Refused(f"{name} is {value}")
    return out


def check(folder: Path) -> list[str]:
    """A sentence for each phase. Raises one of FAULTS where the proof does not hold."""
    decimal.setcontext(EXACT)
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    hashes = certificate["sha256"]
    program = read_program(read(folder, "program.mps.gz", hashes))
    sentences = []
    for phase in certificate["phases"]:
        name, goal = phase["phase"], program.column[phase["minimise"]]
        least, most = Decimal(phase["lower"]), Decimal(phase["upper"])
        lower, upper = list(program.lower), list(program.upper)
        for column, limit in phase["at_most"].items():
            j = program.column[column]
            upper[j] = min(upper[j], Decimal(limit))
        plan = vector(rows(folder, f"plan-{name}.csv.gz", hashes), program.column)
        faults = broken(program, upper, plan)
        if faults or not plan[goal] <= most:
            unmet = ", ".join(faults[:3]) or "its own value"
            raise Refused(f"plan of {name}: does not meet {unmet}")
        steps = []
        for column, side, row, bound in rows(folder, f"implied-{name}.csv.gz", hashes):
            steps.append((program.column[column], side, program.row[row], Decimal(bound)))
        imply(program, lower, upper, steps)
        duals = vector(rows(folder, f"duals-{name}.csv.gz", hashes), program.row)
        if not least <= bound_of(program, goal, lower=lower, upper=upper, duals=duals):
            raise Refused(f"duals of {name}: prove less than {least}")
        sentences.append(f"{name}: the least {phase['minimise']} is between {least} and {most}")
    return sentences


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))) + "\n")
    except FAULTS as fault:
        sys.exit(f"refused: {type(fault).__name__} {fault}")
