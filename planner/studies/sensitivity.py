"""What moves an outcome, and where a plan fails: indices with 95 % intervals, and boxes, from the sample of a study.

Indices are SALib's. A Sobol sample falls into blocks
whose members belong together. A block with a missing member is left out whole, and how many were is told: an index
from half a block would be wrong without saying so. Any other sample is ranked by what
each uncertainty explains of the variance once it is known (RBD-FAST: Tarantola, Gatelli and Mara, Reliability
Engineering and System Safety 91, 2006).

Where a plan fails is what a small tree says (CART of scikit-learn). PRIM is a matter of taste of whoever looks: EMA Workbench
takes the tables of a study.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.cells import is_number
from planner.late import late, missing
from planner.results.study import Box, Indices, SensitivityIndex, moves
from planner.studies.design import numeric_ends, problem
from planner.studies.study_file import OneAtATime, Sobol, StudyFile

CONFIDENCE = 0.95
FEWEST = 60
"""Points from which on a sample of no special kind is ranked."""
RESAMPLES, HALVES = 200, 100
NORMAL = 1.96
"""Standard deviations within which 95 % of normal values lie."""
ANY_SEED = 20250404
"""Seed of the bootstrap; SALib takes a seed of 0 for none."""
HARMONICS = 10
"""Of the frequencies by which RBD-FAST knows an uncertainty, as SALib has it."""
Vector = NDArray[np.float64]


def indices(study: StudyFile, rows: pd.DataFrame, outcome: str) -> Indices | None:
    """Indices of an outcome that suit the design; None where the outcome does not move, the sample is too small, or SALib is
    not installed."""
    design = study.design
    if not study.uncertainties or isinstance(design, OneAtATime) or missing("SALib"):
        return None
    ordered = rows.sort_values("row")
    values = ordered[outcome].to_numpy(dtype=float)
    if isinstance(design, Sobol):
        return sobol_indices(study.names, values, outcome)
    return ranking(study.names, _shares(study, ordered), values, outcome)


def sobol_indices(names: Sequence[str], values: Vector, outcome: str = "") -> Indices | None:
    """First-order and total indices (Saltelli et al. 2010) of values in the order of `sobol_sample`.

    None if the outcome does not move, or if nothing is left.
    """
    size = len(names) + 2
    kept, left_out = _whole_blocks(values, size)
    if not moves(kept):
        return None
    found = late("SALib.analyze.sobol").analyze(
        problem(len(names)),
        kept,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=ANY_SEED,
    )
    first = (found["S1"], found["S1_conf"])
    total = (found["ST"], found["ST_conf"])
    rows = _rows(names, first, total)
    used = len(kept) // size
    return Indices(outcome=outcome, kind="sobol", rows=rows, used=used, left_out=left_out)


def _known_points(
    names: Sequence[str], shares: Vector, values: Vector
) -> tuple[list[str], Vector, Vector] | None:
    """The uncertainties that vary, and their shares and the values at points of which all is known.

    None if the outcome does not move, or fewer than `FEWEST` points are left.
    """
    known = ~(np.isnan(values) | np.isnan(shares).any(axis=1))
    at, kept = shares[known], values[known]
    if len(kept) < FEWEST or not moves(kept):
        return None
    varied = np.ptp(at, axis=0) > 0
    if not varied.any():
        return None
    return list(compress(names, varied)), at[:, varied], kept


def ranking(
    names: Sequence[str], shares: Vector, values: Vector, outcome: str = ""
) -> Indices | None:
    """First-order indices from any sample: points x uncertainties and the value of each point.

    Intervals come from random halves of the sample: without a point twice, which RBD-FAST takes for knowledge, an
    estimate from half the points differs from that of all by as much as that of all from the truth (Politis and Romano,
    Annals of Statistics 22, 1994). They are cautious for a Latin hypercube, which is more even than its halves.
    None if the outcome does not move, or fewer than `FEWEST` points are left.
    """
    known = _known_points(names, shares, values)
    if known is None:
        return None
    varied, at, kept = known
    first = _first_order(at, kept)
    generator = np.random.default_rng(ANY_SEED)
    halves: list[Vector] = []
    for _ in range(HALVES):
        half = generator.permutation(len(kept))[: len(kept) // 2]
        halves.append(_first_order(at[half], kept[half]))
    apart = np.mean((np.asarray(halves) - first) ** 2, axis=0)
    within = NORMAL * np.sqrt(apart)
    rows = _rows(varied, (first, within), (first, within))
    used = len(kept)
    left_out = len(values) - used
    return Indices(outcome=outcome, kind="rbd_fast", rows=rows, used=used, left_out=left_out)


def _first_order(at: Vector, values: Vector) -> Vector:
    """First-order indices by RBD-FAST, corrected for their bias: the steps of SALib's `analyze` without its bootstrap."""
    salib = late("SALib.analyze.rbd_fast")
    found: list[float] = []
    for column in at.T:
        ordered = salib.permute_outputs(column, values)
        raw = salib.compute_first_order(ordered, HARMONICS)
        found.append(salib.unskew_S1(raw, HARMONICS, len(values)))
    return np.asarray(found, dtype=float)


