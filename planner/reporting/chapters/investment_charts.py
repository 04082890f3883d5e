"""Charts of an investment case with their sentences: NPV in steps, cash and its cover of debt, unsure terms, spread."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.reporting.charts import investment as charts
from planner.reporting.charts import risk
from planner.reporting.parts import Chart
from planner.reporting.words.numbers import number, percent
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase

say = Passages("investment_charts.j2")
STEPS = {
    "market": "at market prices",
    "contracts": "contracts",
    "tax": "tax",
    "debt": "debt, at the owners' rate",
}
SUM = "NPV of the owners"
TEN, BINS = 10, 40
SOURCE = "computed by the planner; each term with its source: project-*.xlsx"


def _cases(found: BusinessCase) -> list[tuple[str, object]]:
    """The answers to how much is sold that are drawn."""
    return list(found.modes[: 1 + (found.planned is not None)])


def waterfall(found: BusinessCase) -> Chart:
    """NPV at market prices, and what contracts, tax and debt change, for each answer to how much is sold."""
    rows, sums = [], []
    for case, sold in _cases(found):
        total = 0.0
        for key, step in STEPS.items():
            amount = sold.steps[key]  # type: ignore[attr-defined]
            kind = "gain" if amount >= 0 else "loss"
            ends = {"start": total, "end": total + amount, "most": max(total, total + amount)}
            rows.append({"case": case, "step": step, **ends, "amount": amount, "kind": kind})
            total += amount
        ends = {"start": 0.0, "end": total, "most": max(0.0, total)}
        rows.append({"case": case, "step": SUM, **ends, "amount": total, "kind": "sum"})
        sums.append((case, total))
    return Chart(
        name="npv_in_steps",
        title=say("waterfall_title", sums=sums),
        caption=say("waterfall"),
        spec=charts.waterfall(pd.DataFrame(rows), [*STEPS.values(), SUM], SOURCE),
        source=SOURCE,
    )


def cash(found: BusinessCase) -> list[Chart]:
    """Cash flow that can serve debt and debt service by year; and its cover with the covenant, where there is debt."""
    sold, years = found.shown, list(found.investment.years)
    flows = sold.flows
    frame = pd.DataFrame(
        {
            "year": years,
            "cash": (flows.cfads - flows.capital).tolist(),
            "service": flows.loan.service.tolist(),
            "cfads": flows.cfads.tolist(),
            "low": sold.adverse.cfads.tolist(),
        }
    )
    ends = {"least": frame["cash"].min(), "most": frame["cash"].max()}
    told = [
        Chart(
            name="cash",
            title=say("cash_title", **ends),
            caption=say("cash"),
            spec=charts.cash(frame[["year", "cash", "service"]], SOURCE),
            source=SOURCE,
        )
    ]
    owed = frame[frame["service"] > 1e-9]
    if owed.empty:
        return told
    asked = found.terms["dscr"].value
    cover = owed["cfads"] / owed["service"]
    adverse = np.minimum(np.maximum(owed["low"] / owed["service"], 0.0), cover)
    rows = pd.DataFrame({"year": owed["year"], "cover": cover, "adverse": adverse})
    told.append(
        Chart(
            name="cover",
            title=say("cover_title", least=float(cover.min()), asked=asked),
            caption=say("cover"),
            spec=charts.cover(rows, asked, SOURCE),
            source=SOURCE,
        )
    )
    return told


def terms(found: BusinessCase) -> Chart:
    """The ten terms that move the NPV most, with their ends and sources."""
    swings, centre = found.swings[:TEN], found.shown.returns.npv_after_tax
    rows = []
    for swing in swings:
        for end, setting, npv in (
            ("low", swing.term.low, swing.npv_low),
            ("high", swing.term.high, swing.npv_high),
        ):
            rows.append(
                {
                    "term": swing.term.meaning,
                    "end": end,
                    "setting": number(setting),
                    "npv": npv,
                    "from_source": swing.term.source or "judged",
                }
            )
    return Chart(
        name="terms",
        title=say("terms_title", first=swings[0]),
        caption=say("terms", told=found.told(found.shown), centre=centre),
        spec=charts.terms(pd.DataFrame(rows), centre, SOURCE),
        source=SOURCE,
    )


def spread(found: BusinessCase) -> Chart:
    """How often which NPV is drawn; red where money is lost."""
    rows, told = [], []
    for case, sold in _cases(found):
        drawn = sold.spread  # type: ignore[attr-defined]
        counts, edges = np.histogram(np.array(drawn.npv), BINS)
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
            rows.append({"case": case, "low": low, "high": high, "draws": int(count)})
        told.append(
            f"{case}: {percent(drawn.loss)} lose money, half lie below {number(drawn.at(0.5))} MUSD"
        )
    order = [case for case, _ in _cases(found)]
    return Chart(
        name="spread",
        title=say("spread_title", loss=found.shown.spread.loss),
        caption=say("spread", told=told),
        spec=risk.histogram(pd.DataFrame(rows), order, "NPV after tax, MUSD", SOURCE),
        source=SOURCE,
    )
