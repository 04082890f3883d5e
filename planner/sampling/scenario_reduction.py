"""Scenario reduction by fast forward selection; the distance is the loss without a plan.

Heitsch and Römisch, Scenario Reduction Algorithms in Stochastic Programming, Computational Optimization and
Applications 24 (2003). Each step selects the scenario that reduces the sum of probability times distance to the
nearest selected scenario most. The others give their probability to the nearest selected one of their storyline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from planner.data.case import Case, with_other_scenarios, with_rows
from planner.data.odds import odds_of
from planner.data.schema import Scenario
from planner.results.losses import measures_of

Matrix = NDArray[np.float64]
LossesByElement = Mapping[str, Matrix]
"""Scenario -> loss by element, MUSD."""
BLOCK = 256
"""Scenarios whose distances to all others are in memory at once."""
TIED = 1e-9
"""Relative difference of two distances that count as equal: the first by name is selected."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ReducedScenarios:
    """A case with fewer scenarios.

    distance: sum of probability times distance to the nearest selected scenario (MUSD). every, selected: expected loss and
    CVaR (MUSD) without a plan, of all scenarios and of the selected ones.
    """

    case: Case
    distance: float
    every: Mapping[str, float]
    selected: Mapping[str, float]

    def __repr__(self) -> str:
        return f"ReducedScenarios({len(self.case.scenarios)} scenarios, distance {self.distance:,.6g} MUSD)"


def reduced(case: Case, losses: LossesByElement, count: int) -> ReducedScenarios:
    """Return the case with `count` of its scenarios, or all where there are no more."""
    names = list(case.scenarios)
    points = _Points(case, losses)
    selected = _selected(points, count)
    distances = points.distances(selected)
    nearest = np.argmin(distances, axis=0)
    nearest[selected] = range(len(selected))
    sums = np.bincount(nearest, points.probabilities, minlength=len(selected)).tolist()
    probabilities = {names[place]: sums[row] for row, place in enumerate(selected)}
    return ReducedScenarios(
        case=case if count >= len(names) else _with_selected(case, probabilities),
        distance=float(points.probabilities @ distances.min(axis=0)),
        every=_measures(case, losses, case.scenarios),
        selected=_measures(case, losses, probabilities),
    )


class _Points:
    """Scenarios as points: their losses by element."""

    def __init__(self, case: Case, losses: LossesByElement) -> None:
        self.storylines = np.array([case.lookups.storylines[name] for name in case.scenarios])
        self.probabilities = np.array(list(case.scenarios.values()))
        self._points = np.array([losses[name] for name in case.scenarios])

    def distances(self, places: Sequence[int]) -> Matrix:
        """Distance of some scenarios (rows) to every scenario (MUSD); infinite between storylines."""
        is_same = self.storylines[places][:, np.newaxis] == self.storylines
        return np.where(is_same, cdist(self._points[places], self._points), np.inf)

    def best(self, places: Sequence[int], nearest: Matrix) -> int:
        """The place among `places` that leaves the least sum of distances, the first of equal ones.

        nearest: distance of every scenario to the nearest selected one (MUSD).
        """
        sums: list[Matrix] = []
        for start in range(0, len(places), BLOCK):
            distances = self.distances(places[start : start + BLOCK])
            sums.append(np.minimum(nearest, distances) @ self.probabilities)
        left = np.hstack(sums)
        least = float(left.min())
        return places[int(np.argmax(left <= least + TIED * (1.0 + least)))]


def _selected(points: _Points, count: int) -> list[int]:
    """Places of the selected scenarios: first the best of each storyline, then always the best of the rest."""
    selected: list[int] = []
    for storyline in np.unique(points.storylines):
        is_own = points.storylines == storyline
        own = np.flatnonzero(is_own).tolist()
        selected.append(points.best(own, np.where(is_own, np.inf, 0.0)))
    every = len(points.probabilities)
    while len(selected) < min(count, every):
        nearest = points.distances(selected).min(axis=0)
        others = [place for place in range(every) if place not in selected]
        selected.append(points.best(others, nearest))
    return sorted(selected)


def _measures(
    case: Case, losses: LossesByElement, probabilities: Mapping[str, float]
) -> dict[str, float]:
    """Expected loss and CVaR (MUSD) of scenarios with these probabilities."""
    totals = [float(losses[name].sum()) for name in probabilities]
    measures = measures_of(totals, list(probabilities.values()), case.model.objective)
    return {"expected_loss_musd": measures.expected, "cvar_musd": measures.cvar}


def _with_selected(case: Case, probabilities: Mapping[str, float]) -> Case:
    """The case with the selected scenarios; their bounds go with their probability, so that those of a storyline stay."""
    rows: list[Scenario] = []
    for row in case.tables.scenarios:
        if row.scenario in probabilities:
            rows.append(row.model_copy(update={"probability": probabilities[row.scenario]}))
    shocks = [row for row in case.tables.shocks if row.scenario in probabilities]
    smaller = with_other_scenarios(case, rows, shocks, case.tables.draws)
    own_odds = odds_of(smaller)
    bounds: dict[str, tuple[float, float]] = {}
    for storyline, odds in odds_of(case).items():
        for scenario, share in own_odds[storyline].shares.items():
            bounds[scenario] = odds.low * share, odds.high * share
    bounded: list[Scenario] = []
    for row in rows:
        low, high = bounds[row.scenario] if row.probability_low is not None else (None, None)
        bounded.append(row.model_copy(update={"probability_low": low, "probability_high": high}))
    return with_rows(smaller, scenarios=tuple(bounded)).checked()
