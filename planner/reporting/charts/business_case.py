"""Drawings of an investment case: NPV in steps, cash and its cover of debt, the tornado, the spread of the NPV."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.wording import number, percent
from planner.results.business_case import BusinessCase

STEPS = {"market": "at market prices", "contracts": "contracts", "tax": "tax", "debt": "debt, at the owners' rate"}
WIDE, ROW, TEN, BINS = 760, 30, 10, 40


def waterfall(found: BusinessCase, draw: svg.Drawer) -> Figure:
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
        names, scale = plot.names(labels, gap=0.4), plot.across(min(ends) - spare, max(ends) + spare, "MUSD")
        for place, amount in enumerate([*sold.steps.values(), total]):
            start = ends[place] if place < len(STEPS) else 0.0
            hue = (svg.WITH if amount >= 0 else svg.WITHOUT) if place < len(STEPS) else svg.INK
            plot.rect(scale(start), names.at(place), scale(start + amount) - scale(start), names.width, hue)
            side, anchor = (4, "start") if amount >= 0 else (-4, "end")
            plot.text(scale(start + amount) + side, names.mid(place) + 4, number(amount), anchor=anchor, size=9.5)
        told = ", ".join(f"{STEPS[k]} {number(v)}" for k, v in sold.steps.items())
        panels.append(draw.panel(f"{title}: {number(total)} MUSD", told, plot))
    return Figure("From market prices to the owners' NPV", "", panels, layout="pair")


def cash(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """Cash flow that can serve debt as bars, debt service as a line, and its cover with the covenant below."""
    sold, years = found.shown, list(found.investment.years)
    flows = sold.flows
    bars = pd.DataFrame({"year": years, "amount": (flows.cfads - flows.capital).tolist(), "kind": "cash"})
    plot, bands, scale = svg.stacked(bars, years, [("cash", svg.WITH)], "MUSD", width=WIDE, height=220)
    service = flows.loan.service.tolist()
    paid = [(bands.mid(y), scale(s)) for y, s in zip(years, service, strict=True) if s > 0]
    if paid:
        plot.curve(paid, svg.WITHOUT)
    told = f"Cash flow before debt, from {number(min(bars['amount']))} to {number(max(bars['amount']))} MUSD a year"
    panels = [draw.panel("Cash flow before debt (bars) and debt service (line), nominal", told, plot)]
    covered = [(y, c / s) for y, c, s in zip(years, flows.cfads.tolist(), service, strict=True) if s > 1e-9]
    if covered:
        asked = found.terms["dscr"].value
        below = svg.Plot(WIDE, 130, top=20)
        places = below.years(years)
        up = below.amounts(max(asked, *(c for _, c in covered)) * 1.1, "times", most=3)
        for year, cover in covered:
            below.rect(places.at(year), up(cover), places.width, below.bottom - up(cover), svg.GREYS[1])
            at_low = min(max(sold.adverse.cfads[years.index(year)] / service[years.index(year)], 0.0), cover)
            below.rect(places.at(year), up(at_low), places.width, below.bottom - up(at_low), svg.GREYS[2])
        below.line(below.left, up(asked), below.right, up(asked), svg.WITHOUT, dash="4 3")
        below.text(below.right, up(asked) - 4, f"asked {asked:g}", anchor="end", size=9.5, fill=svg.WITHOUT)
        said = f"Cover of debt service, least {min(c for _, c in covered):.2f}, asked {asked:g}"
        panels.append(draw.panel("Cover of debt service (DSCR); dark: at adverse prices", said, below))
    return Figure("Cash by year", told + ".", panels, layout="wide")


def tornado(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """The ten terms that move the NPV most, with their ends and sources."""
    rows, centre = found.swings[:TEN], found.shown.returns.npv_after_tax
    plot = svg.Plot(WIDE, (ROW + 10) * len(rows) + 44, left=220, right=70, bottom=36, top=4)
    names = plot.names([s.term.meaning for s in rows], gap=0.5)
    ends = [v for s in rows for v in (s.npv_low, s.npv_high)]
    spare = 0.08 * (max(ends) - min(ends))  # for the figures beside the bars
    scale = plot.across(min([*ends, centre]) - spare, max([*ends, centre]) + spare, "NPV after tax, MUSD")
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
                scale(value) + side, names.mid(place) + 3, svg.axis_number(round(end, 4)), anchor=anchor, size=9.5
            )
        source = svg.clipped(s.term.source or "judged", plot.left - 16, 8.5)
        plot.text(plot.left - 6, names.mid(place) + 16, source, anchor="end", size=8.5, fill=svg.MUTED)
    plot.line(scale(centre), plot.top, scale(centre), plot.bottom, svg.INK, wide=2)
    told = ", ".join(f"{s.term.meaning} {number(s.npv_low)} to {number(s.npv_high)}" for s in rows[:3])
    panel = draw.panel(f"{found.told(found.shown)}: each term low (grey) and high (blue)", told, plot)
    return Figure("What moves the NPV", f"{told} MUSD.", [panel], layout="wide")


def spread(found: BusinessCase, draw: svg.Drawer) -> Figure:
    """How often which NPV is drawn; red where money is lost."""
    panels = []
    for title, sold in found.modes[: 1 + (found.planned is not None)]:
        values = np.array(sold.spread.npv)
        counts, edges = np.histogram(values, BINS)
        plot = svg.Plot(WIDE / 2, 200, left=20, bottom=36)
        across = plot.across(float(edges[0]), float(edges[-1]), "NPV after tax, MUSD")
        top = max(counts.max(), 1)
        for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            height = (plot.bottom - plot.top) * count / top
            hue = svg.WITHOUT if (low + high) / 2 < 0 else svg.WITH
            plot.rect(across(low), plot.bottom - height, max(across(high) - across(low) - 0.5, 0.5), height, hue)
        told = f"{percent(sold.spread.loss)} of draws lose money; half lie below {number(sold.spread.at(0.5))} MUSD"
        panels.append(draw.panel(f"{title}: {told}", told, plot))
    return Figure("How sure the NPV is", "", panels, layout="pair")
