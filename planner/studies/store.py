"""The folder of a study.

DIR/study.json        what was asked: the study file, seed, versions, input hashes, names of columns
DIR/inputs/           the case as it was read, and model.toml
DIR/design.parquet    every row of the design: its point and values
DIR/journal.jsonl     every result as it came in, and where each chain stands; the only file written while running
DIR/results.parquet   every row of the design with status, message and all outcomes; written when all is done
DIR/plans.parquet     what the plan of each point decides, by year; likewise
DIR/before/N/         a study that was run into the same folder before, if it has results that this one has not
DIR/checks.csv        points solved again from nothing: warm, cold, difference
DIR/report.html, tables/*.csv   from `planner study report`

Equal studies have equal bytes in all files but the journal, whatever was killed on the way.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.folders import write_whole
from planner.results.store import write_case
from planner.results.study import LIST_GROUPS, OPTIMAL
from planner.solving.highs import versions
from planner.studies.file import StudyFile, build_study
from planner.studies.points import DesignTable, Point

if sys.platform != "win32":
    import fcntl

Entry = dict[str, Any]
SYNC_SECONDS = 2.0
"""A kill loses nothing that was written; a power cut loses at most this much."""
LOCK_SECONDS = 2.0
"""How long another process that is just ending may keep the lock."""


class Journal:
    """An append-only record that survives a kill at any moment, open for writing.

    One line per entry: eight hexadecimal digits of its SHA-256, a space, JSON. A line that was cut short does not
    match its digits; it is cut off when the journal is opened again, and nothing before it is touched. One process
    writes; the lock is the system's, so it goes with the process. Raises RunFolderError if another has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] = path.open("ab")
        if not _locked(self._file):
            self._file.close()
            raise RunFolderError(f"{path.parent}: another process is running this study")
        with suppress(FileNotFoundError):
            self._file.truncate(_good_bytes(path))
        self._synced = monotonic()

    def append(self, entry: Entry) -> None:
        """Write one entry, whole."""
        self._file.write(_line(entry))
        self._file.flush()
        if monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = monotonic()

    def close(self) -> None:
        """Write through to the disk and let go."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _locked(file: IO[bytes]) -> bool:
    """Lock a file for this process. Returns whether that was possible."""
    if sys.platform == "win32":
        return True
    until = monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if monotonic() > until:
                return False
            sleep(0.05)
        else:
            return True


def read_journal(path: Path) -> Iterator[Entry]:
    """All whole entries, in order; may be read while another process writes."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            entry = _parsed(line)
            if entry is None:
                return
            yield entry


def _line(entry: Entry) -> bytes:
    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return hashlib.sha256(text).hexdigest()[:8].encode() + b" " + text + b"\n"


def _parsed(line: bytes) -> Entry | None:
    digits, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest()[:8].encode() != digits:
        return None
    entry: Entry = json.loads(text)
    return entry


def _good_bytes(path: Path) -> int:
    good = 0
    with path.open("rb") as file:
        for line in file:
            if _parsed(line) is None:
                break
            good += len(line)
    return good


STUDY, DESIGN, JOURNAL = "study.json", "design.parquet", "journal.jsonl"
RESULTS, CHECKS, PLANS = "results.parquet", "checks.csv", "plans.parquet"
REPORT, CURVE, BEFORE = "report.html", "frontier.csv", "before"


def refuse_other_folder(folder: Path) -> None:
    """Raise RunFolderError if a folder holds something that is no study."""
    if folder.exists() and any(folder.iterdir()) and not (folder / STUDY).exists():
        raise RunFolderError(f"{folder}: exists and is not a study folder; choose another with --out")


def asked_text(study: StudyFile, case: Case, **more: object) -> str:
    """study.json: what was asked, on what it rests, and what its kind adds."""
    asked = {
        "study": study.model_dump(mode="json", exclude_defaults=True),
        "case": case.name,
        "inputs_sha256": case.sha256,
        "versions": versions(),
        **more,
    }
    return json.dumps(asked, indent=2, ensure_ascii=False) + "\n"


