"""The map of plants, and the schedule of construction."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import cos, radians, sin, sqrt
from typing import Any

import pandas as pd

from planner.reporting.charts import plants as schedule_chart
from planner.reporting.charts import world
from planner.reporting.parts import Chart, ReportTable, TableRow, amounts, figures, text, whole
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import count, number
from planner.results.figures.plants import are_measures, built
from planner.results.figures.recommended import with_delays
from planner.results.plan import Plan
from planner.results.reader import rows_of

PLACES = ReportTable(
    title="Plants on the map",
    columns=[
        text("name", "plant"),
        text("place", "country"),
        text("stage"),
        text("state"),
        amounts("tpa", "capacity", "t/y"),
        figures("latitude", unit="°"),
        figures("longitude", unit="°"),
    ],
)
"""A row a plant."""
TURN, STEP = 137.5, 1.5
"""Degrees between two plants around the middle of a country, and their distance from it."""
INVESTMENTS = "tables/investments.csv"


def plant_map(plan: Plan) -> Chart | None:
    """Plants that operate, are announced or are recommended; None where no place is known."""
    rows = [row for row in _plants(plan) if row["tpa"] > 0]
    placed = list(_placed(rows))
    if not placed:
        return None
    frame = pd.DataFrame(placed)
    frame["size"] = frame["tpa"] / frame.groupby("stage")["tpa"].transform("max")
    order = frame["state"].map(list(world.SHAPES).index)
    frame = frame.loc[order.sort_values(kind="stable").index]
    states = frame["state"].value_counts()
    told = [f"{states[state]} {state}" for state in reversed(world.SHAPES) if state in states]
    missing = len(rows) - len(placed)
    nowhere = f"; {count(missing, 'plant')} without a place" if missing else ""
    source = f"inputs/projects.csv, {INVESTMENTS}"
    return Chart(
        name="map",
        title=f"Plants: {', '.join(told).replace(' operates', ' in operation')}",
        spec=world.world_map(frame, list(plan.case.lookups.party), source),
        caption=(
            "Size: capacity as a share of the largest plant of the stage. Plants without coordinates stand around the middle "
            f"of their country{nowhere}."
        ),
        source=source,
        table=PLACES.over(frame),
    )


def _plants(plan: Plan) -> Iterator[dict[str, Any]]:
    """Existing and announced plants, and what the plan adds; savings measures are no plants."""
    names, added = names_of(plan.case), built(plan)["tpa"]
    for project, row in plan.case.projects.items():
        if plan.case.lookups.stage_of(project).saves:
            continue
        told = {
            "name": names.project(project),
            "country": row.country,
            "place": names.country(row.country),
            "stage": names.kind(project),
            "latitude": row.latitude,
            "longitude": row.longitude,
        }
        is_later = row.online_year is not None and row.online_year > plan.years[0]
        yield told | {"state": "announced" if is_later else "operates", "tpa": row.existing_tpa}
        yield told | {"state": "recommended", "tpa": float(added.get(project, 0.0))}


def _placed(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with a place; those of a country without coordinates in a spiral around its middle."""
    around: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: -row["tpa"]):
        if row["latitude"] is None or row["longitude"] is None:
            middle = world.middle_of(row["country"])
            if middle is None:
                continue
            turn = around.get(row["country"], 0)
            around[row["country"]] = turn + 1
            distance, angle = STEP * sqrt(turn), radians(TURN * turn)
            row["longitude"] = round(middle[0] + distance * cos(angle), 2)
            row["latitude"] = round(middle[1] + 0.7 * distance * sin(angle), 2)
        yield row


# ---- schedule --------------------------------------------------------------------------------------------------------


SCHEDULE = ReportTable(
    title="Schedule",
    columns=[
        text("plant"),
        text("stage"),
        text("size", "new capacity"),
        text("phase"),
        whole("start", "from"),
        whole("end", "until"),
        amounts("capex_musd", "capital", "MUSD"),
    ],
)
"""A row a phase of a plant."""


def schedule(plan: Plan) -> Chart | None:
    """Construction, ramp-up and full use of every new plant; of measures where there are no plants."""
    rows = with_delays(plan)
    if rows.empty:
        return None
    saves = are_measures(plan, rows["project"])
    shown = (rows if saves.all() else rows[~saves]).sort_values(
        ["year", "first_output"], kind="stable"
    )
    phases: list[TableRow] = []
    for row in rows_of(shown):
        phases += _phases(plan, row)
    frame = pd.DataFrame(phases)
    first, last = int(shown["first_output"].min()), int(shown["full_output"].max())
    return Chart(
        name="timeline",
        title=f"From the first decision in {int(rows['year'].min())} to the first output in {first} and full use in {last}",
        spec=schedule_chart.timeline(frame, INVESTMENTS),
        caption="Pale: construction. Stronger: ramp-up, then full use. With expected delays.",
        source=INVESTMENTS,
        table=SCHEDULE.over(frame),
    )


def _phases(plan: Plan, row: Any) -> Iterator[TableRow]:
    """The phases of a plant that begin before the horizon ends."""
    names = names_of(plan.case)
    end = plan.years[-1] + 1
    told = {
        "plant": names.placed(row.project),
        "stage": names.kind(row.project),
        "capex_musd": row.capex_musd,
        "size": f"{number(row.tpa)} {row.unit}",
    }
    turns = (row.year, min(row.first_output, end), min(row.full_output, end), end)
    for phase, (start, stop) in zip(schedule_chart.PHASES, pairwise(turns), strict=True):
        if stop > start:
            yield {**told, "phase": phase, "start": int(start), "end": int(stop)}
