"""Master program: decisions, the reference, scenarios that stand alone, and cuts for all others.

Crainic, Hewitt, Maggioni and Rei, Partial Benders Decomposition, Transportation Science 55 (2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.data.odds import odds_of
from planner.data.scenario_tree import Node
from planner.decomposition.grouping import BranchScope, Grouping, link_of, part_of, places_of
from planner.decomposition.subproblem import (
    BranchResult,
    Cut,
    LinkingColumn,
    OnReference,
    Positions,
)
from planner.formulation.linear_expressions import quicksum
from planner.formulation.objective import investment_cost, operating_cost
from planner.formulation.odds import risk_of_scenarios, rows_of_storylines, with_room
from planner.formulation.whole_program import DECISIONS
from planner.solving.goals import Phase
from planner.solving.highs import Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.program_writer import Writer, Written
from planner.solving.shadow_prices import Worths
from planner.solving.solution import Solution, Stop

AFTER_CUTS = ("again", "ipm", "dual")
"""Algorithms to try in turn: dual simplex from the optimum before the cuts, up to a limit."""
NEW_PHASE = ("primal", "ipm", "dual")
"""Algorithms for a new objective: primal simplex from the last optimum."""
LONGEST_WAY = 1.0
"""Iterations of dual simplex, as a share of the rows: with some thousand cuts interior point takes four times as long
(measured)."""
SHARED = (*DECISIONS, "staff")
"""Variables of all histories in the tables."""
SCHEDULE = "scheduled"
"""Decisions that matter at their delivery alone."""
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
"""Equations that rows of scenarios and branches replace."""
VIOLATED = 1e-9
"""Relative violation of a cut at which it is added."""


@dataclass(frozen=True)
class Shared:
    """Decisions, and operations along the reference.

    columns, values: variables at nodes of the master, and their values. nodes: of the reference, by period.
    """

    columns: tuple[Key, ...]
    values: Vector
    nodes: tuple[int, ...]


class Master:
    """Master program in the solver. lower: proven bound by phase (MUSD). cuts: added so far."""

    def __init__(
        self, grouping: Grouping, branches: Sequence[str], links: Sequence[LinkingColumn]
    ) -> None:
        self.grouping = grouping
        self.scope = part_of(grouping, grouping.alone).scope
        self._reference = self.scope.tree.path_of(grouping.reference)
        program = _program(self.scope, grouping, branches)
        self.program = _with_schedules_of(program, links)
        column = self.program.column
        self._find_links(links)
        losses = _losses(self.scope, grouping)
        self._loss = {scenario: column[key] for scenario, key in losses.items()}
        self._cost = {branch: column["branch_cost", branch] for branch in branches}
        self.solver = Solver(self.program, longest_way=LONGEST_WAY, grows=True)
        self.lower: dict[str, float] = {}
        self.cuts: list[Cut] = []

    def _find_links(self, links: Sequence[LinkingColumn]) -> None:
        """Find the link of each column, and the columns of the links in their order."""
        stem = places_of(self._reference)
        self._link_of: list[LinkingColumn | int] = []
        column_of: dict[LinkingColumn | int, int] = {}
        for j, (name, index) in enumerate(self.program.columns):
            link = link_of(self.scope, stem, name, index)
            self._link_of.append(link)
            column_of[link] = j
        columns = [column_of[link] for link in links]
        self._links: Positions = np.array(columns, dtype=np.intp)

    def column_of(self, measure: str) -> int:
        """Column of a measure of the whole plan."""
        return self.program.column[measure, None]

    def minimise(self, phase: Phase) -> Solution:
        """Solve a phase with the cuts so far, and note its lower bound. `stop` says why there is no optimum."""
        column = self.column_of(phase.column)
        order: Sequence[str] = ()
        if phase.name in self.solver.last_bases:
            order = AFTER_CUTS
        elif self.lower:
            order = NEW_PHASE
        optimum = self.solver.minimise(column, order, phase.name)
        if optimum.stop is Stop.OPTIMAL:
            proven = self.solver.proven(column, optimum.duals)
            self.lower[phase.name] = max(self.lower.get(phase.name, 0.0), proven)
        return optimum

    def limit(self, column: str, upper: float) -> None:
        """Limit a measure (MUSD)."""
        self.solver.bound(self.column_of(column), upper)

    def add(self, results: Sequence[BranchResult], x: Vector) -> int:
        """Add the cuts that exclude x (columns of the master), and return their number."""
        rows: list[dict[int, float]] = []
        new: list[Cut] = []
        for result in results:
            for cut in result.cuts:
                terms = self._terms(cut)
                reached = sum(value * x[j] for j, value in terms.items())
                if cut.constant - reached > VIOLATED * max(1.0, abs(cut.constant)):
                    rows.append(terms)
                    new.append(cut)
        if new:
            first = len(self.cuts)
            keys: list[Key] = []
            constants: list[float] = []
            for place, cut in enumerate(new, start=first):
                keys.append(("cut", place))
                constants.append(cut.constant)
            self.program = self.program.with_rows(keys, rows, np.array(constants), np.inf)
            self.solver.grow(self.program)
            # Their slopes stand in the program; a thousand scenarios have some thousand of them.
            self.cuts += [replace(cut, slope={}) for cut in new]
        return len(new)

    def _terms(self, cut: Cut) -> dict[int, float]:
        """Column -> coefficient of a cut."""
        terms = {self._loss[scenario]: weight for scenario, weight in cut.of_loss.items()}
        for place, value in cut.slope.items():
            terms[int(self._links[place])] = -value
        if cut.of_cost:
            terms[self._cost[cut.branch]] = cut.of_cost
        return terms

    def multipliers(self, duals: Vector) -> tuple[dict[str, float], dict[str, float]]:
        """Multiplier of each scenario's loss and of each branch's cost in the cuts. duals: those of the cuts stand last."""
        of_loss = dict.fromkeys(self._loss, 0.0)
        of_cost = dict.fromkeys(self._cost, 0.0)
        of_cuts = duals[len(duals) - len(self.cuts) :].tolist()
        for cut, dual in zip(self.cuts, of_cuts, strict=True):
            if dual > 0:
                of_cost[cut.branch] += dual * cut.of_cost
                for w, weight in cut.of_loss.items():
                    of_loss[w] += dual * weight
        return of_loss, of_cost

    def prices(self, optimum: Solution) -> Worths:
        """Marginal values in the feasibility cuts at an optimum."""
        scarce: Worths = defaultdict(float)
        first = len(self.program.rows) - len(self.cuts)
        # Later phases have more cuts.
        for cut, dual in zip(self.cuts, optimum.duals[first:].tolist(), strict=False):
            if dual > 0:
                for label, worth in cut.worths.items():
                    scarce[label] += dual * worth
        return scarce

    def shared_cost(self, x: Vector) -> float:
        """Cost outside of all branches at x (MUSD)."""
        return float(x[self.column_of("shared_cost")])

    def links(self, x: Vector) -> Vector:
        """Values of the links at x, in their order."""
        return np.asarray(x[self._links])

    def losses(self, x: Vector) -> dict[str, float]:
        """Loss of each scenario at x (MUSD): exact on the reference, a lower bound elsewhere."""
        return _values(x, self._loss)

    def costs(self, x: Vector) -> dict[str, float]:
        """Lower bound of each branch's operating cost at x (MUSD)."""
        return _values(x, self._cost)

    def shared(self, x: Vector) -> Shared:
        """Decisions and operations along the reference at x."""
        columns, places = [], []
        for j, (key, link) in enumerate(zip(self.program.columns, self._link_of, strict=True)):
            if key[0] in SHARED or isinstance(link, OnReference):
                columns.append(key)
                places.append(j)
        return Shared(tuple(columns), np.asarray(x[places]), self._reference)

    def polished(self, x: Vector) -> Vector:
        """The point with the least loss along the reference for the decisions, links and cost of x.

        Where a loss has no weight in the goal, the solver may leave it too high. Returns x without an optimum.
        """
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        links = set(self._links.tolist())
        losses = np.zeros(len(x))
        for j, ((name, index), link) in enumerate(
            zip(self.program.columns, self._link_of, strict=True)
        ):
            is_free = isinstance(link, OnReference) and j not in links
            if is_free and name == "loss_to_date":
                upper[j] = x[j]
                losses[j] = 1.0
            elif index is None:
                upper[j] = x[j] if name == "shared_cost" else np.inf
            elif name in DECISIONS or j in links or (isinstance(link, int) and name != "capacity"):
                lower[j] = upper[j] = x[j]
        program = self.program.with_data(lower=lower, upper=upper)
        optimum = Solver(program).minimise_sum(losses, ("dual", "primal"), "polished")
        return optimum.x if optimum.stop is Stop.OPTIMAL else x


