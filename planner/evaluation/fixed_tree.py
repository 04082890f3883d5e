"""The program of a whole scenario tree with the decisions of a plan fixed: operations know what a history shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import t as student

from planner.data.case import Case
from planner.data.schema import Draw, Scenario, Shock
from planner.errors import Fault, InputError, StoppedError
from planner.evaluation.chain import SLACK
from planner.evaluation.decisions import FixedAmounts
from planner.evaluation.intervals import CONFIDENCE
from planner.formulation.whole_program import DECISIONS
from planner.solving.goals import Outcome, Phase, silent, solve_phases
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop

Watcher = Callable[[LiveProgram], object]
"""Told a program before it is solved, so that another thread may cancel it."""


def fix(session: LiveProgram, amounts: FixedAmounts) -> None:
    """Hold all decisions of a session at given amounts.

    The program leaves out what can make no difference in its scenarios; such a decision is passed over.
    Raises InputError if the case does not know a thing decided on.
    """
    case, program = session.case, session.program
    lower, upper = program.lower.copy(), program.upper.copy()
    left = dict(amounts)
    for position, (name, index) in enumerate(program.columns):
        if name in DECISIONS:
            year = index[-1] + case.first_year
            amount = left.pop((name, (*index[:-1], year)), 0.0)
            lower[position] = max(0.0, amount * (1 - SLACK) - SLACK)
            upper[position] = amount * (1 + SLACK) + SLACK
    known = {*case.projects, *case.programmes, *case.countries}
    faults: list[Fault] = []
    for name, index in left:
        if index[0] not in known:
            said = f"decides on {index[0]}, which the case does not know"
            faults.append(Fault("RUN", 0, name, said))
    if faults:
        raise InputError(faults)
    fixed = program.with_data(
        program.matrix.data, program.row_lower, program.row_upper, lower, upper
    )
    session.solver.replace(fixed)
    session.program = fixed


def held(
    case: Case, amounts: FixedAmounts, phases: list[Phase], begun: Watcher = lambda _: None
) -> tuple[LiveProgram, Outcome]:
    """The program of a case with decisions fixed, and its optimum; targets that must hold are not enforced then. Raises
    StoppedError if none is proven."""
    session = LiveProgram(case.without_targets(hard_only=True))
    begun(session)
    fix(session, amounts)
    outcome = solve_phases(session.program, case.model.objective, session.solver, silent, phases)
    if outcome.stop is not Stop.OPTIMAL:
        said = f"the fixed plan has no proven optimum in these scenarios ({outcome.stop})"
        raise StoppedError(said)
    return session, outcome


def replicate(
    case: Case, size: int, replications: int, seed: int, amounts: FixedAmounts
) -> tuple[float, float | None]:
    """How far the risk of fixed decisions is above the least that any plan leaves in the scenarios of a case (MUSD).

    The mean gap of replications, and the upper end of its one-sided 95 % interval, which one replication does not give
    (Mak, Morton and Wood, Operations Research Letters 24, 1999). Each draws `size` scenarios, and has the plan of least
    risk for these. Raises StoppedError.
    """
    generator = np.random.default_rng(seed)
    soft = case.without_targets(hard_only=True)
    gaps: list[float] = []
    for _ in range(replications):
        counts = generator.multinomial(size, list(case.scenarios.values())).tolist()
        chances: dict[str, float] = {}
        for scenario, count in zip(case.scenarios, counts, strict=True):
            if count:
                chances[scenario] = count / size
        drawn = reweighed(soft, chances)
        best = LiveProgram(drawn).solve(silent, [Phase("risk")])
        if best.stop is not Stop.OPTIMAL:
            raise StoppedError(f"a replication has no proven optimum ({best.stop})")
        _, outcome = held(drawn, amounts, [Phase("risk")])
        gaps.append(max(0.0, outcome.values["risk"] - best.values["risk"]))
    mean = float(np.mean(gaps))
    if replications < 2:
        return mean, None
    quantile = float(student.ppf(CONFIDENCE, replications - 1))
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
