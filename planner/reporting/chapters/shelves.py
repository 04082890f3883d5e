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
    adds,
    left_open,
    recommended,
    shelf_of,
)
from planner.results.figures.sums import records
from planner.results.plan import Plan

say = Passages("shelves.j2")
SHELVES = (RUNS, CHEAP, DEAR, LEFT_OPEN)
SLIGHTLY_USED, MOST_NAMED = 0.1, 3
DROPPED = ["project", "shelf", "dropped", "idle", "adds", "risk", "cost", "avoided"]
SAME_MUSD = 1e-3
"""What dropping adds is the same for two plants where it differs by less."""


def chapter(plan: Plan) -> Chapter | None:
    """What each plant is for, as far as it was asked."""
    rows = shelved(plan)
    return Chapter.of("shelves", "Three shelves", [table(plan, rows)], lead=lead(plan, rows))


def shelved(plan: Plan) -> pd.DataFrame:
    """A row a plant: as of `recommended`, with its `name`, and of those that were dropped, if any were, their `shelf`, the
    capital that was `dropped` and the part of it that is `idle` in calm years by their use in the plan, what dropping `adds`
    to cost plus risk, to `risk` and `cost`, and the risk `avoided` for each MUSD of cost; shelf after shelf."""
    rows = recommended(plan)
    rows = rows.assign(name=rows["project"].map(names_of(plan.case).placed))
    if plan.explanation is None:
        return rows[~are_measures(plan, rows["project"])]
    rows = rows.assign(unused=(1.0 - rows["calm"].fillna(0.0)).clip(lower=0.0))
    by_plant = {row["project"]: row for row in records(rows)}
    told = []
    for one in plan.explanation.droppings:
        row = by_plant.get(one.project)
        if row is not None:
            idle = one.capital * row["unused"]
            told.append(
                {
                    "project": one.project,
                    "shelf": shelf_of(one, row["calm"], idle, left_open(plan)),
                    "dropped": one.capital,
                    "idle": idle,
                    "adds": adds(one),
                    "risk": one.risk,
                    "cost": one.cost,
                    "avoided": one.risk / -one.cost if one.risk > 0 > one.cost else None,
                }
            )
    joined = rows.merge(pd.DataFrame(told, columns=DROPPED, dtype=object), on="project")
    joined = joined.astype(dict.fromkeys(DROPPED[2:], float))
    joined = joined.assign(place=joined["shelf"].map(SHELVES.index).astype(int))
    order = ["place", "avoided", "adds"]
    return joined.sort_values(
        order, ascending=[True, False, False], na_position="first", ignore_index=True
    )


def lead(plan: Plan, rows: pd.DataFrame) -> str:
    """The number and the capital of each shelf, and the plants that hardly run."""
    asked = plan.explanation is not None
    shelves, unasked = [], _unasked(plan, rows)
    for shelf in SHELVES if asked else ():
        capital = rows.loc[rows["shelf"] == shelf, "capex_musd"]
        shelves.append({"shelf": shelf, "plants": len(capital), "capital": float(capital.sum())})
    idle = rows[rows["calm"] < SLIGHTLY_USED]
    gap = left_open(plan) if asked else 0.0
    idle = idle.sort_values("capex_musd", ascending=False)
    return say(
        "lead",
        asked=asked,
        shelves=shelves,
        unasked=unasked["project"].map(names_of(plan.case).placed).tolist(),
        unasked_capital=float(unasked["capex_musd"].sum()),
        of_any_size=plan.case.model.policy.whole_plants,
        together=_need_each_other(rows) if asked else [],
        idle=idle.head(MOST_NAMED).to_dict("records"),
        most=SLIGHTLY_USED,
        gap=gap,
        plants=len(rows),
        less=int((rows["adds"] < gap).sum()) if asked else 0,
    )


def _unasked(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `recommended` of the plants that were not dropped: it was asked of a plan that does not build them."""
    own = recommended(plan)
    return own[~are_measures(plan, own["project"]) & ~own["project"].isin(rows["project"])]


def _need_each_other(rows: pd.DataFrame) -> list[list[str]]:
    """Names of plants of several stages that add the same, risk and cost: who drops one drops the others."""
    matter = rows[rows["adds"] > SAME_MUSD]
    found = []
    for _, alike in matter.groupby([(matter[by] / SAME_MUSD).round() for by in ("risk", "cost")]):
        if alike["stage"].nunique() > 1:
            found.append(alike["name"].tolist())
    return found


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
        in_musd("dropped", "capital dropped, in the plan of any size"),
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
    is_open = asked and bool((rows["shelf"] == LEFT_OPEN).any())
    left_out = [] if of_any_size else ["dropped"] if asked else DROPPED[1:]
    return SHELVES_TABLE.over(
        rows, left_out, note=say("table", asked=asked, of_any_size=of_any_size, open=is_open)
    )
