"""The same futures, weighed otherwise: events of them, and probabilities in which these happen as often as wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from planner.data.case import Case, with_rows
from planner.data.odds import with_probability
from planner.data.schema import Scenario
from planner.errors import refused

ANY_STOP = "hazard.*"
"""The event that some export to the allies stops, by whatever."""
ROUNDS, NEAR = 1000, 1e-12
"""Fits of probabilities to each other before they are given up, and how far they may then be apart."""


def happenings(case: Case) -> dict[str, frozenset[str]]:
    """Events that may happen or not, `hazard.NAME` or `future.NAME` -> the scenarios in which they do.

    Hazards that were drawn in the same ones are one, after the first; futures of their own are those in which nothing
    else is the same. Where several of them stop exports, `ANY_STOP` is that any of them happens.
    """
    when: dict[str, set[str]] = defaultdict(set)
    for draw in case.tables.draws:
        when[f"hazard.{draw.hazard}"].add(draw.scenario)
    for scenario, storyline in case.lookups.storylines.items():
        when[f"future.{storyline}"].add(scenario)
    found: dict[frozenset[str], str] = {}
    for key, scenarios in when.items():
        if len(scenarios) < len(case.scenarios):
            found.setdefault(frozenset(scenarios), key)
    stopped = _where_exports_stop(case)
    if sum(scenarios < stopped for scenarios in found) > 1 and len(stopped) < len(case.scenarios):
        found.setdefault(stopped, ANY_STOP)
    return {key: scenarios for scenarios, key in found.items()}


def _where_exports_stop(case: Case) -> frozenset[str]:
    """The scenarios in which a shock takes the whole of an import away."""
    named = {row.scenario for row in case.tables.shocks if row.kind == "import" and not row.factor}
    storylines = case.lookups.storylines.items()
    return frozenset(one for one, storyline in storylines if one in named or storyline in named)


def reweighted(
    case: Case, wanted: Mapping[str, float], known: Mapping[str, frozenset[str]] | None = None
) -> Case:
    """The case with the probabilities nearest to its own in which all that is wanted holds.

    Iterative proportional fitting (Deming and Stephan 1940; Csiszar 1975). wanted: by the keys of `happenings`. known: these
    of the case before other changes, by which an event may have become another. Raises InputError.
    """
    known = happenings(case) if known is None else known
    for key in wanted.keys() - known.keys():
        raise refused(
            "",
            "scenarios",
            "happens in no future, or in all: its probability is not to choose",
            column=key,
        )
    chance = dict(case.scenarios)
    for _ in range(ROUNDS):
        apart = 0.0
        for key, share in wanted.items():
            apart = max(apart, _fit(chance, known[key], share))
        if apart < NEAR:
            rows: list[Scenario] = []
            for row in case.tables.scenarios:
                rows.append(with_probability(row, chance[row.scenario]))
            return with_rows(case, scenarios=tuple(rows)).checked()
    raise refused(
        "", "scenarios", "these probabilities cannot hold together: take one of them back"
    )


def _fit(chance: dict[str, float], happens: frozenset[str], share: float) -> float:
    """Scale probabilities so that what happens in some scenarios has its share. Returns how far it was from it."""
    now = 0.0
    rest = 0.0
    for scenario, probability in chance.items():
        if scenario in happens:
            now += probability
        else:
            rest += probability
    inside = share / now if now else 0.0
    outside = (1 - share) / rest if rest else 0.0
    for scenario in chance:
        chance[scenario] *= inside if scenario in happens else outside
    return abs(now - share)
