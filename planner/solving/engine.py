"""The engine: it alone owns programs and bases, and answers questions about a case.

A **question** is a change of the base case that a user could write, `KEY=VALUE` as after `--set`, with decisions that are
held, if any. A **measure** is a function of what was solved: figures, decisions, the whole plan. So a list of questions
is asked:

    engine = Engine(case)
    engine.ask({"stock alone": Question('levers=["stockpile"]'), "half the money": Question("budgets.*.*.musd=x0.5")}, risk)

where `risk` is `def risk(solved: Solved) -> float: return solved.value("risk")`. With `Engine(case, workers=..)` those of
`planner.parallel` share the questions among them; then the measure is a function of a module, or a `partial` of one, as it is pickled.
Each question begins at the optimum of the base; those of a chain (`chains`) are solved one after the other, each from
the nearest basis that its chain has met. So no answer depends on how many workers there are, or on what a worker did
before. Who keeps a journal of its own, or shares work out itself, takes the answers as they come (`answered`), from bases
that it may have written down (`bases`).

What is known of programs stands here and in `live_program`:

1. `LiveProgram` knows what may stay in a program: it changes figures in place, holds at zero what is switched off and
   says why it cannot keep the program. A session (`solve`) keeps up to `STRUCTURES` programs, the first for good, and
   goes on from what it solved last.
2. `fixed` decisions are bounds of the program of the question (`with_decisions`); the next one undoes them.
3. Each program has a solver of its own, which keeps bases by phase and takes the nearest.
4. `cancel` ends a solve from another thread.

What stays apart, and why: a simulator of one future eliminates decisions instead of bounding them (`chain`), a fourth
of the size; Benders masters and subproblems have programs of their own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter

from planner.config import Objective
from planner.data.case import Case
from planner.data.change import Change, parse_change
from planner.data.changed_case import Changer
from planner.errors import Fault, InputError, StoppedError, WorkerLostError
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.host import give_memory_back
from planner.parallel import Call, KeptObject, Workers, answers
from planner.solving.goals import Outcome, Phase, Progress, phases_of, silent, solve_phases
from planner.solving.highs import Solver, Statuses, versions
from planner.solving.live_program import CANCELLED, LiveProgram
from planner.solving.program import Program, Vector
from planner.solving.solution import Stop

STRUCTURES = 5
"""Programs of different structure that are kept at most."""
KEPT_TERMS = 1_200_000
"""Nonzeros that the programs kept hold together at most, the first and the one in use apart: with half a million of
them, as in the real case, one takes a fifth of a GB (measured)."""
FIXED_ROOM = 1e-9
"""Part of 1 + itself by which a fixed decision may differ from its amount."""
BAD_INPUT, CRASHED = "bad_input", "crashed"
"""Statuses of answers beside those of `Stop`."""
Variant = Case | Change | str | Iterable[Change]
"""A case, or changes of the base."""
FixedAmounts = Mapping[tuple[str, Any], float]
"""(variable, (thing, .., year)) -> amount of a build, an intake, new seats or hires."""
PackedBases = Mapping[str, str]
"""Phase -> basis as text."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Outcome of a solve, with the index sets and the program it is about, and the solver that stands at its end."""

    outcome: Outcome
    scope: Scope
    program: Program
    solver: Solver = field(repr=False)

    @property
    def is_optimal(self) -> bool:
        """Every phase has a proven optimum."""
        return self.outcome.stop is Stop.OPTIMAL

    @property
    def point(self) -> Vector:
        """Values of the columns at the end of the last phase (n)."""
        return self.outcome.last.x

    def value(self, column: str) -> float:
        """Value of a column without index, such as `risk` or `cost` (MUSD)."""
        return self.program.measure(column, self.point)


Measure = Callable[[Solved], T]


@dataclass(frozen=True)
class Question:
    """A question about a base case: what is otherwise there, each change as a user writes it after `--set`.

    fixed: decisions, all of them, that stay as they are, by name and place; operations alone are optimised then.

    >>> Question.of("levers=[]", "discount_rate=0.05")
    Question(changes=('levers=[]', 'discount_rate=0.05'))
    """

    changes: tuple[str, ...] = ()
    fixed: tuple[tuple[tuple[str, Any], float], ...] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, *changes: str | Change, fixed: FixedAmounts | None = None) -> Question:
        """A question of changes, and of decisions by name and place."""
        held = None if fixed is None else tuple(sorted(fixed.items()))
        return cls(tuple(map(str, changes)), held)

    def on(self, changer: Changer[Case]) -> Case:
        """The case that it is about, checked like one that was read. Raises InputError."""
        if not self.changes:
            return changer.case
        return changer.apply(map(parse_change, self.changes), make_room=True).checked()


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[T]):
    """What came of a question. value: what the measure says; None unless the status is `optimal`."""

    status: str
    value: T | None = None
    message: str = ""
    seconds: float = 0.0

    def get(self, question: str) -> T:
        """The value. question: its name, for the StoppedError that is raised where there is none."""
        if self.value is None:
            raise StoppedError(
                f"{question}: {self.message or 'no optimum was proven'} ({self.status})"
            )
        return self.value


