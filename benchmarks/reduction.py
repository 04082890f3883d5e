"""Fewer scenarios with a proven error: mean scenarios bound the risk from below, their plan bounds it from above.

Lower bound. Replace groups of scenarios by their mean: factors of imports, demand and capacity, and the usable share
of each build, averaged with the probabilities. Any plan of the full case, its operations averaged within each group,
is feasible for the case of the means, because all of these enter the program linearly next to decisions that the
group shares (committed investment) or in right-hand sides; the mean of a group branches off where its first member
does. Its loss in a group is the mean loss of the members, so its expected loss is the same and its CVaR not larger
(Jensen).
Hence least risk of the means <= least risk of the case.

Upper bound. Keep the investment, and stocks, accounts and shortfalls along the undisturbed history, of the plan for
the means; let each scenario operate as well as it can from where it branches off. That is a plan of the full case.
Scenarios are evaluated in parts; those that share a disturbed node are kept together.

python -m benchmarks.reduction --scenarios 100 --groups 10,20
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import highspy
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

import planner
from benchmarks.generate import Size, generate
from benchmarks.methods.raw import as_lp
from benchmarks.profiles import ROOT
from planner.data.case import Case
from planner.data.schema import Scenario, Shock
from planner.data.shocks import Effects, effects_by_scenario
from planner.data.tree import Tree, scenario_tree
from planner.formulation import build
from planner.formulation.scope import Scope
from planner.solving.highs import Solver
from planner.solving.program import Program, compile_program

PART = 20
"""Scenarios evaluated together."""
COMMITTED = ("build", "intake", "new_seats", "hired")
ROOM = 1e-5
"""Tonnes or MUSD added to what the undisturbed history may hand on, so that rounding makes no part infeasible."""


@dataclass(frozen=True)
class Bounds:
    """Least risk of the means, risk of their plan in the full case (MUSD); loss of each scenario and of each mean."""

    lower: float
    upper: float
    losses: dict[str, float]
    of_means: dict[str, float]

    @property
    def gap(self) -> float:
        """Relative distance."""
        return (self.upper - self.lower) / self.upper


# ---- groups and their means ----------------------------------------------------------------------------


def features(case: Case, effects: dict[str, Effects]) -> tuple[list[str], np.ndarray]:
    """A vector for each scenario: loss (MUSD) if nothing is done, by good and year, after imports."""
    names = list(case.scenarios)
    place = {key: i for i, key in enumerate(case.demand)}
    out = np.zeros((len(names), len(place)))
    sold: dict[Any, list[tuple[str, float]]] = defaultdict(list)
    for (supplier, *good), tonnes in case.import_limit.items():
        sold[tuple(good)].append((supplier, tonnes))
    for i, name in enumerate(names):
        one = effects[name]
        for key, column in place.items():
            wanted = case.demand[key] * one.demand.get(key, 1.0)
            got = sum(tonnes * one.imports.get((supplier, *key), 1.0) for supplier, tonnes in sold[key])
            short, loss = max(0.0, wanted - got) / wanted, 0.0
            for step in case.loss_steps(key[:3]):
                loss += min(short, step.width) * wanted * step.musd_per_t
                short = max(0.0, short - step.width)
            out[i, column] = loss * case.countries[key[0]].weight * case.risk_discount(key[-1])
    return names, out


def groups(case: Case, effects: dict[str, Effects], count: int) -> list[list[str]]:
    """Scenarios that begin in the same year and hurt alike; the first, undisturbed, alone. Ward's linkage."""
    names, vectors = features(case, effects)
    start = {name: _start(effects[name]) for name in names}
    years = sorted(set(start.values()))
    far = 10 * np.abs(vectors).sum(axis=1).max(initial=1.0)
    apart = np.array([[far if start[name] == year else 0.0 for year in years] for name in names])
    tree = linkage(np.hstack([vectors, apart]), method="ward")
    labels = fcluster(tree, max(count, len(years)), criterion="maxclust")
    found: dict[int, list[str]] = defaultdict(list)
    for name, label in zip(names, labels.tolist(), strict=True):
        found[label].append(name)
    return list(found.values())


