"""project-P.html: the investment case of one project, from the values of planner.results.business_case."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.data.case import Case
from planner.reporting.charts.drawing import STAGE_COLOURS, WITH, WITHOUT, Drawer, stacked, y_names
from planner.reporting.forms.markup import report_page
from planner.reporting.values.parts import Card, Column, Figure, Part, ReportTable, Section, Statement, Text, texts
from planner.reporting.values.wording import NOTHING, STAGES, Names, count, listed, midway, number, percent
from planner.results.business_case import CONVENTIONS, BusinessCase

KIND = "Investment case"
WIDTH, ROW = 430, 28


def business_case_page(found: BusinessCase, case: Case) -> str:
    """The whole page as text."""
    names = Names(case)
    row = case.projects[found.project]
    title = names.project_and_place(found.project, row.country)
    return report_page(
        KIND,
        title,
        f"Is {title} worth its money to those who pay for it, and what does the alliance lose without it?",
        statements(found, case),
        _sections(found, case, names),
        cards=_cards(found),
        subtitle=f"{STAGES[row.stage]}, in the run {found.run}",
        note=f"{percent(found.deck.rate)} a year; price {percent(found.deck.price)} of the case's price. "
        "Figures: projects, feeds, recoveries, ramps, staffing and elements of the run's inputs; investments, "
        "operations "
        "and training of its tables.",
    )


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences; also what the screen shows."""
    names, row = Names(case), case.projects[found.project]
    capacity, capex = sum(found.builds.values()), sum(found.flows.capex)
    years = sorted(found.builds)
    when = f"in {years[0]}" if len(years) == 1 else f"from {years[0]} to {years[-1]}"
    first = years[0] + row.lead_time_years
    what = f"{number(capacity)} t/y committed {when}, first output {first}, for {number(capex)} MUSD"
    if not found.planned:
        what += ". The plan does not build it: the case is that of its largest size at the first chance"
    if not found.runs:
        what += f". The plan never runs it: assumed is that it works {_assumed(found, case, names)}"
    out = [Statement("Project", f"{what}; {percent(found.public_share)} of the capital is public money.")]
    out.append(
        Statement(
            "Worth",
            f"NPV {number(found.whole.npv)} MUSD at {percent(found.deck.rate)}, IRR "
            f"{percent(found.whole.irr)}, payback {_years(found.whole.payback)}. For the investor, with the "
            f"public part as a grant: NPV {number(found.investor.npv)} MUSD, IRR {percent(found.investor.irr)}. "
            f"In a price war (half the case's price): NPV {number(found.cheap.npv)} MUSD.",
        )
    )
    out.append(Statement("Floor price", _floor(found, case, names)))
    out.append(Statement("Avoided", _avoided(found, names)))
    if found.swings:
        top = found.swings[0]
        out.append(
            Statement(
                "What moves it",
                f"Most of all {top.what}: NPV {number(top.npv_low)} ({top.low}) to "
                f"{number(top.npv_high)} MUSD ({top.high}).",
            )
        )
    return out


def _assumed(found: BusinessCase, case: Case, names: Names) -> str:
    """The default mix, in words."""
    if case.projects[found.project].stage != "metal":
        return f"{listed([names.feed(f) for f in found.inputs])} alone"
    shares = [f"{percent(share)} {midway(names.element(e))}" for e, share in found.inputs.items()]
    return f"the elements as metal is wanted of them ({listed(shares)})"


def _years(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} years"


def _floor(found: BusinessCase, case: Case, names: Names) -> str:
    if found.break_even is None:
        return "No price makes it break even: a higher price earns no more."
    sold = [e for e in found.flows.revenue if max(found.flows.revenue[e]) > 0]

    def at(factor: float) -> str:
        return listed(
            [f"{midway(names.element(e))} {number(factor * (case.elements[e].price_usd_per_kg or 0.0))}" for e in sold]
        )

    where = f"{percent(found.break_even)} of the case's prices"
    text = f"It breaks even at {where}: {at(found.break_even)} USD per kg of oxide"
    if found.investor_break_even is not None and found.public_share > 0:
        text += f"; the investor with the grant at {percent(found.investor_break_even)}"
    return text + "."


def _avoided(found: BusinessCase, names: Names) -> str:
    gone = found.avoided
    if gone is None:
        return "The plan does not build it, so it avoids nothing there."
    tonnes = [f"{number(t)} t of {midway(names.element(e))}" for e, t in gone.shortfall_t.items() if t > 0.05]
    text = f"Without it, everything else planned anew, the least risk is {number(gone.risk)} MUSD higher"
    if gone.risk_per_musd is not None:
        text += f", {number(gone.risk_per_musd)} MUSD per MUSD of its capital"
    if gone.risk < 1e-3 * max(sum(found.flows.capex), 1.0):
        text += ": other projects take its place"
    return text + (f"; expected shortfall grows by {listed(tonnes)}." if tonnes else "; no more is short.")


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
    parts: list[tuple[str, str, str, list[Part]]] = [
        (
            "money",
            "Money by year",
            "Real MUSD of the base year.",
            [_money_chart(found, draw, names), _flows(found, names)],
        ),
        (
            "tornado",
            "What moves it",
            "NPV with one assumption changed, the others as they are.",
            [_tornado(found, draw)],
        ),
        ("needs", "What it needs", "People and material.", [_people(found, names), _inputs(found, case, names)]),
        ("risks", "Risks", "What the case says may hit it.", [_risks(found, case, names)]),
        (
            "sources",
            "Conventions and sources",
            "",
            [Text(list(CONVENTIONS)), _deck(found, case, names), _source(found, case)],
        ),
    ]
    return [Section(*part) for part in parts]


