"""Claims on one scale: what each lever makes of the whole reduction, the verdicts, every trial, and the joint draws."""

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
    Text,
    figures,
    per_cent,
    text,
    told_chart,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.sentences import Passages
from planner.results.explanation import (
    EXPLANATION,
    Explanation,
    Joint,
    LeverValue,
    LeverValues,
    Rung,
    Verdict,
)
from planner.results.figures.decision import decisive_trial, out_of_sample

say = Passages("explanation.j2")
notes = Passages("claims.j2")
VERDICTS, VALUES = f"{EXPLANATION}: verdicts", f"{EXPLANATION}: values"
ODDS = f"{EXPLANATION}: odds"
OBJECTIVES = {"risk": "least risk", "welfare": "risk-adjusted cost"}


def chapter(run: RunView) -> Chapter | None:
    """The chapter on the claims that hold and the worth of each lever; None if nothing was asked."""
    found = run.found
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
    return Chapter(
        anchor="claims",
        title="Which claims hold?",
        lead=notes("lead", found=found, threshold=found.verdicts[0].threshold, doubt=_doubt(run)),
        parts=[part for part in parts if part is not None],
    )


def _doubt(run: RunView) -> float | None:
    """The share by which the reduction of risk may be off out of sample; None if that was not evaluated."""
    fresh = out_of_sample(run, whose="difference")
    if fresh is None or fresh.low is None or fresh.high is None or fresh.value <= 0:
        return None
    return (fresh.high - fresh.low) / 2 / fresh.value


# ---- in sentences ---------------------------------------------------------------------------------------------------


def step(rung: Rung) -> str:
    """The lever that a rung adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return say("claim", key=key, step=step)


def why(verdict: Verdict, others_tried: bool = True) -> str:
    """The share as given, the trial that turns the claim if one does, what it turns on, and the joint draws.

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
        about = f"{claim(verdict.claim)}: {word(verdict)}"
        yield Statement(about, why(verdict, some_tried))


def _paragraphs(found: Explanation) -> list[str]:
    """The statements for the page; the first is about all claims, as the page's heading is."""
    scale, *others = verdict_statements(found)
    told = [f"{one.about}. {one.sentence}" for one in others]
    return [scale.sentence, *told]


def word(verdict: Verdict) -> str:
    """The verdict in a word."""
    return notes("verdict_word", verdict=verdict.verdict)


# ---- verdicts -------------------------------------------------------------------------------------------------------


def verdict_chart(found: Explanation) -> Chart:
    """The measure of each claim as given, in its trials, and in joint draws, beside the threshold."""
    rows = []
    for verdict in found.verdicts:
        told = f"{claim(verdict.claim)}: {word(verdict)}"
        rows.append(_range(told, charts.GIVEN, verdict.measure, verdict.measure))
        measures = [trial.measure for trial in verdict.trials]
        if measures:
            rows.append(_range(told, charts.TRIALS, min(measures), max(measures)))
        if verdict.joint is not None:
            joint = verdict.joint
            rows.append(_range(told, charts.JOINT, joint.least, joint.most))
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


def _range(claim: str, kind: str, low: float, high: float) -> dict[str, object]:
    return {"claim": claim, "kind": kind, "low": low, "high": high}


class Claims(DeclaredTable):
    """A row a trial of a claim, that with the inputs as given first, joint draws last."""

    source = VERDICTS
    folded = True
    sheet = "claims"
    meaning = "the claims as given, with each unsure input at another value, and in joint draws"

    claim = text()
    verdict = text()
    input = text()
    setting = text("tried at")
    with_it = figures("with it", "MUSD", heading="objective with it (MUSD)")
    without_it = figures("without it", "MUSD", heading="objective without it (MUSD)")
    whole = figures("all levers", "MUSD", heading="reduction by all levers (MUSD)")
    measure = per_cent("share", "of all levers", heading="share of that reduction")
    threshold = per_cent("threshold")
    crosses = text("crosses it")
    range_from = text("why this range", only=SHEET)


