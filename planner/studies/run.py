"""Run a study: read it, lay out its folder, do what is missing, put the results together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from planner.data.case import Case
from planner.data.load import load
from planner.data.size import refuse_if_too_large
from planner.errors import Fault, InputError, RunFolderError
from planner.parallel import Team, local
from planner.results.atomic_writes import write_whole
from planner.results.study import StudyStatus
from planner.solving.highs import versions
from planner.studies.changes import Changer, settings_from
from planner.studies.design import design
from planner.studies.file import FrontierDesign, StudyFile, build_study, read_study
from planner.studies.journal import JOURNAL, RunJournal
from planner.studies.points import DesignTable, Point, Settler, check_study, points
from planner.studies.store import (
    CHECKS,
    PLANS,
    RESULTS,
    assemble,
    points_of,
    prepare,
    read_asked,
    read_design,
    study_of,
    write_plans,
)
from planner.studies.work_queue import checks_of, queue_of
from planner.studies.worker import Worker

Tell = Callable[[StudyStatus], None]
ONE = local(1)
"""One process beside this one, so that no point can take the study with it."""


def untold(_: StudyStatus) -> None:
    """Say nothing."""


def run_points(
    given: str | Path | Mapping[str, Any], out: str | Path, team: Team = ONE, tell: Tell = untold
) -> StudyStatus:
    """Run a study into a folder; what the folder holds already is not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    team: who works on it. tell: called with how far it is.
    Raises InputError, RunFolderError, StoppedError. A study that was killed goes on with the same call.
    """
    asked, folder, place = read_given(given)
    if isinstance(asked.design, FrontierDesign):
        raise InputError([asked.fault(("design", "kind"), "a frontier is no list of points; use planner.study")])
    case = open_case(asked, folder)
    check_study(asked, case, place)
    table, settler = design(asked, folder), Settler(asked, case)
    found = points(asked, settler, case.sha256, table)
    former, reused = prepare(Path(out), asked, case, table, found, settler.base)
    status = _work(Path(out), asked, case, table, found, team, tell, again=False)
    return replace(status, former=former, reused=reused)


def read_given(given: str | Path | Mapping[str, Any]) -> tuple[StudyFile, Path, str]:
    """A study from its file or its content; the folder that paths in it are seen from, and its name for messages."""
    if isinstance(given, Mapping):
        return build_study(given), Path(), "study"
    return read_study(given), Path(given).parent, Path(given).name


def open_case(study: StudyFile, folder: Path) -> Case:
    """The case and model of a study file that lies in `folder`. Raises InputError."""
    case = load(folder / study.case, (folder / study.model) if study.model else None, dict(study.set))
    refuse_if_too_large(case)
    return case


def retry(out: str | Path, team: Team = ONE, tell: Tell = untold) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing."""
    asked, case, table, found = reopen(Path(out))
    return _work(Path(out), asked, case, table, found, team, tell, again=True)


def stored_case(out: Path) -> Case:
    """The case of a study as it was read, by the name that it had. Raises RunFolderError, InputError."""
    return replace(load(out / "inputs"), name=str(read_asked(out)["case"]))


def case_at(out: Path, point: str) -> tuple[Case, str]:
    """The case at a point of a study, called after it, and the name of the point; it is named by its row in the design
    or by how its name begins. Raises RunFolderError, InputError."""
    found = points_of(out)
    by_row = found[int(point)].id if point.isdecimal() and int(point) < len(found) else ""
    meant = [one for one in {one.id: one for one in found}.values() if one.id == by_row or one.id.startswith(point)]
    meant = [one for one in meant if one.id == by_row] or meant
    if len(meant) != 1:
        told = "is no point of the study" if not meant else f"may be any of {len(meant)} points"
        raise InputError([Fault(str(out), 0, point, told, remedy="name a row of results.parquet, or its point")])
    case = Changer(stored_case(out)).apply(settings_from(meant[0].settings))
    return replace(case, name=f"{case.name}-{meant[0].id[:8]}"), meant[0].id


def reopen(out: Path) -> tuple[StudyFile, Case, DesignTable, list[Point]]:
    """What a study folder was asked. Raises RunFolderError."""
    asked = read_asked(out)
    case = stored_case(out)
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
    team: Team,
    tell: Tell,
    again: bool,
) -> StudyStatus:
    rests = [read_asked(out)["inputs_sha256"], versions(), asked.time_limit, asked.expressions]
    ground = hashlib.sha256(json.dumps(rests).encode()).hexdigest()[:16]
    with RunJournal(out / JOURNAL) as journal:
        queue = queue_of(asked, table, found, ground, journal, out / JOURNAL, again)
        to_check = queue.checked + len(queue.checks)
        total = len({point.id for point in found})

        def status() -> StudyStatus:
            return StudyStatus(total, queue.counts, queue.checked, to_check, queue.seconds)

        if not queue.finished:
            tell(status())
            with closing(team(partial(Worker, case, asked.time_limit, asked.expressions))) as workers:
                queue.work_off(workers, lambda: tell(status()))
    write_whole(out / RESULTS, lambda path: pq.write_table(assemble(out), path, compression="zstd"))
    write_whole(out / PLANS, lambda path: write_plans(out, path))
    write_whole(out / CHECKS, lambda path: checks_of(out).to_csv(path, index=False, lineterminator="\n", na_rep="nan"))
    return status()
