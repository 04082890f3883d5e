"""Keep a case's program as arrays, with the planner's calls of HiGHS."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

import planner
from benchmarks.arrays import Call, save
from benchmarks.clock import Clock
from planner.solving import highs
from planner.solving.session import Session


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent), arrays (folder to write)."""
    return record(Path(job["case"]), job.get("model"), Path(job["arrays"]))


def record(case_folder: Path, model: str | None, target: Path) -> dict[str, Any]:
    """Solve a case with the planner, once; keep its arrays and its calls of HiGHS. Returns size and objectives."""
    calls: list[Call] = []
    column_of_cost = [""]
    names: list[str] = []

    class Recorded(highs._SilentHighs):
        """HiGHS that notes what is asked of it."""

    def note(name: str) -> None:
        original = getattr(highs._SilentHighs, name)

        def noted(self: Any, *arguments: Any) -> Any:
            if name == "changeColsCost":
                column_of_cost[0] = names[int(np.flatnonzero(arguments[2])[0])]
            calls.append((name, {"passModel": (), "run": (column_of_cost[0],)}.get(name, arguments)))
            return original(self, *arguments)

        setattr(Recorded, name, noted)

    for name in ("setOptionValue", "passModel", "changeColBounds", "changeColsCost", "clearSolver", "run"):
        note(name)
    silent, highs._SilentHighs = highs._SilentHighs, Recorded  # type: ignore[misc]
    try:
        session = Session(planner.load(case_folder, model=model))
        names += [name for name, _ in session.program.columns]
        outcome = session.solve(lambda _: None)
    finally:
        highs._SilentHighs = silent  # type: ignore[misc]
    program = session.program
    target.mkdir(parents=True, exist_ok=True)
    save(program, target)
    with (target / "calls.pickle").open("wb") as file:
        pickle.dump(calls, file)
    facts = {**program.size, "nodes": len(session.scope.tree.nodes), "objectives": outcome.values}
    (target / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return facts
