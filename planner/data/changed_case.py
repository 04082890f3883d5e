"""Changes applied to a case: each address is looked up in the case as it was, values follow one another.

What comes out is checked as files are: cells by the rules of their columns here, rules between rows by `check_all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from planner.config import ModelFile, TargetKeys, build_model
from planner.data.cells import CARRIED, Row, fits, is_number, is_one, options, text_of
from planner.data.change import MODEL, RELATIVE, Change, RowConditions, known_columns, known_table
from planner.data.lookups import Lookups
from planner.data.odds import with_probability
from planner.data.schema import Scenario, Table
from planner.data.sheets import Sheet, collapse, repeated_rows, row_of
from planner.errors import Fault, InputError, did_you_mean, fault

C = TypeVar("C", bound=Lookups)
LISTED = 8
"""Values of a column that are named where none is near the one asked for."""
SAME_SUM = 1e-6
"""Probabilities sum to 1 within this, as in files."""


@dataclass
class _Draft:
    """A table under change: its rows by position, and the cells that are to be read again."""

    table: Table
    rows: dict[int, Row]
    cells: dict[int, dict[str, object]] = field(default_factory=dict)

    def value(self, at: int, column: str) -> object:
        """The present value of a cell."""
        changed = self.cells.get(at, {})
        return changed[column] if column in changed else getattr(self.rows.get(at), column, None)

    def put(self, at: int, column: str, value: object) -> None:
        """Give a cell another value."""
        self.cells.setdefault(at, {})[column] = value


class Changer(Generic[C]):
    """Applies changes to one case. RowConditions that an address means are looked up once."""

    def __init__(self, case: C, *, strict: bool = True) -> None:
        """strict: every value of an address has to be in some row; else it is enough that some row is meant."""
        self.case, self._strict = case, strict
        self._positions: dict[tuple[str, RowConditions], list[int]] = {}

    def apply(self, changes: Iterable[Change], *, make_room: bool = False) -> C:
        """The case with the changes; rules between rows and tables are not checked yet.

        make_room: scenarios whose probability is not changed make room for those whose is, in proportion.
        Raises InputError with every fault.
        """
        drafts: dict[str, _Draft] = {}
        settings: list[Change] = []
        faults: list[Fault] = []
        for change in changes:
            try:
                if change.table == MODEL:
                    settings.append(change)
                else:
                    self._draft(drafts, change)
            except InputError as error:
                faults += error.faults
        case = self.case
        try:
            case = replace(case, model=_model(case.model, settings)) if settings else case
        except InputError as error:
            faults += error.faults
        for draft in drafts.values():
            case = self._with_rows(case, draft, faults)
        if faults:
            raise InputError(collapse(faults))
        moved = drafts["scenarios"].cells if "scenarios" in drafts else {}
        return _with_room(case, moved) if make_room and moved else case

    def positions(self, change: Change) -> list[int]:
        """Positions of the rows that a change means. Raises InputError if a value of its address is in none of them."""
        key = change.table, change.rows
        if key not in self._positions:
            table = known_table(change.table)
            self._positions[key] = chosen(self.case, table, change.rows, strict=self._strict)
        return self._positions[key]

    def _draft(self, drafts: dict[str, _Draft], change: Change) -> None:
        table = known_table(change.table)
        present = self.case.rows(table.name)
        place = self.case.origin.place(table.name)
        known_columns(table, [change.column] if change.column else [], place)
        if change.how == "new":
            draft = drafts.setdefault(table.name, _Draft(table, dict(enumerate(present))))
            at = max([*draft.rows, *draft.cells], default=-1) + 1
            draft.cells[at] = {**dict(change.rows), **change.value}
            return
        positions = self.positions(change)
        draft = drafts.setdefault(table.name, _Draft(table, dict(enumerate(present))))
        if change.how == "gone":
            for at in positions:
                draft.rows.pop(at, None)
                draft.cells.pop(at, None)
            return
        here = [at for at in positions if at in draft.rows or at in draft.cells]
        if change.how in RELATIVE:
            _refuse_no_figures(draft, here, change, place)
        for at in here:
            value = draft.value(at, change.column)
            draft.put(at, change.column, self._changed(draft, at, value, change))

    def _changed(self, draft: _Draft, at: int, value: object, change: Change) -> object:
        if change.how == "set":
            return change.value
        if value is None:
            return None  # a blank cell stays blank
        years = 0
        if change.how == "grow":
            years = int(str(draft.value(at, "year"))) - self.case.first_year
        return _related(float(str(value)), change, years)

    def _with_rows(self, case: C, draft: _Draft, faults: list[Fault]) -> C:
        """The case with the rows of a draft, of which those that changed are read again."""
        table, origin = draft.table, case.origin
        place = origin.place(table.name).removesuffix(" as changed") + " as changed"
        tab, header = origin.tabs.get(table.name, ""), origin.headers.get(table.name, ())
        columns = (*table.row.columns(), *CARRIED)
        sheet = Sheet(place, columns, (), tab=tab)
        last = max((row.line for row in draft.rows.values()), default=0)
        rows = dict(draft.rows)
        for at, cells in draft.cells.items():
            before = draft.rows.get(at)
            last += before is None
            line = last if before is None else before.line
            stated = before.model_fields_set if before is not None else set()
            kept = {name: getattr(before, name) for name in columns if name in stated}
            texts = {name: text_of(value) for name, value in cells.items()}
            row = row_of(table, kept | texts, line, sheet, columns, faults)
            rows[at] = row or rows.get(at)  # type: ignore[assignment]
        places = [at for at in sorted(rows) if rows[at] is not None]
        ordered = [rows[at] for at in places]
        if any(set(cells) & set(table.key) for cells in draft.cells.values()):
            faults += repeated_rows(table, ordered, sheet, columns).values()
        if table.name == "targets":
            case, ordered = _with_model_targets(case, dict(zip(places, ordered, strict=True)))
        moved: dict[str, Any] = {table.name: tuple(ordered)}
        new_origin = origin.moved({table.name: place}, {table.name: header}, tab)
        return replace(case, tables=replace(case.tables, **moved), origin=new_origin)


def applied(
    case: C, changes: Iterable[Change], *, make_room: bool = False, strict: bool = True
) -> C:
    """The case with changes, in which rules between rows and tables are not checked yet; see `Changer`."""
    return Changer(case, strict=strict).apply(changes, make_room=make_room)


def chosen(case: Lookups, table: Table, rows: RowConditions, *, strict: bool = True) -> list[int]:
    """Positions of the rows that are meant. Raises InputError if there is none, or, if strict, if a value of the address
    is in none of them."""
    place = case.origin.place(table.name)
    known_columns(table, dict(rows), place)
    there = case.rows(table.name)
    left = list(range(len(there)))
    for column, wanted in rows:
        exact = [i for i in left if text_of(getattr(there[i], column)) == wanted]
        if exact:  # whatever signs are in it
            left = exact
            continue
        present = dict.fromkeys(getattr(there[i], column) for i in left)
        for option in options(wanted) if strict else ():
            if not any(is_one(cell, option) for cell in present):
                raise _no_row(table, column, option, list(present), place)
        left = [i for i in left if fits(getattr(there[i], column), wanted)]
    if not left:
        said = f"{table.name} has no row"
        raise InputError([fault("no-such-row", place, 0, "", said, remedy="add rows to the table")])
    return left


def _no_row(
    table: Table, column: str, option: str, present: Sequence[object], place: str
) -> InputError:
    texts = [text_of(cell) for cell in present]
    listed = ", ".join(texts[:LISTED]) or "none"
    near = did_you_mean(option, texts) or f"; there is {listed}"
    said = f'no such row of {table.name} has {column} "{option}"{near}'
    return InputError([fault("no-such-row", place, 0, column, said, value=option)])


def _refuse_no_figures(draft: _Draft, here: Sequence[int], change: Change, place: str) -> None:
    """Raise InputError where cells are to be multiplied, or added to, and are no numbers."""
    values = [draft.value(at, change.column) for at in here]
    filled = [value for value in values if value is not None]
    said = ""
    if not filled:
        said = "is blank there; set a value"
    elif not all(is_number(value) for value in filled):
        said = "is no number; set a value"
    elif change.how == "grow" and "year" not in draft.table.row.columns():
        said = f"cannot grow by year: {change.table} has no column `year`"
    if said:
        message, _, remedy = said.partition("; ")
        told = f"{change.table}.{change.column} {message}"
        remedy = remedy or "give a factor, as in x1.2"
        raise InputError([fault("override", place, 0, change.column, told, remedy=remedy)])


def _with_model_targets(case: C, rows: dict[int, Row]) -> tuple[C, list[Row]]:
    """The case with those of the rows that come from its model file as targets of it; and the other rows."""
    first = len(case.tables.targets)
    beyond = first + len(case.model.targets)
    of_model = [row for at, row in rows.items() if first <= at < beyond]
    names = list(TargetKeys.model_fields)
    keys = [TargetKeys(**{name: getattr(row, name) for name in names}) for row in of_model]
    model = case.model.model_copy(update={"targets": tuple(keys)})
    others = [row for at, row in rows.items() if not first <= at < beyond]
    return replace(case, model=model), others


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
            raise InputError([fault("override", "--set", 0, change.column, said)])
    return build_model(model.model_dump(exclude_defaults=True), overrides, "model", "")


def as_given(value: object) -> object:
    """A value as a model file has it: lists instead of tuples."""
    if isinstance(value, tuple):
        return [as_given(one) for one in value]
    if isinstance(value, dict):
        return {key: as_given(inner) for key, inner in value.items()}
    return value


def _with_room(case: C, moved: Iterable[int]) -> C:
    """The case in which scenarios that were not changed make room for those that were."""
    rows = with_room(case.tables.scenarios, set(moved))
    return replace(case, tables=replace(case.tables, scenarios=tuple(rows)))


def with_room(rows: Sequence[Scenario], moved: set[int]) -> list[Scenario]:
    """Scenarios of which some have new probabilities; the others make room in proportion, so that all sum to 1.

    Raises InputError if those that were set sum to more than 1.
    """
    given = sum(row.probability for i, row in enumerate(rows) if i in moved)
    rest = sum(row.probability for i, row in enumerate(rows) if i not in moved)
    if given > 1 + 1e-9:
        said = f"those set sum to {given:g}, more than 1"
        raise InputError([Fault("scenarios.csv", 0, "probability", said)])
    share = max(0.0, 1.0 - given) / rest if rest > 0 else 1.0
    found: list[Scenario] = []
    for i, row in enumerate(rows):
        probability = row.probability if i in moved else row.probability * share
        found.append(with_probability(row, probability))
    return found


def merged(changes: Iterable[Change]) -> list[Change]:
    """Fewer changes with the same effect: those of one address become one.

    >>> from planner.data.change import parse_change
    >>> halved = [parse_change("budgets.*.*.musd=x0.5")] * 2
    >>> [str(change) for change in merged(halved)]
    ['budgets.*.*.musd=x0.25']
    """
    found: list[Change] = []
    for change in changes:
        same = [i for i, one in enumerate(found) if _touches(one, change)]
        both = _both(found[same[-1]], change) if same else None
        if both is None:
            found.append(change)
        else:
            found[same[-1]] = both
    return found


def _touches(one: Change, other: Change) -> bool:
    """Whether two changes may be of the same cells."""
    whole_row = not one.column or not other.column
    return one.table == other.table and (whole_row or one.column == other.column)


def _both(one: Change, other: Change) -> Change | None:
    """One change with the effect of two; None if there is none."""
    if one.rows != other.rows or one.column != other.column or not one.column:
        return None
    if other.how == "set":
        return other
    if one.how == other.how == "add":
        return replace(one, value=one.value + other.value)
    if one.how == other.how == "scale":
        return replace(one, value=one.value * other.value)
    if one.how == other.how == "grow":
        return replace(one, value=(1 + one.value) * (1 + other.value) - 1)
    return None
