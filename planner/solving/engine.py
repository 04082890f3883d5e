"""The engine: it alone owns programs and bases, and answers questions about a case.

A **question** is a change of the base case that a user could write, `KEY=VALUE` as after `--set`, with decisions that are
held, if any. A **measure** is a function of what was solved: figures, decisions, the whole plan. So a list of questions
is asked:

    engine = Engine(case)
    engine.ask({"stock alone": Question('levers=["stockpile"]'), "half the money": Question("budgets.*.*.musd=x0.5")}, risk)

where `risk` is `OfFirstGoal(attained)`, `def attained(solved: Solved) -> float: return solved.outcome.values["risk"]`: what needs
nothing after the first goal does not wait for the later ones. With `Engine(case, workers=..)` those of `planner.parallel` share
the questions among them; then the measure is a function of a module, or a `partial` of one, as it is pickled.
Each question begins at the optimum of the base, or of another question (`after`). Who has many questions near each other
puts them into chains and takes the answers as they come (`answered`): those of a chain are solved one after the other,
each from the nearest basis that the chain has met. So no answer depends on how many workers there are, or on what a
worker did before. A journal (`planner.results.journal`) has the answers of a list that was stopped.

What is known of programs stands here and in `warm_program`, thresholds in `settings`:

1. `WarmProgram` knows what may stay in a program: it changes figures in place, holds at zero what is switched off and
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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter

from planner.data.case import Case
from planner.data.change import Change, parse_change
from planner.data.changed_case import Changer
from planner.errors import Fault, InputError, StoppedError, WorkerLostError
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.host import give_memory_back
from planner.parallel import Call, KeptObject, Workers, answers
from planner.results.journal import Entry, Journal, read_entries
from planner.solving.goals import Outcome, Phase, Progress, phases_of, silent, solve_phases
from planner.solving.highs import Solver, Statuses, versions
from planner.solving.program import Program, Vector
from planner.solving.settings import STRUCTURES
from planner.solving.solution import Stop
from planner.solving.warm_program import CANCELLED, WarmProgram

FIXED_ROOM = 1e-9
"""Part of 1 + itself by which a fixed decision may differ from its amount."""
TELLING = 6
"""Answers of a list that say how long the others take."""
ANSWER = "answer"
"""Kind of the entries of a journal."""
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
class OfFirstGoal(Generic[T]):
    """A measure that needs nothing after the first goal, such as the least risk: the later goals are not solved for it.

    The plan that it sees is one of least risk (cost, cost plus risk) among many, and not the cheapest of them.
    """

    measure: Measure[T]

    def __call__(self, solved: Solved) -> T:
        """What the measure says."""
        return self.measure(solved)


def _first_goal(case: Case) -> list[Phase]:
    """The first of the goals of a case."""
    return phases_of(case.model.objective)[:1]


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

    def on(self, changer: Changer) -> Case:
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
    ends: PackedBases | None = field(default=None, repr=False)
    """The bases at which it ended in the program of the base, where they were to be kept."""

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
        self._found: Solved | None = None
        """The optimum of the case in use."""
        self.solved = 0
        """Questions of lists that were solved, and not found in a journal."""
        if workers is None:
            self._programs  # noqa: B018 (written here, before another thread may ask for it)

    @cached_property
    def _programs(self) -> _Programs:
        """The program of the base, and those of other structures."""
        first = WarmProgram(self.base, self._time_limit)
        if self._point is not None:
            first.begin_at(self._point)
        return _Programs(first)

    @property
    def live(self) -> WarmProgram:
        """The program in use."""
        return self._programs.in_use

    @property
    def case(self) -> Case:
        """The case in use."""
        return self.live.case

    @property
    def rebuilt(self) -> str:
        """The reason why the last variant needed a program written, or ''."""
        return self.live.rebuilt

    # ---- a session: one question after the other, each from what was solved last ----------------------------------

    def solve(
        self,
        variant: Variant | None = None,
        *,
        phases: list[Phase] | None = None,
        fixed: FixedAmounts | None = None,
    ) -> Solved:
        """Solve a variant, or the case in use.

        phases: objectives in their order, those of the goal if left out. fixed: decisions, all of them, that stay as
        they are; operations alone are optimised then.
        Raises StoppedError after `cancel`, InputError if the case does not know what a fixed decision is about.
        """
        self.live.cancelled.clear()
        self._take(variant)
        if phases is None and fixed is None and self._found is not None:
            return self._found
        solved = _solved(self.live, self.progress, phases=phases, fixed=fixed)
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
        case = self.case if variant is None else variant
        if not isinstance(case, Case):
            case = self.base.changed(case)
        if case is self.case:
            return
        self._found = None
        if self._programs.take(case):
            give_memory_back()

    # ---- a list of questions: each from the optimum of the base -----------------------------------------------------

    def ask(
        self,
        questions: Mapping[str, Question],
        measure: Measure[T],
        *,
        after: Mapping[str, str] | None = None,
        progress: Progress = silent,
        journal: Journal | None = None,
        kind: type[T] | None = None,
        pace: Pace | None = None,
    ) -> dict[str, T]:
        """What the measure says of each question, by its name.

        Equal questions are solved once. after: name of a question -> that of one from whose optimum it is nearer than from
        that of the base. progress: told how many are answered, and about how long the others take. journal: has the
        answers of former calls, of type `kind`, and gets these, one by one. pace: of lists of the same kind, asked before and
        after. Raises StoppedError, which names a question without an optimum or with a change that the case does not
        allow.
        """
        digests = {one: digest_of(self.base, one, measure) for one in questions.values()}
        known: dict[Question, Answer[T]] = {}
        if journal is not None:
            known = self._written(journal, digests, kind)
        before = {questions[name]: questions[first] for name, first in (after or {}).items()}
        left = [one for one in dict.fromkeys(questions.values()) if one not in known]
        pace = pace or Pace(min(TELLING, len(left) // 2))
        for one, answer in known.items():
            pace.add(one in before, answer.seconds)
        # Near and far ones mixed, so that the first say how long the others take.
        left.sort(key=digests.__getitem__)
        first = [one for one in left if one not in before]
        starts = set(before.values())
        later = [one for one in left if one in before]
        missing = Counter({False: len(first), True: len(later)})
        rounds = [(first, [one in starts for one in first]), (later, [False] * len(later))]
        for asked, kept in rounds:
            begins = []
            for one in asked:
                nearest = known.get(before[one]) if one in before else None
                ends = None if nearest is None else nearest.ends
                begins.append(self.bases if ends is None else ends)
            chains = [[one] for one in asked]
            for number, (answer,) in self.answered(chains, measure, begins=begins, kept=kept):
                known[asked[number]] = answer
                self._write(journal, digests[asked[number]], answer)
                is_later = asked is later
                pace.add(is_later, answer.seconds)
                missing[is_later] -= 1
                if missing.total():
                    step = f"{len(left) - missing.total()} of {len(left)} programs are solved"
                    if pace.is_known:
                        step += f"; about {self.time_for(missing, pace)} left"
                    progress(step)
        return {name: known[one].get(name) for name, one in questions.items()}

    def left_of(
        self,
        questions: Mapping[str, Question],
        measure: Measure[Any],
        journal: Journal | None,
        after: Mapping[str, str] | None = None,
    ) -> Counter[bool]:
        """Number of different questions that a journal has no answer to: of those that begin at the optimum of the base
        (False), and of those that begin at the answer to another (True), as `ask` has it."""
        names: dict[str, bool] = {}
        for name, question in questions.items():
            names[digest_of(self.base, question, measure)] = name in (after or {})
        if journal is not None:
            for entry in read_entries(journal.path, ANSWER, answers=False):
                names.pop(entry.name, None)
        return Counter(names.values())

    def time_for(self, questions: Mapping[bool, int], pace: Pace) -> str:
        """About how long so many questions take all who answer them, in words."""
        at_once = 1 if self._workers is None else max(1, self._workers.ahead // 2)
        return in_words(pace.seconds_for(questions) / at_once)

    def _written(
        self, journal: Journal, digests: Mapping[Question, str], kind: Any
    ) -> dict[Question, Answer[Any]]:
        """The answers to questions, by their digests, that former calls wrote into a journal."""
        entries = {entry.name: entry for entry in read_entries(journal.path, ANSWER)}
        values = TypeAdapter(kind)
        known: dict[Question, Answer[Any]] = {}
        for question, digest in digests.items():
            entry = entries.get(digest)
            if entry is not None:
                value = values.validate_python(entry.answer)
                known[question] = Answer(
                    status=str(entry.status), value=value, seconds=entry.seconds or 0.0
                )
        return known

    def _write(self, journal: Journal | None, digest: str, answer: Answer[Any]) -> None:
        """Keep an answer; only what has a value is worth it."""
        self.solved += 1
        if journal is not None and answer.value is not None:
            value = TypeAdapter(type(answer.value)).dump_python(answer.value, mode="json")
            entry = Entry(digest, value, answer.status, "", round(answer.seconds, 3))
            journal.append(ANSWER, [entry])

    def answered(
        self,
        chains: Sequence[Sequence[Question]],
        measure: Measure[T],
        *,
        begins: Sequence[PackedBases] | None = None,
        kept: Sequence[bool] | None = None,
    ) -> Iterator[tuple[int, list[Answer[T]]]]:
        """The number of each chain and its answers, in whatever order they come. The questions of a chain are solved one
        after the other, each from the nearest optimum of those before it.

        begins: the bases at which each chain begins, {} for none: each question is then solved from nothing; those of the
        optimum of the base if left out. kept: chains whose answers bring the bases at which they end. A worker that dies
        takes its chain with it, of which each question is then tried by itself; one that three workers die of has
        `crashed`. Raises StoppedError if no worker can be had any more.
        """
        if begins is None:
            begins = [self.bases for _ in chains]
        kept = kept if kept is not None else [False for _ in chains]
        calls = {}
        for number, chain in enumerate(chains):
            calls[number] = self._call(chain, measure, begins[number], kept[number])
        lost: list[int] = []
        for number, future in answers(self._workers, calls):
            if isinstance(future.exception(), WorkerLostError):
                lost.append(number)
            else:
                yield number, future.result()
        for number in lost:
            alone = {}
            for place, question in enumerate(chains[number]):
                alone[place] = self._call([question], measure, begins[number], kept[number])
            found: dict[int, Answer[T]] = {}
            for place, future in answers(self._workers, alone):
                error = future.exception()
                if isinstance(error, WorkerLostError):
                    found[place] = Answer(status=CRASHED, message=str(error))
                else:
                    (found[place],) = future.result()
            yield number, [found[place] for place in sorted(found)]

    def _call(
        self, chain: Sequence[Question], measure: Measure[Any], bases: PackedBases, kept: bool
    ) -> Call:
        return Call(self._desk, "answer", (bases, list(chain), measure, kept))

    @cached_property
    def bases(self) -> PackedBases:
        """The bases of the optimum of the base, from which chains begin; none where it has no optimum."""
        call = Call(self._desk, "bases", ())
        ((_, found),) = answers(self._workers, {"": call})
        bases: PackedBases = found.result()
        return bases

    @cached_property
    def _desk(self) -> KeptObject:
        """Where questions are answered: here, or by an object that each worker keeps."""
        make = partial(_Desk, self.base, time_limit=self._time_limit)
        if self._workers is None:
            return KeptObject(partial(make, live=self._programs.kept[0]), None)
        return KeptObject(partial(make, point=self._point), self._workers)


class _Programs:
    """Programs of several structures: the first, which is kept for good, and those used last, so that who takes a change
    back waits for none."""

    def __init__(self, first: WarmProgram) -> None:
        self.kept = [first]
        self.in_use = first

    def take(self, case: Case) -> bool:
        """Bring a case into one of the programs, the smallest that can hold it, or write one. Returns whether one had to
        be let go."""
        by_size = sorted(self.kept, key=lambda live: live.program.matrix.shape)
        taken = next((live for live in by_size if live.update(case, write=False)), None)
        if taken is None:
            recent = (self.in_use, *self.kept[1:], self.kept[0])
            start = next((live for live in recent if live.shares_as(case)), self.in_use)
            taken = copy(start)  # which stays as it is
            taken.update(case)
        self.in_use = taken
        first, *others = self.kept
        known = [first]
        for live in (taken, *others):
            if live not in known:
                known.append(live)
        self.kept = known[:STRUCTURES]
        return len(self.kept) < len(known)


# ---- how a question is solved ----------------------------------------------------------------------------------------


def _solved(
    live: WarmProgram,
    progress: Progress = silent,
    *,
    phases: list[Phase] | None = None,
    fixed: FixedAmounts | None = None,
) -> Solved:
    """A program solved as it stands, or with decisions held."""
    if fixed is None:
        live.release()
        outcome = live.solve(progress, phases)
    else:
        objective = live.case.model.objective
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
        live: WarmProgram | None = None,
    ) -> None:
        """live: the program of the base, if it is there already."""
        self._time_limit, self._changer = time_limit, Changer(base)
        self._live = live or WarmProgram(base, time_limit)
        if live is None and point is not None:
            self._live.begin_at(point)

    def bases(self) -> PackedBases:
        """The bases of the optimum of the base."""
        live = self._of_base()
        return _bases_of(live) if live.solve(silent).stop is Stop.OPTIMAL else {}

    def answer(
        self,
        bases: PackedBases,
        questions: Sequence[Question],
        measure: Measure[T],
        kept: bool = False,
    ) -> list[Answer[T]]:
        """The answers of a chain: the first from these bases, each from the nearest optimum of those before it. Without
        bases each is solved from nothing, in a program written for it alone. kept: with the bases at which each ends.

        An error that the planner does not know becomes the status `crashed`; it costs its question only.
        """
        programs: _Programs | None = None
        found: list[Answer[T]] = []
        for question in questions:
            if programs is None and bases:
                programs = _Programs(self._begun(bases))
            answer = self._answer(question, programs, measure)
            if answer.status == CRASHED:
                programs = None  # whatever they keep now is not to be trusted
            if kept and programs is not None and programs.in_use is programs.kept[0]:
                answer = replace(answer, ends=_bases_of(programs.in_use))
            found.append(answer)
        return found

    def _of_base(self) -> WarmProgram:
        """The program of the base, which may hold another case at present; it stays as it is."""
        live = copy(self._live)
        if live.case is not self._changer.case:
            live.update(self._changer.case)
        live.release()
        return live

    def _begun(self, bases: PackedBases) -> WarmProgram:
        """The program of the base, in a solver that knows these bases and nothing else."""
        live = self._of_base()
        live.solver = Solver(
            live.program, time_limit=self._time_limit, cancelled=self._live.cancelled
        )
        for phase, text in bases.items():
            live.solver.begin_from(phase, unpacked(text))
        return live

    def _answer(
        self, question: Question, programs: _Programs | None, measure: Measure[T]
    ) -> Answer[T]:
        """What came of a question. programs: that hold other cases; None: a new one is written."""
        started = perf_counter()
        try:
            case = question.on(self._changer)
            if programs is None:
                programs = _Programs(WarmProgram(case, self._time_limit))
            else:
                programs.in_use.release()
                programs.take(case)
            live = programs.in_use
            fixed = None if question.fixed is None else dict(question.fixed)
            phases = _first_goal(case) if isinstance(measure, OfFirstGoal) else None
            solved = _solved(live, phases=phases, fixed=fixed)
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


def _bases_of(live: WarmProgram) -> PackedBases:
    """The bases at which a program ended, by phase."""
    return {phase: packed(basis) for phase, basis in live.solver.last_bases.items()}


def packed(basis: Statuses) -> str:
    """A basis as text."""
    return base64.b85encode(zlib.compress(basis.tobytes())).decode("ascii")


def unpacked(text: str) -> Statuses:
    """A basis from text."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)


