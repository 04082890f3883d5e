"""Change: one value for "this input, changed", and its one syntax, which commands, files, scripts and pages share.

A change is an address and a value, `ADDRESS=VALUE`. An address is a dotted key of the model file, or cells of a table:
the table, an id for each of its key columns, and the column. Ids are an id, a list `USA;JPN`, a pattern `U*`, `*`, or
years `2028..2030`; rows may also be named by other columns: `projects[stage=mine & country=USA].capex_usd_per_tpa`.
A value is a value, or one made of the present one: `x1.2`, `+30%`, `-10%`, `plus 2`, and `+2%/y`, which grows from the
first year of the horizon on. `TABLE.ID=gone` takes rows out. `KEY=` resets a key of the model file to its default.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from types import NoneType
from typing import Any, Literal, TypeAlias

from planner.cells import CARRIED, Quarter, text_of, types_in
from planner.config import ModelFile, default_value, key_type, known_keys
from planner.data.schema import BY_NAME, Table
from planner.errors import CHANGE, Fault, InputError, nearest, refuse_unknown, refused

MODEL = "model"
"""Stands in the place of a table where a key of the model file is changed."""
ANY = "*"
"""Stands for every value of a key column."""
HOLE = "?"
"""Stands for a value that is not known yet."""
GONE = "gone"
"""Stands for the value of rows that are taken out."""

How = Literal["set", "scale", "add", "grow", "gone"]
"""Ways to change: another value, a factor, an amount, growth per year, rows taken out."""
RELATIVE = ("scale", "add", "grow")
"""Ways that need a present value."""
NEUTRAL = {"scale": 1.0, "add": 0.0, "grow": 0.0}
"""The value of each way that leaves a figure as it is."""
RowConditions = tuple[tuple[str, str], ...]
"""Rows that are meant: pairs of a column and what its cells must be. Empty: all rows."""
InputValue = Any
"""Plain values: text, number, flag, None for a blank, a tuple of them, a mapping for a section."""

_DIGITS = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_YEARS = r"\d{1,4}(?:Q[1-4])?\.\.\d{1,4}(?:Q[1-4])?"
_BARE = rf"(?:{_YEARS}|[^.\"\[\]=&])"
_PART = re.compile(rf"({_QUOTED})|({_BARE}*)")
_CHANGE = re.compile(rf'((?:{_QUOTED}|\[(?:{_QUOTED}|[^\]"])*\]|[^"=\[])*)=(.*)', re.DOTALL)
_CONDITION = re.compile(rf'\s*(\w+)\s*=\s*({_QUOTED}|[^"&]*?)\s*(?:&|$)')
_WAYS: tuple[tuple[How, re.Pattern[str]], ...] = (
    ("scale", re.compile(rf"[x×]\s*([+-]?{_DIGITS}|\?)")),
    ("add", re.compile(rf"plus\s+([+-]?{_DIGITS}|\?)")),
    ("grow", re.compile(rf"([+-])\s*([+-]?{_DIGITS}|\?)\s*%\s*/\s*y")),
    ("scale", re.compile(rf"([+-])\s*([+-]?{_DIGITS}|\?)\s*%")),
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Change:
    """One input, changed: a key of the model file, cells of a table, or rows of it.

    table: of the case, or `model`. rows: which rows; empty: all. column: of the table, or a dotted key; '' for whole
    rows. how: in which way. value: plain; a factor for `scale`, an amount for `add`, a share per year for `grow`.

    >>> change = parse_change("projects.coast_plant.lead_time_years=plus 2")
    >>> change.how, change.value
    ('add', 2.0)
    >>> print(change)
    projects.coast_plant.lead_time_years=plus 2
    """

    table: str
    rows: RowConditions = ()
    column: str = ""
    how: How = "set"
    value: InputValue = None

    def __repr__(self) -> str:
        return f"Change({str(self)!r})"

    def __str__(self) -> str:
        return f"{self.address}={self._value_text()}"

    @property
    def address(self) -> str:
        """The key, cells or rows that are changed, as text."""
        if self.table == MODEL:
            return self.column
        key = _address_key(BY_NAME[self.table], len(self.rows))
        column = f".{self.column}" if self.column else ""
        if not dict(self.rows).keys() <= set(key):
            conditions = [f"{name}={_part_text(text)}" for name, text in self.rows]
            return f"{self.table}[{' & '.join(conditions)}]{column}"
        return ".".join([self.table, *self._ids(key)]) + column

    def _ids(self, key: tuple[str, ...]) -> list[str]:
        """Ids of the rows, one for each of the key columns."""
        wanted = dict(self.rows)
        ids: list[str] = []
        for name in key:
            is_blank = wanted.get(name) == ""
            if is_blank and ids and ids[-1][-1:].isdigit():
                is_blank = False  # else two points would look like years
            ids.append("" if is_blank else _part_text(wanted.get(name, ANY)))
        return ids

    def _value_text(self) -> str:
        """The value as it is written after `=`: `x0.5`, `plus 2`, `+2%/y`, or a literal that reads back as the same
        value."""
        if self.how == "gone":
            return GONE
        if self.how == "scale":
            return f"x{text_of(self.value)}"
        if self.how == "add":
            return f"plus {text_of(self.value)}"
        if self.how == "grow":
            return f"{_percent(self.value)}%/y"
        text = _literal(self.value)
        bare = self.value.strip() if isinstance(self.value, str) else text
        is_plain = bare and _read_value(self.table, self.column, bare) == ("set", self.value)
        return bare if is_plain else text


@dataclass(frozen=True)
class OpenChange:
    """A change whose value is still to be given: `budgets.*.*.musd=x?`. share: the value is in per cent."""

    change: Change
    share: bool = False

    def at(self, value: InputValue) -> Change:
        """The change with its value."""
        if not self.share:
            return replace(self.change, value=plain(value))
        part = Decimal(repr(float(value))) / 100
        if self.change.how == "scale":
            part += 1
        return replace(self.change, value=float(part))

    @property
    def neutral(self) -> float | None:
        """The value that leaves all as it is; None where another value is set."""
        return 0.0 if self.share else NEUTRAL.get(self.change.how)

    def __str__(self) -> str:
        values = {"scale": "x?", "add": "plus ?", "grow": "+?%/y"}
        value = values.get(self.change.how, HOLE)
        if self.share and self.change.how == "scale":
            value = "+?%"
        return f"{self.change.address}={value}"


Changes: TypeAlias = str | Change | Mapping[str, InputValue] | Iterable[Any]
"""`ADDRESS=VALUE`, a `Change`, values by address, or several of these."""


# ---- reading ---------------------------------------------------------------------------------------------------------


def parse_change(text: str) -> Change:
    """A change of a case from text.

    Parameters
    ----------
    text
        `ADDRESS=VALUE`: a key of the model file, or `TABLE.ID.COLUMN`, and a value, `x1.2`, `+10%`, `plus 2` or
        `+2%/y`. Words need no quotes. `KEY=` resets a key of the model file to its default.

    Returns
    -------
    Change
        What `case.changed` takes.

    Raises
    ------
    InputError
        For an unknown table, key or column; it names the nearest.

    Examples
    --------
    >>> parse_change("policy.coordination=national").value
    'national'
    """
    found = _CHANGE.fullmatch(text.strip())
    if found is None or not found[1].strip():
        raise refused("override", CHANGE, "must look like KEY=VALUE", column=text)
    return _change(found[1].strip(), found[2].strip(), as_text=True)


def read_changes(changes: Changes) -> list[Change]:
    """Changes as they are, from text, or from addresses and values. Raises InputError with every fault."""
    read, faults = readable_changes(changes)
    if faults:
        raise InputError(faults)
    return read


def readable_changes(changes: Changes) -> tuple[list[Change], list[Fault]]:
    """The changes that can be read, and the faults of those that cannot."""
    if isinstance(changes, Change):
        return [changes], []
    read: list[Change] = []
    faults: list[Fault] = []
    several = changes.items() if isinstance(changes, Mapping) else changes
    for one in [changes] if isinstance(changes, str) else several:
        try:
            if isinstance(one, str):
                read.append(parse_change(one))
            elif isinstance(changes, Mapping):
                read.append(change_of(*one))
            else:
                inner, inner_faults = readable_changes(one)
                read += inner
                faults += inner_faults
        except InputError as error:
            faults += error.faults
    return read, faults


def parse_open(text: str) -> OpenChange:
    """A change whose value is `?`, from text. Raises InputError."""
    address, equals, value = text.rpartition("=")
    if not equals or HOLE not in value:
        said = "must look like ADDRESS=x?, with ? for the value"
        raise refused("override", "study", said, column=text)
    known = _change(address.strip(), None, as_text=False)
    if value.strip() == HOLE:
        return OpenChange(known)
    for how, pattern in _WAYS:
        if pattern.fullmatch(value.strip()):
            return OpenChange(replace(known, how=how), share="%" in value)
    said = 'is none of "?", "x?", "plus ?", "+?%" and "+?%/y"'
    raise refused("override", "study", said, column=value.strip(), value=value.strip())


def change_of(address: str, value: InputValue) -> Change:
    """A change from an address and a value, as TOML and Python have them: words such as `x1.2` count as in text.

    >>> print(change_of("objective.risk_aversion", 0.7))
    objective.risk_aversion=0.7
    """
    return _change(address, value, as_text=False)


def cells_changed(
    table: str, where: Mapping[str, InputValue], column: str, value: InputValue
) -> Change:
    """A change of the cells of a column, rows named by column. Raises InputError for an unknown table or column."""
    known = known_table(table)
    known_columns(known, [*where, column])
    rows = {name: _wanted(wanted) for name, wanted in where.items()}
    how, plain = _typed_value(table, column, value)
    return Change(table=table, rows=_in_order(known, rows), column=column, how=how, value=plain)


def known_table(name: str) -> Table:
    """The declaration of a table. Raises InputError for an unknown one."""
    refuse_unknown(CHANGE, "table", name, BY_NAME, rule="unknown-table")
    return BY_NAME[name]


def known_columns(table: Table, named: Iterable[str], place: str = "") -> None:
    """Raise InputError if a table has no such column. place: of the table, for messages."""
    known = [*table.row.columns(), *CARRIED]
    kind = f"column of {table.name}"
    for name in named:
        refuse_unknown(place or f"{table.name}.csv", kind, name, known, rule="unknown-column")


def _change(address: str, value: InputValue, as_text: bool) -> Change:
    """A change of an address to a value.

    as_text: the value is as typed on a command line. Raises InputError for an unknown table, key or column.
    """
    name = _table_name(address)
    sections = {key.partition(".")[0] for key in known_keys()}
    if name not in BY_NAME and name not in sections and nearest(name, BY_NAME):
        known_table(name)  # which says what was meant
    read = _read_value if as_text else _typed_value
    if name not in BY_NAME or (name == address and name in sections):
        how, plain = read(MODEL, address, value)
        return Change(table=MODEL, column=address, how=how, value=plain)
    table = BY_NAME[name]
    if value == GONE and _names_rows(table, address):
        rows, _ = _cells_address(table, f"{address}.", whole_row=True)
        return Change(table=name, rows=rows, how="gone")
    rows, column = _cells_address(table, address)
    known_columns(table, [*dict(rows), column])
    how, plain = read(name, column, value)
    return Change(table=name, rows=rows, column=column, how=how, value=plain)


def _table_name(address: str) -> str:
    """The table or section with which an address begins."""
    return re.split(r"[.\[]", address, maxsplit=1)[0]


def _names_rows(table: Table, address: str) -> bool:
    """An address is one of whole rows, not of cells in a column."""
    before, _, last = address.rpartition(".")
    return last not in (*table.row.columns(), *CARRIED) or before == table.name


def _cells_address(
    table: Table, address: str, whole_row: bool = False
) -> tuple[RowConditions, str]:
    """The rows and the column that an address names."""
    rest = address.removeprefix(table.name)
    if rest.startswith("["):
        inner, closed, column = rest[1:].rpartition("].")
        if not closed:
            raise _no_cell(table, address, "is not a cell of the table")
        rows = {name: _unquoted(wanted) for name, wanted in _CONDITION.findall(inner)}
        known_columns(table, rows)
        return _in_order(table, rows), column
    *ids, column = _parts(rest[1:])
    if not ids:
        raise _no_cell(table, address, "names a table, not a cell")
    ids = _with_whole_numbers(table, ids)
    key = _address_key(table, len(ids))
    if len(ids) != len(key) or (not column and not whole_row):
        raise _no_cell(table, address, "is not a cell of the table")
    rows = {name: wanted for name, wanted in zip(key, ids, strict=True) if wanted != ANY}
    return tuple(rows.items()), column


def _no_cell(table: Table, address: str, said: str) -> InputError:
    ids = [column.upper() for column in _address_key(table, 0)]
    path = ".".join([table.name, *ids, "COLUMN"])
    key = address.removesuffix(".")
    return refused("override", CHANGE, said, column=key, value=key, remedy=f"write {path}=VALUE")


def _address_key(table: Table, ids: int) -> tuple[str, ...]:
    """The key columns that an address with so many ids names; the factor of a shock may be left out."""
    if table.key[-1] == "factor" and ids < len(table.key):
        return table.key[:-1]
    return table.key


def _parts(text: str) -> list[str]:
    """The parts of a dotted address."""
    parts: list[str] = []
    at = 0
    while True:
        found = _PART.match(text, at)
        if found is None:
            break
        parts.append(_unquoted(found[0]))
        at = found.end()
        if at == len(text):
            break
        if text[at] != ".":
            said = f'has "{text[at]}" in it; put ids with signs into quotes'
            raise refused("override", CHANGE, said, column=text, value=text)
        at += 1
    return parts


def _with_whole_numbers(table: Table, ids: list[str]) -> list[str]:
    """Ids in which the point of an id, or of a number, is no border between two of them."""
    if len(table.key) == 1:
        return [".".join(ids)]
    if len(ids) == len(table.key) + 1:
        for at, name in enumerate(table.key):
            if float in _kinds(table.name, name):
                number = f"{ids[at]}.{ids[at + 1]}"
                return [*ids[:at], number, *ids[at + 2 :]]
    return ids


def _unquoted(part: str) -> str:
    return str(_toml(part)) if part.startswith('"') else part


def _in_order(table: Table, rows: Mapping[str, str]) -> RowConditions:
    order = [*table.key, *table.row.columns(), *CARRIED]
    named = [name for name in sorted(rows, key=order.index) if rows[name] != ANY]
    return tuple((name, rows[name]) for name in named)


def _wanted(value: InputValue) -> str:
    """Text that a cell must be: alternatives are joined by `;`."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ";".join(map(text_of, value))
    return text_of(value)


