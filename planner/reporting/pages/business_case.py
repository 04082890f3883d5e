"""project-P.html: the investment case of one project, from the values of planner.results.business_case."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from planner.data.case import Case
from planner.reporting.charts.drawing import STAGE_COLOURS, WITH, WITHOUT, Drawer, stacked, y_names
from planner.reporting.formats.markup import report_page
from planner.reporting.values.page_parts import (
    LIST,
    SHARE,
    Card,
    Column,
    Figure,
    Part,
    ReportTable,
    Section,
    Statement,
    Text,
    texts,
)
from planner.reporting.values.wording import NOTHING, SLIGHT, STAGES, Names, count, midway, number, percent, worded
from planner.results.business_case import CONVENTIONS, BusinessCase

KIND = "Investment case"
WIDTH, ROW = 430, 28


def _say(passage: str, found: BusinessCase, case: Case, **values: Any) -> str:
    row = case.projects[found.project]
    return worded("business_case.j2", passage, found=found, row=row, names=Names(case), **values)


def business_case_page(found: BusinessCase, case: Case) -> str:
    """The whole page as text."""
    names = Names(case)
    return report_page(
        KIND,
        names.placed(found.project),
        _say("question", found, case),
        statements(found, case),
        _sections(found, case, names),
        cards=_cards(found),
        subtitle=f"{STAGES[case.projects[found.project].stage]}, in the run {found.run}",
        note=_say("basis", found, case),
    )


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences; also what the screen shows."""
    names, sold = Names(case), [e for e, musd in found.flows.revenue.items() if max(musd) > 0]
    price = {e: (found.break_even or 0.0) * (case.elements[e].price_usd_per_kg or 0.0) for e in sold}
    gone = found.avoided.shortfall_t if found.avoided else {}
    values: dict[str, Any] = {
        "capacity": sum(found.builds.values()),
        "capex": sum(found.flows.capex),
        "years": sorted(found.builds),
        "mix": [f"{percent(share)} {midway(names.element(e))}" for e, share in found.inputs.items()],
        "prices": [f"{midway(names.element(e))} {number(usd)}" for e, usd in price.items()],
        "short": [f"{number(t)} t of {midway(names.element(e))}" for e, t in gone.items() if t > SLIGHT],
    }
    passages = {
        "project": "Project",
        "worth": "Worth",
        "floor": "Floor price",
        "avoided": "Avoided",
        "moves": "What moves it",
    }
    told = [Statement(about, _say(passage, found, case, **values)) for passage, about in passages.items()]
    return [statement for statement in told if statement.sentence]


def _cards(found: BusinessCase) -> list[Card]:
    return [
        Card("NPV", number(found.whole.npv), "MUSD", f"at {percent(found.deck.rate)}, all capital"),
        Card("IRR", percent(found.whole.irr), "", f"investor with grant: {percent(found.investor.irr)}"),
        Card("Breaks even at", percent(found.break_even), "", "of the case's prices"),
        Card(
            "Risk without it", ("+" + number(found.avoided.risk)) if found.avoided else NOTHING, "MUSD", "solved again"
        ),
    ]


def _sections(found: BusinessCase, case: Case, names: Names) -> list[Section]:
    draw = Drawer()
    changed, hit = "NPV with one assumption changed, the others as they are.", "What the case says may hit it."
    needs: list[Part] = [_people(found, names), _inputs(found, case, names)]
    sources: list[Part] = [Text(list(CONVENTIONS)), _deck(found, case, names), _source(found, case)]
    money: list[Part] = [_money_chart(found, draw), _flows(found, names)]
    return [
        Section("money", "Money by year", "Real MUSD of the base year.", money),
        Section("tornado", "What moves it", changed, [_tornado(found, draw)]),
        Section("needs", "What it needs", "People and material.", needs),
        Section("risks", "Risks", hit, [_risks(found, case, names)]),
        Section("sources", "Conventions and sources", "", sources),
    ]


def _money_chart(found: BusinessCase, draw: Drawer) -> Part:
    f = found.flows
    net = pd.DataFrame({"year": list(f.years), "amount": f.net(), "kind": "net flow"})
    chart = stacked(net, list(f.years), [("net flow", WITH)], "MUSD", width=520, height=200)
    y = alt.Y("amount:Q", axis=alt.Axis(title="MUSD", tickCount=5, format=",~r", domain=False, ticks=False))
    chart = chart.encode(y=y)
    told = f"from {number(min(f.net()))} to {number(max(f.net()))} MUSD a year"
    return Figure(
        "Net flow by year",
        f"Net flow of the whole project, {told}. Below zero: it is being paid for.",
        [draw.panel("Net flow, MUSD", f"Bars by year, {told}.", chart)],
        layout="wide",
    )


def _flows(found: BusinessCase, names: Names) -> Part:
    f = found.flows
    money = {"capital": f.capex, "fixed cost": f.fixed, "variable cost": f.variable, "feed": f.feed_cost}
    series = [f.usable_t, *money.values(), *f.revenue.values(), f.net()]
    columns = [
        *texts("year"),
        Column("capacity in use", "t"),
        *(Column(title, "MUSD") for title in money),
        *(Column(names.element(e), "MUSD sold") for e in f.revenue),
        Column("net", "MUSD"),
    ]
    rows = list(zip(map(str, f.years), *series, strict=True))
    total = ["Sum", NOTHING, *(number(sum(values)) for values in series[1:])]
    return ReportTable("Flows", columns, rows, total=total, note="Not discounted.")


