"""Counterfactuals: the program of a case solved with fewer levers, later, with decisions fixed, or as another case.

A counterfactual is the reference program with some columns held at zero or fixed, or the program of another case.
Those with the reference's own rows and columns of which the least risk alone is asked start from the basis of its own
(dual simplex, given up where the way is long), the others from nothing. No optimum depends on another,
so none depends on the order of solving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, current_thread
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from planner.config.model_file import LEVERS, Lever, Objective
from planner.data.case import Case
from planner.errors import StoppedError
from planner.formulation.build import DECISIONS
from planner.host import cores
from planner.parallel import SOLVER_THREAD
from planner.solving.goals import HOLD_MUSD, HOLD_SHARE, RISK_AT_COST
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Solution, Stop

LARGE = 320_000
"""Nonzeros from which interior point is tried before dual simplex. Measured on the real case: in its first edition
136,000 nonzeros take 2.1 s by interior point and 1.0 s by dual simplex, 300,000 take 4.8 and 1.9 s, and with fewer
levers 2 to 5 times; 359,000 of the second edition take 9 to 12 s by interior point, most of them far more by
dual simplex."""
Mask = NDArray[np.bool_]
MOST_WORKERS = 4
SMALLEST_MUSD = 1e-6
"""Risk up to which there is none: differences of two optima within their tolerance."""
T = TypeVar("T")


@dataclass(frozen=True)
class Counterfactual:
    """How to come by a program, and how far to go.

    with_cost: after the least risk also the least cost within `slack` of it. want_x: return the columns. far: so
    unlike the whole that a start from nothing is quicker than one from its basis.
    """

    key: str
    make: Callable[[], Program]
    slack: float = 0.001
    with_cost: bool = False
    want_x: bool = False
    far: bool = False


@dataclass(frozen=True)
class Optimum:
    """What solving a counterfactual gave: least risk and, if wanted, risk and least cost of the plan (MUSD), loss and
    probability of each leaf node.

    `decisions`: values of the variables in DECISIONS that are not zero.
    """

    key: str
    least_risk: float
    risk: float
    cost: float | None
    losses: dict[int, float]
    shares: dict[int, float]
    decisions: dict[Key, float] = field(repr=False)
    x: Vector | None = field(default=None, repr=False)


def is_far(levers: Iterable[Lever]) -> bool:
    """Whether a program with these levers alone is far from the whole: with fewer than half of them (measured)."""
    return len(set(levers)) < len(LEVERS) / 2


def of_case(case: Case) -> Callable[[], Program]:
    """The program of a case, built when it is wanted."""
    return lambda: LiveProgram(case).program


def optimum(counterfactual: Counterfactual, program: Program | None = None, near: Reference | None = None) -> Optimum:
    """Solve one counterfactual. Raises StoppedError if no optimum is proven.

    program: what `counterfactual.make` gave, if it was called already. near: where a basis may be had.
    """
    program = counterfactual.make() if program is None else program
    solver, column = Solver(program), program.column["risk", None]
    # The least cost is four times as far from a basis of the reference as from one found from nothing (measured).
    alike = near is not None and near.program.columns is program.columns
    if near is not None and alike and not (counterfactual.far or counterfactual.with_cost):
        solver.begin_like(near.best()[0])
    solution = least_risk(solver, counterfactual.key)
    least = float(solution.x[column])
    cost = None
    if counterfactual.with_cost:
        solver.bound(column, least * (1 + max(counterfactual.slack, HOLD_SHARE)) + HOLD_MUSD)
        solution = proven(solver.minimise(program.column["cost", None]), counterfactual.key)
        cost = float(solution.x[program.column["cost", None]])
        solver.bound(program.column["cost", None], cost * (1 + HOLD_SHARE) + HOLD_MUSD)
        solution = proven(solver.minimise(column, phase=RISK_AT_COST.name), counterfactual.key)
    return Optimum(
        counterfactual.key,
        least,
        float(solution.x[column]),
        cost,
        _losses(program, solution.x),
        shares(program),
        _decisions(program, solution.x),
        solution.x if counterfactual.want_x else None,
    )


def least_risk(solver: Solver, key: str) -> Solution:
    """The least risk of a solver's program, by the quickest way. Raises StoppedError if no optimum is proven."""
    column, cold = solver.program.column["risk", None], quickest(solver.program)
    return proven(solver.minimise(column, ("again", *cold) if solver.has_begun("risk") else cold), key)


