"""How the page was made: what it was asked of, and the commands by which a planner asks for more."""

from __future__ import annotations

from planner.reporting.parts import Chapter, Text
from planner.reporting.run_view import RunView
from planner.reporting.words.sentences import Passages
from planner.results.figures.decision import decided, out_of_sample, share_rows
from planner.results.figures.dependence import removals

say = Passages("made.j2")


def chapter(run: RunView) -> Chapter | None:
    """The only place that names commands: whoever decides need not read it."""
    told = say.lines(
        "commands",
        explained=decided(run) is not None,
        evaluated=out_of_sample(run) is not None,
        covered=not removals(run).empty,
        shared=bool(share_rows(run)),
    )
    commands = Text(told, title="What was asked of this run, and what may be", listed=True)
    return Chapter.of("made", "How this page was made", [commands], behind=True)
