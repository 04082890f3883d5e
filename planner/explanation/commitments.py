"""What a plan commits, beside it the plan that is decided anew each year, knowing what has happened; and what goes
wrong in carrying a plan out: plants late, permits late, capital dearer; solved.

Each mishap is solved twice: with all that the plan decided held, where only operations, stock and loans of people
answer, and for a plan that knows of it from the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.schema import Shock
from planner.data.stages import stages_told
from planner.explanation.counterfactuals import (
    Counterfactual,
    ImpossibleError,
    Optimum,
    Ready,
    Reference,
    held_at_zero,
    held_decisions,
    optimum,
)
from planner.results.decision import OVERRUN, Execution, Merit
from planner.results.explanation import Commitment, Flexibility
from planner.results.ledger import members, rows_of
from planner.results.plan import PlanValues
from planner.results.verify_resources import full_capex
from planner.solving.program import Key, Program

SLIGHT = 0.01
"""Share of what could be built that counts as building it."""


@dataclass(frozen=True)
class Build:
    """New capacity (t/y) committed in a year, in the scenarios that share the decision."""

    project: str
    year: int
    tpa: float
    scenarios: tuple[str, ...]
    probability: float


def of_table(case: Case, table: pd.DataFrame) -> list[Build]:
    """The rows of the table `investments`."""
    everyone = tuple(case.scenarios)
    found: Iterable[Any] = rows_of(table)
    return [
        Build(
            str(r.project),
            int(r.year),
            float(r.tpa),
            members(str(r.scenarios), everyone),
            float(r.probability),
        )
        for r in found
    ]


def of_optimum(found: Optimum) -> list[Build]:
    """The builds among what a counterfactual decides."""
    builds = [(*index, tpa) for (name, index), tpa in found.decisions.items() if name == "build"]
    nodes = found.nodes
    return [
        Build(p, nodes[n].year, tpa, nodes[n].scenarios, nodes[n].probability)
        for p, n, tpa in builds
    ]


def expected_tpa(builds: Iterable[Build]) -> dict[str, float]:
    """Expected new capacity (t/y) by project."""
    out: dict[str, float] = defaultdict(float)
    for build in builds:
        out[build.project] += build.probability * build.tpa
    return dict(out)


def is_built(case: Case, project: str, tpa: float) -> bool:
    """Whether capacity is more than a hundredth of what could be built."""
    return tpa > SLIGHT * case.projects[project].max_new_tpa


def built(case: Case, builds: Iterable[Build]) -> dict[str, float]:
    """Expected new capacity (t/y) of the projects of which more than a hundredth of what could be built is built."""
    return {p: tpa for p, tpa in sorted(expected_tpa(builds).items()) if is_built(case, p, tpa)}


def capital_by_stage(case: Case, builds: Iterable[Build]) -> dict[str, float]:
    """Expected capital (MUSD, not discounted) by stage."""
    present = {row.stage for row in case.projects.values()}
    out: dict[str, float] = {stage.name: 0.0 for stage in stages_told(present)}
    for project, tpa in expected_tpa(builds).items():
        out[case.projects[project].stage] += tpa * full_capex(case, project)
    return out


def flexibility(case: Case, adaptive: Sequence[Build], committed: Sequence[Build]) -> Flexibility:
    """Each project that either plan builds, the one with the most capital in any case first."""
    path: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(case.scenarios, 0.0))
    first: dict[str, int] = {}
    at_once: dict[str, float] = defaultdict(float)
    for build in adaptive:
        for w in build.scenarios:
            path[build.project][w] += build.tpa
        first[build.project] = min(build.year, first.get(build.project, build.year))
        if len(build.scenarios) == len(case.scenarios):
            at_once[build.project] += build.tpa
    given = expected_tpa(committed)
    since = {b.project: b.year for b in sorted(committed, key=lambda b: -b.year)}
    out = []
    for project in {*path, *given}:
        by_scenario = path[project]
        chance = sum(
            case.scenarios[w] for w, tpa in by_scenario.items() if is_built(case, project, tpa)
        )
        found = Commitment(
            project,
            at_once[project],
            min(by_scenario.values()),
            sum(case.scenarios[w] * tpa for w, tpa in by_scenario.items()),
            max(by_scenario.values()),
            min(chance, 1.0),
            first.get(project),
            given.get(project, 0.0),
            since.get(project),
            full_capex(case, project),
        )
        if is_built(case, project, found.most) or is_built(case, project, found.committed):
            out.append(found)
    order = sorted(
        out,
        key=lambda c: (
            -c.sure * c.capital,
            -c.expected * c.capital,
            -c.committed * c.capital,
            c.project,
        ),
    )
    return Flexibility(order)


MOST_VALUABLE = 3
"""Projects of most worth that are late together."""
Decisions = Mapping[Key, float]


def execution(plan: PlanValues, reference: Reference, merit: Sequence[Merit]) -> list[Execution]:
    """The plan as it is, then what each thing that may go wrong does to it. merit: with the worth of each project."""
    s, decided = plan.summary, decisions_of(plan, reference)
    out = [Execution("planned", [], s["risk_musd"], s["cost_musd"], s["risk_musd"], s["cost_musd"])]
    for key, projects, make, held in _mishaps(reference, decided, merit):
        wanted = Counterfactual(key, make, with_cost=True, far=key == "late")
        ready = Ready(wanted, reference)
        anew = optimum(wanted, reference, ready)
        kept = held_decisions(ready.program, held)
        try:
            # Of a program of another structure the plan that knows is the nearest.
            start = anew.start if kept.columns is not reference.program.columns else None
            found = optimum(replace(wanted, make=partial(_itself, kept)), reference, start=start)
            risk, cost = found.risk, found.cost
        except ImpossibleError:
            risk, cost = None, None
        out.append(Execution(key, list(projects), risk, cost, anew.risk, anew.cost or 0.0))
    return out


def _itself(program: Program) -> Program:
    return program


def _mishaps(
    reference: Reference, decided: Decisions, merit: Sequence[Merit]
) -> Iterator[tuple[str, tuple[str, ...], Callable[[], Program | Case], Decisions]]:
    """Key, projects it happens to, the program in which it does, and what the plan would then have decided."""
    case = reference.case
    new = tuple(sorted({index[0] for name, index in decided if name == "build"}))
    dearest = sorted((m for m in merit if m.project in new), key=lambda m: (-m.worth, m.project))[
        :MOST_VALUABLE
    ]
    for key, projects in (("late", new), ("late_three", tuple(m.project for m in dearest))):
        if projects:
            yield key, projects, partial(a_year_late, case, projects), decided
    if new:
        early = np.array(
            [key[0] == "build" and _begins(reference, key) for key in reference.program.columns]
        )
        yield (
            "permits",
            new,
            partial(held_at_zero, reference.program, early),
            _postponed(reference, decided),
        )
        dearer = partial(with_overrun, case)
        yield "overrun", new, lambda: reference.under("overrun", dearer) or dearer(), decided


def a_year_late(case: Case, projects: Sequence[str]) -> Case:
    """The case in which all new plants of some projects start a year later than planned, whatever happens."""
    late = tuple(
        Shock(
            scenario=w,
            kind="delay",
            start_year=None,
            end_year=None,
            project=p,
            factor=1.0,
            leak=0.0,
        )
        for w in case.scenarios
        for p in projects
    )
    return case.with_tables(shocks=(*case.tables.shocks, *late))


def with_overrun(case: Case) -> Case:
    """The case in which new plants cost more to build."""
    dearer = tuple(
        row.model_copy(update={"capex_usd_per_tpa": row.capex_usd_per_tpa * (1 + OVERRUN)})
        for row in case.tables.projects
    )
    return case.with_tables(projects=dearer)


def _begins(reference: Reference, key: Key) -> bool:
    """Whether a build is in the first year in which its project may be begun."""
    project, d = key[1]
    return bool(
        reference.scope.decision_tree.nodes[d].year == reference.scope.commitments(project).start
    )


def _postponed(reference: Reference, decided: Decisions) -> Decisions:
    """What was to be begun in the first possible year is begun a year later, if it then can be."""
    nodes, out = reference.scope.decision_tree.nodes, defaultdict[Key, float](float)
    for key, amount in decided.items():
        if key[0] != "build" or not _begins(reference, key):
            out[key] += amount
            continue
        for later in (n.index for n in nodes if n.parent == key[1][1]):
            if ("build", (key[1][0], later)) in reference.program.column:
                out["build", (key[1][0], later)] += amount
    return out


def decisions_of(plan: PlanValues, reference: Reference) -> dict[Key, float]:
    """What a plan decided, by columns of the reference."""
    tree, everyone = reference.scope.decision_tree, tuple(plan.case.scenarios)
    at = {(node.year, w): node.index for node in tree.nodes for w in node.scenarios}
    out: dict[Key, float] = defaultdict(float)
    for r in rows_of(plan.tables["investments"]):
        out["build", (r.project, at[int(r.year), members(r.scenarios, everyone)[0]])] += r.tpa
    for r in rows_of(plan.tables["training"]):
        d = at[int(r.year), members(r.scenarios, everyone)[0]]
        out["intake", (r.programme, d)] += r.intake
        out["new_seats", (r.programme, d)] += r.new_seats
    seen: set[tuple[str, str, int]] = set()
    for r in rows_of(
        plan.tables["workforce"]
    ):  # a year may have several rows, the first of them with its hires
        d = at[int(r.year), r.scenario]
        if r.hired > 0 and (r.country, r.skill, d) not in seen:
            seen.add((r.country, r.skill, d))
            out["hired", (r.country, r.skill, d)] = r.hired
    return {key: amount for key, amount in out.items() if amount > 0}
