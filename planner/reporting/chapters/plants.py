"""Plants, people and stock: every commitment, who is trained and hired, what is bought."""

from __future__ import annotations

import pandas as pd

from planner.reporting.parts import (
    Chapter,
    Column,
    Part,
    ReportTable,
    Text,
    amounts,
    figures,
    share,
    text,
    total,
    year,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.names import STAGES, midway
from planner.reporting.words.numbers import NOTHING, SLIGHT, count, number, span
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import decided
from planner.results.figures.people_and_stock import people_decisions, purchases
from planner.results.figures.plants import decisions, everywhere
from planner.results.figures.run import rows_of

say = Passages("plants.j2")
TIED = 1e-5
"""Share of cost plus risk up to which a project is worth nothing: the plan without it is as good."""
WIDE_RANGE = 0.01
"""Part of what could be built by which equally good plans differ, from which it is told."""


def chapter(run: RunView) -> Chapter | None:
    """The three tables."""
    parts: list[Part | None] = [
        investments(run) if len(run.tables["investments"]) else Text(["No new plant."]),
        people(run),
        stocks(run),
    ]
    kept = [part for part in parts if part is not None]
    return Chapter(anchor="plan", title="Plants, people and stock", parts=kept, behind=True)


def investments(run: RunView) -> ReportTable:
    """Every commitment: where, when, for how much."""
    rows, spread = decisions(run), _spread(run)
    whole = everywhere(rows)
    frame = pd.DataFrame(
        {
            "name": rows["project"].map(run.names.project),
            "place": rows["country"].map(run.names.country),
            "stage_name": rows["stage"].map(STAGES),
            "year": rows["year"],
            "tpa": rows["tpa"],
            "of_possible": [
                round(r.tpa / run.case.projects[r.project].max_new_tpa, 4) for r in rows_of(rows)
            ],
            "capex": rows["capex_musd"],
            "public": rows["public_musd"],
            "first_output": rows["first_output"],
            "spread": [spread.get(project, "the same") for project in rows["project"]],
            "probability": rows["probability"],
            "expected": rows["capex_musd"] * rows["probability"],
            "who": rows["scenarios"].map(run.names.who),
        }
    )
    columns: list[Column] = [
        text("name", "project"),
        text("place", "country"),
        text("stage_name", "stage"),
        year("year", "committed"),
        figures("tpa", "capacity", "t/y"),
        share("of_possible", "share of possible"),
        figures("capex", "capital", "MUSD", summed=whole),
        figures("public", "public part", "MUSD", summed=whole),
        year("first_output", "first output"),
    ]
    if spread:
        columns.append(text("spread", "in equally good plans, t/y"))
    if not whole:
        columns += [
            share("probability", "probability"),
            figures("expected", "capital, expected", "MUSD", summed=True),
            text("who", "in scenarios"),
        ]
    return ReportTable(
        title="Plants to commit",
        columns=columns,
        frame=frame,
        note=say("investments"),
        source="tables/investments.csv; first output: year plus lead_time_years of inputs/projects.csv",
        sum_row="All",
        sheet="plants",
        meaning="what is committed where, when and for how much",
    )


def _spread(run: RunView) -> dict[str, str]:
    """Project -> how much of it plans that are as good have, where that differs, or whether one as good does without
    it, where no more was asked; empty if nothing was."""
    found, asked = run.found, decided(run)
    if found is None:
        return {}
    if found.alternatives is None and asked is not None and found.goal == "welfare":
        line = TIED * found.own.objective
        words = {}
        for row in asked.merit:
            words[row.project] = "needed" if row.worth > line else "one of several: none"
        return words
    words = {}
    for of in found.ranges:
        if of.kind == "project" and of.most - of.least > WIDE_RANGE * (of.limit or of.most):
            words[of.key] = f"one of several: {number(of.least)} to {number(of.most)}"
    return words


def people(run: RunView) -> ReportTable | None:
    """Training and hiring by country and skill."""
    rows = people_decisions(run)
    if rows.empty:
        return None
    amounts = ["intake", "new_seats", "hired"]
    slight = rows[amounts].max(axis=1) < SLIGHT
    cells = []
    for row in rows_of(rows[~slight]):
        place, skill = run.names.country(row.country), run.names.skill(row.skill)
        years = span(row.first, row.last)
        cells.append((place, skill, row.intake, row.new_seats, row.hired, years))
    if slight.any():
        few = rows[slight]
        sums = [float(few[column].sum()) for column in amounts]
        years = span(few["first"].min(), few["last"].max())
        cells.append((count(len(few), "other team"), "", sums[0], sums[1], sums[2], years))
    trainees, hires = float(rows["intake"].sum()), float(rows["hired"].sum())
    return ReportTable(
        title=say("people_title", intake=trainees, hired=hires),
        columns=[
            text("country"),
            text("skill"),
            total("intake", "trainees", "persons"),
            total("new_seats", "new seats", "persons/y"),
            total("hired", "hires", "persons"),
            text("years"),
        ],
        frame=pd.DataFrame(cells, columns=["country", "skill", *amounts, "years"]),
        note=say("people", slight=SLIGHT),
        source="tables/training.csv: intake, new_seats; tables/workforce.csv, weighted by probability: hired",
        folded=True,
        sum_row="All",
    )


def stocks(run: RunView) -> ReportTable | None:
    """Stock purchases by country, element and form."""
    rows, every = purchases(run), len(run.weights)
    if rows.empty:
        return None
    slight = rows["bought_t"] < SLIGHT
    cells: list[dict[str, object]] = []
    for row in rows_of(rows[~slight]):
        everywhere_bought = row.scenarios == every
        cells.append(
            {
                "element": run.names.element(row.element),
                "form": row.form,
                "country": run.names.country(row.country),
                "bought": row.bought_t,
                "scenarios": "all" if everywhere_bought else f"{row.scenarios} of {every}",
                "there": row.bought_t / row.probability,
                "years": span(row.first, row.last),
            }
        )
    if slight.any():
        few = rows[slight]
        cells.append(
            {
                "element": "others",
                "form": "",
                "country": "",
                "bought": float(few["bought_t"].sum()),
                "scenarios": NOTHING,
                "there": None,
                "years": span(few["first"].min(), few["last"].max()),
            }
        )
    partly = bool((rows["scenarios"] < every).any())
    columns: list[Column] = [
        text("element"),
        text("form"),
        text("country"),
        amounts("bought", "bought, expected", "t"),
    ]
    if partly:
        columns.append(text("scenarios", "bought in", unit="scenarios"))
        columns.append(figures("there", "expected over those", "t"))
    columns.append(text("years"))
    goods = []
    for element, tonnes in rows.groupby("element")["bought_t"].sum().items():
        goods.append(f"{midway(run.names.element(str(element)))} {number(float(tonnes))} t")
    return ReportTable(
        title=say("stocks_title", goods=goods),
        columns=columns,
        frame=pd.DataFrame(cells),
        note=say("stocks", partly=partly),
        source="tables/stocks.csv, weighted by probability: bought_t",
        folded=True,
    )
