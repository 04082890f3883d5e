"""How much each lever matters: sums over the answers to lever questions, on one scale, and what is judged of them.

The scale is what all levers together take off the objective of the run. A lever is measured twice: pulled alone, and
missing alone. Each measure has a range, over the doubtful figures at both their ends where these were tried: a lever is
*large* or *small* where its whole range is, else *open*, and then it is named on which doubts that turns. Where nothing is
at risk, or levers take nothing off it, nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from planner.data.case import Case
from planner.explanation.questions import NOTHING, PLAN, LeverStep, steps
from planner.results.explanation import Claim, LeverValue, LeverValues, Trial, judged
from planner.thresholds import TOLERATED

NOTICED = 1e-3
"""Share of the objective without any lever from which on levers take something off."""
STAFF_COVERS = "staff_covers"
"""What the data suppose of people: those counted today cover what existing plants need."""


def lever_values(case: Case, objectives: Mapping[str, float]) -> LeverValues:
    """The value of each lever of a case. objectives: what each of `lever_questions` attains (MUSD)."""
    nothing, everything = objectives[NOTHING], objectives[PLAN]
    values = []
    for step in steps(case):
        value = LeverValue(
            key=step.key,
            name=step.name,
            first_in=nothing - objectives[f"alone:{step.key}"],
            last_out=objectives[f"missing:{step.key}"] - everything,
        )
        values.append(value)
    return LeverValues(nothing=nothing, everything=everything, levers=values)


def takes_something(values: LeverValues) -> bool:
    """Something is at risk, and levers take some of it off."""
    return values.whole > max(TOLERATED, NOTICED * values.nothing)


def shares_of(values: LeverValues) -> Iterator[tuple[str, str, float]]:
    """Each lever, `alone` or `missing`, and the share of what all levers take off that it takes then."""
    for value in values.levers:
        yield value.key, "alone", value.first_in / values.whole
        yield value.key, "missing", value.last_out / values.whole


def claims(
    case: Case, values: LeverValues, ends: Sequence[tuple[Trial, LeverValues]] = ()
) -> list[Claim]:
    """A claim for each lever alone and missing; none where all of them take nothing off.

    ends: values with a doubtful figure at an end of its range, and the trial but for its share.
    """
    if not takes_something(values):
        return []
    trials: dict[tuple[str, str], list[Trial]] = {}
    for trial, there in ends:
        if not takes_something(there):
            continue
        for lever, basis, share in shares_of(there):
            trials.setdefault((lever, basis), []).append(replace(trial, share=share))
    known = {step.key: step for step in steps(case)}
    out = []
    for lever, basis, share in shares_of(values):
        tried = trials.get((lever, basis), [])
        out.append(_claim(case, known[lever], basis=basis, share=share, trials=tried))
    return out


def _claim(
    case: Case, step: LeverStep, *, basis: str, share: float, trials: Sequence[Trial]
) -> Claim:
    measured = [share, *(trial.share for trial in trials)]
    low, high = min(measured), max(measured)
    given = judged(share, share)
    turning = [trial.input for trial in trials if judged(trial.share, trial.share) != given]
    return Claim(
        lever=step.key,
        name=step.name,
        basis=basis,
        share=share,
        low=low,
        high=high,
        verdict=judged(low, high),
        trials=list(trials),
        turns_on=list(dict.fromkeys(turning)),
        supposed=_supposed(case, step),
    )


def _supposed(case: Case, step: LeverStep) -> str:
    """What the data suppose of the answer about a lever: of people that those of today cover what stands today."""
    return STAFF_COVERS if step.key == "people" and _staff_covers(case) else ""


def _staff_covers(case: Case) -> bool:
    """Initial staff is at least what existing plants need at full output, in every country and skill that they need."""
    needs: dict[tuple[str, str], float] = {}
    for project, row in case.projects.items():
        tonnes = case.lookups.existing_tpa(project, case.first_year)
        for skill, persons in case.lookups.staffing[project].items():
            at = row.country, skill
            needs[at] = needs.get(at, 0.0) + persons * tonnes
    for at, persons in needs.items():
        team = case.lookups.workforce.get(at)
        if persons > TOLERATED and (team is None or team.initial < persons):
            return False
    return any(persons > TOLERATED for persons in needs.values())
