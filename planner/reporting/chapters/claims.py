"""Claims on one scale: what each lever makes of the whole reduction, the verdicts, and every trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
    text,
    told_chart,
)
from planner.reporting.words.sentences import Passages
from planner.results.explanation import (
    EXPLANATION,
    Explanation,
    LeverValue,
    LeverValues,
    Rung,
    Verdict,
)
from planner.results.figures.decision import decisive_trial
from planner.results.figures.evaluated import out_of_sample
from planner.results.plan import Plan

say = Passages("explanation.j2")
notes = Passages("claims.j2")
VERDICTS, VALUES = f"{EXPLANATION}: verdicts", f"{EXPLANATION}: values"
ODDS = f"{EXPLANATION}: odds"
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(plan: Plan) -> Chapter | None:
    """The chapter on the claims that hold and the worth of each lever; None if nothing was asked."""
    found = plan.explanation
    if found is None or not found.verdicts:
        return None
    parts: list[Part | None] = [
        verdict_chart(found),
        Text(_paragraphs(found), source=VERDICTS),
        odds_chart(found),
        lever_chart(found),
        lever_table(found),
        verdict_table(found),
    ]
    threshold = found.verdicts[0].threshold
    lead = notes("lead", found=found, threshold=threshold, doubt=_doubt(plan))
    return Chapter.of("claims", "Which claims hold?", parts, lead=lead)


def _doubt(plan: Plan) -> float | None:
    """The share by which the reduction of risk may be off out of sample; None if that was not evaluated."""
    fresh = out_of_sample(plan, whose="difference")
    return None if fresh is None else fresh.half


# ---- in sentences ---------------------------------------------------------------------------------------------------


def step(rung: Rung) -> str:
    """The lever that a rung adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return say("claim", key=key, step=step)


def why(verdict: Verdict, others_tried: bool = True) -> str:
    """The share as given, the trial that turns the claim if one does, and what it turns on.

    others_tried: unsure inputs were tried on some claim; where none was, `verdict_statements` say so once for all.
    """
    flip = decisive_trial(verdict)
    return say("why", verdict=verdict, flip=flip, step=step, others_tried=others_tried)


def verdict_statements(found: Explanation) -> Iterator[Statement]:
    """The reduction of which each claim is about a share, and a statement on each claim."""
    if found.verdicts:
        yield Statement("Claims", say("scale", found=found))
    some_tried = any(verdict.trials for verdict in found.verdicts)
    for verdict in found.verdicts:
        yield Statement(judged(verdict), why(verdict, some_tried))


def _paragraphs(found: Explanation) -> list[str]:
    """The statements for the page; the first is about all claims, as the page's heading is."""
    scale, *others = verdict_statements(found)
    told = [f"{one.about}. {one.sentence}" for one in others]
    return [scale.sentence, *told]


def word(verdict: Verdict) -> str:
    """The verdict in a word."""
    return notes("verdict_word", verdict=verdict.verdict)


def judged(verdict: Verdict) -> str:
    """The claim with its verdict."""
    return f"{claim(verdict.claim)}: {word(verdict)}"


# ---- verdicts -------------------------------------------------------------------------------------------------------


def verdict_chart(found: Explanation) -> Chart:
    """The measure of each claim as given and in its trials, beside the threshold."""
    rows: list[TableRow] = []
    for verdict in found.verdicts:
        measures = {
            charts.GIVEN: [verdict.measure],
            charts.TRIALS: [trial.measure for trial in verdict.trials],
        }
        rows += _ranges(verdict, measures)
    threshold = found.verdicts[0].threshold
    return told_chart(
        notes,
        "measures",
        charts.verdicts(pd.DataFrame(rows), threshold, VERDICTS),
        VERDICTS,
        name="verdicts",
        verdicts=found.verdicts,
        threshold=threshold,
    )


def _ranges(verdict: Verdict, measures: Mapping[str, Sequence[float]]) -> Iterator[TableRow]:
    """A row for each kind of measures that a claim has: from the least to the most of them."""
    told = judged(verdict)
    for kind, values in measures.items():
        if values:
            yield {"claim": told, "kind": kind, "low": min(values), "high": max(values)}


class Claims(DeclaredTable):
    """A row a trial of a claim, that with the inputs as given first."""

    source = VERDICTS
    folded = True
    sheet = "claims"
    meaning = "the claims as given, and with each unsure input at another value"

    claim = text()
    verdict = text()
    input = text()
    setting = text("tried at")
    with_it = in_musd("with it", heading="objective with it (MUSD)")
    without_it = in_musd("without it", heading="objective without it (MUSD)")
    whole = in_musd("all levers", heading="reduction by all levers (MUSD)")
    measure = per_cent("share", "of all levers", heading="share of that reduction")
    threshold = per_cent("threshold")
    crosses = text("crosses it")
    range_from = text("why this range", only=SHEET)


