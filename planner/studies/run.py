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
from planner.studies.outcomes import OwnOutcome
from planner.studies.points import Point, Settler, case_of, chains, check_study, digest_of, points
from planner.studies.store import (
    BASE,
    CHECKS,
    COLD,
    ENDED,
    ENTRIES,
    FOUND,
    JOURNAL,
    PARTS,
    PLAN,
    PLANS,
    POINT,
    RESULTS,
    STATES,
    STUDY,
    RunJournal,
    assemble,
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
    part: tuple[int, int] | None = None,
) -> StudyStatus:
    """Run a study into a folder; what the folder holds already is not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    team: who works on it; this process if left out. tell: called with how far it is. case: in place of the one that the
    study names. functions: outcomes of the user's own, by name. part: (3, 40) runs the third of forty parts, into a folder
    of its own below `out`; `merge` puts the parts together.
    Raises InputError, RunFolderError, StoppedError. A study that was killed goes on with the same call.
    """
    asked, folder, _ = read_given(given, case)
    if isinstance(asked.design, FrontierDesign):
        raise InputError(
            [asked.fault(("design", "kind"), "a frontier is no list of points; use planner.study")]
        )
    base = open_case(asked, folder, case)
    check_study(asked, base, functions)
    settler = Settler(asked, base)
    found = points(asked, settler, base.sha256, design(asked, folder), functions)
    if part is not None:
        out, found = part_folder(Path(out), *part), part_of(asked, found, *part)
    out = Path(out)
    redone = TIMED_OUT if _has_more_time(out, asked) else ()
    reused, others = prepare(out, asked, base, found, settler.base)
    work = Work(asked, base, found, functions or {})
    status = _work(out, work, team, tell, redone)
    return replace(status, reused=reused, others=others)


def _has_more_time(out: Path, asked: StudyFile) -> bool:
    """Whether a study gives its solver longer than when the folder was last run."""
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


def part_folder(out: Path, number: int, count: int) -> Path:
    """Where a part of a study is run."""
    return out / PARTS / f"{number}-of-{count}"


def part_of(study: StudyFile, found: Sequence[Point], number: int, count: int) -> list[Point]:
    """The points of one of so many parts, neighbours together. Raises InputError if there is no such part."""
    if not 1 <= number <= count:
        said = f"is none of the parts 1/{count} to {count}/{count}"
        raise InputError([Fault("--part", 0, f"{number}/{count}", said, remedy="count from 1")])
    unique = list({point.id: point for point in found}.values())
    ordered = [point for chain in chains(study, unique) for point in chain]
    first, beyond = len(ordered) * (number - 1) // count, len(ordered) * number // count
    if first == beyond:
        said = f"has no point: the study has {len(ordered)}"
        raise InputError([Fault("--part", 0, f"{number}/{count}", said, remedy="ask for fewer")])
    return ordered[first:beyond]


def merge(
    given: str | Path | Mapping[str, Any],
    out: str | Path,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
) -> StudyStatus:
    """Put the parts of a study together that were run below `out`; nothing is solved.

    What no part has stays open; `retry` runs it. Raises InputError, RunFolderError if there is no part.
    """
    asked, folder, _ = read_given(given, case)
    base = open_case(asked, folder, case)
    settler = Settler(asked, base)
    found = points(asked, settler, base.sha256, design(asked, folder), functions)
    out = Path(out)
    parts = sorted((out / PARTS).glob("*-of-*"))
    if not parts:
        raise RunFolderError(f"{out}: has no parts; run them with --part 1/2, --part 2/2, ..")
    prepare(out, asked, base, found, settler.base)
    names = {point.id for point in found}
    with RunJournal(out / JOURNAL) as journal:
        for kind in (POINT, COLD):
            known = {name for name, *_ in read_journal(out / JOURNAL, ENDED, kind)}
            for part in parts:
                for name, status, message, seconds, text in read_journal(
                    part / JOURNAL, ENTRIES, kind
                ):
                    if name in names and name not in known:
                        result = {"status": status, "message": message, "seconds": seconds}
                        journal.append(kind, name, json.loads(text), result)
                        known.add(name)
    return _put_together(out)


@dataclass(frozen=True)
class Work:
    """What is to be solved: the study, its case, its points, and outcomes of the user's own."""

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
    return _work(Path(out), work, team, tell, RETRIED)


def stored_case(out: Path) -> Case:
    """The case of a study as it was read, by the name that it had. Raises RunFolderError, InputError."""
    return replace(load(out / "inputs"), name=str(read_asked(out)["case"]))


