"""Intervals: what they cover of the truth, by hand where that can be done, and when there is none."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from planner.config import Objective
from planner.studies import intervals
from planner.studies.intervals import KEYS, DrawnLosses, Sample, Stratum, draws_needed, of_draws, of_samples
from tests.cases import near

LONG = bool(os.environ.get("LONG"))
OBJECTIVE = Objective(goal="risk", risk_aversion=0.5, tail=0.9)
FLAT = Objective(goal="risk", risk_aversion=0.5, tail=0.8)
REPETITIONS = 1000
Vector = intervals.Vector
Draw = Callable[[np.random.Generator, int], Vector]
PARETO = 2.5
"""Its third moment is infinite."""
DISTRIBUTIONS: dict[str, tuple[Draw, float, float]] = {
    "uniform": (lambda g, n: g.random(n), 0.5, 0.95),
    "exponential": (lambda g, n: g.exponential(size=n), 1.0, 1 + math.log(10)),
    "lognormal": (lambda g, n: g.lognormal(size=n), math.exp(0.5), 10 * math.exp(0.5) * norm.cdf(1 - norm.ppf(0.9))),
    "pareto": (lambda g, n: g.pareto(PARETO, n), 1 / (PARETO - 1), PARETO / (PARETO - 1) * 10 ** (1 / PARETO) - 1),
}
"""How to draw it, its mean and its mean beyond the 0.9 quantile."""


@pytest.mark.parametrize("count", [20, 50, 200])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_intervals_cover_what_they_promise_or_there_is_none(
    name: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """95 % intervals hold the truth in 90 % of 1,000 repetitions; with 200 draws there is one of every figure."""
    if not LONG:
        monkeypatch.setattr(intervals, "RESAMPLES", 499)
    draw, mean, tail = DISTRIBUTIONS[name]
    generator = np.random.default_rng(count)
    losses = -np.sort(-np.array([draw(generator, count) for _ in range(REPETITIONS)]), axis=1).T
    draws = DrawnLosses([Stratum("w", 1.0, losses[:, 0])], OBJECTIVE)
    _, low, high = draws.between(losses)
    for i, truth in enumerate((mean, tail, (mean + tail) / 2)):
        told = [not draws.too_few(i, end) for end in high[i].tolist()]
        assert all(told) if count == 200 else not any(told) if count == 20 else any(told) == (i == 0)
        if any(told):
            assert np.mean((low[i] <= truth) & (truth <= high[i])) >= 0.9, KEYS[i]


def test_losses_side_by_side_have_the_intervals_that_each_has_alone() -> None:
    """What the coverage above is measured on is what `of_draws` tells."""
    losses = np.random.default_rng(3).pareto(PARETO, (60, 2))
    ordered = -np.sort(-losses, axis=0)
    value, low, high = DrawnLosses([Stratum("w", 1.0, ordered[:, 0])], FLAT).between(ordered)
    for column in range(2):
        for i, one in enumerate(of_draws([Stratum("w", 1.0, losses[:, column])], FLAT).values()):
            assert (one.value, one.low, one.high) == near((value[i, column], low[i, column], high[i, column]))


def test_samples_drawn_apart_cover_what_they_promise() -> None:
    """Ten samples of 50, heavy tail: the figure of all 500, and what lies between the ten."""
    draw, mean, tail = DISTRIBUTIONS["pareto"]
    generator, hits, even = np.random.default_rng(1), np.zeros(3), np.full(50, 0.02)
    for _ in range(REPETITIONS):
        found = of_samples([Sample(i, draw(generator, 50), even) for i in range(10)], OBJECTIVE)
        for i, truth in enumerate((mean, tail, (mean + tail) / 2)):
            low, high = found[KEYS[i]].low, found[KEYS[i]].high
            assert low is not None and high is not None
            hits[i] += low <= truth <= high
    assert min(hits / REPETITIONS) >= 0.9


def test_strata_that_do_not_differ_within_leave_nothing_open() -> None:
    """Nine in ten lose 1, one in ten 11, known for certain: the mean is 2, the worst tenth 11."""
    strata = [Stratum("calm", 0.9, np.full(40, 1.0)), Stratum("cut", 0.1, np.full(40, 11.0))]
    for one, value in zip(of_draws(strata, OBJECTIVE).values(), (2.0, 11.0, 6.5), strict=True):
        assert (one.value, one.low, one.high, one.why) == (near(value), near(value), near(value), "")


def test_a_figure_without_an_interval_says_why() -> None:
    values = np.random.default_rng(0).random
    few = of_draws([Stratum("w", 1.0, values(20))], OBJECTIVE)
    assert {one.why for one in few.values()} == {"20 draws are too few, 30 are needed"}
    single = of_draws([Stratum("w", 0.9, values(99)), Stratum("rare", 0.1, values(1))], OBJECTIVE)
    assert {one.why for one in single.values()} == {"one draw of rare says nothing of others"}
    short = of_draws([Stratum("w", 1.0, values(50))], OBJECTIVE)
    assert short["expected_loss_musd"].low is not None
    assert short["risk_musd"].why == "5.0 draws weigh in the tail, 10 are needed"


def test_the_interval_between_samples_without_skewness_is_that_of_student() -> None:
    """Mean 2, deviation 1, three samples: half-width 4.303 / sqrt(3) = 2.484; no loss is below 0."""
    found = of_samples([Sample(i, np.array([float(i)]), np.array([1.0])) for i in (1, 2, 3)], OBJECTIVE)
    mean = found["expected_loss_musd"]
    assert (mean.value, mean.low, mean.high) == (2.0, 0.0, near(4.48414))
    assert found["cvar_musd"].value == 3.0, "the worst tenth of all three together"


def test_samples_with_a_long_tail_above_leave_more_open_above() -> None:
    found = of_samples(
        [Sample(i, np.array([float(z)]), np.array([1.0])) for i, z in enumerate((1, 1, 1, 9))], OBJECTIVE
    )
    mean = found["expected_loss_musd"]
    assert mean.value == 3.0 and mean.high is not None and mean.high > 3.0 + 3.182 * 4.0 / 2


def test_how_many_draws_are_needed() -> None:
    """Half the interval is a tenth of the figure with 50 draws: a twentieth with four times as many."""
    assert draws_needed(intervals.Estimate(10.0, 9.0, 11.0), 50, 0.05) == 200
    assert draws_needed(intervals.Estimate(10.0, None, None, "too few"), 50, 0.05) is None
