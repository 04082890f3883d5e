"""What differs between runs, and which input explains which change of the plan: one group at a time, solved."""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from planner.config.model_file import ModelFile
from planner.data.case import Case
from planner.data.cells import armour
from planner.data.load import load
from planner.data.schema import CARRIED, Row
from planner.data.tables import TABLES, Table
from planner.errors import Fault, InputError, StoppedError
from planner.reporting.pages.comparison import Cause, Cell, Comparison, Figures
from planner.results.plan import PlanValues
from planner.results.status import Status
from planner.results.store import write_case
from planner.solving.solve import solve_case

Say = Callable[[str], None]
LINKED = ("scenarios", "shocks")
"""Tables whose rows are added and removed together."""
IGNORED = frozenset({"name", "title", "price_usd_per_kg", *CARRIED})
"""Columns and keys that no program reads."""


@dataclass(frozen=True)
class _Group:
    """Inputs that change together: what they are called, the cells, and the first case with them as in the second."""

    name: str
    cells: tuple[Cell, ...]
    apply: Callable[[Case], Case]


def compare(
    first: PlanValues, others: Sequence[tuple[str, PlanValues]], name: str, say: Say = lambda s: None
) -> list[Comparison]:
    """The first run against each of the others. Raises StoppedError for a run without a proven plan."""
    for called, plan in [(name, first), *others]:
        if plan.status is not Status.OPTIMAL:
            raise StoppedError(f"{called}: holds no proven plan ({plan.status})")
    return [_compared(first, other, name, called, say) for called, other in others]


def _compared(first: PlanValues, second: PlanValues, name: str, other: str, say: Say) -> Comparison:
    groups = differences(first.case, second.case)
    causes = []
    for group in groups:
        say(f"{name} with {group.name} as in {other}")
        causes.append(_cause(first.case, group))
    cells = [cell for group in groups for cell in group.cells]
    return Comparison(name, other, cells, figures(first), figures(second), causes)


def figures(plan: PlanValues) -> Figures:
    """What a comparison looks at."""
    s = plan.summary
    built = {p: float(t) for p, t in s["new_capacity_tpa"].items() if t > 0}
    return Figures(s["risk_musd"], s["cost_musd"], built)


def _cause(case: Case, group: _Group) -> Cause:
    try:
        changed = _checked(group.apply(case))
        plan = solve_case(changed, baseline=False)
    except InputError as error:
        return Cause(group.name, len(group.cells), None, f"not a valid case alone: {error.faults[0]}")
    if plan.status is not Status.OPTIMAL:
        return Cause(group.name, len(group.cells), None, f"alone: {plan.status}")
    return Cause(group.name, len(group.cells), figures(plan))


def _checked(case: Case) -> Case:
    """The case written and read again, so that every rule of a case holds. Raises InputError."""
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, Path(folder) / "case")
        return replace(load(Path(folder) / "case"), name=case.name)


def differences(first: Case, second: Case) -> list[_Group]:
    """Groups of inputs that differ: a column of a table, a whole table whose rows differ, a key of the model."""
    whole = {t.name for t in TABLES if _keys(first, t) != _keys(second, t)}
    if whole & set(LINKED):
        whole |= set(LINKED)
    out = []
    linked = [t for t in TABLES if t.name in LINKED and t.name in whole]
    if linked:
        out.append(_whole(first, second, linked, "scenarios and shocks"))
    for table in TABLES:
        if table.name in whole:
            if table not in linked:
                out.append(_whole(first, second, [table], f"rows of {table.name}"))
        else:
            out += _columns(first, second, table)
    return [group for group in [*out, *_keys_of_model(first.model, second.model)] if group.cells]


def _key(table: Table, row: Row) -> tuple[str, ...]:
    return tuple(str(getattr(row, column)) for column in table.key)


def _keys(case: Case, table: Table) -> set[tuple[str, ...]]:
    return {_key(table, row) for row in case.tables.rows(table.name)}


def _compared_columns(table: Table) -> list[str]:
    return [column for column in table.row.columns() if column not in IGNORED and column not in table.key]