def _start(one: Effects) -> int:
    years = [key[-1] for part in (one.imports, one.demand, one.capacity) for key in part]
    years += [shown for parts_ in one.delays.values() for shown, _ in parts_]
    return min(years, default=0)


@dataclass(frozen=True)
class MeanTree(Tree):
    """A tree of means: what is usable of a build is averaged over the members of a group."""

    members: dict[str, list[tuple[float, Effects]]] = field(default_factory=dict)

    def usable_share(self, project: str, committed: int, node: int) -> float:
        """Mean share of a build that is usable at a node."""
        due = committed + self.case.projects[project].lead_time_years
        year = self.nodes[node].year
        # Weighted by the members' capacity factors, so that mean factor times mean share is the mean of the products.
        weights = [
            (w * one.capacity.get((project, year), 1.0), one) for w, one in self.members[self.nodes[node].scenarios[0]]
        ]
        total = sum(w for w, _ in weights)
        if total == 0:
            return 0.0
        return (
            sum(w * self.case.ramp_share(project, year - due - one.delay(project, due)) for w, one in weights) / total
        )


def scope_of_means(case: Case, effects: dict[str, Effects], grouped: list[list[str]]) -> Scope:
    """The scope of the means."""
    small = means(case, effects, grouped)
    tree = scenario_tree(small)
    members = {
        one[0]: [(case.scenarios[name] / small.scenarios[one[0]], effects[name]) for name in one] for one in grouped
    }
    scope = Scope(small)
    scope.__dict__["tree"] = MeanTree(small, tree.nodes, tree.effects, members)
    return scope


def means(case: Case, effects: dict[str, Effects], grouped: list[list[str]]) -> Case:
    """The case with one scenario for each group. Its id is that of the group's first member."""
    scenarios, shocks = [], []
    for members in grouped:
        weight = sum(case.scenarios[name] for name in members)
        scenarios.append(Scenario(scenario=members[0], probability=weight))
        for kind in ("imports", "demand", "capacity"):
            changed: dict[Any, float] = defaultdict(float)
            for name in members:
                for key, factor in getattr(effects[name], kind).items():
                    changed[key] += case.scenarios[name] / weight * (factor - 1)
            shocks += [_shock(members[0], kind, key, 1 + change) for key, change in changed.items() if change]
    tables = replace(case.tables, scenarios=tuple(scenarios), shocks=tuple(shocks))
    return replace(case, tables=tables)


def _shock(scenario: str, kind: str, key: tuple[Any, ...], factor: float) -> Shock:
    columns = {
        "imports": ("supplier", "country", "element", "form"),
        "demand": ("country", "element", "form"),
        "capacity": ("project",),
    }[kind]
    where = dict(zip(columns, key[:-1], strict=True))
    kinds = {"imports": "import"}
    return Shock(
        scenario=scenario,
        kind=kinds.get(kind, kind),  # type: ignore[arg-type]
        start_year=key[-1],
        end_year=key[-1],
        factor=max(0.0, factor),
        **where,
    )


# ---- bounds --------------------------------------------------------------------------------------------


def bounds(case: Case, effects: dict[str, Effects], grouped: list[list[str]], workers: int = 1) -> Bounds:
    """Both bounds of the least risk for a grouping."""
    scope = scope_of_means(case, effects, grouped)
    with patch.object(build, "Scope", lambda _: scope):
        model = build.build_model(scope.case)
    program = compile_program(model)
    solution = Solver(program).minimise(program.column["risk", None])
    if solution.certificate is None:
        raise RuntimeError(f"the means have no proven optimum: {solution.stop}")
    lower = float(solution.x[program.column["risk", None]])
    kept = _kept(model.scope, program, solution.x)
    losses: dict[str, float] = {}
    one = partial(evaluate, case, kept=kept)
    if workers == 1:
        found = [one(names) for names in parts(case, PART)]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(one, list(parts(case, PART))))
    for part in found:
        losses |= part
    losses[_undisturbed(model.scope)] = kept[-1]
    of_means = {name: float(solution.x[program.column["loss_to_date", n]]) for name, n in scope.tree.leaves.items()}
    return Bounds(lower, risk(case, losses), losses, of_means)