def _values(x: Vector, columns: Mapping[str, int]) -> dict[str, float]:
    return {name: float(x[j]) for name, j in columns.items()}


def _program(scope: BranchScope, grouping: Grouping, branches: Sequence[str]) -> Program:
    writer = Writer(scope)
    rows = [*_of_each_scenario(writer, grouping), *_of_each_branch(writer, grouping, branches)]
    return writer.program(REPLACED, rows)


def _with_schedules_of(program: Program, links: Sequence[LinkingColumn]) -> Program:
    """The program with purchases at decision nodes of branches alone, which no row of the master has."""
    missing: list[Key] = []
    for link in links:
        if isinstance(link, OnReference) or link in program.column:
            continue
        if link[0] == SCHEDULE:
            missing.append(link)
    return program.with_columns(missing)


def _losses(scope: BranchScope, grouping: Grouping) -> dict[str, Key]:
    """Column of each scenario's loss: at its last node in the master, or a variable of its own."""
    leaf_of = scope.tree.leaves
    keys: dict[str, Key] = {}
    for scenario in grouping.case.scenarios:
        own = scenario if scenario in grouping.alone else grouping.reference
        keys[scenario] = ("loss_to_date", leaf_of[own])
    for scenario in grouping.rest:
        keys[scenario] = ("scenario_loss", scenario)
    return keys


