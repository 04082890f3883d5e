"""A decision made up for a plan, so that its page can be drawn without solving; figures are round and easy to find."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pandas as pd

from planner.results.decision import PLANS, Corner, Decision, Frontier, Merit, NamedPlan
from planner.results.plan import Plan
from planner.results.schema import SHARES

COSTS = (100.0, 900.0, 4600.0, 2200.0, 5900.0)
RISKS = (15000.0, 2400.0, 2095.0, 2110.0, 2090.0)


def made_up(plan: Plan) -> Decision:
    """Five plans on a curve: 99 % of the effect for 900 of 5,900 MUSD; every project of the plan in order of its id."""
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
    merit = []
    for place, project in enumerate(sorted(builds)):
        row, at = plan.case.projects[project], 100.0 * (place + 1)
        size, last = builds[project], place == len(builds) - 1
        worth = 0.0 if last else 5000.0 / 4**place
        merit.append(
            Merit(
                project,
                row.stage,
                row.country,
                10.0 / (place + 1),
                at,
                15000 / (place + 2),
                size,
                size,
                worth,
                at,
                last,
            )
        )
    return Decision(Frontier(corners, plans, 0.0, 9), merit)


def with_shares(plan: Plan) -> Plan:
    """The plan with charges: each country carries 100 of the 300 MUSD it would alone; the first pays the second."""
    rows = []
    for place, country in enumerate(plan.case.countries):
        moved = {0: 40.0, 1: -40.0}.get(place, 0.0)
        rows.append([country, 300.0, 100.0, 200.0, 50.0, 300.0, 20.0, 80.0 - moved, moved])
    names = [column.name for column in SHARES.columns][:9]
    table = pd.DataFrame(rows, columns=names)
    return dataclasses.replace(plan, tables={**plan.tables, "shares": table})