# ---- what is kept of a list, and how long it takes --------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """How long questions of a list take, by those that were answered. Those that begin at the answer to another are near
    it and take less than the others, so that either kind is counted by itself.

    enough: number of answers from which on the pace is known.

    >>> pace = Pace(2)
    >>> pace.add(False, 6.0)
    >>> pace.add(True, 1.0)
    >>> pace.is_known, pace.seconds_for({False: 2, True: 10})
    (True, 22.0)
    """

    enough: int
    _seconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def add(self, later: bool, seconds: float) -> None:
        """Take an answer into account. later: of a question that began at the answer to another."""
        self._seconds[later].append(seconds)

    @property
    def is_known(self) -> bool:
        """Enough was answered."""
        return sum(map(len, self._seconds)) >= self.enough

    def seconds_for(self, questions: Mapping[bool, int]) -> float:
        """Seconds of so many questions one after the other: of the first kind (False) and of later ones (True). A kind
        of which none was answered takes as long as the other."""
        first, later = self._seconds
        total = 0.0
        for is_later, number in questions.items():
            of_kind = self._seconds[is_later] or first or later or [0.0]
            total += number * sum(of_kind) / len(of_kind)
        return total


def digest_of(base: Case, question: Question, measure: Measure[Any]) -> str:
    """A name for a question about a base case, for as long as both and the solver are the same."""
    held = [question.changes, question.fixed, isinstance(measure, OfFirstGoal)]
    content = json.dumps([base.sha256, versions(), *held], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:20]


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
    lower, upper = program.lower.copy(), program.upper.copy()
    for column, (name, index) in enumerate(program.columns):
        if name in DECISIONS:
            amount = left.pop((name, (*index[:-1], index[-1] + case.first_year)), 0.0)
            lower[column] = max(0.0, amount * (1 - FIXED_ROOM) - FIXED_ROOM)
            upper[column] = amount * (1 + FIXED_ROOM) + FIXED_ROOM
    _refuse_unknown(case, left)
    return program.with_data(lower=lower, upper=upper)


def _refuse_unknown(case: Case, fixed: FixedAmounts) -> None:
    """Raise InputError for decisions on what a case does not have."""
    known = {*case.projects, *case.lookups.programmes, *case.countries}
    faults: list[Fault] = []
    for name, index in fixed:
        if index[0] not in known:
            said = f"decides on {index[0]}, which the case does not know"
            faults.append(Fault("RUN", 0, name, said))
    if faults:
        raise InputError(faults)
