"""A plan held fixed in futures it was not made for: investment, training and hiring as planned, operations anew.

Operations still know no more than a history shows: the futures are laid out as a tree like those of the case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from planner.data.case import Case
from planner.data.load import load
from planner.data.schema import Scenario, Shock
from planner.errors import Fault, InputError, StoppedError
from planner.formulation.build import DECISIONS
from planner.results.losses import cvar
from planner.results.plan import PlanValues
from planner.results.store import csv_text, write_case
from planner.solving.goals import Phase, solve_phases
from planner.solving.highs import Stop
from planner.solving.session import Session
from planner.studies.measure import Measures, measure
from planner.studies.store import write_whole

SLACK = 1e-9
"""Relative room around a fixed amount, for the rounding of the run that made it."""
RESAMPLES, CONFIDENCE, SEED = 4000, 0.95, 20250404
Decided = dict[tuple[str, Any], float]
"""(variable, (thing, year)) -> amount."""


def with_futures(case: Case, scenarios: Sequence[Scenario], shocks: Sequence[Shock]) -> Case:
    """The case with other scenarios and shocks."""
    return replace(case, tables=replace(case.tables, scenarios=tuple(scenarios), shocks=tuple(shocks)))


def read_futures(case: Case, folder: Path, scratch: Path) -> Case:
    """The case with the scenarios and shocks of a folder that holds `scenarios.csv` and `shocks.csv`.

    Checked like a case that is read. scratch: an empty folder. Raises InputError.
    """
    for name in ("scenarios.csv", "shocks.csv"):
        if not (folder / name).exists():
            raise InputError(
                [Fault(str(folder / name), 0, "", "no such table; --scenarios needs scenarios and shocks")]
            )
    write_case(case, scratch / "case")
    for name in ("scenarios.csv", "shocks.csv"):
        (scratch / "case" / name).write_bytes((folder / name).read_bytes())
    return replace(load(scratch / "case"), name=case.name)


def amounts(plan: PlanValues) -> Decided:
    """What a plan has decided: (variable, (thing, year)) -> amount. Raises InputError for an adaptive plan."""
    if plan.case.model.policy.investment != "committed":
        told = "invests in answer to what happens; only a committed plan can be held fixed"
        raise InputError([Fault("RUN", 0, "policy.investment", told)])
    first = next(iter(plan.case.scenarios))
    people = plan.tables["workforce"]
    out: Decided = {}
    for r in plan.tables["investments"].itertuples():
        out["build", (r.project, r.year)] = float(str(r.tpa))
    for r in plan.tables["training"].itertuples():
        out["intake", (r.programme, r.year)] = float(str(r.intake))
        out["new_seats", (r.programme, r.year)] = float(str(r.new_seats))
    for r in people[people["scenario"] == first].itertuples():
        out["hired", (r.country, r.skill, r.year)] = float(str(r.hired))
    return {key: value for key, value in out.items() if value > 0}


def fix(session: Session, decided: Decided) -> None:
    """Hold all investment columns of a session at what was decided.

    The program leaves out what can make no difference in its scenarios; such a decision is passed over.
    Raises InputError if the case does not know what was decided on.
    """
    program, first = session.program, session.case.first_year
    lower, upper = program.lower.copy(), program.upper.copy()
    left = dict(decided)
    for position, (name, index) in enumerate(program.columns):
        if name not in DECISIONS:
            continue
        amount = left.pop((name, (*index[:-1], index[-1] + first)), 0.0)
        lower[position], upper[position] = max(0.0, amount * (1 - SLACK) - SLACK), amount * (1 + SLACK) + SLACK
    case = session.case
    known = {*case.projects, *case.programmes, *case.countries}
    faults = [
        Fault("RUN", 0, name, f"decides on {i[0]}, which the case does not know")
        for name, i in left
        if i[0] not in known
    ]
    if faults:
        raise InputError(faults)
    fixed = program.with_data(program.matrix.data, program.row_lower, program.row_upper, lower, upper)
    session.solver.replace(fixed)
    session.program = fixed


def evaluate(case: Case, decided: Decided) -> Measures:
    """Least risk that operations can attain in the futures of `case`, the plan being as decided.

    Raises StoppedError if no optimum is proven.
    """
    session = Session(case)
    fix(session, decided)
    phases = [Phase("risk"), Phase("expected_loss")]
    outcome = solve_phases(session.program, case.model.objective, session.solver, lambda _: None, phases)
    if outcome.stop is not Stop.OPTIMAL:
        raise StoppedError(f"the fixed plan has no proven optimum in these scenarios ({outcome.stop})")
    return measure(session.scope, session.program, outcome)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval (bootstrap over scenarios)."""

    value: float
    low: float
    high: float


