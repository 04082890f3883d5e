"""Intervals: what they cover of the truth, by hand where that can be done, and when there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.config import Objective
from planner.data.case import Case
from planner.evaluation.intervals import Sample, of_pairs, of_samples
from planner.results.evaluation import Estimate
from tests.cases import LONG, imports, load_case, near

OBJECTIVE = Objective(goal="risk", risk_aversion=0.5, tail=0.9)
REPETITIONS = 1000
KEYS = ("expected_loss_musd", "cvar_musd", "risk_musd")
PARETO = 2.5
"""Its third moment is infinite."""


def test_samples_drawn_apart_cover_what_they_promise() -> None:
    """Ten samples of 50, heavy tail: the figure of all 500, and what lies between the ten."""
    mean, tail = 1 / (PARETO - 1), PARETO / (PARETO - 1) * 10 ** (1 / PARETO) - 1
    generator, hits, even = np.random.default_rng(1), np.zeros(3), np.full(50, 0.02)
    for _ in range(REPETITIONS):
        found = of_samples(
            [Sample(generator.pareto(PARETO, 50), even) for _ in range(10)], OBJECTIVE
        )
        for i, truth in enumerate((mean, tail, (mean + tail) / 2)):
            low, high = found[KEYS[i]].low, found[KEYS[i]].high
            assert low is not None and high is not None
            hits[i] += low <= truth <= high
    assert min(hits / REPETITIONS) >= 0.9


def test_the_interval_between_samples_without_skewness_is_that_of_student() -> None:
    """Mean 2, deviation 1, three samples: half-width 4.303 / sqrt(3) = 2.484; no loss is below 0."""
    found = of_samples(
        [Sample(np.array([float(i)]), np.array([1.0])) for i in (1, 2, 3)], OBJECTIVE
    )
    mean = found["expected_loss_musd"]
    assert (mean.value, mean.low, mean.high) == (2.0, 0.0, near(4.48414))
    assert found["cvar_musd"].value == 3.0, "the worst tenth of all three together"


def test_samples_with_a_long_tail_above_leave_more_open_above() -> None:
    found = of_samples(
        [Sample(np.array([float(z)]), np.array([1.0])) for z in (1, 1, 1, 9)], OBJECTIVE
    )
    mean = found["expected_loss_musd"]
    assert mean.value == 3.0 and mean.high is not None and mean.high > 3.0 + 3.182 * 4.0 / 2


def test_how_many_draws_are_needed() -> None:
    """Half the interval is a tenth of the figure with 50 draws: a twentieth with four times as many."""
    assert Estimate(10.0, 9.0, 11.0).needed(50, 0.05) == 200
    assert Estimate(10.0, None, None, "too few").needed(50, 0.05) is None


# ---- what the intervals of `planner evaluate` cover ------------------------------------------------------------------

GENERATOR_KEYS = ("risk_musd", "expected_loss_musd", "cvar_musd")


def generator(folder: Path) -> Case:
    """A register of three years whose losses are known: imports of 100 t fall to a share even in [0, 1] with a chance
    of a half in 2026 and of a fifth in 2027, each for a year; 1 MUSD for each of the 100 t that are missing."""
    cut = {"kind": "import", "supplier": "CHN", "years_low": 1, "years_high": 1}
    cut |= {"factor_low": 0, "factor_high": 1}
    return load_case(
        folder,
        imports=[imports(100)],
        hazards=[
            {"hazard": "near", "probability": 0.5, "first": 2026, "last": 2026, **cut},
            {"hazard": "far", "probability": 0.2, "first": 2027, "last": 2027, **cut},
        ],
    )


def truth() -> dict[str, float]:
    """The figures of the generator's loss, from a million draws of it (a long run: ten): 35 expected; its worst tenth by
    number."""
    made, draws = np.random.default_rng(0), 10_000_000 if LONG else 1_000_000
    near_cut = 100 * made.random(draws) * (made.random(draws) < 0.5)
    far_cut = 100 * made.random(draws) * (made.random(draws) < 0.2)
    ordered = np.sort(near_cut + far_cut)
    tail, mean = float(ordered[-draws // 10 :].mean()), float(ordered.mean())
    return dict(zip(GENERATOR_KEYS, ((mean + tail) / 2, mean, tail), strict=True))


def sampled_losses(case: Case, seed: int, samples: int, draws: int) -> list[Sample]:
    """Losses of samples as `planner evaluate` draws them, read off the draws: what each cut takes of 100 t."""
    found = []
    for number in range(1, samples + 1):
        drawn = planner.sample(case, draws, seed + number, even=True)
        losses = dict.fromkeys(drawn.scenarios, 0.0)
        for row in drawn.tables.draws:
            losses[row.scenario] += 100 * (1 - row.factor)
        chances = np.array(list(drawn.scenarios.values()))
        found.append(Sample(np.array(list(losses.values())), chances))
    return found


def test_the_generator_loses_what_its_draws_say(tmp_path: Path) -> None:
    """The losses read off the draws are those that `evaluate` finds by operating each scenario."""
    case = generator(tmp_path).changed({"levers": []})
    plan = planner.solve(planner.sample(case, 4, 0), baseline=False)
    found = planner.evaluate(plan, register=case, draws=40, samples=4, seed=7)
    stated = of_samples(sampled_losses(case, 7, 4, 10), OBJECTIVE)
    for key in GENERATOR_KEYS:
        one, other = found.plan.policy[key], stated[key]
        assert (one.value, one.low, one.high) == near((other.value, other.low, other.high))


@pytest.mark.parametrize(("repetitions", "least"), [(200, 0.90)])
def test_intervals_of_samples_cover_a_known_generator(
    repetitions: int, least: float, tmp_path: Path
) -> None:
    """Of 200 evaluations of 10 samples of 20 draws the interval holds the truth in 90 to 98 % (a quick run: of 60)."""
    count = repetitions if LONG else 60
    case, known = generator(tmp_path), truth()
    covers = dict.fromkeys(GENERATOR_KEYS, 0)
    for repetition in range(count):
        found = of_samples(sampled_losses(case, 100 * repetition, 10, 20), OBJECTIVE)
        for key in GENERATOR_KEYS:
            low, high = found[key].low, found[key].high
            assert low is not None and high is not None
            covers[key] += low <= known[key] <= high
    shares = {key: hits / count for key, hits in covers.items()}
    slack = 0.0 if LONG else 0.06
    assert all(least - slack <= share <= 0.98 + slack for share in shares.values()), shares


def test_differences_in_the_same_samples_are_surer_than_the_figures(tmp_path: Path) -> None:
    """A plan that halves every loss: the difference is half the figure, and its interval half as wide."""
    samples = sampled_losses(generator(tmp_path), 0, 10, 20)
    halved = [Sample(one.losses / 2, one.probabilities) for one in samples]
    whole, differs = of_samples(samples, OBJECTIVE), of_pairs(samples, halved, OBJECTIVE)
    for key in GENERATOR_KEYS:
        one, other = whole[key], differs[key]
        assert None not in (one.low, one.high, other.low, other.high)
        assert other.value == near(one.value / 2)
        assert (other.high or 0) - (other.low or 0) == near(((one.high or 0) - (one.low or 0)) / 2)
