"""A run evaluated in scenarios that its plan was not made for, with the files that say so."""

from __future__ import annotations

from pathlib import Path

from planner.api.plans import plan_to_ask, write_answer
from planner.data.case import Case
from planner.evaluation.evaluate import evaluate
from planner.parallel import Workers
from planner.results.evaluation import EVALUATION, Evaluation
from planner.results.folders import write_json
from planner.solving.goals import Progress, silent


def evaluate_into(
    run: Path,
    *,
    register: Case | None = None,
    draws: int = 720,
    samples: int = 30,
    seed: int = 0,
    foreseen: bool = True,
    gap: int | None = None,
    workers: int | Workers = 1,
    progress: Progress = silent,
) -> Evaluation:
    """`evaluate` the plan of a run folder; write evaluation.json there, and its pages again.

    register: as in `evaluate`; without one nothing is written.
    Raises InputError, RunFolderError, InfeasibleError, StoppedError.
    """
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
    return found
