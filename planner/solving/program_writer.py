"""The program of a case as arrays, whole or in part, from the rules of `planner.formulation`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.formulation.declarations import Equation, Model, Variable
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import Relation, Term, VariableColumns
from planner.formulation.objective import goal
from planner.formulation.whole_program import DECLARED, EQUATIONS, VARIABLES
from planner.host import collector_paused
from planner.solving.program import Key, Program, Vector

StopCheck = Callable[[], None]
"""Called before each row; raises where the writing is to end."""
Ints = NDArray[np.int64]
Written = tuple[str, Any, Relation]
"""Equation, index (None: it has none), and the row."""


def program_of(case: Case) -> Program:
    """The whole program of a case."""
    return Writer(Scope(case)).program()


@dataclass(frozen=True)
class _Rows:
    """Some rows by name, their sides, and their entries one after the other: row here, column of the writer, value."""

    keys: tuple[Key, ...]
    lower: Vector
    upper: Vector
    row: Ints
    column: Ints
    value: Vector


class Writer:
    """Writes the program of a scope; later, with the same index sets, the equations of it that other figures touch.

    model: what the rules take for one, to write further rows with.
    """

    @collector_paused()
    def __init__(self, scope: Scope, stop: StopCheck = lambda: None) -> None:
        self._stop = stop
        self._indices = {one.name: one.index(scope) for one in DECLARED if one.index is not None}
        """Where variables and equations stand. Under other figures some may not, and are held at zero."""
        self.model: Model = SimpleNamespace(scope=scope)
        self._columns: list[Key] = []
        for variable in VARIABLES:
            self.add(variable.name, self._indices.get(variable.name))
        self._places: Ints | None = None

    def add(self, name: str, index: Iterable[Any] | None = None) -> None:
        """One more variable of the model, at least 0; index: where it stands, if it has one."""
        first = len(self._columns)
        self._columns += [(name, one) for one in ([None] if index is None else index)]
        at = {key[1]: first + i for i, key in enumerate(self._columns[first:])}
        setattr(self.model, name, Term(first) if index is None else VariableColumns(at))

    @collector_paused()
    def program(self, without: Collection[str] = (), more: Iterable[Written] = ()) -> Program:
        """The program, without some equations and with further rows; columns that no row holds are left out.

        Raises what `stop` raises.
        """
        rows = self._arrays(
            chain(self._rows(one for one in EQUATIONS if one.name not in without), more)
        )
        used = self._in_order(np.append(goal(self.model).column, rows.column))
        place = np.zeros(len(self._columns), dtype=np.int64)
        place[used] = np.arange(len(used))
        columns = tuple(self._columns[j] for j in used.tolist())
        matrix = csr_array(
            (rows.value, (rows.row, place[rows.column])), shape=(len(rows.keys), len(used))
        )
        matrix.sort_indices()
        at = {key: j for j, key in enumerate(columns)}
        aim = np.append(1.0, np.zeros(len(used) - 1))
        lower, upper = np.zeros(len(used)), np.full(len(used), np.inf)
        self._set_bounds(VARIABLES, at, lower, upper)
        return Program(matrix, rows.lower, rows.upper, lower, upper, columns, rows.keys, aim)

    @collector_paused()
    def refilled(self, program: Program, scope: Scope, affected: Collection[str]) -> Program | None:
        """The program with the affected equations and bounds written again under another scope with the same index
        sets; None if their terms differ. Raises what `stop` raises."""
        before, self.model.scope = self.model.scope, scope
        try:
            lower, upper = program.lower.copy(), program.upper.copy()
            if not self._set_bounds(
                [v for v in VARIABLES if v.name in affected], program.column, lower, upper
            ):
                return None
            rows = self._arrays(self._rows(one for one in EQUATIONS if one.name in affected))
        finally:
            self.model.scope = before
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        place = np.array([program.row.get(key, -1) for key in rows.keys], dtype=np.int64)
        column = self._in(program)[rows.column]
        if np.any(place < 0) or np.any(column < 0):
            return None
        matrix = program.matrix
        entries = (
            np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * matrix.shape[1]
            + matrix.indices
        )
        wanted = place[rows.row] * matrix.shape[1] + column
        found = np.searchsorted(entries, wanted)
        if np.any(found >= len(entries)) or np.any(entries[found] != wanted):
            return None
        data, again = matrix.data.copy(), np.zeros(matrix.shape[0], dtype=bool)
        again[place] = True
        data[np.repeat(again, np.diff(matrix.indptr))] = 0.0
        data[found] = rows.value
        row_lower[place], row_upper[place] = rows.lower, rows.upper
        return program.with_data(data, row_lower, row_upper, lower, upper)

    def _in_order(self, met: Ints) -> Ints:
        """Columns that are met, in the order in which Pyomo writes them: one variable after the other, as they are
        first met. So a basis of one program is one of the other."""
        found, first = np.unique(met, return_index=True)
        variable = np.unique([self._columns[j][0] for j in found.tolist()], return_inverse=True)[1]
        begins = np.full(variable.max() + 1, len(met))
        np.minimum.at(begins, variable, first)
        return found[np.lexsort((found, begins[variable]))]

    def _in(self, program: Program) -> Ints:
        """The column of the program that each of ours is; -1 where it has none."""
        if self._places is None:
            self._places = np.array(
                [program.column.get(key, -1) for key in self._columns], dtype=np.int64
            )
        return self._places

    def _rows(self, equations: Iterable[Equation]) -> Iterator[Written]:
        for equation in equations:
            for index in self._indices.get(equation.name, (None,)):
                self._stop()
                places = () if index is None else index if isinstance(index, tuple) else (index,)
                row = equation.rule(self.model, *places)
                if isinstance(row, Relation):
                    yield equation.name, index, row

    @staticmethod
    def _arrays(rows: Iterable[Written]) -> _Rows:
        written = list(rows)
        bodies = [relation.body for _, _, relation in written]
        count = np.fromiter((len(body.terms) for body in bodies), dtype=np.int64, count=len(bodies))
        constant = np.array([body.constant for body in bodies], dtype=float)
        value = np.fromiter(
            chain.from_iterable(body.terms.values() for body in bodies), dtype=float
        )
        kept = value != 0.0
        return _Rows(
            tuple((name, index) for name, index, _ in written),
            np.array(
                [-np.inf if one.lower is None else one.lower for _, _, one in written], dtype=float
            )
            - constant,
            np.array(
                [np.inf if one.upper is None else one.upper for _, _, one in written], dtype=float
            )
            - constant,
            np.repeat(np.arange(len(bodies)), count)[kept],
            np.fromiter(chain.from_iterable(body.terms for body in bodies), dtype=np.int64)[kept],
            value[kept],
        )

    def _set_bounds(
        self, variables: Iterable[Variable], at: dict[Key, int], lower: Vector, upper: Vector
    ) -> bool:
        """Set the bounds of the columns of some variables. Returns whether all are there that have bounds."""
        complete = True
        for variable in variables:
            for index in self._indices.get(variable.name, ()):
                position = at.get((variable.name, index))
                if position is None:
                    complete = complete and variable.bounds is None
                elif variable.free:
                    lower[position] = -np.inf
                elif variable.bounds:
                    lower[position], high = variable.bounds(self.model, *index)
                    upper[position] = np.inf if high is None else high
        return complete
