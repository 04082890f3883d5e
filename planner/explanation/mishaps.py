"""What goes wrong in carrying a plan out: plants late, permits late, capital dearer; solved.

Each mishap is solved twice: with all that the plan decided held, where only operations, stock and loans of people
answer, and for a plan that knows of it from the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from planner.data.case import Case
from planner.data.change import cells_changed
from planner.data.changed_case import applied
from planner.data.schema import Shock
from planner.explanation.counterfactuals import (
    Counterfactual,
    ImpossibleError,
    Ready,
    Reference,
    held_at_zero,
    held_decisions,
    optimum,
)
from planner.results.decision import OVERRUN, Execution, Merit
from planner.results.ledger import members, rows_of
from planner.results.plan import PlanValues
from planner.solving.program import Key, Program

MOST_VALUABLE = 3
"""Projects of most worth that are late together."""
Decisions = Mapping[Key, float]


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """One thing that goes wrong: the projects it happens to, the program in which it does, and what the plan would then
    have decided."""

    key: str
    projects: Sequence[str]
    make: Callable[[], Program | Case]
    decided: Decisions


def execution(plan: PlanValues, reference: Reference, merit: Sequence[Merit]) -> list[Execution]:
    """The plan as it is, then what each thing that may go wrong does to it. merit: with the worth of each project."""
    risk, cost = plan.summary["risk_musd"], plan.summary["cost_musd"]
    planned = Execution(
        key="planned", projects=[], held_risk=risk, held_cost=cost, risk=risk, cost=cost
    )
    out = [planned]
    for mishap in _mishaps(reference, decisions_of(plan, reference), merit):
        out.append(_carried_out(reference, mishap))
    return out


def _carried_out(reference: Reference, mishap: Mishap) -> Execution:
    """A mishap met with the decisions of the plan held, and by a plan that knows of it."""
    wanted = Counterfactual(mishap.key, mishap.make, with_cost=True, far=mishap.key == "late")
    ready = Ready(wanted, reference)
    anew = optimum(wanted, reference, ready=ready)
    held = held_decisions(ready.program, mishap.decided)
    held_risk: float | None = None
    held_cost: float | None = None
    try:
        # Of a program of another structure the plan that knows is the nearest.
        start = anew.start if held.columns is not reference.program.columns else None
        found = optimum(replace(wanted, make=partial(_itself, held)), reference, start=start)
        held_risk, held_cost = found.risk, found.cost
    except ImpossibleError:
        pass
    return Execution(
        key=mishap.key,
        projects=list(mishap.projects),
        held_risk=held_risk,
        held_cost=held_cost,
        risk=anew.risk,
        cost=anew.cost or 0.0,
    )


def _itself(program: Program) -> Program:
    return program


def _mishaps(reference: Reference, decided: Decisions, merit: Sequence[Merit]) -> Iterator[Mishap]:
    """Mishaps that are tried on what a plan builds: all plants late, the three worth most late, no permit in the
    first year, an overrun of capital."""
    case = reference.case
    new = sorted({index[0] for name, index in decided if name == "build"})
    if not new:
        return
    yield _late("late", case, new, decided)
    dearest = sorted((row for row in merit if row.project in new), key=_by_worth)[:MOST_VALUABLE]
    if dearest:
        yield _late("late_three", case, [row.project for row in dearest], decided)
    early = [key[0] == "build" and _begins(reference, key) for key in reference.program.columns]
    yield Mishap(
        key="permits",
        projects=new,
        make=partial(held_at_zero, reference.program, np.array(early)),
        decided=_postponed(reference, decided),
    )
    dearer = partial(with_overrun, case)
    yield Mishap(
        key="overrun",
        projects=new,
        make=lambda: reference.under("overrun", dearer) or dearer(),
        decided=decided,
    )


def _by_worth(row: Merit) -> tuple[float, str]:
    return -row.worth, row.project


def _late(key: str, case: Case, projects: Sequence[str], decided: Decisions) -> Mishap:
    make = partial(a_year_late, case, projects)
    return Mishap(key=key, projects=projects, make=make, decided=decided)


def a_year_late(case: Case, projects: Sequence[str]) -> Case:
    """The case in which all new plants of some projects start a year later than planned, whatever happens."""
    late = []
    for scenario in case.scenarios:
        for project in projects:
            delay = Shock(
                scenario=scenario,
                kind="delay",
                start_year=None,
                end_year=None,
                project=project,
                factor=1.0,
                leak=0.0,
            )
            late.append(delay)
    return case.with_tables(shocks=(*case.tables.shocks, *late))


def with_overrun(case: Case) -> Case:
    """The case in which new plants cost more to build."""
    return applied(case, [cells_changed("projects", {}, "capex_usd_per_tpa", f"x{1 + OVERRUN!r}")])


# ---- what the plan decided -------------------------------------------------------------------------------------------


def _begins(reference: Reference, key: Key) -> bool:
    """A build is in the first year in which its project may be begun."""
    project, node = key[1]
    year = reference.scope.decision_tree.nodes[node].year
    return bool(year == reference.scope.commitments(project).start)


def _postponed(reference: Reference, decided: Decisions) -> Decisions:
    """Decisions in which each build of the first possible year is begun a year later, or not at all if it cannot be."""
    nodes = reference.scope.decision_tree.nodes
    out = defaultdict[Key, float](float)
    for key, amount in decided.items():
        if key[0] != "build" or not _begins(reference, key):
            out[key] += amount
            continue
        project, node = key[1]
        for later in nodes:
            a_year_on = ("build", (project, later.index))
            if later.parent == node and a_year_on in reference.program.column:
                out[a_year_on] += amount
    return out


def decisions_of(plan: PlanValues, reference: Reference) -> dict[Key, float]:
    """Column of the reference -> amount that a plan decided."""
    everyone = tuple(plan.case.scenarios)
    node_at: dict[tuple[int, str], int] = {}
    for node in reference.scope.decision_tree.nodes:
        for scenario in node.scenarios:
            node_at[node.year, scenario] = node.index
    out: dict[Key, float] = defaultdict(float)
    for row in rows_of(plan.tables["investments"]):
        at = node_at[int(row.year), members(row.scenarios, everyone)[0]]
        out["build", (row.project, at)] += row.tpa
    for row in rows_of(plan.tables["training"]):
        at = node_at[int(row.year), members(row.scenarios, everyone)[0]]
        out["intake", (row.programme, at)] += row.intake
        out["new_seats", (row.programme, at)] += row.new_seats
    for row in rows_of(plan.tables["workforce"]):
        # A year may have several rows, the first of them with its hires.
        team = (row.country, row.skill, node_at[int(row.year), row.scenario])
        if row.hired > 0 and ("hired", team) not in out:
            out["hired", team] = row.hired
    return {key: amount for key, amount in out.items() if amount > 0}