def prepare(
    folder: Path, study: StudyFile, case: Case, table: DesignTable, points: list[Point], base: Mapping[str, Any]
) -> tuple[str, int]:
    """Lay out a study folder, or bring an older one up to date. Raises RunFolderError.

    Returns where the study that was there is kept, if it has results that this one has not, and how many points of this
    one had been run for it.
    """
    refuse_other_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = asked_text(
            study,
            case,
            uncertainties=list(table.uncertainties),
            levers=list(table.levers),
            base=base,
            rows=len(table.rows),
            points=len({point.id for point in points}),
        )
        kept = laid_aside(folder, text, {point.id for point in points})
        write_inputs(folder, case)
        write_whole(folder / DESIGN, lambda path: _write_design(path, table, points))
        write_whole(folder / STUDY, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return kept


def write_inputs(folder: Path, case: Case) -> None:
    """Write the case of a study into its folder, if it is not there."""
    if not (folder / "inputs").exists() or case.sha256 != _hash_of(folder):
        shutil.rmtree(folder / "inputs", ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".inputs-", dir=folder) as scratch:
            write_case(case, Path(scratch) / "inputs")
            (Path(scratch) / "inputs").rename(folder / "inputs")


def laid_aside(folder: Path, text: str, wanted: set[str]) -> tuple[str, int]:
    """Lay aside the study of a folder if another is to be run, which the text says, that has not all its results.

    wanted: points of the other. Returns where it is kept, if it is, and how many points of the other have been run.
    """
    if not (folder / STUDY).exists() or (folder / STUDY).read_text(encoding="utf-8") == text:
        return "", 0
    done = {entry["id"] for entry in read_journal(folder / JOURNAL) if entry["kind"] == "point"}
    before = {point.id for point in points_of(folder)} if (folder / DESIGN).exists() else set()
    lost = bool((done & before) - wanted) or (folder / CURVE).exists()
    kept = _copied(folder) if lost else ""
    for name in (RESULTS, PLANS, CHECKS, DESIGN, CURVE):
        (folder / name).unlink(missing_ok=True)
    return kept, len(done & wanted)


def _copied(folder: Path) -> str:
    """A copy of the study of a folder inside it; where it is, seen from the folder."""
    number = next(n for n in itertools.count(1) if not (folder / BEFORE / str(n)).exists())
    with tempfile.TemporaryDirectory(prefix=".before-", dir=folder) as scratch:
        aside = Path(scratch) / "study"
        aside.mkdir()
        if (folder / DESIGN).exists():
            pq.write_table(read_results(folder), aside / RESULTS, compression="zstd")
            write_plans(folder, aside / PLANS)
        for name in (STUDY, DESIGN, CHECKS, REPORT, CURVE):
            if (folder / name).exists():
                shutil.copy(folder / name, aside)
        for name in ("inputs", "tables"):
            if (folder / name).exists():
                shutil.copytree(folder / name, aside / name)
        (folder / BEFORE).mkdir(exist_ok=True)
        aside.rename(folder / BEFORE / str(number))
    return f"{BEFORE}/{number}"


def _hash_of(folder: Path) -> str:
    return str(read_asked(folder)["inputs_sha256"]) if (folder / STUDY).exists() else ""


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


def _write_design(path: Path, table: DesignTable, points: list[Point]) -> None:
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
    for entry in read_journal(folder / JOURNAL):  # a later entry of a point replaces an earlier one
        i = place.get(entry["id"]) if entry["kind"] == "point" else None
        if i is None:
            continue
        for values in columns.values():
            values[i] = None
        status[i], message[i] = entry["status"], entry["message"]
        for outcome, value in entry["values"].items():
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


def write_plans(folder: Path, path: Path) -> None:
    """Write plans.parquet: point, decision, thing, year, amount; points in the order of the design."""
    place = {name: i for i, name in enumerate(dict.fromkeys(read_design(folder)["point"].to_pylist()))}
    last = {e["id"]: n for n, e in enumerate(read_journal(folder / JOURNAL)) if e["kind"] == "point"}
    words: dict[str, int] = {}
    codes, years, amounts = [array("l") for _ in range(3)], array("l"), array("d")
    for n, entry in enumerate(read_journal(folder / JOURNAL)):
        if entry["kind"] == "point" and entry["id"] in place and last[entry["id"]] == n:
            for decision, thing, year, amount in entry["plan"]:
                for column, word in zip(codes[1:], (decision, thing), strict=True):
                    column.append(words.setdefault(word, len(words)))
                codes[0].append(place[entry["id"]])
                years.append(year)
                amounts.append(amount)
    texts = [pa.array(place, pa.string()), *[pa.array(words, pa.string())] * 2]
    columns = [text.take(pa.array(code, pa.int64())) for text, code in zip(texts, codes, strict=True)]
    order = pa.array(np.argsort(np.asarray(codes[0]), kind="stable"))
    columns += [pa.array(years, pa.int64()), pa.array(amounts, pa.float64())]
    table = pa.table([column.take(order) for column in columns], names=PLAN_COLUMNS)
    pq.write_table(table, path, compression="zstd")


PLAN_COLUMNS = ["point", "decision", "thing", "year", "amount"]


def read_plan_table(folder: Path) -> pa.Table:
    """What the plans of all points decide: the finished table, or what is known while the study runs."""
    if not (folder / PLANS).exists():
        with tempfile.TemporaryDirectory() as scratch:
            write_plans(folder, Path(scratch) / PLANS)
            return pq.read_table(Path(scratch) / PLANS)
    return pq.read_table(folder / PLANS)