WHY = {
    Stop.OPTIMAL: "",
    Stop.INFEASIBLE: "no plan meets the goal; solve the point alone to see why",
    Stop.TIME_LIMIT: "the time limit was reached",
    Stop.INTERRUPTED: "stopped from outside",
    Stop.UNPROVEN: "no algorithm reached a point whose certificate holds",
}


class Engine:
    """A base case, and questions about it.

    base: the case that changes are applied to. progress: called with each phase by name as its solve begins. One thread
    asks; any other may `cancel`.

    >>> engine = Engine(case)
    >>> engine.solve().is_optimal
    True
    >>> dearer = engine.solve("projects.coast_plant.capex_usd_per_tpa=+10%")
    >>> engine.rebuilt   # why a program had to be written
    ''
    """

    def __init__(
        self,
        base: Case,
        time_limit: float | None = None,
        *,
        point: Vector | None = None,
        workers: Workers | None = None,
    ) -> None:
        """time_limit: seconds for each run of the solver. point: a stored plan of the base, as a run folder holds it, at
        which its first solve begins. workers: who answers lists of questions; this process if left out."""
        self.base, self._workers = base, workers
        self.progress: Progress = silent
        self._time_limit, self._point = time_limit, point
        self._others: list[LiveProgram] = []
        """Programs of other structures than the base, the last used first: who takes a change back waits for none."""
        self._in_use: LiveProgram | None = None
        self._found: Solved | None = None
        """The optimum of the case in use."""
        if workers is None:
            self._first  # noqa: B018 (written here, before another thread may ask for it)

    @cached_property
    def _first(self) -> LiveProgram:
        """The program of the base, which is kept for good."""
        live = LiveProgram(self.base, self._time_limit)
        if self._point is not None:
            live.begin_at(self._point)
        return live

    @property
    def live(self) -> LiveProgram:
        """The program in use."""
        return self._in_use or self._first

    @property
    def case(self) -> Case:
        """The case in use."""
        return self.live.case

    @property
    def rebuilt(self) -> str:
        """The reason why the last variant needed a program written, or ''."""
        return self.live.rebuilt

    @property
    def programs(self) -> int:
        """Number of programs kept."""
        return 1 + len(self._others)

    # ---- a session: one question after the other, each from what was solved last ----------------------------------

    def solve(
        self,
        variant: Variant | None = None,
        *,
        phases: list[Phase] | None = None,
        fixed: FixedAmounts | None = None,
        objective: Objective | None = None,
    ) -> Solved:
        """Solve a variant, or the case in use.

        phases: objectives in their order, those of the goal if left out. fixed: decisions, all of them, that stay as
        they are; operations alone are optimised then. objective: in place of the variant's, with `fixed` alone.
        Raises StoppedError after `cancel`, InputError if the case does not know what a fixed decision is about.
        """
        self.live.cancelled.clear()
        self._take(variant)
        if phases is None and fixed is None and self._found is not None:
            return self._found
        solved = _solved(self.live, self.progress, phases=phases, fixed=fixed, objective=objective)
        if solved.outcome.stop is Stop.INTERRUPTED:
            raise StoppedError(CANCELLED)
        self._found = solved if solved.is_optimal and phases is None and fixed is None else None
        return solved

    def cancel(self) -> None:
        """From another thread: end the solve that goes on, within half a second; it raises StoppedError."""
        self.live.cancel()

    def raise_if_cancelled(self) -> None:
        """Raise StoppedError once `cancel` was called."""
        if self.live.cancelled.is_set():
            raise StoppedError(CANCELLED)

    def _take(self, variant: Variant | None) -> None:
        """Bring a variant into one of the programs kept, the smallest that can hold it, or write one."""
        case = self.case if variant is None else self._case_of(variant)
        if case is self.case:
            return
        self._found = None
        self._in_use = self._holding(case)
        if self._keeps_fewer():
            give_memory_back()

    def _holding(self, case: Case) -> LiveProgram:
        """A program that holds a case now."""
        kept = [self._first, *self._others]
        by_size = sorted(kept, key=lambda live: live.program.matrix.shape)
        taken = next((live for live in by_size if live.update(case, write=False)), None)
        if taken is None:
            recent = (self.live, *self._others, self._first)
            start = next((live for live in recent if live.shares_as(case)), self.live)
            taken = copy(start)  # which stays as it is
            taken.update(case)
        return taken

    def _keeps_fewer(self) -> bool:
        """Put the program in use behind the first. Returns whether one had to be let go."""
        others = [live for live in self._others if live is not self.live]
        if self.live is not self._first:
            others.insert(0, self.live)
        self._others = _within_room(self._first, others)
        return len(self._others) < len(others)

    def _case_of(self, variant: Variant) -> Case:
        return variant if isinstance(variant, Case) else self.base.changed(variant)

    # ---- a list of questions: each from the optimum of the base -----------------------------------------------------

    def ask(
        self,
        questions: Mapping[str, Question],
        measure: Measure[T],
        *,
        chains: Sequence[Sequence[str]] = (),
        progress: Progress = silent,
        journal: Journal[T] | None = None,
    ) -> dict[str, T]:
        """What the measure says of each question, by its name.

        Equal questions are solved once. chains: names of questions that are solved one after the other, each from the
        nearest before it; a question in none is one by itself. progress: told how many are answered, and about how long
        the others take. journal: has the answers of former calls and gets these. Raises StoppedError, which names a
        question without an optimum, and InputError for a change that the case does not allow.
        """
        known = {} if journal is None else journal.known(questions.values())
        left = _chains_left(questions, chains, known)
        watch = _Watch(sum(map(len, left)), progress)
        path = None if journal is None else journal.path
        for number, answered in self.answered(left, measure, journal=path):
            known.update(zip(left[number], answered, strict=True))
            watch.tell(len(answered))
        return {name: known[one].get(name) for name, one in questions.items()}

    def answered(
        self,
        chains: Sequence[Sequence[Question]],
        measure: Measure[T],
        *,
        bases: PackedBases | None = None,
        journal: Path | None = None,
    ) -> Iterator[tuple[int, list[Answer[T]]]]:
        """The number of each chain and its answers, in whatever order they come.

        bases: at which every chain begins; those of the optimum of the base if left out, and {} for none: each question
        is then solved from nothing. journal: gets each answer before the next question is begun. A worker that dies
        takes its chain with it, of which each question is then tried by itself; one that three workers die of has
        `crashed`. Raises StoppedError if no worker can be had any more.
        """
        if bases is None and chains:
            bases = self.bases
        asked = partial(Call, self._desk, "answer")
        calls = {}
        for number, chain in enumerate(chains):
            calls[number] = asked((bases, list(chain), measure, journal))
        lost: list[int] = []
        for number, future in answers(self._workers, calls):
            if isinstance(future.exception(), WorkerLostError):
                lost.append(number)
            else:
                yield number, future.result()
        for number in lost:
            alone = {}
            for place, question in enumerate(chains[number]):
                alone[place] = asked((bases, [question], measure, journal))
            found: dict[int, Answer[T]] = {}
            for place, future in answers(self._workers, alone):
                error = future.exception()
                if isinstance(error, WorkerLostError):
                    found[place] = Answer(status=CRASHED, message=str(error))
                else:
                    (found[place],) = future.result()
            yield number, [found[place] for place in sorted(found)]

    @cached_property
    def bases(self) -> PackedBases:
        """The bases of the optimum of the base, from which chains begin; none where it has no optimum."""
        ((_, found),) = answers(self._workers, {"": Call(self._desk, "bases", ())})
        bases: PackedBases = found.result()
        return bases

    @cached_property
    def _desk(self) -> KeptObject:
        """Where questions are answered: here, or by an object that each worker keeps."""
        make = partial(_Desk, self.base, time_limit=self._time_limit)
        if self._workers is None:
            return KeptObject(partial(make, live=self._first), None)
        return KeptObject(partial(make, point=self._point), self._workers)


