"""The program of a whole scenario tree with the decisions of a plan fixed: operations know what a history shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtrit

from planner.data.case import Case
from planner.data.schema import Draw, Scenario, Shock
from planner.errors import StoppedError
from planner.evaluation.intervals import CONFIDENCE
from planner.solving.goals import Phase
from planner.solving.variants import FixedAmounts, Solved, Variants

RISK = Phase("risk")


def solve_fixed(case: Case, amounts: FixedAmounts, phases: list[Phase]) -> Solved:
    """The optimum of operations in a case with decisions fixed; targets that must hold are not enforced then. Raises
    StoppedError if no optimum is proven, InputError if the case does not know a thing decided on."""
    variants = Variants(case.without_targets(hard_only=True))
    solved = variants.solve(fixed=amounts, phases=phases)
    if not solved.is_optimal:
        stop = solved.outcome.stop
        raise StoppedError(f"the fixed plan has no proven optimum in these scenarios ({stop})")
    return solved


def replicate(
    case: Case, replications: int, seed: int, amounts: FixedAmounts
) -> tuple[float, float | None]:
    """The gap (MUSD) between the risk of fixed decisions and the least that any plan leaves in the scenarios of a case.

    Returned are the mean gap of the replications and the upper end of its one-sided 95 % interval, None where there is
    one replication. Each draws as many scenarios as the case has, and has the plan of least risk for these. Raises StoppedError.

    After Mak, Morton and Wood, Operations Research Letters 24 (1999).
    """
    generator = np.random.default_rng(seed)
    size = len(case.scenarios)
    soft = case.without_targets(hard_only=True)
    gaps: list[float] = []
    for _ in range(replications):
        counts = generator.multinomial(size, list(case.scenarios.values())).tolist()
        chances: dict[str, float] = {}
        for scenario, count in zip(case.scenarios, counts, strict=True):
            if count:
                chances[scenario] = count / size
        drawn = reweighed(soft, chances)
        best = Variants(drawn).solve(phases=[RISK])
        if not best.is_optimal:
            raise StoppedError(f"a replication has no proven optimum ({best.outcome.stop})")
        fixed = solve_fixed(drawn, amounts, [RISK])
        gaps.append(max(0.0, fixed.value("risk") - best.value("risk")))
    mean = float(np.mean(gaps))
    if replications < 2:
        return mean, None
    quantile = float(stdtrit(replications - 1, CONFIDENCE))
    half = quantile * float(np.std(gaps, ddof=1)) / math.sqrt(replications)
    return mean, mean + half


def reweighed(case: Case, probabilities: Mapping[str, float]) -> Case:
    """The case with some of its scenarios, as likely as given."""
    scenarios: list[Scenario] = []
    for row in case.tables.scenarios:
        if row.scenario in probabilities:
            likely = probabilities[row.scenario]
            scenarios.append(row.model_copy(update={"probability": likely}))
    shocks = [row for row in case.tables.shocks if row.scenario in probabilities]
    return with_other_scenarios(case, scenarios, shocks)


def with_other_scenarios(
    case: Case,
    scenarios: Sequence[Scenario],
    shocks: Sequence[Shock],
    draws: Sequence[Draw] | None = None,
) -> Case:
    """The case with other scenarios and shocks. draws: what was drawn; if left out, what the case holds of them."""
    names = {row.scenario for row in scenarios}
    given = case.tables.draws if draws is None else draws
    drawn = tuple(row for row in given if row.scenario in names)
    return case.with_tables(scenarios=tuple(scenarios), shocks=tuple(shocks), draws=drawn)
