"""Changes applied to a case: each address is looked up in the case as it was, values follow one another.

What comes out is checked as files are: cells by the rules of their columns here, rules between rows by `check_all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from planner.cells import CARRIED, Row, fits, is_number, is_one, options, text_of
from planner.config import ModelFile, ModelTarget, build_model
from planner.data.change import MODEL, RELATIVE, Change, RowConditions, known_columns, known_table
from planner.data.checks import Reading
from planner.data.odds import with_probability
from planner.data.schema import Scenario, Table
from planner.data.sheets import Sheet, repeated_rows, row_of
from planner.data.thresholds import ROUNDING
from planner.errors import CHANGE, Fault, InputError, did_you_mean, fault, refused

if TYPE_CHECKING:  # which is made of this module
    from planner.data.case import Case

LISTED = 8
"""Values of a column that are named where none is near the one asked for."""


@dataclass
class _Draft:
    """A table under change: its rows, and the cells of them, by position, that are to be read again."""

    table: Table
    rows: dict[int, Row]
    cells: dict[int, dict[str, object]] = field(default_factory=dict)

    def value(self, at: int, column: str) -> object:
        """The present value of a cell."""
        changed = self.cells.get(at, {})
        if column in changed:
            return changed[column]
        return getattr(self.rows[at], column)

    def drop(self, at: int) -> None:
        """Take a row out."""
        del self.rows[at]
        self.cells.pop(at, None)

    def put(self, at: int, column: str, value: object) -> None:
        """Give a cell another value."""
        self.cells.setdefault(at, {})[column] = value


class Changer:
    """Applies changes to one case. Rows that an address means are looked up once."""

    def __init__(self, case: Case, *, strict: bool = True) -> None:
        """strict: every value of an address has to be in some row; else it is enough that some row is meant."""
        self.case = case
        self._strict = strict
        self._positions: dict[tuple[str, RowConditions], list[int]] = {}

    def apply(
        self, changes: Iterable[Change], unread: Iterable[Fault] = (), *, make_room: bool = False
    ) -> Case:
        """The case with the changes; rules between rows and tables are not checked yet.

        unread: faults of changes that could not be read, which are told with those of the others.
        make_room: scenarios whose probability is not changed make room for those whose is, in proportion.
        Raises InputError with every fault.
        """
        drafts: dict[str, _Draft] = {}
        settings: list[Change] = []
        cells: list[Change] = []
        for change in changes:
            (settings if change.table == MODEL else cells).append(change)
        reading = Reading()
        case = self.case
        if settings:
            try:
                case = replace(case, model=_model(case.model, settings))
            except InputError as error:
                reading.faults += error.faults
        for change in cells:
            try:
                self._draft(drafts, change, case.first_year)
            except InputError as error:
                reading.faults += error.faults
        for draft in drafts.values():
            case = _with_rows(case, draft, reading)
        reading.faults += unread
        reading.refuse()
        if make_room and "scenarios" in drafts and drafts["scenarios"].cells:
            rows = with_room(case.tables.scenarios, set(drafts["scenarios"].cells))
            case = replace(case, tables=replace(case.tables, scenarios=tuple(rows)))
        return case

    def positions(self, change: Change) -> list[int]:
        """Positions of the rows that a change means. Raises InputError if a value of its address is in none of them."""
        key = change.table, change.rows
        if key not in self._positions:
            table = known_table(change.table)
            self._positions[key] = chosen(self.case, table, change.rows, strict=self._strict)
        return self._positions[key]

    def _draft(self, drafts: dict[str, _Draft], change: Change, first_year: int) -> None:
        """Apply a change to the drafts of the tables, in which rows of the case are replaced. Raises InputError.

        first_year: of the horizon as changed, from which growth counts.
        """
        table = known_table(change.table)
        place = self.case.origin.place(table.name)
        known_columns(table, [change.column] if change.column else [], place)
        positions = self.positions(change)
        if table.name not in drafts:
            drafts[table.name] = _Draft(table, dict(enumerate(self.case.lookups.rows(table.name))))
        draft = drafts[table.name]
        here = [at for at in positions if at in draft.rows]
        if change.how in RELATIVE:
            _refuse_no_figures(draft, here, change, place)
        for at in here:
            if change.how == "gone":
                draft.drop(at)
                continue
            draft.put(at, change.column, _changed(draft, at, change, first_year))


def _changed(draft: _Draft, at: int, change: Change, first_year: int) -> object:
    """The value that a cell has after the change."""
    if change.how == "set":
        return change.value
    value = draft.value(at, change.column)
    if value is None:
        return None  # a blank cell stays blank
    years = 0
    if change.how == "grow":
        years = int(str(draft.value(at, "year"))) - first_year
    return _related(float(str(value)), change, years)


def _with_rows(case: Case, draft: _Draft, reading: Reading) -> Case:
    """The case with the rows of a draft, of which those that changed are read again."""
    table = draft.table
    origin = case.origin
    place = origin.place(table.name).removesuffix(" as changed") + " as changed"
    columns = (*table.row.columns(), *CARRIED)
    sheet = Sheet(place, columns, ())
    rows = dict(draft.rows)
    for at, cells in draft.cells.items():
        before = rows[at]
        filled: dict[str, object] = {}
        for name in columns:
            if name in before.model_fields_set:
                filled[name] = getattr(before, name)
        for name, value in cells.items():
            filled[name] = text_of(value)
        own = replace(table, row=type(before))
        row = row_of(own, filled, line=before.line, sheet=sheet, reading=reading)
        if row is not None:
            rows[at] = row
    if not set(table.key).isdisjoint(chain.from_iterable(draft.cells.values())):
        reading.faults += repeated_rows(table, list(rows.values()), sheet).values()
    return replace(
        with_rows_of(case, table.name, rows.values()), origin=origin.moved(**{table.name: place})
    )


def with_rows_of(case: Case, table: str, rows: Iterable[Row]) -> Case:
    """The case with other rows of a table, not checked; targets of the model file stay there."""
    of_table: list[Row] = []
    of_model: list[ModelTarget] = []
    for row in rows:
        if isinstance(row, ModelTarget):
            of_model.append(row)
        else:
            of_table.append(row)
    if table == "targets":
        case = replace(case, model=case.model.model_copy(update={"targets": tuple(of_model)}))
    changed: dict[str, Any] = {table: tuple(of_table)}
    return replace(case, tables=replace(case.tables, **changed))


def chosen(case: Case, table: Table, rows: RowConditions, *, strict: bool = True) -> list[int]:
    """Positions of the rows that are meant. Raises InputError if there is none, or, if strict, if a value of the address
    is in none of them."""
    place = case.origin.place(table.name)
    known_columns(table, dict(rows), place)
    there = case.lookups.rows(table.name)
    left = list(range(len(there)))
    for column, wanted in rows:
        cells = {at: getattr(there[at], column) for at in left}
        exact = [at for at, cell in cells.items() if text_of(cell) == wanted]
        if exact:  # whatever signs are in it
            left = exact
            continue
        present = list(dict.fromkeys(cells.values()))
        for option in options(wanted) if strict else ():
            if not any(is_one(cell, option) for cell in present):
                raise InputError([_no_row(table, column, option, present, place=place)])
        left = [at for at, cell in cells.items() if fits(cell, wanted)]
    if not left:
        said = f"{table.name} has no row"
        remedy = "add rows to the table"
        raise refused("no-such-row", place, said, remedy=remedy)
    return left


def _no_row(
    table: Table, column: str, option: str, present: Sequence[object], *, place: str
) -> Fault:
    texts = list(map(text_of, present))
    listed = ", ".join(texts[:LISTED]) or "none"
    near = did_you_mean(option, texts) or f"; there is {listed}"
    said = f'no such row of {table.name} has {column} "{option}"{near}'
    return fault("no-such-row", place, 0, column, message=said, value=option)


def _refuse_no_figures(draft: _Draft, here: Sequence[int], change: Change, place: str) -> None:
    """Raise InputError where cells are to be multiplied, or added to, and are no numbers."""
    filled: list[object] = []
    for at in here:
        value = draft.value(at, change.column)
        if value is not None:
            filled.append(value)
    remedy = "set a value"
    if not filled:
        said = "is blank there"
    elif not all(map(is_number, filled)):
        said = "is no number"
    elif change.how == "grow" and "year" not in draft.table.row.columns():
        said = f"cannot grow by year: {change.table} has no column `year`"
        remedy = "give a factor, as in x1.2"
    else:
        return
    told = f"{change.table}.{change.column} {said}"
    raise refused("override", place, told, column=change.column, remedy=remedy)


def _related(value: float, change: Change, years: int) -> float:
    """A figure made of the present one."""
    if change.how == "scale":
        return value * float(change.value)
    if change.how == "add":
        return value + float(change.value)
    growth = 1.0 + float(change.value)
    return value * growth**years


def _model(model: ModelFile, changes: Sequence[Change]) -> ModelFile:
    """The model file with keys changed. Raises InputError."""
    flat = model.flat()
    overrides: dict[str, object] = {}
    for change in changes:
        value = overrides.get(change.column, flat.get(change.column))
        if change.how == "set" or change.column not in flat:
            overrides[change.column] = as_given(change.value)
        elif is_number(value) and change.how != "grow":
            related = _related(float(str(value)), change, 0)
            whole = isinstance(value, int) and related.is_integer()
            overrides[change.column] = int(related) if whole else related
        else:
            said = f"cannot be changed by {str(change).rpartition('=')[2]}: it is {text_of(value)}"
            raise refused("override", CHANGE, said, column=change.column)
    return build_model(model.given(), overrides, "model", "")


def as_given(value: object) -> object:
    """A value as a model file has it: lists instead of tuples."""
    if isinstance(value, tuple):
        return list(map(as_given, value))
    if isinstance(value, dict):
        return {key: as_given(inner) for key, inner in value.items()}
    return value


def with_room(rows: Sequence[Scenario], moved: set[int]) -> list[Scenario]:
    """Scenarios of which some have new probabilities; the others make room in proportion, so that all sum to 1.

    Raises InputError if those that were set sum to more than 1.
    """
    given = 0.0
    rest = 0.0
    for at, row in enumerate(rows):
        if at in moved:
            given += row.probability
        else:
            rest += row.probability
    if given > 1 + ROUNDING:
        said = f"those set sum to {given:g}, more than 1"
        raise refused("", "scenarios.csv", said, column="probability")
    share = max(0.0, 1.0 - given) / rest if rest > 0 else 1.0
    scenarios: list[Scenario] = []
    for at, row in enumerate(rows):
        probability = row.probability if at in moved else row.probability * share
        scenarios.append(with_probability(row, probability))
    return scenarios
