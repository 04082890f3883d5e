"""Rungs: counterfactuals of levers, solved and held against each other. Cumulative levers, and all but one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from planner.data.case import Case
from planner.explanation.commitments import capital_by_stage, of_optimum
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference
from planner.explanation.levers import key_of, only, steps
from planner.results.explanation import OWN_PLAN, Rung
from planner.results.losses import weighed
from planner.results.plan import Plan

NO_LEVER = "Nothing: what exists and is financed keeps running"


def cumulative(reference: Reference) -> list[Counterfactual]:
    """Everything, then one step less after the other down to nothing: each begins where the one before ended."""
    known = steps(reference.case)
    found = []
    after = ""
    for count in range(len(known), -1, -1):
        rung = only(reference, known[:count], after=after, with_cost=True, want_x=count == 0)
        found.append(rung)
        after = rung.key if count < len(known) else ""
    return found


def all_but_one(reference: Reference) -> list[Counterfactual]:
    """Everything but one step. All but the last step is a cumulative rung already."""
    known = steps(reference.case)
    found = []
    for missing in known[:-1]:
        left = [step for step in known if step != missing]
        found.append(only(reference, left, with_cost=reference.goal == "welfare"))
    return found


def own_rung(plan: Plan, reference: Reference) -> Rung:
    """The run itself."""
    summary = plan.summary
    return Rung(
        key="own",
        name=OWN_PLAN,
        objective=reference.objective,
        risk=summary["risk_musd"],
        cost=summary["cost_musd"],
        expected_loss=summary["expected_loss_musd"],
        cvar=summary["cvar_musd"],
    )


def rung(case: Case, key: str, name: str, found: Optimum) -> Rung:
    """An optimum as a rung."""
    lost = weighed(case, found.losses)
    return Rung(
        key=key,
        name=name,
        objective=found.objective,
        risk=found.risk,
        cost=found.cost,
        expected_loss=lost.expected,
        cvar=lost.cvar,
    )


def against(one: Rung, other: Rung) -> Rung:
    """A rung with what it changes compared with another."""
    known = one.cost is not None and other.cost is not None
    dearer = (one.cost or 0.0) - (other.cost or 0.0) if known else None
    change = one.objective - other.objective
    return replace(one, against=other.key, change=change, change_cost=dearer)


def ladder(case: Case, found: Mapping[str, Optimum], nothing: Mapping[str, Any]) -> list[Rung]:
    """The rungs from nothing to everything; each is compared with the one before, so the changes add up.

    nothing: figures of doing nothing as the run has them, if it does: one quantity has one value everywhere. Under the
    goal of least cost plus risk its sum is a little above the least one, for its goal is the least risk.
    """
    known = steps(case)
    rungs = []
    for count in range(len(known) + 1):
        name, key = NO_LEVER, "ladder:nothing"
        if count:
            last = known[count - 1]
            name = f"{'Only' if count == 1 else '+'} {last.name}"
            key = f"ladder:{last.key}"
        best = found[key_of(known[:count])]
        capital = capital_by_stage(case, of_optimum(best))
        rungs.append(replace(rung(case, key, name, best), capital=capital))
    if nothing and case.model.objective.goal == "welfare":
        rungs[0] = _as_in_run(rungs[0], nothing)
    compared = [against(after, before) for before, after in pairwise(rungs)]
    return [rungs[0], *compared]


def _as_in_run(rung: Rung, nothing: Mapping[str, Any]) -> Rung:
    """The rung of no lever with the figures that the run has of it."""
    risk, cost = float(nothing["risk_musd"]), float(nothing["cost_musd"])
    return replace(
        rung,
        objective=risk + cost,
        risk=risk,
        cost=cost,
        expected_loss=float(nothing["expected_loss_musd"]),
        cvar=float(nothing["cvar_musd"]),
    )


def left_out(case: Case, found: Mapping[str, Optimum], own: Rung) -> list[Rung]:
    """Everything but one step, the one that is missed most first."""
    known = steps(case)
    rungs = []
    for missing in known:
        best = found[key_of([step for step in known if step != missing])]
        without = rung(case, f"without:{missing.key}", f"Without {missing.name}", best)
        rungs.append(against(without, own))
    return sorted(rungs, key=lambda one: -one.objective)
