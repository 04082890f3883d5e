"""Studies: run one, go on with it, look how far it is, write its pages; a frontier; a plan in other futures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from planner.api.plans import Plan, solve_into
from planner.cluster import on_scheduler
from planner.data.case import Case
from planner.data.load import load_scenarios
from planner.errors import Fault, InputError
from planner.parallel import Team, local
from planner.reporting.pages.study import frontier_page, write_page, write_report
from planner.results.plan import PlanValues
from planner.results.store import file_name
from planner.results.study import OPTIMAL, Agreement, FrontierResults, StudyStatus
from planner.solving.goals import Progress, silent
from planner.studies.analysis import analyse
from planner.studies.evaluation import Evaluation, SampleEvaluation, evaluate_in, replicate, sampled
from planner.studies.file import FrontierDesign, StudyFile
from planner.studies.fixed_plan import amounts, hold, read_plans
from planner.studies.frontier import frontier as trace_case
from planner.studies.frontier import frontier_status, is_frontier, read_frontier, run_frontier
from planner.studies.run import Tell, case_at, open_case, read_given, retry, run_points, stored_case, untold
from planner.studies.store import read_asked, read_design, read_plan_table, read_results, study_of
from planner.studies.work_queue import agreement_of, status_of


@dataclass(frozen=True)
class FolderStatus:
    """How far the study of a folder is. bad: (point, status, message) of what has no optimum. agreement: of the points
    that were solved again from nothing."""

    folder: Path
    status: StudyStatus
    bad: tuple[tuple[str, str, str], ...]
    agreement: Agreement


def study(
    asked: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str = "",
    tell: Tell = untold,
) -> FolderStatus | FrontierResults:
    """Run a study into a folder (default: reports/studies/NAME), or trace its frontier and write its page.

    asked: a study file, or what one would hold. workers: processes on this machine, 1 if left out. scheduler: address
    of a dask scheduler instead. tell: called with how far it is. What the folder holds already is not run again.
    Raises InputError, RunFolderError, StoppedError.
    """
    found, base, place = read_given(asked)
    named = Path(f"{file_name(found.title) or place}.toml") if isinstance(asked, Mapping) else Path(asked)
    out = default_out(named) if out is None else Path(out)
    if isinstance(found.design, FrontierDesign):
        return _traced(found, open_case(found, base), place, out, team(workers, scheduler), tell)
    ended = run_points(asked, out, team(workers, scheduler), tell)
    return replace(study_status(out), status=ended)


def _traced(found: StudyFile, case: Case, place: str, out: Path, who: Team, tell: Tell) -> FrontierResults:
    curve = run_frontier(found, case, place, out, who, tell)
    write_page(frontier_page(curve), out)
    return curve


def retry_study(
    folder: str | Path, workers: int | None = None, scheduler: str = "", tell: Tell = untold
) -> FolderStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing, of a frontier too.

    Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    if is_frontier(folder):
        found = study_of(read_asked(folder))
        _traced(found, stored_case(folder), str(folder), folder, team(workers, scheduler), tell)
        return study_status(folder)
    retry(folder, team(workers, scheduler), tell)
    return study_status(folder)


def study_status(folder: str | Path) -> FolderStatus:
    """How far a study is; while it runs, too: its points, or the parts of a frontier. Raises RunFolderError."""
    folder = Path(folder)
    if is_frontier(folder):
        return FolderStatus(folder, frontier_status(folder), (), Agreement(0, 0.0))
    status, bad = status_of(folder)
    return FolderStatus(folder, status, tuple(bad), agreement_of(folder))


def study_report(folder: str | Path, plans: Sequence[str | Path] = (), progress: Progress = silent) -> Path:
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

    def case_at(self, point: str | int) -> Case:
        """The case at a point, which is named by its row in the design or by how its name begins."""
        return case_at(self.folder, str(point))[0]


def _with_points(folder: str | Path, remedy: str) -> Path:
    """The folder of a study; raises InputError for a frontier."""
    if is_frontier(Path(folder)):
        raise InputError([Fault(str(folder), 0, "", "is a frontier, which has no points", remedy=remedy)])
    return Path(folder)


def open_study(folder: str | Path) -> StudyData:
    """A study from its folder, finished or running. Raises RunFolderError, InputError for a frontier."""
    folder = _with_points(folder, "read its frontier.csv")
    tables = (read(folder).to_pandas() for read in (read_results, read_design, read_plan_table))
    return StudyData(folder, stored_case(folder), *tables)


def open_point(
    folder: str | Path, point: str | int, out: str | Path | None = None, progress: Progress = silent
) -> tuple[Plan, Path, float]:
    """Solve one point of a study as a case of its own into a run folder (default: reports/CASE-POINT-MODEL).

    Returns the plan, its folder, and how far its risk and cost are from those of the study, relative; infinite where
    one has an optimum and the other none. Raises RunFolderError, InputError.
    """
    case, name = case_at(_with_points(folder, "name the folder of another study"), str(point))
    plan, target = solve_into(case, None if out is None else Path(out), progress=progress)
    results = read_results(Path(folder)).to_pandas().set_index("point")
    before, gaps = results[~results.index.duplicated()].loc[name], [0.0]
    if before["status"] == OPTIMAL and plan.tables:
        keys = ("risk_musd", "cost_musd")
        gaps = [abs(before[key] - plan.summary[key]) / (1.0 + abs(plan.summary[key])) for key in keys]
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
        raise InputError([Fault("planner study", 0, "--workers", told, remedy="leave one of the two out")])
    return on_scheduler(scheduler) if scheduler else local(workers or 1)


def frontier(case: Case, low: float = 0.0, high: float = 2.0, most: int = 2000, tell: Tell = untold) -> FrontierResults:
    """The exact curve of least risk against money: a row per breakpoint, with the plan at some of them.

    low, high: ends of the curve, as multiples of the budgets of the case. most: programs solved at the most. tell:
    called with how many parts of it are there. Raises InputError if the goal of the model is not `risk`, StoppedError
    if an optimum is not proven.
    """
    curve, table = trace_case(case, FrontierDesign(kind="frontier", scale=[low, high], most=most), tell)
    return FrontierResults(case.name, table, curve.gap, curve.solves)


def evaluate(
    plan: PlanValues,
    futures: str | Path | None = None,
    *,
    sizes: Sequence[int] = (),
    replications: int = 10,
    seed: int = 0,
    workers: int | Team = 1,
    progress: Progress = silent,
) -> Evaluation:
    """Hold investment, training and hiring of a plan and let operations answer other scenarios.

    futures: a folder with scenarios.csv and shocks.csv, and draws.csv if they were drawn; those of the plan if left
    out. From fifty on they are solved one by one, by so many workers; with more than one a script calls this under
    `if __name__ == "__main__"`. sizes: numbers of scenarios to draw, `replications` times each, to see how far the plan
    is from the best one. Raises InputError, StoppedError.
    """
    decided = amounts(plan)
    case = plan.case if futures is None else load_scenarios(plan.case, Path(futures))
    found = evaluate_in(case, decided, futures is None, workers, progress)
    trials = []
    for size in sizes:
        progress(f"{replications} draws of {size} scenarios")
        trials.append(replicate(case, size, replications, seed, decided))
    planned = float(plan.summary["risk_musd"])
    return replace(found, planned=planned, trials=tuple(trials))


def evaluate_samples(
    plan: PlanValues,
    register: Case,
    draws: int = 200,
    samples: int = 10,
    seed: int = 0,
    workers: int | Team = 1,
    progress: Progress = silent,
) -> SampleEvaluation:
    """Hold a plan fixed in samples drawn apart from the hazards of a register, of about `draws` futures each.

    See `evaluate`. Raises InputError, StoppedError.
    """
    return sampled(plan, amounts(plan), register, draws, samples, seed, workers, progress)
