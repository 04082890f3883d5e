"""A run evaluated in scenarios that its plan was not made for, with the files that say so."""

from __future__ import annotations

from pathlib import Path

from planner.api.plans import page_process, stored_plan, write_again
from planner.data.case import Case
from planner.errors import Fault, InputError
from planner.evaluation.evaluate import evaluate
from planner.parallel import Workers
from planner.results.evaluation import EVALUATION, Evaluation
from planner.results.folders import write_json, write_whole
from planner.results.store import SUMMARY, csv_text, fingerprint, refresh_pages
from planner.solving.goals import Progress, silent

PAGE = "report.html"
OF_TABLE = "sample,scenario,probability,loss_musd"
"""The beginning of a table of losses, by which one that was written here is known."""


def evaluate_into(
    run: Path,
    *,
    register: Case | None = None,
    draws: int = 720,
    samples: int = 30,
    seed: int = 0,
    foreseen: bool = True,
    gap: int | None = None,
    out: Path | None = None,
    workers: int | Workers = 1,
    progress: Progress = silent,
) -> Evaluation:
    """`evaluate` the plan of a run folder; write evaluation.json there, and its pages again if it has any.

    register: as in `evaluate`; without one nothing is written into the run. out: a file for the losses (CSV).
    Raises InputError, RunFolderError, StoppedError.
    """
    if out is not None:
        refuse_other_file(out)
    belongs_to = fingerprint(run) if (run / SUMMARY).exists() else ""
    plan = stored_plan(run, progress)
    with page_process(plan.case) as beside:
        found = evaluate(
            plan,
            register=register,
            draws=draws,
            samples=samples,
            seed=seed,
            foreseen=foreseen,
            workers=workers,
            gap=gap,
            progress=progress,
        )

        def fill(target: Path) -> None:
            write_json(found.as_json() | {"run_sha256": belongs_to}, target / EVALUATION)
            if (run / PAGE).exists():
                progress("writing the reports")
                write_again(beside, plan, target)

        if register is not None:
            refresh_pages(run, fill, belongs_to)
    if out is not None:
        table = csv_text(found.table)
        write_whole(out, lambda path: path.write_text(table, encoding="utf-8", newline="\n"))
    return found


def refuse_other_file(path: Path) -> None:
    """Raise InputError if something is there that is no table of losses of an evaluation."""
    if path.is_dir():
        raise _no_table(path, "is a folder", "name a file, e.g. losses.csv")
    if path.exists():
        with path.open("rb") as file:
            begins = file.read(len(OF_TABLE))
        if begins != OF_TABLE.encode():
            said = "exists and was not written by this command"
            raise _no_table(path, said, "name another file")


def _no_table(path: Path, said: str, remedy: str) -> InputError:
    return InputError([Fault("--out", 0, str(path), said, remedy=remedy)])
