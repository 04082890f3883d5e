"""Tables of an explanation: the frontier's plans, counterfactuals, claims, near-optimal alternatives, information."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from planner.data.stages import stages_told
from planner.reporting.chapters.answer import plan_name
from planner.reporting.chapters.claims import claim
from planner.reporting.chapters.limits import scarce_words
from planner.reporting.parts import (
    LIST,
    PAGE,
    RATE,
    SHEET,
    Column,
    ReportTable,
    changed,
    figures,
    share,
    text,
    total,
    year,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.names import STAGES, STAGES_MANY, Names, midway, short
from planner.reporting.words.numbers import NOTHING, first_few, number
from planner.reporting.words.sentences import Passages
from planner.results.decision import Decision, Frontier, NamedPlan
from planner.results.explanation import (
    EXPLANATION,
    Commitment,
    Explanation,
    Knowledge,
    Rung,
    Tried,
    leading,
)
from planner.results.figures.decision import alike, effect, moved_builds, named
from planner.results.figures.plants import SLIGHT_TPA
from planner.results.figures.unmet import worst_cases

notes = Passages("why_tables.j2")
MOST_NAMED, MOST_SHOWN = 4, 4
QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""
SLIGHTLY = 0.001
OBJECTIVES = {"risk": "least risk", "welfare": "cost plus risk"}


def named_plans(run: RunView, found: Decision) -> ReportTable:
    """The named plans on the efficient frontier: money, plants, and unmet demand in the worst scenarios."""
    frontier, names = found.frontier, run.names
    worst = worst_cases(run)
    rows = [(same, notes("plan_meaning", alike=same)) for same in alike(frontier.plans)]
    for plan in frontier.moved:
        without, besides = moved_builds(frontier, plan)
        words = notes(
            "moved_meaning",
            without=[names.project(project) for project in without],
            besides=[names.project(project) for project in besides],
        )
        rows.append(([plan], words))
    cells = []
    for same, meaning in rows:
        plan = same[0]
        cell: dict[str, object] = {
            "plan": plan_name(same),
            "cost": plan.cost,
            "public": plan.public,
            "plants": float(len(plan.builds)),
            "risk": plan.risk,
            "effect": effect(frontier, plan.risk),
            "meaning": meaning,
        }
        for place, case in enumerate(worst):
            cell[f"unmet{place}"] = unmet(plan, case.scenario, case.element)
        cells.append(cell)
    columns: list[Column] = [
        text("plan"),
        figures("cost", "cost", "MUSD, present value"),
        figures("public", "public money", "MUSD, paid out"),
        year("plants", "plants begun"),
        figures("risk", "risk", "MUSD"),
        share("effect", "share of possible reduction", "of risk"),
    ]
    for place, case in enumerate(worst):
        title = (
            f"{short(names.scenario(case.scenario))}: unmet {midway(names.element(case.element))}"
        )
        columns.append(share(f"unmet{place}", title, "worst year"))
    columns.append(text("meaning", "description"))
    return ReportTable(
        title=f"{len(rows)} plans on the efficient frontier",
        columns=columns,
        frame=pd.DataFrame(cells),
        note=notes("frontier", run=run, more=more_unmet(run, frontier)),
        source=f"{EXPLANATION}: decision, frontier",
        folded=True,
        sheet="frontier",
        meaning="plans between no action and the least risk",
    )


def unmet(plan: NamedPlan, scenario: str, element: str) -> float:
    """Share of an element's demand that is unmet in the worst year of a scenario with a plan."""
    for row in plan.missing:
        if (row.scenario, row.element) == (scenario, element):
            return row.share
    return 0.0


def more_unmet(run: RunView, frontier: Frontier) -> dict[str, str]:
    """An element of which the plan of least risk leaves more unmet in some scenario than that of least risk-adjusted
    cost, the one with the largest difference."""
    core, least = named(frontier, "core"), named(frontier, "least")
    most, scenario, element = 0.0, "", ""
    for row in least.missing:
        more = row.share - unmet(core, row.scenario, row.element)
        if (more, row.scenario, row.element) > (most, scenario, element):
            most, scenario, element = more, row.scenario, row.element
    if most <= SLIGHTLY:
        return {}
    return {"element": midway(run.names.element(element)), "scenario": run.names.scenario(scenario)}


def tables(found: Explanation, names: Names) -> list[ReportTable]:
    """The tables behind the statements that have rows."""
    made = [
        counterfactuals(found),
        commitments(found, names),
        moved_plans(found, names),
        ranges(found, names),
        *([knowledge(found.knowledge, found.goal, names)] if found.knowledge is not None else []),
        marginals(found, names),
    ]
    return [table for table in made if len(table.frame)]


