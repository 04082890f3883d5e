"""What each plant is for: those that run anyway, cheap insurance and dear insurance, and those to look at again."""

from __future__ import annotations

import pandas as pd

from planner.data.kept import kept
from planner.reporting.parts import Chapter, ReportTable, changed, figures, in_musd, per_cent, text
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import money
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION
from planner.results.figures.recommended import (
    CHEAP,
    DEAR,
    HARDLY,
    LEFT_OPEN,
    OTHER_SIZE,
    RUNS,
    hardly_used,
    is_same_size,
    new_plants,
    share_of_calm,
    shelf_of,
    welfare_left_open,
)
from planner.results.figures.sums import records
from planner.results.plan import Plan
from planner.results.reader import rows_of

say = Passages("shelves.j2")
NAMED = (RUNS, CHEAP, DEAR)
"""Shelves that are told where nothing stands on them too."""
UNASKED = "not asked"
TO_LOOK_AT = (HARDLY, OTHER_SIZE, LEFT_OPEN, DEAR, UNASKED)
SHELVES = (*NAMED, LEFT_OPEN, OTHER_SIZE, HARDLY)
OF_THAT_SIZE = ["idle", "adds", "risk", "cost", "avoided"]
"""What is said of the size that was dropped alone."""
DROPPED = ["project", "tpa", "capital", "risk", "cost"]


def chapter(plan: Plan) -> Chapter | None:
    """What each plant is for, as far as it was asked."""
    rows = shelved(plan)
    title = "What each plant is for"
    return Chapter.of("shelves", title, [table(plan, rows)], lead=lead(plan, rows))


@kept
def shelved(plan: Plan) -> pd.DataFrame:
    """A row a plant: as of `new_plants`, with its `name`, and of those that were dropped, if any were, their `shelf`, the
    size that was `dropped` and its `scale` to that of the plan, the part of the capital of that size that is `idle` in calm
    years by their use in the plan, what dropping `adds` to cost plus risk, to `risk` and `cost`, and the risk `avoided`
    for each MUSD of cost; shelf after shelf."""
    rows = new_plants(plan)
    rows = rows.assign(name=rows["project"].map(names_of(plan.case).placed))
    if plan.explanation is None:
        return rows
    told = pd.DataFrame(map(vars, plan.explanation.droppings), columns=DROPPED)
    joined = rows.merge(told.rename(columns={"tpa": "dropped"}), on="project")
    risk, cost = joined["risk"], joined["cost"]
    unused = (1.0 - joined["calm"].fillna(0.0)).clip(lower=0.0)
    joined = joined.assign(
        scale=joined["dropped"] / joined["tpa"],
        adds=risk + cost,
        idle=joined["capital"] * unused,
        avoided=(risk / -cost).where((risk > 0) & (cost < 0)),
    )
    gap = welfare_left_open(plan)
    shelf = [shelf_of(row, gap) for row in rows_of(joined)]
    joined = joined.assign(shelf=shelf, place=list(map(SHELVES.index, shelf)))
    joined.loc[~is_same_size(joined["dropped"], joined["tpa"]), OF_THAT_SIZE] = float("nan")
    order = ["place", "avoided", "adds"]
    return joined.sort_values(
        order, ascending=[True, False, False], na_position="first", ignore_index=True
    )


def lead(plan: Plan, rows: pd.DataFrame) -> str:
    """The number and the capital of each shelf."""
    asked = plan.explanation is not None
    unasked, shelves = _unasked(plan, rows), pd.DataFrame()
    if asked:
        told = [shelf for shelf in SHELVES if shelf in {*NAMED, *rows["shelf"]}]
        by_shelf = rows.groupby("shelf")["capex_musd"].agg(plants="size", capital="sum")
        shelves = by_shelf.reindex(told, fill_value=0).reset_index()
    gap = welfare_left_open(plan)
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


def look_again(plan: Plan) -> str:
    """The plants that are hardly used, and those of which no dropping shows that they are worth their cost."""
    kinds = [hardly_used(plan).assign(shelf=HARDLY)]
    if plan.explanation is not None:
        rows = shelved(plan)
        kinds += [rows, _unasked(plan, rows).assign(shelf=UNASKED)]
    told = pd.concat(kinds).drop_duplicates("project")
    placed = names_of(plan.case).placed
    by_shelf: dict[str, list[str]] = {shelf: [] for shelf in TO_LOOK_AT}
    for row in rows_of(told[told["shelf"].isin(TO_LOOK_AT)]):
        by_shelf[row.shelf].append(f"{placed(row.project)} ({money(row.capex_musd)})")
    return say("look_again", shelves=by_shelf)


def _unasked(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `new_plants` that were not dropped: it was asked of a plan that does not build them."""
    own = new_plants(plan)
    return own[~own["project"].isin(rows["project"])]


SHELVES_TABLE = ReportTable(
    title="Plants by shelf",
    source=f"{EXPLANATION}: droppings; tables/capacity.csv, weighted by probability: throughput_t over usable_tpa; "
    "tables/shortfall.csv: without_plan_t",
    sheet="shelves",
    meaning="what each plant is for: its capital, its use, and what dropping it adds, all else free",
    columns=[
        text("shelf"),
        text("name", "plant"),
        in_musd("capex_musd", "capital"),
        per_cent("calm", "used in calm years", "of what is usable"),
        per_cent("cuts", "used in all other years", "of what is usable"),
        per_cent("scale", "size dropped", "of this plant's"),
        in_musd("idle", "capital of that size, idle in calm years"),
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
    left_out = [] if of_any_size else ["scale"]
    if not asked:
        left_out += ["shelf", "idle", "adds", "risk", "cost", "avoided"]
    return SHELVES_TABLE.over(
        rows,
        left_out,
        note=say("table", asked=asked, of_any_size=of_any_size, calm=share_of_calm(plan)),
    )
