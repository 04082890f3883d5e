"""Charts of what a disruption costs: loss by scenario, the distribution of losses, who is short of what and when, and
what each lever takes off the risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    WITH,
    WITHOUT,
    Drawer,
    Drawing,
    Facet,
    cells,
    coloured,
    labels,
    legend_of,
    x_amount,
    y_names,
)
from planner.reporting.text.answer import tail_words
from planner.reporting.text.explanation import step
from planner.reporting.values.page_parts import Figure, Legend, Panel
from planner.reporting.values.supply import ever_short, shares_short
from planner.reporting.values.view import EXPECTED, RunView, summary_keys, table_rows, tooltip
from planner.reporting.values.wording import count, number, percent
from planner.results.explanation import EXPLANATION, Explanation

RULE_HUE = "#8d98a3"

KINDS = ("without a plan", "with the plan")

COLOURS = tuple(zip(KINDS, (WITHOUT, WITH), strict=True))

LossBar = tuple[str, str, float, str]
"""Label, kind, MUSD, key in summary.json."""


def _plans(run: RunView) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What there are figures of, the plan first: kind, prefix of the keys in summary.json, figures."""
    with_plan, without = (KINDS[1], "", run.summary), (KINDS[0], "without_plan.", run.without)
    return [with_plan, without] if run.without else [with_plan]


def _legend(run: RunView, shape: str) -> Legend:
    return legend_of(COLOURS[::-1] if run.without else COLOURS[1:], shape)


def losses(run: RunView, draw: Drawer) -> Figure:
    """Loss by scenario and the measures made of it, with the plan and without."""
    plans = _plans(run)
    measures = {
        "Expected loss (mean)": "expected_loss_musd",
        f"CVaR: mean of {tail_words(run)}": "cvar_musd",
        "Risk": "risk_musd",
    }
    scenarios = {
        f"{run.names.scenario(w)} ({percent(run.weights.get(w))})": f"scenario_loss_musd.{w}" for w in run.by_loss
    }
    rows: list[LossBar] = [
        (label, kind, figures[key], prefix + key) for kind, prefix, figures in plans for label, key in measures.items()
    ]
    cases: list[LossBar] = [
        (label, kind, figures["scenario_loss_musd"][w], prefix + key)
        for kind, prefix, figures in plans
        for w, (label, key) in zip(run.by_loss, scenarios.items(), strict=True)
    ]
    top = max([1e-9, *(row[2] for row in [*rows, *cases])])
    marks = [run.summary["expected_loss_musd"], run.summary["cvar_musd"]]
    panels = [
        _loss_bars(draw, "The measures, MUSD", rows, list(measures), top, []),
        _loss_bars(draw, "Each scenario (probability), MUSD", cases, list(scenarios), top, marks),
    ]
    none = [sum(1 for loss in figures["scenario_loss_musd"].values() if loss <= 0.005) for _, _, figures in plans]
    takeaway = f"With the plan, {none[0]} of {count(len(run.by_loss), 'scenario')} cause no loss at all"
    takeaway += f" (without one: {none[1]})." if run.without else "."
    reading = "Thin lines: mean and CVaR with the plan. No bar: no loss."
    source = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "risk_musd", "without_plan")
    title = "What each scenario costs the users"
    return Figure(title, takeaway, panels, _legend(run, "box"), "wide", source=source, reading=reading)


def _loss_bars(
    draw: Drawer, title: str, rows: list[LossBar], order: list[str], top: float, marks: list[float]
) -> Panel:
    data = pd.DataFrame([row[:3] for row in rows], columns=["label", "kind", "amount"])
    data["text"] = [number(value) if value > 0.005 else "" for value in data["amount"]]
    data["tip"] = [tooltip(f"{label}, {kind}: {number(v)} MUSD", summary_keys(key)) for label, kind, v, key in rows]
    present = [kind for kind in KINDS if kind in set(data["kind"])]
    base = alt.Chart(data).encode(
        x=x_amount("amount", None, (0, top * 1.1)),
        y=y_names("label", order, 310, 320),
        yOffset=alt.YOffset("kind:N", sort=present),
    )
    layers = [base.mark_bar().encode(color=coloured("kind", COLOURS), description="tip:N")]
    if marks:
        layers.append(alt.Chart(pd.DataFrame({"amount": marks})).mark_rule(color=RULE_HUE).encode(x="amount:Q"))
    layers.append(labels(base, align="left", dx=4).encode(text="text:N"))
    height = (13 if len(present) == 1 else 26) + 4
    chart = alt.layer(*layers).properties(width=470, height=height * len(order))
    words = "; ".join(f"{label}, {kind}: {number(value)}" for label, kind, value, _ in rows)
    return draw.panel(title, words, chart)


