"""Why this plan: all counterfactuals of a run, solved, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from planner.data.case import Case
from planner.errors import StoppedError
from planner.explain import claims, influence, information, ladder
from planner.explain.adaptive import first_purchases, first_purchases_of_table, flexibility
from planner.explain.alternatives import alternatives, with_planned
from planner.explain.asking import Asker, asking
from planner.explain.bottleneck import links
from planner.explain.builds import Build, capital_by_stage, decision_nodes, of_decisions, of_table
from planner.explain.counterfactuals import Answer, Desk, Question, answer, of_case, shares, with_policy
from planner.explain.marginal import marginals
from planner.explain.moves import moves
from planner.results.explanation import OWN_PLAN, Alternatives, Explanation, Flexibility, Knowledge, Rung, leading
from planner.results.losses import weighed
from planner.results.plan import PlanValues
from planner.results.status import Status
from planner.solving.program import Program

Say = Callable[[str], None]
SMALLEST_MUSD = 1e-6
NEAR_RISK, NEAR_COST = 0.02, 0.05
"""Shares of the least risk and of the cost within which a plan counts as nearly as good."""
NOTHING_LOST = Answer("", 0.0, 0.0, None, {}, {}, {})


def explain(
    plan: PlanValues, name: str, say: Say = lambda step: None, *, thorough: bool = False, workers: int | None = None
) -> Explanation:
    """Explain a solved plan. `name`: what the run is called. Raises StoppedError where no optimum is proven.

    thorough: try every unsure input on every claim, at all its values.
    workers: how many programs are solved at once (None: as many as help).
    """
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    say("building the program")
    desk = Desk(plan.case)
    with asking(desk, workers) as ask:
        return _explain(plan, name, desk, ask, say, thorough)


def _explain(plan: PlanValues, name: str, desk: Desk, ask: Asker, say: Say, thorough: bool) -> Explanation:
    case = desk.case
    say("counterfactuals: levers, partners, time, information, unsure inputs")
    prices = ask.begin(partial(marginals, desk))
    near = ask.begin(partial(_alternatives, plan, desk))
    found = ask(_questions(plan, desk, thorough)) | _known(plan, desk)
    own = _own(plan, desk, found)
    knowledge = _knowledge(plan, case, own, found)
    left_out = ladder.left_out(case, found, own)
    rungs = ladder.ladder(case, found)
    together = ladder.compared(case, ladder.COORDINATION, case.model.policy.coordination, found, own)
    say("claims: unsure inputs at their ends")
    verdicts = claims.verdicts(desk, _given(rungs, left_out, together), ask, thorough)
    leans = influence.influences(desk, own.least_risk, verdicts, ask)
    builds = _builds(plan, desk, found)
    moved = moves(desk, leading(leans, own.least_risk), builds, own.least_risk, own.cost or 0.0, ask)
    timing = [
        *ladder.compared(case, ladder.INVESTMENT, case.model.policy.investment, found, own),
        ladder.against(ladder.rung(case, ladder.later_name(case), found["later"]), own),
        ladder.against(ladder.rung(case, "Every new plant in use a year sooner", found["sooner"]), own),
    ]
    solved, marginal = desk.best()[1], prices.result()
    rungs[-1] = replace(rungs[-1], capital=capital_by_stage(case, builds))
    others = with_planned(near.result(), case, of_table(case, plan.tables["investments"]))
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
        marginal,
        verdicts,
        leans,
        ask.asked + len(marginal) + 2 + others.solves,
        thorough,
        others,
        _flexibility(plan, desk, found, builds),
        moved,
    )


def _questions(plan: PlanValues, desk: Desk, thorough: bool) -> Iterator[Question]:
    """All that can be asked before anything is known."""
    case = desk.case
    yield from (q for q in ladder.questions(desk) if q.key != _own_rung(plan, desk))
    for _, ends in influence.asked(desk):
        yield from (question for _, question in ends)
    yield from claims.first_questions(desk, thorough)
    yield Question("mean plan", lambda: _mean_plan(desk))
    yield from information.wait_and_see(case, plan.summary["scenario_loss_musd"])


def _alternatives(plan: PlanValues, desk: Desk) -> Alternatives:
    """What all plans hold that are nearly as good. Under another goal: as good as the plan of least risk."""
    if plan.case.model.objective.goal == "risk":
        least, cost = plan.summary["least_risk_musd"], plan.summary["cost_musd"]
    else:
        slack = desk.case.model.objective.risk_slack
        found = answer(Question("least risk", lambda: desk.program, slack, with_cost=True), near=desk)
        least, cost = found.least_risk, found.cost or 0.0
    return alternatives(desk, least, cost, NEAR_RISK, NEAR_COST)


def _mean_plan(desk: Desk) -> Program:
    """The program in which the plan for the mean future is carried out, for the committed policy."""
    case = desk.case
    slack = case.model.objective.risk_slack
    mean = answer(Question("mean", of_case(information.mean_case(case)), slack=slack, with_cost=True))
    committed = desk if case.model.policy.investment == "committed" else Desk(with_policy(case, investment="committed"))
    return committed.fixed(mean.decisions)


def _known(plan: PlanValues, desk: Desk) -> dict[str, Answer]:
    """The last rung of the ladder is the run itself, where the run's goal is the least risk.

    A future in which the plan loses nothing loses nothing if it is known either.
    """
    s, program = plan.summary, desk.program
    lost = s["scenario_loss_musd"]
    nothing = {f"know:{w}": NOTHING_LOST for w in plan.case.scenarios if lost[w] <= SMALLEST_MUSD}
    key = _own_rung(plan, desk)
    if not key:
        return nothing
    losses = {leaf: float(lost[w]) for w, leaf in desk.scope.tree.leaves.items()}
    return nothing | {key: Answer(key, _least(desk), s["risk_musd"], s["cost_musd"], losses, shares(program), {})}


def _own_rung(plan: PlanValues, desk: Desk) -> str:
    """The rung that the run itself is; '' if its goal is another."""
    return ladder.ladder_questions(desk)[-1].key if plan.case.model.objective.goal == "risk" else ""


def _builds(plan: PlanValues, desk: Desk, found: Mapping[str, Answer]) -> list[Build]:
    """What the plan builds that stands for the run: its own, or under another goal that of least risk."""
    if plan.case.model.objective.goal == "risk":
        return of_table(desk.case, plan.tables["investments"])
    return of_decisions(decision_nodes(desk.case), found[ladder.ladder_questions(desk)[-1].key].decisions)


def _flexibility(plan: PlanValues, desk: Desk, found: Mapping[str, Answer], own: Sequence[Build]) -> Flexibility | None:
    """Adaptive against committed; nothing where there is one future only."""
    case = desk.case
    if len(case.scenarios) == 1:
        return None
    other = next(i for i in ladder.INVESTMENT if i != case.model.policy.investment)
    others = of_decisions(decision_nodes(with_policy(case, investment=other)), found[other].decisions)
    if other == "adaptive":
        return flexibility(case, others, own, first_purchases(case, found[other].bought))
    if plan.case.model.objective.goal == "risk":
        return flexibility(case, own, others, first_purchases_of_table(case, plan.tables["stocks"]))
    bought = found[ladder.ladder_questions(desk)[-1].key].bought
    return flexibility(case, own, others, first_purchases(case, bought))


def _least(desk: Desk) -> float:
    return float(desk.best()[1].x[desk.program.column["risk", None]])


def _own(plan: PlanValues, desk: Desk, found: Mapping[str, Answer]) -> Rung:
    """The run itself. Under another goal than least risk, the plan of least risk stands for it."""
    if plan.case.model.objective.goal != "risk":
        return replace(
            ladder.ladder(desk.case, found)[-1], key="own", name="All levers of the run, goal least risk", against=""
        )
    s = plan.summary
    return Rung("own", OWN_PLAN, _least(desk), s["risk_musd"], s["cost_musd"], s["expected_loss_musd"], s["cvar_musd"])


def _knowledge(plan: PlanValues, case: Case, own: Rung, found: Mapping[str, Answer]) -> Knowledge:
    least = {w: _clean(found[f"know:{w}"].least_risk) for w in case.scenarios}
    loss = {w: float(plan.summary["scenario_loss_musd"][w]) for w in case.scenarios}
    known = weighed(case, least).risk
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
