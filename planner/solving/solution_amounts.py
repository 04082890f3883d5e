"""Solution -> the amounts of the plan: what its formulation leaves out is filled in, and shortages are spread evenly where
that is free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from planner.data.decision_tree import Trees
from planner.data.lookups import Good
from planner.formulation.variable_trees import CountrySkill
from planner.results.amounts import Amounts, FlowKey, amounts_of
from planner.results.scenario_amounts import PEOPLE, PlanAmounts
from planner.solving.flows import flows_of
from planner.solving.node_values import AtNodes
from planner.solving.program import Vector
from planner.solving.shortage_smoothing import spread_shortages
from planner.thresholds import ROUNDING


def solution_amounts(at: AtNodes) -> PlanAmounts:
    """The amounts of a solution but for who pays; its shortages are spread evenly where that is free."""
    scope = at.scope
    spread_shortages(at)
    trees = Trees(scope.tree, scope.decision_tree, scope.decision, scope.account_tree)
    flows: dict[FlowKey, Vector] = {}
    for flow, tonnes in flows_of(at):
        flows[flow] = np.where(tonnes > 0, tonnes, 0.0)
    short: dict[Good, Vector] = {}
    for good in scope.goods:
        if at.demands[good].any():
            short[good] = np.where(at.demands[good] > 0, at.total(_steps_short(at, good)), 0.0)
    stock = {good: held for good, (held, _) in at.stock.items()}
    return PlanAmounts(
        case=scope.case,
        trees=trees,
        flows=amounts_of(flows, at.size).something(),
        short=amounts_of(short, at.size),
        stock=amounts_of(stock, at.size),
        people=_people(at),
        builds=_decided(at, "build", sorted(scope.expandable)),
        intake=_decided(at, "intake", scope.programmes),
        new_seats=_decided(at, "new_seats", scope.programmes),
        scheduled=_decided(at, "scheduled", scope.purchases),
        spent=Amounts({}, np.zeros((0, len(trees.accounts.nodes)))),
    )


def _steps_short(at: AtNodes, good: Good) -> Iterator[Vector]:
    for step in range(len(at.scope.case.lookups.loss_steps(good))):
        yield at("shortfall", *good, step)


def _people(at: AtNodes) -> dict[str, Amounts]:
    """Staff, hires and secondment of every team that some plant needs."""
    opens = np.array([node.opens_year for node in at.scope.tree.nodes])
    found: dict[str, dict[CountrySkill, Vector]] = defaultdict(dict)
    for team in at.scope.teams:
        moved = at("seconded", *team)
        found["staff"][team] = at.by_decision("staff", *team)
        found["hired"][team] = np.where(opens, at.by_decision("hired", *team), 0.0)
        found["lent"][team] = -np.minimum(moved, 0.0) + 0.0
        found["borrowed"][team] = np.maximum(moved, 0.0)
    return {name: amounts_of(found[name], at.size) for name in PEOPLE}


def _decided(at: AtNodes, name: str, things: Iterable[str] | Iterable[Good]) -> Amounts:
    """Amounts of a decision by thing at decision nodes."""
    found: dict[str | Good, Vector] = {}
    for thing in things:
        index = thing if isinstance(thing, tuple) else (thing,)
        at_nodes = at(name, *index)
        found[thing] = np.where(at_nodes > ROUNDING, at_nodes, 0.0)
    return amounts_of(found, len(at.scope.decision_tree.nodes)).something()
