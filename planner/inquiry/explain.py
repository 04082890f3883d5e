"""Why this plan: all counterfactuals of a run, solved, and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from planner.data.case import Case
from planner.errors import StoppedError
from planner.inquiry import claims, information, ladder
from planner.inquiry.alternatives import alternatives
from planner.inquiry.bottleneck import links
from planner.inquiry.desk import Answer, Ask, Desk, Question, answer, answering, risk_of, shares, with_policy
from planner.inquiry.marginal import marginals
from planner.reporting.explanation import Explanation, Knowledge, Rung
from planner.results.plan import PlanValues
from planner.results.status import Status
from planner.solving.highs import Solution, Solver, Stop

Say = Callable[[str], None]
MOST_WORKERS = 4
SMALLEST_MUSD = 1e-6
NEAR_RISK, NEAR_COST = 0.02, 0.05
"""Shares of the least risk and of the cost within which a plan counts as nearly as good."""
SMALL = 20_000
"""Nonzeros below which starting other processes takes longer than it saves."""


def explain(
    plan: PlanValues, name: str, say: Say = lambda step: None, *, thorough: bool = False, workers: int | None = None
) -> Explanation:
    """Explain a solved plan. `name`: what the run is called. Raises StoppedError where no optimum is proven.

    thorough: try every unsure input on every claim, and look for alternatives.
    workers: processes that solve (None: as many as help).
    """
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    say("building the program")
    desk = Desk(plan.case)
    count = workers if workers is not None else 1 if desk.program.matrix.nnz < SMALL else _processors()
    with answering(count) as ask:
        return _explain(plan, name, desk, Counted(ask), say, thorough)


def _processors() -> int:
    return min(MOST_WORKERS, os.cpu_count() or 1)


@dataclass
class Counted:
    """Asks, and counts the questions."""

    ask: Ask
    count: int = field(default=0)

    def __call__(self, questions: object) -> dict[str, Answer]:
        """Answer questions."""
        listed = list(questions)  # type: ignore[call-overload]
        self.count += len(listed)
        return self.ask(listed)


def _explain(plan: PlanValues, name: str, desk: Desk, ask: Counted, say: Say, thorough: bool) -> Explanation:
    case = desk.case
    say("the plan again, for its shadow prices")
    solver = Solver(desk.program)
    solved = solver.minimise(desk.program.column["risk", None])
    if solved.stop is not Stop.OPTIMAL:
        raise StoppedError(f"{name}: stopped before an optimum was proven ({solved.stop})")
    prices = marginals(desk, solver, solved)
    say("counterfactuals: levers, partners, time, information")
    mean = answer(
        Question("mean", case=information.mean_case(case), slack=case.model.objective.risk_slack, with_cost=True)
    )
    committed = desk if case.model.policy.investment == "committed" else Desk(with_policy(case, investment="committed"))
    carried = Question("mean plan", committed.fixed(mean.decisions))
    known = _known(plan, desk, solved)
    asked = [*ladder.questions(desk), carried, *information.wait_and_see(case)]
    found = ask(question for question in asked if question.key not in known) | known
    own = _own(plan, desk, solved, found)
    knowledge = _knowledge(plan, case, own, found)
    left_out = ladder.left_out(case, found, own)
    rungs = ladder.ladder(case, found)
    together = ladder.compared(case, ladder.COORDINATION, case.model.policy.coordination, found, own)
    say("claims: unsure inputs at their ends")
    verdicts = claims.verdicts(desk, _given(rungs, left_out, together), ask, thorough)
    near = None
    if thorough and own.cost is not None:
        say("alternatives: least and most of each project")
        near = alternatives(desk, own.least_risk, own.cost, NEAR_RISK, NEAR_COST)
    timing = [
        *ladder.compared(case, ladder.INVESTMENT, case.model.policy.investment, found, own),
        ladder.against(ladder.rung(case, f"Everything decided {ladder.LATER} years later", found["later"]), own),
        ladder.against(ladder.rung(case, "Every new plant in use a year sooner", found["sooner"]), own),
    ]
    return Explanation(
        name,
        str(plan.summary.get("case", case.name)),
        own,
        rungs,
        left_out,
        together,
        timing,
        knowledge,
        links(desk, solved.x, solved.duals),
        prices,
        verdicts,
        ask.count + len(prices) + 2 + (near.solves if near else 0),
        thorough,
        near,
    )


def _known(plan: PlanValues, desk: Desk, solved: Solution) -> dict[str, Answer]:
    """The last rung of the ladder is the run itself, where the run's goal is the least risk."""
    if plan.case.model.objective.goal != "risk":
        return {}
    s, program = plan.summary, desk.program
    key = ladder.ladder_questions(desk)[-1].key
    losses = {leaf: float(s["scenario_loss_musd"][w]) for w, leaf in desk.scope.tree.leaves.items()}
    least = float(solved.x[program.column["risk", None]])
    return {key: Answer(key, least, s["risk_musd"], s["cost_musd"], losses, shares(program), {})}


def _own(plan: PlanValues, desk: Desk, solved: Solution, found: Mapping[str, Answer]) -> Rung:
    """The run itself. Under another goal than least risk, the plan of least risk stands for it."""
    if plan.case.model.objective.goal != "risk":
        return replace(
            ladder.ladder(desk.case, found)[-1], key="own", name="All levers of the run, goal least risk", against=""
        )
    s = plan.summary
    least = float(solved.x[desk.program.column["risk", None]])
    return Rung("own", "This plan", least, s["risk_musd"], s["cost_musd"], s["expected_loss_musd"], s["cvar_musd"])


def _knowledge(plan: PlanValues, case: Case, own: Rung, found: Mapping[str, Answer]) -> Knowledge:
    least = {w: _clean(found[f"know:{w}"].least_risk) for w in case.scenarios}
    loss = {w: float(plan.summary["scenario_loss_musd"][w]) for w in case.scenarios}
    known = risk_of(case, least)
    stochastic = own.least_risk if case.model.policy.investment == "committed" else found["committed"].least_risk
    mean = found["mean plan"].least_risk
    return Knowledge(
        stochastic,
        known,
        _clean(stochastic - known),
        mean,
        _clean(mean - stochastic),
        loss,
        least,
        {w: _clean(loss[w] - least[w]) for w in loss},
    )


def _clean(musd: float) -> float:
    """Zero where a difference of two optima is within their tolerance."""
    return musd if abs(musd) > SMALLEST_MUSD else 0.0


def _given(rungs: list[Rung], left_out: list[Rung], together: list[Rung]) -> dict[str, tuple[float, float]]:
    """The two risks of each claim that the run can speak to: with the thing and without it."""
    by_key = {r.key: r.least_risk for r in [*rungs, *left_out, *together]}
    own = rungs[-1].least_risk
    pairs = {
        "mining": ("ladder:mine", "ladder:nothing"),
        "separation": (None, "without:separation"),
        "people": (None, "without:people"),
        "allies": ("allied", "national"),
    }
    return {
        claim: (own if one is None else by_key[one], by_key[other])
        for claim, (one, other) in pairs.items()
        if (one is None or one in by_key) and other in by_key
    }
