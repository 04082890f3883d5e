"""What could be wrong? Unsure inputs, claims that were tested, slips, and what the model leaves out."""

from __future__ import annotations

import pandas as pd

from planner.reporting.chapters import why_tables
from planner.reporting.charts import risk as charts
from planner.reporting.parts import SHEET, Chapter, Chart, Part, ReportTable, Text, figures, text
from planner.reporting.run_view import RunView
from planner.reporting.words.sentences import Passages
from planner.results.decision import Decision
from planner.results.explanation import EXPLANATION, leading
from planner.results.figures.decision import decided, hurtful, planned_execution, tornado

say = Passages("doubts.j2")
MOST_INPUTS = 12
INFLUENCES = f"{EXPLANATION}: influences"
EXECUTION = f"{EXPLANATION}: decision, execution"


def chapter(run: RunView) -> Chapter | None:
    """What moves the answer, what goes wrong on the way, and what is not looked at."""
    parts: list[Part | None] = [tornado_chart(run)]
    found = decided(run)
    if run.found is not None:
        parts += [why_tables.verdict_table(run.found), why_tables.assumptions(run.found)]
    if found is not None and found.execution:
        parts.append(execution(run, found))
    parts.append(
        Text(say.lines("left_out", run=run), title="What the model leaves out", listed=True)
    )
    return Chapter(
        anchor="doubts",
        title="What could be wrong?",
        lead=lead(run),
        parts=[part for part in parts if part is not None],
    )


def lead(run: RunView) -> str:
    """The input that moves the result most, and the claims that are inconclusive."""
    found = run.found
    leaning = leading(found.influences, found.own.objective) if found is not None else []
    verdicts = found.verdicts if found is not None else ()
    undecided = [v for v in verdicts if v.turns_on]
    return say(
        "lead",
        leaning=leaning[:1],
        own=found.own.objective if found is not None else None,
        goal=found.goal if found is not None else "",
        asked=found is not None,
        undecided=undecided,
        verdicts=verdicts,
        drawn=len(run.weights) if run.case.tables.draws else 0,
    )


def tornado_chart(run: RunView) -> Chart | None:
    """Change of the objective with each unsure input at the ends of its range."""
    found = run.found
    if found is None or not found.influences:
        return None
    frame = tornado(found.influences[:MOST_INPUTS], found.own.objective)
    if frame.empty:
        return None
    first = found.influences[0]
    what = "risk-adjusted cost" if found.goal == "welfare" else "least risk"
    return Chart(
        name="tornado",
        title=say("tornado_title", first=first, what=what),
        caption=say("tornado", own=found.own.objective, what=what),
        spec=charts.tornado(frame, f"change of {what}, MUSD", INFLUENCES),
        source=INFLUENCES,
    )


def execution(run: RunView, found: Decision) -> ReportTable:
    """What a slip, a late permit or an overrun does."""
    rows = []
    for row in found.execution:
        names = [run.names.project(project) for project in row.projects]
        rows.append(
            {
                "what": say("slip", key=row.key, projects=names),
                "held_risk": row.held_risk,
                "held_cost": row.held_cost,
                "risk": row.risk,
                "cost": row.cost,
                "plants": "; ".join(map(run.names.placed, row.projects)),
            }
        )
    planned, hurt = planned_execution(found), hurtful(found)
    late = next((row for row in hurt if row.key == "late"), None)
    return ReportTable(
        title=say("slips_title", planned=planned, late=late),
        columns=[
            text("what", "what goes wrong"),
            figures("held_risk", "risk, decisions fixed", "MUSD"),
            figures("held_cost", "cost, decisions fixed", "MUSD"),
            figures("risk", "risk, re-optimised", "MUSD"),
            figures("cost", "cost, re-optimised", "MUSD"),
            text("plants", only=SHEET),
        ],
        frame=pd.DataFrame(rows),
        note=say("slips_note"),
        source=EXECUTION,
        sheet="execution",
        meaning="what a year's slip, late permits and a cost overrun do",
    )
