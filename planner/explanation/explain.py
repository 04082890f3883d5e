"""Why this plan: all counterfactuals of a run, solved, and what follows from them: which lever takes what off the risk,
who must act together, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

from planner.config import Lever
from planner.data.case import Case
from planner.data.schema import Funder
from planner.data.stages import STAGE_LEVERS
from planner.errors import StoppedError
from planner.evaluation.stock_value import stock_value
from planner.explanation import claims
from planner.explanation.claims import steps
from planner.explanation.commitments import (
    Build,
    capital_by_stage,
    execution,
    flexibility,
    of_optimum,
    of_table,
)
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    SolverPool,
    solver_pool,
    with_policy,
)
from planner.explanation.decision import COARSE, Walk, frontier
from planner.explanation.other_odds import odds_change, other_odds
from planner.explanation.prices_and_ranges import alternatives, links, marginals, with_planned
from planner.explanation.target_marginals import target_marginals
from planner.explanation.value_of_information import knowing, knowledge
from planner.planning.solve import solve_case
from planner.results.decision import Decision, Shares
from planner.results.explanation import OWN_PLAN, Explanation, Flexibility, Rung
from planner.results.losses import weighed
from planner.results.plan import PlanValues, Status
from planner.sharing.shares import Game, charged
from planner.solving.goals import Progress, silent
from planner.solving.parametric import PRECISION
from planner.solving.program import Program

FULL = 100_000
"""Nonzeros of a program up to which everything is asked; of a larger one what the decision page needs."""


def explain(
    plan: PlanValues,
    name: str = "",
    progress: Progress = silent,
    *,
    thorough: bool = False,
    workers: int | None = None,
) -> Explanation:
    """Why a solved plan is as it is: counterfactuals, claims, bottlenecks, information, alternatives.

    name: what the plan is called. progress: called with each step in words.
    thorough: try every unsure input on every claim; and where the program is large, where that is
    left out else, ask what information is worth, what all good plans share, for blocs and for plants a year sooner.
    Variants are not held to targets that must hold, nor is the plan that they are compared with, which is solved anew.
    workers: how many programs are solved at once (None: as many as help).
    Raises StoppedError where no optimum is proven.

    >>> why = explain(plan, workers=1)
    >>> [verdict.claim for verdict in why.verdicts][:1]
    ['mining']
    """
    name = name or plan.case.name
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    asked, free = plan, plan.case.without_targets(hard_only=True)
    if free is not plan.case:
        progress("the plan without targets that must hold, to compare with")
        plan = solve_case(free, baseline="without_plan" in plan.summary)
    progress("building the program")
    reference = Reference(plan.case, plan.point)
    if plan.case.model.objective.goal == "target":
        reference.slacken(plan.summary["risk_musd"])
    with solver_pool(reference, workers) as pool:
        found = _explain(plan, name, reference, pool, progress, thorough)
    if not asked.case.targets:
        return found
    progress("targets a percentage point stricter")
    stricter = target_marginals(asked)
    marginals = [*found.marginals, *stricter]
    return replace(found, marginals=marginals, solves=found.solves + len(stricter))


def _explain(
    plan: PlanValues,
    name: str,
    reference: Reference,
    pool: SolverPool,
    progress: Progress,
    thorough: bool,
) -> Explanation:
    case = reference.case
    progress("counterfactuals: levers, partners, time, information, unsure inputs")
    prices = pool.begin(partial(marginals, reference))
    full = thorough or reference.program.matrix.nnz <= FULL
    near = pool.begin(partial(alternatives, reference, plan.summary["cost_musd"])) if full else None
    partners, times = list(together(reference, full)), list(timing(reference, full))
    doubts = claims.at_ends(reference)
    ends = [counterfactual for _, both in doubts for _, counterfactual in both]
    losses: dict[str, float] = plan.summary["scenario_loss_musd"]
    asked = [
        *counterfactuals(reference, [*times, *partners]),
        *other_odds(reference),
        *ends,
        *(knowing(reference, losses) if full else ()),
    ]
    found = pool([*asked, *claims.first_counterfactuals(reference, thorough)]) | _known(
        plan, reference
    )
    decided = pool.begin(
        partial(_decision, plan, reference, found["ladder:nothing"], full, thorough)
    )
    shared = pool.begin(partial(_shares, reference))
    own = _own(plan, reference)
    without = left_out(case, found, own)
    rungs = ladder(case, found, plan.summary.get("without_plan", {}))
    acting = compared(case, partners, found, own)
    progress("claims: unsure inputs at their ends")
    verdicts = claims.verdicts(reference, _given([own, *rungs, *without, *acting]), pool, thorough)
    leans = claims.influences(case, own.objective, verdicts, doubts, found)
    builds = of_table(case, plan.tables["investments"])
    solved, marginal = reference.best()[1], prices.result()
    rungs[-1] = replace(rungs[-1], capital=capital_by_stage(case, builds))
    decision = replace(decided.result(), shares=shared.result())
    others = with_planned(near.result(), case, builds) if near is not None else None
    return Explanation(
        reference.goal,
        name,
        str(plan.summary.get("case", case.name)),
        own,
        rungs,
        without,
        acting,
        compared(case, times, found, own),
        knowledge(reference, losses, own.objective, found) if full else None,
        links(reference, solved.x, solved.duals),
        marginal,
        verdicts,
        leans,
        pool.solved
        + len(marginal)
        + 1
        + full
        + decision.frontier.solves
        + (others.solves if others else 0),
        thorough,
        others,
        _flexibility(reference, found, builds),
        decision,
        stock_value(plan),
        odds_change(plan, found, builds),
    )


def _decision(
    plan: PlanValues, reference: Reference, nothing: Optimum, full: bool, thorough: bool
) -> Decision:
    """The curve of risk and cost to the last corner if thorough."""
    walk = Walk(reference, nothing.risk, PRECISION if thorough else COARSE, quick=not full)
    curve, merit = frontier(walk, plan, nothing)
    return Decision(curve, merit, execution(plan, reference, merit))


def _shares(reference: Reference) -> Shares | None:
    """Who carries what so that nobody leaves; not asked where the allies do not act as one group."""
    case = reference.case
    if case.model.policy.coordination != "allied":
        return None
    if (
        case.model.policy.whole_plants
    ):  # the program of the reference has plants to count, that of shares any size
        return charged(Game(case), "alone")
    return charged(Game(case, reference.live, reference.best()[0]), "alone")


def _known(plan: PlanValues, reference: Reference) -> dict[str, Optimum]:
    """The last rung of the ladder is the run itself."""
    s, key = plan.summary, ladder_counterfactuals(reference)[0].key
    return {
        key: Optimum(
            key,
            reference.objective,
            s["risk_musd"],
            s["cost_musd"],
            s["scenario_loss_musd"],
            {},
            (),
        )
    }


def _flexibility(
    reference: Reference, found: Mapping[str, Optimum], own: Sequence[Build]
) -> Flexibility | None:
    """The plan that answers what has shown itself against the committed one; nothing where there is one future only."""
    case = reference.case
    if len(case.scenarios) == 1:
        return None
    if case.model.policy.investment != "committed":
        return flexibility(case, own, of_optimum(found["committed"]))
    answering = "staged" if "staged" in found else "adaptive"
    return flexibility(case, of_optimum(found[answering]), own)


def _own(plan: PlanValues, reference: Reference) -> Rung:
    """The run itself."""
    s = plan.summary
    return Rung(
        "own",
        OWN_PLAN,
        reference.objective,
        s["risk_musd"],
        s["cost_musd"],
        s["expected_loss_musd"],
        s["cvar_musd"],
    )


def _given(rungs: Sequence[Rung]) -> dict[str, tuple[float, float]]:
    """The two objectives of each claim that the run can speak to: with the thing and without it."""
    known = {rung.key: rung.objective for rung in rungs} | {"": rungs[0].objective}
    return {
        claim.key: (known[claim.rungs[0]], known[claim.rungs[1]])
        for claim in claims.CLAIMS
        if set(claim.rungs) <= set(known)
    }


OWN_MONEY = "own money"
COORDINATION = {
    "national": "Each country alone",
    "blocs": "Blocs",
    OWN_MONEY: "Trade goes on, each pays for itself",
    "allied": "Allied",
}
INVESTMENT = {
    "committed": "Committed: one path for all futures",
    "adaptive": "Adaptive: decided anew each year, knowing what has happened",
    "staged": "Staged: answers what the storylines have shown, never a single draw",
}
LATER = 2
"""Years of delay that the report speaks of."""
KEPT, KEPT_YEARS = 0.5, 4
"""Part of the stock at the beginning that is kept, and for how many years after the first."""


def ladder_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """Everything, then one step less after the other down to nothing: each begins where the one before ended."""
    out: list[Counterfactual] = []
    levers: tuple[Lever, ...] = ()
    for key, added in [("nothing", ()), *((key, added) for key, _, added in steps(reference.case))]:
        levers += added
        last = not out  # the last to be solved is the first of the ladder
        out.append(
            Counterfactual(
                f"ladder:{key}", partial(reference.only, levers), with_cost=True, want_x=last
            )
        )
    afters = ["", *(rung.key for rung in reversed(out[1:]))]
    return [replace(rung, after=after) for rung, after in zip(reversed(out), afters, strict=True)]


def left_out_counterfactuals(reference: Reference) -> list[Counterfactual]:
    """Everything but one step. All but the last step is a rung of the ladder already."""
    return [
        Counterfactual(
            f"without:{key}",
            partial(reference.without, levers),
            with_cost=reference.goal == "welfare",
        )
        for key, _, levers in steps(reference.case)[:-1]
    ]


PolicyQuestion = tuple[str, str, Counterfactual | None]
"""Key, name, and what is asked; None: the run itself answers."""


def together(reference: Reference, full: bool) -> Iterator[PolicyQuestion]:
    """The ways of acting together. full: for blocs too."""
    case = reference.case
    for key, name in COORDINATION.items():
        if key == case.model.policy.coordination:
            yield key, name, None
        elif key == OWN_MONEY:
            if any(
                case.party[c] != case.funder_party[f]
                for f, there in case.reach.items()
                for c in there
            ):
                yield (
                    key,
                    name,
                    Counterfactual(key, lambda: paying_at_home(reference), with_cost=True),
                )
        elif key == "national":  # the claim about allies asks more of this program
            near = reference.national
            yield (
                key,
                name,
                Counterfactual(key, lambda: reference.national.program, at=near, with_cost=True),
            )
        elif full or key != "blocs":
            yield (
                key,
                name,
                Counterfactual(key, partial(with_policy, case, coordination=key), with_cost=True),
            )


def timing(reference: Reference, full: bool) -> Iterator[PolicyQuestion]:
    """The ways of investing, everything later, stock kept and, if `full`, every new plant a year sooner in use."""
    case = reference.case
    was_drawn = any(row.hazard for row in case.tables.shocks)
    for key, name in INVESTMENT.items():
        own = key == case.model.policy.investment
        if key == "staged" and not (was_drawn or own):
            continue
        other = Counterfactual(key, partial(with_policy, case, investment=key), with_cost=True)
        yield key, name, None if own else other
    yield (
        "later",
        later_name(case),
        Counterfactual("later", lambda: reference.not_before(later_year(case))),
    )
    if case.stockpiles:
        until = min(case.first_year + KEPT_YEARS, case.last_year - 1)
        kept = Counterfactual("kept", lambda: reference.keeping_stock(KEPT, until))
        yield "kept", f"Half of today's stock kept to {until}", kept
    if full:
        yield (
            "sooner",
            "Every new plant in use a year sooner",
            Counterfactual("sooner", lambda: a_year_sooner(case)),
        )


def paying_at_home(reference: Reference) -> Program | Case:
    """All trade together, and each funder pays only in the countries of its own party."""
    case = reference.case
    if case.model.policy.coordination == "allied":
        return reference.paying_at_home()
    rows = [
        Funder(
            funder=funder,
            party=party,
            countries=tuple(c for c in case.reach[funder] if case.party[c] == party),
        )
        for funder, party in case.funder_party.items()
    ]
    allied = with_policy(case, coordination="allied")
    return allied.with_tables(funders=tuple(rows))


def later_year(case: Case) -> int:
    """The first year in which anything new may be decided if everything waits."""
    starts = [years.start for p in case.projects if (years := case.commitment_years(p))]
    return min(starts, default=case.first_year) + LATER


def later_name(case: Case) -> str:
    """What waiting means in this run: which of its levers wait, and until when."""
    things = {"training": "training seats", "hiring": "hires", "stockpile": "stock"}
    waits = ["plants"] if set(STAGE_LEVERS) & set(case.model.levers) else []
    waits += [thing for lever, thing in things.items() if lever in case.model.levers]
    return f"Everything decided {LATER} years later: no new {', '.join(waits) or 'thing'} before {later_year(case)}"


def a_year_sooner(case: Case) -> Case:
    """The case in which every lead time is a year shorter."""
    rows = tuple(
        row.model_copy(update={"lead_time_years": max(row.lead_time_years - 1, 0)})
        for row in case.tables.projects
    )
    return case.with_tables(projects=rows)


def rung(case: Case, name: str, found: Optimum) -> Rung:
    """An optimum as a rung."""
    of = weighed(case, found.losses)
    return Rung(found.key, name, found.objective, found.risk, found.cost, of.expected, of.cvar)


def against(one: Rung, other: Rung) -> Rung:
    """A rung with what it changes compared with another."""
    costs = None if one.cost is None or other.cost is None else one.cost - other.cost
    return replace(
        one, against=other.key, change=one.objective - other.objective, change_cost=costs
    )


def ladder(case: Case, found: Mapping[str, Optimum], nothing: Mapping[str, Any]) -> list[Rung]:
    """The rungs from nothing to everything; each is compared with the one before, so the changes add up.

    nothing: figures of doing nothing as the run has them, if it does: one quantity has one value everywhere. Under the
    goal of least cost plus risk its sum is a little above the least one, for its goal is the least risk.
    """
    names = {"nothing": "Nothing: what exists and is financed keeps running"}
    said: list[str] = []
    for key, name, _ in steps(case):
        said.append(name)
        names[key] = f"{'Only' if len(said) == 1 else '+'} {name}"
    rungs = [
        replace(
            rung(case, name, found[f"ladder:{key}"]),
            capital=capital_by_stage(case, of_optimum(found[f"ladder:{key}"])),
        )
        for key, name in names.items()
    ]
    if nothing and case.model.objective.goal == "welfare":
        figures: dict[str, Any] = {
            name: float(nothing[f"{name}_musd"])
            for name in ("risk", "cost", "expected_loss", "cvar")
        }
        rungs[0] = replace(rungs[0], objective=figures["risk"] + figures["cost"], **figures)
    return [rungs[0], *(against(one, before) for before, one in pairwise(rungs))]


def left_out(case: Case, found: Mapping[str, Optimum], own: Rung) -> list[Rung]:
    """Everything but one step, the one that is missed most first."""
    known = steps(case)
    last = f"ladder:{known[-2][0]}" if len(known) > 1 else "ladder:nothing"
    keys = [f"without:{key}" for key, _, _ in known[:-1]] + [last][: len(known)]
    rungs = [
        replace(against(rung(case, f"Without {name}", found[at]), own), key=f"without:{key}")
        for at, (key, name, _) in zip(keys, known, strict=True)
    ]
    return sorted(rungs, key=lambda r: -r.objective)


def compared(
    case: Case, asked: Iterable[PolicyQuestion], found: Mapping[str, Optimum], own: Rung
) -> list[Rung]:
    """What was asked against the run's own."""
    return [
        replace(own, key=key, name=name)
        if of is None
        else against(rung(case, name, found[key]), own)
        for key, name, of in asked
    ]


def counterfactuals(reference: Reference, asked: Iterable[PolicyQuestion]) -> list[Counterfactual]:
    """Those of levers, without the last rung, which is the run itself, and of partners and time."""
    levers = [*ladder_counterfactuals(reference)[1:], *left_out_counterfactuals(reference)]
    return [
        *levers,
        *(counterfactual for _, _, counterfactual in asked if counterfactual is not None),
    ]
