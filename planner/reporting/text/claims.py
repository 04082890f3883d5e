"""The four claims in words, and why these data say what they say of them."""

from __future__ import annotations

from dataclasses import dataclass

from planner.reporting.values.wording import listed, number, percent
from planner.results.explanation import Trial, Verdict


@dataclass(frozen=True)
class ClaimText:
    """A claim, the rule that decides it (`threshold`), and what its `measure` says of a plan.

    takes_off: the measure compares the risk without the thing with that with it, otherwise the other way round.
    """

    claim: str
    rule: str
    measured: str
    takes_off: bool = False


CLAIMS = {
    "mining": ClaimText(
        "Diversification that stops at mining is cosmetic",
        "cosmetic = mines alone take less than {threshold} off the risk of doing nothing",
        "mines alone take {measure} off the risk",
        takes_off=True,
    ),
    "separation": ClaimText(
        "Separation chemistry is the bottleneck",
        "a bottleneck = without new separation plants the least risk is at least {threshold} higher",
        "without new separation the risk is {measure} higher",
    ),
    "people": ClaimText(
        "Skilled people are the bottleneck",
        "a bottleneck = without training and hiring the least risk is at least {threshold} higher",
        "without training and hiring the risk is {measure} higher",
    ),
    "allies": ClaimText(
        "Allies must act together",
        "must = with each country on its own the least risk is at least {threshold} higher",
        "with each country alone the risk is {measure} higher",
    ),
}


def claim(key: str) -> str:
    """The claim itself."""
    return CLAIMS[key].claim


def rule(verdict: Verdict) -> str:
    """What decides the claim."""
    return CLAIMS[verdict.claim].rule.format(threshold=percent(verdict.threshold))


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    given = _measured(verdict.claim, verdict.measure, verdict.with_it, verdict.without_it)
    trials = verdict.trials
    if verdict.turns_on:
        flip = max((t for t in trials if t.flips), key=lambda t: abs(t.measure - verdict.measure))
        return (
            f"As given, {given}, but {_tried(verdict.claim, flip)} with {flip.input} {flip.setting} ({flip.source}). "
            f"The verdict turns on {listed(list(verdict.turns_on))}."
        )
    if not trials:
        none = "" if verdict.not_tried else ": the case names none"
        return f"As given, {given}. No unsure input was tried{none}."
    low, high = min(t.measure for t in trials), max(t.measure for t in trials)
    return (
        f"As given, {given}, and between {percent(low)} and {percent(high)} in {len(trials)} trials; none crosses "
        f"{percent(verdict.threshold)}."
    )


def _tried(key: str, trial: Trial) -> str:
    return _measured(key, trial.measure, trial.with_it, trial.without_it)


def _measured(key: str, measure: float, with_it: float, without_it: float) -> str:
    text = CLAIMS[key]
    before, after = (without_it, with_it) if text.takes_off else (with_it, without_it)
    return f"{text.measured.format(measure=percent(measure))} ({number(before)} → {number(after)} MUSD)"
