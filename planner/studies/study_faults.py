"""What is wrong with a study file: at its line and key, with a remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from planner.cells import look_of
from planner.config import Toml, demanded
from planner.errors import Fault, did_you_mean, nearest

HIDDEN = "invisible-character"
_RULE_OF = {"extra_forbidden": "unknown-key", "missing": "missing-key", HIDDEN: HIDDEN}
_RULE_OF |= dict.fromkeys(("value_error", "study-sense"), "study-sense")
"""Refusal by pydantic -> the rule that is broken; any other is a bad value."""
_TYPES = (
    "bool",
    "int",
    "float",
    "str",
    "list[str]",
    "constrained-float",
    "constrained-str",
    "[key]",
)
"""Words that a union, or a key that is refused, puts into the path of a value beside keys."""


def twice(texts: Sequence[str]) -> str:
    """A text that stands twice among others, or one that looks like it; '' if there is none."""
    looks = Counter(map(look_of, texts))
    for text in texts:
        if looks[look_of(text)] > 1:
            return text
    return ""


def at(loc: Iterable[str | int], said: str) -> PydanticCustomError:
    """The error of things that do not fit together, with its place in a study file for the validation that raises
    it."""
    return PydanticCustomError("study-sense", "{said}", {"said": said, "at": tuple(loc)})


def faults_of(
    error: ValidationError, toml: Toml, known: Sequence[str], kinds: Sequence[str]
) -> Iterable[Fault]:
    """Faults that a validation found. known: all keys there are; kinds: of designs.

    What fits none of the types that a value may have is one fault, not one for each type; a key that is written
    otherwise is not missing too.
    """
    found = [_fault(detail, toml, known, kinds) for detail in error.errors()]
    meant: set[str] = set()
    for fault in found:
        if fault.rule == "unknown-key":
            section, dot, key = fault.column.rpartition(".")
            meant.add(f"{section}{dot}{nearest(key, known)}")
    told: dict[tuple[int, str], Fault] = {}
    for fault in found:
        if fault.rule != "missing-key" or fault.column not in meant:
            told[fault.line, fault.column] = fault
    return told.values()


def _fault(
    detail: Mapping[str, Any], toml: Toml, known: Sequence[str], kinds: Sequence[str]
) -> Fault:
    """A fault, with its line and remedy, of one thing that a validation found."""
    # The tag of a union stands in the path; it is no key of the file.
    loc = [part for part in detail["loc"] if part not in kinds and part not in _TYPES]
    loc = list(detail.get("ctx", {}).get("at", loc))
    kind: str = detail["type"]
    value: Any = ""
    message, _, remedy = str(detail["msg"]).removeprefix("Value error, ").partition("; ")
    rule = _RULE_OF.get(kind, "bad-value")
    if rule == "unknown-key":
        message = f"unknown key{did_you_mean(str(loc[-1]), known)}"
    elif rule == "missing-key":
        message = "is missing"
    elif rule == "bad-value":
        value, must = detail["input"], message.replace("Input should be", "must be")
        if any(part in _TYPES for part in detail["loc"]):
            must = "must be a finite number, a text, true or false, or a list of texts"
        elif kind.startswith("union_tag"):
            value, loc = value.get("kind") if isinstance(value, Mapping) else value, [*loc, "kind"]
            must = f"must be one of {', '.join(kinds)}"
        message = demanded({**detail, "input": value}, kinds, must)
    return toml.fault(rule, loc, message, remedy=remedy, value=value)
