"""Who gets, who pays, who would leave: charges and transfers by party."""

from __future__ import annotations

from planner.reporting.parts import (
    SHEET,
    DeclaredTable,
    ReportTable,
    changed,
    frame_of,
    in_musd,
    text,
    total,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import risk_by_party, share_rows
from planner.results.plan import Plan

say = Passages("sharing.j2")

SOURCE = "tables/shares.csv"


class GetsAndPays(DeclaredTable):
    """A row a party."""

    title = "What each would pay if nobody is to gain by leaving"
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