# ---- values ----------------------------------------------------------------------------------------------------------


def _read_value(table: str, column: str, text: str) -> tuple[How, InputValue]:
    """A value from text: a way and a number, else a TOML value, else the words themselves."""
    kinds = _kinds(table, column)
    if kinds & {int, float} and (found := _relative(text)):
        return found
    if text == "":
        return "set", plain(default_value(column)) if table == MODEL else None
    if text[0] not in "\"'[{" and kinds <= {str, NoneType}:
        return "set", text
    found_value = _toml(text)
    return "set", text if found_value is None else plain(found_value)


def _typed_value(table: str, column: str, value: InputValue) -> tuple[How, InputValue]:
    """A value as TOML or Python have it; words such as `x1.2` count where the cells are numbers."""
    if table == MODEL and value == "":
        return "set", plain(default_value(column))
    if isinstance(value, str) and _kinds(table, column) & {int, float}:
        return _relative(value.strip()) or ("set", value)
    return "set", plain(value)


def _relative(text: str) -> tuple[How, float] | None:
    """How a text changes a figure, and by how much; None for a text that does not, or whose number is still open."""
    for how, pattern in _WAYS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        *sign, number = found.groups()
        if number == HOLE:
            return None
        if not sign:
            return how, float(number)
        share = Decimal(number) / 100
        if sign[0] == "-":
            share = -share
        if how == "scale":
            share += 1
        return how, float(share)
    return None


