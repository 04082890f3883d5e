"""Points: rows of the design as questions about the case, named by their content and ordered into chains.

Order alone is worth a factor of five: what a warm solve costs is the length of the path through the space,
not the number of points on it. Chains are the same however many workers run them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.change import MODEL, Change, InputValue, OpenChange
from planner.data.changed_case import Changer
from planner.data.checks import check_all
from planner.errors import Fault, InputError, did_you_mean
from planner.results.study import MEANINGS
from planner.solving.engine import Question
from planner.solving.highs import versions
from planner.solving.program_update import READS
from planner.studies.outcomes import outcome_names
from planner.studies.study_file import StudyFile, StudyLever, Uncertainty, Value, named_outcomes

CONTINUOUS = ("lhs", "sobol")
"""Designs that take values from all over a range."""
WITHIN = 0.381966
"""Where in a range a value between its ends is tried: of a range of whole numbers this is none."""
MOST_LISTED = 10
"""Width of a range up to which a remedy lists its whole numbers."""
SHORTEST, LONGEST = 4, 50
"""Points in a chain, at least and at most."""
BLOCK = 4000
"""Points among which the nearest is looked for."""
FAR = 1000.0
"""Weight of what alters the structure of the program: it is changed as rarely as possible."""

DesignRow = tuple[Value | None, ...]


@dataclass(frozen=True)
class Point:
    """A row of the design: what is changed there, the name that this content has, and its cells."""

    id: str
    question: Question
    row: DesignRow = ()


def check_study(study: StudyFile, case: Case) -> None:
    """Raise InputError if the study does not fit its case: its addresses, the ends of its ranges, its outcomes."""
    faults: list[Fault] = []
    changer = Changer(case)
    for number, uncertainty in enumerate(study.uncertainties):
        faults += _faults_of(study, number, uncertainty, changer)
    for number, lever in enumerate(study.levers):
        faults += _lever_faults(study, number, lever, changer)
    faults += _outcome_faults(study, case)
    if faults:
        raise InputError(faults)


def _lever_faults(
    study: StudyFile, number: int, lever: StudyLever, changer: Changer
) -> Iterator[Fault]:
    """Faults of the options of a lever with which the case cannot be changed."""
    for place, option in enumerate(lever.options):
        what = f'lever "{lever.name}", {option.label}'
        for fault in _refused(changer, option.settings):
            loc: list[str | int] = ["levers", number, "options", place, "changes"]
            named = [key for key in option.changes if fault.column and fault.column in key]
            if named:
                loc += named[0].split(".")
            yield _named(study, fault, loc, what)


def _faults_of(
    study: StudyFile, number: int, uncertainty: Uncertainty, changer: Changer
) -> Iterator[Fault]:
    """Faults of an uncertainty: an address that means nothing, or values that the case cannot have."""
    what = f'uncertainty "{uncertainty.name}"'
    place = ("uncertainties", number, "change")
    for one in uncertainty.changes:
        try:
            if one.change.table != MODEL:
                changer.positions(one.change)
            if one.neutral is not None:
                changer.apply([one.at(one.neutral)])
        except InputError as error:
            for fault in error.faults:
                yield _named(study, fault, place, what)
            return
    key = "range" if uncertainty.values is None else "values"
    for value in getattr(uncertainty, key) or ():
        refused = _refused(changer, [one.at(value) for one in uncertainty.changes])
        for fault in refused:
            yield _named(study, fault, ("uncertainties", number, key), f"{what} at {value}")
        if refused:
            return
    if uncertainty.range is not None and study.design.kind in CONTINUOUS:
        low, high = uncertainty.range
        yield from _faults_between(low, high, study, number, uncertainty, changer)


def _faults_between(
    low: float,
    high: float,
    study: StudyFile,
    number: int,
    uncertainty: Uncertainty,
    changer: Changer,
) -> Iterator[Fault]:
    """Why the case cannot have a value between the ends of a range, as a column of whole numbers cannot."""
    value = low + WITHIN * (high - low)
    remedy = "list the values that may be in `values`, in place of `range`"
    if high - low <= MOST_LISTED:
        remedy += f", such as {list(range(math.ceil(low), math.floor(high) + 1))}"
    what = f'uncertainty "{uncertainty.name}" at {value:g}'
    for fault in _refused(changer, [one.at(value) for one in uncertainty.changes])[:1]:
        named = replace(fault, remedy=remedy)
        yield _named(study, named, ("uncertainties", number, "range"), what)


def _refused(changer: Changer, changes: Sequence[Change]) -> list[Fault]:
    """Faults of the case with these changes; none where it can be changed so."""
    try:
        case = changer.apply(changes, make_room=True)
    except InputError as error:
        return list(error.faults)
    return check_all(case.lookups)


def _named(study: StudyFile, fault: Fault, loc: Sequence[str | int], what: str) -> Fault:
    message, sign, more = fault.message.partition("; ")
    told = f"{fault.column}: {message}" if fault.column else message
    remedy = f"{more}; {fault.remedy}" if sign else fault.remedy
    return study.fault(loc, told, "study-name", remedy=remedy, column=what)


def _outcome_faults(study: StudyFile, case: Case) -> Iterator[Fault]:
    """Faults of outcomes, and of the one that fails, that no point of the case can have."""
    known = outcome_names(case)
    example = f"a group is named with a member, as in {known[-1]}"
    remedy = f"known are {', '.join(MEANINGS)}; {example}"
    for outcome in named_outcomes(study):
        if outcome not in known:
            said = f'unknown outcome "{outcome}"{did_you_mean(outcome, known)}'
            key = "outcomes" if outcome in study.outcomes else "fails_when"
            yield study.fault((key,), said, "study-name", remedy=remedy)


class Settler:
    """Turns rows of a design, or values by name, into what is changed in one case."""

    def __init__(self, study: StudyFile, case: Case) -> None:
        changer = Changer(case)
        self._options: list[dict[str, list[Change]]] = []
        for lever in study.levers:
            self._options.append({option.label: option.settings for option in lever.options})
        self._changes: list[list[tuple[OpenChange, InputValue]]] = []
        self.base: dict[str, Value | None] = {}
        """Uncertainty -> the value that stands for the case as it is; None where its cells differ."""
        for uncertainty in study.uncertainties:
            pairs = [(one, base_of(one, changer)) for one in uncertainty.changes]
            self._changes.append(pairs)
            _, neutral = pairs[0]
            self.base[uncertainty.name] = neutral if uncertainty.base is None else uncertainty.base

    def changes(self, row: DesignRow) -> list[Change]:
        """The changes of a row of the design: those of uncertainties, then of the options of levers."""
        found: list[Change] = []
        labels = row[len(self._changes) :]
        for options, label in zip(self._options, labels, strict=True):
            found += options[str(label)]
        for pairs, value in zip(self._changes, row, strict=False):
            for change, neutral in pairs:
                if value is not None and not _same(value, neutral):
                    found.append(change.at(value))
        return found


def base_of(open_change: OpenChange, changer: Changer) -> InputValue:
    """The value that leaves the case as it is; None where its cells differ."""
    if open_change.neutral is not None:
        return open_change.neutral
    change, case = open_change.change, changer.case
    if change.table == MODEL:
        found = case.model.flat().get(change.column)
    else:
        rows = case.lookups.rows(change.table)
        cells = {getattr(rows[place], change.column) for place in changer.positions(change)}
        found = cells.pop() if len(cells) == 1 else None
    return list(found) if isinstance(found, tuple) else found


def _same(value: Value, neutral: InputValue) -> bool:
    """A value leaves a cell as it is."""
    return neutral is not None and type(neutral) is not bool and bool(value == neutral)


def points(settler: Settler, *, sha256: str, rows: Sequence[DesignRow]) -> list[Point]:
    """The point of every row of the design; equal rows are one point. sha256: of the case."""
    ground = f"{sha256} {json.dumps(versions(), sort_keys=True)}"
    found: list[Point] = []
    for row in rows:
        question = Question.of(*settler.changes(row))
        content = f"{ground} {json.dumps(question.changes)}"
        name = hashlib.sha256(content.encode()).hexdigest()[:20]
        found.append(Point(name, question, row))
    return found


def chains(study: StudyFile, wanted: Sequence[Point]) -> list[list[Point]]:
    """Points of the design in the order in which they are solved, cut into chains.

    The same points give the same chains, whatever the number of workers.
    """
    if not wanted:
        return []
    length = min(LONGEST, max(SHORTEST, -(-len(wanted) // 16)))
    found: list[list[Point]] = []
    for group in _groups(study, wanted):
        ordered = [group[place] for place in _path(_coordinates(study, group))]
        found += _cut(ordered, length)
    return found


def _cut(points: Sequence[Point], length: int) -> list[list[Point]]:
    """Points in pieces of a length; the last may be shorter."""
    return [list(points[first : first + length]) for first in range(0, len(points), length)]


def _groups(study: StudyFile, wanted: Sequence[Point]) -> list[list[Point]]:
    """Points that are ordered together: some blocks of a sample whose members belong together, so that a study that is
    stopped leaves whole ones; else all."""
    block = block_size(study)
    if block == 1:
        return [list(wanted)]
    return _cut(wanted, block * max(1, 4 * LONGEST // block))


def block_size(study: StudyFile) -> int:
    """Rows of the design whose members belong together; 1 in a sample without blocks."""
    return len(study.uncertainties) + 2 if study.design.kind == "sobol" else 1


def _coordinates(study: StudyFile, wanted: Sequence[Point]) -> NDArray[np.float64]:
    """Coordinates (points x what is varied): points that differ in the structure of the program are far apart."""
    weights: list[float] = []
    for uncertainty in study.uncertainties:
        read = {(one.change.table, one.change.column) for one in uncertainty.changes}
        weights.append(1.0 if read <= set(READS) else FAR)
    weights += [FAR] * len(study.levers)
    at = np.zeros((len(wanted), max(1, len(weights))))
    for axis, weight in enumerate(weights):
        column = _as_numbers(pd.Series([point.row[axis] for point in wanted], dtype=object))
        span = float(np.ptp(column)) or 1.0
        at[:, axis] = (column - column.min()) / span * weight
    return at


def _as_numbers(cells: pd.Series[Any]) -> NDArray[np.float64]:
    """Cells as numbers, a blank as their median; texts by the order in which they appear."""
    given = cells.dropna()
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in given):
        middle = float(np.median(given.to_numpy(dtype=float))) if len(given) else 0.0
        return cells.where(cells.notna(), middle).to_numpy(dtype=float)
    places, _ = pd.factorize(cells.map(str))
    return places.astype(float)


def _path(at: NDArray[np.float64]) -> list[int]:
    """A short way through all points; in blocks where there are many, as looking around costs their square."""
    by_first = np.lexsort(at.T[::-1])
    path: list[int] = []
    for start in range(0, len(at), BLOCK):
        path += _way(at, by_first[start : start + BLOCK])
    return path


def _way(at: NDArray[np.float64], left: NDArray[np.int64]) -> list[int]:
    """From a corner, always on to the nearest point left."""
    distance = at[left].sum(axis=1)
    path: list[int] = []
    while len(left):
        here = int(left[np.argmin(distance)])
        path.append(here)
        left = left[left != here]
        distance = np.abs(at[left] - at[here]).sum(axis=1)
    return path
