"""What else could be done, and what waiting costs: alternatives in one table, the efficient frontier."""

from __future__ import annotations

from functools import partial

from planner.reporting.chapters.levers import claim_statements
from planner.reporting.charts.frontier import FrontierPoints, Mark
from planner.reporting.charts.frontier import frontier as draw_frontier
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    Part,
    ReportTable,
    Statement,
    Text,
    changed,
    several,
    text,
    told_chart,
    whole,
)
from planner.reporting.words.names import Names, names_of
from planner.reporting.words.sentences import Passages
from planner.results.decision import NamedPlan
from planner.results.explanation import EXPLANATION, AlternativePlan, Explanation
from planner.results.figures.decision import cheaper_by_expectation, price_of_waiting
from planner.results.figures.plants import counted
from planner.results.plan import Plan

say = Passages("alternatives.j2")
TITLE = "Alternatives and the price of waiting"
FRONTIER = f"{EXPLANATION}: frontier"


def chapter(plan: Plan) -> Chapter | None:
    """The table of alternatives, the frontier and the value of information; the command that asks where nothing was asked."""
    found = plan.explanation
    if found is None:
        return Chapter.of("alternatives", TITLE, [], lead=say("not_asked"))
    words = [f"{one.about}. {one.sentence}" for one in information(found)]
    parts: list[Part | None] = [
        alternatives(plan, found),
        frontier_chart(found),
        Text(words, source=f"{EXPLANATION}: knowledge") if words else None,
    ]
    called = partial(alternative_name, names=names_of(plan.case))
    lead = say("lead", cheaper=cheaper_by_expectation(found), called=called)
    return Chapter.of("alternatives", TITLE, parts, lead=lead)


def waiting(plan: Plan) -> str:
    """A sentence: by how much cost plus risk rise if the plan begins two years late."""
    of_any_size = plan.case.model.policy.whole_plants
    return say("waiting", price=price_of_waiting(plan), of_any_size=of_any_size)


# ---- in sentences ---------------------------------------------------------------------------------------------------


def explained(found: Explanation) -> list[Statement]:
    """All that the screen says below the alternatives."""
    return [*claim_statements(found), *information(found)]


def information(found: Explanation) -> list[Statement]:
    """The value of perfect information, if it was asked."""
    return [Statement("Information", say("information", found=found))] if found.knowledge else []


# ---- alternatives ---------------------------------------------------------------------------------------------------


ALTERNATIVES = ReportTable(
    source=f"{EXPLANATION}: alternatives",
    sheet="alternatives",
    meaning="what could be done in place of the plan, each solved by itself, as a change",
    columns=[
        text("name", "alternative"),
        changed("cost", unit="MUSD more"),
        changed("expected_loss", "expected loss", "MUSD more"),
        changed("cvar", "worst cases", "MUSD more"),
        changed("risk", "blended risk", "MUSD more"),
        changed("both", "cost plus risk", "MUSD more"),
        changed("public", "public money", "MUSD more"),
        whole("plants"),
        whole("measures"),
        several("changes", "as it is asked", only=SHEET),
    ],
)
"""A row an alternative, by what it has more than the plan."""


MOVED = ("cost", "expected_loss", "cvar", "risk", "public")
"""Figures of which an alternative is told by what it has more."""


def plan_first(found: Explanation) -> list[AlternativePlan]:
    """The alternatives, the plan as recommended first."""
    return sorted(found.alternatives, key=lambda one: one.key != "plan")


def alternatives(plan: Plan, found: Explanation) -> ReportTable:
    """A row an alternative, its figures as changes against the plan, whose own row is the first."""
    rows = []
    shown = [one for one in plan_first(found) if one.key != "staged" or _storylines_act(plan)]
    for one in shown:
        row = {field: getattr(one, field) - getattr(found.own, field) for field in MOVED}
        begun = counted(plan, one.builds)
        row |= {"plants": float(begun.plants), "measures": float(begun.measures)}
        row["both"] = row["cost"] + row["risk"]
        name = alternative_name(one, names_of(plan.case))
        rows.append(row | {"name": name, "changes": one.changes})
    of_any_size = plan.case.model.policy.whole_plants
    left_out = [] if any(row["measures"] for row in rows) else ["measures"]
    return ALTERNATIVES.over(
        rows,
        left_out,
        title="The plan beside what else could be done",
        note=say(
            "alternatives_note",
            goal=found.goal,
            of_any_size=of_any_size,
            targets=bool(plan.case.lookups.targets),
        ),
    )


def _storylines_act(plan: Plan) -> bool:
    """Some shock is of a storyline and not drawn from a hazard: without any, storylines show nothing to be answered."""
    return any(not shock.hazard for shock in plan.case.tables.shocks)


def alternative_name(one: AlternativePlan, names: Names) -> str:
    """An alternative in words, those of the case for its stages."""
    return say("alternative_name", one=one, own_stages=names.own_stages)


# ---- frontier -------------------------------------------------------------------------


def frontier_chart(found: Explanation) -> Chart | None:
    """Least residual risk for each cost, with the named plans; None if it was not asked for."""
    frontier = found.frontier
    if frontier is None:
        return None
    curve = [(corner.cost, corner.risk) for corner in frontier.corners]
    points = FrontierPoints(curve=curve, marks=list(map(_mark, frontier.plans)), source=FRONTIER)
    (idle,) = [plan for plan in frontier.plans if plan.key == "nothing"]
    spec = draw_frontier(points)
    return told_chart(say, "frontier", spec, FRONTIER, idle=idle, gap=frontier.gap)


def _mark(plan: NamedPlan) -> Mark:
    """A named plan of the frontier as its chart takes it."""
    kind = {"chosen": "now", "nothing": "no action"}.get(plan.key, "kept")
    return Mark(say("plan_name", key=plan.key), plan.cost, plan.risk, kind)
