"""Hand over the arrays made beforehand, without solving: what building is compared with."""

from __future__ import annotations

from typing import Any

import highspy

from benchmarks.arrays import Arrays
from benchmarks.clock import Clock
from benchmarks.methods.raw import as_lp


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: arrays."""
    with clock.section("load"):
        arrays = Arrays.read(job["arrays"])
    with clock.section("build"):
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.passModel(as_lp(arrays))
    return {"size": {"rows": solver.getNumRow(), "columns": solver.getNumCol(), "nonzeros": solver.getNumNz()}}
