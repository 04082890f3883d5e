"""Four claims and a verdict each, by one rule: a measure, a threshold, and every unsure input tried at its ends.

A claim *holds* if its measure is on the claim's side of the threshold with the inputs as given and in every trial,
*fails* if it is on the other side in all of them, and is *not decided by these data* if trials disagree. A trial
solves two cases again, with the input at another value: with the thing the claim is about and without it.
Losses per kg scaled all alike scale every risk alike, so no measure here can turn on their level (only on their mix).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.config.model_file import LEVERS, Lever
from planner.data.case import Case
from planner.explain.counterfactuals import Answer, Desk, Question, is_far, with_policy
from planner.explain.doubts import DOUBTS, Doubt
from planner.reporting.values.numbers import listed, number, percent
from planner.results.explanation import Trial, Verdict
from planner.solving.program import Program
from planner.solving.session import Session

Ask = Callable[[Iterable[Question]], Mapping[str, Answer]]
HOLDS, FAILS, OPEN = "holds", "fails", "not decided by these data"
MATTERS = 0.10
"""A tenth of the risk: what is less counts as not mattering. Half the effect that these data can tell from their own
estimates (most of which are known to a fifth or worse)."""
SMALLEST_MUSD = 1e-6


@dataclass(frozen=True)
class Claim:
    """A claim about a pair of risks, of the plan `with_it` and `without_it`.

    measure = 1 - with/without for `share` (share of the risk that it takes off), without/with - 1 otherwise (by how
    much the risk rises without it). The claim says the measure is at least the threshold (`above`), or below it.
    """

    key: str
    words: str
    rule: str
    thing: str
    above: bool
    share: bool
    levers_with: tuple[Lever, ...] | None
    levers_without: tuple[Lever, ...]
    alone: bool = False

    def measure(self, with_it: float, without_it: float) -> float:
        """The measure of two risks (MUSD)."""
        if self.share:
            return 1 - with_it / without_it if without_it > SMALLEST_MUSD else 0.0
        return without_it / max(with_it, SMALLEST_MUSD) - 1

    def says(self, measure: float) -> bool:
        """Whether a measure is on the claim's side."""
        return (measure >= MATTERS) == self.above


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "mining",
        "Diversification that stops at mining is cosmetic",
        f"cosmetic = mines alone take less than {percent(MATTERS)} off the risk of doing nothing",
        "mines alone take {measure} off the risk",
        False,
        True,
        ("mine",),
        (),
    ),
    Claim(
        "separation",
        "Separation chemistry is the bottleneck",
        f"a bottleneck = without new separation plants the least risk is at least {percent(MATTERS)} higher",
        "without new separation the risk is {measure} higher",
        True,
        False,
        None,
        ("separation",),
    ),
    Claim(
        "people",
        "Skilled people are the bottleneck",
        f"a bottleneck = without training and hiring the least risk is at least {percent(MATTERS)} higher",
        "without training and hiring the risk is {measure} higher",
        True,
        False,
        None,
        ("training", "hiring"),
    ),
    Claim(
        "allies",
        "Allies must act together",
        f"must = with each country on its own the least risk is at least {percent(MATTERS)} higher",
        "with each country alone the risk is {measure} higher",
        True,
        False,
        None,
        (),
        alone=True,
    ),
)


def speaking(case: Case) -> list[Claim]:
    """The claims that a run with these levers can speak to."""
    levers = set(case.model.levers)
    return [c for c in CLAIMS if c.alone or levers & set(c.levers_without if c.levers_with is None else c.levers_with)]


def under(desk: Desk, doubt: Doubt, factor: float, levers: Iterable[Lever]) -> Question:
    """The least risk with an input at another value and with these levers of the run."""
    name, allowed = f"{doubt.key}*{factor:g}", set(levers) & set(desk.case.model.levers)
    kept = tuple(x for x in LEVERS if x in allowed)

    def make() -> Program:
        program = desk.under(name, lambda: doubt.vary(desk.case, factor))
        if program is not None:
            return desk.only(kept, program)
        case = doubt.vary(desk.case, factor)
        return Session(case.with_model(case.model.model_copy(update={"levers": kept}))).program

    return Question(f"try:{name}:{'+'.join(kept)}", make, far=is_far(kept))


def sides(claim: Claim, desk: Desk, doubt: Doubt, factor: float) -> list[Question]:
    """The two questions of a trial; claims that ask the same share it."""
    everything = desk.case.model.levers
    with_it = under(desk, doubt, factor, everything if claim.levers_with is None else claim.levers_with)
    if not claim.alone:
        without = () if claim.levers_with is not None else (x for x in everything if x not in claim.levers_without)
        return [with_it, under(desk, doubt, factor, without)]
    name = f"{doubt.key}*{factor:g}"

    def national() -> Program:
        found = desk.national.under(name, lambda: doubt.vary(desk.national.case, factor))
        return found if found is not None else Session(doubt.vary(desk.national.case, factor)).program

    def allied() -> Program:
        return Session(doubt.vary(with_policy(desk.case, coordination="allied"), factor)).program

    if desk.case.model.policy.coordination != "allied":
        with_it = Question(f"try:{name}:allied", allied)
    return [with_it, Question(f"try:{name}:national", national)]


