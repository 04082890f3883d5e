"""Counterfactuals: what becomes of the goal with fewer levers, later, with decisions fixed, or in another case.

A counterfactual answers under the goal of the run: least cost plus risk, or least risk and then the least cost within
its slack. It is the reference program with other bounds or figures, solved on from the run's own optimum or from that
of the counterfactual it comes after; where the structure changes, it is the program of another case. No optimum depends
on where its solve began, so none depends on the order of solving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from threading import Lock
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from planner.config import LEVERS, Lever, Objective
from planner.data.case import Case
from planner.data.change import change_of
from planner.data.changed_case import applied
from planner.data.scenario_tree import Node
from planner.errors import StoppedError
from planner.formulation.whole_program import DECISIONS
from planner.host import cores
from planner.parallel import name_solver_thread
from planner.solving.case_changes import origins
from planner.solving.engine import decisions_within
from planner.solving.goals import HOLD_MUSD, HOLD_SHARE, RISK_AT_COST, Progress, silent
from planner.solving.highs import LONGEST_WAY, KeptBases, Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Solution, Stop

LARGE = 320_000
"""Nonzeros from which interior point is tried before dual simplex on a program from nothing. Measured on the real case:
in its first edition 136,000 nonzeros take 2.1 s by interior point and 1.0 s by dual simplex; 359,000 of the second
edition take 9 to 12 s by interior point, most of them far more by dual simplex."""
WAY = {"risk": LONGEST_WAY, "welfare": 0.3}
"""Iterations from a known optimum, as a share of the rows. Cost plus risk has one best plan where the least risk has
many."""
LARGE_WAY = 0.02
"""That share for a large program. An iteration from a known optimum takes three times one from nothing (76,000 rows: 3.5
and 0.9 ms). Of the variants of the real case most end within 200 iterations or not within 4,500, which take as long as
interior point from nothing."""
LEVER_OF: Mapping[str, Lever] = {"new_seats": "training", "hired": "hiring", "bought": "stockpile"}
"""Lever of each variable that no plant decides."""
Goal = Literal["risk", "welfare"]
Mask = NDArray[np.bool_]
MOST_WORKERS = 4
TOLD = 10
"""Counterfactuals after which progress is told."""
T = TypeVar("T")


@dataclass(frozen=True)
class Counterfactual:
    """A question: the reference's program with other bounds or figures, or another case.

    after: key of one asked before, from whose optimum to go on; by default from that of the reference. at: another
    reference than that of the pool. with_cost: under the goal of least risk also the least cost within its slack.
    want_x: return the columns.
    """

    key: str
    make: Callable[[], Program | Case]
    after: str = ""
    at: Reference | None = None
    with_cost: bool = False
    want_x: bool = False


@dataclass(frozen=True)
class Optimum:
    """The optimum of a counterfactual (MUSD): the objective, which is the least risk or the least cost plus risk;
    risk and, if wanted, cost of the plan; loss by scenario.

    decisions: values of the variables in DECISIONS that are not zero, at these nodes. start: from which another may go
    on.
    """

    key: str
    objective: float
    risk: float
    cost: float | None
    losses: dict[str, float]
    decisions: dict[Key, float] = field(repr=False)
    nodes: Sequence[Node] = field(repr=False)
    x: Vector | None = field(default=None, repr=False)
    start: KeptBases | None = field(default=None, repr=False, compare=False)


def is_large(program: Program) -> bool:
    """Tell whether interior point is tried before dual simplex on a program from nothing."""
    return program.matrix.nnz > LARGE


def quickest(program: Program) -> tuple[str, ...]:
    """The algorithms to try on a program from nothing, in this order."""
    return ("ipm", "dual") if is_large(program) else ("dual", "ipm")


def proven(solution: Solution, key: str) -> Solution:
    """The solution, if it is an optimum. Raises StoppedError, which says of what."""
    if solution.stop is Stop.INFEASIBLE:
        raise StoppedError(f"{key}: no plan can be paid for")
    if solution.stop is not Stop.OPTIMAL:
        raise StoppedError(f"{key}: stopped before an optimum was proven ({solution.stop})")
    return solution


def optimum(
    wanted: Counterfactual,
    reference: Reference,
    *,
    ready: Ready | None = None,
    start: KeptBases | None = None,
    warm: bool = True,
) -> Optimum:
    """Solve one counterfactual under the goal of the reference. Raises StoppedError if no optimum is proven.

    ready: its program, if it was made already. start: where to begin in place of the reference's optimum. warm: else it
    begins from nothing.
    """
    if ready is None:
        ready = Ready(wanted, wanted.at or reference)
    program, goal = ready.program, reference.goal
    way = LARGE_WAY if is_large(program) else WAY[goal]
    solver = Solver(program, longest_way=way)
    order = ready.begin(solver, start) if warm else quickest(program)
    column = program.column[goal, None]
    solution = proven(solver.minimise(column, order), wanted.key)
    least = program.measure(goal, solution.x)
    if wanted.with_cost and goal == "risk":
        solution = _cheapest(solver, reference.case.model.objective, least, wanted.key)
    x = solution.x
    knows_cost = wanted.with_cost or goal == "welfare"
    return Optimum(
        key=wanted.key,
        objective=least,
        risk=program.measure("risk", x),
        cost=program.measure("cost", x) if knows_cost else None,
        losses=program.losses(ready.scope.tree.leaves, x),
        decisions=_decisions(program, x),
        nodes=ready.scope.decision_tree.nodes,
        x=x if wanted.want_x else None,
        start=solver.kept,
    )


def _cheapest(solver: Solver, objective: Objective, least: float, key: str) -> Solution:
    """The cheapest plan within the slack of the least risk (MUSD), of the plans that cost as much that of least risk."""
    cost, risk = (solver.program.column[name, None] for name in ("cost", "risk"))
    slack = max(objective.risk_slack, HOLD_SHARE)
    solver.bound(risk, least * (1 + slack) + HOLD_MUSD)
    cheapest = float(proven(solver.minimise(cost), key).x[cost])
    solver.bound(cost, cheapest * (1 + HOLD_SHARE) + HOLD_MUSD)
    return proven(solver.minimise(risk, phase=RISK_AT_COST.name), key)


def _decisions(program: Program, x: Vector) -> dict[Key, float]:
    found = {}
    for key, value in zip(program.columns, x.tolist(), strict=True):
        if key[0] in DECISIONS and value > HOLD_MUSD:
            found[key] = value
    return found


class Ready:
    """The program of a counterfactual, made, and where its solve may begin."""

    def __init__(self, wanted: Counterfactual, reference: Reference) -> None:
        made = wanted.make()
        self._near = reference
        self._live: LiveProgram | None = None
        if isinstance(made, Case):
            self._live = LiveProgram(made)
            made = self._live.program
        self.program: Program = made
        self.scope = (self._live or reference).scope

    def begin(self, solver: Solver, start: KeptBases | None) -> tuple[str, ...]:
        """Have a solver begin at `start`, or at the optimum of the reference; the algorithms to try."""
        near, live = self._near, self._live
        if start is not None or live is None:
            solver.begin_like(start or near.best()[0].kept)
        elif near.goal == "welfare" and _policy(live.case) == _policy(near.case):
            same = origins(near.scope, near.program, live.scope, live.program)
            solver.begin_near(near.best()[0], *same, 0.0)
        again: tuple[str, ...] = ()
        if near.goal in solver.kept:
            again = self._again(near)
        return (*again, *quickest(self.program))

    def _again(self, near: Reference) -> tuple[str, ...]:
        """Algorithms to go on with from a known optimum.

        Where losses cost more the plan of the reference is still a plan: for loss per kg x 2 primal takes 3 s, else 25.
        """
        if near.goal != "welfare" or not is_large(self.program):
            return ("again",)
        dearer = self.program.dearer_than(near.program, near.best()[1].x)
        return ("again primal",) if dearer else ("again",)


def _policy(case: Case) -> tuple[str, str]:
    """Choices of a case: from an optimum under others the way is too long (measured)."""
    return case.model.policy.coordination, case.model.policy.investment


class Reference:
    """A case compiled once under the goal of its run, its optimum, and what its program becomes with other bounds or
    figures. A run for a target is measured by the least risk."""

    def __init__(self, case: Case, point: Vector | None = None) -> None:
        """point: of a run of the case, what its solves found; the optimum is then not looked for again."""
        self.case = comparable(case)
        self.goal: Goal = "welfare" if self.case.model.objective.goal == "welfare" else "risk"
        self.live = LiveProgram(self.case)
        self._point = point
        self.scope = self.live.scope
        self.program = self.live.program
        self.lever_of = self._levers()
        self._lock = Lock()
        self._best: tuple[Solver, Solution] | None = None
        self._under: dict[str, Program | None] = {}
        self._acting: dict[str, Reference] = {}

    def slacken(self, risk: float) -> None:
        """Of a run for a target: hold as much slack as its plan takes of its risk (MUSD), so that its plan is the
        cheapest within that slack, and every counterfactual is held to the same measure."""
        least = self.objective
        if least > HOLD_MUSD:
            slack = max(0.0, risk / least - 1)
            self.case = self.case.set_model("objective.risk_slack", slack)

    def _levers(self) -> NDArray[np.str_]:
        """The lever that each column belongs to; '' for the others."""
        found = []
        for name, index in self.program.columns:
            if name == "build":
                found.append(str(self.case.stage_of(index[0]).lever))
            else:
                found.append(LEVER_OF.get(name, ""))
        return np.array(found)

    def best(self) -> tuple[Solver, Solution]:
        """The optimum of the reference itself: solved by whoever asks first, while others wait.

        That of the run, or solved as the run was: where prices are not unique, they are those of the run.
        """
        with self._lock:
            if self._best is None:
                solver, column = self.live.solver, self.program.column[self.goal, None]
                known = self.live.begin_at(self._point) if self._point is not None else None
                # Of other objectives a run holds bases too, but each counterfactual goes on from its own.
                solver.begin_like(solver.kept.only(self.goal) if known else solver.kept.only())
                solution = solver.minimise(column)
                self._best = solver, known or proven(solution, self.case.name)
            return self._best

    @cached_property
    def other_odds(self) -> Reference:
        """The reference of the same case by the worst odds, or by the given ones where the run goes by the worst."""
        other = "given" if self.case.model.objective.odds == "worst" else "worst"
        return Reference(self.case.with_settings({"objective.odds": other}))

    @property
    def objective(self) -> float:
        """The value of its goal (MUSD): the least risk, or the least cost plus risk."""
        return self.program.measure(self.goal, self.best()[1].x)

    def acting(self, coordination: str) -> Reference:
        """The reference of the same case under other rules of acting together, compiled once."""
        if coordination == self.case.model.policy.coordination:
            return self
        if coordination not in self._acting:
            case = with_policy(self.case, coordination=coordination)
            self._acting[coordination] = Reference(case)
        return self._acting[coordination]

    def without(self, levers: Iterable[Lever], program: Program | None = None) -> Program:
        """The program with what the levers add held at zero."""
        program = self.program if program is None else program
        return held_at_zero(program, np.isin(self.lever_of, list(levers)))

    def only(self, levers: Iterable[Lever], program: Program | None = None) -> Program:
        """The program in which only these levers may be pulled."""
        return self.without(set(LEVERS) - set(levers), program)

    def not_before(self, year: int) -> Program:
        """The program in which nothing new is decided or bought before `year`."""
        early = []
        for key, lever in zip(self.program.columns, self.lever_of, strict=True):
            early.append(bool(lever) and self._year_of(key) < year)
        return held_at_zero(self.program, np.array(early))

    def paying_at_home(self) -> Program:
        """The program in which each funder pays only in the countries of its own party; goods still cross."""
        case = self.case
        abroad = []
        for name, index in self.program.columns:
            is_paid = name == "paid"
            abroad.append(is_paid and case.party[index[1]] != case.funder_party[index[0]])
        return held_at_zero(self.program, np.array(abroad))

    def _year_of(self, key: Key) -> int:
        name, index = key
        tree = self.scope.tree if name == "bought" else self.scope.decision_tree
        return int(tree.nodes[index[-1]].year)

    def under(self, name: str, case: Callable[[], Case]) -> Program | None:
        """The program with the figures of another case, known by a name; None if its structure differs."""
        if name not in self._under:
            self._under[name] = self.live.program_of(comparable(case()))
        return self._under[name]


def comparable(case: Case) -> Case:
    """The case under its own goal, one for a target under that of the least risk, then least cost."""
    old = case.model.objective
    if old.goal != "target":
        return case
    objective = Objective(risk_aversion=old.risk_aversion, tail=old.tail, risk_slack=old.risk_slack)
    return case.with_model(case.model.model_copy(update={"objective": objective}))


def with_policy(case: Case, **policy: str) -> Case:
    """The case under another policy, given by the keys of the section `policy` of the model file."""
    changes = [change_of(f"policy.{key}", value) for key, value in policy.items()]
    return applied(case, changes)


def held_decisions(program: Program, decisions: Mapping[Key, float]) -> Program:
    """The program with every decision taken as given; decisions not named are not taken."""

    def around(column: int) -> tuple[float, float]:
        least, most = program.lower[column], program.upper[column]
        value = min(decisions.get(program.columns[column], 0.0), most)
        # Room for the rounding of the solve the values come from.
        room = HOLD_SHARE * (1.0 + value)
        return max(least, value - room), min(most, value + room)

    return decisions_within(program, around)


def held_at_zero(program: Program, mask: Mask) -> Program:
    """The program with some columns held at zero."""
    return program.with_data(upper=np.where(mask, 0.0, program.upper))


SolveAll = Callable[[Iterable[Counterfactual]], Mapping[str, Optimum]]
"""Counterfactuals -> optima by key; each is solved once."""


class SolverPool:
    """Solves counterfactuals, each once, in threads: HiGHS works outside the interpreter's lock, so while it solves
    one program the next is built here. Nothing is copied to other processes."""

    def __init__(
        self, reference: Reference, pool: ThreadPoolExecutor | None, progress: Progress
    ) -> None:
        self._reference, self._pool, self._progress = reference, pool, progress
        self._found: dict[str, Future[Optimum]] = {}
        self._known = 0
        self._count = count(1)

    @property
    def solved(self) -> int:
        """The number of counterfactuals that were solved."""
        return len(self._found) - self._known

    def know(self, optimum: Optimum) -> None:
        """An optimum that need not be solved again."""
        known: Future[Optimum] = Future()
        known.set_result(optimum)
        self._found[optimum.key] = known
        self._known += 1

    def __call__(self, wanted: Iterable[Counterfactual]) -> dict[str, Optimum]:
        """Optima by key. Programs are made here, in order; each is solved as soon as a thread is free.

        A counterfactual is begun once the one that it comes after is solved, so that no thread waits for another. Of two
        with one key the first counts.
        """
        asked: dict[str, Counterfactual] = {}
        for counterfactual in wanted:
            asked.setdefault(counterfactual.key, counterfactual)
        waiting = [one for one in asked.values() if one.key not in self._found]
        while waiting:
            later = []
            for counterfactual in waiting:
                if self._may_begin(counterfactual, asked):
                    self._found[counterfactual.key] = self._begun(counterfactual)
                else:
                    later.append(counterfactual)
            waiting = later
            before = {self._found[one.after] for one in waiting if one.after in self._found}
            wait(before, return_when=FIRST_COMPLETED)
        return {key: self._found[key].result() for key in asked}

    def _may_begin(
        self, counterfactual: Counterfactual, asked: Mapping[str, Counterfactual]
    ) -> bool:
        """Nothing that a counterfactual comes after is still to be solved."""
        before = self._found.get(counterfactual.after)
        return before.done() if before is not None else counterfactual.after not in asked

    def _begun(self, counterfactual: Counterfactual) -> Future[Optimum]:
        ready = Ready(counterfactual, counterfactual.at or self._reference)
        before = self._found.get(counterfactual.after)
        start = before.result().start if before is not None else None
        return self.begin(partial(self._solve, counterfactual, ready, start))

    def _solve(
        self, counterfactual: Counterfactual, ready: Ready, start: KeptBases | None
    ) -> Optimum:
        found = optimum(counterfactual, self._reference, ready=ready, start=start)
        solved = next(self._count)
        if solved % TOLD == 0:
            self._progress(f"{solved} counterfactuals are solved, others follow")
        return found

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Other work to be done meanwhile."""
        if self._pool is not None:
            return self._pool.submit(work)
        done: Future[T] = Future()
        done.set_result(work())
        return done


@contextmanager
def solver_pool(
    reference: Reference, workers: int | None = None, progress: Progress = silent
) -> Iterator[SolverPool]:
    """A pool that solves so many programs at once (None: as many as there are processors, up to four).

    progress: told now and then how many counterfactuals are solved.
    """
    workers = workers if workers is not None else min(MOST_WORKERS, cores())
    if workers <= 1:
        yield SolverPool(reference, None, progress)
        return
    pool = ThreadPoolExecutor(workers, initializer=name_solver_thread)
    try:
        yield SolverPool(reference, pool, progress)
    finally:
        # After an error or Ctrl-C nobody waits for what is still being solved.
        pool.shutdown(wait=False, cancel_futures=True)
