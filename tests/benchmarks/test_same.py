"""The paths that are compared hand HiGHS the same program, and a difference would be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import planner
from benchmarks.generate import Size, generate
from benchmarks.same import check, differences, of_planner
from planner.data.case import Case
from planner.solving.program_writer import program_of

pytest.importorskip("linopy")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    size = Size(scenarios=3, countries=4, projects=14, years=8, elements=2)
    return planner.load(generate(size, tmp_path_factory.mktemp("cases")))


@pytest.mark.filterwarnings("default")
def test_all_paths_hand_over_the_same_program(case: Case) -> None:
    assert check(case) == {"plain": [], "linopy": [], "raw": []}


@pytest.mark.parametrize(
    "what", ["row_lower", "row_upper", "lower", "upper", "coefficients", "names"]
)
def test_one_changed_entry_is_found(case: Case, what: str) -> None:
    program = of_planner(program_of(case))
    if what == "coefficients":
        matrix = program.matrix.copy()
        matrix.data[7] *= 1.0 + 1e-9
        changed = replace(program, matrix=matrix)
    elif what == "names":
        changed = replace(program, rows=[("other", 1), *program.rows[1:]])
    else:
        values = getattr(program, what).copy()
        place = np.flatnonzero(np.isfinite(values))[0]
        values[place] += 1e-6
        changed = replace(program, **{what: values})
    assert any(what in found for found in differences(program, changed))
