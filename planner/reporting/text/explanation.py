"""Why this plan: values of the sentences of an explanation, for the page and for the screen. The words stand in
templates/text/explanation.j2; each remark appears only if it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from planner.reporting.values.page_parts import Statement
from planner.reporting.values.wording import STAGES_MANY, Names, worded
from planner.results.explanation import (
    EXPLANATION,
    SMALLEST_SHARE,
    Explanation,
    Link,
    Moved,
    Rung,
    Trial,
    Verdict,
)

SMALL_SHARE, LARGE_SHARE, SAME_SHARE = 0.05, 0.10, 0.001

SLIGHT_TPA, SLIGHT_MUSD = 1e-6, 0.05

MOST_NAMED = 4

QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""


def _say(passage: str, **values: Any) -> str:
    return worded("explanation.j2", passage, most=MOST_NAMED, step=step, **values)


def step(rung: Rung) -> str:
    """What a rung of the ladder adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return _say("claim", key=key)


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    flips = [t for t in verdict.trials if t.flips]
    flip = max(flips, key=lambda t: abs(t.measure - verdict.measure), default=None)
    return _say("why", verdict=verdict, flip=flip)


def statements(found: Explanation, names: Names) -> list[Statement]:
    """Why this plan, in sentences."""
    top = max(found.ladder[1:], key=lambda r: -r.change, default=None)
    out = []
    if top is not None:
        out.append(Statement("Levers", _say("levers", found=found, top=top)))
    if insured := insurance_words(found):
        out.append(Statement("Steps that take little off by themselves", insured))
    out += [
        Statement(
            f"{v.claim.capitalize()}: {v.verdict}", f"{claim(v.claim)}? {why(v)} {made_up_words(found, v)}".rstrip()
        )
        for v in found.verdicts
    ]
    out.append(Statement("Bottleneck", _say("bottleneck", names=names, tightest=list(_tightest(found)))))
    return [*out, _information(found)]


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that is said, without the ladder, which the screen shows."""
    return [*statements(found, names)[1:], *_musts(found, names)]


def insurance_words(found: Explanation) -> str:
    """Plants in the plan although their step of the ladder is worth nothing: what they are worth once all else is in
    place, and if what is financed fails."""
    return _say("insurance", insured=list(_insured(found)))


def _insured(found: Explanation) -> Iterator[dict[str, Any]]:
    steps = {r.key.removeprefix("ladder:"): r for r in found.ladder[1:]}
    without = {r.key.removeprefix("without:"): r for r in found.left_out}
    for stage in STAGES_MANY:
        capital, step, rung = found.moves[0].capital.get(stage, 0.0), steps.get(stage), without.get(stage)
        if step is None or rung is None or capital <= 0 or -step.change > SMALLEST_SHARE * found.ladder[0].least_risk:
            continue

        def off(trial: Trial) -> float:
            return trial.without_it - trial.with_it

        worst = max((t for v in found.verdicts if v.claim == stage for t in v.trials), key=off, default=None)
        yield {
            "stage": stage,
            "capital": capital,
            "alone": max(-step.change, 0.0),
            "with_rest": max(rung.change, 0.0),
            "worst": worst if worst is not None and off(worst) > max(rung.change, 0.0) else None,
            "dear": rung.change < capital,
        }


def made_up_words(found: Explanation, verdict: Verdict) -> str:
    """That the plan makes up for an input on which a claim turns, but not the case without the lever; '' if not so."""
    own, risks = found.own.least_risk, []
    for name in verdict.turns_on:
        effects = [i.effect for i in found.influences if i.input == name]
        trials = [t for t in verdict.trials if t.input == name]
        same = all(abs(t.with_it - own) <= SMALLEST_SHARE * own for t in trials)
        if effects and abs(effects[0]) <= SMALLEST_SHARE * own and same and trials:
            risks.append([t.without_it for t in trials])
    return _say("made_up", found=found, verdict=verdict, risks=risks)


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def _tightest(found: Explanation) -> Iterator[dict[str, Any]]:
    """The link of each element that is worth most, the years in which it is the narrowest, and its share."""
    best = narrowest(found.links)
    for element in dict.fromkeys(link.element for link in best):
        worth: dict[str, float] = {}
        for link in found.links:
            if link.element == element:
                worth[link.link] = worth.get(link.link, 0.0) + link.musd
        top = max(worth, key=lambda k: worth[k])
        years = [link.year for link in best if (link.element, link.link) == (element, top)]
        yield {"element": element, "link": top, "years": years, "share": worth[top] / sum(worth.values())}


def _information(found: Explanation) -> Statement:
    """What it is worth to know: in risk; and in money, by the plan that answers, where its risk is the same and it
    saves a hundredth or more."""
    once, later = policies(found) or (None, None)
    told = once is not None and later is not None and saves(once, later) and same_risk(once, later)
    words = _say("information", found=found, milder=information_words(found), told=told, once=once, later=later)
    return Statement("Information", words)


def information_words(found: Explanation) -> str:
    """Why perfect information is worth nothing although a plan for the mean future is much worse; '' if not so."""
    k = found.knowledge
    regret = max(k.regret.values(), default=0.0)
    if k.stochastic <= 0 or k.evpi > SMALLEST_SHARE * k.stochastic or k.vss < LARGE_SHARE * k.stochastic:
        return ""
    return "" if regret > SMALL_SHARE * k.stochastic else _say("milder_mean", regret=regret)


def _musts(found: Explanation, names: Names) -> list[Statement]:
    counted = [r for r in found.alternatives.ranges if r.kind == "project"]
    if not counted:
        return []
    musts, never = ([r for r in counted if r.word == word] for word in ("must", "never"))
    text = _say(
        "contained",
        found=found,
        names=names,
        once=found.flexibility is not None and any(r.key == "committed" and not r.against for r in found.timing),
        musts=[r.key for r in musts],
        capital=sum(r.capital for r in musts),
        may=len(counted) - len(musts) - len(never),
        never=len(never),
    )
    return [Statement("In every good plan", text, f"{EXPLANATION}: alternatives")]


def policies(found: Explanation) -> tuple[Rung, Rung] | None:
    """The plan that decides everything once, and the one that answers what has shown itself; both with costs."""
    by_key = {r.key: r for r in found.timing if r.cost is not None}
    return (by_key["committed"], by_key["adaptive"]) if {"committed", "adaptive"} <= set(by_key) else None


def same_risk(once: Rung, later: Rung) -> bool:
    """Whether both attain the same least risk, to a thousandth."""
    return abs(once.least_risk - later.least_risk) <= SAME_SHARE * once.least_risk


def saves(once: Rung, later: Rung) -> bool:
    """Whether answering takes a hundredth or more off the cost or off the risk."""
    return (later.cost or 0.0) <= (1 - SMALLEST_SHARE) * (once.cost or 0.0) or later.least_risk <= (
        1 - SMALLEST_SHARE
    ) * once.least_risk - SLIGHT_MUSD


@dataclass(frozen=True)
class ProjectChanges:
    """Projects that enter, that leave, and that change their size (t/y) by more than a quarter of what could be built;
    those with the most capital at stake first."""

    enter: list[str]
    leave: list[str]
    resized: dict[str, tuple[float, float]]

    @property
    def touched(self) -> set[str]:
        """All projects that change."""
        return {*self.enter, *self.leave, *self.resized}

    @property
    def smaller(self) -> list[str]:
        """Those of which there is less."""
        return [p for p, (before, after) in self.resized.items() if after < before]

    @property
    def larger(self) -> list[str]:
        """Those of which there is more."""
        return [p for p, (before, after) in self.resized.items() if after > before]


def difference(found: Explanation, end: Moved) -> ProjectChanges:
    """What the plan at one end of an input's range does otherwise."""
    given = found.moves[0].builds
    ranges = {r.key: r for r in found.alternatives.ranges if r.kind == "project"}

    def weight(project: str) -> tuple[float, str]:
        return -(ranges[project].capital if project in ranges else 0.0), project

    def moved(project: str) -> bool:
        limit = ranges[project].limit if project in ranges else None
        return abs(end.builds[project] - given[project]) > QUARTER * (limit or given[project])

    return ProjectChanges(
        [p for p in end.builds if p not in given],
        sorted((p for p in given if p not in end.builds), key=weight),
        {p: (given[p], end.builds[p]) for p in sorted(given, key=weight) if p in end.builds and moved(p)},
    )
