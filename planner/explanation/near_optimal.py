"""Must, may, never: how little and how much of each project the plans hold that are nearly as good.

All plans whose least risk and cost are within a share of this plan's are alternatives to it; over them the new
capacity of each project, and the capital spent in each country, is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.data.case import Case
from planner.explanation.commitments import SLIGHT, Build, expected_tpa
from planner.explanation.counterfactuals import Reference, quickest
from planner.formulation.money import full_capex
from planner.results import verify_money
from planner.results.explanation import Alternatives, Range
from planner.solving.goals import HOLD_MUSD
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.solution import Stop

SUM, LESS = "sum of target", "less sum of target"
Target = Mapping[int, float]
"""Column of the program -> weight."""


def alternatives(
    reference: Reference, least_risk: float, cost: float, risk_share: float, cost_share: float
) -> Alternatives:
    """Ranges over all plans with risk <= (1 + risk_share) least_risk and cost <= (1 + cost_share) cost (MUSD)."""
    targets = _targets(reference)
    program = with_targets(reference.program, list(targets.values()))
    solver = Solver(program)
    solver.bound(program.column["risk", None], least_risk * (1 + risk_share) + HOLD_MUSD)
    solver.bound(program.column["cost", None], cost * (1 + cost_share) + HOLD_MUSD)
    most_possible = {(kind, p): reference.case.projects[p].max_new_tpa for kind, p in targets if kind == "project"}
    low, high, solves = _extremes(solver, program, list(targets), most_possible)
    ranges = []
    for at, (kind, key) in enumerate(targets):
        limit = most_possible.get((kind, key))
        ranges.append(Range(kind, key, float(low[at]), float(high[at]), limit, word(low[at], high[at], limit)))
    return Alternatives(risk_share, cost_share, ranges, solves)


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


def _targets(reference: Reference) -> dict[tuple[str, str], Target]:
    """New capacity (t/y) of each project that may grow, and capital (MUSD, undiscounted, public and private) spent in
    each country."""
    projects, countries = (defaultdict[tuple[str, str], dict[int, float]](dict) for _ in range(2))
    for (name, index), i in reference.program.column.items():
        if name == "build":
            project, node = index
            chance = float(reference.scope.decision_tree.nodes[node].probability)
            projects["project", project][i] = chance
            if (capex := full_capex(reference.scope, project)) > 0:
                countries["country", reference.case.projects[project].country][i] = capex * chance
    return dict([*sorted(projects.items()), *sorted(countries.items())])


def with_targets(program: Program, targets: list[Target]) -> Program:
    """The program with two more columns for each weighted sum of its columns: the sum, and the sum with its sign
    turned, each defined by a row of its own."""
    count, first = len(targets), len(program.columns)
    keys = [(SUM, k) for k in range(count)] + [(LESS, k) for k in range(count)]
    rows = [{j: -w for j, w in sums.items()} | {first + k: 1.0} for k, sums in enumerate(targets)]
    rows += [{**sums, first + count + k: 1.0} for k, sums in enumerate(targets)]
    return program.with_columns(keys, lower=-np.inf).with_rows(keys, rows, 0.0, 0.0)


def _extremes(
    solver: Solver, program: Program, targets: list[tuple[str, str]], limits: Mapping[tuple[str, str], float]
) -> tuple[Vector, Vector, int]:
    """Least and most of each target. A bound that some plan found on the way reaches already is not solved for."""
    sums = np.array([program.column[SUM, k] for k in range(len(targets))], dtype=int)
    seen_low, seen_high = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)
    solves = 0
    for side, turned in ((SUM, False), (LESS, True)):
        for k, target in enumerate(targets):
            limit = limits.get(target, np.inf)
            reached = seen_high[k] >= limit * (1 - 1e-9) if turned else seen_low[k] <= 1e-9 * max(min(limit, 1e9), 1.0)
            if reached:
                continue
            found = solver.minimise(program.column[side, k], ("primal", "dual", "ipm") if solves else quickest(program))
            solves += 1
            if found.stop is Stop.OPTIMAL:
                seen_low = np.minimum(seen_low, found.x[sums])
                seen_high = np.maximum(seen_high, found.x[sums])
    return np.maximum(seen_low, 0.0) + 0.0, seen_high, solves
