"""Six claims and a verdict on each, all on one scale: a share of what all levers together reduce the objective by.

The objective is that of the run: risk-adjusted cost, or the least risk. A claim about mines is measured by what mines
reduce alone, one about a bottleneck by what is lost where that lever alone is missing, one about allies by what is lost
without a deal. A claim *holds* if its measure is on the claim's side of the threshold with the inputs as given and in
every trial, *fails* if it is on the other side in all of them, and is *not decided by these data* if trials disagree. A
trial moves one unsure input to an end of its range and solves all that the measure needs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from planner.config import Lever
from planner.data.case import Case
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference, SolveAll
from planner.explanation.levers import LeverStep, key_of, only, steps
from planner.explanation.unsure_inputs import InputAtEnd, setting, uncertain_inputs, under
from planner.results.explanation import Trial, Verdict
from planner.solving.program import Program
from planner.thresholds import TOLERATED

HOLDS, FAILS, OPEN = "holds", "fails", "not decided by these data"
MATTERS = 0.10
"""A tenth of what all levers reduce together. Less than an even share of the six or seven levers that a case has
(a sixth, a seventh), and as much as the whole reduction of the real case is in doubt out of sample: its 95 % interval
is a tenth wide to either side, so a lever of a smaller share changes the whole by less than its doubt."""

MeasureBasis = Literal["first_in", "last_out", "no_deal"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim about a share of the whole reduction.

    basis: what is measured: the levers pulled alone, the levers missing alone, or allies without a deal. matters: the
    claim says that the share is at least the threshold; else that it is below.
    """

    key: str
    basis: MeasureBasis
    levers: tuple[Lever, ...]
    matters: bool

    def says(self, measure: float) -> bool:
        """A measure, a share of the whole reduction, is on the claim's side of the threshold."""
        return (measure >= MATTERS) == self.matters

    def is_about(self, step: LeverStep) -> bool:
        """Some lever of a step is one that the claim is about."""
        return not set(step.levers).isdisjoint(self.levers)


CLAIMS: tuple[Claim, ...] = (
    Claim(key="mining", basis="first_in", levers=("mine",), matters=False),
    Claim(key="separation", basis="last_out", levers=("separation",), matters=True),
    Claim(key="metal", basis="last_out", levers=("metal",), matters=True),
    Claim(key="magnets", basis="last_out", levers=("magnet",), matters=True),
    Claim(key="people", basis="last_out", levers=("training", "hiring"), matters=True),
    Claim(key="allies", basis="no_deal", levers=(), matters=True),
)
"""Mines alone matter little; new separation, new metal and magnet plants, people, and acting together matter."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The objectives (MUSD) that a measure is made of.

    with_it, without_it: with the thing that the claim is about, and without it; nothing, everything: of the run without
    any lever, and with all of them.
    """

    with_it: float
    without_it: float
    nothing: float
    everything: float

    @property
    def whole(self) -> float:
        """The reduction of the objective by all levers together (MUSD)."""
        return self.nothing - self.everything

    @property
    def measure(self) -> float:
        """The share of the whole that the thing makes; where levers reduce nothing, all of it or nothing.

        >>> Sides(with_it=80, without_it=100, nothing=100, everything=20).measure
        0.25
        """
        part = self.without_it - self.with_it
        if self.whole > TOLERATED:
            return part / self.whole
        return 1.0 if part > TOLERATED else 0.0


def speaking(case: Case) -> list[Claim]:
    """The claims that a run with these levers and these countries can speak to."""
    known = steps(case)
    found = []
    for claim in CLAIMS:
        has_levers = any(claim.is_about(step) for step in known)
        has_allies = claim.basis == "no_deal" and len(case.countries) > 1
        if has_levers or has_allies:
            found.append(claim)
    return found


# ---- what is solved for a measure ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The counterfactuals that a measure of a claim is made of."""

    claim: Claim
    with_it: Counterfactual
    without_it: Counterfactual
    nothing: Counterfactual
    everything: Counterfactual

    def all(self) -> list[Counterfactual]:
        """All of them, some of them the same."""
        return [self.everything, self.nothing, self.with_it, self.without_it]

    def sides(self, found: Mapping[str, Optimum]) -> Sides:
        """Their objectives, once they are solved."""
        return Sides(
            with_it=found[self.with_it.key].objective,
            without_it=found[self.without_it.key].objective,
            nothing=found[self.nothing.key].objective,
            everything=found[self.everything.key].objective,
        )


def as_given(reference: Reference, claim: Claim) -> Asked:
    """The counterfactuals that a claim is measured by, with the inputs as they are."""
    known = steps(reference.case)
    everything, nothing = only(reference, known), only(reference, [])
    with_it, without_it = everything, nothing
    if claim.basis == "first_in":
        with_it = only(reference, [step for step in known if claim.is_about(step)])
    elif claim.basis == "last_out":
        left = [step for step in known if not claim.is_about(step)]
        without_it = only(reference, left)
    else:
        with_it = acting(reference, "allied", everything)
        without_it = acting(reference, no_deal(reference.case), everything)
    return Asked(
        claim=claim, with_it=with_it, without_it=without_it, nothing=nothing, everything=everything
    )


