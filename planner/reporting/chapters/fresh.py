"""The plan in fresh scenarios: its figures between two bounds."""

from __future__ import annotations

from planner.reporting.parts import DeclaredTable, ReportTable, TableRow, in_musd, text
from planner.reporting.words.numbers import NOTHING, number
from planner.reporting.words.sentences import Passages
from planner.results.evaluation import Estimate
from planner.results.figures.evaluated import FreshFigure, in_fresh_scenarios
from planner.results.plan import Plan

say = Passages("fresh.j2")
EVALUATED = "evaluation.json: plan, without_plan, difference"
HEADINGS = {
    "risk_musd": "Risk",
    "expected_loss_musd": "Expected loss",
    "cvar_musd": "Mean loss of the tail",
}


class FreshFigures(DeclaredTable):
    """A row a figure, first of the policy that can be carried out, then with each scenario known."""

    source = EVALUATED
    stacked = True

    figure = text()
    known = text("what operations know")
    plan = in_musd("with the plan")
    plan_interval = text("95 %")
    without = in_musd("without a plan")
    without_interval = text("95 %, without a plan")
    reduction = in_musd("reduction")
    reduction_interval = text("95 %, of the reduction")


def bounds_table(plan: Plan) -> ReportTable | None:
    """The figures in fresh scenarios between two bounds; None if the plan was not evaluated in any."""
    figures = in_fresh_scenarios(plan)
    if not figures:
        return None
    return FreshFigures.from_rows(
        [_row(one) for one in figures],
        title=say(
            "bounds_title",
            evaluation=plan.evaluation,
            expected=figures[0],
            worst=figures[1],
            tail=1 - plan.case.model.objective.tail,
        ),
        note=say("bounds_note", evaluation=plan.evaluation, figures=figures),
    )


def _row(one: FreshFigure) -> TableRow:
    row: TableRow = {"figure": HEADINGS[one.figure], "known": say("known", way=one.way)}
    values = {"plan": one.plan, "without": one.without, "reduction": one.reduction}
    for field, of in values.items():
        row[field] = of.value
        row[f"{field}_interval"] = _interval(of)
    return row


def _interval(of: Estimate) -> str:
    if of.low is None or of.high is None:
        return NOTHING
    return f"{number(of.low)} to {number(of.high)}"
