"""The planner's program as plain arrays in a folder, for ways that begin with the coefficients made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Arrays:
    """row_lower <= matrix x <= row_upper, lower <= x <= upper; positions by variable and equation."""

    matrix: csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    column_groups: dict[str, np.ndarray]
    row_groups: dict[str, np.ndarray]
    held: dict[int, float] = field(default_factory=dict)

    @staticmethod
    def read(folder: str | Path) -> Arrays:
        """From a folder that `save` wrote."""
        with np.load(Path(folder) / "arrays.npz") as file:
            held = {name: file[name] for name in file.files}
        shape = (len(held["row_lower"]), len(held["lower"]))
        return Arrays(
            csr_array((held["data"], held["indices"], held["indptr"]), shape=shape),
            held["row_lower"],
            held["row_upper"],
            held["lower"],
            held["upper"],
            {name[4:]: value for name, value in held.items() if name.startswith("col:")},
            {name[4:]: value for name, value in held.items() if name.startswith("row:")},
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


def as_lp(arrays: Arrays) -> Any:
    """The arrays as HiGHS takes them."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = arrays.matrix.shape
    lp.col_cost_ = np.zeros(lp.num_col_)
    lp.col_lower_, lp.col_upper_ = arrays.lower, arrays.upper
    lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = arrays.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = arrays.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = arrays.matrix.data
    return lp
