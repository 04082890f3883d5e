"""The measures of a plan with its decisions fixed in the scenarios of another case."""

from __future__ import annotations

from planner.data.case import Case
from planner.evaluation.fixed_tree import solve_fixed
from planner.solving.goals import Phase
from planner.solving.variants import FixedAmounts
from planner.studies.outcomes import Measures, measure


def measured_in(case: Case, amounts: FixedAmounts) -> Measures:
    """Measures at the least risk that operations can attain in the scenarios of `case`, decisions fixed.

    Raises StoppedError if no optimum is proven, InputError if the case does not know what was decided on.
    """
    solved = solve_fixed(case, amounts, [Phase("risk"), Phase("expected_loss")])
    return measure(solved.scope, solved.program, solved.outcome)
