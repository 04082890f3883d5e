"""Tables of plants and people: all tables with a row a plant show columns of `PLANTS`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.reporting.parts import (
    SHEET,
    ReportTable,
    changed,
    figures,
    per_cent,
    persons,
    several,
    text,
    total,
    whole,
)
from planner.reporting.words.names import begun, names_of
from planner.reporting.words.numbers import kinds, listed, number, percent, span
from planner.results.figures.people_and_stock import people_decisions
from planner.results.figures.plants import are_measures, counted, decisions
from planner.results.figures.recommended import payers_of_plants, recommended
from planner.results.plan import Plan
from planner.results.reader import rows_of

RARELY = 0.1
"""Share of the usable capacity below which a plant is named as rarely used."""
CORE = {"must": "in every plan", "may": "in some", "never": "in none"}
"""How often a plant stands in the near-optimal plans, in words."""


PLANTS = ReportTable(
    source="tables/investments.csv; inputs/owners.csv; tables/spending.csv: who pays for such plants there; tables/capacity.csv, "
    "weighted by probability: first year of output, throughput_t over usable_tpa",
    sum_row="All",
    columns=[
        text("project", "plant or measure"),
        text("country", only=SHEET),
        text("owner", "owner, state"),
        text("stage"),
        text("years", "committed"),
        figures("tpa", "new capacity", "t/y"),
        changed("grown", "change", "t/y"),
        per_cent("of_possible", "share of possible"),
        total("capex_musd", "capital", "MUSD"),
        total("public_musd", "public part", "MUSD"),
        several("payer", "paid by", "public part, MUSD"),
        whole("planned", "first output", "by lead time"),
        whole("expected", "first output", "with delays"),
        per_cent("calm", "runs", "of usable capacity, undisturbed"),
        per_cent("cuts", "runs", "of usable capacity, in other years"),
        text("core", "built", "in near-optimal plans"),
    ],
)
"""A row a plant or measure that is built."""


ALL = (
    *("project", "country", "owner", "stage", "years", "tpa", "of_possible"),
    *("capex_musd", "public_musd", "payer", "planned", "expected", "calm", "cuts", "core"),
)
"""Columns of the table of everything that is built."""


def left_out(plan: Plan, shown: tuple[str, ...]) -> set[str]:
    """The columns but some that are shown, and those of which the plan says nothing."""
    fields = {column.field for column in PLANTS.columns} - set(shown)
    if not plan.case.tables.owners:
        fields.add("owner")
    if not _core(plan):
        fields.add("core")
    return fields


@kept
def named(plan: Plan) -> pd.DataFrame:
    """The rows of `recommended` in words, with all that the case and the answers of the run say of a plant."""
    rows = recommended(plan)
    names, case = names_of(plan.case), plan.case
    saves = are_measures(plan, rows["project"])
    users = dict.fromkeys(rows.loc[saves, "project"], "its users")
    owners = users | owners_of(plan)
    built_in = _core(plan)
    pays = pd.Series([payments(plan, row) for row in rows_of(rows)], dtype=object)
    projects = rows["project"]
    return names.told(rows).assign(
        project=projects.map(names.placed),
        stage=projects.map(names.kind),
        owner=[owners.get(project, "") for project in projects],
        pays=pays,
        payer=pays.map(paid_by),
        years=projects.map(_committed(plan)),
        of_possible=rows["tpa"] / [case.projects[project].max_new_tpa for project in projects],
        expected=rows["expected"].round(),
        late=rows["late"].mask((rows["late"] == 0) & saves),
        core=[built_in.get(project, "") for project in projects],
    )


def payments(plan: Plan, row: Any) -> pd.Series[float]:
    """Party -> what it pays of the public part of a plant (MUSD), as of all such plants there."""
    rows = payers_of_plants(plan)
    own = rows[(rows["country"] == row.country) & (rows["stage"] == row.stage)]
    party = own["funder"].map(names_of(plan.case).party)
    shares: pd.Series[float] = own["share"].groupby(party, sort=False).sum()
    return shares * float(row.public_musd)


def paid_by(musd: Any) -> list[str]:
    """'Japan 1.20': who pays, and how much (MUSD)."""
    return [f"{name} {number(amount)}" for name, amount in musd.items()]


def owners_of(plan: Plan) -> dict[str, str]:
    """Plant -> its owner, and how far the plant is."""
    return {row.project: f"{row.owner} ({row.status})" for row in plan.case.tables.owners}


def _core(plan: Plan) -> dict[str, str]:
    """Plant -> how often it stands in the near-optimal plans, where that was asked."""
    ranges = plan.explanation.ranges if plan.explanation is not None else []
    return {row.project: CORE.get(row.word, row.word) for row in ranges}


def _committed(plan: Plan) -> dict[str, str]:
    """Plant -> the years of its commitments, each with its scenarios where it does not hold in all."""
    told: dict[str, str] = {}
    for row in rows_of(decisions(plan)):
        words = str(row.year)
        if row.scenarios != "all":
            words += f" ({percent(row.probability)}: {names_of(plan.case).who(row.scenarios)})"
        told[row.project] = f"{told[row.project]}, {words}" if row.project in told else words
    return told


def investments(plan: Plan) -> ReportTable | None:
    """Everything that is built, the most capital first; None where nothing is."""
    rows = named(plan)
    if rows.empty:
        return None
    return PLANTS.over(
        rows,
        left_out(plan, ALL),
        title=f"{begun(kinds(counted(plan, recommended(plan)['project'])))} to be built",
        note=_few_hours(rows),
        sheet="plants",
        meaning="what is committed where, when and for how much, whose it is and how much it runs",
    )


def _few_hours(rows: pd.DataFrame) -> str:
    """The plants that use little of their capacity."""
    idle = rows[(rows["calm"] < RARELY) & (rows["cuts"] < RARELY)]["project"]
    return (
        f"Use less than {percent(RARELY)} of their capacity: {listed(idle)}." if len(idle) else ""
    )


PEOPLE = ReportTable(
    source="tables/training.csv: intake, new_seats; tables/workforce.csv, weighted by probability: hired",
    sum_row="All",
    columns=[
        text("country"),
        text("skill"),
        persons("intake", "trainees", "persons"),
        persons("new_seats", "new seats", "persons/y"),
        persons("hired", "hires", "persons"),
        text("years"),
    ],
)
"""A row a team."""


def people(plan: Plan) -> ReportTable | None:
    """Training and hiring by country and skill."""
    rows = people_decisions(plan)
    if rows.empty:
        return None
    frame = names_of(plan.case).told(rows)
    return PEOPLE.over(
        frame.assign(years=list(map(span, rows["first"], rows["last"]))),
        title=f"{number(rows['intake'].sum())} trainees and {number(rows['hired'].sum())} hires",
        note="Expected over all years, full-time equivalents.",
        sheet="people",
        meaning="trainees, new seats and hires by country and skill",
    )
