"""Case -> plan as one program: build, solve the phases, extract, share the payments, verify."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.program_size import refuse_if_too_large
from planner.host import collector_paused
from planner.results.amounts import PlanAmounts
from planner.results.origins import yearly_origins
from planner.results.plan import Plan, Status
from planner.results.summary import figures
from planner.results.tables import TableViews
from planner.results.verify import Verification, verify_amounts
from planner.results.violations import at_most, equal
from planner.sharing.paid import paid
from planner.sharing.shares import payment_weights
from planner.solving import highs
from planner.solving.diagnose import why_infeasible, why_unproven
from planner.solving.engine import Engine, Variant
from planner.solving.goals import Outcome, Progress, phases_of, silent
from planner.solving.highs import TOLERANCE
from planner.solving.live_program import LiveProgram
from planner.solving.program import Certificate
from planner.solving.shadow_prices import shadow_prices
from planner.solving.solution import Stop
from planner.solving.solution_amounts import solution_amounts
from planner.solving.spending import decided_money, money_due
from planner.solving.variable_values import Values
from planner.solving.whole_plants import proven

ENDS = {
    Stop.OPTIMAL: Status.OPTIMAL,
    Stop.INFEASIBLE: Status.INFEASIBLE,
    Stop.TIME_LIMIT: Status.TIME_LIMIT,
    Stop.INTERRUPTED: Status.TIME_LIMIT,
    Stop.UNPROVEN: Status.UNPROVEN,
}
COMPARABLE = (Status.OPTIMAL, Status.TIME_LIMIT)
"""Ends of a solve to which what happens without a plan adds something: a figure beside it, or an upper bound."""
STEPS = {
    "risk": "solving for the least risk",
    "cost": "solving for the least cost",
    "risk_at_cost": "solving for the least risk at that cost",
    "welfare": "solving for the least cost and risk",
    "expected_loss": "solving for the least expected loss",
}
"""Phase -> words of progress."""
SHOWN_WITHOUT = (
    "risk_musd",
    "risk_given_musd",
    "odds",
    "expected_loss_musd",
    "cvar_musd",
    "cost_musd",
    "scenario_loss_musd",
    "loss_musd_by_country",
    "expected_shortfall_t",
    "service_level",
)
"""Figures of a summary that are shown of what happens without the plan."""


def solve_case(
    case: Case,
    progress: Progress = silent,
    time_limit: float | None = None,
    *,
    baseline: bool = True,
) -> Plan:
    """Solve a case and verify the plan.

    time_limit: seconds for each run of the solver. baseline: also solve the case without levers, for
    `without_plan` in the summary and `without_plan_t` in the table `shortfall`.
    The status is `optimal` only if the solver's residuals and the verifier's are within 1e-6.
    """
    solve = partial(_solve, time_limit=time_limit)
    return with_nothing(solve, case, progress, baseline=baseline)


def with_nothing(
    solve: Callable[[Case, Progress], Plan], case: Case, progress: Progress, *, baseline: bool
) -> Plan:
    """The plan that `solve` finds; if `baseline`, with what would happen without it. See `solve_case`."""
    plan = solve(case, progress)
    if not baseline or plan.status not in COMPARABLE:
        return plan
    nothing = solve(without_plan(case), lambda step: progress(f"without a plan: {step}"))
    return compared(plan, nothing)


def solve_without_plan(
    case: Case, progress: Progress = silent, time_limit: float | None = None
) -> Plan:
    """Solve the case without levers."""
    return _solve(without_plan(case), progress, time_limit=time_limit)


def compared(plan: Plan, nothing: Plan) -> Plan:
    """The plan, with what would happen without it: `without_plan` in the summary, `without_plan_t` in `shortfall`."""
    if nothing.status is not Status.OPTIMAL or plan.status not in COMPARABLE:
        return plan
    if not plan.tables:
        return _bounded(plan, nothing)
    figures = {name: nothing.summary[name] for name in SHOWN_WITHOUT if name in nothing.summary}
    diversified = {"without_plan": nothing.summary["diversification"]}
    seconds: dict[str, float] = {}
    for step, value in plan.summary["seconds"].items():
        more = 0.0 if step == "load" else nothing.summary["seconds"][step]
        seconds[step] = round(value + more, 3)
    summary = plan.summary | {
        "diversification": plan.summary["diversification"] | diversified,
        "without_plan": figures,
        "seconds": seconds,
    }
    tables = plan.tables
    if isinstance(tables, TableViews):
        tables = tables.beside(nothing.amounts.short)
    return replace(plan, summary=summary, tables=tables)


def _bounded(plan: Plan, nothing: Plan) -> Plan:
    """A solve that was stopped, knowing that what its goal minimises first is at most that of doing nothing; unless
    something is asked that doing nothing may miss."""
    bounds: dict[str, dict[str, float]] = plan.summary["bounds"]
    objective = plan.case.model.objective
    first = phases_of(objective)[0].name
    risk, cost = nothing.summary["risk_musd"], nothing.summary["cost_musd"]
    misses_limit = objective.risk_limit is not None and risk > objective.risk_limit
    if plan.case.targets or first not in bounds or misses_limit:
        return plan
    known = {"risk": risk, "cost": cost, "welfare": cost + risk}
    most = min(bounds[first].get("at_most", math.inf), known[first])
    bounds = bounds | {first: bounds[first] | {"at_most": most}}
    return replace(plan, summary=plan.summary | {"bounds": bounds})


def _solve(case: Case, progress: Progress, *, time_limit: float | None) -> Plan:
    """Solve a case as one program.

    Raises InputError where it does not fit in memory, InfeasibleError and StoppedError as `solve_session`.
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
    live: LiveProgram,
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
    plan, more = _amounts(live, outcome)
    seconds = seconds_of(case, build_seconds, started)
    progress("verifying the plan")
    checked = verify_amounts(plan)
    origins = yearly_origins(checked.visits)
    certificate = _certificate(live, outcome, checked)
    sound = certificate.worst() <= TOLERANCE and checked.holds
    status = ENDS[outcome.stop] if sound else Status.UNPROVEN
    summary["status"] = status.value
    summary |= figures(plan, checked, origins, outcome.values.get("risk"))
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


