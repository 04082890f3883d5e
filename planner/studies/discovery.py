"""Scenario discovery: where in the space of uncertainties a plan fails, in two ways side by side.

CART (scikit-learn) splits the whole space. PRIM peels a box (Friedman and Fisher, Bump hunting in high-dimensional
data, Statistics and Computing 9, 1999; used for this end by Bryant and Lempert, Technological Forecasting and Social
Change 77, 2010): a twentieth of the points at a time, from the side where that raises the share of failures most. Then
it pastes back what was peeled too much. Every box on the way is a choice between coverage and density.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from planner.results.study import Box

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
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0).fit(at, failed)
    boxes = [_box(names, limits, _within(limits, at), failed) for limits in _leaves(tree.tree_, 0, _no_limits(at))]
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
        for side, at_edge, beyond in ((0, values[step - 1], values[step]), (1, values[-step], values[-step - 1])):
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
    return Box(told, hit / max(int(inside.sum()), 1), hit / max(int(failed.sum()), 1), int(inside.sum()), hit)
