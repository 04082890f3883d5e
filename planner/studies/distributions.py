"""From shares in [0, 1] to values of an uncertainty, by its inverse distribution function."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from planner.studies.file import Uncertainty, Value

Shares = NDArray[np.float64]
OPEN_ENDS = (0.05, 0.95)
"""Quantiles that stand for the ends of a distribution without a range."""
ROUND = 12
"""Digits kept, so that a value means the same point however it was computed."""


def quantiles(uncertainty: Uncertainty, shares: Shares) -> list[Value]:
    """The value of each share."""
    if uncertainty.values is not None:
        count = len(uncertainty.values)
        return [uncertainty.values[min(int(share * count), count - 1)] for share in shares.tolist()]
    return [_rounded(value) for value in _numbers(uncertainty, shares).tolist()]


def _numbers(uncertainty: Uncertainty, shares: Shares) -> Shares:
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
    return [_rounded(value) for value in np.linspace(float(str(low)), float(str(high)), count).tolist()]


def _rounded(value: float) -> float:
    return float(f"{value:.{ROUND}g}")