def _why_none(live: LiveProgram, outcome: Outcome, progress: Progress) -> dict[str, Any]:
    """Status of a solve without a plan, and the reasons."""
    found: dict[str, Any] = {"status": ENDS[outcome.stop].value}
    upper = live.solver.upper
    if outcome.stop is Stop.INFEASIBLE:
        progress("finding out why")
        found |= why_infeasible(live.case, live.program)
    elif outcome.stop is Stop.UNPROVEN:
        found["reasons"] = why_unproven(live.scope, live.program, upper, outcome)
    return found


def _amounts(live: LiveProgram, outcome: Outcome) -> tuple[PlanAmounts, Mapping[str, pd.DataFrame]]:
    """The amounts of the plan, and the table `shares` where payments rest on it."""
    scope, point = live.scope, outcome.last.x
    plan = solution_amounts(scope, Values(live.program.columns, point))
    decisions = len(scope.decision_tree.nodes)
    decided = decided_money(live.case, live.program, point, decisions)
    weights, shares = payment_weights(live.case)
    return paid(plan, money_due(plan, decided), weights), shares


def _why_unproven(live: LiveProgram, outcome: Outcome, checked: Verification) -> list[str]:
    reasons: list[str] = []
    for rule, amount in checked.violations.items():
        if amount > TOLERANCE:
            reasons.append(f"the plan breaks the rule {rule} by {amount:.2g}")
    return reasons + why_unproven(live.scope, live.program, live.solver.upper, outcome)


def without_plan(case: Case) -> Case:
    """The same case and model with no levers and no targets: what exists keeps running, nothing is added. Its payments
    are even ones; goal `target` is read as `welfare`."""
    objective = case.model.objective
    if objective.goal == "target":
        objective = objective.model_copy(update={"goal": "welfare", "risk_limit": None})
    policy = case.model.policy.model_copy(update={"cost_sharing": "even"})
    free = case.without_targets()
    update = {"levers": (), "objective": objective, "policy": policy}
    return free.with_model(free.model.model_copy(update=update))


def _certificate(live: LiveProgram, outcome: Outcome, checked: Verification) -> Certificate:
    """The worst figures over all phases; what the tables miss of any rule counts as primal residual."""
    solved = [phase.certificate for phase in outcome.phases.values() if phase.certificate]
    missed = [one.primal_residual for one in solved]
    missed += [checked.worst, _apart(live, outcome, checked)]
    return Certificate(
        primal_residual=max(missed),
        dual_residual=max(one.dual_residual for one in solved),
        relative_gap=max(one.relative_gap for one in solved),
    )


def _apart(live: LiveProgram, outcome: Outcome, checked: Verification) -> float:
    """The largest relative distance of cost, expected loss and risk of the program from those recomputed from the
    tables.

    The program may overstate a loss that no longer matters to its last objective, never understate one.
    """
    program, x = live.program, outcome.last.x
    _, cost_apart = equal("cost", program.measure("cost", x), checked.cost)
    expected = program.measure("expected_loss", x)
    _, loss_apart = at_most("expected_loss", checked.losses.expected, expected)
    _, risk_apart = at_most("risk", checked.losses.risk, program.measure("risk", x))
    return max(cost_apart, loss_apart, risk_apart)


def header(case: Case, nodes: int, size: Mapping[str, int]) -> dict[str, Any]:
    """Keys of the summary about a case and the programs that were solved: rows, columns, nonzeros."""
    model = {"name": case.model.name, **size}
    model |= {"nodes": nodes, "scenarios": len(case.scenarios)}
    languages = {"python": platform.python_version(), "pandas": pd.__version__}
    return {
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
