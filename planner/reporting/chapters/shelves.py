"""Three shelves: plants that run anyway, cheap insurance and dear insurance, with how much of each is used."""

from __future__ import annotations

import pandas as pd

from planner.reporting.parts import Chapter, ReportTable, changed, figures, in_musd, per_cent, text
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.plants import are_measures
from planner.results.figures.recommended import (
    CHEAP,
    DEAR,
    LEFT_OPEN,
    RUNS,
    left_open,
    recommended,
    shelf_of,
)
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("shelves.j2")
SHELVES = (RUNS, CHEAP, DEAR, LEFT_OPEN)
DROPPED = ["project", "capital", "risk", "cost"]


def chapter(plan: Plan) -> Chapter | None:
    """What each plant is for, as far as it was asked."""
    rows = shelved(plan)
    return Chapter.of("shelves", "Three shelves", [table(plan, rows)], lead=lead(plan, rows))


def shelved(plan: Plan) -> pd.DataFrame:
    """A row a plant: as of `recommended`, with its `name`, and of those that were dropped, if any were, their `shelf`, the
    `capital` that was dropped and the part of it that is `idle` in calm years by their use in the plan, what dropping `adds`
    to cost plus risk, to `risk` and `cost`, and the risk `avoided` for each MUSD of cost; shelf after shelf."""
    rows = recommended(plan)
    rows = rows.assign(name=rows["project"].map(names_of(plan.case).placed))
    if plan.explanation is None:
        return rows[~are_measures(plan, rows["project"])]
    told = pd.DataFrame(map(vars, plan.explanation.droppings), columns=DROPPED)
    joined = rows.merge(told, on="project")
    risk, cost = joined["risk"], joined["cost"]
    unused = (1.0 - joined["calm"].fillna(0.0)).clip(lower=0.0)
    avoided = (risk / -cost).where((risk > 0) & (cost < 0))
    joined = joined.assign(adds=risk + cost, idle=joined["capital"] * unused, avoided=avoided)
    gap = left_open(plan)
    shelf = [shelf_of(row, row.calm, row.idle, gap) for row in rows_of(joined)]
    joined = joined.assign(shelf=shelf, place=list(map(SHELVES.index, shelf)))
    order = ["place", "avoided", "adds"]
    return joined.sort_values(
        order, ascending=[True, False, False], na_position="first", ignore_index=True
    )


def lead(plan: Plan, rows: pd.DataFrame) -> str:
    """The number and the capital of each shelf."""
    asked = plan.explanation is not None
    unasked, shelves = _unasked(plan, rows), pd.DataFrame()
    if asked:
        by_shelf = rows.groupby("shelf", sort=False)["capex_musd"]
        shelves = by_shelf.agg(plants="size", capital="sum").reset_index()
    gap = left_open(plan) if asked else 0.0
    return say(
        "lead",
        asked=asked,
        shelves=records(shelves),
        unasked=unasked["project"].map(names_of(plan.case).placed).tolist(),
        unasked_capital=float(unasked["capex_musd"].sum()),
        of_any_size=plan.case.model.policy.whole_plants,
        gap=gap,
        plants=len(rows),
        less=int((rows["adds"] < gap).sum()) if asked else 0,
    )


def _unasked(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `recommended` of the plants that were not dropped: it was asked of a plan that does not build them."""
    own = recommended(plan)
    return own[~are_measures(plan, own["project"]) & ~own["project"].isin(rows["project"])]


SHELVES_TABLE = ReportTable(
    title="What each plant is for",
    source=f"{EXPLANATION}: droppings; tables/capacity.csv, weighted by probability: throughput_t over usable_tpa; "
    "tables/shortfall.csv: without_plan_t",
    sheet="shelves",
    meaning="what each plant is for: its capital, its use, and what dropping it adds, all else free",
    columns=[
        text("shelf"),
        text("name", "plant"),
        in_musd("capex_musd", "capital"),
        in_musd("capital", "capital dropped, in the plan of any size"),
        in_musd("idle", "of it idle in calm years"),
        per_cent("calm", "used in calm years", "of what is usable"),
        per_cent("cuts", "used in cuts", "of what is usable"),
        changed("adds", "dropping it adds", "MUSD"),
        changed("risk", "to risk", "MUSD"),
        changed("cost", "to cost", "MUSD"),
        figures("avoided", "risk avoided", "for each MUSD of cost"),
    ],
)
"""A row a plant."""


def table(plan: Plan, rows: pd.DataFrame) -> ReportTable | None:
    """Every plant on its shelf, or with its use alone where nobody asked."""
    if rows.empty:
        return None
    asked = "shelf" in rows
    of_any_size = asked and plan.case.model.policy.whole_plants
    left_out = [] if of_any_size else ["capital"]
    if not asked:
        left_out += ["shelf", "idle", "adds", "risk", "cost", "avoided"]
    return SHELVES_TABLE.over(
        rows, left_out, note=say("table", asked=asked, of_any_size=of_any_size)
    )
