"""Run a study: read it, lay out its folder, do what is missing, put the results together; and how far it is.

First the case as it is, from whose optimum every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its chain, which another tries again. The third time each of its points is
tried by itself, and the one that three workers die of is written down as crashed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.data.load import load
from planner.data.program_size import refuse_if_too_large
from planner.errors import Fault, InputError, RunFolderError, WorkerLostError
from planner.parallel import Call, KeptObject, Workers, answers
from planner.results.folders import write_whole
from planner.results.study import OPTIMAL, Agreement, StudyStatus
from planner.solving.highs import versions
from planner.studies.design import design
from planner.studies.outcomes import Measures, OwnOutcome
from planner.studies.points import Point, Settler, case_of, chains, check_study, points
from planner.studies.store import (
    BASE,
    CHECKS,
    COLD,
    ENDED,
    FOUND,
    JOURNAL,
    PLANS,
    POINT,
    RESULTS,
    STUDY,
    Entry,
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
from planner.studies.worker import CRASHED, PackedBases, PointResult, Worker

Tell = Callable[[StudyStatus], None]


def untold(_: StudyStatus) -> None:
    """Say nothing."""


def run_points(
    given: str | Path | Mapping[str, Any],
    out: str | Path,
    workers: Workers | None = None,
    tell: Tell = untold,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
    force: bool = False,
) -> StudyStatus:
    """Run a study into a folder; what the folder holds already is not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    workers: who works on it; this process if left out. tell: called with how far it is. case: in place of the one that the
    study names. functions: outcomes of the user's own, by name. force: replace inputs of a former study that somebody
    changed. Raises InputError, RunFolderError, StoppedError. A study that was killed goes on with the same call.
    """
    work, settler = _laid_out(given, case, functions)
    out = Path(out)
    redone = TIMED_OUT if _has_more_time(out, work.study) else ()
    reused, others = prepare(
        out, work.study, work.case, points=work.points, base=settler.base, force=force
    )
    status = _work(out, work, workers=workers, tell=tell, redone=redone)
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
    workers: Workers | None = None,
    tell: Tell = untold,
    *,
    functions: Mapping[str, OwnOutcome] | None = None,
) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing."""
    study, case, found = reopen(Path(out))
    work = Work(study, case, found, functions or {})
    return _work(Path(out), work, workers=workers, tell=tell, redone=RETRIED)


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
    out: Path, work: Work, *, workers: Workers | None, tell: Tell, redone: Sequence[str] = ()
) -> StudyStatus:
    """Solve what is missing, and again what ended with one of the statuses `redone`."""
    with RunJournal(out / JOURNAL) as journal:
        left = WorkLeft(work, journal, redone)
        if not left.finished:
            tell(left.status)
            left.work_off(workers, tell)
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


# ---- what is done and left ------------------------------------------------------------------------------------------

TIMED_OUT = ("time_limit",)
RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


