"""Intervals: what they cover of the truth, by hand where that can be done, and when there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from planner.config import Objective
from planner.data.scenario_tree import Vector
from planner.studies.evaluation import KEYS, Estimate, Stratum, of_draws, of_samples
from tests.cases import near

OBJECTIVE = Objective(goal="risk", risk_aversion=0.5, tail=0.9)
REPETITIONS = 1000
Draw = Callable[[np.random.Generator, int], Vector]
PARETO = 2.5
"""Its third moment is infinite."""
DISTRIBUTIONS: dict[str, tuple[Draw, float, float]] = {
    "uniform": (lambda g, n: g.random(n), 0.5, 0.95),
    "exponential": (lambda g, n: g.exponential(size=n), 1.0, 1 + math.log(10)),
    "lognormal": (
        lambda g, n: g.lognormal(size=n),
        math.exp(0.5),
        10 * math.exp(0.5) * norm.cdf(1 - norm.ppf(0.9)),
    ),
    "pareto": (
        lambda g, n: g.pareto(PARETO, n),
        1 / (PARETO - 1),
        PARETO / (PARETO - 1) * 10 ** (1 / PARETO) - 1,
    ),
}
"""How to draw it, its mean and its mean beyond the 0.9 quantile."""


@pytest.mark.parametrize("count", [20, 50, 200])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_intervals_cover_what_they_promise_or_there_is_none(name: str, count: int) -> None:
    """95 % intervals hold the truth in 90 % of 1,000 repetitions; with 200 draws there is one of every figure."""
    draw, mean, tail = DISTRIBUTIONS[name]
    generator, covers = np.random.default_rng(count), dict.fromkeys(KEYS, 0)
    for _ in range(REPETITIONS):
        found = of_draws([Stratum("w", 1.0, draw(generator, count))], OBJECTIVE)
        for i, (key, truth) in enumerate(zip(KEYS, (mean, tail, (mean + tail) / 2), strict=True)):
            one = found[key]
            assert (not one.why) == (count == 200 or (count == 50 and i == 0)), one.why
            covers[key] += (
                one.low is not None and one.high is not None and one.low <= truth <= one.high
            )
    assert all(
        covers[key] >= 0.9 * REPETITIONS or count == 20 or (count == 50 and key != KEYS[0])
        for key in KEYS
    )


def test_draws_of_which_hardly_any_differ_have_no_interval() -> None:
    """Three of a hundred lose something: a set without them would be as likely as one in twenty."""
    losses = np.concatenate([np.zeros(97), [1.0, 2.0, 3.0]])
    found = of_draws([Stratum("w", 1.0, losses)], OBJECTIVE)
    assert {one.why for one in found.values()} == {"too few draws differ from each other"}


def test_strata_weigh_by_their_probability() -> None:
    """What is likelier moves the mean more: with 99 % at rest and 1 % that varies by 1 the mean varies by 0.01."""
    varied = np.tile([-1.0, 1.0], 50) + 5
    found = of_draws(
        [Stratum("calm", 0.99, np.full(100, 5.0)), Stratum("rare", 0.01, varied)], OBJECTIVE
    )
    mean = found["expected_loss_musd"]
    assert mean.low is not None and mean.high is not None
    assert (mean.high - mean.low) / 2 == near(student.ppf(0.975, 199) * 0.01 * math.sqrt(1 / 99))


def test_samples_drawn_apart_cover_what_they_promise() -> None:
    """Ten samples of 50, heavy tail: the figure of all 500, and what lies between the ten."""
    draw, mean, tail = DISTRIBUTIONS["pareto"]
    generator, hits, even = np.random.default_rng(1), np.zeros(3), np.full(50, 0.02)
    for _ in range(REPETITIONS):
        found = of_samples([(draw(generator, 50), even) for _ in range(10)], OBJECTIVE)
        for i, truth in enumerate((mean, tail, (mean + tail) / 2)):
            low, high = found[KEYS[i]].low, found[KEYS[i]].high
            assert low is not None and high is not None
            hits[i] += low <= truth <= high
    assert min(hits / REPETITIONS) >= 0.9


def test_strata_that_do_not_differ_within_leave_nothing_open() -> None:
    """Nine in ten lose 1, one in ten 11, known for certain: the mean is 2, the worst tenth 11."""
    strata = [Stratum("calm", 0.9, np.full(40, 1.0)), Stratum("cut", 0.1, np.full(40, 11.0))]
    for one, value in zip(of_draws(strata, OBJECTIVE).values(), (2.0, 11.0, 6.5), strict=True):
        assert (one.value, one.low, one.high, one.why) == (
            near(value),
            near(value),
            near(value),
            "",
        )


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
    found = of_samples([(np.array([float(i)]), np.array([1.0])) for i in (1, 2, 3)], OBJECTIVE)
    mean = found["expected_loss_musd"]
    assert (mean.value, mean.low, mean.high) == (2.0, 0.0, near(4.48414))
    assert found["cvar_musd"].value == 3.0, "the worst tenth of all three together"


def test_samples_with_a_long_tail_above_leave_more_open_above() -> None:
    found = of_samples([(np.array([float(z)]), np.array([1.0])) for z in (1, 1, 1, 9)], OBJECTIVE)
    mean = found["expected_loss_musd"]
    assert mean.value == 3.0 and mean.high is not None and mean.high > 3.0 + 3.182 * 4.0 / 2


def test_how_many_draws_are_needed() -> None:
    """Half the interval is a tenth of the figure with 50 draws: a twentieth with four times as many."""
    assert Estimate(10.0, 9.0, 11.0).needed(50, 0.05) == 200
    assert Estimate(10.0, None, None, "too few").needed(50, 0.05) is None
