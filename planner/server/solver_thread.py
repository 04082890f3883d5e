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
from planner.reporting.words.numbers import number
from planner.results.plan import Plan, Status
from planner.server.edits import seeking_least
from planner.solving.engine import Solved, in_words
from planner.solving.goals import silent

KEPT_PLANS = 4
"""Plans of earlier states that are shown again without solving. One of the real case takes 20 MB (measured)."""
PROOF = {
    "waiting": "being solved",
    "figures": "first figures, being certified",
    "failed": "no plan",
    "plan": "not certified",
}
FIGURES = ("risk_musd", "cost_musd", "expected_loss_musd", "least_risk_musd")
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
SHORT_SECONDS = 2.0
"""Seconds up to which nobody is told how long an answer takes."""
OF_LEAST = 1e-6
"""Share by which a limit may lie below the least attainable risk, which is known so exactly."""
AGAIN_SECONDS = 0.1
"""Seconds after which a solve that was replaced is told to end again: it cannot be told before it has begun."""

Errand = Callable[["SolverThread"], None]


@dataclass(frozen=True)
class FoundSoFar:
    """The answer so far to the state asked for. `case` is that state; `plan` belongs to it once `stage` is `plan`,
    and is of an earlier state before.

    stage: `waiting`, `figures`, `plan` or `failed`. figures: MUSD. phase: what goes on, '' if nothing.
    seconds: from the question to its beginning, its figures, its plan. reasons: why there is none. changes: those that
    would make a limit of risk reachable. shares: of targets out of reach, the most that can be reached.
    """

    case: Case
    stage: str = "waiting"
    figures: Mapping[str, float] = field(default_factory=dict)
    plan: Plan | None = None
    shown: int = 0
    phase: str = ""
    seconds: tuple[float, ...] = ()
    reasons: tuple[str, ...] = ()
    changes: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    proven_at: str = ""

    @property
    def proof(self) -> str:
        """Words on the proof of the figures shown."""
        if self.stage == "plan" and self.plan is not None:
            is_certified = self.plan.status is Status.OPTIMAL
            return f"certified {self.proven_at}" if is_certified else PROOF["plan"]
        return PROOF[self.stage]


