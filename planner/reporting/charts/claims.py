"""Charts of claims: measures beside their threshold, and what each lever makes of the whole."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

GIVEN, TRIALS, JOINT = "as given", "in trials, one input at a time", "in joint draws, 5 to 95 %"
OTHER = "by the other odds"
LOOK = {GIVEN: style.INK, TRIALS: style.PLAIN, JOINT: style.ACCENT, OTHER: style.ACCENT}


def verdicts(frame: pd.DataFrame, threshold: float, source: str) -> style.Drawing:
    """The share of the whole reduction that each claim measures, with the threshold as a rule.

    frame: claim, kind (`GIVEN`, `TRIALS`, `JOINT`, `OTHER`), low, high: shares.
    """
    look = {kind: LOOK[kind] for kind in LOOK if kind in set(frame["kind"])}
    order = list(dict.fromkeys(frame["claim"]))
    across = alt.X("low:Q", title="share of the reduction by all levers", axis=_per_cent())
    tips = style.told(
        style.word("claim", "claim"),
        style.word("", "kind"),
        style.figure("least", "low", ".1%"),
        style.figure("most", "high", ".1%"),
    )
    hue = alt.Color("kind:N", scale=style.colours(look), title=None)
    base = style.sourced(frame, source).encode(
        x=across, y=style.rows("claim", order), color=hue, tooltip=tips
    )

    def of_kind(kind: str) -> alt.Chart:
        found: alt.Chart = base.transform_filter(alt.datum.kind == kind)
        return found

    marks = {
        TRIALS: of_kind(TRIALS).mark_rule(strokeWidth=9).encode(x2="high:Q"),
        JOINT: of_kind(JOINT).mark_rule(strokeWidth=3).encode(x2="high:Q"),
        GIVEN: of_kind(GIVEN).mark_point(filled=True, size=80, opacity=1),
        OTHER: of_kind(OTHER).mark_point(shape="diamond", filled=True, size=80, opacity=1),
    }
    # A layer without a row has no scale and no words for who cannot see it.
    layers = alt.layer(*(marks[kind] for kind in marks if kind in look), _threshold(threshold))
    return style.across(layers, 30 * len(order))


def _threshold(at: float) -> alt.Chart:
    line = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(color=style.MISSING, strokeDash=[4, 3])
    found: alt.Chart = line.encode(x="at:Q")
    return found


def lever_values(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Shapley share of each lever as a bar, first in and last out as its marks.

    frame: lever, first_in, last_out, shapley, doubt: shares of the whole.
    """
    order = list(frame["lever"])
    tips = style.told(
        style.word("lever", "lever"),
        style.figure("Shapley share", "shapley", ".1%"),
        style.figure("its standard error", "doubt", ".1%"),
        style.figure("first in", "first_in", ".1%"),
        style.figure("last out", "last_out", ".1%"),
    )
    title = "share of the reduction by all levers"
    base = style.sourced(frame, source).encode(y=style.rows("lever", order), tooltip=tips)
    bars = base.mark_bar(color=style.ACCENT, opacity=0.85).encode(
        x=alt.X("shapley:Q", title=title, axis=_per_cent())
    )
    first = base.mark_point(shape="triangle-right", size=70, filled=True, color=style.INK)
    last = base.mark_point(shape="diamond", size=60, filled=True, color=style.MISSING)
    marks = [first.encode(x="first_in:Q"), last.encode(x="last_out:Q")]
    return style.across(alt.layer(bars, *marks), 26 * len(order))


def _per_cent() -> alt.Axis:
    return alt.Axis(format=style.PERCENT, tickCount=6)
