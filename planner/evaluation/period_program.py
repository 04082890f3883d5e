"""Program of one period, after the periods before it.

It has nothing of later periods, so a policy cannot anticipate.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.cells import Quarter
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.shock_effects import length_of, year_of
from planner.data.stages import CONVERTING
from planner.errors import StoppedError
from planner.evaluation.decisions import FixedPayments, PlannedRuns
from planner.evaluation.simulation_program import LOSS, SLACK, SimulationProgram
from planner.formulation import budgets, capacity
from planner.solving.highs import Solver, Statuses
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Solution, Stop

MONEY = (budgets.spending_limit.name, budgets.account.name, "paid", "carried")
MONEY_WORTH = 1e-4
"""Worth of an unspent MUSD, against payments without use."""
LACKING = "lacking"
PHASE = "period"
ALGORITHMS = ("again", "dual", "ipm", "primal")


class Purse:
    """Money of each funder for stock in a period, with the payments of the plan set aside.

    Unspent money moves on within a year, and to the next year if budgets carry over.
    """

    def __init__(self, chain: SimulationProgram, payments: FixedPayments) -> None:
        self._groups = chain.scope.funder_groups
        periods = chain.periods
        shape = (len(self._groups), len(periods))
        budget = np.zeros(shape)
        due = np.zeros(shape)
        opening: dict[int, int] = {}
        for place, period in enumerate(periods):
            if not isinstance(period, Quarter) or period.quarter == 1:
                opening[place] = year_of(period)
        for row, funders in enumerate(self._groups.values()):
            for place, year in opening.items():
                for funder in funders:
                    budget[row, place] += chain.case.budget.get((funder, year), 0.0)
                    due[row, place] += payments.get((funder, year), 0.0)
        self._surplus = budget - due
        """Budget less what is due for decisions (funders x periods)."""
        self._due = due
        self._years = np.array([year_of(period) for period in periods])
        self._carries = chain.case.model.policy.budget_carry_over

    @property
    def funders(self) -> int:
        """Number of groups of funders with one account."""
        return len(self._groups)

    def room(self, node: int, spent: Vector) -> dict[str, float]:
        """Most that each funder can pay in a period, decisions included. spent: for stock so far (funders x periods)."""
        left = self._surplus - spent
        first, end = 0, len(self._years)
        if not self._carries:
            # Unspent money moves within the year alone.
            first, end = np.searchsorted(self._years, [self._years[node], self._years[node] + 1])
        before = left[:, first:node].sum(axis=1)
        running = before[:, None] + np.cumsum(left[:, node:end], axis=1)
        free = np.maximum(running.min(axis=1), 0.0)
        due = self._due[:, node] * (1 + SLACK) + SLACK
        return dict(zip(self._groups, (free + due).tolist(), strict=True))

    def spent(self, node: int, paid: dict[str, float]) -> Vector:
        """Payments of each funder for stock in a period (MUSD). paid: in all."""
        payments = np.array([paid.get(group, 0.0) for group in self._groups])
        return np.asarray(payments - self._due[:, node])


@dataclass(frozen=True, kw_only=True)
class PeriodRows:
    """Rows and columns of a period: positions, positions of nonzeros, and the matrix over earlier columns."""

    rows: list[int]
    columns: list[int]
    nonzeros: NDArray[np.intp]
    program: Program
    past: csr_array

    def sides(self, whole: Program, values: Vector) -> tuple[Vector, Vector]:
        """Sides of the rows after earlier periods. whole: program of the scenario. values: of all columns."""
        shift = self.past @ values
        return whole.row_lower[self.rows] - shift, whole.row_upper[self.rows] - shift


def part_of(chain: SimulationProgram, node: int, left_out: tuple[str, ...]) -> PeriodRows:
    """Rows and columns of a period, without some names."""
    program = chain.program
    columns: list[int] = []
    earlier = np.zeros(len(program.columns), dtype=bool)
    for column, key in enumerate(program.columns):
        if key[0] not in left_out:
            of_column = chain.node_of(key)
            earlier[column] = of_column < node
            if of_column == node:
                columns.append(column)
    rows: list[int] = []
    for row, key in enumerate(program.rows):
        if key[0] not in left_out and chain.node_of(key) == node:
            rows.append(row)
    matrix = program.matrix
    past = csr_array(matrix[rows] * earlier)
    past.eliminate_zeros()
    places = csr_array((np.arange(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    return PeriodRows(
        rows=rows,
        columns=columns,
        nonzeros=csr_array(places[rows][:, columns]).data,
        program=program.part(rows, columns),
        past=past,
    )


class PeriodProgram:
    """Least loss of a period, less the worth of the stock at its end.

    worth: of a tonne, as a share of the largest loss that it can save (`worth_of_stock`); 0 in the last period. Stock is
    bought from spare supply within budgets, and released against losses above its worth.
    """

    def __init__(
        self, chain: SimulationProgram, node: int, purse: Purse, runs: PlannedRuns | None = None
    ) -> None:
        """runs: throughput of plants with `rise` in undisturbed periods, as far as feasible."""
        left_out = ("carried",) if chain.scope.purchases else MONEY
        whole = part_of(chain, node, left_out)
        self._part, self._floors = _with_floors(chain, node, whole, runs or {})
        self._purse, self._node = purse, node
        program = self._part.program
        self._loss = program.column[LOSS, node]
        self._worth = np.zeros(len(program.columns))
        self._price = np.zeros(len(program.columns))
        discount = chain.case.lookups.risk_discount(year_of(chain.periods[node]))
        last = node == len(chain.periods) - 1
        stocks = () if last else tuple(chain.scope.stocks)
        for good in stocks:
            column = program.column.get(("stock", (*good, node)))
            if column is not None:
                self._worth[column] = discount * worth_of_stock(chain, good)
        self._accounts: dict[int, str] = {}
        for row, (name, index) in enumerate(program.rows):
            if name == budgets.account.name:
                self._accounts[row] = index[0]
        self._paid: dict[int, str] = {}
        for column, (name, index) in enumerate(program.columns):
            if name == "paid":
                self._paid[column] = index[0]
                self._price[column] = MONEY_WORTH
        self._dearest = dearest_loss(chain.case)
        self._solver = Solver(program)
        self._begin: Statuses | None = None

    def run(
        self, whole: Program, *, worth: float, calm: bool, values: Vector, spent: Vector, name: str
    ) -> None:
        """Solve the period, and fill in its columns and the spending on stock (funders x periods).

        whole: program of the scenario `name`. values: of all columns, earlier periods filled in. calm: the period is
        undisturbed. Raises StoppedError without a proven optimum.
        """
        part = self._part
        row_lower, row_upper = part.sides(whole, values)
        room = self._purse.room(self._node, spent)
        for row, group in self._accounts.items():
            row_upper[row] = room[group]
        own = len(part.columns)
        lower = part.program.lower.copy()
        upper = part.program.upper.copy()
        lower[:own] = whole.lower[part.columns]
        upper[:own] = whole.upper[part.columns]
        no_limit = np.full(len(self._floors), np.inf)
        floors = self._floors if calm else -no_limit
        data = part.program.matrix.data.copy()
        data[: len(part.nonzeros)] = whole.matrix.data[part.nonzeros]
        fresh = part.program.with_data(
            data=data,
            row_lower=np.append(row_lower, floors),
            row_upper=np.append(row_upper, no_limit),
            lower=lower,
            upper=upper,
        )
        self._solver.replace(fresh)
        cost = self._price - worth * self._worth
        cost[self._loss] = 1.0
        cost[own:] = self._dearest
        if self._begin is not None:
            # Not where the last future ended, so that no answer hangs on futures solved before.
            self._solver.begin_from(PHASE, self._begin)
        optimum = self._solver.minimise_sum(cost, ALGORITHMS, PHASE)
        if optimum.stop is not Stop.OPTIMAL:
            raise not_proven(name, optimum)
        if self._begin is None:
            self._begin = self._solver.last_bases[PHASE]
        values[part.columns] = optimum.x[:own]
        paid: dict[str, float] = defaultdict(float)
        for column, group in self._paid.items():
            paid[group] += float(optimum.x[column])
        if self._accounts:
            spent[:, self._node] = self._purse.spent(self._node, paid)


def not_proven(future: str, solution: Solution) -> StoppedError:
    """The error of a scenario without a proven optimum."""
    return StoppedError(f"the fixed plan has no proven optimum in {future} ({solution.stop})")


def _with_floors(
    chain: SimulationProgram, node: int, part: PeriodRows, runs: PlannedRuns
) -> tuple[PeriodRows, Vector]:
    """Add a row for each plant with a planned run: throughput and its shortfall. Returns also the runs (t) of these rows."""
    period = chain.periods[node]
    floors: list[float] = []
    keys: list[Key] = []
    terms: list[dict[int, float]] = []
    many = len(part.program.columns)
    for (project, year), tonnes in sorted(runs.items()):
        row = part.program.row.get((capacity.throughput_limit.name, (project, node)))
        if year == year_of(period) and tonnes > 0 and row is not None:
            of_row = part.program.terms(row)
            of_row[many + len(keys)] = 1.0
            terms.append(of_row)
            keys.append((LACKING, project))
            floors.append(tonnes * length_of(period))
    program = part.program
    if keys:
        program = program.with_columns(keys).with_rows(keys, terms, -np.inf, np.inf)
    return replace(part, program=program), np.array(floors)


def dearest_loss(case: Case) -> float:
    """Largest loss of a tonne of unmet demand (MUSD)."""
    return max((_dearest_step(case, key[:3]) for key in case.demand), default=0.0)


def _dearest_step(case: Case, good: Good) -> float:
    steps = case.lookups.loss_steps(good)
    return max(step.musd_per_t for step in steps) * case.countries[good[0]].weight


def worth_of_stock(chain: SimulationProgram, good: Good) -> float:
    """Largest loss that a tonne in stock can save (MUSD): of its good, or of what plants of the group make of it."""
    case = chain.case
    country, element, form = good
    forms = {form}
    for stage in CONVERTING:
        if stage.takes in forms:
            forms.add(stage.gives)
    worth = 0.0
    for other, of, kind, _ in case.demand:
        own = other == country and kind == form
        made_of_it = case.lookups.group[other] == case.lookups.group[country] and kind in forms - {
            form
        }
        if of == element and (own or made_of_it):
            worth = max(worth, _dearest_step(case, (other, of, kind)))
    return worth
