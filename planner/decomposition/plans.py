"""Plan of a case by decomposition: search, amounts of all parts, certificate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.scenario_tree import scenario_tree
from planner.decomposition.benders_loop import Candidate, Search
from planner.decomposition.grouping import Grouping, group, part_of, parts
from planner.decomposition.master import Master, Shared
from planner.decomposition.subproblem import BranchResult
from planner.decomposition.worker_pool import (
    PartAmounts,
    WorkerPool,
    part_amounts,
    put_together,
    values_on,
)
from planner.host import give_memory_back
from planner.one_program.plans import ENDS, header, seconds_of
from planner.parallel import Workers
from planner.results.origins import yearly_origins
from planner.results.plan import Plan
from planner.results.scenario_amounts import PlanAmounts
from planner.results.summary import figures
from planner.results.tables import TableViews
from planner.sharing.funder_payments import paid
from planner.sharing.shares import payment_weights
from planner.sharing.spending import Due, decided_money, money_due
from planner.solving.diagnose import limit_out_of_reach
from planner.solving.goals import Progress, silent
from planner.solving.highs import TOLERANCE
from planner.solving.impossible_targets import must_be_served, why_targets_fail
from planner.solving.program import Certificate
from planner.solving.program_size import ALONE, refuse_if_too_large
from planner.solving.program_writer import program_of
from planner.solving.shadow_prices import PriceRow, Worths, price_rows, priced, priced_phases
from planner.solving.solution import Stop
from planner.solving.solution_amounts import solution_amounts
from planner.solving.whole_plants import BOUND_KEYS, relative_gap
from planner.verification.verify import verify_amounts
from planner.verification.violations import at_most, equal

BOUNDED = {"risk": ("risk", "cost"), "target": ("cost",), "welfare": ("welfare",)}
"""Phases with reported bounds, by goal."""
NOT_ALL = "no plan meets all targets that must hold"


def begin(
    case: Case,
    alone: int,
    *,
    workers: int | Workers = 1,
    progress: Progress = silent,
    time_limit: float | None = None,
) -> Search:
    """Start a search with `alone` scenarios in the master; the caller closes its pool."""
    refuse_if_too_large(case, alone=alone)
    progress(f"{len(case.scenarios)} scenarios: what follows when each shows itself")
    grouping = group(case, alone)
    branches = list(parts(grouping))
    pool = WorkerPool(branches, workers)
    try:
        progress(
            f"a plan for {len(grouping.alone)} scenarios, compared with {len(grouping.rest)} more"
        )
        master = Master(grouping, pool.names, pool.links)
    except BaseException:
        pool.close()
        raise
    seconds = math.inf if time_limit is None else time_limit
    return Search(case=case, master=master, pool=pool, progress=progress, seconds=seconds)


def solve_by_scenario(
    case: Case,
    progress: Progress = silent,
    time_limit: float | None = None,
    *,
    workers: int | Workers = 1,
) -> Plan:
    """Solve a case by decomposition, and verify the plan. A KeyboardInterrupt carries the bounds.

    workers: processes, or those of a scheduler; with several processes call this under `if __name__ == "__main__"`.
    """
    result = _searched(case, progress, time_limit=time_limit, workers=workers)
    if isinstance(result, Plan):
        return result
    give_memory_back()
    try:
        return _plan(result, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(result.bounds) from None


def _searched(
    case: Case, progress: Progress, *, time_limit: float | None, workers: int | Workers
) -> _SearchResult | Plan:
    """Search, so that master and workers are released afterwards."""
    begun = perf_counter()
    search = begin(case, ALONE, workers=workers, progress=progress, time_limit=time_limit)
    try:
        return _search_result(search, perf_counter() - begun)
    except KeyboardInterrupt:  # it brings the bounds of whatever program was being solved
        raise KeyboardInterrupt(_bounds_in_words(search)) from None


def _bounds_in_words(search: Search) -> str:
    return search.bounds_in_words() if search.case.model.levers else ""


@dataclass(frozen=True, kw_only=True)
class _SearchResult:
    """Results of a search that the plan needs; master and workers can be released.

    final: the plan as measured by the branches. money: spending on decisions. optima: certificates of the master.
    least_risk: MUSD, goal `risk`. bounds: in words. build: seconds. started: when the solving began.
    """

    grouping: Grouping
    stop: Stop
    summary: dict[str, Any]
    final: Candidate
    shared: Shared
    parts: Sequence[PartAmounts]
    money: Due
    prices: Sequence[PriceRow]
    optima: Sequence[Certificate]
    least_risk: float | None
    bounds: str
    build: float
    started: float


def _search_result(search: Search, build: float) -> _SearchResult | Plan:
    """Search, and measure the plan; without one return a plan with a summary alone."""
    case, master = search.case, search.master
    started = perf_counter()
    with search.pool as pool:
        search.run()
        summary = _summary(search)
        if search.best is None:
            summary |= _why_none(search)
            summary["seconds"] = seconds_of(case, build, started)
            return Plan(case, ENDS[search.stop], summary, {})
        search.progress("the amounts of the plan")
        prices = _shadow_prices(search)
        point = master.polished(search.best.x)
        shared = master.shared(point)
        question = search.last_question(search.best)
        parts = pool.amounts(master.links(point), question, shared)
        money = decided_money(master.scope, master.program, point)
    results: list[BranchResult] = []
    for part in parts:
        results += part.results
    return _SearchResult(
        grouping=master.grouping,
        stop=search.stop,
        summary=summary,
        final=search.point(point, results),
        shared=shared,
        parts=parts,
        money=money,
        prices=prices,
        optima=[one.certificate for one in search.optima.values() if one.certificate],
        least_risk=search.upper["risk"] if case.model.objective.goal == "risk" else None,
        bounds=_bounds_in_words(search),
        build=build,
        started=started,
    )


def _plan(result: _SearchResult, progress: Progress) -> Plan:
    case, summary = result.grouping.case, result.summary
    reference = part_of(result.grouping, [])
    along = solution_amounts(values_on(reference, result.shared))
    plan = put_together(case, along, [part_amounts(reference, along), *result.parts])
    weights, shares = payment_weights(case)
    plan = paid(plan, money_due(plan, result.money), weights)
    summary["seconds"] = seconds_of(case, result.build, result.started)
    progress("verifying the plan")
    return _verified(result, plan, shares)


def _verified(result: _SearchResult, plan: PlanAmounts, more: Mapping[str, pd.DataFrame]) -> Plan:
    """The plan with its certificate; `optimal` only if amounts and bounds are within tolerance."""
    case, summary, final = result.grouping.case, result.summary, result.final
    checked = verify_amounts(plan)
    origins = yearly_origins(checked.amounts)
    _, cost_apart = equal("cost", final.cost, checked.totals.cost)
    _, risk_apart = at_most("risk", checked.totals.losses.risk, final.risk)
    missed = [one.primal_residual for one in result.optima]
    missed += [checked.worst, cost_apart, risk_apart]
    gap = max(summary["gap"].values())
    certificate = {
        "primal_residual": max(missed),
        "dual_residual": max(one.dual_residual for one in result.optima),
        "relative_gap": gap,
    }
    worst = max(certificate["primal_residual"], certificate["dual_residual"])
    sound = worst <= TOLERANCE and checked.holds
    near = gap <= case.model.objective.gap + TOLERANCE
    stop = result.stop
    if stop is Stop.OPTIMAL and not (sound and near):
        stop = Stop.UNPROVEN
    summary["status"] = ENDS[stop].value
    summary |= figures(plan, checked.totals, origins, result.least_risk)
    summary["certificate"] = certificate
    tables = TableViews(plan, result.prices, origins, more)
    return Plan(case, ENDS[stop], summary, tables)


def _summary(search: Search) -> dict[str, Any]:
    """Summary before there are tables: sizes and proven bounds."""
    case, pool = search.case, search.pool
    sizes = {key: value + pool.sizes[key] for key, value in search.master.program.size.items()}
    summary = header(case, len(scenario_tree(case).nodes), sizes)
    summary |= {"status": ENDS[search.stop].value, "method": "scenarios"}
    bounds: dict[str, dict[str, float]] = {}
    gaps: dict[str, float] = {}
    for name in BOUNDED[case.model.objective.goal]:
        if name in search.upper:
            lower, upper = search.bounds(name)
            summary[BOUND_KEYS[name]] = lower
            gaps[name] = relative_gap(upper, lower)
            bounds[name] = {"at_least": lower, "at_most": upper}
    summary["gap"] = gaps
    if search.stop not in (Stop.OPTIMAL, Stop.INFEASIBLE):
        summary["bounds"] = bounds
    return summary


def _why_none(search: Search) -> dict[str, Any]:
    """Reasons: targets that fail, with the nearest share, or the least attainable risk (goal `target`)."""
    if search.stop is not Stop.INFEASIBLE:
        return {}
    case = search.case
    if failing := _failing_targets(search.master.grouping):
        return failing
    limit, least = case.model.objective.limit, search.upper.get("reach")
    if limit is None or least is None:
        return {"reasons": [f"{NOT_ALL}: {', '.join(must_be_served(case))}"]}
    return limit_out_of_reach(case, limit, least)


def _failing_targets(grouping: Grouping) -> dict[str, Any]:
    """`why_targets_fail` of the first part with a target that fails."""
    if must_be_served(grouping.case):
        staying = [name for name in grouping.case.scenarios if name not in grouping.left]
        for leaving in [part.names for part in parts(grouping)] or [()]:
            case = part_of(grouping, [*staying, *leaving]).case
            if failing := why_targets_fail(case, program_of(case)):
                return failing
    return {}


def _shadow_prices(search: Search) -> list[PriceRow]:
    """Shadow prices of master and branches together."""
    objective = "welfare" if "welfare" in search.optima else "risk"
    scope = search.master.scope
    by_phase: dict[str, Worths] = {}
    for name in priced_phases(scope, objective):
        if name in search.optima:
            by_phase[name] = _prices_of(search, name)
    return price_rows(scope, by_phase, objective)


def _prices_of(search: Search, phase: str) -> Worths:
    optimum, master = search.optima[phase], search.master
    later = len(master.cuts) - search.cuts[phase]
    duals = np.append(optimum.duals, np.zeros(later))
    of_loss, of_cost = master.multipliers(duals)
    parts = search.pool.prices(master.links(optimum.x), of_loss, of_cost)
    total = priced(master.scope, master.program, phase, duals, optimum.x)
    for worths in (*parts, master.prices(optimum)):
        for label, worth in worths.items():
            total[label] += worth
    return total
