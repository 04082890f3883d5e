"""Points: rows of the design as changes of the case, named by their content and ordered into chains.

Order alone is worth a factor of five: what a warm solve costs is the length of the path through the space,
not the number of points on it. Chains are the same however many workers run them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.errors import Fault, InputError, did_you_mean
from planner.results.study import MEANINGS
from planner.solving.case_changes import READS
from planner.solving.highs import versions
from planner.studies.changes import Settings, address_faults, current, settings_json
from planner.studies.file import Address, StudyFile, Value, named_outcomes
from planner.studies.measure import outcome_names
from planner.studies.worker import Plain

NEUTRAL = {"scale": 1.0, "add": 0.0, "grow": 0.0}
SHORTEST, LONGEST = 4, 50
"""Points in a chain, at least and at most."""
BLOCK = 4000
"""Points among which the nearest is looked for."""
FAR = 1000.0
"""Weight of what alters the structure of the program: it is changed as rarely as possible."""


DesignRow = tuple[Value | None, ...]


@dataclass(frozen=True)
class DesignTable:
    """Names of the factors (uncertainties, then levers) and the rows of the design, in order."""

    uncertainties: tuple[str, ...]
    levers: tuple[str, ...]
    rows: tuple[DesignRow, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of all columns."""
        return self.uncertainties + self.levers


@dataclass(frozen=True)
class Point:
    """What is changed, in plain values, and the name that this content has."""

    id: str
    settings: Plain


def check_study(study: StudyFile, case: Case, place: str) -> None:
    """Raise InputError if the study does not fit its case."""
    faults: list[Fault] = []
    for u in study.uncertainties:
        for address in (u, *u.also):
            faults += _named(address_faults(case, address, place), f'uncertainty "{u.name}"')
    for lever in study.levers:
        for option in lever.options:
            for change in option.changes:
                faults += _named(address_faults(case, change, place), f'lever "{lever.name}", {option.label}')
    known = outcome_names(case)
    remedy = f"known are {', '.join(MEANINGS)}; a group is named with a member, as in {known[-1]}"
    for outcome in named_outcomes(study):
        if outcome not in known:
            told = f'unknown outcome "{outcome}"{did_you_mean(outcome, known)}'
            faults.append(
                Fault(place, 0, "outcomes" if outcome in study.outcomes else "fails_when", told, remedy=remedy)
            )
    if faults:
        raise InputError(faults)


def _named(faults: list[Fault], what: str) -> list[Fault]:
    return [Fault(f.place, f.line, f"{what}: {f.column}", f.message) for f in faults]


def points(study: StudyFile, case: Case, table: DesignTable) -> list[Point]:
    """The point of every row of the design; equal rows are one point."""
    options = {lever.name: {o.label: o.changes for o in lever.options} for lever in study.levers}
    ground = f"{case.sha256} {json.dumps(versions(), sort_keys=True)}"
    now = {address_key(a): current(case, a) for u in study.uncertainties for a in (u, *u.also)}
    found = []
    for row in table.rows:
        settings: list[tuple[Address, Value]] = []
        for name, label in zip(table.levers, row[len(table.uncertainties) :], strict=True):
            settings += [(change, change.value) for change in options[name][str(label)]]
        for u, value in zip(study.uncertainties, row, strict=False):
            if value is not None:
                settings += [(a, value) for a in (u, *u.also) if not _nothing(a, value, now)]
        found.append(_point(ground, tuple(settings)))
    return found


def address_key(address: Address) -> str:
    """An address as text."""
    return address.model_dump_json(include=set(Address.model_fields))


def _nothing(address: Address, value: Value, now: dict[str, Value | None]) -> bool:
    """Whether a setting leaves the case as it is."""
    neutral = NEUTRAL.get(address.change, now[address_key(address)])
    return neutral is not None and type(neutral) is not bool and value == neutral


def _point(ground: str, settings: Settings) -> Point:
    plain = settings_json(settings)
    return Point(hashlib.sha256(f"{ground} {json.dumps(plain, sort_keys=True)}".encode()).hexdigest()[:20], plain)


def chains(study: StudyFile, table: DesignTable, wanted: Sequence[int]) -> list[list[int]]:
    """Rows of the design in the order in which they are solved, cut into chains.

    The same rows give the same chains, whatever the number of workers.
    """
    if not wanted:
        return []
    order = _path(_coordinates(study, table, wanted))
    length = min(LONGEST, max(SHORTEST, -(-len(wanted) // 16)))
    ordered = [wanted[i] for i in order]
    return [ordered[i : i + length] for i in range(0, len(ordered), length)]


def _coordinates(study: StudyFile, table: DesignTable, wanted: Sequence[int]) -> NDArray[np.float64]:
    structural = [any(not _figure(a) for a in (u, *u.also)) for u in study.uncertainties] + [True] * len(table.levers)
    columns = []
    for i in range(len(table.factors)):
        values = [table.rows[row][i] for row in wanted]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) + values.count(None) == len(values):
            middle = float(np.median(numbers)) if numbers else 0.0
            column = np.array([middle if v is None else float(str(v)) for v in values])
        else:
            kinds = list(dict.fromkeys(map(str, values)))
            column = np.array([float(kinds.index(str(v))) for v in values])
        span = float(np.ptp(column)) or 1.0
        columns.append((column - column.min()) / span * (FAR if structural[i] else 1.0))
    return np.column_stack(columns) if columns else np.zeros((len(wanted), 1))


def _figure(address: Address) -> bool:
    return (("model", address.key) if address.key else (address.table, address.column)) in READS


def _path(at: NDArray[np.float64]) -> list[int]:
    """A short way through all points; in blocks where there are many, as looking around costs their square."""
    by_first = np.lexsort(at.T[::-1])
    return [i for start in range(0, len(at), BLOCK) for i in _way(at, by_first[start : start + BLOCK])]


def _way(at: NDArray[np.float64], left: NDArray[np.int64]) -> list[int]:
    """From a corner, always on to the nearest point left."""
    here = int(left[int(np.argmin(at[left].sum(axis=1)))])
    path: list[int] = []
    while True:
        path.append(here)
        left = left[left != here]
        if not len(left):
            return path
        distance = np.abs(at[left] - at[here]).sum(axis=1)
        here = int(left[int(np.argmin(distance))])