def _chains_left(
    questions: Mapping[str, Question],
    chains: Sequence[Sequence[str]],
    known: Mapping[Question, object],
) -> list[list[Question]]:
    """Chains of the questions that are not answered yet, each question once."""
    chained = {name for chain in chains for name in chain}
    alone = [[name] for name in questions if name not in chained]
    met = set(known)
    left: list[list[Question]] = []
    for chain in [*chains, *alone]:
        fresh = []
        for name in chain:
            if questions[name] not in met:
                met.add(questions[name])
                fresh.append(questions[name])
        if fresh:
            left.append(fresh)
    return left


def _within_room(first: LiveProgram, others: list[LiveProgram]) -> list[LiveProgram]:
    """Programs beside the first, the last used, as many as are kept; one in any case."""
    terms = first.program.matrix.nnz
    kept: list[LiveProgram] = []
    for live in others[: STRUCTURES - 1]:
        terms += live.program.matrix.nnz
        if kept and terms > KEPT_TERMS:
            break
        kept.append(live)
    return kept


# ---- how a question is solved ----------------------------------------------------------------------------------------


def _solved(
    live: LiveProgram,
    progress: Progress = silent,
    *,
    phases: list[Phase] | None = None,
    fixed: FixedAmounts | None = None,
    objective: Objective | None = None,
) -> Solved:
    """A program solved as it stands, or with decisions held."""
    if fixed is None:
        live.release()
        outcome = live.solve(progress, phases)
    else:
        objective = objective or live.case.model.objective
        live.replace(with_decisions(live.unfixed, live.case, fixed))
        wanted = phases_of(objective) if phases is None else phases
        outcome = solve_phases(
            live.program, objective, live.solver, progress=progress, phases=wanted
        )
    return Solved(outcome=outcome, scope=live.scope, program=live.program, solver=live.solver)


