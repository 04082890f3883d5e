"""Which points are run: a table with a column per uncertainty and lever. An empty cell is the case as it is.

Samples of the unit cube are drawn by SciPy and SALib, each with an explicit seed, and become values of an uncertainty
by its inverse distribution function.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from planner.cells import is_number
from planner.config import parse_value
from planner.errors import Fault, InputError, did_you_mean, fault
from planner.late import late
from planner.studies.points import DesignRow
from planner.studies.study_file import (
    Grid,
    LatinHypercube,
    OneAtATime,
    PointList,
    Sobol,
    StudyFile,
    Uncertainty,
    Value,
)

Samples = NDArray[np.float64]
OPEN_ENDS = (0.05, 0.95)
"""Quantiles that stand for the ends of a distribution without a range."""
ROUND = 12
"""Digits kept, so that a value means the same point however it was computed."""


def quantiles(uncertainty: Uncertainty, shares: Samples) -> list[Value]:
    """The value of each share."""
    if uncertainty.values is None:
        return [_rounded(value) for value in _numbers(uncertainty, shares).tolist()]
    count = len(uncertainty.values)
    places = np.minimum((shares * count).astype(int), count - 1)
    return [uncertainty.values[place] for place in places]


def _numbers(uncertainty: Uncertainty, shares: Samples) -> Samples:
    """Values of an uncertainty at shares of its probability, in [0, 1]; of the same shape."""
    distribution = uncertainty.distribution
    low, high = uncertainty.range or (-np.inf, np.inf)
    if distribution.kind == "uniform":
        return np.asarray(low + shares * (high - low))
    if distribution.kind == "triangular":
        mode = (float(distribution.mode or 0.0) - low) / (high - low)
        return np.asarray(stats.triang.ppf(shares, mode, low, high - low))
    mean, spread = float(distribution.mean or 0.0), float(distribution.spread or 1.0)
    logarithmic = distribution.kind == "lognormal"
    if logarithmic:
        with np.errstate(divide="ignore"):
            mean, low, high = np.log(mean), np.log(max(low, 0.0)), np.log(high)
    lowest, highest = (low - mean) / spread, (high - mean) / spread
    normal = stats.truncnorm(lowest, highest, loc=mean, scale=spread)
    found = np.asarray(normal.ppf(shares))
    return np.exp(found) if logarithmic else found


def ends(uncertainty: Uncertainty) -> tuple[Value, Value]:
    """Lowest and highest value of a range, or the quantiles that stand for them."""
    if uncertainty.range is not None:
        return uncertainty.range[0], uncertainty.range[1]
    low, high = quantiles(uncertainty, np.array(OPEN_ENDS))
    return low, high


def numeric_ends(uncertainty: Uncertainty) -> tuple[float, float]:
    """Lowest and highest value, as `ends` has them, of an uncertainty that is a number."""
    low, high = ends(uncertainty)
    return float(str(low)), float(str(high))


def levels(uncertainty: Uncertainty, count: int) -> Sequence[Value]:
    """`count` values from end to end, or all values where they are listed."""
    if uncertainty.values is not None:
        return uncertainty.values
    low, high = numeric_ends(uncertainty)
    return [_rounded(value) for value in np.linspace(low, high, count).tolist()]


def _rounded(value: float) -> float:
    return float(f"{value:.{ROUND}g}")


FEWEST_HALVED = 8
"""Points from which on half of a Latin hypercube is one too."""


def latin_hypercube(points: int, count: int, seed: int) -> Samples:
    """points x count shares, one in each of `points` layers of every axis; the first half is the hypercube of half the
    points, where that is even: the other half takes the layers that are left when each is cut in two."""
    before = np.empty((0, count))
    if points % 2 == 0 and points >= 2 * FEWEST_HALVED:
        before = latin_hypercube(points // 2, count, seed)
    generator = np.random.default_rng([seed, points])
    more = points - len(before)
    fresh = np.empty((more, count))
    for axis in range(count):
        taken = (before[:, axis] * points).astype(int)
        left = np.setdiff1d(np.arange(points), taken)
        layers = generator.permutation(left)
        fresh[:, axis] = (layers + generator.random(more)) / points
    return np.vstack([before, fresh])


def problem(count: int) -> dict[str, Any]:
    """SALib's description of the unit cube."""
    return {
        "num_vars": count,
        "names": [f"x{i}" for i in range(count)],
        "bounds": [[0.0, 1.0]] * count,
    }


def sobol_sample(points: int, count: int, seed: int) -> Samples:
    """Saltelli's sample in blocks: a point, and with each coordinate in turn from another one, and this: points * (count + 2)
    rows."""
    salib = late("SALib.sample.sobol")
    drawn = salib.sample(problem(count), points, calc_second_order=False, seed=seed)
    return np.asarray(drawn)


MOST_POINTS = 1_000_000


def refuse_too_many(study: StudyFile) -> None:
    """Raise InputError for more points than a study may have, before any is drawn; a list in a file is not looked at."""
    count = _sample_size(study) * math.prod(len(lever.options) for lever in study.levers)
    if count > MOST_POINTS:
        said = f"has {count:,} points, more than {MOST_POINTS:,}"
        raise InputError([study.fault(("design",), said, "study-size")])


