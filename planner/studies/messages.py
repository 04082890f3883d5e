"""What is wrong with a study file: at its line and key, with a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from planner.config.toml import Toml
from planner.data.cells import look_of, parse_label, parse_name
from planner.data.rules import fault
from planner.errors import Fault, Rule, did_you_mean

STUDY_RULES: dict[str, Rule] = {
    "unknown-key": Rule("only known keys", "rename or remove the key"),
    "missing-key": Rule("keys without a default are given", "add the key"),
    "bad-value": Rule("a key has a value of its type and range", "correct the value"),
    "study-sense": Rule("keys fit together", "correct one of them"),
    "study-name": Rule(
        "what a study names is there", "correct the name; `planner schema` lists tables, columns and keys"
    ),
    "study-size": Rule("a study is of a size that can be run", "take fewer levels or points"),
    "study-list": Rule("a list of points has a column per uncertainty", "correct the cell or the heading"),
}
"""What a study file is held to, beside the rules for texts of tables and for TOML."""
LONGEST_SHOWN = 60
_TYPES = ("bool", "int", "float", "str", "list[str]", "constrained-float", "constrained-str")
"""What a union puts into the path of a value beside keys."""


def twice(texts: Sequence[str]) -> str:
    """A text that stands twice among others, or one that looks like it; '' if there is none."""
    looks = [look_of(text) for text in texts]
    return next((text for text, look in zip(texts, looks, strict=True) if looks.count(look) > 1), "")


def text_faults(values: Mapping[str, Any], place: str, toml: Toml) -> list[Fault]:
    """Texts that hold what no one sees, and names of letters of two scripts, wherever they stand."""
    return [found for loc, text in _texts(values, ()) if (found := _text_fault(loc, text, place, toml))]


def at(loc: Iterable[str | int], said: str) -> PydanticCustomError:
    """What does not fit together, with its place in a study file for the validation that raises it."""
    return PydanticCustomError("study-sense", "{said}", {"said": said, "at": tuple(loc)})


def study_fault(
    place: str,
    toml: Toml,
    loc: Sequence[str | int],
    said: str,
    rule: str = "study-sense",
    remedy: str = "",
    column: str = "",
) -> Fault:
    """A fault of a study file that was read, at its line; what follows a semicolon is the remedy."""
    message, _, told = said.partition("; ")
    remedy = remedy or told or STUDY_RULES[rule].remedy
    return Fault(place, toml.line(loc), column or _dotted(loc), message, rule, remedy=remedy)


def list_fault(place: str, line: int, column: str, said: str) -> Fault:
    """A fault of the file of a list of points."""
    return Fault(place, line, column, said, "study-list", remedy=STUDY_RULES["study-list"].remedy)


def faults_of(
    error: ValidationError, place: str, toml: Toml, known: Sequence[str], kinds: Sequence[str]
) -> Iterable[Fault]:
    """What a validation found. known: all keys there are; kinds: of designs.

    What fits none of the types that a value may have is one fault, not one for each type.
    """
    found = [_fault(detail, place, toml, known, kinds) for detail in error.errors()]
    return {(fault.line, fault.column): fault for fault in found}.values()


def _texts(value: object, loc: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of nested values, keys too, and where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield (*loc, key), str(key)
            yield from _texts(inner, (*loc, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*loc, number))
    elif isinstance(value, str):
        yield loc, value


def _text_fault(loc: tuple[str | int, ...], text: str, place: str, toml: Toml) -> Fault | None:
    parse = parse_label if loc[-1] in ("name", "label") and len(loc) > 1 else parse_name
    try:
        parse(text)
    except PydanticCustomError as error:
        return fault(error.type, place, toml.line(loc), _dotted(loc), error.message(), value=text)
    return None


def _dotted(loc: Iterable[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)


def _fault(detail: Mapping[str, Any], place: str, toml: Toml, known: Sequence[str], kinds: Sequence[str]) -> Fault:
    # The tag of a union stands in the path; it is no key of the file.
    loc = [part for part in detail["loc"] if part not in kinds and part not in _TYPES]
    loc = list(detail.get("ctx", {}).get("at", loc))
    kind, given = detail["type"], detail["input"]
    message, _, remedy = str(detail["msg"]).removeprefix("Value error, ").partition("; ")
    rule = {
        "extra_forbidden": "unknown-key",
        "missing": "missing-key",
        "value_error": "study-sense",
        "study-sense": "study-sense",
    }.get(kind, "bad-value")
    if rule == "unknown-key":
        message = f"unknown key{did_you_mean(str(loc[-1]), known)}"
    elif rule == "missing-key":
        message = "is missing"
    elif rule == "bad-value":
        loc, message = _demanded(detail, loc, kinds, message.replace("Input should be", "must be"))
    return Fault(
        place,
        toml.line(loc),
        _dotted(loc),
        message,
        rule,
        str(given)[:200] if rule == "bad-value" else "",
        remedy or STUDY_RULES[rule].remedy,
    )


def _demanded(detail: Mapping[str, Any], loc: list[Any], kinds: Sequence[str], demand: str) -> tuple[list[Any], str]:
    """Where a value stands that is none, and what it must be."""
    given, ctx = detail["input"], detail.get("ctx", {})
    choices = re.findall(r"'([^']+)'", str(ctx.get("expected") or ctx.get("expected_tags")))
    if str(detail["type"]).startswith("union_tag"):
        given, loc = given.get("kind") if isinstance(given, Mapping) else given, [*loc, "kind"]
        demand = f"must be one of {', '.join(choices or kinds)}"
    if any(part in _TYPES for part in detail["loc"]):
        demand = "must be a finite number, a text, true or false, or a list of texts"
    shown = repr(given) if len(repr(given)) <= LONGEST_SHOWN else f"{repr(given)[:LONGEST_SHOWN]}..."
    hint = did_you_mean(given, choices or kinds) if isinstance(given, str) else ""
    return loc, f"{shown}: {demand[0].lower()}{demand[1:]}{hint}"