def case_at(out: Path, point: str) -> tuple[Case, str]:
    """The case at a point of a study, called after it, and the name of the point; it is named by its row in the design
    or by how its name begins. Raises RunFolderError, InputError."""
    found = points_of(out)
    by_row = found[int(point)].id if point.isdecimal() and int(point) < len(found) else ""
    meant = [
        one
        for one in {one.id: one for one in found}.values()
        if one.id == by_row or one.id.startswith(point)
    ]
    meant = [one for one in meant if one.id == by_row] or meant
    if len(meant) != 1:
        told = "is no point of the study" if not meant else f"may be any of {len(meant)} points"
        raise InputError(
            [Fault(str(out), 0, point, told, remedy="name a row of results.parquet, or its point")]
        )
    case = case_of(Changer(stored_case(out)), meant[0].settings)
    return replace(case, name=f"{case.name}-{meant[0].id[:8]}"), meant[0].id


def reopen(out: Path) -> tuple[StudyFile, Case, list[Point]]:
    """What a study folder was asked. Raises RunFolderError."""
    asked = read_asked(out)
    case = stored_case(out)
    if asked["versions"] != versions():
        raise RunFolderError(
            f"{out}: was run with other versions; run the study file into a new folder"
        )
    return study_of(asked), case, points_of(out)


def _work(out: Path, work: Work, team: Team, tell: Tell, redone: Sequence[str] = ()) -> StudyStatus:
    """Solve what is missing, and again what ended with one of the statuses `redone`."""
    study, functions = work.study, work.functions
    digests = {name: digest_of(function) for name, function in functions.items()}
    rests = [read_asked(out)["inputs_sha256"], versions(), study.time_limit, digests]
    ground = hashlib.sha256(json.dumps(rests).encode()).hexdigest()[:16]
    with RunJournal(out / JOURNAL) as journal:
        queue = WorkQueue(study, work.points, ground, journal, redone)
        if not queue.finished:
            tell(queue.status)
            make = partial(Worker, work.case, study.time_limit, functions)
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
    checks = checks_of(out)
    write_whole(
        out / CHECKS,
        lambda path: checks.to_csv(path, index=False, lineterminator="\n", na_rep="nan"),
    )
    return status_of(out)


# ---- what is done, under way and left -------------------------------------------------------------------------------

TIMED_OUT = ("time_limit",)
RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""
AHEAD = 2
"""Points that a worker has been asked for, so that it need not wait for the next."""


@dataclass
class Chain:
    """Points that one worker solves one after the other. `state` is where the chain stands, under `key` in the journal;
    without a key it is not kept."""

    key: str
    kind: str
    points: deque[Point]
    state: ChainState | None = None


