"""Which points are run: a table with a column per uncertainty and lever. An empty cell is the case as it is."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planner.config.model_file import parse_value
from planner.errors import Fault, InputError, did_you_mean
from planner.studies.distributions import ends, levels, quantiles
from planner.studies.file import Frontier, Grid, LatinHypercube, Morris, OneAtATime, PointList, Sobol, StudyFile, Value
from planner.studies.sampling import latin_hypercube, morris_sample, sobol_sample

Row = tuple[Value | None, ...]
MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Table:
    """Names of the factors (uncertainties, then levers) and the rows of the design, in order."""

    uncertainties: tuple[str, ...]
    levers: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of all columns."""
        return self.uncertainties + self.levers


def design(study: StudyFile, folder: Path) -> Table:
    """The design of a study. `folder`: where the study file is. Raises InputError."""
    rows = _uncertain(study, folder)
    options = [[option.label for option in lever.options] for lever in study.levers]
    combinations = list(itertools.product(*options))
    if len(rows) * len(combinations) > MOST_POINTS:
        count = len(rows) * len(combinations)
        raise InputError([Fault("study", 0, "design", f"has {count:,} points, more than {MOST_POINTS:,}")])
    return Table(
        tuple(u.name for u in study.uncertainties),
        tuple(lever.name for lever in study.levers),
        tuple((*row, *chosen) for chosen in combinations for row in rows),
    )


def _uncertain(study: StudyFile, folder: Path) -> Sequence[Row]:
    given = study.design
    if not study.uncertainties:
        return [()]
    if isinstance(given, OneAtATime):
        return _one_at_a_time(study, given.levels)
    if isinstance(given, Grid):
        return _grid(study, given)
    if isinstance(given, PointList):
        return _listed(study, folder / given.file)
    if isinstance(given, Frontier):
        raise InputError([Fault("study", 0, "design", "a frontier has one axis, money; remove the uncertainties")])
    count = len(study.uncertainties)
    if isinstance(given, LatinHypercube):
        names = [u.name for u in study.uncertainties]
        groups = [([names.index(m) for m in g.members], g.correlation) for g in study.correlated]
        shares = latin_hypercube(given.points, count, given.seed, groups)
    elif isinstance(given, Sobol):
        shares = sobol_sample(given.points, count, given.seed)
    elif isinstance(given, Morris):
        return _morris(study, given)
    columns = [quantiles(u, shares[:, i]) for i, u in enumerate(study.uncertainties)]
    return list(zip(*columns, strict=True))


def _morris(study: StudyFile, given: Morris) -> list[Row]:
    shares = morris_sample(given.trajectories, len(study.uncertainties), given.levels, given.seed)
    columns = []
    for i, u in enumerate(study.uncertainties):
        # Elementary effects are taken along the range, so its ends are reached; listed values by position.
        low, high = (0.0, 1.0) if u.values is not None else (float(str(end)) for end in ends(u))
        along = [float(f"{low + share * (high - low):.12g}") for share in shares[:, i].tolist()]
        columns.append(quantiles(u, np.array(along)) if u.values is not None else along)
    return list(zip(*columns, strict=True))


def _one_at_a_time(study: StudyFile, count: int) -> list[Row]:
    base: list[Value | None] = [None] * len(study.uncertainties)
    rows: list[Row] = [tuple(base)]
    for i, uncertainty in enumerate(study.uncertainties):
        rows.extend((*base[:i], value, *base[i + 1 :]) for value in levels(uncertainty, count))
    return rows


def _grid(study: StudyFile, given: Grid) -> list[Row]:
    axes = [levels(u, given.levels) for u in study.uncertainties]
    count = int(np.prod([len(axis) for axis in axes], dtype=float))
    if count > MOST_POINTS:
        raise InputError([Fault("study", 0, "design.levels", f"make {count:,} points, more than {MOST_POINTS:,}")])
    rows: list[Row] = list(itertools.product(*axes))
    if given.fraction == 1.0:
        return rows
    kept = np.random.default_rng(given.seed).choice(count, size=max(1, round(count * given.fraction)), replace=False)
    return [rows[i] for i in sorted(kept.tolist())]


def _listed(study: StudyFile, path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Fault(str(path), 0, "", f"cannot be read: {error}")]) from None
    names = [u.name for u in study.uncertainties]
    header = [cell.strip() for cell in lines[0]] if lines else []
    faults = [
        Fault(path.name, 1, name, f"is no uncertainty of the study{did_you_mean(name, names)}")
        for name in header
        if name not in names
    ]
    faults += [Fault(path.name, 1, name, "column is missing") for name in names if name not in header]
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            faults.append(Fault(path.name, number, "", f"has {len(line)} cells, the header {len(header)}"))
            continue
        cells = dict(zip(header, line, strict=True))
        rows.append(tuple(_value(cells.get(name, "").strip()) for name in names))
    if faults:
        raise InputError(faults)
    return rows


def _value(text: str) -> Value | None:
    return parse_value(text) if text else None  # type: ignore[return-value]
