"""Studies: run one, go on with it, look how far it is, write its pages; a frontier; and a study as a function: values
of what is varied in, outcomes out, which is all that samplers and optimisers ask for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.api.plans import Plan, solve_into
from planner.cluster import on_scheduler
from planner.data.case import Case
from planner.errors import Fault, InfeasibleError, InputError, StoppedError, did_you_mean
from planner.parallel import Team, local
from planner.reporting.pages.many_runs import frontier_page, write_page, write_report
from planner.results.store import file_name
from planner.results.study import OPTIMAL, FrontierResults, StudyStatus, unsaid
from planner.solving.goals import Progress, silent
from planner.solving.live_program import LiveProgram
from planner.solving.solution import Stop
from planner.studies import run
from planner.studies.analysis import analyse, hold, read_plans
from planner.studies.design import ends, misfit
from planner.studies.frontier import frontier as trace_case
from planner.studies.frontier import frontier_status, is_frontier, read_frontier, run_frontier
from planner.studies.outcomes import Formula
from planner.studies.points import Changer, DesignRow, Settler, check_study
from planner.studies.store import read_asked, read_design, read_plan_table, read_results, study_of
from planner.studies.study_file import FrontierDesign, StudyFile, Value, named_outcomes
from planner.studies.worker import WHY, expressions_of, figures_of


def study(
    asked: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str = "",
    tell: run.Tell = run.untold,
) -> StudyStatus | FrontierResults:
    """Run a study into a folder (default: reports/studies/NAME), or trace its frontier and write its page.

    asked: a study file, or what one would hold. workers: processes on this machine, 1 if left out. scheduler: address
    of a dask scheduler instead. tell: called with how far it is. What the folder holds already is not run again.
    Raises InputError, RunFolderError, StoppedError.
    """
    found, base, place = run.read_given(asked)
    named = Path(f"{file_name(found.title) or place}.toml") if isinstance(asked, Mapping) else Path(asked)
    out = default_out(named) if out is None else Path(out)
    if isinstance(found.design, FrontierDesign):
        return _traced(found, run.open_case(found, base), out, team(workers, scheduler), tell)
    return run.run_points(asked, out, team(workers, scheduler), tell)


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
        return run.case_at(self.folder, str(point))[0]


def _with_points(folder: str | Path, remedy: str) -> Path:
    """The folder of a study; raises InputError for a frontier."""
    if is_frontier(Path(folder)):
        raise InputError([Fault(str(folder), 0, "", "is a frontier, which has no points", remedy=remedy)])
    return Path(folder)


def open_study(folder: str | Path) -> StudyData:
    """A study from its folder, finished or running. Raises RunFolderError, InputError for a frontier."""
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


def frontier(
    case: Case, low: float = 0.0, high: float = 2.0, most: int = 2000, tell: run.Tell = run.untold
) -> FrontierResults:
    """The exact curve of least risk against money: a row per breakpoint, with the plan at some of them.

    low, high: ends of the curve, as multiples of the budgets of the case. most: programs solved at the most. tell:
    called with how many parts of it are there. Raises InputError if the goal of the model is not `risk`, StoppedError
    if an optimum is not proven.
    """
    curve, table = trace_case(case, FrontierDesign(kind="frontier", scale=[low, high], most=most), tell)
    return FrontierResults(case.name, table, curve.gap, curve.solves)


# ---- a study as a function ------------------------------------------------------------------------------------------


class Experiment:
    """A study as a function of what it varies. Its design is not looked at.

    experiment = planner.Experiment("models/studies/starter.toml")
    experiment(money=0.5)                       # {"risk_musd": .., "cost_musd": ..}: the outcomes of the study
    experiment(**{"lead time": 2})              # what is left out is as in the case, or the first option of a lever
    experiment.table([[0.5, 1], [2.0, 0]])      # a row for each point, the uncertainties in their order
    planner.solve(experiment.case(money=0.5))   # the whole plan of a point

    One program is kept and changed from call to call, so a call costs milliseconds on a small case; one thread or
    process uses it. It can be pickled: a process that gets one builds its own program. Raises InputError for names or
    values that the study does not have, InfeasibleError where no plan meets the goal, StoppedError where no optimum is
    proven.
    """

    def __init__(self, study: str | Path | Mapping[str, Any]) -> None:
        """study: a study file, or what one would hold, paths seen from the working directory."""
        self._study, folder, place = run.read_given(study)
        self._base = run.open_case(self._study, folder)
        check_study(self._study, self._base, place)
        self._outcomes = tuple(dict.fromkeys(named_outcomes(self._study)))

    def __repr__(self) -> str:
        return f"Experiment({self._study.title!r}: {', '.join([*self.uncertainties, *self.levers])})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_live", "_changer", "_settler")}

    @property
    def uncertainties(self) -> dict[str, tuple[Value, ...]]:
        """What is not ours to choose: both ends of its range, or all its values if they are listed."""
        return {u.name: tuple(u.values) if u.values is not None else ends(u) for u in self._study.uncertainties}

    @property
    def levers(self) -> dict[str, tuple[str, ...]]:
        """What is: the labels of its options."""
        return {lever.name: tuple(option.label for option in lever.options) for lever in self._study.levers}

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of what a call gives."""
        return self._outcomes

    @property
    def problem(self) -> dict[str, Any]:
        """The uncertainties as SALib describes them; raises InputError if one has no range."""
        listed = [u.name for u in self._study.uncertainties if u.values is not None]
        if listed:
            told = "has listed values; samplers of SALib draw from ranges"
            raise InputError(Fault("study", 0, name, told) for name in listed)
        return {"names": list(self.uncertainties), "bounds": [list(range_) for range_ in self.uncertainties.values()]}

    def case(self, **values: Value | None) -> Case:
        """The case at a point, checked like one that was read."""
        return self._changer.apply(self._settler.settings(self._row(values)))

    def __call__(self, **values: Value | None) -> dict[str, float]:
        """The outcomes of a point: 0 for what is not built, bought or short, NaN for an expression without a value."""
        case = self.case(**values)
        self._live.update(case)
        found = self._live.solve(silent)
        if found.stop is not Stop.OPTIMAL:
            told = f"at {values}: {WHY[found.stop]}"
            raise InfeasibleError([told]) if found.stop is Stop.INFEASIBLE else StoppedError(told)
        figures = figures_of(self._live, found, self._expressions)
        return {name: figures.get(name, unsaid(name)) for name in self._outcomes}

    def table(self, points: pd.DataFrame | Sequence[Sequence[Value]]) -> pd.DataFrame:
        """The outcomes of many points, a row each, in their order; nearby points are cheap after one another.

        points: columns are uncertainties, or levers too, by name; without names the uncertainties in their order.
        """
        frame = points if isinstance(points, pd.DataFrame) else pd.DataFrame(points, columns=list(self.uncertainties))
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return pd.DataFrame([self(**{str(k): v for k, v in row.items()}) for row in rows], index=frame.index)

    def _row(self, values: Mapping[str, Value | None]) -> DesignRow:
        names = [*self.uncertainties, *self.levers]
        faults = [Fault("values", 0, n, f"unknown{did_you_mean(n, names)}") for n in values if n not in names]
        row: list[Value | None] = []
        for u in self._study.uncertainties:
            value = values.get(u.name)
            value = value.item() if isinstance(value, np.generic) else value
            if value is not None and (why := misfit(u, value)):
                faults.append(Fault("values", 0, u.name, why))
            row.append(value)
        for name, labels in self.levers.items():
            label = values.get(name)
            row.append(labels[0] if label is None else label)
            if row[-1] not in labels:
                faults.append(Fault("values", 0, name, f"{label!r} is no option{did_you_mean(str(label), labels)}"))
        if faults:
            raise InputError(faults)
        return tuple(row)

    @cached_property
    def _expressions(self) -> Mapping[str, Formula]:
        return expressions_of(self._base, self._study.expressions)

    @cached_property
    def _changer(self) -> Changer:
        return Changer(self._base)

    @cached_property
    def _settler(self) -> Settler:
        return Settler(self._study, self._base)

    @cached_property
    def _live(self) -> LiveProgram:
        return LiveProgram(self._base, self._study.time_limit)
