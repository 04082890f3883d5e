"""Operating policies, with the decisions of a plan fixed.

`foreseen` knows each scenario from its first period on: a lower bound of the loss. `myopic` minimises each period's own
loss: an upper bound of the best policy without foresight.
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
"""Worths of stock, as shares of the largest loss. Stock may be worth more than the first step of a loss in tiers: on the
real case the second leaves 5 to 7 % less risk than the first."""
POLICIES = {
    "foreseen": "each scenario is foreseen from its first period on",
    "myopic": (
        "each period minimises its own loss, without foresight; stock is bought as scheduled, or from spare supply "
        "within budgets, and released against losses above its worth, a share of the largest loss chosen in sample"
    ),
}
"""Policy -> description."""
History = list[tuple[object, ...]]
"""Effects shown in each period."""


class OperatingPolicy(Protocol):
    """Operations in scenarios of one simulation program."""

    def outcomes(self, futures: Sequence[Future]) -> list[FutureOutcome]:
        """Outcome of each scenario. Raises StoppedError without a proven optimum."""


class Foreseen:
    """Perfect foresight: the least loss of each scenario."""

    def __init__(self, chain: SimulationProgram) -> None:
        self._chain = chain
        self._reader = OutcomeReader(chain)
        self._solver = Solver(chain.program)
        self._goal = chain.program.column[LOSS, len(chain.periods) - 1]
        self._solver.minimise(self._goal)
        self._begin = self._solver.last_bases.get(LOSS)

    def outcomes(self, futures: Sequence[Future]) -> list[FutureOutcome]:
        """See `OperatingPolicy`. Each scenario starts from the basis of the one before."""
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
    """Myopic policy: each period minimises its own loss, less the worth of the stock at its end (`PeriodProgram`).

    worth: a share of the largest loss; `Simulator.trained` chooses the one of `WORTHS` with the least in-sample risk.
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
        """See `OperatingPolicy`. Periods that two scenarios share are solved once."""
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
        """Solve a period. whole: program of the scenario. values: of all columns, earlier periods filled in."""
        calm = future.effects.is_neutral_in(self._chain.periods[node])
        program = self._periods[node]
        program.run(
            whole, worth=self._worth, calm=calm, values=values, spent=spent, name=future.name
        )


def in_order_of_history(
    futures: Sequence[Future], periods: Sequence[Period]
) -> list[tuple[Future, History]]:
    """Scenarios with their histories, similar ones next to each other."""
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
    same = 0
    for here, there in zip(one, other, strict=False):
        if here != there:
            break
        same += 1
    return same
