"""Differences between a stored run and the same run solved again, a line each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pandas as pd

from planner.results.plan import Plan
from planner.results.schema import LATER_TABLES

TOLERANCE = 1e-9
SHOWN = 5
MAY_DIFFER = ("seconds", "versions", "certificate", "algorithms", "case")
"""Keys of a summary that are of the solving, not of the plan."""


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
    """Figures of the summary and the tables that differ by more than 1e-9, the first few of each."""
    before = _of_the_plan(stored.summary)
    now = _of_the_plan(again.summary)
    found = _summary_differences(before, now)
    if before.get("inputs_sha256") != now.get("inputs_sha256"):
        other = "inputs/: are not what the run was solved from (inputs_sha256 differs)"
        return [other, *found]
    for name in dict.fromkeys([*stored.tables, *again.tables]):
        if name in stored.tables and name in again.tables:
            cells = _table_differences(name, stored.tables[name], again.tables[name])
            found += islice(cells, SHOWN)
        elif name in again.tables:
            found.append(f"{name}.csv: only in the solved run")
        elif name not in LATER_TABLES:
            found.append(f"{name}.csv: only in the stored run")
    return found


def _of_the_plan(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if key not in MAY_DIFFER}


def _summary_differences(stored: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Figures of a summary that differ from those solved again, the first few."""
    before = dict(_flat(stored))
    now = dict(_flat(again))
    found = []
    for key in dict.fromkeys([*before, *now]):
        if not _same(before.get(key), now.get(key)):
            was, is_now = before.get(key, "missing"), now.get(key, "missing")
            found.append(f"summary.json: {key}: {was} stored, {is_now} solved")
    if len(found) > SHOWN:
        return [*found[:SHOWN], f"summary.json: and {len(found) - SHOWN} more"]
    return found


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, object]]:
    """Figures of nested dictionaries, each under its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _table_differences(name: str, stored: pd.DataFrame, again: pd.DataFrame) -> Iterator[str]:
    """Sentences on how a stored table differs from the one solved again: columns, rows, then cell by cell with
    line."""
    before, now = list(stored.columns), list(again.columns)
    if before != now:
        yield f"{name}.csv: columns {', '.join(before)} stored, {', '.join(now)} solved"
        return
    if len(stored) != len(again):
        yield f"{name}.csv: {len(stored)} rows stored, {len(again)} solved"
        return
    for column in before:
        cells = zip(stored[column].tolist(), again[column].tolist(), strict=True)
        for line, (was, is_now) in enumerate(cells, start=2):
            if not _same(was, is_now):
                yield f"{name}.csv:{line}: {column}: {was} stored, {is_now} solved"


def _same(one: object, two: object) -> bool:
    """Figures differ by no more than the tolerance, all else not at all."""
    if isinstance(one, int | float) and isinstance(two, int | float) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or str(one) == str(two)
    return str(one) == str(two)
