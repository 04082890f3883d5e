"""The folder of a study.

DIR/study.json        what is asked: the study file, seed, versions, input hashes, names of columns; written first
DIR/inputs/           the case as it was read, and model.toml
DIR/design.parquet    every row of the design: its point and values; as .csv where pyarrow is not installed, as two others
DIR/journal.db        every result as it came in, also of studies run here before; the only file written while running
DIR/results.parquet   every row of the design with status, message and all outcomes; written when all is done, for other programs
DIR/report.html, tables/*.csv   from `planner study report`

Equal studies have equal bytes in all files but the journal, whatever was killed on the way.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.host import scratch_folder
from planner.results.folders import refuse_foreign, write_sums, write_whole
from planner.results.journal import JOURNAL, read_entries
from planner.results.study import LIST_GROUPS, OPTIMAL, RESULTS, TABLE_FORM
from planner.solving.engine import Question
from planner.solving.highs import versions
from planner.studies.kept_tables import read_table, remove_table, write_table
from planner.studies.points import Point
from planner.studies.study_file import StudyFile, Value, build_study, named_in_words

STUDY, INPUTS = "study.json", "inputs"
DESIGN = f"design.{TABLE_FORM}"
BASE, POINT = "base", "point"
"""Kinds of entries of the journal: the bases from which every chain starts, and points."""


def prepare(
    folder: Path,
    study: StudyFile,
    case: Case,
    *,
    points: Sequence[Point],
    base: Mapping[str, Any],
    force: bool = False,
) -> None:
    """Lay out a study folder, or bring an older one up to date.

    force: replace the inputs of a former study even if somebody changed them or added to them since. Raises
    RunFolderError.
    """
    former = _former(folder)
    asked: dict[str, Any] = {
        "study": study.model_dump(mode="json", exclude_defaults=True),
        "case": case.name,
        "inputs_sha256": case.sha256,
        "versions": versions(),
        "computed_with": libraries(),
    }
    asked["uncertainties"] = study.names
    asked["levers"] = study.lever_names
    asked["base"] = base
    asked["rows"] = len(points)
    asked["points"] = len({point.id for point in points})
    inputs = folder / INPUTS
    replaces = former.get("inputs_sha256") != case.sha256
    if replaces and inputs.exists():
        refuse_foreign(inputs, "model.toml", "inputs of a study", force=force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if former and former != asked:
            for name in (RESULTS, DESIGN):
                remove_table(folder / name)
        if replaces:
            shutil.rmtree(inputs, ignore_errors=True)
        # First of all: whatever is killed from here on, the folder is known for what it is.
        text = json.dumps(asked, indent=2, ensure_ascii=False) + "\n"
        write_whole(folder / STUDY, lambda path: path.write_text(text, encoding="utf-8"))
        if not inputs.exists():
            _write_inputs(case, inputs)
        write_table(folder / DESIGN, _design(study, points))
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error


def _former(folder: Path) -> dict[str, Any]:
    """What was asked of a folder before; empty where it is new. Raises RunFolderError for a folder of something else."""
    if (folder / STUDY).exists():
        return read_asked(folder)
    # What begins with a dot is left by a program that was killed while it wrote a file.
    if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise RunFolderError(f"{folder}: exists and is not a study folder; name another folder")
    return {}


def _write_inputs(case: Case, inputs: Path) -> None:
    with scratch_folder(f".{INPUTS}-", inputs.parent) as scratch:
        case.write(scratch / INPUTS)
        write_sums(scratch / INPUTS)
        (scratch / INPUTS).rename(inputs)


LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "SALib", "scikit-learn")
"""Libraries that draw, compute and keep the points beside the planner and its solver."""


def libraries() -> dict[str, str]:
    """Versions of all that computes beside the planner and its solver."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def read_asked(folder: Path) -> dict[str, Any]:
    """study.json. Raises RunFolderError if the folder is no study."""
    if not (folder / STUDY).is_file():
        said = f"it holds no {STUDY}; `planner study run --out FOLDER` and `planner.study` make one"
        raise RunFolderError(f"{folder}: is not a study folder: {said}")
    try:
        asked: dict[str, Any] = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error
    return asked


def study_of(asked: Mapping[str, Any]) -> StudyFile:
    """The study file that was asked for."""
    return build_study(asked["study"], STUDY)


def _design(study: StudyFile, points: Sequence[Point]) -> pd.DataFrame:
    """The table of the points: row, id, a column for each uncertainty and lever, and the settings as JSON."""
    table = pd.DataFrame({"point": [point.id for point in points]})
    table.insert(0, "row", range(len(points)))
    in_words = named_in_words(study)
    for place, name in enumerate([*study.names, *study.lever_names]):
        cells = [point.row[place] for point in points]
        if name in in_words:
            table[name] = pd.Series(map(_cell_text, cells), dtype="str")
        else:
            table[name] = pd.Series(cells, dtype=float)
    table["settings"] = [json.dumps(point.question.changes) for point in points]
    return table


def _cell_text(cell: Value | None) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell)


def read_design(folder: Path) -> pd.DataFrame:
    """The design. Raises RunFolderError."""
    in_words = named_in_words(study_of(read_asked(folder)))
    try:
        return read_table(folder / DESIGN, in_words)
    except FileNotFoundError:
        said = "its points are not laid out yet; if it was stopped, run the same command to go on"
        raise RunFolderError(f"{folder}: {said}") from None
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: {DESIGN} cannot be read: {error}") from error


def points_of(folder: Path) -> list[Point]:
    """The point of every row of the design."""
    design = read_design(folder)
    cells = design.drop(columns=["row", "point", "settings"]).astype(object)
    plain = cells.where(cells.notna(), None).to_numpy()
    found: list[Point] = []
    for name, text, row in zip(design["point"], design["settings"], plain, strict=True):
        found.append(Point(name, Question(tuple(json.loads(text))), tuple(row)))
    return found


def read_results(folder: Path) -> pd.DataFrame:
    """All rows of the design with what the journal knows of them; a point without a result has no status."""
    design = read_design(folder).drop(columns="settings")
    names = design["point"].unique()
    place = {name: row for row, name in enumerate(names)}
    status = np.full(len(names), None, dtype=object)
    message = status.copy()
    columns: dict[str, NDArray[np.float64]] = {}
    for entry in read_entries(folder / JOURNAL, POINT):
        row = place.get(entry.name)
        if row is None:
            continue
        status[row], message[row] = entry.status, entry.message
        for outcome, value in entry.answer["values"].items():
            if outcome not in columns:
                columns[outcome] = np.full(len(names), np.nan)
            columns[outcome][row] = value
    for outcome, values in columns.items():
        if outcome.split(".")[0] in LIST_GROUPS:
            values[(status == OPTIMAL) & np.isnan(values)] = 0.0
    known = pd.DataFrame(dict(sorted(columns.items())), index=range(len(names)))
    known.insert(0, "status", pd.Series(status, dtype="str"))
    known.insert(1, "message", pd.Series(message, dtype="str"))
    rows = known.iloc[design["point"].map(place)]
    return pd.concat([design, rows.reset_index(drop=True)], axis=1)
