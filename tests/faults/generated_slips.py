"""Slips that are generated, column by mistake, and which of them change the answer in silence.

python -m tests.faults.generated_slips [--solve] [CASE ..]

Mistakes: figures in another unit (times 1000, 1/1000, times 100), of a whole column or of one row; zeros, the same; two
columns of figures exchanged; one thing under two ids, a name written for another, two names exchanged. The filled
starter, which has every table and column, is solved for each slip: one that `check` says nothing about and that moves
the risk or an NPV by more than CHANGED is silent. Of other cases `check` alone is tried; with --solve also what `check`
lets pass, in a draw of each scenario of DRAWN where the case has a register of hazards: some ten seconds each.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import planner
from planner.cells import Quarter, types_in
from planner.data.case import Case
from planner.data.schema import BY_NAME, TABLES
from planner.data.warnings import warnings_of
from planner.errors import InputError, PlannerError
from tests.faults.conftest import STARTER, filled_starter, read_text, write_text
from tests.faults.mutations import Text, kind_of

CHANGED = 0.02
"""Share by which a figure moves before its change counts."""
FACTORS = {"x1000": 1000.0, "/1000": 0.001, "x100": 100.0}
NAMES = ("country", "element", "supplier", "project", "feed", "ramp", "skill", "funder", "scenario")
PLANTS = {"starter": "coast_plant", "allied-2026": "browns_range"}
"""Plant of each case whose NPV is taken."""
MODEL = STARTER.parents[1] / "models" / "base.toml"
DRAWN = {"licences": 0.6, "licences_war": 0.15, "pressure_embargo": 0.25}
"""Scenarios of the real case's register, with their probabilities, in one draw each of which its slips are solved."""
FAULT, ASKED, SAME, SILENT = "fault", "asked", "no change", "silent"


@dataclass(frozen=True)
class GeneratedSlip:
    """A mistake in a column of a table."""

    table: str
    column: str
    mistake: str
    apply: Callable[[Text], Text]

    def __str__(self) -> str:
        return f"{self.table}.{self.column}: {self.mistake}"


def slips_of(text: Text) -> Iterator[GeneratedSlip]:
    """Every slip of a case, in the order of its tables and columns."""
    for table in TABLES:
        grid = text.get(table.name, [])
        if len(grid) < 2:
            continue
        figures = [name for name in grid[0] if _is_figure(table.name, name) and _filled(grid, name)]
        for column in figures:
            yield from _of_figures(table.name, column, grid)
        for one, two in combinations(figures, 2):
            yield slip(table.name, one, f"exchanged with {two}", _exchanged(one, two))
        yield from _of_names(table.name, grid)


def _is_figure(table: str, column: str) -> bool:
    if column not in BY_NAME[table].row.columns():
        return False
    types = types_in(BY_NAME[table].row.model_fields[column].annotation)
    return bool(types & {float, int}) and Quarter not in types


def _filled(grid: list[list[str]], column: str) -> list[int]:
    """Rows in which a column is filled."""
    at = grid[0].index(column)
    return [row for row in range(1, len(grid)) if at < len(grid[row]) and grid[row][at]]


Edit = Callable[[list[list[str]]], None]
"""A change of one table, header and rows."""


def slip(table: str, column: str, mistake: str, edit: Edit) -> GeneratedSlip:
    def apply(text: Text) -> Text:
        grid = [list(row) for row in text[table]]
        edit(grid)
        return text | {table: grid}

    return GeneratedSlip(table, column, mistake, apply)


def _of_figures(table: str, column: str, grid: list[list[str]]) -> Iterator[GeneratedSlip]:
    rows = _filled(grid, column)
    at = grid[0].index(column)
    largest = max(rows, key=lambda row: abs(float(grid[row][at])))
    if not float(grid[largest][at]):
        return
    is_year = "year" in column and float(grid[largest][at]) > 1000
    for mistake, factor in ({} if is_year else FACTORS).items():
        if kind_of(BY_NAME[table], column) == "int" and factor < 1:
            continue
        yield slip(table, column, mistake, _scaled(at, rows, factor))
        if len(rows) > 1:
            yield slip(table, column, f"{mistake}, one row", _scaled(at, [largest], factor))
    if not is_year:
        yield slip(table, column, "0", _scaled(at, rows, 0.0))
        if len(rows) > 1:
            yield slip(table, column, "0, one row", _scaled(at, [largest], 0.0))


def _scaled(at: int, rows: list[int], factor: float) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        for row in rows:
            grid[row][at] = f"{float(grid[row][at]) * factor:.12g}"

    return edit


def _exchanged(one: str, two: str) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        first, second = grid[0].index(one), grid[0].index(two)
        for row in grid[1:]:
            row[first], row[second] = row[second], row[first]

    return edit


def _of_names(table: str, grid: list[list[str]]) -> Iterator[GeneratedSlip]:
    """Identities: a row once more under another id, a name for another, two names exchanged."""
    header = grid[0]
    key = BY_NAME[table].key
    for column in header:
        if column not in NAMES and column not in key:
            continue
        if kind_of(BY_NAME[table], column) != "str":
            continue
        at = header.index(column)
        names = list(dict.fromkeys(row[at] for row in grid[1:] if row[at]))
        if key == (column,):
            yield slip(table, column, "twice, under another id", _twin(at))
        if len(names) > 1:
            yield slip(table, column, "a name for another", _renamed(at, names[0], names[1]))
            yield slip(table, column, "two names exchanged", _names_exchanged(at, *names[:2]))


def _twin(at: int) -> Edit:
    def edit(grid: list[list[str]]) -> None:
        row = list(grid[1])
        row[at] = f"{row[at]}_b"
        grid.append(row)

    return edit


