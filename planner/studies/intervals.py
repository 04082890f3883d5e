"""How far an expected loss, a CVaR and a risk may be from the truth because futures were drawn.

Of one set of draws by the bootstrap of the studentised figure (Hall, Annals of Statistics 16 (1988) 927-953), its
standard error from the influence of each draw (CVaR: Trindade et al., Journal of Banking and Finance 31 (2007)),
drawn again within each stratum. Percentiles and BCa cover 60 to 88 % where 95 is promised if losses have a heavy tail;
this one at least 90 %, or there is no interval (`tests/studies/test_intervals.py`).
Of several sets drawn apart by sectioning: the figure of all together, and Student's t with the deviation of the sets
(Asmussen and Glynn, Stochastic Simulation (2007), III.5), corrected for their skewness (Hall, Journal of the Royal
Statistical Society B 54 (1992) 221-228), without which they cover 88 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from planner.config import Objective
from planner.results.losses import cvar

Vector = NDArray[np.float64]
KEYS = ("expected_loss_musd", "cvar_musd", "risk_musd")
RESAMPLES, CONFIDENCE, SEED = 1999, 0.95, 20250404
FEWEST, FEWEST_IN_TAIL, FEWEST_IN_STRATUM = 30, 10.0, 2
"""Draws below which no interval covers what it promises (measured): in all, in the tail, in a stratum."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A figure (MUSD) with its 95 % interval; none where `why` says why there is none."""

    value: float
    low: float | None
    high: float | None
    why: str = ""

    @property
    def half(self) -> float | None:
        """Half the width of the interval, as a share of the figure."""
        if self.low is None or self.high is None or self.value <= 0:
            return None
        return (self.high - self.low) / 2 / self.value


@dataclass(frozen=True)
class Stratum:
    """Draws of one scenario, each as likely as the others: how likely they are together, and their losses (MUSD)."""

    name: str
    probability: float
    losses: Vector


def figures(losses: Vector, chances: Vector, objective: Objective) -> dict[str, float]:
    """Expected loss, CVaR and risk of losses (n) with these chances (n)."""
    expected = float(np.sum(losses * chances))
    tail = cvar(losses.tolist(), chances.tolist(), objective.tail)
    share = objective.risk_aversion
    return dict(zip(KEYS, (expected, tail, (1 - share) * expected + share * tail), strict=True))


def of_draws(strata: Sequence[Stratum], objective: Objective) -> dict[str, Estimate]:
    """Figures of one set of draws with what another set of as many could have given."""
    draws = DrawnLosses(strata, objective)
    value, low, high = (ends.tolist() for ends in draws.between(draws.losses))
    return {
        key: Estimate(value[i], None, None, why)
        if (why := draws.too_few(i, high[i]))
        else Estimate(value[i], max(0.0, low[i]), high[i])
        for i, key in enumerate(KEYS)
    }


