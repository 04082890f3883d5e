"""Errors cross process borders whole."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import planner
from planner import errors
from planner.errors import Fault, InfeasibleError, InputError

ARGUMENTS: dict[type[Exception], Any] = {
    InputError: [Fault("demand.csv", 2, "tpa", "is negative", also=("demand.csv:3",))],
    InfeasibleError: ["no plan reaches 5 MUSD", "raise objective.risk_limit"],
}


def error_classes() -> list[type[Exception]]:
    values = [getattr(planner, name) for name in planner.__all__] + list(vars(errors).values())
    kinds = {value for value in values if isinstance(value, type) and issubclass(value, Exception)}
    return sorted(kinds, key=lambda kind: kind.__name__)


def through_pickle(error: Exception) -> Any:
    return pickle.loads(pickle.dumps(error))  # noqa: S301


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("copied", [through_pickle, copy.copy])
def test_an_error_survives_pickling(kind: type[Exception], copied: Any) -> None:
    subclass = type(kind.__name__, (kind,), {"__module__": __name__})
    for one in (kind, subclass):
        globals()[kind.__name__] = one
        error = one(ARGUMENTS.get(kind, "message"))
        error.add_note("point 3")
        other = copied(error)
        assert type(other) is one
        assert str(other) == str(error)
        assert vars(other) == vars(error)
