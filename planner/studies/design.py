"""Which points are run: a table with a column per uncertainty and lever. An empty cell is the case as it is.

Samples of the unit cube are drawn by SciPy and SALib, each with an explicit seed, and become values of an uncertainty
by its inverse distribution function.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from SALib.sample import morris as salib_morris
from SALib.sample import sobol as salib_sobol
from scipy import stats
from scipy.stats import norm

from planner.config import parse_value
from planner.data.cells import is_number
from planner.errors import Fault, InputError, did_you_mean, fault
from planner.studies.points import DesignRow
from planner.studies.study_file import (
    FrontierDesign,
    Grid,
    LatinHypercube,
    Morris,
    OneAtATime,
    PointList,
    Sobol,
    StudyFile,
    Uncertainty,
    Value,
    normal_correlation,
)

Samples = NDArray[np.float64]
OPEN_ENDS = (0.05, 0.95)
"""Quantiles that stand for the ends of a distribution without a range."""
TINY = 1e-12
"""Share that stands for none, where none lies at infinity."""
ROUND = 12
"""Digits kept, so that a value means the same point however it was computed."""


def quantiles(uncertainty: Uncertainty, shares: Samples) -> list[Value]:
    """The value of each share."""
    if uncertainty.values is not None:
        count = len(uncertainty.values)
        return [uncertainty.values[min(int(share * count), count - 1)] for share in shares.tolist()]
    return [_rounded(value) for value in _numbers(uncertainty, shares).tolist()]


def _numbers(uncertainty: Uncertainty, shares: Samples) -> Samples:
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
    found = stats.truncnorm.ppf(shares, (low - mean) / spread, (high - mean) / spread, mean, spread)
    return np.asarray(np.exp(found) if logarithmic else found)


def ends(uncertainty: Uncertainty) -> tuple[Value, Value]:
    """Lowest and highest value of a range, or the quantiles that stand for them."""
    if uncertainty.range is not None:
        return uncertainty.range[0], uncertainty.range[1]
    low, high = quantiles(uncertainty, np.array(OPEN_ENDS))
    return low, high


def levels(uncertainty: Uncertainty, count: int) -> Sequence[Value]:
    """`count` values from end to end, or all values where they are listed."""
    if uncertainty.values is not None:
        return uncertainty.values
    low, high = ends(uncertainty)
    return [
        _rounded(value) for value in np.linspace(float(str(low)), float(str(high)), count).tolist()
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.{ROUND}g}")


Groups = Sequence[tuple[Sequence[int], float]]
"""(axes, rank correlation of each pair of them)."""
FEWEST_HALVED = 8
"""Points from which on half of a Latin hypercube is one too."""


def latin_hypercube(points: int, count: int, seed: int, groups: Groups = ()) -> Samples:
    """points x count shares, one in each of `points` layers of every axis; the first half is the hypercube of half the
    points, where that is even: the other half takes the layers that are left when each is cut in two.

    Correlation re-orders the columns of what is added and leaves the layers as they are
    (Iman and Conover, A distribution-free approach to inducing rank correlation, Comm. Stat. B 11, 1982).
    """
    grown = points % 2 == 0 and points >= 2 * FEWEST_HALVED
    before = latin_hypercube(points // 2, count, seed, groups) if grown else np.empty((0, count))
    generator, more = np.random.default_rng([seed, points]), points - len(before)
    fresh = np.empty((more, count))
    for axis in range(count):
        left = np.setdiff1d(np.arange(points), (before[:, axis] * points).astype(int))
        fresh[:, axis] = (generator.permutation(left) + generator.random(more)) / points
    scores = norm.ppf(np.arange(1, more + 1) / (more + 1))
    for axes, correlation in groups:
        mixed = np.column_stack([generator.permutation(scores) for _ in axes])
        if more > 2 * len(axes):  # fewer may be on one line by chance
            mixed = mixed @ np.linalg.inv(np.linalg.cholesky(np.corrcoef(mixed, rowvar=False))).T
        mixed = (
            mixed @ np.linalg.cholesky(correlations(len(axes), [(range(len(axes)), correlation)])).T
        )
        for position, axis in enumerate(axes):
            fresh[:, axis] = np.sort(fresh[:, axis])[mixed[:, position].argsort().argsort()]
    return np.vstack([before, fresh])


def correlations(count: int, groups: Groups) -> Samples:
    """count x count: how normal quantities are correlated whose ranks are correlated as in the groups."""
    found = np.eye(count)
    for axes, correlation in groups:
        found[np.ix_(axes, axes)] += normal_correlation(correlation) * (1 - np.eye(len(axes)))
    return found


def problem(count: int) -> dict[str, Any]:
    """SALib's description of the unit cube."""
    return {
        "num_vars": count,
        "names": [f"x{i}" for i in range(count)],
        "bounds": [[0.0, 1.0]] * count,
    }