def verdicts(desk: Desk, given: Mapping[str, tuple[float, float]], ask: Ask, thorough: bool) -> list[Verdict]:
    """A verdict on each claim. `given`: its two risks as given.

    thorough: every input on every claim. Else only inputs that are first of all a doubt about the claim, one after
    the other, until one of them shows that the data do not decide it.
    """
    there = [doubt for doubt in DOUBTS if doubt.is_there(desk.case)]
    claims = speaking(desk.case)
    waiting = {c.key: [d for d in there if thorough or c.key in d.aimed_at] for c in claims}
    trials: dict[str, list[Trial]] = {c.key: [] for c in claims}
    while any(waiting.values()):
        now = [(c, d) for c in claims for d in (waiting[c.key] if thorough else waiting[c.key][:1])]
        for claim, trial in _tried(desk, now, given, ask, thorough):
            trials[claim.key].append(trial)
        for c in claims:
            open_still = not thorough and not any(trial.flips for trial in trials[c.key])
            waiting[c.key] = waiting[c.key][1:] if open_still else []
    return [judged(c, given[c.key], trials[c.key], _left(there, trials[c.key])) for c in claims]


def first_questions(desk: Desk, thorough: bool) -> Iterator[Question]:
    """What `verdicts` will ask first, whatever the answers."""
    there = [doubt for doubt in DOUBTS if doubt.is_there(desk.case)]
    for claim in speaking(desk.case):
        aimed = [d for d in there if thorough or claim.key in d.aimed_at]
        for doubt in aimed if thorough else aimed[:1]:
            for factor in doubt.factors if thorough else farthest(doubt.factors):
                yield from sides(claim, desk, doubt, factor)


def _left(there: Sequence[Doubt], trials: Sequence[Trial]) -> list[str]:
    used = {trial.input for trial in trials}
    return [doubt.name for doubt in there if doubt.name not in used]


def _tried(
    desk: Desk, pairs: Sequence[tuple[Claim, Doubt]], given: Mapping[str, tuple[float, float]], ask: Ask, thorough: bool
) -> Iterator[tuple[Claim, Trial]]:
    plan = [
        (claim, doubt, factor, sides(claim, desk, doubt, factor))
        for claim, doubt in pairs
        for factor in (doubt.factors if thorough else farthest(doubt.factors))
    ]
    found = ask(question for *_, both in plan for question in both)
    for claim, doubt, factor, (one, other) in plan:
        with_it, without_it = found[one.key].least_risk, found[other.key].least_risk
        value, as_given = claim.measure(with_it, without_it), claim.measure(*given[claim.key])
        flips = claim.says(value) != claim.says(as_given)
        yield claim, Trial(doubt.name, f"× {factor:g}", doubt.why, with_it, without_it, value, flips)


def farthest(factors: Sequence[float]) -> Sequence[float]:
    """One end on each side of the value as given."""
    below, above = [f for f in factors if f < 1], [f for f in factors if f > 1]
    return [*([min(below)] if below else []), *([max(above)] if above else [])]


def judged(claim: Claim, given: tuple[float, float], trials: Sequence[Trial], not_tried: Sequence[str] = ()) -> Verdict:
    """The verdict that a measure and its trials give."""
    measure = claim.measure(*given)
    turns = list(dict.fromkeys(trial.input for trial in trials if trial.flips))
    verdict = OPEN if turns else HOLDS if claim.says(measure) else FAILS
    return Verdict(
        claim.key.capitalize(),
        claim.words,
        verdict,
        claim.rule,
        _why(claim, given, measure, trials, turns),
        measure,
        MATTERS,
        trials,
        turns,
        not_tried,
    )


def _why(
    claim: Claim, given: tuple[float, float], measure: float, trials: Sequence[Trial], turns: Sequence[str]
) -> str:
    before, after = (given[1], given[0]) if claim.share else given
    text = f"As given, {claim.thing.format(measure=percent(measure))} ({number(before)} → {number(after)} MUSD)"
    if turns:
        flip = max((t for t in trials if t.flips), key=lambda t: abs(t.measure - measure))
        a, b = (flip.without_it, flip.with_it) if claim.share else (flip.with_it, flip.without_it)
        return (
            f"{text}, but {claim.thing.format(measure=percent(flip.measure))} ({number(a)} → {number(b)} MUSD) with "
            f"{flip.input} {flip.setting} ({flip.source}). The verdict turns on {listed(list(turns))}."
        )
    if not trials:
        return f"{text}. No unsure input was tried."
    low, high = min(t.measure for t in trials), max(t.measure for t in trials)
    span = f"between {percent(low)} and {percent(high)} in {len(trials)} trials"
    return f"{text}, and {span}; none crosses {percent(MATTERS)}."
