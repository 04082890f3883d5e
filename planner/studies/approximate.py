"""More scenarios than one program can hold: a plan for groups of them, and a proof of how far it is from the best.

Lower bound. Replace groups of scenarios by their means. Any plan of the full case, its operations averaged within
each group, is feasible for the means, because factors and shares enter the program linearly next to decisions that
the group shares (committed investment) or in right-hand sides. Its loss in a group is the mean loss of the
members, so its expected loss is the same and its CVaR not larger (Jensen). Hence the least risk of the means is at
most the least risk of the case.

Upper bound. Keep investment, and stocks, accounts and shortfalls along the undisturbed history, as in the plan for
the means; let each scenario operate as well as it can from where it branches off. That is a plan of the full case.
Scenarios are solved in parts; those that share a disturbed node are kept together.

Scenarios whose risk the means hide most are taken out to stand alone until the bounds are close enough.
"""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

from planner.data.case import Case
from planner.data.schema import Scenario
from planner.data.shocks import Effects, effects_by_scenario
from planner.data.tree import Tree, scenario_tree
from planner.errors import Fault, InputError, StoppedError
from planner.formulation.build import DECISIONS, build_model
from planner.formulation.scope import Scope
from planner.results.losses import weighed
from planner.solving.highs import Solution, Solver, Stop
from planner.solving.program import Program, Vector, compile_program
from planner.studies.means import Groups, first_groups, parted, scope_of_means

