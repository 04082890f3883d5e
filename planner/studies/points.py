"""Points: rows of the design as changes of the case, named by their content and ordered into chains; and the case with
those changes. Addresses are resolved against the case as it was read, so their order does not matter for what they hit.

Order alone is worth a factor of five: what a warm solve costs is the length of the path through the space,
not the number of points on it. Chains are the same however many workers run them.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from planner.config import ModelFile, build_model, known_keys
from planner.data.case import Case
from planner.data.cells import Row, is_number, matching
from planner.data.change import cells_changed, known_columns, known_table
from planner.data.changed_case import chosen, with_room
from planner.data.checks import check_all
from planner.errors import Fault, InputError, did_you_mean
from planner.results.study import MEANINGS
from planner.solving.case_changes import READS
from planner.solving.highs import versions
from planner.studies.outcomes import Formula, outcome_names
from planner.studies.study_file import Address, StudyFile, Value, named_outcomes

NEUTRAL = {"scale": 1.0, "add": 0.0, "grow": 0.0}
SHORTEST, LONGEST = 4, 50
"""Points in a chain, at least and at most."""
BLOCK = 4000
"""Points among which the nearest is looked for."""
FAR = 1000.0
"""Weight of what alters the structure of the program: it is changed as rarely as possible."""


DesignRow = tuple[Value | None, ...]


@dataclass(frozen=True)
class Point:
    """A row of the design: what is changed there, in plain values, the name that this content has, and its cells."""

    id: str
    settings: Plain
    row: DesignRow = ()


def check_study(study: StudyFile, case: Case, place: str) -> None:
    """Raise InputError if the study does not fit its case."""
    faults: list[Fault] = []
    for i, u in enumerate(study.uncertainties):
        for j, address in enumerate((u, *u.also)):
            told = address_faults(case, address, place)
            told += [
                fault
                for value in u.values or ()
                for fault in key_faults(case, address, value, place)
            ]
            loc = ("uncertainties", i, *(("also", j - 1) if j else ()))
            faults += _named(study, told, loc, f'uncertainty "{u.name}"')
    for i, lever in enumerate(study.levers):
        for j, option in enumerate(lever.options):
            for k, change in enumerate(option.changes):
                told = address_faults(case, change, place) or key_faults(
                    case, change, change.value, place
                )
                loc = ("levers", i, "options", j, "changes", k)
                faults += _named(study, told, loc, f'lever "{lever.name}", {option.label}')
    known = outcome_names(case)
    example = known[-1]
    for name, text in study.expressions.items():
        if name in known or not name.isidentifier():
            said = (
                "is the name of another outcome"
                if name in known
                else "is no plain name: letters, digits and _"
            )
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


def _named(
    study: StudyFile, faults: list[Fault], loc: tuple[str | int, ...], what: str
) -> list[Fault]:
    value = (
        "value" if loc[0] == "levers" else "values"
    )  # which is wrong where a key of the model file is named
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
            [(a, NEUTRAL.get(a.change, current(case, a))) for a in (u, *u.also)]
            for u in study.uncertainties
        ]
        self.base = {
            u.name: u.base if u.base is not None else of[0][1]
            for u, of in zip(study.uncertainties, self._addresses, strict=True)
        }
        """Uncertainty -> the value that stands for the case as it is; None where its cells differ."""

    def settings(self, row: DesignRow) -> Settings:
        """What is changed at a row: uncertainties, then the labels of levers."""
        found: list[tuple[Address, Value]] = []
        for ways, label in zip(self._options, row[len(self._addresses) :], strict=True):
            found += [(change, change.value) for change in ways[str(label)]]
        for addresses, value in zip(self._addresses, row, strict=False):
            found += [
                (a, value)
                for a, neutral in addresses
                if value is not None and not _same(value, neutral)
            ]
        return tuple(found)


def _same(value: Value, neutral: Value | None) -> bool:
    """Whether a value leaves a cell as it is."""
    return neutral is not None and type(neutral) is not bool and value == neutral


def points(
    study: StudyFile, settler: Settler, sha256: str, rows: Sequence[DesignRow]
) -> list[Point]:
    """The point of every row of the design; equal rows are one point. sha256: of the case."""
    more = json.dumps(study.expressions, sort_keys=True) if study.expressions else ""
    ground = f"{sha256} {json.dumps(versions(), sort_keys=True)}{more}"
    found = []
    for row in rows:
        plain = settings_json(settler.settings(row))
        name = hashlib.sha256(f"{ground} {json.dumps(plain, sort_keys=True)}".encode()).hexdigest()[
            :20
        ]
        found.append(Point(name, plain, row))
    return found


def chains(study: StudyFile, wanted: Sequence[Point]) -> list[list[Point]]:
    """Points of the design in the order in which they are solved, cut into chains.

    The same points give the same chains, whatever the number of workers.
    """
    if not wanted:
        return []
    ordered = [wanted[i] for i in _path(_coordinates(study, wanted))]
    length = min(LONGEST, max(SHORTEST, -(-len(wanted) // 16)))
    return [ordered[i : i + length] for i in range(0, len(ordered), length)]


def _coordinates(study: StudyFile, wanted: Sequence[Point]) -> NDArray[np.float64]:
    def is_figure(a: Address) -> bool:
        return (a.table or "model", a.column or a.key) in READS

    varied = [not all(map(is_figure, (u, *u.also))) for u in study.uncertainties]
    structural = [*varied, *(True for _ in study.levers)]
    columns = []
    for i, far in enumerate(structural):
        values = [point.row[i] for point in wanted]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) + values.count(None) == len(values):
            middle = float(np.median(numbers)) if numbers else 0.0
            column = np.array([middle if v is None else float(str(v)) for v in values])
        else:
            kinds = list(dict.fromkeys(map(str, values)))
            column = np.array([float(kinds.index(str(v))) for v in values])
        span = float(np.ptp(column)) or 1.0
        columns.append((column - column.min()) / span * (FAR if far else 1.0))
    return np.column_stack(columns) if columns else np.zeros((len(wanted), 1))


def _path(at: NDArray[np.float64]) -> list[int]:
    """A short way through all points; in blocks where there are many, as looking around costs their square."""
    by_first = np.lexsort(at.T[::-1])
    return [
        i for start in range(0, len(at), BLOCK) for i in _way(at, by_first[start : start + BLOCK])
    ]


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


Settings = tuple[tuple[Address, Value], ...]
"""What is changed at a point, and to what. Empty: the case as it was read."""
Plain = list[dict[str, Any]]
"""Settings as plain values."""


def address_faults(case: Case, address: Address, place: str) -> list[Fault]:
    """What is wrong with an address, given the case it is for."""
    if address.key:
        keys = known_keys(ModelFile)
        wrong = address.key not in keys
        message = f'unknown key "{address.key}"{did_you_mean(address.key, keys)}'
        return [Fault(place, 0, "key", message)] if wrong else []
    try:
        table = known_table(address.table)
        known_columns(table, [address.column])
        rows = [
            case.tables.rows(address.table)[i]
            for i in chosen(
                case, table, cells_changed(address.table, address.where, address.column, None).rows
            )
        ]
    except InputError as error:
        fields = {"unknown-table": "table", address.column: "column"}
        return [
            Fault(place, 0, fields.get(f.rule, fields.get(f.column, "where")), f.message)
            for f in error.faults
        ]
    if not rows:
        return [
            Fault(place, 0, "where", f"matches no row of {address.table}: {_shown(address.where)}")
        ]
    filled = [
        getattr(row, address.column) for row in rows if getattr(row, address.column) is not None
    ]
    if address.change != "set" and not filled:
        return [
            Fault(place, 0, "change", f"{address.table}.{address.column} is blank there; use `set`")
        ]
    if address.change != "set" and not all(is_number(value) for value in filled):
        return [
            Fault(place, 0, "change", f"{address.table}.{address.column} is no number; use `set`")
        ]
    if address.change == "grow" and "year" not in table.row.columns():
        return [
            Fault(
                place,
                0,
                "change",
                f"`grow` needs a table with a column `year`, which {address.table} has not",
            )
        ]
    return []


def key_faults(case: Case, address: Address, value: Value, place: str) -> list[Fault]:
    """Why a key of the model file cannot have a value by itself; nothing for cells of tables."""
    try:
        if address.key in known_keys(ModelFile):
            build_model(
                case.model.model_dump(exclude_defaults=True),
                {address.key: value},
                place,
                case.model.name,
            )
    except InputError as error:
        return [
            Fault(place, 0, f.column, f.message) for f in error.faults if address.key in f.column
        ]
    return []


def _shown(where: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in where.items()) or "no filter"


def matches(case: Case, address: Address) -> list[int]:
    """Positions of the rows an address means."""
    return matching(case.tables.rows(address.table), address.where)


def current(case: Case, address: Address) -> Value | None:
    """What the case or its model file says now, if it is one and the same in all cells; else None."""
    if address.key:
        value = case.model.flat()[address.key]
        return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]
    rows = case.tables.rows(address.table)
    cells = {getattr(rows[i], address.column) for i in matches(case, address)}
    only = cells.pop() if len(cells) == 1 else None
    return list(only) if isinstance(only, tuple) else only


@dataclass(frozen=True)
class PointChanger:
    """Applies settings to one case. Rows an address means are looked up once."""

    case: Case
    _found: dict[str, list[int]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def _rows(self, address: Address) -> list[int]:
        key = address.model_dump_json(include={"table", "where"})
        if key not in self._found:
            self._found[key] = matches(self.case, address)
        return self._found[key]

    def apply(self, settings: Settings) -> Case:
        """The case with the settings applied, checked like one that was read. Raises InputError."""
        overrides = {address.key: value for address, value in settings if address.key}
        tables: dict[str, list[Row]] = {}
        touched: dict[tuple[str, int], set[str]] = defaultdict(set)
        for address, value in settings:
            if address.key:
                continue
            rows = tables.setdefault(address.table, list(self.case.tables.rows(address.table)))
            for i in self._rows(address):
                rows[i] = _changed(rows[i], address, value, self.case.first_year)
                touched[address.table, i].add(address.column)
        faults: list[Fault] = []
        for table, i in touched:
            tables[table][i] = _validated(tables[table][i], table, faults)
        if faults:
            raise InputError(faults)
        moved = {
            i
            for (table, i), columns in touched.items()
            if table == "scenarios" and "probability" in columns
        }
        if moved:
            tables["scenarios"] = list(with_room(tables["scenarios"], moved))  # type: ignore[arg-type]
        case = self.case
        if overrides:
            nested = case.model.model_dump(exclude_defaults=True)
            case = case.with_model(build_model(nested, overrides, "study", case.model.name))
        if tables:
            changed: Any = {name: tuple(rows) for name, rows in tables.items()}
            case = case.with_tables(**changed)
        if case is not self.case and (faults := check_all(case, {})):
            raise InputError(faults)
        return case


def _changed(row: Row, address: Address, value: Value, first_year: int) -> Row:
    cell = getattr(row, address.column)
    if address.change == "set":
        new: object = tuple(value) if isinstance(value, list) else value
    elif cell is None:
        return row  # a blank cell stays blank: there is nothing to multiply or to add to
    else:
        amount = float(value)  # type: ignore[arg-type]
        if address.change == "scale":
            new = cell * amount
        elif address.change == "add":
            new = cell + amount
        else:
            new = cell * (1.0 + amount) ** (row.year - first_year)  # type: ignore[attr-defined]
    return row.model_copy(update={address.column: new})


def _validated(row: Row, table: str, faults: list[Fault]) -> Row:
    try:
        return type(row).model_validate(row.__dict__)
    except ValidationError as error:
        for detail in error.errors():
            message = (
                str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
            )
            told = f"{detail['input']}: must be {message}"
            faults.append(Fault(f"{table}.csv", row.line, str(detail["loc"][0]), told))
        return row


def settings_json(settings: Iterable[tuple[Address, Value]]) -> list[dict[str, Any]]:
    """Settings as plain values, without what is left at its default."""
    fields = set(Address.model_fields)
    return [
        {**a.model_dump(exclude_defaults=True, include=fields), "value": value}
        for a, value in settings
    ]


def settings_from(plain: Iterable[Mapping[str, Any]]) -> Settings:
    """Settings from plain values."""
    fields = Address.model_fields
    return tuple(
        (Address(**{k: v for k, v in entry.items() if k in fields}), entry["value"])
        for entry in plain
    )
