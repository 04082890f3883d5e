"""project-P.html: the investment case of plants, and its drawings: NPV in steps, cash and its cover of debt, tornado,
spread of the NPV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.reporting.charts import drawing as svg
from planner.reporting.formats.report_forms import report_page
from planner.reporting.tables import business_case as tables
from planner.reporting.values.page_parts import STATED, Card, Figure, Part, Section, Statement, Text
from planner.reporting.values.wording import (
    NOTHING,
    SLIGHT,
    STAGES,
    Names,
    midway,
    number,
    percent,
    worded,
    worded_lines,
)
from planner.results.business_case import BusinessCase

KIND, REASONS = "Investment case", 3


def _say(passage: str, found: BusinessCase, case: Case, **values: Any) -> str:
    return worded(
        "business_case.j2", passage, found=found, names=Names(case), percent=percent, **values
    )


def business_case_page(found: BusinessCase, case: Case) -> str:
    """The whole page as text."""
    names, (first, *rest) = Names(case), statements(found, case)
    stages = " and ".join(sorted({STAGES[p.stage] for p in found.investment.plants}))
    return report_page(
        KIND,
        " and ".join(names.placed(p) for p in found.projects),
        first.sentence,
        rest,
        _sections(found, case, names),
        cards=_cards(found),
        subtitle=f"{stages}; run “{found.run}”",
        note=_say("basis", found, case),
    )


def statements(found: BusinessCase, case: Case) -> list[Statement]:
    """The case in sentences, the answer first; also what the screen shows."""
    names, planned, removal = Names(case), found.planned, found.removal
    cheapest, deals = found.cheapest, [deal.contract for deal in found.investment.deals]
    cost = (cheapest.cost or 0.0) if cheapest else 0.0
    use = planned.use if planned else (0.0,) * len(found.projects)
    fed = {
        p
        for r in deals
        if r.kind == "feed"
        for p in ((r.project,) if r.project else found.projects)
    }
    values: dict[str, Any] = {
        "per": removal.worth / cost if removal and cost > 0 else None,
        "converts": tables.converts(found),
        "short": _tonnes(removal.shortfall_t or {}, names) if removal else [],
        "apart_words": [
            f"the plan uses {percent(use[i])} of {names.project(found.projects[i])}, which could sell"
            f" {percent(found.full.use[i])}"
            for i in found.apart
        ],
        "reasons": _reasons(found, names),
        "builds": [
            f"{number(t)} t/y in {y}"
            for years in found.builds.values()
            for y, t in years.items()
            if t > SLIGHT
        ],
        "others": _instead(found, case, names),
        "stocks": bool(removal and set(removal.instead) - set(case.projects)),
        "unsold": [m for m in found.markets if m.made > m.sold * (1 + SLIGHT)],
        "crowded": [
            f"{midway(names.element(m.element))} {m.form} in {m.year} {percent(m.share)}"
            for m in found.markets
            if m.share > 1 + SLIGHT
        ],
        "guesses": [t.meaning for t in found.terms.values() if t.judged],
        "unfed": [
            tables.worked(p, names)
            for p in found.investment.plants
            if p.taken and p.project not in fed
        ],
        "sold_ahead": any(r.kind == "offtake" for r in deals),
        "carried": [s for s in found.swings if s.term.name in ("delay_years", "contingency")],
        "unpriced": [
            names.element(q.element) for q in found.investment.quotes if not q.price.any()
        ],
    }
    passages = STATED["case_page"]["told"].items()
    told = [Statement(about, _say(passage, found, case, **values)) for passage, about in passages]
    return [statement for statement in told if statement.sentence]


def _tonnes(amounts: Mapping[str, float], names: Names) -> list[str]:
    return [
        f"{number(t)} t of {midway(names.element(e))}" for e, t in amounts.items() if t > SLIGHT
    ]


def _reasons(found: BusinessCase, names: Names) -> list[str]:
    """The futures in which it avoids most, chances counted: how often, how much it is used there, what it avoids."""
    saved = found.removal.saved if found.removal else {}
    by_weight = sorted(saved, key=lambda w: -saved[w] * found.futures[w])
    return [
        f"“{names.scenario(w)}” ({percent(found.futures[w])} likely; used "
        f"{' / '.join(map(percent, found.throughput[w]))}): {number(saved[w])} MUSD"
        for w in by_weight[:REASONS]
        if saved[w] * found.futures[w] > SLIGHT
    ]


def _instead(found: BusinessCase, case: Case, names: Names) -> list[str]:
    more = found.removal.instead if found.removal else {}
    built = sorted((p for p in more if p in case.projects), key=lambda p: -more[p])
    bought = {e: t for e, t in more.items() if e not in case.projects}
    return [
        *(f"{number(more[p])} t/y more of {names.project(p)}" for p in built[:REASONS]),
        *(f"stocks of {tonnes} more" for tonnes in _tonnes(bought, names)[:REASONS]),
    ]


def _cards(found: BusinessCase) -> list[Card]:
    """Key figures of one case."""
    support, removal, one = found.cheapest, found.removal, found.shown
    cost, full = (number(support.cost), number(support.in_full)) if support else (NOTHING, NOTHING)
    told = found.told(one)[0].lower() + found.told(one)[1:]
    return [
        Card("Public cost", cost, "MUSD", f"least support, present value; selling all: {full}"),
        Card(
            "Worth to the alliance",
            number(removal.worth if removal else None),
            "MUSD",
            "cost and risk taken off",
        ),
        Card("IRR of the owners", percent(one.returns.irr_owners), "a year", f"base case, {told}"),
        Card("Loses money", percent(one.spread.loss), "of draws", told),
    ]


def _sections(found: BusinessCase, case: Case, names: Names) -> list[Section]:
    draw = svg.Drawer()
    conventions = Text(
        worded_lines("business_case.j2", "conventions", found=found, names=names), listed=True
    )
    parts: dict[str, list[Part]] = {
        "terms": [
            *(tables.alternatives(found), tables.term_sheet(found, names), tables.returns(found)),
            *(tables.sources_and_uses(found), _waterfall(found, draw)),
        ],
        "sold": [
            of(found, names)
            for of in (tables.throughput, tables.materials, tables.markets, tables.people)
        ],
        "money": [_cash(found, draw), tables.flows(found)],
        "moves": [_tornado(found, draw), _spread(found, draw)],
        "inputs": [
            *(
                conventions,
                tables.deck(found, names),
                tables.contracts(found, names),
                tables.inputs(found),
            ),
            tables.plants(found, case, names),
        ],
    }
    heads = STATED["case_page"]["sections"]
    return [Section(anchor, title, lead, parts[anchor]) for anchor, (title, lead) in heads.items()]


def business_case_lines(found: BusinessCase, case: Case) -> list[str]:
    """The screen."""
    head = " and ".join(Names(case).project(p) for p in found.projects)
    return [head, *(f"{s.about[:16]:<17}{s.sentence}" for s in statements(found, case))]


STEPS = {
    "market": "at market prices",
    "contracts": "contracts",
    "tax": "tax",
    "debt": "debt, at the owners' rate",
}
WIDE, ROW, TEN, BINS = 760, 30, 10, 40


def _waterfall(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """NPV at market prices, and what contracts, tax and debt change, for each answer to what is sold."""
    panels = []
    for title, sold in found.modes[: 1 + (found.planned is not None)]:
        total, ends = 0.0, [0.0]
        for amount in sold.steps.values():
            total += amount
            ends.append(total)
        labels = [*STEPS.values(), "NPV of the owners"]
        plot = svg.Plot(WIDE / 2, ROW * len(labels) + 44, left=150, right=20, bottom=36)
        spare = 0.2 * (max(ends) - min(ends) or 1.0)  # for the figures beside the bars
        names, scale = (
            plot.names(labels, gap=0.4),
            plot.across(min(ends) - spare, max(ends) + spare, "MUSD"),
        )
        for place, amount in enumerate([*sold.steps.values(), total]):
            start = ends[place] if place < len(STEPS) else 0.0
            hue = (svg.WITH if amount >= 0 else svg.WITHOUT) if place < len(STEPS) else svg.INK
            plot.rect(
                scale(start),
                names.at(place),
                scale(start + amount) - scale(start),
                names.width,
                hue,
            )
            side, anchor = (4, "start") if amount >= 0 else (-4, "end")
            plot.text(
                scale(start + amount) + side,
                names.mid(place) + 4,
                number(amount),
                anchor=anchor,
                size=9.5,
            )
        told = ", ".join(f"{STEPS[k]} {number(v)}" for k, v in sold.steps.items())
        panels.append(draw.panel(f"{title}: {number(total)} MUSD", told, plot))
    return Figure("From market prices to the owners' NPV", "", panels, layout="pair")


def _cash(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """Cash flow that can serve debt as bars, debt service as a line, and its cover with the covenant below."""
    sold, years = found.shown, list(found.investment.years)
    flows = sold.flows
    bars = pd.DataFrame(
        {"year": years, "amount": (flows.cfads - flows.capital).tolist(), "kind": "cash"}
    )
    plot, bands, scale = svg.stacked(
        bars, years, [("cash", svg.WITH)], "MUSD", width=WIDE, height=220
    )
    service = flows.loan.service.tolist()
    paid = [(bands.mid(y), scale(s)) for y, s in zip(years, service, strict=True) if s > 0]
    if paid:
        plot.curve(paid, svg.WITHOUT)
    told = f"Cash flow before debt, from {number(min(bars['amount']))} to {number(max(bars['amount']))} MUSD a year"
    panels = [
        draw.panel("Cash flow before debt (bars) and debt service (line), nominal", told, plot)
    ]
    covered = [
        (y, c / s) for y, c, s in zip(years, flows.cfads.tolist(), service, strict=True) if s > 1e-9
    ]
    if covered:
        asked = found.terms["dscr"].value
        below = svg.Plot(WIDE, 130, top=20)
        places = below.years(years)
        up = below.amounts(max(asked, *(c for _, c in covered)) * 1.1, "times", most=3)
        for year, cover in covered:
            below.rect(
                places.at(year), up(cover), places.width, below.bottom - up(cover), svg.GREYS[1]
            )
            at_low = min(
                max(sold.adverse.cfads[years.index(year)] / service[years.index(year)], 0.0), cover
            )
            below.rect(
                places.at(year), up(at_low), places.width, below.bottom - up(at_low), svg.GREYS[2]
            )
        below.line(below.left, up(asked), below.right, up(asked), svg.WITHOUT, dash="4 3")
        below.text(
            below.right, up(asked) - 4, f"asked {asked:g}", anchor="end", size=9.5, fill=svg.WITHOUT
        )
        said = f"Cover of debt service, least {min(c for _, c in covered):.2f}, asked {asked:g}"
        panels.append(
            draw.panel("Cover of debt service (DSCR); dark: at adverse prices", said, below)
        )
    return Figure("Cash by year", told + ".", panels, layout="wide")


def _tornado(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """The ten terms that move the NPV most, with their ends and sources."""
    rows, centre = found.swings[:TEN], found.shown.returns.npv_after_tax
    plot = svg.Plot(WIDE, (ROW + 10) * len(rows) + 44, left=220, right=70, bottom=36, top=4)
    names = plot.names([s.term.meaning for s in rows], gap=0.5)
    ends = [v for s in rows for v in (s.npv_low, s.npv_high)]
    spare = 0.08 * (max(ends) - min(ends))  # for the figures beside the bars
    scale = plot.across(
        min([*ends, centre]) - spare, max([*ends, centre]) + spare, "NPV after tax, MUSD"
    )
    for place, s in enumerate(rows):
        for end, value, hue in (
            (s.term.low, s.npv_low, svg.GREYS[2]),
            (s.term.high, s.npv_high, svg.WITH),
        ):
            start, stop = sorted((scale(centre), scale(value)))
            plot.rect(start, names.at(place), stop - start, names.width, hue)
            side = -4 if value < centre else 4
            anchor = "end" if value < centre else "start"
            plot.text(
                scale(value) + side,
                names.mid(place) + 3,
                svg.axis_number(round(end, 4)),
                anchor=anchor,
                size=9.5,
            )
        source = svg.clipped(s.term.source or "judged", plot.left - 16, 8.5)
        plot.text(
            plot.left - 6, names.mid(place) + 16, source, anchor="end", size=8.5, fill=svg.MUTED
        )
    plot.line(scale(centre), plot.top, scale(centre), plot.bottom, svg.INK, wide=2)
    told = ", ".join(
        f"{s.term.meaning} {number(s.npv_low)} to {number(s.npv_high)}" for s in rows[:3]
    )
    panel = draw.panel(
        f"{found.told(found.shown)}: each term low (grey) and high (blue)", told, plot
    )
    return Figure("What moves the NPV", f"{told} MUSD.", [panel], layout="wide")


def _spread(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """How often which NPV is drawn; red where money is lost."""
    panels = []
    for title, sold in found.modes[: 1 + (found.planned is not None)]:
        values = np.array(sold.spread.npv)
        counts, edges = np.histogram(values, BINS)
        plot = svg.Plot(WIDE / 2, 200, left=20, bottom=36)
        across = plot.across(float(edges[0]), float(edges[-1]), "NPV after tax, MUSD")
        top = max(counts.max(), 1)
        for count, low, high in zip(
            counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True
        ):
            height = (plot.bottom - plot.top) * count / top
            hue = svg.WITHOUT if (low + high) / 2 < 0 else svg.WITH
            plot.rect(
                across(low),
                plot.bottom - height,
                max(across(high) - across(low) - 0.5, 0.5),
                height,
                hue,
            )
        told = f"{percent(sold.spread.loss)} of draws lose money; half lie below {number(sold.spread.at(0.5))} MUSD"
        panels.append(draw.panel(f"{title}: {told}", told, plot))
    return Figure("How sure the NPV is", "", panels, layout="pair")
