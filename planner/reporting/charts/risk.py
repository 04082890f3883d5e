"""Charts of what a disruption costs: who is short in a chosen future, loss by future, how likely losses are, and what
each lever takes off the risk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.text.explanation import step
from planner.reporting.values.page_parts import Figure, Legend, Panel
from planner.reporting.values.supply import main_future, short_by_country, worst_shares
from planner.reporting.values.view import RunView, records, summary_keys, table_rows, tooltip
from planner.reporting.values.wording import number, percent, worded
from planner.results.explanation import EXPLANATION, Explanation

RULE_HUE = "#8d98a3"

KINDS = ("without a plan", "with the plan")

COLOURS = tuple(zip(KINDS, (svg.WITHOUT, svg.WITH), strict=True))

MOST_FUTURES, MOST_COUNTRIES = 40, 12
"""Futures that can be chosen and countries that are drawn, those that lose most."""


def _plans(run: RunView) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What there are figures of, the plan first: kind, prefix of the keys in summary.json, figures."""
    with_plan, without = (KINDS[1], "", run.summary), (KINDS[0], "without_plan.", run.without)
    return [with_plan, without] if run.without else [with_plan]


def _legend(run: RunView, shape: str) -> Legend:
    return svg.legend_of(COLOURS[::-1] if run.without else COLOURS[1:], shape)


def shortage(run: RunView, draw: svg.Drawer) -> Figure | None:
    """What is missing in a chosen future, country by country, with the plan and without."""
    rows, worst = short_by_country(run), worst_shares(run)
    if rows.empty:
        return None
    opening, panels = main_future(run), list[Panel]()
    element = next(e for e in run.elements if (rows["element"] == e).any())
    parts = {(str(key[0]), str(key[1])): of for key, of in rows.groupby(["scenario", "element"])}
    chosen = [w for w in run.by_loss if (rows["scenario"] == w).any()][:MOST_FUTURES]
    opening = opening if opening in chosen else chosen[0]
    for w in chosen:
        for e in run.elements:
            of = parts.get((w, e))
            if of is None:
                continue
            name, future = run.names.element(e), run.names.scenario(w)
            told = worded("figures.j2", "missing", at=worst[w, e], element=name, compared=run.compared)
            choice = {"Future": future, "Element": name}
            printed = (w, e) == (opening, element)
            plot = _countries(run, of, (name, future))
            panels.append(draw.panel(f"{name} in “{future}”", told, plot, choice=choice, printed=printed))
    at = worst.get((opening, element)) or next(iter(worst.values()))
    legend = [(svg.WITHOUT, "box", "missing with the plan")]
    legend += [(svg.DEMAND, "box", "what the plan saves")] if run.compared else []
    return Figure(
        worded("figures.j2", "missing", at=at, element=run.names.element(element), compared=run.compared),
        "",
        panels,
        legend,
        layout="wide",
        source=table_rows("shortfall") + ": tonnes (with the plan) or without_plan_t, over demand_t",
        start={"Future": run.names.scenario(opening), "Element": run.names.element(element)},
        reading=worded("figures.j2", "shortage", shown=len(chosen), futures=len(run.weights), run=run),
    )


