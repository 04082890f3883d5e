"""How much does each lever matter? Shares on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from planner.reporting.chapters import sure
from planner.reporting.charts import claims as charts
from planner.reporting.parts import Chapter, Chart, Statement, Text, told_chart
from planner.reporting.words.sentences import Passages
from planner.results.explanation import (
    EXPLANATION,
    LARGE,
    LARGE_SHARE,
    OPEN,
    SMALL,
    SMALL_SHARE,
    Claim,
    Explanation,
    most_moving,
)
from planner.results.plan import Plan

say = Passages("levers.j2")
CLAIMS = f"{EXPLANATION}: claims"
ODDS = f"{EXPLANATION}: odds"
MOST_NAMED = 3
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on what moves the result; None if nothing was asked."""
    found = plan.explanation
    if found is None:
        return None
    parts = [lever_chart(plan, found), odds_text(found)]
    what = OBJECTIVES[found.goal]
    lead = say("lead", what=what, as_given=bool(found.claims) and not found.influences)
    title = "How much each lever matters"
    return Chapter.of("levers", title, parts, lead=lead, behind=True)


# ---- in sentences ---------------------------------------------------------------------------------------------------


def claim_statements(found: Explanation) -> Iterator[Statement]:
    """The scale, then what is judged of each lever; a sentence alone where nothing is judged."""
    yield Statement(
        "Levers",
        say("scale", found=found, what=OBJECTIVES[found.goal], tried=bool(found.influences)),
    )
    for claim in found.claims:
        about = say("measure", claim=claim)
        turns_on = _named(most_moving(claim))
        yield Statement(about, say("judged", claim=claim, turns_on=turns_on))


def _named(doubts: Sequence[str]) -> list[str]:
    """Doubts, those beyond `MOST_NAMED` together as a number."""
    more = len(doubts) - MOST_NAMED
    return [*doubts[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]


# ---- on one scale ---------------------------------------------------------------------------------------------------


def lever_chart(plan: Plan, found: Explanation) -> Chart | None:
    """The share of each lever alone and missing, with its range; None where nothing is judged."""
    if not found.claims:
        return None
    rows = []
    for claim in _ranked(found.claims):
        about = say("measure", claim=claim)
        rows.append(
            {
                "claim": about,
                "verdict": claim.verdict,
                "share": claim.share,
                "low": claim.low,
                "high": claim.high,
            }
        )
    often = {
        verdict: sum(claim.verdict == verdict for claim in found.claims)
        for verdict in (LARGE, SMALL, OPEN)
    }
    lines = (SMALL_SHARE, LARGE_SHARE)
    return told_chart(
        say,
        "shares",
        charts.shares(pd.DataFrame(rows), lines, CLAIMS),
        CLAIMS,
        name="levers",
        often=often,
        what=OBJECTIVES[found.goal],
        whole=found.values.whole,
        tried=sure.doubts_tried(plan),
        doubts=sure.doubts_named(plan),
        supposed=any(claim.supposed for claim in found.claims),
    )


def _ranked(claims: Sequence[Claim]) -> list[Claim]:
    """Those of the lever that is missed most first, each lever's two together."""
    missing = {claim.lever: claim.share for claim in claims if claim.basis == "missing"}
    return sorted(claims, key=lambda claim: (-missing[claim.lever], claim.lever, claim.basis))


# ---- odds -----------------------------------------------------------------------------------------------------------


def odds_text(found: Explanation) -> Text | None:
    """The share of the capital that would go elsewhere with the worst odds; None where no odds have ranges."""
    return None if found.odds is None else Text([say("by_odds", odds=found.odds)], source=ODDS)
