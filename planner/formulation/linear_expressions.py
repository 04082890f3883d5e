"""Linear expressions over column positions, in which the rules give the rows of the program.

Pyomo's own expressions cost several times as much (measured). A test compares both entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

Scalar = int | float


class _Expression:
    """Supports sums, products with numbers, and comparisons."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return quicksum((self, other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return quicksum((self, -other))

    def __rsub__(self, other: Scalar) -> Any:
        return quicksum((-self, other))

    def __neg__(self) -> Any:
        return self * -1.0

    def __mul__(self, factor: Scalar) -> Any:
        raise NotImplementedError

    __hash__ = None  # type: ignore[assignment]

    # Which side is subtracted from which is as in Pyomo, so that the signs of a row are the same.
    def __le__(self, other: Any) -> Relation:
        if isinstance(other, _Expression):
            return _between(self - other, None, 0.0)
        return _between(self, None, other)

    def __ge__(self, other: Any) -> Relation:
        if isinstance(other, _Expression):
            return other <= self
        return _between(self, other, None)

    def __eq__(self, other: object) -> Relation:  # type: ignore[override]
        if isinstance(other, _Expression):
            return _between(self - other, 0.0, 0.0)
        return _between(self, other, other)


class Term(_Expression):
    """A coefficient times a column."""

    __slots__ = ("coefficient", "column")

    def __init__(self, column: int, coefficient: float = 1.0) -> None:
        self.column = column
        self.coefficient = coefficient

    def __add__(self, other: Any) -> Any:
        # As in Pyomo, where a sum takes a term up at its end: the order says in which order columns are met.
        if isinstance(other, Linear):
            return quicksum((other, self))
        return quicksum((self, other))

    def __mul__(self, factor: Scalar) -> Term:
        return Term(self.column, factor * self.coefficient)

    __rmul__ = __mul__


class Linear(_Expression):
    """Coefficients by position of the column, and a constant; never changed."""

    __slots__ = ("constant", "terms")

    def __init__(self, terms: dict[int, float], constant: float = 0.0) -> None:
        self.terms = terms
        self.constant = constant

    def __mul__(self, factor: Scalar) -> Linear:
        terms = {j: factor * value for j, value in self.terms.items()}
        return Linear(terms, factor * self.constant)

    __rmul__ = __mul__


class Relation(NamedTuple):
    """lower <= body <= upper; None: no limit."""

    body: Linear
    lower: Scalar | None
    upper: Scalar | None


def _between(body: Any, lower: Any, upper: Any) -> Relation:
    if isinstance(body, Term):
        body = Linear({body.column: body.coefficient})
    return Relation(body, lower, upper)


class VariableColumns:
    """Columns of one variable, as expressions by index."""

    __slots__ = ("_at",)

    def __init__(self, at: Mapping[Any, int]) -> None:
        """at: position of the column by index."""
        self._at = at

    def __getitem__(self, index: Any) -> Term:
        return Term(self._at[index])

    def __contains__(self, index: Any) -> bool:
        return index in self._at


def quicksum(parts: Iterable[Any]) -> Any:
    """Sum of numbers and expressions of one kind: Pyomo's or these.

    Raises TypeError for both kinds together, so that no term is lost.
    """
    terms: dict[int, float] = {}
    constant = 0.0
    left = iter(parts)
    for part in left:
        kind = part.__class__
        if kind is Term:
            terms[part.column] = terms.get(part.column, 0.0) + part.coefficient
        elif kind is Linear:
            constant += part.constant
            if not terms:
                terms = part.terms.copy()
                continue
            for j, value in part.terms.items():
                terms[j] = terms.get(j, 0.0) + value
        elif isinstance(part, (int, float, np.number)):
            constant += part
        elif terms:
            raise TypeError(f"{kind.__name__} cannot be added to columns of the program")
        else:
            return sum(left, constant + part if constant else part)
    if len(terms) == 1 and not constant:
        return Term(*terms.popitem())
    return Linear(terms, constant) if terms else constant
