"""Differences between a stored run and the same run solved again, a line each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from planner.results.plan import Plan
from planner.results.schema import LATER_TABLES
from planner.results.store import SUMMARY

INPUTS = "inputs_sha256"
TOLERANCE = 1e-9
SHOWN = 5
MAY_DIFFER = ("seconds", "versions", "certificate", "algorithms", "case")
"""Keys of a summary that are of the solving, not of the plan."""
StatedFigures = Mapping[str, object]
"""Place in a file -> what stands there."""


def other_versions(stored: Plan, again: Plan) -> list[str]:
    """Programs of which another version is at work than when the run was stored."""
    before = stored.summary.get("versions", {})
    now = again.summary["versions"]
    found = []
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            found.append(f"{name}: {before.get(name, 'none')} then, {now.get(name, 'none')} now")
    return found


def differences(stored: Plan, again: Plan) -> list[str]:
    """Figures of the summary and the tables that differ by more than 1e-9, the first few of each file."""
    files = [SUMMARY]
    found = []
    if stored.summary.get(INPUTS) != again.summary.get(INPUTS):
        found.append(f"inputs/: are not what the run was solved from ({INPUTS} differs)")
    else:
        files += [f"{name}.csv" for name in dict.fromkeys([*stored.tables, *again.tables])]
    for file in files:
        lines = list(_lines(file, _content(stored, file), _content(again, file)))
        found += lines[:SHOWN]
        if len(lines) > SHOWN:
            found.append(f"{file}: and {len(lines) - SHOWN} more")
    return found


def _content(plan: Plan, file: str) -> StatedFigures:
    """What stands in a file of the plan; nothing for a table that is asked for later, or is not there."""
    if file == SUMMARY:
        figures = {key: value for key, value in plan.summary.items() if key not in MAY_DIFFER}
        return dict(_flat(figures))
    name = file.removesuffix(".csv")
    if name in LATER_TABLES or name not in plan.tables:
        return {}
    cells = {}
    table = plan.tables[name]
    for column in table:
        for line, cell in enumerate(table[column].tolist(), start=2):
            cells[f"line {line}, {column}"] = cell
    return cells


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, object]]:
    """Figures of nested dictionaries, each under its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _lines(file: str, before: StatedFigures, now: StatedFigures) -> Iterator[str]:
    """What differs in a file, a line each."""
    for place in dict.fromkeys([*before, *now]):
        was, is_now = before.get(place, "missing"), now.get(place, "missing")
        if not _same(was, is_now):
            yield f"{file}: {place}: {was} stored, {is_now} solved"


def _same(one: object, two: object) -> bool:
    """Figures differ by no more than the tolerance, all else not at all."""
    if isinstance(one, int | float) and isinstance(two, int | float) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or str(one) == str(two)
    return str(one) == str(two)