GROUPS = (
    ("cumulative levers", "ladder"),
    ("one left out", "left_out"),
    ("who acts together", "together"),
    ("timing", "timing"),
)


def counterfactuals(found: Explanation) -> ReportTable:
    """The objective and the cost with other levers, other allies, at another time."""
    stages = capital_stages(found.ladder)
    rows = []
    for group, field in GROUPS:
        for rung in getattr(found, field):
            rows.append(_rung(group, rung, stages))
    what = OBJECTIVES[found.goal]
    capital = []
    for stage in stages:
        heading = f"capital: {STAGES_MANY[stage].lower()} (MUSD)"
        capital.append(total(stage, STAGES[stage].lower(), "capital", only=SHEET, heading=heading))
    return ReportTable(
        title="Counterfactuals, each solved",
        columns=[
            text("group"),
            text("name", "measure"),
            figures("objective", what, "MUSD", only=SHEET),
            figures("risk", "risk", "MUSD", heading="risk of the plan (MUSD)"),
            changed("change", "change", "MUSD", only=SHEET, heading=f"change of the {what} (MUSD)"),
            share("relative", "change", "share", only=PAGE),
            figures("cost", "cost", "MUSD", heading="cost of the plan (MUSD)"),
            figures("change_cost", "change of the cost", "MUSD", only=SHEET),
            *capital,
            figures("expected_loss", "expected loss", "MUSD", only=SHEET),
            figures("cvar", "tail", "mean loss, MUSD", heading="mean loss of the tail (MUSD)"),
        ],
        frame=pd.DataFrame(rows),
        note=notes("counterfactuals", goal=found.goal),
        source=f"{EXPLANATION}: ladder, left_out, together, timing",
        folded=True,
        sheet="why this plan",
        meaning="counterfactuals, each solved; levers added: change against the row before, elsewhere against the plan",
    )


def capital_stages(found: Sequence[Rung]) -> list[str]:
    """Stages whose capital is shown: those of the core of the chain, others where somebody can build them."""
    present = {stage for rung in found for stage in rung.capital}
    return [stage.name for stage in stages_told(present)]


def _rung(group: str, rung: Rung, stages: Sequence[str]) -> dict[str, object]:
    before = rung.objective - rung.change
    compared = bool(rung.against)
    row: dict[str, object] = {
        "group": group,
        "name": rung.name,
        "objective": rung.objective,
        "risk": rung.risk,
        "change": rung.change if compared else None,
        "relative": rung.change / before if compared and before > 1e-9 else None,
        "cost": rung.cost,
        "change_cost": rung.change_cost,
        "expected_loss": rung.expected_loss,
        "cvar": rung.cvar,
    }
    for stage in stages:
        row[stage] = rung.capital.get(stage)
    return row


def verdict_table(found: Explanation) -> ReportTable | None:
    """The claims as given and in every trial."""
    rows = []
    for verdict in found.verdicts:
        told = {
            "claim": claim(verdict.claim),
            "verdict": notes("verdict_word", verdict=verdict.verdict),
            "line": verdict.threshold,
        }
        rows.append(
            {
                **told,
                "input": "as given",
                "at": "",
                "with": verdict.with_it,
                "without": verdict.without_it,
                "measure": verdict.measure,
                "crosses": "",
                "source": "",
            }
        )
        for trial in verdict.trials:
            rows.append(
                {
                    **told,
                    "input": trial.input,
                    "at": trial.setting,
                    "with": trial.with_it,
                    "without": trial.without_it,
                    "measure": trial.measure,
                    "crosses": "yes" if trial.flips else "no",
                    "source": trial.source,
                }
            )
    if not rows:
        return None
    what = OBJECTIVES[found.goal]
    undecided = sum(bool(verdict.turns_on) for verdict in found.verdicts)
    return ReportTable(
        title=notes("claims_title", claims=len(found.verdicts), undecided=undecided),
        columns=[
            text("claim"),
            text("verdict"),
            text("input"),
            text("at", "tried at"),
            figures("with", "with it", "MUSD", heading=f"{what} with it (MUSD)"),
            figures("without", "without it", "MUSD", heading=f"{what} without it (MUSD)"),
            share("measure", "measure"),
            share("line", "line"),
            text("crosses", "crosses the line"),
            text("source", "why this range", only=SHEET),
        ],
        frame=pd.DataFrame(rows),
        note=notes("claims_note", goal=found.goal),
        marks=["unsure" if row["crosses"] == "yes" else "" for row in rows],
        source=f"{EXPLANATION}: verdicts",
        folded=True,
        sheet="claims",
        meaning="the claims measured as given and with each unsure input at another value",
    )


