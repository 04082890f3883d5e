"""project-P.html: the investment case of one project, from the values of planner.results.business_case."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.reporting.charts.drawing import STAGE_COLOURS, WITH, WITHOUT, Drawer, Plot, stacked
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
ROW = 28


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
    plot, _, _ = stacked(net, list(f.years), [("net flow", WITH)], "MUSD", width=760, height=240)
    told = worded("figures.j2", "net_flow", least=min(f.net()), most=max(f.net()))
    return Figure("Net flow by year", told, [draw.panel("Net flow, MUSD", told, plot)], layout="wide")


def _flows(found: BusinessCase, names: Names) -> Part:
    f = found.flows
    money = {"capital": f.capex, "fixed cost": f.fixed, "variable cost": f.variable, "feed": f.feed_cost}
    series = [f.usable_t, *money.values(), *f.revenue.values(), f.net()]
    columns = [
        *texts("year"),
        Column("capacity in use", "t"),
        *(Column(title, "MUSD", summed=True) for title in money),
        *(Column(names.element(e), "MUSD sold", summed=True) for e in f.revenue),
        Column("net", "MUSD", summed=True),
    ]
    rows = list(zip(map(str, f.years), *series, strict=True))
    return ReportTable("Flows", columns, rows, total="Sum", note="Not discounted.")


def _tornado(found: BusinessCase, draw: Drawer) -> Part:
    rows = found.swings
    plot = Plot(760, ROW * len(rows) + 44, left=160, right=20, bottom=36)
    names, ends = plot.names([s.what for s in rows], gap=0.4), [v for s in rows for v in (s.npv_low, s.npv_high)]
    scale = plot.across(min([*ends, found.whole.npv]), max([*ends, found.whole.npv]), "NPV, MUSD")
    for place, s in enumerate(rows):
        start, stop = sorted((scale(s.npv_low), scale(s.npv_high)))
        plot.rect(start, names.at(place), stop - start, names.width, STAGE_COLOURS["separation"])
    at = scale(found.whole.npv)
    plot.line(at, plot.top, at, plot.bottom, WITHOUT, wide=2)
    told = worded("figures.j2", "swings", found=found)
    return Figure("Tornado", told, [draw.panel("NPV with one assumption low and high", told, plot)], layout="wide")


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
