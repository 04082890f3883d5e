"""Runs explained and compared, with the files that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from planner.api.plans import open_run, plan_to_ask, write_answer
from planner.errors import file_words
from planner.explanation.compare import compare, refuse_single
from planner.explanation.coverage import coverage
from planner.explanation.explain import explain
from planner.host import cores
from planner.parallel import opened
from planner.reporting.pages.comparison import comparison_page
from planner.results.comparison import Comparison
from planner.results.coverage import COVERAGE_JSON, Coverage
from planner.results.decision import Shares
from planner.results.explanation import EXPLANATION, Explanation
from planner.results.folders import refuse_foreign, write_folder, write_json
from planner.results.journal import Journal, read_entries
from planner.results.plan import Plan
from planner.results.schema import COVERAGE, SHARES
from planner.results.store import write_table
from planner.sharing.shares import shares, shares_table
from planner.solving.engine import ANSWER
from planner.solving.goals import Progress, silent
from planner.solving.program_size import size_of

LARGE = 50_000
"""Terms of the program above which several processes save more than their start takes."""
COMPARISON, DOUBTS = "compare.html", "doubts.db"
A_COMPARISON = "a comparison"


def explain_into(
    run: Path,
    *,
    more: bool = False,
    doubts: bool = False,
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[Plan, Explanation]:
    """`explain` the plan of a run folder, and write explain.json and the reports there, of which it is a part now.

    workers: processes of this machine that answer questions; one per core for a large case if left out. As everywhere
    where processes are started, a script calls it under `if __name__ == "__main__"`. doubts: a call that was stopped goes
    on where it was. Raises InputError, RunFolderError, InfeasibleError, StoppedError.
    """
    plan, belongs_to = plan_to_ask(run, progress)
    if workers is None:
        workers = cores() if size_of(plan.case).terms > LARGE else 1
    with opened(workers) as processes, _journal(run, doubts) as journal:
        found = explain(
            plan,
            file_words(run.name),
            progress,
            more=more,
            doubts=doubts,
            workers=processes,
            journal=journal,
        )
    covered = coverage(plan, progress=progress)
    plan = _with_table(plan, COVERAGE.name, covered.table(COVERAGE.name))

    def answer(target: Path) -> None:
        _write_coverage(covered, target)
        write_json(found.as_json(belongs_to), target / EXPLANATION)

    write_answer(run, plan, belongs_to, answer, progress)
    return plan, found


@contextmanager
def _journal(run: Path, doubts: bool) -> Iterator[Journal | None]:
    """The journal of a run's doubts, which goes once all are answered; None where they are not asked."""
    if not doubts:
        yield None
        return
    path = run / DOUBTS
    with Journal(path) as journal:
        yield journal
    for file in (path, path.with_suffix(".lock")):
        file.unlink(missing_ok=True)


def kept_of_doubts(run: Path) -> str:
    """What stays if questions about the doubts of a run are stopped now, in words."""
    path = run / DOUBTS
    kept = sum(1 for _ in read_entries(path, ANSWER, answers=False)) if path.exists() else 0
    return f"{kept} answers are kept; the same command goes on" if kept else "nothing was written"


def _with_table(plan: Plan, name: str, table: pd.DataFrame) -> Plan:
    tables = {**plan.tables, name: table}
    return replace(plan, tables=tables)


def coverage_into(
    run: Path, years: Sequence[int] = (), *, progress: Progress = silent
) -> tuple[Plan, Coverage]:
    """`coverage` of the plan of a run folder, and write tables/coverage.csv, coverage.json and the reports there.

    Raises InputError, RunFolderError, InfeasibleError, StoppedError.
    """
    plan, belongs_to = plan_to_ask(run, progress)
    found = coverage(plan, years, progress)
    plan = _with_table(plan, COVERAGE.name, found.table(COVERAGE.name))
    write_answer(run, plan, belongs_to, partial(_write_coverage, found), progress)
    return plan, found


def _write_coverage(found: Coverage, target: Path) -> None:
    write_table(COVERAGE.name, found.table(COVERAGE.name), target)
    write_json(found.as_json(), target / COVERAGE_JSON)


def shares_into(
    run: Path, *, check_all: bool = False, progress: Progress = silent
) -> tuple[Plan, Shares]:
    """`shares` of the case of a run folder, and write tables/shares.csv and the reports there.

    Raises RunFolderError, InfeasibleError, StoppedError.
    """
    plan, belongs_to = plan_to_ask(run, progress)
    found = shares(plan.case, check_all=check_all, progress=progress)
    table = shares_table(found)
    plan = _with_table(plan, SHARES.name, table)
    write_answer(run, plan, belongs_to, partial(write_table, SHARES.name, table), progress)
    return plan, found


def compare_into(
    runs: Sequence[Path],
    folder: Path | None = None,
    *,
    progress: Progress = silent,
    force: bool = False,
) -> tuple[Plan, list[Comparison], Path]:
    """`compare` the first of some run folders with the others, and write the page of it.

    folder: default reports/compare-A-B. force: replace an older one even if files were added to it.
    Returns the first plan, a comparison for each of the others, and the folder.
    Raises InputError for fewer than two runs, RunFolderError, StoppedError.
    """
    refuse_single(runs)
    names = [path.name for path in runs]
    target = folder or Path("reports") / "-".join(["compare", *names])
    refuse_foreign(target, COMPARISON, A_COMPARISON, force)
    progress("reading the runs")
    plans = [open_run(path) for path in runs]
    found = compare(plans, names=[file_words(name) for name in names], progress=progress)
    progress("writing the comparison")

    def fill(place: Path) -> None:
        page = comparison_page(found, plans)
        (place / COMPARISON).write_text(page, encoding="utf-8", newline="\n")

    write_folder(target, COMPARISON, A_COMPARISON, fill, force=force)
    return plans[0], found, target
