"""What else could be done, and what waiting costs: alternatives in one table, the efficient frontier, near-optimal plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from planner.reporting.chapters.levers import OBJECTIVES, claim_statements
from planner.reporting.charts.frontier import FrontierPoints, Mark
from planner.reporting.charts.frontier import frontier as draw_frontier
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    Part,
    ReportTable,
    Statement,
    TableRow,
    Text,
    changed,
    figures,
    in_musd,
    reworded,
    several,
    text,
    told_chart,
    whole,
)
from planner.reporting.words.names import Names, names_of
from planner.reporting.words.sentences import Passages
from planner.results.decision import NamedPlan
from planner.results.explanation import EXPLANATION, AlternativePlan, Explanation, Range
from planner.results.figures.decision import recourse
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.plants import counted
from planner.results.plan import Plan

say = Passages("alternatives.j2")
TITLE = "Alternatives and the price of waiting"
FRONTIER = f"{EXPLANATION}: frontier"


def chapter(plan: Plan) -> Chapter | None:
    """The alternatives, statements, then every table behind a heading; the command that asks where nothing was asked."""
    found = plan.explanation
    if found is None:
        return Chapter.of("alternatives", TITLE, [], lead=say("not_asked"))
    words = [f"{one.about}. {one.sentence}" for one in information(found)]
    parts: list[Part | None] = [
        alternatives(plan, found),
        frontier_chart(found),
        Text(words, source=f"{EXPLANATION}: knowledge, alternatives") if words else None,
        ranges(found, names_of(plan.case)) if found.ranges else None,
    ]
    lead = say("lead", run=plan, own=found.own, later=found.alternative("later"))
    return Chapter.of("alternatives", TITLE, parts, lead=lead)


# ---- in sentences ---------------------------------------------------------------------------------------------------


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that the screen says below the alternatives."""
    return [*claim_statements(found), *information(found), *_musts(found, names)]


def information(found: Explanation) -> list[Statement]:
    """The value of information: by the objective; and by the plan that answers, where that saves a hundredth or more."""
    both = recourse(found)
    words = say(
        "information",
        found=found,
        told=both is not None and both.saves,
        same=both is not None and both.same_risk,
        once=both.committed if both is not None else None,
        later=both.answering if both is not None else None,
    )
    return [Statement("Information", words)] if words else []


def _musts(found: Explanation, names: Names) -> list[Statement]:
    projects = [row for row in found.ranges if row.kind == "project"]
    if not projects:
        return []
    often = Counter(row.word for row in projects)
    musts = [row for row in projects if row.word == "must"]
    words = say(
        "contained",
        found=found,
        names=names,
        once=found.alternative("committed") is None,
        musts=[row.key for row in musts],
        capital=sum(row.capital for row in musts),
        may=len(projects) - often["must"] - often["never"],
        never=often["never"],
    )
    return [Statement("Robust core", words, f"{EXPLANATION}: near_optimal")]


# ---- alternatives ---------------------------------------------------------------------------------------------------


class Alternatives(DeclaredTable):
    """A row an alternative."""

    source = f"{EXPLANATION}: alternatives"
    stacked = True
    sheet = "alternatives"
    meaning = "what could be done in place of the plan, each solved by itself, in-sample"

    name = text("alternative")
    cost_beyond = figures("cost", "MUSD beyond no plan")
    expected_loss = in_musd("expected loss")
    cvar = in_musd("mean of the worst cases")
    risk = in_musd("risk")
    fresh = in_musd("risk, new scenarios")
    public = figures("public money", "MUSD, paid out")
    plants = whole("plants")
    measures = whole("savings measures")
    objective = in_musd("", only=SHEET)
    change = changed("change", "MUSD", only=SHEET)
    changes = several("as it is asked")


def alternatives(plan: Plan, found: Explanation) -> ReportTable:
    """What could be done in place of the plan, the plan last."""
    rows = [_row(plan, found, one) for one in found.alternatives]
    left_out = []
    if not any(row["measures"] for row in rows):
        left_out.append("measures")
    if all(row["fresh"] is None for row in rows):
        left_out.append("fresh")
    words = {"objective": {"title": OBJECTIVES[found.goal]}}
    return Alternatives.from_rows(
        rows,
        reworded(Alternatives.all(*left_out), words),
        title=say("alternatives_title", alternatives=len(rows) - 1),
        note=say("alternatives_note", goal=found.goal, alternatives=found.alternatives),
    )


def _row(plan: Plan, found: Explanation, one: AlternativePlan) -> TableRow:
    begun = counted(plan, one.builds)
    return vars(one) | {
        "name": alternative_name(one, names_of(plan.case)),
        "fresh": _fresh(plan, one.key),
        "plants": float(begun.plants),
        "measures": float(begun.measures),
        "change": one.objective - found.own.objective,
    }


def alternative_name(one: AlternativePlan, names: Names) -> str:
    """An alternative in words, those of the case for its stages."""
    return say("alternative_name", one=one, own_stages=names.own_stages)


def _fresh(plan: Plan, key: str) -> float | None:
    """Risk out of sample, of the plan and of no plan, where the run was evaluated."""
    whose = {"plan": "plan", "nothing": "without_plan"}.get(key)
    fresh = out_of_sample(plan, whose=whose) if whose is not None else None
    return None if fresh is None else fresh.value


# ---- frontier, near-optimal plans, information -------------------------------------------------------------------------


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


class Ranges(DeclaredTable):
    """A row a project or country."""

    title = "Near-optimal plans: built in every one, in some, in none"
    source = f"{EXPLANATION}: near_optimal"
    folded = True
    sheet = "near optimal"
    meaning = "least and most over all near-optimal plans; built in every one, in some, in none"

    name = text("project or country")
    of = text()
    word = text("built")
    least = figures("least")
    most = figures("most")
    limit = figures("could be built")
    planned = figures("in this plan")
    capital = in_musd("its capital")


CORE = {"must": "in every plan", "may": "in some", "never": "in none"}
RANGED = {"project": "new capacity, t/y", "country": "capital, MUSD"}


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all near-optimal plans, the robust core first."""
    order = [*CORE]

    def place(row: Range) -> tuple[int, int, str]:
        core = order.index(row.word) if row.word in CORE else len(CORE)
        return -len(row.kind), core, row.key

    namers: dict[str, Callable[[str], str]] = {"project": names.placed, "country": names.country}
    rows = []
    for row in sorted(found.ranges, key=place):
        name = namers[row.kind](row.key)
        word = CORE.get(row.word, row.word)
        rows.append(vars(row) | {"name": name, "of": RANGED[row.kind], "word": word})
    return Ranges.from_rows(rows, note=say("ranges", near=found.near_optimal))
