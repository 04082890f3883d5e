"""One worker: a case, its program kept loaded, and one function that solves a point from a given state.

What comes out depends on the point and the state alone, not on the worker or on what it did before: that is
what lets a killed study end in the same bytes (`planner.solving.restarts`). Workers build for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.errors import InputError
from planner.planning.whole_program import ENDS
from planner.results.plan import Status
from planner.results.study import BUILT, LEAST, MOST, NEW_CAPACITY
from planner.solving.restarts import PackedBases, RestartableVariants
from planner.solving.solution import Stop
from planner.solving.variants import Solved
from planner.studies.outcomes import (
    DecidedAmount,
    Measures,
    OwnOutcome,
    amounts_of,
    capacities,
    decisions,
    measure,
    own_outcomes,
)
from planner.studies.points import Plain, case_of

BAD_INPUT, CRASHED = "bad_input", "crashed"
"""Statuses of points beside those of `Status`."""


class ChainState(NamedTuple):
    """The state of a chain: the point whose program is loaded, and the bases to start from."""

    built: Plain
    bases: PackedBases


START = ChainState([], {})
"""The state of a chain of which nothing is solved yet."""


@dataclass(frozen=True)
class PointResult:
    """The end of a point. `values` is empty unless the status is optimal."""

    status: str
    message: str = ""
    values: Measures = field(default_factory=dict)
    seconds: float = 0.0
    plan: Sequence[DecidedAmount] = ()


class Worker:
    """Solves points of one study. The program is built once and kept while its structure holds.

    functions: outcomes of the user's own, by name.
    """

    def __init__(
        self,
        case: Case,
        time_limit: float | None,
        functions: Mapping[str, OwnOutcome] | None = None,
    ) -> None:
        self.case, self._time_limit = case, time_limit
        self._functions = functions or {}
        self._changer = Changer(case)
        self._variants: RestartableVariants | None = None
        self._built: Plain = []
        self._state = START

    def solve(
        self, state: ChainState | None, settings: Plain, cold: bool
    ) -> tuple[PointResult, ChainState]:
        """A point from where its chain stands (None: where the last call left it), or from nothing.

        Returns what became of it and where the chain now stands. An error that the planner does not know becomes the
        status `crashed`; it costs this point only.
        """
        before = self._state if state is None else state
        started = perf_counter()
        try:
            case = case_of(self._changer, settings)
            if cold:  # in a program built for it alone
                result, after = self._solved(RestartableVariants(case, self._time_limit)), before
            else:
                result, after = self._advance(before, case, settings)
        except InputError as error:
            result, after = PointResult(BAD_INPUT, str(error)), before
        except Exception as error:
            self._variants = None  # whatever it keeps now is not to be trusted
            result, after = PointResult(CRASHED, f"{type(error).__name__}: {error}"), before
        self._state = after
        return replace(result, seconds=perf_counter() - started), after

    def _advance(
        self, state: ChainState, case: Case, settings: Plain
    ) -> tuple[PointResult, ChainState]:
        """The next point of a chain, in a fresh solver."""
        variants, built = self._loaded(state), state.built
        if not variants.take(case, state.bases):
            self._built = built = settings
        result = self._solved(variants)
        if result.status != Status.OPTIMAL:
            return result, state
        return result, ChainState(built, variants.bases)

    def _loaded(self, state: ChainState) -> RestartableVariants:
        """An engine whose program was built from the point that the state names."""
        if self._variants is None or self._built != state.built:
            case = case_of(self._changer, state.built)
            self._variants = RestartableVariants(case, self._time_limit)
            self._built = state.built
        return self._variants

    def _solved(self, variants: RestartableVariants) -> PointResult:
        """All that is kept of a solve."""
        solved = variants.solve()
        scope, program, stop = solved.scope, solved.program, solved.outcome.stop
        if not solved.is_optimal:
            return PointResult(ENDS[stop].value, WHY[stop])
        values = figures_of(solved, self._functions)
        if not scope.case.model.policy.whole_plants:
            builds = np.array(program.columns_of("build"), dtype=np.intp)
            plans = [values]
            for x in variants.equally_good(builds):
                plans.append(capacities(scope, amounts_of(program, x)))
            values |= spread(plans)
        plan = decisions(scope, amounts_of(program, solved.point))
        return PointResult(Status.OPTIMAL.value, values=values, plan=plan)


def figures_of(solved: Solved, functions: Mapping[str, OwnOutcome]) -> Measures:
    """All figures of an optimum, and what functions of the user's own give that is a number."""
    values = measure(solved.scope, solved.program, solved.outcome)
    return values | own_outcomes(functions, values, solved)


def spread(plans: Sequence[Measures]) -> Measures:
    """The least and the most of each project over plans, where they differ by as much as counts as built."""
    found: Measures = {}
    for name in sorted(set().union(*plans)):
        sizes = [plan.get(name, 0.0) for plan in plans]
        if name.startswith(NEW_CAPACITY) and max(sizes) - min(sizes) >= BUILT:
            project = name.removeprefix(NEW_CAPACITY)
            found[f"{LEAST}{project}"] = min(sizes)
            found[f"{MOST}{project}"] = max(sizes)
    return found


WHY = {
    Stop.OPTIMAL: "",
    Stop.INFEASIBLE: "no plan meets the goal; solve the point alone to see why",
    Stop.TIME_LIMIT: "the time limit was reached",
    Stop.INTERRUPTED: "stopped from outside",
    Stop.UNPROVEN: "no algorithm reached a point whose certificate holds",
}
