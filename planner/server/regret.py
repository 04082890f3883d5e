"""Regret: a plan that is kept, in a state that was changed, beside the best plan of that state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan, nan

from planner.data.case import Case
from planner.data.change import MODEL
from planner.data.difference import differences
from planner.evaluation.decisions import single_path
from planner.evaluation.fixed_tree import solve_fixed
from planner.results.costs import cost_parts
from planner.results.ledger import Ledger
from planner.results.losses import weighed
from planner.results.plan import PlanValues
from planner.solving.goals import Phase
from planner.solving.variants import Variants
from planner.studies.outcomes import measure

PHASES = {"risk": ["risk", "cost"], "target": ["risk", "cost"], "welfare": ["welfare"]}
"""Objectives of operations with decisions fixed, one after the other, by the goal of the model."""


@dataclass(frozen=True)
class KeptPlan:
    """Risk and cost (MUSD, present value) of a plan in a state; both nan where it cannot be carried out."""

    risk: float
    cost: float

    @property
    def both(self) -> float:
        """Cost plus risk."""
        return self.risk + self.cost

    @property
    def possible(self) -> bool:
        """The plan can be carried out."""
        return not isnan(self.risk)


IMPOSSIBLE = KeptPlan(nan, nan)


def operated_anew(case: Case, plan: PlanValues, engine: Callable[[Case], Variants]) -> KeptPlan:
    """A plan with its decisions fixed and its operations optimised for the goal of a case.

    engine: makes what solves it. Raises StoppedError where the plan cannot be carried out, InputError if the case does
    not know what was decided on.
    """
    phases = [Phase(column) for column in PHASES[case.model.objective.goal]]
    solved = solve_fixed(case, single_path(plan), phases, engine)
    found = measure(solved.scope, solved.program, solved.outcome)
    return KeptPlan(found["risk_musd"], found["cost_musd"])


def with_other_odds(plan: PlanValues, case: Case) -> KeptPlan | None:
    """A plan, all its operations as they are, in a case that differs in odds and objective alone; else None."""
    before = plan.case
    if before.sha256 == case.sha256 or before.scenarios.keys() != case.scenarios.keys():
        return None
    for one in differences(before, case):
        is_odds = one.table == "scenarios"
        is_objective = one.table == MODEL and one.column.startswith("objective.")
        if not (is_odds or is_objective):
            return None
    risk = weighed(case, plan.summary["scenario_loss_musd"]).risk
    costs = cost_parts(Ledger(case, plan.tables))
    return KeptPlan(risk, sum(costs.values()))
