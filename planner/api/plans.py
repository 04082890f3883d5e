"""Plans: solve a case, ask a kept program again, write and open run folders, solve a stored run again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import altair

from planner.data.case import Case
from planner.errors import A_CASE, ChapterWarning, RunFolderError, StoppedError, refuse_other
from planner.host import cores
from planner.parallel import ProcessWorkers, Workers, begun, process_beside
from planner.planning import Method, compared, is_comparable, method_of, solve_case
from planner.reporting.charts.style import finished
from planner.reporting.pages.run import (
    FORMS,
    write_page,
    write_page_and_workbook,
    write_pages,
    write_report_workbook,
)
from planner.reporting.pages.run import chart as chart_of
from planner.results.answers import with_answers
from planner.results.differences import differences, other_versions
from planner.results.folders import claim, refuse_foreign
from planner.results.plan import Plan
from planner.results.store import A_RUN, SUMMARY, default_folder, read_run, refresh_pages, write_run
from planner.solving.engine import Engine
from planner.solving.goals import Progress, silent
from planner.solving.plans import ENDS, solve_variant, solve_whole
from planner.solving.program_size import refuse_if_too_large, size_of
from planner.solving.solved_model import plan_of as plan_of

LARGE = 50_000
"""Terms of the program above which a second process saves more than its start takes."""
MOST_COPIED = 500
"""Scenarios up to which another process gets the plan too, to write the page: 1,000 take it 1.9 GB (measured)."""


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


def chart(plan: Plan, name: str) -> altair.TopLevelMixin:
    """A chart of the report of a plan, to be shown in a notebook or saved.

    Parameters
    ----------
    plan
        A plan.
    name
        `timeline`, `losses`, `unmet_by_element` and, of the plan of a run folder, `ranges` where it was evaluated and
        `levers` and `frontier` where `planner explain --more` explained it.

    Returns
    -------
    altair.TopLevelMixin
        An Altair chart: `.save("losses.html")`; `.save("losses.svg")` needs the extra `pdf`.

    Raises
    ------
    InputError
        For an unknown name; it names the nearest.

    Examples
    --------
    >>> chart(plan, "losses").save(folder.with_suffix(".html"))
    """
    drawn: altair.TopLevelMixin = finished(chart_of(plan, name).spec)
    return drawn


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
    """`solve` and write the run folder, by two processes where the case is large enough for that to pay.

    folder: default reports/CASE-MODEL. workers: as for `solve`, one per core if left out. force: as for `Plan.write`.
    Returns the plan and its folder. As everywhere where processes are started, a script calls it under
    `if __name__ == "__main__"`. Raises RunFolderError, before anything is solved where the folder cannot be replaced
    or another program is at work for it.
    """
    target = folder or default_folder(case)
    refuse_foreign(target, SUMMARY, A_RUN, force)
    is_large = size_of(case).terms > LARGE
    is_whole = method_of(case, method, progress) == "whole"
    pays = is_large and len(case.scenarios) <= MOST_COPIED
    with claim(target), process_beside(pays, write_page.__module__) as beside:
        if is_whole:
            plan = _solve_whole(case, beside, progress, time_limit, baseline=baseline)
        else:
            plan = solve_case(
                case,
                progress,
                time_limit,
                baseline=baseline,
                method="scenarios",
                workers=workers or cores(),
            )
        progress("writing the reports")
        write_run(plan, target, partial(_two_pages, beside, plan), force=force)
    return plan, target


def _solve_whole(
    case: Case,
    beside: ProcessWorkers | None,
    progress: Progress,
    time_limit: float | None,
    *,
    baseline: bool,
) -> Plan:
    """Solve a case as one program, and without levers beside it for the comparison."""
    if not baseline:
        return solve_whole(case, progress, time_limit)
    nothing = begun(beside, solve_whole, case.without_plan(), silent, time_limit)
    plan = solve_whole(case, progress, time_limit)
    if not is_comparable(plan):
        return plan
    progress("without a plan")
    return compared(plan, nothing())


def write_reports(run: Path, progress: Progress = silent) -> list[Path]:
    """Write all pages of a run folder again; returns the files. Raises RunFolderError, StoppedError."""
    plan = stored_plan(run, progress)
    progress("writing the reports")
    refresh_pages(run, lambda target: write_pages(plan, target))
    return [run / name for name in FORMS if (run / name).exists()]


def stored_plan(run: Path, progress: Progress = silent) -> Plan:
    """The plan of a run folder. Raises RunFolderError, and StoppedError if the run ended without a plan."""
    progress("reading the run")
    plan = open_run(run)
    if not plan.tables:
        raise StoppedError(f"{run}: holds no plan ({plan.status})")
    return plan


def replay(run: Path, progress: Progress = silent) -> tuple[Plan, list[str]]:
    """Solve a run again from its stored inputs and model. Returns the stored plan, and other versions at work now.

    Raises RunFolderError that lists what is not the same to 1e-9.
    """
    progress("reading the run")
    stored = read_run(run, as_written=False)
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


def page_process(case: Case) -> AbstractContextManager[ProcessWorkers | None]:
    """A process that writes pages beside this one, if the case is large."""
    return process_beside(size_of(case).terms > LARGE, write_page.__module__)


def write_again(beside: ProcessWorkers | None, plan: Plan, target: Path) -> None:
    """Write the pages of a run folder again: the printed forms too if one of them is there already."""
    if any((target / name).exists() for name in FORMS[2:]):
        write_pages(plan, target)
    else:
        with _two_pages(beside, plan, target):
            pass


def _write(plan: Plan, folder: Path, force: bool) -> Path:
    """What `Plan.write` does."""
    return write_run(plan, folder, partial(_pages_at_the_end, plan), force=force)


Plan.writer = _write


@contextmanager
def _pages_at_the_end(plan: Plan, target: Path) -> Iterator[None]:
    yield
    write_pages(plan, target, every_form=False)


@contextmanager
def _two_pages(beside: ProcessWorkers | None, plan: Plan, target: Path) -> Iterator[None]:
    """Begins report.html there; writes report.xlsx here, at the end of the block. Where all is done here, both are
    written then, of one report."""
    if beside is None:
        yield
        write_page_and_workbook(plan, target)
        return
    page = begun(beside, _write_page_silently, plan, target)
    try:
        yield
        write_report_workbook(plan, target)
    except BaseException:
        beside.shutdown()  # before the folder that it writes into is removed
        raise
    page()


def _write_page_silently(plan: Plan, folder: Path) -> None:
    """Write report.html in the other process: of a chapter that could not be made this one warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChapterWarning)
        write_page(plan, folder)