def assumptions(found: Explanation) -> ReportTable | None:
    """Unsure inputs at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.own.objective, OBJECTIVES[found.goal]
    rows = []
    for influence in found.influences:
        sureness = [f"{word} {count}" for word, count in influence.confidence.items()]
        for tried in influence.tried:
            rows.append(
                {
                    "input": influence.input,
                    "at": tried.setting,
                    "objective": tried.objective,
                    "change": tried.objective - own,
                    "claims": [claim(key) for key in influence.decides],
                    "confidence": "; ".join(sureness),
                    "rows": influence.rows,
                    "tables": list(influence.tables),
                    "why": influence.why,
                    "sources": " | ".join(influence.sources),
                }
            )
    if not rows:
        return None
    return ReportTable(
        title="Assumptions on which this result depends most",
        columns=[
            text("input", "assumption"),
            text("at", "tried at"),
            figures("objective", f"{what} then", "MUSD"),
            changed("change", "change", "MUSD", heading=f"change of the {what} (MUSD)"),
            Column(field="claims", title="turns the claim", form=LIST),
            text("confidence", "confidence (rows)"),
            year("rows", "rows", only=SHEET),
            Column(field="tables", title="tables", form=LIST, only=SHEET),
            text("why", "why this range", only=SHEET),
            text("sources", only=SHEET),
        ],
        frame=pd.DataFrame(rows),
        note=notes("assumptions", own=own),
        source=f"{EXPLANATION}: influences",
        folded=len(found.influences) > MOST_SHOWN,
        sheet="assumptions",
        meaning="unsure inputs moved to the ends of their range, the most influential first",
    )


def commitments(found: Explanation, names: Names) -> ReportTable:
    """Project by project: the plan that decides everything once against the one that answers; no rows if not asked."""
    built = found.flexibility.commitments if found.flexibility is not None else ()
    rows = []
    for row in built:
        rows.append(
            {
                "project": names.placed(row.project),
                "committed": row.committed,
                "at_once": row.at_once,
                "sure": row.sure,
                "expected": row.expected,
                "most": row.most,
                "probability": row.probability,
                "first_year": row.first_year,
                "committed_year": row.committed_year,
                "capital": row.capital,
                "words": _word(row),
            }
        )
    return ReportTable(
        title="What can wait: two-stage, or begun when a disruption begins",
        columns=[
            text("project"),
            figures("committed", "two-stage", "t/y", heading="committed once (t/y)"),
            figures("at_once", "decided at once", "t/y", only=SHEET),
            figures("sure", "in every scenario", "t/y"),
            figures("expected", "expected", "t/y"),
            figures("most", "most", "t/y"),
            share(
                "probability", "probability", "built at all", heading="probability of being built"
            ),
            year("first_year", "earliest", heading="earliest year"),
            year("committed_year", "two-stage", "year", heading="year if committed once"),
            Column(field="capital", title="capital", unit="MUSD per t/y", form=RATE, only=SHEET),
            text("words", "in words", only=PAGE),
        ],
        frame=pd.DataFrame(rows),
        note=notes("commitments"),
        source=f"{EXPLANATION}: flexibility",
        folded=True,
        sheet="what can wait",
        meaning="new capacity if all is decided once, and in the plan that decides when a disruption begins",
    )


def _word(row: Commitment) -> str:
    if row.most <= SLIGHT_TPA:
        return "not needed"
    if row.sure <= SLIGHT_TPA:
        return "can wait"
    if row.at_once >= row.most - SLIGHT_TPA * (1 + row.most):
        return "at once"
    return "in any case, amount or time can wait"


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
        row: dict[str, object] = {
            "input": name,
            "at": plan.setting,
            "objective": plan.objective,
            "cost": plan.cost,
        }
        for stage in stages:
            row[stage] = plan.capital.get(stage, 0.0)
        row |= _moves(found, names, given, plan)
        rows.append(row)
    capital = []
    for stage in stages:
        word = STAGES_MANY[stage].lower()
        heading = f"capital: {word} (MUSD)"
        capital.append(figures(stage, word, "MUSD of capital", only=SHEET, heading=heading))
    return ReportTable(
        title="The plan if an input stands at an end of its range",
        columns=[
            text("input"),
            text("at"),
            figures("objective", OBJECTIVES[found.goal], "MUSD"),
            figures("cost", "cost", "MUSD"),
            *capital,
            text("enter", only=PAGE),
            text("leave", only=PAGE),
            text("resized", "change size, t/y", only=PAGE),
            text("projects", "projects (t/y)", only=SHEET),
        ],
        frame=pd.DataFrame(rows),
        note=notes("moved_plans"),
        source=f"{EXPLANATION}: influences",
        folded=True,
        sheet="plans at the ends",
        meaning="the plan with an unsure input at an end of its range",
    )


def _moves(
    found: Explanation, names: Names, given: Mapping[str, float], plan: Tried
) -> dict[str, str]:
    """The projects that enter, leave or change size, in words."""
    ranges_of = {row.key: row for row in found.ranges if row.kind == "project"}

    def at_stake(project: str) -> tuple[float, str]:
        row = ranges_of.get(project)
        return -(row.capital if row is not None else 0.0), project

    def possible(project: str) -> float:
        row = ranges_of.get(project)
        return (row.limit if row is not None else None) or given[project]

    enter = [names.placed(project) for project in plan.builds if project not in given]
    leave, resized = [], []
    for project in sorted(given, key=at_stake):
        before, after = given[project], plan.builds.get(project)
        if after is None:
            leave.append(names.placed(project))
        elif abs(after - before) > QUARTER * possible(project):
            resized.append(f"{names.placed(project)}: {number(before)} → {number(after)}")
    told = [f"{names.placed(project)} {number(tpa)}" for project, tpa in plan.builds.items()]
    return {
        "enter": first_few(enter, MOST_NAMED) or NOTHING,
        "leave": first_few(leave, MOST_NAMED) or NOTHING,
        "resized": first_few(resized, MOST_NAMED) or NOTHING,
        "projects": "; ".join(told),
    }


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all near-optimal plans, the robust core first."""
    kinds: dict[str, tuple[str, Callable[[str], str]]] = {
        "project": ("new capacity, t/y", names.placed),
        "country": ("capital, MUSD", names.country),
    }
    order = {"must": 0, "may": 1, "never": 2}
    words = {"must": "in every plan", "may": "in some", "never": "in none"}
    rows = []
    for row in sorted(found.ranges, key=lambda r: (-len(r.kind), order.get(r.word, 3), r.key)):
        unit, namer = kinds[row.kind]
        rows.append(
            {
                "name": namer(row.key),
                "of": unit,
                "word": words.get(row.word, row.word),
                "least": row.least,
                "most": row.most,
                "limit": row.limit,
                "planned": row.planned,
                "capital": row.capital,
            }
        )
    return ReportTable(
        title="Near-optimal alternatives: built in every plan, in some, in none",
        columns=[
            text("name", "project or country"),
            text("of"),
            text("word", "built"),
            figures("least", "least"),
            figures("most", "most"),
            figures("limit", "could be built"),
            figures("planned", "in this plan"),
            figures("capital", "its capital", "MUSD"),
        ],
        frame=pd.DataFrame(rows),
        note=notes("ranges", near=found.alternatives),
        source=f"{EXPLANATION}: alternatives",
        folded=True,
        sheet="alternatives",
        meaning="least and most over all near-optimal plans; built in every one, in some, in none",
    )


