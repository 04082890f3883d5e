"""What to fund now, and by whom? Steps of the frontier, merit, what is begun when, and who carries it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.chapters import sharing
from planner.reporting.chapters.answer import first_steps
from planner.reporting.charts import funding as charts
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    Part,
    ReportTable,
    TableRow,
    figures,
    frame_of,
    in_musd,
    per_cent,
    text,
    told_chart,
    total,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import STAGES, midway, names_of
from planner.reporting.words.numbers import NOTHING, first_few, number, span
from planner.reporting.words.sentences import Passages
from planner.results.decision import Decision, Merit
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import decided, named, public_money, steps
from planner.results.figures.money import Begun, begun
from planner.results.figures.people_and_stock import training_begins
from planner.results.figures.plants import (
    are_measures,
    counted,
    decisions,
    everywhere,
    expected_sum,
    first_begun,
)
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("fund.j2")
of_timeline = Passages("timeline.j2")
MERIT = f"{EXPLANATION}: decision, merit"
MOST_PLANTS, MOST_FUNDED, MOST_STEPS, MOST_ROWS = 4, 6, 5, 25
FIRST_YEARS = ("this year", "next year")
BUILT = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
BEGUN = (
    "tables/investments.csv: year, capex_musd; tables/spending.csv: expected, by item and year; "
    "tables/stocks.csv, weighted by probability: bought_t"
)


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on the use of the next money, its time, and who pays and carries what."""
    found = decided(plan)
    when = [begun_table(plan), timeline(plan)]
    parts: list[Part | None] = [*when, sharing.chart(plan), sharing.table(plan)]
    if found is not None and found.merit:
        parts = [steps_table(plan, found), *parts, merit_table(plan, found)]
    return Chapter.of("fund", "What to fund now, and by whom?", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """The first step, and who pays."""
    money = public_money(plan)
    first = first_steps(plan)[:1]
    names: list[str] = []
    for step in first:
        names += map(names_of(plan.case).project, step.projects)
    payers = []
    for funder, paid in money.payers.items():
        payers.append(f"{names_of(plan.case).party(funder)} {number(paid)}")
    return say("lead", first=first, names=names, money=money, payers=payers)


class Steps(DeclaredTable):
    """A row a step of the efficient frontier."""

    source = MERIT
    stacked = True

    place = whole("step")
    what = text("what is funded")
    public = figures("public money", "MUSD, present value")
    increment = figures("cost so far", "MUSD beyond no action")
    left = per_cent("residual risk", "% of no action")
    worth = in_musd("the step reduces cost plus risk by")


def steps_table(plan: Plan, found: Decision) -> ReportTable:
    """The first steps of the efficient frontier."""
    nothing = max(named(found.frontier, "nothing").risk, 1e-9)
    shown = first_steps(plan)[:MOST_STEPS]
    funded = []
    for step in shown:
        names = list(map(names_of(plan.case).placed, step.projects))
        funded.append(first_few(names, MOST_FUNDED))
    frame = frame_of(shown)
    return Steps.over(
        frame.assign(what=funded, left=frame["risk"] / nothing),
        title=say("steps_title", steps=shown[:1], nothing=nothing),
        note=say("steps_note"),
    )


def tag(plan: Plan, row: Merit) -> str:
    """A word or two on the time at which a project is to be paid for."""
    return say("tag", row=row, year=first_begun(plan).get(row.project))


class MeritList(DeclaredTable):
    """A row a project; what a step is worth stands at its last project."""

    title = "Merit list"
    source = MERIT
    folded = True
    stacked = True
    sheet = "merit list"
    meaning = "projects in the order in which money should go to them; worth: cost plus risk without, less with it"

    project = text()
    step = whole("step")
    stage = text()
    country = text()
    public = figures("public money", "MUSD, present value")
    worth = in_musd("net worth")
    when = text()
    tpa = figures("size", "t/y, least risk", only=SHEET)
    core_tpa = figures("size", "t/y", only=SHEET)
    step_worth = in_musd("the step is worth")
    cost = figures("cost so far", "MUSD, present value", only=SHEET)
    left = per_cent("residual risk", "% of no action")


def merit_table(plan: Plan, found: Decision) -> ReportTable:
    """Projects in the order in which money should go to them."""
    nothing = named(found.frontier, "nothing")
    rows = {}
    for row in found.merit:
        rows[row.project] = vars(row) | {"when": tag(plan, row), "cost": None}
    for step in steps(found.merit, nothing):
        for project in step.projects:
            rows[project]["step"] = step.place
        left = step.risk / max(nothing.risk, 1e-9)
        ends = {"step_worth": step.worth, "cost": step.cost, "left": left}
        rows[step.projects[-1]] |= ends
    return MeritList.over(
        names_of(plan.case).told(pd.DataFrame([*rows.values()])),
        note=say("merit_note", last=sum(row.last_hundredth for row in found.merit)),
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
    capital = rows.groupby("project")["capex_musd"].sum()
    drawn = capital.nlargest(MOST_ROWS).index
    phases: list[TableRow] = []
    signs = []
    for row in rows_of(rows[rows["project"].isin(drawn)]):
        plant = names_of(plan.case).brief(row.project)
        phases += _phases(row, plant, plan.years[-1] + 1)
        signs.append({"plant": plant, "sign": "committed", "year": int(row.year)})
        begins = training_begins(plan, row.project, row.first_output)
        if begins is not None:
            signs.append({"plant": plant, "sign": "training begins", "year": begins})
    spec = charts.timeline(pd.DataFrame(phases), pd.DataFrame(signs), BUILT)
    values = _milestones(plan, rows) | {"shown": len(drawn)}
    return told_chart(of_timeline, "timeline", spec, BUILT, **values)


def _phases(row: Any, plant: str, end: int) -> Iterator[TableRow]:
    """The phases of a plant that begin before the horizon ends."""
    size = f"{number(row.tpa)} {row.unit}"
    told = {"plant": plant, "stage": STAGES[row.stage], "capex_musd": row.capex_musd, "size": size}
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
        "first_stage": str(first["stage"]),
        "last": int(rows["full_output"].max()),
        "everywhere": everywhere(rows),
    }