def verdict_table(found: Explanation) -> ReportTable:
    """The claims as given, in every trial and in joint draws."""
    rows: list[dict[str, object]] = []
    for verdict in found.verdicts:
        told: dict[str, object] = {
            "claim": claim(verdict.claim),
            "verdict": word(verdict),
            "threshold": verdict.threshold,
        }
        given = {"input": "as given", "setting": "", "crosses": "", "range_from": ""}
        rows.append({**vars(verdict), **told, **given})
        for trial in verdict.trials:
            crosses = "yes" if trial.flips else "no"
            rows.append({**vars(trial), **told, "crosses": crosses, "range_from": trial.source})
        if verdict.joint is not None:
            rows.append({**told, **_joint_row(verdict.joint)})
    undecided = sum(bool(verdict.turns_on) for verdict in found.verdicts)
    return Claims.from_rows(
        rows,
        title=notes("table_title", claims=len(found.verdicts), undecided=undecided),
        note=notes(
            "table_note",
            goal=found.goal,
            tried=any(verdict.trials for verdict in found.verdicts),
            thorough=_all_tried(found),
            joint=any(verdict.joint is not None for verdict in found.verdicts),
        ),
        marks=["unsure" if row["crosses"] == "yes" else "" for row in rows],
    )


def _joint_row(joint: Joint) -> dict[str, object]:
    return {
        "input": notes("joint_input", joint=joint),
        "setting": notes("joint_at", joint=joint),
        "measure": joint.middle,
        "crosses": notes("joint_holds", joint=joint),
        "range_from": "",
    }


def _all_tried(found: Explanation) -> bool:
    """Every unsure input was tried on every claim."""
    return not any(verdict.not_tried for verdict in found.verdicts)


# ---- odds -----------------------------------------------------------------------------------------------------------


def odds_chart(found: Explanation) -> Chart | None:
    """The measure of each claim by other odds, and how much of the plan changes; None where no odds have ranges."""
    odds = found.odds
    if odds is None or not odds.trials:
        return None
    rows = []
    for verdict in found.verdicts:
        told = f"{claim(verdict.claim)}: {word(verdict)}"
        rows.append(_range(told, charts.GIVEN, verdict.measure, verdict.measure))
        of_claim = [trial.measure for trial in odds.trials if trial.claim == verdict.claim]
        rows.append(_range(told, charts.TRIALS, min(of_claim), max(of_claim)))
        if verdict.claim in odds.measures:
            other = odds.measures[verdict.claim]
            rows.append(_range(told, charts.OTHER, other, other))
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
    """Shapley share of each lever, with what it makes first in and last out; None if levers reduce nothing."""
    values = found.values
    if values is None or not told_values(values):
        return None
    rows = []
    for value in told_values(values):
        row: dict[str, object] = {"lever": value.name, "doubt": value.doubt / values.whole}
        for figure in ("first_in", "last_out", "shapley"):
            row[figure] = getattr(value, figure) / values.whole
        rows.append(row)
    top = told_values(values)[0]
    return told_chart(
        notes,
        "levers",
        charts.lever_values(pd.DataFrame(rows), VALUES),
        VALUES,
        name="lever_values",
        top=top,
        values=values,
        what=OBJECTIVES[found.goal],
        found=found,
    )


def told_values(values: LeverValues) -> Sequence[LeverValue]:
    """The levers of a run by their Shapley share; none if together they reduce nothing."""
    if values.whole <= 0:
        return []
    return sorted(values.levers, key=lambda value: (-value.shapley, value.key))


class Levers(DeclaredTable):
    """A row a lever."""

    source = VALUES
    folded = True
    sum_row = "All"

    lever = text()
    first_in = figures("first in", "MUSD")
    last_out = figures("last out", "MUSD")
    shapley = figures("Shapley share", "MUSD", summed=True)
    doubt = figures("its standard error", "MUSD")
    share = per_cent("share", "of all levers")


def lever_table(found: Explanation) -> ReportTable | None:
    """The value of each lever in figures; None if it was not asked for."""
    values = found.values
    if values is None or not told_values(values):
        return None
    rows = []
    for value in told_values(values):
        share = value.shapley / values.whole
        rows.append({**vars(value), "lever": value.name, "share": share})
    what = OBJECTIVES[found.goal]
    return Levers.from_rows(
        rows,
        title=notes("values_title", values=values, what=what),
        note=notes("values_note", values=values),
    )