def _sample_size(study: StudyFile) -> int:
    """Rows that the design of a study has under each combination of options; 0 for those of a file."""
    given, axes = study.design, len(study.uncertainties)
    if not axes:
        return 1
    if isinstance(given, LatinHypercube):
        return given.points
    if isinstance(given, Sobol):
        return given.points * (axes + 2)
    if isinstance(given, PointList):
        return len(given.rows or ())
    lengths = [
        given.levels if one.values is None else len(one.values) for one in study.uncertainties
    ]
    return 1 + sum(lengths) if isinstance(given, OneAtATime) else math.prod(lengths)


def design(study: StudyFile, folder: Path) -> list[DesignRow]:
    """The rows of the design of a study: uncertainties, then levers. `folder`: where the study file is.

    Raises InputError.
    """
    refuse_too_many(study)
    rows = _uncertain(study, folder)
    if not rows:
        said = "has no points; give the list at least one line"
        raise InputError([study.fault(("design",), said)])
    labels: list[list[str]] = []
    for lever in study.levers:
        labels.append([option.label for option in lever.options])
    combinations = itertools.product(*labels)
    return [(*row, *chosen) for chosen, row in itertools.product(combinations, rows)]


def _uncertain(study: StudyFile, folder: Path) -> Sequence[DesignRow]:
    """Values of the uncertainties at each point of the design. Raises InputError for too many."""
    given = study.design
    if not study.uncertainties:
        return [()]
    if isinstance(given, OneAtATime):
        return _one_at_a_time(study, given.levels)
    if isinstance(given, Grid):
        return list(itertools.product(*[levels(u, given.levels) for u in study.uncertainties]))
    if isinstance(given, PointList):
        return _listed(study, given, folder)
    count = len(study.uncertainties)
    if isinstance(given, LatinHypercube):
        shares = latin_hypercube(given.points, count, given.seed)
    elif isinstance(given, Sobol):
        shares = sobol_sample(given.points, count, given.seed)
    columns: list[Sequence[Value]] = []
    for uncertainty, column in zip(study.uncertainties, shares.T, strict=True):
        columns.append(quantiles(uncertainty, column))
    return list(zip(*columns, strict=True))


def _one_at_a_time(study: StudyFile, count: int) -> list[DesignRow]:
    """The case as it is, then each uncertainty alone at each of its levels, the others blank."""
    base: list[Value | None] = [None] * len(study.uncertainties)
    rows: list[DesignRow] = [tuple(base)]
    for axis, uncertainty in enumerate(study.uncertainties):
        for value in levels(uncertainty, count):
            row = base.copy()
            row[axis] = value
            rows.append(tuple(row))
    return rows


def _listed(study: StudyFile, given: PointList, folder: Path) -> list[DesignRow]:
    """The rows of a list: those of its file, or those it holds itself."""
    names = study.names
    if given.rows is None:
        place = Path(given.file).name
        header, lines = _read_list(study, folder / given.file)
    else:
        place = "rows"
        header = list(dict.fromkeys(itertools.chain.from_iterable(given.rows)))
        lines = []
        for number, cells in enumerate(given.rows, start=1):
            lines.append((number, [cells.get(name) for name in header]))
    fail = partial(fault, "study-list", place)
    faults: list[Fault] = []
    for name in header:
        if name not in names:
            near = did_you_mean(name, names)
            faults.append(fail(1, name, message=f"is no uncertainty of the study{near}"))
    for name in names:
        if name not in header:
            faults.append(fail(1, name, message="column is missing"))
    for name in names:
        if header.count(name) > 1:
            faults.append(fail(1, name, message="stands twice in the header"))
    rows: list[DesignRow] = []
    for number, line in lines:
        if len(line) != len(header):
            said = f"has {len(line)} cells, the header {len(header)}"
            faults.append(fail(number, "", message=said))
            continue
        values = dict(zip(header, line, strict=True))
        rows.append(tuple(values.get(name) for name in names))
        for uncertainty, value in zip(study.uncertainties, rows[-1], strict=True):
            why = misfit(uncertainty, value)
            if why:
                faults.append(fail(number, uncertainty.name, message=why))
    if faults:
        raise InputError(faults)
    return rows


def _read_list(
    study: StudyFile, path: Path
) -> tuple[list[str], list[tuple[int, list[Value | None]]]]:
    """The header of a CSV file, and the number and the values of each of its lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        said = f"{path.name} cannot be read: {error}; correct the path"
        raise InputError([study.fault(("design", "file"), said)]) from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    rows: list[tuple[int, list[Value | None]]] = []
    for number, line in enumerate(lines[1:], start=2):
        if line:
            rows.append((number, [_value(cell.strip()) for cell in line]))
    return header, rows


def _value(text: str) -> Value | None:
    return parse_value(text) if text else None  # type: ignore[return-value]


def misfit(uncertainty: Uncertainty, value: Value | None) -> str:
    """The reason why a value is none of an uncertainty; '' if it is one, or blank."""
    if value is None:
        return ""
    if uncertainty.values is not None:
        if value in uncertainty.values:
            return ""
        known = [str(one) for one in uncertainty.values]
        near = did_you_mean(str(value), known)
        return f"{value!r} is none of its values, {', '.join(known)}{near}"
    if not is_number(value):
        return f"{value!r} is no number"
    low, high = uncertainty.range or (-np.inf, np.inf)
    if low <= float(str(value)) <= high:
        return ""
    return f"{value} lies outside its range, {low:g} to {high:g}"
