"""What moves an outcome, and where a plan fails: indices with 95 % intervals, and boxes, from the sample of a study.

All but Sobol indices of correlated uncertainties are SALib's. A Sobol or Morris sample falls into blocks
whose members belong together. A block with a missing member is left out whole, and how many were is told: an index
from half a block would be wrong without saying so. Any other sample is ranked by what
each uncertainty explains of the variance once it is known (RBD-FAST: Tarantola, Gatelli and Mara, Reliability
Engineering and System Safety 91, 2006), which holds where uncertainties are correlated too.

Where a plan fails is what a small tree says (CART of scikit-learn). PRIM is a matter of taste of whoever looks: EMA Workbench
takes the tables of a study, as models/studies/REFERENCE.md shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from SALib.analyze import morris as salib_morris
from SALib.analyze import rbd_fast as salib_rbd_fast
from SALib.analyze import sobol as salib_sobol
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeClassifier

from planner.data.cells import is_number
from planner.results.study import Box, Indices, PairIndex, SensitivityIndex, moves
from planner.studies.design import ends, problem
from planner.studies.study_file import (
    LatinHypercube,
    Morris,
    OneAtATime,
    Sobol,
    StudyFile,
    Uncertainty,
)

CONFIDENCE = 0.95
RESAMPLES, HALVES = 200, 100
NORMAL = 1.96
"""Standard deviations within which 95 % of normal values lie."""
ANY_SEED = 20250404
"""Seed of the bootstrap; SALib takes a seed of 0 for none."""
HARMONICS = 10
"""Of the frequencies by which RBD-FAST knows an uncertainty, as SALib has it."""
FEWEST = 60
"""Points from which on a sample of no special kind is ranked."""
Vector = NDArray[np.float64]


def indices(study: StudyFile, rows: pd.DataFrame, outcome: str) -> Indices | None:
    """Indices of an outcome that suit the design; None where the outcome does not move, or the sample is too small."""
    design = study.design
    if not study.uncertainties or isinstance(design, OneAtATime):
        return None
    ordered = rows.sort_values("row")
    found = _estimated(study, ordered, outcome)
    if found is None:
        return None
    size = block_size(study)
    half = len(ordered) // size // 2 * size
    before = _estimated(study, ordered.head(half), outcome) if half else None
    missing = ordered["status"].isna().to_numpy() if "status" in ordered else np.zeros(0, bool)
    not_run = int(missing[: len(missing) // size * size].reshape(-1, size).any(axis=1).sum())
    return replace(found, before=before, not_run=not_run)


def block_size(study: StudyFile) -> int:
    """Rows of the design whose members belong together; 1 in a sample without blocks."""
    count, design = len(study.uncertainties), study.design
    if isinstance(design, Sobol):
        whole = design.second_order or bool(study.correlated)
        return (2 if whole else 1) * count + 2
    return count + 1 if isinstance(design, Morris) else 1


def _estimated(study: StudyFile, ordered: pd.DataFrame, outcome: str) -> Indices | None:
    """Indices from rows in the order of the design."""
    design, names = study.design, [u.name for u in study.uncertainties]
    values = ordered[outcome].to_numpy(dtype=float)
    if isinstance(design, Sobol):
        if study.correlated:
            return correlated_indices(names, values, outcome)
        return sobol_indices(names, values, outcome, design.second_order)
    shares = np.column_stack([_shares(u, ordered[u.name]) for u in study.uncertainties])
    if isinstance(design, Morris):
        return morris_indices(names, shares, values, design.levels, outcome)
    return ranking(names, shares, values, outcome)


def sobol_indices(
    names: Sequence[str], values: Vector, outcome: str = "", second_order: bool = False
) -> Indices | None:
    """First-order and total indices (Saltelli et al. 2010) of values in the order of `sobol_sample`.

    None if the outcome does not move, or if nothing is left.
    """
    size = (2 if second_order else 1) * len(names) + 2
    kept, left_out = _whole_blocks(values, size)
    if not moves(kept):
        return None
    found = salib_sobol.analyze(
        problem(len(names)),
        kept,
        calc_second_order=second_order,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=ANY_SEED,
    )
    rows = _rows(names, found["S1"], found["S1_conf"], found["ST"], found["ST_conf"])
    pairs = [
        PairIndex(names[i], names[j], float(found["S2"][i, j]), float(found["S2_conf"][i, j]))
        for i, j in combinations(range(len(names)), 2)
        if second_order
    ]
    return Indices(outcome, "sobol", rows, len(kept) // size, left_out, tuple(pairs))


def correlated_indices(names: Sequence[str], values: Vector, outcome: str = "") -> Indices | None:
    """The same of a sample with correlated groups (Kucherenko, Tarantola and Annoni 2012): what knowing an uncertainty
    explains, with what it tells of those it moves with; and what is left open if it alone is not known."""
    kept, left_out = _whole_blocks(values, 2 * len(names) + 2)
    if not moves(kept):
        return None
    blocks = (kept - kept.mean()).reshape(
        -1, 2 * len(names) + 2
    )  # a product of what is far from 0 varies far more

    def estimate(drawn: Vector) -> Vector:
        a, b = drawn[:, :1], drawn[:, -1:]
        with_a, with_b = drawn[:, 1 + len(names) : -1], drawn[:, 1 : 1 + len(names)]
        variance = np.var(np.append(a, b))
        found = [(a * (with_a - b)).mean(axis=0), ((a - with_b) ** 2).mean(axis=0) / 2]
        return np.asarray(found, dtype=float) / float(variance)

    generator = np.random.default_rng(ANY_SEED)
    again = [
        estimate(blocks[generator.integers(len(blocks), size=len(blocks))])
        for _ in range(RESAMPLES)
    ]
    (first, total), (first_within, total_within) = estimate(blocks), NORMAL * np.std(again, axis=0)
    rows = _rows(names, first, first_within, total, total_within)
    return Indices(outcome, "sobol", rows, len(blocks), left_out)


def morris_indices(
    names: Sequence[str], shares: Vector, values: Vector, levels: int, outcome: str = ""
) -> Indices | None:
    """Mean absolute elementary effects (Campolongo, Cariboni and Saltelli 2007) of a `morris_sample` and its values."""
    block = len(names) + 1
    kept, left_out = _whole_blocks(values, block)
    if not moves(kept):
        return None
    whole = np.repeat(~np.isnan(values.reshape(-1, block)).any(axis=1), block)
    found = salib_morris.analyze(
        problem(len(names)),
        shares[whole],
        kept,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        num_levels=levels,
        seed=ANY_SEED,
    )
    rows = _rows(names, found["mu"], found["sigma"], found["mu_star"], found["mu_star_conf"])
    return Indices(outcome, "morris", rows, len(kept) // block, left_out)


def ranking(
    names: Sequence[str], shares: Vector, values: Vector, outcome: str = ""
) -> Indices | None:
    """First-order indices from any sample: points x uncertainties and the value of each point.

    Intervals come from random halves of the sample: without a point twice, which RBD-FAST takes for knowledge, an
    estimate from half the points differs from that of all by as much as that of all from the truth (Politis and Romano,
    Annals of Statistics 22, 1994). They are cautious for a Latin hypercube, which is more even than its halves.
    None if the outcome does not move, or fewer than `FEWEST` points are left.
    """
    known = ~(np.isnan(values) | np.isnan(shares).any(axis=1))
    at, kept = shares[known], values[known]
    varied = [i for i in range(len(names)) if np.ptp(at[:, i]) > 0] if len(kept) >= FEWEST else []
    if not varied or not moves(kept):
        return None
    first = _first_order(at[:, varied], kept)
    generator = np.random.default_rng(ANY_SEED)
    halves: list[Vector] = []
    for _ in range(HALVES):
        half = generator.permutation(len(kept))[: len(kept) // 2]
        halves.append(_first_order(at[half][:, varied], kept[half]))
    within = NORMAL * np.sqrt(np.mean((np.asarray(halves) - first) ** 2, axis=0))
    rows = _rows([names[i] for i in varied], first, within, first, within)
    return Indices(outcome, "rbd_fast", rows, len(kept), int((~known).sum()))


def _first_order(at: Vector, values: Vector) -> Vector:
    """First-order indices by RBD-FAST, corrected for their bias: the steps of SALib's `analyze` without its bootstrap."""
    found: list[float] = []
    for column in at.T:
        raw = salib_rbd_fast.compute_first_order(
            salib_rbd_fast.permute_outputs(column, values), HARMONICS
        )
        found.append(salib_rbd_fast.unskew_S1(raw, HARMONICS, len(values)))
    return np.asarray(found, dtype=float)


