"""Every year of a case divided into its quarters, by shocks that undo each other."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.oracle.tables import Row, at_year, read_case, read_table


def with_years_divided(folder: Path, model: Mapping[str, Any]) -> None:
    """Add three demand shocks a year to a case without shocks inside a year; its optimum stays.

    Contract: "A year in which a shock ... that touches something starts after its first quarter or ends before its
    fourth is divided", and "overlapping shocks multiply": demand is doubled in two quarters and halved in each of them
    apart, so every shock touches something, no two name the same window and scope, and all factors are exactly 1.
    The tree branches where it did, at the first quarters. Raises where a year has no demand at all.
    """
    case, choices = read_case(folder, model)
    scenario = next(iter(case.scenarios))
    rows: list[Row] = read_table(folder, "shocks")
    for year in choices.years:
        goods = [good for good, series in case.demand.items() if at_year(series, year) > 0]
        if not goods:
            raise ValueError(f"{year}: a shock needs some demand to touch")
        country, element, form = goods[0]
        row = {
            "scenario": scenario,
            "kind": "demand",
            "country": country,
            "element": element,
            "form": form,
        }
        for start, end, factor in ((1, 2, "2"), (1, 1, "0.5"), (2, 2, "0.5")):
            rows.append(
                {
                    **row,
                    "start_year": f"{year}Q{start}",
                    "end_year": f"{year}Q{end}",
                    "factor": factor,
                }
            )
    with (folder / "shocks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, list(dict.fromkeys(column for row in rows for column in row)), lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
