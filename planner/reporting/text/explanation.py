"""Why this plan, in sentences: for the page and for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.data.case import Case
from planner.reporting.text.answer import answer
from planner.reporting.text.claims import claim, why
from planner.reporting.text.explanation_notes import (
    MOST_NAMED,
    information_words,
    insurance_words,
    kept_words,
    made_up_words,
    moved_words,
    named,
)
from planner.reporting.values.parts import Statement
from planner.reporting.values.view import RunView
from planner.reporting.values.wording import Names, as_year, change, count, listed, midway, number, percent
from planner.results.explanation import (
    EXPLANATION,
    SMALLEST_SHARE,
    Commitment,
    Explanation,
    Flexibility,
    Link,
    Rung,
    leading,
)

FUND_FIRST = "What to fund first"

MISSING = (
    "Not asked yet for this run as it is. “planner explain FOLDER” solves the counterfactuals and puts them here: what "
    "each lever takes off the risk, who must act together, what can wait and what waiting costs, the bottleneck by "
    "element and year, which projects every good plan contains, what information is worth, which unsure inputs turn "
    "the answer, and which projects change with them."
)


def full_answer(run: RunView) -> list[Statement]:
    """The answer of the report: with what waiting costs, and what would change it, if that was asked."""
    found, out = run.found, answer(run)
    if found is None:
        return out
    first = next((place for place, statement in enumerate(out, start=1) if statement.about == FUND_FIRST), len(out))
    begun = [replace(statement, sentence=statement.sentence + because(found)) for statement in out[first - 1 : first]]
    return [*out[: first - 1], *begun, *_musts(found, run.names), *out[first:], *_later(found, run.names)]


def because(found: Explanation) -> str:
    """Which steps of the ladder take most off the risk; '' if none takes a hundredth of it."""
    ranked = sorted(found.ladder[1:], key=lambda rung: rung.change)[:2]
    told = [rung for rung in ranked if -rung.change > SMALLEST_SHARE * found.ladder[0].least_risk]
    steps = [f"{step(rung)} ({number(-rung.change)} MUSD)" for rung in told]
    return f" Why: of all levers most is taken off the risk by {', then by '.join(steps)}." if steps else ""


def _later(found: Explanation, names: Names) -> list[Statement]:
    """What waits, what waiting costs, and what would change the answer."""
    can_wait, moved = waits_words(found, names), moved_words(found, names)
    return [
        *([Statement("What can wait", can_wait, f"{EXPLANATION}: timing, flexibility")] if can_wait else []),
        *_waiting(found),
        *_changing(found),
        *([Statement("Which projects would change", moved, f"{EXPLANATION}: moves")] if moved else []),
    ]


def any_size_words(case: Case) -> str:
    """That what is compared has plants of any size where the plan itself has whole ones; else ''."""
    said = "Plants in what is compared here are of any size; those of the plan itself are whole."
    return said if case.model.policy.whole_plants else ""


def statements(found: Explanation, names: Names) -> list[Statement]:
    """Why this plan, in sentences."""
    start, end = found.ladder[0], found.ladder[-1]
    top = max(found.ladder[1:], key=lambda r: -r.change, default=None)
    out = []
    if top is not None:
        out.append(
            Statement(
                "Levers",
                f"Doing nothing leaves a risk of {number(start.least_risk)} MUSD, all levers {number(end.least_risk)} "
                f"({change(start.least_risk, end.least_risk) or 'no change'}). The largest step is "
                f"{step(top)}: {number(-top.change)} MUSD less"
                + (f"; missed most of all is {_missed(found)}." if found.left_out else "."),
            )
        )
    if insured := insurance_words(found):
        out.append(Statement("Steps that take little off by themselves", insured))
    out += [
        Statement(
            f"{v.claim.capitalize()}: {v.verdict}",
            " ".join(filter(None, [f"{claim(v.claim)}? {why(v)}", made_up_words(found, v)])),
        )
        for v in found.verdicts
    ]
    out.append(Statement("Bottleneck", _bottleneck(found, names)))
    out.append(_information(found))
    return out


def _information(found: Explanation) -> Statement:
    k = found.knowledge
    text = (
        f"To know the future from the start would take {number(k.evpi)} MUSD off the risk (EVPI); a plan made for the "
        f"mean future alone would leave {number(k.vss)} MUSD more (VSS). Both are valued in risk, not in money."
    )
    worth = _in_money(found)
    return Statement("Information", " ".join(filter(None, [text, information_words(found), worth])))


def _in_money(found: Explanation) -> str:
    """What knowing in time is worth in cost, by the plan that answers; '' where its risk is another or it saves less
    than a hundredth."""
    both = policies(found)
    if both is None or not saves(*both) or not same_risk(*both):
        return ""
    once, later = both
    saved = (once.cost or 0.0) - (later.cost or 0.0)
    return (
        f"In money, to know in time which futures are left is worth {number(saved)} MUSD: at the same risk the plan "
        f"that answers costs {number(later.cost)} in place of {number(once.cost)} MUSD."
    )


def _musts(found: Explanation, names: Names) -> list[Statement]:
    near = found.alternatives
    counted = [r for r in near.ranges if r.kind == "project"]
    if not counted:
        return []
    musts = [r for r in counted if r.word == "must"]
    own = any(r.key == "committed" and not r.against for r in found.timing)
    once = " that decides everything once and lies" if own and found.flexibility is not None else ""
    must = [names.placed(r.key) for r in musts]
    never, others = sum(1 for r in counted if r.word == "never"), len(counted) - len(must)
    text = (
        f"Every plan{once} within {percent(near.risk_share)} of the least risk and {percent(near.cost_share)} of the "
        f"cost contains {'; '.join(must) or 'no project for certain'}. "
    )
    if musts:
        text += f"Together these cost {number(sum(r.capital for r in musts))} MUSD of capital in this plan. "
    if others > never:
        text += f"{count(others - never, 'other' if must else 'project')} may be left out or taken in"
        text += f"; {count(never, 'project')} none of them needs." if never else "."
    elif never:
        text += f"{count(never, 'other' if must else 'project')} none of them needs."
    return [Statement("In every good plan", text.strip(), f"{EXPLANATION}: alternatives")]


def _waiting(found: Explanation) -> list[Statement]:
    later = next((r for r in found.timing if r.key == "later"), None)
    if later is None:
        return []
    own = found.own.least_risk
    how = change(own, later.least_risk)
    text = (
        f"With everything decided two years later the least risk is {number(later.least_risk)} MUSD in place of "
        f"{number(own)}"
        + (f" (+{how})" if how and later.least_risk > own else "")
        + f": an expected loss of {number(later.expected_loss)} MUSD, a mean loss of the tail of {number(later.cvar)}."
    )
    sooner = next((r for r in found.timing if r.key == "sooner"), None)
    if kept := kept_words(found, later):
        text += f" {kept}"
    if sooner is not None:
        text += f" With every new plant in use a year sooner it would be {number(sooner.least_risk)} MUSD."
    return [Statement("If we wait two years", text, f"{EXPLANATION}: timing")]


def _changing(found: Explanation) -> list[Statement]:
    """Which inputs the result leans on, and which claims they turn."""
    own = found.own.least_risk
    parts = []
    for lean in leading(found.influences, own):
        ends = [f"{t.setting} gives {number(t.least_risk)} MUSD" for t in lean.tried]
        parts.append(f"{lean.input} ({', '.join(ends)})")
    text = (
        f"Of the unsure inputs the risk that even the best plan leaves ({number(own)} MUSD) leans most on "
        f"{listed(parts)}. "
        if parts
        else "The case names no unsure inputs, so nothing here was tried against one. "
        if not found.influences
        else "None of the unsure inputs that were tried moves the risk of the best plan by a hundredth. "
    )
    for verdict in found.verdicts:
        if verdict.turns_on:
            text += f"“{claim(verdict.claim)}” turns on {listed(list(verdict.turns_on))}. "
    return [Statement("What would change the answer", text.strip(), f"{EXPLANATION}: influences, verdicts")]


def step(rung: Rung) -> str:
    """What a rung of the ladder adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def _missed(found: Explanation) -> str:
    worst = found.left_out[0]
    return f"{worst.name.removeprefix('Without ')} (without: {number(worst.least_risk)} MUSD)"


