"""What else could be done: alternatives in one table, the value of information, near-optimal plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from planner.reporting.chapters.claims import claim_statements
from planner.reporting.parts import (
    SHEET,
    Chapter,
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
    whole,
)
from planner.reporting.words.names import Names, names_of
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION, AlternativePlan, Explanation, Knowledge, Range
from planner.results.figures.decision import recourse
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.plants import counted
from planner.results.plan import Plan

say = Passages("why.j2")
MOST_SHOWN = 4
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(plan: Plan) -> Chapter | None:
    """The alternatives, statements, then every table behind a heading; None if nothing was asked."""
    found = plan.explanation
    if found is None:
        return None
    words = [f"{one.about}. {one.sentence}" for one in information(found)]
    names = names_of(plan.case)
    parts: list[Part] = [alternatives(plan, found)]
    if words:
        parts.append(Text(words, source=f"{EXPLANATION}: knowledge, alternatives"))
    if found.ranges:
        parts.append(ranges(found, names))
    if found.knowledge is not None:
        parts.append(knowledge(found.knowledge, found.goal, names))
    return Chapter.of("why", "What else could be done?", parts, lead=say("lead", run=plan))


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
    cvar = in_musd("mean of the worst cases", heading="mean loss of the tail (MUSD)")
    risk = in_musd("risk")
    fresh = in_musd("risk, out of sample")
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
        note=say("alternatives_note", goal=found.goal),
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


# ---- doubts, near-optimal plans, information -------------------------------------------------------------------------


class Assumptions(DeclaredTable):
    """A row a value tried of a doubtful figure."""

    title = "Assumptions on which this result depends most"
    source = f"{EXPLANATION}: influences"
    sheet = "assumptions"
    meaning = "doubtful figures moved to the ends of their range, the most influential first"

    input = text("assumption")
    setting = text("tried at")
    objective = in_musd("")
    change = changed("change", "MUSD")
    decides = several("turns the claim on")
    confidence = text()
    changes = several("as it is asked", only=SHEET)
    why = text("why this range", only=SHEET)


def assumptions(found: Explanation) -> ReportTable | None:
    """Doubtful figures at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.values.everything, OBJECTIVES[found.goal]
    names = {value.key: value.name for value in found.values.levers}
    rows = []
    for influence in found.influences:
        told = vars(influence) | {"decides": [names[key] for key in influence.decides]}
        for tried in influence.tried:
            rows.append({**told, **vars(tried), "change": tried.objective - own})
    if not rows:
        return None
    words = {
        "objective": {"title": f"{what} then"},
        "change": {"heading": f"change of the {what} (MUSD)"},
    }
    return Assumptions.from_rows(
        rows,
        reworded(Assumptions.all(), words),
        note=say("assumptions", own=own),
        folded=len(found.influences) > MOST_SHOWN,
    )


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


class Information(DeclaredTable):
    """A row a value of information, or the regret in a scenario."""

    title = "Information and regret"
    source = f"{EXPLANATION}: knowledge"
    folded = True

    what = text("figure")
    with_plan = in_musd("with the plan")
    best = in_musd("at best")
    difference = in_musd("difference")


def knowledge(known: Knowledge, goal: str, names: Names) -> ReportTable:
    """Values of information, and the regret of the plan in each scenario, the largest first."""
    what = OBJECTIVES[goal]
    evpi, vss = "Value of perfect information (EVPI)", "Value of the stochastic solution (VSS)"
    rows = [
        (f"{evpi}, {what}", known.stochastic, known.wait_and_see, known.evpi),
        (f"{vss}, {what}", known.expected_value_plan, known.stochastic, known.vss),
    ]
    for scenario in sorted(known.regret, key=lambda one: (-known.regret[one], one)):
        name = f"Regret: {names.scenario(scenario)}"
        loss = known.loss[scenario]
        least = known.least_loss[scenario]
        rows.append((name, loss, least, known.regret[scenario]))
    return Information.from_rows(rows, note=say("knowledge", goal=goal))
