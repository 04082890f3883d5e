"""Who gets, who pays, who would leave: charges and transfers by party."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chart,
    DeclaredTable,
    ReportTable,
    changed,
    frame_of,
    in_musd,
    text,
    told_chart,
    total,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import money
from planner.reporting.words.sentences import Passages
from planner.results.decision import Share
from planner.results.figures.decision import acting_alone, risk_by_party, share_rows
from planner.results.plan import Plan

say = Passages("sharing.j2")
LEAST = 0.5
"""MUSD from which a transfer is told."""


SOURCE = "tables/shares.csv"
ALONE, TOGETHER = "stand-alone burden", "charge together"
LOOK = {ALONE: style.PLAIN, TOGETHER: style.ACCENT}
"""Burden that a party would carry alone, and what it carries."""
TIPS = {
    "party": "party",
    "kind": "",
    "musd": "MUSD",
    "gain": "gain by acting together, MUSD",
    "words": "transfer",
}


def chart(plan: Plan) -> Chart | None:
    """The stand-alone burden of each party and its charge; None if charges were not asked for."""
    rows = share_rows(plan)
    if not rows:
        return None
    dots = []
    for row in rows:
        told = {
            "party": names_of(plan.case).party(row.party),
            "gain": row.gain,
            "words": _transfer(row),
        }
        dots.append(told | {"kind": ALONE, "musd": row.alone})
        dots.append(told | {"kind": TOGETHER, "musd": row.charge})
    frame = pd.DataFrame(dots)
    most, least = float(frame["musd"].max()), float(frame["musd"].min())
    title = "cost plus risk, MUSD (logarithmic above 10)"
    spec = shapes.two_dots(
        frame,
        style.logarithmic("musd", title, most, least),
        row="party",
        kind="kind",
        look=LOOK,
        tips=TIPS,
        source=SOURCE,
    )
    alone = acting_alone(plan)
    first = rows[0]
    return told_chart(
        say,
        "sharing",
        spec,
        SOURCE,
        party=names_of(plan.case).party(first.party),
        gain=first.gain,
        moved=sum(max(row.transfer, 0.0) for row in rows),
        last=plan.years[-1],
        givers=_largest(plan, rows, 1),
        getters=_largest(plan, rows, -1),
        stopped=alone.get("national"),
        trading=alone.get("own_money"),
    )


def _transfer(row: Share) -> str:
    if abs(row.transfer) < LEAST:
        return "none"
    return f"{'gives' if row.transfer > 0 else 'gets'} {money(abs(row.transfer))}"


def _largest(plan: Plan, rows: list[Share], sign: int) -> list[str]:
    """The parties that give (1) or get (-1) most, and how much."""
    found = [row for row in rows if sign * row.transfer > LEAST]
    found.sort(key=lambda row: (-sign * row.transfer, row.party))
    return [
        f"{names_of(plan.case).party(row.party)} {money(sign * row.transfer)}" for row in found[:3]
    ]


class GetsAndPays(DeclaredTable):
    """A row a party."""

    title = "Gets and pays"
    sum_row = "All"
    sheet = "gets and pays"
    meaning = "what each ally would carry if nobody is to be better off leaving"

    party = text()
    before = total("risk without a plan", "MUSD")
    own_loss = total("residual risk", "MUSD")
    public = total("public budgets pay", "MUSD")
    private = total("firms pay", "MUSD")
    transfer = changed("transfer to others", "MUSD", summed=True)
    charge = total("charge", "MUSD")
    alone = in_musd("stand-alone burden")
    gain = total("gain", "MUSD")
    lowest = in_musd("charge at least", only=SHEET)
    highest = in_musd("charge at most", only=SHEET)


def table(plan: Plan) -> ReportTable | None:
    """Payments, transfer and charge of each party beside its stand-alone burden; None if not asked for."""
    rows = share_rows(plan)
    if not rows:
        return None
    before = risk_by_party(plan)
    frame = names_of(plan.case).told(frame_of(rows))
    frame = frame.assign(
        before=[before.get(row.party, 0.0) for row in rows], public=frame["paid"] - frame["private"]
    )
    left_out = [] if before else ["before"]
    if all(row.lowest is None for row in rows):
        left_out += ["lowest", "highest"]
    return GetsAndPays.over(
        frame, columns=GetsAndPays.all(*left_out), note=say("table"), source=SOURCE
    )
