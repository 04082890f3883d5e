"""The claims that an explanation tests, in words."""

from __future__ import annotations

from planner.reporting.words.sentences import Passages
from planner.results.explanation import Rung, Verdict
from planner.results.figures.decision import decisive_trial

say = Passages("explanation.j2")


def step(rung: Rung) -> str:
    """The lever that a rung adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return say("claim", key=key, step=step)


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    return say("why", verdict=verdict, flip=decisive_trial(verdict), step=step)
