"""How far a study is, and whether its warm results are those of a cold solve."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

from planner.results.study import Agreement, StudyStatus
from planner.studies.store import JOURNAL, points_of, read_asked, read_journal, study_of
from planner.studies.work_queue import COLD, POINT, picked

CHECKED = ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd")
"""Outcomes that every way to the optimum must agree on; which of several equally good plans is found may differ."""
CheckedPoint = tuple[str, str, float, float, float]
"""(point, outcome, warm, cold, relative difference)."""


def status_of(out: Path) -> tuple[StudyStatus, list[tuple[str, str, str]]]:
    """How far a study is, and (point, status, message) of what has no optimum; while it runs, too."""
    asked = read_asked(out)
    names = {point.id for point in points_of(out)}
    entries: dict[str, dict[str, Any]] = {}
    cold = set()
    for entry in read_journal(out / JOURNAL):
        if entry["kind"] == POINT and entry["id"] in names:
            entries[entry["id"]] = {key: entry[key] for key in ("status", "message", "seconds")}
        elif entry["kind"] == COLD and entry["id"] in names:
            cold.add(entry["id"])
    counts = Counter(entry["status"] for entry in entries.values())
    to_check = len(picked(names, study_of(asked).check_share))
    found = StudyStatus(len(names), counts, len(cold), to_check, sum(e["seconds"] for e in entries.values()))
    return found, [(n, e["status"], e["message"]) for n, e in sorted(entries.items()) if e["status"] != "optimal"]


def checks_of(out: Path, names: set[str]) -> list[CheckedPoint]:
    """(point, outcome, warm, cold, relative difference) of the points that were solved twice."""
    warm: dict[str, dict[str, float]] = {}
    cold: dict[str, dict[str, float]] = {}
    for entry in read_journal(out / JOURNAL):
        if entry["kind"] in (POINT, COLD) and entry["id"] in names:
            kept = {key: entry["values"][key] for key in CHECKED if key in entry["values"]}
            (warm if entry["kind"] == POINT else cold)[entry["id"]] = kept
    rows = []
    for name in sorted(cold):
        for key in CHECKED:
            one, two = warm.get(name, {}).get(key, math.nan), cold[name].get(key, math.nan)
            if not (math.isnan(one) and math.isnan(two)):
                gap = abs(one - two) / (1.0 + abs(two))
                rows.append((name, key, one, two, math.inf if math.isnan(gap) else gap))
    return rows


def write_checks(out: Path, path: Path, names: set[str]) -> None:
    """Write checks.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["point", "outcome", "warm", "cold", "relative_difference"])
        writer.writerows(checks_of(out, names))


def agreement_of(out: Path) -> Agreement:
    """How many points were solved twice, and how well the two results agree."""
    rows = checks_of(out, {point.id for point in points_of(out)})
    return Agreement(len({row[0] for row in rows}), max((row[4] for row in rows), default=0.0))
