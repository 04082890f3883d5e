"""Charts of unmet demand: by element and year, and country by country."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WITH, WITHOUT = "unmet with the plan", "unmet without a plan"
LOOK = {WITHOUT: style.PLAIN, WITH: style.MISSING}


def unmet_by_element(
    frame: pd.DataFrame, scenarios: Sequence[str], start: str, source: str
) -> style.Drawing:
    """Unmet demand of each element by year, per cent of its demand, in a scenario that can be chosen.

    frame: scenario, element, year, plan (`WITH` or `WITHOUT`), share, tonnes, demand_t.
    """
    return style.small_multiples(
        _unmet(frame, source).add_params(style.chooser("scenario", "Scenario", scenarios, start)),
        "element",
        columns=3,
        order=list(dict.fromkeys(frame["element"])),
    )


def unmet_by_country(
    frame: pd.DataFrame,
    *,
    scenarios: Sequence[str],
    elements: Sequence[str],
    start: tuple[str, str],
    source: str,
) -> style.Drawing:
    """Unmet demand of an element country by country, per cent of demand, in a scenario; both can be chosen.

    frame: as for `unmet_by_element`, with country.
    """
    chosen = style.chooser("element", "Element", elements, start[1])
    chart = _unmet(frame, source).transform_filter(alt.datum.element == chosen)
    chart = chart.add_params(style.chooser("scenario", "Scenario", scenarios, start[0]), chosen)
    return style.small_multiples(chart, "country", columns=4)


def _unmet(frame: pd.DataFrame, source: str) -> alt.Chart:
    """Bars by year, red with the plan before grey without one."""
    where = [style.word("country", "country")] if "country" in frame else []
    tips = style.told(
        style.word("scenario", "scenario"),
        *where,
        style.word("element", "element"),
        style.word("year", "year"),
        style.word("", "plan"),
        style.figure("share of demand", "share", ".1%"),
        style.figure("unmet, t", "tonnes"),
        style.figure("demand, t", "demand_t"),
    )
    chart: alt.Chart = (
        style.sourced(frame, source)
        .transform_filter("datum.scenario == scenario")
        .mark_bar()
        .encode(
            x=style.years(frame),
            y=style.shares("share", "% of demand", stack=None, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("plan:N", scale=style.colours(LOOK)),
            order=alt.Order("share:Q", sort="descending"),
            tooltip=tips,
        )
    )
    return chart