def sobol_sample(
    points: int, count: int, seed: int, second_order: bool = False, groups: Groups = ()
) -> Samples:
    """Saltelli's sample in blocks: a point a, a with each coordinate in turn from another point b, with second order or
    groups b with each from a, and b: points * (count + 2) or points * (2 * count + 2) rows.

    With groups what comes from b is drawn given what comes from a (Kucherenko, Tarantola and Annoni, Estimation of
    global sensitivity indices for models with dependent variables, Computer Physics Communications 183, 2012).
    """
    whole = second_order or bool(groups)
    shares = np.asarray(
        salib_sobol.sample(problem(count), points, calc_second_order=whole, seed=seed)
    )
    if not groups:
        return shares
    blocks = norm.ppf(np.clip(shares, TINY, 1 - TINY)).reshape(points, 2 * count + 2, count)
    joint = correlations(count, groups)
    a, free = blocks[:, 0] @ np.linalg.cholesky(joint).T, blocks[:, -1].copy()
    blocks[:, 0], blocks[:, -1] = a, free @ np.linalg.cholesky(joint).T
    for i in range(count):
        for block, given in ((1 + i, [j for j in range(count) if j != i]), (1 + count + i, [i])):
            drawn = [j for j in range(count) if j not in given]
            weights = np.linalg.solve(joint[np.ix_(given, given)], joint[np.ix_(given, drawn)])
            left = joint[np.ix_(drawn, drawn)] - joint[np.ix_(drawn, given)] @ weights
            blocks[:, block, given] = a[:, given]
            blocks[:, block, drawn] = (
                a[:, given] @ weights + free[:, drawn] @ np.linalg.cholesky(left).T
            )
    return np.asarray(norm.cdf(blocks.reshape(-1, count)))


def morris_sample(trajectories: int, count: int, levels: int, seed: int) -> Samples:
    """Trajectories of elementary effects, each drawn by itself: trajectories * (count + 1) rows."""
    seeds = np.random.SeedSequence(seed).generate_state(trajectories).tolist()
    drawn = [salib_morris.sample(problem(count), 1, num_levels=levels, seed=one) for one in seeds]
    return np.vstack(drawn)


MOST_POINTS = 1_000_000


def design(study: StudyFile, folder: Path) -> list[DesignRow]:
    """The rows of the design of a study: uncertainties, then levers. `folder`: where the study file is.

    Raises InputError.
    """
    rows = _uncertain(study, folder)
    combinations = list(
        itertools.product(*([option.label for option in lever.options] for lever in study.levers))
    )
    if (count := len(rows) * len(combinations)) > MOST_POINTS:
        raise InputError(
            [
                study.fault(
                    ("design",), f"has {count:,} points, more than {MOST_POINTS:,}", "study-size"
                )
            ]
        )
    if not rows:
        raise InputError(
            [study.fault(("design",), "has no points; give the list at least one line")]
        )
    return [(*row, *chosen) for chosen in combinations for row in rows]


def _uncertain(study: StudyFile, folder: Path) -> Sequence[DesignRow]:
    given = study.design
    if not study.uncertainties:
        return [()]
    if isinstance(given, OneAtATime):
        return _one_at_a_time(study, given.levels)
    if isinstance(given, Grid):
        return _grid(study, given)
    if isinstance(given, PointList):
        return _listed(study, given, folder)
    if isinstance(given, FrontierDesign):
        raise InputError(
            [study.fault(("design",), "a frontier has one axis, money; remove the uncertainties")]
        )
    count, names = len(study.uncertainties), [u.name for u in study.uncertainties]
    groups = [([names.index(m) for m in g.members], g.correlation) for g in study.correlated]
    if isinstance(given, LatinHypercube):
        shares = latin_hypercube(given.points, count, given.seed, groups)
    elif isinstance(given, Sobol):
        shares = sobol_sample(given.points, count, given.seed, given.second_order, groups)
    elif isinstance(given, Morris):
        return _morris(study, given)
    columns = [quantiles(u, shares[:, i]) for i, u in enumerate(study.uncertainties)]
    return list(zip(*columns, strict=True))


