"""What to fund now, and by whom? What each plant adds, what is begun when, and who carries it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.chapters import sharing
from planner.reporting.charts import funding as charts
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    Part,
    ReportTable,
    TableRow,
    changed,
    figures,
    in_musd,
    text,
    told_chart,
    total,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import NOTHING, number, span
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION, Explanation
from planner.results.figures.decision import public_money
from planner.results.figures.money import Begun, begun
from planner.results.figures.people_and_stock import training_begins
from planner.results.figures.plants import (
    are_measures,
    built,
    counted,
    decisions,
    everywhere,
    expected_sum,
)
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("fund.j2")
of_timeline = Passages("timeline.j2")
DROPPINGS = f"{EXPLANATION}: droppings"
MOST_PLANTS, MOST_NAMED, MOST_ROWS = 4, 3, 25
FIRST_YEARS = ("this year", "next year")
BUILT = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
BEGUN = (
    "tables/investments.csv: year, capex_musd; tables/spending.csv: expected, by item and year; "
    "tables/stocks.csv, weighted by probability: bought_t"
)


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on the use of the next money, its time, and who pays and carries what."""
    found = plan.explanation
    when = [begun_table(plan), timeline(plan)]
    parts: list[Part | None] = [*when, sharing.chart(plan), sharing.table(plan)]
    if found is not None:
        parts = [droppings_table(plan, found), *parts]
    return Chapter.of("fund", "What to fund now, and by whom?", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """The plants that are missed most if they are dropped, and who pays."""
    money = public_money(plan)
    found = plan.explanation
    missed = [one.project for one in found.droppings[:MOST_NAMED]] if found is not None else []
    payers = []
    for funder, paid in money.payers.items():
        payers.append(f"{names_of(plan.case).party(funder)} {number(paid)}")
    names = list(map(names_of(plan.case).project, missed))
    return say("lead", names=names, money=money, payers=payers)


class Droppings(DeclaredTable):
    """A row a plant of the plan."""

    source = DROPPINGS
    stacked = True
    sheet = "droppings"
    meaning = (
        "plants of the plan: what dropping each adds, nothing new of it and all else planned anew"
    )

    project = text()
    stage = text()
    country = text()
    tpa = figures("size", "t/y")
    capital = figures("capital", "MUSD, not discounted")
    public = figures("public part", "MUSD, not discounted")
    adds = in_musd("dropping it adds")
    risk = changed("risk", "MUSD")
    cost = changed("cost", "MUSD")


def droppings_table(plan: Plan, found: Explanation) -> ReportTable | None:
    """What dropping each plant of the plan adds, the one that is missed most first."""
    if not found.droppings:
        return None
    rows = []
    for one in found.droppings:
        project = plan.case.projects[one.project]
        rows.append(vars(one) | {"stage": project.stage, "country": project.country})
    first = names_of(plan.case).project(found.droppings[0].project)
    return Droppings.over(
        names_of(plan.case).told(pd.DataFrame(rows)),
        title=say("droppings_title", first=first, adds=found.droppings[0].adds),
        note=say("droppings_note", goal=found.goal),
        folded=len(rows) > MOST_ROWS,
    )


class BegunYears(DeclaredTable):
    """A row a year, or some later years together."""

    source = BEGUN
    stacked = True
    sum_row = "All"

    year = text()
    when = text()
    what = text("what is begun, the largest first")
    plants = whole("plants", "first begun", summed=True)
    measures = whole("savings measures", "first begun", summed=True)
    capital = total("capital", "MUSD, not discounted")
    public = total("public money", "MUSD, not discounted")


def begun_table(plan: Plan) -> ReportTable | None:
    """Decisions of this year and next, and of later years."""
    rows = [_begun_row(plan, one) for one in begun(plan)]
    if not rows:
        return None
    measures = any(row["measures"] for row in rows)
    return BegunYears.from_rows(
        rows,
        BegunYears.all() if measures else BegunYears.all("measures"),
        title=say("begun_title", years=rows[:2]),
        note=say("begun_note"),
    )


def _begun_row(plan: Plan, one: Begun) -> TableRow:
    is_new = ~one.projects["again"]
    new = set(one.projects.loc[is_new, "project"])
    first_begun = counted(plan, new)
    public = expected_sum(one.projects, "public_musd")
    return {
        "year": span(one.year, one.last),
        "when": _when(plan, one.year),
        "what": _what_is_begun(plan, one) or NOTHING,
        "plants": float(first_begun.plants),
        "measures": float(first_begun.measures),
        "capital": expected_sum(one.projects, "capex_musd"),
        "public": one.stock + one.people + public,
    }


def _when(plan: Plan, year: int) -> str:
    ahead = year - plan.years[0]
    return FIRST_YEARS[ahead] if ahead < len(FIRST_YEARS) else "later"


def _what_is_begun(plan: Plan, one: Begun) -> str:
    """Plants, stock and people of a year in words."""
    projects = []
    for row in rows_of(one.projects):
        projects.append(names_of(plan.case).placed(row.project) + (" (more)" if row.again else ""))
    goods = []
    for element, tonnes in one.bought.items():
        goods.append(f"{number(tonnes)} t of {midway(names_of(plan.case).element(element))}")
    return say("begun_what", one=one, goods=goods, projects=projects, most=MOST_PLANTS)


def timeline(plan: Plan) -> Chart | None:
    """Commitment, construction, first product and full use of every new plant."""
    rows = decisions(plan)
    if rows.empty:
        return None
    drawn = built(plan)["capex_musd"].nlargest(MOST_ROWS).index
    phases: list[TableRow] = []
    signs = []
    for row in rows_of(rows[rows["project"].isin(drawn)]):
        plant = names_of(plan.case).brief(row.project)
        phases += _phases(plan.case, row, plant, plan.years[-1] + 1)
        signs.append({"plant": plant, "sign": "committed", "year": int(row.year)})
        begins = training_begins(plan, row.project, row.first_output)
        if begins is not None:
            signs.append({"plant": plant, "sign": "training begins", "year": begins})
    spec = charts.timeline(pd.DataFrame(phases), pd.DataFrame(signs), BUILT)
    values = _milestones(plan, rows) | {"shown": len(drawn)}
    return told_chart(of_timeline, "timeline", spec, BUILT, **values)


def _phases(case: Case, row: Any, plant: str, end: int) -> Iterator[TableRow]:
    """The phases of a plant that begin before the horizon ends."""
    size = f"{number(row.tpa)} {row.unit}"
    told = {"plant": plant, "stage": names_of(case).stages[row.stage]}
    told |= {"capex_musd": row.capex_musd, "size": size}
    turns = (row.year, min(row.first_output, end), min(row.full_output, end), end)
    for phase, (start, stop) in zip(charts.PHASES, pairwise(turns), strict=True):
        if stop > start:
            yield {**told, "phase": phase, "start": int(start), "end": int(stop)}


def _milestones(plan: Plan, rows: pd.DataFrame) -> dict[str, Any]:
    """First and last years of the decisions, for the title; the first output is that of a plant where there is one."""
    saves = are_measures(plan, rows["project"])
    plants = rows if saves.all() else rows[~saves]
    first = plants.sort_values(["first_output", "order"], ascending=[True, False]).iloc[0]
    begin = int(rows["year"].min())
    at_once = rows[rows["year"] == begin]
    return {
        "decided": counted(plan, rows["project"]),
        "at_once": counted(plan, at_once["project"]),
        "year": begin,
        "first_output": int(first["first_output"]),
        "first_stage": names_of(plan.case).own_stages.get(first["stage"], first["stage"]),
        "last": int(rows["full_output"].max()),
        "everywhere": everywhere(rows),
    }
