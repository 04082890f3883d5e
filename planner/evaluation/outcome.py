"""The outcome of a plan in one future: losses, unmet demand and stock purchases, period by period."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from planner.data.schema import Draw
from planner.data.shock_effects import Effects, year_of
from planner.evaluation.chain import LOSS, ChainProgram
from planner.solving.program import Vector
from planner.units import musd_per_tonne


@dataclass(frozen=True, kw_only=True)
class Future:
    """One course of shocks.

    storyline: the scenario that it was drawn from, else itself. happened: what was drawn in it.
    """

    name: str
    storyline: str
    effects: Effects
    happened: tuple[Draw, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FutureOutcome:
    """A future with operations as a policy has them.

    losses: MUSD by period, weighted and discounted as in the risk. purchases: MUSD by period, not discounted.
    unmet, demand: t by element (rows) and year (columns), all countries and forms. stocks: t at the end of each period
    (columns) of each good of the program (rows).
    """

    losses: Vector
    purchases: Vector
    unmet: Vector
    demand: Vector
    stocks: Vector

    @property
    def loss(self) -> float:
        """Loss of the whole future, MUSD."""
        return float(self.losses.sum())


class OutcomeReader:
    """Reads outcomes off values (n) of the columns of a chain."""

    def __init__(self, chain: ChainProgram) -> None:
        self._chain = chain
        case = chain.case
        self._elements = {element: row for row, element in enumerate(case.elements)}
        shape = (len(case.elements) * len(case.years), len(chain.program.columns))
        places: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
        goods = {good: row for row, good in enumerate(chain.scope.stocks)}
        periods = len(chain.periods)
        for column, (name, index) in enumerate(chain.program.columns):
            node = chain.node_of_column((name, index))
            if name == "shortfall":
                place = self._place(index[1], year_of(chain.periods[node]))
                places["unmet"].append((place, column, 1.0))
            elif name == "bought":
                price = musd_per_tonne(case.stockpiles[index[:3]].purchase_usd_per_kg)
                places["purchases"].append((node, column, price))
            elif name == "stock":
                places["stocks"].append((goods[index[:3]] * periods + node, column, 1.0))
            elif name == LOSS:
                places["losses"].append((node, column, 1.0))
        self._unmet = _matrix(places["unmet"], shape[0], shape[1])
        self._purchases = _matrix(places["purchases"], periods, shape[1])
        self._stocks = _matrix(places["stocks"], len(goods) * periods, shape[1])
        self._losses = _matrix(places["losses"], periods, shape[1])

    def _place(self, element: str, year: int) -> int:
        years = self._chain.case.years
        return self._elements[element] * len(years) + year - years[0]

    def read(self, values: Vector, effects: Effects) -> FutureOutcome:
        """The outcome of a future at these values of all columns."""
        case = self._chain.case
        by_element = (len(self._elements), len(case.years))
        demand = np.zeros(by_element[0] * by_element[1])
        for (element, year), tonnes in self._chain.demand_of(effects).items():
            demand[self._place(element, year)] = tonnes
        periods = len(self._chain.periods)
        return FutureOutcome(
            losses=np.diff(self._losses @ values, prepend=0.0),
            purchases=self._purchases @ values,
            unmet=(self._unmet @ values).reshape(by_element),
            demand=demand.reshape(by_element),
            stocks=(self._stocks @ values).reshape(-1, periods),
        )


def _matrix(entries: list[tuple[int, int, float]], rows: int, columns: int) -> csr_array:
    """A sparse matrix of (row, column, value)."""
    row = [entry[0] for entry in entries]
    column = [entry[1] for entry in entries]
    value = [entry[2] for entry in entries]
    return csr_array((value, (row, column)), shape=(rows, columns))
