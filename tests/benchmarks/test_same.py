"""The paths that are compared hand HiGHS the same program, and a difference would be seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import planner
from benchmarks.generate import Size, generate
from benchmarks.process import measure
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


def test_the_order_of_rows_and_columns_is_no_difference(case: Case) -> None:
    program = of_planner(program_of(case))
    rows = np.arange(len(program.rows))[::-1]
    turned = replace(
        program,
        matrix=program.matrix[rows],
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
        rows=[program.rows[i] for i in rows],
    )
    assert differences(program, turned) == []


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


def test_the_plain_program_without_reductions_has_the_same_optimum(tmp_path: Path) -> None:
    size = Size(scenarios=3, countries=3, projects=10, years=7, elements=2, lasting=0.0)
    folder = generate(size, tmp_path)
    runs = [
        measure(kind, kind, {"case": str(folder), "time_limit": 60})
        for kind in ("planner", "plain", "plain-unreduced")
    ]
    assert [run.failed for run in runs] == ["", "", ""]
    for phase in ("risk", "cost"):
        least = [run.figures["objectives"][phase] for run in runs]
        assert least == pytest.approx([least[0]] * 3, rel=3e-6, abs=1e-6)
