"""A case to be filled in: tables with a header and a line that explains each column."""

from __future__ import annotations

import csv
from pathlib import Path

from planner.cells import REMARK
from planner.data.export import explained
from planner.data.schema import BY_NAME

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
MODEL = """\
# What the planner chooses. models/README.md of a workspace lists every key with its meaning and default.
title = "A first plan"

[horizon]
# first_year = 2027            # left out: the first and the last year in demand.csv
# last_year = 2036

[objective]
goal = "welfare"               # the least cost plus risk
"""


def write_empty_case(folder: Path) -> None:
    """Write the tables and the model file into a new folder. Raises OSError."""
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
