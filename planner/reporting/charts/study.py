"""Pictures of a study: tornado, indices, response curves, heat maps, the frontier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle, pairwise
from typing import Any

import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.run_view import rows_of, tooltip
from planner.reporting.values.wording import number, worded
from planner.results.study import MEANINGS, OPTIMAL, Indices, moves

ROW, NAMES = 24, 240
BEST = "best plan for each point"
MOST_CELLS, MOST_DOTS, MOST_LINES = 25, 2000, 500
DRIVERS = ALONE, INFLUENCE = "One at a time", "Influence"
"""Titles of the figures that say what moves an outcome most."""
MOST_POINTS = 1_000_000
"""Largest sample that is advised."""


def outcome_words(outcome: str) -> str:
    """An outcome for people: 'new nameplate by project (t/y): donald'."""
    group, _, member = outcome.partition(".")
    words = MEANINGS.get(group, group)
    return f"{words}: {member}" if member else words


def unit_of(outcome: str) -> str:
    """Unit of an outcome, for an axis."""
    group = outcome.split(".")[0]
    ends = {"musd": "MUSD", "_t": "t", "tpa": "t/y", "service_level": "share"}
    return next(
        (unit for end, unit in ends.items() if group.endswith(end)),
        "persons" if group in MEANINGS else "",
    )


def _rows(names: Sequence[str], row: float = ROW) -> tuple[svg.Plot, svg.Bands]:
    plot = svg.Plot(820, row * len(names) + 44, left=NAMES, right=30, bottom=36)
    return plot, plot.names(names, gap=0.35)


def _ends(*series: Iterable[Any]) -> tuple[float, float]:
    """The least and the most of some values, with a little room; more where they differ by the solver's tolerance."""
    values = [float(v) for part in series for v in part if v == v]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.04 * (high - low) if moves(values) else 0.04 * abs(high) or 1.0
    return low - room, high + room


def tornado(table: pd.DataFrame, outcome: str, draw: svg.Drawer) -> Figure:
    """Bars from the outcome at the lowest to that at the highest value of each uncertainty."""
    rows = table.head(20)
    ends = [("lowest value", svg.WITHOUT), ("highest value", svg.WITH)]
    plot, names = _rows(list(rows["name"]))
    scale = plot.across(*_ends(rows["at_low"], rows["at_high"], rows["base"]), unit_of(outcome))
    for place, row in enumerate(rows_of(rows)):
        for value, hue in ((row.at_low, svg.WITHOUT), (row.at_high, svg.WITH)) if row.swing else ():
            plot.rect(
                scale(row.base), names.at(place), scale(value) - scale(row.base), names.width, hue
            )
        plot.line(
            scale(row.base),
            names.at(place) - 4,
            scale(row.base),
            names.at(place) + names.width + 4,
            svg.INK,
        )
    still = list(table.loc[table["swing"] == 0, "name"])
    told = worded("figures.j2", "tornado", first=table.iloc[0].to_dict(), still=still)
    legend = [
        *((hue, "box", f"at the {end}") for end, hue in ends),
        (svg.INK, "line", "case as it is"),
    ]
    panel = draw.panel(outcome_words(outcome), told, plot)
    return Figure(ALONE, told, [panel], legend, layout="wide")


KINDS = {
    "sobol": ("share of the variance", "with interactions", "points of the base sample"),
    "morris": ("", "mean absolute effect", "trajectories"),
    "rbd_fast": ("share of the variance", "alone", "points"),
}
"""Kind of index -> axis, what the total is called, what the sample is counted in."""


