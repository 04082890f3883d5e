"""Case: a checked planning question that can be asked again with other facts or choices, without files; and what
differs between two of them, cell by cell, whatever the order of their rows.

A Case never changes: each method gives another one, checked as files are, or raises InputError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import planner
from planner.config import ModelFile, TargetKeys, build_model
from planner.data.cells import CARRIED, Row, fits, is_one, options, text_of
from planner.data.checks import Read, check_all
from planner.data.lookups import Lookups
from planner.data.schema import BY_NAME, Scenario, Table
from planner.data.sheets import Sheet, collapse, read_rows
from planner.errors import Fault, InputError, did_you_mean, fault

if TYPE_CHECKING:
    import pandas as pd
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest

from planner.data.schema import TABLES

Where = str | Sequence[str] | Mapping[str, object]
"""Rows of a table: an id or ids where one column is the key, or column -> what its cells must be, as in a study file: a
value, a list of them, `s1*`, `2030..2035` ({}: all rows)."""
ANY = "*"
"""Stands for every value of a key column in a dotted setting."""
LISTED = 8
"""Values of a column that are named where none is near the one asked for."""


@dataclass(frozen=True, repr=False)
class Case(Lookups):
    """A checked case with its model file. All that the formulation and the verifier see."""

    load_seconds: float = field(default=0.0, compare=False, kw_only=True)

    def __repr__(self) -> str:
        counts = f"{len(self.countries)} countries, {len(self.projects)} projects, {len(self.scenarios)} scenarios"
        return f'Case("{self.name}", {self.first_year}-{self.last_year}: {counts}; model "{self.model.name}")'

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of a table, in the columns of the data dictionary and the carried ones.

        Whole numbers, numbers and flags are typed; lists are text such as `a;b`; blank cells are NA. Periods are
        whole numbers too, unless one of the column is a quarter: then all are text.
        Raises InputError for an unknown table.
        """
        frame: pd.DataFrame = planner.frame_of(self, table)
        return frame

    def with_table(self, table: str, frame: pd.DataFrame) -> Case:
        """The case with other rows in a table: columns as in a file, in any order, optional ones may lack; NA is blank.

        Raises InputError with every fault; rows count from 1.
        """
        known = known_table(table)
        columns = [
            list(frame[name].astype(object).where(frame[name].notna(), None))
            for name in frame.columns
        ]
        cells = zip(*(map(text_of, column) for column in columns), strict=True)
        place = f"{table} as given"
        sheet = Sheet(
            place, tuple(map(str, frame.columns)), tuple(enumerate(cells, start=1)), header_line=0
        )
        return _with_rows(self, known, _read(known, sheet), place, sheet.header).checked()

    def set(self, table: str, where: Where, column: str, value: object) -> Case:
        """The case with one value in a column of the rows that `where` names. None: blank.

        case.set("projects", "metal_pohang", "lead_time_years", 4)
        case.set("demand", {"country": "JPN", "year": [2030, 2035]}, "tonnes", 5)

        Raises InputError, also if no row is named; it then says which is near.
        """
        return _with_cells(self, known_table(table), where, column, value).checked()

    def set_model(self, key: str, value: object) -> Case:
        """The case with one dotted key of the model file changed: `set_model("policy.coordination", "national")`.

        Raises InputError.
        """
        return self.with_settings({key: value})

    def with_tables(self, **rows: Any) -> Case:
        """The case with other rows (tuples of the table's type) in some tables, not checked."""
        return replace(self, tables=replace(self.tables, **rows))

    def with_model(self, model: ModelFile) -> Case:
        """The same facts under other choices. Raises InputError."""
        case = replace(self, model=build_model(model.model_dump(), {}, "model", model.name))
        return case.checked() if case.model.targets else case

    def without_targets(self, hard_only: bool = False) -> Case:
        """The case that asks for nothing, or for nothing that must hold: what may be missed at a price stays."""
        tables = self.tables.targets if hard_only else ()
        choices = self.model.targets if hard_only else ()
        priced = tuple(row for row in tables if row.price_usd_per_kg is not None)
        chosen = tuple(keys for keys in choices if keys.price_usd_per_kg is not None)
        if (priced, chosen) == (self.tables.targets, self.model.targets):
            return self
        model = self.model.model_copy(update={"targets": chosen})
        return replace(self, model=model, tables=replace(self.tables, targets=priced))

    def with_settings(self, settings: Mapping[str, object]) -> Case:
        """The case with dotted keys of the model file or dotted cells changed, checked once, after all of them.

        A cell is the table, the values of its key columns in the order of the data dictionary, and the column:
        `projects.metal_pohang.lead_time_years`, `demand.JPN.dysprosium.metal.2030.tonnes`; `*` stands for every
        value of a key column. Raises InputError with every fault.
        """
        cells, keys = split_settings(settings)
        case, faults = self, list[Fault]()
        if keys:
            case = replace(
                case,
                model=build_model(self.model.model_dump(exclude_defaults=True), keys, "model", ""),
            )
        for key, value in cells.items():
            try:
                table, where, column = _cell(key)
                case = _with_cells(case, table, where, column, value)
            except InputError as error:
                faults += error.faults
        if faults:
            raise InputError(faults)
        return case.checked()

    def checked(self) -> Case:
        """The case itself, if it keeps every rule between rows and tables. Raises InputError."""
        if faults := check_all(self):
            raise InputError(collapse(faults))
        return self