def _of_each_scenario(writer: Writer, grouping: Grouping) -> Iterator[Written]:
    """Rows of the expected loss and CVaR of all scenarios."""
    m, case = writer.model, grouping.case
    writer.add("scenario_loss", grouping.rest)
    writer.add("scenario_excess", case.scenarios)
    losses = {}
    for scenario, (name, index) in _losses(m.scope, grouping).items():
        losses[scenario] = getattr(m, name)[index]
    for w, loss in losses.items():
        yield "scenario_excess_limit", w, m.scenario_excess[w] >= loss - m.value_at_risk
    expected = quicksum(chance * losses[w] for w, chance in case.scenarios.items())
    yield "expected_loss_of_scenarios", None, m.expected_loss == expected
    if case.model.objective.odds == "worst":
        odds = odds_of(case)
        writer.add("risk_of_storyline", odds)
        writer.add("odds_excess", with_room(odds))
    yield from rows_of_storylines(m, case, losses)
    yield "risk_of_scenarios", None, m.risk == risk_of_scenarios(m, case, m.expected_loss)


def _of_each_branch(
    writer: Writer, grouping: Grouping, branches: Sequence[str]
) -> Iterator[Written]:
    """Rows of the cost: shared, and of each branch."""
    m, s = writer.model, writer.model.scope
    writer.add("shared_cost")
    writer.add("branch_cost", branches)
    nodes_of: dict[str, set[int]] = defaultdict(set)
    for node in s.tree.nodes:
        nodes_of[_whose(node, grouping.reference)].add(node.index)
    shared = investment_cost(m, s) + operating_cost(m, s, nodes_of[grouping.reference])
    yield "shared_cost_definition", None, m.shared_cost == shared
    cost = m.shared_cost + quicksum(m.branch_cost[branch] for branch in branches)
    yield "cost_of_branches", None, m.cost == cost
    for w in grouping.alone:
        yield "cost_of_alone", w, m.branch_cost[w] == operating_cost(m, s, nodes_of[w])


def _whose(node: Node, reference: str) -> str:
    return reference if reference in node.scenarios else node.scenarios[0]
