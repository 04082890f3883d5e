"""How the page was made: what it was asked of, and the commands by which a planner asks for more."""

from __future__ import annotations

from planner.reporting.parts import Chapter, Text
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import share_rows
from planner.results.figures.dependence import coverage
from planner.results.figures.evaluated import out_of_sample
from planner.results.plan import Plan

say = Passages("made.j2")


def chapter(plan: Plan) -> Chapter | None:
    """The only place that names commands: whoever decides need not read it."""
    told = say.lines(
        "commands",
        explained=plan.explanation is not None,
        evaluated=out_of_sample(plan) is not None,
        covered=bool(coverage(plan).rows),
        shared=bool(share_rows(plan)),
    )
    commands = Text(told, title="What was asked of this run, and what may be", listed=True)
    return Chapter.of("made", "How this page was made", [commands], behind=True)