def influence(found: Indices, draw: svg.Drawer) -> Figure:
    """Indices with their 95 % intervals, and which comes first if that is decided."""
    both, ranked = found.kind == "sobol", found.ranked
    axis, total, unit = KINDS[found.kind]
    hue = svg.HUES[1] if both else svg.WITH
    bars = [
        [(r.first, r.first_within, svg.WITH), (r.total, r.total_within, hue)][not both :]
        for r in ranked
    ]
    plot, names = _rows([row.name for row in ranked], ROW * (1.6 if both else 1))
    reach = [
        v for of in bars for value, within, _ in of for v in (value - within, value + within, 0.0)
    ]
    scale = plot.across(*_ends(reach), axis or unit_of(found.outcome))
    for place, of in enumerate(bars):
        high = names.width / len(of)
        for at, (value, within, colour) in enumerate(of):
            y = names.at(place) + at * high
            plot.rect(scale(0.0), y, scale(value) - scale(0.0), high - 2, colour)
            plot.line(
                scale(value - within),
                y + high / 2 - 1,
                scale(value + within),
                y + high / 2 - 1,
                svg.INK,
            )
    legend = [(svg.WITH, "box", "alone"), (hue, "box", total), (svg.INK, "line", "95 % interval")][
        not both :
    ]
    second = ranked[1] if len(ranked) > 1 else None
    words = {"first": ranked[0], "second": second, "found": found, "unit": unit}
    told = worded("figures.j2", "influence", **words)
    return Figure(
        INFLUENCE,
        told,
        [draw.panel(outcome_words(found.outcome), told, plot)],
        legend,
        layout="wide",
    )


def _plane(
    across: tuple[float, float],
    up: tuple[float, float],
    title: str,
    unit: str,
    size: tuple[float, float],
) -> tuple[svg.Plot, svg.Scale, svg.Scale]:
    plot = svg.Plot(*size, left=62, right=14, top=22, bottom=38)
    y = plot.amounts(up[1], unit, low=up[0], nice=False)
    return plot, plot.across(*across, title), y


def response_curves(
    curves: Sequence[tuple[str, pd.DataFrame]], outcome: str, draw: svg.Drawer, alone: bool = False
) -> Figure | None:
    """An outcome along each uncertainty: mean and band; all panels share the axis of the outcome."""
    shown = [(name, curve) for name, curve in curves if len(curve) > 1]
    if not shown:
        return None
    up = _ends(*(curve[column] for _, curve in shown for column in ("low", "high", "mean")))
    panels: list[Panel] = []
    for name, curve in shown:
        numbers = pd.api.types.is_numeric_dtype(curve["value"])
        at = (
            [float(v) for v in curve["value"]]
            if numbers
            else [float(place) for place in range(len(curve))]
        )
        plot, x, y = _plane((min(at), max(at)), up, name, unit_of(outcome), (340, 220))
        low, mean, high = (
            [(x(a), y(v)) for a, v in zip(at, curve[c], strict=True)]
            for c in ("low", "mean", "high")
        )
        plot.area(high, low, svg.WITH, opacity=0.2)
        plot.curve(mean, svg.WITH)
        for point in mean:
            plot.dot(*point, 2.2, svg.WITH)
        if not numbers:
            for a, value in zip(at, curve["value"], strict=True):
                words = svg.clipped(str(value), 90, svg.SMALL)
                plot.text(
                    x(a), plot.bottom - 4, words, anchor="middle", size=svg.SMALL, fill=svg.MUTED
                )
        ends = f"{number(float(curve['mean'].iloc[0]))} → {number(float(curve['mean'].iloc[-1]))} {unit_of(outcome)}"
        panels.append(draw.panel(name, ends, plot))
    legend = [(svg.WITH, "line", "mean"), (svg.EXISTING, "box", "10 to 90 % of the points")]
    told = worded("figures.j2", "responses", outcome=outcome_words(outcome), alone=alone)
    return Figure(f"Response: {outcome_words(outcome)}", told, panels, legend)


def heat_map(
    rows: pd.DataFrame, first: str, second: str, outcome: str, draw: svg.Drawer
) -> Figure | None:
    """Mean of an outcome over two uncertainties that take few values each."""
    table = rows.pivot_table(index=second, columns=first, values=outcome, aggfunc="mean")
    if not (1 < len(table.columns) <= MOST_CELLS and 1 < len(table) <= MOST_CELLS):
        return None
    low, high = float(table.min().min()), float(table.max().max())
    plot = svg.Plot(180 + 64 * len(table.columns), 30 * len(table) + 40, left=170, bottom=36, top=4)
    names = plot.names([_label(value) for value in table.index], gap=0.04)
    bands = svg.Bands(list(table.columns), plot.left, plot.right, 0.04)
    for value in table.columns:
        words = svg.clipped(_label(value), bands.step)
        plot.text(bands.mid(value), plot.bottom + 14, words, anchor="middle", fill=svg.MUTED)
    plot.text(
        (plot.left + plot.right) / 2, plot.bottom + 30, first, anchor="middle", fill=svg.MUTED
    )
    plot.text(plot.left - 6, plot.bottom + 30, f"{second} ↑", anchor="end", fill=svg.MUTED)
    for place, values in enumerate(table.to_numpy().tolist()):
        for value, mean in zip(table.columns, values, strict=True):
            if mean != mean:
                continue
            share = (mean - low) / ((high - low) or 1.0)
            plot.rect(
                bands.at(value),
                names.at(place),
                bands.width,
                names.width,
                svg.mixed("#eef4fa", svg.WITH, share),
            )
            ink = "#ffffff" if share > 0.6 else svg.INK
            plot.text(
                bands.mid(value), names.mid(place) + 4, number(mean), anchor="middle", fill=ink
            )
    told = f"{number(low)} – {number(high)} {unit_of(outcome)}"
    return Figure(
        f"{first} against {second}",
        told,
        [draw.panel(outcome_words(outcome), told, plot)],
        layout="wide",
    )


