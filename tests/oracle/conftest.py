from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.oracle.hand import Solve, solve_in


@pytest.fixture
def solve(tmp_path: Path) -> Solve:
    """Solve the small case with a model and some tables replaced."""
    return partial(solve_in, tmp_path)
