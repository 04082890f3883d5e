"""The program of a whole scenario tree with the decisions of a plan fixed: operations know what a history shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.data.case import Case, ranges_of_rows, without_targets
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
    case: Case, scenarios: Sequence[Scenario], shocks: Sequence[Shock], draws: Sequence[Draw]
) -> Case:
    """The case with other scenarios and shocks, and of what was drawn that of these scenarios.

    What is of scenarios that are not among these stays behind: targets, prices, ranges of their figures, and hazards.
    """
    named = {"", *(row.scenario for row in scenarios), *(row.storyline for row in scenarios)}
    other = replace(
        case.tables,
        scenarios=tuple(scenarios),
        shocks=tuple(shocks),
        draws=tuple(row for row in draws if row.scenario in named),
        hazards=(),
        targets=tuple(row for row in case.tables.targets if row.scenario in named),
        prices=tuple(row for row in case.tables.prices if row.future in named),
    )
    other = replace(other, uncertainties=tuple(ranges_of_rows(other)))
    targets = tuple(row for row in case.model.targets if row.scenario in named)
    model = case.model.model_copy(update={"targets": targets})
    return replace(case, tables=other, model=model)