def knowledge(k: Knowledge, goal: str, names: Names) -> ReportTable:
    """Values of information, and the regret of the plan in each scenario, the largest first."""
    what = OBJECTIVES[goal]
    evpi, vss = "Value of perfect information (EVPI)", "Value of the stochastic solution (VSS)"
    rows = [
        (f"{evpi}, {what}", k.stochastic, k.wait_and_see, k.evpi),
        (f"{vss}, {what}", k.expected_value_plan, k.stochastic, k.vss),
    ]
    for scenario in sorted(k.regret, key=lambda w: (-k.regret[w], w)):
        name = f"Regret: {names.scenario(scenario)}"
        rows.append((name, k.loss[scenario], k.least_loss[scenario], k.regret[scenario]))
    return ReportTable(
        title="Information and regret",
        columns=[
            text("what", "figure"),
            figures("with", "with the plan", "MUSD"),
            figures("best", "at best", "MUSD"),
            figures("difference", "difference", "MUSD"),
        ],
        frame=pd.DataFrame(rows, columns=["what", "with", "best", "difference"]),
        note=notes("knowledge", goal=goal),
        source=f"{EXPLANATION}: knowledge",
        folded=True,
    )


def marginals(found: Explanation, names: Names) -> ReportTable:
    """Marginal values as the duals say, and by solving again with one unit more."""
    rows = []
    for row in found.marginals:
        words = scarce_words(names, vars(row))
        rows.append((words, row.unit, row.price, row.resolved))
    return ReportTable(
        title="One unit more: its marginal value, and solved again",
        columns=[
            text("what", "one unit more"),
            text("unit"),
            Column(field="price", title="marginal value", unit="by the duals", form=RATE),
            Column(
                field="resolved",
                title="solved again",
                unit=f"MUSD of {OBJECTIVES[found.goal]}",
                form=RATE,
            ),
        ],
        frame=pd.DataFrame(rows, columns=["what", "unit", "price", "resolved"]),
        source=f"{EXPLANATION}: marginals",
        folded=True,
    )
