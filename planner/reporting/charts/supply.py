"""Charts of supply: demand and what is met of it over all futures and in the hardest, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.values.page_parts import Figure, Legend, Panel
from planner.reporting.values.supply import (
    OTHER,
    STOCK,
    Sources,
    balance,
    ever_short,
    fan,
    futures,
    hardest,
    largest,
    sources,
)
from planner.reporting.values.view import EXPECTED, RunView, records, table_rows, tooltip
from planner.reporting.values.wording import midway, number, percent, worded

MAIN = 2

SHAPES = {
    "demand": ("demand", svg.DEMAND, 6.0),
    "met_without": ("met without a plan", svg.WITHOUT, 2.0),
    "met": ("met with the plan", svg.WITH, 2.0),
}
STOCK_HUE = "#F0E442"
WIDTH, HEIGHT = 340, 190
SHORTFALL = table_rows("shortfall") + ": demand_t; met is demand_t less tonnes (with the plan) or without_plan_t"


def supply_and_demand(run: RunView, draw: svg.Drawer, *, short: bool) -> Figure | None:
    """Demand and what is met of it over all futures and in the hardest one, for the elements (n)ever short."""
    elements = [e for e in run.elements if ever_short(run, e) == short]
    if not elements:
        return None
    several = len(run.weights) > 1
    panels: list[Panel] = []
    for element in elements:
        if short and several:
            panels += _fans(run, draw, element)
        worst = hardest(run, element) if short else EXPECTED
        title = f"“{run.names.scenario(worst)}”" if short else "expected"
        panels.append(_one_future(run, draw, element, worst, title))
    names = [midway(run.names.element(e)) for e in elements]
    legend = [
        (hue, "band" if key == "demand" else "line", label)
        for key, (label, hue, _) in SHAPES.items()
        if key != "met_without" or run.compared
    ]
    if not short:
        title = worded("figures.j2", "never_short_title", names=names)
        return Figure(title, "", panels, legend, folded=True, source=SHORTFALL)
    reading = worded("figures.j2", "demand_met", several=several)
    return Figure("Demand and what is met of it, t a year", "", panels, legend, source=SHORTFALL, reading=reading)


def _one_future(run: RunView, draw: svg.Drawer, element: str, scenario: str, title: str) -> Panel:
    rows, name = balance(run, element, scenario), run.names.element(element)
    rows = svg.tipped(
        rows,
        lambda r: (
            f"{name}, {r['year']}, {title}: "
            + ", ".join(f"{label} {number(r[key])} t" for key, (label, _, _) in SHAPES.items() if key in r)
        ),
        "shortfall",
        scenario,
        element=element,
    )
    plot = svg.Plot(WIDTH, HEIGHT, top=20)
    scale = plot.amounts(float(rows["demand"].max()) * 1.08 or 1.0, "t/y", nice=False)
    bands = plot.years(run.years)
    lines = {key: _points(rows, key, bands, scale) for key in SHAPES if key in rows}
    plot.area(lines["demand"], lines["met"], svg.WITH, opacity=0.25)
    for key, points in lines.items():
        _, hue, wide = SHAPES[key]
        plot.curve(points if len(points) > 1 else svg.stairs(points, 6), hue, wide=wide)
    plot.tips(bands, dict(zip(rows["year"], rows["tip"], strict=True)))
    choice = {"Element": name, "Show": "expected" if scenario == EXPECTED else "the hardest future"}
    return draw.panel(f"{name}: {title}", _met(rows), plot, choice=choice)


def _points(rows: pd.DataFrame, column: str, bands: svg.Bands, scale: svg.Scale) -> list[tuple[float, float]]:
    return [(bands.mid(year), scale(value)) for year, value in zip(rows["year"], rows[column], strict=True)]


def _fans(run: RunView, draw: svg.Drawer, element: str) -> list[Panel]:
    """Demand and what is met of it over all scenarios, without the plan and with it, on the same scale."""
    rows, name = futures(run, element), run.names.element(element)
    top = float(rows["demand"].max()) * 1.08 or 1.0
    panels = []
    for column, title, hue in (("met_without", "without a plan", svg.WITHOUT), ("met", "with the plan", svg.WITH)):
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
        plot, choice = (
            _fan(rows, column, spread, (run.years, top, hue)),
            {"Element": name, "Show": f"all futures, {title}"},
        )
        panels.append(draw.panel(f"{name}: all futures, {title}", told, plot, choice=choice))
    return panels


MOST_LINES = 40
"""Futures drawn one by one; beyond that the areas say it."""


def _fan(rows: pd.DataFrame, column: str, spread: pd.DataFrame, frame: tuple[Sequence[int], float, str]) -> svg.Plot:
    years, top, hue = frame
    plot = svg.Plot(WIDTH, HEIGHT, top=20)
    scale, bands = plot.amounts(top, "t/y", nice=False), plot.years(years)
    lines = {c: _points(spread, c, bands, scale) for c in spread.columns if c not in ("year", "which", "tip")}
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


def _met(rows: pd.DataFrame) -> str:
    total = float(rows["demand"].sum())
    parts = [
        f"{label} {percent(float(rows[key].sum()) / total)}"
        for key, (label, _, _) in SHAPES.items()
        if key != "demand" and key in rows and total > 0
    ]
    return f"demand {number(total)} t over all years; {', '.join(parts)}"


def supply_by_source(run: RunView, draw: svg.Drawer) -> Figure | None:
    """Where the main elements come from in a calm scenario and in the worst one."""
    scenarios = list(dict.fromkeys([run.worst, run.calm]))
    needs = run.tables["shortfall"]
    panels: list[Panel] = []
    colours: dict[str, str] = {}
    main = run.elements[:MAIN]
    goods = [(e, form) for e in main for form in sorted(needs.loc[needs["element"] == e, "form"].unique())]
    makers, suppliers = largest(run, goods, scenarios, "made"), largest(run, goods, scenarios, "imported")
    for element, form in goods:
        found = sources(run, element, form, scenarios, makers, suppliers)
        _assign(colours, found.suppliers, found.makers)
        order = [(k, colours[k]) for k in [*found.suppliers, *found.makers, STOCK]]
        panels += [_source_bars(run, draw, found, (element, form, w), order) for w in scenarios]
    if not panels:
        return None
    reading = worded("figures.j2", "sources", names=[midway(run.names.element(e)) for e in main])
    legend: Legend = [*svg.legend_of(sorted(colours.items(), key=_imports_first)), (svg.INK, "line", "use")]
    source = table_rows("operations") + ": items imported, made, released; line: demand_t of shortfall.csv and reduced"
    return Figure("Where it comes from, t a year", "", panels, legend, source=source, reading=reading)


def _source_bars(
    run: RunView, draw: svg.Drawer, found: Sources, what: tuple[str, str, str], order: list[tuple[str, str]]
) -> Panel:
    element, form, scenario = what
    good, future = f"{run.names.element(element)} {form}", f"“{run.names.scenario(scenario)}”"
    rows = found.by_scenario[scenario]
    tips = [
        tooltip(
            f"{good}, {r['year']}, {future}: {midway(r['kind'])} {number(r['amount'])} t",
            table_rows("operations", scenario, item=_item(r["kind"]), element=element, form=form, year=r["year"]),
        )
        for r in records(rows)
    ]
    use = max(float(of["use"].max()) for of in found.use.values())
    most = max(
        (float(of.groupby("year")["amount"].sum().max()) for of in found.by_scenario.values() if len(of)), default=0.0
    )
    plot, bands, scale = svg.stacked(rows.assign(tip=tips), run.years, order, "t/y", top=max(use, most) * 1.02)
    points = _points(found.use[scenario], "use", bands, scale)
    plot.curve(svg.stairs(points, bands.step / 2), svg.INK, wide=1.6)
    sums = rows.groupby("kind")["amount"].sum()
    words = ", ".join(f"{k} {number(float(sums[k]))} t" for k, _ in order if k in sums)
    return draw.panel(f"{good}: {future}", words, plot, choice={"Good": good, "Future": future})


def _item(kind: str) -> str:
    return "released" if kind == STOCK else "imported" if kind.startswith("Import") else "made"


def _imports_first(pair: tuple[str, str]) -> tuple[int, str]:
    kind = pair[0]
    return (0 if kind.startswith("Import") else 2 if kind == STOCK else 1, kind)


def _assign(colours: dict[str, str], suppliers: list[str], makers: list[str]) -> None:
    """Give each new source a colour that it keeps in all panels: greys for imports, hues for home production."""
    hues = [hue for hue in svg.HUES if hue != STOCK_HUE]
    colours.setdefault(STOCK, STOCK_HUE)
    for kinds, palette in ((suppliers, list(svg.GREYS)), (makers, hues)):
        for kind in kinds:
            free = [hue for hue in palette if hue not in colours.values()]
            colours.setdefault(kind, free[0] if free and kind != f"Made: {OTHER.lower()}" else svg.OTHERS)
