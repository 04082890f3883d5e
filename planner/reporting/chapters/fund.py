"""What to fund now, and by whom? Steps of the frontier, merit, what is begun when, and who carries it."""

from __future__ import annotations

import pandas as pd

from planner.reporting.chapters import sharing
from planner.reporting.chapters.answer import first_steps
from planner.reporting.charts import funding as charts
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    Part,
    ReportTable,
    figures,
    share,
    text,
    total,
    year,
)
from planner.reporting.run_view import RunView, table_rows
from planner.reporting.words.names import STAGES, midway
from planner.reporting.words.numbers import NOTHING, SLIGHT, number, span
from planner.reporting.words.sentences import Passages
from planner.results.decision import Decision, Merit
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import (
    Step,
    commitments,
    decided,
    mines_alone,
    named,
    public_money,
    recourse,
    steps,
    waiting,
)
from planner.results.figures.money import Begun, begun, tiny_budget
from planner.results.figures.people_and_stock import training_begins
from planner.results.figures.plants import decisions, everywhere, expected_sum
from planner.results.figures.run import rows_of
from planner.results.figures.unmet import insured_years

say = Passages("fund.j2")
of_timeline = Passages("timeline.j2")
MERIT = f"{EXPLANATION}: decision, merit"
MOST_CHARTED, MOST_PLANTS, FIRST_YEARS, MOST_STEPS = 15, 4, 2, 5
BUILT = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
BEGUN = (
    "tables/investments.csv: year, capex_musd; tables/spending.csv: expected, by item and year; "
    "tables/stocks.csv, weighted by probability: bought_t"
)


def chapter(run: RunView) -> Chapter | None:
    """What the next money should go to, when, and who pays and carries what."""
    found = decided(run)
    parts: list[Part | None] = []
    if found is not None and found.merit:
        parts += [steps_table(run), merit_chart(run, found)]
    parts += [begun_table(run), timeline(run), sharing.chart(run)]
    if found is not None and found.merit:
        parts.append(merit_table(run, found))
    return Chapter(
        anchor="fund",
        title="What to fund now, and by whom?",
        lead=lead(run),
        parts=[part for part in parts if part is not None],
    )


def lead(run: RunView) -> str:
    """The first step, who pays, what may wait."""
    built, money = decisions(run), public_money(run)
    again = None
    if run.found is not None:
        again = next((m for m in run.found.marginals if m.scarce == "budget"), None)
        if again is not None and tiny_budget(run, again.item, again.year):
            again = None
    timing = run.found.timing if run.found is not None else ()
    first = first_steps(run)[:1]
    return say(
        "lead",
        first=first,
        names=[run.names.project(project) for step in first for project in step.projects],
        money=money,
        again=again,
        payers=[f"{run.names.party(f)} {number(paid)}" for f, paid in money.payers.items()],
        waiting=len(set(built["project"]) & {c.project for c in waiting(run)}),
        plants=built["project"].nunique(),
        recourse=recourse(timing),
        goal=run.case.model.objective.goal,
        committed=run.case.model.policy.investment == "committed",
    )


def steps_table(run: RunView) -> ReportTable:
    """The first steps of the efficient frontier."""
    found = decided(run)
    assert found is not None  # noqa: S101  asked by the caller
    nothing = max(named(found.frontier, "nothing").risk, 1e-9)
    rows = [_step_row(run, step, nothing) for step in first_steps(run)[:MOST_STEPS]]
    return ReportTable(
        title=say("steps_title", steps=first_steps(run)[:1], nothing=nothing),
        columns=[
            year("place", "step"),
            text("projects", "what is funded"),
            figures("public", "public money", "MUSD, present value"),
            figures("increment", "cost so far", "MUSD beyond no action"),
            share("left", "residual risk", "% of no action"),
            figures("worth", "the step reduces cost plus risk by", "MUSD"),
        ],
        frame=pd.DataFrame(rows),
        note=say("steps_note"),
        source=MERIT,
    )


def _step_row(run: RunView, step: Step, nothing: float) -> dict[str, object]:
    return {
        "place": step.place,
        "projects": "; ".join(map(run.names.placed, step.projects)),
        "public": step.public,
        "increment": step.increment,
        "left": step.risk / nothing,
        "worth": step.worth,
    }


def tag(run: RunView, row: Merit) -> str:
    """When a project is to be paid for, in a word or two."""
    built = run.tables["investments"]
    begins = built.loc[built["project"] == row.project, "year"]
    asked = {c.project: c for c in waiting(run)}.get(row.project)
    return say(
        "tag",
        row=row,
        year=int(begins.min()) if len(begins) else None,
        waits=asked.probability if asked else None,
    )


def merit_chart(run: RunView, found: Decision) -> Chart:
    """Public money and net worth of the first projects in the order of merit."""
    place = _place_of_step(found)
    rows = []
    for row in found.merit[:MOST_CHARTED]:
        rows.append(
            {
                "project": run.names.placed(row.project),
                "stage": STAGES[row.stage],
                "public_musd": row.public,
                "worth_musd": row.worth,
                "when": tag(run, row),
                "step": place[row.project],
            }
        )
    counts = {
        "all": len(found.merit),
        "charted": len(rows),
        "repaid": sum(row.worth > SLIGHT for row in found.merit),
        "last": sum(row.last_hundredth for row in found.merit),
    }
    return Chart(
        name="merit",
        title=say("merit_title", **counts),
        caption=say("merit", **counts),
        spec=charts.merit(pd.DataFrame(rows), MERIT),
        source=MERIT,
    )


def _place_of_step(found: Decision) -> dict[str, int]:
    """Project -> the step of the frontier in which it comes in."""
    places = {}
    for step in steps(found.merit, named(found.frontier, "nothing")):
        for project in step.projects:
            places[project] = step.place
    return places


