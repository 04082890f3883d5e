"""Why this plan: cumulative levers, bottlenecks, information, and tables of every counterfactual that was solved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from planner.data.stages import stages_told
from planner.reporting.chapters.answer import plan_name
from planner.reporting.chapters.claims import claim, step, verdict_statements
from planner.reporting.charts import outcomes as charts
from planner.reporting.parts import (
    PAGE,
    SHEET,
    Chapter,
    Chart,
    Column,
    DeclaredTable,
    Part,
    ReportTable,
    Statement,
    TableRow,
    Text,
    changed,
    figures,
    in_musd,
    per_cent,
    reworded,
    several,
    text,
    told_chart,
    whole,
)
from planner.reporting.words.names import STAGES_MANY, Names, names_of
from planner.reporting.words.numbers import NOTHING, first_few, number
from planner.reporting.words.sentences import Passages
from planner.results.decision import Decision
from planner.results.explanation import (
    EXPLANATION,
    Explanation,
    Knowledge,
    Link,
    Range,
    Rung,
    Tried,
    leading,
)
from planner.results.figures.decision import alike, decided, effect, named, recourse
from planner.results.figures.plants import counted
from planner.results.plan import Plan

say = Passages("why.j2")
MOST_NAMED, MOST_SHOWN = 4, 4
QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""
SLIGHTLY = 0.001
OBJECTIVES = {"risk": "least risk", "welfare": "cost plus risk"}


def chapter(plan: Plan) -> Chapter | None:
    """The levers as a chart, statements, then every table behind a heading; None if nothing was asked."""
    found = plan.explanation
    if found is None:
        return None
    told = [*bottleneck(found, names_of(plan.case)), *information(found)]
    words = [f"{one.about}. {one.sentence}" for one in told]
    source = f"{EXPLANATION}: links, knowledge, timing"
    parts: list[Part] = [levers(found), Text(words, source=source)]
    asked = decided(plan)
    if asked is not None:
        parts.append(named_plans(plan, asked))
    parts += tables(found, names_of(plan.case))
    return Chapter.of("why", "Why this plan", parts, lead=say("lead", run=plan), behind=True)


# ---- in sentences ---------------------------------------------------------------------------------------------------


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that the screen says below the ladder."""
    return [
        *verdict_statements(found),
        *bottleneck(found, names),
        *information(found),
        *_musts(found, names),
    ]


def bottleneck(found: Explanation, names: Names) -> list[Statement]:
    """The tightest link of each element."""
    words = say("bottleneck", names=names, tightest=list(tightest(found)))
    return [Statement("Bottleneck", words)]


@dataclass(frozen=True, kw_only=True)
class Tightest:
    """The link of an element that is worth most, the years in which it is the narrowest, and its share of the worth."""

    element: str
    link: str
    years: list[int]
    share: float


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def tightest(found: Explanation) -> Iterator[Tightest]:
    """The tightest link of each element."""
    best = narrowest(found.links)
    worth: dict[str, dict[str, float]] = {link.element: defaultdict(float) for link in best}
    for link in found.links:
        worth[link.element][link.link] += link.musd
    for element, by_link in worth.items():
        top = max(by_link, key=lambda name: by_link[name])
        years = [one.year for one in best if (one.element, one.link) == (element, top)]
        share = by_link[top] / sum(by_link.values())
        yield Tightest(element=element, link=top, years=years, share=share)


def information(found: Explanation) -> list[Statement]:
    """The value of information: by the objective; and by the plan that answers, where that saves a hundredth or more."""
    both = recourse(found.timing)
    words = say(
        "information",
        found=found,
        told=both is not None and both.saves,
        same=both is not None and both.same_risk,
        once=both.committed if both is not None else None,
        later=both.answering if both is not None else None,
        staged=both is not None and both.answering.key == "staged",
    )
    return [Statement("Information", words)] if words else []


def _musts(found: Explanation, names: Names) -> list[Statement]:
    counted = [row for row in found.ranges if row.kind == "project"]
    if not counted:
        return []
    often = Counter(row.word for row in counted)
    musts = [row for row in counted if row.word == "must"]
    fixed = any(rung.key == "committed" and not rung.against for rung in found.timing)
    words = say(
        "contained",
        found=found,
        names=names,
        once=fixed,
        musts=[row.key for row in musts],
        capital=sum(row.capital for row in musts),
        may=len(counted) - often["must"] - often["never"],
        never=often["never"],
    )
    return [Statement("Robust core", words, f"{EXPLANATION}: alternatives")]


# ---- levers ---------------------------------------------------------------------------------------------------------


