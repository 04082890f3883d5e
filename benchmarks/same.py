"""Whether two paths hand HiGHS the same program: matrix, bounds and right-hand sides, entry by entry, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.environ import Var
from scipy.sparse import csr_array

from benchmarks.arrays import Arrays, as_lp, positions
from benchmarks.methods.linopy_path import build
from planner.data.case import Case
from planner.formulation.pyomo_model import build_model
from planner.solving.program import Program
from planner.solving.program_writer import program_of

Key = tuple[str, Any]


@dataclass(frozen=True)
class Named:
    """A program as HiGHS holds it, with the name of each row and column."""

    matrix: csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    columns: list[Key]
    rows: list[Key]

    def sorted(self) -> Named:
        """Rows and columns in order of their names."""
        rows = sorted(range(len(self.rows)), key=lambda i: repr(self.rows[i]))
        columns = sorted(range(len(self.columns)), key=lambda j: repr(self.columns[j]))
        matrix = csr_array(self.matrix[rows][:, columns])
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return Named(
            matrix,
            self.row_lower[rows],
            self.row_upper[rows],
            self.lower[columns],
            self.upper[columns],
            [self.columns[j] for j in columns],
            [self.rows[i] for i in rows],
        )


def differences(one: Named, two: Named) -> list[str]:
    """What differs, in words; empty if nothing does. Numbers may differ by 1e-12 of their size."""
    one, two = one.sorted(), two.sorted()
    if one.columns != two.columns or one.rows != two.rows:
        return [
            f"names: {sorted(map(repr, set(one.columns + one.rows) ^ set(two.columns + two.rows)))[:5]}"
        ]
    found = []
    if not (
        np.array_equal(one.matrix.indptr, two.matrix.indptr)
        and np.array_equal(one.matrix.indices, two.matrix.indices)
    ):
        found.append(f"pattern of the matrix: {one.matrix.nnz} and {two.matrix.nnz} entries")
    elif not np.allclose(one.matrix.data, two.matrix.data, rtol=1e-12, atol=0):
        found.append("coefficients")
    return found + [
        name
        for name in ("row_lower", "row_upper", "lower", "upper")
        if not np.allclose(getattr(one, name), getattr(two, name), rtol=1e-12, atol=1e-12)
    ]


def of_planner(program: Program) -> Named:
    """As the planner compiles it."""
    return Named(
        program.matrix,
        program.row_lower,
        program.row_upper,
        program.lower,
        program.upper,
        list(program.columns),
        list(program.rows),
    )


def of_plain(case: Case) -> Named:
    """As Pyomo's HiGHS interface hands it over."""
    m = build_model(case)
    solver = SolverFactory("highs")
    solver.set_instance(m)
    by_id = {id(var): var for var in m.component_data_objects(ctype=Var)}
    columns = {place: by_id[one] for one, place in solver._pyomo_var_to_solver_var_map.items()}
    rows = {place: con for con, place in solver._pyomo_con_to_solver_con_map.items()}
    return of_highs(
        solver._solver_model,
        [(columns[i].parent_component().name, columns[i].index()) for i in range(len(columns))],
        [(rows[i].parent_component().name, rows[i].index()) for i in range(len(rows))],
    )


def of_linopy(program: Program, model: Any) -> Named:
    """As linopy hands it over; `model` was built from the arrays of `program`."""
    columns = [program.columns[j] for group in positions(program.columns).values() for j in group]
    rows = [program.rows[i] for group in positions(program.rows).values() for i in group]
    return of_highs(model.to_highspy(), columns, rows)


def of_highs(highs: Any, columns: list[Key], rows: list[Key]) -> Named:
    """What a HiGHS object holds."""
    lp = highs.getLp()
    a = lp.a_matrix_
    by_row = "Row" in str(a.format_)
    held = (np.array(a.value_), np.array(a.index_), np.array(a.start_))
    shape = (lp.num_row_, lp.num_col_)
    matrix = (
        csr_array(held, shape=shape) if by_row else csr_array(csr_array(held, shape=shape[::-1]).T)
    )
    return Named(
        matrix,
        np.array(lp.row_lower_),
        np.array(lp.row_upper_),
        np.array(lp.col_lower_),
        np.array(lp.col_upper_),
        columns,
        rows,
    )


def check(case: Case) -> dict[str, list[str]]:
    """Differences of each path from the planner's program, by path."""
    program = program_of(case)
    ours = of_planner(program)
    arrays = Arrays(
        program.matrix,
        program.row_lower,
        program.row_upper,
        program.lower,
        program.upper,
        positions(program.columns),
        positions(program.rows),
    )
    return {
        "plain": differences(ours, of_plain(case)),
        "linopy": differences(ours, of_linopy(program, build(arrays))),
        "raw": differences(
            ours, of_highs(_loaded(as_lp(arrays)), list(program.columns), list(program.rows))
        ),
    }


def _loaded(lp: Any) -> Any:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    return highs
