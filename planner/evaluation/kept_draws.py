"""Few draws that stand for many: fast forward selection on what draws lose without a plan.

Heitsch and Römisch, Scenario Reduction Algorithms in Stochastic Programming, Computational Optimization and
Applications 24 (2003): draws are kept one after the other, each time the one by which the sum of probability times
distance to the nearest kept draw falls most. A draw gives its probability to the nearest kept one of its scenario.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from planner.data.case import Case, with_choices, with_other_scenarios, with_rows
from planner.data.odds import odds_of
from planner.data.schema import Scenario
from planner.errors import A_CASE, Fault, InputError, refuse_other
from planner.evaluation.chain import ChainProgram
from planner.evaluation.policies import Foreseen
from planner.evaluation.simulator import futures_of
from planner.results.losses import measures_of
from planner.solving.goals import Progress, silent

Matrix = NDArray[np.float64]
BLOCK = 256
"""Draws whose distances to all others are held at once."""
TIED = 1e-9
"""Relative difference up to which two choices take off as much: the first by name is kept."""


@dataclass(frozen=True, kw_only=True, repr=False)
class KeptDraws:
    """A case with few of its draws, and what they stand for.

    distance: sum of probability times distance to the nearest kept draw (MUSD). every, kept: expected loss and CVaR
    (MUSD) of what is lost without a plan, each draw known from its start, of all draws and of those kept.
    """

    case: Case
    distance: float
    every: Mapping[str, float]
    kept: Mapping[str, float]

    def __repr__(self) -> str:
        return (
            f"KeptDraws({len(self.case.scenarios)} scenarios, distance {self.distance:,.6g} MUSD)"
        )


def keep_draws(drawn: Case, keep: int, progress: Progress = silent) -> KeptDraws:
    """Keep some draws of a sampled case under their names, at least one of each storyline.

    Two draws of one storyline are as far apart as the vectors of what each loses by element (MUSD over the horizon) as the only
    scenario of the case, without a plan. Probabilities of storylines stay; bounds of a draw go with its probability.

    Parameters
    ----------
    drawn
        A case that `sample` made.
    keep
        How many, at most.
    progress
        Called with each step in words.

    Returns
    -------
    KeptDraws
        `.case` with the draws kept, `.distance` to all draws, and the expected loss and CVaR (MUSD) of all and of
        those kept.

    Raises
    ------
    InputError
        For fewer than there are storylines.
    StoppedError
        Where an optimum is not proven.

    Examples
    --------
    >>> drawn = planner.sample(case, 8)
    >>> len(keep_draws(drawn, 4).case.scenarios)
    4
    """
    refuse_other(drawn, Case, A_CASE)
    storylines = set(drawn.lookups.storylines.values())
    if keep < len(storylines):
        said = f"{keep}: at least one draw of each of {len(storylines)} scenarios is kept"
        raise InputError([Fault("keep", 0, str(keep), said, remedy=f"keep {len(storylines)}")])
    progress(f"what each of {len(drawn.scenarios):,} draws loses without a plan")
    losses = losses_without_plan(drawn)
    progress(f"keeping {min(keep, len(drawn.scenarios)):,}")
    names, draws = list(drawn.scenarios), _Draws(drawn, losses)
    kept = _kept(draws, keep)
    apart = draws.distances(kept)
    nearest = np.argmin(apart, axis=0)
    nearest[kept] = range(len(kept))
    sums = np.bincount(nearest, draws.chances, minlength=len(kept)).tolist()
    probabilities = {names[place]: sums[row] for row, place in enumerate(kept)}
    return KeptDraws(
        case=drawn if keep >= len(names) else _with_kept(drawn, probabilities),
        distance=float(draws.chances @ apart.min(axis=0)),
        every=_figures(drawn, losses, drawn.scenarios),
        kept=_figures(drawn, losses, probabilities),
    )


def losses_without_plan(case: Case) -> dict[str, Matrix]:
    """Scenario -> loss by element (MUSD over the horizon) as the only scenario of the case, without a plan."""
    bare = case.without_plan()
    bare = with_choices(bare, policy={"investment": "committed"})
    given = futures_of([case])
    chain = ChainProgram(bare, None, given.periods, given.leaks)
    outcomes = Foreseen(chain).outcomes(given.futures)
    losses: dict[str, Matrix] = {}
    for future, outcome in zip(given.futures, outcomes, strict=True):
        _, _, scenario = future.name.partition(":")
        losses[scenario] = outcome.losses_by_element
    return losses


class _Draws:
    """Draws as points: what each loses by element without a plan."""

    def __init__(self, drawn: Case, losses: Mapping[str, Matrix]) -> None:
        self.storylines = np.array([drawn.lookups.storylines[name] for name in drawn.scenarios])
        self.chances = np.array(list(drawn.scenarios.values()))
        self._points = np.array([losses[name] for name in drawn.scenarios])

    def distances(self, places: Sequence[int]) -> Matrix:
        """The distance of some draws (rows) to every draw (MUSD); infinite where they are of different storylines."""
        is_same = self.storylines[places][:, np.newaxis] == self.storylines
        return np.where(is_same, cdist(self._points[places], self._points), np.inf)

    def best(self, places: Sequence[int], nearest: Matrix) -> int:
        """The one of some draws that leaves the least distance, the first by name of those that leave as little. nearest:
        the distance of every draw to what is kept (MUSD)."""
        blocks = [places[at : at + BLOCK] for at in range(0, len(places), BLOCK)]
        left = np.hstack(
            [np.minimum(nearest, self.distances(block)) @ self.chances for block in blocks]
        )
        least = float(left.min())
        return places[int(np.argmax(left <= least + TIED * (1.0 + least)))]


def _kept(draws: _Draws, keep: int) -> list[int]:
    """The places of the draws that are kept: first of each storyline the one that stands best for it, then always the one
    that takes most off the distance."""
    kept: list[int] = []
    for storyline in np.unique(draws.storylines):
        is_own = draws.storylines == storyline
        kept.append(draws.best(np.flatnonzero(is_own).tolist(), np.where(is_own, np.inf, 0.0)))
    while len(kept) < min(keep, len(draws.chances)):
        nearest = draws.distances(kept).min(axis=0)
        others = [place for place in range(len(draws.chances)) if place not in kept]
        kept.append(draws.best(others, nearest))
    return sorted(kept)


def _figures(
    case: Case, losses: Mapping[str, Matrix], probabilities: Mapping[str, float]
) -> dict[str, float]:
    """Expected loss and CVaR (MUSD) of scenarios with these probabilities."""
    totals = [float(losses[name].sum()) for name in probabilities]
    measured = measures_of(totals, list(probabilities.values()), case.model.objective)
    return {"expected_loss_musd": measured.expected, "cvar_musd": measured.cvar}


def _with_kept(drawn: Case, probabilities: Mapping[str, float]) -> Case:
    """The case with some of its draws, as likely as they are now; bounds go with the probability of a draw, so that
    those of its storyline stay."""
    rows: list[Scenario] = []
    for row in drawn.tables.scenarios:
        if row.scenario in probabilities:
            rows.append(row.model_copy(update={"probability": probabilities[row.scenario]}))
    shocks = [row for row in drawn.tables.shocks if row.scenario in probabilities]
    few = with_other_scenarios(drawn, rows, shocks, drawn.tables.draws)
    bounds: dict[str, tuple[float, float]] = {}
    kept = odds_of(few)
    for storyline, odds in odds_of(drawn).items():
        for scenario, share in kept[storyline].shares.items():
            bounds[scenario] = odds.low * share, odds.high * share
    bounded: list[Scenario] = []
    for row in rows:
        low, high = bounds[row.scenario] if row.probability_low is not None else (None, None)
        bounded.append(row.model_copy(update={"probability_low": low, "probability_high": high}))
    return with_rows(few, scenarios=tuple(bounded)).checked()
