"""Intervals of a study: how often they hold the truth on functions whose answers are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from planner.results.study import Indices
from planner.studies.design import latin_hypercube, morris_sample, sobol_sample
from planner.studies.regression import regression
from planner.studies.sensitivity import morris_indices, ranking, sobol_indices
from tests.cases import LONG, long_run

Vector = NDArray[np.float64]
Function = Callable[[Vector, np.random.Generator], Vector]
NAMES = ["x1", "x2", "x3"]
REPETITIONS = 200 if LONG else 60
SLACK = 0.0 if LONG else 0.06
"""By which a share of 60 repetitions may differ from that of 200."""


def ishigami(shares: Vector, _: object = None) -> Vector:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3 (Ishigami and Homma 1990)."""
    x1, x2, x3 = ((2 * shares - 1) * np.pi).T
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))


def line_with_noise(shares: Vector, generator: np.random.Generator) -> Vector:
    """4 x1 - 3 x2 + x3 / 2, and noise of a standard deviation of 0.7."""
    noise = 0.7 * generator.normal(size=len(shares))
    return np.asarray(shares @ [4.0, -3.0, 0.5] + noise)


def bent_with_noise(shares: Vector, generator: np.random.Generator) -> Vector:
    """exp(2 x1) + exp(x2 x3), and exponential noise: skewed, with a part that two make together."""
    x1, x2, x3 = shares.T
    return np.asarray(np.exp(2 * x1) + np.exp(x2 * x3) + generator.exponential(size=len(shares)))


FUNCTIONS: dict[str, Function] = {
    "ishigami": ishigami,
    "line_with_noise": line_with_noise,
    "bent_with_noise": bent_with_noise,
}


def coefficients(found: pd.DataFrame | None) -> tuple[Vector, Vector]:
    """Coefficients and half-widths of a regression, of values and of ranks one after the other."""
    assert found is not None
    values = found[["coefficient", "rank_coefficient"]].to_numpy().T.ravel()
    within = found[["coefficient_within", "rank_coefficient_within"]].to_numpy().T.ravel()
    return values, within


def correlations_with(shares: Vector, values: Vector) -> Vector:
    """The coefficients of independent uncertainties: their correlations with values, then with ranks of values."""
    found: list[float] = []
    for answer in (values, rankdata(values)):
        found += [float(np.corrcoef(column, answer)[0, 1]) for column in shares.T]
    return np.array(found)


@pytest.mark.parametrize("points", [64, pytest.param(128, marks=long_run)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_intervals_of_a_regression_cover_what_they_state(name: str, points: int) -> None:
    """Intervals of 95 % hold the truth in 90 to 98 % of 200 Latin hypercubes, and are as wide as the estimates spread."""
    function, generator = FUNCTIONS[name], np.random.default_rng(0)
    many = generator.random((200_000, 3))
    truth = correlations_with(many, function(many, generator))
    estimates: list[Vector] = []
    widths: list[Vector] = []
    for seed in range(REPETITIONS):
        shares = latin_hypercube(points, 3, seed)
        values, within = coefficients(regression(NAMES, shares, function(shares, generator)))
        estimates.append(values)
        widths.append(within)
    covers = (np.abs(np.array(estimates) - truth) <= widths).mean(axis=0)
    assert covers.min() >= 0.90 - SLACK and covers.mean() <= 0.98 + SLACK, covers
    if LONG:
        too_wide = np.mean(widths, axis=0) / (1.96 * np.std(estimates, axis=0))
        assert too_wide.max() < 1.3, too_wide


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