def quickest(program: Program) -> tuple[str, ...]:
    """The algorithms to try on a program from nothing, in this order."""
    return ("ipm", "dual") if program.matrix.nnz > LARGE else ("dual", "ipm")


def proven(solution: Solution, key: str) -> Solution:
    """The solution, if it is an optimum. Raises StoppedError, which says of what."""
    if solution.stop is not Stop.OPTIMAL:
        raise StoppedError(f"{key}: stopped before an optimum was proven ({solution.stop})")
    return solution


def _losses(program: Program, x: Vector) -> dict[int, float]:
    leaves = [index for name, index in program.columns if name == "tail_excess"]
    return {leaf: float(x[program.column["loss_to_date", leaf]]) for leaf in leaves}


def shares(program: Program) -> dict[int, float]:
    """Probability of each leaf: its coefficient in the definition of the expected loss."""
    row = program.row["expected_loss_definition", None]
    span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
    terms = zip(program.matrix.indices[span].tolist(), program.matrix.data[span].tolist(), strict=True)
    return {program.columns[j][1]: abs(a) for j, a in terms if program.columns[j][0] == "loss_to_date"}


def _decisions(program: Program, x: Vector) -> dict[Key, float]:
    return {
        key: value
        for key, value in zip(program.columns, x.tolist(), strict=True)
        if key[0] in DECISIONS and value > HOLD_MUSD
    }


class Reference:
    """A case compiled once, and what its program becomes by holding columns.

    The goal is least risk, then least cost, whatever the goal of the run: measures are compared by the risk that they
    leave.
    """

    def __init__(self, case: Case) -> None:
        self.case = least_risk_case(case)
        self._session = LiveProgram(self.case)
        self.scope = self._session.scope
        self.program = self._session.program
        self.lever_of = self._levers()
        self._lock = Lock()
        self._best: tuple[Solver, Solution] | None = None
        self._under: dict[str, Program | None] = {}
        self._national: Reference | None = None

    def slacken(self, risk: float) -> None:
        """Under another goal than least risk: hold as much slack as the run's own plan takes of its risk (MUSD).

        Its plan is then the cheapest within that slack, and every counterfactual is held to the same measure.
        """
        least = float(self.best()[1].x[self.program.column["risk", None]])
        if least > HOLD_MUSD:
            objective = self.case.model.objective.model_copy(update={"risk_slack": max(0.0, risk / least - 1)})
            self.case = self.case.with_model(self.case.model.model_copy(update={"objective": objective}))

    def _levers(self) -> NDArray[np.str_]:
        """The lever that each column belongs to; '' for the others."""
        plain: Mapping[str, Lever] = {"new_seats": "training", "hired": "hiring", "bought": "stockpile"}
        projects = self.case.projects
        return np.array(
            [projects[i[0]].stage if name == "build" else plain.get(name, "") for name, i in self.program.columns]
        )

    def best(self) -> tuple[Solver, Solution]:
        """The least risk of the reference itself: solved by whoever asks first, while others wait.

        Solved as the run itself was: where prices are not unique, they are those of the run.
        """
        with self._lock:
            if self._best is None:
                solver = Solver(self.program)
                solution = solver.minimise(self.program.column["risk", None])
                self._best = solver, proven(solution, self.case.name)
            return self._best

    @property
    def national(self) -> Reference:
        """The reference of the same case with each country alone."""
        if self._national is None:
            self._national = Reference(with_policy(self.case, coordination="national"))
        return self._national

    def without(self, levers: Iterable[Lever], program: Program | None = None) -> Program:
        """The program with what the levers add held at zero."""
        program = self.program if program is None else program
        return held_at_zero(program, np.isin(self.lever_of, list(levers)))

    def only(self, levers: Iterable[Lever], program: Program | None = None) -> Program:
        """The program in which only these levers may be pulled."""
        return self.without(set(LEVERS) - set(levers), program)

    def not_before(self, year: int) -> Program:
        """The program in which nothing new is decided or bought before `year`."""
        early = [
            bool(lever) and self._year_of(key) < year
            for key, lever in zip(self.program.columns, self.lever_of, strict=True)
        ]
        return held_at_zero(self.program, np.array(early))

    def _year_of(self, key: Key) -> int:
        name, index = key
        tree = self.scope.tree if name == "bought" else self.scope.decision_tree
        return int(tree.nodes[index[-1]].year)

    def under(self, name: str, case: Callable[[], Case]) -> Program | None:
        """The program with the figures of another case, known by a name; None if its structure differs."""
        if name not in self._under:
            self._under[name] = self._session.program_of(least_risk_case(case()))
        return self._under[name]


