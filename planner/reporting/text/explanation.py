"""Why this plan: values of the sentences of an explanation, for the page and for the screen. The words stand in
templates/text/explanation.j2; each remark appears only if it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from planner.reporting.text.answer import answer
from planner.reporting.values.page_parts import Statement
from planner.reporting.values.view import RunView
from planner.reporting.values.wording import SLIGHT, STAGES_MANY, Names, as_year, number, percent, worded
from planner.results.explanation import (
    EXPLANATION,
    OWN_PLAN,
    SMALLEST_SHARE,
    Commitment,
    Explanation,
    Flexibility,
    Link,
    Moved,
    Rung,
    Trial,
    Verdict,
    leading,
)

FUND_FIRST = "What to fund first"

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


def missing_words() -> str:
    """How to ask for an explanation."""
    return _say("missing")


def claim(key: str) -> str:
    """The claim itself."""
    return _say("claim", key=key)


def rule(verdict: Verdict) -> str:
    """What decides the claim."""
    return _say("rule", verdict=verdict)


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    flips = [t for t in verdict.trials if t.flips]
    flip = max(flips, key=lambda t: abs(t.measure - verdict.measure), default=None)
    return _say("why", verdict=verdict, flip=flip)


def full_answer(run: RunView) -> list[Statement]:
    """The answer of the report: with what waiting costs, and what would change it, if that was asked."""
    found, out = run.found, answer(run)
    if found is None:
        return out
    first = next((place for place, statement in enumerate(out, start=1) if statement.about == FUND_FIRST), len(out))
    reason = because(found)
    begun = [replace(s, sentence=f"{s.sentence} {reason}".rstrip()) for s in out[first - 1 : first]]
    return [*out[: first - 1], *begun, *_musts(found, run.names), *out[first:], *_later(found, run.names)]


def because(found: Explanation) -> str:
    """Which steps of the ladder take most off the risk; '' if none takes a hundredth of it."""
    ranked = sorted(found.ladder[1:], key=lambda rung: rung.change)[:2]
    return _say("because", steps=[r for r in ranked if -r.change > SMALLEST_SHARE * found.ladder[0].least_risk])


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
    return [*statements(found, names)[1:], *_musts(found, names), *_later(found, names)]


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


def _later(found: Explanation, names: Names) -> list[Statement]:
    """What waits, what waiting costs, and what would change the answer."""
    changing = _say("changing", found=found, leaning=leading(found.influences, found.own.least_risk))
    told = [
        Statement("What can wait", waits_words(found, names), f"{EXPLANATION}: timing, flexibility"),
        Statement("If we wait two years", _waiting(found), f"{EXPLANATION}: timing"),
        Statement("What would change the answer", changing, f"{EXPLANATION}: influences, verdicts"),
        Statement("Which projects would change", moved_words(found, names), f"{EXPLANATION}: moves"),
    ]
    return [statement for statement in told if statement.sentence]


def _waiting(found: Explanation) -> str:
    timing = {r.key: r for r in found.timing}
    later = timing.get("later")
    if later is None:
        return ""
    return _say("if_we_wait", found=found, later=later, kept=kept_words(found, later), sooner=timing.get("sooner"))


def kept_words(found: Explanation, later: Rung) -> str:
    """Which share of what the plan takes off the risk is kept by a plan that waits; '' if it takes nothing off."""
    nothing = found.ladder[0].least_risk
    gain = nothing - found.own.least_risk
    if gain <= SMALLEST_SHARE * nothing:
        return ""
    gone, _, until = later.name.partition(": no new ")[2].rpartition(" before ")
    return _say("keeps", share=max((nothing - later.least_risk) / gain, 0.0), gone=gone, until=until)


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


def capital_of(flexible: Flexibility, of: str) -> float:
    """Capital (MUSD) of all commitments as `committed`, `sure`, `expected` or `most`."""
    return float(sum(getattr(c, of) * c.capital for c in flexible.commitments))


def waits_words(found: Explanation, names: Names) -> str:
    """What a plan that may answer what has shown itself takes in any case, and what only then; '' if not asked."""
    both, flexible = policies(found), found.flexibility
    if both is None or flexible is None or not flexible.commitments:
        return ""
    sure = [c for c in flexible.commitments if c.sure > SLIGHT_TPA]
    return _say(
        "waits",
        names=names,
        once=both[0],
        later=both[1],
        worth_it=saves(*both),
        same=same_risk(*both),
        slight=SLIGHT_MUSD,
        capital={of: capital_of(flexible, of) for of in ("committed", "sure", "expected")},
        sure=[c.project for c in sure],
        now=sum(1 for c in sure if c.at_once > SLIGHT_TPA),
        never=sum(1 for c in flexible.commitments if c.most <= SLIGHT_TPA),
        ranked=any(r.kind == "project" and r.word == "must" for r in found.alternatives.ranges),
        idle=sum(flexible.idle.values()),
        futures=[f"“{names.scenario(w)}”" for w in sorted(flexible.idle, key=lambda w: (-flexible.idle[w], w))],
        first_stock=flexible.first_stock,
        **_only_then(flexible, names),
    )


def _only_then(flexible: Flexibility, names: Names) -> dict[str, Any]:
    """What waits for a sign, what of it comes first, and how much of it begins no later than in the plan that decides
    everything once: waiting for a sign is not waiting for years."""
    waiting = [c for c in flexible.commitments if c.sure <= SLIGHT_TPA and c.most > SLIGHT_TPA]

    def soon(c: Commitment) -> bool:
        return c.first_year is not None and c.committed_year is not None and c.first_year <= c.committed_year

    first = sorted(waiting, key=lambda c: (-c.expected * c.capital, c.project))[:MOST_NAMED]
    each = [f"{names.placed(c.project)} ({percent(c.probability)}, from {as_year(c.first_year)})" for c in first]
    return {"waiting": waiting, "first": each, "soon": sum(map(soon, waiting))}


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


def moved_words(found: Explanation, names: Names) -> str:
    """Which projects change when the leading inputs stand at their ends; '' if none was tried."""
    given, ends = found.moves[0], found.moves[1:]
    if not ends or not any(move.builds for move in found.moves):
        return ""
    changed = [(end, difference(found, end)) for end in ends]
    touched = set().union(*(of.touched for _, of in changed))
    return _say(
        "moved",
        names=names,
        own=found.own.name == OWN_PLAN,
        given=given,
        kept=sum(1 for p in given.builds if p not in touched),
        by_input={name: [pair for pair in changed if pair[0].input == name] for name in [e.input for e in ends]},
        cheaper=list(_cheaper(given, ends)),
    )


def _cheaper(given: Moved, ends: Sequence[Moved]) -> Iterator[tuple[Moved, float]]:
    """Ends at which the cost falls although the risk rises, and how much less capital serves there, 0 if not less."""
    capital = sum(given.capital.values())
    for end in ends:
        rises = end.least_risk > (1 + SMALLEST_SHARE) * given.least_risk
        if rises and end.cost < (1 - SMALLEST_SHARE) * given.cost:
            less = capital - sum(end.capital.values())
            yield end, less if less > SMALLEST_SHARE * capital else 0.0


def upstream_words(found: Explanation) -> str:
    """Which steps of the ladder bring plants of other stages into the plan, which their cost includes; '' if none."""
    steps = []
    for before, step in pairwise(found.ladder):
        key = step.key.removeprefix("ladder:")
        brought = {
            stage: more
            for stage in STAGES_MANY
            if stage != key and (more := step.capital.get(stage, 0.0) - before.capital.get(stage, 0.0)) > SLIGHT
        }
        if sum(brought.values()) > SMALL_SHARE * sum(step.capital.values()):
            steps.append((step, [f"{STAGES_MANY[s].lower()} for {number(musd)} MUSD" for s, musd in brought.items()]))
    return _say("upstream", steps=steps)


def together_words(run: RunView, found: Explanation) -> str:
    """Who is in which bloc, and why each alone may be worse off than allies that do nothing."""
    by_key, coordination = {r.key: r for r in found.together}, run.case.model.policy.coordination
    blocs: dict[str, list[str]] = {}
    for row in run.case.tables.countries if "blocs" in by_key else ():
        if row.bloc:
            blocs.setdefault(row.bloc, []).append(run.names.country(row.country))
    alone, nothing = by_key.get("national"), found.ladder[0].least_risk
    worse = alone is not None and coordination != "national" and alone.least_risk > (1 + SMALLEST_SHARE) * nothing
    return _say("together", found=found, blocs=blocs, alone=alone if worse else None, coordination=coordination)
