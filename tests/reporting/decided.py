"""A decision made up for a plan, so that its page can be drawn without solving; figures are round and easy to find."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pandas as pd

from planner.results.decision import PLANS, Corner, Frontier, NamedPlan
from planner.results.explanation import Dropping
from planner.results.plan import Plan
from planner.results.schema import SHARES

COSTS = (100.0, 900.0, 4600.0, 2200.0, 5900.0)
RISKS = (15000.0, 2400.0, 2095.0, 2110.0, 2090.0)


def made_up(plan: Plan) -> Frontier:
    """Five plans on a curve: 99 % of the effect for 900 of 5,900 MUSD."""
    built = plan.tables["investments"]
    builds = {str(p): float(t) for p, t in built.groupby("project")["tpa"].sum().items()}
    plans = [
        NamedPlan(
            key, risk, risk / 2, 3 * risk / 2, cost, cost / 2, {} if key == "nothing" else builds
        )
        for key, cost, risk in zip(PLANS, COSTS, RISKS, strict=True)
    ]
    ends = sorted(zip(COSTS, RISKS, strict=True))
    slopes = [None, *((a[1] - b[1]) / (b[0] - a[0]) for a, b in pairwise(ends))]
    corners = [
        Corner(weight, cost, risk) for weight, (cost, risk) in zip(slopes, ends, strict=True)
    ]
    return Frontier(corners, plans, 0.0, 9)


def made_up_droppings(plan: Plan) -> list[Dropping]:
    """What every project of the plan adds, the first in order of its id most, the last nothing."""
    built = plan.tables["investments"].groupby("project")["tpa"].sum()
    found = []
    for place, (project, tpa) in enumerate(sorted(built.items())):
        adds = 0.0 if place == len(built) - 1 else 5000.0 / 4**place
        one = Dropping(
            project=str(project),
            adds=adds,
            risk=adds + 10.0,
            cost=-10.0,
            tpa=float(tpa),
            capital=100.0 * (place + 1),
            public=50.0 * (place + 1),
        )
        found.append(one)
    return found


def with_shares(plan: Plan) -> Plan:
    """The plan with charges: each country carries 100 of the 300 MUSD it would alone; the first pays the second."""
    rows = []
    for place, country in enumerate(plan.case.countries):
        moved = {0: 40.0, 1: -40.0}.get(place, 0.0)
        rows.append([country, 300.0, 100.0, 200.0, 50.0, 300.0, 20.0, 80.0 - moved, moved])
    names = [column.name for column in SHARES.columns][:9]
    table = pd.DataFrame(rows, columns=names)
    return dataclasses.replace(plan, tables={**plan.tables, "shares": table})
