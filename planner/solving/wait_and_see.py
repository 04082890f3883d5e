"""What no plan can do better than, for solves that are stopped: each scenario by itself, known from the start.

The risk never falls when the loss of a scenario grows, so the least loss of each by itself gives a risk that no plan
comes below (wait and see: Birge and Louveaux, Introduction to Stochastic Programming, 2nd ed. 2011, ch. 4).
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from planner.data.case import Case
from planner.results.losses import weighed
from planner.solving.goals import Phase
from planner.solving.solution import MARGIN
from planner.solving.variants import Variants


def alone(case: Case, scenario: str) -> Case:
    """The case in which one scenario is certain."""
    certain = {"probability": 1.0, "probability_low": None, "probability_high": None}
    rows = [row for row in case.tables.scenarios if row.scenario == scenario]
    shocks = tuple(row for row in case.tables.shocks if row.scenario == scenario)
    scenarios = tuple(row.model_copy(update=certain) for row in rows)
    policy = case.model.policy.model_copy(update={"investment": "committed"})
    model = case.model.model_copy(update={"policy": policy})
    return case.with_tables(scenarios=scenarios, shocks=shocks).with_model(model)


def no_less_than(case: Case, seconds: float) -> float:
    """A risk (MUSD) that no plan comes below, as near as so many seconds allow.

    Scenarios that are not reached count as harmless; those with most shocks come first.
    """
    until = perf_counter() + seconds
    least = dict.fromkeys(case.scenarios, 0.0)
    relaxed = case.without_targets().set_model("policy.whole_plants", False)
    shocks = Counter(row.scenario for row in case.tables.shocks)
    for scenario in sorted(least, key=lambda name: (-shocks[name], -case.scenarios[name])):
        left = until - perf_counter()
        if left > 0:
            outcome = Variants(alone(relaxed, scenario), left).solve(phases=[Phase("risk")]).outcome
            found = outcome.values.get("risk", 0.0)
            least[scenario] = max(found - MARGIN * (1 + found), 0.0)
    return weighed(case, least).risk
