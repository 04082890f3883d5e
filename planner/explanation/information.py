"""What it is worth to know: perfect information.

Birge and Louveaux, Introduction to Stochastic Programming (2nd ed. 2011), ch. 4: EVPI = RP - WS, with the goal of
the run in place of the expectation. The risk never falls when the loss of a scenario grows, so the least loss of each
scenario by itself gives the least risk under perfect information. For least cost plus risk the scenarios are apart only
once their losses are weighed: by the weights that they have in the risk of the plan, which bounds what perfect
information attains from below, and what it is worth from above.
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.data.case import Case
from planner.data.change import Change, cells_changed, change_of
from planner.explanation.outcomes import OBJECTIVE, PlanOutcome
from planner.explanation.questions import SAME
from planner.results.explanation import Knowledge
from planner.results.losses import in_tail, weighed
from planner.solving.engine import Engine, Question
from planner.solving.goals import Progress
from planner.thresholds import TOLERATED

OF_SCENARIOS = {
    "scenarios": "scenario",
    "shocks": "scenario",
    "draws": "scenario",
    "targets": "scenario",
    "prices": "future",
}
"""Tables whose rows may be of one scenario, and the column that says of which."""
ByScenario = Mapping[str, float]
"""Scenario -> MUSD, or a weight."""


def knowledge(engine: Engine, plan: PlanOutcome, progress: Progress) -> Knowledge:
    """The value of information (MUSD), asked of the engine of a case. plan: of the case."""
    case = engine.base
    questions = {"once": _committed(case)}
    for scenario, weight in _weights(case, plan.losses).items():
        questions[scenario] = known_from_the_start(case, scenario, weight)
    answers = engine.ask(questions, OBJECTIVE, progress=progress)
    stochastic = answers.pop("once")
    if case.model.objective.goal == "welfare":
        known = sum(p * answers[w] for w, p in case.scenarios.items())
    else:
        known = weighed(case, {w: _clean(loss) for w, loss in answers.items()}).risk
    evpi = _clean(stochastic - known)
    return Knowledge(stochastic=stochastic, wait_and_see=known, evpi=evpi)


def _committed(case: Case) -> Question:
    """What is decided once for all scenarios."""
    if case.model.policy.investment == "committed":
        return SAME
    return Question.of(change_of("policy.investment", "committed"))


def known_from_the_start(case: Case, scenario: str, weight: float) -> Question:
    """One scenario is certain, its losses times a weight."""
    others = [other for other in case.scenarios if other != scenario]
    changes: list[Change] = []
    if others:
        staying = {"", scenario, case.lookups.storylines[scenario]}.difference(others)
        for table, column in OF_SCENARIOS.items():
            named = {getattr(row, column) for row in case.lookups.rows(table)}
            if named - staying:
                gone = ((column, ";".join(sorted(named - staying))),)
                changes.append(Change(table=table, rows=gone, how="gone"))
        for table in ("hazards", "uncertainties"):
            if case.lookups.rows(table):
                changes.append(Change(table=table, how="gone"))
        for column, value in (("probability_low", None), ("probability_high", None)):
            changes.append(cells_changed("scenarios", {"scenario": scenario}, column, value))
        changes.append(cells_changed("scenarios", {"scenario": scenario}, "probability", 1.0))
    if weight != 1.0:
        changes.append(cells_changed("countries", {}, "weight", f"x{weight!r}"))
    return Question.of(*changes, *_committed(case).changes)


def _clean(musd: float) -> float:
    """Zero where a difference of two optima is within their tolerance."""
    return musd if abs(musd) > TOLERATED else 0.0


def _weights(case: Case, losses: ByScenario) -> dict[str, float]:
    """Scenario -> the part of its loss that counts in the risk: (1 - lambda) + lambda * its part of the tail.

    1 under the goal of least risk, where each scenario's own loss is what is wanted.
    """
    objective, chances = case.model.objective, case.scenarios
    if objective.goal != "welfare":
        return dict.fromkeys(chances, 1.0)
    tail, aversion = in_tail(losses, chances, objective.tail), objective.risk_aversion
    weights = {}
    for scenario, chance in chances.items():
        part = tail[scenario] / (chance * (1 - objective.tail)) if chance > 0 else 0.0
        weights[scenario] = max(1 - aversion + aversion * part, TOLERATED)
    return weights
