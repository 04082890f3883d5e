"""The limit: the planner's arrays, made beforehand, and the calls of HiGHS that the planner made, played back."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from benchmarks.arrays import Arrays
from benchmarks.clock import Clock


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: arrays (folder made by `benchmarks.arrays`, which recorded the calls)."""
    with clock.section("load"):
        arrays = Arrays.read(job["arrays"])
    with clock.section("build"):
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        lp = as_lp(arrays)
    objectives: dict[str, float] = {}
    proven = True
    with clock.section("solve"):
        for call, arguments in arrays.calls:
            if call == "passModel":
                with clock.section("pass"):
                    solver.passModel(lp)
            elif call == "run":
                with clock.section("run"):
                    solver.run()
                proven &= solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
                x = np.array(solver.getSolution().col_value)
                objectives[str(arguments[0])] = float(solver.getInfo().objective_function_value)
            else:
                getattr(solver, call)(*arguments)
    return {"status": "optimal" if proven else "unproven", "objectives": objectives, "values": len(x)}


def as_lp(arrays: Arrays) -> Any:
    """The arrays as HiGHS takes them."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = arrays.matrix.shape
    lp.col_cost_ = np.zeros(lp.num_col_)
    lp.col_lower_, lp.col_upper_ = arrays.lower, arrays.upper
    lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = arrays.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = arrays.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = arrays.matrix.data
    return lp