class WorkLeft:
    """The work that is left of a study, and how far it is. The journal gets each result before anything else happens.

    Chains are those of all points of the study, without the points that have a result. The results of a chain come into
    the journal together: what is left of it after a kill is what was left before, and ends in the same figures.
    """

    def __init__(self, work: Work, journal: RunJournal, redone: Sequence[str]) -> None:
        """redone: statuses of points that are tried again."""
        self._work, self._journal = work, journal
        points: dict[str, Point] = {}
        for point in work.points:
            points.setdefault(point.id, point)  # equal rows are one point
        self._statuses: dict[str, str] = {}
        self._seconds = 0.0
        again: list[str] = []
        for name, status, _, spent in read_journal(journal.path, ENDED, POINT):
            if name in points and status in redone:
                again.append(name)
            elif name in points:
                self._statuses[name] = status
                self._seconds += spent
        journal.set_aside(again)
        self._chains: list[list[Point]] = []
        if len(self._statuses) < len(points):
            for chain in chains(work.study, list(points.values())):
                left = [point for point in chain if point.id not in self._statuses]
                self._chains += [left] if left else []
        self._checked = names_ended(journal.path, COLD) & points.keys()
        self._to_check = [points[name] for name in picked(points, work.study.check_share)]
        self._total = len(points)
        self._counts = Counter(self._statuses.values())

    @property
    def finished(self) -> bool:
        """Nothing is left to do before it is begun."""
        return not self._chains and not self._checks()

    @property
    def status(self) -> StudyStatus:
        """The progress of the study so far."""
        return StudyStatus(
            total=self._total,
            statuses=self._counts,
            checked=len(self._checked),
            to_check=len(self._to_check),
            seconds=self._seconds,
        )

    def work_off(self, workers: Workers | None, tell: Tell) -> None:
        """Solve the base, then the chains of points, then the points that are checked.

        tell: called whenever some points are done. Raises StoppedError if no worker can be had any more.
        """
        make = partial(Worker, self._work.case, self._work.study.time_limit, self._work.functions)
        worker = KeptObject(make, workers)
        if self._chains:
            bases = self._bases(worker, workers)
            solve = partial(self._solve, POINT, bases, worker=worker, workers=workers, tell=tell)
            lost = solve(self._chains)
            # One of them may have been its death: each is tried by itself.
            solve([[point] for chain in lost for point in chain])
        self._solve(COLD, None, self._checks(), worker=worker, workers=workers, tell=tell)

    def _checks(self) -> list[list[Point]]:
        """The optimal points that are to be solved again from nothing, each by itself."""
        found: list[list[Point]] = []
        for point in self._to_check:
            if point.id not in self._checked and self._statuses.get(point.id) == OPTIMAL:
                found.append([point])
        return found

    def _bases(self, worker: KeptObject, workers: Workers | None) -> PackedBases:
        """The bases from which every chain begins: those that the journal has, else those of the base solved now."""
        ground = hashlib.sha256(f"{self._work.case.sha256} {versions()}".encode()).hexdigest()
        for name, _, _, found in read_journal(self._journal.path, FOUND, BASE):
            if name == ground:
                kept: PackedBases = json.loads(found)
                return kept
        ((_, answer),) = answers(workers, {BASE: Call(worker, "base", ())})
        bases: PackedBases = answer.result()
        self._journal.append(BASE, [Entry(ground, bases)])
        return bases

    def _solve(
        self,
        kind: str,
        bases: PackedBases | None,
        chains: Sequence[Sequence[Point]],
        *,
        worker: KeptObject,
        workers: Workers | None,
        tell: Tell,
    ) -> list[Sequence[Point]]:
        """Have workers solve chains, and keep the results. Returns those of several points of which workers died; a
        point that was by itself then has crashed."""
        calls: dict[int, Call] = {}
        for number, chain in enumerate(chains):
            settings = [point.settings for point in chain]
            calls[number] = Call(worker, "solve", (bases, settings))
        lost: list[Sequence[Point]] = []
        for number, answer in answers(workers, calls):
            chain = chains[number]
            error = answer.exception()
            if isinstance(error, WorkerLostError):
                if len(chain) > 1:
                    lost.append(chain)
                    continue
                results = [PointResult(CRASHED, str(error))]
            else:
                results = answer.result()
            self._record(kind, chain, results)
            tell(self.status)
        return lost

    def _record(self, kind: str, chain: Sequence[Point], results: Sequence[PointResult]) -> None:
        """Keep results: in the journal first."""
        entries: list[Entry] = []
        for point, result in zip(chain, results, strict=True):
            found = {"values": result.values, "plan": result.plan}
            entries.append(Entry(point.id, found, result.status, result.message, result.seconds))
        self._journal.append(kind, entries)
        for point, result in zip(chain, results, strict=True):
            if kind == COLD:
                self._checked.add(point.id)
            else:
                self._statuses[point.id] = result.status
                self._counts[result.status] += 1
                self._seconds += result.seconds


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
