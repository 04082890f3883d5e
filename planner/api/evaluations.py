"""A run evaluated in scenarios that its plan was not made for, with the files that say so."""

from __future__ import annotations

from pathlib import Path

from planner.api.plans import plan_to_ask, write_answer
from planner.data.case import Case
from planner.errors import Fault, InputError
from planner.evaluation.evaluate import evaluate
from planner.parallel import Workers
from planner.results.evaluation import EVALUATION, Evaluation
from planner.results.folders import write_json, write_whole
from planner.results.store import csv_text
from planner.solving.goals import Progress, silent

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
    """`evaluate` the plan of a run folder; write evaluation.json there, and its pages again.

    register: as in `evaluate`; without one nothing is written into the run. out: a file for the losses (CSV).
    Raises InputError, RunFolderError, StoppedError.
    """
    if out is not None:
        refuse_other_file(out)
    plan, belongs_to = plan_to_ask(run, progress)
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

    def answer(target: Path) -> None:
        write_json(found.as_json() | {"run_sha256": belongs_to}, target / EVALUATION)

    if register is not None:
        write_answer(run, plan, belongs_to, answer, progress)
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
