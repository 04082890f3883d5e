"""What can wait: the plan that decides everything once against the one that answers what has shown itself."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reporting.values.names import Names
from planner.reporting.values.numbers import NOTHING, as_year, count, listed, number, percent
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.results.explanation import (
    EXPLANATION,
    SMALLEST_SHARE,
    Commitment,
    Explanation,
    Flexibility,
    Rung,
)

MOST_NAMED, MOST_ROWS = 4, 15
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
        f"{number(once.cost)} MUSD of cost, and for {number(_capital(flexible, 'expected'))} in place of "
        f"{number(_capital(flexible, 'committed'))} MUSD of capital, expected. "
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


def _capital(flexible: Flexibility, of: str) -> float:
    return float(sum(getattr(c, of) * c.capital for c in flexible.commitments))


def _in_any_case(flexible: Flexibility, names: Names) -> str:
    sure = [c for c in flexible.commitments if c.sure > SLIGHT_TPA]
    if not sure:
        return "No project is taken up in every future"
    amount = number(_capital(flexible, "sure"))
    now = [c for c in sure if c.at_once > SLIGHT_TPA]
    text = (
        f"In every future it takes up {count(len(sure), 'project')} for at least {amount} MUSD of capital "
        f"({named([c.project for c in sure], names)})"
    )
    text += f", {len(now)} of them before anything has shown itself" if 0 < len(now) < len(sure) else ""
    more = _capital(flexible, "expected") - _capital(flexible, "sure")
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


def named(projects: Sequence[str], names: Names) -> str:
    """The first few of some projects with their places, and how many more."""
    shown = [names.placed(p) for p in projects[:MOST_NAMED]]
    more = len(projects) - len(shown)
    return "; ".join(shown) + (f" and {count(more, 'other')}" if more else "")


def commitments(found: Explanation, names: Names) -> list[ReportTable]:
    """Project by project: the plan that decides everything once against the one that answers."""
    flexible = found.flexibility
    if flexible is None or not flexible.commitments:
        return []
    amounts = ("committed", "sure", "expected", "most")
    rows = [
        [
            names.placed(c.project),
            *(number(getattr(c, of)) for of in amounts),
            percent(c.probability),
            as_year(c.first_year),
            as_year(c.committed_year),
            _word(c),
        ]
        for c in flexible.commitments
    ]
    money = [number(_capital(flexible, of)) for of in amounts[:3]]
    total = ["Capital, MUSD", *money, NOTHING, NOTHING, NOTHING, NOTHING, ""]
    return [
        ReportTable(
            "What can wait: committed once, or in answer to what has shown itself",
            [
                *texts("project"),
                Column("committed once", "t/y"),
                Column("in every future", "t/y"),
                Column("expected", "t/y"),
                Column("most", "t/y"),
                Column("probability", "built at all"),
                Column("earliest"),
                Column("once", "year"),
                *texts("in words"),
            ],
            [*rows, total],
            marks=[*("" for _ in rows), "total"],
            folded=len(rows) > MOST_ROWS,
            note="Committed once, and the year of it under “once”: the plan that decides everything once. "
            "The others: the cheapest plan of least risk whose decisions may differ between futures that have parted. "
            "Of equally good plans one is shown.",
            source=f"{EXPLANATION}: flexibility",
        )
    ]


def _word(c: Commitment) -> str:
    if c.most <= SLIGHT_TPA:
        return "not needed"
    if c.sure <= SLIGHT_TPA:
        return "can wait"
    if c.at_once >= c.most - SLIGHT_TPA * (1 + c.most):
        return "at once"
    return "in any case, amount or time can wait"
