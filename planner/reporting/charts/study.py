"""Pictures of a study: tornado, indices, response curves, heat maps, the frontier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    HUES,
    INK,
    MUTED,
    SMALL,
    WITH,
    WITHOUT,
    Bands,
    Drawer,
    Plot,
    Scale,
    axis_number,
    clipped,
    legend_of,
    mixed,
    stairs,
)
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.view import rows_of
from planner.reporting.values.wording import number, worded
from planner.results.study import MEANINGS, Indices

ROW, NAMES = 24, 240
BEST = "best plan for each point"
MOST_CELLS = 25


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


def _rows(names: Sequence[str], row: float = ROW) -> tuple[Plot, Bands]:
    plot = Plot(820, row * len(names) + 44, left=NAMES, right=30, bottom=36)
    return plot, plot.names(names, gap=0.35)


def _ends(*series: Iterable[Any]) -> tuple[float, float]:
    """The least and the most of some values, with a little room."""
    values = [float(v) for part in series for v in part if v == v]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    return low - room, high + room


def tornado(table: pd.DataFrame, outcome: str, draw: Drawer) -> Figure:
    """Bars from the outcome at the lowest to that at the highest value of each uncertainty."""
    rows = table.head(20)
    ends = [("lowest value", WITHOUT), ("highest value", WITH)]
    plot, names = _rows(list(rows["name"]))
    scale = plot.across(*_ends(rows["at_low"], rows["at_high"], rows["base"]), unit_of(outcome))
    for place, row in enumerate(rows_of(rows)):
        for value, hue in ((row.at_low, WITHOUT), (row.at_high, WITH)):
            plot.rect(scale(row.base), names.at(place), scale(value) - scale(row.base), names.width, hue)
        plot.line(scale(row.base), names.at(place) - 4, scale(row.base), names.at(place) + names.width + 4, INK)
    told = worded("figures.j2", "tornado", first=table.iloc[0].to_dict())
    legend = [*((hue, "box", f"at the {end}") for end, hue in ends), (INK, "line", "case as it is")]
    panel = draw.panel(outcome_words(outcome), told, plot)
    return Figure("One at a time", told, [panel], legend, layout="wide")


def influence(found: Indices, draw: Drawer) -> Figure:
    """Sobol or Morris indices with their 95 % intervals."""
    sobol = found.kind == "sobol"
    ranked = sorted(found.rows, key=lambda row: -row.total)
    bars = [
        [(r.first, r.first_within, WITH), (r.total, r.total_within, HUES[1])]
        if sobol
        else [(r.total, r.total_within, WITH)]
        for r in ranked
    ]
    plot, names = _rows([row.name for row in ranked], ROW * (1.6 if sobol else 1))
    reach = [v for of in bars for value, within, _ in of for v in (value - within, value + within, 0.0)]
    scale = plot.across(*_ends(reach), "share of the variance" if sobol else unit_of(found.outcome))
    for place, of in enumerate(bars):
        high = names.width / len(of)
        for at, (value, within, hue) in enumerate(of):
            y = names.at(place) + at * high
            plot.rect(scale(0.0), y, scale(value) - scale(0.0), high - 2, hue)
            plot.line(scale(value - within), y + high / 2 - 1, scale(value + within), y + high / 2 - 1, INK)
    if sobol:
        legend = [(WITH, "box", "alone"), (HUES[1], "box", "with interactions"), (INK, "line", "95 % interval")]
    else:
        legend = [(WITH, "box", "mean absolute effect"), (INK, "line", "95 % interval")]
    told = worded("figures.j2", "influence", sobol=sobol, first=ranked[0], found=found)
    return Figure("Influence", told, [draw.panel(outcome_words(found.outcome), told, plot)], legend, layout="wide")


def _plane(
    across: tuple[float, float], up: tuple[float, float], title: str, unit: str, size: tuple[float, float]
) -> tuple[Plot, Scale, Scale]:
    plot = Plot(*size, left=62, right=14, top=22, bottom=38)
    y = plot.amounts(up[1], unit, low=up[0], nice=False)
    return plot, plot.across(*across, title), y


def response_curves(curves: Sequence[tuple[str, pd.DataFrame]], outcome: str, draw: Drawer) -> Figure | None:
    """An outcome along each uncertainty: mean and band; all panels share the axis of the outcome."""
    shown = [(name, curve) for name, curve in curves if len(curve) > 1]
    if not shown:
        return None
    up = _ends(*(curve[column] for _, curve in shown for column in ("low", "high", "mean")))
    panels: list[Panel] = []
    for name, curve in shown:
        numbers = pd.api.types.is_numeric_dtype(curve["value"])
        at = [float(v) for v in curve["value"]] if numbers else [float(place) for place in range(len(curve))]
        plot, x, y = _plane((min(at), max(at)), up, name, unit_of(outcome), (340, 220))
        upper, lower, mean = (
            [(x(a), y(v)) for a, v in zip(at, curve[c], strict=True)] for c in ("high", "low", "mean")
        )
        plot.area(upper, lower, WITH, opacity=0.2)
        plot.curve(mean, WITH)
        for px_x, px_y in mean:
            plot.dot(px_x, px_y, 2.2, WITH)
        if not numbers:
            for a, value in zip(at, curve["value"], strict=True):
                plot.text(
                    x(a), plot.bottom - 4, clipped(str(value), 90, SMALL), anchor="middle", size=SMALL, fill=MUTED
                )
        ends = f"{number(float(curve['mean'].iloc[0]))} → {number(float(curve['mean'].iloc[-1]))} {unit_of(outcome)}"
        panels.append(draw.panel(name, ends, plot))
    legend = [(WITH, "line", "mean"), (EXISTING, "box", "10 to 90 % of the points")]
    told = worded("figures.j2", "responses", outcome=outcome_words(outcome))
    return Figure(f"Response: {outcome_words(outcome)}", told, panels, legend)


def heat_map(rows: pd.DataFrame, first: str, second: str, outcome: str, draw: Drawer) -> Figure | None:
    """Mean of an outcome over two uncertainties that take few values each."""
    table = rows.pivot_table(index=second, columns=first, values=outcome, aggfunc="mean")
    if not (1 < len(table.columns) <= MOST_CELLS and 1 < len(table) <= MOST_CELLS):
        return None
    low, high = float(table.min().min()), float(table.max().max())
    plot = Plot(180 + 64 * len(table.columns), 30 * len(table) + 40, left=170, bottom=36, top=4)
    names = plot.names([_label(value) for value in table.index], gap=0.04)
    bands = Bands(list(table.columns), plot.left, plot.right, 0.04)
    for value in table.columns:
        plot.text(bands.mid(value), plot.bottom + 14, clipped(_label(value), bands.step), anchor="middle", fill=MUTED)
    plot.text((plot.left + plot.right) / 2, plot.bottom + 30, first, anchor="middle", fill=MUTED)
    plot.text(plot.left - 6, plot.bottom + 30, f"{second} ↑", anchor="end", fill=MUTED)
    for place, values in enumerate(table.to_numpy().tolist()):
        for value, mean in zip(table.columns, values, strict=True):
            if mean != mean:
                continue
            share = (mean - low) / ((high - low) or 1.0)
            plot.rect(bands.at(value), names.at(place), bands.width, names.width, mixed("#eef4fa", WITH, share))
            ink = "#ffffff" if share > 0.6 else INK
            plot.text(bands.mid(value), names.mid(place) + 4, number(mean), anchor="middle", fill=ink)
    told = f"{number(low)} – {number(high)} {unit_of(outcome)}"
    return Figure(f"{first} against {second}", told, [draw.panel(outcome_words(outcome), told, plot)], layout="wide")


def held_plans(held: pd.DataFrame, draw: Drawer) -> Figure:
    """Risk of each plan held fixed, and of the best plan for each point, points in order of risk."""
    best = held.drop_duplicates("point").assign(plan=BEST, risk_musd=lambda t: t["least_risk_musd"])
    both = pd.concat([held, best]).dropna(subset="risk_musd").sort_values(["plan", "risk_musd"], kind="stable")
    names = [BEST, *held["plan"].unique()]
    colours = list(zip(names, [EXISTING, *(HUES[i % len(HUES)] for i in range(len(names) - 1))], strict=True))
    up = (0.0, float(both["risk_musd"].max()) * 1.05)
    plot, x, y = _plane((0.0, 100.0), up, "points in order of risk, per cent", "risk, MUSD", (640, 300))
    for name, hue in colours:
        values = list(both.loc[both["plan"] == name, "risk_musd"])
        plot.curve([(x(100 * at / max(len(values) - 1, 1)), y(v)) for at, v in enumerate(values)], hue)
    told = worded("figures.j2", "held")
    panel = draw.panel("Risk at the points, in order", told, plot)
    title = "Given plans against the best plan for each point"
    return Figure(title, told, [panel], legend_of(colours, "line"), layout="wide")


def _label(value: object) -> str:
    return axis_number(round(value, 6)) if isinstance(value, float) else str(value)


def frontier(points: pd.DataFrame, dense: pd.DataFrame, draw: Drawer) -> Figure:
    """The curve of least risk against money with its breakpoints; below, what one more MUSD takes off."""
    first, last = points.iloc[0].to_dict(), points.iloc[-1].to_dict()
    across = (0.0, float(points["budget_musd"].max()) or 1.0)
    risk = (0.0, float(points["risk_musd"].max()) * 1.05)
    plot, x, y = _plane(across, risk, "budgets, MUSD", "least risk, MUSD", (460, 290))
    corners = [(x(b), y(r)) for b, r in zip(points["budget_musd"], points["risk_musd"], strict=True)]
    plot.curve(corners, WITH)
    for at in corners:
        plot.dot(*at, 2.6, INK)
    worth = (0.0, float(dense["worth"].max()) * 1.05 or 1.0)
    slope, x, y = _plane(across, worth, "budgets, MUSD", "MUSD of risk per MUSD", (460, 290))
    steps = [(x(b), y(w)) for b, w in zip(dense["budget_musd"], dense["worth"], strict=True)]
    slope.curve([p for a, b in pairwise(steps) for p in (a, (a[0], b[1]), b)] or stairs(steps, 4), WITHOUT)
    told = worded("figures.j2", "study_frontier", first=first, last=last)
    panels = [
        draw.panel("Least risk by size of all budgets", told, plot),
        draw.panel(
            "What one more MUSD takes off the risk", f"{number(float(dense['worth'].iloc[0]))} MUSD/MUSD", slope
        ),
    ]
    legend = [(INK, "box", "breakpoint: the plan changes its kind")]
    return Figure("Risk against money", told, panels, legend, layout="pair")
