"""Plants and people: every commitment, whose the plants are, capacity and its use, who is trained and hired."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import plants as charts
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    Text,
    figures,
    in_musd,
    per_cent,
    persons,
    reworded,
    text,
    told_chart,
    whole,
)
from planner.reporting.sources import table_rows
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import span
from planner.reporting.words.sentences import Passages
from planner.results.figures.people_and_stock import people_decisions
from planner.results.figures.plants import (
    capacity_by_year,
    capacity_groups,
    counted,
    decisions,
    everywhere,
    unit_of,
    use_by_stage,
)
from planner.results.figures.sums import EXPECTED, by_year, worst_scenario
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("plants.j2")
CAPACITY = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, factor, throughput_t"
CAPACITIES = {"existing": "existing_tpa", "new": "new_tpa"}
USED = {"used, expected": "throughput_t", "used, worst scenario": "worst_t"}


def chapter(plan: Plan) -> Chapter | None:
    """The tables of what is committed."""
    is_empty = plan.tables["investments"].empty
    plants = Text(["No new plant."]) if is_empty else investments(plan)
    parts = [plants, owners(plan), by_stage_table(plan), capacities(plan), people(plan)]
    return Chapter.of("plan", "Plants and people", parts, behind=True)


class Plants(DeclaredTable):
    """A row a commitment; the last three where plans differ by scenario."""

    source = (
        "tables/investments.csv; first output: year plus lead_time_years of inputs/projects.csv"
    )
    sum_row = "All"
    sheet = "plants"
    meaning = "what is committed where, when and for how much"

    project = text()
    country = text()
    stage = text()
    year = whole("committed")
    tpa = figures("capacity", "t/y")
    of_possible = per_cent("share of possible")
    capex_musd = in_musd("capital")
    public_musd = in_musd("public part")
    first_output = whole("first output", "by lead time")
    probability = per_cent("probability")
    expected = in_musd("capital, expected", summed=True)
    scenarios = text("in scenarios")


def investments(plan: Plan) -> ReportTable:
    """Every commitment: where, when, for how much."""
    rows = decisions(plan)
    is_certain = everywhere(rows)
    possible = rows["project"].map(lambda project: plan.case.projects[project].max_new_tpa)
    frame = (
        names_of(plan.case)
        .told(rows)
        .assign(
            of_possible=(rows["tpa"] / possible).round(4),
            expected=rows["capex_musd"] * rows["probability"],
        )
    )
    left_out = ["probability", "expected", "scenarios"] if is_certain else []
    words = {}
    if is_certain:
        words["capex_musd"] = words["public_musd"] = {"summed": True}
    columns = reworded(Plants.all(*left_out), words)
    title = say("investments_title", built=counted(plan, rows["project"]))
    note = say("investments", commodity=plan.case.commodity, units=_units(plan, rows))
    return Plants.over(frame, columns=columns, title=title, note=note)


def _units(plan: Plan, rows: pd.DataFrame) -> list[str]:
    """Plants of which some whole units are built and not all, in words; none where plants may have any size."""
    told = []
    for row in rows_of(rows) if plan.case.model.policy.whole_plants else ():
        project = plan.case.projects[row.project]
        unit = project.unit_tpa
        if unit is not None and round(row.tpa / unit) < round(project.max_new_tpa / unit):
            built, possible = round(row.tpa / unit), round(project.max_new_tpa / unit)
            told.append(f"{names_of(plan.case).project(row.project)} {built} of {possible}")
    return told


class Owners(DeclaredTable):
    """A row a plant that the plan builds and whose owner the case names."""

    source = "inputs/owners.csv"
    folded = True

    project = text()
    owner = text()
    status = text()
    announced = whole("first output, announced")
    expected = whole("by the record")
    feed_contract = text("feed contracted")
    instrument = text("instruments")


def owners(plan: Plan) -> ReportTable | None:
    """Whose the plants are that the plan builds, and what a state gives for them."""
    built = set(decisions(plan)["project"])
    rows = [row.model_dump() for row in plan.case.tables.owners if row.project in built]
    if not rows:
        return None
    frame = names_of(plan.case).told(pd.DataFrame(rows))
    return Owners.over(frame, title=say("owners_title"), note=say("owners"))


class UseByStage(DeclaredTable):
    """A row a stage."""

    title = "Use of what is usable, by stage, expected over all years"
    source = CAPACITY

    plants = text()
    new = per_cent("new capacity")
    existing = per_cent("existing capacity")


def by_stage_table(plan: Plan) -> ReportTable | None:
    """Use of new and of existing capacity by stage; None without plants."""
    use = use_by_stage(plan)
    if use.empty:
        return None
    named = use.assign(plants=use["stage"].map(names_of(plan.case).stages_many))
    return UseByStage.over(named, note=say("by_stage"))


def capacities(plan: Plan) -> Chart | None:
    """Existing and new capacity by year and what is used of it, by stage; None without plants."""
    if by_year(plan, "capacity").empty:
        return None
    built, used, last = [], [], None
    for stage, kind in capacity_groups(plan):
        sums = capacity_by_year(plan, stage, kind)
        name = f"{names_of(plan.case).stages_many[stage]}, {unit_of(plan.case, kind)}/y"
        built.append(_by_kind(sums, name, CAPACITIES))
        used.append(_by_kind(sums, name, USED))
        if last is None or stage == "metal":
            last = {"stage": stage, **sums.iloc[-1].to_dict(), "unit": unit_of(plan.case, kind)}
    return told_chart(
        say,
        "capacity",
        charts.capacity(pd.concat(built), pd.concat(used), CAPACITY),
        CAPACITY,
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


class People(DeclaredTable):
    """A row a team."""

    source = "tables/training.csv: intake, new_seats; tables/workforce.csv, weighted by probability: hired"
    folded = True
    sum_row = "All"

    country = text()
    skill = text()
    intake = persons("trainees", "persons")
    new_seats = persons("new seats", "persons/y")
    hired = persons("hires", "persons")
    years = text()


def people(plan: Plan) -> ReportTable | None:
    """Training and hiring by country and skill."""
    rows = people_decisions(plan)
    if rows.empty:
        return None
    frame = names_of(plan.case).told(rows).assign(years=_years(rows))
    return People.over(
        frame,
        title=say("people_title", intake=rows["intake"].sum(), hired=rows["hired"].sum()),
        note=say("people"),
    )


def _years(rows: pd.DataFrame) -> list[str]:
    """The first year of each row to its last."""
    return list(map(span, rows["first"], rows["last"]))