def verdict_table(found: Explanation) -> ReportTable:
    """The claims as given and in every trial."""
    rows: list[TableRow] = []
    for verdict in found.verdicts:
        told = {
            "claim": claim(verdict.claim),
            "verdict": word(verdict),
            "threshold": verdict.threshold,
        }
        rows += [row | told for row in _tried(verdict)]
    undecided = sum(bool(verdict.turns_on) for verdict in found.verdicts)
    note = notes(
        "table_note",
        goal=found.goal,
        tried=any(verdict.trials for verdict in found.verdicts),
        thorough=_all_tried(found),
    )
    return Claims.from_rows(
        rows,
        title=notes("table_title", claims=len(found.verdicts), undecided=undecided),
        note=note,
        marks=["unsure" if row["crosses"] == "yes" else "" for row in rows],
    )


def _tried(verdict: Verdict) -> Iterator[TableRow]:
    """The rows of a claim: as given, and with each unsure input at another value."""
    given = {"input": "as given", "setting": "", "crosses": "", "range_from": ""}
    yield vars(verdict) | given
    for trial in verdict.trials:
        crosses = "yes" if trial.flips else "no"
        yield vars(trial) | {"crosses": crosses, "range_from": trial.source}


def _all_tried(found: Explanation) -> bool:
    """Every unsure input was tried on every claim."""
    return not any(verdict.not_tried for verdict in found.verdicts)


# ---- odds -----------------------------------------------------------------------------------------------------------


def odds_chart(found: Explanation) -> Chart | None:
    """The measure of each claim by other odds, and how much of the plan changes; None where no odds have ranges."""
    odds = found.odds
    if odds is None or not odds.trials:
        return None
    rows: list[TableRow] = []
    for verdict in found.verdicts:
        other = odds.measures.get(verdict.claim)
        measures = {
            charts.GIVEN: [verdict.measure],
            charts.TRIALS: [one.measure for one in odds.trials if one.claim == verdict.claim],
            charts.OTHER: [] if other is None else [other],
        }
        rows += _ranges(verdict, measures)
    threshold = found.verdicts[0].threshold
    turning = [trial for trial in odds.trials if trial.flips]
    turned = {verdict.claim for verdict in found.verdicts if _turned(verdict, odds.measures)}
    return told_chart(
        notes,
        "turning_odds",
        charts.verdicts(pd.DataFrame(rows), threshold, ODDS),
        ODDS,
        name="odds",
        odds=odds,
        turned=[claim(key) for key in sorted(turned)],
        turning=turning,
        claim=claim,
    )


def _turned(verdict: Verdict, measures: Mapping[str, float]) -> bool:
    """A claim is on the other side of its threshold by the other odds."""
    before = verdict.measure
    after = measures.get(verdict.claim, before)
    return (before >= verdict.threshold) != (after >= verdict.threshold)


# ---- levers ---------------------------------------------------------------------------------------------------------


def lever_chart(found: Explanation) -> Chart | None:
    """The reduction by each lever alone, and the loss without it; None if levers reduce nothing."""
    values, ranked = found.values, _ranked(found.values)
    if not ranked:
        return None
    rows = []
    for value in ranked:
        row: TableRow = {"lever": value.name}
        for figure in ("first_in", "last_out"):
            row[figure] = getattr(value, figure) / values.whole
        rows.append(row)
    return told_chart(
        notes,
        "levers",
        charts.lever_values(pd.DataFrame(rows), VALUES),
        VALUES,
        name="lever_values",
        top=ranked[0],
        values=values,
        what=OBJECTIVES[found.goal],
        found=found,
    )


def _ranked(values: LeverValues) -> Sequence[LeverValue]:
    """The levers of a run, the one that is missed most first; none if together they reduce nothing."""
    if values.whole <= 0:
        return []
    return sorted(values.levers, key=lambda value: (-value.last_out, -value.first_in, value.key))


class Levers(DeclaredTable):
    """A row a lever."""

    source = VALUES
    folded = True

    lever = text()
    first_in = in_musd("first in")
    first_share = per_cent("first in", "of all levers")
    last_out = in_musd("last out")
    last_share = per_cent("last out", "of all levers")


def lever_table(found: Explanation) -> ReportTable | None:
    """The value of each lever in figures; None if levers reduce nothing."""
    values, ranked = found.values, _ranked(found.values)
    if not ranked:
        return None
    rows = []
    for value in ranked:
        shares = {
            "first_share": value.first_in / values.whole,
            "last_share": value.last_out / values.whole,
        }
        rows.append({**vars(value), **shares, "lever": value.name})
    what = OBJECTIVES[found.goal]
    return Levers.from_rows(
        rows, title=notes("values_title", values=values, what=what), note=notes("values_note")
    )