class _Desk:
    """Where chains of questions about one base are answered, each chain in a solver of its own. What comes out depends
    on what is asked alone."""

    def __init__(
        self,
        base: Case,
        *,
        time_limit: float | None = None,
        point: Vector | None = None,
        live: LiveProgram | None = None,
    ) -> None:
        """live: the program of the base, if it is there already."""
        self._time_limit, self._changer = time_limit, Changer(base)
        self._live = live or LiveProgram(base, time_limit)
        if live is None and point is not None:
            self._live.begin_at(point)

    def bases(self) -> PackedBases:
        """The bases of the optimum of the base."""
        live = self._of_base()
        if live.solve(silent).stop is not Stop.OPTIMAL:
            return {}
        return {phase: packed(basis) for phase, basis in live.solver.last_bases.items()}

    def answer(
        self,
        bases: PackedBases,
        questions: Sequence[Question],
        measure: Measure[T],
        journal: Path | None = None,
    ) -> list[Answer[T]]:
        """The answers of a chain: the first from these bases, each from the nearest optimum of those before it. Without
        bases each is solved from nothing, in a program written for it alone.

        An error that the planner does not know becomes the status `crashed`; it costs its question only.
        """
        live: LiveProgram | None = None
        found: list[Answer[T]] = []
        for question in questions:
            if live is None and bases:
                live = self._begun(bases)
            answer = self._answer(question, live, measure)
            if answer.status == CRASHED:
                live = None  # whatever it keeps now is not to be trusted
            if journal is not None and answer.value is not None:
                append(journal, digest_of(self._changer.case, question), answer)
            found.append(answer)
        return found

    def _of_base(self) -> LiveProgram:
        """The program of the base, which may hold another case at present; it stays as it is."""
        live = copy(self._live)
        if live.case is not self._changer.case:
            live.update(self._changer.case)
        live.release()
        return live

    def _begun(self, bases: PackedBases) -> LiveProgram:
        """The program of the base, in a solver that knows these bases and nothing else."""
        live = self._of_base()
        live.solver = Solver(
            live.program, time_limit=self._time_limit, cancelled=self._live.cancelled
        )
        for phase, text in bases.items():
            live.solver.begin_from(phase, unpacked(text))
        return live

    def _answer(
        self, question: Question, live: LiveProgram | None, measure: Measure[T]
    ) -> Answer[T]:
        """What came of a question. live: a program that holds another case; None: a new one is written."""
        started = perf_counter()
        try:
            case = question.on(self._changer)
            if live is None:
                live = LiveProgram(case, self._time_limit)
            else:
                live.release()
                live.update(case)
            fixed = None if question.fixed is None else dict(question.fixed)
            solved = _solved(live, fixed=fixed)
            stop = solved.outcome.stop
            value = measure(solved) if solved.is_optimal else None
            answer = Answer(status=stop.value, value=value, message=WHY[stop])
        except InputError as error:
            answer = Answer(status=BAD_INPUT, message=str(error))
        except Exception as error:
            if self._live.cancelled.is_set():
                raise StoppedError(CANCELLED) from error
            answer = Answer(status=CRASHED, message=f"{type(error).__name__}: {error}")
        return replace(answer, seconds=perf_counter() - started)