def _thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many of the rows with an optimum, evenly spread."""
    solved = rows[rows["status"] == OPTIMAL]
    step = -(-len(solved) // most) if len(solved) else 1
    return solved.iloc[::step]


def risk_against_cost(groups: Mapping[str, pd.DataFrame], draw: svg.Drawer) -> Figure | None:
    """A dot for each point: cost of the plan and risk that it leaves, coloured by option."""
    shown = {name: _thinned(rows, MOST_DOTS // len(groups)) for name, rows in groups.items()}
    every = pd.concat(shown.values())
    if not len(every) or not (moves(every["cost_musd"]) and moves(every["risk_musd"])):
        return None
    plot, x, y = _plane(
        _ends(every["cost_musd"]), _ends(every["risk_musd"]), "cost, MUSD", "risk, MUSD", (820, 320)
    )
    colours = list(zip(groups, cycle(svg.HUES), strict=False))
    for name, hue in colours:
        for row in rows_of(shown[name][["point", "cost_musd", "risk_musd"]]):
            words = f"risk {number(row.risk_musd)}, cost {number(row.cost_musd)} MUSD"
            tip = tooltip(words, f"results.parquet: point {row.point}")
            plot.dot(x(row.cost_musd), y(row.risk_musd), 3, hue, opacity=0.7, tip=tip)
    points = sum(int((rows["status"] == OPTIMAL).sum()) for rows in groups.values())
    ends = {"least": every["risk_musd"].min(), "most": every["risk_musd"].max()}
    told = worded("figures.j2", "scatter", shown=len(every), points=points, **ends)
    panel = draw.panel("Risk against cost", told, plot)
    return Figure(
        "Risk against cost",
        told,
        [panel],
        svg.legend_of(colours) if len(colours) > 1 else (),
        layout="wide",
    )


def parallel(
    rows: pd.DataFrame, names: Sequence[str], outcomes: Sequence[str], draw: svg.Drawer
) -> Figure | None:
    """Parallel coordinates of what is varied and what comes of it, a line for each point."""
    lines = _thinned(rows, MOST_LINES)
    varied = [name for name in names if lines[name].nunique() > 1]
    if len(lines) < 3 or not varied:
        return None
    axes = [*varied, *(outcome for outcome in outcomes if moves(lines[outcome]))]
    plot, places = svg.Plot(820, 316, left=70, right=70, top=46, bottom=24), []
    bands = svg.Bands(list(range(len(axes))), plot.left, plot.right)
    for at, name in enumerate(axes):
        numbers = pd.api.types.is_numeric_dtype(lines[name])
        column = lines[name].dropna()
        kinds = sorted(column.unique())
        of = (
            lines[name]
            if numbers
            else lines[name].map({kind: float(i) for i, kind in enumerate(kinds)})
        )
        low, high = float(of.min()), float(of.max())
        scale = svg.Scale(low, high if high > low else low + 1.0, plot.bottom, plot.top)
        places.append([scale(v) for v in of.fillna((low + high) / 2)])
        x = bands.mid(at)
        words = svg.clipped(outcome_words(name) if name in outcomes else name, 2 * bands.step - 6)
        plot.text(
            x, 12 + 16 * (at % 2), words, anchor="middle"
        )  # every second one lower: neighbours have the room
        for end, y in ((kinds[-1], plot.top - 4), (kinds[0], plot.bottom + 14)):
            told = number(float(end)) if numbers else str(end)
            plot.text(
                x, y, svg.clipped(told, bands.step), anchor="middle", size=svg.SMALL, fill=svg.MUTED
            )
    ranks = lines[outcomes[0]].rank(pct=True)
    for rank, heights in zip(ranks, zip(*places, strict=True), strict=True):
        points = [(bands.mid(at), y) for at, y in enumerate(heights)]
        plot.curve(points, svg.mixed(svg.WITH, svg.WITHOUT, float(rank)), wide=1, opacity=0.5)
    for at in range(len(axes)):
        plot.line(bands.mid(at), plot.top, bands.mid(at), plot.bottom, svg.INK)
    counts = {"shown": len(lines), "points": int((rows["status"] == OPTIMAL).sum())}
    told = worded("figures.j2", "parallel", outcome=outcome_words(outcomes[0]), **counts)
    return Figure(
        "All points", told, [draw.panel("Parallel coordinates", told, plot)], layout="wide brush"
    )


def held_plans(held: pd.DataFrame, draw: svg.Drawer) -> Figure:
    """Risk of each plan held fixed, and of the best plan for each point, points in order of risk."""
    best = held.drop_duplicates("point").assign(plan=BEST, risk_musd=lambda t: t["least_risk_musd"])
    both = (
        pd.concat([held, best])
        .dropna(subset="risk_musd")
        .sort_values(["plan", "risk_musd"], kind="stable")
    )
    colours = [(BEST, svg.EXISTING), *zip(held["plan"].unique(), cycle(svg.HUES), strict=False)]
    up = (0.0, float(both["risk_musd"].max()) * 1.05)
    plot, x, y = _plane(
        (0.0, 100.0), up, "points in order of risk, per cent", "risk, MUSD", (640, 300)
    )
    for name, hue in colours:
        values = list(both.loc[both["plan"] == name, "risk_musd"])
        plot.curve(
            [(x(100 * at / max(len(values) - 1, 1)), y(v)) for at, v in enumerate(values)], hue
        )
    told = worded("figures.j2", "held")
    panel = draw.panel("Risk at the points, in order", told, plot)
    title = "Given plans against the best plan for each point"
    return Figure(title, told, [panel], svg.legend_of(colours, "line"), layout="wide")


def _label(value: object) -> str:
    return svg.axis_number(round(value, 6)) if isinstance(value, float) else str(value)


def frontier(points: pd.DataFrame, dense: pd.DataFrame, draw: svg.Drawer) -> Figure:
    """The curve of least risk against money with its breakpoints; below, what one more MUSD takes off."""
    first, last = points.iloc[0].to_dict(), points.iloc[-1].to_dict()
    across = (0.0, float(points["budget_musd"].max()) or 1.0)
    risk = (0.0, float(points["risk_musd"].max()) * 1.05)
    plot, x, y = _plane(across, risk, "budgets, MUSD", "least risk, MUSD", (460, 290))
    corners = [
        (x(b), y(r)) for b, r in zip(points["budget_musd"], points["risk_musd"], strict=True)
    ]
    plot.curve(corners, svg.WITH)
    for at in corners:
        plot.dot(*at, 2.6, svg.INK)
    worth = (0.0, float(dense["worth"].max()) * 1.05 or 1.0)
    slope, x, y = _plane(across, worth, "budgets, MUSD", "MUSD of risk per MUSD", (460, 290))
    steps = [(x(b), y(w)) for b, w in zip(dense["budget_musd"], dense["worth"], strict=True)]
    slope.curve(
        [p for a, b in pairwise(steps) for p in (a, (a[0], b[1]), b)] or svg.stairs(steps, 4),
        svg.WITHOUT,
    )
    told = worded("figures.j2", "study_frontier", first=first, last=last)
    at_first = f"{number(float(dense['worth'].iloc[0]))} MUSD/MUSD"
    panels = [
        draw.panel("Least risk by size of all budgets", told, plot),
        draw.panel("What one more MUSD takes off the risk", at_first, slope),
    ]
    legend = [(svg.INK, "box", "breakpoint: the plan changes its kind")]
    return Figure("Risk against money", told, panels, legend, layout="pair")