class WorkQueue:
    """What is left to do of a study: chains under way, and a new plan if there are points that nobody has planned.

    The journal gets each result before anything else happens.
    """

    def __init__(
        self,
        study: StudyFile,
        points: Sequence[Point],
        ground: str,
        journal: RunJournal,
        redone: Sequence[str],
    ) -> None:
        """ground: what results rest on; a plan and states of another ground are of no use. redone: statuses of points
        that are tried again."""
        self._journal, self._base_key = journal, f"{ground} {BASE}"
        path, known = journal.path, dict[str, Point]()
        for point in points:
            known.setdefault(point.id, point)  # equal rows are one point
        ended = {
            name: (status, spent)
            for name, status, _, spent in read_journal(path, ENDED, POINT)
            if name in known
        }
        cold = {name for name, *_ in read_journal(path, ENDED, COLD)} & known.keys()
        states = {key: ChainState(*json.loads(text)) for key, text in read_journal(path, STATES)}
        redo = [name for name in known if name in ended and ended[name][0] in redone]
        for name in redo:
            del ended[name]
        cold.difference_update(redo)
        left = {name: point for name, point in known.items() if name not in ended}
        planned = self._planned(study, ground, left, redo).items()
        cut = {key: deque(left[name] for name in names if name in left) for key, names in planned}
        self._chains = [
            Chain(key, POINT, chain, states.get(key)) for key, chain in cut.items() if chain
        ]
        self._total, self._base = len(known), states.get(self._base_key)
        self._checks = [
            known[name] for name in picked(known, study.check_share) if name not in cold
        ]
        self._statuses = {name: status for name, (status, _) in ended.items()}
        self._counts, self._seconds = (
            Counter(self._statuses.values()),
            sum(spent for _, spent in ended.values()),
        )
        self._checked, self._to_check = len(cold), len(cold) + len(self._checks)
        self._ready, self._out = deque[Chain](), dict[Hashable, Chain]()
        self._attempts = Counter[tuple[str, str]]()

    def _planned(
        self, study: StudyFile, ground: str, left: Mapping[str, Point], redo: Sequence[str]
    ) -> dict[str, list[str]]:
        """Chain -> points. A new plan stands for everything that is left; older chains are over."""
        plans = [(name, text) for name, *_, text in read_journal(self._journal.path, FOUND, PLAN)]
        planned: dict[str, list[str]] = (
            json.loads(plans[-1][1]) if plans and plans[-1][0].startswith(ground) else {}
        )
        if redo or left.keys() - {name for chain in planned.values() for name in chain}:
            name, cut = f"{ground} {len(plans)}", chains(study, list(left.values()))
            planned = {f"{name}.{k}": [point.id for point in chain] for k, chain in enumerate(cut)}
            self._journal.append(PLAN, name, planned, again=redo)
        return planned

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do before it is begun."""
        return not self._chains and not self._to_be_checked()

    @property
    def status(self) -> StudyStatus:
        """How far it is."""
        return StudyStatus(self._total, self._counts, self._checked, self._to_check, self._seconds)

    def work_off(self, workers: Workers, tell: Callable[[], None]) -> None:
        """Have workers, each of which keeps a `Worker`, do all. Raises StoppedError if none can be had."""
        for chains_of_step in (self._first, lambda: self._chains, self._to_be_checked):
            self._ready.extend(chains_of_step())
            while self._ready or self._out:
                for worker in workers.present:
                    if worker not in self._out and self._ready:
                        self._out[worker] = chain = self._ready.popleft()
                        chain.state = chain.state or self._base or START
                        for place in range(AHEAD):
                            self._ask(workers, worker, place)
                for said in workers.wait():
                    if said.lost:
                        self._lose(said.worker, said.lost)
                    else:
                        self._record(said.worker, *said.taken())
                        self._ask(workers, said.worker, AHEAD - 1)
                tell()

    def _first(self) -> Sequence[Chain]:
        wanted = self._base is None and self._chains
        return [Chain(self._base_key, BASE, deque([Point(BASE, [])]))] if wanted else []

    def _to_be_checked(self) -> Sequence[Chain]:
        checkable = [point for point in self._checks if self._statuses.get(point.id) == OPTIMAL]
        return [Chain("", COLD, deque([point])) for point in checkable]

    def _ask(self, workers: Workers, worker: Hashable, place: int) -> None:
        """Have a worker solve the point at a place of what is left of its chain, if there is one."""
        chain = self._out.get(worker)
        if chain and place < len(chain.points):
            state = None if place else chain.state  # a worker knows where it left off
            workers.ask(worker, "solve", state, chain.points[place].settings, chain.kind == COLD)

    def _record(self, worker: Hashable, result: PointResult, state: ChainState) -> None:
        chain = self._out[worker]
        point = chain.points.popleft()
        found = {"values": result.values, "plan": result.plan}
        self._journal.append(
            chain.kind, point.id, found, vars(result), chain=chain.key, state=state
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
        if chain := self._out.get(worker):
            key = chain.kind, chain.points[0].id
            self._attempts[key] += 1
            if self._attempts[key] == ATTEMPTS:
                crashed = PointResult(CRASHED, f"the worker died {ATTEMPTS} times: {why}")
                self._record(worker, crashed, chain.state or START)
        if left := self._out.pop(worker, None):
            self._ready.appendleft(left)


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: -int(-len(ordered) * share // 1)] if share > 0 else []


CHECKED = ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd")
"""Outcomes that every way to the optimum must agree on; which of several equally good plans is found may differ."""


def status_of(out: Path) -> StudyStatus:
    """How far a study is; while it runs, too."""
    names = {point.id for point in points_of(out)}
    ended = sorted(
        entry for entry in read_journal(out / JOURNAL, ENDED, POINT) if entry[0] in names
    )
    cold = {name for name, *_ in read_journal(out / JOURNAL, ENDED, COLD)} & names
    to_check = len(picked(names, study_of(read_asked(out)).check_share))
    counts, seconds = (
        Counter(status for _, status, _, _ in ended),
        sum(seconds for *_, seconds in ended),
    )
    bad = tuple((name, status, told) for name, status, told, _ in ended if status != OPTIMAL)
    return StudyStatus(
        len(names), counts, len(cold), to_check, seconds, out, bad, agreement_of(out)
    )


def checks_of(out: Path) -> pd.DataFrame:
    """The points that were solved twice: point, outcome, warm, cold, relative_difference."""
    names = {point.id for point in points_of(out)}
    cold = {
        name: json.loads(text)["values"]
        for name, *_, text in read_journal(out / JOURNAL, FOUND, COLD)
    }
    warm = {
        n: json.loads(text)["values"]
        for n, *_, text in read_journal(out / JOURNAL, FOUND, POINT)
        if n in cold
    }
    rows = []
    for name in sorted(cold.keys() & warm.keys() & names):
        for key in CHECKED:
            one, two = warm[name].get(key, math.nan), cold[name].get(key, math.nan)
            if not (math.isnan(one) and math.isnan(two)):
                gap = abs(one - two) / (1.0 + abs(two))
                rows.append((name, key, one, two, math.inf if math.isnan(gap) else gap))
    return pd.DataFrame(rows, columns=["point", "outcome", "warm", "cold", "relative_difference"])


def agreement_of(out: Path) -> Agreement:
    """How many points were solved twice, and how well the two results agree."""
    rows = checks_of(out)
    return Agreement(
        rows["point"].nunique(), float(rows["relative_difference"].max()) if len(rows) else 0.0
    )