PART = 20
"""Scenarios solved together."""
ROOM = 1e-5
"""Tonnes or MUSD added to what the undisturbed history may hand on, so that rounding makes no part infeasible."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """What a plan for the means fixes: decisions by (variable, index); what the undisturbed history hands on and is
    short of by (variable, index without node, year); its loss (MUSD)."""

    decided: dict[tuple[str, Any], float]
    handed: dict[tuple[str, Any, int], float]
    loss: float


@dataclass(frozen=True)
class Round:
    """Least risk of the means, risk of their plan in the full case (MUSD), losses of each scenario and each mean."""

    groups: Groups
    lower: float
    upper: float
    losses: dict[str, float]
    of_means: dict[str, float]
    kept: Kept


@dataclass(frozen=True)
class Approximation:
    """The best plan found, and the best bounds (MUSD): lower <= least risk <= upper, the risk of this plan."""

    best: Round
    lower: float
    rounds: tuple[Round, ...]

    @property
    def gap(self) -> float:
        """(upper - lower) / upper; 0 if there is no risk."""
        return max(0.0, self.best.upper - self.lower) / self.best.upper if self.best.upper > 0 else 0.0


def approximate(case: Case, groups: int, more: int, gap: float, most: int, workers: int, say: Say) -> Approximation:
    """Bounds of the least risk from `groups` groups, then `more` more each round, until they are within `gap`.

    most: rounds at the most. Raises InputError where the proof does not hold: investment that answers to what
    happens, a goal other than risk, no undisturbed scenario or several.
    """
    effects = effects_by_scenario(case)
    _refuse(case, effects)
    rounds: list[Round] = []
    grouped = first_groups(case, effects, groups)
    while True:
        say(f"round {len(rounds) + 1}: the plan for {len(grouped)} groups of {len(case.scenarios)} scenarios")
        rounds.append(bounds(case, effects, grouped, workers, say))
        say(f"least risk between {rounds[-1].lower:,.1f} and {rounds[-1].upper:,.1f} MUSD")
        found = Approximation(min(rounds, key=lambda one: one.upper), max(one.lower for one in rounds), tuple(rounds))
        if found.gap <= gap or len(rounds) == most or all(len(members) == 1 for members in grouped):
            return found
        last = rounds[-1]
        grouped = parted(case, grouped, last.losses, last.of_means, more)


def _refuse(case: Case, effects: Mapping[str, Effects]) -> None:
    calm = undisturbed(effects)
    model, objective = case.model.policy.investment, case.model.objective
    faults = [
        Fault("model", 0, key, told)
        for key, told, wrong in (
            ("policy.investment", "must be committed: scenarios of a group must share their decisions",
             model != "committed"),
            ("objective.goal", "must be risk", objective.goal != "risk"),
        )
        if wrong
    ]  # fmt: skip
    if len(calm) != 1:
        told = f"exactly one scenario must have no shock that is felt; {len(calm)} have none"
        faults.append(Fault("scenarios", 0, "scenario", told))
    if faults:
        raise InputError(faults)


def undisturbed(effects: Mapping[str, Effects]) -> list[str]:
    """Scenarios in which nothing happens."""
    return [s for s, one in effects.items() if not (one.imports or one.demand or one.capacity or one.delays)]


def bounds(case: Case, effects: Mapping[str, Effects], groups: Groups, workers: int, say: Say) -> Round:
    """Both bounds of the least risk for a grouping. Raises StoppedError if a part has no proven optimum."""
    scope = scope_of_means(case, effects, groups)
    program = compile_program(build_model(scope.case, scope))
    x = _optimal(Solver(program).minimise(program.column["risk", None])).x
    calm = undisturbed(effects)[0]
    kept = _kept(scope, program, x, calm)
    losses: dict[str, float] = {}
    one = partial(losses_of_part, case, kept, calm)
    todo = list(parts(case, PART, calm))
    say(f"the plan in {len(case.scenarios)} scenarios")
    if workers == 1:
        for part in map(one, todo):
            losses |= part
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_deaf) as pool:
            for part in pool.map(one, todo):
                losses |= part
    losses[calm] = kept.loss
    of_means = {name: float(x[program.column["loss_to_date", n]]) for name, n in scope.tree.leaves.items()}
    lower = float(x[program.column["risk", None]])
    return Round(
        groups, lower, weighed(case, losses).risk, {name: losses[name] for name in case.scenarios}, of_means, kept
    )


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its workers


def _optimal(solution: Solution) -> Solution:
    if solution.stop is not Stop.OPTIMAL:
        raise StoppedError(f"stopped before an optimum was proven ({solution.stop})")
    return solution


def _kept(scope: Scope, program: Program, x: Vector, calm: str) -> Kept:
    trunk = _trunk(scope.tree, calm)
    decided: dict[tuple[str, Any], float] = {}
    handed: dict[tuple[str, Any, int], float] = {}
    for (name, index), value in zip(program.columns, x.tolist(), strict=True):
        if name in DECISIONS:
            decided[name, index] = max(0.0, value)
        elif name in ("stock", "carried") and index[-1] in trunk:
            handed[name, index[:-1], trunk[index[-1]]] = max(0.0, value)
        elif name == "shortfall" and index[-2] in trunk:
            handed[name, (*index[:-2], index[-1]), trunk[index[-2]]] = max(0.0, value)
    return Kept(decided, handed, float(x[program.column["loss_to_date", scope.tree.leaves[calm]]]))


def _trunk(tree: Tree, calm: str) -> dict[int, int]:
    """Nodes of the undisturbed history -> year."""
    return {n: tree.nodes[n].year for n in tree.path_of(calm)}


def parts(case: Case, size: int, calm: str) -> Iterator[list[str]]:
    """Scenarios in parts of about `size`, each with the undisturbed one; those that share a disturbed node together."""
    tree = scenario_tree(case)
    trunk = _trunk(tree, calm)
    branches: dict[int, list[str]] = defaultdict(list)
    for name in case.scenarios:
        if name != calm:
            branches[next(n for n in tree.path_of(name) if n not in trunk)].append(name)
    part: list[str] = []
    for members in branches.values():
        part += members
        if len(part) >= size:
            yield [calm, *part]
            part = []
    if part:
        yield [calm, *part]


def losses_of_part(case: Case, kept: Kept, calm: str, names: list[str]) -> dict[str, float]:
    """Loss of some scenarios (MUSD) if each operates as well as it can under what is kept."""
    total, wanted = sum(case.scenarios[name] for name in names), set(names)
    tables = replace(
        case.tables,
        scenarios=tuple(Scenario(scenario=name, probability=case.scenarios[name] / total) for name in names),
        shocks=tuple(row for row in case.tables.shocks if row.scenario in wanted),
    )
    model = build_model(replace(case, tables=tables))
    scope, program = model.scope, compile_program(model)
    lower, upper = program.lower.copy(), program.upper.copy()
    trunk = _trunk(scope.tree, calm)
    for j, (name, index) in enumerate(program.columns):
        if name in DECISIONS:
            lower[j] = upper[j] = min(kept.decided.get((name, index), 0.0), upper[j])
        elif name in ("stock", "carried") and index[-1] in trunk:
            upper[j] = min(upper[j], kept.handed.get((name, index[:-1], trunk[index[-1]]), 0.0) + ROOM)
        elif name == "shortfall" and index[-2] in trunk:
            lower[j] = min(upper[j], kept.handed.get((name, (*index[:-2], index[-1]), trunk[index[-2]]), 0.0))
    fixed = program.with_data(program.matrix.data, program.row_lower, program.row_upper, lower, upper)
    x = _optimal(Solver(fixed).minimise(program.column["expected_loss", None])).x
    return {name: float(x[program.column["loss_to_date", leaf]]) for name, leaf in scope.tree.leaves.items()}
