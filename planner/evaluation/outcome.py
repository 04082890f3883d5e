"""The outcome of a plan in one future: losses, unmet demand and stock purchases, period by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, lil_array

from planner.data.shock_effects import Effects, year_of
from planner.evaluation.chain import LOSS, ChainProgram
from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.solving.program import Vector
from planner.units import musd_per_tonne


@dataclass(frozen=True, kw_only=True)
class Future:
    """One course of shocks. storyline: the scenario that it was drawn from, else itself."""

    name: str
    storyline: str
    effects: Effects


@dataclass(frozen=True, kw_only=True)
class FutureOutcome:
    """A future with operations as a policy has them.

    losses: MUSD by period, weighted and discounted as in the risk. losses_by_element: the same of the whole horizon, by
    element. purchases: MUSD by period, not discounted.
    unmet, demand: t by element (rows) and year (columns), all countries and forms.
    """

    losses: Vector
    losses_by_element: Vector
    purchases: Vector
    unmet: Vector
    demand: Vector

    @property
    def loss(self) -> float:
        """Loss of the whole future, MUSD."""
        return float(self.losses.sum())


class OutcomeReader:
    """Reads outcomes off values (n) of the columns of a chain."""

    def __init__(self, chain: ChainProgram) -> None:
        case = chain.case
        self._chain = chain
        self._elements = list(case.elements)
        self._shape = (len(self._elements), len(case.years))
        periods = len(chain.periods)
        columns = len(chain.program.columns)
        unmet = lil_array((self._shape[0] * self._shape[1], columns))
        purchases = lil_array((periods, columns))
        losses = lil_array((periods, columns))
        by_element = lil_array((self._shape[0], columns))
        for column, (name, index) in enumerate(chain.program.columns):
            if name not in ("shortfall", "bought", LOSS):
                continue
            node = chain.node_of_column((name, index))
            if name == "shortfall":
                place = self._place(index[1], year_of(chain.periods[node]))
                unmet[place, column] = 1.0
                country, element, form, *_, step = index
                key = (country, element, form, OperationNode(node), step)
                by_element[self._elements.index(element), column] = loss_per_tonne(
                    chain.scope, *key
                )
            elif name == "bought":
                price = case.lookups.stockpiles[index[:3]].purchase_usd_per_kg
                purchases[node, column] = musd_per_tonne(price)
            else:
                losses[node, column] = 1.0
        self._unmet: csr_array = csr_array(unmet)
        self._purchases: csr_array = csr_array(purchases)
        self._losses: csr_array = csr_array(losses)
        self._by_element: csr_array = csr_array(by_element)

    def _place(self, element: str, year: int) -> int:
        """The row of an element and a year."""
        case = self._chain.case
        return self._elements.index(element) * len(case.years) + year - case.first_year

    def read(self, values: Vector, effects: Effects) -> FutureOutcome:
        """The outcome of a future at these values of all columns."""
        demand = np.zeros(self._shape[0] * self._shape[1])
        for (element, year), tonnes in self._chain.demand_of(effects).items():
            place = self._place(element, year)
            demand[place] = tonnes
        unmet = self._unmet @ values
        return FutureOutcome(
            losses=np.diff(self._losses @ values, prepend=0.0),
            losses_by_element=self._by_element @ values,
            purchases=self._purchases @ values,
            unmet=unmet.reshape(self._shape),
            demand=demand.reshape(self._shape),
        )