def _morris(study: StudyFile, given: Morris) -> list[DesignRow]:
    shares = morris_sample(given.trajectories, len(study.uncertainties), given.levels, given.seed)
    columns = []
    for i, u in enumerate(study.uncertainties):
        # Elementary effects are taken along the range, so its ends are reached; listed values by position.
        low, high = (0.0, 1.0) if u.values is not None else (float(str(end)) for end in ends(u))
        along = [float(f"{low + share * (high - low):.12g}") for share in shares[:, i].tolist()]
        columns.append(quantiles(u, np.array(along)) if u.values is not None else along)
    return list(zip(*columns, strict=True))


def _one_at_a_time(study: StudyFile, count: int) -> list[DesignRow]:
    base: list[Value | None] = [None] * len(study.uncertainties)
    rows: list[DesignRow] = [tuple(base)]
    for i, uncertainty in enumerate(study.uncertainties):
        rows.extend((*base[:i], value, *base[i + 1 :]) for value in levels(uncertainty, count))
    return rows


def _grid(study: StudyFile, given: Grid) -> list[DesignRow]:
    axes = [levels(u, given.levels) for u in study.uncertainties]
    count = int(np.prod([len(axis) for axis in axes], dtype=float))
    if count > MOST_POINTS:
        said = f"make {count:,} points, more than {MOST_POINTS:,}"
        raise InputError([study.fault(("design", "levels"), said, "study-size")])
    rows: list[DesignRow] = list(itertools.product(*axes))
    if given.fraction == 1.0:
        return rows
    kept = np.random.default_rng(given.seed).choice(
        count, size=max(1, round(count * given.fraction)), replace=False
    )
    return [rows[i] for i in sorted(kept.tolist())]


def _listed(study: StudyFile, given: PointList, folder: Path) -> list[DesignRow]:
    """The rows of a list: those of its file, or those it holds itself."""
    names = [u.name for u in study.uncertainties]
    if given.rows is None:
        place = Path(given.file).name
        header, lines = _read_list(study, folder / given.file)
    else:
        place = "rows"
        header = list(dict.fromkeys(name for row in given.rows for name in row))
        lines = [(n, [row.get(name) for name in header]) for n, row in enumerate(given.rows, 1)]
    fail = partial(fault, "study-list", place)
    faults: list[Fault] = []
    for name in header:
        if name not in names:
            near = did_you_mean(name, names)
            faults.append(fail(1, name, f"is no uncertainty of the study{near}"))
    faults += [fail(1, name, "column is missing") for name in names if name not in header]
    twice_named = [name for name in names if header.count(name) > 1]
    faults += [fail(1, name, "stands twice in the header") for name in twice_named]
    rows: list[DesignRow] = []
    for number, line in lines:
        if len(line) != len(header):
            faults.append(fail(number, "", f"has {len(line)} cells, the header {len(header)}"))
            continue
        cells = dict(zip(header, line, strict=True))
        rows.append(tuple(cells.get(name) for name in names))
        for uncertainty, value in zip(study.uncertainties, rows[-1], strict=True):
            why = misfit(uncertainty, value) if value is not None else ""
            if why:
                faults.append(fail(number, uncertainty.name, why))
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


def misfit(uncertainty: Uncertainty, value: Value) -> str:
    """Why a value is none of an uncertainty; '' if it is one."""
    if uncertainty.values is not None:
        known = [str(v) for v in uncertainty.values]
        wrong = value not in uncertainty.values
        return (
            f"{value!r} is none of its values, {', '.join(known)}{did_you_mean(str(value), known)}"
            if wrong
            else ""
        )
    if not is_number(value):
        return f"{value!r} is no number"
    low, high = uncertainty.range or (-np.inf, np.inf)
    return (
        ""
        if low <= float(str(value)) <= high
        else f"{value} lies outside its range, {low:g} to {high:g}"
    )