def packed(basis: Statuses) -> str:
    """A basis as text."""
    return base64.b85encode(zlib.compress(basis.tobytes())).decode("ascii")


def unpacked(text: str) -> Statuses:
    """A basis from text."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)


# ---- what is kept of a list that was stopped ---------------------------------------------------------------------------


class Journal(Generic[T]):
    """A file with a line for each answer, so that a list of questions that was stopped goes on where it was.

    kind: the type of the values.
    """

    def __init__(self, path: Path, base: Case, kind: type[T]) -> None:
        self.path, self._base = path, base
        self._answers: dict[str, Answer[T]] = {}
        adapter = TypeAdapter(kind)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines:
            try:
                entry = json.loads(line)
                value = adapter.validate_python(entry["value"])
                digest, seconds = entry["question"], float(entry["seconds"])
            except (ValueError, KeyError, TypeError):
                continue  # written in part, as it was stopped
            found = Answer(status=Stop.OPTIMAL.value, value=value, seconds=seconds)
            self._answers[digest] = found

    def known(self, questions: Iterable[Question]) -> dict[Question, Answer[T]]:
        """The answers that former calls wrote down."""
        found = {}
        for question in questions:
            answer = self._answers.get(digest_of(self._base, question))
            if answer is not None:
                found[question] = answer
        return found


def digest_of(base: Case, question: Question) -> str:
    """A name for a question about a base case, for as long as both and the solver are the same."""
    held = [question.changes, question.fixed]
    content = json.dumps([base.sha256, versions(), *held], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:20]


def append(path: Path, digest: str, answer: Answer[Any]) -> None:
    """Add an answer to a journal. Several processes may: a line is written at once."""
    value = TypeAdapter(type(answer.value)).dump_python(answer.value, mode="json")
    entry = {"question": digest, "seconds": round(answer.seconds, 3), "value": value}
    line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


class _Watch:
    """Tells how many of a list of questions are answered, and about how long the others take."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._progress = total, progress
        self._begun, self._done = perf_counter(), 0

    def tell(self, more: int) -> None:
        """So many more are answered."""
        self._done += more
        left = self._total - self._done
        passed = perf_counter() - self._begun
        if left:
            rest = in_words(passed / self._done * left)
            self._progress(f"{self._done} of {self._total} programs are solved; about {rest} left")


def in_words(seconds: float) -> str:
    """A length of time as it is told.

    >>> in_words(40), in_words(400)
    ('40 s', '7 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


# ---- decisions that are held -------------------------------------------------------------------------------------------


def with_decisions(program: Program, case: Case, fixed: FixedAmounts) -> Program:
    """The program with all decisions at given amounts by year; a decision without an amount is not taken.

    The program leaves out what can make no difference in its scenarios; a decision on that is passed over.
    Raises InputError if the case does not know a thing decided on.
    """
    left = dict(fixed)

    def around(column: int) -> tuple[float, float]:
        name, index = program.columns[column]
        amount = left.pop((name, (*index[:-1], index[-1] + case.first_year)), 0.0)
        least = max(0.0, amount * (1 - FIXED_ROOM) - FIXED_ROOM)
        return least, amount * (1 + FIXED_ROOM) + FIXED_ROOM

    bounded = decisions_within(program, around)
    _refuse_unknown(case, left)
    return bounded


def decisions_within(program: Program, bounds: Callable[[int], tuple[float, float]]) -> Program:
    """The program with every decision between the two bounds that a function gives for its column."""
    lower, upper = program.lower.copy(), program.upper.copy()
    for column, (name, _) in enumerate(program.columns):
        if name in DECISIONS:
            lower[column], upper[column] = bounds(column)
    return program.with_data(lower=lower, upper=upper)


def _refuse_unknown(case: Case, fixed: FixedAmounts) -> None:
    """Raise InputError for decisions on what a case does not have."""
    known = {*case.projects, *case.programmes, *case.countries}
    faults: list[Fault] = []
    for name, index in fixed:
        if index[0] not in known:
            said = f"decides on {index[0]}, which the case does not know"
            faults.append(Fault("RUN", 0, name, said))
    if faults:
        raise InputError(faults)
