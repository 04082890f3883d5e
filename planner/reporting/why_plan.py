"""What can wait, and which projects change when an input moves: tables and sentences of the explanation."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reporting.explanation import (
    EXPLANATION,
    OWN_PLAN,
    SMALLEST_SHARE,
    Commitment,
    Explanation,
    Flexibility,
    Moved,
    Rung,
)
from planner.reporting.names import STAGES_MANY, Names
from planner.reporting.numbers import NOTHING, as_year, count, listed, number, percent, rough
from planner.reporting.parts import Column, Grid, texts

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
            f"{rough(later.least_risk)} MUSD in place of {rough(once.least_risk)} and costs {rough(later.cost)} in "
            f"place of {rough(once.cost)} MUSD."
        )
    same = abs(once.least_risk - later.least_risk) <= SAME_SHARE * once.least_risk
    leaves = (
        f"attains the same risk ({rough(once.least_risk)} MUSD)"
        if same
        else f"leaves a risk of at least {rough(later.least_risk)} MUSD in place of {rough(once.least_risk)}"
    )
    text = (
        f"Investment that may answer what has shown itself {leaves} for {rough(later.cost)} in place of "
        f"{rough(once.cost)} MUSD of cost, and for {rough(_capital(flexible, 'expected'))} in place of "
        f"{rough(_capital(flexible, 'committed'))} MUSD of capital, expected. "
    )
    return text + _in_any_case(flexible, names) + _only_then(flexible, names)


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
    amount = rough(_capital(flexible, "sure"))
    now = [c for c in sure if c.at_once > SLIGHT_TPA]
    text = (
        f"In every future it takes up {count(len(sure), 'project')} for at least {amount} MUSD of capital "
        f"({_named([c.project for c in sure], names)})"
    )
    text += f", {len(now)} of them before anything has shown itself" if 0 < len(now) < len(sure) else ""
    more = _capital(flexible, "expected") - _capital(flexible, "sure")
    return text + (f"; a further {rough(more)} MUSD, expected, can wait" if more > SLIGHT_MUSD else "")


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
    if flexible.idle > 0:
        text += f"With a probability of {percent(flexible.idle)} it builds nothing at all. "
    return text + (
        "It presumes that in the year in which futures part everyone knows which of them are left, and acts in that "
        "same year."
    )


def _named(projects: Sequence[str], names: Names) -> str:
    shown = [names.placed(p) for p in projects[:MOST_NAMED]]
    more = len(projects) - len(shown)
    return "; ".join(shown) + (f" and {count(more, 'other')}" if more else "")


def commitments(found: Explanation, names: Names) -> list[Grid]:
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
            _word(c),
        ]
        for c in flexible.commitments
    ]
    money = [number(_capital(flexible, of)) for of in amounts[:3]]
    total = ["Capital, MUSD", *money, NOTHING, NOTHING, NOTHING, ""]
    return [
        Grid(
            "What can wait: committed once, or in answer to what has shown itself",
            [
                *texts("project"),
                Column("committed once", "t/y"),
                Column("in every future", "t/y"),
                Column("expected", "t/y"),
                Column("most", "t/y"),
                Column("probability", "built at all"),
                Column("earliest"),
                *texts("in words"),
            ],
            [*rows, total],
            marks=[*("" for _ in rows), "total"],
            folded=len(rows) > MOST_ROWS,
            note="First column of figures: the plan that decides everything once. The others: the cheapest plan of "
            "least risk whose decisions may differ between futures that have parted. Of equally good plans one is "
            "shown.",
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


def moved_words(found: Explanation, names: Names) -> str:
    """Which projects leave and enter when the leading inputs stand at their ends; '' if none was tried."""
    given, ends = found.moves[0], found.moves[1:]
    if not ends or not any(move.builds for move in found.moves):
        return ""
    text, plan = "", "plan" if found.own.name == OWN_PLAN else "plan of least risk"
    if given.builds:
        kept = [p for p in given.builds if all(p in end.builds for end in ends)]
        all_stay = len(kept) == len(given.builds)
        text = f"{'All' if all_stay else f'{len(kept)} of'} {count(len(given.builds), 'project')} of the {plan} "
        text += f"{'stays' if len(kept) == 1 else 'stay'} in it at every end tried. "
    text += f"As given the {plan} costs {rough(given.cost)} MUSD"
    for name in dict.fromkeys(end.input for end in ends):
        at = [f"at {e.setting} {rough(e.cost)} ({_change(found, e, names)})" for e in ends if e.input == name]
        text += f"; with {name} {', '.join(at)}"
    return f"{text}."


def _change(found: Explanation, end: Moved, names: Names) -> str:
    enters, leaves = _difference(found.moves[0], end)
    capital = {r.key: r.capital for r in found.alternatives.ranges}
    leaves = sorted(leaves, key=lambda p: (-capital.get(p, 0.0), p))
    changes = [f"without {_named(leaves, names)}"] if leaves else []
    changes += [f"with {_named(enters, names)} added"] if enters else []
    return ", ".join(changes) or "the same projects"


def _difference(given: Moved, end: Moved) -> tuple[list[str], list[str]]:
    return [p for p in end.builds if p not in given.builds], [p for p in given.builds if p not in end.builds]


def moved_plans(found: Explanation, names: Names) -> list[Grid]:
    """What the plan becomes if an input stands at an end of its range."""
    if len(found.moves) < 2:
        return []
    given = found.moves[0]
    rows = []
    for move in found.moves:
        enters, leaves = _difference(given, move)
        rows.append(
            [
                move.input or "as given",
                move.setting if move.input else NOTHING,
                number(move.least_risk),
                number(move.cost),
                *(number(move.capital[stage]) for stage in STAGES_MANY),
                "; ".join(map(names.placed, enters)) or NOTHING,
                "; ".join(map(names.placed, leaves)) or NOTHING,
            ]
        )
    return [
        Grid(
            "What the plan becomes if an input stands at an end of its range",
            [
                *texts("input", "at"),
                Column("least risk", "MUSD"),
                Column("cost", "MUSD"),
                *(Column(name.lower(), "MUSD of capital") for name in STAGES_MANY.values()),
                *texts("enter", "leave"),
            ],
            rows,
            note="The inputs that move the risk most, each end solved by itself: least risk, then least cost within "
            "the slack. A project counts if more than a hundredth of what could be built is built. Capital: public "
            "and private, expected, not discounted. Of equally good plans one is shown.",
            source=f"{EXPLANATION}: moves",
        )
    ]
