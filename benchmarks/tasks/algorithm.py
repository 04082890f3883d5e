"""One way through the two phases: options of HiGHS for each, and what came out, with its certificate."""

from __future__ import annotations

from time import perf_counter, process_time
from typing import Any

import highspy
import numpy as np

from benchmarks.arrays import Arrays, as_lp
from benchmarks.clock import Clock
from planner.solving.program import Program, certify


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: arrays, steps [{column, options, hold (share by which it may worsen later), clear, budgets}].

    clear: forget the basis; keep: remember the basis of this step; back: start from the one remembered.
    and: {column: weight} added to the objective; hold null: do not hold this column later.
    budgets: a factor on the right-hand side of the equation `account` from this step on.
    """
    arrays = Arrays.read(job["arrays"])
    solver = highspy.Highs()
    for name, value in {"output_flag": False, "threads": 1, **job.get("options", {})}.items():
        _option(solver, name, value)
    solver.passModel(as_lp(arrays))
    kept: list[Any] = []
    return {"steps": [_step(solver, arrays, step, kept) for step in job["steps"]]}


def _step(solver: Any, arrays: Arrays, step: dict[str, Any], kept: list[Any]) -> dict[str, Any]:
    columns = len(arrays.lower)
    column = int(arrays.column_groups[step["column"]][0])
    cost = np.zeros(columns)
    cost[column] = 1.0
    for name, weight in step.get("and", {}).items():
        cost[arrays.column_groups[name][0]] = weight
    if step.get("reset"):
        solver.changeColsBounds(
            columns, np.arange(columns, dtype=np.int32), arrays.lower, arrays.upper
        )
        arrays.held.clear()
    if "budgets" in step:
        for row in arrays.row_groups["account"].tolist():
            solver.changeRowBounds(
                row, -highspy.kHighsInf, float(arrays.row_upper[row] * step["budgets"])
            )
    if step.get("clear"):
        solver.clearSolver()
    if step.get("back"):
        solver.setBasis(kept[0])
    solver.changeColsCost(columns, np.arange(columns, dtype=np.int32), cost)
    for name, value in step["options"].items():
        _option(solver, name, value)
    wall, cpu = perf_counter(), process_time()
    solver.run()
    wall, cpu = perf_counter() - wall, process_time() - cpu
    info, found = solver.getInfo(), solver.getSolution()
    x, duals = np.array(found.col_value), np.array(found.row_dual)
    out = {
        "column": step["column"],
        "status": str(solver.getModelStatus()).rsplit(".", 1)[-1],
        "cpu": cpu,
        "wall": wall,
        "simplex": info.simplex_iteration_count,
        "ipm": info.ipm_iteration_count,
        "crossover": info.crossover_iteration_count,
        "basis": bool(solver.getBasis().valid),
    }
    if found.value_valid and found.dual_valid:
        out["objective"] = float(x[column])
        out["certificate"] = vars(_certificate(arrays, cost, x, duals, step.get("budgets", 1.0)))
        if step.get("hold", 1e-6) is not None:
            held = float(x[column]) * (1 + step.get("hold", 1e-6)) + 1e-6
            arrays.held[column] = held
            solver.changeColBounds(column, float(arrays.lower[column]), held)
    if step.get("keep"):
        kept[:] = [solver.getBasis()]
    return out


def _certificate(
    arrays: Arrays, cost: np.ndarray, x: np.ndarray, duals: np.ndarray, budgets: float
) -> Any:
    upper, row_upper = arrays.upper.copy(), arrays.row_upper.copy()
    row_upper[arrays.row_groups["account"]] *= budgets
    for column, held in arrays.held.items():
        upper[column] = held
    program = Program(arrays.matrix, arrays.row_lower, row_upper, arrays.lower, upper, (), (), cost)
    return certify(program, cost=cost, upper=upper, x=x, duals=duals)


def _option(solver: Any, name: str, value: Any) -> None:
    if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise RuntimeError(f"HiGHS refused {name} = {value}")
