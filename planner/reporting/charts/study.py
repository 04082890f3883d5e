"""Pictures of a study: tornado, indices, response curves, heat maps, the frontier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import EXISTING, HUES, INK, WITH, WITHOUT, Drawer, coloured, legend_of, y_amount
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.wording import number, percent
from planner.results.study import MEANINGS, Indices

ROW = 24
BEST = "best plan for each point"


def outcome_words(outcome: str) -> str:
    """An outcome for people: 'new nameplate by project (t/y): donald'."""
    group, _, member = outcome.partition(".")
    words = MEANINGS.get(group, group)
    return f"{words}: {member}" if member else words


def unit_of(outcome: str) -> str:
    """Unit of an outcome, for an axis."""
    group = outcome.split(".")[0]
    ends = {"musd": "MUSD", "_t": "t", "tpa": "t/y", "service_level": "share"}
    return next((unit for end, unit in ends.items() if group.endswith(end)), "persons")


def _x(column: str, title: str, zero: bool = False) -> alt.X:
    axis = alt.Axis(title=title, tickCount=5, format=",~r", grid=True)
    return alt.X(f"{column}:Q", scale=alt.Scale(zero=zero, nice=True), axis=axis)


def _y(column: str, title: str) -> alt.Y:
    axis = alt.Axis(title=title, tickCount=4, format=",~r", domain=False, ticks=False)
    return alt.Y(f"{column}:Q", scale=alt.Scale(zero=False, nice=True), axis=axis)


def _y_names(names: Iterable[str]) -> alt.Y:
    return alt.Y("name:N", sort=list(names), axis=alt.Axis(title=None, labelLimit=240, domain=False, ticks=False))


def tornado(table: pd.DataFrame, outcome: str, draw: Drawer) -> Figure:
    """Bars from the outcome at the lowest to that at the highest value of each uncertainty."""
    rows = table.head(20)
    ends = [("lowest value", WITHOUT), ("highest value", WITH)]
    long = pd.concat(
        [rows.assign(end=ends[0][0], value=rows["at_low"]), rows.assign(end=ends[1][0], value=rows["at_high"])]
    )
    base, bars = alt.Chart(long), alt.Chart(long).mark_bar(height=ROW * 0.6)
    x = _x("base", unit_of(outcome))
    chart = alt.layer(
        bars.encode(y=_y_names(rows["name"]), x=x, x2="value:Q", color=coloured("end", ends)),
        base.mark_rule(color=INK).encode(x="base:Q"),
    ).properties(width=560, height=ROW * len(rows))
    first = table.iloc[0]
    told = (
        f"{first['name']} moves it most: {number(first['at_low'])} at {first['low']}, {number(first['at_high'])} at "
        f"{first['high']}, against {number(first['base'])} for the case as it is."
    )
    panel = draw.panel(outcome_words(outcome), told, chart)
    legend = [*((hue, "box", f"at the {end}") for end, hue in ends), (INK, "line", "case as it is")]
    return Figure("One at a time", told, [panel], legend, layout="wide")


def influence(found: Indices, draw: Drawer) -> Figure:
    """Sobol or Morris indices with their 95 % intervals."""
    sobol = found.kind == "sobol"
    rows = [
        (row.name, what, value, value - within, value + within)
        for row in found.rows
        for what, value, within in (
            (("alone", row.first, row.first_within), ("with others", row.total, row.total_within))
            if sobol
            else (("mean effect", row.total, row.total_within),)
        )
    ]
    ranked = sorted(found.rows, key=lambda row: -row.total)
    table = pd.DataFrame(rows, columns=["name", "what", "value", "low", "high"])
    offset = alt.YOffset("what:N", sort=["alone", "with others"])
    base = alt.Chart(table).encode(y=_y_names(row.name for row in ranked), yOffset=offset)
    colour = coloured("what", [("alone", WITH), ("with others", HUES[1]), ("mean effect", WITH)])
    title = "share of the variance" if sobol else unit_of(found.outcome)
    chart = alt.layer(
        base.mark_bar().encode(x=_x("value", title, zero=True), color=colour),
        base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q"),
    ).properties(width=560, height=(ROW if not sobol else 2 * ROW * 0.8) * len(found.rows))
    first = ranked[0]
    if sobol:
        told = (
            f"{first.name} explains most: {percent(first.first)} of the variance alone, {percent(first.total)} with "
            f"its interactions (± {percent(first.total_within)})."
        )
        legend = [(WITH, "box", "alone"), (HUES[1], "box", "with interactions"), (INK, "line", "95 % interval")]
    else:
        told = (
            f"{first.name} has the largest mean effect from end to end of its range: {number(first.total)} ± "
            f"{number(first.total_within)}."
        )
        legend = [(WITH, "box", "mean absolute effect"), (INK, "line", "95 % interval")]
    if found.left_out:
        blocks = found.left_out + found.used
        told += f" {found.left_out} of {blocks} blocks had a point without an optimum and were left out."
    return Figure("Influence", told, [draw.panel(outcome_words(found.outcome), told, chart)], legend, layout="wide")


def response_curves(curves: Sequence[tuple[str, pd.DataFrame]], outcome: str, draw: Drawer) -> Figure | None:
    """An outcome along each uncertainty: mean and band."""
    panels: list[Panel] = []
    for name, curve in curves:
        if len(curve) < 2:
            continue
        numbers = pd.api.types.is_numeric_dtype(curve["value"])
        data = curve if numbers else curve.assign(value=curve["value"].astype(str))
        x = _x("value", name) if numbers else alt.X("value:N", sort=None, axis=alt.Axis(title=name, labelAngle=0))
        base = alt.Chart(data)
        band = base.mark_area(color=WITH, opacity=0.2).encode(x=x, y=_y("low", unit_of(outcome)), y2="high:Q")
        line = base.mark_line(color=WITH, strokeWidth=2, point=alt.OverlayMarkDef(size=16, color=WITH))
        chart = alt.layer(band, line.encode(x=x, y=_y("mean", unit_of(outcome)))).properties(width=300, height=170)
        ends = f"from {number(float(curve['mean'].iloc[0]))} to {number(float(curve['mean'].iloc[-1]))}"
        panels.append(draw.panel(name, f"Mean {ends} {unit_of(outcome)}.", chart))
    if not panels:
        return None
    legend = [(WITH, "line", "mean"), (EXISTING, "box", "10 to 90 % of the points")]
    takeaway = f"{outcome_words(outcome)}, along each uncertainty, over all values of the others."
    return Figure(f"Response: {outcome_words(outcome)}", takeaway, panels, legend)


def heat_map(rows: pd.DataFrame, first: str, second: str, outcome: str, draw: Drawer) -> Figure | None:
    """Mean of an outcome over two uncertainties that take few values each."""
    table = rows.groupby([first, second], as_index=False)[outcome].mean()
    if not (1 < table[first].nunique() <= 25 and 1 < table[second].nunique() <= 25):
        return None
    table = table.assign(a=table[first].map(_label), b=table[second].map(_label), shown=table[outcome].map(number))
    low, high = float(table[outcome].min()), float(table[outcome].max())
    x = alt.X("a:N", sort=None, axis=alt.Axis(title=first, labelAngle=0, ticks=False, domain=False))
    y = alt.Y("b:N", sort=None, axis=alt.Axis(title=second, ticks=False, domain=False, labelLimit=200))
    colour = alt.Color("v:Q", scale=alt.Scale(domain=[low, high], range=["#eef4fa", WITH]))
    base = alt.Chart(table.assign(v=table[outcome], dark=table[outcome] > low + 0.6 * (high - low)))
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value(INK))
    chart = alt.layer(
        base.mark_rect().encode(x=x, y=y, color=colour), base.mark_text().encode(x=x, y=y, text="shown:N", color=ink)
    ).properties(width=64 * table["a"].nunique(), height=30 * table["b"].nunique())
    told = f"Between {number(low)} and {number(high)} {unit_of(outcome)}."
    return Figure(f"{first} against {second}", told, [draw.panel(outcome_words(outcome), told, chart)], layout="wide")


def held_plans(held: pd.DataFrame, draw: Drawer) -> Figure:
    """Risk of each plan held fixed, and of the best plan for each point, points in order of risk."""
    best = held.drop_duplicates("point").assign(plan=BEST, risk_musd=lambda t: t["least_risk_musd"])
    both = pd.concat([held, best]).dropna(subset="risk_musd").sort_values(["plan", "risk_musd"], kind="stable")
    both["share"] = both.groupby("plan").cumcount() / (both.groupby("plan")["risk_musd"].transform("size") - 1).clip(1)
    names = [BEST, *held["plan"].unique()]
    colours = list(zip(names, [EXISTING, *(HUES[i % len(HUES)] for i in range(len(names) - 1))], strict=True))
    x = alt.X("share:Q", axis=alt.Axis(title="share of the points", format="~%", tickCount=5))
    y = y_amount("risk_musd", "risk, MUSD", float(both["risk_musd"].max()) * 1.05)
    lines = alt.Chart(both).mark_line(strokeWidth=2).properties(width=560, height=240)
    chart = lines.encode(x=x, y=y, color=coloured("plan", colours))
    told = "The further a line lies above the lowest one, the more would have been saved by knowing the point."
    panel = draw.panel("Risk at the points, in order", told, chart)
    title = "Given plans against the best plan for each point"
    return Figure(title, told, [panel], legend_of(colours, "line"), layout="wide")


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def frontier(points: pd.DataFrame, dense: pd.DataFrame, draw: Drawer) -> Figure:
    """The curve of least risk against money with its breakpoints; below, what one more MUSD takes off."""
    top = float(points["risk_musd"].max()) * 1.05
    x = _x("budget_musd", "budgets, MUSD", True)
    base = alt.Chart(points)
    curve = alt.layer(
        base.mark_line(color=WITH, strokeWidth=2).encode(x=x, y=y_amount("risk_musd", "least risk, MUSD", top)),
        base.mark_point(color=INK, filled=True, size=18).encode(x="budget_musd:Q", y="risk_musd:Q"),
    ).properties(width=420, height=240)
    slope = alt.Chart(dense).mark_line(color=WITHOUT, strokeWidth=2, interpolate="step-after")
    steps = slope.encode(x=x, y=y_amount("worth", "MUSD of risk per MUSD")).properties(width=420, height=240)
    first, last = points.iloc[0], points.iloc[-1]
    told = (
        f"From {number(first['risk_musd'])} MUSD without public money to {number(last['risk_musd'])} MUSD at "
        f"{number(last['budget_musd'])} MUSD."
    )
    at_start = f"{number(float(dense['worth'].iloc[0]))} at the start."
    panels = [
        draw.panel("Least risk by size of all budgets", told, curve),
        draw.panel("What one more MUSD takes off the risk", at_start, steps),
    ]
    legend = [(INK, "box", "breakpoint: the plan changes its kind")]
    return Figure("Risk against money", told, panels, legend, layout="pair")
