"""The planner's tables as values of the oracle's variables, so that figures can be worked out again from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import planner
from tests.oracle.sparse import Key, Solution
from tests.oracle.tables import Period
from tests.oracle.world import World

TableRow = Mapping[str, Any]
GOODS = ("given", "received", "released", "bought")
TURNING = ("reduced", "sintered")


def period(row: TableRow, world: World) -> Period:
    """The period of a row of a table; what is decided by year falls due in the year's first."""
    quarter = str(row.get("quarter", "")).removesuffix(".0")
    opening = world.shocks.opening(int(row["year"]))
    return Period(opening.year, int(quarter)) if quarter.isdigit() else opening


def scenarios_of(row: TableRow, world: World) -> list[str]:
    """The scenarios of a row's history; a row without the column holds for all."""
    named = str(row.get("scenarios", "")).split(";")
    return [w for w in world.case.scenarios if w in named] or list(world.case.scenarios)


def rows_of(plan: planner.Plan, table: str) -> list[TableRow]:
    """The rows of one of the plan's tables."""
    found: list[TableRow] = plan.tables[table].to_dict("records")
    return found


def decisions(plan: planner.Plan, world: World) -> Iterator[tuple[Key, float]]:
    """Builds, seats, intake, hires and scheduled purchases by scenario."""
    for row in rows_of(plan, "investments"):
        for w in scenarios_of(row, world):
            yield ("build", row["project"], w, int(row["year"])), row["tpa"]
    for row in rows_of(plan, "training"):
        for w in scenarios_of(row, world):
            at = (row["programme"], w, int(row["year"]))
            yield ("intake", *at), row["intake"]
            yield ("seats", *at), row["new_seats"]
    for row in rows_of(plan, "workforce"):
        at = (row["country"], row["skill"], row["scenario"], int(row["year"]))
        if period(row, world).opens_year:
            yield ("staff", *at), row["staff"]
        yield ("hires", *at), row["hired"]
    for row in rows_of(plan, "purchases") if world.choices.stock == "scheduled" else ():
        for w in scenarios_of(row, world):
            good = (row["country"], row["element"], row["form"])
            yield ("scheduled", *good, w, int(row["year"])), row["tonnes"]


def flows(plan: planner.Plan, world: World) -> Iterator[tuple[Key, float]]:
    """What runs, comes in, is exchanged and stored, by scenario and period; what adds up comes in parts."""
    for row in rows_of(plan, "capacity"):
        at = (row["scenario"], period(row, world))
        yield ("throughput", row["project"], *at), row["throughput_t"]
    for row in rows_of(plan, "operations"):
        at = (row["scenario"], period(row, world))
        good = (row["country"], row["element"], row["form"])
        name, tonnes = row["project"], row["tonnes"]
        if row["item"] in ("imported", "resold"):
            yield (row["item"], name, *good, *at), tonnes
        elif row["item"] == "made" or row["item"] in GOODS[:2]:
            yield (row["item"], *good, *at), tonnes
        elif row["item"] == "separated":
            yield ("use", name, row["feed"], *at), tonnes
        elif row["item"] in TURNING:
            yield ("turn", name, row["element"], *at), tonnes
        elif row["item"] == "saved":
            yield ("saved", name, row["element"], row["form"], *at), tonnes


def stores(plan: planner.Plan, world: World) -> Iterator[tuple[Key, float]]:
    """Shortfalls and stocks by scenario and period."""
    for row in rows_of(plan, "shortfall"):
        place = (row["country"], row["element"], row["form"])
        yield ("short", *place, row["scenario"], period(row, world)), row["tonnes"]
    for row in rows_of(plan, "stocks"):
        place = (row["country"], row["element"], row["form"])
        at = (row["scenario"], period(row, world))
        yield ("stock", *place, *at), row["stock_t"]
        yield ("bought", *place, *at), row["bought_t"]
        yield ("released", *place, *at), row["released_t"]


def values_of(plan: planner.Plan, world: World) -> Solution:
    """Values by variable; what a table does not name is zero."""
    values: dict[Key, float] = {}
    for part in (decisions, flows, stores):
        for key, value in part(plan, world):
            values[key] = values.get(key, 0.0) + float(value)
    return Solution(feasible=True, values=values)
