"""The pictures of the worked studies: `python -m checks.study_pictures STUDIES [NAME ..]`.

STUDIES: the folder of the study folders. NAME: which; left out, all.
Writes reports/reference/studies/*.svg. Run after `planner study run` has run each file of models/studies into
STUDIES/NAME.
"""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

from planner.reporting.charts.style import FONT, INK, MUTED, RULE
from planner.studies.store import read_results
from tests.studies.studies import ROOT

WITH, WITHOUT = "#0072B2", "#D55E00"

OUT = ROOT / "reports" / "reference" / "studies"
AXIS = {"labelColor": MUTED, "titleColor": MUTED, "gridColor": RULE, "titleFontWeight": "normal"}
CONFIG = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": AXIS,
    "legend": {"disable": True},
}
PALE, LENGTHS = (
    "#eef4fa",
    {"three": "3 years", "two": "2 years and a half", "one": "1 year and a half"},
)
MUSD = alt.Axis(title="risk, MUSD", format=",~r", tickCount=5)


def main(studies: Path, names: list[str]) -> None:
    """Draw the named ones, or all."""
    for name in names or PICTURES:
        spec = PICTURES[name](read_results(studies / name)).to_dict()
        spec["config"] = CONFIG
        (OUT / f"{name}.svg").write_text(
            vl_convert.vegalite_to_svg(
                spec, vl_version=".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
            )
            + "\n",
            encoding="utf-8",
        )


def who_joins(table: pd.DataFrame) -> alt.LayerChart:
    """A bar for each alliance."""
    y = alt.Y("alliance:N", sort=None, axis=alt.Axis(title=None, labelLimit=240))
    base = alt.Chart(table).encode(y=y, x=alt.X("risk_musd:Q", axis=MUSD))
    told = base.mark_text(align="left", dx=4, color=INK).encode(
        text=alt.Text("risk_musd:Q", format=",.0f")
    )
    return alt.layer(base.mark_bar(color=WITH, height=15), told).properties(width=520, height=170)


def lead_time(table: pd.DataFrame) -> alt.LayerChart:
    """A field for each pair of delays."""
    data = table.assign(
        a=table["mines late"].map("{:g}".format), b=table["separation late"].map("{:g}".format)
    )
    x = alt.X("a:N", axis=alt.Axis(title="mines late, years", labelAngle=0))
    base = alt.Chart(data).encode(
        x=x, y=alt.Y("b:N", axis=alt.Axis(title="separation late, years"))
    )
    colour = alt.Color("risk_musd:Q", scale=alt.Scale(range=[PALE, "#7fb6d6"]))
    told = base.mark_text(color=INK, fontSize=13).encode(
        text=alt.Text("risk_musd:Q", format=",.0f")
    )
    return alt.layer(base.mark_rect().encode(color=colour), told).properties(
        width=330, height=150, title="risk, MUSD"
    )


def cut_off(table: pd.DataFrame) -> alt.LayerChart:
    """A line for each length of the cut-off."""
    second, third = (
        table["supply in the second year"] > 0.4,
        table["supply in the third year"] > 0.4,
    )
    length = [
        LENGTHS["one" if s else "two" if t else "three"] for s, t in zip(second, third, strict=True)
    ]
    data = table.assign(length=length)
    axis = alt.Axis(
        title="probability of the full embargo",
        format="%",
        values=sorted(data["probability"].unique()),
    )
    x, y = alt.X("probability:Q", axis=axis), alt.Y("risk_musd:Q", axis=MUSD)
    colour = alt.Color("length:N", scale=alt.Scale(range=["#56B4E9", "#E69F00", "#D55E00"]))
    lines = alt.Chart(data).mark_line(point=True).encode(x=x, y=y, color=colour)
    ends = data[data["probability"] == data["probability"].max()]
    told = (
        alt.Chart(ends).mark_text(align="left", dx=8, color=INK).encode(x=x, y=y, text="length:N")
    )
    return alt.layer(lines, told).properties(width=420, height=230)


def demand(table: pd.DataFrame) -> alt.Chart:
    """A dot for each point."""
    axis = alt.Axis(title="use of Dy and Tb per magnet, share of today's")
    colour = alt.Color("extra growth:Q", scale=alt.Scale(range=["#56B4E9", "#D55E00"]))
    drawn = alt.Chart(table).mark_circle(size=70)
    x = alt.X("thrifting:Q", scale=alt.Scale(zero=False), axis=axis)
    title = "colour: extra growth of demand, -3 % (blue) to +3 % (red) a year"
    return drawn.encode(x=x, y=alt.Y("risk_musd:Q", axis=MUSD), color=colour).properties(
        width=420, height=230, title=title
    )


PICTURES = {draw.__name__: draw for draw in (who_joins, lead_time, cut_off, demand)}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
