"""Runs explained, compared and turned into investment cases, with the files that say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from planner.api.plans import LARGE, Plan, open_run, plan_of, write_again
from planner.data.size import size_of
from planner.errors import RunFolderError, file_words
from planner.explanation.business_case import business_case
from planner.explanation.compare import compare, refuse_single
from planner.explanation.explain import explain
from planner.parallel import Background
from planner.proof.prove import Proof, checked, prove
from planner.reporting.formats.workbook import write_business_case
from planner.reporting.pages.business_case import business_case_page
from planner.reporting.pages.comparison import comparison_page, write_tables
from planner.results.business_case import BusinessCase, PriceDeck
from planner.results.decision import Shares
from planner.results.explanation import EXPLANATION, Comparison, Explanation
from planner.results.schema import SHARES
from planner.results.store import SUMMARY, file_name, fingerprint, refresh_pages, write_folder, write_table
from planner.solving.goals import Progress, silent
from planner.solving.shares import shares, shares_table

COMPARISON, PROOF = "compare.html", "proof"


def explain_into(
    run: Path, *, thorough: bool = False, workers: int | None = None, progress: Progress = silent
) -> tuple[Plan, Explanation]:
    """`explain` the plan of a run folder, and write explain.json and the reports there, of which it is a part now.

    Raises RunFolderError, StoppedError.
    """
    progress("reading the run")
    belongs_to = fingerprint(run) if (run / SUMMARY).exists() else ""
    plan = open_run(run)
    with Background(size_of(plan.case).terms > LARGE) as beside:
        found = explain(plan, file_words(run.name), progress, thorough=thorough, workers=workers)
        progress("writing the reports")
        refresh_pages(run, partial(_fill, found, belongs_to, partial(write_again, beside, plan)))
    return plan, found


def prove_into(run: Path, *, progress: Progress = silent) -> Proof:
    """`prove` the plan of a run folder, and write what proves it into `proof` there.

    Raises RunFolderError, StoppedError.
    """
    progress("reading the run")
    proof = prove(open_run(run), progress)
    progress("writing the proof")
    proof.write(run / PROOF)
    return proof


def recheck(run: Path, *, progress: Progress = silent) -> list[str]:
    """Check the proof in a run folder, and that its program is that of the run's inputs: a sentence for each phase.

    Raises RunFolderError where there is no proof, StoppedError where it does not hold.
    """
    progress("checking the proof")
    return checked(open_run(run).case, run / PROOF)


def shares_into(run: Path, *, check_all: bool = False, progress: Progress = silent) -> tuple[Plan, Shares]:
    """`shares` of the case of a run folder, and write tables/shares.csv and the reports there.

    Raises RunFolderError, StoppedError.
    """
    belongs_to = fingerprint(run) if (run / SUMMARY).exists() else ""
    plan = plan_of(run, progress)
    with Background(size_of(plan.case).terms > LARGE) as beside:
        found = shares(plan.case, check_all=check_all, progress=progress)
        plan = replace(plan, tables=plan.tables | {SHARES.name: shares_table(found)})

        def fill(target: Path) -> None:
            _refuse_another(run, target, belongs_to)
            write_table(SHARES.name, plan.tables[SHARES.name], target)
            write_again(beside, plan, target)

        progress("writing the reports")
        refresh_pages(run, fill)
    return plan, found


def _refuse_another(run: str | Path, target: Path, belongs_to: str) -> None:
    if fingerprint(target) != belongs_to:
        raise RunFolderError(f"{run}: another run was put there meanwhile; nothing was written")


def _fill(found: Explanation, belongs_to: str, write: Callable[[Path], None], target: Path) -> None:
    _refuse_another(found.run, target, belongs_to)
    text = json.dumps(found.as_json(belongs_to), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (target / EXPLANATION).write_text(text, encoding="utf-8", newline="\n")
    write(target)


def compare_into(
    runs: Sequence[Path], folder: Path | None = None, progress: Progress = silent
) -> tuple[Plan, list[Comparison], Path]:
    """`compare` the first of some run folders with the others, and write the page and the tables of it.

    folder: default reports/compare-A-B. Returns the first plan, a comparison for each of the others, and the folder.
    Raises InputError for fewer than two runs, RunFolderError, StoppedError.
    """
    refuse_single(runs)
    target = folder or Path("reports") / "-".join(["compare", *(path.name for path in runs)])
    progress("reading the runs")
    plans = [open_run(path) for path in runs]
    found = compare(plans, [file_words(path.name) for path in runs], progress)
    progress("writing the comparison")

    def fill(place: Path) -> None:
        page = comparison_page(found, plans[0].case)
        (place / COMPARISON).write_text(page, encoding="utf-8", newline="\n")
        write_tables(found, place)

    write_folder(target, COMPARISON, "a comparison", fill)
    return plans[0], found, target


def business_case_into(
    run: Path, project: str, deck: PriceDeck, progress: Progress = silent
) -> tuple[Plan, BusinessCase, Path]:
    """`business_case` of a project in a run folder, and write its page and its workbook there.

    The files are named by the project, and by what the deck has otherwise than the default one. Returns the plan, the
    case and the page. Raises InputError, RunFolderError, StoppedError.
    """
    plan = plan_of(run, progress)
    found = business_case(plan, project, deck, name=file_words(run.name), progress=progress)
    page = Path("-".join(["project", file_name(project), *deck.changes()]) + ".html")

    def fill(target: Path) -> None:
        (target / page).write_text(business_case_page(found, plan.case), encoding="utf-8", newline="\n")
        write_business_case(found, plan.case, target / page.with_suffix(".xlsx"))

    progress("writing the investment case")
    refresh_pages(run, fill)
    return plan, found, run / page
