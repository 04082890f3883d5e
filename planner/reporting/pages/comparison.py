"""The page of runs compared, and the same on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reporting.chapters import comparison
from planner.reporting.forms.html import render
from planner.reporting.parts import Front, Statement
from planner.reporting.words.numbers import listed, signed
from planner.results.comparison import Comparison
from planner.results.plan import Plan


def comparison_page(found: Sequence[Comparison], plans: Sequence[Plan]) -> str:
    """The whole page as text; the first run is compared with each of the others. plans: of all of them."""
    first, *others = plans
    told, shown = [], []
    for place, (one, other) in enumerate(zip(found, others, strict=True)):
        told += [Statement(one.after, sentence) for sentence in comparison.sentences(one)]
        shown += comparison.chapters(one, first, other, place)
    front = Front(
        kind="Comparison of runs",
        title=f"{found[0].before} against {listed([one.after for one in found])}",
        question=comparison.say("question"),
        statements=told,
        note=comparison.say("note"),
    )
    return render(front, shown)


def comparison_lines(found: Sequence[Comparison]) -> list[str]:
    """The screen."""
    lines = []
    for one in found:
        lines.append(f"{one.before} against {one.after}")
        lines += [f"  {sentence}" for sentence in comparison.sentences(one)]
        for cause in one.causes:
            if cause.alone is None:
                lines.append(f"  {cause.group:<34} {cause.why}")
                continue
            risk = signed(one.effect(cause))
            cost = signed(cause.alone.cost - one.first.cost)
            lines.append(f"  {cause.group:<34} risk {risk:>9}  cost {cost:>9}")
    return lines
