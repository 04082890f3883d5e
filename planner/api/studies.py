"""Studies: run one, go on with it, look how far it is, write its pages; open one and solve a point of it; a frontier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.errors import A_CASE, Fault, InputError, refuse_other
from planner.parallel import Workers, opened
from planner.results.store import file_name
from planner.results.study import FrontierResults, StudyStatus
from planner.studies import run
from planner.studies.frontier import frontier as trace_case
from planner.studies.frontier import frontier_status, is_frontier, run_frontier
from planner.studies.outcomes import OwnOutcome
from planner.studies.store import read_asked, read_design, read_plan_table, read_results, study_of
from planner.studies.study_file import FrontierDesign


def study(
    asked: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | Workers = 1,
    tell: run.Tell = run.untold,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
    force: bool = False,
) -> StudyStatus:
    """Run a study into a folder (default: reports/studies/NAME).

    asked: a study file, or a mapping with what one would hold. `uncertainties` is a list of mappings, each with a
    `name`, a `change` with `?` for the value, and a `range` of numbers or `values` (whole numbers and words: `values`).
    `design` says which points are solved, by its `kind`: `lhs` or `sobol` (`points`, `seed`), `morris`
    (`trajectories`), `grid` or `one_at_a_time` (`levels`), `list` (`file`: a path or a DataFrame), `frontier`.
    models/studies/REFERENCE.md has every key.

    out: its folder, which `open_study` reads; what it holds already is not run again. workers: this process for 1;
    for more a script calls this under `if __name__ == "__main__"`; or those of a dask scheduler
    (`planner.on_scheduler`). tell: called with how far it is. case: in place of the one that the study names. functions: outcomes of the
    user's own, by name: a function of a `SolvedPoint`. force: replace inputs of a former study even if somebody changed
    them since. Raises InputError, RunFolderError, StoppedError.

    >>> money = {"name": "money", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
    >>> asked = {"uncertainties": [money], "design": {"kind": "one_at_a_time"}}
    >>> study(asked, folder, case=case).statuses
    Counter({'optimal': 3})
    >>> study({**asked, "design": {"kind": "lhs", "points": 4, "seed": 1}}, folder, case=case).done
    4
    """
    found, base, place = run.read_given(asked, case)
    path = Path(f"{file_name(found.title) or place}.toml")
    if not isinstance(asked, Mapping):
        path = Path(asked)
    folder = default_out(path) if out is None else Path(out)
    with opened(workers) as who:
        if isinstance(found.design, FrontierDesign):
            opened_case = run.open_case(found, base, case)
            return run_frontier(found, opened_case, folder, who, tell, force=force)
        return run.run_points(asked, folder, who, tell, case=case, functions=functions, force=force)


def retry_study(
    folder: str | Path, workers: int | Workers = 1, tell: run.Tell = run.untold
) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing, of a frontier too.

    Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    frontier = is_frontier(folder)
    with opened(workers) as who:
        if frontier:
            asked = study_of(read_asked(folder))
            return run_frontier(asked, run.stored_case(folder), folder, who, tell)
        return run.retry(folder, who, tell)


def study_status(folder: str | Path) -> StudyStatus:
    """The progress of a study, finished or running: its points, or the parts of a frontier. Raises RunFolderError."""
    folder = Path(folder)
    return frontier_status(folder) if is_frontier(folder) else run.status_of(folder)


@dataclass(frozen=True, repr=False)
class StudyData:
    """A study as tables; models/studies/REFERENCE.md says what their columns hold.

    results: a row for each row of the design, with its point, values, status and outcomes; as every DataFrame it has
    `.plot.scatter("money", "risk_musd")`. design: the same with what is changed, as JSON. plans: what is decided at each
    point, by year. case: as it is at the base. `planner.solve(study.case_at(0))` is the plan of the first row;
    `planner.study_report(folder)` writes the page.
    """

    folder: Path
    case: Case
    results: pd.DataFrame
    design: pd.DataFrame
    plans: pd.DataFrame

    def __repr__(self) -> str:
        done = self.results["status"].count()
        return f"StudyData({str(self.folder)!r}: {len(self.results)} rows, {done} with a result)"

    def case_at(self, point: str | int) -> Case:
        """The case at a point, which is named by its row in the design or by how its name begins."""
        return run.case_at(self.folder, str(point))[0]


def with_points(folder: str | Path, remedy: str) -> Path:
    """The folder of a study; raises InputError for a frontier."""
    folder = Path(folder)
    if is_frontier(folder):
        said = "is a frontier, which has no points"
        raise InputError([Fault(str(folder), 0, "", said, remedy=remedy)])
    return folder


def open_study(folder: str | Path) -> StudyData:
    """A study from its folder, finished or running. Raises RunFolderError, InputError for a frontier.

    >>> open_study(example_study).results["status"].tolist()
    ['optimal', 'optimal', 'optimal']
    """
    folder = with_points(folder, "read its frontier.csv")
    return StudyData(
        folder=folder,
        case=run.stored_case(folder),
        results=read_results(folder),
        design=read_design(folder),
        plans=read_plan_table(folder),
    )


def default_out(path: Path) -> Path:
    """reports/studies/NAME."""
    return Path("reports") / "studies" / path.stem


def frontier(
    case: Case, low: float = 0.0, high: float = 2.0, most: int = 2000, tell: run.Tell = run.untold
) -> FrontierResults:
    """The exact curve of least risk against money: a row per breakpoint, with the plan at some of them.

    low, high: ends of the curve, as multiples of the budgets of the case. most: programs solved at the most. tell:
    called with how many parts of it are there. Raises InputError if the goal of the model is not `risk`, StoppedError
    if an optimum is not proven. The curve is `table` of what comes back.

    >>> curve = frontier(case.changed("objective.goal=risk"), high=1.0)
    >>> bool(curve.table["risk_musd"].is_monotonic_decreasing)
    True
    """
    refuse_other(case, Case, A_CASE)
    design = FrontierDesign(kind="frontier", scale=[low, high], most=most)
    return trace_case(case, design, tell=tell)
