"""How much more a plan costs than the best one could in samples that neither was made for (Mak, Morton and Wood 1999).

Each replication draws a fresh sample of the size of the plan's own set of scenarios and solves it twice: with the
decisions of the plan held, and without. What the first has beyond the second, on the first criterion of the goal, is an
upper estimate of what a plan made for all scenarios of the register would spare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.stats import t as students_t

from planner.config import Objective
from planner.data.case import Case, with_other_scenarios, without_limit, without_targets
from planner.errors import StoppedError
from planner.evaluation.decisions import single_path
from planner.results.evaluation import OptimalityGap
from planner.results.plan import Plan
from planner.sampling.samples import draws_for, sample
from planner.solving.engine import Engine, FixedAmounts
from planner.solving.goals import Phase, Progress

CONFIDENCE = 0.95


def optimality_gap(
    plan: Plan, register: Case, replications: int, seed: int, progress: Progress
) -> OptimalityGap:
    """Mean over replications of what a plan costs more than the optimum of the same fresh sample, and a bound of it.

    register: the case whose hazards are drawn. seed: of the first sample; the next ones follow. The bound is one-sided,
    95 %, by Student's t; None for one replication. MUSD, on the first criterion of the goal (`target`: risk-adjusted
    cost). Raises InputError for decisions that differ between histories, StoppedError where no optimum is proven.

    >>> optimality_gap(plan, register, replications=2, seed=7, progress=silent).value >= 0
    True
    """
    decisions = single_path(plan)
    criterion = _first_criterion(plan.case.model.objective)
    gaps: list[float] = []
    for number, case in enumerate(_samples(plan.case, register, replications, seed), start=1):
        progress(f"optimality gap, replication {number} of {replications}")
        with_decisions = _least(case, criterion, decisions)
        gaps.append(with_decisions - _least(case, criterion))
    mean = float(np.mean(gaps))
    if replications < 2:
        return OptimalityGap(value=mean, high=None, replications=replications)
    quantile = float(students_t.ppf(CONFIDENCE, replications - 1))
    half = quantile * float(np.std(gaps, ddof=1)) / math.sqrt(replications)
    return OptimalityGap(value=mean, high=mean + half, replications=replications)


def _least(case: Case, criterion: Phase, fixed: FixedAmounts | None = None) -> float:
    """The least of a criterion (MUSD), with decisions fixed where there are some."""
    solved = Engine(case).solve(fixed=fixed, phases=[criterion])
    if not solved.is_optimal:
        raise StoppedError(f"a replication has no proven optimum ({solved.outcome.stop})")
    return solved.value(criterion.name)


def _first_criterion(objective: Objective) -> Phase:
    """A limit of the risk need not hold in another sample: goal `target` is read as `welfare`."""
    return Phase("risk" if objective.goal == "risk" else "welfare")


def _samples(case: Case, register: Case, replications: int, seed: int) -> Iterator[Case]:
    """The case of the plan with the scenarios of fresh samples, each of about the size of its own set; of its targets
    those that may be missed at a price."""
    draws = draws_for(register, len(case.scenarios))
    case = without_limit(case)
    for number in range(replications):
        tables = sample(register, draws, seed + number).tables
        drawn = with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws)
        yield without_targets(drawn.checked(), hard_only=True)
