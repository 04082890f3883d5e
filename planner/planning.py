"""The questions of a plan: which plan, by which method; and what would happen without it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

from planner.data.case import Case
from planner.decomposition.plans import solve_by_scenario
from planner.errors import InputError, fault
from planner.one_program.plans import solve_whole
from planner.parallel import Workers
from planner.results.plan import Plan, Status
from planner.results.tables import TableViews
from planner.solving.goals import Progress, silent
from planner.solving.program_size import fits, has_moving_payments, is_divisible
from planner.solving.settings import MANY

Method = Literal["auto", "whole", "scenarios"]
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


def method_of(case: Case, method: Method, progress: Progress = silent) -> Method:
    """Choose how a case is solved: `whole`, or `scenarios` where there are many of them or memory asks for it.

    Raises InputError if scenarios cannot be solved one by one and are to be.
    """
    if method == "scenarios" and not is_divisible(case):
        raise _not_divisible(case)
    if method != "auto":
        return method
    many = len(case.scenarios) >= MANY or not fits(case)
    if many and not is_divisible(case):
        progress(
            "one program: integer units, multistage investment or delayed payments link the scenarios"
        )
        return "whole"
    return "scenarios" if many else "whole"


def _not_divisible(case: Case) -> InputError:
    """What stands in the way of solving scenarios one by one."""
    column, remedy = "policy.whole_plants", 'write "false", or leave out --method scenarios'
    said = "scenarios are solved one by one only with plants of any size"
    if case.model.policy.investment == "adaptive":
        column = "policy.investment"
        said = "scenarios are solved one by one only where they share their decisions"
        remedy = 'write "committed" or "staged", or leave out --method scenarios'
    place = case.origin.place("model")
    if has_moving_payments(case):
        place, column, remedy = (
            case.origin.place("schedule"),
            "project",
            "leave out --method scenarios",
        )
        said = "scenarios are solved one by one only where delays move no payments of `schedule`"
    return InputError([fault("choice", place, 0, column, message=said, remedy=remedy)])


def solve_case(
    case: Case,
    progress: Progress = silent,
    time_limit: float | None = None,
    *,
    baseline: bool = True,
    method: Method = "auto",
    workers: int | Workers = 1,
) -> Plan:
    """Solve a case and verify the plan.

    time_limit: seconds for each run of the solver. baseline: also solve the case without levers, for `without_plan` in
    the summary and `without_plan_t` in the table `shortfall`. method: `auto` chooses by the number of scenarios and by
    memory. workers: as of `solve_by_scenario`. Raises InputError where scenarios cannot be solved one by one and are to
    be.
    """
    solve = solve_whole
    if method_of(case, method, progress) == "scenarios":
        solve = partial(solve_by_scenario, workers=workers)
    plan = solve(case, progress, time_limit)
    is_plan = bool(plan.tables) and plan.status in (Status.OPTIMAL, Status.TIME_LIMIT)
    if not baseline or not is_plan:
        return plan
    bare = case.without_plan()
    return compared(plan, solve(bare, lambda step: progress(f"without a plan: {step}"), time_limit))


def compared(plan: Plan, nothing: Plan) -> Plan:
    """The plan, with what would happen without it: `without_plan` in the summary, `without_plan_t` in `shortfall`."""
    if nothing.status is not Status.OPTIMAL:
        return plan
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