def _tornado(found: BusinessCase, draw: Drawer) -> Part:
    ends = [(s.what, *sorted((s.npv_low, s.npv_high)), f"{s.low} | {s.high}") for s in found.swings]
    rows = pd.DataFrame(ends, columns=["what", "from", "to", "label"])
    y = y_names("what", rows["what"], 120, 120)
    bars = (
        alt.Chart(rows)
        .mark_bar(height=16, color=STAGE_COLOURS["separation"])
        .encode(y=y, x=alt.X("from:Q", axis=alt.Axis(title="NPV, MUSD", tickCount=5, format=",~r")), x2="to:Q")
    )
    line = alt.Chart(pd.DataFrame({"at": [found.whole.npv]})).mark_rule(color=WITHOUT, size=2).encode(x="at:Q")
    chart = (bars + line).properties(width=WIDTH, height=ROW * len(rows))
    told = "; ".join(f"{s.what} {number(s.npv_low)} ({s.low}) to {number(s.npv_high)} ({s.high})" for s in found.swings)
    return Figure(
        "Tornado",
        f"NPV in MUSD: {told}. Line: as assumed, {number(found.whole.npv)}.",
        [draw.panel("NPV with one assumption low and high", told, chart)],
        layout="wide",
    )


def _people(found: BusinessCase, names: Names) -> Part:
    if not found.jobs:
        return Text(["The case counts nobody for this project."])
    rows = [[names.skill(k), persons, found.trained_there.get(k, 0.0)] for k, persons in found.jobs.items()]
    return ReportTable(
        "Jobs in full operation, and training",
        [*texts("skill"), Column("needed", "persons"), Column("trained in the country", "persons, all plants")],
        rows,
    )


def _inputs(found: BusinessCase, case: Case, names: Names) -> Part:
    stage, total, plants = case.projects[found.project].stage, sum(found.inputs.values()), case.projects.items()
    rows = []
    for name, amount in sorted(found.inputs.items(), key=lambda pair: -pair[1]):
        givers = [names.placed(p) for p, r in plants if r.stage == "mine" and r.feeds[:1] == (name,)]
        takers = [names.placed(p) for p, r in plants if r.stage == "separation" and name in r.feeds]
        if stage == "metal":
            rows.append([names.element(name) + " oxide", amount / total, "separation plants of the group"])
        else:
            rows.append([names.feed(name), amount / total, takers if stage == "mine" else givers])
    what = "taken by" if stage == "mine" else "given by"
    return ReportTable(
        "Feed and offtake it depends on",
        [*texts("material"), Column("share of its work", form=SHARE), Column(what, number=False, form=LIST)],
        rows,
        note="Shares: "
        + ("as the plan runs it, expected over all futures." if found.runs else "assumed; the plan never runs it."),
    )


def _risks(found: BusinessCase, case: Case, names: Names) -> Part:
    row = case.projects[found.project]
    hits = [
        s
        for s in case.tables.shocks
        if s.kind in ("capacity", "delay")
        and s.project in ("", "*", found.project)
        and s.stage in ("", "*", row.stage)
        and s.country in ("", "*", row.country)
    ]
    rows = [
        [
            names.scenario(s.scenario),
            case.scenarios[s.scenario],
            s.kind,
            f"{number(s.factor)} years later" if s.kind == "delay" else f"× {number(s.factor)}",
            f"{s.start_year or case.first_year}–{s.end_year or case.last_year}",
        ]
        for s in hits
    ]
    if not rows:
        return Text(["No scenario stops or delays it; that is a gap of the case, not a promise."])
    return ReportTable(
        "Scenarios that hit it",
        [*texts("scenario"), Column("probability", form=SHARE), *texts("what", "how", "when")],
        rows,
    )


def _deck(found: BusinessCase, case: Case, names: Names) -> Part:
    rows = [
        [names.element(e), r.price_usd_per_kg, (r.price_usd_per_kg or 0.0) * found.deck.price, r.source, r.confidence]
        for e, r in case.elements.items()
    ]
    prices = [Column(title, "USD/kg oxide") for title in ("case", "received")]
    columns = [*texts("element"), *prices, *texts("source", "confidence")]
    return ReportTable("Price deck", columns, rows, note=_say("deck", found, case))


def _source(found: BusinessCase, case: Case) -> Part:
    row = case.projects[found.project]
    told = {
        "source": row.source,
        "confidence": row.confidence,
        "notes": row.notes,
        "row": f"projects.csv, {row.project}",
    }
    return ReportTable("The project's row", texts("what", "value"), list(told.items()))


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    head = f"{Names(case).project(found.project)}: {count(len(found.flows.years), 'year')} of flows"
    return [head, *(f"{s.about[:13]:<14}{s.sentence}" for s in statements(found, case))]
