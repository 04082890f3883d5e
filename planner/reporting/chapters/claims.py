"""How much does each lever matter? Shares on one scale, their ranges over doubtful figures, and what is judged of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from planner.reporting.charts import claims as charts
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    Part,
    ReportTable,
    Statement,
    TableRow,
    Text,
    in_musd,
    per_cent,
    several,
    text,
    told_chart,
)
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
)
from planner.results.figures.evaluated import out_of_sample
from planner.results.plan import Plan

say = Passages("claims.j2")
CLAIMS = f"{EXPLANATION}: claims"
ODDS = f"{EXPLANATION}: odds"
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on how much each lever matters; None if nothing was asked."""
    found = plan.explanation
    if found is None:
        return None
    parts: list[Part | None] = [
        lever_chart(found),
        Text([f"{one.about}. {one.sentence}" for one in claim_statements(found)], source=CLAIMS),
        odds_table(found),
        lever_table(found),
        claim_table(found),
    ]
    lead = say("lead", found=found, tried=_is_tried(found), doubt=_doubt(plan))
    return Chapter.of("claims", "How much does each lever matter?", parts, lead=lead)


def _is_tried(found: Explanation) -> bool:
    """Doubtful figures were tried."""
    return bool(found.influences)


def _doubt(plan: Plan) -> float | None:
    """The share by which the reduction of risk may be off out of sample; None if that was not evaluated."""
    fresh = out_of_sample(plan, whose="difference")
    if fresh is None or fresh.low is None or fresh.high is None or fresh.value <= 0:
        return None
    return (fresh.high - fresh.low) / 2 / fresh.value


# ---- in sentences ---------------------------------------------------------------------------------------------------


def claim_statements(found: Explanation) -> Iterator[Statement]:
    """The scale, then what is judged of each lever; a sentence alone where nothing is judged."""
    yield Statement("Levers", say("scale", found=found, tried=_is_tried(found)))
    for claim in found.claims:
        about = say("measure", claim=claim)
        yield Statement(about, say("judged", claim=claim, why=_settling(found, claim)))


def _settling(found: Explanation, claim: Claim) -> str:
    """Where the range of the first doubt on which a claim turns comes from: what would settle it."""
    by_name = {one.input: one.why for one in found.influences}
    return by_name.get(claim.turns_on[0], "") if claim.turns_on else ""


# ---- on one scale ---------------------------------------------------------------------------------------------------


def lever_chart(found: Explanation) -> Chart | None:
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
        tried=_is_tried(found),
    )


def _ranked(claims: Sequence[Claim]) -> list[Claim]:
    """Those of the lever that is missed most first, each lever's two together."""
    missing = {claim.lever: claim.share for claim in claims if claim.basis == "missing"}
    return sorted(claims, key=lambda claim: (-missing[claim.lever], claim.lever, claim.basis))


class Levers(DeclaredTable):
    """A row a lever."""

    source = f"{EXPLANATION}: values"
    folded = True

    name = text("lever")
    first_in = in_musd("alone")
    first_share = per_cent("alone", "of all levers")
    last_out = in_musd("missing")
    last_share = per_cent("missing", "of all levers")


def lever_table(found: Explanation) -> ReportTable | None:
    """The value of each lever in figures; None where nothing is judged."""
    values = found.values
    if not found.claims:
        return None
    rows = []
    for value in values.levers:
        shares = {
            "first_share": value.first_in / values.whole,
            "last_share": value.last_out / values.whole,
        }
        rows.append(vars(value) | shares)
    return Levers.from_rows(
        rows,
        title=say("values_title", values=values, what=OBJECTIVES[found.goal]),
        note=say("values_note"),
    )


class Claims(DeclaredTable):
    """A row a measure of a lever as given, and one for each end of a doubtful figure."""

    source = CLAIMS
    folded = True
    sheet = "claims"
    meaning = "shares of the levers as given, and with each doubtful figure at an end of its range"

    measure = text()
    verdict = text()
    input = text()
    setting = text("tried at")
    share = per_cent("share", "of all levers")
    turns_on = several("turns on")
    source_of_range = text("why this range", only=SHEET)


def claim_table(found: Explanation) -> ReportTable | None:
    """The measures as given and at every end tried; None where nothing was tried."""
    if not found.claims or not _is_tried(found):
        return None
    rows: list[TableRow] = []
    for claim in _ranked(found.claims):
        told = {"measure": say("measure", claim=claim), "verdict": claim.verdict}
        given = {"input": "as given", "setting": "", "source_of_range": ""}
        rows.append(told | given | {"share": claim.share, "turns_on": claim.turns_on})
        for trial in claim.trials:
            tried = vars(trial) | {"source_of_range": trial.source, "turns_on": []}
            rows.append(tried | told)
    return Claims.from_rows(rows, title=say("table_title"), note=say("table_note"))


# ---- odds -----------------------------------------------------------------------------------------------------------


class TurningOdds(DeclaredTable):
    """A row a claim that turns with the odds of a storyline."""

    source = ODDS
    folded = True

    measure = text()
    verdict = text("then")
    storyline = text()
    probability = per_cent("probability")
    share = per_cent("share", "of all levers")


def odds_table(found: Explanation) -> ReportTable | None:
    """How much of the plan hangs on the odds, and the claims that turn with them; None where no odds have ranges."""
    odds = found.odds
    if odds is None:
        return None
    by_claim = {(claim.lever, claim.basis): claim for claim in found.claims}
    rows = []
    for trial in odds.trials:
        claim = by_claim.get((trial.lever, trial.basis))
        if claim is not None:
            rows.append(vars(trial) | {"measure": say("measure", claim=claim)})
    return TurningOdds.from_rows(rows, title=say("odds_title", odds=odds), note=say("odds_note"))
