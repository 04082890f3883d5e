"""One period of a chain as a program of its own, given what the periods before it left.

Nothing of later periods is in it, so a policy that solves it cannot act on what has not shown itself.
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
"""Worth of a MUSD that is not spent: enough that nobody pays for nothing."""
LACKING = "lacking"
PHASE = "period"
ALGORITHMS = ("again", "dual", "ipm", "primal")


class Purse:
    """The money that each funder may spend on stock in a period, so that what the plan decided stays payable.

    Every later year's payment for the plan's decisions is set aside as the plan has it; what earlier periods paid is
    gone; unspent money moves on within a year, and beyond it if budgets carry over.
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
        """Groups of funders that share an account."""
        return len(self._groups)

    def room(self, node: int, spent: Vector) -> dict[str, float]:
        """By funder what it may pay in a period, decisions included.

        spent: what was paid for stock until then (funders x periods).
        """
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
        """Payments (MUSD) of each funder for stock in a period. paid: payments of each funder in all."""
        payments = np.array([paid.get(group, 0.0) for group in self._groups])
        return np.asarray(payments - self._due[:, node])


@dataclass(frozen=True, kw_only=True)
class ChainPart:
    """Some rows and columns of a chain: their positions, those of their nonzeros, and their matrix over the columns of
    earlier periods."""

    rows: list[int]
    columns: list[int]
    nonzeros: NDArray[np.intp]
    program: Program
    past: csr_array

    def sides(self, whole: Program, values: Vector) -> tuple[Vector, Vector]:
        """Sides of the rows, what happened before put in. whole: with sides of the future. values: of all columns."""
        shift = self.past @ values
        return whole.row_lower[self.rows] - shift, whole.row_upper[self.rows] - shift


def part_of(chain: SimulationProgram, node: int, left_out: tuple[str, ...]) -> ChainPart:
    """The part of a chain of one period, without the rows and columns of some names."""
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
    return ChainPart(
        rows=rows,
        columns=columns,
        nonzeros=csr_array(places[rows][:, columns]).data,
        program=program.part(rows, columns),
        past=past,
    )


class PeriodProgram:
    """One period of a chain: least loss of the period, less what the stock at its end is worth.

    worth: that of a tonne as a share of the dearest loss that it may save (`worth_of_stock`), in all periods but the
    last. So stock is bought from spare supply as far as money goes, and is released against losses above its worth.
    """

    def __init__(
        self, chain: SimulationProgram, node: int, purse: Purse, runs: PlannedRuns | None = None
    ) -> None:
        """runs: what plants with `rise` shall put out at least where nothing happens, as far as they can."""
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
        """Fill in the values of this period's columns, and what was spent on stock in it (funders x periods).

        whole: the chain with the sides of the future, which is called `name`. values: of all columns; those of earlier
        periods are filled in. calm: nothing happens in the period, so plants run as planned. Raises StoppedError if no optimum is proven.
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
    """The error of a future in which operations have no proven optimum."""
    return StoppedError(f"the fixed plan has no proven optimum in {future} ({solution.stop})")


def _with_floors(
    chain: SimulationProgram, node: int, part: ChainPart, runs: PlannedRuns
) -> tuple[ChainPart, Vector]:
    """The part with a row for each plant that is planned to run: throughput and what it lacks of the plan.

    Returns the part and the planned throughputs (t), in the order of the rows, which are its last ones.
    """
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
    """The most that a tonne of any unmet demand costs (MUSD)."""
    return max((_dearest_step(case, key[:3]) for key in case.demand), default=0.0)


def _dearest_step(case: Case, good: Good) -> float:
    """The most that a tonne of unmet demand for a good costs (MUSD)."""
    steps = case.lookups.loss_steps(good)
    return max(step.musd_per_t for step in steps) * case.countries[good[0]].weight


def worth_of_stock(chain: SimulationProgram, good: Good) -> float:
    """The most that a tonne in stock may save (MUSD): of its own good, or of what plants of the group make of it."""
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
