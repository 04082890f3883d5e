"""Intervals of a study: how often they hold the truth on functions whose answers are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.results.study import Indices
from planner.studies.design import latin_hypercube, morris_sample, sobol_sample
from planner.studies.sensitivity import morris_indices, ranking, sobol_indices
from tests.cases import LONG

Vector = NDArray[np.float64]
NAMES = ["x1", "x2", "x3"]


def ishigami(shares: Vector) -> Vector:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3 (Ishigami and Homma 1990)."""
    x1, x2, x3 = ((2 * shares - 1) * np.pi).T
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))


def by_sobol(seed: int) -> Indices | None:
    return sobol_indices(NAMES, ishigami(sobol_sample(64, 3, seed)))


def by_effects(seed: int) -> Indices | None:
    shares = morris_sample(20, 3, 4, seed)
    return morris_indices(NAMES, shares, ishigami(shares), levels=4)


def by_ranking(seed: int) -> Indices | None:
    shares = latin_hypercube(128, 3, seed)
    return ranking(NAMES, shares, ishigami(shares))


STEPS = (1.5 * 0.866 * 5.93, 1.5 * 7 * 0.75, 1.5 * 0.1 * (np.pi**4 - (np.pi / 3) ** 4) * 0.433)
"""Mean absolute effects of the Ishigami function on four levels, by hand as in `test_sensitivity`."""


@pytest.mark.parametrize(
    ("by", "truth"),
    [
        (by_sobol, (0.5576, 0.4424, 0.2437)),
        (by_effects, STEPS),
        (by_ranking, (0.3139, 0.4424, 0.0)),
    ],
)
def test_intervals_of_indices_cover_at_least_what_they_state(
    by: Callable[[int], Indices | None], truth: tuple[float, ...]
) -> None:
    """Intervals of 95 % hold the truth in 90 % at least; those of Sobol and RBD-FAST are cautious, and hold it in more.

    A quick run has eight repetitions.
    """
    repetitions = 200 if LONG else 8
    covers = np.zeros(3)
    for seed in range(repetitions):
        found = by(seed)
        assert found is not None
        for place, (row, exact) in enumerate(zip(found.rows, truth, strict=True)):
            covers[place] += abs(row.total - exact) <= row.total_within + 0.005 * exact
    shares = covers / repetitions
    assert shares.min() >= (0.90 if LONG else 0.7), shares
