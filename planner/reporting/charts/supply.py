"""Charts of supply and of what a disruption costs: demand and what is met of it, where it comes from, who is short in a
chosen future, loss by future, and what each lever takes off the risk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.text import step
from planner.reporting.values.page_parts import Figure, Legend, Panel
from planner.reporting.values.run_view import RunView, records, summary_keys, table_rows, tooltip
from planner.reporting.values.supply import (
    OTHERS_MAKE,
    STOCK,
    ever_short,
    fan,
    futures,
    main_future,
    short_by_country,
    sources,
    worst_shares,
)
from planner.reporting.values.wording import midway, number, percent, worded
from planner.results.explanation import EXPLANATION, Explanation

MAIN = 2

STOCK_HUE = "#F0E442"
WIDTH, HEIGHT = 340, 190
SHORTFALL = (
    table_rows("shortfall")
    + ": demand_t; met is demand_t less tonnes (with the plan) or without_plan_t"
)


def supply_and_demand(run: RunView, draw: svg.Drawer) -> Figure | None:
    """Demand and what is met of it over all futures, for the elements that are ever short."""
    elements = [e for e in run.elements if ever_short(run, e)]
    if not elements:
        return None
    panels = [panel for element in elements for panel in _fans(run, draw, element)]
    legend = [
        (svg.DEMAND, "band", "demand"),
        *([(svg.WITHOUT, "line", "met without a plan")] if run.compared else []),
    ]
    legend.append((svg.WITH, "line", "met with the plan"))
    reading = worded("figures.j2", "demand_met", several=len(run.weights) > 1)
    return Figure(
        "Demand and what is met of it, t a year",
        "",
        panels,
        legend,
        source=SHORTFALL,
        reading=reading,
    )


def _points(
    rows: pd.DataFrame, column: str, bands: svg.Bands, scale: svg.Scale
) -> list[tuple[float, float]]:
    return [
        (bands.mid(year), scale(value))
        for year, value in zip(rows["year"], rows[column], strict=True)
    ]


def _fans(run: RunView, draw: svg.Drawer, element: str) -> list[Panel]:
    """Demand and what is met of it over all scenarios, without the plan and with it, on the same scale."""
    rows, name = futures(run, element), run.names.element(element)
    top = float(rows["demand"].max()) * 1.08 or 1.0
    panels = []
    for column, title, hue in (
        ("met_without", "without a plan", svg.WITHOUT),
        ("met", "with the plan", svg.WITH),
    ):
        if column not in rows:
            continue
        spread = svg.tipped(
            fan(run, rows, column).assign(which=title),
            lambda r: (
                f"{name}, {r['year']}, {r['which']}: met {number(r['mean'])} t expected, {number(r['low'])} to "
                f"{number(r['high'])} t in 10 to 90 % of futures, at least {number(r['least'])} t; "
                f"demand {number(r['demand_least'])} to {number(r['demand_most'])} t"
            ),
            "shortfall",
            element=element,
        )
        deepest = spread.iloc[int((spread["demand_most"] - spread["least"]).to_numpy().argmax())]
        told = worded("figures.j2", "fan", deepest=deepest.to_dict())
        plot, shown = _fan(rows, column, spread, (run.years, top, hue)), f"all futures, {title}"
        panels.append(
            draw.panel(f"{name}: {shown}", told, plot, choice={"Element": name, "Show": shown})
        )
    return panels


MOST_LINES = 40
"""Futures drawn one by one; beyond that the areas say it."""


def _fan(
    rows: pd.DataFrame, column: str, spread: pd.DataFrame, frame: tuple[Sequence[int], float, str]
) -> svg.Plot:
    years, top, hue = frame
    plot = svg.Plot(WIDTH, HEIGHT, top=20)
    scale, bands = plot.amounts(top, "t/y", nice=False), plot.years(years)
    lines = {
        c: _points(spread, c, bands, scale)
        for c in spread.columns
        if c not in ("year", "which", "tip")
    }
    plot.curve(lines["demand_most"], svg.DEMAND, wide=6)
    for low, high, colour, opacity in (
        ("demand_least", "demand_most", svg.DEMAND, 0.9),
        ("least", "most", hue, 0.16),
        ("low", "high", hue, 0.3),
    ):
        plot.area(lines[high], lines[low], colour, opacity=opacity)
    if rows["scenario"].nunique() <= MOST_LINES:
        for _, of in rows.groupby("scenario", sort=False):
            plot.curve(_points(of, column, bands, scale), hue, wide=0.6, opacity=0.6)
    plot.curve(lines["mean"], hue, wide=2.4)
    plot.tips(bands, dict(zip(spread["year"], spread["tip"], strict=True)))
    return plot


def supply_by_source(run: RunView, draw: svg.Drawer) -> Figure | None:
    """Where the main elements come from in a calm scenario and in the worst one."""
    scenarios, needs, main = (
        list(dict.fromkeys([run.worst, run.calm])),
        run.tables["shortfall"],
        run.elements[:MAIN],
    )
    goods = [
        (e, form)
        for e in main
        for form in sorted(needs.loc[needs["element"] == e, "form"].unique())
    ]
    if not goods:
        return None
    flows, used = sources(run, goods, scenarios)
    colours = _source_colours(
        flows.groupby("kind")["amount"].sum().sort_values(ascending=False).index
    )
    panels = []
    for element, form in goods:
        of, use = (
            table[(table["element"] == element) & (table["form"] == form)]
            for table in (flows, used)
        )
        sums = (
            table.groupby(["scenario", "year"]).sum(numeric_only=True).iloc[:, -1]
            for table in (of, use)
        )
        top = 1.02 * max(float(by_year.max()) for by_year in sums if len(by_year))
        for w in scenarios:
            both = of[of["scenario"] == w], use[use["scenario"] == w]
            panels.append(_source_bars(run, draw, (element, form, w), both, colours, top))
    reading = worded("figures.j2", "sources", names=[midway(run.names.element(e)) for e in main])
    legend: Legend = [*svg.legend_of(colours), (svg.INK, "line", "use")]
    source = (
        table_rows("operations")
        + ": items imported, made, released; line: demand_t of shortfall.csv and reduced"
    )
    return Figure(
        "Where it comes from, t a year", "", panels, legend, source=source, reading=reading
    )


def _source_colours(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """A colour for each kind of source, from the ground up: greys for imports, hues for home production."""
    parts = {
        "Import": iter(svg.GREYS),
        "Made": (hue for hue in svg.HUES if hue != STOCK_HUE),
        STOCK: iter([STOCK_HUE]),
    }
    order = sorted(
        kinds,
        key=lambda kind: ([*parts].index(kind.partition(": ")[0]), kind.endswith(OTHERS_MAKE)),
    )
    return [
        (k, svg.OTHERS if k.endswith(OTHERS_MAKE) else next(parts[k.partition(": ")[0]]))
        for k in order
    ]


def _source_bars(
    run: RunView,
    draw: svg.Drawer,
    what: tuple[str, str, str],
    both: tuple[pd.DataFrame, pd.DataFrame],
    colours: list[tuple[str, str]],
    top: float,
) -> Panel:
    (element, form, scenario), (rows, use) = what, both
    good, future = f"{run.names.element(element)} {form}", f"“{run.names.scenario(scenario)}”"
    items = {"Import": "imported", "Made": "made", STOCK: "released"}
    keys = [
        {"item": items[r["kind"].partition(": ")[0]], "element": element, "form": form}
        for r in records(rows)
    ]
    tips = [
        tooltip(
            f"{good}, {r['year']}, {future}: {midway(r['kind'])} {number(r['amount'])} t",
            table_rows("operations", scenario, **of, year=r["year"]),
        )
        for of, r in zip(keys, records(rows), strict=True)
    ]
    plot, bands, scale = svg.stacked(rows.assign(tip=tips), run.years, colours, "t/y", top=top)
    wanted = dict(zip(use["year"], use["use"], strict=True))
    points = [(bands.mid(year), scale(wanted.get(year, 0.0))) for year in run.years]
    plot.curve(svg.stairs(points, bands.step / 2), svg.INK, wide=1.6)
    sums = rows.groupby("kind")["amount"].sum()
    words = ", ".join(f"{k} {number(float(sums[k]))} t" for k, _ in colours if k in sums)
    return draw.panel(f"{good}: {future}", words, plot, choice={"Good": good, "Future": future})


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
            told = worded(
                "figures.j2", "missing", at=worst[w, e], element=name, compared=run.compared
            )
            choice = {"Future": future, "Element": name}
            printed = (w, e) == (opening, element)
            plot = _countries(run, of, (name, future))
            panels.append(
                draw.panel(f"{name} in “{future}”", told, plot, choice=choice, printed=printed)
            )
    at = worst.get((opening, element)) or next(iter(worst.values()))
    legend = [(svg.WITHOUT, "box", "missing with the plan")]
    legend += [(svg.DEMAND, "box", "what the plan saves")] if run.compared else []
    return Figure(
        worded(
            "figures.j2",
            "missing",
            at=at,
            element=run.names.element(element),
            compared=run.compared,
        ),
        "",
        panels,
        legend,
        layout="wide",
        source=table_rows("shortfall")
        + ": tonnes (with the plan) or without_plan_t, over demand_t",
        start={"Future": run.names.scenario(opening), "Element": run.names.element(element)},
        reading=worded(
            "figures.j2", "shortage", shown=len(chosen), futures=len(run.weights), run=run
        ),
    )


def _countries(run: RunView, rows: pd.DataFrame, what: tuple[str, str]) -> svg.Plot:
    """Small plots side by side, one a country, those that miss most first: per cent of demand by year."""
    column = "without_plan_t" if run.compared else "tonnes"
    sums = (
        rows.groupby("country")[[column, "tonnes"]]
        .sum()
        .sum(axis=1)
        .sort_values(ascending=False, kind="stable")
    )
    countries = list(sums.index)[:MOST_COUNTRIES]
    across, wide, high = 4, 234, 92
    plot = svg.Plot(960, high * math.ceil(len(countries) / across) + 4, left=0, right=0)
    for place, country in enumerate(countries):
        left, top = 30 + wide * (place % across), 20 + high * (place // across)
        _country(
            run, plot, rows[rows["country"] == country], (left, top, wide - 44, high - 38), what
        )
    return plot


def _country(
    run: RunView,
    plot: svg.Plot,
    rows: pd.DataFrame,
    box: tuple[float, float, float, float],
    what: tuple[str, str],
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
        plot.text(
            x(year + 0.5), top + high + 11, str(year), anchor="middle", size=8, fill=svg.MUTED
        )
    told = {row["year"]: row for row in records(rows)}
    for year, row in told.items():
        demand = max(row["demand_t"], 1e-9)
        share, before = row["tonnes"] / demand, row.get("without_plan_t", 0.0) / demand
        words = f"{what[0]}, {place}, {year}, “{what[1]}”: {number(row['tonnes'])} of {number(demand)} t missing"
        words += (
            f" ({percent(share)}); without a plan {percent(before)}"
            if run.compared
            else f" ({percent(share)})"
        )
        keys = {"country": row["country"], "element": row["element"], "year": year}
        tip = tooltip(words, table_rows("shortfall", row["scenario"], **keys))
        step_wide = x(year + 1) - x(year)
        plot.rect(
            x(year),
            y(max(before, share)),
            step_wide,
            y(0) - y(max(before, share)),
            svg.DEMAND,
            tip=tip,
        )
        plot.rect(x(year), y(share), step_wide, y(0) - y(share), svg.WITHOUT, tip=tip)


def losses(run: RunView, draw: svg.Drawer) -> Figure:
    """Loss by future with the plan and without, on a scale on which more than the largest can be seen."""
    plans = _plans(run)
    shown = run.by_loss[:MOST_FUTURES]
    top = max([10.0, *(figures["scenario_loss_musd"][w] for _, _, figures in plans for w in shown)])
    said = [
        " → ".join(number(of["scenario_loss_musd"][w]) for _, _, of in reversed(plans))
        for w in shown
    ]
    right = 24 + 1.15 * max((svg.text_width(words, svg.SMALL) for words in said), default=0)
    plot = svg.Plot(960, 19 * len(shown) + 44, left=330, right=right, top=4, bottom=36)
    marks = [float(10**k) for k in range(math.ceil(math.log10(top)) + 1)]
    title = "loss, MUSD (each step ten times the one before)"
    scale = plot.across(
        1.0, marks[-1], title, marks=marks, bend=lambda loss: math.log10(max(loss, 1.0))
    )
    names = plot.names([f"{run.names.scenario(w)} ({percent(run.weights.get(w))})" for w in shown])
    for key, dash in (("expected_loss_musd", ""), ("cvar_musd", "5 3")):
        plot.line(
            scale(run.summary[key]),
            plot.top,
            scale(run.summary[key]),
            plot.bottom,
            RULE_HUE,
            dash=dash,
        )
    for place, w in enumerate(shown):
        y, ends = (
            names.mid(place),
            [scale(figures["scenario_loss_musd"][w]) for _, _, figures in plans],
        )
        plot.line(min(ends), y, max(ends), y, svg.DEMAND, wide=3)
        for kind, prefix, figures in reversed(plans):
            loss = figures["scenario_loss_musd"][w]
            words = f"{run.names.scenario(w)}, {kind}: {number(loss)} MUSD"
            words += f" ({run.names.stories[w]})" if run.names.stories.get(w) else ""
            tip = tooltip(words, summary_keys(f"{prefix}scenario_loss_musd.{w}"))
            plot.dot(scale(loss), y, 5, dict(COLOURS)[kind], tip=tip)
        plot.text(plot.right + 8, y + 4, said[place], size=svg.SMALL)
    none = [
        sum(1 for loss in figures["scenario_loss_musd"].values() if loss <= 0.005)
        for _, _, figures in plans
    ]
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
        hue = (
            svg.WITHOUT
            if place == 0
            else svg.WITH
            if place == len(found.ladder) - 1
            else svg.EXISTING
        )
        tip = tooltip(f"{name}: {number(rung.risk)} MUSD", f"{EXPLANATION}: {rung.key}")
        rows.append((name, rung.risk, hue, tip))
    told = worded(
        "figures.j2",
        "ladder",
        steps=[(step(b), a.risk - b.risk) for a, b in pairwise(found.ladder)],
    )
    panel: Panel = draw.panel(
        "Risk as levers are added", told, svg.bars_along(rows, title="risk, MUSD")
    )
    source = f"{EXPLANATION}: ladder"
    return Figure("What each lever takes off the risk", told, [panel], layout="wide", source=source)
