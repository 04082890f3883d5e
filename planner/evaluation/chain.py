"""The program of one future with the decisions of a plan fixed: a chain of periods of which only sides and bounds
differ from future to future.

With decisions fixed nothing passes from one period to the next but stock, the money that is left and what plants put
out. The matrix is written once, by the rules of the formulation, for a chain in which nothing happens; what a future
does to it is set in sides and bounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Tree, tree_of
from planner.data.schema import Scenario
from planner.data.shock_effects import Effects, ImportKey, Period, length_of, sold_on, year_of
from planner.formulation import budgets, capacity, goods, objective, savings, workforce
from planner.formulation.import_cover import every_demand
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS, EQUATIONS, VARIABLES
from planner.solving.engine import FixedAmounts
from planner.solving.program import Key, Program, Vector
from planner.solving.program_writer import Writer

SLACK = 1e-9
"""Relative room around a fixed amount, for the rounding of the run that made it."""
FUTURE = "future"
LOSS = "loss_to_date"
FOLLOW = {"staff": workforce.staff_balance.name, "invested": budgets.investment_spending.name}
"""Variables that fixed decisions determine, and the equation that does."""
LEFT_OUT_COLUMNS = ("capacity", "tail_excess", "imported_from")
"""Variables without which the rest stands: of capacity, of the tail, and of what it matters for the cost who sells."""
LEFT_OUT = (
    capacity.usable_capacity.name,
    capacity.nameplate_limit.name,
    capacity.whole_plants.name,
    objective.tail_excess_limit.name,
    goods.imports_by_supplier.name,
)
MONEY_ROWS = (budgets.spending_limit.name, budgets.account.name)
"""Equations of accounts. They are left out where purchases are scheduled: then all that is paid is decided."""
RESTATED = (capacity.throughput_limit.name, capacity.must_run.name, capacity.rise_limit.name)
"""Equations that capacity stands in, whose sides are set by `_set_throughput` since it is left out."""
POOLED = "pooled_resale"
NODE_LETTERS = ("n", "a", "w")
"""Letters of an index that stand for a period of the chain."""


@dataclass(frozen=True)
class Pool:
    """Countries that compete for what others resell of a supplier in a period.

    A country competes with all those that the supplier has cut off no more than it.
    """

    supplier: str
    element: str
    form: str
    period: Period
    countries: tuple[str, ...]

    def resold_keys(self) -> list[ImportKey]:
        """The keys of their resold tonnes."""
        keys: list[ImportKey] = []
        for country in self.countries:
            keys.append((self.supplier, country, self.element, self.form, self.period))
        return keys


def pools_of(case: Case, effects: Effects) -> dict[Pool, float]:
    """Pool -> tonnes a year that its countries can have together, under the shocks of a future."""
    markets: dict[tuple[Any, ...], dict[str, float]] = defaultdict(dict)
    for key in effects.leaks:
        supplier, country, element, form, period = key
        market = markets[supplier, case.group[country], element, form, period]
        market[country] = effects.imports.get(key, 1.0)
    pools: dict[Pool, float] = {}
    for (supplier, _, element, form, period), factors in markets.items():
        for country, factor in factors.items():
            rivals = [other for other in factors if factors[other] >= factor]
            pool = Pool(
                supplier=supplier,
                element=element,
                form=form,
                period=period,
                countries=tuple(sorted(rivals)),
            )
            key = (supplier, country, element, form, period)
            pools[pool] = sum(sold_on(case, effects.imports, key).values())
    return pools


@dataclass(frozen=True)
class ChainScope(Scope):
    """Index sets of a chain of periods that hold whatever some future may need."""

    chain: Tree
    pools: frozenset[Pool]

    @property
    def tree(self) -> Tree:
        """The chain."""
        return self.chain

    @cached_property
    def resold(self) -> dict[tuple[str, str, str, str, int], float]:
        """(v, c, e, o, n) of goods that may be sold on in some future; the tonnes, 0 here, are set for each future."""
        at = {node.period: node.index for node in self.tree.nodes}
        known = set(self.goods)
        keys: set[tuple[str, str, str, str, int]] = set()
        for pool in self.pools:
            for supplier, country, element, form, period in pool.resold_keys():
                if (country, element, form) in known:
                    keys.add((supplier, country, element, form, at[period]))
        return dict.fromkeys(sorted(keys), 0.0)

    @cached_property
    def resale_rivals(self) -> dict[tuple[str, str, str, str, int], list[str]]:
        """Nothing: who competes with whom differs from future to future, and is set by `pools_of`."""
        return {}


def _with_one_calm_future(case: Case) -> Case:
    """The case with one future, in which nothing happens."""
    only = Scenario(scenario=FUTURE, probability=1.0)
    # One future has the odds of one, and what is decided is no question: their variables have no period.
    bare = case.without_targets()
    model = bare.model
    update = {
        "objective": model.objective.model_copy(update={"odds": "given"}),
        "policy": model.policy.model_copy(update={"whole_plants": False}),
    }
    bare = bare.with_model(model.model_copy(update=update))
    return bare.with_tables(scenarios=(only,), shocks=(), draws=(), hazards=())


class ChainProgram:
    """The program of one future, decisions fixed: `program_of` sets its sides and bounds.

    program: the one of a future in which nothing happens. scope: its index sets. periods: of the chain, in order.
    """

    def __init__(
        self,
        case: Case,
        amounts: FixedAmounts | None,
        periods: Sequence[Period],
        pools: frozenset[Pool],
    ) -> None:
        """amounts: the decisions; None, of a case without levers: who is trained for existing seats stays free.

        periods: of the horizon, as divided in any of the futures. pools: that any of them has.
        """
        self.case = _with_one_calm_future(case)
        self.periods = tuple(periods)
        tree = tree_of(self.case, {FUTURE: Effects()}, self.periods)
        self.scope = ChainScope(self.case, tree, pools, not_covered=every_demand(tree))
        self._at = {period: index for index, period in enumerate(self.periods)}
        self._scheduled: dict[tuple[Good, int], float] = {}
        for (name, index), tonnes in (amounts or {}).items():
            if name == "scheduled":
                *good, year = index
                self._scheduled[tuple(good), year] = tonnes
        self._builds: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for (name, index), tonnes in (amounts or {}).items():
            if name == "build":
                self._builds[index[0]].append((index[1], tonnes))
        held = self._with_decisions(Writer(self.scope).program(), amounts)
        self.program = self._with_pools(held, pools)
        program = self.program
        self._set_throughput(
            program.row_lower, program.row_upper, self.case.projects, self.scope.tree
        )

    def node_of_column(self, key: Key) -> int:
        """The period of a variable, by its position in the chain."""
        return _node(key, _VARIABLE_PLACES)

    def node_of_row(self, key: Key) -> int:
        """The period of a row, by its position in the chain."""
        if key[0] == POOLED:
            return self._at[key[1].period]
        return _node(key, _EQUATION_PLACES)

    # ---- what the plan decides ---------------------------------------------------------------------------------

    def _with_decisions(self, program: Program, amounts: FixedAmounts | None) -> Program:
        """The program that is left once decisions are put in: operations, stocks, accounts and the loss."""
        value, free = self._decided(program, amounts)
        left_out = LEFT_OUT + MONEY_ROWS if self.case.has_schedule else LEFT_OUT
        in_use = np.diff(program.matrix[:, free].tocsr().indptr) > 0
        kept_rows: list[int] = []
        for row, (name, index) in enumerate(program.rows):
            if in_use[row] and index is not None and name not in left_out:
                kept_rows.append(row)
        _refuse_unstated(program, kept_rows)
        shift = (program.matrix @ value)[kept_rows]
        kept = program.part(kept_rows, free)
        equal = np.isfinite(kept.row_lower) & np.isfinite(kept.row_upper)
        room = np.where(equal, 0.0, SLACK * (1 + np.abs(shift)))
        row_lower = kept.row_lower - shift - room
        row_upper = kept.row_upper - shift + room
        return replace(kept, row_lower=row_lower, row_upper=row_upper)

    def _decided(self, program: Program, amounts: FixedAmounts | None) -> tuple[Vector, list[int]]:
        """The value of each column that the decisions determine, else 0; and the columns that stay free."""
        value = np.zeros(len(program.columns))
        free: list[int] = []
        follow: list[int] = []
        equations: list[int] = []
        for column, (name, index) in enumerate(program.columns):
            if name in LEFT_OUT_COLUMNS or index is None:
                continue
            if amounts is None:
                free.append(column)
            elif name in DECISIONS:
                year = index[-1] + self.case.first_year
                value[column] = amounts.get((name, (*index[:-1], year)), 0.0)
            elif name in FOLLOW:
                follow.append(column)
            else:
                free.append(column)
        for row, (name, _) in enumerate(program.rows):
            if name in FOLLOW.values():
                equations.append(row)
        if follow:
            part = program.matrix[equations]
            right_side = program.row_upper[equations] - part @ value
            value[follow] = spsolve(part[:, follow].tocsc(), right_side)
        return value, free

    def _with_pools(self, program: Program, pools: Iterable[Pool]) -> Program:
        """The program with a row for each pool, without a limit until a future sets it."""
        terms: list[dict[int, float]] = []
        keys: list[Key] = []
        for pool in sorted(pools, key=self._order):
            own: dict[int, float] = {}
            for key in pool.resold_keys():
                column = program.column.get(("resold", self._index(key)))
                if column is not None:
                    own[column] = 1.0
            terms.append(own)
            keys.append((POOLED, pool))
        return program.with_rows(keys, terms, -np.inf, np.inf)

    def _order(self, pool: Pool) -> tuple[Any, ...]:
        """Pools stand by supplier, good and period."""
        at = self._at[pool.period]
        return pool.supplier, pool.element, pool.form, at, pool.countries

    def _index(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """An index that ends with the position of a period, of a key that ends with the period."""
        return (*key[:-1], self._at[key[-1]])

    # ---- what a future does ------------------------------------------------------------------------------------

    def program_of(self, effects: Effects) -> Program:
        """The program with the sides and bounds of a future."""
        program = self.program
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        upper = program.upper.copy()
        self._set_imports(effects, upper)
        self._set_demand(effects, row_lower, row_upper, upper)
        self._set_resale(effects, row_upper, upper)
        disturbed = {project for project, _ in effects.capacity}
        late = {project for project, _ in effects.delays}
        disturbed |= late & self._builds.keys()
        tree = replace(self.scope.tree, effects={FUTURE: effects})
        self._set_throughput(row_lower, row_upper, disturbed, tree)
        self._set_deliveries(row_lower, row_upper, tree)
        return program.with_data(row_lower=row_lower, row_upper=row_upper, upper=upper)

    def demand_of(self, effects: Effects) -> dict[tuple[str, int], float]:
        """Demand (t) by element and year, of all countries and forms."""
        demand: dict[tuple[str, int], float] = defaultdict(float)
        for (country, element, form, node), tonnes in self.scope.demanded.items():
            period = self.periods[node]
            factor = effects.demand.get((country, element, form, period), 1.0)
            demand[element, year_of(period)] += tonnes * factor
        return dict(demand)

    def _set_imports(self, effects: Effects, upper: Vector) -> None:
        for key, factor in effects.imports.items():
            column = self.program.column.get(("imported", self._index(key[1:])))
            if column is not None:
                upper[column] = max(0.0, upper[column] + (factor - 1.0) * self._limit(key))

    def _set_demand(
        self, effects: Effects, row_lower: Vector, row_upper: Vector, upper: Vector
    ) -> None:
        """Set demand, widths of loss steps and limits of savings where a future has another demand."""
        for key, factor in effects.demand.items():
            good = self._index(key)
            wanted = self.scope.demanded.get(good, 0.0)
            if wanted:
                row_lower[self.program.row[goods.balance.name, good]] += wanted * (factor - 1.0)
                for step, loss in enumerate(self.case.loss_steps(good[:3])):
                    column = self.program.column["shortfall", (*good, step)]
                    upper[column] = loss.width * wanted * factor
                self._set_savings(good, wanted * factor, row_upper, upper)

    def _set_savings(
        self, good: tuple[Any, ...], wanted: float, row_upper: Vector, upper: Vector
    ) -> None:
        """The demand (t) that savings may replace in a period."""
        row = self.program.row.get((savings.demand_limit.name, good))
        if row is not None:
            row_upper[row] = wanted
        for project in self.scope.savings_of.get(good, ()):
            share = self.case.savings[project][good[:3]].max_share
            column = self.program.column.get(("saved", (project, *good[1:])))
            if column is not None:
                upper[column] = share * wanted

    def _set_resale(self, effects: Effects, row_upper: Vector, upper: Vector) -> None:
        """Set the leaks that a future has, and what each pool can have together."""
        for key, leak in effects.leaks.items():
            column = self.program.column.get(("resold", self._index(key)))
            if column is not None:
                cut = 1.0 - effects.imports.get(key, 1.0)
                upper[column] = leak * cut * self._limit(key)
        for pool, tonnes in pools_of(self.case, effects).items():
            row = self.program.row.get((POOLED, pool))
            if row is not None:
                row_upper[row] = tonnes * length_of(pool.period)
                continue
            # A course that the chain was not made for, in the eyes of a policy: nothing is resold.
            for key in pool.resold_keys():
                column = self.program.column.get(("resold", self._index(key)))
                if column is not None:
                    upper[column] = 0.0

    def _set_throughput(
        self, row_lower: Vector, row_upper: Vector, projects: Iterable[str], tree: Tree
    ) -> None:
        """The throughput that fixed builds allow of some projects, or ask of those that must run."""
        for project in projects:
            usable = tree.existing(project)
            for year, tonnes in self._builds.get(project, ()):
                usable = usable + tonnes * tree.usable_shares(project, year)
            most = usable * tree.years_of_use(project)
            if self.scope.must_run(project):
                for side in (row_lower, row_upper):
                    self._set_limits(side, capacity.must_run.name, project, most)
            self._set_limits(row_upper, capacity.throughput_limit.name, project, most)
            if self.scope.keeps_warm(project):
                self._set_rise(row_upper, project, tree, usable)

    def _set_rise(self, row_upper: Vector, project: str, tree: Tree, usable: Vector) -> None:
        """The growth of output from the year before that usable capacity (t/y, by period) and new starts allow."""
        started = tree.started_existing(project)
        for year, built in self._builds.get(project, ()):
            started = started + built * tree.started_shares(project, year)
        most = self.case.rise(project) * usable + started
        self._set_limits(row_upper, capacity.rise_limit.name, project, most)

    def _set_limits(self, row_upper: Vector, name: str, project: str, most: Vector) -> None:
        """The limit of a project in each period, where the program has the row."""
        for node, tonnes in enumerate(most.tolist()):
            row = self.program.row.get((name, (project, node)))
            if row is not None:
                row_upper[row] = tonnes

    def _set_deliveries(self, row_lower: Vector, row_upper: Vector, tree: Tree) -> None:
        """Deliveries of what is scheduled, as far as trade goes on."""
        left = replace(self.scope, chain=tree).trade_left
        for (good, year), tonnes in self._scheduled.items():
            for node, period in enumerate(self.periods):
                row = self.program.row.get((goods.scheduled_delivery.name, (*good, node)))
                if row is not None and year_of(period) == year:
                    delivered = tonnes * left[good][node] * length_of(period)
                    row_lower[row] = row_upper[row] = delivered

    def _limit(self, key: ImportKey) -> float:
        """Tonnes that a supplier can sell in a period of an undisturbed year."""
        supplier, country, element, form, period = key
        limit = self.case.import_limit[supplier, country, element, form, year_of(period)]
        return limit * length_of(period)


def _refuse_unstated(program: Program, rows: Sequence[int]) -> None:
    """Refuse a new equation of capacity: without it the row would allow what the plan's builds do not."""
    columns = [j for j, (name, _) in enumerate(program.columns) if name == "capacity"]
    uses_capacity = np.diff(program.matrix[:, columns].tocsr().indptr) > 0
    unstated = {program.rows[row][0] for row in rows if uses_capacity[row]} - set(RESTATED)
    if unstated:
        names = ", ".join(sorted(unstated))
        raise NotImplementedError(f"{__name__} must state what fixed builds allow of {names}")


def _places(declared: Iterable[tuple[str, Sequence[str]]]) -> dict[str, int]:
    """Variable or equation of the chain -> the place of the period in its index."""
    found: dict[str, int] = {}
    for name, letters in declared:
        for place, letter in enumerate(letters):
            if letter in NODE_LETTERS:
                found[name] = place
    return found


_VARIABLE_PLACES = _places((variable.name, variable.letters) for variable in VARIABLES)
_EQUATION_PLACES = _places((equation.name, equation.letters) for equation in EQUATIONS)


def _node(key: Key, places: dict[str, int]) -> int:
    name, index = key
    return int(index[places[name]] if isinstance(index, tuple) else index)
