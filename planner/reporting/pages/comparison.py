"""The page of runs compared."""

from __future__ import annotations

from collections.abc import Sequence

from planner.reporting.forms.html import render
from planner.reporting.panels import comparison
from planner.reporting.parts import Front, Statement
from planner.reporting.words.numbers import listed
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
        statements=told,
        note="Each cause: the first run solved again with one group of inputs as in the other.",
    )
    return render(front, shown)
