"""Why this plan: the effect of the levers, the uncertain inputs, the alternatives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from planner.reporting.charts import shapes, steps, style
from planner.reporting.charts.frontier import FrontierPoints, Mark, frontier
from planner.reporting.panels.answer import EXPLAIN
from planner.reporting.parts import (
    SHEET,
    Chart,
    Missing,
    Part,
    ReportTable,
    TableRow,
    billions,
    changed,
    figures,
    several,
    text,
    whole,
)
from planner.reporting.words.names import names_of, short
from planner.reporting.words.numbers import count, listed, rounded_money, unit_of_money
from planner.results.explanation import EXPLANATION, AlternativePlan, Claim, Explanation, Influence
from planner.results.figures.lever_steps import RiskStep, lever_steps
from planner.results.figures.plants import counted
from planner.results.plan import Plan
from planner.thresholds import SHOWN_MUSD

MOST_INFLUENCES = 12
"""Uncertain inputs of the chart."""
BILLION = 1000.0
LOWER, HIGHER = "at the low end", "at the high end"
ENDS = {LOWER: style.PLAIN, HIGHER: style.ACCENT}


def reasons(plan: Plan) -> list[Part | None]:
    """The waterfall, the tornado and the table of alternatives, or the command that computes them."""
    explanation = plan.explanation
    if explanation is None:
        return [Missing("Levers, uncertain inputs and alternatives", EXPLAIN)]
    return [
        waterfall(plan),
        tornado(plan, explanation),
        alternatives(plan, explanation),
        frontier_chart(explanation),
    ]


# ---- levers ----------------------------------------------------------------------------------------------------------


STEPS = ReportTable(
    title="Steps", columns=[text("step"), figures("amount", "risk, or its change", "bn USD")]
)
"""A row a step."""


def waterfall(plan: Plan) -> Chart | Missing:
    """The way from the risk without a plan to the risk with it."""
    chain = lever_steps(plan)
    if not chain:
        return Missing("Effect of the levers, one after the other", EXPLAIN)
    unit, per = unit_of_money(chain[0].before)
    rows = [_whole("Without a plan", chain[0].before, per)]
    for step in chain:
        rows.append(_step(plan, step, per))
    rows.append(_whole("With the plan", chain[-1].after, per))
    frame = pd.DataFrame(rows)
    largest = max(chain, key=lambda step: step.before - step.after)
    title = (
        f"Largest step: {_lever_names(plan, largest)}, {rounded_money(largest.before - largest.after)} "
        f"of {rounded_money(chain[0].before - chain[-1].after)} less risk"
    )
    source = f"{EXPLANATION}: alternatives"
    return Chart(
        name="levers",
        title=title,
        spec=steps.waterfall(frame, unit, source),
        caption=(
            "In sample. Each step adds levers to those above and re-optimises; another order gives other steps, as later levers "
            "share the effect of earlier ones."
        ),
        source=source,
        table=STEPS.over(frame[["step", "amount"]]),
    )


def _whole(words: str, musd: float, per: float) -> TableRow:
    amount = musd / per
    return {
        "step": words,
        "kind": steps.WHOLE,
        "low": 0.0,
        "high": amount,
        "amount": amount,
        "label": f"{amount:.1f}",
    }


def _step(plan: Plan, step: RiskStep, per: float) -> TableRow:
    low, high = sorted((step.before / per, step.after / per))
    change = (step.after - step.before) / per
    return {
        "step": f"+ {_lever_names(plan, step)}",
        "kind": steps.FALL if change <= 0 else steps.RISE,
        "low": low,
        "high": high,
        "amount": change,
        "label": f"{change:+.1f}".replace("-", "−"),
    }


def _lever_names(plan: Plan, step: RiskStep) -> str:
    """The levers of a step, in the words of the case."""
    explanation = plan.explanation
    called = {lever.key: lever.name for lever in explanation.values.levers} if explanation else {}
    people = called.get("people", "people")
    ordered = [lever for lever in plan.case.model.levers if lever in step.levers]
    names = [
        called.get(lever, people if lever in ("training", "hiring") else lever) for lever in ordered
    ]
    return listed(list(dict.fromkeys(names)))


# ---- uncertain inputs ------------------------------------------------------------------------------------------------


INFLUENCES = ReportTable(
    title="Uncertain inputs",
    sheet="uncertain inputs",
    meaning="uncertain inputs, the most influential first, with the evidence that would narrow each",
    source=f"{EXPLANATION}: influences; inputs/uncertainties.csv",
    columns=[
        text("input"),
        text("evidence", "evidence that would narrow it"),
        billions("low", "objective at the low end", "change, bn USD"),
        billions("high", "objective at the high end", "change, bn USD"),
        text("why", "range", only=SHEET),
        several("decides", "changes the verdict on"),
    ],
)
"""A row an uncertain input."""


def tornado(plan: Plan, explanation: Explanation) -> Chart | Missing:
    """The change of the objective with each uncertain input at the ends of its range."""
    tried = [one for one in explanation.influences if len(one.tried) > 1]
    if not tried:
        return Missing("Uncertain inputs, at both ends of their range", EXPLAIN)
    base = explanation.values.everything
    asks = {row.name or row.uncertainty: row.ask for row in plan.case.tables.uncertainties}
    rows = []
    for one in tried[:MOST_INFLUENCES]:
        for end, trial in ((LOWER, one.tried[0]), (HIGHER, one.tried[-1])):
            rows.append(
                {
                    "input": _with_evidence(one, asks),
                    "end": f"{end}",
                    "setting": trial.setting,
                    "base": base / BILLION,
                    "objective": trial.objective / BILLION,
                }
            )
    words = objective_words(explanation)
    first = tried[0]
    ends = sorted(trial.objective for trial in first.tried)
    source = f"{EXPLANATION}: influences"
    spec = shapes.around(
        pd.DataFrame(rows),
        style.across_amounts("base", f"{words}, bn USD", tickCount=7).scale(zero=False),
        "objective",
        row="input",
        look=ENDS,
        tips={"input": "input", "end": "", "setting": "setting", "objective": f"{words}, bn USD"},
        source=source,
    )
    return Chart(
        name="tornado",
        title=f"“{short(first.input)}” matters most: {words} {rounded_money(ends[0])} to {rounded_money(ends[-1])}",
        spec=spec,
        caption=(
            f"One at a time, re-optimised, in sample. Tick: {rounded_money(base)} as given. "
            "In brackets: evidence that would narrow the range."
        ),
        source=source,
        table=influence_table(plan, explanation),
    )


def _with_evidence(one: Influence, asks: dict[str, str]) -> str:
    """An input and the evidence that would narrow it, shortened."""
    evidence = asks.get(one.input, "") or one.confidence
    return f"{short(one.input, 60)} [{short(evidence, 60)}]" if evidence else short(one.input, 60)


def influence_table(plan: Plan, explanation: Explanation) -> ReportTable:
    """Every uncertain input that was tried, the most influential first."""
    asks = {row.name or row.uncertainty: row.ask for row in plan.case.tables.uncertainties}
    called = {lever.key: lever.name for lever in explanation.values.levers}
    base, rows = explanation.values.everything, []
    for one in explanation.influences:
        rows.append(
            {
                "input": one.input,
                "evidence": asks.get(one.input, ""),
                "low": (one.tried[0].objective - base) / BILLION,
                "high": (one.tried[-1].objective - base) / BILLION,
                "why": one.why,
                "decides": [called.get(key, key) for key in one.decides],
            }
        )
    return INFLUENCES.over(rows)


def influences(plan: Plan) -> ReportTable | None:
    """The table of the uncertain inputs; None where none was tried."""
    explanation = plan.explanation
    if explanation is None or not explanation.influences:
        return None
    return influence_table(plan, explanation)


def objective_words(explanation: Explanation) -> str:
    """The objective of the run in words."""
    return "cost plus risk" if explanation.goal == "welfare" else "risk"


# ---- alternatives ----------------------------------------------------------------------------------------------------


ALTERNATIVES = ReportTable(
    title="Alternatives, each optimised by itself",
    source=f"{EXPLANATION}: alternatives",
    sheet="alternatives",
    meaning="what could be done in place of the plan, each solved by itself",
    columns=[
        text("name", "alternative"),
        billions("risk", "risk", "bn USD"),
        billions("cost", "cost beyond no plan", "bn USD"),
        billions("difference", "cost plus risk", "against the plan, bn USD"),
        billions("public", "public money", "bn USD"),
        whole("plants"),
        whole("measures", "savings measures"),
        several("changes", "as --set writes it", only=SHEET),
    ],
)
"""A row an alternative."""
NAMES = {
    "plan": "The plan",
    "nothing": "No plan",
    "stock": "Stock alone",
    "thrift": "Saving alone",
    "stock_and_thrift": "Stock and saving alone",
    "national": "Each country alone",
    "allied": "All allies together",
    "own_money": "Funders pay at home alone",
    "committed": "All decided once, for every scenario",
    "staged": "Decisions answer the storylines",
    "equal_rates": "Losses discounted as costs",
    "linear": "Plants of any size",
}
"""Alternatives whose name needs no word of the case."""


def alternatives(plan: Plan, explanation: Explanation) -> ReportTable:
    """A row an alternative, the plan first; those equal to the plan share its row."""
    own = explanation.own
    rows: list[TableRow] = []
    for one in sorted(explanation.alternatives, key=lambda one: (one.key != "plan", one.objective)):
        if one.key != "plan" and _is_same(one, own):
            continue
        begun_there = counted(plan, one.builds)
        rows.append(
            {
                "name": alternative_name(plan, one),
                "risk": one.risk / BILLION,
                "cost": one.cost_beyond / BILLION,
                "difference": (one.risk + one.cost - own.risk - own.cost) / BILLION,
                "public": one.public / BILLION,
                "plants": begun_there.plants,
                "measures": begun_there.measures,
                "changes": one.changes,
            }
        )
    equal = [
        alternative_name(plan, one)
        for one in explanation.alternatives
        if one.key != "plan" and _is_same(one, own)
    ]
    note = f"Equal to the plan: {listed(equal)}." if equal else ""
    left_out = [] if any(row["measures"] for row in rows) else ["measures"]
    return ALTERNATIVES.over(rows, left_out, note=note)


def _is_same(one: AlternativePlan, own: AlternativePlan) -> bool:
    """The same plan in all but rounding."""
    moved = (one.risk - own.risk, one.cost - own.cost, one.public - own.public)
    return all(abs(change) < SHOWN_MUSD for change in moved)


def alternative_name(plan: Plan, one: AlternativePlan) -> str:
    """An alternative in the words of the case."""
    if one.key in NAMES:
        return NAMES[one.key]
    if one.key == "later":
        return f"Decisions from {one.changes[0].partition('=')[2]} on"
    stage = one.key.removeprefix("no_new_").removesuffix("s")
    stages = names_of(plan.case).stages_many
    for key, name in stages.items():
        if key.startswith(stage):
            return f"No new {name[:1].lower()}{name[1:]}"
    return one.key.replace("_", " ")


FRONTIER_NAMES = {
    "chosen": "the plan",
    "core": "shared by near-optimal plans",
    "least": "least risk",
    "near": "near-optimal",
    "nothing": "no plan",
}
KINDS = {"chosen": "now", "nothing": "no action"}


def frontier_chart(explanation: Explanation) -> Chart | None:
    """Least risk for each cost, with the named plans; None where `explain --more` did not compute it."""
    found = explanation.frontier
    if found is None:
        return None
    curve = [(corner.cost, corner.risk) for corner in found.corners]
    marks = []
    for one in found.plans:
        name = FRONTIER_NAMES.get(one.key, one.key.replace("_", " "))
        marks.append(Mark(name, one.cost, one.risk, KINDS.get(one.key, "kept")))
    source = f"{EXPLANATION}: frontier"
    return Chart(
        name="frontier",
        title="Efficient frontier: least risk for each cost",
        spec=frontier(FrontierPoints(curve=curve, marks=marks, source=source)),
        caption="In sample. The risk axis shows the range of the plans, not zero.",
        source=source,
    )


DROPPINGS = ReportTable(
    title="Each plant dropped, all else re-optimised",
    source=f"{EXPLANATION}: droppings",
    sheet="plants dropped",
    meaning="what dropping each plant adds to cost and risk",
    columns=[
        text("plant"),
        figures("adds", "objective rises by", "MUSD"),
        changed("risk", unit="MUSD"),
        changed("cost", unit="MUSD"),
        figures("capital", unit="MUSD"),
    ],
)
"""A row a plant."""


def droppings(plan: Plan) -> ReportTable | None:
    """What dropping each plant adds, the most first."""
    explanation = plan.explanation
    if explanation is None or not explanation.droppings:
        return None
    return DROPPINGS.over(list(_dropped(plan, explanation)))


def _dropped(plan: Plan, explanation: Explanation) -> Iterator[TableRow]:
    names = names_of(plan.case)
    for one in sorted(explanation.droppings, key=lambda one: -one.adds):
        yield {
            "plant": names.placed(one.project),
            "adds": one.adds,
            "risk": one.risk,
            "cost": one.cost,
            "capital": one.capital,
        }


CLAIMS = ReportTable(
    title="Effect of each lever: share of the reduction by all levers",
    source=f"{EXPLANATION}: claims",
    sheet="levers",
    meaning="share of each lever in the reduction by all, alone and missing, with the range over uncertain inputs",
    columns=[
        text("lever"),
        text("basis"),
        figures("share", "as given", "%"),
        figures("low", "at least", "%"),
        figures("high", "at most", "%"),
        text("verdict"),
        several("turns_on", "verdict changes with"),
    ],
)
"""A row a lever and basis."""


def claims(plan: Plan) -> ReportTable | None:
    """The shares of the levers with their ranges."""
    explanation = plan.explanation
    if explanation is None or not explanation.claims:
        return None
    return claims_table(
        explanation.claims,
        note=f"Large: at least 15 %. Small: at most 5 %. {count(explanation.solves, 'program')} solved.",
    )


def claims_table(
    claims: Iterable[Claim], left_out: Collection[str] = (), **words: str
) -> ReportTable:
    """A row a claim. left_out, words: as for `ReportTable.over`."""
    rows = []
    for one in claims:
        shares = {key: 100 * getattr(one, key) for key in ("share", "low", "high")}
        named = {"lever": one.name, "basis": one.basis, "verdict": one.verdict}
        rows.append({**named, **shares, "turns_on": list(one.turns_on)})
    return CLAIMS.over(rows, left_out, **words)