def levers(found: Explanation) -> Chart:
    """Residual risk as levers are added one after the other."""
    rows = []
    for rung in found.ladder:
        rows.append({"lever": rung.name.split(":")[0], "risk_musd": rung.risk, "kind": "some"})
    rows[-1]["kind"] = "all"
    rows[0]["kind"] = "none"
    taken = [(step(after), before.risk - after.risk) for before, after in pairwise(found.ladder)]
    source = f"{EXPLANATION}: ladder"
    return told_chart(
        say,
        "levers",
        charts.levers(pd.DataFrame(rows), source),
        source,
        steps=taken,
        stock=found.stock,
    )


class NamedPlans(DeclaredTable):
    """A row a plan."""

    source = f"{EXPLANATION}: decision, frontier"
    folded = True
    sheet = "frontier"
    meaning = "plans between no action and the least risk"

    plan = text()
    cost = figures("cost", "MUSD, present value")
    public = figures("public money", "MUSD, paid out")
    plants = whole("plants begun")
    measures = whole("savings measures begun")
    risk = in_musd("risk")
    effect = per_cent("share of possible reduction", "of risk")
    words = text("description")


def named_plans(run: Plan, found: Decision) -> ReportTable:
    """The named plans on the efficient frontier, those that do not differ together: money, plants and risk."""
    rows = []
    for same in alike(found.frontier.plans):
        plan = same[0]
        begun = counted(run, plan.builds)
        row = vars(plan) | {
            "plan": plan_name(same),
            "plants": float(begun.plants),
            "measures": float(begun.measures),
            "effect": effect(found.frontier, plan.risk),
            "words": say("plan_meaning", alike=same),
        }
        rows.append(row)
    saves = any(row["measures"] for row in rows)
    return NamedPlans.from_rows(
        rows,
        NamedPlans.all() if saves else NamedPlans.all("measures"),
        title=f"{len(rows)} plans on the efficient frontier",
        note=say("frontier", run=run),
    )


def tables(found: Explanation, names: Names) -> list[ReportTable]:
    """The tables behind the statements that have rows."""
    made = [counterfactuals(found), moved_plans(found, names), ranges(found, names)]
    if found.knowledge is not None:
        made.append(knowledge(found.knowledge, found.goal, names))
    return [table for table in made if len(table.frame)]


GROUPS = {
    "cumulative levers": "ladder",
    "one left out": "left_out",
    "who acts together": "together",
    "timing": "timing",
}


class Counterfactuals(DeclaredTable):
    """A row a counterfactual; the capital of each stage comes before the expected loss."""

    title = "Counterfactuals, each solved"
    source = f"{EXPLANATION}: ladder, left_out, together, timing"
    folded = True
    sheet = "why this plan"
    meaning = "counterfactuals, each solved; levers added: change against the row before, elsewhere against the plan"

    group = text()
    name = text("measure")
    objective = in_musd("", only=SHEET)
    risk = in_musd("risk", heading="risk of the plan (MUSD)")
    change = changed("change", "MUSD", only=SHEET)
    relative = per_cent("change", "share", only=PAGE)
    cost = in_musd("cost", heading="cost of the plan (MUSD)")
    change_cost = in_musd("change of the cost", only=SHEET)
    expected_loss = in_musd("expected loss", only=SHEET)
    cvar = figures("tail", "mean loss, MUSD", heading="mean loss of the tail (MUSD)")


def counterfactuals(found: Explanation) -> ReportTable:
    """The objective and the cost with other levers, other allies, at another time."""
    stages = capital_stages(found.ladder)
    rows = []
    for group, field in GROUPS.items():
        for rung in getattr(found, field):
            rows.append(_rung(rung) | {"group": group})
    what = OBJECTIVES[found.goal]
    columns = reworded(Counterfactuals.all(), _of_objective(what, what))
    return Counterfactuals.from_rows(
        rows,
        [*columns[:-2], *capital_columns(stages), *columns[-2:]],
        note=say("counterfactuals", goal=found.goal),
    )


def _of_objective(what: str, title: str) -> dict[str, dict[str, str]]:
    """Words of the columns of the objective, under a title, and of its change, by what the objective is."""
    change = f"change of the {what} (MUSD)"
    return {"objective": {"title": title}, "change": {"heading": change}}


def capital_stages(found: Sequence[Rung]) -> list[str]:
    """Stages whose capital is shown: those of the core of the chain, others where somebody can build them."""
    present = {stage for rung in found for stage in rung.capital}
    return [stage.name for stage in stages_told(present)]


def capital_columns(stages: Iterable[str]) -> list[Column]:
    """Columns of the workbook with the capital of each stage (MUSD)."""
    columns = []
    for stage in stages:
        heading = f"capital: {STAGES_MANY[stage].lower()} (MUSD)"
        columns.append(figures(heading, field=stage, only=SHEET))
    return columns


def _rung(rung: Rung) -> TableRow:
    row = vars(rung) | dict(rung.capital)
    if not rung.against:
        return row | {"change": None, "relative": None}
    before = rung.objective - rung.change
    return row | {"relative": rung.change / before if before > 1e-9 else None}


