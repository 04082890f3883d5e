"""The program of a case as arrays, whole or in part, from the rules of `planner.formulation`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
RowIndices = Mapping[str, Collection[Any]]
"""Variable or equation -> indices."""
Written = tuple[str, Any, Relation]
"""Equation, index (None: it has none), and the row."""


def program_of(case: Case) -> Program:
    """The whole program of a case."""
    return Writer(Scope(case)).program()


@dataclass(frozen=True, kw_only=True)
class RowArrays:
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
        self._indices: dict[str, Collection[Any]] = {}
        """Variable or equation -> its index set as written. Under other figures some of it may not stand, and is held
        at zero."""
        self.model: Model = SimpleNamespace(scope=scope)
        for one in DECLARED:
            if one.index is not None:
                self._indices[one.name] = one.index(scope)
        self._columns: list[Key] = []
        for variable in VARIABLES:
            self.add(variable.name, self._indices.get(variable.name))
        self._places: Ints | None = None

    def add(self, name: str, index: Iterable[Any] | None = None) -> None:
        """One more variable of the model, at least 0; index: where it stands, if it has one."""
        first = len(self._columns)
        if index is None:
            self._columns.append((name, None))
            setattr(self.model, name, Term(first))
            return
        self._columns += [(name, place) for place in index]
        at = {place: first + i for i, (_, place) in enumerate(self._columns[first:])}
        setattr(self.model, name, VariableColumns(at))

    @collector_paused()
    def program(self, without: Collection[str] = (), more: Iterable[Written] = ()) -> Program:
        """The program, without some equations and with further rows; columns that no row holds are left out.

        Raises what `stop` raises.
        """
        equations = [one for one in EQUATIONS if one.name not in without]
        rows = arrays_of(chain(self._rows(equations, self._indices), more))
        used = self._in_order(np.append(goal(self.model).column, rows.column))
        place = np.zeros(len(self._columns), dtype=np.int64)
        place[used] = np.arange(len(used))
        entries = (rows.value, (rows.row, place[rows.column]))
        matrix = csr_array(entries, shape=(len(rows.keys), len(used)))
        matrix.sort_indices()
        columns = [self._columns[column] for column in used.tolist()]
        lower = np.zeros(len(used))
        upper = np.full(len(used), np.inf)
        at = {key: column for column, key in enumerate(columns)}
        self._set_bounds(VARIABLES, self._indices, at, lower, upper)
        costs = np.append(1.0, np.zeros(len(used) - 1))
        return Program(
            matrix=matrix,
            row_lower=rows.lower,
            row_upper=rows.upper,
            lower=lower,
            upper=upper,
            columns=tuple(columns),
            rows=rows.keys,
            goal=costs,
        )

    @collector_paused()
    def refilled(
        self,
        program: Program,
        scope: Scope,
        affected: Collection[str],
        only: RowIndices | None = None,
    ) -> Program | None:
        """The program with the affected equations and bounds written again under another scope with the same index
        sets; None if their terms differ. only: where they are written again; everywhere if left out. Raises what `stop`
        raises."""
        indices = self._indices if only is None else only
        lower, upper = program.lower.copy(), program.upper.copy()
        variables = [variable for variable in VARIABLES if variable.name in affected]
        equations = [equation for equation in EQUATIONS if equation.name in affected]
        before, self.model.scope = self.model.scope, scope
        try:
            if not self._set_bounds(variables, indices, program.column, lower, upper):
                return None
            rows = arrays_of(self._rows(equations, indices))
        finally:
            self.model.scope = before
        place = np.array([program.row.get(key, -1) for key in rows.keys], dtype=np.int64)
        column = self._in(program)[rows.column]
        if np.any(place < 0) or np.any(column < 0):
            return None
        data = _with_entries(program, place, rows, column)
        if data is None:
            return None
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        row_lower[place], row_upper[place] = rows.lower, rows.upper
        return program.with_data(
            data=data, row_lower=row_lower, row_upper=row_upper, lower=lower, upper=upper
        )

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
            places = [program.column.get(key, -1) for key in self._columns]
            self._places = np.array(places, dtype=np.int64)
        return self._places

    def _rows(self, equations: Iterable[Equation], indices: RowIndices) -> Iterator[Written]:
        for equation in equations:
            for index in indices.get(equation.name, (None,)):
                self._stop()
                places = index if isinstance(index, tuple) else (index,)
                if index is None:
                    places = ()
                row = equation.rule(self.model, *places)
                if isinstance(row, Relation):
                    yield equation.name, index, row

    def _set_bounds(
        self,
        variables: Iterable[Variable],
        indices: RowIndices,
        at: dict[Key, int],
        lower: Vector,
        upper: Vector,
    ) -> bool:
        """Set the bounds of the columns of some variables. Returns whether all are there that have bounds."""
        complete = True
        for variable in variables:
            for index in indices.get(variable.name, ()):
                position = at.get((variable.name, index))
                if position is None:
                    complete = complete and variable.most is None
                elif variable.free:
                    lower[position] = -np.inf
                elif variable.most:
                    most = variable.most(self.model.scope, index)
                    upper[position] = np.inf if most is None else most
        return complete


def arrays_of(rows: Iterable[Written]) -> RowArrays:
    """Rows as arrays; terms of nothing are left out."""
    keys: list[Key] = []
    sides: list[tuple[float, float]] = []
    terms: list[int] = []
    columns: list[Iterable[int]] = []
    values: list[Iterable[float]] = []
    for name, index, relation in rows:
        body = relation.body
        lower = -np.inf if relation.lower is None else relation.lower
        upper = np.inf if relation.upper is None else relation.upper
        keys.append((name, index))
        sides.append((lower - body.constant, upper - body.constant))
        terms.append(len(body.terms))
        columns.append(body.terms)
        values.append(body.terms.values())
    value = np.fromiter(chain.from_iterable(values), dtype=float)
    column = np.fromiter(chain.from_iterable(columns), dtype=np.int64)
    row = np.repeat(np.arange(len(keys)), np.array(terms, dtype=np.int64))
    lower_and_upper = np.array(sides, dtype=float).reshape(-1, 2)
    kept = value != 0.0
    return RowArrays(
        keys=tuple(keys),
        lower=lower_and_upper[:, 0].copy(),
        upper=lower_and_upper[:, 1].copy(),
        row=row[kept],
        column=column[kept],
        value=value[kept],
    )


def _with_entries(program: Program, place: Ints, rows: RowArrays, column: Ints) -> Vector | None:
    """The data of a program whose rows at some places have other entries; None where one of them is not there."""
    matrix, width = program.matrix, program.matrix.shape[1]
    in_row = np.diff(matrix.indptr)
    entries = np.repeat(np.arange(matrix.shape[0]), in_row) * width + matrix.indices
    wanted = place[rows.row] * width + column
    found = np.searchsorted(entries, wanted)
    if np.any(found >= len(entries)) or np.any(entries[found] != wanted):
        return None
    again = np.zeros(matrix.shape[0], dtype=bool)
    again[place] = True
    data = matrix.data.copy()
    data[np.repeat(again, in_row)] = 0.0
    data[found] = rows.value
    return data
