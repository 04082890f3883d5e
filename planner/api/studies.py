"""Studies: run one, go on with it, look how far it is, write its pages; open one and solve a point of it; a frontier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.errors import A_CASE, Fault, InputError, refuse_other, refuse_unknown
from planner.parallel import Workers, opened
from planner.results.store import file_name
from planner.results.study import FrontierResults, StudyStatus
from planner.studies import run
from planner.studies.frontier import frontier as trace_case
from planner.studies.frontier import frontier_status, is_frontier, read_frontier, run_frontier
from planner.studies.outcomes import OwnOutcome
from planner.studies.store import read_asked, read_design, read_plan_table, read_results, study_of
from planner.studies.study_file import FrontierDesign

FEWEST = 2
"""Programs that a frontier takes at the least: one at each end."""


def study(
    study: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | Workers = 1,
    progress: run.Tell = run.untold,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
    force: bool = False,
) -> Study:
    """Run a study into a folder, or go on with one.

    Parameters
    ----------
    study
        A study file, or a mapping with what one would hold. `uncertainties` is a list of mappings, each with a `name`, a
        `change` with `?` for the value, and a `range` of numbers or `values` (whole numbers and words: `values`). `design`
        says which points are solved, by its `kind`: `lhs` or `sobol` (`points`, `seed`), `morris` (`trajectories`), `grid`
        or `one_at_a_time` (`levels`), `list` (`file`: a path or a DataFrame), `frontier`. models/studies/REFERENCE.md has
        every key.
    out
        Its folder; reports/studies/NAME if left out. What it holds already is not run again.
    workers
        Processes: this one for 1; for more a script calls this under `if __name__ == "__main__"`. Or those of a dask
        scheduler (`planner.on_scheduler`).
    progress
        Called with the status of the study whenever some points are done.
    case
        In place of the one that the study names.
    functions
        Outcomes of your own, by name: a function of a `SolvedPoint`.
    force
        Replace inputs of a former study even if somebody changed them since.

    Returns
    -------
    Study
        Its status and its tables, a row a point.

    Raises
    ------
    InputError
        For a study or a case with faults.
    RunFolderError
        For a folder that holds something else.
    StoppedError
        If no worker can be had any more.
    NotInstalledError
        For the designs `sobol` and `morris` without the extra `study`.

    Examples
    --------
    >>> money = {"name": "money", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
    >>> asked = {"uncertainties": [money], "design": {"kind": "one_at_a_time"}}
    >>> study(asked, folder, case=case).status.statuses
    Counter({'optimal': 3})
    >>> more = study({**asked, "design": {"kind": "lhs", "points": 4, "seed": 1}}, folder, case=case)
    >>> more.table("results")["risk_musd"].size
    4
    """
    found, base, place = run.read_given(study, case)
    path = Path(f"{file_name(found.title) or place}.toml")
    if not isinstance(study, Mapping):
        path = Path(study)
    folder = default_out(path) if out is None else Path(out)
    with opened(workers) as who:
        if isinstance(found.design, FrontierDesign):
            opened_case = run.open_case(found, base, case)
            status = run_frontier(found, opened_case, folder, who, progress, force=force)
        else:
            status = run.run_points(
                study, folder, who, progress, case=case, functions=functions, force=force
            )
    return Study(folder, status)


def retry_study(
    folder: str | Path, workers: int | Workers = 1, progress: run.Tell = run.untold
) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing, of a frontier too.

    Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    frontier = is_frontier(folder)
    with opened(workers) as who:
        if frontier:
            asked = study_of(read_asked(folder))
            return run_frontier(asked, run.stored_case(folder), folder, who, progress)
        return run.retry(folder, who, progress)


def study_status(folder: str | Path) -> StudyStatus:
    """The progress of a study, finished or running: its points, or the parts of a frontier. Raises RunFolderError."""
    folder = Path(folder)
    return frontier_status(folder) if is_frontier(folder) else run.status_of(folder)


@dataclass(frozen=True, repr=False)
class Study:
    """A study in its folder, finished or running; `planner.study` runs one, `planner.open_study` opens one.

    `planner.solve(study.case_at(0))` is the plan of the first row; `planner.study_report(study.folder)` writes the page.

    Attributes
    ----------
    folder
        Where it is.
    status
        How many points have which status (`status.statuses`), and those without an optimum (`status.bad`).

    Examples
    --------
    >>> open_study(example_study).table("results")["status"].tolist()
    ['optimal', 'optimal', 'optimal']
    """

    folder: Path
    status: StudyStatus

    def __repr__(self) -> str:
        return f"Study{str(self.status).removeprefix('StudyStatus')}"

    @cached_property
    def case(self) -> Case:
        """The case as it is at the base."""
        return run.stored_case(self.folder)

    @property
    def tables(self) -> list[str]:
        """Names of its tables."""
        return ["curve"] if is_frontier(self.folder) else ["results", "design", "plans"]

    def table(self, name: str) -> pd.DataFrame:
        """A table of the study.

        Parameters
        ----------
        name
            `results`: a row for each row of the design, with its point, values, status and outcomes (in the unit that ends
            the name of each). `design`: the same with what is changed, as JSON. `plans`: what is decided at each point, by
            year. Of a frontier `curve`: a row a breakpoint. models/studies/REFERENCE.md says what their columns hold.

        Returns
        -------
        pandas.DataFrame
            A row a point; it has `.plot.scatter("money", "risk_musd")`.

        Raises
        ------
        InputError
            For an unknown name; it names the nearest.
        """
        refuse_unknown("study", "table", name, self.tables)
        if name == "curve":
            return read_frontier(self.folder).table
        readers = {"results": read_results, "design": read_design, "plans": read_plan_table}
        return readers[name](self.folder)

    def case_at(self, point: str | int) -> Case:
        """The case at a point, which is named by its row in the design or by how its name begins."""
        return run.case_at(with_points(self.folder, "solve its cases by budget"), str(point))[0]


def with_points(folder: str | Path, remedy: str) -> Path:
    """The folder of a study; raises InputError for a frontier."""
    folder = Path(folder)
    if is_frontier(folder):
        said = "is a frontier, which has no points"
        raise InputError([Fault(str(folder), 0, "", said, remedy=remedy)])
    return folder


def open_study(folder: str | Path) -> Study:
    """A study from its folder, finished or running.

    Raises
    ------
    RunFolderError
        For a folder that holds no study.

    Examples
    --------
    >>> open_study(example_study).status.done
    3
    """
    folder = Path(folder)
    return Study(folder, study_status(folder))


def default_out(path: Path) -> Path:
    """reports/studies/NAME."""
    return Path("reports") / "studies" / path.stem


def frontier(
    case: Case,
    low: float = 0.0,
    high: float = 2.0,
    most: int = 2000,
    progress: run.Tell = run.untold,
) -> FrontierResults:
    """The exact efficient frontier of least risk against money, with the plan at some of its points.

    Parameters
    ----------
    case
        A case whose goal is `risk`.
    low, high
        Ends of the curve, as multiples of the budgets of the case.
    most
        Programs solved at the most.
    progress
        Called with how many parts of the curve are there.

    Returns
    -------
    FrontierResults
        Its `table` has a row a breakpoint: `budget_musd`, `risk_musd`, `worth` (by how much one more MUSD reduces the risk).

    Raises
    ------
    InputError
        If the goal of the model is not `risk`, and for ends that do not rise.
    StoppedError
        If an optimum is not proven.

    Examples
    --------
    >>> curve = frontier(case.changed("objective.goal=risk"), high=1.0)
    >>> bool(curve.table["risk_musd"].is_monotonic_decreasing)
    True
    """
    refuse_other(case, Case, A_CASE)
    if not 0 <= low < high < math.inf:
        said = f"{low:g} to {high:g}: must rise, from 0 on"
        raise InputError([Fault("low, high", 0, "", said)])
    if most < FEWEST:
        raise InputError([Fault("most", 0, "", f"{most}: must be at least {FEWEST}")])
    design = FrontierDesign(kind="frontier", scale=[low, high], most=most)
    return trace_case(case, design, tell=progress)
