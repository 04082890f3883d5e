"""How sure is that? Ranges of the risk on one scale, the facts that would change the plan most, what the model leaves out."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    TableRow,
    Text,
    several,
    text,
    told_chart,
)
from planner.reporting.words.numbers import signed, unit_of_money
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import doing_nothing
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.recommended import cost_beyond, risk_ranges
from planner.results.plan import Plan

say = Passages("sure.j2")
RANGES = "evaluation.json: plan, ranges, optimality_gap"


def chapter(plan: Plan) -> Chapter | None:
    """A sentence, ranges, facts, and what is not looked at."""
    left_out = Text(say.lines("left_out", run=plan), title="What the model leaves out", listed=True)
    parts = [ranges_chart(plan), facts(plan), left_out]
    return Chapter.of("sure", "How sure", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """How sure it is that the plan pays, and how much risk remains, or the commands that try it."""
    found, ranges = plan.explanation, risk_ranges(plan)
    return say(
        "lead",
        risk=out_of_sample(plan),
        widest=ranges[0] if ranges else None,
        fall=out_of_sample(plan, "expected_loss_musd", "difference"),
        cost=cost_beyond(plan, doing_nothing(plan).get("cost")),
        tried=len(found.influences) if found is not None else 0,
        doubts=len({row.uncertainty for row in plan.case.tables.uncertainties}),
        drawn=len(plan.weights) if plan.case.tables.draws else 0,
    )


def ranges_chart(plan: Plan) -> Chart | None:
    """How far the risk with the plan may be off, each cause by itself; None without an evaluation."""
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
    sheet = "doubts"
    meaning = (
        "doubtful figures, the most influential first, whom to ask, and what each answer changes"
    )

    input = text("fact")
    ask = text("whom to ask")
    why = text("what is known", only=SHEET)
    changes = several("what each answer changes")


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
        untried = {"input": name, "why": doubt.source, "changes": [say("untried")]}
        rows.setdefault(name, untried)["ask"] = doubt.ask
    if not rows:
        return None
    return FactsToSettle.from_rows(list(rows.values()), note=say("facts", found=found))