def refined(case: Case, grouped: list[list[str]], found: Bounds, more: int) -> list[list[str]]:
    """Split the groups whose means hide most of the risk, as often as `more` says; members are parted by their loss.

    Adaptive partitions: Song and Luedtke, SIAM Journal on Optimization 25 (2015).
    """
    order = sorted(found.losses, key=lambda name: -found.losses[name])
    objective, left, weight = case.model.objective, 1 - case.model.objective.tail, {}
    for name in order:
        share = min(left, case.scenarios[name])
        left -= share
        in_tail = objective.risk_aversion * share / (1 - objective.tail)
        weight[name] = (1 - objective.risk_aversion) * case.scenarios[name] + in_tail
    out = [sorted(members, key=lambda name: found.losses[name]) for members in grouped]
    hidden = [
        [weight[name] * abs(found.losses[name] - found.of_means[old[0]]) for name in members]
        for members, old in zip(out, grouped, strict=True)
    ]
    for _ in range(more):
        i = max(range(len(out)), key=lambda i: sum(hidden[i]) if len(out[i]) > 1 else 0.0)
        if len(out[i]) == 1:
            break
        jumps = np.diff([found.losses[name] for name in out[i]])
        at = int(np.argmax(jumps)) + 1 if jumps.max() > 0 else len(out[i]) // 2
        out.append(out[i][at:])
        hidden.append(hidden[i][at:])
        out[i], hidden[i] = out[i][:at], hidden[i][:at]
    return out


Kept = tuple[dict[tuple[str, Any], float], dict[tuple[str, Any, int], float], float]
"""Committed decisions by key; what the undisturbed history hands on and is short of, by (variable, index without
node, year); its loss (MUSD)."""


def _kept(scope: Scope, program: Program, x: np.ndarray) -> Kept:
    trunk = {n: scope.tree.nodes[n].year for n in scope.tree.path_of(_undisturbed(scope))}
    committed: dict[tuple[str, Any], float] = {}
    handed: dict[tuple[str, Any, int], float] = {}
    for (name, index), value in zip(program.columns, x.tolist(), strict=True):
        if name in COMMITTED:
            committed[name, index] = max(0.0, value)
        elif name in ("stock", "carried") and index[-1] in trunk:
            handed[name, index[:-1], trunk[index[-1]]] = max(0.0, value)
        elif name == "shortfall" and index[-2] in trunk:
            handed[name, (*index[:-2], index[-1]), trunk[index[-2]]] = max(0.0, value)
    leaf = scope.tree.leaves[_undisturbed(scope)]
    return committed, handed, float(x[program.column["loss_to_date", leaf]])


def _undisturbed(scope: Scope) -> str:
    effects = scope.tree.effects
    quiet = [s for s, one in effects.items() if not (one.imports or one.demand or one.capacity or one.delays)]
    if len(quiet) != 1:
        raise ValueError("there must be exactly one undisturbed scenario")
    return quiet[0]


def parts(case: Case, size: int) -> Iterator[list[str]]:
    """Scenarios in parts of about `size`, those that share a disturbed node together."""
    tree = Scope(case).tree
    undisturbed = _undisturbed(Scope(case))
    trunk = set(tree.path_of(undisturbed))
    branches: dict[int, list[str]] = defaultdict(list)
    for name in case.scenarios:
        if name != undisturbed:
            branches[next(n for n in tree.path_of(name) if n not in trunk)].append(name)
    part: list[str] = []
    for members in branches.values():
        part += members
        if len(part) >= size:
            yield [undisturbed, *part]
            part = []
    if part:
        yield [undisturbed, *part]


