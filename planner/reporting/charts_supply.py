"""Charts of supply and loss: demand and what is met, sources, loss by scenario, shortfall heat map."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.answer import tail_words
from planner.reporting.book import EXPECTED, Book
from planner.reporting.drawing import (
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
    x_time,
    x_years,
    y_amount,
    year_ticks,
)
from planner.reporting.names import midway
from planner.reporting.numbers import count, listed, number, percent, rough
from planner.reporting.parts import Figure, Panel
from planner.reporting.supply import OTHER, STOCK, balance, ever_short, hardest, largest, shares_short, sources

MAIN = 2
SHAPES = {
    "demand": ("demand", DEMAND, 6),
    "met_without": ("met without a plan", WITHOUT, 2),
    "met": ("met with the plan", WITH, 2),
}
STOCK_HUE = "#F0E442"
RULE_HUE = "#8d98a3"


def supply_and_demand(book: Book, draw: Drawer, *, short: bool) -> Figure | None:
    """Demand and what is met of it, expected and in the hardest scenario, for the elements (n)ever short."""
    elements = [e for e in book.elements if ever_short(book, e) == short]
    if not elements:
        return None
    panels, told = [], []
    for element in elements:
        worst = hardest(book, element)
        name = book.names.element(element)
        shown = [("expected", EXPECTED), (f"“{book.names.scenario(worst)}”", worst)]
        for title, scenario in shown if short and len(book.weights) > 1 else shown[:1]:
            rows = balance(book, element, scenario)
            panels.append(draw.panel(f"{name}: {title}", _met(rows), _lines(rows, book.years)))
        missing = balance(book, element, worst)
        after, before = _short(missing, "met"), _short(missing, "met_without") if book.compared else None
        told.append(
            f"{name}, hardest scenario: {rough(after)} t short with the plan"
            + (f", {rough(before)} t without" if before is not None else "")
        )
    shapes = [
        (hue, "band" if key == "demand" else "line", label)
        for key, (label, hue, _) in SHAPES.items()
        if key != "met_without" or book.compared
    ]
    if short:
        takeaway = ". ".join(told) + ". Where the lines lie on the grey band, demand is met."
        return Figure("Demand and what is met of it, t a year", takeaway, panels, shapes)
    names = listed([midway(book.names.element(e)) for e in elements])
    return Figure(
        f"Never short: {names}",
        f"Demand for {names} is met in full in every scenario"
        + (", with the plan and without one." if book.compared else "."),
        panels,
        shapes,
        folded=True,
    )


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
    base = alt.Chart(rows)
    layers = [
        base.mark_area(color=WITH, opacity=0.25).encode(x=x_time(years), y=y_amount("met", "t/y", top), y2="demand:Q")
    ]
    for key, (_, hue, width) in SHAPES.items():
        if key in rows:
            points = alt.OverlayMarkDef(color=hue, size=12 * width)
            layers.append(
                base.mark_line(
                    color=hue, strokeWidth=width, point=points if key != "demand" or len(rows) == 1 else False
                ).encode(x=x_time(years), y=y_amount(key, "t/y", top))
            )
    return alt.layer(*layers).properties(width=300, height=160)


def supply_by_source(book: Book, draw: Drawer) -> Figure | None:
    """Where the main elements come from in a calm scenario and in the worst one."""
    scenarios = list(dict.fromkeys([book.calm, book.worst]))
    needs = book.tables["shortfall"]
    panels: list[Panel] = []
    colours: dict[str, str] = {}
    main = book.elements[:MAIN]
    goods = [(e, form) for e in main for form in sorted(needs.loc[needs["element"] == e, "form"].unique())]
    makers, suppliers = largest(book, goods, scenarios, "made"), largest(book, goods, scenarios, "imported")
    for element, form in goods:
        found = sources(book, element, form, scenarios, makers, suppliers)
        _assign(colours, found.suppliers, found.makers)
        order = [(k, colours[k]) for k in [*found.suppliers, *found.makers, STOCK]]
        top = max(
            float(found.by_scenario[w].groupby("year")["amount"].sum().max() or 0.0)
            if len(found.by_scenario[w])
            else 0.0
            for w in scenarios
        )
        top = max(top, *(float(found.use[w]["use"].max()) for w in scenarios)) * 1.05 or 1.0
        for w in scenarios:
            title = f"{book.names.element(element)} {form}: “{book.names.scenario(w)}”"
            line = (
                alt.Chart(found.use[w])
                .mark_line(color=INK, strokeWidth=1.6, interpolate="step")
                .encode(x=x_years(book.years), y=y_amount("use", "t/y", top))
            )
            chart = alt.layer(stacked(found.by_scenario[w], book.years, order, "t/y", top=top), line)
            sums = found.by_scenario[w].groupby("kind")["amount"].sum()
            panels.append(
                draw.panel(
                    title, ", ".join(f"{k} {number(float(sums[k]))} t" for k, _ in order if k in sums) + ".", chart
                )
            )
    if not panels:
        return None
    names = listed([midway(book.names.element(e)) for e in main])
    takeaway = (
        f"The elements whose shortage costs most: {names}. Line: what users and, for oxide, metal plants take in. Bars "
        "above the line go to stock or are left over; a gap below it is the shortfall."
    )
    legend = [*legend_of(sorted(colours.items(), key=_imports_first)), (INK, "line", "use")]
    return Figure("Where it comes from, t a year", takeaway, panels, legend)


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


def losses(book: Book, draw: Drawer) -> Figure:
    """Loss by scenario and the measures made of it, with the plan and without."""
    after, before = book.summary["scenario_loss_musd"], book.without.get("scenario_loss_musd", {})
    measures = {
        "Expected loss (mean)": "expected_loss_musd",
        f"CVaR: mean of {tail_words(book)}": "cvar_musd",
        "Risk": "risk_musd",
    }
    rows = [(label, "with the plan", book.summary[key]) for label, key in measures.items()]
    rows += [(label, "without a plan", book.without[key]) for label, key in measures.items() if book.without]
    labels = {w: f"{book.names.scenario(w)} ({percent(book.weights.get(w))})" for w in book.by_loss}
    cases = [(labels[w], "with the plan", after[w]) for w in book.by_loss]
    cases += [(labels[w], "without a plan", before[w]) for w in book.by_loss if before]
    top = max([1e-9, *(value for _, _, value in [*rows, *cases])])
    panels = [
        _loss_bars(draw, "The measures, MUSD", rows, list(measures), top, []),
        _loss_bars(
            draw,
            "Each scenario (probability), MUSD",
            cases,
            list(labels.values()),
            top,
            [(book.summary["expected_loss_musd"], "mean"), (book.summary["cvar_musd"], "CVaR")],
        ),
    ]
    none = sum(1 for value in after.values() if value <= 0.005)
    takeaway = f"With the plan, {none} of {count(len(after), 'scenario')} cause no loss at all"
    takeaway += f" (without one: {sum(1 for value in before.values() if value <= 0.005)})." if before else "."
    takeaway += " Thin lines: mean and CVaR with the plan. No bar: no loss."
    legend = [(WITH, "box", "with the plan"), *([(WITHOUT, "box", "without a plan")] if before else [])]
    return Figure("What each scenario costs the users", takeaway, panels, legend, layout="wide")


def _loss_bars(
    draw: Drawer,
    title: str,
    rows: list[tuple[str, str, float]],
    order: list[str],
    top: float,
    marks: list[tuple[float, str]],
) -> Panel:
    kinds = ["without a plan", "with the plan"]
    data = pd.DataFrame(rows, columns=["label", "kind", "amount"])
    data["text"] = [number(value) if value > 0.005 else "" for value in data["amount"]]
    present = [kind for kind in kinds if kind in set(data["kind"])]
    y = alt.Y(
        "label:N",
        sort=order,
        axis=alt.Axis(
            title=None, labelLimit=310, minExtent=320, maxExtent=320, domain=False, ticks=False, labelColor=INK
        ),
    )
    offset = alt.YOffset("kind:N", sort=present)
    x = alt.X(
        "amount:Q",
        scale=alt.Scale(domain=[0, top * 1.1], nice=False),
        axis=alt.Axis(title=None, tickCount=5, format=",~r"),
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[WITHOUT, WITH]))
    layers: list[alt.Chart] = [alt.Chart(data).mark_bar().encode(x=x, y=y, yOffset=offset, color=colour)]
    if marks:
        lines = pd.DataFrame(marks, columns=["amount", "name"])
        layers.append(alt.Chart(lines).mark_rule(color=RULE_HUE).encode(x=alt.X("amount:Q")))
    layers.append(
        alt.Chart(data).mark_text(align="left", dx=4, fontSize=10).encode(x=x, y=y, yOffset=offset, text="text:N")
    )
    height = (13 if len(present) == 1 else 26) + 4
    chart = alt.layer(*layers).properties(width=470, height=height * len(order))
    return draw.panel(title, "; ".join(f"{label}, {kind}: {number(value)}" for label, kind, value in rows), chart)


def heat_maps(book: Book, draw: Drawer) -> Figure | None:
    """Expected shortfall as a share of demand by country and year, with the plan and without."""
    tables = {e: shares_short(book, e) for e in book.elements if ever_short(book, e)}
    columns = [("share", "with the plan"), *([("share_without", "without a plan")] if book.compared else [])]
    top = max((float(rows[c].max()) for rows in tables.values() for c, _ in columns), default=0.0)
    if top <= 0:
        return None
    panels = []
    for element, rows in tables.items():
        hit = rows.groupby("country")[[c for c, _ in columns]].sum().sum(axis=1)
        rows = rows[rows["country"].isin(hit[hit > 0].index)].assign(place=rows["country"].map(book.names.country))
        for column, title in reversed(columns):
            deepest = rows.iloc[int(rows[column].to_numpy().argmax())]
            told = (
                f"Deepest: {deepest['place']} in {int(deepest['year'])}, {percent(float(deepest[column]))} of demand."
                if deepest[column] > 0
                else "Nothing is missing."
            )
            panels.append(
                draw.panel(f"{book.names.element(element)}, {title}", told, _heat(rows, column, top, book.years))
            )
    takeaway = (
        "Expected shortfall as a share of expected demand, per cent; the same colours everywhere. "
        "Empty: nothing missing in any scenario."
    )
    return Figure("Who is short of what, and when", takeaway, panels, layout="pair")


def _heat(rows: pd.DataFrame, column: str, top: float, years: list[int]) -> Drawing:
    data = rows[["place", "year"]].assign(
        share=rows[column], dark=rows[column] > 0.6 * top, text=[_cell(value) for value in rows[column]]
    )
    y = alt.Y(
        "place:N",
        sort=sorted(data["place"].unique()),
        axis=alt.Axis(
            title=None, labelLimit=165, minExtent=170, maxExtent=170, domain=False, ticks=False, labelColor=INK
        ),
    )
    x = alt.X(
        "year:O",
        scale=alt.Scale(domain=years),
        axis=alt.Axis(
            title=None, labelAngle=0, format="d", values=year_ticks(years, 8), ticks=False, labelOverlap=False
        ),
    )
    heat = alt.Color(
        "share:Q",
        scale=alt.Scale(domain=[0, top * 0.02, top * 0.35, top], range=["#f5f6f8", "#fdebd3", "#f1914e", "#8c2d04"]),
    )
    return alt.layer(
        alt.Chart(data).mark_rect(stroke="white").encode(x=x, y=y, color=heat),
        alt.Chart(data)
        .mark_text(fontSize=9)
        .encode(x=x, y=y, text="text:N", color=alt.condition("datum.dark", alt.value("white"), alt.value(INK))),
    ).properties(width=360, height=17 * data["place"].nunique())


def _cell(share: float) -> str:
    points = 100 * share
    return "" if points < 0.05 else f"{points:.1f}" if points < 9.95 else f"{points:.0f}"
