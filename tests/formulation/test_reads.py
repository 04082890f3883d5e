"""Figures that equations and bounds are declared to read, held against those that change the compiled program."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from planner.config import ModelFile
from planner.data.case import Case, with_model
from planner.data.load import checked_case
from planner.data.schema import TABLES
from planner.formulation.declarations import Cell, cell
from planner.formulation.whole_program import DECLARED
from planner.solving.program import Program
from planner.solving.program_writer import program_of
from tests.cases import load_case
from tests.formulation import golden_cases
from tests.formulation.golden_tables import Golden
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

DECLARED_BY_CELL: dict[Cell, set[str]] = defaultdict(set)
for _one in DECLARED:
    for _text in _one.reads:
        DECLARED_BY_CELL[cell(_text)].add(_one.name)
FIGURES = [
    Cell(table.name, name, kind)
    for table in TABLES
    for name, field in table.row.model_fields.items()
    if "float" in str(field.annotation)
    for kind in (("import", "price", "demand", "capacity") if table.name == "shocks" else ("",))
]
MODEL = [at for at in DECLARED_BY_CELL if at.table == "model"]


def changed(case: Case, at: Cell) -> Case:
    """The case with each figure of a column a little smaller where it is above 0; others of the model file."""
    if at.table == "model":
        return with_model(case, _other_choice(case, at.column))
    rows = []
    for i, row in enumerate(case.tables.rows(at.table)):
        value = getattr(row, at.column)
        if value and (not at.kind or getattr(row, "kind", "") == at.kind):
            row = row.model_copy(update={at.column: value * (0.97 - 0.001 * i)})
        rows.append(row)
    return replace(case, tables=replace(case.tables, **{at.table: tuple(rows)}))


def _other_choice(case: Case, key: str) -> ModelFile:
    section, _, name = key.rpartition(".")
    if not section:
        return case.model.model_copy(update={name: getattr(case.model, name) + 0.01})
    part = getattr(case.model, section)
    given = getattr(part, name)
    other = 0.1 if not given else given * 0.9  # also where the key is left out
    part = part.model_copy(update={name: other})
    return case.model.model_copy(update={section: part})


def differences(one: Program, two: Program) -> set[str]:
    """Names of the equations and variables whose rows or bounds differ, entry by entry."""
    columns = [two.column[key] for key in one.columns]
    rows = [two.row[key] for key in one.rows]
    apart = abs(one.matrix - two.matrix[rows][:, columns]).tocoo()
    found = {
        one.rows[i][0]
        for i, value in zip(apart.row.tolist(), apart.data.tolist(), strict=True)
        if value
    }
    for mine, theirs, keys in (
        (one.row_lower, two.row_lower[rows], one.rows),
        (one.row_upper, two.row_upper[rows], one.rows),
        (one.lower, two.lower[columns], one.columns),
        (one.upper, two.upper[columns], one.columns),
    ):
        found |= {keys[i][0] for i in np.flatnonzero(mine != theirs).tolist()}
    return found


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, Program]]:
    """The cases of the goldens, and random ones that use every table."""
    folder = tmp_path_factory.mktemp("reads")
    goldens: list[Golden] = [
        *golden_cases.EQUATIONS.values(),
        *(golden for _, golden in golden_cases.MORE.values()),
        *golden_cases.BOUNDS.values(),
    ]
    found = [
        load_case(folder / f"golden{i}", golden.model, **golden.tables)
        for i, golden in enumerate(goldens)
    ]
    for seed in range(4):
        place = folder / f"random{seed}"
        found.append(checked_case(place, changes=flat(write_random_case(place, seed))))
    for seed in (2, 12, 26):
        place = folder / f"scheduled{seed}"
        model = write_random_case(place, seed, new=True, scheduled=True)
        found.append(checked_case(place, changes=flat(model)))
    return [(case, program_of(case)) for case in found]


@pytest.mark.parametrize("at", [*FIGURES, *MODEL], ids=lambda at: ".".join(filter(None, at)))
def test_a_figure_changes_exactly_the_equations_and_bounds_declared_to_read_it(
    programs: list[tuple[Case, Program]], at: Cell
) -> None:
    declared, seen = DECLARED_BY_CELL[at], set[str]()
    for case, before in programs:
        other = changed(case, at)
        if other != case:
            after = program_of(other)
            if (
                before.column.keys() == after.column.keys()
                and before.row.keys() == after.row.keys()
            ):
                found = differences(before, after)
                assert found <= declared, f"{at}: {found - declared} read it, undeclared"
                seen |= found
    assert seen == declared, f"{at}: {declared - seen} are declared to read it, and do not"


def test_every_figure_declared_is_a_column_of_a_table_or_a_key_of_the_model_file() -> None:
    assert set(DECLARED_BY_CELL) <= {*FIGURES, *MODEL}
    assert {at.column for at in MODEL} <= set(ModelFile().flat())
