"""Run a study: read it, lay out its folder, do what is missing, put the results together; and how far it is.

First the case as it is, from which every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its current point, which another worker tries again; the third
time the point is written down as crashed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.data.load import load
from planner.data.program_size import refuse_if_too_large
from planner.errors import Fault, InputError, RunFolderError
from planner.parallel import ATTEMPTS, Here, Team, Workers
from planner.results.folders import write_whole
from planner.results.study import OPTIMAL, Agreement, StudyStatus
from planner.solving.highs import versions
from planner.studies.design import design
from planner.studies.outcomes import Measures, OwnOutcome
from planner.studies.points import Point, Settler, case_of, chains, check_study, digests_of, points
from planner.studies.store import (
    BASE,
    CHECKS,
    COLD,
    ENDED,
    FOUND,
    JOURNAL,
    PLAN,
    PLANS,
    POINT,
    RESULTS,
    STATES,
    STUDY,
    RunJournal,
    assemble,
    names_ended,
    points_of,
    prepare,
    provenance_of,
    read_asked,
    read_journal,
    read_plan_table,
    study_of,
    write_parquet,
)
from planner.studies.study_file import FrontierDesign, StudyFile, build_study, read_study
from planner.studies.worker import CRASHED, START, ChainState, PointResult, Worker

Tell = Callable[[StudyStatus], None]


def untold(_: StudyStatus) -> None:
    """Say nothing."""


def run_points(
    given: str | Path | Mapping[str, Any],
    out: str | Path,
    team: Team = Here,
    tell: Tell = untold,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
    force: bool = False,
) -> StudyStatus:
    """Run a study into a folder; what the folder holds already is not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    team: who works on it; this process if left out. tell: called with how far it is. case: in place of the one that the
    study names. functions: outcomes of the user's own, by name. force: replace inputs of a former study that somebody
    changed. Raises InputError, RunFolderError, StoppedError. A study that was killed goes on with the same call.
    """
    work, settler = _laid_out(given, case, functions)
    out = Path(out)
    redone = TIMED_OUT if _has_more_time(out, work.study) else ()
    reused, others = prepare(
        out, work.study, work.case, points=work.points, base=settler.base, force=force
    )
    status = _work(out, work, team=team, tell=tell, redone=redone)
    return replace(status, reused=reused, others=others)


def _laid_out(
    given: str | Path | Mapping[str, Any],
    case: Case | None,
    functions: Mapping[str, OwnOutcome] | None,
) -> tuple[Work, Settler]:
    """All that a study asks for, and what tells its changes. Raises InputError."""
    study, folder, _ = read_given(given, case)
    if isinstance(study.design, FrontierDesign):
        said = "a frontier is no list of points; use planner.study"
        raise InputError([study.fault(("design", "kind"), said)])
    base = open_case(study, folder, case)
    check_study(study, base, functions)
    settler = Settler(study, base)
    rows = design(study, folder)
    found = points(settler, sha256=base.sha256, rows=rows, functions=functions)
    return Work(study, base, found, functions or {}), settler


def _has_more_time(out: Path, asked: StudyFile) -> bool:
    """Tell whether a study gives its solver longer than when the folder was last run."""
    if not (out / STUDY).exists():
        return False
    before = study_of(read_asked(out)).time_limit
    return before is not None and (asked.time_limit is None or asked.time_limit > before)


def read_given(
    given: str | Path | Mapping[str, Any], case: Case | None = None
) -> tuple[StudyFile, Path, str]:
    """A study from its file or its content; the folder that paths in it are seen from, and its name for messages.

    case: one in memory that it is about; the content then names none.
    """
    if isinstance(given, Mapping):
        named = {} if case is None else {"case": case.name}
        return build_study({**named, **given}), Path(), "study"
    return read_study(given), Path(given).parent, Path(given).name


def open_case(study: StudyFile, folder: Path, case: Case | None = None) -> Case:
    """The case and model of a study file that lies in `folder`, or a case in memory. Raises InputError."""
    if case is not None:
        found = case.with_settings(study.set)
    else:
        model = (folder / study.model) if study.model else None
        found = load(folder / study.case, model, dict(study.set))
    refuse_if_too_large(found)
    return found


@dataclass(frozen=True)
class Work:
    """Work to be solved: the study, its case, its points, and outcomes of the user's own."""

    study: StudyFile
    case: Case
    points: list[Point]
    functions: Mapping[str, OwnOutcome]


