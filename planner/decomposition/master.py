"""The master program: decisions, the reference, the scenarios that stand alone, the mean of the rest, and cuts.

The mean of the rest bounds the mean of their losses from below (Jensen): any plan of the whole case, its operations
averaged over the rest, is feasible for the mean, because factors and shares enter the program linearly next to
decisions that all share (committed investment) or in right-hand sides. Cuts bound each loss where the plan was tried.
The optimum is at most the least risk of the whole case, because what is known of a loss is all true of it.

After Crainic, Hewitt, Maggioni and Rei, Partial Benders Decomposition, Transportation Science 55 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pyomo.core import Constraint, NonNegativeReals, Var, quicksum

from planner.data.case import Case
from planner.data.effects import Effects
from planner.data.tree import Node
from planner.decomposition.aggregation import AggregatedScope, Grouping, aggregated_tree, shares_within
from planner.decomposition.subproblem import BranchResult, LinkingColumn, Positions, UsableCapacity, link_of
from planner.errors import StoppedError
from planner.formulation.build import DECISIONS, build_model
from planner.formulation.model import Model
from planner.formulation.objective import investment_cost, operating_cost
from planner.solving.highs import Solver, Stop
from planner.solving.program import Vector, compile_program

AFTER_CUTS = ("again", "ipm", "dual")
"""Algorithms to try in turn: dual simplex from the optimum before the cuts, given up if it is far away."""
LONGEST_WAY = 1.0
"""Iterations from the optimum before the cuts, as a share of the rows: more than elsewhere, because with some thousand
cuts interior point takes four times as long (measured)."""
VIOLATED = 1e-7
"""Relative amount by which a cut must exclude the point at hand to be added."""


class Master:
    """The master program in the solver.

    lower (MUSD): no plan has less `risk`; no plan within the limit of the risk has less `cost`. cuts: so far.
    """

    def __init__(
        self,
        case: Case,
        effects: Mapping[str, Effects],
        grouping: Grouping,
        branches: Sequence[str],
        links: Sequence[LinkingColumn],
    ) -> None:
        self._scope = AggregatedScope(case, aggregated_tree(case, effects, grouping), effects, grouping.left)
        model = build_model(case, self._scope)
        capacities = [link for link in links if isinstance(link, UsableCapacity)]
        _of_each_scenario(model, grouping)
        _of_each_branch(model, grouping, branches)
        _usable(model, capacities)
        self._program = compile_program(model)
        self._links = self._positions(links, {link: i for i, link in enumerate(capacities)}, grouping.reference)
        self._loss = self._losses(grouping)
        self._solver = Solver(self._program, longest_way=LONGEST_WAY)
        self.lower = {"risk": 0.0, "cost": 0.0}
        self.cuts = 0

    def solve(self, measure: str) -> Vector:
        """The point of least `risk` or `cost` under all that is known. Raises StoppedError if no optimum is proven."""
        column = self._program.column[measure, None]
        found = self._solver.minimise(column, AFTER_CUTS if self._solver.has_begun(measure) else ())
        if found.stop is not Stop.OPTIMAL:
            raise StoppedError(f"stopped before an optimum was proven ({found.stop})")
        self.lower[measure] = max(self.lower[measure], self._solver.proven(column, found.duals))
        return found.x

    def limit_risk(self, limit: float) -> None:
        """No more risk (MUSD) than this."""
        self._solver.bound(self._program.column["risk", None], limit)

    def add(self, results: Sequence[BranchResult], x: Vector) -> int:
        """Add the cuts that exclude x; how many there were."""
        rows: list[dict[int, float]] = []
        constants: list[float] = []
        for cut in (cut for result in results for cut in result.cuts):
            terms = {self._loss[w]: weight for w, weight in cut.of_loss.items()}
            terms |= {int(self._links[at]): -value for at, value in cut.slope.items()}
            if cut.of_cost:
                terms[self._program.column["branch_cost", cut.branch]] = 1.0
            reached = sum(value * x[j] for j, value in terms.items())
            if cut.constant - reached > VIOLATED * max(1.0, abs(cut.constant)):
                rows.append(terms)
                constants.append(cut.constant)
        if constants:
            keys = [("cut", self.cuts + i) for i in range(len(rows))]
            self._program = self._program.with_rows(keys, rows, np.array(constants), np.inf)
            self._solver.grow(self._program)
            self.cuts += len(constants)
        return len(constants)

    def shared_cost(self, x: Vector) -> float:
        """What a point costs before and outside of all branches (MUSD)."""
        return float(x[self._program.column["shared_cost", None]])

    def links(self, x: Vector) -> Vector:
        """Values of the links at a point."""
        return np.asarray(x[self._links])

    def loss(self, scenario: str, x: Vector) -> float:
        """What a point says of the loss of a scenario (MUSD): exact on the reference, a bound elsewhere."""
        return float(x[self._loss[scenario]])

    def decided(self, x: Vector) -> dict[tuple[str, Any], float]:
        """Decisions of a point by (variable, index)."""
        return {
            key: max(0.0, value)
            for key, value in zip(self._program.columns, x.tolist(), strict=True)
            if key[0] in DECISIONS
        }

    def _losses(self, grouping: Grouping) -> dict[str, int]:
        column, leaves = self._program.column, self._scope.tree.leaves
        own = dict.fromkeys(
            (w for w in self._scope.case.scenarios if w not in grouping.left), leaves[grouping.reference]
        )
        own |= {w: leaves[w] for w in grouping.alone}
        return {w: column["loss_to_date", leaf] for w, leaf in own.items()} | {
            w: column["scenario_loss", w] for w in grouping.rest
        }

    def _positions(
        self, links: Sequence[LinkingColumn], capacities: Mapping[LinkingColumn, int], reference: str
    ) -> Positions:
        stem = {n: self._scope.tree.nodes[n].year for n in self._scope.tree.path_of(reference)}
        found: dict[LinkingColumn, int] = {}
        for j, (name, index) in enumerate(self._program.columns):
            link = link_of(self._scope, stem, name, index)
            if not isinstance(link, int):
                found[link] = j
        column = self._program.column
        return np.array(
            [column["capacity_of_link", capacities[a]] if isinstance(a, UsableCapacity) else found[a] for a in links],
            dtype=int,
        )


def _of_each_scenario(m: Model, grouping: Grouping) -> None:
    """Expected loss and CVaR of single scenarios in place of those of the mean of the rest."""
    s = m.scope
    case, objective, leaves = s.case, s.case.model.objective, s.tree.leaves
    for name in ("tail_excess_limit", "expected_loss_definition", "risk_definition", "tail_excess"):
        m.del_component(name)
    m.scenario_loss = Var(grouping.rest, domain=NonNegativeReals)
    m.scenario_excess = Var(list(case.scenarios), domain=NonNegativeReals)
    loss = {w: m.loss_to_date[leaves[w if w in grouping.alone else grouping.reference]] for w in case.scenarios}
    loss |= {w: m.scenario_loss[w] for w in grouping.rest}
    if grouping.rest:
        mean = quicksum(share * m.scenario_loss[w] for w, share in shares_within(case, grouping.rest).items())
        m.mean_of_rest = Constraint(expr=mean >= m.loss_to_date[leaves[grouping.rest[0]]])
    m.scenario_excess_limit = Constraint(
        list(case.scenarios), rule=lambda m, w: m.scenario_excess[w] >= loss[w] - m.value_at_risk
    )
    m.expected_loss_of_scenarios = Constraint(
        expr=m.expected_loss == quicksum(case.scenarios[w] * loss[w] for w in case.scenarios)
    )
    tail = quicksum(case.scenarios[w] / (1 - objective.tail) * m.scenario_excess[w] for w in case.scenarios)
    m.risk_of_scenarios = Constraint(
        expr=m.risk
        == (1 - objective.risk_aversion) * m.expected_loss + objective.risk_aversion * (m.value_at_risk + tail)
    )


def _of_each_branch(m: Model, grouping: Grouping, branches: Sequence[str]) -> None:
    """Operating cost of each branch in place of that of the mean of the rest."""
    s = m.scope
    m.del_component("cost_definition")
    m.shared_cost = Var(domain=NonNegativeReals)
    m.branch_cost = Var(list(branches), domain=NonNegativeReals)

    def chain(name: str) -> list[Node]:
        return [n for n in s.tree.nodes if n.scenarios[0] == name]

    def within(name: str) -> Any:
        return operating_cost(m, s, {n.index for n in chain(name)})

    m.shared_cost_definition = Constraint(expr=m.shared_cost == investment_cost(m, s) + within(grouping.reference))
    m.cost_of_branches = Constraint(expr=m.cost == m.shared_cost + quicksum(m.branch_cost[b] for b in branches))
    m.cost_of_alone = Constraint(list(grouping.alone), rule=lambda m, w: m.branch_cost[w] == within(w))
    if grouping.rest:
        rest = quicksum(m.branch_cost[b] for b in branches if b not in grouping.alone)
        # The mean has left the reference with its first member; what the others do there till they leave is part of it.
        gone = min(grouping.left[w] for w in grouping.rest)
        for n in chain(grouping.reference):
            late = sum(s.case.scenarios[w] for w in grouping.rest if gone <= n.year < grouping.left[w])
            if late > 0:
                rest += late / n.probability * operating_cost(m, s, {n.index})
        m.cost_of_rest = Constraint(expr=rest >= within(grouping.rest[0]))


def _usable(m: Model, capacities: Sequence[UsableCapacity]) -> None:
    """A variable for every usable capacity that a branch may know."""
    m.capacity_of_link = Var(range(len(capacities)), domain=NonNegativeReals)

    def rule(m: Model, i: int) -> Any:
        one = capacities[i]
        return m.capacity_of_link[i] == one.existing + quicksum(share * m.build[at] for at, share in one.shares)

    m.usable_capacity_of_link = Constraint(range(len(capacities)), rule=rule)
