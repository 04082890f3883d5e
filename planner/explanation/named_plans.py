"""Plans with a name: points of the curve, and those of a run, with their losses, builds and worst shortages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.explanation.commitments import built, is_built, of_table
from planner.explanation.counterfactuals import Reference
from planner.explanation.frontier_walk import CurvePoint, Walk
from planner.results.decision import Missing, NamedPlan
from planner.results.losses import weighed
from planner.solving.program import ZERO, Vector
from planner.units import musd_per_tonne

MISSED = 1e-6
"""Share of a year's demand up to which none of it counts as short."""
ScenarioElementYear = tuple[str, str, int]
"""Scenario, element, year."""


@dataclass
class Shortages:
    """Tonnes short, and tonnes wanted, of each element in each year of each scenario."""

    short: dict[ScenarioElementYear, float] = field(default_factory=dict)
    wanted: dict[ScenarioElementYear, float] = field(default_factory=dict)

    def add(self, place: ScenarioElementYear, short: float, wanted: float) -> None:
        """Add what is short and what is wanted in a year or a part of it."""
        self.short[place] = self.short.get(place, 0.0) + short
        self.wanted[place] = self.wanted.get(place, 0.0) + wanted

    def worst(self, case: Case) -> list[Missing]:
        """The worst year of each scenario and element of which any is short."""
        worst: dict[tuple[str, str], Missing] = {}
        for place, tonnes in sorted(self.short.items()):
            scenario, element, year = place
            share = tonnes / self.wanted[place] if self.wanted[place] > 0 else 0.0
            known = worst.get((scenario, element))
            if share > max(MISSED, known.share if known else 0.0):
                worst[scenario, element] = Missing(scenario, element, year, share)
        order = {scenario: place for place, scenario in enumerate(case.scenarios)}
        return sorted(worst.values(), key=lambda row: (order[row.scenario], row.element))


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
        loss=losses.by_scenario,
        missing=_shortages(reference, point.x).worst(case),
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


def _shortages(reference: Reference, x: Vector) -> Shortages:
    """Tonnes short and tonnes wanted at a point x (columns of the reference), the parts of a year together."""
    case, tree = reference.case, reference.scope.tree
    short: dict[tuple[str, int], float] = {}
    for (name, index), tonnes in zip(reference.program.columns, x.tolist(), strict=True):
        if name == "shortfall" and tonnes > ZERO:
            at = (index[1], index[3])
            short[at] = short.get(at, 0.0) + tonnes
    wanted = {element: np.zeros(len(tree.nodes)) for element in case.elements}
    goods = {key[:3] for key in case.demand}
    for good in sorted(goods):
        wanted[good[1]] += tree.demands(good)
    out = Shortages()
    for scenario in case.scenarios:
        for node in tree.path_of(scenario):
            year = tree.nodes[node].year
            for element in case.elements:
                tonnes = short.get((element, node), 0.0)
                out.add((scenario, element, year), tonnes, float(wanted[element][node]))
    return out


# ---- of a run --------------------------------------------------------------------------------------------------------


def of_run(
    key: str,
    *,
    case: Case,
    figures: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    column: str,
) -> NamedPlan:
    """A plan by the figures and tables of a run. column: of the table `shortfall`, what is short with it."""
    builds = of_table(case, tables["investments"])
    shortages = _table_shortages(tables["shortfall"], column)
    public = figures.get("public_spend_musd", 0.0)
    return NamedPlan(
        key=key,
        risk=float(figures["risk_musd"]),
        expected_loss=float(figures["expected_loss_musd"]),
        cvar=float(figures["cvar_musd"]),
        cost=float(figures["cost_musd"]),
        public=float(public),
        builds=built(case, builds),
        loss=figures["scenario_loss_musd"],
        missing=shortages.worst(case),
    )


def _table_shortages(table: pd.DataFrame, column: str) -> Shortages:
    """Tonnes short, in a column of the table `shortfall`, and tonnes wanted."""
    found = Shortages()
    by_year = table.groupby(["scenario", "element", "year"], as_index=False)
    for row in by_year[[column, "demand_t"]].sum().to_dict("records"):
        place = (str(row["scenario"]), str(row["element"]), int(row["year"]))
        found.add(place, float(row[column]), float(row["demand_t"]))
    return found
