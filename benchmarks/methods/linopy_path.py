"""linopy + HiGHS at defaults, the phases of `plain`. Its time is a lower bound:
the coefficients are given to it as arrays.

Variables and equations keep the groups of the planner's program: one linopy variable or constraint per group, with
coefficients and variable labels in arrays of rows x terms.
"""

from __future__ import annotations

from typing import Any

import highspy
import linopy
import numpy as np
import xarray as xr

from benchmarks.arrays import Arrays
from benchmarks.clock import Clock
from benchmarks.methods.plain import HOLD_MUSD, PHASES, slack_of
from benchmarks.opened import opened


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: the case, as `opened` takes it, arrays (folder made by `benchmarks.arrays`), time_limit (s, per phase)."""
    clock.watch(highspy.Highs, "run", "run")
    with clock.section("load"):
        case = opened(job)
        arrays = Arrays.read(job["arrays"])
    with clock.section("build"):
        m = build(arrays)
    objectives: dict[str, float] = {}
    status = "optimal"
    for phase, column, held in PHASES[case.model.objective.goal]:
        with clock.section("solve"):
            m.objective = 1.0 * m.variables[column]
            _, condition = m.solve(
                "highs",
                io_api="direct",
                progress=False,
                time_limit=float(job["time_limit"]),
                output_flag=False,
            )
        if condition != "optimal":
            status = "time_limit"
            break
        objectives[phase] = float(m.objective.value)
        m.variables[column].upper = (
            objectives[phase] * (1 + slack_of(case, phase, held)) + HOLD_MUSD
        )
    objectives.pop("risk_at_cost", None)
    with clock.section("read"):
        values = {name: variable.solution.to_numpy() for name, variable in m.variables.items()}
    return {
        "status": status,
        "objectives": objectives,
        "values": sum(v.size for v in values.values()),
    }


def build(arrays: Arrays) -> Any:
    """The linopy model of the arrays."""
    m = linopy.Model()
    labels = np.empty(arrays.matrix.shape[1], dtype=np.int64)
    for name, columns in arrays.column_groups.items():
        dim = f"{name}_i"
        variable = m.add_variables(
            lower=xr.DataArray(arrays.lower[columns], dims=dim),
            upper=xr.DataArray(arrays.upper[columns], dims=dim),
            coords={dim: np.arange(len(columns))},
            name=name,
        )
        labels[columns] = variable.labels.to_numpy()
    for name, rows in arrays.row_groups.items():
        dim = f"{name}_row"
        coefficients, variables = _padded(arrays, rows, labels)
        data = xr.Dataset(
            {
                "coeffs": ((dim, "_term"), coefficients),
                "vars": ((dim, "_term"), variables),
                "const": ((dim,), np.zeros(len(rows))),
            },
            coords={dim: np.arange(len(rows))},
        )
        low, high = arrays.row_lower[rows], arrays.row_upper[rows]
        sign = np.where(low == high, "=", np.where(np.isinf(low), "<=", ">="))
        right = np.where(np.isinf(low), high, low)
        m.add_constraints(
            linopy.LinearExpression(data, m),
            xr.DataArray(sign, dims=dim),
            xr.DataArray(right, dims=dim),
            name=name,
        )
    return m


def _padded(arrays: Arrays, rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and labels of some rows as rectangles; missing terms have label -1."""
    starts, ends = arrays.matrix.indptr[rows], arrays.matrix.indptr[rows + 1]
    width = int((ends - starts).max(initial=1))
    inside = np.arange(width) < (ends - starts)[:, None]
    positions = (starts[:, None] + np.arange(width))[inside]
    coefficients = np.full(inside.shape, np.nan)
    variables = np.full(inside.shape, -1, dtype=np.int64)
    coefficients[inside] = arrays.matrix.data[positions]
    variables[inside] = labels[arrays.matrix.indices[positions]]
    return coefficients, variables
