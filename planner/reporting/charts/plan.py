"""Charts of plants: the timeline of what is built, capacity and its use."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    INK,
    STAGE_COLOURS,
    Drawer,
    labels,
    stacked,
    x_years,
    y_amount,
    year_ticks,
)
from planner.reporting.values.names import STAGES, STAGES_MANY
from planner.reporting.values.numbers import count, number
from planner.reporting.values.parts import Figure, Panel
from planner.reporting.values.plants import UNITS, capacity, capacity_groups, decisions, everywhere
from planner.reporting.values.provenance import table_rows, tooltip
from planner.reporting.values.view import EXPECTED, RunView, rows_of

LABEL_WIDTH, BAR_WIDTH, ROW = 250, 560, 19
TONES = (("under construction", 0.28), ("running in", 0.62), ("full use", 1.0))


def timeline(run: RunView, draw: Drawer) -> Figure:
    """Commitment, construction, running in and full use of every new plant, by stage."""
    rows = decisions(run)
    panels = [
        _bars(run, draw, stage, rows[rows["stage"] == stage]) for stage in STAGES if (rows["stage"] == stage).any()
    ]
    first, last = int(rows["year"].min()), int(rows["year"].max())
    when = f"all in {first}" if first == last else f"between {first} and {last}"
    takeaway = (
        f"{count(rows['project'].nunique(), 'project')} are committed {when}; the first new output comes in "
        f"{int(rows['first_output'].min())}, full use of the last in {int(rows['full_output'].max())}."
    )
    reading = "Pale: under construction; middle: running in; full colour: full nameplate usable. Numbers: new t/y."
    if not everywhere(rows):
        takeaway += " Some commitments are made in some scenarios only; the table says in which."
    legend = [(STAGE_COLOURS[stage], "box", STAGES[stage]) for stage in STAGES if (rows["stage"] == stage).any()]
    source = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
    title = "When each plant is committed, built and in use"
    return Figure(title, takeaway, panels, legend, layout="wide", source=source, reading=reading)


def _bars(run: RunView, draw: Drawer, stage: str, rows: pd.DataFrame) -> Panel:
    end = run.years[-1] + 1
    edge = end + 0.08 * (end - run.years[0])
    order = list(dict.fromkeys(rows["label"]))
    spans = _spans(rows, end)
    sums = rows.groupby("label", sort=False).agg(tpa=("tpa", "sum"), place=("first_output", "min")).reset_index()
    sums["text"] = [number(t) for t in sums["tpa"]]
    y = alt.Y(
        "label:N",
        sort=order,
        axis=alt.Axis(
            title=None,
            labelLimit=LABEL_WIDTH - 10,
            minExtent=LABEL_WIDTH,
            maxExtent=LABEL_WIDTH,
            domain=False,
            ticks=False,
            labelColor=INK,
        ),
    )
    axis = alt.Axis(
        title=None,
        values=year_ticks(run.years, 15),
        format="d",
        orient="top",
        labelFlush=False,
        labelOverlap=False,
        labelOffset=BAR_WIDTH / (edge - run.years[0]) / 2,
    )
    x = alt.X("start:Q", scale=alt.Scale(domain=[run.years[0], edge], nice=False, zero=False), axis=axis)
    colour = STAGE_COLOURS[stage]
    chart = alt.layer(
        alt.Chart(spans)
        .mark_bar(color=colour, height=12)
        .encode(
            x=x,
            x2=alt.X2("stop:Q"),
            y=y,
            opacity=alt.Opacity("tone:Q", scale=None),
            description=alt.Description("tip:N"),
        ),
        alt.Chart(rows[["label", "year"]])
        .mark_point(shape="diamond", filled=True, color=INK, size=34, opacity=1)
        .encode(x=alt.X("year:Q"), y=y),
        labels(alt.Chart(sums.assign(end=end)), align="left", dx=5).encode(
            x=alt.X("end:Q"), y=y, text=alt.Text("text:N")
        ),
    ).properties(width=BAR_WIDTH, height=ROW * len(order))
    named = "; ".join(f"{r.label} {number(r.tpa)} t/y from {r.place}" for r in rows_of(sums))
    return draw.panel(f"{STAGES_MANY[stage]} (t/y)", named, chart)


def _spans(rows: pd.DataFrame, end: int) -> pd.DataFrame:
    """A row for each time of a plant that has a tone: start and stop (years), tone, what it says."""
    spans = pd.concat(
        [
            rows.assign(start=rows["year"], stop=rows["first_output"], tone=TONES[0][1]),
            rows.assign(start=rows["first_output"], stop=rows["full_output"].clip(upper=end), tone=TONES[1][1]),
            rows.assign(start=rows["full_output"].clip(upper=end), stop=end, tone=TONES[2][1]),
        ]
    )
    spans = spans[spans["stop"] > spans["start"]]
    tones = {tone: name for name, tone in TONES}
    spans["tip"] = [
        tooltip(
            f"{row.label}: {tones[row.tone]} from {row.start} to {row.stop}; committed in {row.year}, "
            f"{number(row.tpa)} {row.unit}, {number(row.capex_musd)} MUSD",
            table_rows("investments", project=row.project, year=row.year),
        )
        for row in rows_of(spans)
    ]
    return spans[["label", "start", "stop", "tone", "tip"]]


def capacities(run: RunView, draw: Drawer) -> Figure:
    """Existing and new capacity by year and what is used of it, by stage."""
    panels = []
    for stage, kind in capacity_groups(run):
        rows = capacity(run, (stage, kind))
        sums = run.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
        worst = run.within(rows, run.worst, ["year"], ["throughput_t"])
        unit = UNITS[kind]
        bars = pd.concat([_capacity_bars(run, sums, worst, stage, name, unit) for name in ("existing", "new")])
        used = pd.concat([sums.assign(which="expected"), worst.assign(which="worst")])
        dash = alt.StrokeDash("which:N", scale=alt.Scale(domain=["expected", "worst"], range=[[1, 0], [4, 3]]))
        lines = (
            alt.Chart(used)
            .mark_line(color=INK, strokeWidth=1.6)
            .encode(x=x_years(run.years), y=y_amount("throughput_t", unit + "/y"), strokeDash=dash)
        )
        chart = alt.layer(
            stacked(bars, run.years, [("existing", EXISTING), ("new", STAGE_COLOURS[stage])], unit + "/y"), lines
        )
        last = sums.iloc[-1]
        told = (
            f"In {int(last['year'])}: existing {number(last['existing_tpa'])}, new {number(last['new_tpa'])}, "
            f"expected use {number(last['throughput_t'])} {unit}/y."
        )
        panels.append(draw.panel(f"{STAGES_MANY[stage]}, {unit}/y", told, chart))
    reading = (
        "Bars: capacity that exists and that the plan adds. Solid line: what is expected to run; dashed line: what "
        "runs "
        f"in the worst scenario, “{run.names.scenario(run.worst)}”. Capacity that idles in calm years is the "
        "insurance."
    )
    legend = [
        (EXISTING, "box", "existing"),
        (STAGE_COLOURS["separation"], "box", "new (colour of the stage)"),
        (INK, "line", "in use, expected"),
        (INK, "dash", "in use, worst scenario"),
    ]
    source = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"
    return Figure("Capacity and its use", "", panels, legend, source=source, reading=reading)


def _capacity_bars(
    run: RunView, sums: pd.DataFrame, worst: pd.DataFrame, stage: str, name: str, unit: str
) -> pd.DataFrame:
    """The bars of existing or new capacity, t/y, with what each says."""
    runs = dict(zip(worst["year"], worst["throughput_t"], strict=True))
    rows = pd.DataFrame({"year": sums["year"], "kind": name, "amount": sums[f"{name}_tpa"]})
    rows["tip"] = [
        tooltip(
            f"{STAGES_MANY[stage]}, {row.year}: {name} {number(getattr(row, f'{name}_tpa'))} {unit}/y; all that runs: "
            f"expected {number(row.throughput_t)}, worst scenario {number(runs.get(row.year, 0.0))}",
            table_rows("capacity", EXPECTED, stage=stage, year=row.year),
        )
        for row in rows_of(sums)
    ]
    return rows
