"""The folder of a study.

DIR/study.json        what was asked: the study file, seed, versions, input hashes, names of columns
DIR/inputs/           the case as it was read, and model.toml
DIR/design.parquet    every row of the design: its point and values
DIR/journal.db        every result as it came in, and where each chain stands; the only file written while running
DIR/results.parquet   every row of the design with status, message and all outcomes; written when all is done
DIR/plans.parquet     what the plan of each point decides, by year; likewise
DIR/before/N/         a study that was run into the same folder before, if it has results that this one has not
DIR/checks.csv        points solved again from nothing: warm, cold, difference
DIR/report.html, tables/*.csv   from `planner study report`

Equal studies have equal bytes in all files but the journal, whatever was killed on the way.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.atomic_writes import write_whole
from planner.results.store import write_case
from planner.results.study import LIST_GROUPS, OPTIMAL
from planner.solving.highs import versions
from planner.studies.file import StudyFile, build_study
from planner.studies.journal import ENDED, FOUND, JOURNAL, POINT, read_journal
from planner.studies.points import DesignTable, Point

STUDY, DESIGN = "study.json", "design.parquet"
RESULTS, CHECKS, PLANS = "results.parquet", "checks.csv", "plans.parquet"
CURVE, BEFORE = "frontier.csv", "before"


def prepare(
    folder: Path, study: StudyFile, case: Case, table: DesignTable | None = None, points: Sequence[Point] = (),
    base: Mapping[str, Any] | None = None,
) -> tuple[str, int]:  # fmt: skip
    """Lay out a study folder, or bring an older one up to date; without a design for a frontier.

    Returns where the study that was there is kept, if it has results that this one has not, and how many points of this
    one had been run for it. Raises RunFolderError.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / STUDY).exists():
        raise RunFolderError(f"{folder}: exists and is not a study folder; choose another with --out")
    asked: dict[str, Any] = {
        "study": study.model_dump(mode="json", exclude_defaults=True),
        "case": case.name,
        "inputs_sha256": case.sha256,
        "versions": versions(),
    }
    wanted = {point.id for point in points}
    if table is not None:
        asked["uncertainties"], asked["levers"], asked["base"] = table.uncertainties, table.levers, base
        asked["rows"], asked["points"] = len(table.rows), len(wanted)
    text = json.dumps(asked, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = _laid_aside(folder, text, wanted)
        if not (folder / "inputs").exists() or case.sha256 != read_asked(folder)["inputs_sha256"]:
            shutil.rmtree(folder / "inputs", ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=".inputs-", dir=folder) as scratch:
                write_case(case, Path(scratch) / "inputs")
                (Path(scratch) / "inputs").rename(folder / "inputs")
        if table is not None:
            write_whole(folder / DESIGN, lambda path: _write_design(path, table, points))
        write_whole(folder / STUDY, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return kept


def _laid_aside(folder: Path, text: str, wanted: set[str]) -> tuple[str, int]:
    """Lay aside the study of a folder if another is to be run, which the text says, that has not all its results.

    wanted: points of the other. Returns where it is kept, if it is, and how many points of the other have been run.
    """
    if not (folder / STUDY).exists() or (folder / STUDY).read_text(encoding="utf-8") == text:
        return "", 0
    done = {name for name, *_ in read_journal(folder / JOURNAL, ENDED, POINT)}
    known = read_results(folder).select(["point", "status"]).to_pylist() if (folder / DESIGN).exists() else []
    lost = any(row["status"] and row["point"] not in wanted for row in known) or (folder / CURVE).exists()
    kept = _copied(folder) if lost else ""
    for name in (RESULTS, PLANS, CHECKS, DESIGN, CURVE):
        (folder / name).unlink(missing_ok=True)
    return kept, len(done & wanted)


def _copied(folder: Path) -> str:
    """A copy of the study of a folder inside it; where it is, seen from the folder."""
    number = next(n for n in itertools.count(1) if not (folder / BEFORE / str(n)).exists())
    with tempfile.TemporaryDirectory(prefix=".before-", dir=folder) as scratch:
        aside = Path(scratch) / "study"
        shutil.copytree(folder, aside, ignore=shutil.ignore_patterns("journal.*", BEFORE, ".*"))
        if (folder / DESIGN).exists():
            pq.write_table(read_results(folder), aside / RESULTS, compression="zstd")
            write_plans(folder, aside / PLANS)
        (folder / BEFORE).mkdir(exist_ok=True)
        aside.rename(folder / BEFORE / str(number))
    return f"{BEFORE}/{number}"


def read_asked(folder: Path) -> dict[str, Any]:
    """study.json. Raises RunFolderError if the folder is no study."""
    try:
        asked: dict[str, Any] = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error
    return asked


def study_of(asked: Mapping[str, Any]) -> StudyFile:
    """The study file that was asked for."""
    return build_study(asked["study"], STUDY)


def _write_design(path: Path, table: DesignTable, points: Sequence[Point]) -> None:
    columns: dict[str, Any] = {
        "row": pa.array(range(len(points)), pa.int64()),
        "point": pa.array([point.id for point in points], pa.string()),
    }
    for i, name in enumerate(table.factors):
        columns[name] = _column([row[i] for row in table.rows])
    columns["settings"] = pa.array([json.dumps(point.settings, sort_keys=True) for point in points], pa.string())
    pq.write_table(pa.table(columns), path, compression="zstd")


def _column(values: list[Any]) -> pa.Array:
    numbers = all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values)
    if numbers:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values], pa.string())


