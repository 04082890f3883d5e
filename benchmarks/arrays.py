"""The planner's program as plain arrays in a folder, with the calls of HiGHS it made: what the limit starts from."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
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
    calls: list[Call] = field(default_factory=list)
    held: dict[int, float] = field(default_factory=dict)

    @staticmethod
    def read(folder: str | Path) -> Arrays:
        """From a folder that `record` wrote."""
        folder = Path(folder)
        with np.load(folder / "arrays.npz") as file:
            held = {name: file[name] for name in file.files}
        shape = (len(held["row_lower"]), len(held["lower"]))
        calls = folder / "calls.pickle"
        return Arrays(
            csr_array((held["data"], held["indices"], held["indptr"]), shape=shape),
            held["row_lower"],
            held["row_upper"],
            held["lower"],
            held["upper"],
            {name[4:]: value for name, value in held.items() if name.startswith("col:")},
            {name[4:]: value for name, value in held.items() if name.startswith("row:")},
            pickle.loads(calls.read_bytes()) if calls.exists() else [],  # noqa: S301 - written by this program
        )


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
