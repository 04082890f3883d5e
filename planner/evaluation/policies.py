"""Policies: rules by which operations answer what happens, with the decisions of a plan fixed.

`foreseen` knows each future from its first period on, so no operation does better: a lower bound of the loss. `myopic`
knows the past and the present alone and can be carried out: an upper bound of what the best such policy attains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from planner.data.shock_effects import Effects, Period
from planner.evaluation.decisions import FixedPayments, PlannedRuns
from planner.evaluation.outcome import Future, FutureOutcome, OutcomeReader
from planner.evaluation.period_program import PeriodProgram, Purse, not_proven
from planner.evaluation.simulation_program import LOSS, SimulationProgram
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.solution import Stop

WORTHS = (0.0005, 0.005, 0.03)
"""Worths of stock that are tried, as shares of the dearest loss: against the cheapest step of a loss in tiers, which
stands for thrift, stock may be better kept (on the real case the second leaves 5 to 7 % less risk than the first)."""
POLICIES = {
    "foreseen": "each scenario is known from its first period on",
    "myopic": (
        "nothing is known but the past: each period by itself is run for its least loss, stock is bought as "
        "scheduled, or else from spare supply as far as budgets leave money, and released against every loss above its "
        "worth, a share of the dearest loss chosen on the scenarios that the plan was made for"
    ),
}
"""Policy -> its knowledge and its rule, in words."""
History = list[tuple[object, ...]]
"""The events that show themselves in each period."""


class OperatingPolicy(Protocol):
    """Operations in futures of one chain."""

    def outcomes(self, futures: Sequence[Future]) -> list[FutureOutcome]:
        """The outcome of each future. Raises StoppedError if no optimum is proven."""


class Foreseen:
    """Each future is known from its first period on: the least loss that operations can attain in it."""

    def __init__(self, chain: SimulationProgram) -> None:
        self._chain = chain
        self._reader = OutcomeReader(chain)
        self._solver = Solver(chain.program)
        self._goal = chain.program.column[LOSS, len(chain.periods) - 1]
        self._solver.minimise(self._goal)
        self._begin = self._solver.last_bases.get(LOSS)

    def outcomes(self, futures: Sequence[Future]) -> list[FutureOutcome]:
        """See `OperatingPolicy`. The first future begins where nothing happens, each other where the one before ended."""
        if self._begin is not None:
            self._solver.begin_from(LOSS, self._begin)
        return [self._outcome(future) for future in futures]

    def _outcome(self, future: Future) -> FutureOutcome:
        self._solver.replace(self._chain.program_of(future.effects))
        optimum = self._solver.minimise(self._goal)
        if optimum.stop is not Stop.OPTIMAL:
            raise not_proven(future.name, optimum)
        return self._reader.read(optimum.x)


class Myopic:
    """Each period by itself: its least loss, less what the stock at its end is worth (`PeriodProgram`).

    Stock is bought from supply that is spare in the period, as far as budgets leave money, and released against every
    loss above its worth. Plants with `rise` run where nothing happens as the plan has them run (`runs`).

    worth: a share of the dearest loss; the one of `WORTHS` that leaves the least risk in the
    futures that the plan was made for is chosen by `Simulator.trained`.
    """

    def __init__(
        self, chain: SimulationProgram, payments: FixedPayments, worth: float, runs: PlannedRuns
    ) -> None:
        self._chain = chain
        self._reader = OutcomeReader(chain)
        self._purse = Purse(chain, payments)
        self._worth = worth
        self._periods: list[PeriodProgram] = []
        for node in range(len(chain.periods)):
            self._periods.append(PeriodProgram(chain, node, self._purse, runs))
        # The bases at which every future begins are those of one in which nothing happens.
        self.outcomes([Future(name="undisturbed", storyline="", effects=Effects())])

    def outcomes(self, futures: Sequence[Future]) -> list[FutureOutcome]:
        """See `OperatingPolicy`. What two futures have in common until they differ is solved once."""
        periods = self._chain.periods
        values = np.zeros(len(self._chain.program.columns))
        spent = np.zeros((self._purse.funders, len(periods)))
        shown: History = []
        by_name: dict[str, FutureOutcome] = {}
        for future, history in in_order_of_history(futures, periods):
            whole = self._chain.program_of(future.effects)
            for node in range(_common(shown, history), len(periods)):
                spent[:, node:] = 0.0
                self._decide(node, future, whole, values, spent)
            shown = history
            by_name[future.name] = self._reader.read(values)
        return [by_name[future.name] for future in futures]

    def _decide(
        self, node: int, future: Future, whole: Program, values: Vector, spent: Vector
    ) -> None:
        """Fill in the values of a period's columns, and what was spent on stock in it (funders x periods).

        whole: the chain with the sides of the future. values: of all columns; earlier periods are filled in.
        """
        calm = future.effects.is_neutral_in(self._chain.periods[node])
        program = self._periods[node]
        program.run(
            whole, worth=self._worth, calm=calm, values=values, spent=spent, name=future.name
        )


def in_order_of_history(
    futures: Sequence[Future], periods: Sequence[Period]
) -> list[tuple[Future, History]]:
    """Futures with their histories, those that share most next to each other."""
    places: dict[tuple[object, ...], int] = {}
    ordered: list[tuple[list[int], Future, History]] = []
    for future in futures:
        history: History = []
        order: list[int] = []
        for period in periods:
            shown = future.effects.shown_in(period)
            history.append(shown)
            order.append(places.setdefault(shown, len(places)))
        ordered.append((order, future, history))
    ordered.sort(key=lambda entry: entry[0])
    return [(future, history) for _, future, history in ordered]


def _common(one: History, other: History) -> int:
    """The number of members, from the first on, that are the same."""
    same = 0
    for here, there in zip(one, other, strict=False):
        if here != there:
            break
        same += 1
    return same
