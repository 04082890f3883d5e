"""Case -> plan as one program: build, solve the phases, take the amounts, share the payments, verify."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.host import collector_paused
from planner.results.origins import yearly_origins
from planner.results.plan import Plan, Status
from planner.results.schema import RUN_FORMAT
from planner.results.summary import figures
from planner.results.tables import TableViews
from planner.sharing.funder_payments import paid_solution
from planner.sharing.shares import payment_weights
from planner.solving import highs
from planner.solving.diagnose import why_infeasible, why_unproven
from planner.solving.engine import Engine, Variant
from planner.solving.goals import Outcome, Progress, silent
from planner.solving.highs import TOLERANCE
from planner.solving.program import Certificate
from planner.solving.program_size import refuse_if_too_large
from planner.solving.shadow_prices import shadow_prices
from planner.solving.solution import Stop
from planner.solving.warm_program import WarmProgram
from planner.solving.whole_plants import proven
from planner.verification.verify import Verification, verify_amounts
from planner.verification.violations import at_most, equal

ENDS = {
    Stop.OPTIMAL: Status.OPTIMAL,
    Stop.INFEASIBLE: Status.INFEASIBLE,
    Stop.TIME_LIMIT: Status.TIME_LIMIT,
    Stop.INTERRUPTED: Status.TIME_LIMIT,
    Stop.UNPROVEN: Status.UNPROVEN,
}
STEPS = {
    "risk": "solving for the least risk",
    "cost": "solving for the least cost",
    "risk_at_cost": "solving for the least risk at that cost",
    "welfare": "solving for the least cost and risk",
    "expected_loss": "solving for the least expected loss",
}
"""Phase -> words of progress."""


def solve_whole(case: Case, progress: Progress = silent, time_limit: float | None = None) -> Plan:
    """Solve a case as one program, and verify the plan.

    time_limit: seconds for each run of the solver. The status is `optimal` only if the solver's residuals and the
    verifier's are within 1e-6. Raises InputError where it does not fit in memory, InfeasibleError and StoppedError as
    `solve_session`.
    """
    started = perf_counter()
    refuse_if_too_large(case)
    progress("building the program")
    live = Engine(case, time_limit).live
    built = perf_counter() - started
    return solve_session(live, progress, build_seconds=built)


def solve_variant(
    engine: Engine, variant: Variant | None = None, progress: Progress = silent
) -> Plan:
    """The verified plan of a variant, solved from what its engine keeps. Raises StoppedError after `cancel`."""
    outcome = engine.solve(variant).outcome  # which may change what is live
    return solve_session(engine.live, progress, outcome=outcome)


@collector_paused()
def solve_session(
    live: WarmProgram,
    progress: Progress = silent,
    *,
    build_seconds: float = 0.0,
    outcome: Outcome | None = None,
) -> Plan:
    """Solve a program, extract and verify the plan.

    outcome: what it was solved to already.
    """
    case, started = live.case, perf_counter()
    outcome = outcome or live.solve(lambda name: progress(STEPS[name]))
    summary = header(case, len(live.scope.tree.nodes), live.program.size)
    if outcome.stop not in (Stop.OPTIMAL, Stop.INFEASIBLE):
        summary["bounds"] = outcome.bounds()
    if not outcome.has_plan:
        summary |= _why_none(live, outcome, progress)
        summary["seconds"] = seconds_of(case, build_seconds, started)
        return Plan(case, ENDS[outcome.stop], summary, {})
    weights, more = payment_weights(case)
    plan = paid_solution(live.scope, live.program, outcome.last.x, weights)
    seconds = seconds_of(case, build_seconds, started)
    progress("verifying the plan")
    checked = verify_amounts(plan)
    origins = yearly_origins(checked.amounts)
    certificate = _certificate(live, outcome, checked)
    sound = certificate.worst() <= TOLERANCE and checked.holds
    status = ENDS[outcome.stop] if sound else Status.UNPROVEN
    summary["status"] = status.value
    summary |= figures(plan, checked.totals, origins, outcome.values.get("risk"))
    if status is Status.UNPROVEN:
        summary["reasons"] = _why_unproven(live, outcome, checked)
    if case.model.policy.whole_plants:
        summary |= proven(outcome)
    summary["certificate"] = vars(certificate)
    summary["algorithms"] = {name: phase.algorithm for name, phase in outcome.phases.items()}
    summary["seconds"] = seconds
    ends = [np.concatenate([phase.x, phase.duals]) for phase in outcome.phases.values()]
    prices = shadow_prices(live.scope, live.program, outcome)
    tables = TableViews(plan, prices, origins, more)
    return Plan(case=case, status=status, summary=summary, tables=tables, point=np.array(ends))


def _why_none(live: WarmProgram, outcome: Outcome, progress: Progress) -> dict[str, Any]:
    """Status of a solve without a plan, and the reasons."""
    found: dict[str, Any] = {"status": ENDS[outcome.stop].value}
    upper = live.solver.upper
    if outcome.stop is Stop.INFEASIBLE:
        progress("finding out why")
        found |= why_infeasible(live.case, live.program, outcome.last.least_limited)
    elif outcome.stop is Stop.UNPROVEN:
        found["reasons"] = why_unproven(live.scope, live.program, upper, outcome)
    return found


def _why_unproven(live: WarmProgram, outcome: Outcome, checked: Verification) -> list[str]:
    reasons: list[str] = []
    for rule, amount in checked.violations.items():
        if amount > TOLERANCE:
            reasons.append(f"the plan breaks the rule {rule} by {amount:.2g}")
    return reasons + why_unproven(live.scope, live.program, live.solver.upper, outcome)


def _certificate(live: WarmProgram, outcome: Outcome, checked: Verification) -> Certificate:
    """The worst figures over all phases; what the tables miss of any rule counts as primal residual."""
    solved = [phase.certificate for phase in outcome.phases.values() if phase.certificate]
    missed = [one.primal_residual for one in solved]
    missed += [checked.worst, _apart(live, outcome, checked)]
    return Certificate(
        primal_residual=max(missed),
        dual_residual=max(one.dual_residual for one in solved),
        relative_gap=max(one.relative_gap for one in solved),
    )


def _apart(live: WarmProgram, outcome: Outcome, checked: Verification) -> float:
    """The largest relative distance of cost, expected loss and risk of the program from those recomputed from the
    tables.

    The program may overstate a loss that no longer matters to its last objective, never understate one.
    """
    program, x = live.program, outcome.last.x
    _, cost_apart = equal("cost", program.measure("cost", x), checked.totals.cost)
    expected = program.measure("expected_loss", x)
    _, loss_apart = at_most("expected_loss", checked.totals.losses.expected, expected)
    _, risk_apart = at_most("risk", checked.totals.losses.risk, program.measure("risk", x))
    return max(cost_apart, loss_apart, risk_apart)


def header(case: Case, nodes: int, size: Mapping[str, int]) -> dict[str, Any]:
    """Keys of the summary about a case and the programs that were solved: rows, columns, nonzeros."""
    model = {"name": case.model.name, **size}
    model |= {"nodes": nodes, "scenarios": len(case.scenarios)}
    languages = {"python": platform.python_version(), "pandas": pd.__version__}
    return {
        "format": RUN_FORMAT,
        "status": "",
        "case": case.name,
        "goal": case.model.objective.goal,
        "model": model,
        "versions": highs.versions() | languages,
        "inputs_sha256": case.sha256,
    }


def seconds_of(case: Case, build: float, started: float) -> dict[str, float]:
    """Step -> seconds that it took, `started` being when the solving began."""
    return {
        "load": round(case.load_seconds, 3),
        "build": round(build, 3),
        "solve": round(perf_counter() - started, 3),
        "report": 0.0,
    }
