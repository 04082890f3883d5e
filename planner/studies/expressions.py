"""Outcomes of a user's own: arithmetic over the figures of a point and the result tables of its plan.

    cost_musd / (1 + risk_musd)
    expected(shortfall.tonnes, element == "dy", year >= 2030)      # weighed by the probability of each row
    most(stocks.stock_t, country in ("JPN", "KOR"))

A figure is named as an outcome is, a column as TABLE.COLUMN; within a function of a column its conditions name columns
of the same table. Nothing else can be said, so that a study file runs no code: `pandas.eval` reaches attributes of
whatever it meets, and of the packages that do not, none knows tables.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import did_you_mean
from planner.results.schema import RESULT_TABLES, TABLE_COLUMNS
from planner.results.study import unsaid

ASKED_LATER = ("spending", "payments", "shadow_prices")
"""Tables that are not read off a solution alone."""
TABLES = {name: columns for name, columns in TABLE_COLUMNS.items() if name not in ASKED_LATER}
"""The others, with their columns."""
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: np.isin, ast.NotIn: lambda column, words: np.isin(column, words, invert=True),
}  # fmt: skip
OF_NUMBERS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}
OF_COLUMNS: dict[str, Callable[[NDArray[Any]], float]] = {
    "sum": np.nansum, "mean": np.nanmean, "least": np.nanmin, "most": np.nanmax, "count": len, "expected": np.nansum,
}  # fmt: skip
OF_NOTHING = ("sum", "count", "expected")
"""Functions that are 0 where there is nothing; the others have no value."""
TEXTS = {(name, column.name): column.is_text for name in TABLES for column in RESULT_TABLES[name].columns}
"""Table and column -> whether it holds words."""
LONGEST = 400
"""Characters of an expression."""


@dataclass(frozen=True)
class Found:
    """What an expression is computed from: the figures of a point, its result tables, the chance of each scenario."""

    figures: Mapping[str, float]
    tables: Mapping[str, pd.DataFrame]
    chances: Mapping[str, float]

    def column(self, table: str, name: str) -> NDArray[Any]:
        """A column of a table, blank numbers as NaN: NumPy compares short ones in a tenth of the time of pandas."""
        text, rows = TEXTS[table, name], self.tables[table]
        return rows[name].to_numpy(object) if text else rows[name].to_numpy(float, na_value=math.nan)

    def weights(self, table: str) -> NDArray[np.float64]:
        """The probability of each row of a table."""
        if "probability" in self.tables[table]:
            return self.column(table, "probability")
        return np.array([self.chances[scenario] for scenario in self.column(table, "scenario")], dtype=float)


@dataclass(frozen=True)
class Formula:
    """An expression that has been read, and can be computed. Raises ValueError where it says what cannot be said."""

    text: str
    outcomes: Collection[str]
    """Names of the figures that a point can have."""

    @cached_property
    def tree(self) -> ast.expr:
        """The expression as Python reads it."""
        try:
            if len(self.text) > LONGEST:
                raise ValueError(f"is longer than {LONGEST} characters")
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(f"cannot be read: {error}") from None

    @cached_property
    def tables(self) -> frozenset[str]:
        """Tables that it reads; all names are looked up on the way."""
        self._number(self.tree, None)
        return frozenset(node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)) & TABLES.keys()

    def value(self, found: Found) -> float:
        """The value at a point; NaN where it is divided by nothing, or nothing is there to be looked at."""
        try:
            return float(self._number(self.tree, found))
        except ZeroDivisionError:
            return math.nan

    def _number(self, node: ast.expr, found: Found | None) -> float:
        """A number; without `found` only the names in it are looked up."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            one, other = self._number(node.left, found), self._number(node.right, found)
            return float(ARITHMETIC[type(node.op)](one, other)) if found else 1.0
        if isinstance(node, ast.UnaryOp) and type(node.op) in ARITHMETIC:
            return float(ARITHMETIC[type(node.op)](self._number(node.operand, found)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords and node.args:
            if node.func.id in OF_NUMBERS:
                numbers = [self._number(argument, found) for argument in node.args]
                return float(OF_NUMBERS[node.func.id](*(numbers if node.func.id == "abs" else [*numbers, numbers[0]])))
            if node.func.id in OF_COLUMNS:
                return self._of_column(node.func.id, node.args, found)
            known = [*OF_NUMBERS, *OF_COLUMNS]
            raise ValueError(f'"{node.func.id}" is no function{did_you_mean(node.func.id, known)}')
        name = ast.unparse(node)
        if name not in self.outcomes:
            raise ValueError(f'"{name}" is neither a number nor a figure{did_you_mean(name, self.outcomes)}')
        return found.figures.get(name, unsaid(name)) if found else 1.0

    def _of_column(self, function: str, arguments: list[ast.expr], found: Found | None) -> float:
        column, *conditions = arguments
        table, _, name = ast.unparse(column).partition(".")
        if name not in TABLES.get(table, ()):
            known = [f"{t}.{c}" for t, columns in TABLES.items() for c in columns]
            raise ValueError(f'"{table}.{name}" is no column{did_you_mean(f"{table}.{name}", known)}')
        if function != "count" and TEXTS[table, name]:
            raise ValueError(f"{table}.{name} holds words; they can only be counted")
        if function == "expected" and not {"probability", "scenario"} & {*TABLES[table]}:
            raise ValueError(f"rows of {table} hold in every scenario; use sum")
        tests = [_condition(one, table) for one in conditions]
        if found is None:
            return 1.0
        values = found.column(table, name)
        if function == "expected":
            values = values * found.weights(table)
        kept = np.ones(len(values), dtype=bool)
        for of, compare, wanted in tests:
            kept &= compare(found.column(table, of), wanted)
        return float(OF_COLUMNS[function](values[kept])) if kept.any() or function in OF_NOTHING else math.nan


def _condition(node: ast.expr, table: str) -> tuple[str, Callable[..., Any], Any]:
    """Column, comparison and what it is compared with."""
    told = ast.unparse(node)
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name)):
        raise ValueError(f"{told} is no condition like year >= 2030")
    name, right, several = node.left.id, node.comparators[0], isinstance(node.ops[0], ast.In | ast.NotIn)
    if name not in TABLES[table]:
        raise ValueError(f'"{name}" is no column of {table}{did_you_mean(name, TABLES[table])}')
    try:
        wanted = ast.literal_eval(right)
    except ValueError:
        wanted = None
    listed = wanted if several and isinstance(wanted, tuple | list) else [wanted]
    text = TEXTS[table, name]
    if type(node.ops[0]) not in COMPARISONS or not all(isinstance(w, str if text else int | float) for w in listed):
        raise ValueError(f"{told}: {name} holds {'words' if text else 'numbers'}; compare it with such")
    return name, COMPARISONS[type(node.ops[0])], listed if several else wanted
