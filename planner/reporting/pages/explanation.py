"""Why this plan, as chapters of the report: what planner.explanation found becomes tables and charts."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import EXISTING, INK, WITH, WITHOUT, Drawer
from planner.reporting.pages.explanation_moves import moved_plans
from planner.reporting.pages.explanation_plan import commitments
from planner.reporting.tables.limits import marginal_words
from planner.reporting.text.claims import claim, rule
from planner.reporting.text.explanation import MISSING, narrowest, statements, step
from planner.reporting.text.explanation_notes import together_words, upstream_words
from planner.reporting.values.names import STAGES, Names
from planner.reporting.values.numbers import NOTHING, amount, listed, number, percent
from planner.reporting.values.parts import Column, Figure, Part, ReportTable, Section, Text, texts
from planner.reporting.values.provenance import tooltip
from planner.reporting.values.view import RunView
from planner.results.explanation import EXPLANATION, Alternatives, Explanation, Rung, Verdict

WIDTH, ROW = 520, 30
SMALLEST_MUSD = 5e-3
MARKS = {"holds": "holds", "fails": "fails"}


def explanation_sections(run: RunView, draw: Drawer) -> list[Section]:
    """The first chapters of the report; if nothing was asked, one that says how to ask."""
    found, names = run.found, run.names
    if found is None:
        return [Section("why", "Why this plan", "", [Text([MISSING])])]
    return [
        Section(
            "why",
            "Why this plan",
            f"Counterfactuals of this plan, among {found.solves} programs solved. Risk here is the least attainable, "
            f"in MUSD{_slack_words(run)}.",
            [
                Text(
                    [f"{statement.about}. {statement.sentence}" for statement in statements(found, names)],
                    source=f"{EXPLANATION}: ladder, left_out, verdicts, links, knowledge, timing",
                ),
                _ladder_chart(found, draw),
                _rungs(
                    "What each step takes off and costs",
                    found.ladder,
                    "the one before",
                    "ladder",
                    upstream_words(found),
                ),
                _rungs("Leave one out of the full set", found.left_out, "the plan", "left_out"),
                _rungs("Who acts together", found.together, "the plan", "together", together_words(run, found)),
                _rungs("Timing and flexibility", found.timing, "the plan", "timing"),
                *commitments(found, names),
                *moved_plans(found, names),
                _verdicts(found.verdicts),
                *map(_trials, found.verdicts),
                _bottlenecks(found, names),
            ],
        ),
        _near(found.alternatives, names),
        Section(
            "information",
            "What it is worth to know, and one unit more",
            "Information, planning for all futures at once, regret, and marginal values solved again.",
            [_knowledge(found), _regret(found, names), _marginals(found, names)],
        ),
    ]


def _slack_words(run: RunView) -> str:
    objective = run.case.model.objective
    if objective.goal != "risk" or objective.risk_slack <= 0:
        return ""
    return (
        "; figures of the answer may be higher by a little, as they are those of the cheapest plan within "
        f"{percent(objective.risk_slack)} of it"
    )


def _ladder_chart(found: Explanation, draw: Drawer) -> Part:
    rungs = [*found.ladder]
    rows = pd.DataFrame(
        {
            "name": [r.name.split(":")[0] for r in rungs],
            "risk": [r.least_risk for r in rungs],
            "label": [number(r.least_risk) for r in rungs],
            "tip": [
                tooltip(f"{r.name.split(':')[0]}: {number(r.least_risk)} MUSD", f"{EXPLANATION}: {r.key}")
                for r in rungs
            ],
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
    bars = (
        alt.Chart(rows)
        .mark_bar(height=18)
        .encode(y=y, x=x, color=alt.Color("hue:N", scale=None), description=alt.Description("tip:N"))
    )
    words = alt.Chart(rows).mark_text(align="left", dx=5).encode(y=y, x=x, text="label:N")
    chart = (bars + words).properties(width=WIDTH, height=ROW * len(rungs))
    told = ", ".join(f"{r.name.split(':')[0]} {number(r.least_risk)}" for r in rungs)
    panel = draw.panel("Least risk as levers are added", f"Bars: {told} MUSD.", chart)
    steps = [f"{step(r)} {number(-r.change)}" for r in found.ladder[1:]]
    return Figure(
        "What each lever takes off the risk",
        f"MUSD taken off, step by step: {'; '.join(steps)}. "
        "The order is the order of the chain; a lever added later may owe its effect to those before it.",
        [panel],
        layout="wide",
        source=f"{EXPLANATION}: ladder",
    )


def _rungs(title: str, rungs: Sequence[Rung], against: str, key: str, words: str = "") -> Part:
    staged = key == "ladder" and any(r.capital for r in rungs)
    columns = [
        *texts("measure"),
        Column("least risk", "MUSD"),
        Column("change", f"against {against}"),
        Column("change", "share"),
        Column("cost", "MUSD"),
        *(Column(name.lower(), "capital") for name in STAGES.values() if staged),
        Column("tail", "mean loss, MUSD"),
    ]
    rows = [
        [
            r.name,
            number(r.least_risk),
            _signed(r.change) if r.against else NOTHING,
            percent(r.change / (r.least_risk - r.change)) if r.against and r.least_risk - r.change > 1e-9 else NOTHING,
            number(r.cost),
            *(amount(r.capital.get(stage, 0.0)) for stage in STAGES if staged),
            number(r.cvar),
        ]
        for r in rungs
    ]
    note = "Cost: of the cheapest plan within the slack of the least risk; a dash where it was not asked for."
    words += "Capital by stage: MUSD, public and private, not discounted. " if staged else ""
    note = f"{words}{note if key == 'ladder' or any(r.cost is None for r in rungs) else ''}".strip()
    return (
        ReportTable(title, columns, rows, note=note, source=f"{EXPLANATION}: {key}")
        if rows
        else Text([f"{title}: nothing to compare."])
    )


def _signed(value: float) -> str:
    return "0" if abs(value) < SMALLEST_MUSD else ("+" if value > 0 else "") + number(value)


def _verdicts(verdicts: Sequence[Verdict]) -> Part:
    rows = [
        [
            claim(v.claim),
            v.verdict,
            percent(v.measure),
            percent(v.threshold),
            listed(list(v.turns_on)) or NOTHING,
            rule(v),
        ]
        for v in verdicts
    ]
    columns = [
        *texts("claim", "verdict"),
        Column("measure", "as given"),
        Column("line"),
        *texts("turns on", "rule"),
    ]
    marks = ["" if v.verdict in MARKS else "unsure" for v in verdicts]
    return ReportTable(
        "Four claims, and whether these data decide them",
        columns,
        rows,
        marks=marks,
        note="A claim holds or fails only if it does so in every trial; where trials disagree the data do not decide "
        "it.",
        source=f"{EXPLANATION}: verdicts",
    )


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
        note += f" Not tried on this claim: {listed(list(verdict.not_tried))}."
    return ReportTable(
        f"Trials: {claim(verdict.claim)}",
        columns,
        rows,
        note=note,
        folded=True,
        marks=["unsure" if t.flips else "" for t in verdict.trials],
        source=f"{EXPLANATION}: verdicts, {verdict.claim.capitalize()}, trials",
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
    return ReportTable(
        "The narrowest link of each element and year",
        columns,
        rows,
        note="At shadow prices the value of what plants make splits without remainder over what made it: metal making, "
        "separation, mining, and the people of each. Value: over all histories of the year. Where several prices are "
        "right this is one of them. Before new plants can run only stock and imports help.",
        source=f"{EXPLANATION}: links",
    )


def _near(near: Alternatives, names: Names) -> Section:
    within = f"{percent(near.risk_share)} of the least risk and {percent(near.cost_share)} of the cost"
    order = {"must": 0, "may": 1, "never": 2}
    counted = sorted(
        (r for r in near.ranges if r.kind == "project"), key=lambda r: (order[r.word], names.project(r.key))
    )
    source = f"{EXPLANATION}: alternatives"
    plants = ReportTable(
        "Projects over all plans that are nearly as good",
        [
            *texts("project", "word"),
            Column("least", "t/y"),
            Column("most", "t/y"),
            Column("could be built", "t/y"),
            Column("in this plan", "t/y"),
            Column("its capital", "MUSD"),
        ],
        [
            [names.placed(r.key), r.word, *map(number, (r.least, r.most, r.limit, r.planned, r.capital))]
            for r in counted
        ],
        note="must: in every such plan; may: in some; never: in none (by a hundredth of what could be built). Each "
        "least and most is a program solved; they cannot all be had at once.",
        source=source,
    )
    countries = ReportTable(
        "Capital by country over the same plans",
        [*texts("country"), Column("least", "MUSD"), Column("most", "MUSD"), Column("in this plan", "MUSD")],
        [
            [names.country(r.key), *map(amount, (r.least, r.most, r.planned))]
            for r in near.ranges
            if r.kind == "country"
        ],
        note="Public and private, not discounted.",
        source=source,
    )
    lead = f"Plans within {within} of this one: what they all contain, and how much room there is."
    parts: list[Part] = [plants, countries] if near.ranges else [Text(["Nothing new may be built."])]
    return Section("near", "Must, may, never", lead, parts)


def _knowledge(found: Explanation) -> Part:
    k = found.knowledge
    rows = [
        ["One plan for all futures (RP)", number(k.stochastic), NOTHING],
        ["Each future known from the start (WS)", number(k.wait_and_see), NOTHING],
        ["Value of perfect information, EVPI = RP − WS", NOTHING, number(k.evpi)],
        ["The plan for the mean future, carried out (EEV)", number(k.expected_value_plan), NOTHING],
        ["Value of the stochastic solution, VSS = EEV − RP", NOTHING, number(k.vss)],
    ]
    return ReportTable(
        "Information",
        [*texts("what"), Column("risk", "MUSD"), Column("worth", "MUSD")],
        rows,
        note="Birge and Louveaux, Introduction to Stochastic Programming, ch. 4, with risk in place of the "
        "expectation, "
        "for the committed policy. The plan for the mean future keeps its plants and people; stocks may still answer.",
        source=f"{EXPLANATION}: knowledge",
    )


def _regret(found: Explanation, names: Names) -> Part:
    k = found.knowledge
    rows = [
        [names.scenario(w), number(k.loss[w]), number(k.least_loss[w]), number(k.regret[w])]
        for w in sorted(k.loss, key=lambda w: (-k.regret[w], w))
    ]
    return ReportTable(
        "Regret of the plan in each scenario",
        [
            *texts("scenario"),
            Column("loss with the plan", "MUSD"),
            Column("least loss, had it been known", "MUSD"),
            Column("regret", "MUSD"),
        ],
        rows,
        source=f"{EXPLANATION}: knowledge",
    )


def _marginals(found: Explanation, names: Names) -> Part:
    rows = [[marginal_words(names, m), m.unit, number(m.price), number(m.resolved)] for m in found.marginals]
    if not rows:
        return Text(["Nothing has a price."])
    return ReportTable(
        "Marginal values",
        [*texts("one unit more", "unit"), Column("shadow price"), Column("solved again", "MUSD off the risk")],
        rows,
        note="A shadow price holds for the next small amount; a whole unit may take off less.",
        source=f"{EXPLANATION}: marginals",
    )
