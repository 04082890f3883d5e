"""What is made of a study: its pages and tables, and a point of it as a run."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from planner.api.plans import solve_into
from planner.reporting.pages.study import write_report
from planner.results.plan import Plan
from planner.results.study import OPTIMAL
from planner.solving.goals import Progress, silent
from planner.studies import run
from planner.studies.analysis import analyse
from planner.studies.store import read_results


def study_report(folder: str | Path) -> Path:
    """Write report.html and tables/*.csv of a study, finished or running.

    Parameters
    ----------
    folder
        Of the study.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunFolderError
        For a folder that holds no study.

    Examples
    --------
    >>> study_report(example_study).name
    'report.html'
    """
    folder = Path(folder)
    write_report(analyse(folder), folder)
    return folder / "report.html"


def open_point(
    folder: str | Path,
    point: str | int,
    out: str | Path | None = None,
    progress: Progress = silent,
    *,
    force: bool = False,
) -> tuple[Plan, Path, float]:
    """Solve one point of a study as a case of its own into a run folder (default: reports/CASE-POINT-MODEL).

    Returns the plan, its folder, and how far its risk and cost are from those of the study, relative; infinite where
    one has an optimum and the other none. force: as for `Plan.write`. Raises RunFolderError, InputError.
    """
    folder = Path(folder)
    case, name = run.case_at(folder, str(point))
    target = None if out is None else Path(out)
    plan, written = solve_into(case, target, progress=progress, force=force)
    results = read_results(folder).set_index("point")
    rows = results[~results.index.duplicated()].to_dict("index")
    return plan, written, _gap(rows[name], plan)


def _gap(before: Mapping[Hashable, Any], plan: Plan) -> float:
    """The largest relative difference of risk and cost between a row of results and a plan; infinite where one has an
    optimum and the other none."""
    if before["status"] is None:
        return 0.0
    was_optimal = before["status"] == OPTIMAL
    if was_optimal != bool(plan.tables):
        return math.inf
    if not was_optimal:
        return 0.0
    gap = 0.0
    for key in ("risk_musd", "cost_musd"):
        now = plan.summary[key]
        gap = max(gap, abs(before[key] - now) / (1.0 + abs(now)))
    return gap
