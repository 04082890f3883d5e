"""Text of a cell -> typed value, what a column of them declares, and which rows an address means.

What is wrong is said by rule; `planner.data.findings` holds the remedies.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from fnmatch import fnmatchcase
from functools import cache, partial
from operator import attrgetter
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from planner.errors import invisible

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d[\d.,\s'’]*,\d*|[+-]?\d{1,3}([\s'’]\d{3})+(\.\d*)?", re.ASCII)
_UNIT = re.compile(r"([$€£]\s*[\d.,]+|[+-]?[\d.]+([eE][+-]?\d+)?\s*(%|[^\W\d][\w/.$€£]*))")
_DATE = re.compile(
    r"(?P<year>\d{4})[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}([-/. ])\w{1,9}\3(?P<last>\d{4}|\d{2})",
    re.ASCII,
)
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII)
_QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)
_SPREADSHEET_ERRORS = (
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LATIN = "AaBCcEeHIiJjKMNOopPqQSsTwWXxyYZv"
_CYRILLIC = "АаВСсЕеНІіЈјКМΝОорРԛԚЅѕТԝԜХхуΥΖν"
_GREEK = "ΑаΒССЕеΗΙіЈјΚΜΝΟοрΡԛԚЅѕΤԝԜΧхуΥΖν"
CONFUSABLE = dict(zip(map(ord, _CYRILLIC + _GREEK), _LATIN + _LATIN, strict=True))
"""Cyrillic and Greek letters that look like Latin ones."""
_BLANKS = "\u00a0\u115f\u1160\u2800\u3164\uffa0"
"""Characters that no category calls invisible, and that are not seen either."""


def look_of(name: str) -> str:
    """Looks of a name: one case, one form of each letter, foreign letters as those they look like."""
    return unicodedata.normalize("NFKC", name).translate(CONFUSABLE).casefold()


MAX_DIGITS = 40
"""Longest figure that is read; longer ones are no measurement."""
LAST_YEAR = 9999
"""Latest year in which something begins or ends."""


@dataclass(frozen=True)
class Quarter:
    """A quarter of a year, 1 to 4; as text `2028Q2`, and no other way. A whole year is a plain int."""

    year: int
    quarter: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter}"


def begin_of(period: int | Quarter) -> tuple[int, int]:
    """Year and quarter with which a year or a quarter begins."""
    return (period.year, period.quarter) if isinstance(period, Quarter) else (period, 1)


def end_of(period: int | Quarter) -> tuple[int, int]:
    """Year and quarter with which a year or a quarter ends."""
    return (period.year, period.quarter) if isinstance(period, Quarter) else (period, 4)


def wrong(rule: str, template: str, /, **values: object) -> PydanticCustomError:
    """The error of a rule; the template may name values in braces."""
    return PydanticCustomError(rule, template, values)


def armour(text: str) -> str:
    """Text as it is written to CSV: a spreadsheet must not take it for a formula."""
    return "'" + text if text.startswith(("'", *_FORMULA)) else text


def text_of(value: object) -> str:
    """A value as text: as it stands in a table, before `armour`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if is_whole else repr(float(value))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return ";".join(map(text_of, value))
    return str(value).strip()


def unarmour(text: str) -> str:
    """Undo `armour`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(("'", *_FORMULA)) else text


def parse_number(value: object) -> object:
    """Text -> float, infinite where it is too large. Anything that is not text passes through.

    Raises the error of the rule that other text breaks; see `wrong`.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _NUMBER.fullmatch(text) and len(text) <= MAX_DIGITS:
        return float(text)
    shown = text if len(text) <= MAX_DIGITS else text[:MAX_DIGITS] + "..."
    if text.upper() in _SPREADSHEET_ERRORS:
        raise wrong("spreadsheet-error", '"{text}" is a spreadsheet error', text=shown)
    if dated := _DATE.fullmatch(text):
        last = dated["year"] or dated["last"]
        said = '"{text}" is a date, of the year {year}'
        raise wrong("date-in-cell", said, text=shown, year=last if len(last) == 4 else f"20{last}")
    if _COMMA.fullmatch(text) or _POINTS.fullmatch(text):
        said = '"{text}" has a decimal comma or thousands separator'
        raise wrong("decimal-comma", said, text=shown)
    if text.casefold().lstrip("+-") in ("nan", "inf", "infinity"):
        raise wrong("not-finite", '"{text}" is not a finite number', text=shown)
    if _UNIT.fullmatch(text):
        raise wrong("unit-in-cell", '"{text}" is not a number but a number with a unit', text=shown)
    raise wrong("not-a-number", '"{text}" is not a number', text=shown)


def parse_whole(value: object) -> object:
    """Text -> int; '2030.0' is accepted, '2030.5' is not."""
    number = parse_number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise wrong("not-whole", '"{text}" must be a whole number', text=str(value))
        return int(number)
    return number