def _bottleneck(found: Explanation, names: Names) -> str:
    best = narrowest(found.links)
    if not best:
        return "No plant's output would take anything off the risk if there were more of it."
    parts = []
    for element in dict.fromkeys(link.element for link in best):
        worth: dict[str, float] = {}
        for link in found.links:
            if link.element == element:
                worth[link.link] = worth.get(link.link, 0.0) + link.musd
        top = max(worth, key=lambda k: worth[k])
        years = [link.year for link in best if link.element == element and link.link == top]
        span = f" ({_span(years)})" if years else ""
        parts.append(
            f"for {midway(names.element(element))} it is {top}{span}, "
            f"{percent(worth[top] / sum(worth.values()))} of the value"
        )
    return f"By the shadow prices {listed(parts)}."


def _span(years: Sequence[int]) -> str:
    return str(years[0]) if min(years) == max(years) else f"{min(years)}–{max(years)}"


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that is said, without the ladder, which the screen shows."""
    return [*statements(found, names)[1:], *_musts(found, names), *_later(found, names)]


SLIGHT_TPA, SLIGHT_MUSD, SAME_SHARE = 1e-6, 0.05, 0.001


def policies(found: Explanation) -> tuple[Rung, Rung] | None:
    """The plan that decides everything once, and the one that answers what has shown itself; both with costs."""
    by_key = {r.key: r for r in found.timing if r.cost is not None}
    return (by_key["committed"], by_key["adaptive"]) if {"committed", "adaptive"} <= set(by_key) else None


def waits_words(found: Explanation, names: Names) -> str:
    """What a plan that may answer what has shown itself takes in any case, and what only then; '' if not asked."""
    both, flexible = policies(found), found.flexibility
    if both is None or flexible is None or not flexible.commitments:
        return ""
    once, later = both
    if not saves(once, later):
        return (
            "Next to nothing: investment that may answer what has shown itself leaves a risk of "
            f"{number(later.least_risk)} MUSD in place of {number(once.least_risk)} and costs {number(later.cost)} in "
            f"place of {number(once.cost)} MUSD."
        )
    leaves = (
        f"attains the same risk ({number(once.least_risk)} MUSD)"
        if same_risk(once, later)
        else f"leaves a risk of at least {number(later.least_risk)} MUSD in place of {number(once.least_risk)}"
    )
    text = (
        f"Investment that may answer what has shown itself {leaves} for {number(later.cost)} in place of "
        f"{number(once.cost)} MUSD of cost, and for {number(capital_of(flexible, 'expected'))} in place of "
        f"{number(capital_of(flexible, 'committed'))} MUSD of capital, expected. "
    )
    text += _in_any_case(flexible, names) + _only_then(flexible, names)
    if any(r.kind == "project" and r.word == "must" for r in found.alternatives.ranges):
        text += " Where plants cannot follow a sign, those that every good plan contains come first."
    return text


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


def _in_any_case(flexible: Flexibility, names: Names) -> str:
    sure = [c for c in flexible.commitments if c.sure > SLIGHT_TPA]
    if not sure:
        return "No project is taken up in every future"
    amount = number(capital_of(flexible, "sure"))
    now = [c for c in sure if c.at_once > SLIGHT_TPA]
    text = (
        f"In every future it takes up {count(len(sure), 'project')} for at least {amount} MUSD of capital "
        f"({named([c.project for c in sure], names)})"
    )
    text += f", {len(now)} of them before anything has shown itself" if 0 < len(now) < len(sure) else ""
    more = capital_of(flexible, "expected") - capital_of(flexible, "sure")
    return text + (f"; a further {number(more)} MUSD, expected, can wait" if more > SLIGHT_MUSD else "")


def _only_then(flexible: Flexibility, names: Names) -> str:
    waiting = [c for c in flexible.commitments if c.sure <= SLIGHT_TPA and c.most > SLIGHT_TPA]
    never = [c for c in flexible.commitments if c.most <= SLIGHT_TPA]
    text = "; " if waiting or never else ". "
    if waiting:
        first = sorted(waiting, key=lambda c: (-c.expected * c.capital, c.project))[:MOST_NAMED]
        each = [f"{names.placed(c.project)} ({percent(c.probability)}, from {as_year(c.first_year)})" for c in first]
        text += (
            f"{count(len(waiting), 'project')} can wait until it has shown itself which futures are left, and "
            f"{'is' if len(waiting) == 1 else 'are'} built in some only; with the probability of being built and the "
            f"earliest year: {listed(each)}"
        )
    if never:
        text += f"{'; ' if waiting else ''}{count(len(never), 'project')} of the committed plan it never needs"
    if waiting or never:
        text += ". "
    text += _signs(flexible, waiting, names)
    return text + (
        "It presumes that in the year in which futures part everyone knows which of them are left, and acts in that "
        "same year."
    )


def _signs(flexible: Flexibility, waiting: Sequence[Commitment], names: Names) -> str:
    """That waiting for a sign is not waiting for years: what needs no sign, what waits for nothing else, what is never
    taken without one."""
    text = ""
    if waiting and flexible.first_stock > SLIGHT_MUSD:
        text += f"Stock waits for no sign: it buys for {number(flexible.first_stock)} MUSD of it in the first year. "
    both = [c for c in waiting if c.first_year is not None and c.committed_year is not None]
    soon = sum(1 for c in both if (c.first_year or 0) <= (c.committed_year or 0))
    if soon:
        text += (
            f"To wait for a sign is not to wait for years: {soon if soon < len(waiting) else 'all'} of the "
            f"{count(len(waiting), 'project')} that can wait {'begins' if soon == 1 else 'begin'}, where the sign "
            "comes first, no later than in the plan that decides everything once. "
        )
    if idle := sum(flexible.idle.values()):
        likely = sorted(flexible.idle, key=lambda w: (-flexible.idle[w], w))
        shown = ", ".join(f"“{names.scenario(w)}”" for w in likely[:MOST_NAMED])
        more = len(likely) - MOST_NAMED
        shown += f" and {count(more, 'other')}" if more > 0 else ""
        text += (
            f"What no sign calls for is not built: with a probability of {percent(idle)} it builds nothing at all "
            f"({shown}). "
        )
    return text
