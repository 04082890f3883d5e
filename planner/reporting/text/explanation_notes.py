"""Sentences that explain what would puzzle a reader of the explanation, and which projects change when an unsure input
moves. Each appears only if it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.reporting.values.view import RunView
from planner.reporting.values.wording import (
    SLIGHT,
    STAGES_MANY,
    Names,
    count,
    listed,
    number,
    percent,
    readable,
)
from planner.results.explanation import (
    OWN_PLAN,
    SMALLEST_SHARE,
    Explanation,
    Moved,
    Rung,
    Verdict,
)

SMALL_SHARE, LARGE_SHARE = 0.05, 0.10

WHO = {
    "allied": "the allies together",
    "blocs": "the countries of each bloc together",
    "national": "each country on its own",
}

WITHOUT = {
    "separation": "without new separation plants",
    "people": "without training and hiring",
    "allies": "with each country alone",
}


def information_words(found: Explanation) -> str:
    """Why perfect information is worth nothing although a plan for the mean future is much worse; '' if not so."""
    k = found.knowledge
    if k.stochastic <= 0 or k.evpi > SMALLEST_SHARE * k.stochastic or k.vss < LARGE_SHARE * k.stochastic:
        return ""
    regret = max(k.regret.values(), default=0.0)
    if regret > SMALL_SHARE * k.stochastic:
        return ""
    return (
        "These two do not contradict each other: the plan already loses in each scenario about as little as if that "
        f"scenario had been known (largest regret {number(regret)} MUSD), so knowing would hardly lower the risk; a "
        "plan for the mean future prepares for a disruption that is milder than the worst."
    )


def kept_words(found: Explanation, later: Rung) -> str:
    """Which share of what the plan takes off the risk is kept by a plan that waits; '' if it takes nothing off."""
    nothing, own = found.ladder[0].least_risk, found.own.least_risk
    gain = nothing - own
    if gain <= SMALLEST_SHARE * nothing:
        return ""
    kept = (nothing - later.least_risk) / gain
    what = later.name.partition(": no new ")[2].rpartition(" before ")
    text = f"Waiting keeps {percent(max(kept, 0.0))} of what the plan takes off the risk"
    return text + (
        f"; everything waits, whatever shows itself: no new {listed(what[0].split(', '))} before {what[2]}."
        if what[0]
        else "."
    )


def made_up_words(found: Explanation, verdict: Verdict) -> str:
    """That the plan makes up for an input on which a claim turns, but not the case without the lever; '' if not so."""
    own = found.own.least_risk
    out = []
    for name in verdict.turns_on:
        effects = [i.effect for i in found.influences if i.input == name]
        trials = [t for t in verdict.trials if t.input == name]
        same = all(abs(t.with_it - own) <= SMALLEST_SHARE * own for t in trials)
        if effects and abs(effects[0]) <= SMALLEST_SHARE * own and same and trials:
            without = [t.without_it for t in trials]
            out.append(
                f"That input hardly moves the risk of the plan itself ({number(own)} MUSD at every value tried), "
                f"because the plan makes up for it; {WITHOUT.get(verdict.claim, 'without it')} the risk is "
                f"{_between(without)}."
            )
    return " ".join(out)


def upstream_words(found: Explanation) -> str:
    """Which steps of the ladder bring plants of other stages into the plan, which their cost includes; '' if none."""
    out = []
    for before, step in pairwise(found.ladder):
        key = step.key.removeprefix("ladder:")
        brought = {
            stage: more
            for stage in STAGES_MANY
            if stage != key and (more := step.capital.get(stage, 0.0) - before.capital.get(stage, 0.0)) > SLIGHT
        }
        total = sum(step.capital.values())
        if sum(brought.values()) > SMALL_SHARE * total:
            plants = listed([f"{STAGES_MANY[s].lower()} for {number(more)} MUSD" for s, more in brought.items()])
            out.append(f"{step.name.removeprefix('+ ').removeprefix('Only ')} brings {plants} of capital into the plan")
    return f"The cost of a step includes what it makes worthwhile elsewhere: {'; '.join(out)}. " if out else ""


def together_words(run: RunView, found: Explanation) -> str:
    """Who is in which bloc, and why each alone may be worse off than allies that do nothing."""
    text, nothing = "", found.ladder[0].least_risk
    by_key = {r.key: r for r in found.together}
    blocs: dict[str, list[str]] = {}
    for row in run.case.tables.countries:
        if row.bloc:
            blocs.setdefault(row.bloc, []).append(run.names.country(row.country))
    if blocs and "blocs" in by_key:
        each = [f"{readable(bloc)} ({', '.join(members)})" for bloc, members in blocs.items()]
        text += f"Blocs: {'; '.join(each)}. "
    alone = by_key.get("national")
    shared = run.case.model.policy.coordination != "national"
    if alone is not None and shared and alone.least_risk > (1 + SMALLEST_SHARE) * nothing:
        text += (
            f"Each country alone is worse off with all levers ({number(alone.least_risk)} MUSD) than "
            f"{WHO[run.case.model.policy.coordination]} doing nothing ({number(nothing)} MUSD): doing nothing still "
            "shares what existing plants make; alone nobody shares. "
        )
    return text


def _between(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{number(low)} MUSD then" if len(values) == 1 else f"between {number(low)} and {number(high)} MUSD"


def insurance_words(found: Explanation) -> str:
    """Plants in the plan although their step of the ladder is worth nothing: what they are worth once all else is in
    place, and if what is financed fails."""
    return " ".join(_insured(found))


def _insured(found: Explanation) -> Iterator[str]:
    steps = {r.key.removeprefix("ladder:"): r for r in found.ladder[1:]}
    without = {r.key.removeprefix("without:"): r for r in found.left_out}
    given = found.moves[0]
    for stage, name in STAGES_MANY.items():
        capital, step, rung = given.capital.get(stage, 0.0), steps.get(stage), without.get(stage)
        if step is None or rung is None or capital <= 0 or -step.change > SMALLEST_SHARE * found.ladder[0].least_risk:
            continue
        text = (
            f"{name} are in the plan ({number(capital)} MUSD of capital) although their step of the ladder takes "
            f"{number(max(-step.change, 0.0))} MUSD off: with everything else in place they take "
            f"{number(max(rung.change, 0.0))} MUSD off the risk"
        )
        trials = [t for v in found.verdicts if v.claim == stage for t in v.trials]
        worst = max(trials, key=lambda t: t.without_it - t.with_it, default=None)
        if worst is not None and worst.without_it - worst.with_it > max(rung.change, 0.0):
            text += (
                f", and {number(worst.without_it - worst.with_it)} MUSD with {worst.input} {worst.setting} "
                f"({number(worst.without_it)} → {number(worst.with_it)} MUSD): they insure against that"
            )
        if rung.change < capital:
            text += "; the goal being the least risk, cost decides only between plans of nearly the same risk"
        yield f"{text}."


MOST_NAMED = 4


def named(projects: Sequence[str], names: Names) -> str:
    """The first few of some projects with their places, and how many more."""
    shown = [names.placed(p) for p in projects[:MOST_NAMED]]
    more = len(projects) - len(shown)
    return "; ".join(shown) + (f" and {count(more, 'other')}" if more else "")


QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""


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
    text, plan = "", "plan" if found.own.name == OWN_PLAN else "plan of least risk"
    if given.builds:
        touched = set().union(*(difference(found, end).touched for end in ends))
        kept = sum(1 for p in given.builds if p not in touched)
        text += f"{'All' if kept == len(given.builds) else f'{kept} of'} {count(len(given.builds), 'project')} of the "
        text += (
            f"{plan} {'stays' if kept == 1 else 'stay'} in it at every end tried, their size within a quarter of what "
            "could be built. "
        )
    text += f"As given the {plan} costs {number(given.cost)} MUSD"
    for name in dict.fromkeys(end.input for end in ends):
        at = [f"at {e.setting} {number(e.cost)} ({_change(found, e, names)})" for e in ends if e.input == name]
        text += f"; with {name} {', '.join(at)}"
    return f"{text}.{_less_to_be_done(given, ends)}"


def _change(found: Explanation, end: Moved, names: Names) -> str:
    changed = difference(found, end)
    changes = [f"without {named(changed.leave, names)}"] if changed.leave else []
    changes += [f"with {named(changed.enter, names)} added"] if changed.enter else []
    smaller = [p for p, (before, after) in changed.resized.items() if after < before]
    larger = [p for p, (before, after) in changed.resized.items() if after > before]
    changes += [f"less of {named(smaller, names)}"] if smaller else []
    changes += [f"more of {named(larger, names)}"] if larger else []
    return ", ".join(changes) or "the same projects of about the same size"


def _less_to_be_done(given: Moved, ends: Sequence[Moved]) -> str:
    """That the cost falls at an end at which the risk rises, and whether capital falls with it."""
    text = ""
    for end in ends:
        rises = end.least_risk > (1 + SMALLEST_SHARE) * given.least_risk
        if not rises or end.cost >= (1 - SMALLEST_SHARE) * given.cost:
            continue
        less = sum(given.capital.values()) - sum(end.capital.values())
        text += (
            f" With {end.input} at {end.setting} the least risk rises to {number(end.least_risk)} MUSD while the cost "
            f"falls to {number(end.cost)}"
        )
        if less > SMALLEST_SHARE * sum(given.capital.values()):
            text += (
                f": the plan costs less there because less can be done; {number(less)} MUSD less of capital serves "
                "to reach what is then the least"
            )
        text += "."
    return text
