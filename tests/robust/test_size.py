"""The memory that a case will need is estimated from above before anything is built, and one too large is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.size import counted_size, refuse_if_too_large, size_of
from planner.errors import InputError
from planner.machine import available_memory
from planner.solving.session import Session

INPUTS = Path(__file__).parents[2] / "inputs"


def test_the_estimate_is_above_what_is_built() -> None:
    case = planner.load(INPUTS / "starter")
    built = Session(case)
    assert size_of(case).terms >= built.program.matrix.nnz
    assert counted_size(case).nodes == len(built.scope.tree.nodes) <= size_of(case).nodes


def test_a_case_too_large_is_refused_with_the_estimate_and_the_real_one_is_not() -> None:
    case = planner.load(INPUTS / "allied-2026")
    refuse_if_too_large(case, available=2 * 2**30)
    with pytest.raises(
        InputError, match=r"needs about 0\.\d GiB for \d+ histories and [\d,]+ terms, and 0\.1 GiB are free"
    ):
        refuse_if_too_large(case, available=0.1 * 2**30)
    assert available_memory() > 2**20
