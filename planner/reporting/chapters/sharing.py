"""Who gets, who pays, who would leave: charges and transfers by party."""

from __future__ import annotations

from planner.reporting.parts import SHEET, ReportTable, changed, frame_of, in_musd, text, total
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import risk_by_party, share_rows
from planner.results.plan import Plan

say = Passages("sharing.j2")

SOURCE = "tables/shares.csv"


GETS_AND_PAYS = ReportTable(
    title="What each would pay if nobody is to gain by leaving",
    sum_row="All",
    sheet="gets and pays",
    meaning="what each ally would carry if nobody is to be better off leaving",
    columns=[
        text("party"),
        total("before", "risk without a plan", "MUSD"),
        total("own_loss", "residual risk", "MUSD"),
        total("public", "public budgets pay", "MUSD"),
        total("private", "firms pay", "MUSD"),
        changed("transfer", "transfer to others", "MUSD", summed=True),
        total("charge", unit="MUSD"),
        in_musd("alone", "stand-alone burden"),
        total("gain", unit="MUSD"),
        in_musd("lowest", "charge at least", only=SHEET),
        in_musd("highest", "charge at most", only=SHEET),
    ],
)
"""A row a party."""


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
    return GETS_AND_PAYS.over(frame, left_out, note=say("table"), source=SOURCE)
