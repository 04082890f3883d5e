"""Simulation of a plan in scenarios under a policy, in this process or by workers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from planner.cells import Quarter, begin_of
from planner.data.case import Case, with_rows
from planner.data.shock_effects import ImportKey, Period, effects_by_scenario, periods_of
from planner.evaluation.decisions import FixedDecisions
from planner.evaluation.outcome import Future, FutureOutcome
from planner.evaluation.policies import (
    WORTHS,
    Foreseen,
    Myopic,
    OperatingPolicy,
    in_order_of_history,
)
from planner.evaluation.simulation_program import SimulationProgram
from planner.parallel import Call, KeptObject, Workers, answers, opened
from planner.results.losses import measures_of
from planner.solving.program import Vector

AT_ONCE = 40
"""Scenarios of a call to a worker."""
TRAINED_ON = 40
"""Most scenarios for the choice of the worth of stock."""
PolicyName = Literal["foreseen", "myopic"]


@dataclass(frozen=True, kw_only=True)
class Futures:
    """Courses of shocks of one or more samples, and the periods of the horizon.

    sample: number of each one's sample (n). probabilities: within its sample (n). leaks: of all.
    """

    futures: tuple[Future, ...]
    sample: NDArray[np.intp]
    probabilities: Vector
    periods: tuple[Period, ...]
    leaks: frozenset[ImportKey]

    @property
    def weights(self) -> Vector:
        """Probabilities over all samples (n), summing to 1."""
        weights: Vector = self.probabilities / self.probabilities.sum()
        return weights

    def part(self, places: NDArray[np.intp]) -> Futures:
        """Some of the scenarios, at conditional probabilities."""
        chosen = self.probabilities[places]
        return replace(
            self,
            futures=tuple(self.futures[place] for place in places),
            sample=self.sample[places],
            probabilities=chosen / chosen.sum(),
        )


def futures_of(cases: Sequence[Case]) -> Futures:
    """Scenarios of cases that differ in scenarios and shocks alone; each case is a sample."""
    # The calendar of all cases together: a year divided in one is divided in all.
    calendar: set[Period] = set()
    for case in cases:
        calendar.update(periods_of(case))
    divided = {period.year for period in calendar if isinstance(period, Quarter)}
    calendar -= divided
    periods = sorted(calendar, key=begin_of)
    futures: list[Future] = []
    sample: list[int] = []
    probabilities: list[float] = []
    leaks: set[ImportKey] = set()
    for number, case in enumerate(cases, start=1):
        for scenario, effects in effects_by_scenario(case, periods).items():
            future = Future(
                name=f"{number}:{scenario}",
                storyline=case.lookups.storylines[scenario],
                effects=effects,
            )
            futures.append(future)
            sample.append(number)
            probabilities.append(case.scenarios[scenario])
            leaks |= effects.leaks.keys()
    return Futures(
        futures=tuple(futures),
        sample=np.array(sample, dtype=np.intp),
        probabilities=np.array(probabilities),
        periods=tuple(periods),
        leaks=frozenset(leaks),
    )


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """A policy by name. worth: of stock, for `myopic`."""

    name: PolicyName
    worth: float = WORTHS[0]


class FutureWorker:
    """Programs and policies of a worker, cached between calls."""

    def __init__(self, case: Case, decisions: FixedDecisions) -> None:
        self._case, self._decisions = case, decisions
        self._chain = lru_cache(maxsize=None)(self._new_chain)
        self._policy = lru_cache(maxsize=None)(self._new_policy)

    def outcomes(
        self,
        choice: PolicyChoice,
        periods: tuple[Period, ...],
        leaks: frozenset[ImportKey],
        futures: Sequence[Future],
    ) -> list[FutureOutcome]:
        """Outcome of each scenario under a policy. Raises StoppedError, InputError for an unknown storyline."""
        by_decisions: dict[str, list[Future]] = defaultdict(list)
        for future in futures:
            by_decisions[self._decisions.storyline_of(future.storyline)].append(future)
        by_name: dict[str, FutureOutcome] = {}
        for entry, together in by_decisions.items():
            policy = self._policy(choice, entry, periods, leaks)
            for future, outcome in zip(together, policy.outcomes(together), strict=True):
                by_name[future.name] = outcome
        return [by_name[future.name] for future in futures]

    def _new_chain(
        self, entry: str, periods: tuple[Period, ...], leaks: frozenset[ImportKey]
    ) -> SimulationProgram:
        return SimulationProgram(self._case, self._decisions.amounts[entry], periods, leaks)

    def _new_policy(
        self,
        choice: PolicyChoice,
        entry: str,
        periods: tuple[Period, ...],
        leaks: frozenset[ImportKey],
    ) -> OperatingPolicy:
        chain = self._chain(entry, periods, leaks)
        if choice.name == "foreseen":
            return Foreseen(chain)
        payments = self._decisions.payments[entry]
        return Myopic(chain, payments, choice.worth, self._decisions.runs)


class Simulator:
    """Simulator of fixed decisions; to be closed. case: tables and model of the plan, without its scenarios."""

    def __init__(self, case: Case, decisions: FixedDecisions, workers: int | Workers = 1) -> None:
        # Scenarios and shocks are not of the program; they would be sent to each worker.
        bare = with_rows(case, scenarios=(), shocks=(), draws=(), hazards=())
        self._open = ExitStack()
        self._workers = self._open.enter_context(opened(workers))
        self._worker = KeptObject(partial(FutureWorker, bare, decisions), self._workers)
        self._objective = case.model.objective

    def outcomes(self, choice: PolicyChoice, futures: Futures) -> list[FutureOutcome]:
        """Outcome of each scenario, independent of the workers. Raises StoppedError, InputError."""
        # What futures have in common is solved once for those that go to a worker together.
        ordered = [future for future, _ in in_order_of_history(futures.futures, futures.periods)]
        calls: dict[int, Call] = {}
        for first in range(0, len(ordered), AT_ONCE):
            lot = ordered[first : first + AT_ONCE]
            arguments = (choice, futures.periods, futures.leaks, lot)
            calls[first] = Call(self._worker, "outcomes", arguments)
        by_name: dict[str, FutureOutcome] = {}
        for first, answer in answers(self._workers, calls):
            lot = ordered[first : first + AT_ONCE]
            for future, outcome in zip(lot, answer.result(), strict=True):
                by_name[future.name] = outcome
        return [by_name[future.name] for future in futures.futures]

    def trained(self, futures: Futures) -> PolicyChoice:
        """The myopic policy with the worth of stock of least risk in at most `TRAINED_ON` scenarios."""
        if len(futures.futures) > TRAINED_ON:
            places = np.linspace(0, len(futures.futures) - 1, TRAINED_ON)
            futures = futures.part(places.astype(np.intp))
        choices = [PolicyChoice(name="myopic", worth=worth) for worth in WORTHS]
        return min(choices, key=lambda choice: self._risk(choice, futures))

    def _risk(self, choice: PolicyChoice, futures: Futures) -> float:
        losses = [outcome.loss for outcome in self.outcomes(choice, futures)]
        return measures_of(losses, futures.weights.tolist(), self._objective).risk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
