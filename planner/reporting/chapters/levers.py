"""How much does each lever and each doubtful figure matter? Shares on one scale, and sensitivity one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from planner.reporting.charts import claims as charts
from planner.reporting.charts import shapes, style
from planner.reporting.parts import (
    SHEET,
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    Statement,
    TableRow,
    changed,
    in_musd,
    per_cent,
    reworded,
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
from planner.results.figures.decision import tornado
from planner.results.figures.evaluated import out_of_sample
from planner.results.plan import Plan

say = Passages("levers.j2")
CLAIMS = f"{EXPLANATION}: claims"
INFLUENCES = f"{EXPLANATION}: influences"
ODDS = f"{EXPLANATION}: odds"
MOST_SHOWN, MOST_INPUTS = 4, 12
DIRECTIONS = {True: "higher", False: "lower"}
LOOK = {"higher": style.MISSING, "lower": style.ACCENT}
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on what moves the result; None if nothing was asked."""
    found = plan.explanation
    if found is None:
        return None
    parts = [
        lever_chart(found),
        tornado_chart(found),
        assumptions(found),
        odds_table(found),
        claim_table(found),
    ]
    what = OBJECTIVES[found.goal]
    lead = say("lead", found=found, what=what, tried=_is_tried(found), doubt=_doubt(plan))
    title = "How much each lever and each doubtful figure matters"
    return Chapter.of("levers", title, parts, lead=lead, behind=True)


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
    yield Statement(
        "Levers", say("scale", found=found, what=OBJECTIVES[found.goal], tried=_is_tried(found))
    )
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
        supposed=any(claim.supposed for claim in found.claims),
    )


def _ranked(claims: Sequence[Claim]) -> list[Claim]:
    """Those of the lever that is missed most first, each lever's two together."""
    missing = {claim.lever: claim.share for claim in claims if claim.basis == "missing"}
    return sorted(claims, key=lambda claim: (-missing[claim.lever], claim.lever, claim.basis))


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


# ---- doubtful figures ------------------------------------------------------------------------------------------------


def tornado_chart(found: Explanation) -> Chart | None:
    """Change of the objective with each doubtful figure at the ends of its range; None where none was tried."""
    frame = tornado(found.influences[:MOST_INPUTS], found.values.everything)
    if frame.empty:
        return None
    first, what = found.influences[0], OBJECTIVES[found.goal]
    title = f"change of {what}, MUSD"
    spec = shapes.around(
        frame.assign(base=0.0, end=frame["change"].gt(0).map(DIRECTIONS)),
        style.across_signed("base", title),
        "change",
        row="input",
        look=LOOK,
        tips={"input": "input", "setting": "at", "change": title},
        source=INFLUENCES,
        legend=False,
    )
    own = found.values.everything
    return told_chart(say, "tornado", spec, INFLUENCES, first=first, what=what, own=own)


class Assumptions(DeclaredTable):
    """A row a value tried of a doubtful figure."""

    title = "Doubtful figures at both ends of their range"
    source = f"{EXPLANATION}: influences"
    sheet = "assumptions"
    meaning = "doubtful figures moved to the ends of their range, the most influential first"

    input = text("assumption")
    setting = text("tried at")
    objective = in_musd("")
    change = changed("change", "MUSD")
    decides = several("turns the claim on")
    confidence = text()
    changes = several("as it is asked", only=SHEET)
    why = text("why this range", only=SHEET)


def assumptions(found: Explanation) -> ReportTable | None:
    """Doubtful figures at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.values.everything, OBJECTIVES[found.goal]
    names = {value.key: value.name for value in found.values.levers}
    rows = []
    for influence in found.influences:
        told = vars(influence) | {"decides": [names[key] for key in influence.decides]}
        for tried in influence.tried:
            rows.append({**told, **vars(tried), "change": tried.objective - own})
    if not rows:
        return None
    words = {
        "objective": {"title": f"{what} then"},
        "change": {"heading": f"change of the {what} (MUSD)"},
    }
    return Assumptions.from_rows(
        rows,
        reworded(Assumptions.all(), words),
        note=say("assumptions", own=own),
        folded=len(found.influences) > MOST_SHOWN,
    )


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
