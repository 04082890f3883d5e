"""Small cases for tests: a test states only what matters, the rest is a minimal valid default.

The default has one country AAA, one element Dy that costs 1000 USD per kg short (1 MUSD per tonne), 100 t of
demand in each of 2026, 2027 and 2028, a feed `ore` that is pure Dy, and no plants, people, money or scenarios.
So a tonne of ore is a tonne of oxide, doing nothing costs 300 MUSD, and capex of 1e6 USD per t/y is 1 MUSD.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pytest

from planner.data.case import Case, with_model, with_rows
from planner.data.load import checked_case
from planner.results.plan import Plan
from planner.results.store import write_run

REAL = Path(__file__).parents[1] / "benchmarks" / "cases" / "allied-2026-first"
"""The first edition of the real case: of its size and kind, and its figures never change."""

LONG = os.environ.get("LONG") == "1"
"""Whether many random cases are asked for, as `make agree` does, and not the few of the suite."""

long_run = pytest.mark.skipif(not LONG, reason="a long run: LONG=1, as `make agree` has it")
"""Marks a test, or a parameter of one, that `make agree` alone takes; the suite has another of its kind."""

T = TypeVar("T")
Row = dict[str, Any]
TableText = str | Sequence[Mapping[str, Any]]
"""A table as CSV text (spaces after commas do no harm) or as rows, whose columns may differ."""

MUSD = 1e6
"""USD in a MUSD: `capex_usd_per_tpa=2 * MUSD` is 2 MUSD per t/y."""
ONE_PER_TONNE = 1000
"""USD/kg that make 1 MUSD per tonne, and persons per kt that make 1 person per tonne."""


def record(**cells: Any) -> Row:
    """One row of a table, by its columns."""
    return cells


def demand(
    tonnes: float = 100,
    first: int = 2026,
    last: int = 2028,
    country: str = "AAA",
    element: str = "Dy",
    form: str = "oxide",
) -> list[Row]:
    """Constant demand from `first` to `last`, which is also the horizon if no other demand reaches further."""
    key = {"country": country, "element": element, "form": form}
    return [{**key, "year": year, "tonnes": tonnes} for year in sorted({first, last})]


def imports(
    tonnes: float,
    country: str = "AAA",
    element: str = "Dy",
    form: str = "oxide",
    supplier: str = "CHN",
) -> Row:
    """What a supplier can sell, the same in all years."""
    return {
        "supplier": supplier,
        "country": country,
        "element": element,
        "form": form,
        "year": 2026,
        "tonnes": tonnes,
    }


def mine(**columns: Any) -> Row:
    """A mine of `ore`, so large that it never binds unless the test says otherwise."""
    return {
        "project": "mine",
        "country": "AAA",
        "stage": "mine",
        "feeds": "ore",
        "existing_tpa": 10_000,
    } | columns


def plant(**columns: Any) -> Row:
    """A separation plant without capacity."""
    return {"project": "plant", "country": "AAA", "stage": "separation", "feeds": "ore"} | columns


def smelter(**columns: Any) -> Row:
    """A metal plant without capacity."""
    return {"project": "smelter", "country": "AAA", "stage": "metal"} | columns


def budget(*musd: float, funder: str = "AAA", first: int = 2026) -> list[Row]:
    """Public money of consecutive years from `first`."""
    return [{"funder": funder, "year": first + i, "musd": amount} for i, amount in enumerate(musd)]


def scenarios(**probabilities: float) -> list[Row]:
    """Scenarios with their probabilities."""
    return [{"scenario": name, "probability": p} for name, p in probabilities.items()]


def unsure(
    table: str, column: str, low: float, high: float, where: str = "", **columns: str
) -> Row:
    """One row of `uncertainties`; its id is the table unless said otherwise."""
    cells = {"table": table, "where": where, "column": column, "low": low, "high": high}
    return {"uncertainty": table} | cells | columns


def shock(
    scenario: str,
    kind: str,
    factor: float,
    start: int | str = "",
    end: int | str = "",
    **where: str,
) -> Row:
    """One row of `shocks`."""
    return {
        "scenario": scenario,
        "kind": kind,
        "start_year": start,
        "end_year": end,
        "factor": factor,
        **where,
    }


DEFAULT: dict[str, TableText] = {
    "countries": [{"country": "AAA"}],
    "elements": [{"element": "Dy", "heavy": "true", "loss_usd_per_kg": ONE_PER_TONNE}],
    "demand": demand(),
    "feeds": [{"feed": "ore", "element": "Dy", "share": 1}],
    "projects": "project, country, stage",
}
EXACT = {"objective.risk_slack": 0.0}
"""Hand-derived answers are those of the least risk itself, not of one a thousandth above it."""


def write_case(folder: Path, **tables: TableText) -> Path:
    """Write the default with some tables replaced or added (None leaves one out)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {**DEFAULT, **tables}.items():
        if table is not None:
            (folder / f"{name}.csv").write_text(_csv(table), encoding="utf-8")
    return folder


def load_case(folder: Path, model: Mapping[str, object] | None = None, **tables: TableText) -> Case:
    """Write the case and load it with dotted model keys on top of `EXACT`."""
    return checked_case(write_case(folder, **tables), changes={**EXACT, **(model or {})})


def total(plan: Plan, table: str, column: str, **where: object) -> float:
    """Sum of a column over the rows that match."""
    rows = plan.tables[table]
    keep = pd.Series(True, index=rows.index)
    for name, value in where.items():
        keep &= rows[name] == value
    return float(rows.loc[keep, column].sum())


def _csv(table: TableText) -> str:
    if isinstance(table, str):
        return (
            "\n".join(re.sub(" *, *", ",", line.strip()) for line in table.strip().splitlines())
            + "\n"
        )
    columns = list(dict.fromkeys(name for row in table for name in row))
    lines = [columns, *([row.get(name, "") for name in columns] for row in table)]
    return "".join(",".join(_cell(cell) for cell in line) + "\n" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def read_rows(folder: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table of a case folder as text; none if there is no such file."""
    path = folder / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table of a case folder; rows may have different columns."""
    (folder / f"{table}.csv").write_text(_csv(rows), encoding="utf-8")


def without_prices(case: Case) -> Case:
    """The case with targets that must hold alone."""
    hard = {"price_usd_per_kg": None}
    rows = [row.model_copy(update=hard) for row in case.tables.targets]
    chosen = [row.model_copy(update=hard) for row in case.model.targets]
    model = case.model.model_copy(update={"targets": tuple(chosen)})
    return with_model(with_rows(case, targets=tuple(rows)), model)


def near(expected: Any) -> Any:
    """Equal up to what the contract lets a later criterion use up of an earlier one (1e-6, absolute and relative)."""
    return pytest.approx(expected, rel=2e-5, abs=2e-5)


def stored(plan: Plan, folder: Path) -> Path:
    """The run folder of a plan without its pages, which take seconds."""
    return write_run(plan, folder)


def seeds(first: int, few: int, many: int) -> range:
    """Seeds of random cases: few, or many in a long run."""
    return range(first, first + (many if LONG else few))


def more(values: Iterable[T]) -> list[T]:
    """Values in a long run, none in the suite."""
    return list(values) if LONG else []


def some(values: Iterable[T], every: int) -> list[T]:
    """The first of every so many values, or all of them in a long run."""
    return list(values)[:: 1 if LONG else every]
