"""A program kept loaded: ask again with other figures, and only what they touch is compiled and solved again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import numpy as np

from planner.data.case import Case
from planner.data.tree import Tree
from planner.formulation.build import EQUATIONS, VARIABLES, build_model, constraint_of
from planner.formulation.index_sets import Scope
from planner.formulation.model import Model
from planner.host import collector_paused
from planner.results.verify import verify
from planner.solving.case_changes import changes, origins, switched_off, with_switches
from planner.solving.extract import extract_tables
from planner.solving.goals import Outcome, Phase, solve_phases
from planner.solving.highs import Solver
from planner.solving.naming import refuse_beyond_solver
from planner.solving.payments import whole_budgets
from planner.solving.program import Key, Program, Vector, compile_program
from planner.solving.solution import Stop
from planner.solving.spending import items_spent, money_tables
from planner.solving.values import Values
from planner.solving.whole_plants import WholePlants

Say = Callable[[str], None]
AGAIN = "again__"
"""Before the names of equations that are compiled again."""
NEAR_WAY, GOAL_WAY = 1 / 8, 2 / 3
"""How far to go from the last plan where the structure differs, and where the goal does, as a share of the rows: from a
start that is no good the way from the least risk is shorter (measured)."""


@dataclass(frozen=True)
class _Refilled:
    """Index sets and program with other figures, whole, and with what the case switches off held at zero."""

    scope: Scope
    whole: Program
    held: Program


@dataclass(frozen=True)
class _Differs:
    """Why a program has to be built again, and whether more than figures differs."""

    why: str
    structural: bool = False


class LiveProgram:
    """A case, its program and a solver that remembers its bases.

    `update(case)` changes the figures in place where it can, holds at zero what a case switches off, and builds again
    where a change alters structure (lead time, horizon, an added project, something that was zero); `rebuilt` then
    says why, and the solver begins at the last plan.
    """

    def __init__(self, case: Case, time_limit: float | None = None) -> None:
        self._time_limit = time_limit
        self.cancelled = Event()
        """While it is set, no run of the solver begins."""
        self.rebuilt = ""
        self._build(case)

    def _build(self, case: Case) -> None:
        self.case = case
        self.model: Model = build_model(case)
        self.scope: Scope = self.model.scope
        """Index sets of the program, with the present case."""
        self.program: Program = compile_program(self.model)
        self._whole = self.program
        """The program with nothing held at zero."""
        refuse_beyond_solver(self.scope, self.program)
        self.solver = Solver(self.program, self._time_limit, cancelled=self.cancelled)

    def solve(self, say: Say, phases: list[Phase] | None = None) -> Outcome:
        """Solve the phases of the goal, or those given; the first run is cold, later ones start from earlier bases.

        With whole plants only the linear programs do: the search over whole numbers begins anew each time.
        """
        self.solver.reset_bounds()
        outcome = self._solved(say, phases)
        if outcome.stop is Stop.INFEASIBLE and self.program is not self._whole:
            self._build(self.case)  # what is held at zero is no limit of the case: nothing may name it
            outcome = self._solved(say, phases)
        return outcome

    def cancel(self) -> None:
        """End a solve that goes on in another thread."""
        self.cancelled.set()
        self.solver.cancel()

    def _solved(self, say: Say, phases: list[Phase] | None) -> Outcome:
        whole = self.case.model.policy.whole_plants
        minimiser = WholePlants(self.scope, self.solver, self._holds) if whole else self.solver
        return solve_phases(self.program, self.case.model.objective, minimiser, say, phases)

    def _holds(self, x: Vector) -> bool:
        """Whether the plan of a point keeps every rule of the contract."""
        values, budgets = Values(self.program.columns, x), whole_budgets(self.case)
        spent = money_tables(self.scope, items_spent(self.scope, values), budgets)
        return verify(self.case, extract_tables(self.scope, values) | spent).holds

    def update(self, case: Case) -> bool:
        """Take other figures. Returns whether the program could be kept; else it was built again."""
        before, asked = self.model.scope, self.case.model
        refilled = self._with_figures(case)
        last, solver = self._whole, self.solver
        if not isinstance(refilled, _Refilled):
            self.rebuilt = refilled.why
            self._build(case)
            if asked.policy.coordination == case.model.policy.coordination:
                way = NEAR_WAY if refilled.structural else 0.0
                self.solver.begin_near(solver, *origins(before, last, self.scope, self.program), way)
            return False
        self.rebuilt = ""
        self.case, self.model.scope, self._whole, self.program = case, refilled.scope, refilled.whole, refilled.held
        self.scope = self.model.scope.with_case(case)
        solver.replace(self.program)
        if asked.objective.goal != case.model.objective.goal:
            columns, rows = (np.arange(n) for n in self.program.matrix.shape[::-1])
            solver.begin_near(solver, columns, rows, GOAL_WAY)
        return True

    def program_of(self, case: Case) -> Program | None:
        """The program with the figures of another case; None if its structure differs. The session stays as it is."""
        refilled = self._with_figures(case)
        return refilled.held if isinstance(refilled, _Refilled) else None

    @collector_paused()
    def _with_figures(self, case: Case) -> _Refilled | _Differs:
        """The program of a case that differs in figures and switches only, or why it differs in more."""
        wide = with_switches(case, self.model.scope.case)
        found = changes(self.model.scope.case, wide)
        if found.structural:
            return _Differs(found.structural, structural=True)
        scope = Scope(wide)
        balances = {"demand", "imports", "shocks", "resale"} & {table for table, _ in found.columns}
        built: Scope = self.model.scope
        scope.reuse(built, same_coverage=not balances)
        if not _same_shape(built.tree, scope.tree):
            return _Differs("the histories that scenarios share differ")
        if balances and not _same_covered(built, scope):
            return _Differs("imports now cover other demands, or others can sell on, than before")
        program = _refilled(self._whole, self.model, scope, found.affected)
        if program is None:
            return _Differs("the figures add or remove terms of the program")
        refuse_beyond_solver(scope, program)
        off = switched_off(case, scope, program)
        if not len(off):
            return _Refilled(scope, program, program)
        upper = program.upper.copy()
        upper[off] = 0.0
        matrix = program.matrix
        held = program.with_data(matrix.data, program.row_lower, program.row_upper, program.lower, upper)
        return _Refilled(scope, program, held)


def _same_shape(one: Tree, two: Tree) -> bool:
    return [(n.period, n.parent, n.scenarios) for n in one.nodes] == [
        (n.period, n.parent, n.scenarios) for n in two.nodes
    ]


def _same_covered(one: Scope, two: Scope) -> bool:
    same = one.import_covered_nodes == two.import_covered_nodes and one.import_covered_goods == two.import_covered_goods
    resale = one.resold.keys() == two.resold.keys() and one.resale_rivals == two.resale_rivals
    return same and resale and one.import_limits.keys() == two.import_limits.keys()


def _refilled(program: Program, model: Model, scope: Scope, affected: frozenset[str]) -> Program | None:
    """The program with the affected equations and bounds compiled again; None if their terms differ."""
    lower, upper = program.lower.copy(), program.upper.copy()
    for variable in VARIABLES:
        if variable.name in affected and variable.bounds and variable.index:
            model.scope, before = scope, model.scope
            for index in variable.index(scope):
                key: Key = (variable.name, index)
                if key not in program.column:
                    model.scope = before
                    return None
                low, high = variable.bounds(model, *index)
                position = program.column[key]
                lower[position], upper[position] = low, np.inf if high is None else high
            model.scope = before
    data = program.matrix.data.copy()
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    part = _compile_part(model, scope, affected)
    if part is not None:
        columns = np.array([program.column.get(key, -1) for key in part.columns])
        for i, key in enumerate(part.rows):
            row = program.row.get(key)
            if row is None:
                return None
            span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
            mine = slice(part.matrix.indptr[i], part.matrix.indptr[i + 1])
            positions = _place(program.matrix.indices[span], columns[part.matrix.indices[mine]])
            if positions is None:
                return None
            data[span] = 0.0
            data[span.start + positions] = part.matrix.data[mine]
            row_lower[row], row_upper[row] = part.row_lower[i], part.row_upper[i]
    return program.with_data(data, row_lower, row_upper, lower, upper)


def _place(there: np.ndarray, wanted: np.ndarray) -> np.ndarray | None:
    """Positions of `wanted` in `there`; None if one is missing."""
    order = np.argsort(there)
    found = np.searchsorted(there, wanted, sorter=order)
    if np.any(found >= len(there)):
        return None
    positions = order[found]
    return positions if np.array_equal(there[positions], wanted) else None


def _compile_part(model: Model, scope: Scope, affected: frozenset[str]) -> Program | None:
    """The affected equations of the model under another scope, compiled alone. The model is left as it was."""
    wanted = [equation for equation in EQUATIONS if equation.name in affected]
    if not wanted:
        return None
    before, model.scope = model.scope, scope
    try:
        for equation in EQUATIONS:
            model.component(equation.name).deactivate()
        for equation in wanted:
            model.add_component(f"{AGAIN}{equation.name}", constraint_of(scope, equation))
        return compile_program(model).renamed({f"{AGAIN}{equation.name}": equation.name for equation in wanted})
    finally:
        for equation in wanted:
            model.del_component(f"{AGAIN}{equation.name}")
        for equation in EQUATIONS:
            model.component(equation.name).activate()
        model.scope = before
