"""Why this plan: all counterfactuals of a run, solved, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from planner.errors import StoppedError
from planner.explanation import claims, lever_ladder
from planner.explanation.claims import at_ends, influences
from planner.explanation.commitments import (
    Build,
    capital_by_stage,
    decision_nodes,
    execution,
    flexibility,
    of_decisions,
    of_table,
)
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    SolverPool,
    shares,
    solver_pool,
    with_policy,
)
from planner.explanation.decision import COARSE, Walk, frontier
from planner.explanation.prices_and_ranges import alternatives, links, with_planned
from planner.results.decision import Decision, Shares
from planner.results.explanation import OWN_PLAN, Explanation, Flexibility, Rung
from planner.results.plan import PlanValues, Status
from planner.solving.goals import Progress, silent
from planner.solving.parametric import PRECISION
from planner.solving.shares import Game, charged

FULL = 100_000
"""Nonzeros of a program up to which everything is asked; of a larger one what the decision page needs."""


def explain(
    plan: PlanValues, name: str = "", progress: Progress = silent, *, thorough: bool = False, workers: int | None = None
) -> Explanation:
    """Why a solved plan is as it is: counterfactuals, claims, bottlenecks, alternatives.

    name: what the plan is called. progress: called with each step in words.
    thorough: try every unsure input on every claim, at all its values; and where the program is large, where that is
    left out else, ask what all good plans share, for blocs and for plants a year sooner.
    workers: how many programs are solved at once (None: as many as help).
    Raises StoppedError where no optimum is proven.
    """
    name = name or plan.case.name
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    progress("building the program")
    reference = Reference(plan.case, plan.point)
    if plan.case.model.objective.goal == "target":
        reference.slacken(plan.summary["risk_musd"])
    with solver_pool(reference, workers) as pool:
        return _explain(plan, name, reference, pool, progress, thorough)


def _explain(
    plan: PlanValues, name: str, reference: Reference, pool: SolverPool, progress: Progress, thorough: bool
) -> Explanation:
    case = reference.case
    progress("counterfactuals: levers, partners, time, unsure inputs")
    full = thorough or reference.program.matrix.nnz <= FULL
    near = pool.begin(partial(alternatives, reference, plan.summary["cost_musd"])) if full else None
    found = pool(_counterfactuals(reference, full, thorough)) | _known(plan, reference)
    decided = pool.begin(partial(_decision, plan, reference, found["ladder:nothing"], full, thorough))
    shared = pool.begin(partial(_shares, reference))
    own = _own(plan, reference)
    left_out = lever_ladder.left_out(case, found, own)
    rungs = lever_ladder.ladder(case, found, plan.summary.get("without_plan", {}))
    together = lever_ladder.compared(case, lever_ladder.COORDINATION, case.model.policy.coordination, found, own)
    progress("claims: unsure inputs at their ends")
    verdicts = claims.verdicts(reference, _given([own, *rungs, *left_out, *together]), pool, thorough)
    leans = influences(reference, own.objective, verdicts, pool)
    builds = of_table(case, plan.tables["investments"])
    timing = [
        *lever_ladder.compared(case, lever_ladder.INVESTMENT, case.model.policy.investment, found, own),
        lever_ladder.against(lever_ladder.rung(case, lever_ladder.later_name(case), found["later"]), own),
    ]
    if case.stockpiles:
        kept = f"Half of today's stock kept to {lever_ladder.kept_until(case)}"
        timing.append(lever_ladder.against(lever_ladder.rung(case, kept, found["kept"]), own))
    if full:
        sooner = lever_ladder.rung(case, "Every new plant in use a year sooner", found["sooner"])
        timing.append(lever_ladder.against(sooner, own))
    solved = reference.best()[1]
    rungs[-1] = replace(rungs[-1], capital=capital_by_stage(case, builds))
    decision = replace(decided.result(), shares=shared.result())
    others = with_planned(near.result(), case, builds) if near is not None else None
    return Explanation(
        reference.goal,
        name,
        str(plan.summary.get("case", case.name)),
        own,
        rungs,
        left_out,
        together,
        timing,
        links(reference, solved.x, solved.duals),
        verdicts,
        leans,
        pool.solved + 1 + (others.solves if others is not None else 0) + decision.frontier.solves,
        thorough,
        others,
        _flexibility(reference, found, builds),
        decision,
    )


def _decision(plan: PlanValues, reference: Reference, nothing: Optimum, full: bool, thorough: bool) -> Decision:
    """The curve of risk and cost to the last corner if thorough."""
    walk = Walk(reference, nothing.risk, PRECISION if thorough else COARSE, quick=not full)
    curve, merit = frontier(walk, plan, nothing)
    return Decision(curve, merit, execution(plan, reference, merit))


def _shares(reference: Reference) -> Shares | None:
    """Who carries what so that nobody leaves; not asked where the allies do not act as one group."""
    case = reference.case
    if case.model.policy.coordination != "allied":
        return None
    if case.model.policy.whole_plants:  # the program of the reference has plants to count, that of shares any size
        return charged(Game(case), "alone")
    return charged(Game(case, reference.live, reference.best()[0]), "alone")


def _counterfactuals(reference: Reference, full: bool, thorough: bool) -> Iterator[Counterfactual]:
    """All that can be solved before anything is known."""
    left = {_own_rung(reference)} if full else {_own_rung(reference), "blocs", "sooner"}
    yield from (q for q in lever_ladder.counterfactuals(reference) if q.key not in left)
    for _, ends in at_ends(reference):
        yield from (counterfactual for _, counterfactual in ends)
    yield from claims.first_counterfactuals(reference, thorough)


def _known(plan: PlanValues, reference: Reference) -> dict[str, Optimum]:
    """The last rung of the ladder is the run itself."""
    s, key = plan.summary, _own_rung(reference)
    losses = {leaf: float(s["scenario_loss_musd"][w]) for w, leaf in reference.scope.tree.leaves.items()}
    return {
        key: Optimum(key, reference.objective, s["risk_musd"], s["cost_musd"], losses, shares(reference.program), {})
    }


def _own_rung(reference: Reference) -> str:
    """The rung that the run itself is."""
    return lever_ladder.ladder_counterfactuals(reference)[0].key


def _flexibility(reference: Reference, found: Mapping[str, Optimum], own: Sequence[Build]) -> Flexibility | None:
    """Adaptive against committed; nothing where there is one future only."""
    case = reference.case
    if len(case.scenarios) == 1:
        return None
    other = next(i for i in lever_ladder.INVESTMENT if i != case.model.policy.investment)
    others = of_decisions(decision_nodes(with_policy(case, investment=other)), found[other].decisions)
    return flexibility(case, others, own) if other == "adaptive" else flexibility(case, own, others)


def _own(plan: PlanValues, reference: Reference) -> Rung:
    """The run itself."""
    s = plan.summary
    return Rung(
        "own", OWN_PLAN, reference.objective, s["risk_musd"], s["cost_musd"], s["expected_loss_musd"], s["cvar_musd"]
    )


def _given(rungs: Sequence[Rung]) -> dict[str, tuple[float, float]]:
    """The two objectives of each claim that the run can speak to: with the thing and without it."""
    known = {rung.key: rung.objective for rung in rungs} | {"": rungs[0].objective}
    return {
        claim.key: (known[claim.rungs[0]], known[claim.rungs[1]])
        for claim in claims.CLAIMS
        if set(claim.rungs) <= set(known)
    }