class DrawnLosses:
    """All draws in the order of their losses, largest first."""

    def __init__(self, strata: Sequence[Stratum], objective: Objective) -> None:
        self._strata, self._share, self._mass = strata, objective.risk_aversion, 1.0 - objective.tail
        losses = np.concatenate([s.losses for s in strata])
        weights = np.concatenate([np.full(len(s.losses), s.probability / len(s.losses)) for s in strata])
        of = np.repeat(np.arange(len(strata)), [len(s.losses) for s in strata])
        order = np.argsort(-losses, kind="stable")
        self.losses, self._weights, self._of = losses[order], weights[order] / weights.sum(), of[order]

    def between(self, x: Vector) -> tuple[Vector, Vector, Vector]:
        """The figures and the ends of their intervals (3, or 3 x r), of losses x in this order (n, or n x r)."""
        value, error = (of_one[0] for of_one in self._figures(np.ones((1, len(x))), x))
        again, errors = self._figures(self._resampled(np.random.default_rng(SEED)), x)
        apart = again - value
        same = np.abs(apart) <= ROUNDING * (1 + np.abs(value))
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(same, 0.0, apart / errors)
        ends = [(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2]
        low, high = np.quantile(scaled, ends, axis=0, method="inverted_cdf")
        with np.errstate(invalid="ignore"):
            return value, value - np.where(error > 0, low, 0) * error, value - np.where(error > 0, high, 0) * error

    def _resampled(self, generator: np.random.Generator) -> Vector:
        """How often each draw comes in sets drawn again from each stratum (RESAMPLES x n)."""
        out = np.zeros((RESAMPLES, len(self.losses)))
        for h, stratum in enumerate(self._strata):
            size = len(stratum.losses)
            out[:, self._of == h] = generator.multinomial(size, np.full(size, 1.0 / size), size=RESAMPLES)
        return out

    def _in_tail(self, counts: Vector) -> Vector:
        """How much of each draw is among the worst (as `counts`: sets x n)."""
        weighed = counts * self._weights
        above: Vector = np.cumsum(weighed, axis=1) - weighed
        return np.asarray(np.clip(self._mass - above, 0.0, weighed))

    def _figures(self, counts: Vector, x: Vector) -> tuple[Vector, Vector]:
        """Figures and their standard errors, by set of draws (sets x 3, or sets x 3 x r).

        What a draw adds to the mean is its loss, to the CVaR what it loses beyond the quantile, over the tail.
        """
        tail, share = self._in_tail(counts), self._share
        expected, worst = (counts * self._weights) @ x, tail @ x / self._mass
        values = np.stack([expected, worst, (1 - share) * expected + share * worst], axis=1)
        last = tail.shape[1] - 1 - np.argmax(tail[:, ::-1] > 0, axis=1)
        beyond = counts * (np.arange(tail.shape[1]) < last[:, None])
        centred = x - np.mean(x, axis=0)
        quantile, total = centred[last], np.zeros_like(values)
        for h, stratum in enumerate(self._strata):
            mine, size = self._of == h, len(stratum.losses)
            mean, square = counts[:, mine] @ centred[mine], counts[:, mine] @ centred[mine] ** 2
            number, sum_, squares = (beyond[:, mine] @ centred[mine] ** power for power in (0, 1, 2))
            over = (sum_ - quantile * number) / self._mass
            over_square = (squares - 2 * quantile * sum_ + quantile**2 * number) / self._mass**2
            cross = (squares - quantile * sum_) / self._mass
            for i, (a, b) in enumerate(((1.0, 0.0), (0.0, 1.0), (1 - share, share))):
                spread = a * a * square + 2 * a * b * cross + b * b * over_square - (a * mean + b * over) ** 2 / size
                total[:, i] += stratum.probability**2 * np.maximum(spread, 0.0) / max(size - 1, 1) / size
        return values, np.sqrt(total)

    def too_few(self, figure: int, high: float) -> str:
        """Why there is no interval; nothing if there is one."""
        if (count := len(self.losses)) < FEWEST:
            return f"{count} draws are too few, {FEWEST} are needed"
        alone = [s.name for s in self._strata if len(s.losses) < FEWEST_IN_STRATUM]
        if alone:
            return f"one draw of {', '.join(alone[:3])}{' and others' if len(alone) > 3 else ''} says nothing of others"
        if figure > 0 and self._share > 0:
            tail = self._in_tail(np.ones((1, count)))[0]
            effective = float(np.sum(tail) ** 2 / np.sum(tail**2))
            if effective < FEWEST_IN_TAIL * (1 - ROUNDING):
                return f"{effective:.1f} draws weigh in the tail, {FEWEST_IN_TAIL:.0f} are needed"
        return "" if math.isfinite(high) else "too few draws differ from each other"


@dataclass(frozen=True)
class Sample:
    """One set of draws: its seed, and losses (MUSD) and chances by future."""

    seed: int
    losses: Vector
    chances: Vector


def of_samples(samples: Sequence[Sample], objective: Objective) -> dict[str, Estimate]:
    """Figures of samples drawn apart, at least two, with what other samples could have given."""
    count = len(samples)
    losses = np.concatenate([one.losses for one in samples])
    chances = np.concatenate([one.chances / count for one in samples])
    value = figures(losses, chances, objective)
    each: Mapping[str, Vector] = {
        key: np.array([figures(one.losses, one.chances, objective)[key] for one in samples]) for key in KEYS
    }
    return {key: _of_mean(value[key], each[key]) for key in KEYS}


def _of_mean(value: float, each: Vector) -> Estimate:
    """A figure between whose values by sample there is this spread: Student's t, made free of skewness."""
    count, spread = len(each), float(np.std(each, ddof=1))
    quantile = float(student.ppf((1 + CONFIDENCE) / 2, count - 1))
    skew = float(np.mean((each - each.mean()) ** 3) / np.std(each) ** 3) if spread > 0 else 0.0

    def back(at: float) -> float:
        if abs(skew) < ROUNDING:
            return at / math.sqrt(count)
        return 3 / skew * (math.cbrt(1 + skew * (at / math.sqrt(count) - skew / (6 * count))) - 1)

    return Estimate(value, max(0.0, value - spread * back(quantile)), value - spread * back(-quantile))


def draws_needed(estimate: Estimate, count: int, share: float) -> int | None:
    """Draws, or samples, with which half the interval would be `share` of the figure: it shrinks with the root."""
    half = estimate.half
    return None if half is None else max(2, math.ceil(count * (half / share) ** 2))
