"""From a value to another case: which cells an address means, and the case with them changed.

Addresses are resolved against the case as it was read, so the order of changes does not matter for what they hit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from planner.config.model_file import ModelFile, build_model, known_keys
from planner.data.case import Case
from planner.data.cell_addresses import is_number, is_one, matching, options, with_room
from planner.data.cells import CARRIED, Row, text_of
from planner.data.checks import check_all
from planner.data.schema import BY_NAME
from planner.errors import Fault, InputError, did_you_mean
from planner.studies.file import Address, Value

Settings = tuple[tuple[Address, Value], ...]
"""What is changed at a point, and to what. Empty: the case as it was read."""


def address_faults(case: Case, address: Address, place: str) -> list[Fault]:
    """What is wrong with an address, given the case it is for."""
    if address.key:
        keys = known_keys(ModelFile)
        wrong = address.key not in keys
        message = f'unknown key "{address.key}"{did_you_mean(address.key, keys)}'
        return [Fault(place, 0, "key", message)] if wrong else []
    if address.table not in BY_NAME:
        return [Fault(place, 0, "table", f'unknown table "{address.table}"{did_you_mean(address.table, BY_NAME)}')]
    known = [*BY_NAME[address.table].row.columns(), *CARRIED]
    faults = [
        Fault(place, 0, where, f'unknown column "{name}" of {address.table}{did_you_mean(name, known)}')
        for where, name in [("column", address.column), *(("where", name) for name in address.where)]
        if name not in known
    ]
    if faults:
        return faults
    rows = [case.tables.rows(address.table)[i] for i in matches(case, address)]
    if not rows:
        return [Fault(place, 0, "where", f"matches no row of {address.table}: {_shown(address.where)}")]
    for name, wanted in address.where.items():
        cells = [getattr(row, name) for row in rows]
        for option in options(wanted):
            if not any(is_one(cell, option) for cell in cells):
                near = did_you_mean(option, [text_of(getattr(row, name)) for row in case.tables.rows(address.table)])
                return [Fault(place, 0, "where", f'no row of {address.table} it means has {name} "{option}"{near}')]
    filled = [getattr(row, address.column) for row in rows if getattr(row, address.column) is not None]
    if address.change != "set" and not filled:
        return [Fault(place, 0, "change", f"{address.table}.{address.column} is blank there; use `set`")]
    if address.change != "set" and not all(is_number(value) for value in filled):
        return [Fault(place, 0, "change", f"{address.table}.{address.column} is no number; use `set`")]
    if address.change == "grow" and "year" not in known:
        return [Fault(place, 0, "change", f"`grow` needs a table with a column `year`, which {address.table} has not")]
    return []


def key_faults(case: Case, address: Address, value: Value, place: str) -> list[Fault]:
    """Why a key of the model file cannot have a value by itself; nothing for cells of tables."""
    try:
        if address.key in known_keys(ModelFile):
            build_model(case.model.model_dump(exclude_defaults=True), {address.key: value}, place, case.model.name)
    except InputError as error:
        return [Fault(place, 0, f.column, f.message) for f in error.faults if address.key in f.column]
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
class Changer:
    """Applies settings to one case. Rows an address means are looked up once."""

    case: Case
    _found: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        moved = {i for (table, i), columns in touched.items() if table == "scenarios" and "probability" in columns}
        if moved:
            tables["scenarios"] = list(with_room(tables["scenarios"], moved))  # type: ignore[arg-type]
        case = self.case
        if overrides:
            nested = case.model.model_dump(exclude_defaults=True)
            case = case.with_model(build_model(nested, overrides, "study", case.model.name))
        if tables:
            changed: Any = {name: tuple(rows) for name, rows in tables.items()}
            case = replace(case, tables=replace(case.tables, **changed))
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
            message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
            told = f"{detail['input']}: must be {message}"
            faults.append(Fault(f"{table}.csv", row.line, str(detail["loc"][0]), told))
        return row


def settings_json(settings: Iterable[tuple[Address, Value]]) -> list[dict[str, Any]]:
    """Settings as plain values, without what is left at its default."""
    fields = set(Address.model_fields)
    return [{**a.model_dump(exclude_defaults=True, include=fields), "value": value} for a, value in settings]


def settings_from(plain: Iterable[Mapping[str, Any]]) -> Settings:
    """Settings from plain values."""
    fields = Address.model_fields
    return tuple((Address(**{k: v for k, v in entry.items() if k in fields}), entry["value"]) for entry in plain)
