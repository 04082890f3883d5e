"""How sure is that? Ranges of the risk on one scale, the facts that would change the plan most, what the model leaves out."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    Text,
    several,
    text,
    told_chart,
)
from planner.reporting.words.numbers import BILLION, signed
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION, Influence
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.recommended import risk_ranges
from planner.results.plan import Plan

say = Passages("sure.j2")
MOST_FACTS = 2
RANGES = "evaluation.json: plan, ranges, optimality_gap"


def chapter(plan: Plan) -> Chapter | None:
    """Ranges, facts, and what is not looked at."""
    left_out = Text(say.lines("left_out", run=plan), title="What the model leaves out", listed=True)
    parts = [ranges_chart(plan), facts(plan), left_out]
    return Chapter.of("sure", "How sure", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """What was tried, or the command that tries it."""
    found = plan.explanation
    return say(
        "lead",
        evaluated=out_of_sample(plan) is not None,
        tried=found is not None and bool(found.influences),
        drawn=len(plan.weights) if plan.case.tables.draws else 0,
    )


def ranges_chart(plan: Plan) -> Chart | None:
    """How far the risk with the plan may be off, each cause by itself; None without an evaluation."""
    ranges, risk = risk_ranges(plan), out_of_sample(plan)
    if risk is None or not ranges:
        return None
    most = max(one.high for one in ranges)
    unit, per = ("bn USD", 1000.0) if most >= BILLION else ("MUSD", 1.0)
    rows = []
    for one in ranges:
        about = say("range", about=one.about)
        for end in (one.low, one.high):
            moved = "higher" if end > risk.value else "lower"
            rows.append({"about": about, "end": moved, "risk": risk.value / per, "to": end / per})
    title = f"risk with the plan, {unit}"
    spec = shapes.around(
        pd.DataFrame(rows),
        style.across_amounts("risk", title, tickCount=6),
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


class FactsToSettle(DeclaredTable):
    """A row a doubtful figure."""

    title = "The facts that would change the result most"
    source = f"{EXPLANATION}: influences; inputs/uncertainties.csv"
    stacked = True

    input = text("fact")
    ask = text("whom to ask")
    why = text("what is known")
    changes = several("what each answer changes")


def facts(plan: Plan) -> ReportTable | None:
    """The doubtful figures that move the result most, whom to ask, and what each answer changes."""
    found = plan.explanation
    if found is None or not found.influences:
        return None
    own = found.values.everything
    names = {value.key: value.name for value in found.values.levers}
    rows = []
    for one in found.influences[:MOST_FACTS]:
        changes = [
            say("answer", tried=tried, by=signed(tried.objective - own)) for tried in one.tried
        ]
        if one.decides:
            changes.append(say("decides", levers=[names[key] for key in one.decides]))
        rows.append(vars(one) | {"ask": _whom_to_ask(plan, one), "changes": changes})
    return FactsToSettle.from_rows(rows, note=say("facts", own=own, goal=found.goal))


def _whom_to_ask(plan: Plan, one: Influence) -> str:
    """Who knows more of a doubtful figure, where the case says so."""
    for row in plan.case.tables.uncertainties:
        if row.name == one.input and row.ask:
            return row.ask
    return ""
