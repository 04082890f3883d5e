"""Run a study: read it, lay out its folder, do what is missing, put the results together; and how far it is.

First the case as it is, from whose optimum every chain starts; then the chains, which the engine answers in this process
or in workers, and what it answers comes into the journal.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.data.load import checked_case
from planner.errors import Fault, InputError
from planner.parallel import Workers
from planner.results.journal import JOURNAL, Entry, Journal, read_entries
from planner.results.study import OPTIMAL, RESULTS, StudyStatus
from planner.solving.engine import Answer, Engine, PackedBases
from planner.solving.highs import versions
from planner.solving.program_size import refuse_if_too_large
from planner.studies.design import design, refuse_too_many
from planner.studies.kept_tables import write_table
from planner.studies.outcomes import PointMeasures, point_figures
from planner.studies.points import Point, Settler, chains, check_study, points
from planner.studies.store import BASE, POINT, points_of, prepare, read_asked, read_results
from planner.studies.study_file import StudyFile, build_study, read_study

Tell = Callable[[StudyStatus], None]
TRIED_AGAIN = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


def untold(_: StudyStatus) -> None:
    """Say nothing."""


def run_points(
    given: str | Path | Mapping[str, Any],
    out: str | Path,
    workers: Workers | None = None,
    tell: Tell = untold,
    *,
    case: Case | None = None,
    force: bool = False,
) -> StudyStatus:
    """Run a study into a folder; points that have an answer there are not run again.

    given: a study file, or its content as a mapping, whose paths are then seen from the working directory.
    workers: who works on it; this process if left out. tell: called with how far it is. case: in place of the one that the
    study names. force: replace inputs of a former study that somebody changed. A study that was killed goes on with the same
    call. Raises InputError, RunFolderError, StoppedError.
    """
    study, folder, _ = read_given(given, case)
    refuse_too_many(study)
    base = open_case(study, folder, case)
    check_study(study, base)
    settler = Settler(study, base)
    rows = design(study, folder)
    found = points(settler, sha256=base.sha256, rows=rows)
    out = Path(out)
    prepare(out, study, base, points=found, base=settler.base, force=force)
    with Journal(out / JOURNAL) as journal:
        left = WorkLeft(study, base, found, journal)
        left.work_off(workers, tell)
    write_table(out / RESULTS, read_results(out))
    return replace(left.status, folder=out)


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
        found = case.changed(study.set)
    else:
        model = (folder / study.model) if study.model else None
        found = checked_case(folder / study.case, model, dict(study.set))
    refuse_if_too_large(found)
    return found


def stored_case(out: Path) -> Case:
    """The case of a study as it was read, by the name that it had. Raises RunFolderError, InputError."""
    return replace(checked_case(out / "inputs"), name=str(read_asked(out)["case"]))


def case_at(out: Path, point: str) -> Case:
    """The case at a point of a study, called after it; the point is named by its row in the design or by how its name
    begins. Raises RunFolderError, InputError."""
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
    case = chosen.question.on(Changer(stored_case(out)))
    return replace(case, name=f"{case.name}-{chosen.id[:8]}")


# ---- what is done and left ------------------------------------------------------------------------------------------


class WorkLeft:
    """The work that is left of a study, and how far it is. The journal gets each result before anything else happens.

    Chains are those of all points of the study, without the points that have a result. The results of a chain come into
    the journal together: what is left of it after a kill is what was left before, and ends in the same figures.
    """

    def __init__(
        self, study: StudyFile, case: Case, points: Sequence[Point], journal: Journal
    ) -> None:
        self._study, self._case, self._journal = study, case, journal
        unique = {point.id: point for point in points}  # equal rows are one point
        known = [one for one in _entries(journal.path) if one.name in unique]
        again = [one.name for one in known if one.status in TRIED_AGAIN]
        journal.withdraw(POINT, again)
        ended = {one.name: one for one in known if one.status not in TRIED_AGAIN}
        self.status = _status(StudyStatus(len(unique), Counter()), ended.values())
        self._chains: list[list[Point]] = []
        if self.status.done < self.status.total:
            for chain in chains(study, list(unique.values())):
                left = [point for point in chain if point.id not in ended]
                self._chains += [left] if left else []

    def work_off(self, workers: Workers | None, tell: Tell) -> None:
        """Solve the base, then the chains of points.

        tell: called whenever some points are done. Raises StoppedError if no worker can be had any more.
        """
        if not self._chains:
            return
        tell(self.status)
        engine = Engine(self._case, self._study.time_limit, workers=workers)
        chains = [[point.question for point in chain] for chain in self._chains]
        begins = [self._bases(engine)] * len(chains)
        for number, found in engine.answered(chains, point_figures, begins=begins):
            self._record(self._chains[number], found)
            tell(self.status)

    def _bases(self, engine: Engine) -> PackedBases:
        """The bases from which every chain begins: those that the journal has, else those of the base solved now."""
        ground = hashlib.sha256(f"{self._case.sha256} {versions()}".encode()).hexdigest()
        for entry in read_entries(self._journal.path, BASE):
            if entry.name == ground:
                kept: PackedBases = entry.answer
                return kept
        self._journal.append(BASE, [Entry(ground, engine.bases)])
        return engine.bases

    def _record(self, chain: Sequence[Point], found: Sequence[Answer[PointMeasures]]) -> None:
        """Keep the answers of a chain: in the journal first."""
        entries: list[Entry] = []
        for point, answer in zip(chain, found, strict=True):
            told = (answer.status, answer.message, answer.seconds)
            entries.append(Entry(point.id, {"values": answer.value or {}}, *told))
        self._journal.append(POINT, entries)
        self.status = _status(self.status, entries)


def status_of(out: Path) -> StudyStatus:
    """The progress of a study, finished or running."""
    names = {point.id for point in points_of(out)}
    ended = [entry for entry in _entries(out / JOURNAL) if entry.name in names]
    return _status(StudyStatus(len(names), Counter(), folder=out), ended)


def _entries(journal: Path) -> Iterator[Entry]:
    """How points ended, without their answers."""
    return read_entries(journal, POINT, answers=False)


def _status(before: StudyStatus, ended: Collection[Entry]) -> StudyStatus:
    """The progress of a study once more points have a result."""
    bad = [(one.name, str(one.status), str(one.message)) for one in ended if one.status != OPTIMAL]
    return replace(
        before,
        statuses=before.statuses + Counter(str(one.status) for one in ended),
        seconds=before.seconds + sum(one.seconds or 0.0 for one in ended),
        bad=tuple(sorted((*before.bad, *bad))),
    )