def regression(names: Sequence[str], shares: Vector, values: Vector) -> pd.DataFrame | None:
    """Standardised regression coefficients of a sample, of the values and of their ranks, with 95 % intervals.

    Columns: uncertainty, coefficient, coefficient_within, rank_coefficient, rank_coefficient_within, r2, rank_r2 (shares
    of the variance that the line explains; below about 0.7 coefficients say little). None if the outcome does not move,
    or fewer than `FEWEST` points are left.
    """
    known = ~(np.isnan(values) | np.isnan(shares).any(axis=1))
    at, kept = shares[known], values[known]
    varied = [i for i in range(len(names)) if np.ptp(at[:, i]) > 0] if len(kept) >= FEWEST else []
    if not varied or not moves(kept):
        return None
    columns: dict[str, Any] = {"uncertainty": [names[i] for i in varied]}
    ranks = rankdata(at[:, varied], axis=0)
    for prefix, x, y in (("", at[:, varied], kept), ("rank_", ranks, rankdata(kept))):
        found, r2 = _line(x, y)
        generator = np.random.default_rng(ANY_SEED)
        again: list[Vector] = []
        for _ in range(RESAMPLES):
            drawn = generator.integers(len(y), size=len(y))
            again.append(_line(x[drawn], y[drawn])[0])
        columns[f"{prefix}coefficient"] = found
        columns[f"{prefix}coefficient_within"] = NORMAL * np.std(again, axis=0)
        columns[f"{prefix}r2"] = r2
    return pd.DataFrame(columns)


