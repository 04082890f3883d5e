"""The measures of a plan with its decisions fixed in the scenarios of another case."""

from __future__ import annotations

from planner.data.case import Case
from planner.evaluation.decisions import FixedAmounts
from planner.evaluation.fixed_tree import Watcher, held
from planner.solving.goals import Phase
from planner.studies.outcomes import Measures, measure


def measured_in(case: Case, amounts: FixedAmounts, begun: Watcher = lambda _: None) -> Measures:
    """Measures at the least risk that operations can attain in the scenarios of `case`, decisions fixed.

    begun: told the program before it is solved, so that another thread may cancel it. Raises StoppedError if no
    optimum is proven, InputError if the case does not know what was decided on.
    """
    session, outcome = held(case, amounts, [Phase("risk"), Phase("expected_loss")], begun)
    return measure(session.scope, session.program, outcome)
