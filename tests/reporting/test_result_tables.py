"""The result tables of a solved run are what `planner.results.schema` declares, in memory and read back."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.api.types import is_float_dtype, is_integer_dtype, is_string_dtype

from planner.results.plan import Plan
from planner.results.schema import RESULT_TABLES, SCHEDULE, Kind
from planner.results.store import read_run, write_run
from tests.reporting.conftest import Vary

FITS = {
    Kind.TEXT: is_string_dtype,
    Kind.YEAR: is_integer_dtype,
    Kind.QUARTER: is_integer_dtype,
    Kind.NUMBER: is_float_dtype,
    Kind.SHARE: is_float_dtype,
}


OF_EVERY_RUN = {name: table for name, table in RESULT_TABLES.items() if name != SCHEDULE}


@pytest.fixture(scope="module")
def read_back(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("schema") / "run"
    write_run(plan, folder)
    return read_run(folder)


def check(found: pd.DataFrame, table: str) -> None:
    declared = RESULT_TABLES[table].columns
    assert list(found.columns) == [column.name for column in declared]
    for column in declared:
        assert FITS[column.kind](found[column.name]), (
            f"{table}.{column.name}: {found[column.name].dtype}"
        )
        if column.kind is Kind.SHARE:
            assert found[column.name].between(0, 1 + 1e-12).all()


@pytest.mark.parametrize("table", OF_EVERY_RUN)
def test_columns_and_types_are_the_declared_ones(plan: Plan, read_back: Plan, table: str) -> None:
    assert len(plan.tables[table]) > 0, "the starter fills every table"
    check(plan.tables[table], table)
    check(read_back.tables[table], table)


def test_there_is_no_other_table(plan: Plan) -> None:
    assert set(plan.tables) == set(OF_EVERY_RUN)


def test_a_plan_that_schedules_stock_has_the_table_of_it(vary: Vary) -> None:
    plan = vary(baseline=False, policy__stock="scheduled")
    assert set(plan.tables) == set(RESULT_TABLES)
    declared = [column for column in RESULT_TABLES[SCHEDULE].columns if not column.optional]
    assert list(plan.tables[SCHEDULE].columns) == [column.name for column in declared]


def test_a_run_without_baseline_lacks_only_what_is_optional(vary: Vary) -> None:
    plan = vary(baseline=False)
    for name, table in OF_EVERY_RUN.items():
        assert list(plan.tables[name].columns) == [c.name for c in table.columns if not c.optional]
