"""Studies: run one, go on with it, look how far it is, write its pages; a frontier; a plan in other futures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.api.plans import Plan, solve_into
from planner.cluster import on_scheduler
from planner.data.case import Case
from planner.data.display import shown
from planner.errors import Fault, InputError
from planner.parallel import Team, team_of
from planner.reporting.pages.study import frontier_page, write_page, write_report
from planner.results.display import MOST_ROWS
from planner.results.store import file_name
from planner.results.study import OPTIMAL, FrontierResults, StudyStatus
from planner.solving.goals import Progress, silent
from planner.studies import run
from planner.studies.analysis import analyse, hold, read_plans
from planner.studies.frontier import frontier as trace_case
from planner.studies.frontier import frontier_status, is_frontier, read_frontier, run_frontier
from planner.studies.iamc import iamc_of
from planner.studies.outcomes import OwnOutcome
from planner.studies.store import read_asked, read_design, read_plan_table, read_results, study_of
from planner.studies.study_file import FrontierDesign, StudyFile


def study(
    asked: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str = "",
    tell: run.Tell = run.untold,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
    part: tuple[int, int] | None = None,
) -> StudyStatus | FrontierResults:
    """Run a study into a folder (default: reports/studies/NAME), or trace its frontier and write its page.

    asked: a study file, or what one would hold; the `file` of a list of points may be a DataFrame. workers: this
    process for 1, or if left out; for more a script calls this under `if __name__ == "__main__"`. scheduler: address
    of a dask scheduler instead. tell: called with how far it is. case: in place of the one that the study names.
    functions: outcomes of the user's own, by name: a function of a `SolvedPoint`. part: (3, 40) runs the third of forty
    parts of the points, for arrays of jobs; `merge_study` puts them together. What the folder holds already is not
    run again. Raises InputError, RunFolderError, StoppedError.

    >>> money = {"name": "money", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
    >>> asked = {"uncertainties": [money], "design": {"kind": "one_at_a_time"}}
    >>> study(asked, folder, case=case).statuses
    Counter({'optimal': 3})
    """
    found, base, place = run.read_given(asked, case)
    named = (
        Path(f"{file_name(found.title) or place}.toml")
        if isinstance(asked, Mapping)
        else Path(asked)
    )
    out = default_out(named) if out is None else Path(out)
    if isinstance(found.design, FrontierDesign):
        opened = run.open_case(found, base, case)
        return _traced(found, opened, out, team(workers, scheduler), tell)
    who = team(workers, scheduler)
    return run.run_points(asked, out, who, tell, case=case, functions=functions, part=part)


def merge_study(
    asked: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    case: Case | None = None,
    functions: Mapping[str, OwnOutcome] | None = None,
) -> StudyStatus:
    """Put the parts of a study together that were run with `part`. Raises InputError, RunFolderError."""
    folder = default_out(Path(str(asked))) if out is None else Path(out)
    return run.merge(asked, folder, case=case, functions=functions)


def _traced(found: StudyFile, case: Case, out: Path, who: Team, tell: run.Tell) -> FrontierResults:
    curve = run_frontier(found, case, out, who, tell)
    write_page(frontier_page(curve), out)
    return curve


def retry_study(
    folder: str | Path, workers: int | None = None, scheduler: str = "", tell: run.Tell = run.untold
) -> StudyStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing, of a frontier too.

    Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    if is_frontier(folder):
        found = study_of(read_asked(folder))
        _traced(found, run.stored_case(folder), folder, team(workers, scheduler), tell)
        return frontier_status(folder)
    return run.retry(folder, team(workers, scheduler), tell)


def study_status(folder: str | Path) -> StudyStatus:
    """How far a study is; while it runs, too: its points, or the parts of a frontier. Raises RunFolderError."""
    return (frontier_status if is_frontier(Path(folder)) else run.status_of)(Path(folder))


def study_report(
    folder: str | Path, plans: Sequence[str | Path] = (), progress: Progress = silent
) -> Path:
    """Write report.html, and tables/*.csv of a study that has points, finished or running. Returns the page.

    plans: run folders whose plans are held fixed at every point. Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    if is_frontier(folder):
        if plans:
            _with_points(folder, "leave --plan out")
        write_page(frontier_page(read_frontier(folder)), folder)
    else:
        given = read_plans([Path(plan) for plan in plans])
        write_report(analyse(folder, hold(folder, given, progress) if given else None), folder)
    return folder / "report.html"


@dataclass(frozen=True, repr=False)
class StudyData:
    """A study as tables; models/studies/REFERENCE.md says what their columns hold.

    results: a row for each row of the design, with its point, values, status and outcomes. design: the same with what
    is changed, as JSON. plans: what is decided at each point, by year. case: as it is at the base.
    """

    folder: Path
    case: Case
    results: pd.DataFrame
    design: pd.DataFrame
    plans: pd.DataFrame

    def __repr__(self) -> str:
        done = self.results["status"].count()
        return f"StudyData({str(self.folder)!r}: {len(self.results)} rows, {done} with a result)"

    def _repr_html_(self) -> str:
        statuses = self.results["status"].value_counts()
        counts = {str(name): int(count) for name, count in statuses.items()}
        facts = {"folder": self.folder, "rows": len(self.results), **counts}
        table = self.results.head(MOST_ROWS).to_html(index=False)
        more = ["study.results", "study.plans", "study.case_at(0)", "study.iamc()"]
        return shown(repr(self), facts, {"results": table}, more)

    def iamc(self) -> pd.DataFrame:
        """Outcomes and decisions of all points in the format of the IAMC, which pyam reads: model, scenario (a point),
        region, variable, unit, year, value."""
        return iamc_of(self.case, self.results, self.plans)

    def case_at(self, point: str | int) -> Case:
        """The case at a point, which is named by its row in the design or by how its name begins."""
        return run.case_at(self.folder, str(point))[0]


def _with_points(folder: str | Path, remedy: str) -> Path:
    """The folder of a study; raises InputError for a frontier."""
    if is_frontier(Path(folder)):
        raise InputError(
            [Fault(str(folder), 0, "", "is a frontier, which has no points", remedy=remedy)]
        )
    return Path(folder)


def open_study(folder: str | Path) -> StudyData:
    """A study from its folder, finished or running. Raises RunFolderError, InputError for a frontier.

    >>> open_study(example_study).results["status"].tolist()
    ['optimal', 'optimal', 'optimal']
    """
    folder = _with_points(folder, "read its frontier.csv")
    tables = (read(folder) for read in (read_results, read_design, read_plan_table))
    return StudyData(folder, run.stored_case(folder), *tables)


def open_point(
    folder: str | Path, point: str | int, out: str | Path | None = None, progress: Progress = silent
) -> tuple[Plan, Path, float]:
    """Solve one point of a study as a case of its own into a run folder (default: reports/CASE-POINT-MODEL).

    Returns the plan, its folder, and how far its risk and cost are from those of the study, relative; infinite where
    one has an optimum and the other none. Raises RunFolderError, InputError.
    """
    case, name = run.case_at(_with_points(folder, "name the folder of another study"), str(point))
    plan, target = solve_into(case, None if out is None else Path(out), progress=progress)
    results = read_results(Path(folder)).set_index("point")
    before, gaps = results[~results.index.duplicated()].loc[name], [0.0]
    if before["status"] == OPTIMAL and plan.tables:
        keys = ("risk_musd", "cost_musd")
        gaps = [
            abs(before[key] - plan.summary[key]) / (1.0 + abs(plan.summary[key])) for key in keys
        ]
    elif before["status"] is not None and (before["status"] == OPTIMAL) != bool(plan.tables):
        gaps = [math.inf]
    return plan, target, max(gaps)


def default_out(path: Path) -> Path:
    """reports/studies/NAME."""
    return Path("reports") / "studies" / path.stem


def team(workers: int | None, scheduler: str) -> Team:
    """Who solves points. Raises InputError if both are given."""
    if scheduler and workers is not None:
        told = "does not apply beside --scheduler, which has workers of its own"
        raise InputError(
            [Fault("planner study", 0, "--workers", told, remedy="leave one of the two out")]
        )
    return on_scheduler(scheduler) if scheduler else team_of(workers or 1)


def frontier(
    case: Case, low: float = 0.0, high: float = 2.0, most: int = 2000, tell: run.Tell = run.untold
) -> FrontierResults:
    """The exact curve of least risk against money: a row per breakpoint, with the plan at some of them.

    low, high: ends of the curve, as multiples of the budgets of the case. most: programs solved at the most. tell:
    called with how many parts of it are there. Raises InputError if the goal of the model is not `risk`, StoppedError
    if an optimum is not proven.

    >>> curve = frontier(case.set_model("objective.goal", "risk"), high=1.0)
    >>> bool(curve.table["risk_musd"].is_monotonic_decreasing)
    True
    """
    curve, table = trace_case(
        case, FrontierDesign(kind="frontier", scale=[low, high], most=most), tell
    )
    return FrontierResults(case.name, table, curve.gap, curve.solves)
