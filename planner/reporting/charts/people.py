"""Charts of people: in training, employed and needed."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import EXISTING, HUES, INK, WITHOUT, Drawer, Drawing
from planner.reporting.values.numbers import number
from planner.reporting.values.parts import Figure
from planner.reporting.values.plants import pyramid
from planner.reporting.values.provenance import table_rows, tooltip
from planner.reporting.values.view import EXPECTED, RunView, records


def skills(run: RunView, draw: Drawer) -> Figure | None:
    """A pyramid for each skill that some plant needs: years upwards, trainees to the left, staff and need right."""
    people = pyramid(run)
    panels = []
    for skill, rows in people.groupby("skill"):
        if rows["peak"].sum() <= 1e-6:
            continue
        name, last = run.names.skill(str(skill)), rows.iloc[-1]
        words = (
            f"{int(last['year'])}: {number(last['staff'])} persons employed, {number(last['training'])} in training, "
            f"{number(last['needed'])} needed in expectation, at most {number(last['peak'])}."
        )
        drawn = _pyramid(run, rows, str(skill), name)
        panels.append(draw.panel(name, words, drawn, choice={"Skill": name}))
    if not panels:
        return None
    trained = people.groupby("year")["training"].sum()
    most = int(trained.to_numpy().argmax())
    told_first = (
        f"Most are in training in {trained.index[most]}: {number(float(trained.iloc[most]))} persons. "
        if trained.sum() > 1e-6
        else "Nobody is in training. "
    )
    legend = [
        (HUES[1], "box", "in training"),
        (EXISTING, "box", "employed"),
        (INK, "line", "needed, expected"),
        (WITHOUT, "line", "needed at most, any scenario"),
    ]
    takeaway = (
        told_first + "All countries together; people do not all work where they are needed, so a skill can be short "
        "in one country while the sum looks ample."
    )
    source = f"{table_rows('workforce', EXPECTED)}: staff, needed; {table_rows('training')}: intake"
    return Figure("In training, employed, needed", takeaway, panels, legend, source=source)


def _pyramid(run: RunView, rows: pd.DataFrame, skill: str, name: str) -> Drawing:
    span = max(float(rows[["staff", "peak", "training"]].to_numpy().max()) * 1.05, 1e-6)
    left = max(float(rows["training"].max()) * 1.15, 0.12 * span)
    data = rows.assign(trainees=-rows["training"], zero=0.0)
    data["tip"] = [
        tooltip(
            f"{name}, {r['year']}: {number(r['training'])} in training, {number(r['staff'])} employed, "
            f"{number(r['needed'])} needed in expectation, {number(r['peak'])} at most",
            table_rows("workforce", EXPECTED, skill=skill, year=r["year"]),
        )
        for r in records(rows)
    ]
    base = alt.Chart(data.assign(left=-left, right=span))
    y = alt.Y(
        "year:O",
        sort="descending",
        scale=alt.Scale(domain=run.years, paddingInner=0.15),
        axis=alt.Axis(title=None, format="d", domain=False, ticks=False, labelFontSize=10),
    )

    def x(column: str) -> alt.X:
        axis = alt.Axis(title="persons", tickCount=5, labelExpr="format(abs(datum.value), ',~r')")
        return alt.X(f"{column}:Q", scale=alt.Scale(domain=[-left, span], nice=False), axis=axis)

    return alt.layer(
        base.mark_bar(color=EXISTING).encode(x=x("staff"), x2=alt.X2("zero:Q"), y=y),
        base.mark_bar(color=HUES[1]).encode(x=x("trainees"), x2=alt.X2("zero:Q"), y=y),
        base.mark_tick(color=WITHOUT, thickness=2).encode(x=x("peak"), y=y),
        base.mark_tick(color=INK, thickness=2).encode(x=x("needed"), y=y),
        base.mark_bar(color=INK, opacity=0).encode(
            x=x("left"), x2=alt.X2("right:Q"), y=y, description=alt.Description("tip:N")
        ),
    ).properties(width=280, height=13 * len(run.years))
