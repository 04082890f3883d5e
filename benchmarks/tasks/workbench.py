"""The workbench asked at random, as by somebody who explores: how long until figures, until tables, and until a change
that is replaced has ended."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

import planner
from benchmarks.clock import Clock, late, tell
from planner.data.case import Case
from planner.errors import PlannerError
from planner.sampling.reweighting import happenings
from planner.server.edits import Edit, EditedValue
from planner.server.journal import OpenedCase
from planner.server.workbench import Workbench

AT_ONCE = 4
"""Edits that stand at the same time; then the oldest is taken back, which is a change too."""
IMPATIENT = 10
"""Every so manieth change is replaced by the next while it is solved."""
PATIENCE = 0.3
TOLD = 10


class Timed(NamedTuple):
    """A change: its kind; seconds until it is begun, until its figures, until its tables; CPU seconds; memory (MB) of
    the process after it."""

    kind: str
    begun: float
    figures: float
    tables: float
    cpu: float
    memory: float


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model, draws, seed, changes. Seconds of every change: kind, until begun, figures, tables; and of CPU.

    Each is told as it ends, every tenth with all so far, so that who stops it knows something."""
    drawn = planner.sample(planner.load(job["case"], model=job["model"]), job["draws"], job["seed"])
    with tempfile.TemporaryDirectory() as scratch:
        drawn.write(Path(scratch) / "case")
        desk = Workbench(
            OpenedCase(Path(scratch) / "case", None, (), Path(scratch) / "bench"), lambda: None
        )
        try:
            with clock.section("first"):
                _wait(desk)
            return {
                "cold": desk.solver.found.seconds[-1],
                "changes": list(_changes(desk, job["changes"], clock)),
            }
        finally:
            desk.close()


def _changes(desk: Workbench, many: int, clock: Clock) -> list[Timed]:
    draw, found = random.Random(1), list[Timed]()  # noqa: S311  a benchmark
    kinds = _kinds(desk.base, draw)
    while len(found) < many:
        before, cpu, full = desk.record, time.process_time(), len(desk.record.edits) >= AT_ONCE
        kind = "back" if full else draw.choice(list(kinds))
        edit = before.edits[0] if full else Edit(*kinds[kind]())
        try:
            if full:
                desk.revert(edit.key)
            else:
                desk.edit(edit)
        except PlannerError:
            if full:  # what came later does not stand without it
                desk.revert("")
            continue
        if desk.record == before:
            continue
        if len(found) % IMPATIENT == IMPATIENT - 1:
            time.sleep(PATIENCE)
            desk.edit(Edit("money", round(draw.uniform(0.3, 1.7), 2)))
            kind = "impatient"
        with clock.section(kind):
            _wait(desk)
        seconds = desk.solver.found.seconds
        timed = Timed(
            kind=kind,
            begun=seconds[0],
            figures=seconds[min(1, len(seconds) - 1)],
            tables=seconds[-1],
            cpu=time.process_time() - cpu,
            memory=psutil.Process().memory_info().rss / 1024**2,
        )
        found.append(timed)
        tell(f"{len(found):3} {edit.key} {edit.value}: {_shown(timed)}, {desk.solver.found.proof}")
        if len(found) % TOLD == 0 or len(found) == many:
            tell("\n".join(_so_far(found)))
    return found


def _shown(timed: Timed) -> str:
    return (
        f"figures {timed.figures:.2f} s, tables {timed.tables:.2f} s, CPU {timed.cpu:.2f} s, "
        f"memory {timed.memory:.0f} MB"
    )


def _so_far(found: list[Timed]) -> Iterator[str]:
    """Half and 95 % of each kind, and of all."""
    for kind in (*dict.fromkeys(timed.kind for timed in found), "all"):
        some = [timed for timed in found if kind in ("all", timed.kind)]
        half, most = (_late_of(some, share) for share in (0.5, 0.95))
        yield f"    {kind:10} {len(some):4}  half: {_shown(half)}  95 %: {_shown(most)}"


def _late_of(some: list[Timed], share: float) -> Timed:
    """Figure by figure, what that share of the changes stays within."""
    columns = zip(*(timed[1:] for timed in some), strict=True)
    return Timed("", *(late(column, share) for column in columns))


def _wait(desk: Workbench) -> None:
    while desk.solver.found.stage not in ("plan", "failed"):
        time.sleep(0.01)


def _kinds(base: Case, draw: random.Random) -> dict[str, Callable[[], tuple[str, EditedValue]]]:
    """Kind of change -> one at random."""
    new = [p for p, row in base.projects.items() if row.max_new_tpa > 0]
    old = [p for p, row in base.projects.items() if row.existing_tpa > 0]
    funders = list({row.funder: None for row in base.tables.budgets})

    def existing() -> tuple[str, EditedValue]:
        project = draw.choice(old)
        return f"projects.{project}.existing_tpa", base.projects[
            project
        ].existing_tpa * draw.choice([0.7, 1.3])

    def lead() -> tuple[str, EditedValue]:
        project = draw.choice(new)
        return f"projects.{project}.lead_time_years", base.projects[project].lead_time_years + 1

    return {
        "money": lambda: ("money", draw.choice([0.25, 0.5, 0.75, 1.5])),
        "funder": lambda: (f"money.{draw.choice(funders)}", draw.choice([0.25, 0.5, 1.5])),
        "appetite": lambda: ("objective.risk_aversion", round(draw.random(), 2)),
        "chance": lambda: (draw.choice(list(happenings(base))), round(draw.uniform(0.02, 0.9), 2)),
        "existing": existing,
        "lead": lead,
        "lever": lambda: (f"lever.{draw.choice(base.model.levers)}", "out"),
        "out": lambda: (f"ally.{draw.choice(list(base.lookups.party.values()))}", "out"),
        "plant": lambda: (f"projects.{draw.choice(new)}.max_new_tpa", 0.0),
    }
