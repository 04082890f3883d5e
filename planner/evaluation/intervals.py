"""Risk, expected loss and CVaR of simulated losses, with 95 % intervals.

A loss contributes its influence to a figure. The interval is Student's t over the mean influence of independent samples
(sectioning: Asmussen and Glynn, Stochastic Simulation (2007), III.5; influence of the CVaR: Trindade et al., Journal of
Banking and Finance 31 (2007)), corrected for skewness (Hall, Journal of the Royal Statistical Society B 54 (1992)
221-228). Without the correction intervals cover 88 %; `tests/evaluation/test_intervals.py` measures the coverage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from planner.config import Objective
from planner.results.evaluation import KEYS, Estimate
from planner.results.losses import measures_of
from planner.solving.program import Vector

CONFIDENCE = 0.95
ROUNDING = 1e-9
ONE_SAMPLE = "no interval: one sample does not show how another would differ"
METHOD = (
    "Student's t between samples drawn apart, of the mean influence of each sample on the figure, corrected for "
    "skewness (Hall 1992)"
)


@dataclass(frozen=True)
class Sample:
    """Losses (n, MUSD) and probabilities (n) of one sample."""

    losses: Vector
    probabilities: Vector


def influences(losses: Vector, probabilities: Vector, objective: Objective) -> dict[str, Vector]:
    """Figure -> influence of each loss (n, MUSD); its mean, weighted by probability, is the figure."""
    mass = 1 - objective.tail
    order = np.argsort(-losses, kind="stable")
    worse = np.cumsum(probabilities[order]) - probabilities[order]
    quantile = losses[order][worse < mass * (1 - ROUNDING)][-1]
    tail = quantile + np.maximum(losses - quantile, 0.0) / mass
    share = objective.risk_aversion
    risk = (1 - share) * losses + share * tail
    return {"risk_musd": risk, "expected_loss_musd": losses, "cvar_musd": tail}


def of_samples(samples: Sequence[Sample], objective: Objective) -> dict[str, Estimate]:
    """Figures of all samples, with intervals."""
    values, apart = _sectioned(samples, objective)
    estimates: dict[str, Estimate] = {}
    for key in KEYS:
        estimates[key] = _interval(values[key], apart[key], at_least=0.0)
    return estimates


def of_pairs(
    without: Sequence[Sample], with_plan: Sequence[Sample], objective: Objective
) -> dict[str, Estimate]:
    """Differences of the figures in the same samples, first less second, with intervals."""
    before, apart_before = _sectioned(without, objective)
    after, apart_after = _sectioned(with_plan, objective)
    estimates: dict[str, Estimate] = {}
    for key in KEYS:
        difference = before[key] - after[key]
        apart = apart_before[key] - apart_after[key]
        estimates[key] = _interval(difference, apart, at_least=-math.inf)
    return estimates


def _sectioned(
    samples: Sequence[Sample], objective: Objective
) -> tuple[dict[str, float], dict[str, Vector]]:
    """Figures of all samples, and mean influence in each sample."""
    count = len(samples)
    losses = np.concatenate([sample.losses for sample in samples])
    probabilities = np.concatenate([sample.probabilities for sample in samples]) / count
    measured = measures_of(losses.tolist(), probabilities.tolist(), objective)
    values = {
        "risk_musd": measured.risk,
        "expected_loss_musd": measured.expected,
        "cvar_musd": measured.cvar,
    }
    ends = np.cumsum([len(sample.losses) for sample in samples])
    apart: dict[str, Vector] = {}
    for key, influence in influences(losses, probabilities, objective).items():
        parts = np.split(influence * probabilities, ends[:-1])
        sums = np.array([float(part.sum()) for part in parts])
        apart[key] = sums * count
    return values, apart


def _interval(value: float, apart: Vector, at_least: float) -> Estimate:
    """Interval of a figure. apart: its value in each sample."""
    size = len(apart)
    if size < 2:
        return Estimate(value, None, None, ONE_SAMPLE)
    deviation = apart - apart.mean()
    second = float(np.mean(deviation**2))
    spread = second / size
    cube = float(np.mean(deviation**3)) / size**2
    skewness = cube / spread**1.5 if spread > 0 else 0.0
    error = math.sqrt(second / (size - 1))
    quantile = float(stdtrit(size - 1, (1 + CONFIDENCE) / 2))
    low = value - error * _without_skewness(quantile, skewness)
    high = value - error * _without_skewness(-quantile, skewness)
    return Estimate(value, max(at_least, low), high)


def _without_skewness(at: float, skewness: float) -> float:
    """Quantile of Student's t for `at` after the correction for skewness."""
    if abs(skewness) < ROUNDING:
        return at
    root = math.cbrt(1 + skewness * (at - skewness / 6))
    return 3 / skewness * (root - 1)
