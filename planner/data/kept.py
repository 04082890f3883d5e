"""Values that follow from a case or a plan, computed once and kept with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

Subject = TypeVar("Subject")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
PLACE = "_kept"


class _Values(dict[Any, Any]):
    """Values by function and arguments, which go to no other process: what is kept here is worked out anew there."""

    def __reduce__(self) -> tuple[type[_Values], tuple[()]]:
        return _Values, ()


def kept(
    function: Callable[Concatenate[Subject, Arguments], Result],
) -> Callable[Concatenate[Subject, Arguments], Result]:
    """A function of something that never changes, and of ids and the like: its values are kept with that thing for as
    long as it lives, by the other arguments. A value is not to be changed."""

    @wraps(function)
    def first_time_only(
        subject: Subject, /, *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        values: dict[Any, Result] = vars(subject).setdefault(PLACE, _Values())
        key = (function, arguments, tuple(named.items()))
        if key not in values:
            values[key] = function(subject, *arguments, **named)
        return values[key]

    return first_time_only
