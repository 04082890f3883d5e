"""Answers of many parts: a short `repr`, and each part as a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd

from planner.errors import refuse_unknown


class Parts:
    """A dataclass whose fields are parts: sequences of records, or figures by name."""

    @property
    def headline(self) -> dict[str, str]:
        """The answer in a few words, by name."""
        raise NotImplementedError

    @property
    def parts(self) -> list[str]:
        """Names of all that `table` gives."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        return [name for name, value in values.items() if _is_part(value)]

    def table(self, part: str) -> pd.DataFrame:
        """One part as a data frame, a row a record; `parts` names them. Raises InputError for an unknown one."""
        refuse_unknown(type(self).__name__, "part", part, self.parts)
        value = getattr(self, part)
        if isinstance(value, Mapping):
            return _of_mapping(value)
        return pd.DataFrame([_record(one) for one in value])

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.headline.items())
        return f"{type(self).__name__}({figures})"


def _is_part(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return listed and bool(value) and is_dataclass(value[0])  # type: ignore[index]


def _of_mapping(value: Mapping[Any, Any]) -> pd.DataFrame:
    """A row for each entry, or for each entry of the mappings in it."""
    rows: list[dict[str, Any]] = []
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            rows += [{"name": name, "key": key, "value": one} for key, one in inner.items()]
        elif is_dataclass(inner):
            rows.append({"name": name, **_record(inner)})
        else:
            rows.append({"name": name, "value": inner})
    return pd.DataFrame(rows)


def _record(one: Any) -> dict[str, Any]:
    """The fields of a record; what is no plain value is counted."""
    found: dict[str, Any] = {}
    for field in fields(one):
        value = getattr(one, field.name)
        is_plain = value is None or isinstance(value, str | int | float | bool)
        if is_plain:
            found[field.name] = value
        elif isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
            found[field.name] = "; ".join(value)
    return found
