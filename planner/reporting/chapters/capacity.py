"""Capacity, stock and people by year, and how much of them is used."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import funding, shapes, style
from planner.reporting.parts import Chapter, Chart, told_chart
from planner.reporting.sources import table_rows
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.people_and_stock import stock_held, tightest_team
from planner.results.figures.plants import capacity_by_year, capacity_groups, unit_of
from planner.results.figures.sums import EXPECTED, by_year, worst_scenario
from planner.results.plan import Plan

say = Passages("capacity.j2")
SOURCE = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"
STOCKS = table_rows("stocks", EXPECTED) + ": stock_t"
STAFF = table_rows("workforce") + ": needed over available"
BUILT = {"existing": "existing_tpa", "new": "new_tpa"}
USED = {"used, expected": "throughput_t", "used, worst scenario": "worst_t"}


def chapter(plan: Plan) -> Chapter | None:
    """Three charts over the same years; None without plants."""
    if by_year(plan, "capacity").empty:
        return None
    parts = [capacities(plan), stock(plan), teams(plan)]
    return Chapter.of("staff", "Capacity, stock and people", parts, behind=True)


def capacities(plan: Plan) -> Chart:
    """Existing and new capacity by year and what is used of it, by stage."""
    built, used, last = [], [], None
    for stage, kind in capacity_groups(plan):
        sums = capacity_by_year(plan, stage, kind)
        name = f"{names_of(plan.case).stages_many[stage]}, {unit_of(plan.case, kind)}/y"
        built.append(_by_kind(sums, name, BUILT))
        used.append(_by_kind(sums, name, USED))
        if last is None or stage == "metal":
            last = {"stage": stage, **sums.iloc[-1].to_dict(), "unit": unit_of(plan.case, kind)}
    return told_chart(
        say,
        "capacity",
        funding.capacity(pd.concat(built), pd.concat(used), SOURCE),
        SOURCE,
        last=last,
        stages=names_of(plan.case).stages_many,
        commodity=plan.case.commodity,
        worst=names_of(plan.case).scenario(worst_scenario(plan)),
    )


def _by_kind(sums: pd.DataFrame, stage: str, columns: dict[str, str]) -> pd.DataFrame:
    """Columns of a frame below one another: stage, year, kind, tpa."""
    parts = []
    for kind, column in columns.items():
        amounts = sums[column].fillna(0.0)
        parts.append(
            pd.DataFrame({"stage": stage, "year": sums["year"], "kind": kind, "tpa": amounts})
        )
    return pd.concat(parts)


def stock(plan: Plan) -> Chart | None:
    """Stock at the end of each year; None if none is held."""
    rows = stock_held(plan)
    if rows.empty:
        return None
    most = rows.sort_values("stock_t", kind="stable").iloc[-1]
    tips = {"year": "end of", "stock_t": "stock, t, expected"}
    up = style.amounts("stock_t", "t")
    return told_chart(
        say,
        "stock",
        shapes.bars(rows, up, tips=tips, source=STOCKS, hue="#b58900"),
        STOCKS,
        most=float(most["stock_t"]),
        year=int(most["year"]),
    )


def teams(plan: Plan) -> Chart | None:
    """The team that needs the largest share of its staff, by year; None without teams."""
    rows = tightest_team(plan)
    if rows.empty:
        return None
    named = names_of(plan.case).told(rows)
    frame = named.assign(team=named["skill"] + ", " + named["country"])[["year", "use", "team"]]
    full = [int(year) for year in rows.loc[rows["use"] > 0.99, "year"]]
    tips = {"year": "year", "team": "team", "use": "of its staff is needed"}
    return told_chart(
        say,
        "teams",
        shapes.bars(frame, style.shares("use", "% of staff"), tips=tips, source=STAFF),
        STAFF,
        full=full,
    )
