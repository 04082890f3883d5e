"""The case of a job."""

from __future__ import annotations

from typing import Any

import planner
from planner.data.case import Case


def opened(job: dict[str, Any]) -> Case:
    """job: case (a folder), and where they are there model, draws and seed of a sample of it, changes of its model."""
    case = planner.load(job["case"], model=job.get("model"))
    if "draws" in job:
        case = planner.sample(case, job["draws"], job["seed"])
    return case.changed(job.get("changed", {}))
