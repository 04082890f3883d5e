"""Sentences that explain what would puzzle a reader of the explanation. Each appears only if it is so."""

from __future__ import annotations

from collections.abc import Iterator

from planner.reporting.explanation import SMALLEST_SHARE, Explanation, Rung, Verdict
from planner.reporting.names import STAGES_MANY
from planner.reporting.numbers import listed, percent, rough

SMALL_SHARE, LARGE_SHARE = 0.05, 0.10
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
        f"scenario had been known (largest regret {rough(regret)} MUSD), so knowing would hardly lower the risk; a "
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
    return text + (f"; everything waits: no new {listed(what[0].split(', '))} before {what[2]}." if what[0] else ".")


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
                f"That input hardly moves the risk of the plan itself ({rough(own)} MUSD at every value tried), "
                f"because the plan makes up for it; {WITHOUT.get(verdict.about.casefold(), 'without it')} the risk is "
                f"{_between(without)}."
            )
    return " ".join(out)


def _between(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{rough(low)} MUSD then" if len(values) == 1 else f"between {rough(low)} and {rough(high)} MUSD"


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
            f"{name} are in the plan ({rough(capital)} MUSD of capital) although their step of the ladder takes "
            f"{rough(max(-step.change, 0.0))} MUSD off: with everything else in place they take "
            f"{rough(max(rung.change, 0.0))} MUSD off the risk"
        )
        trials = [t for v in found.verdicts if v.about.casefold() == stage for t in v.trials]
        worst = max(trials, key=lambda t: t.without_it - t.with_it, default=None)
        if worst is not None and worst.without_it - worst.with_it > max(rung.change, 0.0):
            text += (
                f", and {rough(worst.without_it - worst.with_it)} MUSD with {worst.input} {worst.setting} "
                f"({rough(worst.without_it)} → {rough(worst.with_it)} MUSD): they insure against that"
            )
        if rung.change < capital:
            text += "; the goal being the least risk, cost decides only between plans of nearly the same risk"
        yield f"{text}."
