"""Samples of the unit cube, from SciPy and SALib, each with an explicit seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from SALib.sample import morris as salib_morris
from SALib.sample import sobol as salib_sobol
from scipy.stats import norm, qmc

from planner.studies.distributions import Shares


def latin_hypercube(points: int, count: int, seed: int, groups: Sequence[tuple[Sequence[int], float]] = ()) -> Shares:
    """points x count shares, one in each of `points` layers of every axis.

    groups: (axes, rank correlation). Correlation re-orders the columns and leaves the layers as they are
    (Iman and Conover, A distribution-free approach to inducing rank correlation, Comm. Stat. B 11, 1982).
    """
    generator = np.random.default_rng(seed)
    shares = np.asarray(qmc.LatinHypercube(d=count, rng=generator).random(points))
    for axes, correlation in groups:
        wanted = np.full((len(axes), len(axes)), correlation) + (1 - correlation) * np.eye(len(axes))
        scores = norm.ppf((np.arange(1, points + 1)) / (points + 1))
        mixed = np.column_stack([generator.permutation(scores) for _ in axes])
        found = np.corrcoef(mixed, rowvar=False)
        mixed = mixed @ np.linalg.inv(np.linalg.cholesky(found)).T @ np.linalg.cholesky(wanted).T
        for position, axis in enumerate(axes):
            ranks = mixed[:, position].argsort().argsort()
            shares[:, axis] = np.sort(shares[:, axis])[ranks]
    return shares


def problem(count: int) -> dict[str, Any]:
    """SALib's description of the unit cube."""
    return {"num_vars": count, "names": [f"x{i}" for i in range(count)], "bounds": [[0.0, 1.0]] * count}


def sobol_sample(points: int, count: int, seed: int) -> Shares:
    """Saltelli's sample without second order: points * (count + 2) rows."""
    return np.asarray(salib_sobol.sample(problem(count), points, calc_second_order=False, seed=seed))


def morris_sample(trajectories: int, count: int, levels: int, seed: int) -> Shares:
    """Trajectories of elementary effects: trajectories * (count + 1) rows."""
    return np.asarray(salib_morris.sample(problem(count), trajectories, num_levels=levels, seed=seed))
