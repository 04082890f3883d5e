"""What could be wrong? Unsure inputs, claims that were tested, and what the model leaves out."""

from __future__ import annotations

from planner.reporting.chapters import why
from planner.reporting.charts import shapes, style
from planner.reporting.parts import Chapter, Chart, Part, Text, told_chart
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION, leading
from planner.results.figures.decision import tornado
from planner.results.plan import Plan

say = Passages("doubts.j2")
MOST_INPUTS = 12
INFLUENCES = f"{EXPLANATION}: influences"
DIRECTIONS = {True: "higher", False: "lower"}
LOOK = {"higher": style.MISSING, "lower": style.ACCENT}


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on what moves the answer, and what is not looked at."""
    parts: list[Part | None] = [tornado_chart(plan)]
    if plan.explanation is not None:
        parts.append(why.assumptions(plan.explanation))
    left_out = say.lines("left_out", run=plan)
    parts.append(Text(left_out, title="What the model leaves out", listed=True))
    return Chapter.of("doubts", "What could be wrong?", parts, lead=lead(plan))


def lead(plan: Plan) -> str:
    """The figure that moves the result most, and the levers that are open."""
    drawn = len(plan.weights) if plan.case.tables.draws else 0
    found = plan.explanation
    if found is None:
        return say("lead", tried=False, drawn=drawn, leaning=[], opened=[])
    return say(
        "lead",
        tried=bool(found.influences),
        drawn=drawn,
        own=found.values.everything,
        goal=found.goal,
        leaning=leading(found.influences, found.values.everything)[:1],
        opened=[claim for claim in found.claims if claim.turns_on],
    )


def tornado_chart(plan: Plan) -> Chart | None:
    """Change of the objective with each unsure input at the ends of its range."""
    found = plan.explanation
    if found is None or not found.influences:
        return None
    frame = tornado(found.influences[:MOST_INPUTS], found.values.everything)
    if frame.empty:
        return None
    first = found.influences[0]
    what = "risk-adjusted cost" if found.goal == "welfare" else "least risk"
    title = f"change of {what}, MUSD"
    spec = shapes.around(
        frame.assign(base=0.0, end=frame["change"].gt(0).map(DIRECTIONS)),
        style.across_signed("base", title),
        "change",
        row="input",
        look=LOOK,
        tips={"input": "input", "setting": "at", "change": title},
        source=INFLUENCES,
        legend=False,
    )
    return told_chart(
        say, "tornado", spec, INFLUENCES, first=first, what=what, own=found.values.everything
    )