def at_end(reference: Reference, claim: Claim, end: InputAtEnd) -> Asked:
    """The counterfactuals that a claim is measured by with one input at an end of its range.

    Claims that ask for the same counterfactual share it.
    """
    own, known = reference.case.model.levers, steps(reference.case)
    everything = under(reference, end, own)
    nothing = under(reference, end, (), key_of([]))
    with_it, without_it = everything, nothing
    if claim.basis == "first_in":
        pulled = [step for step in known if claim.is_about(step)]
        with_it = under(reference, end, claim.levers, key_of(pulled))
    elif claim.basis == "last_out":
        left = [step for step in known if not claim.is_about(step)]
        levers = [lever for lever in own if lever not in claim.levers]
        without_it = under(reference, end, levers, key_of(left))
    else:
        rules = no_deal(reference.case)
        with_it = acting_at_end(reference, "allied", end, everything)
        without_it = acting_at_end(reference, rules, end, everything)
    return Asked(
        claim=claim, with_it=with_it, without_it=without_it, nothing=nothing, everything=everything
    )


def no_deal(case: Case) -> str:
    """The trade rules that hold among allies without a deal: of blocs where some countries have one and others are
    outside it, else each country alone; what suppliers sell on (`resale`) is in both."""
    members: dict[str, int] = {}
    for row in case.tables.countries:
        if row.bloc:
            members[row.bloc] = members.get(row.bloc, 0) + 1
    largest = max(members.values(), default=1)
    return "blocs" if 1 < largest < len(case.countries) else "national"


def acting(reference: Reference, coordination: str, everything: Counterfactual) -> Counterfactual:
    """The plan under other rules of acting together. everything: that of the run itself."""
    if coordination == reference.case.model.policy.coordination:
        return everything
    other = reference.acting(coordination)
    return Counterfactual(coordination, lambda: other.program, at=other, with_cost=True)


def acting_at_end(
    reference: Reference, coordination: str, end: InputAtEnd, everything: Counterfactual
) -> Counterfactual:
    """The counterfactual of acting by another coordination with an input at an end of its range.

    everything: that of the run's own rules there.
    """
    if coordination == reference.case.model.policy.coordination:
        return everything
    other = reference.acting(coordination)

    def make() -> Program | Case:
        program = other.under(end.name, lambda: end.case_of(other.case))
        return program if program is not None else end.case_of(other.case)

    return Counterfactual(f"try:{end.name}:{coordination}", make, at=other)


# ---- verdicts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AskedAtEnd:
    """A trial: a claim with one unsure input at one end of its range."""

    end: InputAtEnd
    asked: Asked


def trials_of(reference: Reference, every_pair: bool) -> list[AskedAtEnd]:
    """All trials of a run. every_pair: of every input on every claim; else of the claims that the input is first of all
    a doubt about."""
    found = []
    inputs = uncertain_inputs(reference.case)
    for claim in speaking(reference.case):
        for uncertain in inputs:
            if not every_pair and claim.key not in uncertain.claims:
                continue
            for factor in uncertain.ends:
                end = InputAtEnd(uncertain, factor)
                found.append(AskedAtEnd(end=end, asked=at_end(reference, claim, end)))
    return found


def counterfactuals_of(reference: Reference, trials: Iterable[AskedAtEnd]) -> list[Counterfactual]:
    """All that verdicts need: what claims ask as given, and in their trials."""
    found = []
    for claim in speaking(reference.case):
        found += as_given(reference, claim).all()
    for trial in trials:
        found += trial.asked.all()
    return found


def verdicts(reference: Reference, trials: Sequence[AskedAtEnd], solve: SolveAll) -> list[Verdict]:
    """A verdict on each claim that the run can speak to."""
    found = solve(counterfactuals_of(reference, trials))
    names = [uncertain.name for uncertain in uncertain_inputs(reference.case)]
    out = []
    for claim in speaking(reference.case):
        given = as_given(reference, claim).sides(found)
        told = []
        for trial in trials:
            if trial.asked.claim == claim:
                sides = trial.asked.sides(found)
                told.append(tried(claim, given, sides, trial.end))
        used = {trial.input for trial in told}
        not_tried = [name for name in names if name not in used]
        out.append(judged(claim, given, trials=told, not_tried=not_tried, goal=reference.goal))
    return out


def tried(claim: Claim, given: Sides, sides: Sides, end: InputAtEnd) -> Trial:
    """A trial of a claim, measured: the sides as given, and at an end of an unsure input."""
    return Trial(
        input=end.uncertain.name,
        setting=setting(end.factor),
        source=end.uncertain.source,
        with_it=sides.with_it,
        without_it=sides.without_it,
        whole=sides.whole,
        measure=sides.measure,
        flips=claim.says(sides.measure) != claim.says(given.measure),
    )


def judged(
    claim: Claim,
    given: Sides,
    *,
    trials: Sequence[Trial],
    not_tried: Sequence[str] = (),
    goal: str = "risk",
) -> Verdict:
    """The verdict that a measure and its trials give."""
    turns = list(dict.fromkeys(trial.input for trial in trials if trial.flips))
    verdict = HOLDS if claim.says(given.measure) else FAILS
    return Verdict(
        claim=claim.key,
        verdict=OPEN if turns else verdict,
        basis=claim.basis,
        with_it=given.with_it,
        without_it=given.without_it,
        whole=given.whole,
        measure=given.measure,
        threshold=MATTERS,
        trials=trials,
        turns_on=turns,
        not_tried=not_tried,
        goal=goal,
    )
