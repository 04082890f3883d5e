"""What moves an outcome, and where a plan fails: indices with 95 % intervals, and boxes, from the sample of a study.

All but Sobol indices of correlated uncertainties are SALib's. A Sobol or Morris sample falls into blocks
whose members belong together. A block with a missing member is left out whole, and how many were is told: an index
from half a block would be wrong without saying so. Any other sample is ranked by what
each uncertainty explains of the variance once it is known (RBD-FAST: Tarantola, Gatelli and Mara, Reliability
Engineering and System Safety 91, 2006), which holds where uncertainties are correlated too.

Where it fails is looked for in two ways side by side. CART (scikit-learn) splits the whole space. PRIM peels a box
(Friedman and Fisher, Bump hunting in high-dimensional data, Statistics and Computing 9, 1999; used for this end by
Bryant and Lempert, Technological Forecasting and Social Change 77, 2010): a twentieth of the points at a time, from the
side where that raises the share of failures most. Then it pastes back what was peeled too much. Every box on the way is
a choice between coverage and density.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from SALib.analyze import morris as salib_morris
from SALib.analyze import rbd_fast as salib_rbd_fast
from SALib.analyze import sobol as salib_sobol
from sklearn.tree import DecisionTreeClassifier

from planner.data.cells import is_number
from planner.results.study import Box, Indices, PairIndex, SensitivityIndex, moves
from planner.studies.design import ends, problem
from planner.studies.study_file import Morris, OneAtATime, Sobol, StudyFile, Uncertainty

CONFIDENCE = 0.95
RESAMPLES = 200
ANY_SEED = 20250404
"""Seed of the bootstrap; SALib takes a seed of 0 for none."""
FEWEST = 60
"""Points from which on a sample of no special kind is ranked."""
Vector = NDArray[np.float64]


def indices(study: StudyFile, rows: pd.DataFrame, outcome: str) -> Indices | None:
    """Indices of an outcome that suit the design; None where the outcome does not move, or the sample is too small."""
    design, names = study.design, [u.name for u in study.uncertainties]
    if not names or isinstance(design, OneAtATime):
        return None
    ordered = rows.sort_values("row")
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
    (first, total), (first_within, total_within) = estimate(blocks), 1.96 * np.std(again, axis=0)
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

    None if the outcome does not move, or fewer than `FEWEST` points are left.
    """
    known = ~(np.isnan(values) | np.isnan(shares).any(axis=1))
    at, kept = shares[known], values[known]
    varied = [i for i in range(len(names)) if np.ptp(at[:, i]) > 0] if len(kept) >= FEWEST else []
    if not varied or not moves(kept):
        return None
    found = salib_rbd_fast.analyze(
        problem(len(varied)),
        at[:, varied],
        kept,
        num_resamples=RESAMPLES,
        conf_level=CONFIDENCE,
        seed=ANY_SEED,
    )
    of, columns = [names[i] for i in varied], (found["S1"], found["S1_conf"])
    return Indices(
        outcome, "rbd_fast", _rows(of, *columns, *columns), len(kept), int((~known).sum())
    )


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
PEEL, SMALLEST = 0.05, 0.05
"""Share of the points peeled or pasted at a time, and the least share that a box or a leaf holds."""
LEAVES = 6
WORTH_SAYING = 0.97
"""A limit is left out if the box is at least this good without it."""


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


def prim(names: Sequence[str], at: Matrix, failed: Flags) -> tuple[Box | None, tuple[Box, ...]]:
    """The box with the best harmonic mean of density and coverage, pasted and without limits that it needs not; and all
    boxes on the peeling path, from the whole space on. No box where nothing fails, or everything."""
    if failed.all() or not failed.any():
        return None, ()
    path = list(_peeled(at, failed))
    boxes = [_box(names, limits, inside, failed) for limits, inside in path]
    best = int(np.argmax([_harmonic(box) for box in boxes]))
    limits = _simpler(_pasted(path[best][0], names, at, failed), names, at, failed)
    box = _box(names, limits, _within(limits, at), failed)
    return box if box.limits else None, tuple(boxes)


def _no_limits(at: Matrix) -> Matrix:
    return np.tile([-np.inf, np.inf], (at.shape[1], 1))


def _peeled(at: Matrix, failed: Flags) -> Iterator[tuple[Matrix, Flags]]:
    """Limits and the points within them, from all of them on."""
    limits, inside = _no_limits(at), np.ones(len(at), dtype=bool)
    while True:
        yield limits.copy(), inside
        peeled = _peel(at, failed, inside) if inside.sum() > max(2, SMALLEST * len(at)) else None
        if peeled is None:
            return
        axis, side, cut, inside = peeled
        limits[axis, side] = cut


def _peel(at: Matrix, failed: Flags, inside: Flags) -> tuple[int, int, float, Flags] | None:
    """The peel that leaves the highest share of failures: (axis, 0 low or 1 high side, cut, points left)."""
    found: tuple[int, int, float, Flags] | None = None
    highest = failed[inside].mean()
    for axis in range(at.shape[1]):
        values = np.sort(at[inside, axis])
        step = max(1, int(PEEL * len(values)))
        for side, at_edge, beyond in (
            (0, values[step - 1], values[step]),
            (1, values[-step], values[-step - 1]),
        ):
            cut = float((at_edge + beyond) / 2)
            left = inside & (at[:, axis] > cut if side == 0 else at[:, axis] < cut)
            if 0 < left.sum() < inside.sum() and failed[left].mean() > highest:
                highest, found = failed[left].mean(), (axis, side, cut, left)
    return found


def _pasted(limits: Matrix, names: Sequence[str], at: Matrix, failed: Flags) -> Matrix:
    """The limits with sides moved out for as long as that makes the box better."""
    while True:
        inside = _within(limits, at)
        step, tried = max(1, int(PEEL * inside.sum() / 2)), [limits]
        for axis, side in zip(*np.nonzero(np.isfinite(limits)), strict=True):
            wider = limits.copy()
            wider[axis, side] = -np.inf if side == 0 else np.inf
            values = np.sort(at[_within(wider, at) & ~inside, axis])[:: -1 if side == 0 else 1]
            if len(values) > step:
                wider[axis, side] = (values[step - 1] + values[step]) / 2
            tried.append(wider)
        best = max(tried, key=lambda one: round(_worth(one, names, at, failed), 12))
        if best is limits:
            return limits
        limits = best


def _within(limits: Matrix, at: Matrix) -> Flags:
    return np.asarray(((at > limits[:, 0]) & (at < limits[:, 1])).all(axis=1))


def _simpler(limits: Matrix, names: Sequence[str], at: Matrix, failed: Flags) -> Matrix:
    """The limits without those that the box is no worse without: a peel may have followed chance."""
    for axis in sorted(range(len(names)), key=lambda axis: names[axis]):
        for given_up in ([1], [0], [0, 1]):
            fewer = limits.copy()
            fewer[axis, given_up] = np.array([-np.inf, np.inf])[given_up]
            if _worth(fewer, names, at, failed) >= _worth(limits, names, at, failed) * WORTH_SAYING:
                limits = fewer
    return limits


def _worth(limits: Matrix, names: Sequence[str], at: Matrix, failed: Flags) -> float:
    return _harmonic(_box(names, limits, _within(limits, at), failed))


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
