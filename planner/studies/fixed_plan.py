"""A plan held fixed where it was not made for: investment, training and hiring as planned, operations anew.

In other futures, laid out as a tree like those of the case, so that operations still know no more than a history
shows; and at every point of a study, with what it loses there against the best plan for the point. Regret after
Savage, The Theory of Statistical Decision, JASA 46 (1951); satisficing as the share of points at which a plan does not
fail, after Starr's domain criterion (see Lempert and Collins, Risk Analysis 27, 2007).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.errors import Fault, InputError, StoppedError
from planner.formulation.declared import DECISIONS
from planner.results.plan import PlanValues
from planner.results.store import read_run
from planner.results.study import OPTIMAL
from planner.solving.goals import Outcome, Phase, Progress, phases_of, silent, solve_phases
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.solving.solve import ENDS
from planner.studies.changes import Changer, settings_from
from planner.studies.file import failure
from planner.studies.measure import Measures, measure
from planner.studies.one_by_one import SLACK, Decided
from planner.studies.points import chains
from planner.studies.run import reopen
from planner.studies.store import assemble


def amounts(plan: PlanValues) -> Decided:
    """What a plan has decided: (variable, (thing, year)) -> amount. Raises InputError for an adaptive plan."""
    if plan.case.model.policy.investment != "committed":
        told = "invests in answer to what happens; only a committed plan can be held fixed"
        raise InputError([Fault("RUN", 0, "policy.investment", told)])
    first = next(iter(plan.case.scenarios))
    people = plan.tables["workforce"]
    out: dict[tuple[str, Any], float] = {}
    for r in plan.tables["investments"].itertuples():
        out["build", (r.project, r.year)] = float(str(r.tpa))
    for r in plan.tables["training"].itertuples():
        out["intake", (r.programme, r.year)] = float(str(r.intake))
        out["new_seats", (r.programme, r.year)] = float(str(r.new_seats))
    for r in people[people["scenario"] == first].itertuples():
        key = "hired", (r.country, r.skill, r.year)  # a year may have several rows, the first of them with its hires
        out[key] = out.get(key, 0.0) + float(str(r.hired))
    return {key: value for key, value in out.items() if value > 0}


def fix(session: LiveProgram, decided: Decided) -> None:
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


def held(case: Case, decided: Decided, phases: list[Phase]) -> tuple[LiveProgram, Outcome]:
    """The program of a case with the plan as decided, and its optimum. Raises StoppedError if none is proven."""
    session = LiveProgram(case)
    fix(session, decided)
    outcome = solve_phases(session.program, case.model.objective, session.solver, silent, phases)
    if outcome.stop is not Stop.OPTIMAL:
        raise StoppedError(f"the fixed plan has no proven optimum in these scenarios ({outcome.stop})")
    return session, outcome


def evaluate(case: Case, decided: Decided) -> Measures:
    """Least risk that operations can attain in the futures of `case`, the plan being as decided; raises as `held`."""
    session, outcome = held(case, decided, [Phase("risk"), Phase("expected_loss")])
    return measure(session.scope, session.program, outcome)


COLUMNS = ("plan", "point", "status", "risk_musd", "least_risk_musd", "regret_musd", "fails")


def read_plans(runs: list[Path]) -> dict[str, PlanValues]:
    """Plans of run folders by the name of the folder. Raises RunFolderError, InputError."""
    names = [run.resolve().name for run in runs]
    labels = names if len(set(names)) == len(names) else [str(run) for run in runs]
    return {label: read_run(run) for label, run in zip(labels, runs, strict=True)}


def hold(folder: Path, plans: Mapping[str, PlanValues], tell: Progress = silent) -> pd.DataFrame:
    """One row per plan and point of a study that has an optimum of its own.

    plan, point, status (of the plan held fixed there: `infeasible` where it cannot be paid or staffed as decided),
    risk_musd, least_risk_musd (of the best plan for the point), regret_musd, fails (by `fails_when`; blank without it).
    Raises RunFolderError, InputError, StoppedError.
    """
    asked, case, table, found = reopen(folder)
    known = assemble(folder).to_pandas().drop_duplicates("point")
    known = known[known["status"] == OPTIMAL].set_index("point")
    best = known["least_risk_musd"] if "least_risk_musd" in known else known["risk_musd"]
    first = {point.id: i for i, point in reversed(list(enumerate(found))) if point.id in known.index}
    order = [i for chain in chains(asked, table, sorted(first.values())) for i in chain]
    change, lines = Changer(case), []
    for name, plan in plans.items():
        tell(f"{name} at {len(order)} points")
        session, decided = LiveProgram(case), amounts(plan)
        for i in order:
            point = found[i]
            status, values = _held(session, change.apply(settings_from(point.settings)), decided)
            least = float(best[point.id])
            risk = values.get("risk_musd", np.nan)
            fails = _fails(asked.fails_when, values) if asked.fails_when else None
            lines.append((name, point.id, status, risk, least, max(risk - least, 0.0), fails))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _held(session: LiveProgram, case: Case, decided: Decided) -> tuple[str, Measures]:
    """Least risk, then least cost, of operations at a point with the plan as decided."""
    session.update(case)
    fix(session, decided)
    objective = case.model.objective.model_copy(update={"goal": "risk", "risk_slack": 0.0, "risk_limit": None})
    session.solver.reset_bounds()
    outcome = solve_phases(session.program, objective, session.solver, silent, phases_of(objective))
    if outcome.stop is Stop.OPTIMAL:
        return OPTIMAL, measure(session.scope, session.program, outcome)
    if outcome.stop is Stop.INFEASIBLE:
        return ENDS[outcome.stop].value, {}
    raise StoppedError(f"a plan held fixed has no proven optimum ({outcome.stop})")


def _fails(told: str, values: Measures) -> bool:
    outcome, sense, limit = failure(told)
    value = values.get(outcome, 0.0)
    return not values or (value > limit if sense == ">" else value < limit)


def robustness(held: pd.DataFrame) -> pd.DataFrame:
    """By plan: points, share at which it can be carried out, mean and worst risk and regret there, satisficing share.

    satisficing: share of all points at which the plan does not fail; one that cannot be carried out fails.
    """
    done = held["status"] == OPTIMAL
    known = held.assign(done=done, satisficing=1.0 - held["fails"].astype(float))
    known.loc[~done, ["risk_musd", "regret_musd"]] = np.nan
    return known.groupby("plan", sort=False, as_index=False).agg(
        points=("done", "size"),
        carried_out=("done", "mean"),
        mean_risk_musd=("risk_musd", "mean"),
        worst_risk_musd=("risk_musd", "max"),
        mean_regret_musd=("regret_musd", "mean"),
        worst_regret_musd=("regret_musd", "max"),
        satisficing=("satisficing", "mean"),
    )
