"""Plans with a name: points of the curve, and those of a run, with their losses and builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.data.case import Case
from planner.explanation.commitments import built, is_built
from planner.explanation.counterfactuals import Reference
from planner.explanation.frontier_walk import CurvePoint, Walk
from planner.results.decision import NamedPlan
from planner.results.figures.decided import Build
from planner.results.losses import weighed
from planner.solving.program import Vector
from planner.units import musd_per_tonne

# ---- of a point ------------------------------------------------------------------------------------------------------


def of_point(walk: Walk, key: str, point: CurvePoint) -> NamedPlan:
    """A point of the curve as a plan with a name."""
    reference = walk.reference
    case = reference.case
    by_scenario = walk.program.losses(reference.scope.tree.leaves, point.x)
    losses = weighed(case, by_scenario)
    builds = {}
    for project, tpa in zip(walk.projects, point.tpa.tolist(), strict=True):
        if is_built(case, project, tpa):
            builds[project] = tpa
    return NamedPlan(
        key=key,
        risk=losses.risk,
        expected_loss=losses.expected,
        cvar=losses.cvar,
        cost=point.cost,
        public=_public(reference, point.x),
        builds=builds,
    )


def _public(reference: Reference, x: Vector) -> float:
    """Expected public spending (MUSD, not discounted) at a point: on what is invested, and on stock."""
    scope, public = reference.scope, 0.0
    for (name, index), amount in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "invested":
            public += scope.decision_tree.nodes[index[1]].probability * amount
        elif name == "bought":
            stock = reference.case.stockpiles[index[:-1]]
            price = musd_per_tonne(stock.purchase_usd_per_kg)
            public += scope.tree.nodes[index[-1]].probability * price * amount
    return public


# ---- of a run --------------------------------------------------------------------------------------------------------


def of_run(key: str, case: Case, figures: Mapping[str, Any], builds: Iterable[Build]) -> NamedPlan:
    """A plan by the figures of a run and its builds."""
    public = figures.get("public_spend_musd", 0.0)
    return NamedPlan(
        key=key,
        risk=float(figures["risk_musd"]),
        expected_loss=float(figures["expected_loss_musd"]),
        cvar=float(figures["cvar_musd"]),
        cost=float(figures["cost_musd"]),
        public=float(public),
        builds=built(case, builds),
    )
