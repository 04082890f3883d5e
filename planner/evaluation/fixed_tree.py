"""The program of a whole scenario tree with the decisions of a plan fixed: operations know what a history shows."""

from __future__ import annotations

from collections.abc import Sequence

from planner.data.case import Case, with_rows, without_targets
from planner.data.schema import Draw, Scenario, Shock
from planner.errors import StoppedError
from planner.solving.engine import Engine, FixedAmounts, Solved
from planner.solving.goals import Phase


def solve_fixed(case: Case, amounts: FixedAmounts, phases: list[Phase]) -> Solved:
    """The optimum of operations in a case with decisions fixed; targets that must hold are not enforced then. Raises
    StoppedError if no optimum is proven, InputError if the case does not know a thing decided on."""
    engine = Engine(without_targets(case, hard_only=True))
    solved = engine.solve(fixed=amounts, phases=phases)
    if not solved.is_optimal:
        stop = solved.outcome.stop
        raise StoppedError(f"the fixed plan has no proven optimum in these scenarios ({stop})")
    return solved


def with_other_scenarios(
    case: Case,
    scenarios: Sequence[Scenario],
    shocks: Sequence[Shock],
    draws: Sequence[Draw] | None = None,
) -> Case:
    """The case with other scenarios and shocks. draws: what was drawn; if left out, what the case holds of them.

    Hazards that the case keeps beside its scenarios stay behind: `within` names scenarios that it no longer has.
    """
    names = {row.scenario for row in scenarios}
    given = case.tables.draws if draws is None else draws
    drawn = tuple(row for row in given if row.scenario in names)
    return with_rows(
        case, scenarios=tuple(scenarios), shocks=tuple(shocks), draws=drawn, hazards=()
    )
