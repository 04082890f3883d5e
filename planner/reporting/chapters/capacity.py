"""Capacity, stock and people by year, and how much of them is used."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import funding as charts
from planner.reporting.parts import Chapter, Chart, Part
from planner.reporting.run_view import RunView, table_rows
from planner.reporting.words.names import STAGES_MANY
from planner.reporting.words.sentences import Passages
from planner.results.figures.people_and_stock import stock_held, tightest_team
from planner.results.figures.plants import UNITS, capacity_by_year, capacity_groups
from planner.results.figures.run import EXPECTED

say = Passages("capacity.j2")
SOURCE = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"


def chapter(run: RunView) -> Chapter | None:
    """Three charts over the same years; None without plants."""
    if run.by_year["capacity"].empty:
        return None
    parts: list[Part | None] = [capacities(run), stock(run), teams(run)]
    kept = [part for part in parts if part is not None]
    return Chapter(anchor="staff", title="Capacity, stock and people", parts=kept, behind=True)


def capacities(run: RunView) -> Chart:
    """Existing and new capacity by year and what is used of it, by stage."""
    bars, lines, last = [], [], None
    for stage, kind in capacity_groups(run):
        sums = capacity_by_year(run, stage, kind)
        name = f"{STAGES_MANY[stage]}, {UNITS[kind]}/y"
        for word, column in (("existing", "existing_tpa"), ("new", "new_tpa")):
            bars.append(_rows(sums, name, word, column))
        for word, column in (
            ("used, expected", "throughput_t"),
            ("used, worst scenario", "worst_t"),
        ):
            lines.append(_rows(sums, name, word, column))
        if last is None or stage == "metal":
            last = {"stage": stage, **sums.iloc[-1].to_dict(), "unit": UNITS[kind]}
    assert last is not None  # noqa: S101  there are plants
    return Chart(
        name="capacity",
        title=say("capacity_title", last=last),
        caption=say("capacity", worst=run.names.scenario(run.worst)),
        spec=charts.capacity(pd.concat(bars), pd.concat(lines), SOURCE),
        source=SOURCE,
    )


def _rows(sums: pd.DataFrame, stage: str, kind: str, column: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"stage": stage, "year": sums["year"], "kind": kind, "tpa": sums[column].fillna(0.0)}
    )


def stock(run: RunView) -> Chart | None:
    """Stock at the end of each year; None if none is held."""
    rows = stock_held(run)
    if rows.empty:
        return None
    most = rows.sort_values("stock_t", kind="stable").iloc[-1]
    source = table_rows("stocks", EXPECTED) + ": stock_t"
    return Chart(
        name="stock",
        title=say("stock_title", most=float(most["stock_t"]), year=int(most["year"])),
        caption=say("stock"),
        spec=charts.stock(rows, source),
        source=source,
    )


def teams(run: RunView) -> Chart | None:
    """The team that needs the largest share of its staff, by year; None without teams."""
    rows = tightest_team(run)
    if rows.empty:
        return None
    names = []
    for country, skill in zip(rows["country"], rows["skill"], strict=True):
        names.append(f"{run.names.skill(skill)}, {run.names.country(country)}")
    full = [int(year) for year in rows.loc[rows["use"] > 0.99, "year"]]
    source = table_rows("workforce") + ": needed over available"
    return Chart(
        name="teams",
        title=say("teams_title", full=full),
        caption=say("teams"),
        spec=charts.teams(rows.assign(team=names)[["year", "use", "team"]], source),
        source=source,
    )
