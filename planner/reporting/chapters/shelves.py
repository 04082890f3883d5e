"""Three shelves: plants that run anyway, cheap insurance and dear insurance, with how much of each is used."""

from __future__ import annotations

import pandas as pd

from planner.reporting.parts import (
    Chapter,
    DeclaredTable,
    ReportTable,
    changed,
    in_musd,
    per_cent,
    text,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.plants import is_measure
from planner.results.figures.recommended import (
    CHEAP,
    DEAR,
    RUNS,
    adds,
    recommended,
    shelf_of,
    unearned,
)
from planner.results.plan import Plan

say = Passages("shelves.j2")
SHELVES = (RUNS, CHEAP, DEAR)
SLIGHTLY_USED, MOST_NAMED, MOST_ROWS = 0.1, 3, 25


def chapter(plan: Plan) -> Chapter | None:
    """What each plant is for, as far as it was asked."""
    rows = shelved(plan)
    return Chapter.of("shelves", "Three shelves", [table(rows)], lead=lead(plan, rows))


def shelved(plan: Plan) -> pd.DataFrame:
    """A row a plant or measure: as of `recommended`, and of those that were dropped their `shelf`, what dropping `adds`
    to cost plus risk, to `risk` and `cost`, and the cost that it does not earn (`unearned`); shelf after shelf."""
    rows = recommended(plan)
    calm = rows.set_index("project")["calm"]
    told = []
    for one in plan.explanation.droppings if plan.explanation is not None else ():
        told.append(
            {
                "project": one.project,
                "shelf": shelf_of(one, calm.get(one.project, 0.0)),
                "adds": adds(one),
                "risk": one.risk,
                "cost": one.cost,
                "unearned": unearned(one),
            }
        )
    columns = ["project", "shelf", "adds", "risk", "cost", "unearned"]
    joined = rows.merge(pd.DataFrame(told, columns=columns), on="project", how="left")
    place = joined["shelf"].map(SHELVES.index, na_action="ignore").fillna(len(SHELVES))
    joined = joined.assign(place=place, name=joined["project"].map(names_of(plan.case).placed))
    joined["is_measure"] = [is_measure(plan, project) for project in joined["project"]]
    return joined.sort_values(["place", "adds"], ascending=[True, False], ignore_index=True)


def lead(plan: Plan, rows: pd.DataFrame) -> str:
    """The number and the capital of each shelf, and the plants that hardly run."""
    by_shelf = rows.groupby("shelf")["capex_musd"].agg(["size", "sum"])
    idle = rows[(rows["calm"] < SLIGHTLY_USED) & ~rows["is_measure"]]
    idle = idle.sort_values("capex_musd", ascending=False)
    return say(
        "lead",
        asked=plan.explanation is not None,
        shelves={shelf: by_shelf.loc[shelf] for shelf in SHELVES if shelf in by_shelf.index},
        idle=idle.head(MOST_NAMED).to_dict("records"),
        most=SLIGHTLY_USED,
    )


class Shelves(DeclaredTable):
    """A row a plant or measure."""

    title = "What each plant is for"
    source = (
        f"{EXPLANATION}: droppings; tables/capacity.csv, weighted by probability: throughput_t over usable_tpa; "
        "tables/shortfall.csv: without_plan_t"
    )
    stacked = True
    sheet = "shelves"
    meaning = (
        "what each plant is for: its capital, its use, and what dropping it adds, all else free"
    )

    shelf = text()
    name = text("plant or measure")
    capex_musd = in_musd("capital")
    calm = per_cent("used in calm years", "of what is usable")
    cuts = per_cent("used in cuts", "of what is usable")
    unearned = in_musd("cost it does not earn")
    adds = changed("dropping it adds", "MUSD")
    risk = changed("to risk", "MUSD")
    cost = changed("to cost", "MUSD")


def table(rows: pd.DataFrame) -> ReportTable | None:
    """Every plant and measure on its shelf; those that nobody asked about at the end."""
    if rows.empty:
        return None
    asked = bool(rows["shelf"].notna().any())
    left_out = [] if asked else ["shelf", "unearned", "adds", "risk", "cost"]
    frame = rows.assign(shelf=rows["shelf"].fillna("not asked"))
    note = say("table", asked=asked)
    return Shelves.over(frame, Shelves.all(*left_out), note=note, folded=len(rows) > MOST_ROWS)
