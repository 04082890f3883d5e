"""Run a study: read it, lay out its folder, do what is missing, put the results together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from planner.data.case import Case
from planner.data.load import load
from planner.errors import Fault, InputError, RunFolderError
from planner.results.folders import write_whole
from planner.results.study import StudyStatus
from planner.solving.highs import versions
from planner.studies.design import design
from planner.studies.file import Frontier, StudyFile, build_study, read_study
from planner.studies.local_workers import MakeWorker, run_local
from planner.studies.points import DesignTable, Point, check_study, points
from planner.studies.status import write_checks
from planner.studies.store import (
    CHECKS,
    JOURNAL,
    RESULTS,
    Journal,
    assemble,
    points_of,
    prepare,
    read_asked,
    read_design,
    study_of,
)
from planner.studies.work_queue import COLD, WorkQueue, queue_of, read_recorded
from planner.studies.worker import ChainState, Worker, pack_case

Engine = Callable[[WorkQueue, str, Callable[[], None]], None]
Tell = Callable[[StudyStatus], None]


def local(workers: int = 1, make: MakeWorker = Worker) -> Engine:
    """Run on worker processes of this machine."""
    return lambda queue, job, tell: run_local(queue, job, workers, make, tell)


def here(queue: WorkQueue, job: str, tell: Callable[[], None]) -> None:
    """Run in this process: for small studies, where starting a worker would take longer than the work."""
    worker = Worker(job)
    while chain := queue.take():
        state = chain.state or ChainState()
        while chain.points:
            settings = chain.points[0].settings
            if chain.kind == COLD:
                queue.record(chain.key, worker.cold(settings), state)
            else:
                result, state = worker.advance(state, settings)
                queue.record(chain.key, result, state)
            tell()


def untold(_: StudyStatus) -> None:
    """Say nothing."""


def run_points(
    given: str | Path | Mapping[str, Any], out: str | Path, run: Engine | None = None, tell: Tell = untold
) -> StudyStatus:
    """Run a study into a folder; what the folder holds already is not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    run: `local(workers)`, or `planner.studies.cluster.on_scheduler(address)`. tell: called with how far it is.
    Raises InputError, RunFolderError, StoppedError. A study that was killed goes on with the same call.
    """
    if isinstance(given, Mapping):
        asked, folder, place = build_study(given), Path(), "study"
    else:
        asked, folder, place = read_study(given), Path(given).parent, Path(given).name
    if isinstance(asked.design, Frontier):
        raise InputError([Fault(place, 0, "design", "a frontier is no list of points; use planner.study")])
    case = open_case(asked, folder)
    check_study(asked, case, place)
    table = design(asked, folder)
    found = points(asked, case, table)
    prepare(Path(out), asked, case, table, found)
    return _work(Path(out), asked, case, table, found, run or local(), tell, again=False)


def open_case(study: StudyFile, folder: Path) -> Case:
    """The case and model of a study file that lies in `folder`. Raises InputError."""
    return load(folder / study.case, (folder / study.model) if study.model else None, dict(study.set))


def retry(out: str | Path, run: Engine | None = None, tell: Tell = untold) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing."""
    asked, case, table, found = reopen(Path(out))
    return _work(Path(out), asked, case, table, found, run or local(), tell, again=True)


def reopen(out: Path) -> tuple[StudyFile, Case, DesignTable, list[Point]]:
    """What a study folder was asked. Raises RunFolderError."""
    asked = read_asked(out)
    case = load(out / "inputs")
    if asked["versions"] != versions():
        raise RunFolderError(f"{out}: was run with other versions; run the study file into a new folder")
    grid = read_design(out).drop(["row", "point", "settings"])
    rows = tuple(zip(*(grid[name].to_pylist() for name in grid.column_names), strict=True)) if grid.num_columns else ()
    table = DesignTable(tuple(asked["uncertainties"]), tuple(asked["levers"]), rows or ((),))
    return study_of(asked), case, table, points_of(out)


def _work(
    out: Path,
    asked: StudyFile,
    case: Case,
    table: DesignTable,
    found: list[Point],
    run: Engine,
    tell: Tell,
    again: bool,
) -> StudyStatus:
    job = pack_case(case, asked.time_limit)
    ground = hashlib.sha256((job + json.dumps(versions())).encode()).hexdigest()[:16]
    with Journal(out / JOURNAL) as journal:
        queue = queue_of(asked, table, found, read_recorded(out / JOURNAL, ground), journal, again)
        to_check = queue.checked + len(queue.checks)
        total = len({point.id for point in found})

        def status() -> StudyStatus:
            return StudyStatus(total, queue.counts, queue.checked, to_check, queue.seconds)

        if not queue.finished:
            tell(status())
            run(queue, job, lambda: tell(status()))
    write_whole(out / RESULTS, lambda path: pq.write_table(assemble(out), path, compression="zstd"))
    write_whole(out / CHECKS, lambda path: write_checks(out, path, {p.id for p in found}))
    return status()