def evaluate(case: Case, names: list[str], kept: Kept) -> dict[str, float]:
    """Loss of some scenarios (MUSD) if each operates as well as it can under the plan that is kept."""
    committed, handed, _ = kept
    total = sum(case.scenarios[name] for name in names)
    wanted = set(names)
    tables = replace(
        case.tables,
        scenarios=tuple(Scenario(scenario=name, probability=case.scenarios[name] / total) for name in names),
        shocks=tuple(row for row in case.tables.shocks if row.scenario in wanted),
    )
    model = build.build_model(replace(case, tables=tables))
    scope, program = model.scope, compile_program(model)
    lower, upper = program.lower.copy(), program.upper.copy()
    trunk = {n: scope.tree.nodes[n].year for n in scope.tree.path_of(_undisturbed(scope))}
    for j, (name, index) in enumerate(program.columns):
        if name in COMMITTED:
            lower[j] = upper[j] = min(committed.get((name, index), 0.0), upper[j])
        elif name in ("stock", "carried") and index[-1] in trunk:
            upper[j] = min(upper[j], handed.get((name, index[:-1], trunk[index[-1]]), 0.0) + ROOM)
        elif name == "shortfall" and index[-2] in trunk:
            lower[j] = min(upper[j], handed.get((name, (*index[:-2], index[-1]), trunk[index[-2]]), 0.0))
    x = _least(replace(program, lower=lower, upper=upper), program.column["expected_loss", None])
    column = program.column
    return {name: float(x[column["loss_to_date", leaf]]) for name, leaf in scope.tree.leaves.items()}


def _least(program: Program, column: int) -> np.ndarray:
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("solver", "ipx"),
        ("primal_feasibility_tolerance", 1e-6),
    ):
        solver.setOptionValue(name, value)
    solver.passModel(as_lp(program))
    solver.changeColCost(column, 1.0)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"a part was not solved: {solver.getModelStatus()}")
    return np.array(solver.getSolution().col_value)


def risk(case: Case, losses: dict[str, float]) -> float:
    """(1 - lambda) * expected loss + lambda * CVaR of some losses."""
    objective = case.model.objective
    order = sorted(losses, key=lambda name: -losses[name])
    left, tail = 1 - objective.tail, 0.0
    for name in order:
        share = min(left, case.scenarios[name])
        tail += share * losses[name]
        left -= share
    mean = sum(case.scenarios[name] * loss for name, loss in losses.items())
    return (1 - objective.risk_aversion) * mean + objective.risk_aversion * tail / (1 - objective.tail)


def rounds(case: Case, counts: list[int], workers: int = 1) -> Iterator[tuple[int, Bounds]]:
    """Groups and bounds: `counts[0]` groups at first, then so many more each time."""
    effects = effects_by_scenario(case)
    found: Bounds | None = None
    grouped: list[list[str]] = []
    for count in counts:
        grouped = groups(case, effects, count) if found is None else refined(case, grouped, found, count)
        found = bounds(case, effects, grouped, workers)
        yield len(grouped), found


def main() -> None:
    """Print the bounds for each number of groups."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reduction", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--groups", default="50", help="groups at first, then how many more each time: 50,20,20")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    work = ROOT / "reports" / "benchmarks" / "work" / "cases"
    case = planner.load(generate(Size(scenarios=given.scenarios), Path(work)))
    lower, upper = 0.0, float("inf")
    wall = perf_counter()
    for count, found in rounds(case, [int(text) for text in given.groups.split(",")], given.workers):
        lower, upper = max(lower, found.lower), min(upper, found.upper)
        sys.stdout.write(
            f"{count} groups of {given.scenarios}: {found.lower:.3f} <= least risk <= {found.upper:.3f}; "
            f"best gap {(upper - lower) / upper:.2%}, {cpu_seconds():.0f} s CPU, {perf_counter() - wall:.0f} s\n"
        )
        sys.stdout.flush()


def cpu_seconds() -> float:
    """CPU seconds of this process and the workers it has waited for."""
    parts_ = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts_)


if __name__ == "__main__":
    main()
