"""Charts of what a disruption costs: loss by scenario, the distribution of losses, who is short of what and when, and
what each lever takes off the risk."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    INK,
    WITH,
    WITHOUT,
    Drawer,
    Drawing,
    Facet,
    labels,
    y_names,
    year_ticks,
)
from planner.reporting.text.answer import tail_words
from planner.reporting.text.explanation import step
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.supply import ever_short, shares_short
from planner.reporting.values.view import EXPECTED, RunView, summary_keys, table_rows, tooltip
from planner.reporting.values.wording import count, number, percent
from planner.results.explanation import EXPLANATION, Explanation

RULE_HUE = "#8d98a3"

KINDS = ("without a plan", "with the plan")

LossBar = tuple[str, str, float, str]
"""Label, kind, MUSD, key in summary.json."""


def losses(run: RunView, draw: Drawer) -> Figure:
    """Loss by scenario and the measures made of it, with the plan and without."""
    after, before = run.summary["scenario_loss_musd"], run.without.get("scenario_loss_musd", {})
    measures = {
        "Expected loss (mean)": "expected_loss_musd",
        f"CVaR: mean of {tail_words(run)}": "cvar_musd",
        "Risk": "risk_musd",
    }
    rows: list[LossBar] = [(label, KINDS[1], run.summary[key], key) for label, key in measures.items()]
    rows += [(label, KINDS[0], run.without[k], f"without_plan.{k}") for label, k in measures.items() if run.without]
    labels = {w: f"{run.names.scenario(w)} ({percent(run.weights.get(w))})" for w in run.by_loss}
    cases: list[LossBar] = [(labels[w], KINDS[1], after[w], f"scenario_loss_musd.{w}") for w in run.by_loss]
    cases += [(labels[w], KINDS[0], before[w], f"without_plan.scenario_loss_musd.{w}") for w in run.by_loss if before]
    top = max([1e-9, *(row[2] for row in [*rows, *cases])])
    panels = [
        _loss_bars(draw, "The measures, MUSD", rows, list(measures), top, []),
        _loss_bars(
            draw,
            "Each scenario (probability), MUSD",
            cases,
            list(labels.values()),
            top,
            [(run.summary["expected_loss_musd"], "mean"), (run.summary["cvar_musd"], "CVaR")],
        ),
    ]
    none = sum(1 for value in after.values() if value <= 0.005)
    takeaway = f"With the plan, {none} of {count(len(after), 'scenario')} cause no loss at all"
    takeaway += f" (without one: {sum(1 for value in before.values() if value <= 0.005)})." if before else "."
    reading = "Thin lines: mean and CVaR with the plan. No bar: no loss."
    legend = [(WITH, "box", KINDS[1]), *([(WITHOUT, "box", KINDS[0])] if before else [])]
    source = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "risk_musd", "without_plan")
    return Figure(
        "What each scenario costs the users", takeaway, panels, legend, "wide", source=source, reading=reading
    )


def _loss_bars(
    draw: Drawer, title: str, rows: list[LossBar], order: list[str], top: float, marks: list[tuple[float, str]]
) -> Panel:
    data = pd.DataFrame([row[:3] for row in rows], columns=["label", "kind", "amount"])
    data["text"] = [number(value) if value > 0.005 else "" for value in data["amount"]]
    data["tip"] = [tooltip(f"{label}, {kind}: {number(v)} MUSD", summary_keys(key)) for label, kind, v, key in rows]
    present = [kind for kind in KINDS if kind in set(data["kind"])]
    y = y_names("label", order, 310, 320)
    offset = alt.YOffset("kind:N", sort=present)
    x = alt.X(
        "amount:Q",
        scale=alt.Scale(domain=[0, top * 1.1], nice=False),
        axis=alt.Axis(title=None, tickCount=5, format=",~r"),
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=[WITHOUT, WITH]))
    layers: list[alt.Chart] = [
        alt.Chart(data).mark_bar().encode(x=x, y=y, yOffset=offset, color=colour, description=alt.Description("tip:N"))
    ]
    if marks:
        lines = pd.DataFrame(marks, columns=["amount", "name"])
        layers.append(alt.Chart(lines).mark_rule(color=RULE_HUE).encode(x=alt.X("amount:Q")))
    layers.append(labels(alt.Chart(data), align="left", dx=4).encode(x=x, y=y, yOffset=offset, text=alt.Text("text:N")))
    height = (13 if len(present) == 1 else 26) + 4
    chart = alt.layer(*layers).properties(width=470, height=height * len(order))
    words = "; ".join(f"{label}, {kind}: {number(value)}" for label, kind, value, _ in rows)
    return draw.panel(title, words, chart)


def distribution(run: RunView, draw: Drawer) -> Figure | None:
    """How likely a loss of at least so much is, with the mean and the CVaR marked, with the plan and without."""
    if len(run.weights) < 2:
        return None
    cases = {KINDS[1]: run.summary, **({KINDS[0]: run.without} if run.without else {})}
    steps, marks = [], []
    for kind, figures in cases.items():
        prefix = "" if kind == KINDS[1] else "without_plan."
        steps.append(_exceedance(run, figures["scenario_loss_musd"], kind, f"{prefix}scenario_loss_musd"))
        for name, key, dash in (("mean", "expected_loss_musd", "mean"), ("CVaR", "cvar_musd", "CVaR")):
            tip = tooltip(f"{name}, {kind}: {number(figures[key])} MUSD", summary_keys(prefix + key))
            marks.append((kind, f"{name} {number(figures[key])}", dash, figures[key], tip))
    rows = pd.concat(steps)
    lines = pd.DataFrame(marks, columns=["kind", "text", "name", "loss", "tip"])
    chart = _distribution_chart(rows, lines, max(1e-9, float(rows["loss"].max())))
    after, tail = run.summary, 1.0 - run.case.model.objective.tail
    takeaway = (
        f"With the plan the mean is "
        f"{number(after['expected_loss_musd'])} MUSD and the mean of {tail_words(run)} (CVaR) "
        f"{number(after['cvar_musd'])} MUSD"
        + (f"; the tail it averages lies below {percent(round(tail, 6))}." if tail < 1 else ".")
    )
    legend = [(WITH, "line", KINDS[1]), *([(WITHOUT, "line", KINDS[0])] if run.without else [])]
    reading = "Height: the probability of losing at least so much. Solid rules: mean; dashed rules: CVaR."
    panel = draw.panel("Probability of a loss of at least so many MUSD", takeaway, chart)
    source = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")
    source += "; probabilities: inputs/scenarios.csv"
    return Figure("How likely losses are", takeaway, [panel], legend, "wide", source=source, reading=reading)


def _exceedance(run: RunView, by_scenario: dict[str, float], kind: str, key: str) -> pd.DataFrame:
    """Steps of the exceedance curve: at each loss the probability of it or more; `tip` at the loss of a scenario."""
    ordered = sorted(by_scenario, key=lambda w: (by_scenario[w], w))
    left, out = 1.0, []
    for w in ordered:
        loss, weight = by_scenario[w], run.weights.get(w, 0.0)
        words = (
            f"{run.names.scenario(w)}, {kind}: {number(loss)} MUSD, probability {percent(weight)}; "
            f"this much or more: {percent(round(left, 9))}"
        )
        out.append((kind, loss, left, tooltip(words, summary_keys(f"{key}.{w}"))))
        left = max(0.0, left - weight)
    out.append((kind, by_scenario[ordered[-1]], 0.0, ""))
    return pd.DataFrame(out, columns=["kind", "loss", "probability", "tip"]).assign(at=range(len(out)))


def _distribution_chart(rows: pd.DataFrame, lines: pd.DataFrame, top: float) -> Drawing:
    x = alt.X(
        "loss:Q",
        scale=alt.Scale(type="sqrt", domain=[0, top * 1.12], nice=False),
        axis=alt.Axis(title="loss, MUSD (square-root scale)", tickCount=8, format=",~r", grid=False),
    )
    y = alt.Y(
        "probability:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="probability", format="%", tickCount=5, domain=False, ticks=False),
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=[WITHOUT, WITH]))
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=["mean", "CVaR"], range=[[1, 0], [5, 3]]))
    lines = lines.assign(height=[0.95 - 0.08 * at for at in range(len(lines))])
    return alt.layer(
        alt.Chart(rows)
        .mark_line(interpolate="step-before", strokeWidth=2)
        .encode(x=x, y=y, color=colour, order=alt.Order("at:Q")),
        alt.Chart(lines)
        .mark_rule(strokeWidth=1.4)
        .encode(x=x, color=colour, strokeDash=dash, description=alt.Description("tip:N")),
        labels(alt.Chart(lines), align="left", dx=4).encode(
            x=x, y=alt.Y("height:Q"), text=alt.Text("text:N"), color=colour
        ),
        alt.Chart(rows[rows["tip"] != ""])
        .mark_point(filled=True, size=44, opacity=1)
        .encode(x=x, y=y, color=colour, description=alt.Description("tip:N")),
    ).properties(width=700, height=230)


def heat_maps(run: RunView, draw: Drawer) -> Figure | None:
    """Expected shortfall as a share of demand by country and year, with the plan and without."""
    tables = {e: shares_short(run, e) for e in run.elements if ever_short(run, e)}
    columns = [("share", KINDS[1]), *([("share_without", KINDS[0])] if run.compared else [])]
    top = max((float(rows[c].max()) for rows in tables.values() for c, _ in columns), default=0.0)
    if top <= 0:
        return None
    panels: list[Panel] = []
    for element, rows in tables.items():
        hit = rows.groupby("country")[[c for c, _ in columns]].sum().sum(axis=1)
        rows = rows[rows["country"].isin(hit[hit > 0].index)].assign(place=rows["country"].map(run.names.country))
        name = run.names.element(element)
        cells, cuts = [], []
        for key, (column, title) in enumerate(reversed(columns)):
            cells.append(_cells(run, rows, column, f"k{key}", element, title))
            cuts.append(Facet(f"k{key}", f"{name}, {title}", _deepest(rows, column), {"Element": name, "Plan": title}))
        panels += draw.split(_heat(pd.concat(cells), top, run.years), cuts)
    reading = (
        "Expected shortfall as a share of expected demand, per cent; the same colours everywhere. "
        "Empty: nothing missing in any scenario."
    )
    source = table_rows("shortfall", EXPECTED) + ": tonnes (with the plan) or without_plan_t, over demand_t"
    return Figure("Who is short of what, and when", "", panels, layout="pair", source=source, reading=reading)


def _deepest(rows: pd.DataFrame, column: str) -> str:
    deepest = rows.iloc[int(rows[column].to_numpy().argmax())]
    if deepest[column] <= 0:
        return "Nothing is missing."
    return f"Deepest: {deepest['place']} in {int(deepest['year'])}, {percent(float(deepest[column]))} of demand."


def _cells(run: RunView, rows: pd.DataFrame, column: str, key: str, element: str, title: str) -> pd.DataFrame:
    name, missing = run.names.element(element), "tonnes" if column == "share" else "tonnes_without"
    tips = [
        f"{key}\n"
        + tooltip(
            f"{name}, {place}, {year}, {title}: {number(short)} of {number(demand)} t missing ({percent(share)})",
            table_rows("shortfall", EXPECTED, element=element, country=country, year=year),
        )
        for country, place, year, share, short, demand in zip(
            rows["country"], rows["place"], rows["year"], rows[column], rows[missing], rows["demand"], strict=True
        )
    ]
    return rows[["place", "year"]].assign(
        share=rows[column], tip=tips, label=f"{key}\n", text=[_cell(value) for value in rows[column]]
    )


def _heat(data: pd.DataFrame, top: float, years: list[int]) -> Drawing:
    data = data.assign(dark=data["share"] > 0.6 * top)
    y = y_names("place", sorted(data["place"].unique()), 165, 170)
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
    ink = alt.condition("datum.dark", alt.value("white"), alt.value(INK))
    return alt.layer(
        alt.Chart(data).mark_rect(stroke="white").encode(x=x, y=y, color=heat, description=alt.Description("tip:N")),
        labels(alt.Chart(data[data["text"] != ""])).encode(
            x=x, y=y, text=alt.Text("text:N"), color=ink, description=alt.Description("label:N")
        ),
    ).properties(width=360, height=17 * data["place"].nunique())


def _cell(share: float) -> str:
    points = 100 * share
    return "" if points < 0.05 else f"{points:.1f}" if points < 9.95 else f"{points:.0f}"


WIDTH, ROW = 520, 30


def ladder(found: Explanation, draw: Drawer) -> Figure:
    """The least risk (MUSD) as levers are added, one bar a rung."""
    rungs = [*found.ladder]
    rows = pd.DataFrame(
        {
            "name": [r.name.split(":")[0] for r in rungs],
            "risk": [r.least_risk for r in rungs],
            "label": [number(r.least_risk) for r in rungs],
            "tip": [
                tooltip(f"{r.name.split(':')[0]}: {number(r.least_risk)} MUSD", f"{EXPLANATION}: {r.key}")
                for r in rungs
            ],
            "order": range(len(rungs)),
            "hue": [WITHOUT, *[EXISTING] * (len(rungs) - 2), WITH][: len(rungs)],
        }
    )
    y = y_names("name", rows["name"], 190, 180, labelFontSize=12)
    top = max(float(rows["risk"].max()), 1e-9) * 1.12
    x = alt.X(
        "risk:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(title="least risk, MUSD", tickCount=5, format=",~r", domain=False),
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(height=18)
        .encode(y=y, x=x, color=alt.Color("hue:N", scale=None), description=alt.Description("tip:N"))
    )
    words = alt.Chart(rows).mark_text(align="left", dx=5).encode(y=y, x=x, text="label:N")
    chart = (bars + words).properties(width=WIDTH, height=ROW * len(rungs))
    told = ", ".join(f"{r.name.split(':')[0]} {number(r.least_risk)}" for r in rungs)
    panel = draw.panel("Least risk as levers are added", f"Bars: {told} MUSD.", chart)
    steps = [f"{step(r)} {number(-r.change)}" for r in found.ladder[1:]]
    return Figure(
        "What each lever takes off the risk",
        f"MUSD taken off, step by step: {'; '.join(steps)}. "
        "The order is the order of the chain; a lever added later may owe its effect to those before it.",
        [panel],
        layout="wide",
        source=f"{EXPLANATION}: ladder",
    )
