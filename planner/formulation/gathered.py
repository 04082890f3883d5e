"""Decorators that collect the results of generator functions, and figures on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from planner.formulation.linear_expressions import quicksum

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")


def listed(function: Callable[P, Iterator[T]]) -> Callable[P, list[T]]:
    """Return the results as a list."""

    @wraps(function)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> list[T]:
        return list(function(*args, **kwargs))

    return gathered


def distinct(function: Callable[P, Iterator[T]]) -> Callable[P, frozenset[T]]:
    """Return the results as a set."""

    @wraps(function)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> frozenset[T]:
        return frozenset(function(*args, **kwargs))

    return gathered


def grouped(function: Callable[P, Iterator[tuple[K, T]]]) -> Callable[P, dict[K, list[T]]]:
    """Return the values of each key, in their order."""

    @wraps(function)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> dict[K, list[T]]:
        by_key: dict[K, list[T]] = {}
        for key, value in function(*args, **kwargs):
            by_key.setdefault(key, []).append(value)
        return by_key

    return gathered


def summed(function: Callable[P, Iterator[Any]]) -> Callable[P, Any]:
    """Return the sum of the results."""

    @wraps(function)
    def total(*args: P.args, **kwargs: P.kwargs) -> Any:
        return quicksum(function(*args, **kwargs))

    return total


class OnDemand(dict[K, T]):
    """Figures by key, computed at first use."""

    def __init__(self, figure: Callable[[K], T]) -> None:
        """figure: of a key."""
        super().__init__()
        self._figure = figure

    def __missing__(self, key: K) -> T:
        self[key] = self._figure(key)
        return self[key]