def _toml(text: str) -> InputValue:
    """A TOML value; None where the text is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return None


def plain(value: InputValue) -> InputValue:
    """A value without classes of libraries: lists as tuples, numbers of NumPy as numbers of Python."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, Quarter | date | time):
        return text_of(value)
    if hasattr(value, "item") and not isinstance(value, str):
        return value.item()
    return value


def _literal(value: InputValue) -> str:
    """A value as TOML has it; blank for None."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return _number_text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Mapping):
        cells = [f"{name} = {_literal(cell)}" for name, cell in value.items() if cell is not None]
        return f"{{{', '.join(cells)}}}"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _number_text(value: float) -> str:
    return text_of(value) if isinstance(value, bool) or math.isfinite(value) else str(value)


def _percent(share: float) -> str:
    per_cent = (Decimal(repr(share)) * 100).normalize()
    return f"{per_cent:+f}"


def _part_text(wanted: str) -> str:
    bare = re.fullmatch(rf"{_BARE}+", wanted) and wanted == wanted.strip()
    return wanted if bare else _literal(wanted)


# ---- what a column or key holds --------------------------------------------------------------------------------------


def _kinds(table: str, column: str) -> set[Any]:
    """Types of the values of a column or key; none for one that is not known."""
    if table == MODEL:
        return types_in(key_type(column)) if column in known_keys(ModelFile) else {str}
    if column in CARRIED or column == "":
        return {str}
    return types_in(BY_NAME[table].row.model_fields[column].annotation)
