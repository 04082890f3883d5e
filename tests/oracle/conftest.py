from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.agreement import agree_briefly
from tests.oracle.hand import Solve, model_of, solve_in
from tests.oracle.program import OracleResult


@pytest.fixture
def solve(tmp_path: Path) -> Solve:
    """Solve the small case with a model and some tables replaced."""
    return partial(solve_in, tmp_path)


@pytest.fixture
def solve_both(tmp_path: Path) -> Solve:
    """The same, with the planner's plan held against it."""

    def solved(model: dict[str, Any] | None = None, **tables: str) -> OracleResult:
        found = solve_in(tmp_path, model, **tables)
        agree_briefly(tmp_path, model_of(model), found)
        (tmp_path / "model.toml").unlink()
        return found

    return solved
