"""Figures of dependence: the largest origin of each good, what can be met without one, the worst single loss of a year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.results.coverage import NOTHING, Coverage
from planner.results.origins import LAST, STOCK
from planner.results.plan import Plan
from planner.results.reader import rows_of
from planner.thresholds import TOLERATED

GOOD_OF_YEAR = ["element", "form", "year"]
LATER = 2030
"""Year for which official lines of Europe are set: Regulation (EU) 2024/1252, article 5."""


@dataclass(frozen=True, kw_only=True)
class SingleLoss:
    """The loss (MUSD, not discounted) of an undisturbed year without one thing, with the plan and without a plan."""

    year: int
    without: str
    with_plan_musd: float
    no_plan_musd: float


@kept
def supply_by_origin(plan: Plan) -> pd.DataFrame:
    """Expected supply by the country of the last plant, all groups together: element, form, year, origin, `tonnes`, and
    `share` of what does not come from stock, as `diversification` of the summary has it."""
    table = plan.tables["origins"]
    is_supply = (table["party"] == "") & (table["origin"] != STOCK) & (table["basis"] == LAST)
    sums = table[is_supply].groupby([*GOOD_OF_YEAR, "origin"], as_index=False)[["tonnes"]].sum()
    whole = sums.groupby(GOOD_OF_YEAR)["tonnes"].transform("sum")
    return sums.assign(share=sums["tonnes"] / whole.where(whole > 0, 1.0))


def largest_origins(plan: Plan) -> pd.DataFrame:
    """The largest origin of each good in each year: element, form, year, origin, tonnes, share."""
    rows = supply_by_origin(plan).sort_values(["share", "origin"], ascending=[False, True])
    return rows.drop_duplicates(GOOD_OF_YEAR).sort_index()


def milestones(years: Iterable[int]) -> list[int]:
    """The first of some years, the first of them that is not before `LATER`, and the last; none of none."""
    told = sorted(map(int, years))
    if not told:
        return []
    later = [year for year in told if year >= LATER] or told
    return sorted({told[0], later[0], told[-1]})


@kept
def coverage(plan: Plan) -> Coverage:
    """The demand that can be met without an origin, an ally or a plant; no rows if it was not asked for."""
    return Coverage(plan.rows("coverage"))


def worst_single_losses(plan: Plan) -> Iterator[SingleLoss]:
    """For each milestone that coverage tells, the one origin, ally or plant without which most is lost, with the plan or
    without one; no entry for a year in which nothing is."""
    losses: dict[int, dict[str, dict[bool, float]]] = {}
    rows = coverage(plan).rows
    is_single = (rows["without"] != NOTHING) & ~rows["without"].str.contains("+", regex=False)
    for row in rows_of(rows[is_single]):
        of_removal = losses.setdefault(row.year, {}).setdefault(row.without, {})
        with_plan = row.plan == "true"
        of_removal[with_plan] = max(of_removal.get(with_plan, 0.0), row.loss_musd)
    for year in milestones(losses):
        without, musd = max(losses[year].items(), key=lambda item: max(item[1].values()))
        if max(musd.values()) > TOLERATED:
            yield SingleLoss(
                year=year,
                without=without,
                with_plan_musd=musd.get(True, 0.0),
                no_plan_musd=musd.get(False, 0.0),
            )


def worst_pair(plan: Plan) -> dict[str, Any] | None:
    """In the last year that was asked the ally or plant `without` which most is lost while the largest origin is `shut`: the
    loss with `both`, and with the origin `alone` (MUSD); None where no pair was asked or loses more."""
    rows = coverage(plan).of_plan()
    rows = rows[rows["year"] == rows["year"].max()]
    losses = rows.groupby("without")["loss_musd"].max()
    pairs = losses[losses.index.str.contains("+", regex=False)]
    if pairs.empty:
        return None
    origin, _, without = str(pairs.idxmax()).partition("+")
    if pairs.max() <= losses[origin] + TOLERATED:
        return None
    return {
        "year": rows["year"].max(),
        "shut": origin,
        "without": without,
        "both": pairs.max(),
        "alone": losses[origin],
    }