def parse_period(value: object) -> object:
    """Text -> Quarter, or int for a whole year."""
    if isinstance(value, str):
        quarter = _QUARTER.fullmatch(value.strip())
        if quarter:
            value = Quarter(int(quarter[1]), int(quarter[2]))
        elif "q" in value.casefold():
            said = '"{text}" is neither a year nor a quarter such as 2028Q2'
            raise wrong("not-a-period", said, text=value)
        else:
            value = parse_whole(value)
    year = value.year if isinstance(value, Quarter) else value
    if isinstance(year, int) and not 1 <= year <= LAST_YEAR:
        raise wrong("range", "{text}: must be from 1 to {last}", text=year, last=LAST_YEAR)
    return value


def parse_flag(value: object) -> object:
    """Text -> bool."""
    if not isinstance(value, str):
        return value
    word = value.strip().casefold()
    if word in ("true", "1", "yes"):
        return True
    if word in ("false", "0", "no"):
        return False
    raise wrong("not-a-flag", '"{text}" must be true or false', text=value)


def parse_name(value: object, allowed: str = "") -> object:
    """Text for people: nothing invisible, which would reach pages and the terminal, but what is allowed."""
    code = invisible(value, allowed) if isinstance(value, str) else ""
    if code:
        raise _invisible(value, code)
    return value


def _invisible(text: object, code: str) -> PydanticCustomError:
    said = '"{text}" contains the invisible character {code}'
    return wrong("invisible-character", said, text=text, code=code)


def parse_label(value: object) -> object:
    """Text that tells things apart: nothing invisible, and no blank that is no plain one."""
    parse_name(value)
    if not isinstance(value, str):
        return value
    for letter in value:
        is_blank = letter in _BLANKS or (letter.isspace() and letter != " ")
        if is_blank or "\ufe00" <= letter <= "\ufe0f":
            raise _invisible(value, f"U+{ord(letter):04X}")
    return value


def parse_id(value: object) -> object:
    """Text -> identifier: a label without ';', '*' or line breaks, which lists and wildcards use, that is no remark."""
    if isinstance(value, str):
        if value.startswith(REMARK):
            raise wrong(
                "bad-id",
                '"{text}" begins with # and a blank, as a line does that is no row',
                text=value,
            )
        if re.search(r"[;*\r\n]", value):
            said = '"{text}" contains one of ; * or a line break, which ids may not'
            raise wrong("bad-id", said, text=value)
        parse_label(value)
        if value.upper() in _SPREADSHEET_ERRORS:
            raise wrong("spreadsheet-error", '"{text}" is a spreadsheet error', text=value)
    return value


def parse_list(value: object) -> object:
    """'a; b' -> ('a', 'b'); '' -> (). No entry twice."""
    if not isinstance(value, str):
        return value
    parts = tuple(part.strip() for part in value.split(";") if part.strip())
    if len(set(parts)) < len(parts):
        raise wrong("repeated-entry", '"{text}" names an entry twice', text=value)
    for part in parts:
        if part != "*":
            parse_id(part)
    return parts


def parse_wildcard(value: object) -> object:
    """'*' -> '' (all), else an identifier."""
    return "" if isinstance(value, str) and value.strip() == "*" else parse_id(value)


Number = Annotated[float, BeforeValidator(parse_number)]
Whole = Annotated[int, BeforeValidator(parse_whole)]
_PLAIN = PlainSerializer(lambda at: str(at) if isinstance(at, Quarter) else at, when_used="json")
When = Annotated[int | Quarter, BeforeValidator(parse_period), _PLAIN]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Name = Annotated[str, BeforeValidator(parse_name)]
Label = Annotated[str, BeforeValidator(parse_label)]
Note = Annotated[str, BeforeValidator(partial(parse_name, allowed="\n\r\t"))]
"""Text that is carried: line breaks and tabs, but nothing else that is invisible."""
Id = Annotated[str, BeforeValidator(parse_id)]
Ids = Annotated[tuple[str, ...], BeforeValidator(parse_list)]
Wildcard = Annotated[str, BeforeValidator(parse_wildcard)]


