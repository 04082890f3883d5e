"""Text of a cell -> typed value. The messages name the rule and the remedy."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d[\d.,\s']*,\d*")
_SPREADSHEET_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


def parse_number(value: object) -> object:
    """Text -> float. Anything that is not text passes through. Raises ValueError."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if text in _SPREADSHEET_ERRORS:
        raise ValueError(f'"{text}" is a spreadsheet error; mend the formula it comes from')
    if _COMMA.fullmatch(text):
        raise ValueError(f'"{text}" has a decimal comma or thousands separator; write 1234.5')
    if text.casefold().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError(f'"{text}" is not a finite number; write a figure or leave the cell empty')
    raise ValueError(f'"{text}" is not a number')


def parse_whole(value: object) -> object:
    """Text -> int; '2030.0' is accepted, '2030.5' is not. Raises ValueError."""
    number = parse_number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise ValueError(f'"{value}" must be a whole number')
        return int(number)
    return number


def parse_flag(value: object) -> object:
    """Text -> bool. Raises ValueError."""
    if not isinstance(value, str):
        return value
    flag = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}.get(value.strip().casefold())
    if flag is None:
        raise ValueError(f'"{value}" must be true or false')
    return flag


def parse_id(value: object) -> object:
    """Text -> identifier: no ';', '*' or line breaks, which lists and wildcards use. Raises ValueError."""
    if isinstance(value, str) and re.search(r"[;*\r\n]", value):
        raise ValueError(f'"{value}" contains one of ; * or a line break, which ids may not')
    return value


def parse_list(value: object) -> object:
    """'a; b' -> ('a', 'b'); '' -> (). Raises ValueError on a repeated entry."""
    if not isinstance(value, str):
        return value
    parts = tuple(part.strip() for part in value.split(";") if part.strip())
    if len(set(parts)) < len(parts):
        raise ValueError(f'"{value}" names an entry twice')
    return parts


def parse_wildcard(value: object) -> object:
    """'*' -> '' (all), else text."""
    return "" if isinstance(value, str) and value.strip() == "*" else value


Number = Annotated[float, BeforeValidator(parse_number)]
Whole = Annotated[int, BeforeValidator(parse_whole)]
Flag = Annotated[bool, BeforeValidator(parse_flag)]
Id = Annotated[str, BeforeValidator(parse_id)]
Ids = Annotated[tuple[str, ...], BeforeValidator(parse_list)]
Wildcard = Annotated[str, BeforeValidator(parse_wildcard)]
