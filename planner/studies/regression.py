"""Standardised regression coefficients of a Latin hypercube, with intervals that cover what they state.

A Latin hypercube evens out whatever is additive in the uncertainties (Stein, Technometrics 29 (1987) 143-151): a bootstrap
does not see that, and its intervals are 1.3 to 1.7 times too wide. Here each point adds to a coefficient its influence;
what is left of the influences once their additive part is taken out varies as the coefficient does (Owen, Journal of the
Royal Statistical Society B 54 (1992) 541-551). `tests/studies/test_coverage.py` measures what the intervals cover.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import pandas as pd
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student

from planner.results.study import moves

CONFIDENCE = 0.95
FEWEST = 60
"""Points from which on a sample of no special kind is ranked."""
MOST_DEGREE = 8
"""Degree, at most, of the polynomial of each uncertainty by which the additive part is known."""
POINTS_PER_TERM = 4
"""Points, at least, for each term of these polynomials."""
MOST_LEVERAGE = 0.9
Vector = NDArray[np.float64]


def known_points(
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


def regression(names: Sequence[str], shares: Vector, values: Vector) -> pd.DataFrame | None:
    """Standardised regression coefficients of a sample, of the values and of their ranks, with 95 % intervals.

    Columns: uncertainty, coefficient, coefficient_within, rank_coefficient, rank_coefficient_within, r2, rank_r2 (shares
    of the variance that the line explains; below about 0.7 coefficients say little). None if the outcome does not move,
    or fewer than `FEWEST` points are left.
    """
    known = known_points(names, shares, values)
    if known is None:
        return None
    varied, at, kept = known
    table = pd.DataFrame({"uncertainty": varied})
    line = _fit(at, kept)
    table["coefficient"] = line.slopes
    table["coefficient_within"] = _half_widths(at, _influences(line))
    table["r2"] = line.explained
    line = _fit(rankdata(at, axis=0), rankdata(kept))
    table["rank_coefficient"] = line.slopes
    table["rank_coefficient_within"] = _half_widths(at, _influences_on_ranks(line))
    table["rank_r2"] = line.explained
    return table


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A regression: standardised uncertainties (points x uncertainties) and values (points), slopes, residuals."""

    at: Vector
    values: Vector
    slopes: Vector
    residuals: Vector

    @property
    def explained(self) -> float:
        """Share of the variance that the line explains."""
        return float(1.0 - np.var(self.residuals))


def _fit(at: Vector, values: Vector) -> _Line:
    spread = float(np.std(values)) or 1.0
    scaled = (at - at.mean(axis=0)) / np.std(at, axis=0)
    target = (values - values.mean()) / spread
    slopes, *_ = np.linalg.lstsq(scaled, target, rcond=None)
    return _Line(at=scaled, values=target, slopes=slopes, residuals=target - scaled @ slopes)


def _directions(line: _Line) -> Vector:
    """The effect of a unit of the value of each point on each slope, times the number of points."""
    correlations = line.at.T @ line.at / len(line.at)
    return np.asarray(line.at @ np.linalg.pinv(correlations))


def _slope_influences(line: _Line) -> Vector:
    """The part that the residual of each point adds to each slope; a point pulls the line towards itself, which is
    undone."""
    directions = _directions(line)
    leverage = (directions * line.at).sum(axis=1) / len(line.at) + 1 / len(line.at)
    residuals = line.residuals / (1 - np.minimum(leverage, MOST_LEVERAGE))
    return np.asarray(directions * residuals[:, None])


def _influences(line: _Line) -> Vector:
    """The part that each point adds to each coefficient: through the slope, and through both spreads that scale it."""
    scaling = (line.at**2 - line.values[:, None] ** 2) / 2
    return _slope_influences(line) + line.slopes * scaling


def _influences_on_ranks(line: _Line) -> Vector:
    """The part that each point adds to each coefficient of ranks: through the slope, and through the ranks above it."""
    count = len(line.values)
    order = np.argsort(-line.values, kind="stable")
    lifted = np.empty_like(line.at)
    lifted[order] = np.cumsum(_directions(line)[order], axis=0)
    rank_step = math.sqrt(12) / count  # of standardised ranks, which are even
    return _slope_influences(line) + rank_step * lifted


def _half_widths(at: Vector, influences: Vector) -> Vector:
    """Half-widths of 95 % intervals of coefficients, from what each point adds to each of them."""
    points, uncertainties = at.shape
    degree = max(1, min(MOST_DEGREE, points // POINTS_PER_TERM // uncertainties))
    terms = [np.ones((points, 1))]
    for column in at.T:
        levels = len(np.unique(column))
        scaled = 2 * (column - column.min()) / np.ptp(column) - 1
        polynomials = legvander(scaled, min(degree, levels - 1))
        terms.append(polynomials[:, 1:])
    additive, _ = np.linalg.qr(np.hstack(terms))
    left = influences - additive @ (additive.T @ influences)
    leverage = np.minimum((additive**2).sum(axis=1), MOST_LEVERAGE)
    squares = (left**2 / (1 - leverage)[:, None]).sum(axis=0)
    error = np.sqrt(squares / (points - uncertainties - 1) / points)
    freedom = max(1, points - additive.shape[1])
    return np.asarray(error * student.ppf((1 + CONFIDENCE) / 2, freedom))
