"""The picture: CPU seconds of each way at 20 scenarios, in the solver and outside it, and time against scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from benchmarks.goals import curves, exponents
from benchmarks.tables import Row

Rows = dict[str, Row]
WAYS = {
    "many/20": "planner, with pages",
    "main/planner": "planner",
    "main/plain-unreduced": "plain Pyomo",
}
WAYS |= {"main/plain": "plain Pyomo, our reductions", "main/linopy": "linopy"}


def write_picture(rows: Rows, file: Path) -> None:
    """Write an SVG with both charts, or one if the other has no data."""
    charts = [chart for chart in (_methods(rows), _scaling(rows)) if chart is not None]
    if charts:
        page: Any = alt.hconcat(*charts).resolve_scale(color="independent")
        file.write_text(vl_convert.vegalite_to_svg(page.to_json()), encoding="utf-8")


def _methods(rows: Rows) -> Any | None:
    data = [
        {"way": way, "part": part, "seconds": seconds, "order": i}
        for label, way in WAYS.items()
        if label in rows and not rows[label].failed
        for i, (part, seconds) in enumerate(in_solver(rows[label]).items())
    ]
    if not data:
        return None
    return (
        alt.Chart(
            alt.Data(values=data), title="20 scenarios, from folder to plan", width=320, height=220
        )
        .mark_bar()
        .encode(
            y=alt.Y("way:N", sort=None, title=None),
            x=alt.X("seconds:Q", title="CPU seconds"),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="bottom", columns=3)),
            order="order:Q",
        )
    )


def in_solver(row: Row) -> dict[str, float]:
    """CPU seconds in the solver and outside it."""
    return {"solver": row.section("run"), "all else": row.cpu - row.section("run")}


def _scaling(rows: Rows) -> Any | None:
    found, fits = curves(rows), exponents(rows)
    if not found:
        return None
    data = [
        {
            "scenarios": n,
            "seconds": seconds,
            "what": f"planner solve, {name} (exponent {fits[name]:.2f})",
        }
        for name, curve in found.items()
        for n, seconds in curve.items()
    ]
    base = alt.Chart(
        alt.Data(values=data), title="Time against scenarios", width=320, height=220
    ).encode(
        x=alt.X("scenarios:Q", scale=alt.Scale(type="log"), title="scenarios"),
        y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds"),
        color=alt.Color(
            "what:N", title=None, legend=alt.Legend(orient="bottom", columns=1, labelLimit=320)
        ),
    )
    return base.mark_point(filled=True, size=60) + base.mark_line()
