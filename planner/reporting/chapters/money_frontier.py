"""Chapters of a frontier of money: the curve and its marginal value, and the plan at each breakpoint."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import study as charts
from planner.reporting.parts import Chapter, DeclaredTable, figures, in_musd, text, told_chart
from planner.reporting.words.numbers import MINUS, number
from planner.reporting.words.sentences import Passages
from planner.results.study import NEW_CAPACITY, FrontierResults

say = Passages("money_frontier.j2")
MOST_STEPS = 6
"""Changes of a plan that are told."""
LEAST_STEP = 1.0
"""t/y from which a change is told."""
SOURCE = "frontier.csv"


def curve(found: FrontierResults) -> Chapter:
    """Least risk by size of all budgets."""
    rows = found.table[["budget_musd", "risk_musd", "worth"]]
    first, last = rows.iloc[0].to_dict(), rows.iloc[-1].to_dict()
    risk = told_chart(
        say,
        "risk",
        charts.along_budgets(rows, SOURCE),
        SOURCE,
        name="money_frontier",
        first=first,
        last=last,
    )
    return Chapter(anchor="curve", title="Risk against money", parts=[risk])


class Breakpoints(DeclaredTable):
    """A row a breakpoint of the curve."""

    title = "Breakpoints"
    file = SOURCE

    scale = figures("scale")
    budget_musd = in_musd("budgets")
    risk_musd = in_musd("least risk")
    worth = in_musd("one more MUSD reduces it by")
    cost_musd = in_musd("cost of the plan")
    changes = text("changes of the plan from the row above")


def breakpoints(found: FrontierResults) -> Chapter:
    """The plan at each breakpoint, by its difference to the one before."""
    table = found.table
    known = table[table["cost_musd"].notna()] if "cost_musd" in table else table.head(0)
    sizes = known.filter(like=NEW_CAPACITY)
    sizes = sizes.rename(columns=lambda name: name.removeprefix(NEW_CAPACITY))
    steps = sizes.diff().fillna(sizes)
    changes = [_difference(row) for _, row in steps.iterrows()]
    shown = Breakpoints.over(
        known.assign(changes=changes).reindex(columns=Breakpoints.fields()), note=say("breakpoints")
    )
    return Chapter(anchor="plans", title="The plan at each breakpoint", parts=[shown])


def _difference(steps: pd.Series) -> str:
    moved = steps[steps.abs() >= LEAST_STEP]
    moved = moved.sort_values(key=lambda step: -step.abs(), kind="stable")
    told = []
    for project, step in moved.items():
        told.append(f"{project} {'+' if step > 0 else MINUS}{number(abs(step))}")
    rest = f" and {len(told) - MOST_STEPS} more" if len(told) > MOST_STEPS else ""
    return ", ".join(told[:MOST_STEPS]) + rest or "nothing built differs"
