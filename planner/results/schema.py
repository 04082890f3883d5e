"""The result tables of a run, declared once in `tables.toml`: what each holds, and of every column its type, unit,
heading and meaning. Extraction, run folders, workbook and `reports/README.md` all read this."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from itertools import chain

from planner.data.stages import CONVERTING, STAGES


class Kind(StrEnum):
    """The type of the cells of a column."""

    TEXT = "text"
    YEAR = "year"
    QUARTER = "quarter"
    NUMBER = "number"
    SHARE = "share, 0 to 1"


@dataclass(frozen=True, kw_only=True)
class ResultColumn:
    """A column: `heading` is what people read, `name` what the CSV has. `optional`: not in every run."""

    name: str
    kind: Kind
    unit: str
    heading: str
    meaning: str
    optional: bool = False

    @property
    def is_text(self) -> bool:
        """It holds ids or words."""
        return self.kind is Kind.TEXT


@dataclass(frozen=True)
class ResultTable:
    """A result table: its name, what it holds, and its columns in order."""

    name: str
    meaning: str
    columns: tuple[ResultColumn, ...]

    def required(self) -> tuple[str, ...]:
        """Names of the columns that every run has, in order."""
        return tuple(column.name for column in self.columns if not column.optional)

    def texts(self) -> list[str]:
        """Names of the columns that hold ids and words."""
        return [column.name for column in self.columns if column.is_text]


STATED = tomllib.loads(files("planner.results").joinpath("tables.toml").read_text(encoding="utf-8"))
"""The content of tables.toml, outcomes of studies too."""


def _declared() -> Iterator[ResultTable]:
    for name, table in STATED["tables"].items():
        columns = tuple(_column(cells) for cells in table["columns"])
        yield ResultTable(name, table["meaning"], columns)


def _column(cells: str | list[str]) -> ResultColumn:
    """A column as tables.toml states it; a name stands for one of those that tables share."""
    if isinstance(cells, str):
        cells = [cells, *STATED["columns"][cells]]
    name, kind, unit, heading, meaning, *optional = cells
    return ResultColumn(
        name=name,
        kind=Kind[kind.upper()],
        unit=unit,
        heading=heading,
        meaning=meaning,
        optional=bool(optional),
    )


STAGE_ITEMS = {name: stage.item for name, stage in STAGES.items()}
"""Stage -> item of `operations` that is the throughput of its plants."""
SAVED, RETURNED = "saved", "returned"
"""Items of `operations`: demand that a saving replaces, and what of its intake a plant gives back as a feed."""
CONVERTED = tuple(stage.item for stage in CONVERTING)
"""Items of `operations` that plants take in of a form."""
IMPORTED = ("imported", "resold")
"""Items of `operations` that come from an outside supplier, straight or by way of others."""
PURCHASES = "stock purchases"
"""The item of `spending` that falls due whenever it is bought; the others as a year begins."""
PAID_ITEMS = (
    *(f"capex {stage}" for stage in STAGES),
    *("training fees", "training seats", "hiring", PURCHASES),
)
"""Items of `spending`, in their order."""
EVERY_TABLE = {table.name: table for table in _declared()}
SHARES, COVERAGE = EVERY_TABLE["shares"], EVERY_TABLE["coverage"]
ALL = "all"
"""Cell of a column `scenarios` whose row holds in every scenario."""
RUN_FORMAT = 2
"""The form of run folders, as their summaries say it; one of another form is solved again."""
LATER_TABLES = (SHARES.name, COVERAGE.name)
"""Tables that are asked of a run after it was solved: in its folder if somebody did."""
RESULT_TABLES = {name: table for name, table in EVERY_TABLE.items() if name not in LATER_TABLES}
"""The tables of a run as it is solved."""
SCHEDULE = "purchases"
"""The one of them that only runs with scheduled purchases have."""
TABLE_COLUMNS = {name: table.required() for name, table in RESULT_TABLES.items()}
"""Names of the columns that every run has, by table, in order."""
TEXT_COLUMNS = frozenset(chain.from_iterable(table.texts() for table in EVERY_TABLE.values()))
"""Columns that hold ids and words, in whatever table they stand."""