def _countries(run: RunView, rows: pd.DataFrame, what: tuple[str, str]) -> svg.Plot:
    """Small plots side by side, one a country, those that miss most first: per cent of demand by year."""
    column = "without_plan_t" if run.compared else "tonnes"
    sums = rows.groupby("country")[[column, "tonnes"]].sum().sum(axis=1).sort_values(ascending=False, kind="stable")
    countries = list(sums.index)[:MOST_COUNTRIES]
    across, wide, high = 4, 234, 92
    plot = svg.Plot(960, high * math.ceil(len(countries) / across) + 4, left=0, right=0)
    for place, country in enumerate(countries):
        left, top = 30 + wide * (place % across), 20 + high * (place // across)
        _country(run, plot, rows[rows["country"] == country], (left, top, wide - 44, high - 38), what)
    return plot


def _country(
    run: RunView, plot: svg.Plot, rows: pd.DataFrame, box: tuple[float, float, float, float], what: tuple[str, str]
) -> None:
    left, top, wide, high = box
    first, last = run.years[0], run.years[-1] + 1
    place = run.names.country(str(rows["country"].iloc[0]))
    x, y = svg.Scale(first, last, left, left + wide), svg.Scale(0.0, 1.0, top + high, top)
    plot.text(left, top - 5, svg.clipped(place, wide), weight="bold", size=svg.SMALL + 1)
    for mark, words in ((0.0, "0"), (1.0, "100 %")):
        plot.line(left, y(mark), left + wide, y(mark), svg.RULE)
        plot.text(left - 3, y(mark) + 3, words, anchor="end", size=8, fill=svg.MUTED)
    for year in (first, last - 1):
        plot.text(x(year + 0.5), top + high + 11, str(year), anchor="middle", size=8, fill=svg.MUTED)
    told = {row["year"]: row for row in records(rows)}
    for year, row in told.items():
        demand = max(row["demand_t"], 1e-9)
        share, before = row["tonnes"] / demand, row.get("without_plan_t", 0.0) / demand
        words = f"{what[0]}, {place}, {year}, “{what[1]}”: {number(row['tonnes'])} of {number(demand)} t missing"
        words += f" ({percent(share)}); without a plan {percent(before)}" if run.compared else f" ({percent(share)})"
        keys = {"country": row["country"], "element": row["element"], "year": year}
        tip = tooltip(words, table_rows("shortfall", row["scenario"], **keys))
        step_wide = x(year + 1) - x(year)
        plot.rect(x(year), y(max(before, share)), step_wide, y(0) - y(max(before, share)), svg.DEMAND, tip=tip)
        plot.rect(x(year), y(share), step_wide, y(0) - y(share), svg.WITHOUT, tip=tip)


def losses(run: RunView, draw: svg.Drawer) -> Figure:
    """Loss by future with the plan and without, on a scale on which more than the largest can be seen."""
    plans = _plans(run)
    shown = run.by_loss[:MOST_FUTURES]
    top = max([10.0, *(figures["scenario_loss_musd"][w] for _, _, figures in plans for w in shown)])
    said = [" → ".join(number(of["scenario_loss_musd"][w]) for _, _, of in reversed(plans)) for w in shown]
    right = 24 + max((svg.text_width(words, svg.SMALL) for words in said), default=0)
    plot = svg.Plot(960, 19 * len(shown) + 44, left=330, right=right, top=4, bottom=36)
    marks = [float(10**k) for k in range(math.ceil(math.log10(top)) + 1)]
    scale = plot.across(
        1.0,
        marks[-1],
        "loss, MUSD (each step ten times the one before)",
        marks=marks,
        bend=lambda loss: math.log10(max(loss, 1.0)),
    )
    names = plot.names([f"{run.names.scenario(w)} ({percent(run.weights.get(w))})" for w in shown])
    for key, dash in (("expected_loss_musd", ""), ("cvar_musd", "5 3")):
        plot.line(scale(run.summary[key]), plot.top, scale(run.summary[key]), plot.bottom, RULE_HUE, dash=dash)
    for place, w in enumerate(shown):
        y, ends = names.mid(place), [scale(figures["scenario_loss_musd"][w]) for _, _, figures in plans]
        plot.line(min(ends), y, max(ends), y, svg.DEMAND, wide=3)
        for kind, prefix, figures in reversed(plans):
            loss = figures["scenario_loss_musd"][w]
            words = f"{run.names.scenario(w)}, {kind}: {number(loss)} MUSD"
            words += f" ({run.names.stories[w]})" if run.names.stories.get(w) else ""
            tip = tooltip(words, summary_keys(f"{prefix}scenario_loss_musd.{w}"))
            plot.dot(scale(loss), y, 5, dict(COLOURS)[kind], tip=tip)
        plot.text(plot.right + 8, y + 4, said[place], size=svg.SMALL)
    none = [sum(1 for loss in figures["scenario_loss_musd"].values() if loss <= 0.005) for _, _, figures in plans]
    told = worded("figures.j2", "losses", spared=none, futures=len(run.by_loss), shown=len(shown))
    source = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")
    panel = draw.panel("Loss in each future (probability), MUSD", told, plot)
    worst = [max(figures["scenario_loss_musd"].values()) for _, _, figures in plans]
    title = worded("figures.j2", "losses_title", spared=none, futures=len(run.by_loss), worst=worst)
    return Figure(title, told, [panel], _legend(run, "box"), "wide", source=source)


def ladder(found: Explanation, draw: svg.Drawer) -> Figure:
    """The risk (MUSD) as levers are added, one bar a rung."""
    rows = []
    for place, rung in enumerate(found.ladder):
        name = rung.name.split(":")[0]
        hue = svg.WITHOUT if place == 0 else svg.WITH if place == len(found.ladder) - 1 else svg.EXISTING
        tip = tooltip(f"{name}: {number(rung.risk)} MUSD", f"{EXPLANATION}: {rung.key}")
        rows.append((name, rung.risk, hue, tip))
    told = worded("figures.j2", "ladder", steps=[(step(b), a.risk - b.risk) for a, b in pairwise(found.ladder)])
    panel: Panel = draw.panel("Risk as levers are added", told, svg.bars_along(rows, title="risk, MUSD"))
    source = f"{EXPLANATION}: ladder"
    return Figure("What each lever takes off the risk", told, [panel], layout="wide", source=source)
