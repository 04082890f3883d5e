"""Edits that a planner makes every day, generated over all columns: `check` must say nothing new about them.

python -m tests.faults.harmless_edits [CASE ..]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import planner
from planner.cells import Quarter, types_in
from planner.data.checks import RISES
from planner.data.schema import BY_NAME, TABLES
from planner.data.warnings import warnings_of
from tests.faults.conftest import STARTER, read_text, write_text
from tests.faults.generated_slips import Edit, GeneratedSlip, slip
from tests.faults.mutations import Text

LITTLE = {"a tenth less": 0.9, "a bit less": 0.95, "a bit more": 1.05, "a tenth more": 1.1}
SOME = {"a fifth less, one row": 0.8, "a quarter more, one row": 1.25}
ASIDE = (
    "probability",
    "share",
    "up_to_share",
    "recovery",
    "factor",
    "factor_low",
    "factor_high",
    "low",
    "high",
    "value",
)
"""Columns whose rows sum up, are bounded, also by one another, or hold whole years among others, so that one figure does not move alone."""

CLOSED = {"allied-2026": {"demand-above-supply", "unseparated-feed"}}
"""What is rightly asked about a case whose balance closes, when all of its demand, imports or mines move by a twentieth."""


def edits_of(text: Text) -> Iterator[GeneratedSlip]:
    """Every edit of a case, in the order of its tables and columns."""
    for table in TABLES:
        name = table.name
        grid = text.get(name, [])
        if len(grid) < 2:
            continue
        if name != "hazards":  # of which the first row of an event speaks for all
            yield slip(name, "", "rows in another order", _reversed)
        yield slip(name, "notes", "a remark", _remark("looked at again"))
        for column in grid[0]:
            if column == "name":
                yield slip(name, column, "longer names", _longer(grid[0].index(column)))
            elif column in table.row.columns():
                yield from _of_figures(name, column, grid)
        if name in ("demand", "imports"):
            yield slip(name, "year", "a year between two", _year_between)


def _of_figures(table: str, column: str, grid: list[list[str]]) -> Iterator[GeneratedSlip]:
    field = BY_NAME[table].row.model_fields[column]
    types = types_in(field.annotation)
    if not types & {float, int} or Quarter in types or column in ASIDE:
        return
    at = grid[0].index(column)
    rows = [
        row for row in range(1, len(grid)) if grid[row][at] and _has_room(table, column, grid, row)
    ]
    figures = [float(grid[row][at]) for row in rows]
    is_date = "year" in column and max(figures, default=0) > 1900
    if not any(figures) or is_date:
        return
    if int in types:
        if column in ("lead_time_years", "duration_years"):
            yield slip(table, column, "a year more, one row", _scaled(at, rows[:1], 1.0, 1.0))
        return
    bound = max(getattr(limit, "le", 1e12) for limit in field.metadata if hasattr(limit, "le"))
    largest = max(figures)
    for what, factor in LITTLE.items():
        if largest * factor <= bound:
            yield slip(table, column, what, _scaled(at, rows, factor))
    if len(rows) > 1:
        for what, factor in SOME.items():
            if figures[-1] * factor <= bound:
                yield slip(table, column, what, _scaled(at, rows[-1:], factor))


def _has_room(table: str, column: str, grid: list[list[str]], row: int) -> bool:
    """The figure may move by a quarter without passing one that must stay above or below it."""
    cells = dict(zip(grid[0], grid[row], strict=True))
    for name, columns, _ in (*RISES, ("projects", ("unit_tpa", "max_new_tpa"), "")):
        if name == table and column in columns:
            figure = float(cells[column])
            others = [
                float(cells[other]) for other in columns if other != column and cells.get(other)
            ]
            if any(0.75 * figure <= other <= 1.25 * figure for other in others):
                return False
    return True


def _scaled(at: int, rows: list[int], factor: float, more: float = 0.0) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        for row in rows:
            grid[row][at] = f"{float(grid[row][at]) * factor + more:.12g}"

    return edit


def _reversed(grid: list[list[str]]) -> None:
    grid[1:] = reversed(grid[1:])


def _remark(words: str) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        if "notes" not in grid[0]:
            for row in grid:
                row.append("")
            grid[0][-1] = "notes"
        grid[1][grid[0].index("notes")] = words

    return edit


def _longer(at: int) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        for row in grid[1:]:
            row[at] = f"{row[at]} (renamed)" if row[at] else ""

    return edit


def _year_between(grid: list[list[str]]) -> None:
    """A row half way between two years of a series, with the figure that holds there already."""
    year, tonnes = grid[0].index("year"), grid[0].index("tonnes")
    for one, two in pairwise(grid[1:]):
        span = int(two[year]) - int(one[year])
        between = list(one)
        between[year] = str(int(one[year]) + 1)
        step = (float(two[tonnes]) - float(one[tonnes])) / max(span, 1)
        between[tonnes] = f"{float(one[tonnes]) + step:.12g}"
        same = [cell for at, cell in enumerate(one) if at not in (year, tonnes)]
        others = [cell for at, cell in enumerate(two) if at not in (year, tonnes)]
        if span > 1 and same == others:
            grid.append(between)
            return


def alarms(name: str, every: int = 1) -> list[str]:
    """New warnings about each edit of a case of `inputs`, or of every so many of them."""
    folder = STARTER.parent / name
    text = read_text(folder)
    known = {warning.rule for warning in warnings_of(planner.load(folder))} | CLOSED.get(
        name, set()
    )
    said: list[str] = []
    for edit in list(edits_of(text))[::every]:
        with tempfile.TemporaryDirectory() as scratch:
            case = planner.load(write_text(edit.apply(text), Path(scratch)))
        new = [str(warning) for warning in warnings_of(case) if warning.rule not in known]
        said += [f"{name}: {edit}: {warning}" for warning in new]
    return said


def main(names: list[str]) -> None:
    """Print the false alarms of each case, and the number of its edits."""
    for name in names or ["starter"]:
        edits = list(edits_of(read_text(STARTER.parent / name)))
        sys.stdout.write("".join(f"{line}\n" for line in alarms(name)))
        sys.stdout.write(f"{name}: {len(edits)} edits\n")


if __name__ == "__main__":
    main(sys.argv[1:])
