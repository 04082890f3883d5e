"""The one thread with the live session: it solves the newest state asked for and ends what that replaces.

What it finds is told step by step: first the optimum's figures, then the plan with its tables, verified. While no state
waits it works in the background, which a new state ends.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Condition, Event, Thread

import planner
from planner.data.case import Case
from planner.errors import PlannerError, StoppedError
from planner.host import give_memory_back
from planner.parallel import SOLVER_THREAD
from planner.reporting.words.numbers import percent
from planner.results.plan import Plan, Status
from planner.server.answers import steps_between
from planner.server.edits import Edits
from planner.solving.engine import Solved, in_words
from planner.solving.goals import silent

KEPT_PLANS = 4
"""Plans of earlier states that are shown again without solving. One of the real case takes 20 MB (measured)."""
PROOF = {
    "waiting": "being solved",
    "figures": "first figures, being certified",
    "failed": "no plan",
    "plan": "certified",
}
FIGURES = ("risk_musd", "cost_musd", "expected_loss_musd")
"""Figures of a summary that are known before its tables."""
GOALS = {
    "risk": "the least risk",
    "cost": "the least cost for it",
    "risk_at_cost": "the least risk at that cost",
    "expected_loss": "the least expected loss at that",
    "welfare": "the least cost and risk together",
}
"""The phases of the solver, in words."""
IDLE_SECONDS = 0.7
"""Seconds since the last answer before something is done in the background."""
SLIGHT_GAP = 5e-4
"""Optimality gap from which on it is told: two plans that differ by less than theirs may be either way round."""
SHORT_SECONDS = 2.0
"""Seconds up to which nobody is told how long an answer takes."""
AGAIN_SECONDS = 0.1
"""Seconds after which a solve that was replaced is told to end again: it cannot be told before it has begun."""

Background = Callable[["SolverThread"], bool]
"""Does the next thing while nothing is asked; False where nothing is left. Raises PlannerError where it cannot."""


@dataclass(frozen=True)
class FoundSoFar:
    """The answer so far to the state asked for. `case` is that state; `plan` belongs to it once `stage` is `plan`,
    and is of an earlier state before.

    edits: those that lead to the state. stage: `waiting`, `figures`, `plan` or `failed`. figures: MUSD. phase: what goes on,
    '' if nothing. seconds: from the question to its beginning, its figures, its plan. reasons: why there is none. changes:
    those that would make a limit of risk reachable. shares: of targets out of reach, the most that can be reached.
    """

    case: Case
    edits: Edits = ()
    stage: str = "waiting"
    figures: Mapping[str, float] = field(default_factory=dict)
    plan: Plan | None = None
    shown: int = 0
    phase: str = ""
    seconds: tuple[float, ...] = ()
    reasons: tuple[str, ...] = ()
    changes: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def proof(self) -> str:
        """Words on the proof of the figures shown: of whole plants also how far from the least they may be."""
        if self.stage != "plan" or self.plan is None:
            return PROOF[self.stage]
        if self.plan.status is not Status.OPTIMAL:
            return "not certified"
        gap = max(self.plan.summary.get("gap", {}).values(), default=0.0)
        return f"certified within {percent(gap)}" if gap > SLIGHT_GAP else PROOF["plan"]


class SolverThread:
    """Owns the session. `ask` and `go_on` may be called from any thread; `found` is the newest finding."""

    def __init__(
        self, found: FoundSoFar, told: Callable[[], None], background: Background = lambda _: False
    ) -> None:
        self.found = found
        self._told = told
        self._do_next = background
        self._asked_at = time.perf_counter()
        self._wake = Condition()
        self._wanted = False
        self._rests = False
        """Nothing is left to do in the background, or it was stopped."""
        self.is_stopped = False
        """What goes on in the background was stopped, until something is asked."""
        self._replaced = Event()
        self._ending = Event()
        self._is_busy = False
        self._in_background = False
        self._phase_since = time.monotonic()
        self._quiet_since = time.monotonic()
        self._by_way_of: Case | None = None
        self._kind = ""
        self._took: dict[str, float] = {}
        """Seconds of the last answer to each kind of change."""
        self._session: planner.Session | None = None
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._thread = Thread(target=self._run, name=SOLVER_THREAD, daemon=True)

    def start(self, answered: bool) -> None:
        """Begin. answered: the plan given at the start is that of the case; it is shown, not solved again."""
        if answered and self.found.plan is not None:
            self._take_plan(self.found.plan)
        else:
            self._wanted = True
        self._thread.start()

    def ask(self, case: Case, edits: Edits = (), by_way_of: Case | None = None) -> None:
        """Have a state solved in place of what goes on; a plan that is known is shown at once. by_way_of: a case from
        whose plan it is not far."""
        with self._wake:
            self._by_way_of = by_way_of
            steps = steps_between(self.found.edits, edits)
            self._kind = " ".join(step.edit.kind for step in steps)
            self._asked_at = time.perf_counter()
            self._phase_since = time.monotonic()
            known = self._plans.get(case.sha256)
            phase = "taking it up" if known is None else ""
            was = self.found
            self.found = FoundSoFar(case, edits, plan=was.plan, shown=was.shown, phase=phase)
            if known is not None:
                self._wanted = False  # what was asked before is not waited for
                self._take_plan(known)
            self._wanted = True
            self._rests = self.is_stopped = False
            self._replace()
        self._told()

    def go_on(self) -> None:
        """See anew what can be done in the background."""
        with self._wake:
            self._rests = self.is_stopped = False
            self._wake.notify()
        self._told()

    def remember(self, plan: Plan) -> None:
        """Keep a plan that is known, the latest of `KEPT_PLANS`, to be shown again without solving."""
        self._plans[plan.case.sha256] = plan
        self._plans.move_to_end(plan.case.sha256)
        while len(self._plans) > KEPT_PLANS:
            self._plans.popitem(last=False)

    def knows(self, case: Case) -> bool:
        """A state is shown again without solving."""
        return case.sha256 in self._plans

    def stop(self) -> None:
        """End what goes on in the background, or the search for reasons, until something is asked."""
        with self._wake:
            self._rests = self.is_stopped = True
            if self._in_background or self.found.stage == "failed":
                self._replace()

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        self._replace()
        self._thread.join(timeout=5)

    def optimum(self, case: Case) -> Solved | None:
        """The optimum of another case without tables; None where none is proven. Raises StoppedError when a question
        came."""
        solved = self.held(case).engine.solve(case)
        if self._replaced.is_set():
            raise StoppedError("replaced")
        return solved if solved.is_optimal else None

    def phase(self, words: str) -> None:
        """Say what goes on."""
        with self._wake:
            if not self.found.phase:
                self._phase_since = time.monotonic()
            self.found = replace(self.found, phase=words)
        self._told()

    @property
    def phase_seconds(self) -> float:
        """Seconds since what goes on began."""
        return time.monotonic() - self._phase_since if self.found.phase else 0.0

    @property
    def expected(self) -> str:
        """About how long the answer takes, in words: as the last change of its kind, or else at most as the longest so far, or
        as the run that was opened; '' where that is short or nothing is known."""
        if self._in_background or self.found.stage != "waiting":
            return ""
        plan = self.found.plan
        run = {} if plan is None else plan.summary.get("seconds", {})
        most = max(self._took.values(), default=float(run.get("solve", 0.0)))
        seconds = self._took.get(self._kind, most)
        if seconds < SHORT_SECONDS:
            return ""
        if self.phase_seconds > seconds:
            return "longer than the last time"
        return f"{'about' if self._kind in self._took else 'at most about'} {in_words(seconds)}"

    def held(self, case: Case) -> planner.Session:
        """The session, for what solves another case. Raises StoppedError when a question came."""
        if self._replaced.is_set():
            raise StoppedError("replaced")
        if self._session is None:
            plan = self.found.plan
            # Held before it solves anything: what is not held cannot be cancelled.
            self._session = planner.Session(case if plan is None else plan.case, plan=plan)
            if plan is not None:  # found again, it is the shortest way to any other
                self._session.figures()
        return self._session

    def _replace(self) -> None:
        """End what goes on."""
        with self._wake:  # which its holder may take again
            self._replaced.set()
            self._wake.notify()
        Thread(target=self._end_replaced, daemon=True).start()

    def _end_replaced(self) -> None:
        while True:
            with self._wake:  # what begins afterwards is not ended by mistake
                if not self._replaced.is_set() or not self._is_busy:
                    return
                if self._session is not None:
                    self._session.cancel()
            time.sleep(AGAIN_SECONDS)

    def _run(self) -> None:
        """Work through questions, then through what goes on in the background, until the end."""
        while not self._ending.is_set():
            is_question = self._next()
            if is_question:
                self._answer(self.found.case)
                self._quiet_since = time.monotonic()
            elif not self._rests:
                self._go_on()
            with self._wake:
                self._is_busy = self._in_background = False

    def _next(self) -> bool:
        """Wait for something to do: for a question, or some time after the last for what goes on in the background."""
        with self._wake:
            self._wake.wait_for(lambda: self._wanted or not self._rests or self._ending.is_set())
            quiet = time.monotonic() - self._quiet_since
            self._wake.wait_for(
                lambda: self._wanted or self._ending.is_set(),
                timeout=max(IDLE_SECONDS - quiet, 0.0),
            )
            is_question, self._wanted = self._wanted, False
            self._is_busy = True
            self._in_background = not is_question
            if not self._ending.is_set():
                self._replaced.clear()
        return is_question

    def _go_on(self) -> None:
        """Do the next thing in the background, and rest where nothing is left or it cannot be done."""
        try:
            is_done = not self._do_next(self)
        except PlannerError:
            is_done = True
        with self._wake:
            if is_done and not self._replaced.is_set():
                self._rests = True
        self.phase("")

    def _answer(self, case: Case) -> None:
        """Solve the case in question, unless its plan is known, and tell what came of it."""
        try:
            if self.found.stage != "plan":  # else its plan was known
                self._tell(seconds=(self._passed(),))
                self._solve(case)
        except StoppedError as error:
            if not self._dropped() and not self.found.reasons:
                self._tell(stage="failed", reasons=(str(error),))
        except Exception as error:  # the page says what it is, and the next question is answered
            self._session = None
            reasons = tuple(str(error).splitlines()) or (type(error).__name__,)
            self._tell(stage="failed", reasons=reasons)
        finally:
            self.phase("")

    def _solve(self, case: Case) -> None:
        """First figures, then the verified plan; where there is none, that, and then the reasons."""
        begins = "building the program, solving it for the first time"
        self.phase("looking for the optimum" if self._session else begins)
        session = self.held(case)
        session.progress = self._looking_for
        if self._by_way_of is not None:
            with suppress(StoppedError):
                session.figures(self._by_way_of)
        try:
            figures = session.figures(case)
        except StoppedError:
            if self._dropped():
                return
            self._tell(stage="failed", reasons=("The solver found no plan.",))
            self.phase("there is no plan; looking for the reasons and for what would help")
        else:
            seconds = (*self.found.seconds, self._passed())
            self._tell(stage="figures", figures=figures, seconds=seconds)
            self.phase("tables, then everything recomputed from them")
        session.progress = silent
        if not self._replaced.is_set():
            self._take_solved(session.solve(case))

    def _looking_for(self, name: str) -> None:
        words = GOALS.get(name, name)
        self.phase(f"looking for {words}")

    def _take_solved(self, plan: Plan) -> None:
        """Take a plan that was solved for the question; where there is none, tell the reasons and smallest
        changes."""
        if self._dropped():
            return
        if plan.tables:
            self._took[self._kind] = self._passed()
            self._take_plan(plan)
            return
        unproven = [f"no plan was proven ({plan.status})"]
        self._tell(
            stage="failed",
            reasons=tuple(map(str, plan.summary.get("reasons", unproven))),
            changes=plan.summary.get("smallest_changes", {}),
            shares=plan.summary.get("nearest_shares", {}),
        )

    def _dropped(self) -> bool:
        """A newer question came meanwhile."""
        with self._wake:
            return self._wanted or self._ending.is_set()

    def _take_plan(self, plan: Plan) -> None:
        """Keep a plan, and tell the page of it."""
        self.remember(plan)
        give_memory_back()
        self._tell(
            stage="plan",
            plan=plan,
            figures=_figures(plan),
            shown=self.found.shown + 1,
            seconds=(*self.found.seconds, self._passed()),
        )

    def _passed(self) -> float:
        return time.perf_counter() - self._asked_at

    def _tell(self, **news: object) -> None:
        with self._wake:
            if self._wanted:
                return  # a newer question waits: this is no answer to it
            self.found = replace(self.found, **news)  # type: ignore[arg-type]
        self._told()


def _figures(plan: Plan) -> dict[str, float]:
    return {name: plan.summary[name] for name in FIGURES if name in plan.summary}
