"""Program of one scenario with the decisions of a plan fixed.

The rules of the formulation get numbers in place of decisions, which leaves operations, stocks and accounts: a fourth
of the size. It is written once, undisturbed. For a scenario, rows and bounds that its shocks touch are written again;
those of a plant are cached, because many scenarios share them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case, with_choices, with_rows, without_targets
from planner.data.scenario_tree import Tree, tree_of
from planner.data.schema import Scenario
from planner.data.shock_effects import Effects, ImportKey, Period
from planner.formulation import budgets, capacity, goods, objective, workforce
from planner.formulation.declarations import Equation, Model
from planner.formulation.gathered import grouped
from planner.formulation.import_cover import every_demand
from planner.formulation.index_sets import OF_FIGURES, Scope
from planner.formulation.linear_expressions import Term
from planner.formulation.variable_trees import GoodAt, ProjectAt, SuppliedAt
from planner.formulation.whole_program import DECLARED, EQUATIONS, NODE_PLACES, VARIABLES
from planner.solving.engine import FixedAmounts
from planner.solving.program import Key, Program, Vector
from planner.solving.program_writer import Writer

SLACK = 1e-9
"""Relative room in an account, for rounding of the decisions."""
FUTURE = "future"
LOSS = "loss_to_date"
FOLLOW = {
    "capacity": capacity.usable_capacity,
    "staff": workforce.staff_balance,
    "invested": budgets.investment_spending,
}
"""Variables that decisions determine, and their equations."""
LEFT_OUT = (objective.tail_excess_limit.name, goods.imports_by_supplier.name)
"""Equations without effect on losses: the tail over all scenarios, and imports by supplier."""
MONEY_ROWS = (budgets.spending_limit.name, budgets.account.name)
"""Equations of accounts, left out with scheduled purchases: all payments are decided."""
OF_A_PLANT = ("p", "n")
"""Index of the equations that capacity shocks and delays touch."""
TRADE = {"shocks.factor:import": "imports", "shocks.leak:import": "imports", "shocks.factor:demand": "demand"}  # fmt: skip
"""Figures of shocks on trade -> effects."""
ShockedPlace = tuple[str, str, str, Period]
"""(effects, element, form, period): goods of all countries that a shock touches in a period."""


@dataclass(frozen=True)
class SimulationScope(Scope):
    """Index sets of a chain of periods, large enough for every scenario."""

    chain: Tree
    leaks: frozenset[ImportKey]
    """Imports that can be resold in some scenario."""

    @property
    def tree(self) -> Tree:
        """The chain."""
        return self.chain

    def of_future(self, effects: Effects) -> SimulationScope:
        """The same index sets with the figures of a scenario."""
        tree = replace(self.chain, effects={FUTURE: effects})
        other = replace(self, chain=tree)
        own = {"case", "not_covered", "chain", "leaks", "account_tree", "staffing_tree"}
        other._take_over(self, own | OF_FIGURES | {"trade_left", "resale_rivals"})
        return other

    @cached_property
    def capacity_node(self) -> dict[ProjectAt, int]:
        """Each node by itself, as delays differ."""
        return {(p, n): n for p, nodes in self.open_nodes.items() for n in nodes}

    @cached_property
    def import_limits(self) -> dict[GoodAt, float]:
        """With 0 where a scenario leaves nothing."""
        return defaultdict(float, super().import_limits)

    @cached_property
    def demanded(self) -> dict[GoodAt, float]:
        """With 0 where a scenario leaves nothing."""
        return defaultdict(float, super().demanded)

    @cached_property
    def resold(self) -> dict[SuppliedAt, float]:
        """(v, c, e, o, n) that can be resold in some scenario -> tonnes in this one."""
        limits: dict[SuppliedAt, float] = {}
        for (v, c, e, o), nodes in self._leaks_by_good.items():
            tonnes = self.tree.resale_limits(v, (c, e, o)).tolist()
            for n in nodes:
                limits[v, c, e, o, n] = tonnes[n]
        return limits

    @cached_property
    @grouped
    def _leaks_by_good(self) -> Iterator[tuple[tuple[str, str, str, str], int]]:
        """(v, c, e, o) -> nodes at which it can be resold in some scenario."""
        at = {node.period: node.index for node in self.tree.nodes}
        goods = set(self.goods)
        for v, c, e, o, period in sorted(self.leaks, key=lambda key: (*key[:-1], at[key[-1]])):
            if (c, e, o) in goods:
                yield (v, c, e, o), at[period]

    @cached_property
    def resale_rivals(self) -> dict[SuppliedAt, list[str]]:
        """(v, c, e, o, n) -> countries cut off no more than c; c alone if it is not cut off, all if nobody is."""
        together: dict[tuple[str, str, str, str, int], list[str]] = defaultdict(list)
        for v, c, e, o, n in self.resold:
            together[v, self.case.lookups.group[c], e, o, n].append(c)
        rivals: dict[SuppliedAt, list[str]] = {}
        for (v, _, e, o, n), countries in together.items():
            factors = {c: float(self.tree.import_factors(v, (c, e, o))[n]) for c in countries}
            is_calm = min(factors.values()) >= 1.0
            for c, own in factors.items():
                alike = [other for other in countries if own <= factors[other] < 1.0]
                rivals[v, c, e, o, n] = countries if is_calm else alike or [c]
        return rivals


ChangedFigures = list[tuple[NDArray[np.intp], Vector]]
"""Positions and figures that differ, for each array of `Program.figures`."""


class Determined:
    """Values of a variable that an equation determines, computed on demand."""

    UNKNOWN = -1
    """Column of the unknown value."""

    def __init__(self, model: Model, equation: Equation, index: Collection[Any]) -> None:
        """model: with numbers for all else in the equation. index: of the variable."""
        self._model, self._rule, self._index = model, equation.rule, frozenset(index)
        self._unknown_index: Any = None

    def __contains__(self, index: Any) -> bool:
        return index in self._index

    def __getitem__(self, index: Any) -> Any:
        if index == self._unknown_index:
            return Term(self.UNKNOWN)
        before, self._unknown_index = self._unknown_index, index
        try:
            row = self._rule(self._model, *index)
        finally:
            self._unknown_index = before
        return (row.lower - row.body.constant) / row.body.terms[self.UNKNOWN]


def _put_in(model: Model, amounts: FixedAmounts) -> None:
    """Put numbers in place of decisions and of variables that follow from them. amounts: by year."""
    scope: Scope = model.scope
    for variable in VARIABLES:
        if variable.decided and variable.index is not None:
            values: dict[Any, float] = {}
            for index in variable.index(scope):
                year = index[-1] + scope.case.first_year
                values[index] = amounts.get((variable.name, (*index[:-1], year)), 0.0)
            setattr(model, variable.name, values)
    for name, equation in FOLLOW.items():
        if equation.index is not None:
            setattr(model, name, Determined(model, equation, equation.index(scope)))


def _with_one_calm_future(case: Case) -> Case:
    only = Scenario(scenario=FUTURE, probability=1.0)
    # One future has the odds of one, and what is decided is no question: their variables have no period.
    bare = without_targets(case)
    bare = with_choices(bare, objective={"odds": "given"}, policy={"whole_plants": False})
    return with_rows(bare, scenarios=(only,), shocks=(), draws=(), hazards=())


class SimulationProgram:
    """Program of one scenario with fixed decisions.

    program: undisturbed. scope: its index sets. periods: in order.
    """

    def __init__(
        self,
        case: Case,
        amounts: FixedAmounts | None,
        periods: Sequence[Period],
        leaks: frozenset[ImportKey],
    ) -> None:
        """amounts: decisions; None for a case without levers, whose intake stays free.

        periods, leaks: of all scenarios together.
        """
        self.case = _with_one_calm_future(case)
        self.periods = tuple(periods)
        tree = tree_of(self.case, {FUTURE: Effects()}, self.periods)
        self.scope = SimulationScope(self.case, tree, leaks, not_covered=every_demand(tree))
        self._writer = Writer(self.scope)
        left_out = [*LEFT_OUT, *(equation.name for equation in EQUATIONS if equation.index is None)]
        if amounts is not None:
            _put_in(self._writer.model, amounts)
            left_out += [equation.name for equation in FOLLOW.values()]
        if self.case.lookups.has_schedule:
            left_out += MONEY_ROWS
        self._exact = _operations(self._writer.program(without=left_out))
        self._accounts = self._exact.rows_of(*MONEY_ROWS)
        self.program = _with_room(self._exact, self._accounts)
        self._of_plant, self._of_place = self._written()
        self._plant_changed = lru_cache(maxsize=None)(self._changed_of_plant)

    def node_of(self, key: Key) -> int:
        """Period of a variable or a row, by its position."""
        name, index = key
        _, place = NODE_PLACES[name]
        return int(index[place] if isinstance(index, tuple) else index)

    def _written(self) -> tuple[dict[str, ListedRows], dict[ShockedPlace, ListedRows]]:
        """Equations and variables, with their indices, that a plant, or a good in a period, touches."""
        of_plant: dict[str, ListedRows] = defaultdict(lambda: defaultdict(list))
        of_place: dict[ShockedPlace, ListedRows] = defaultdict(lambda: defaultdict(list))
        for name, index in (*self._exact.rows, *self._exact.columns):
            letters, effects = _TOUCHED.get(name, ((), ()))
            if letters == OF_A_PLANT:
                of_plant[index[0]][name].append(index)
            if effects:
                at = dict(zip(letters, index, strict=False))
                for kind in effects:
                    place = (kind, at["e"], at["o"], self.periods[at["n"]])
                    of_place[place][name].append(index)
        return dict(of_plant), dict(of_place)

    def program_of(self, effects: Effects) -> Program:
        """Program of a scenario."""
        trade = self._trade_of(effects)
        figures = [array.copy() for array in trade.figures]
        for plant, factors, delays in _by_plant(effects):
            if plant in self._of_plant:
                changed = self._plant_changed(plant, factors, delays)
                for array, (at, values) in zip(figures, changed, strict=True):
                    array[at] = values
        data, row_lower, row_upper, lower, upper = figures
        program = self._exact.with_data(
            data=data, row_lower=row_lower, row_upper=row_upper, lower=lower, upper=upper
        )
        return _with_room(program, self._accounts)

    def _trade_of(self, effects: Effects) -> Program:
        """The program with the imports and demand of a scenario."""
        only: ListedRows = defaultdict(list)
        touched: set[tuple[str, str]] = set()
        for place in _places_of(effects):
            touched.add(place[1:3])
            for name, indices in self._of_place.get(place, {}).items():
                only[name] += indices
        scope = self.scope.of_future(replace(effects, capacity={}, delays={}))
        # Only what the rows ask for is worked out.
        scope.__dict__["goods"] = [good for good in self.scope.goods if good[1:] in touched]
        return self._again(scope, only)

    def _changed_of_plant(
        self, plant: str, factors: frozenset[Any], delays: frozenset[Any]
    ) -> ChangedFigures:
        """Figures that factors (by period) and delays (by due year) of a plant change."""
        effects = Effects(
            capacity={(plant, period): factor for period, factor in factors},
            delays={(plant, due): list(shown) for due, shown in delays},
        )
        scope = self.scope.of_future(effects)
        program = self._again(scope, self._of_plant[plant])
        changed: ChangedFigures = []
        for mine, theirs in zip(program.figures, self._exact.figures, strict=True):
            at = np.flatnonzero(mine != theirs)
            changed.append((at, mine[at]))
        return changed

    def _again(self, scope: SimulationScope, only: ListedRows) -> Program:
        program = self._writer.refilled(self._exact, scope, only.keys(), only)
        if program is None:
            names = ", ".join(sorted(only))
            raise NotImplementedError(f"{__name__}: a future gives other terms to one of {names}")
        return program


ListedRows = dict[str, list[Any]]
"""Variable or equation -> indices."""


def _operations(program: Program) -> Program:
    """The rows and columns with periods, without rows of numbers alone."""
    columns = [column for column, (_, index) in enumerate(program.columns) if index is not None]
    in_use = np.diff(program.matrix[:, columns].tocsr().indptr) > 0
    return program.part(np.flatnonzero(in_use).tolist(), columns)


def _with_room(program: Program, accounts: Sequence[int]) -> Program:
    """The program with room for rounding in the rows of accounts."""
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[accounts] -= SLACK * (1 + np.abs(lower[accounts]))
    upper[accounts] += SLACK * (1 + np.abs(upper[accounts]))
    return program.with_data(row_lower=lower, row_upper=upper)


def _by_plant(effects: Effects) -> Iterator[tuple[str, frozenset[Any], frozenset[Any]]]:
    """Plants in a scenario, with factors by period and delays by due year."""
    factors: dict[str, list[tuple[Period, float]]] = defaultdict(list)
    for (plant, period), factor in effects.capacity.items():
        factors[plant].append((period, factor))
    delays: dict[str, list[tuple[int, tuple[tuple[int, int], ...]]]] = defaultdict(list)
    for (plant, due), shown in effects.delays.items():
        delays[plant].append((due, tuple(shown)))
    for plant in factors.keys() | delays.keys():
        yield plant, frozenset(factors.get(plant, ())), frozenset(delays.get(plant, ()))


def _places_of(effects: Effects) -> set[ShockedPlace]:
    places: set[ShockedPlace] = set()
    for _, _, element, form, period in effects.imports:
        places.add(("imports", element, form, period))
    for _, element, form, period in effects.demand:
        places.add(("demand", element, form, period))
    return places


def _touched() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Variable or equation that a scenario can touch -> its letters, and the effects on trade that it reads."""
    touched: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for declared in DECLARED:
        effects = tuple({TRADE[read] for read in declared.reads if read in TRADE})
        of_plant = isinstance(declared, Equation) and declared.letters == OF_A_PLANT
        if effects or of_plant:
            touched[declared.name] = (tuple(declared.letters), effects)
    return touched


_TOUCHED = _touched()
