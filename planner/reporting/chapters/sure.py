"""How sure is that? Ranges of the risk on one scale, the facts that would change the plan most, what the model leaves out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.data.odds import are_bounded, odds_of
from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    ReportTable,
    TableRow,
    Text,
    per_cent,
    several,
    text,
    told_chart,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import signed, unit_of_money
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.gains import also_built, break_even
from planner.results.figures.plants import in_time
from planner.results.figures.recommended import risk_ranges
from planner.results.plan import Plan

say = Passages("sure.j2")
OBJECTIVES = ("the least risk", "cost plus risk")
"""What questions are about, by whether the goal is welfare."""
RANGES = "evaluation.json: plan, ranges"
TICKS, MOST_NAMED = 6, 3


def chapter(plan: Plan) -> Chapter | None:
    """A sentence, ranges, facts, and what is not looked at."""
    left_out = Text(say.lines("left_out", run=plan), title="What the model leaves out", listed=True)
    parts = [ranges_chart(plan), facts(plan), odds(plan), left_out]
    return Chapter.of("sure", "How sure", parts, lead=lead(plan))


def brief(plan: Plan) -> str:
    """Sentences: the fall of losses within its interval, the risk that remains, the loss per kg from which the plan pays, the
    plants that other plans build too, and the doubts that were tried; or the commands that try it."""
    ranges = risk_ranges(plan)
    return say(
        "brief",
        risk=out_of_sample(plan),
        widest=ranges[0] if ranges else None,
        fall=out_of_sample(plan, "expected_loss_musd", "difference"),
        even=break_even(plan),
        elsewhere=also_built(plan),
        built=in_time(plan).all.plants,
        **_doubts(plan),
    )


def lead(plan: Plan) -> str:
    """The gap to the best plan of other samples, the doubt that moves most, and the commands that try the rest."""
    return say(
        "lead", is_tried=out_of_sample(plan) is not None, gap=sampling_gap(plan), **_doubts(plan)
    )


def _doubts(plan: Plan) -> dict[str, Any]:
    """The number of doubtful figures that there are and that were tried, and those that move the result most."""
    found = plan.explanation
    influences = found.influences if found is not None else []
    return {
        "tried": doubts_tried(plan),
        "doubts": doubts_named(plan),
        "objective": objective(plan),
        "most": influences[0] if influences else None,
        "next_ones": [one.input for one in influences[1:MOST_NAMED]],
        "everything": found.values.everything if found is not None else None,
    }


def doubts_tried(plan: Plan) -> int:
    """The number of doubtful figures that were tried."""
    return 0 if plan.explanation is None else len(plan.explanation.influences)


def doubts_named(plan: Plan) -> int:
    """The number of doubtful figures of the case."""
    return len({row.uncertainty for row in plan.case.tables.uncertainties})


def objective(plan: Plan) -> str:
    """The name of what questions compare."""
    return OBJECTIVES[plan.case.model.objective.goal == "welfare"]


def sampling_gap(plan: Plan) -> dict[str, Any] | None:
    """The optimality gap to the best plans of other samples; None where that was not asked."""
    return (plan.evaluation or {}).get("optimality_gap")


def ranges_chart(plan: Plan) -> Chart | None:
    """The ranges of the risk with the plan, each cause by itself; None without an evaluation."""
    ranges, risk = risk_ranges(plan), out_of_sample(plan)
    if risk is None or not ranges:
        return None
    unit, per = unit_of_money(max(one.high for one in ranges))
    rows = []
    for one in ranges:
        about = say("range", about=one.about)
        for end in (one.low, one.high):
            moved = "higher" if end > risk.value else "lower"
            rows.append({"about": about, "end": moved, "risk": risk.value / per, "to": end / per})
    title = f"blended risk with the plan, {unit}"
    spec = shapes.around(
        pd.DataFrame(rows),
        style.across_amounts("risk", title, tickCount=TICKS).scale(nice=TICKS),
        "to",
        row="about",
        look={"higher": style.MISSING, "lower": style.ACCENT},
        tips={"about": "by", "to": title},
        source=RANGES,
        legend=False,
    )
    futures = (plan.evaluation or {}).get("futures", 0)
    values = {"risk": risk, "widest": ranges[0], "futures": futures}
    return told_chart(say, "ranges", spec, RANGES, **values)


FACTS_TO_SETTLE = ReportTable(
    source=f"{EXPLANATION}: influences; inputs/uncertainties.csv",
    sheet="doubts",
    meaning="doubtful figures, the most influential first, whom to ask, and what each answer changes",
    columns=[
        text("input", "fact"),
        text("ask", "whom to ask"),
        text("why", "what is known", only=SHEET),
        several("changes", "what each answer changes"),
    ],
)
"""A row a doubtful figure."""


def facts(plan: Plan) -> ReportTable | None:
    """Every doubtful figure of the case, those that move the result most first: whom to ask, and what each answer changes."""
    found = plan.explanation
    doubts = {row.name or row.uncertainty: row for row in plan.case.tables.uncertainties}
    rows: dict[str, TableRow] = {}
    if found is not None:
        levers = {value.key: value.name for value in found.values.levers}
        for one in found.influences:
            changes = [
                say("answer", tried=tried, by=signed(tried.objective - found.values.everything))
                for tried in one.tried
            ]
            if one.decides:
                changes.append(say("decides", levers=[levers[key] for key in one.decides]))
            rows[one.input] = {"input": one.input, "why": one.why, "changes": changes}
    for name, doubt in doubts.items():
        untried = {"input": name, "why": doubt.source, "changes": ["not tried"]}
        rows.setdefault(name, untried)["ask"] = doubt.ask
    if not rows:
        return None
    told = {**_doubts(plan), "compared": bool(risk_ranges(plan))}
    title, note = say("facts_title", **told), say("facts", **told)
    return FACTS_TO_SETTLE.over(list(rows.values()), title=title, note=note)


ODDS_OF_STORYLINES = ReportTable(
    source="inputs/scenarios.csv: probability, probability_low, probability_high",
    columns=[
        text("storyline"),
        per_cent("probability"),
        per_cent("low", "at least"),
        per_cent("high", "at most"),
    ],
)
"""A row a storyline."""


def odds(plan: Plan) -> ReportTable | None:
    """A row a storyline, the most probable first; None where there is one alone."""
    found = odds_of(plan.case)
    if len(found) < 2:
        return None
    names = names_of(plan.case)
    rows = []
    most_first = sorted(found.items(), key=lambda item: -item[1].probability)
    for storyline, one in most_first:
        row = {
            "storyline": names.storyline(storyline, one.shares),
            "low": one.low,
            "high": one.high,
        }
        rows.append(row | {"probability": one.probability})
    bounded = are_bounded(plan.case)
    return ODDS_OF_STORYLINES.over(
        rows, () if bounded else ("low", "high"), title=say("odds_title"), note=say("odds")
    )