def read_design(folder: Path) -> pa.Table:
    """The design. Raises RunFolderError."""
    try:
        return pq.read_table(folder / DESIGN)
    except (OSError, pa.ArrowException) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error


def points_of(folder: Path) -> list[Point]:
    """The point of every row of the design."""
    table = read_design(folder)
    pairs = zip(table["point"].to_pylist(), table["settings"].to_pylist(), strict=True)
    return [Point(name, json.loads(settings)) for name, settings in pairs]


def assemble(folder: Path) -> pa.Table:
    """All rows of the design with what is known of them; a point without a result has the status null."""
    design = read_design(folder).drop(["settings"])
    ids = design["point"].to_pylist()
    place = {name: i for i, name in enumerate(dict.fromkeys(ids))}
    status: list[str | None] = [None] * len(place)
    message: list[str | None] = [None] * len(place)
    columns: dict[str, list[float | None]] = {}
    for name, ended, told, found in read_journal(folder / JOURNAL, FOUND, POINT):
        if (i := place.get(name)) is not None:
            status[i], message[i] = ended, told
            for outcome, value in json.loads(found)["values"].items():
                columns.setdefault(outcome, [None] * len(place))[i] = value
    for outcome, values in columns.items():
        if outcome.split(".")[0] in LIST_GROUPS:
            columns[outcome] = [0.0 if v is None and s == OPTIMAL else v for v, s in zip(values, status, strict=True)]
    rows = pa.array([place[name] for name in ids], pa.int64())
    table = design.append_column("status", pa.array(status, pa.string()).take(rows))
    table = table.append_column("message", pa.array(message, pa.string()).take(rows))
    for outcome in sorted(columns):
        table = table.append_column(outcome, pa.array(columns[outcome], pa.float64()).take(rows))
    return table


def read_results(folder: Path) -> pa.Table:
    """The results: the finished table, or what is known while the study runs."""
    path = folder / RESULTS
    return pq.read_table(path) if path.exists() else assemble(folder)


PLAN = {"point": pa.string(), "decision": pa.string(), "thing": pa.string(), "year": pa.int64(), "amount": pa.float64()}


def write_plans(folder: Path, path: Path) -> None:
    """Write plans.parquet: point, decision, thing, year, amount; points in the order of the design."""
    order = {name: i for i, name in enumerate(dict.fromkeys(read_design(folder)["point"].to_pylist()))}
    columns, same = [list[Any]() for _ in PLAN], dict[Any, Any]()  # equal words and years are held once
    for name, _, _, found in read_journal(folder / JOURNAL, FOUND, POINT):
        for row in json.loads(found)["plan"] if name in order else ():
            for column, value in zip(columns, (name, *row), strict=True):
                column.append(same.setdefault(value, value) if column is not columns[-1] else value)
    rows = pa.array(np.argsort([order[name] for name in columns[0]], kind="stable"), pa.int64())
    made = {name: pa.array(of, kind).take(rows) for (name, kind), of in zip(PLAN.items(), columns, strict=True)}
    pq.write_table(pa.table(made), path, compression="zstd")


def read_plan_table(folder: Path) -> pa.Table:
    """What the plans of all points decide: the finished table, or what is known while the study runs."""
    if not (folder / PLANS).exists():
        with tempfile.TemporaryDirectory() as scratch:
            write_plans(folder, Path(scratch) / PLANS)
            return pq.read_table(Path(scratch) / PLANS)
    return pq.read_table(folder / PLANS)