def split_settings(settings: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Settings of cells, and those of keys of the model file."""
    cells = {key: value for key, value in settings.items() if key.partition(".")[0] in BY_NAME}
    return cells, {key: value for key, value in settings.items() if key not in cells}


def known_table(name: str) -> Table:
    """The declaration of a table. Raises InputError for an unknown one."""
    if name not in BY_NAME:
        said = f'unknown table "{name}"{did_you_mean(name, BY_NAME)}'
        raise InputError(
            [fault("unknown-table", name, 0, "", said, remedy=f"known: {', '.join(BY_NAME)}")]
        )
    return BY_NAME[name]


def _cell(key: str) -> tuple[Table, dict[str, object], str]:
    """The table, rows and column that a dotted setting names."""
    name, *parts = key.split(".")
    table = known_table(name)
    if len(table.key) == 1 and len(parts) > 2:  # the id itself has points
        parts = [".".join(parts[:-1]), parts[-1]]
    if len(parts) != len(table.key) + 1:
        form = ".".join([name, *(column.upper() for column in table.key), "COLUMN"])
        said = "is not a cell of the table" if len(parts) > 1 else "names a table, not a cell"
        raise InputError(
            [fault("override", "--set", 0, key, said, value=key, remedy=f"write {form}=VALUE")]
        )
    *values, column = parts
    return table, {k: v for k, v in zip(table.key, values, strict=True) if v != ANY}, column


def _with_cells(case: Case, table: Table, where: Where, column: str, value: object) -> Case:
    """The case with a value in some cells; rules between rows and tables are not yet checked."""
    columns = [*table.row.columns(), *CARRIED]
    known_columns(case, table, [column])
    rows = list(case.rows(table.name))
    # A value in a key column may make one row equal to another, so that all of them are looked at.
    meant = set(chosen(case, table, where))
    looked_at = list(range(len(rows))) if column in table.key else sorted(meant)
    texts = [
        (
            rows[i].line,
            tuple(
                text_of(value if i in meant and c == column else getattr(rows[i], c))
                for c in columns
            ),
        )
        for i in looked_at
    ]
    place = case.origin.place(table.name).removesuffix(" as changed") + " as changed"
    tab, header = case.origin.tabs.get(table.name, ""), case.origin.headers.get(table.name, ())
    changed = _read(table, Sheet(place, tuple(columns), tuple(texts)))
    for i, row in zip(looked_at, changed, strict=True):
        rows[i] = row
    if table.name == "targets":
        of_table = len(case.tables.targets)
        case = _with_model_targets(case, rows[of_table:])
        rows = rows[:of_table]
    return _with_rows(case, table, rows, place, header, tab)


def _with_model_targets(case: Case, rows: Sequence[Row]) -> Case:
    """The case with these rows as the targets of its model file."""
    keys = [
        TargetKeys(**{name: getattr(row, name) for name in TargetKeys.model_fields}) for row in rows
    ]
    return replace(case, model=case.model.model_copy(update={"targets": tuple(keys)}))


def chosen(case: Case, table: Table, where: Where) -> list[int]:
    """Positions of the rows that `where` names. Raises InputError if a value of it is in none of them."""
    if not isinstance(where, Mapping):
        if len(table.key) != 1:
            said = f"a row is identified by {', '.join(table.key)}"
            remedy = f'write e.g. {{"{table.key[0]}": ...}}'
            raise InputError(
                [fault("no-such-row", case.origin.place(table.name), 0, "", said, remedy=remedy)]
            )
        where = {table.key[0]: where}
    known_columns(case, table, where)
    rows = case.rows(table.name)
    left = list(range(len(rows)))
    for column, wanted in where.items():
        present = dict.fromkeys(getattr(rows[i], column) for i in left)
        for option in options(wanted):
            if not any(is_one(cell, option) for cell in present):
                texts = [text_of(cell) for cell in present]
                near = (
                    did_you_mean(option, texts)
                    or f"; there is {', '.join(texts[:LISTED]) or 'none'}"
                )
                said = f'no such row of {table.name} has {column} "{option}"{near}'
                raise InputError(
                    [
                        fault(
                            "no-such-row",
                            case.origin.place(table.name),
                            0,
                            column,
                            said,
                            value=option,
                        )
                    ]
                )
        left = [i for i in left if fits(getattr(rows[i], column), wanted)]
    return left


def known_columns(case: Case, table: Table, named: Iterable[str]) -> None:
    """Raise InputError if a table has no such column."""
    known = [*table.row.columns(), *CARRIED]
    for name in named:
        if name not in known:
            said = f'unknown column "{name}" of {table.name}{did_you_mean(name, known)}'
            remedy, place = f"known: {', '.join(known)}", case.origin.place(table.name)
            raise InputError(
                [fault("unknown-column", place, 0, name, said, value=name, remedy=remedy)]
            )


def _read(table: Table, sheet: Sheet) -> tuple[Row, ...]:
    faults: list[Fault] = []
    rows = read_rows(table, sheet, faults, [], Read())
    if faults:
        raise InputError(collapse(faults))
    return rows


def _with_rows(
    case: Case,
    table: Table,
    rows: Iterable[Row],
    place: str,
    header: tuple[str, ...],
    tab: str = "",
) -> Case:
    """The case with these rows; `place`, `header` and `tab` say where faults of the table are."""
    changed: dict[str, Any] = {table.name: tuple(rows)}
    origin = case.origin.moved({table.name: place}, {table.name: header}, tab)
    return replace(case.with_tables(**changed), origin=origin)


def with_room(rows: Sequence[Scenario], moved: set[int]) -> list[Scenario]:
    """Scenarios of which some have new probabilities; the others make room in proportion, so that all sum to 1.

    Raises InputError if those that were set sum to more than 1.
    """
    given = sum(row.probability for i, row in enumerate(rows) if i in moved)
    rest = sum(row.probability for i, row in enumerate(rows) if i not in moved)
    if given > 1 + 1e-9:
        raise InputError(
            [Fault("scenarios.csv", 0, "probability", f"those set sum to {given:g}, more than 1")]
        )
    if rest <= 0:
        return list(rows)
    share = max(0.0, 1.0 - given) / rest
    return [
        row if i in moved else row.model_copy(update={"probability": row.probability * share})
        for i, row in enumerate(rows)
    ]


# ---- what differs between two cases ---------------------------------------------------------------------------------

MODEL = "model"
UNREAD = frozenset({"name", "title", *CARRIED})
"""Columns and keys that no program reads: they never count as a difference."""
UNREAD_OF = {"elements": frozenset({"price_usd_per_kg"})}
"""The same, of one table."""


def is_read(table: Table, column: str) -> bool:
    """Whether a program reads a column."""
    return column not in UNREAD and column not in UNREAD_OF.get(table.name, frozenset())


@dataclass(frozen=True)
class Difference:
    """One cell, row or key of the model file that differs.

    A cell has before and after as values. A row that only one case has has the column '' and the row itself, or None.
    A key of the model file has the table `model`, no key, and the dotted key as column.
    """

    table: str
    key: tuple[str, ...]
    column: str
    before: object
    after: object
    line: int = field(default=0, compare=False)
    """Of the row in the second case, or in the first if only that has it."""


def differences(old: Lookups, new: Lookups) -> Iterator[Difference]:
    """Everything that differs and that a program reads, in the order of the tables, then of the model file."""
    for table in TABLES:
        if not table.solved:
            continue
        before, after = old.rows(table.name), new.rows(table.name)
        if before is not after and before != after:
            for one, two in paired(table, before, after):
                yield from _row_differences(table, one, two)
    becomes = new.model.flat()
    for key, was in old.model.flat().items():
        if was != becomes[key] and key not in UNREAD and key != "targets":
            yield Difference(MODEL, (), key, was, becomes[key])


def changes(old: Lookups, new: Lookups) -> list[Fault]:
    """What became of the inputs, each change at its place: `projects.csv:7: existing_tpa: 100 -> 1000`."""
    out = []
    for one in differences(old, new):
        named, is_row = " ".join(filter(None, one.key)), one.table != MODEL and not one.column
        before, after = (text_of(cell) or "blank" for cell in (one.before, one.after))
        said = f"{before} -> {after}{f' ({named})' if named else ''}"
        if is_row:
            said = f"{'a new row' if one.before is None else 'the row is gone'}: {named}"
        origin = old.origin if is_row and one.after is None else new.origin
        place, cell = origin.place(one.table), origin.cell(one.table, one.line, one.column)
        out.append(
            Fault(
                place,
                one.line,
                one.column,
                said,
                "changed",
                "" if is_row else text_of(one.after),
                cell=cell,
            )
        )
    return out


def identity(table: Table, row: Row) -> tuple[str, ...]:
    """What identifies a row, as text. The factor of a shock is part of its key, yet it is a figure."""
    return tuple(text_of(getattr(row, column)) for column in table.key if column != "factor")


def paired(
    table: Table, before: Iterable[Row], after: Iterable[Row]
) -> list[tuple[Row | None, Row | None]]:
    """The rows of both, side by side where they are the same row; sorted by what identifies them."""
    found: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((before, after)):
        for row in rows:
            found[identity(table, row)][side].append(row)
    pairs: list[tuple[Row | None, Row | None]] = []
    for key in sorted(found):
        # Shocks that differ in nothing but their factor go in the order of it.
        one, two = (
            sorted(rows, key=lambda row: getattr(row, table.key[-1])) for rows in found[key]
        )
        pairs += zip_longest(one, two)
    return pairs


def _row_differences(table: Table, one: Row | None, two: Row | None) -> Iterator[Difference]:
    if one is None or two is None:
        key = identity(table, one or two)  # type: ignore[arg-type]
        yield Difference(table.name, key, "", one, two, (two or one).line)  # type: ignore[union-attr]
        return
    for column in table.row.columns():
        before, after = getattr(one, column), getattr(two, column)
        if before != after and is_read(table, column):
            yield Difference(table.name, identity(table, one), column, before, after, two.line)
