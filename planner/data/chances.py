"""What may happen in the futures of a case, and the same futures weighed otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping

from planner.data.case import Case
from planner.errors import Fault, InputError

DRAWN = re.compile(r"-\d{4,}$")
"""What follows the name of a scenario in the names of its draws."""
ROUNDS, NEAR = 1000, 1e-12
"""How often probabilities are fitted to each other before they are given up, and how far they may then be apart."""


def family(case: Case, scenario: str) -> str:
    """The future that a scenario is a draw of; itself where none was drawn."""
    return DRAWN.sub("", scenario) if case.tables.draws else scenario


def happenings(case: Case) -> dict[str, frozenset[str]]:
    """What may happen or not, `hazard.NAME` or `future.NAME` -> the scenarios in which it does. Hazards that were drawn
    in the same ones are one, after the first; futures of their own are those in which nothing else is the same."""
    when: dict[str, set[str]] = {}
    for draw in case.tables.draws:
        when.setdefault(f"hazard.{draw.hazard}", set()).add(draw.scenario)
    for scenario in case.scenarios:
        when.setdefault(f"future.{family(case, scenario)}", set()).add(scenario)
    found: dict[frozenset[str], str] = {}
    for key, scenarios in when.items():
        if len(scenarios) < len(case.scenarios):
            found.setdefault(frozenset(scenarios), key)
    return {key: scenarios for scenarios, key in found.items()}


def reweighted(case: Case, wanted: Mapping[str, float]) -> Case:
    """The case with the probabilities nearest to its own in which all that is wanted holds: iterative proportional
    fitting (Deming and Stephan 1940; Csiszar 1975). wanted: by the keys of `happenings`. Raises InputError."""
    known, chance = happenings(case), dict(case.scenarios)
    for key in wanted.keys() - known.keys():
        said = "happens in no future, or in all: its probability is not to choose"
        raise InputError([Fault("scenarios", 0, key, said)])
    for _ in range(ROUNDS):
        apart = 0.0
        for happens, share in ((known[key], share) for key, share in wanted.items()):
            now = sum(chance[w] for w in happens)
            rest = sum(chance[w] for w in chance if w not in happens)
            apart = max(apart, abs(now - share))
            for w in chance:
                chance[w] *= (share / now if now else 0.0) if w in happens else ((1 - share) / rest if rest else 0.0)
        if apart < NEAR:
            rows = (row.model_copy(update={"probability": chance[row.scenario]}) for row in case.tables.scenarios)
            return case.with_tables(scenarios=tuple(rows)).checked()
    raise InputError([Fault("scenarios", 0, "", "these probabilities cannot hold together: take one of them back")])