def intervals(case: Case, losses: dict[str, float]) -> dict[str, Estimate]:
    """Expected loss, CVaR and risk of scenario losses, with what another draw of scenarios could have given."""
    names = list(losses)
    values = np.array([losses[w] for w in names])
    chances = np.array([case.scenarios[w] for w in names])
    generator = np.random.default_rng(SEED)
    drawn = generator.choice(len(names), size=(RESAMPLES, len(names)), p=chances)
    objective = case.model.objective

    def figures(z: Sequence[float], p: Sequence[float]) -> tuple[float, float, float]:
        expected = float(np.dot(z, p))
        tail = cvar(z, p, objective.tail)
        return expected, tail, (1 - objective.risk_aversion) * expected + objective.risk_aversion * tail

    even = [1.0 / len(names)] * len(names)
    again = np.array([figures(values[row].tolist(), even) for row in drawn])
    low, high = np.quantile(again, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    point = figures(values.tolist(), chances.tolist())
    keys = ("expected_loss_musd", "cvar_musd", "risk_musd")
    return {key: Estimate(point[i], float(low[i]), float(high[i])) for i, key in enumerate(keys)}


def scenarios_needed(estimate: Estimate, count: int, share: float) -> int:
    """Scenarios for which the half-width of the interval would be `share` of the figure: it shrinks with the root."""
    half = (estimate.high - estimate.low) / 2
    if half <= 0 or estimate.value <= 0:
        return count
    return math.ceil(count * (half / (share * estimate.value)) ** 2)


@dataclass(frozen=True)
class Replication:
    """How far plans made with `size` scenarios fall short: mean gap (MUSD) and the upper end of its 95 % interval."""

    size: int
    mean_gap: float
    upper: float
    replications: int


def replicate(case: Case, size: int, replications: int, seed: int, plan: Decided) -> Replication:
    """Multiple replications (Mak, Morton and Wood, Operations Research Letters 24, 1999).

    Each draws `size` scenarios of the case, solves for the best plan and compares `plan` with it on the same draw.
    The mean gap bounds from above how far `plan` is from the best plan for all scenarios.
    """
    generator = np.random.default_rng(seed)
    names = list(case.scenarios)
    chances = [case.scenarios[w] for w in names]
    gaps = []
    for _ in range(replications):
        counts = pd.Series(generator.choice(names, size=size, p=chances)).value_counts()
        drawn = _drawn(case, {str(w): int(c) / size for w, c in counts.items()})
        session = Session(drawn)
        best = solve_phases(session.program, drawn.model.objective, session.solver, lambda _: None, [Phase("risk")])
        if best.stop is not Stop.OPTIMAL:
            raise StoppedError(f"a replication has no proven optimum ({best.stop})")
        gaps.append(max(0.0, evaluate(drawn, plan)["risk_musd"] - best.values["risk"]))
    half = float(t.ppf(CONFIDENCE, replications - 1)) * float(np.std(gaps, ddof=1)) / math.sqrt(replications)
    return Replication(size, float(np.mean(gaps)), float(np.mean(gaps)) + half, replications)


def _drawn(case: Case, chances: dict[str, float]) -> Case:
    rows = [
        r.model_copy(update={"probability": chances[r.scenario]})
        for r in case.tables.scenarios
        if r.scenario in chances
    ]
    return with_futures(case, rows, [s for s in case.tables.shocks if s.scenario in chances])


def write_evaluation(path: Path, losses: dict[str, float], case: Case) -> None:
    """losses.csv: scenario, probability, loss (MUSD)."""
    table = pd.DataFrame(
        {
            "scenario": list(losses),
            "probability": [case.scenarios[w] for w in losses],
            "loss_musd": list(losses.values()),
        }
    )
    write_whole(path, lambda p: p.write_text(csv_text(table), encoding="utf-8", newline="\n"))
