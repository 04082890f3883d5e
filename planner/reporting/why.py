"""explain.html: why this plan. The values come from planner.inquiry; here they are put into words and charts."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.data.case import Case
from planner.reporting.drawing import EXISTING, INK, WITH, WITHOUT, Drawer
from planner.reporting.explanation import Alternatives, Explanation, Rung, Verdict
from planner.reporting.layout import inquiry_page
from planner.reporting.names import Names
from planner.reporting.numbers import NOTHING, listed, number, percent, rough
from planner.reporting.parts import Card, Column, Figure, Grid, Part, Section, Text, texts
from planner.reporting.why_words import narrowest, sayings, step

KIND = "Why this plan"
WIDTH, ROW = 520, 30
SMALLEST_MUSD = 5e-3
MARKS = {"holds": "holds", "fails": "fails"}


def explain_page(found: Explanation, case: Case) -> str:
    """The whole page as text."""
    names = Names(case)
    return inquiry_page(
        KIND,
        found.title,
        "What does each lever take off the risk, what is the true bottleneck, and on which inputs do "
        "such sentences turn?",
        sayings(found, names),
        _sections(found, names),
        cards=_cards(found),
        subtitle=f"Counterfactuals of the run {found.run}",
        note=f"Each figure is one of {found.solves} programs solved; all of them are in explain.json beside this page. "
        "Risk: the least attainable, MUSD. Changes of less than a thousandth are within the slack of the plan.",
    )


def _cards(found: Explanation) -> list[Card]:
    k = found.knowledge
    national = next((r for r in found.together if r.key == "national"), None)
    adaptive = next((r for r in found.timing if r.key == "adaptive"), None)
    out = [
        Card("Doing nothing", rough(found.ladder[0].least_risk), "MUSD", "risk that remains"),
        Card("All levers", rough(found.own.least_risk), "MUSD", "least risk of this run's model"),
    ]
    if national is not None:
        out.append(Card("Each country alone", rough(national.least_risk), "MUSD", "risk, with the same levers"))
    if adaptive is not None and adaptive.change_cost is not None:
        out.append(
            Card("Flexibility", rough(-adaptive.change_cost), "MUSD", "cost saved by answering what has shown itself")
        )
    return [
        *out,
        Card("Perfect information", rough(k.evpi), "MUSD", "risk that foresight would take off (EVPI)"),
        Card("Planning for all futures", rough(k.vss), "MUSD", "risk more if one plans for the mean future (VSS)"),
    ]


def _sections(found: Explanation, names: Names) -> list[Section]:
    draw = Drawer()
    parts: list[tuple[str, str, str, list[Part]]] = [
        (
            "ladder",
            "The ladder: one lever after the other",
            "Each rung is a program of its own, solved.",
            [
                _ladder_chart(found, draw),
                _rungs("What each step takes off and costs", found.ladder, "the rung before"),
                _rungs("Leave one out of the full set", found.left_out, "the plan"),
            ],
        ),
        (
            "together",
            "Who acts together, and when",
            "The same levers under other policies.",
            [
                _rungs("Coordination", found.together, "the plan"),
                _rungs("Timing and flexibility", found.timing, "the plan"),
            ],
        ),
        (
            "claims",
            "Four claims, and whether these data decide them",
            "A claim holds or fails only if it does so in every trial; where trials disagree the data do not decide it"
            ".",
            [_verdicts(found.verdicts), *map(_trials, found.verdicts)],
        ),
        (
            "bottleneck",
            "The true bottleneck by element and year",
            "What makes the goods valuable: at shadow prices their value splits without remainder over what made them.",
            [_bottlenecks(found, names)],
        ),
        (
            "information",
            "What it is worth to know",
            "Information, planning for all futures, and regret.",
            [_knowledge(found), _regret(found, names)],
        ),
        (
            "marginals",
            "One unit more, solved again",
            "Shadow prices and what a whole unit more does in fact.",
            [_marginals(found)],
        ),
    ]
    if found.alternatives is not None:
        parts.insert(2, _near(found.alternatives, names))
    return [Section(*part) for part in parts]


def _ladder_chart(found: Explanation, draw: Drawer) -> Part:
    rungs = [*found.ladder]
    rows = pd.DataFrame(
        {
            "name": [r.name.split(":")[0] for r in rungs],
            "risk": [r.least_risk for r in rungs],
            "label": [rough(r.least_risk) for r in rungs],
            "order": range(len(rungs)),
            "hue": [WITHOUT, *[EXISTING] * (len(rungs) - 2), WITH][: len(rungs)],
        }
    )
    y = alt.Y(
        "name:N",
        sort=rows["name"].tolist(),
        axis=alt.Axis(
            title=None,
            labelLimit=190,
            minExtent=180,
            maxExtent=180,
            domain=False,
            ticks=False,
            labelColor=INK,
            labelFontSize=12,
        ),
    )
    top = max(float(rows["risk"].max()), 1e-9) * 1.12
    x = alt.X(
        "risk:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(title="least risk, MUSD", tickCount=5, format=",~r", domain=False),
    )
    bars = alt.Chart(rows).mark_bar(height=18).encode(y=y, x=x, color=alt.Color("hue:N", scale=None))
    words = alt.Chart(rows).mark_text(align="left", dx=5).encode(y=y, x=x, text="label:N")
    chart = (bars + words).properties(width=WIDTH, height=ROW * len(rungs))
    told = ", ".join(f"{r.name.split(':')[0]} {rough(r.least_risk)}" for r in rungs)
    panel = draw.panel("Least risk as levers are added", f"Bars: {told} MUSD.", chart)
    steps = [f"{step(r)} {rough(-r.change)}" for r in found.ladder[1:]]
    return Figure(
        "What each lever takes off the risk",
        f"MUSD taken off, step by step: {'; '.join(steps)}. "
        "The order is the order of the chain; a lever added later may owe its effect to those before it.",
        [panel],
        layout="wide",
    )


def _rungs(title: str, rungs: Sequence[Rung], against: str) -> Part:
    columns = [
        *texts("measure"),
        Column("least risk", "MUSD"),
        Column("change", f"against {against}"),
        Column("", "share"),
        Column("cost of the plan", "MUSD"),
        Column("mean loss of the tail", "MUSD"),
    ]
    rows = [
        [
            r.name,
            number(r.least_risk),
            _signed(r.change) if r.against else NOTHING,
            percent(r.change / (r.least_risk - r.change)) if r.against and r.least_risk - r.change > 1e-9 else NOTHING,
            number(r.cost),
            number(r.cvar),
        ]
        for r in rungs
    ]
    note = "Cost: of the cheapest plan within the slack of the least risk; a dash where it was not asked for."
    return Grid(title, columns, rows, note=note) if rows else Text([f"{title}: nothing to compare."])


def _signed(value: float) -> str:
    return "0" if abs(value) < SMALLEST_MUSD else ("+" if value > 0 else "") + number(value)


def _verdicts(verdicts: Sequence[Verdict]) -> Part:
    rows = [
        [v.claim, v.verdict, percent(v.measure), percent(v.threshold), listed(list(v.turns_on)) or NOTHING, v.rule]
        for v in verdicts
    ]
    columns = [
        *texts("claim", "verdict"),
        Column("measure", "as given"),
        Column("line"),
        *texts("turns on", "rule"),
    ]
    marks = ["" if v.verdict in MARKS else "unsure" for v in verdicts]
    return Grid("Verdicts", columns, rows, marks=marks)


def _trials(verdict: Verdict) -> Part:
    columns = [
        *texts("input", "tried at"),
        Column("with it", "MUSD"),
        Column("without it", "MUSD"),
        Column("measure"),
        *texts("crosses the line", "why this range"),
    ]
    rows = [
        [
            t.input,
            t.setting,
            number(t.with_it),
            number(t.without_it),
            percent(t.measure),
            "yes" if t.flips else "no",
            t.source,
        ]
        for t in verdict.trials
    ]
    note = f"As given: {percent(verdict.measure)}; line: {percent(verdict.threshold)}."
    if verdict.not_tried:
        note += f" Not tried on this claim (planner explain --thorough does): {listed(list(verdict.not_tried))}."
    return Grid(
        f"Trials: {verdict.claim}",
        columns,
        rows,
        note=note,
        folded=True,
        marks=["unsure" if t.flips else "" for t in verdict.trials],
    )


def _bottlenecks(found: Explanation, names: Names) -> Part:
    rows = []
    for link in narrowest(found.links):
        others = sorted(
            (o for o in found.links if (o.element, o.year) == (link.element, link.year) and o is not link),
            key=lambda o: -o.musd,
        )
        rows.append(
            [
                names.element(link.element),
                str(link.year),
                link.link,
                percent(link.share),
                number(sum([link.musd, *(o.musd for o in others)])),
                listed([f"{o.link} {percent(o.share)}" for o in others]) or NOTHING,
                link.binds,
            ]
        )
    if not rows:
        return Text(["No plant's output takes anything off the risk at the margin."])
    columns = [
        *texts("element", "year", "narrowest link"),
        Column("share"),
        Column("value of what is made", "MUSD of risk"),
        *texts("the rest", "what holds it"),
    ]
    return Grid(
        "Narrowest link",
        columns,
        rows,
        note="Value: output at its shadow price, over all histories of the year. Before new plants can run only "
        "stock and imports help.",
    )


def _near(near: Alternatives, names: Names) -> tuple[str, str, str, list[Part]]:
    within = f"{percent(near.risk_share)} of the least risk and {percent(near.cost_share)} of the cost"
    counted = [r for r in near.ranges if r.kind == "project"]
    order = {"must": 0, "may": 1, "never": 2}
    rows = [
        [names.project(r.key), r.word, number(r.least), number(r.most), number(r.limit)]
        for r in sorted(counted, key=lambda r: (order[r.word], names.project(r.key)))
    ]
    plants = Grid(
        "Projects over all plans that are nearly as good",
        [*texts("project", "word"), Column("least", "t/y"), Column("most", "t/y"), Column("could be built", "t/y")],
        rows,
        note="must: in every such plan; may: in some; never: in none (by a hundredth of what could be built). Each "
        "least and most is a program solved; they cannot all be had at once.",
    )
    countries = Grid(
        "Capital by country over the same plans",
        [*texts("country"), Column("least", "MUSD"), Column("most", "MUSD")],
        [[names.country(r.key), number(r.least), number(r.most)] for r in near.ranges if r.kind == "country"],
        note="Public and private, not discounted.",
    )
    lead = f"Plans within {within}: what they all contain, and how much room politics has."
    return "near", "Must, may, never", lead, [plants, countries]


def _knowledge(found: Explanation) -> Part:
    k = found.knowledge
    rows = [
        ["One plan for all futures (RP)", number(k.stochastic), NOTHING],
        ["Each future known from the start (WS)", number(k.wait_and_see), NOTHING],
        ["Value of perfect information, EVPI = RP − WS", NOTHING, number(k.evpi)],
        ["The plan for the mean future, carried out (EEV)", number(k.expected_value_plan), NOTHING],
        ["Value of the stochastic solution, VSS = EEV − RP", NOTHING, number(k.vss)],
    ]
    return Grid(
        "Information",
        [*texts("what"), Column("risk", "MUSD"), Column("worth", "MUSD")],
        rows,
        note="Birge and Louveaux, Introduction to Stochastic Programming, ch. 4, with risk in place of the "
        "expectation, "
        "for the committed policy. The plan for the mean future keeps its plants and people; stocks may still answer.",
    )


def _regret(found: Explanation, names: Names) -> Part:
    k = found.knowledge
    rows = [
        [names.scenario(w), number(k.loss[w]), number(k.least_loss[w]), number(k.regret[w])]
        for w in sorted(k.loss, key=lambda w: (-k.regret[w], w))
    ]
    return Grid(
        "Regret of the plan in each scenario",
        [
            *texts("scenario"),
            Column("loss with the plan", "MUSD"),
            Column("least loss, had it been known", "MUSD"),
            Column("regret", "MUSD"),
        ],
        rows,
    )


def _marginals(found: Explanation) -> Part:
    rows = [[m.words, m.unit, number(m.price), number(m.resolved)] for m in found.marginals]
    if not rows:
        return Text(["Nothing has a price."])
    return Grid(
        "Marginal values",
        [*texts("one unit more", "unit"), Column("shadow price"), Column("solved again", "MUSD off the risk")],
        rows,
        note="A shadow price holds for the next small amount; a whole unit may take off less.",
    )
