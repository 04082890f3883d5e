"""A case to be filled in: tables with a header and a line that explains each column, and which of them are empty still."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from planner.cells import REMARK
from planner.data.checks import Reading
from planner.data.export import explained
from planner.data.schema import BY_NAME, TABLES, Table
from planner.data.sheets import read_folder

COLUMNS: dict[str, tuple[str, ...]] = {
    "about": ("key", "value"),
    "countries": ("country", "name"),
    "elements": ("element", "name", "loss_usd_per_kg"),
    "demand": ("country", "element", "form", "year", "tonnes"),
    "imports": ("supplier", "country", "element", "form", "year", "tonnes", "price_usd_per_kg"),
    "feeds": ("feed", "element", "share"),
    "projects": (
        "project",
        "name",
        "country",
        "stage",
        "basis",
        "feeds",
        "existing_tpa",
        "max_new_tpa",
        "lead_time_years",
        "capex_usd_per_tpa",
        "variable_opex_usd_per_t",
        "public_share",
    ),
    "scenarios": ("scenario", "name", "probability"),
    "shocks": ("scenario", "kind", "start_year", "end_year", "supplier", "factor"),
    "budgets": ("funder", "year", "musd"),
    "funders": ("funder", "countries"),
}
"""Table -> columns that a first case fills in, in the order in which it is filled. All else has a default."""
WRITTEN_BY_PLANNER = ("draws",)
MODEL = """\
# What the planner chooses. models/README.md of a workspace lists every key with its meaning and default.
title = "A first plan"

[horizon]
# first_year = 2027            # left out: the first and the last year in demand.csv
# last_year = 2036

[objective]
goal = "welfare"               # the least cost plus risk
"""
README = """\
# A case to fill in

Each table has a header and, below it, a line that begins with `#` and says what stands in each column, in which unit, and what a
blank cell means; it is not read, and may stay or go. `planner check` says which tables are empty still, in the order below. A table
may stay empty where the case has nothing of it. `source`, `confidence` and `notes` may be added to any table.

| table | what it holds |
| --- | --- |
{filled}

These tables are not here; a file of that name with such a header adds one:

| table | what it holds |
| --- | --- |
{others}

`model.toml` is what the planner chooses: goal, horizon, who acts together.
"""


@dataclass(frozen=True)
class EmptyTable:
    """A table of a case that has a header and no row."""

    file: str
    meaning: str


def write_empty_case(folder: Path) -> None:
    """Write the tables, the model file and a page that lists them into a new folder. Raises OSError."""
    folder.mkdir(parents=True)
    for name, columns in COLUMNS.items():
        fields = BY_NAME[name].row.model_fields
        meanings = [explained(fields[column]) for column in columns]
        meanings[0] = REMARK + meanings[0]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*columns, "source"])
            writer.writerow([*meanings, "where the figures of the row are from"])
    (folder / "model.toml").write_text(MODEL, encoding="utf-8", newline="\n")
    filled = _listed([BY_NAME[name] for name in COLUMNS])
    others = _listed(
        [table for table in TABLES if table.name not in (*COLUMNS, *WRITTEN_BY_PLANNER)]
    )
    page = README.format(filled=filled, others=others)
    (folder / "README.md").write_text(page, encoding="utf-8", newline="\n")


def empty_tables(folder: Path) -> list[EmptyTable]:
    """Tables of a folder that have a header and no row, in the order in which a case is filled in."""
    sheets = read_folder(folder, Reading())
    empty: list[EmptyTable] = []
    for name in COLUMNS:
        sheet = sheets.get(name)
        if sheet is not None and sheet.header and not sheet.rows:
            empty.append(EmptyTable(sheet.place, BY_NAME[name].meaning))
    return empty


def _listed(tables: list[Table]) -> str:
    return "\n".join(f"| `{table.name}.csv` | {table.meaning} |" for table in tables)
