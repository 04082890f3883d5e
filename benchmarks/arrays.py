"""The planner's program as plain arrays in a folder, with the calls of HiGHS it made: what the limit starts from."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

Call = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Arrays:
    """row_lower <= matrix x <= row_upper, lower <= x <= upper; positions by variable and equation; calls of HiGHS."""

    matrix: csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    column_groups: dict[str, np.ndarray]
    row_groups: dict[str, np.ndarray]
    calls: list[Call]

    @staticmethod
    def read(folder: str | Path) -> Arrays:
        """From a folder that `record` wrote."""
        folder = Path(folder)
        with np.load(folder / "arrays.npz") as file:
            held = {name: file[name] for name in file.files}
        shape = (len(held["row_lower"]), len(held["lower"]))
        with (folder / "calls.pickle").open("rb") as calls:
            return Arrays(
                csr_array((held["data"], held["indices"], held["indptr"]), shape=shape),
                held["row_lower"],
                held["row_upper"],
                held["lower"],
                held["upper"],
                {name[4:]: value for name, value in held.items() if name.startswith("col:")},
                {name[4:]: value for name, value in held.items() if name.startswith("row:")},
                pickle.load(calls),  # noqa: S301 - written by this program a moment ago
            )


def record(case_folder: Path, model: str | None, target: Path) -> dict[str, Any]:
    """Solve a case with the planner, once; keep its arrays and its calls of HiGHS. Returns size and objectives."""
    import planner
    from planner.solving import highs
    from planner.solving.session import Session

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


def save(program: Any, target: Path) -> None:
    """Write the arrays of a program."""
    groups = {f"col:{name}": columns for name, columns in positions(program.columns).items()}
    groups |= {f"row:{name}": rows for name, rows in positions(program.rows).items()}
    np.savez(
        target / "arrays.npz",
        data=program.matrix.data,
        indices=program.matrix.indices,
        indptr=program.matrix.indptr,
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=program.lower,
        upper=program.upper,
        **groups,
    )


def positions(keys: tuple[tuple[str, Any], ...]) -> dict[str, np.ndarray]:
    """Positions of each variable or equation, in order."""
    out: dict[str, list[int]] = {}
    for i, (name, _) in enumerate(keys):
        out.setdefault(name, []).append(i)
    return {name: np.array(where) for name, where in out.items()}
