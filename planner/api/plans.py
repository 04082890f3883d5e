"""Plans: solve a case, ask a kept program again, write and open run folders, solve a stored run again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import overload

import altair

from planner.data.case import Case
from planner.errors import A_CASE, RunFolderError, StoppedError, refuse_other, refuse_unknown
from planner.host import cores
from planner.one_program.plans import ENDS, solve_variant
from planner.one_program.solved_model import plan_of as plan_of
from planner.parallel import Workers
from planner.planning import Method, solve_case
from planner.reporting.charts.style import finished
from planner.reporting.pages.run import FORMS, charts_by_name, write_page_and_workbook, write_pages
from planner.results.answers import with_answers
from planner.results.differences import differences, other_versions
from planner.results.folders import Fill, claim, refuse_foreign
from planner.results.plan import NO_PLAN, Plan, no_plan, refuse_own_rules
from planner.results.store import (
    A_RUN,
    SUMMARY,
    default_folder,
    fingerprint,
    read_run,
    refresh_pages,
    write_run,
)
from planner.solving.engine import Engine
from planner.solving.goals import Progress, silent
from planner.solving.program_size import refuse_if_too_large


def solve(
    case: Case,
    *,
    progress: Progress = silent,
    time_limit: float | None = None,
    baseline: bool = True,
    method: Method = "auto",
    workers: int | Workers = 1,
) -> Plan:
    """Solve a case under its own model file.

    Parameters
    ----------
    case
        A case; `case.changed(..)` gives others to solve.
    progress
        Called with each step in words.
    time_limit
        Seconds of each run of the solver.
    baseline
        Also solve the case without levers, so that the plan can be compared with doing nothing.
    method
        `whole`, as one program, or `scenarios`, one by one, with bounds that prove how far the plan is from the
        best; `auto` takes the latter where there are many.
    workers
        Processes that solve scenarios, or those of a scheduler (`planner.on_scheduler`); with more than one a
        script calls this under `if __name__ == "__main__"`.

    Returns
    -------
    Plan
        How it ended is in `plan.status`; figures (MUSD, t, persons) are in `plan.summary`, tables in
        `plan.table(name)`, of which there are none unless a plan was found.

    Raises
    ------
    InputError
        Where scenarios are to be solved one by one and cannot be, and for a case too large for memory.

    Examples
    --------
    >>> solve(case, baseline=False).status.value
    'optimal'
    """
    refuse_other(case, Case, A_CASE)
    return solve_case(case, progress, time_limit, baseline=baseline, method=method, workers=workers)


class Session:
    """A case kept loaded: ask again with other figures, and only what they touch is built and solved again.

    One thread asks; any other may `cancel`. Raises InputError for a case too large for memory.

    >>> session = Session(case)
    >>> first = session.solve()
    >>> second = session.solve(case.changed("projects.coast_plant.capex_usd_per_tpa=+10%"))   # warm
    >>> session.rebuilt   # why it had to start afresh
    ''
    >>> figures = session.figures(case.changed("policy.budget_carry_over=false"))   # no tables
    >>> sorted(figures)
    ['cost_musd', 'expected_loss_musd', 'risk_musd']
    """

    def __init__(
        self, case: Case, time_limit: float | None = None, plan: Plan | None = None
    ) -> None:
        """plan: one of this case, as a run folder holds it, from which its first solve goes on; ask for that first."""
        refuse_other(case, Case, A_CASE)
        refuse_if_too_large(case)
        point = plan.point if plan is not None else None
        self.engine = Engine(case, time_limit, point=point)
        """The engine that keeps the programs."""

    def __repr__(self) -> str:
        return f"Session({self.case!r})"

    @property
    def case(self) -> Case:
        """The case in use."""
        return self.engine.case

    @property
    def rebuilt(self) -> str:
        """The reason why the last change needed the program built again, or ''."""
        return self.engine.rebuilt

    @property
    def progress(self) -> Progress:
        """Called with each goal by name as its solve begins."""
        return self.engine.progress

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self.engine.progress = progress

    def figures(self, case: Case | None = None) -> dict[str, float]:
        """The figures of `solve` without its tables, twenty times cheaper.

        Each phase has its certificate, yet nothing is recomputed from tables: only the plan of `solve`, which goes on from here, is
        verified.

        Parameters
        ----------
        case
            Another case to take over first.

        Returns
        -------
        dict of str to float
            `risk_musd`, `cost_musd`, `expected_loss_musd`, and with goal `risk` `least_risk_musd`, MUSD.

        Raises
        ------
        StoppedError
            Where no plan was proven, or after `cancel`.
        """
        solved = self.engine.solve(case)
        if not solved.is_optimal:
            raise StoppedError(f"no plan was proven ({ENDS[solved.outcome.stop].value})")
        names = ("risk", "cost", "expected_loss")
        figures = {f"{name}_musd": solved.value(name) for name in names}
        if self.case.model.objective.goal == "risk":
            figures["least_risk_musd"] = solved.outcome.values["risk"]
        return figures

    def solve(self, case: Case | None = None) -> Plan:
        """Solve the case in use, or take over another one first.

        Parameters
        ----------
        case
            Another case.

        Returns
        -------
        Plan
            It has no `without_plan`.

        Raises
        ------
        StoppedError
            After `cancel`.
        """
        engine = self.engine
        return solve_variant(engine, case, lambda _: engine.raise_if_cancelled())

    def cancel(self) -> None:
        """From another thread: end the solve that goes on, within half a second; it raises StoppedError. What is
        asked next is answered."""
        self.engine.cancel()


def open_run(folder: str | Path) -> Plan:
    """The plan of a run folder, with what was asked of it later: explanation and evaluation.

    Parameters
    ----------
    folder
        A run folder, as `planner solve` and `plan.write` make them.

    Returns
    -------
    Plan
        The plan as it was written.

    Raises
    ------
    RunFolderError
        For a folder that holds no run, or one that was changed since.

    Examples
    --------
    >>> open_run("reports/reference/starter-base").case.name
    'starter'
    """
    return with_answers(read_run(folder), Path(folder))


@overload
def chart(plan: Plan) -> list[str]: ...


@overload
def chart(plan: Plan, name: str) -> altair.TopLevelMixin: ...


def chart(plan: Plan, name: str = "") -> altair.TopLevelMixin | list[str]:
    """Return a chart of the report of a plan, or the names of all its charts.

    Parameters
    ----------
    plan
        A plan. A plan of a run folder that was evaluated or explained has more charts.
    name
        Name of a chart; without one the names are returned.

    Returns
    -------
    altair.TopLevelMixin or list of str
        An Altair chart: `.save("flow.html")`; `.save("flow.svg")` needs the extra `pdf`.

    Raises
    ------
    InputError
        For an unknown name; it names the nearest.

    Examples
    --------
    >>> chart(plan)[:2]
    ['loss_distribution', 'map']
    >>> chart(plan, "map").save(folder.with_suffix(".html"))
    """
    charts = charts_by_name(plan)
    if not name:
        return list(charts)
    refuse_unknown("chart", "chart", name, sorted(charts), none=NO_PLAN)
    drawing: altair.TopLevelMixin = finished(charts[name].spec)
    return drawing


def solve_into(
    case: Case,
    folder: Path | None = None,
    *,
    progress: Progress = silent,
    time_limit: float | None = None,
    baseline: bool = True,
    method: Method = "auto",
    workers: int | Workers | None = None,
    force: bool = False,
) -> tuple[Plan, Path]:
    """`solve` and write the run folder.

    folder: default reports/CASE-MODEL. workers: as for `solve`, one per core if left out. force: as for `Plan.write`.
    Returns the plan and its folder. As everywhere where processes are started, a script calls it under
    `if __name__ == "__main__"`. Raises RunFolderError, before anything is solved where the folder cannot be replaced
    or another program is at work for it.
    """
    target = folder or default_folder(case)
    refuse_foreign(target, SUMMARY, A_RUN, force)
    with claim(target):
        plan = solve_case(
            case, progress, time_limit, baseline=baseline, method=method, workers=workers or cores()
        )
        progress("writing the reports")
        write_run(plan, target, partial(write_page_and_workbook, plan), force=force)
    return plan, target


def write_reports(run: Path, progress: Progress = silent) -> list[Path]:
    """Write all pages of a run folder again; returns the files. Raises RunFolderError, InfeasibleError, StoppedError."""
    plan = stored_plan(run, progress)
    progress("writing the reports")
    refresh_pages(run, lambda target: write_pages(plan, target))
    return [run / name for name in FORMS if (run / name).exists()]


def stored_plan(run: Path, progress: Progress = silent) -> Plan:
    """The plan of a run folder. Raises RunFolderError, and InfeasibleError or StoppedError if the run ended without a plan."""
    progress("reading the run")
    plan = open_run(run)
    if not plan.tables:
        raise no_plan(plan, str(run))
    return plan


def replay(run: Path, progress: Progress = silent) -> tuple[Plan, list[str]]:
    """Solve a run again from its stored inputs and model. Returns the stored plan, and other versions at work now.

    Raises RunFolderError that lists what is not the same to 1e-9.
    """
    progress("reading the run")
    stored = read_run(run, as_written=False)
    refuse_own_rules(stored, "replay")
    method: Method = "scenarios" if stored.summary.get("method") == "scenarios" else "whole"
    baseline = "without_plan" in stored.summary
    again = solve(stored.case, progress=progress, baseline=baseline, method=method, workers=cores())
    versions = other_versions(stored, again)
    found = differences(stored, again)
    if found:
        why = "its files were changed after it was written"
        if versions:
            why = "other versions solve it now"
        said = "\n".join(f"  {line}" for line in [*versions, *found])
        raise RunFolderError(f"{run}: is not what its inputs give ({why}):\n{said}")
    return stored, versions


def plan_to_ask(run: Path, progress: Progress) -> tuple[Plan, str]:
    """The plan of a run folder of which something is to be asked, and the fingerprint of the run that it is. Raises
    RunFolderError, and InfeasibleError or StoppedError if the run ended without a plan."""
    belongs_to = fingerprint(run) if (run / SUMMARY).exists() else ""
    return stored_plan(run, progress), belongs_to


def write_answer(run: Path, plan: Plan, belongs_to: str, answer: Fill, progress: Progress) -> None:
    """Write what was asked of the plan of a run folder, and its pages again: the printed forms too if one of them is there
    already. belongs_to: the run that it was asked of. answer: writes its files. Raises RunFolderError."""

    def fill(target: Path) -> None:
        answer(target)
        is_printed = any((target / name).exists() for name in FORMS[2:])
        write = write_pages if is_printed else write_page_and_workbook
        write(plan, target)

    progress("writing the reports")
    refresh_pages(run, fill, belongs_to)


def _write(plan: Plan, folder: Path, force: bool) -> Path:
    """What `Plan.write` does."""
    return write_run(plan, folder, partial(write_page_and_workbook, plan), force=force)


Plan.writer = _write
