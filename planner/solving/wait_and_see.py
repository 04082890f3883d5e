"""What no plan can do better than, for solves that are stopped: each scenario by itself, known from the start.

The risk never falls when the loss of a scenario grows, so the least loss of each by itself gives a risk that no plan
comes below (wait and see: Birge and Louveaux, Introduction to Stochastic Programming, 2nd ed. 2011, ch. 4).
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from planner.data.case import Case
from planner.results.losses import weighed
from planner.solving.goals import Phase, silent
from planner.solving.live_program import LiveProgram
from planner.solving.solution import MARGIN


def alone(case: Case, scenario: str) -> Case:
    """The case in which one scenario is certain."""
    tables = case.tables
    rows = tuple(
        r.model_copy(update={"probability": 1.0, "probability_low": None, "probability_high": None})
        for r in tables.scenarios
        if r.scenario == scenario
    )
    shocks = tuple(r for r in tables.shocks if r.scenario == scenario)
    certain = case.with_tables(scenarios=rows, shocks=shocks)
    policy = case.model.policy.model_copy(update={"investment": "committed"})
    return certain.with_model(case.model.model_copy(update={"policy": policy}))


def no_less_than(case: Case, seconds: float) -> float:
    """A risk (MUSD) that no plan comes below, as near as so many seconds allow.

    Scenarios that are not reached count as harmless; those with most shocks come first.
    """
    until, least = perf_counter() + seconds, dict.fromkeys(case.scenarios, 0.0)
    relaxed, shocks = (
        case.without_targets().set_model("policy.whole_plants", False),
        Counter(row.scenario for row in case.tables.shocks),
    )
    for scenario in sorted(least, key=lambda w: (-shocks[w], -case.scenarios[w])):
        if (left := until - perf_counter()) > 0:
            known = (
                LiveProgram(alone(relaxed, scenario), left).solve(silent, [Phase("risk")]).values
            )
            found = known.get("risk", 0.0)
            least[scenario] = max(found - MARGIN * (1 + found), 0.0)
    return weighed(case, least).risk