def regressed(study: StudyFile, rows: pd.DataFrame, outcome: str) -> pd.DataFrame | None:
    """`regression` of a Latin hypercube; None for another design."""
    if not study.uncertainties or not isinstance(study.design, LatinHypercube):
        return None
    names = [u.name for u in study.uncertainties]
    shares = np.column_stack([_shares(u, rows[u.name]) for u in study.uncertainties])
    return regression(names, shares, rows[outcome].to_numpy(dtype=float))


def _line(x: Vector, y: Vector) -> tuple[Vector, float]:
    """Standardised coefficients of a regression, and the share of the variance that it explains."""
    spread = float(np.std(y)) or 1.0
    scaled = (x - x.mean(axis=0)) / np.std(x, axis=0)
    target = (y - y.mean()) / spread
    found = np.asarray(np.linalg.lstsq(scaled, target, rcond=None)[0], dtype=float)
    return found, float(1.0 - np.var(target - scaled @ found))


def _rows(names: Sequence[str], *columns: Vector) -> tuple[SensitivityIndex, ...]:
    rows = zip(
        names, *(np.asarray(column, dtype=float).tolist() for column in columns), strict=True
    )
    return tuple(SensitivityIndex(*row) for row in rows)


def _whole_blocks(values: Vector, size: int) -> tuple[Vector, int]:
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    return blocks[whole].ravel(), int((~whole).sum())


def _shares(uncertainty: Uncertainty, values: pd.Series[float]) -> Vector:
    """Values of a range as shares of it; listed values by position; NaN for what is neither."""
    if uncertainty.values is not None:
        places = {str(v): place for place, v in enumerate(uncertainty.values)}
        places |= {
            str(float(str(v))): places[str(v)] for v in uncertainty.values if is_number(v)
        }  # as a column has it
        return np.array([places.get(str(v), np.nan) for v in values]) / max(
            len(uncertainty.values) - 1, 1
        )
    low, high = (float(str(end)) for end in ends(uncertainty))
    return np.asarray((values.to_numpy(dtype=float) - low) / (high - low), dtype=float)


Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
SMALLEST = 0.05
"""Least share of the points that a leaf holds."""
LEAVES = 6


def cart(names: Sequence[str], at: Matrix, failed: Flags) -> Box | None:
    """The leaf of a small tree that finds most failures for its purity (harmonic mean of density and coverage)."""
    if failed.all() or not failed.any():
        return None
    least = max(2, int(np.ceil(SMALLEST * len(at))))
    tree = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0
    ).fit(at, failed)
    boxes = [
        _box(names, limits, _within(limits, at), failed)
        for limits in _leaves(tree.tree_, 0, _no_limits(at))
    ]
    return max(boxes, key=_harmonic)


def _harmonic(box: Box) -> float:
    return 2 * box.density * box.coverage / max(box.density + box.coverage, 1e-12)


def _leaves(tree: Any, node: int, limits: Matrix) -> Iterator[Matrix]:
    """Limits (low, high) of each axis, by leaf below a node."""
    if tree.children_left[node] < 0:
        yield limits
        return
    for side, child in ((1, tree.children_left[node]), (0, tree.children_right[node])):
        narrower = limits.copy()
        narrower[tree.feature[node], side] = tree.threshold[node]
        yield from _leaves(tree, child, narrower)


def _no_limits(at: Matrix) -> Matrix:
    return np.tile([-np.inf, np.inf], (at.shape[1], 1))


def _within(limits: Matrix, at: Matrix) -> Flags:
    return np.asarray(((at > limits[:, 0]) & (at < limits[:, 1])).all(axis=1))


def _box(names: Sequence[str], limits: Matrix, inside: Flags, failed: Flags) -> Box:
    hit = int((inside & failed).sum())
    told = tuple(
        (n, float(low), float(high))
        for n, (low, high) in zip(names, limits, strict=True)
        if np.isfinite([low, high]).any()
    )
    return Box(
        told,
        hit / max(int(inside.sum()), 1),
        hit / max(int(failed.sum()), 1),
        int(inside.sum()),
        hit,
    )