def distribution(run: RunView, draw: Drawer) -> Figure | None:
    """How likely a loss of at least so much is, with the mean and the CVaR marked, with the plan and without."""
    if len(run.weights) < 2:
        return None
    steps, marks = [], []
    for kind, prefix, figures in _plans(run):
        steps.append(_exceedance(run, figures["scenario_loss_musd"], kind, f"{prefix}scenario_loss_musd"))
        for name, key in (("mean", "expected_loss_musd"), ("CVaR", "cvar_musd")):
            tip = tooltip(f"{name}, {kind}: {number(figures[key])} MUSD", summary_keys(prefix + key))
            marks.append((kind, f"{name} {number(figures[key])}", name, figures[key], tip))
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
    reading = "Height: the probability of losing at least so much. Solid rules: mean; dashed rules: CVaR."
    panel = draw.panel("Probability of a loss of at least so many MUSD", takeaway, chart)
    source = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")
    source += "; probabilities: inputs/scenarios.csv"
    legend = _legend(run, "line")
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
    axis = alt.Axis(title="probability", format="%", tickCount=5, domain=False, ticks=False)
    y = alt.Y("probability:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=["mean", "CVaR"], range=[[1, 0], [5, 3]]))
    steps = alt.Chart(rows).encode(x=x, y=y, color=coloured("kind", COLOURS))
    rules = alt.Chart(lines.assign(height=[0.95 - 0.08 * at for at in range(len(lines))]))
    rules = rules.encode(x=x, color=coloured("kind", COLOURS))
    points = steps.transform_filter("datum.tip != ''").mark_point(filled=True, size=44, opacity=1)
    return alt.layer(
        steps.mark_line(interpolate="step-before", strokeWidth=2).encode(order="at:Q"),
        rules.mark_rule(strokeWidth=1.4).encode(strokeDash=dash, description="tip:N"),
        labels(rules, align="left", dx=4).encode(y="height:Q", text="text:N"),
        points.encode(description="tip:N"),
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
        shown, cuts = [], []
        for key, (column, title) in enumerate(reversed(columns)):
            shown.append(_cells(run, rows, column, f"k{key}", element, title))
            cuts.append(Facet(f"k{key}", f"{name}, {title}", _deepest(rows, column), {"Element": name, "Plan": title}))
        data = pd.concat(shown)
        tones = {0: "#f5f6f8", top * 0.02: "#fdebd3", top * 0.35: "#f1914e", top: "#8c2d04"}
        y = y_names("place", sorted(data["place"].unique()), 165, 170)
        drawn = cells(data, y, run.years, tones, 0.6 * top)
        panels += draw.split(drawn.properties(width=360, height=17 * data["place"].nunique()), cuts)
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


def _cell(share: float) -> str:
    points = 100 * share
    return "" if points < 0.05 else f"{points:.1f}" if points < 9.95 else f"{points:.0f}"


def ladder(found: Explanation, draw: Drawer) -> Figure:
    """The least risk (MUSD) as levers are added, one bar a rung."""
    rungs = [(rung, rung.name.split(":")[0], number(rung.least_risk)) for rung in found.ladder]
    rows = pd.DataFrame(
        {
            "name": [name for _, name, _ in rungs],
            "risk": [rung.least_risk for rung, _, _ in rungs],
            "label": [risk for _, _, risk in rungs],
            "tip": [tooltip(f"{name}: {risk} MUSD", f"{EXPLANATION}: {rung.key}") for rung, name, risk in rungs],
            "hue": [WITHOUT, *[EXISTING] * (len(rungs) - 2), WITH][: len(rungs)],
        }
    )
    top = max(float(rows["risk"].max()), 1e-9) * 1.12
    base = alt.Chart(rows).encode(
        x=x_amount("risk", "least risk, MUSD", (0, top), domain=False),
        y=y_names("name", rows["name"], 190, 180, labelFontSize=12),
    )
    bars = base.mark_bar(height=18).encode(color=alt.Color("hue:N", scale=None), description="tip:N")
    words = base.mark_text(align="left", dx=5).encode(text="label:N")
    chart = alt.layer(bars, words).properties(width=520, height=30 * len(rungs))
    told = ", ".join(f"{name} {risk}" for _, name, risk in rungs)
    panel = draw.panel("Least risk as levers are added", f"Bars: {told} MUSD.", chart)
    steps = [f"{step(r)} {number(-r.change)}" for r in found.ladder[1:]]
    takeaway = (
        f"MUSD taken off, step by step: {'; '.join(steps)}. "
        "The order is the order of the chain; a lever added later may owe its effect to those before it."
    )
    source = f"{EXPLANATION}: ladder"
    return Figure("What each lever takes off the risk", takeaway, [panel], layout="wide", source=source)
