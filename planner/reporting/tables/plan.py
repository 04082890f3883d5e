"""Tables of the decision: what is built, who is trained, what stock is bought."""

from __future__ import annotations

from typing import Any

from planner.reporting.values.decision import decided
from planner.reporting.values.page_parts import AMOUNT, SHARE, YEAR, Column, ReportTable, texts
from planner.reporting.values.plan import decisions, everywhere, people_decisions, purchases
from planner.reporting.values.view import EXPECTED, RunView, rows_of, table_rows
from planner.reporting.values.wording import NOTHING, SLIGHT, STAGES, count, midway, number, span, worded

TIED = 1e-5
"""Share of cost plus risk up to which a project is worth nothing: the plan without it is as good."""


def investments(run: RunView) -> ReportTable:
    """What is committed, where, when, for how much."""
    rows = decisions(run)
    partly, spread = not everywhere(rows), _spread(run)
    columns = [
        *texts("project", "country", "stage"),
        Column("committed", form=YEAR),
        Column("capacity", "t/y"),
        Column("share of possible", form=SHARE),
        Column("capital", "MUSD", summed=not partly),
        Column("public part", "MUSD", summed=not partly),
        Column("first output", form=YEAR),
        *(texts("in equally good plans, t/y") if spread else []),
        *([Column("probability", form=SHARE), Column("capital, expected", "MUSD", summed=True)] if partly else []),
        *(texts("in futures") if partly else []),
    ]
    cells = [
        [
            *(r.name, r.place, STAGES.get(r.stage, r.stage), r.year, r.tpa),
            round(r.tpa / run.case.projects[r.project].max_new_tpa, 4),
            *(r.capex_musd, r.public_musd, r.first_output),
            *([spread.get(r.project, "the same")] if spread else []),
            *([r.probability, r.capex_musd * r.probability, run.names.who(r.scenarios)] if partly else []),
        ]
        for r in rows_of(rows)
    ]
    return ReportTable(
        "Plants to commit",
        columns,
        cells,
        total="All",
        note=worded("tables.j2", "plants"),
        source=table_rows("investments") + "; first output: year plus lead_time_years of inputs/projects.csv",
        sheet="plants",
        meaning="what is committed where, when and for how much",
    )


def _spread(run: RunView) -> dict[str, str]:
    """Project -> how much of it plans that are as good have, where that differs, or whether one as good does without
    it, where no more was asked; empty if nothing was."""
    found, asked = run.found, decided(run)
    if found is not None and found.alternatives is None and asked is not None and found.goal == "welfare":
        line = TIED * found.own.objective
        return {r.project: "needed" if r.worth > line else "one of several: none" for r in asked.merit}
    return {
        r.key: f"one of several: {number(r.least)} to {number(r.most)}"
        for r in (found.ranges if found is not None else ())
        if r.kind == "project" and r.most - r.least > 0.01 * (r.limit or r.most)
    }


def people(run: RunView) -> ReportTable | None:
    """Training and hiring decisions by country and skill."""
    rows = people_decisions(run)
    if rows.empty:
        return None
    amounts = ["intake", "new_seats", "hired"]
    slight = rows[amounts].max(axis=1) < SLIGHT
    cells: list[list[Any]] = [
        [run.names.country(r.country), run.names.skill(r.skill), r.intake, r.new_seats, r.hired, span(r.first, r.last)]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        kept = [float(few[c].sum()) for c in amounts]
        cells.append([count(len(few), "other team"), "", *kept, span(few["first"].min(), few["last"].max())])
    sums = {c: float(rows[c].sum()) for c in amounts}
    return ReportTable(
        worded("tables.j2", "people_title", **sums),
        [
            *texts("country", "skill"),
            Column("trainees", "persons", form=AMOUNT, summed=True),
            Column("new seats", "persons/y", form=AMOUNT, summed=True),
            Column("hires", "persons", form=AMOUNT, summed=True),
            Column("years"),
        ],
        cells,
        total="All",
        folded=True,
        note=worded("tables.j2", "people", slight=SLIGHT),
        source=f"{table_rows('training')}: intake, new_seats; {table_rows('workforce', EXPECTED)}: hired",
    )


def stocks(run: RunView) -> ReportTable | None:
    """Stock purchases by country, element and form."""
    rows = purchases(run)
    if rows.empty:
        return None
    every = len(run.weights)
    partly = bool((rows["scenarios"] < every).any())
    slight = rows["bought_t"] < SLIGHT
    cells: list[list[Any]] = [
        [
            *(run.names.element(r.element), r.form, run.names.country(r.country), r.bought_t),
            *(
                ["all" if r.scenarios == every else f"{r.scenarios} of {every}", r.bought_t / r.probability]
                if partly
                else []
            ),
            span(r.first, r.last),
        ]
        for r in rows_of(rows[~slight])
    ]
    if slight.any():
        few = rows[slight]
        rest = ["others", "", "", float(few["bought_t"].sum()), *([NOTHING, NOTHING] if partly else [])]
        cells.append([*rest, span(few["first"].min(), few["last"].max())])
    by_element = rows.groupby("element")["bought_t"].sum()
    goods = [f"{midway(run.names.element(str(e)))} {number(float(t))} t" for e, t in by_element.items()]
    return ReportTable(
        worded("tables.j2", "stocks_title", goods=goods),
        [
            *texts("element", "form", "country"),
            Column("bought, expected", "t", form=AMOUNT),
            *([Column("bought in", "futures"), Column("expected over those", "t")] if partly else []),
            Column("years"),
        ],
        cells,
        folded=True,
        note=worded("tables.j2", "stocks", partly=partly),
        source=table_rows("stocks", EXPECTED) + ": bought_t",
    )