def _renamed(at: int, before: str, after: str) -> Edit:
    """The first row with a name gets another one."""

    def edit(grid: list[list[str]]) -> None:
        row = next(row for row in grid[1:] if row[at] == before)
        row[at] = after

    return edit


def _names_exchanged(at: int, one: str, two: str) -> Edit:
    other = {one: two, two: one}

    def edit(grid: list[list[str]]) -> None:
        for row in grid[1:]:
            row[at] = other.get(row[at], row[at])

    return edit


# ---- outcomes --------------------------------------------------------------------------------------------------------


class Trial:
    """A case as text, and slips of it tried one by one."""

    def __init__(
        self,
        text: Text,
        *,
        is_solved: bool,
        plant: str = "",
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.text = text
        self._plant = plant
        self._extra = dict(extra or {})
        with tempfile.TemporaryDirectory() as folder:
            case = planner.load(self._written(text, Path(folder)))
        self._known = _told(case)
        self._session = planner.Session(_with_draws(case)) if is_solved else None
        self._figures = self._answer(case)

    def _written(self, text: Text, folder: Path) -> Path:
        write_text(text, folder)
        for name, content in self._extra.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    def end_of(self, tried: GeneratedSlip) -> str:
        """FAULT, ASKED, SAME or SILENT; where nothing is solved, all that is not asked about is SILENT."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                case = planner.load(self._written(tried.apply(self.text), Path(folder)))
            except InputError:
                return FAULT
        if _told(case) - self._known:
            return ASKED
        now = self._answer(case)
        moved = [_moves(before, after) for before, after in zip(self._figures, now, strict=True)]
        return SILENT if self._session is None or any(moved) else SAME

    def _answer(self, case: Case) -> tuple[float, ...]:
        """Risk, and the NPV of the plant if there is one; nan where there is none."""
        if self._session is None:
            return ()
        try:
            plan = self._session.solve(_with_draws(case))
            if not self._plant:
                return (plan.summary["risk_musd"],)
            found = planner.business_case(plan, self._plant)
        except (PlannerError, KeyError):
            return (float("nan"),) * (2 if self._plant else 1)
        return (plan.summary["risk_musd"], found.full.returns.npv_after_tax)


def _moves(before: float, after: float) -> bool:
    return not abs(after - before) <= CHANGED * abs(before)


def _told(case: Case) -> set[tuple[object, ...]]:
    return {(one.rule, one.place, one.line, one.column, one.message) for one in warnings_of(case)}


def _with_draws(case: Case) -> Case:
    """The case with one draw of each scenario of its register; as it is where it has no hazards."""
    is_register = case.tables.hazards and not case.tables.draws
    return planner.sample(case, len(case.tables.scenarios), 1) if is_register else case


def trial_of(name: str, is_solved: bool = False) -> Trial:
    """The filled starter, which is solved, or another case of `inputs`, solved if asked for."""
    plant = PLANTS.get(name, "")
    if name == "starter":
        return Trial(filled_starter(), is_solved=True, plant=plant)
    folder = STARTER.parent / name
    model = folder / "model.toml"
    model = model if model.is_file() else MODEL
    extra = {"model.toml": model.read_text(encoding="utf-8")}
    text = read_text(folder)
    if is_solved and "hazards" in text:
        text = _of_few_scenarios(text)
    return Trial(text, is_solved=is_solved, plant=plant, extra=extra)


def _of_few_scenarios(text: Text) -> Text:
    """A register with the scenarios of DRAWN alone, and without what belongs to others."""
    header, *rows = text["scenarios"]
    others = {row[header.index("scenario")] for row in rows} - set(DRAWN)
    kept: Text = {}
    for table, grid in text.items():
        found = [[_without(cell, others) for cell in row] for row in grid]
        pairs = zip(grid, found, strict=True)
        kept[table] = [after for before, after in pairs if not _is_emptied(before, after)]
    kept["hazards"] = _led(kept["hazards"])
    header, *rows = kept["scenarios"]
    for row in rows:
        changed = {"probability": str(DRAWN[row[0]]), "draws": "1"}
        changed |= {"probability_low": "", "probability_high": ""}
        for column, value in changed.items():
            row[header.index(column)] = value
    return kept


def _led(grid: list[list[str]]) -> list[list[str]]:
    """Hazards without those that follow, in one event, a first row that is gone."""
    header, *rows = grid
    event, probability = header.index("event"), header.index("probability")
    first = {row[event] for row in rows if row[probability]}
    return [header, *(row for row in rows if row[probability] or row[event] in first)]


def _without(cell: str, names: set[str]) -> str:
    column, equals, listed = cell.rpartition("=")
    found = listed.split(";")
    if not names.intersection(found):
        return cell
    kept = ";".join(name for name in found if name not in names)
    return f"{column}{equals}{kept}" if kept else ""


def _is_emptied(before: list[str], after: list[str]) -> bool:
    return any(old and not new for old, new in zip(before, after, strict=True))


def main(arguments: list[str]) -> None:
    """Print the silent slips of each case, and the counts."""
    is_solved = "--solve" in arguments
    names = [name for name in arguments if name != "--solve"]
    for name in names or ["starter"]:
        trial = trial_of(name, is_solved)
        ends: Counter[str] = Counter()
        for one in slips_of(trial.text):
            end = trial.end_of(one)
            ends[end] += 1
            if end == SILENT:
                sys.stdout.write(f"{name}: {one}\n")
                sys.stdout.flush()
        sys.stdout.write(f"{name}: {ends.total()} slips: {dict(ends)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
