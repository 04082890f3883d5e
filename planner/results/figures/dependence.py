"""Figures of dependence: the largest origin of each good, what can be met without one, the worst single loss of a year."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from planner.data.kept import kept
from planner.results.coverage import Coverage
from planner.results.origins import LAST, STOCK
from planner.results.plan import Plan

GOOD_OF_YEAR = ["element", "form", "year"]
LATER = 2030
"""Year for which official lines of Europe are set: Regulation (EU) 2024/1252, article 5."""


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