def retry(
    out: str | Path,
    team: Team = Here,
    tell: Tell = untold,
    *,
    functions: Mapping[str, OwnOutcome] | None = None,
) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing."""
    study, case, found = reopen(Path(out))
    work = Work(study, case, found, functions or {})
    return _work(Path(out), work, team=team, tell=tell, redone=RETRIED)


def stored_case(out: Path) -> Case:
    """The case of a study as it was read, by the name that it had. Raises RunFolderError, InputError."""
    return replace(load(out / "inputs"), name=str(read_asked(out)["case"]))


def case_at(out: Path, point: str) -> tuple[Case, str]:
    """The case at a point of a study, called after it, and the name of the point; it is named by its row in the design
    or by how its name begins. Raises RunFolderError, InputError."""
    found = points_of(out)
    if point.isdecimal() and int(point) < len(found):
        meant = [found[int(point)]]
    else:
        unique = {one.id: one for one in found}
        meant = [one for name, one in unique.items() if name.startswith(point)]
    if len(meant) != 1:
        told = f"may be any of {len(meant)} points" if meant else "is no point of the study"
        remedy = "name a row of results.parquet, or its point"
        raise InputError([Fault(str(out), 0, point, told, remedy=remedy)])
    chosen = meant[0]
    case = case_of(Changer(stored_case(out)), chosen.settings)
    return replace(case, name=f"{case.name}-{chosen.id[:8]}"), chosen.id


def reopen(out: Path) -> tuple[StudyFile, Case, list[Point]]:
    """The study that a folder holds. Raises RunFolderError."""
    asked = read_asked(out)
    case = stored_case(out)
    if asked["versions"] != versions():
        raise RunFolderError(
            f"{out}: was run with other versions; run the study file into a new folder"
        )
    return study_of(asked), case, points_of(out)


def _work(
    out: Path, work: Work, *, team: Team, tell: Tell, redone: Sequence[str] = ()
) -> StudyStatus:
    """Solve what is missing, and again what ended with one of the statuses `redone`."""
    limit = work.study.time_limit
    inputs = read_asked(out)["inputs_sha256"]
    rests = [inputs, versions(), limit, digests_of(work.functions)]
    ground = hashlib.sha256(json.dumps(rests).encode()).hexdigest()[:16]
    with RunJournal(out / JOURNAL) as journal:
        queue = WorkQueue(work.study, work.points, ground=ground, journal=journal, redone=redone)
        if not queue.finished:
            tell(queue.status)
            make = partial(Worker, work.case, limit, work.functions)
            with closing(team(make)) as workers:
                queue.work_off(workers, lambda: tell(queue.status))
    return _put_together(out)


def _put_together(out: Path) -> StudyStatus:
    """Write the tables of a study from its journal."""
    provenance = provenance_of(read_asked(out))
    for name in (PLANS, RESULTS):
        (out / name).unlink(missing_ok=True)  # else it is what the table is read from
    write_parquet(out / PLANS, read_plan_table(out), provenance)
    write_parquet(out / RESULTS, assemble(out), provenance)
    write = partial(checks_of(out).to_csv, index=False, lineterminator="\n", na_rep="nan")
    write_whole(out / CHECKS, write)
    return status_of(out)


# ---- what is done, under way and left -------------------------------------------------------------------------------

TIMED_OUT = ("time_limit",)
RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


@dataclass
class Chain:
    """Points that one worker solves one after the other.

    state: where the chain stands, under `key` in the journal; without a key it is not kept. asked: points that its
    worker was asked for and has not answered. suspects: points of which one may have killed a worker; each of them is
    asked for alone, so that none is blamed for another.
    """

    key: str
    kind: str
    points: deque[Point]
    state: ChainState | None = None
    asked: int = 0
    suspects: int = 0


class WorkQueue:
    """Work that is left of a study: chains under way, and a new plan if there are points that nobody has planned.

    The journal gets each result before anything else happens.
    """

    def __init__(
        self,
        study: StudyFile,
        points: Sequence[Point],
        *,
        ground: str,
        journal: RunJournal,
        redone: Sequence[str],
    ) -> None:
        """ground: what results rest on; a plan and states of another ground are of no use. redone: statuses of points
        that are tried again."""
        self._journal, self._base_key = journal, f"{ground} {BASE}"
        known: dict[str, Point] = {}
        for point in points:
            known.setdefault(point.id, point)  # equal rows are one point
        self._statuses: dict[str, str] = {}
        self._seconds = 0.0
        redo: list[str] = []
        for name, status, _, spent in read_journal(journal.path, ENDED, POINT):
            if name in known and status in redone:
                redo.append(name)
            elif name in known:
                self._statuses[name] = status
                self._seconds += spent
        cold = (names_ended(journal.path, COLD) & known.keys()).difference(redo)
        states: dict[str, ChainState] = {}
        for key, text in read_journal(journal.path, STATES):
            states[key] = ChainState(*json.loads(text))
        left = {name: point for name, point in known.items() if name not in self._statuses}
        self._chains: list[Chain] = []
        for key, names in self._planned(study, ground, left, redo).items():
            chain = deque(left[name] for name in names if name in left)
            if chain:
                self._chains.append(Chain(key, POINT, chain, states.get(key)))
        self._base = states.get(self._base_key)
        again = picked(known, study.check_share)
        self._checks = [known[name] for name in again if name not in cold]
        self._total = len(known)
        self._counts = Counter(self._statuses.values())
        self._checked = len(cold)
        self._to_check = len(cold) + len(self._checks)
        self._ready: deque[Chain] = deque()
        self._out: dict[Hashable, Chain] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()

    def _planned(
        self, study: StudyFile, ground: str, left: Mapping[str, Point], redo: Sequence[str]
    ) -> dict[str, list[str]]:
        """Chain -> points. A new plan stands for everything that is left; older chains are over."""
        planned: dict[str, list[str]] = {}
        plans = list(read_journal(self._journal.path, FOUND, PLAN))
        if plans:
            name, *_, text = plans[-1]
            planned = json.loads(text) if name.startswith(ground) else {}
        if redo or left.keys() - set(chain.from_iterable(planned.values())):
            name = f"{ground} {len(plans)}"
            planned = {}
            for number, points in enumerate(chains(study, list(left.values()))):
                planned[f"{name}.{number}"] = [point.id for point in points]
            self._journal.append(PLAN, name, planned, again=redo)
        return planned

    @property
    def finished(self) -> bool:
        """Nothing is left to do before it is begun."""
        return not self._chains and not self._to_be_checked()

    @property
    def status(self) -> StudyStatus:
        """The progress of the study so far."""
        return StudyStatus(
            total=self._total,
            statuses=self._counts,
            checked=self._checked,
            to_check=self._to_check,
            seconds=self._seconds,
        )

    def work_off(self, workers: Workers, tell: Callable[[], None]) -> None:
        """Solve all that is left: the base, then the chains of points, then the points that are checked.

        workers: each keeps a `Worker` and solves one chain at a time. tell: called each time after answers were waited
        for. Raises StoppedError if no worker can be had any more.
        """
        self._solve(self._first(), workers, tell)
        self._solve(self._chains, workers, tell)
        self._solve(self._to_be_checked(), workers, tell)

    def _solve(self, chains: Sequence[Chain], workers: Workers, tell: Callable[[], None]) -> None:
        """Have workers solve chains to the end, whoever of them dies."""
        self._ready.extend(chains)
        while self._ready or self._out:
            for worker in workers.present:
                if worker not in self._out and self._ready:
                    self._give(workers, worker, self._ready.popleft())
            for said in workers.wait():
                if said.lost:
                    self._lose(said.worker, said.lost)
                else:
                    self._record(said.worker, *said.taken())
                    self._ask(workers, said.worker)
            tell()

    def _first(self) -> Sequence[Chain]:
        """The chain of the base alone, from which others start; none where its state is kept or nothing else is
        left."""
        wanted = self._base is None and self._chains
        return [Chain(self._base_key, BASE, deque([Point(BASE, [])]))] if wanted else []

    def _to_be_checked(self) -> Sequence[Chain]:
        """A chain for each optimal point that is to be solved again from nothing."""
        checkable = [point for point in self._checks if self._statuses.get(point.id) == OPTIMAL]
        return [Chain("", COLD, deque([point])) for point in checkable]

    def _give(self, workers: Workers, worker: Hashable, chain: Chain) -> None:
        """Have a worker begin with a chain."""
        self._out[worker] = chain
        chain.state = chain.state or self._base or START
        chain.asked = 0
        self._ask(workers, worker)

    def _ask(self, workers: Workers, worker: Hashable) -> None:
        """Have a worker solve the next points of its chain, as many as it is best asked for ahead."""
        chain = self._out.get(worker)
        if chain is None:
            return
        ahead = 1 if chain.suspects else workers.ahead
        while chain.asked < min(ahead, len(chain.points)):
            state = None if chain.asked else chain.state  # a worker knows where it left off
            settings = chain.points[chain.asked].settings
            workers.ask(worker, "solve", state, settings, chain.kind == COLD)
            chain.asked += 1

    def _record(self, worker: Hashable, result: PointResult, state: ChainState) -> None:
        """Keep the result of the point that a worker has solved, in the journal first, and go on with its chain."""
        chain = self._out[worker]
        point = chain.points.popleft()
        chain.asked -= 1
        chain.suspects = max(0, chain.suspects - 1)
        found = {"values": result.values, "plan": result.plan}
        self._journal.append(
            chain.kind, point.id, found, told=vars(result), chain=chain.key, state=state
        )
        chain.state = state
        if chain.kind == BASE:
            self._base = state
        elif chain.kind == POINT:
            self._statuses[point.id] = result.status
            self._counts[result.status] += 1
            self._seconds += result.seconds
        else:
            self._checked += 1
        if not chain.points:
            del self._out[worker]

    def _lose(self, worker: Hashable, why: str) -> None:
        """The current point of its chain, if it has one, is tried again or given up."""
        chain = self._out.get(worker)
        if chain is None:
            return
        chain.suspects = max(chain.suspects, chain.asked)
        key = chain.kind, chain.points[0].id
        self._attempts[key] += 1
        if self._attempts[key] == ATTEMPTS:
            crashed = PointResult(CRASHED, f"the worker died {ATTEMPTS} times: {why}")
            self._record(worker, crashed, chain.state or START)
        if worker in self._out:
            self._ready.appendleft(self._out.pop(worker))


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: math.ceil(len(ordered) * share)]


CHECKED = ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd")
"""Outcomes that every way to the optimum must agree on; which of several equally good plans is found may differ."""


def status_of(out: Path) -> StudyStatus:
    """The progress of a study, finished or running."""
    names = {point.id for point in points_of(out)}
    counts: Counter[str] = Counter()
    bad: list[tuple[str, str, str]] = []
    total = 0.0
    for name, status, message, seconds in sorted(read_journal(out / JOURNAL, ENDED, POINT)):
        if name in names:
            counts[status] += 1
            total += seconds
            if status != OPTIMAL:
                bad.append((name, status, message))
    cold = names_ended(out / JOURNAL, COLD)
    again = picked(names, study_of(read_asked(out)).check_share)
    return StudyStatus(
        total=len(names),
        statuses=counts,
        checked=len(cold & names),
        to_check=len(again),
        seconds=total,
        folder=out,
        bad=tuple(bad),
        agreement=agreement_of(out),
    )


def checks_of(out: Path) -> pd.DataFrame:
    """The points that were solved twice: point, outcome, warm, cold, relative_difference."""
    cold: dict[str, Measures] = {}
    warm: dict[str, Measures] = {}
    for name, *_, text in read_journal(out / JOURNAL, FOUND, COLD):
        cold[name] = json.loads(text)["values"]
    for name, *_, text in read_journal(out / JOURNAL, FOUND, POINT):
        if name in cold:
            warm[name] = json.loads(text)["values"]
    names = {point.id for point in points_of(out)}
    rows: list[tuple[str, str, float, float, float]] = []
    for name in sorted(warm.keys() & names):
        for key in CHECKED:
            one = warm[name].get(key, math.nan)
            two = cold[name].get(key, math.nan)
            if math.isnan(one) and math.isnan(two):
                continue
            gap = abs(one - two) / (1.0 + abs(two))
            if math.isnan(gap):
                gap = math.inf
            rows.append((name, key, one, two, gap))
    return pd.DataFrame(rows, columns=["point", "outcome", "warm", "cold", "relative_difference"])


def agreement_of(out: Path) -> Agreement:
    """Number of points that were solved twice, and how well the two results agree."""
    rows = checks_of(out)
    worst = float(rows["relative_difference"].max()) if len(rows) else 0.0
    return Agreement(rows["point"].nunique(), worst)
