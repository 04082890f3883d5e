"""Losses and stock purchases of one scenario, by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, lil_array

from planner.data.shock_effects import Effects
from planner.evaluation.simulation_program import LOSS, SimulationProgram
from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.solving.program import Vector
from planner.units import musd_per_tonne


@dataclass(frozen=True, kw_only=True)
class Future:
    """One course of shocks, and its storyline."""

    name: str
    storyline: str
    effects: Effects


@dataclass(frozen=True, kw_only=True)
class FutureOutcome:
    """Outcome of one scenario under a policy.

    losses: MUSD by period, weighted and discounted as in the risk. losses_by_element: MUSD over the horizon. purchases:
    MUSD by period, not discounted.
    """

    losses: Vector
    losses_by_element: Vector
    purchases: Vector

    @property
    def loss(self) -> float:
        """Loss over the horizon, MUSD."""
        return float(self.losses.sum())


class OutcomeReader:
    """Reader of outcomes from the columns (n) of a simulation program."""

    def __init__(self, chain: SimulationProgram) -> None:
        case = chain.case
        elements = list(case.elements)
        columns, periods = len(chain.program.columns), len(chain.periods)
        purchases = lil_array((periods, columns))
        losses = lil_array((periods, columns))
        by_element = lil_array((len(elements), columns))
        for column, (name, index) in enumerate(chain.program.columns):
            if name == "shortfall":
                country, element, form, node, step = index
                key = (country, element, form, OperationNode(node), step)
                place = elements.index(element)
                by_element[place, column] = loss_per_tonne(chain.scope, *key)
            elif name == "bought":
                price = case.lookups.stockpiles[index[:3]].purchase_usd_per_kg
                purchases[chain.node_of((name, index)), column] = musd_per_tonne(price)
            elif name == LOSS:
                losses[chain.node_of((name, index)), column] = 1.0
        self._purchases: csr_array = csr_array(purchases)
        self._losses: csr_array = csr_array(losses)
        self._by_element: csr_array = csr_array(by_element)

    def read(self, values: Vector) -> FutureOutcome:
        """Outcome from the values of all columns."""
        return FutureOutcome(
            losses=np.diff(self._losses @ values, prepend=0.0),
            losses_by_element=self._by_element @ values,
            purchases=self._purchases @ values,
        )
