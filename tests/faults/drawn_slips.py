"""Slips as people make them when they fill tables, drawn at random: what `check` says of each beside what it does.

python -m tests.faults.drawn_slips [CASE ..]

A way changes the rows of a table and returns what was done, '' where the table has nothing for it. The starter is solved
with each slip that `check` lets pass; of other cases `check` alone is tried. A slip that `check` says nothing new about
and that moves cost plus risk by more than CHANGED is silent.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import planner
from planner.data.case import Case
from planner.data.schema import BY_NAME
from planner.data.warnings import warnings_of
from planner.errors import InputError
from tests.faults.conftest import STARTER, read_text, write_text
from tests.faults.mutations import Text, kind_of

COUNT = 300
CHANGED = 0.01  # share of cost plus risk
UNITS = {
    "thousands": 1000.0,
    "per thousand": 0.001,
    "percent": 100.0,
    "pounds for kg": 2.2046,
    "yen": 150.0,
    "by month": 1 / 12,
    "metal for oxide": 0.87,
}
CODES = {
    "two letters": {"JPN": "JP", "USA": "US", "AUS": "AU", "CHN": "CN"},
    "names": {"JPN": "Japan", "USA": "United States", "AUS": "Australia", "CHN": "China"},
    "lower case": {"Dy": "dy", "Tb": "tb", "JPN": "jpn", "USA": "usa", "CHN": "chn"},
    "a neighbour": {"JPN": "USA", "USA": "AUS", "Dy": "Tb", "oxide": "metal", "CHN": "ROW"},
}
REFUSED, ASKED, SAME, SILENT = "refused", "asked", "no change", "silent"
Grid = list[list[str]]
Draw = random.Random


def _column(draw: Draw, table: str, grid: Grid, kinds: tuple[str, ...]) -> int:
    """A column of some kinds with a filled cell; -1 if there is none."""
    known = BY_NAME[table].row.columns()
    fits = {name for name in known if kind_of(BY_NAME[table], name) in kinds}
    fitting = [at for at, name in enumerate(grid[0]) if name in fits and _filled(grid, at)]
    return draw.choice(fitting) if fitting else -1


def _filled(grid: Grid, at: int) -> list[int]:
    return [place for place in range(1, len(grid)) if grid[place][at]]


def _years(grid: Grid) -> list[int]:
    """Columns of calendar years."""
    columns = [at for at, name in enumerate(grid[0]) if "year" in name and _filled(grid, at)]
    cells = {at: [grid[place][at] for place in _filled(grid, at)] for at in columns}
    return [at for at in columns if all(len(cell) == 4 and cell.isdigit() for cell in cells[at])]


def copied(draw: Draw, table: str, grid: Grid) -> str:
    """A row copied: its first id edited, or a name in it; and a figure, as one does for what is nearly the same."""
    place = draw.randrange(1, len(grid))
    row = list(grid[place])
    key = [name for name in BY_NAME[table].key if name in grid[0]]
    at = grid[0].index(draw.choice(key))
    others = sorted({other[at] for other in grid[1:]} - {row[at], ""})
    if row[at].isdigit():
        row[at] = str(int(row[at]) + draw.choice((-1, 1)))
    elif len(key) > 1 and others and draw.random() < 0.7:
        row[at] = draw.choice(others)
    else:
        row[at] += "_2"
    if "name" in grid[0]:
        name = grid[0].index("name")
        row[name] = draw.choice((f"{row[name]} 2", f"New {row[name].lower()}", row[name]))
    figure = _column(draw, table, grid, ("float",))
    if figure >= 0 and row[figure]:
        row[figure] = f"{float(row[figure]) * draw.choice((0.8, 1.0, 1.1, 1.3)):.6g}"
    grid.append(row)
    return f"line {place + 1} copied as {row[at]}"


def pasted_off(draw: Draw, table: str, grid: Grid) -> str:
    """A column pasted a row too low or too high; the row at the end keeps its cell or becomes blank."""
    at = _column(draw, table, grid, ("float", "int", "str", "choice", "bool"))
    cells = [row[at] for row in grid[1:]]
    if at < 0 or len(set(cells)) < 2:
        return ""
    end = draw.choice((cells[0], ""))
    moved, how = ([end, *cells[:-1]], "low") if draw.random() < 0.5 else ([*cells[1:], end], "high")
    for row, cell in zip(grid[1:], moved, strict=True):
        row[at] = cell
    return f"{grid[0][at]} a row too {how}"


def other_unit(draw: Draw, table: str, grid: Grid) -> str:
    """Figures of a column in another unit: all of them, those of a half, or one."""
    at = _column(draw, table, grid, ("float",))
    if at < 0:
        return ""
    places = _filled(grid, at)
    part = draw.choice(("all", "half", "one"))
    some = {"all": places, "half": places[::2], "one": [draw.choice(places)]}
    unit = draw.choice(list(UNITS))
    for place in some[part]:
        grid[place][at] = f"{float(grid[place][at]) * UNITS[unit]:.8g}"
    return f"{part} of {grid[0][at]} in {unit}"


def other_codes(draw: Draw, table: str, grid: Grid) -> str:
    """Names of another list: in the whole table or in its last rows."""
    name = draw.choice(list(CODES))
    codes = CODES[name]
    begin = draw.choice((1, 1, len(grid) // 2 + 1))
    columns = [at for at in range(len(grid[0])) if any(row[at] in codes for row in grid[begin:])]
    if not columns:
        return ""
    at = draw.choice(columns)
    for row in grid[begin:]:
        row[at] = codes.get(row[at], row[at])
    return f"{grid[0][at]} as {name} from line {begin + 1}"


def other_years(draw: Draw, table: str, grid: Grid) -> str:
    """Years written otherwise: in a column or in one cell of it."""
    if not _years(grid):
        return ""
    at = draw.choice(_years(grid))
    forms: dict[str, Callable[[int], str]] = {
        "dates": lambda year: f"{year}-01-01",
        "two digits": lambda year: f"{year % 100}",
        "fiscal years": lambda year: f"FY{year}",
        "a year on": lambda year: f"{year + 1}",
        "a year back": lambda year: f"{year - 1}",
        "from 1": lambda year: f"{year - 2025}",
        "serial days": lambda year: f"{46023 + 365 * (year - 2026)}",
        "decimals": lambda year: f"{year}.0",
    }
    form = draw.choice(list(forms))
    places = _filled(grid, at)
    for place in places if draw.random() < 0.6 else [draw.choice(places)]:
        grid[place][at] = forms[form](int(grid[place][at]))
    return f"{grid[0][at]} as {form}"


def last_year(draw: Draw, table: str, grid: Grid) -> str:
    """The table as it stood a year or more ago: its years earlier, its figures smaller, both, or a row not there yet."""
    back = draw.choice((1, 1, 5)) if _years(grid) else 0
    for row in grid[1:]:
        for at in _years(grid):
            row[at] = str(int(row[at]) - back) if row[at] else ""
    at = _column(draw, table, grid, ("float",))
    share = draw.choice((1.0, 0.9, 0.6))
    for row in grid[1:] if at >= 0 else ():
        row[at] = f"{float(row[at]) * share:.6g}" if row[at] else ""
    if draw.random() < 0.3 and len(grid) > 2:
        grid.pop()
    return f"{back} years older, {share:g} of {grid[0][at]}, {len(grid) - 1} rows"


def half(draw: Draw, table: str, grid: Grid) -> str:
    """Half a table: its first or last rows, every other one, or without one of its optional columns."""
    way = draw.choice(("first rows", "last rows", "every other row", "a column less"))
    rows, middle = grid[1:], len(grid) // 2
    if way == "a column less":
        row_type = BY_NAME[table].row
        optional = {n for n in row_type.columns() if not row_type.model_fields[n].is_required()}
        free = [n for n, name in enumerate(grid[0]) if name in optional]
        if not free:
            return ""
        at = draw.choice(free)
        name = grid[0][at]
        for row in grid:
            del row[at]
        return f"without {name}"
    kept = {"first rows": rows[:middle], "last rows": rows[middle:], "every other row": rows[::2]}
    grid[1:] = kept[way]
    return way


WAYS = (copied, pasted_off, other_unit, other_codes, other_years, last_year, half)


class Trial(NamedTuple):
    """A slip, what became of it, the share by which cost plus risk moved (nan: not known), and the rules that ask."""

    slip: str
    end: str
    moved: float
    rules: tuple[str, ...]


def slips_of(text: Text, seed: int = 0, count: int = COUNT) -> Iterator[tuple[str, Text]]:
    """Slips of a case, each way as often as every other: what was done, and the tables after it."""
    draw, seen = random.Random(seed), set[str]()
    tables = [name for name, grid in text.items() if len(grid) > 1 and name in BY_NAME]
    while len(seen) < count:
        way = WAYS[len(seen) % len(WAYS)]
        table = draw.choice(tables)
        changed = deepcopy(text)
        said = way(draw, table, changed[table])
        name = f"{table}: {said}"
        if said and name not in seen and changed != text:
            seen.add(name)
            yield f"{way.__name__}: {name}", changed


def trials(folder: Path, seed: int = 0, count: int = COUNT, *, solved: bool) -> Iterator[Trial]:
    """Each slip of a case tried."""
    base = planner.load(folder)
    known = Counter(warning.rule for warning in warnings_of(base))
    value = _value(base) if solved else math.nan
    for name, changed in slips_of(read_text(folder), seed, count):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                case = planner.load(write_text(changed, Path(scratch)), base.model)
            except InputError as error:
                yield Trial(
                    name, REFUSED, math.nan, tuple(sorted({one.rule for one in error.faults}))
                )
                continue
        rules = tuple(Counter(warning.rule for warning in warnings_of(case)) - known)
        moved = abs(_value(case) / value - 1) if solved else math.nan
        quiet = SAME if moved <= CHANGED else SILENT
        yield Trial(name, ASKED if rules else quiet, moved, rules)


def _value(case: Case) -> float:
    """Cost plus risk of the plan (MUSD); infinite where none meets the goal."""
    summary = planner.solve(case, baseline=False).summary
    return float(summary.get("risk_musd", math.inf)) + float(summary.get("cost_musd", math.inf))


if __name__ == "__main__":
    for place in [Path(name) for name in sys.argv[1:]] or [STARTER]:
        ends = Counter[tuple[str, str]]()
        for trial in trials(place, solved=place.resolve() == STARTER.resolve()):
            ends[trial.slip.partition(":")[0], trial.end] += 1
            sys.stdout.write(f"{trial.end:10} {trial.moved:8.1%}  {trial.slip} {[*trial.rules]}\n")
        for (way, end), count in sorted(ends.items()):
            sys.stdout.write(f"{way:12} {end:10} {count}\n")
