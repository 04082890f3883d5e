"""What is wanted of the answer to a question: the measure of every question of an explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.results.figures.decided import Build
from planner.results.losses import weighed
from planner.solving.engine import FixedAmounts, OfFirstGoal, Solved
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne


@dataclass(frozen=True, kw_only=True)
class PlanOutcome:
    """The plan that answers a question (MUSD): the objective, which is the least risk or the least cost plus risk; risk
    and cost; loss by scenario; expected public spending, not discounted.

    decided: of one path for all scenarios all decisions, by which it can be held.
    """

    objective: float
    risk: float
    cost: float
    losses: Mapping[str, float]
    public: float
    builds: Sequence[Build]
    decided: Sequence[tuple[str, tuple[str | int, ...], float]]

    def tails(self, case: Case) -> tuple[float, float]:
        """Expected loss and CVaR (MUSD) by the odds of a case."""
        lost = weighed(case, self.losses)
        return lost.expected, lost.cvar

    @property
    def amounts(self) -> FixedAmounts:
        """The decisions, as a question holds them."""
        return {(name, place): amount for name, place, amount in self.decided}


def outcome_of(solved: Solved) -> PlanOutcome:
    """The measure of a question."""
    builds, decided = _decisions(solved)
    return PlanOutcome(
        objective=attained(solved),
        risk=solved.value("risk"),
        cost=solved.value("cost"),
        losses=solved.program.losses(solved.scope.tree.leaves, solved.point),
        public=_public(solved),
        builds=builds,
        decided=decided,
    )


def objectives_of(answers: Mapping[str, PlanOutcome]) -> dict[str, float]:
    """What each answer attains (MUSD), by the name of its question."""
    return {name: answer.objective for name, answer in answers.items()}


def attained(solved: Solved) -> float:
    """The objective that a question attains (MUSD): the least risk, or the least cost plus risk."""
    values = solved.outcome.values
    return values["welfare"] if "welfare" in values else values["risk"]


OBJECTIVE = OfFirstGoal(attained)
"""The measure where nothing else of the plan is read: what it costs and builds is not solved for."""


def _decisions(
    solved: Solved,
) -> tuple[list[Build], list[tuple[str, tuple[str | int, ...], float]]]:
    """New capacity by decision, and all decisions by name, thing and year."""
    scope, first = solved.scope, solved.scope.case.first_year
    builds: list[Build] = []
    decided: list[tuple[str, tuple[str | int, ...], float]] = []
    for (name, index), amount in zip(solved.program.columns, solved.point.tolist(), strict=True):
        if name not in DECISIONS or amount <= ROUNDING:
            continue
        *thing, place = index
        decided.append((name, (*thing, place + first), amount))
        if name == "build":
            builds.append(_build(scope, thing[0], place, amount))
    return builds, decided


def _build(scope: Scope, project: str, place: int, tpa: float) -> Build:
    node = scope.decision_tree.nodes[place]
    return Build(
        project=project,
        year=node.year,
        tpa=tpa,
        scenarios=node.scenarios,
        probability=node.probability,
    )


def _public(solved: Solved) -> float:
    """Expected public spending (MUSD, not discounted): on what is invested, and on stock."""
    scope, public = solved.scope, 0.0
    for (name, index), amount in zip(solved.program.columns, solved.point.tolist(), strict=True):
        if name == "invested":
            public += scope.decision_tree.nodes[index[1]].probability * amount
        elif name == "bought":
            stock = scope.case.lookups.stockpiles[index[:-1]]
            price = musd_per_tonne(stock.purchase_usd_per_kg)
            public += scope.tree.nodes[index[-1]].probability * price * amount
    return public
