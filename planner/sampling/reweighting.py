"""Other probabilities of the same scenarios: events, and the nearest probabilities for their shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from planner.data.case import Case, with_rows
from planner.data.odds import with_probability
from planner.errors import refused

ANY_STOP = "hazard.*"
"""The event that an export to the allies stops, whatever the hazard."""
ROUNDS, NEAR = 1000, 1e-12
"""Most rounds of fitting, and the largest difference of a probability afterwards."""


def happenings(case: Case) -> dict[str, frozenset[str]]:
    """Events, `hazard.NAME` or `future.NAME` -> the scenarios in which they happen.

    Events of the same scenarios are one, named by the first. `ANY_STOP` joins several hazards that stop exports. Events
    that happen in every scenario are left out.
    """
    scenarios_of: dict[str, set[str]] = defaultdict(set)
    for draw in case.tables.draws:
        scenarios_of[f"hazard.{draw.hazard}"].add(draw.scenario)
    for scenario, storyline in case.lookups.storylines.items():
        scenarios_of[f"future.{storyline}"].add(scenario)
    events: dict[frozenset[str], str] = {}
    for key, scenarios in scenarios_of.items():
        if len(scenarios) < len(case.scenarios):
            events.setdefault(frozenset(scenarios), key)
    stopped = _where_exports_stop(case)
    if sum(scenarios < stopped for scenarios in events) > 1 and len(stopped) < len(case.scenarios):
        events.setdefault(stopped, ANY_STOP)
    return {key: scenarios for scenarios, key in events.items()}


def _where_exports_stop(case: Case) -> frozenset[str]:
    """Scenarios in which a shock cuts an import to zero."""
    named = {row.scenario for row in case.tables.shocks if row.kind == "import" and not row.factor}
    storylines = case.lookups.storylines.items()
    return frozenset(one for one, storyline in storylines if one in named or storyline in named)


def reweighted(
    case: Case, shares: Mapping[str, float], events: Mapping[str, frozenset[str]] | None = None
) -> Case:
    """The case with the probabilities nearest to its own in which each event has its share.

    Iterative proportional fitting (Deming and Stephan 1940; Csiszar 1975).

    shares: by the keys of `happenings`. events: of the case before other changes; left out: its own. Raises InputError.
    """
    events = happenings(case) if events is None else events
    for key in shares.keys() - events.keys():
        message = "happens in no future, or in all: its probability is not to choose"
        raise refused("", "scenarios", message, column=key)
    probabilities = dict(case.scenarios)
    for _ in range(ROUNDS):
        difference = 0.0
        for key, share in shares.items():
            difference = max(difference, _fit(probabilities, events[key], share))
        if difference < NEAR:
            rows = [
                with_probability(row, probabilities[row.scenario]) for row in case.tables.scenarios
            ]
            return with_rows(case, scenarios=tuple(rows)).checked()
    raise refused(
        "", "scenarios", "these probabilities cannot hold together: take one of them back"
    )


def _fit(probabilities: dict[str, float], event: frozenset[str], share: float) -> float:
    """Scale probabilities so that an event has its share, and return the difference before."""
    now = sum(chance for scenario, chance in probabilities.items() if scenario in event)
    rest = sum(chance for scenario, chance in probabilities.items() if scenario not in event)
    inside = share / now if now else 0.0
    outside = (1 - share) / rest if rest else 0.0
    for scenario in probabilities:
        probabilities[scenario] *= inside if scenario in event else outside
    return abs(now - share)
