"""The same futures, weighed otherwise: what may happen in them, and probabilities in which it happens as often as wanted."""

from __future__ import annotations

from collections.abc import Mapping

from planner.data.case import Case
from planner.data.odds import with_probability
from planner.errors import Fault, InputError

ROUNDS, NEAR = 1000, 1e-12
"""How often probabilities are fitted to each other before they are given up, and how far they may then be apart."""


def happenings(case: Case) -> dict[str, frozenset[str]]:
    """What may happen or not, `hazard.NAME` or `future.NAME` -> the scenarios in which it does.

    Hazards that were drawn in the same ones are one, after the first; futures of their own are those in which nothing
    else is the same.
    """
    when: dict[str, set[str]] = {}
    for draw in case.tables.draws:
        when.setdefault(f"hazard.{draw.hazard}", set()).add(draw.scenario)
    for scenario, storyline in case.storylines.items():
        when.setdefault(f"future.{storyline}", set()).add(scenario)
    found: dict[frozenset[str], str] = {}
    for key, scenarios in when.items():
        if len(scenarios) < len(case.scenarios):
            found.setdefault(frozenset(scenarios), key)
    return {key: scenarios for scenarios, key in found.items()}


def reweighted(case: Case, wanted: Mapping[str, float]) -> Case:
    """The case with the probabilities nearest to its own in which all that is wanted holds.

    Iterative proportional fitting (Deming and Stephan 1940; Csiszar 1975). wanted: by the keys of `happenings`. Raises
    InputError.
    """
    known, chance = happenings(case), dict(case.scenarios)
    for key in wanted.keys() - known.keys():
        said = "happens in no future, or in all: its probability is not to choose"
        raise InputError([Fault("scenarios", 0, key, said)])
    for _ in range(ROUNDS):
        apart = max((_fit(chance, known[key], share) for key, share in wanted.items()), default=0.0)
        if apart < NEAR:
            rows = (with_probability(row, chance[row.scenario]) for row in case.tables.scenarios)
            return case.with_tables(scenarios=tuple(rows)).checked()
    said = "these probabilities cannot hold together: take one of them back"
    raise InputError([Fault("scenarios", 0, "", said)])


def _fit(chance: dict[str, float], happens: frozenset[str], share: float) -> float:
    """Scale probabilities so that what happens in some scenarios has its share. Returns how far it was from it."""
    now = sum(chance[scenario] for scenario in happens)
    rest = sum(p for scenario, p in chance.items() if scenario not in happens)
    inside = share / now if now else 0.0
    outside = (1 - share) / rest if rest else 0.0
    for scenario in chance:
        chance[scenario] *= inside if scenario in happens else outside
    return abs(now - share)
