"""A plan carried along futures by a policy, by this process or by workers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from planner.config import Objective
from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.shock_effects import Period, effects_by_scenario, periods_of, year_of
from planner.evaluation.chain import ChainProgram, Pool, pools_of
from planner.evaluation.decisions import FixedDecisions
from planner.evaluation.outcome import Future, FutureOutcome
from planner.evaluation.policies import WORTHS, Foreseen, Myopic, OperatingPolicy
from planner.parallel import Make, Team, Workers, answer, team_of
from planner.results.losses import cvar
from planner.solving.program import Vector

AT_ONCE = 40
"""Futures that a worker is given at a time."""
TRAINED_ON = 40
"""Futures of the plan, at most, on which the worth of stock is chosen."""
PolicyName = Literal["foreseen", "myopic"]


@dataclass(frozen=True, kw_only=True)
class Futures:
    """Courses of shocks, of one sample or several, and the periods into which they divide the horizon.

    sample: the number of each one's sample (n). probabilities: of each in its sample (n). pools: that any of them has.
    """

    futures: tuple[Future, ...]
    sample: NDArray[np.intp]
    probabilities: Vector
    periods: tuple[Period, ...]
    pools: frozenset[Pool]

    @property
    def weights(self) -> Vector:
        """Probabilities over all samples together (n), summing to 1."""
        weights: Vector = self.probabilities / self.probabilities.sum()
        return weights

    def part(self, places: NDArray[np.intp]) -> Futures:
        """Some of the futures, as likely as they are among each other."""
        chosen = self.probabilities[places]
        return replace(
            self,
            futures=tuple(self.futures[place] for place in places),
            sample=self.sample[places],
            probabilities=chosen / chosen.sum(),
        )


def futures_of(cases: Sequence[Case]) -> Futures:
    """The scenarios of one or more cases that differ in scenarios and shocks alone; each case is a sample."""
    divided = {
        year_of(period)
        for case in cases
        for period in periods_of(case)
        if isinstance(period, Quarter)
    }
    periods: list[Period] = []
    for year in cases[0].years:
        quarters = [Quarter(year, quarter) for quarter in (1, 2, 3, 4)]
        periods += quarters if year in divided else [year]
    futures: list[Future] = []
    sample: list[int] = []
    probabilities: list[float] = []
    pools: set[Pool] = set()
    for number, case in enumerate(cases, start=1):
        for scenario, effects in effects_by_scenario(case, periods).items():
            storyline = case.storylines[scenario]
            name = f"{number}:{scenario}"
            futures.append(Future(name=name, storyline=storyline, effects=effects))
            sample.append(number)
            probabilities.append(case.scenarios[scenario])
            pools |= pools_of(case, effects).keys()
    return Futures(
        futures=tuple(futures),
        sample=np.array(sample, dtype=np.intp),
        probabilities=np.array(probabilities),
        periods=tuple(periods),
        pools=frozenset(pools),
    )


def weighed(losses: Vector, probabilities: Vector, objective: Objective) -> dict[str, float]:
    """Expected loss, CVaR and risk (MUSD) of losses (n) with these probabilities (n)."""
    expected = float(np.sum(losses * probabilities))
    tail = cvar(losses.tolist(), probabilities.tolist(), objective.tail)
    share = objective.risk_aversion
    risk = (1 - share) * expected + share * tail
    return {"risk_musd": risk, "expected_loss_musd": expected, "cvar_musd": tail}


class FutureWorker:
    """A worker's chains and policies, kept from call to call."""

    def __init__(self, case: Case, decisions: FixedDecisions) -> None:
        self._case, self._decisions = case, decisions
        self._kept: dict[tuple[Any, ...], Any] = {}

    def outcomes(
        self,
        policy: PolicyName,
        worth: float,
        periods: tuple[Period, ...],
        pools: frozenset[Pool],
        futures: Sequence[Future],
    ) -> list[FutureOutcome]:
        """The outcome of each future under a policy. Raises StoppedError, InputError for an unknown storyline."""
        by_decisions: dict[str, list[Future]] = defaultdict(list)
        for future in futures:
            by_decisions[self._decisions.storyline_of(future.storyline)].append(future)
        found: dict[str, FutureOutcome] = {}
        for entry, together in by_decisions.items():
            carried = self._policy(policy, worth, entry, periods, pools)
            for future, outcome in zip(together, carried.outcomes(together), strict=True):
                found[future.name] = outcome
        return [found[future.name] for future in futures]

    def _policy(
        self,
        policy: PolicyName,
        worth: float,
        entry: str,
        periods: tuple[Period, ...],
        pools: frozenset[Pool],
    ) -> OperatingPolicy:
        at = (entry, periods, pools)
        if at not in self._kept:
            amounts = self._decisions.amounts[entry]
            self._kept[at] = ChainProgram(self._case, amounts, periods, pools)
        chain = self._kept[at]
        key = (*at, policy, worth)
        if key not in self._kept:
            payments = self._decisions.payments[entry]
            self._kept[key] = (
                Foreseen(chain) if policy == "foreseen" else Myopic(chain, payments, worth)
            )
        kept: OperatingPolicy = self._kept[key]
        return kept


class Simulator:
    """Carries the fixed decisions of a plan along futures; to be closed.

    case: tables and model of the plan; its scenarios play no part.
    """

    def __init__(self, case: Case, decisions: FixedDecisions, workers: int | Team = 1) -> None:
        # Scenarios and shocks are not of the program; they would be sent to each worker.
        bare = case.with_tables(scenarios=(), shocks=(), draws=(), hazards=())
        make: Make = partial(FutureWorker, bare, decisions)
        self._workers: Workers = team_of(workers)(make)
        self._objective = case.model.objective

    def outcomes(
        self, policy: PolicyName, given: Futures, worth: float = WORTHS[0]
    ) -> list[FutureOutcome]:
        """The outcome of each future, the same whoever solves them. Raises StoppedError."""
        lots = {
            f"futures {first}": given.futures[first : first + AT_ONCE]
            for first in range(0, len(given.futures), AT_ONCE)
        }
        calls = {
            lot: ("outcomes", policy, worth, given.periods, given.pools, futures)
            for lot, futures in lots.items()
        }
        found: dict[str, list[FutureOutcome]] = {}
        answer(self._workers, calls, found.__setitem__)
        return [outcome for lot in lots for outcome in found[lot]]

    def chosen_worth(self, given: Futures) -> float:
        """The worth of stock with which the myopic policy leaves the least risk in futures of the plan."""
        risks = self.risks_by_worth(given)
        return min(WORTHS, key=lambda worth: risks[worth])

    def risks_by_worth(self, given: Futures) -> dict[float, float]:
        """Worth of stock -> the risk (MUSD) of the myopic policy in futures, at most `TRAINED_ON` of them."""
        if len(given.futures) > TRAINED_ON:
            given = given.part(np.linspace(0, len(given.futures) - 1, TRAINED_ON).astype(np.intp))
        risks: dict[float, float] = {}
        for worth in WORTHS:
            losses = np.array([found.loss for found in self.outcomes("myopic", given, worth)])
            risks[worth] = weighed(losses, given.weights, self._objective)["risk_musd"]
        return risks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()