def _rows(
    names: Sequence[str], first: tuple[Vector, Vector], total: tuple[Vector, Vector]
) -> tuple[SensitivityIndex, ...]:
    """Indices by uncertainty, of two kinds, each with its half-widths."""
    found: list[SensitivityIndex] = []
    for place, name in enumerate(names):
        index = SensitivityIndex(
            name=name,
            first=float(first[0][place]),
            first_within=float(first[1][place]),
            total=float(total[0][place]),
            total_within=float(total[1][place]),
        )
        found.append(index)
    return tuple(found)


def _whole_blocks(values: Vector, size: int) -> tuple[Vector, int]:
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    return blocks[whole].ravel(), int((~whole).sum())


def _shares(study: StudyFile, rows: pd.DataFrame) -> Vector:
    """Rows as shares (points x uncertainties): of a range, or of a list by position; NaN for what is neither."""
    columns: list[Vector] = []
    for uncertainty in study.uncertainties:
        values = rows[uncertainty.name]
        if uncertainty.values is None:
            low, high = numeric_ends(uncertainty)
            columns.append((values.to_numpy(dtype=float) - low) / (high - low))
            continue
        places: dict[str, int] = {}
        for place, value in enumerate(uncertainty.values):
            places[str(value)] = place
            if is_number(value):
                places[str(float(str(value)))] = place  # as a column has it
        found = values.astype(str).map(places)
        columns.append(found.to_numpy(dtype=float) / max(len(uncertainty.values) - 1, 1))
    return np.column_stack(columns)


Flags = NDArray[np.bool_]
SMALLEST = 0.05
"""Least share of the points that a leaf holds."""
LEAVES = 6


def cart(names: Sequence[str], at: Vector, failed: Flags) -> Box | None:
    """The leaf of a small tree that finds most failures for its purity (harmonic mean of density and coverage)."""
    if failed.all() or not failed.any() or missing("sklearn"):
        return None
    least = max(2, int(np.ceil(SMALLEST * len(at))))
    trees = late("sklearn.tree")
    tree = trees.DecisionTreeClassifier(
        max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0
    )
    tree.fit(at, failed)
    everywhere = np.tile([-np.inf, np.inf], (at.shape[1], 1))
    boxes: list[Box] = []
    for limits in _leaves(tree.tree_, 0, everywhere):
        boxes.append(_box(names, limits, at, failed))
    return max(boxes, key=_harmonic)


def _harmonic(box: Box) -> float:
    return 2 * box.density * box.coverage / max(box.density + box.coverage, 1e-12)


def _leaves(tree: Any, node: int, limits: Vector) -> Iterator[Vector]:
    """Limits (low, high) of each axis, by leaf below a node."""
    if tree.children_left[node] < 0:
        yield limits
        return
    for side, child in ((1, tree.children_left[node]), (0, tree.children_right[node])):
        narrower = limits.copy()
        narrower[tree.feature[node], side] = tree.threshold[node]
        yield from _leaves(tree, child, narrower)


def _box(names: Sequence[str], limits: Vector, at: Vector, failed: Flags) -> Box:
    """The points within limits (low, high) of each axis, and how many of them fail."""
    within = (at > limits[:, 0]) & (at < limits[:, 1])
    inside = within.all(axis=1)
    count = int(inside.sum())
    hit = int((inside & failed).sum())
    all_hits = int(failed.sum())
    limited: list[tuple[str, float, float]] = []
    for name, (low, high) in zip(names, limits.tolist(), strict=True):
        if np.isfinite([low, high]).any():
            limited.append((name, low, high))
    return Box(
        limits=tuple(limited),
        density=hit / max(count, 1),
        coverage=hit / max(all_hits, 1),
        inside=count,
        failures=hit,
    )
