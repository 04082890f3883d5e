"""The master program: decisions, the reference, the scenarios that stand alone, and cuts.

Cuts bound the losses and costs of the other scenarios where a plan was tried. The optimum is at most the least risk of
the whole case, because what is known of a loss is all true of it.

After Crainic, Hewitt, Maggioni and Rei, Partial Benders Decomposition, Transportation Science 55 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.data.odds import odds_of
from planner.data.scenario_tree import Node
from planner.decomposition.grouping import BranchScope, Grouping, link_of, part_of
from planner.decomposition.subproblem import (
    BranchResult,
    Cut,
    LinkingColumn,
    OnReference,
    Positions,
    UsableCapacity,
)
from planner.formulation.linear_expressions import quicksum
from planner.formulation.objective import investment_cost, operating_cost
from planner.formulation.odds import mean_and_tail, risk_under_worst_odds, with_room
from planner.formulation.whole_program import DECISIONS, EQUATIONS
from planner.solving.goals import Phase
from planner.solving.highs import Columns, Solver
from planner.solving.program import Key, Vector
from planner.solving.program_writer import Writer, Written
from planner.solving.solution import Searched, Solution, Stop
from planner.solving.whole_plants import Counts

AFTER_CUTS = ("again", "ipm", "dual")
"""Algorithms to try in turn: dual simplex from the optimum before the cuts, given up if it is far away."""
NEW_PHASE = ("primal", "ipm", "dual")
"""The same where something else is minimised than before: primal simplex from the last optimum."""
LONGEST_WAY = 1.0
"""Iterations from the optimum before the cuts, as a share of the rows: more than elsewhere, because with some thousand
cuts interior point takes four times as long (measured)."""
WITHIN = frozenset(equation.name for equation in EQUATIONS if not equation.links_histories)
"""Equations of single nodes."""
SHARED = (*DECISIONS, "units", "staff")
"""Variables that hold in all histories and that tables show."""
REPLACED = frozenset(
    {
        "tail_excess_limit",
        "expected_loss_definition",
        "risk_definition",
        "storyline_risk",
        "odds_excess_limit",
        "cost_definition",
    }
)
"""Equations of the whole program in whose place there are those of single scenarios and branches."""
FREE = 1e-9
"""A price up to this one is none."""
VIOLATED = 1e-9
"""Relative amount by which a cut must exclude the point at hand to be added: no plan may be further beyond a limit."""


@dataclass(frozen=True)
class Shared:
    """What all histories share at a point: decisions, and what is done along the reference.

    columns: variables and their indices, at nodes of the master; values: of each. nodes: of the reference, by period.
    """

    columns: tuple[Key, ...]
    values: Vector
    nodes: tuple[int, ...]


class Master:
    """The master program in the solver.

    lower (MUSD): by phase, what no plan within the limits of that phase is below. cuts: those added so far.
    """

    def __init__(
        self, grouping: Grouping, branches: Sequence[str], links: Sequence[LinkingColumn]
    ) -> None:
        self.grouping = grouping
        self.scope = scope = _scope(grouping)
        self._reference = scope.tree.path_of(grouping.reference)
        writer = Writer(scope)
        capacities = [link for link in links if isinstance(link, UsableCapacity)]
        more = [
            *_of_each_scenario(writer, grouping),
            *_of_each_branch(writer, grouping, branches),
            *_usable(writer, capacities),
        ]
        self.program = writer.program(REPLACED, more)
        stem = {n: i for i, n in enumerate(self._reference)}
        self._link_of = [link_of(scope, stem, name, index) for name, index in self.program.columns]
        at: dict[LinkingColumn | int, int] = {link: j for j, link in enumerate(self._link_of)}
        at |= {
            link: self.program.column["capacity_of_link", i] for i, link in enumerate(capacities)
        }
        self._links: Positions = np.array([at[link] for link in links], dtype=np.intp)
        self._loss = {w: self.program.column[key] for w, key in _losses(scope, grouping).items()}
        self._cost = {b: self.program.column["branch_cost", b] for b in branches}
        self.solver = Solver(self.program, longest_way=LONGEST_WAY, grows=True)
        keys = sorted(index for name, index in self.program.columns if name == "units")
        self._units: Columns = np.array(
            [self.program.column["units", index] for index in keys], dtype=np.int32
        )
        self._builds = [self.program.column["build", index] for index in keys]
        self._sizes = np.array([scope.case.projects[p].unit_tpa for p, _ in keys], dtype=float)
        self._held: Counts | None = None
        self.lower: dict[str, float] = {}
        self._proofs: dict[str, tuple[float, Vector, Vector]] = {}
        """By phase, what the last optimum proves, what one more unit of each column is worth to it, upper bounds."""
        self.cuts: list[Cut] = []

    def minimise(self, phase: Phase) -> Solution:
        """The point of least measure under all that is known."""
        column = self.program.column[phase.column, None]
        order = AFTER_CUTS if phase.name in self.solver.kept else NEW_PHASE if self.lower else ()
        found = self.solver.minimise(column, order, phase.name)
        if found.stop is Stop.OPTIMAL:
            value = self.solver.proven(column, found.duals)
            self.lower[phase.name] = max(self.lower.get(phase.name, 0.0), value)
            if self._held is None:
                self._proofs[phase.name] = (
                    value,
                    self.program.matrix.T @ found.duals,
                    self.solver.upper.copy(),
                )
            else:
                found.x[self._units], found.x[self._builds] = self._held, self._sizes * self._held
        return found

    def learn(self, before: Phase, phase: Phase) -> None:
        """What the last optimum of a phase proves of the least of a measure that it was held to, now that its own is
        held: to have that much less of the one would cost more of the other than there may be."""
        column, own = (
            self.program.column[phase.column, None],
            self.program.column[before.column, None],
        )
        if before.name in self._proofs:
            value, worth, upper = self._proofs[before.name]
            if worth[column] > FREE and np.isfinite(upper[column]):
                least = float(
                    upper[column] - max(0.0, self.solver.upper[own] - value) / worth[column]
                )
                self.lower[phase.name] = max(self.lower.get(phase.name, 0.0), least)

    @property
    def whole(self) -> bool:
        """Whether plants come in whole units, and which they are is not yet held."""
        return len(self._units) > 0 and self._held is None

    def counts(self, x: Vector) -> Counts:
        """Whole plants of a point."""
        return np.asarray(np.round(x[self._units]))

    def hold(self, counts: Counts | None) -> None:
        """Hold these whole plants, or let them be any again."""
        self._held, program = counts, self.program
        low, high = (
            (program.lower[self._units], program.upper[self._units])
            if counts is None
            else (counts, counts)
        )
        self.solver.hold(self._units, low, high)

    def holds(self, x: Vector) -> bool:
        """Whether a point has the plants that are held."""
        return self._held is not None and bool(np.array_equal(self.counts(x), self._held))

    def allows(self, x: Vector) -> bool:
        """Whether a point has the plants that are held, if any are."""
        return self._held is None or self.holds(x)

    def search(self, phase: Phase, gap: float) -> Searched:
        """The point of least measure whose plants are whole, proven to within a gap."""
        found = self.solver.search(self.program.column[phase.column, None], self._units, gap)
        if found.stop is Stop.OPTIMAL:
            self.lower[phase.name] = max(self.lower.get(phase.name, 0.0), found.at_least)
        return found

    def limit(self, column: str, upper: float) -> None:
        """No more of a measure (MUSD) than this."""
        self.solver.bound(self.program.column[column, None], upper)

    def add(self, results: Sequence[BranchResult], x: Vector) -> int:
        """Add the cuts that exclude x; how many there were."""
        rows: list[dict[int, float]] = []
        new: list[Cut] = []
        for cut in (cut for result in results for cut in result.cuts):
            terms = {self._loss[w]: weight for w, weight in cut.of_loss.items()}
            terms |= {int(self._links[at]): -value for at, value in cut.slope.items()}
            if cut.of_cost:
                terms[self._cost[cut.branch]] = cut.of_cost
            reached = sum(value * x[j] for j, value in terms.items())
            if cut.constant - reached > VIOLATED * max(1.0, abs(cut.constant)):
                rows.append(terms)
                new.append(cut)
        if new:
            keys = [("cut", len(self.cuts) + i) for i in range(len(new))]
            constants = np.array([cut.constant for cut in new])
            self.program = self.program.with_rows(keys, rows, constants, np.inf)
            self.solver.grow(self.program)
            self.cuts += new
        return len(new)

    def multipliers(self, duals: Vector) -> tuple[dict[str, float], dict[str, float]]:
        """What the cuts give for the loss of each scenario and the cost of each branch, at these row duals."""
        of_loss, of_cost = dict.fromkeys(self._loss, 0.0), dict.fromkeys(self._cost, 0.0)
        for cut, dual in zip(self.cuts, duals[len(duals) - len(self.cuts) :].tolist(), strict=True):
            if dual > 0:
                of_cost[cut.branch] += dual * cut.of_cost
                for w, weight in cut.of_loss.items():
                    of_loss[w] += dual * weight
        return of_loss, of_cost

    def shared_cost(self, x: Vector) -> float:
        """What a point costs before and outside of all branches (MUSD)."""
        return float(x[self.program.column["shared_cost", None]])

    def links(self, x: Vector) -> Vector:
        """Values of the links at a point."""
        return np.asarray(x[self._links])

    def losses(self, x: Vector) -> dict[str, float]:
        """What a point says of the loss of each scenario (MUSD): exact on the reference, a bound elsewhere."""
        return {w: float(x[j]) for w, j in self._loss.items()}

    def costs(self, x: Vector) -> dict[str, float]:
        """What a point says of the operating cost of each branch (MUSD): a bound."""
        return {b: float(x[j]) for b, j in self._cost.items()}

    def shared(self, x: Vector) -> Shared:
        """What all histories share at a point."""
        known = enumerate(zip(self.program.columns, self._link_of, strict=True))
        kept = [
            j for j, ((name, _), link) in known if name in SHARED or isinstance(link, OnReference)
        ]
        columns = tuple(self.program.columns[j] for j in kept)
        return Shared(columns, np.asarray(x[kept]), self._reference)

    def polished(self, x: Vector) -> Vector:
        """The same point with as little loss along the reference as its stocks, accounts and decisions and its cost
        allow: what the goal has no price for may have been left undone."""
        program = self.program
        # One capacity serves all nodes that agree on it, so it bounds the reference wherever it is written.
        elsewhere = np.array(
            [
                isinstance(link, int) and name != "capacity"
                for link, (name, _) in zip(self._link_of, program.columns, strict=True)
            ]
        )
        here = np.array(
            [isinstance(link, OnReference) and link.name != "capacity" for link in self._link_of]
        )
        losses = [
            j for j in np.flatnonzero(here).tolist() if program.columns[j][0] == "loss_to_date"
        ]
        here[self._links] = False
        held = [*losses, program.column["shared_cost", None]]
        here[held] = True
        free = np.flatnonzero(here)
        counted = abs(program.matrix) @ np.column_stack([here, elsewhere]).astype(float)
        named = np.array(
            [
                (name in WITHIN and index is not None) or name == "shared_cost_definition"
                for name, index in program.rows
            ]
        )
        rows = np.flatnonzero(named & (counted[:, 0] > 0) & (counted[:, 1] == 0))
        own = program.part(rows.tolist(), free.tolist())
        known = program.matrix[rows] @ np.where(here, 0.0, x)
        at = {j: i for i, j in enumerate(free.tolist())}
        upper = own.upper.copy()
        upper[[at[j] for j in held]] = x[held]
        own = own.with_data(
            own.matrix.data, own.row_lower - known, own.row_upper - known, own.lower, upper
        )
        goal = [("goal", None)]
        own = own.with_columns(goal).with_rows(
            goal, [{len(free): 1.0} | {at[j]: -1.0 for j in losses}], 0.0, 0.0
        )
        found = Solver(own).minimise(len(free), ("dual", "primal"))
        out = x.copy()
        if found.stop is Stop.OPTIMAL:
            out[free] = found.x[:-1]
        return out


def _scope(grouping: Grouping) -> BranchScope:
    """Index sets of the reference and of who stands alone, each node as likely as it is in the whole case."""
    case, part = grouping.case, part_of(grouping, grouping.alone)

    def chance(node: Node) -> float:
        if node.index not in part.stem:
            return case.scenarios[node.scenarios[0]]
        return sum(
            p
            for w, p in case.scenarios.items()
            if part.stem[node.index] < grouping.left.get(w, len(part.stem))
        )

    tree = part.scope.tree
    nodes = tuple(replace(node, probability=chance(node)) for node in tree.nodes)
    return replace(part.scope, own_tree=replace(tree, nodes=nodes))


def _losses(scope: BranchScope, grouping: Grouping) -> dict[str, Key]:
    """The loss of each scenario: at the end of its history, if the master has that, else a variable of its own."""
    leaves, rest = scope.tree.leaves, set(grouping.rest)
    return {
        w: ("scenario_loss", w)
        if w in rest
        else ("loss_to_date", leaves[w if w in grouping.alone else grouping.reference])
        for w in grouping.case.scenarios
    }


def _of_each_scenario(writer: Writer, grouping: Grouping) -> Iterator[Written]:
    """Expected loss and CVaR of all scenarios, in place of those of the histories that the master has."""
    m, case = writer.model, grouping.case
    objective = case.model.objective
    writer.add("scenario_loss", grouping.rest)
    writer.add("scenario_excess", case.scenarios)
    loss = {w: getattr(m, name)[index] for w, (name, index) in _losses(m.scope, grouping).items()}
    for w in case.scenarios:
        yield "scenario_excess_limit", w, m.scenario_excess[w] >= loss[w] - m.value_at_risk
    expected = quicksum(chance * loss[w] for w, chance in case.scenarios.items())
    yield "expected_loss_of_scenarios", None, m.expected_loss == expected
    aversion = objective.risk_aversion
    if objective.odds == "worst":
        odds, excess = odds_of(case), {w: m.scenario_excess[w] for w in case.scenarios}
        writer.add("risk_of_storyline", odds)
        writer.add("odds_excess", with_room(odds))
        for name, one in odds.items():
            of_storyline = mean_and_tail(objective, one.shares, loss, excess)
            yield "risk_of_scenarios", name, m.risk_of_storyline[name] == of_storyline
        for name in with_room(odds):
            above = m.risk_of_storyline[name] - m.odds_level
            yield "odds_excess_of_scenarios", name, m.odds_excess[name] >= above
        risk = risk_under_worst_odds(m, odds, aversion)
    else:
        beyond = 1 - objective.tail
        tail = quicksum(p / beyond * m.scenario_excess[w] for w, p in case.scenarios.items())
        risk = (1 - aversion) * m.expected_loss + aversion * (m.value_at_risk + tail)
    yield "risk_of_scenarios", None, m.risk == risk


def _of_each_branch(
    writer: Writer, grouping: Grouping, branches: Sequence[str]
) -> Iterator[Written]:
    """What all histories cost together, and the operating cost of each branch."""
    m, s = writer.model, writer.model.scope
    writer.add("shared_cost")
    writer.add("branch_cost", branches)

    def within(name: str) -> Any:
        return operating_cost(
            m, s, {n.index for n in s.tree.nodes if _whose(n, grouping.reference) == name}
        )

    yield (
        "shared_cost_definition",
        None,
        m.shared_cost == investment_cost(m, s) + within(grouping.reference),
    )
    yield (
        "cost_of_branches",
        None,
        m.cost == m.shared_cost + quicksum(m.branch_cost[b] for b in branches),
    )
    for w in grouping.alone:
        yield "cost_of_alone", w, m.branch_cost[w] == within(w)


def _whose(node: Node, reference: str) -> str:
    """The reference on its own path, whatever it is called, elsewhere the scenario that stands alone."""
    return reference if reference in node.scenarios else node.scenarios[0]


def _usable(writer: Writer, capacities: Sequence[UsableCapacity]) -> Iterator[Written]:
    """A variable for every usable capacity that a branch may know."""
    m = writer.model
    writer.add("capacity_of_link", range(len(capacities)))
    for i, one in enumerate(capacities):
        usable = one.existing + quicksum(share * m.build[at] for at, share in one.shares)
        yield "usable_capacity_of_link", i, m.capacity_of_link[i] == usable