def col(meaning: str, unit: str = "", default: Any = ..., **bounds: Any) -> Any:
    """A column: its meaning, unit, default (none: the cell must be filled) and bounds."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, **bounds)


def identifier(meaning: str) -> Any:
    """A name that must be filled."""
    return col(meaning, min_length=1)


def above_zero(meaning: str, unit: str, default: Any = ..., most: float = 1e12) -> Any:
    """A finite number > 0."""
    return col(meaning, unit, default, gt=0, le=most, allow_inf_nan=False)


def positive(meaning: str, unit: str, default: Any = ...) -> Any:
    """A finite number >= 0."""
    return col(meaning, unit, default, ge=0, le=1e12, allow_inf_nan=False)


def share(meaning: str, default: Any = ...) -> Any:
    """A finite number in [0, 1]."""
    return col(meaning, "share", default, ge=0, le=1, allow_inf_nan=False)


def degrees(meaning: str, most: float) -> Any:
    """An optional angle in [-most, most] degrees (WGS 84)."""
    return col(meaning, "°", None, ge=-most, le=most, allow_inf_nan=False)


def year(meaning: str, default: Any = ...) -> Any:
    """A calendar year."""
    return col(meaning, "year", default, ge=1900, le=2200)


def edge(meaning: str, default: Any = None) -> Any:
    """A calendar year that begins or ends something; far outside the horizon means never or always."""
    return col(meaning, "year", default, ge=1, le=LAST_YEAR)


REMARK = "# "
"""How the first cell of a line directly below the header begins, if the line explains the columns and is no row."""
CARRIED = ("source", "confidence", "notes")


def types_in(annotation: Any) -> set[Any]:
    """The plain types that an annotation is made of."""
    if isinstance(annotation, str):
        return {str}
    parts = get_args(annotation)
    if not parts:
        return {annotation} if isinstance(annotation, type) else set()
    found: set[Any] = set()
    for part in parts:
        found |= types_in(part)
    return found


class Row(BaseModel):
    """A row of a table, with what every row carries and no computation reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    line: SkipJsonSchema[int] = Field(0, exclude=True)
    source: Note = col("where the figures are from", default="")
    confidence: Note = col("how sure they are", default="")
    notes: Note = col("anything else", default="")

    @classmethod
    def columns(cls) -> list[str]:
        """The columns of the contract, in order, without the carried ones."""
        return [name for name in cls.model_fields if name != "line" and name not in CARRIED]

    def cells(self, columns: Iterable[str]) -> tuple[Any, ...]:
        """Values of some columns, in their order."""
        return tuple(getattr(self, name) for name in columns)


R = TypeVar("R", bound=Row)


def by_id(rows: Iterable[R], *columns: str) -> dict[Any, R]:
    """Cell of a column, or cells of several, -> row; in their order."""
    key_of = attrgetter(*columns)
    return {key_of(row): row for row in sorted(rows, key=key_of)}


def grouped_by(rows: Iterable[R], *columns: str) -> defaultdict[Any, list[R]]:
    """Cell of a column, or cells of several, -> its rows; in the order of their first rows."""
    key_of = attrgetter(*columns)
    groups: defaultdict[Any, list[R]] = defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    return groups


Wanted = object
"""Demand on a cell: `dy`, `s1*`, `dy;tb` or a list; for numbers also `2030..2035`."""


def matching(rows: Sequence[Row], where: Mapping[str, Wanted]) -> list[int]:
    """Positions of the rows whose cells all fit. Columns must exist."""
    # Columns hold few different cells, and large tables many rows.
    fitting = {name: cache(partial(fits, wanted=wanted)) for name, wanted in where.items()}
    positions: list[int] = []
    for at, row in enumerate(rows):
        if all(fit(getattr(row, name)) for name, fit in fitting.items()):
            positions.append(at)
    return positions


def conditions(text: str) -> dict[str, str]:
    """`stage=metal & country=JPN;KOR` -> column: what its cells must be. Raises ValueError where there is no `=`."""
    parts = [part.partition("=") for part in text.split("&")] if text.strip() else []
    if not all(sign and name.strip() for name, sign, _ in parts):
        raise ValueError(f'"{text}" is not of the form column=value, joined by &')
    return {name.strip(): wanted.strip() for name, _, wanted in parts}


def fits(cell: object, wanted: Wanted) -> bool:
    """A cell is one of what is wanted."""
    return any(is_one(cell, option) for option in options(wanted))


def options(wanted: Wanted) -> list[str]:
    """The alternatives, one by one."""
    if isinstance(wanted, str):
        return [part.strip() for part in wanted.split(";")]
    alternatives = wanted if isinstance(wanted, Iterable) else [wanted]
    return list(map(text_of, alternatives))


def is_number(value: object) -> bool:
    """A cell holds a number (a flag is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_one(cell: object, option: str) -> bool:
    """A cell is this alternative."""
    if _between(cell, option):
        return True
    text = text_of(cell)
    return text == option or fnmatchcase(text, option)


def _between(cell: object, option: str) -> bool:
    """A cell is a number, or of a year, within a range as text: `2028..2030`."""
    low, dots, high = option.partition("..")
    figure = cell.year if isinstance(cell, Quarter) else cell
    if not dots or not is_number(figure):
        return False
    try:
        return float(low) <= float(str(figure)) <= float(high)
    except ValueError:
        return False
