"""From the journal to what is left: the board of a study that is begun, or gone on with."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from planner.studies.board import BASE, COLD, POINT, Board, Chain
from planner.studies.design import Table
from planner.studies.file import StudyFile
from planner.studies.journal import Journal, read_journal
from planner.studies.points import Point, chains
from planner.studies.worker import State

RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


@dataclass
class Past:
    """What a journal says. `ground`: what results rest on; a plan and states of another ground are of no use."""

    ground: str
    plans: int = 0
    planned: dict[str, list[str]] = field(default_factory=dict)
    base: State | None = None
    states: dict[str, State] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cold: set[str] = field(default_factory=set)


def read_past(path: Path, ground: str) -> Past:
    """Go through a journal once; only the last state of each chain is kept."""
    past = Past(ground)
    for entry in read_journal(path):
        kind = entry["kind"]
        if kind == "plan":
            # A new plan stands for everything that is left; older chains are over.
            same = entry["ground"] == ground
            past.plans += 1
            past.planned, past.base = (entry["chains"], past.base) if same else ({}, None)
            past.states.clear()
            for name in entry["again"]:
                past.statuses.pop(name, None)
                past.cold.discard(name)
        elif kind == BASE:
            past.base = State.of(entry["state"])
        elif kind == COLD:
            past.cold.add(entry["id"])
        elif kind == POINT:
            past.statuses[entry["id"]], past.seconds[entry["id"]] = entry["status"], entry["seconds"]
            past.states[entry["chain"]] = State.of(entry["state"])
    return past


def board_of(study: StudyFile, table: Table, found: list[Point], past: Past, journal: Journal, again: bool) -> Board:
    """Finished points, chains under way, and a new plan if there are points that nobody has planned.

    again: also points whose status another try may change.
    """
    rows = {point.id: i for i, point in reversed(list(enumerate(found)))}
    statuses = {name: status for name, status in past.statuses.items() if name in rows}
    redo = [name for name in rows if again and statuses.get(name) in RETRIED]
    left = {name for name in rows if name not in statuses}
    planned, states = past.planned, past.states
    if redo or left - {name for chain in planned.values() for name in chain}:
        cut = chains(study, table, sorted(rows[name] for name in left | set(redo)))
        planned = {f"{past.plans}.{k}": [found[i].id for i in chain] for k, chain in enumerate(cut)}
        journal.append({"kind": "plan", "ground": past.ground, "chains": planned, "again": redo})
        for name in redo:
            del statuses[name]
            past.cold.discard(name)
        states = {}
    queue = []
    for key, names in planned.items():
        points = deque(found[rows[name]] for name in names if name in rows and name not in statuses)
        if points:
            queue.append(Chain(key, POINT, points, states.get(key)))
    checks = [found[rows[name]] for name in picked(rows, study.check_share) if name not in past.cold]
    seconds = sum(past.seconds[name] for name in statuses)
    return Board(journal.append, deque(queue), past.base, checks, statuses, seconds, len(past.cold & set(rows)))


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: -int(-len(ordered) * share // 1)] if share > 0 else []
