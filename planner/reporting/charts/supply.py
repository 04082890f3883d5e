"""Charts of supply and loss: demand and what is met, sources, loss by scenario, shortfall heat map."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    DEMAND,
    GREYS,
    HUES,
    INK,
    OTHERS,
    WITH,
    WITHOUT,
    Drawer,
    Drawing,
    legend_of,
    stacked,
    tipped,
    x_time,
    x_years,
    y_amount,
    year_bands,
)
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
from planner.reporting.values.wording import listed, midway, number, percent

MAIN = 2
SHAPES = {
    "demand": ("demand", DEMAND, 6),
    "met_without": ("met without a plan", WITHOUT, 2),
    "met": ("met with the plan", WITH, 2),
}
STOCK_HUE = "#F0E442"
HEIGHT = 160
SHORTFALL = table_rows("shortfall") + ": demand_t; met is demand_t less tonnes (with the plan) or without_plan_t"


def supply_and_demand(run: RunView, draw: Drawer, *, short: bool) -> Figure | None:
    """Demand and what is met of it over all futures and in the hardest one, for the elements (n)ever short."""
    elements = [e for e in run.elements if ever_short(run, e) == short]
    if not elements:
        return None
    if not short:
        return _never_short(run, draw, elements)
    panels, told_of, several = [], [], len(run.weights) > 1
    for element in elements:
        worst = hardest(run, element)
        name = run.names.element(element)
        if several:
            panels += _fans(run, draw, element)
        panels.append(_one_future(run, draw, element, worst, f"“{run.names.scenario(worst)}”"))
        missing = balance(run, element, worst)
        after, before = _short(missing, "met"), _short(missing, "met_without") if run.compared else None
        told_of.append(
            f"{name}{f' in “{run.names.scenario(worst)}”' if several else ''}: {number(after)} t short with the plan"
            + (f", {number(before)} t without" if before is not None else "")
        )
    most = f"Each in the scenario in which most of it is missing{' without a plan' if run.compared else ''}. "
    takeaway = (most if several else "") + ". ".join(told_of) + "."
    reading = "Where the lines lie on the grey band, demand is met."
    if several:
        reading += (
            " Fans: thick line, expected; dark, from 10 to 90 % of futures; pale, all; thin lines, each scenario."
        )
    title = "Demand and what is met of it, t a year"
    return Figure(title, takeaway, panels, _shapes(run), source=SHORTFALL, reading=reading)


def _never_short(run: RunView, draw: Drawer, elements: list[str]) -> Figure:
    panels = [_one_future(run, draw, element, EXPECTED, "expected") for element in elements]
    names = listed([midway(run.names.element(e)) for e in elements])
    takeaway = f"Demand for {names} is met in full in every scenario"
    takeaway += ", with the plan and without one." if run.compared else "."
    return Figure(f"Never short: {names}", takeaway, panels, _shapes(run), folded=True, source=SHORTFALL)


def _shapes(run: RunView) -> Legend:
    return [
        (hue, "band" if key == "demand" else "line", label)
        for key, (label, hue, _) in SHAPES.items()
        if key != "met_without" or run.compared
    ]


def _one_future(run: RunView, draw: Drawer, element: str, scenario: str, title: str) -> Panel:
    rows, name = balance(run, element, scenario), run.names.element(element)
    rows = tipped(
        rows,
        lambda r: (
            f"{name}, {r['year']}, {title}: "
            + ", ".join(f"{label} {number(r[key])} t" for key, (label, _, _) in SHAPES.items() if key in r)
        ),
        "shortfall",
        scenario,
        element=element,
    )
    choice = {"Element": name, "Show": "expected" if scenario == EXPECTED else "the hardest scenario"}
    return draw.panel(f"{name}: {title}", _met(rows), _lines(rows, run.years), choice=choice)


def _fans(run: RunView, draw: Drawer, element: str) -> list[Panel]:
    """Demand and what is met of it over all scenarios, without the plan and with it, on the same scale."""
    rows, name = futures(run, element), run.names.element(element)
    top = float(rows["demand"].max()) * 1.08 or 1.0
    panels = []
    for column, title, hue in (("met_without", "without a plan", WITHOUT), ("met", "with the plan", WITH)):
        if column not in rows:
            continue
        spread = tipped(
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
        words = (
            f"In the hardest future of {int(deepest['year'])} {number(deepest['least'])} t are met, expected "
            f"{number(deepest['mean'])} t."
        )
        drawn = _fan(rows.assign(met=rows[column]), spread, run.years, top, hue)
        choice = {"Element": name, "Show": f"all futures, {title}"}
        panels.append(draw.panel(f"{name}: all futures, {title}", words, drawn, choice=choice))
    return panels


def _fan(rows: pd.DataFrame, spread: pd.DataFrame, years: list[int], top: float, hue: str) -> Drawing:
    x = x_time(years)
    base, each = alt.Chart(spread).encode(x=x), alt.Chart(rows[["scenario", "year", "met"]]).encode(x=x)
    met, mean, demand = (y_amount(column, "t/y", top) for column in ("met", "mean", "demand_most"))
    bands = [
        base.mark_area(color=colour, opacity=opacity).encode(y=y_amount(low, "t/y", top), y2=f"{high}:Q")
        for low, high, colour, opacity in (
            ("demand_least", "demand_most", DEMAND, 0.9),
            ("least", "most", hue, 0.16),
            ("low", "high", hue, 0.3),
        )
    ]
    return alt.layer(
        base.mark_line(color=DEMAND, strokeWidth=6).encode(y=demand),
        *bands,
        each.mark_line(color=hue, strokeWidth=0.6, opacity=0.6).encode(y=met, detail="scenario:N"),
        base.mark_line(color=hue, strokeWidth=2.4).encode(y=mean),
        year_bands(spread, years, HEIGHT),
    ).properties(width=300, height=HEIGHT)


def _short(rows: pd.DataFrame, column: str) -> float:
    return float((rows["demand"] - rows[column]).sum())


def _met(rows: pd.DataFrame) -> str:
    total = float(rows["demand"].sum())
    parts = [
        f"{label} {percent(float(rows[key].sum()) / total)}"
        for key, (label, _, _) in SHAPES.items()
        if key != "demand" and key in rows and total > 0
    ]
    return f"Demand {number(total)} t over the horizon; {', '.join(parts)}."


def _lines(rows: pd.DataFrame, years: list[int]) -> Drawing:
    top = float(rows["demand"].max()) * 1.08 or 1.0
    base = alt.Chart(rows).encode(x=x_time(years))
    layers = [base.mark_area(color=WITH, opacity=0.25).encode(y=y_amount("met", "t/y", top), y2="demand:Q")]
    for key, (_, hue, width) in SHAPES.items():
        if key in rows:
            dotted = key != "demand" or len(rows) == 1
            point = alt.OverlayMarkDef(color=hue, size=12 * width) if dotted else False
            line = base.mark_line(color=hue, strokeWidth=width, point=point)
            layers.append(line.encode(y=y_amount(key, "t/y", top)))
    return alt.layer(*layers, year_bands(rows, years, HEIGHT)).properties(width=300, height=HEIGHT)


def supply_by_source(run: RunView, draw: Drawer) -> Figure | None:
    """Where the main elements come from in a calm scenario and in the worst one."""
    scenarios = list(dict.fromkeys([run.calm, run.worst]))
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
        shown = [found.by_scenario[w] for w in scenarios]
        bars = [float(rows.groupby("year")["amount"].sum().max()) for rows in shown if len(rows)]
        top = max([0.0, *bars, *(float(found.use[w]["use"].max()) for w in scenarios)]) * 1.05 or 1.0
        panels += [_source_bars(run, draw, found, (element, form, w), order, top) for w in scenarios]
    if not panels:
        return None
    names = listed([midway(run.names.element(e)) for e in main])
    takeaway = f"The elements whose shortage costs most: {names}."
    reading = (
        "Line: what users and, for oxide, metal plants take in. Bars "
        "above the line go to stock or are left over; a gap below it is the shortfall."
    )
    legend = [*legend_of(sorted(colours.items(), key=_imports_first)), (INK, "line", "use")]
    source = table_rows("operations") + ": items imported, made, released; line: demand_t of shortfall.csv and reduced"
    return Figure("Where it comes from, t a year", "", panels, legend, source=source, reading=f"{takeaway} {reading}")


def _source_bars(
    run: RunView, draw: Drawer, found: Sources, what: tuple[str, str, str], order: list[tuple[str, str]], top: float
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
    line = alt.Chart(found.use[scenario]).mark_line(color=INK, strokeWidth=1.6, interpolate="step")
    line = line.encode(x=x_years(run.years), y=y_amount("use", "t/y", top))
    chart = alt.layer(stacked(rows.assign(tip=tips), run.years, order, "t/y", top=top), line)
    sums = rows.groupby("kind")["amount"].sum()
    words = ", ".join(f"{k} {number(float(sums[k]))} t" for k, _ in order if k in sums) + "."
    choice = {"Good": good, "Scenario": future}
    return draw.panel(f"{good}: {future}", words, chart, choice=choice)


def _item(kind: str) -> str:
    return "released" if kind == STOCK else "imported" if kind.startswith("Import") else "made"


def _imports_first(pair: tuple[str, str]) -> tuple[int, str]:
    kind = pair[0]
    return (0 if kind.startswith("Import") else 2 if kind == STOCK else 1, kind)


def _assign(colours: dict[str, str], suppliers: list[str], makers: list[str]) -> None:
    """Give each new source a colour that it keeps in all panels: greys for imports, hues for home production."""
    hues = [hue for hue in HUES if hue != STOCK_HUE]
    colours.setdefault(STOCK, STOCK_HUE)
    for kinds, palette in ((suppliers, list(GREYS)), (makers, hues)):
        for kind in kinds:
            free = [hue for hue in palette if hue not in colours.values()]
            colours.setdefault(kind, free[0] if free and kind != f"Made: {OTHER.lower()}" else OTHERS)