def least_risk_case(case: Case) -> Case:
    """The case under the goal of least risk, then least cost."""
    old = case.model.objective
    if old.goal == "risk":
        return case
    objective = Objective(risk_aversion=old.risk_aversion, tail=old.tail, risk_slack=old.risk_slack)
    return case.with_model(case.model.model_copy(update={"objective": objective}))


def with_policy(case: Case, **policy: str) -> Case:
    """The case under another policy."""
    model = case.model
    return case.with_model(model.model_copy(update={"policy": model.policy.model_copy(update=policy)}))


def held_decisions(program: Program, decisions: Mapping[Key, float]) -> Program:
    """The program with every decision taken as given; decisions not named are not taken."""
    lower, upper = program.lower.copy(), program.upper.copy()
    for i, key in enumerate(program.columns):
        if key[0] in DECISIONS:
            value = min(decisions.get(key, 0.0), upper[i])
            # Room for the rounding of the solve the values come from.
            room = HOLD_SHARE * (1.0 + value)
            lower[i], upper[i] = max(lower[i], value - room), min(upper[i], value + room)
    return _bounded(program, lower, upper)


def held_at_zero(program: Program, mask: Mask) -> Program:
    """The program with some columns held at zero."""
    return _bounded(program, program.lower, np.where(mask, 0.0, program.upper))


def _bounded(program: Program, lower: Vector, upper: Vector) -> Program:
    return program.with_data(program.matrix.data, program.row_lower, program.row_upper, lower, upper)


SolveAll = Callable[[Iterable[Counterfactual]], Mapping[str, Optimum]]
"""Counterfactuals -> optima by key; each is solved once."""


class SolverPool:
    """Solves counterfactuals, each once, in threads: HiGHS works outside the interpreter's lock, so while it solves
    one program the next is built here. Nothing is copied to other processes."""

    def __init__(self, reference: Reference, pool: ThreadPoolExecutor | None) -> None:
        self._reference, self._pool = reference, pool
        self._found: dict[str, Future[Optimum]] = {}

    @property
    def solved(self) -> int:
        """How many counterfactuals were solved."""
        return len(self._found)

    def __call__(self, wanted: Iterable[Counterfactual]) -> dict[str, Optimum]:
        """Optima by key. Programs are made here, in order; each is solved as soon as it is there."""
        keys = []
        for counterfactual in wanted:
            keys.append(counterfactual.key)
            if counterfactual.key not in self._found:
                self._found[counterfactual.key] = self.begin(
                    partial(optimum, counterfactual, counterfactual.make(), self._reference)
                )
        return {key: self._found[key].result() for key in keys}

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Other work to be done meanwhile."""
        if self._pool is not None:
            return self._pool.submit(work)
        done: Future[T] = Future()
        done.set_result(work())
        return done


@contextmanager
def solver_pool(reference: Reference, workers: int | None = None) -> Iterator[SolverPool]:
    """A pool that solves so many programs at once (None: as many as there are processors, up to four)."""
    workers = workers if workers is not None else min(MOST_WORKERS, cores())
    if workers <= 1:
        yield SolverPool(reference, None)
        return
    pool = ThreadPoolExecutor(workers, initializer=_name)
    try:
        yield SolverPool(reference, pool)
    finally:
        # After an error or Ctrl-C nobody waits for what is still being solved.
        pool.shutdown(wait=False, cancel_futures=True)


def _name() -> None:
    current_thread().name = SOLVER_THREAD
