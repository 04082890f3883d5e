"""Must, may, never: how little and how much of each project the plans hold that are nearly as good.

All plans whose objective is within a share of this plan's are alternatives to it; over them the new
capacity of each project, and the capital spent in each country, is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from planner.data.case import Case
from planner.explanation.commitments import SLIGHT, Build, expected_tpa
from planner.explanation.counterfactuals import Goal, Reference, quickest
from planner.formulation.money import full_capex
from planner.results import verify_money
from planner.results.explanation import Alternatives, Range
from planner.solving.goals import HOLD_MUSD
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.solution import Stop

NEAR: Mapping[Goal, Mapping[str, float]] = {"risk": {"risk": 0.02, "cost": 0.05}, "welfare": {"welfare": 0.01}}
"""By how much a plan that is nearly as good may be worse: shares of the least risk and of the plan's cost, or of the
least cost plus risk."""


def alternatives(reference: Reference, cost: float) -> Alternatives:
    """Ranges over all plans that are nearly as good as the optimum of the reference, which costs `cost` (MUSD)."""
    targets, program, near = _targets(reference), reference.program, NEAR[reference.goal]
    solver, (best, solution) = Solver(program, longest_way=1.0), reference.best()
    solver.begin_like(best.kept)
    for name, share in near.items():
        least = cost if name == "cost" else reference.objective
        solver.bound(program.column[name, None], least * (1 + share) + HOLD_MUSD)
    most_possible = {(kind, p): reference.case.projects[p].max_new_tpa for kind, p in targets if kind == "project"}
    low, high, solves = _extremes(solver, targets, solution.x, reference.goal, most_possible)
    ranges = []
    for at, (kind, key) in enumerate(targets):
        limit = most_possible.get((kind, key))
        ranges.append(Range(kind, key, float(low[at]), float(high[at]), limit, word(low[at], high[at], limit)))
    return Alternatives(near, ranges, solves)


def with_planned(found: Alternatives, case: Case, builds: Sequence[Build]) -> Alternatives:
    """The ranges with what a plan that builds these holds of each."""
    tpa = expected_tpa(builds)
    capital = {p: amount * verify_money.full_capex(case, p) for p, amount in tpa.items()}
    spent = {("project", p): musd for p, musd in capital.items()}
    for p, musd in capital.items():
        at = ("country", case.projects[p].country)
        spent[at] = spent.get(at, 0.0) + musd
    ranges = [
        replace(
            r,
            planned=tpa.get(r.key, 0.0) if r.kind == "project" else spent.get((r.kind, r.key), 0.0),
            capital=spent.get((r.kind, r.key), 0.0),
        )
        for r in found.ranges
    ]
    return replace(found, ranges=ranges)


def word(least: float, most: float, limit: float | None) -> str:
    """must: in every good plan; never: in none; may: in some. By a hundredth of the largest possible amount."""
    line = SLIGHT * (limit if limit else max(most, 1.0))
    return "must" if least > line else "never" if most <= line else "may"


def _targets(reference: Reference) -> dict[tuple[str, str], Vector]:
    """Weights of the columns (n) that sum to the new capacity (t/y) of each project that may grow, and to the capital
    (MUSD, undiscounted, public and private) spent in each country."""
    size = len(reference.program.columns)
    projects, countries = (defaultdict[tuple[str, str], Vector](partial(np.zeros, size)) for _ in range(2))
    for i, (name, index) in enumerate(reference.program.columns):
        if name == "build":
            project, node = index
            chance = float(reference.scope.decision_tree.nodes[node].probability)
            projects["project", project][i] = chance
            if (capex := full_capex(reference.scope, project)) > 0:
                countries["country", reference.case.projects[project].country][i] = capex * chance
    return dict([*sorted(projects.items()), *sorted(countries.items())])


def _extremes(
    solver: Solver,
    targets: Mapping[tuple[str, str], Vector],
    x: Vector,
    phase: str,
    limits: Mapping[tuple[str, str], float],
) -> tuple[Vector, Vector, int]:
    """Least and most of each target. A bound that some plan found on the way reaches already is not solved for.

    x: the optimum, whose basis the solver keeps under `phase`.
    """
    sums = np.array(list(targets.values())).reshape(len(targets), len(x))
    seen_low = seen_high = sums @ x
    solves = 0
    for turned in (False, True):
        for k, (target, weights) in enumerate(targets.items()):
            limit = limits.get(target, np.inf)
            reached = seen_high[k] >= limit * (1 - 1e-9) if turned else seen_low[k] <= 1e-9 * max(min(limit, 1e9), 1.0)
            if reached:
                continue
            order = ("primal" if solves else "again", *quickest(solver.program))
            found = solver.minimise_sum(-weights if turned else weights, order, phase)
            solves += 1
            if found.stop is Stop.OPTIMAL:
                seen_low, seen_high = np.minimum(seen_low, sums @ found.x), np.maximum(seen_high, sums @ found.x)
    return np.maximum(seen_low, 0.0) + 0.0, seen_high, solves
