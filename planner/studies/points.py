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
from planner.studies.changes import Settings, address_faults, current, key_faults, settings_json
from planner.studies.expressions import Formula
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
    for i, u in enumerate(study.uncertainties):
        for j, address in enumerate((u, *u.also)):
            told = address_faults(case, address, place)
            told += [fault for value in u.values or () for fault in key_faults(case, address, value, place)]
            loc = ("uncertainties", i, *(("also", j - 1) if j else ()))
            faults += _named(study, told, loc, f'uncertainty "{u.name}"')
    for i, lever in enumerate(study.levers):
        for j, option in enumerate(lever.options):
            for k, change in enumerate(option.changes):
                told = address_faults(case, change, place) or key_faults(case, change, change.value, place)
                loc = ("levers", i, "options", j, "changes", k)
                faults += _named(study, told, loc, f'lever "{lever.name}", {option.label}')
    known = outcome_names(case)
    example = known[-1]
    for name, text in study.expressions.items():
        if name in known or not name.isidentifier():
            said = "is the name of another outcome" if name in known else "is no plain name: letters, digits and _"
            faults.append(study.fault(("expressions", name), f"{said}; rename it"))
        try:
            Formula(text, known).tables  # noqa: B018  looks all names up
        except ValueError as error:
            faults.append(study.fault(("expressions", name), str(error)))
        known.append(name)
    remedy = f"known are {', '.join([*study.expressions, *MEANINGS])}; a group is named with a member, as in {example}"
    for outcome in named_outcomes(study):
        if outcome not in known:
            said = f'unknown outcome "{outcome}"{did_you_mean(outcome, known)}'
            key = "outcomes" if outcome in study.outcomes else "fails_when"
            faults.append(study.fault((key,), said, "study-name", remedy))
    if faults:
        raise InputError(faults)


def _named(study: StudyFile, faults: list[Fault], loc: tuple[str | int, ...], what: str) -> list[Fault]:
    value = "value" if loc[0] == "levers" else "values"  # which is wrong where a key of the model file is named
    return [
        study.fault(
            (*loc, f.column if f.column in Address.model_fields else value),
            f.message,
            f.rule or "study-name",
            f.remedy,
            f"{what}: {f.column}",
        )
        for f in faults
    ]


class Settler:
    """Turns rows of a design, or values by name, into what is changed in one case."""

    def __init__(self, study: StudyFile, case: Case) -> None:
        self._options = [{o.label: o.changes for o in lever.options} for lever in study.levers]
        self._addresses = [
            [(a, NEUTRAL.get(a.change, current(case, a))) for a in (u, *u.also)] for u in study.uncertainties
        ]
        self.base = {
            u.name: u.base if u.base is not None else of[0][1]
            for u, of in zip(study.uncertainties, self._addresses, strict=True)
        }
        """Uncertainty -> the value that stands for the case as it is; None where its cells differ."""

    def settings(self, row: DesignRow) -> Settings:
        """What is changed at a row: uncertainties, then the labels of levers."""
        found: list[tuple[Address, Value]] = []
        for options, label in zip(self._options, row[len(self._addresses) :], strict=True):
            found += [(change, change.value) for change in options[str(label)]]
        for addresses, value in zip(self._addresses, row, strict=False):
            found += [(a, value) for a, neutral in addresses if value is not None and not _same(value, neutral)]
        return tuple(found)


def _same(value: Value, neutral: Value | None) -> bool:
    """Whether a value leaves a cell as it is."""
    return neutral is not None and type(neutral) is not bool and value == neutral


def points(study: StudyFile, settler: Settler, sha256: str, table: DesignTable) -> list[Point]:
    """The point of every row of the design; equal rows are one point. sha256: of the case."""
    more = json.dumps(study.expressions, sort_keys=True) if study.expressions else ""
    ground = f"{sha256} {json.dumps(versions(), sort_keys=True)}{more}"
    found = []
    for row in table.rows:
        plain = settings_json(settler.settings(row))
        name = hashlib.sha256(f"{ground} {json.dumps(plain, sort_keys=True)}".encode()).hexdigest()[:20]
        found.append(Point(name, plain))
    return found


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