class Assumptions(DeclaredTable):
    """A row a value tried of an unsure input."""

    title = "Assumptions on which this result depends most"
    source = f"{EXPLANATION}: influences"
    sheet = "assumptions"
    meaning = "unsure inputs moved to the ends of their range, the most influential first"

    input = text("assumption")
    setting = text("tried at")
    objective = in_musd("")
    change = changed("change", "MUSD")
    decides = several("turns the claim")
    confidence = text("confidence (rows)")
    rows = whole("rows", only=SHEET)
    tables = several("tables", only=SHEET)
    why = text("why this range", only=SHEET)
    sources = text(only=SHEET)


def assumptions(found: Explanation) -> ReportTable | None:
    """Unsure inputs at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.own.objective, OBJECTIVES[found.goal]
    rows = []
    for influence in found.influences:
        sureness = [f"{word} {count}" for word, count in influence.confidence.items()]
        told = vars(influence) | {
            "decides": [claim(key) for key in influence.decides],
            "confidence": "; ".join(sureness),
            "sources": " | ".join(influence.sources),
        }
        for tried in influence.tried:
            rows.append({**told, **vars(tried), "change": tried.objective - own})
    if not rows:
        return None
    words = _of_objective(what, title=f"{what} then")
    return Assumptions.from_rows(
        rows,
        reworded(Assumptions.all(), words),
        note=say("assumptions", own=own),
        folded=len(found.influences) > MOST_SHOWN,
    )


class MovedPlans(DeclaredTable):
    """A row a plan; the capital of each stage comes before the projects."""

    title = "The plan if an input stands at an end of its range"
    source = f"{EXPLANATION}: influences"
    folded = True
    sheet = "plans at the ends"
    meaning = "the plan with an unsure input at an end of its range"

    input = text()
    setting = text("at")
    objective = in_musd("")
    cost = in_musd("cost")
    enter = text(only=PAGE)
    leave = text(only=PAGE)
    resized = text("change size, t/y", only=PAGE)
    projects = text("projects (t/y)", only=SHEET)


def moved_plans(found: Explanation, names: Names) -> ReportTable:
    """The plan at the ends of the inputs on which it depends most; of the projects that leave or change, those with the
    most capital at stake first."""
    own, leaning = found.own, leading(found.influences, found.own.objective)
    given = named(found.decision.frontier, "chosen").builds if found.decision is not None else {}
    stages = capital_stages(found.ladder)
    as_given = Tried(NOTHING, own.objective, own.cost or 0.0, found.ladder[-1].capital, given)
    plans = [("as given", as_given)] if leaning else []
    for lean in leaning:
        plans += [(lean.input, tried) for tried in lean.tried]
    rows = []
    for name, plan in plans:
        capital = {stage: plan.capital.get(stage, 0.0) for stage in stages}
        moves = _moves(found, names, given, plan)
        rows.append(vars(plan) | capital | moves | {"input": name})
    words = {"objective": {"title": OBJECTIVES[found.goal]}}
    columns = reworded(MovedPlans.all(), words)
    return MovedPlans.from_rows(
        rows, [*columns[:4], *capital_columns(stages), *columns[4:]], note=say("moved_plans")
    )


def _moves(
    found: Explanation, names: Names, given: Mapping[str, float], plan: Tried
) -> dict[str, str]:
    """The projects that enter, leave or change size, in words; of those that do not enter the costliest first."""
    ranges_of = {row.key: row for row in found.ranges if row.kind == "project"}

    def at_stake(project: str) -> tuple[float, str]:
        known = ranges_of.get(project)
        return -known.capital if known is not None else 0.0, project

    leave, resized = [], []
    for project in sorted(given, key=at_stake):
        before, name = given[project], names.placed(project)
        if project not in plan.builds:
            leave.append(name)
            continue
        after, known = plan.builds[project], ranges_of.get(project)
        possible = known.limit if known is not None and known.limit else before
        if abs(after - before) > QUARTER * possible:
            resized.append(f"{name}: {number(before)} → {number(after)}")
    enter, built = [], []
    for project, tpa in plan.builds.items():
        name = names.placed(project)
        built.append(f"{name} {number(tpa)}")
        if project not in given:
            enter.append(name)
    return {
        "enter": first_few(enter, MOST_NAMED) or NOTHING,
        "leave": first_few(leave, MOST_NAMED) or NOTHING,
        "resized": first_few(resized, MOST_NAMED) or NOTHING,
        "projects": "; ".join(built),
    }


class Ranges(DeclaredTable):
    """A row a project or country."""

    title = "Near-optimal alternatives: built in every plan, in some, in none"
    source = f"{EXPLANATION}: alternatives"
    folded = True
    sheet = "alternatives"
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
    return Ranges.from_rows(rows, note=say("ranges", near=found.alternatives))


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
