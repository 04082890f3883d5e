"""Whether two runs of one case are the same to 1e-9, and where they are not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pandas as pd

from planner.results.plan import PlanValues
from planner.results.schema import SHARES, TEXT_COLUMNS

TOLERANCE = 1e-9
SHOWN = 5
MAY_DIFFER = ("seconds", "versions", "certificate", "algorithms", "case")
"""What a summary says of the solving, not of the plan."""


def other_versions(stored: PlanValues, again: PlanValues) -> list[str]:
    """Programs of which another version is at work than when the run was stored."""
    before, now = stored.summary.get("versions", {}), again.summary["versions"]
    return [
        f"{name}: {before.get(name, 'none')} then, {now.get(name, 'none')} now"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def differences(stored: PlanValues, again: PlanValues) -> list[str]:
    """What of the summary and the tables differs by more than 1e-9, the first few of each."""
    before, now = (
        {key: value for key, value in run.summary.items() if key not in MAY_DIFFER} for run in (stored, again)
    )
    if before.get("inputs_sha256") != now.get("inputs_sha256"):
        return ["inputs/: are not what the run was solved from (inputs_sha256 differs)", *differing(before, now)]
    found = differing(before, now)
    for name in dict.fromkeys([*stored.tables, *again.tables]):
        if name not in stored.tables or name not in again.tables:
            if name == SHARES.name and name in stored.tables:
                continue  # asked for after the run
            found.append(f"{name}.csv: only in the {'solved' if name in again.tables else 'stored'} run")
        else:
            found += islice(_of_table(name, stored.tables[name], again.tables[name]), SHOWN)
    return found


def differing(stored: Mapping[str, Any], again: Mapping[str, Any], where: str = "solved") -> list[str]:
    """What of a summary differs from other figures, which come from `where`; the first few."""
    before, now = dict(_flat(stored)), dict(_flat(again))
    found = [
        f"summary.json: {key}: {before.get(key, 'missing')} stored, {now.get(key, 'missing')} {where}"
        for key in dict.fromkeys([*before, *now])
        if not _same(before.get(key), now.get(key))
    ]
    return [*found[:SHOWN], f"summary.json: and {len(found) - SHOWN} more"] if len(found) > SHOWN else found


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _same(one: object, two: object) -> bool:
    if isinstance(one, int | float) and isinstance(two, int | float) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == two


def _of_table(name: str, stored: pd.DataFrame, again: pd.DataFrame) -> Iterator[str]:
    if list(stored.columns) != list(again.columns):
        yield f"{name}.csv: columns {', '.join(stored.columns)} stored, {', '.join(again.columns)} solved"
    elif len(stored) != len(again):
        yield f"{name}.csv: {len(stored)} rows stored, {len(again)} solved"
    else:
        for column in stored.columns:
            pairs = zip(stored[column], again[column], strict=True)
            for line, (one, two) in enumerate(pairs, start=2):
                both_blank = bool(pd.isna(one)) and bool(pd.isna(two))
                same = str(one) == str(two) if column in TEXT_COLUMNS else _close(one, two)
                if not both_blank and not same:
                    yield f"{name}.csv:{line}: {column}: {one} stored, {two} solved"


def _close(one: Any, two: Any) -> bool:
    try:
        return math.isclose(float(one), float(two), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except (TypeError, ValueError):
        return str(one) == str(two)
