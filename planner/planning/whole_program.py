"""Case -> plan as one program: build, solve the phases, extract, share the payments, verify."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np

from planner.config import Objective
from planner.data.case import Case
from planner.data.program_size import refuse_if_too_large
from planner.host import collector_paused
from planner.parallel import meanwhile
from planner.results.ledger import Ledger, at_most, equal
from planner.results.origins import origins_table
from planner.results.plan import PlanValues, Status, figures
from planner.results.verify import Verification, verify
from planner.sharing.money_tables import money_tables
from planner.sharing.shares import payment_weights
from planner.solving import highs
from planner.solving.diagnose import why_infeasible, why_unproven
from planner.solving.extract import extract_tables
from planner.solving.frontier import beside
from planner.solving.goals import Outcome, Progress, phases_of, silent
from planner.solving.highs import TOLERANCE
from planner.solving.live_program import LiveProgram
from planner.solving.program import Certificate
from planner.solving.shadow_prices import shadow_prices
from planner.solving.solution import Stop
from planner.solving.spending import items_spent
from planner.solving.variable_values import Values
from planner.solving.variants import Variant, Variants
from planner.solving.wait_and_see import no_less_than
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
Nothing = Callable[[], PlanValues]
"""Gives the solution of the case without levers."""
SAID = {
    "risk": "solving for the least risk",
    "cost": "solving for the least cost",
    "risk_at_cost": "solving for the least risk at that cost",
    "welfare": "solving for the least cost and risk",
    "expected_loss": "solving for the least expected loss",
}


def solve_case(
    case: Case,
    progress: Progress = silent,
    time_limit: float | None = None,
    baseline: bool = True,
    nothing: Nothing | None = None,
) -> PlanValues:
    """Solve a case and verify the plan.

    time_limit: seconds for each run of the solver. baseline: also solve the case without levers, for
    `without_plan` in the summary and `without_plan_t` in the table `shortfall`. nothing: gives that solution, if it is
    made elsewhere.
    The status is `optimal` only if the solver's residuals and the verifier's are within 1e-6.
    """
    curve = baseline or nothing is not None
    return with_nothing(partial(_solve, time_limit, curve), case, progress, baseline, nothing)


def with_nothing(
    solve: Callable[[Case, Progress, Nothing | None], PlanValues],
    case: Case,
    progress: Progress,
    baseline: bool,
    nothing: Nothing | None,
) -> PlanValues:
    """The plan that `solve` finds; if `baseline`, with what would happen without it. See `solve_case`."""
    nothing = cache(
        nothing
        or (
            lambda: solve(
                without_plan(case), lambda step: progress(f"without a plan: {step}"), None
            )
        )
    )
    plan = solve(case, progress, nothing)
    return compared(plan, nothing()) if baseline and plan.status in COMPARABLE else plan


def solve_without_plan(
    case: Case, progress: Progress = silent, time_limit: float | None = None
) -> PlanValues:
    """Solve the case without levers."""
    return _solve(time_limit, False, without_plan(case), progress, None)


def compared(plan: PlanValues, nothing: PlanValues) -> PlanValues:
    """The plan, with what would happen without it: `without_plan` in the summary, `without_plan_t` in `shortfall`."""
    if nothing.status is not Status.OPTIMAL or plan.status not in COMPARABLE:
        return plan
    if not plan.tables:
        return _bounded(plan, nothing)
    kept = (
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
    diversified = {"without_plan": nothing.summary["diversification"]}
    summary = plan.summary | {
        "diversification": plan.summary["diversification"] | diversified,
        "without_plan": {key: nothing.summary[key] for key in kept if key in nothing.summary},
    }
    summary["seconds"] = {
        key: round(value + (nothing.summary["seconds"][key] if key != "load" else 0.0), 3)
        for key, value in plan.summary["seconds"].items()
    }
    keys = ["scenario", "year", "quarter", "country", "element", "form"]
    short = plan.tables["shortfall"].merge(
        nothing.tables["shortfall"]
        .rename(columns={"tonnes": "without_plan_t"})
        .drop(columns="demand_t"),
        on=keys,
        how="left",
        validate="one_to_one",
    )
    return replace(plan, summary=summary, tables=plan.tables | {"shortfall": short})


def _bounded(plan: PlanValues, nothing: PlanValues) -> PlanValues:
    """A solve that was stopped, knowing that what its goal minimises first is at most that of doing nothing; unless
    something is asked that doing nothing may miss."""
    if plan.case.targets:
        return plan
    bounds: dict[str, dict[str, float]] = plan.summary["bounds"]
    first, told = phases_of(plan.case.model.objective)[0].name, nothing.summary
    limit = plan.case.model.objective.risk_limit
    if first not in bounds or (limit is not None and told["risk_musd"] > limit):
        return plan
    known = {
        "risk": told["risk_musd"],
        "cost": told["cost_musd"],
        "welfare": told["cost_musd"] + told["risk_musd"],
    }
    least = bounds[first] | {"at_most": min(bounds[first].get("at_most", math.inf), known[first])}
    return replace(plan, summary=plan.summary | {"bounds": bounds | {first: least}})


def _solve(
    time_limit: float | None, curve: bool, case: Case, progress: Progress, nothing: Nothing | None
) -> PlanValues:
    started = perf_counter()
    refuse_if_too_large(case)
    progress("building the program")
    session = LiveProgram(case, time_limit)
    return solve_session(
        session, progress, perf_counter() - started, nothing, curve=curve and nothing is not None
    )


def solve_variant(
    variants: Variants, variant: Variant | None = None, progress: Progress = silent
) -> PlanValues:
    """The verified plan of a variant, solved from what its engine keeps. Raises StoppedError after `cancel`."""
    outcome = variants.solve(variant).outcome  # which may change what is live
    return solve_session(variants.live, progress, outcome=outcome)


@collector_paused()
def solve_session(
    session: LiveProgram,
    progress: Progress = silent,
    build_seconds: float = 0.0,
    nothing: Nothing | None = None,
    outcome: Outcome | None = None,
    curve: bool = False,
) -> PlanValues:
    """Solve what a session holds, extract and verify the plan.

    nothing: as for `solve_case`. outcome: what it was solved to already. curve: tell what cheaper and dearer plans
    leave.
    """
    case, started = session.case, perf_counter()
    outcome = outcome or session.solve(lambda name: progress(SAID[name]))
    program = session.program
    summary = header(case, len(session.scope.tree.nodes), program.size)
    if outcome.stop not in (Stop.OPTIMAL, Stop.INFEASIBLE):
        summary["bounds"] = _bounds(session, outcome, progress)
    if not outcome.has_plan:
        summary["status"] = ENDS[outcome.stop].value
        if outcome.stop is Stop.INFEASIBLE:
            progress("finding out why")
            summary |= why_infeasible(case, program, session.solver.upper)
        elif outcome.stop is Stop.UNPROVEN:
            summary["reasons"] = why_unproven(session.scope, program, session.solver.upper, outcome)
        summary["seconds"] = seconds_of(case, build_seconds, started)
        return PlanValues(case, ENDS[outcome.stop], summary, {})
    optimum = outcome.stop is Stop.OPTIMAL and not case.model.policy.whole_plants
    last, goal = list(outcome.phases)[-1], case.model.objective.goal
    curve_found = (
        meanwhile(beside, program, session.solver.kept, last, goal) if curve and optimum else None
    )
    values = Values(program.columns, outcome.last.x)
    tables = extract_tables(session.scope, values)
    weights, shares_found = payment_weights(case)
    tables |= shares_found
    tables |= money_tables(session.scope, items_spent(session.scope, values), weights)
    tables["shadow_prices"] = shadow_prices(session.scope, program, outcome)
    seconds = seconds_of(case, build_seconds, started)
    progress("verifying the plan")
    tables["origins"] = origins_table(Ledger(case, tables))
    checked = verify(case, tables)
    missed = max(checked.worst, _apart(session, outcome, checked))
    certificate = _worst([s.certificate for s in outcome.phases.values() if s.certificate], missed)
    status = (
        ENDS[outcome.stop]
        if certificate.worst() <= TOLERANCE and checked.holds
        else Status.UNPROVEN
    )
    summary |= {
        "status": status.value,
        **figures(case, tables, checked, outcome.values.get("risk")),
    }
    if status is Status.UNPROVEN:
        broken = {rule: amount for rule, amount in checked.violations.items() if amount > TOLERANCE}
        told = [
            f"the plan breaks the rule {rule} by {amount:.2g}" for rule, amount in broken.items()
        ]
        summary["reasons"] = [
            *told,
            *why_unproven(session.scope, program, session.solver.upper, outcome),
        ]
    if case.model.policy.whole_plants:
        summary |= proven(outcome)
    summary["certificate"] = vars(certificate)
    summary["algorithms"] = {name: s.algorithm for name, s in outcome.phases.items()}
    summary["seconds"] = seconds
    if curve_found is not None and status is Status.OPTIMAL:
        progress("looking at cheaper and dearer plans")
        summary["frontier"] = curve_found()
    point = np.array(
        [np.concatenate([solved.x, solved.duals]) for solved in outcome.phases.values()]
    )
    return PlanValues(case, status, summary, tables, point)


def _bounds(
    session: LiveProgram, outcome: Outcome, progress: Progress
) -> dict[str, dict[str, float]]:
    """What is known of a solve that was stopped; where the time was up at once, from each scenario by itself."""
    bounds = outcome.bounds()
    first = next(iter(bounds))
    if outcome.stop is Stop.TIME_LIMIT and not outcome.values and first != "cost":
        progress("solving each scenario by itself, for a lower bound")
        least = no_less_than(
            session.case, session.time_limit or 0.0
        )  # cost plus risk is no less than the risk either
        bounds[first]["at_least"] = max(bounds[first]["at_least"], least)
    return bounds


def without_plan(case: Case) -> Case:
    """The same case with no levers and no targets: what exists keeps running, nothing is added. Its own payments are
    even ones."""
    objective = case.model.objective
    kept = Objective(
        risk_aversion=objective.risk_aversion, tail=objective.tail, odds=objective.odds
    )
    policy = case.model.policy.model_copy(update={"cost_sharing": "even"})
    asked = case.without_targets()
    return asked.with_model(
        asked.model.model_copy(update={"levers": (), "objective": kept, "policy": policy})
    )


def _worst(certificates: list[Certificate], missed: float) -> Certificate:
    """The worst figures over all phases; what the tables miss of any rule counts as primal residual."""
    return Certificate(
        max(missed, *(c.primal_residual for c in certificates)),
        max(c.dual_residual for c in certificates),
        max(c.relative_gap for c in certificates),
    )


def _apart(session: LiveProgram, outcome: Outcome, checked: Verification) -> float:
    """How far cost, expected loss and risk of the program are from those recomputed from the tables, relative.

    The program may overstate a loss that no longer matters to its last objective, never understate one.
    """
    x, column = outcome.last.x, session.program.column
    expected, risk = float(x[column["expected_loss", None]]), float(x[column["risk", None]])
    return max(
        equal("cost", float(x[column["cost", None]]), checked.cost)[1],
        at_most("expected_loss", checked.losses.expected, expected)[1],
        at_most("risk", checked.losses.risk, risk)[1],
    )


def header(case: Case, nodes: int, size: Mapping[str, int]) -> dict[str, Any]:
    """What a summary says of a case and of the programs that were solved: rows, columns, nonzeros."""
    return {
        "status": "",
        "case": case.name,
        "goal": case.model.objective.goal,
        "model": {
            "name": case.model.name,
            **size,
            "nodes": nodes,
            "scenarios": len(case.scenarios),
        },
        "versions": {
            **highs.versions(),
            "python": platform.python_version(),
            "pandas": version("pandas"),
        },
        "inputs_sha256": case.sha256,
    }


def seconds_of(case: Case, build: float, started: float) -> dict[str, float]:
    """What took how long, `started` being when the solving began."""
    return {
        "load": round(case.load_seconds, 3),
        "build": round(build, 3),
        "solve": round(perf_counter() - started, 3),
        "report": 0.0,
    }