def _whole(first: Case, second: Case, tables: Sequence[Table], name: str) -> _Group:
    cells = []
    for table in tables:
        old = {_key(table, row): row for row in first.tables.rows(table.name)}
        new = {_key(table, row): row for row in second.tables.rows(table.name)}
        for key in sorted({*old, *new}):
            for column in _compared_columns(table):
                before = _text(getattr(old[key], column)) if key in old else ""
                after = _text(getattr(new[key], column)) if key in new else ""
                if before != after:
                    cells.append(Cell(name, f"{table.name}: {', '.join(filter(None, key))}", column, before, after))
    swapped: dict[str, Any] = {table.name: second.tables.rows(table.name) for table in tables}
    return _Group(name, tuple(cells), lambda case: replace(case, tables=replace(case.tables, **swapped)))


def _columns(first: Case, second: Case, table: Table) -> list[_Group]:
    new = {_key(table, row): row for row in second.tables.rows(table.name)}
    cells: dict[str, list[Cell]] = defaultdict(list)
    for row in first.tables.rows(table.name):
        other = new[_key(table, row)]
        for column in _compared_columns(table):
            before, after = getattr(row, column), getattr(other, column)
            if before != after:
                where = f"{table.name}: {', '.join(filter(None, _key(table, row)))}"
                cells[column].append(Cell(f"{table.name}.{column}", where, column, _text(before), _text(after)))
    return [_Group(f"{table.name}.{c}", tuple(found), _taking(table, c, new)) for c, found in cells.items()]


def _taking(table: Table, column: str, new: dict[tuple[str, ...], Row]) -> Callable[[Case], Case]:
    """Take one column of a table from other rows with the same keys."""

    def apply(case: Case) -> Case:
        rows: dict[str, Any] = {
            table.name: tuple(
                row.model_copy(update={column: getattr(new[_key(table, row)], column)})
                for row in case.tables.rows(table.name)
            )
        }
        return replace(case, tables=replace(case.tables, **rows))

    return apply


def _keys_of_model(first: ModelFile, second: ModelFile) -> list[_Group]:
    before, after = first.flat(), second.flat()
    return [
        _Group(key, (Cell(key, "model", key, _text(was), _text(after[key])),), _setting(key, second))
        for key, was in before.items()
        if was != after[key] and key not in IGNORED
    ]


def _setting(key: str, other: ModelFile) -> Callable[[Case], Case]:
    section, _, inner = key.partition(".")

    def apply(case: Case) -> Case:
        model = case.model
        value = getattr(other, section)
        if inner:
            value = getattr(model, section).model_copy(update={inner: getattr(value, inner)})
        return case.with_model(model.model_copy(update={section: value}))

    return apply


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def write_tables(found: Sequence[Comparison], folder: Path) -> None:
    """inputs.csv, plan.csv and causes.csv of a comparison."""
    _write(
        folder / "inputs.csv",
        ("first", "other", "group", "row", "column", "before", "after"),
        [(f.before, f.after, c.group, c.where, c.column, c.before, c.after) for f in found for c in f.cells],
    )
    _write(
        folder / "plan.csv",
        ("first", "other", "project", "before_tpa", "after_tpa"),
        [
            (f.before, f.after, p, f.first.capacity.get(p, 0.0), f.second.capacity.get(p, 0.0))
            for f in found
            for p in sorted({*f.first.capacity, *f.second.capacity})
        ],
    )
    _write(
        folder / "causes.csv",
        ("first", "other", "group", "cells", "risk_musd", "risk_change_musd", "cost_musd", "why"),
        [
            (
                f.before,
                f.after,
                c.group,
                c.cells,
                c.alone.risk if c.alone else "",
                f.effect(c) if c.alone else "",
                c.alone.cost if c.alone else "",
                c.why,
            )
            for f in found
            for c in f.causes
        ],
    )


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([armour(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def refuse_single(runs: Sequence[Path]) -> None:
    """A comparison takes two runs or more. Raises InputError."""
    if len(runs) < 2:
        raise InputError(
            [Fault("compare", 0, "", "name two run folders or more; the first is compared with the others")]
        )