def _money_chart(found: BusinessCase, draw: Drawer, names: Names) -> Part:
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
    columns = [
        *texts("year"),
        Column("capacity in use", "t"),
        Column("capital", "MUSD"),
        Column("fixed cost", "MUSD"),
        Column("variable cost", "MUSD"),
        Column("feed", "MUSD"),
        *(Column(names.element(e), "MUSD sold") for e in f.revenue),
        Column("net", "MUSD"),
    ]
    rows = [
        [
            str(t),
            number(f.usable_t[i]),
            number(f.capex[i]),
            number(f.fixed[i]),
            number(f.variable[i]),
            number(f.feed_cost[i]),
            *(number(values[i]) for values in f.revenue.values()),
            number(net),
        ]
        for i, (t, net) in enumerate(zip(f.years, f.net(), strict=True))
    ]
    total = [
        "Sum",
        NOTHING,
        *(number(sum(v)) for v in (f.capex, f.fixed, f.variable, f.feed_cost, *f.revenue.values(), f.net())),
    ]
    return ReportTable("Flows", columns, rows, total=total, note="Not discounted.")


def _tornado(found: BusinessCase, draw: Drawer) -> Part:
    rows = pd.DataFrame(
        [
            {
                "what": s.what,
                "from": min(s.npv_low, s.npv_high),
                "to": max(s.npv_low, s.npv_high),
                "label": f"{s.low} | {s.high}",
            }
            for s in found.swings
        ]
    )
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
    rows = [[names.skill(k), number(v), number(found.trained_there.get(k, 0.0))] for k, v in found.jobs.items()]
    return ReportTable(
        "Jobs in full operation, and training",
        [*texts("skill"), Column("needed", "persons"), Column("trained in the country", "persons, all plants")],
        rows,
    )


def _inputs(found: BusinessCase, case: Case, names: Names) -> Part:
    stage, total = case.projects[found.project].stage, sum(found.inputs.values())
    rows = []
    for name, amount in sorted(found.inputs.items(), key=lambda pair: -pair[1]):
        if stage == "metal":
            rows.append([names.element(name) + " oxide", percent(amount / total), "separation plants of the group"])
            continue
        givers = [names.placed(p) for p, r in case.projects.items() if r.stage == "mine" and r.feeds[:1] == (name,)]
        takers = [names.placed(p) for p, r in case.projects.items() if r.stage == "separation" and name in r.feeds]
        rows.append(
            [names.feed(name), percent(amount / total), listed(takers if stage == "mine" else givers) or NOTHING]
        )
    what = "taken by" if stage == "mine" else "given by"
    return ReportTable(
        "Feed and offtake it depends on",
        [*texts("material"), Column("share of its work"), *texts(what)],
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
            percent(case.scenarios[s.scenario]),
            s.kind,
            f"{number(s.factor)} years later" if s.kind == "delay" else f"× {number(s.factor)}",
            f"{s.start_year or case.first_year}–{s.end_year or case.last_year}",
        ]
        for s in hits
    ]
    if not rows:
        return Text(["No scenario stops or delays it; that is a gap of the case, not a promise."])
    return ReportTable(
        "Scenarios that hit it", [*texts("scenario"), Column("probability"), *texts("what", "how", "when")], rows
    )


def _deck(found: BusinessCase, case: Case, names: Names) -> Part:
    rows = [
        [
            names.element(e),
            number(r.price_usd_per_kg),
            number((r.price_usd_per_kg or 0.0) * found.deck.price),
            r.source,
            r.confidence,
        ]
        for e, r in case.elements.items()
    ]
    note = (
        f"Assumed here: a concentrate earns {percent(found.deck.payable)} of the oxides in it, metal "
        f"{percent(found.deck.metal_premium)} more "
        f"than its oxide; floor {percent(found.deck.floor)} of the case's price."
    )
    return ReportTable(
        "Price deck",
        [
            *texts("element"),
            Column("case", "USD/kg oxide"),
            Column("received", "USD/kg oxide"),
            *texts("source", "confidence"),
        ],
        rows,
        note=note,
    )


def _source(found: BusinessCase, case: Case) -> Part:
    row = case.projects[found.project]
    return ReportTable(
        "The project's row",
        texts("what", "value"),
        [
            ["source", row.source],
            ["confidence", row.confidence],
            ["notes", row.notes],
            ["row", f"projects.csv, {found.project}"],
        ],
    )


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    head = f"{Names(case).project(found.project)}: {count(len(found.flows.years), 'year')} of flows"
    return [head, *(f"{s.about[:13]:<14}{s.sentence}" for s in statements(found, case))]
