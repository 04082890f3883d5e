"""Optimality gap of a plan by independent replications (Mak, Morton and Wood 1999).

Each replication draws a fresh sample as large as the scenario set of the plan. The gap is the optimum with the plan's
decisions less the optimum, on the first criterion of the goal.
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
    """Mean optimality gap over replications (MUSD), with a one-sided 95 % bound by Student's t.

    register: with hazards. seed: of the first sample. The bound is None for one replication. Goal `target` uses the
    risk-adjusted cost. Raises InputError if decisions differ between histories, StoppedError without a proven optimum.

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
    solved = Engine(case).solve(fixed=fixed, phases=[criterion])
    if not solved.is_optimal:
        raise StoppedError(f"a replication has no proven optimum ({solved.outcome.stop})")
    return solved.value(criterion.name)


def _first_criterion(objective: Objective) -> Phase:
    """A risk limit may be out of reach in another sample: goal `target` counts as `welfare`."""
    return Phase("risk" if objective.goal == "risk" else "welfare")


def _samples(case: Case, register: Case, replications: int, seed: int) -> Iterator[Case]:
    """The case with fresh samples of about its own size, without hard targets."""
    draws = draws_for(register, len(case.scenarios))
    case = without_limit(case)
    for number in range(replications):
        tables = sample(register, draws, seed + number).tables
        drawn = with_other_scenarios(case, tables.scenarios, tables.shocks, tables.draws)
        yield without_targets(drawn.checked(), hard_only=True)