def merit_table(run: RunView, found: Decision) -> ReportTable:
    """Projects in the order in which money should go to them."""
    nothing = named(found.frontier, "nothing")
    ends = {step.projects[-1]: step for step in steps(found.merit, nothing)}
    place = _place_of_step(found)
    rows = []
    for row in found.merit:
        step = ends.get(row.project)
        rows.append(
            {
                "step": place[row.project],
                "project": run.names.project(row.project),
                "stage": STAGES[row.stage],
                "country": run.names.country(row.country),
                "public": row.public,
                "worth": row.worth,
                "when": tag(run, row),
                "tpa": row.tpa,
                "core_tpa": row.core_tpa,
                "step_worth": step.worth if step else None,
                "cost": step.cost if step else None,
                "left": step.risk / max(nothing.risk, 1e-9) if step else None,
            }
        )
    return ReportTable(
        title="Merit list",
        columns=[
            year("step", "step"),
            text("project"),
            text("stage"),
            text("country"),
            figures("public", "public money", "MUSD, present value"),
            figures("worth", "net worth", "MUSD"),
            text("when"),
            figures("tpa", "size", "t/y, least risk", only=SHEET),
            figures("core_tpa", "size", "t/y", only=SHEET),
            figures("step_worth", "the step is worth", "MUSD"),
            figures("cost", "cost so far", "MUSD, present value", only=SHEET),
            share("left", "residual risk", "% of no action"),
        ],
        frame=pd.DataFrame(rows),
        note=say("merit_note", last=sum(row.last_hundredth for row in found.merit)),
        source=MERIT,
        folded=True,
        sheet="merit list",
        meaning="projects in the order in which money should go to them; worth: cost plus risk without, less with it",
    )


def begun_table(run: RunView) -> ReportTable | None:
    """What is to be decided this year and next, what later, and what may wait for a sign."""
    told, may_wait = begun(run), waiting(run)
    if not told and not may_wait:
        return None
    rows = [_begun_row(run, one) for one in told]
    columns = [
        text("year"),
        text("when"),
        text("what", "what is begun, the largest first"),
        year("plants", "plants", "first begun", summed=True),
    ]
    if commitments(run):
        columns.append(year("sure", "needed whatever happens", "of these plants"))
    columns += [
        total("capital", "capital", "MUSD, not discounted"),
        total("public", "public money", "MUSD, not discounted"),
    ]
    fields = ["year", "when", "what", "plants", "sure", "capital", "public"]
    return ReportTable(
        title=say("begun_title", years=rows[:2], mining=mines_alone(run)),
        columns=columns,
        frame=pd.DataFrame(rows, columns=fields),
        note=say("begun_note"),
        source=BEGUN,
        sum_row="All",
    )


def _begun_row(run: RunView, one: Begun) -> dict[str, object]:
    first_begun = decisions(run).groupby("project")["year"].min()
    wait = {commitment.project for commitment in waiting(run)}
    names, new = [], set()
    for project in one.projects["project"]:
        again = first_begun[project] < one.year
        names.append(run.names.placed(project) + (" (more)" if again else ""))
        if not again:
            new.add(project)
    goods = []
    for element, tonnes in one.bought.items():
        goods.append(f"{number(tonnes)} t of {midway(run.names.element(element))}")
    words = ["this year", "next year"][:FIRST_YEARS]
    ahead = one.year - run.years[0]
    what = say("begun_what", one=one, goods=goods, projects=names, most=MOST_PLANTS)
    return {
        "year": span(one.year, one.last),
        "when": words[ahead] if ahead < FIRST_YEARS else "later",
        "what": what or NOTHING,
        "plants": float(len(new)),
        "sure": float(len(new - wait)),
        "capital": expected_sum(one.projects, "capex_musd"),
        "public": one.stock + one.people + expected_sum(one.projects, "public_musd"),
    }


def timeline(run: RunView) -> Chart | None:
    """Commitment, construction, first product and full use of every new plant."""
    rows = decisions(run)
    if rows.empty:
        return None
    phases, signs = [], []
    end = run.years[-1] + 1
    for row in rows_of(rows):
        plant = run.names.project_and_place(row.project, row.country)
        told = {"plant": plant, "stage": STAGES[row.stage], "capex_musd": row.capex_musd}
        told["size"] = f"{number(row.tpa)} {row.unit}"
        turns = (row.year, min(row.first_output, end), min(row.full_output, end), end)
        for place, phase in enumerate(charts.PHASES):
            if turns[place + 1] > turns[place]:
                years = {"start": int(turns[place]), "end": int(turns[place + 1])}
                phases.append({**told, "phase": phase, **years})
        signs.append({"plant": plant, "sign": "committed", "year": int(row.year)})
        begins = training_begins(run, row.project, row.first_output)
        if begins is not None:
            signs.append({"plant": plant, "sign": "training begins", "year": begins})
    insured = insured_years(run)
    first = rows.sort_values(["first_output", "order"], ascending=[True, False]).iloc[0]
    values = {
        "plants": rows["project"].nunique(),
        "at_once": rows[rows["year"] == rows["year"].min()]["project"].nunique(),
        "year": int(rows["year"].min()),
        "first_output": int(first["first_output"]),
        "first_stage": str(first["stage"]),
        "last": int(rows["full_output"].max()),
        "everywhere": everywhere(rows),
        "insured": insured,
    }
    return Chart(
        name="timeline",
        title=of_timeline("title", **values),
        caption=of_timeline("caption", **values),
        spec=charts.timeline(
            pd.DataFrame(phases),
            pd.DataFrame(signs),
            (insured[0], insured[-1]) if insured else None,
            BUILT,
        ),
        source=BUILT,
    )