class SolverThread:
    """Owns the session. `ask` and `later` may be called from any thread; `found` is the newest finding."""

    def __init__(self, case: Case, told: Callable[[], None], plan: Plan | None = None) -> None:
        self._told = told
        self._asked_at = time.perf_counter()
        self._wake = Condition()
        self._wanted = False
        self._replaced = Event()
        self._ending = Event()
        self._is_busy = False
        self._in_background = False
        self._by_way_of: Case | None = None
        self._background: OrderedDict[str, Errand] = OrderedDict()
        self.least: dict[str, float] = {}
        """The least attainable risk (MUSD), where it is known, by the digest of the state that seeks it."""
        self._phase_since = time.monotonic()
        self._quiet_since = time.monotonic()
        self._kind = ""
        self._took: dict[str, float] = {}
        """Seconds of the last answer to each kind of change."""
        self._session: planner.Session | None = None
        self._plans: OrderedDict[str, tuple[Plan, str]] = OrderedDict()
        self.found = FoundSoFar(case, plan=plan)
        self._thread = Thread(target=self._run, name=SOLVER_THREAD, daemon=True)

    def start(self, answered: bool) -> None:
        """Begin. answered: the plan given at the start is that of the case; it is shown, not solved again."""
        if answered and self.found.plan is not None:
            self._take_plan(self.found.plan, "when it was stored")
        else:
            self._wanted = True
        self._thread.start()

    def ask(self, case: Case, by_way_of: Case | None = None, kind: str = "") -> None:
        """Have a state solved in place of what goes on. by_way_of: a case from whose plan it is not far. kind: of the change
        that leads to it, for which an estimate is made of those of its kind before."""
        with self._wake:
            self._by_way_of = by_way_of
            self._kind = kind
            self._asked_at = time.perf_counter()
            self._phase_since = time.monotonic()
            self.found = replace(
                self.found,
                case=case,
                stage="waiting",
                figures={},
                reasons=(),
                changes={},
                shares={},
                seconds=(),
            )
            self._wanted = True
            self._background.clear()
            self._replace()
        self._told()

    def later(self, name: str, task: Errand) -> None:
        """Have something done while no state waits, in the place of what had the name."""
        with self._wake:
            self._background[name] = task
            self._wake.notify()
        self._told()

    def remember(self, plan: Plan) -> None:
        """Keep a plan that is known, to be shown again without solving."""
        at = self._plans.get(plan.case.sha256, (plan, "before"))[1]
        self._plans[plan.case.sha256] = (plan, at)
        self._plans.move_to_end(plan.case.sha256)

    def knows(self, case: Case) -> bool:
        """A state is shown again without solving."""
        return case.sha256 in self._plans

    def stop(self) -> None:
        """End the task that goes on, and drop those that wait."""
        with self._wake:
            self._background.clear()
            if self._in_background or self.found.stage == "failed":
                self._replace()

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        self._replace()
        self._thread.join(timeout=5)

    def figures(self, case: Case) -> dict[str, float]:
        """Of another case, for tasks. Raises StoppedError when a question came."""
        if case.sha256 in self._plans:
            return _figures(self._plans[case.sha256][0])
        return self._held(case).figures(case)

    def solve(self, case: Case) -> Plan:
        """A plan of another case, for tasks. Raises StoppedError when a question came."""
        return self._held(case).solve(case)

    def optimum(self, case: Case) -> Solved:
        """The optimum of another case without tables, for tasks. Raises StoppedError when a question came, and where
        none is proven."""
        solved = self._held(case).engine.solve(case)
        if not solved.is_optimal:
            raise StoppedError(f"no plan was proven ({solved.outcome.stop})")
        return solved

    def find_least(self, case: Case) -> float:
        """The least risk (MUSD) that any plan of a case attains. Raises StoppedError when a question came."""
        seeking = seeking_least(case)
        if seeking.sha256 not in self.least:
            found = self._held(case).figures(seeking)
            self.least[seeking.sha256] = found.get("least_risk_musd", found["risk_musd"])
        return self.least[seeking.sha256]

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
        return f"{'about' if self._kind in self._took else 'at most about'} {in_words(seconds)}"

    def _held(self, case: Case) -> planner.Session:
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
            with self._wake:
                self._wake.wait_for(
                    lambda: self._wanted or self._background or self._ending.is_set()
                )
                quiet = time.monotonic() - self._quiet_since
                self._wake.wait_for(
                    lambda: self._wanted or self._ending.is_set(),
                    timeout=max(IDLE_SECONDS - quiet, 0.0),
                )
                question, self._wanted = self._wanted, False
                task: Errand | None = None
                if not question and self._background:
                    _, task = self._background.popitem(last=False)
                self._is_busy = True
                self._in_background = task is not None
                if not self._ending.is_set():
                    self._replaced.clear()
            if question:
                self._answer(self.found.case)
            if task is not None:
                with suppress(PlannerError):  # without a plan, or replaced
                    task(self)
            with self._wake:
                if question:
                    self._quiet_since = time.monotonic()
                self._is_busy = self._in_background = False
            if task is not None:
                self.phase("")

    def _answer(self, case: Case) -> None:
        """Solve the case in question, or take the plan that is known, and tell what came of it."""
        known = self._plans.get(case.sha256)
        self._tell(seconds=(self._passed(),))
        try:
            if known is not None:
                self._take_plan(*known)
            else:
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
        session = self._held(case)
        session.progress = self._looking_for
        if self._is_out_of_reach(case):
            self._say_why(case)
            return
        if self._by_way_of is not None:
            with suppress(StoppedError):
                session.figures(self._by_way_of)
        try:
            figures = session.figures(case)
        except StoppedError:
            if not self._dropped():
                self._tell(stage="failed", reasons=("The solver found no plan.",))
                self._say_why(case)
            return
        session.progress = silent
        seconds = (*self.found.seconds, self._passed())
        self._tell(stage="figures", figures=figures, seconds=seconds)
        self.phase("tables, then everything recomputed from them")
        if self._replaced.is_set():
            return
        self._take_solved(session.solve(case))

    def _looking_for(self, name: str) -> None:
        words = GOALS.get(name, name)
        self.phase(f"looking for {words}")

    def _is_out_of_reach(self, case: Case) -> bool:
        """The limit of risk lies below the least attainable, which is found first where it is not known."""
        limit = case.model.objective.risk_limit
        if limit is None:
            return False
        self.phase("looking for the least attainable risk")
        try:
            least = self.find_least(case)
        except StoppedError:
            return False
        if limit >= least * (1 - OF_LEAST):
            return False
        said = f"The least attainable risk is {number(least)} MUSD; {number(limit)} was asked for."
        self._tell(stage="failed", reasons=(said,), changes={"least_risk": least})
        return True

    def _say_why(self, case: Case) -> None:
        """The reasons why there is no plan, and the changes that would do; until then what is known stands."""
        known = self.found.changes
        self.phase("there is no plan; looking for the reasons and for what would help")
        if self._replaced.is_set():
            return
        session = self._held(case)
        session.progress = silent
        self._take_solved(session.solve(case), known)

    def _take_solved(self, plan: Plan, known: Mapping[str, float] | None = None) -> None:
        """Take a plan that was solved for the question; where there is none, tell the reasons and smallest
        changes."""
        if self._dropped():
            return
        if plan.tables:
            self._took[self._kind] = self._passed()
            self._take_plan(plan, time.strftime("%H:%M"))
            return
        unproven = [f"no plan was proven ({plan.status})"]
        reasons = tuple(map(str, plan.summary.get("reasons", unproven)))
        changes = dict(known or {})
        changes |= plan.summary.get("smallest_changes", {})
        if "least_risk" in changes:
            self.least[seeking_least(plan.case).sha256] = changes["least_risk"]
        shares = plan.summary.get("nearest_shares", {})
        self._tell(stage="failed", reasons=reasons, changes=changes, shares=shares)

    def _dropped(self) -> bool:
        """A newer question came meanwhile."""
        with self._wake:
            return self._wanted or self._ending.is_set()

    def _take_plan(self, plan: Plan, at: str) -> None:
        """Keep a plan, the latest of `KEPT_PLANS`, and tell the page of it. at: when it was proven."""
        self._plans[plan.case.sha256] = (plan, at)
        self._plans.move_to_end(plan.case.sha256)
        while len(self._plans) > KEPT_PLANS:
            self._plans.popitem(last=False)
        give_memory_back()
        figures = _figures(plan)
        if "least_risk_musd" in figures:
            self.least[seeking_least(plan.case).sha256] = figures["least_risk_musd"]
        seconds = (*self.found.seconds, self._passed())
        self._tell(
            stage="plan",
            plan=plan,
            figures=figures,
            shown=self.found.shown + 1,
            seconds=seconds,
            proven_at=at,
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
