"""Why this plan: all counterfactuals of a run, solved, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from planner.data.case import Case
from planner.errors import StoppedError
from planner.explanation import claims, information, lever_ladder
from planner.explanation.commitments import (
    Build,
    capital_by_stage,
    decision_nodes,
    flexibility,
    of_decisions,
    of_table,
)
from planner.explanation.counterfactuals import (
    SMALLEST_MUSD,
    Counterfactual,
    Optimum,
    Reference,
    SolverPool,
    held_decisions,
    of_case,
    optimum,
    shares,
    solver_pool,
    with_policy,
)
from planner.explanation.decision import COARSE, Walk, frontier
from planner.explanation.execution import execution
from planner.explanation.near_optimal import alternatives, with_planned
from planner.explanation.sensitivity import at_ends, influences, moves
from planner.explanation.shadow_prices import links, marginals
from planner.results.decision import Decision
from planner.results.explanation import OWN_PLAN, Alternatives, Explanation, Flexibility, Knowledge, Rung, leading
from planner.results.losses import weighed
from planner.results.plan import PlanValues, Status
from planner.solving.goals import Progress, silent
from planner.solving.parametric import PRECISION
from planner.solving.program import Program

NEAR_RISK, NEAR_COST = 0.02, 0.05
"""Shares of the least risk and of the cost within which a plan counts as nearly as good."""
NOTHING_LOST = Optimum("", 0.0, 0.0, None, {}, {}, {})


def explain(
    plan: PlanValues, name: str = "", progress: Progress = silent, *, thorough: bool = False, workers: int | None = None
) -> Explanation:
    """Why a solved plan is as it is: counterfactuals, claims, bottlenecks, information, alternatives.

    name: what the plan is called. progress: called with each step in words.
    thorough: try every unsure input on every claim, at all its values.
    workers: how many programs are solved at once (None: as many as help).
    Raises StoppedError where no optimum is proven.
    """
    name = name or plan.case.name
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    progress("building the program")
    reference = Reference(plan.case)
    if plan.case.model.objective.goal != "risk":
        reference.slacken(plan.summary["risk_musd"])
    with solver_pool(reference, workers) as pool:
        return _explain(plan, name, reference, pool, progress, thorough)


def _explain(
    plan: PlanValues, name: str, reference: Reference, pool: SolverPool, progress: Progress, thorough: bool
) -> Explanation:
    case = reference.case
    progress("counterfactuals: levers, partners, time, information, unsure inputs")
    prices = pool.begin(partial(marginals, reference))
    near = pool.begin(partial(_alternatives, plan, reference))
    found = pool(_counterfactuals(plan, reference, thorough)) | _known(plan, reference)
    decided = pool.begin(partial(_decision, plan, reference, found["ladder:nothing"], thorough))
    own = _own(plan, reference)
    knowledge = _knowledge(plan, case, own, found)
    left_out = lever_ladder.left_out(case, found, own)
    rungs = lever_ladder.ladder(case, found)
    together = lever_ladder.compared(case, lever_ladder.COORDINATION, case.model.policy.coordination, found, own)
    progress("claims: unsure inputs at their ends")
    verdicts = claims.verdicts(reference, _given(rungs, left_out, together), pool, thorough)
    leans = influences(reference, own.least_risk, verdicts, pool)
    builds = of_table(case, plan.tables["investments"])
    moved = moves(reference, leading(leans, own.least_risk), builds, own.least_risk, own.cost or 0.0, pool)
    timing = [
        *lever_ladder.compared(case, lever_ladder.INVESTMENT, case.model.policy.investment, found, own),
        lever_ladder.against(lever_ladder.rung(case, lever_ladder.later_name(case), found["later"]), own),
        lever_ladder.against(lever_ladder.rung(case, "Every new plant in use a year sooner", found["sooner"]), own),
    ]
    solved, marginal = reference.best()[1], prices.result()
    rungs[-1] = replace(rungs[-1], capital=capital_by_stage(case, builds))
    decision = decided.result()
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
        links(reference, solved.x, solved.duals),
        marginal,
        verdicts,
        leans,
        pool.solved + len(marginal) + 2 + others.solves + decision.frontier.solves,
        thorough,
        others,
        _flexibility(reference, found, builds),
        moved,
        decision,
    )


def _decision(plan: PlanValues, reference: Reference, nothing: Optimum, thorough: bool) -> Decision:
    """The curve of risk and cost to the last corner if thorough."""
    walk = Walk(reference, nothing.risk, PRECISION if thorough else COARSE)
    curve, merit = frontier(walk, plan, nothing)
    return Decision(curve, merit, execution(plan, reference, merit))


def _counterfactuals(plan: PlanValues, reference: Reference, thorough: bool) -> Iterator[Counterfactual]:
    """All that can be solved before anything is known."""
    case = reference.case
    yield from (q for q in lever_ladder.counterfactuals(reference) if q.key != _own_rung(reference))
    for _, ends in at_ends(reference):
        yield from (counterfactual for _, counterfactual in ends)
    yield from claims.first_counterfactuals(reference, thorough)
    yield Counterfactual("mean plan", lambda: _mean_plan(reference))
    yield from information.wait_and_see(case, plan.summary["scenario_loss_musd"])


def _alternatives(plan: PlanValues, reference: Reference) -> Alternatives:
    """What all plans hold that are nearly as good."""
    s, risk = plan.summary, plan.case.model.objective.goal == "risk"
    return alternatives(reference, s["least_risk_musd" if risk else "risk_musd"], s["cost_musd"], NEAR_RISK, NEAR_COST)


def _mean_plan(reference: Reference) -> Program:
    """The program in which the plan for the mean future is carried out, for the committed policy."""
    case = reference.case
    slack = case.model.objective.risk_slack
    mean = optimum(Counterfactual("mean", of_case(information.mean_case(case)), slack=slack, with_cost=True))
    committed = (
        reference
        if case.model.policy.investment == "committed"
        else Reference(with_policy(case, investment="committed"))
    )
    return held_decisions(committed.program, mean.decisions)


def _known(plan: PlanValues, reference: Reference) -> dict[str, Optimum]:
    """The last rung of the ladder is the run itself.

    A future in which the plan loses nothing loses nothing if it is known either.
    """
    s, program, key = plan.summary, reference.program, _own_rung(reference)
    lost = s["scenario_loss_musd"]
    nothing = {f"know:{w}": NOTHING_LOST for w in plan.case.scenarios if lost[w] <= SMALLEST_MUSD}
    losses = {leaf: float(lost[w]) for w, leaf in reference.scope.tree.leaves.items()}
    return nothing | {key: Optimum(key, _least(reference), s["risk_musd"], s["cost_musd"], losses, shares(program), {})}


def _own_rung(reference: Reference) -> str:
    """The rung that the run itself is."""
    return lever_ladder.ladder_counterfactuals(reference)[-1].key


def _flexibility(reference: Reference, found: Mapping[str, Optimum], own: Sequence[Build]) -> Flexibility | None:
    """Adaptive against committed; nothing where there is one future only."""
    case = reference.case
    if len(case.scenarios) == 1:
        return None
    other = next(i for i in lever_ladder.INVESTMENT if i != case.model.policy.investment)
    others = of_decisions(decision_nodes(with_policy(case, investment=other)), found[other].decisions)
    return flexibility(case, others, own) if other == "adaptive" else flexibility(case, own, others)


def _least(reference: Reference) -> float:
    return float(reference.best()[1].x[reference.program.column["risk", None]])


def _own(plan: PlanValues, reference: Reference) -> Rung:
    """The run itself."""
    s = plan.summary
    return Rung(
        "own", OWN_PLAN, _least(reference), s["risk_musd"], s["cost_musd"], s["expected_loss_musd"], s["cvar_musd"]
    )


def _knowledge(plan: PlanValues, case: Case, own: Rung, found: Mapping[str, Optimum]) -> Knowledge:
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
        "magnets": (None, "without:magnet"),
        "people": (None, "without:people"),
        "allies": ("allied", "national"),
    }
    return {
        claim: (own if one is None else by_key[one], by_key[other])
        for claim, (one, other) in pairs.items()
        if (one is None or one in by_key) and other in by_key
    }
