"""The picture: CPU seconds of each path by part, and time against scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from benchmarks.goals import curves, exponents
from benchmarks.tables import Row

Rows = dict[str, Row]
PARTS = {
    "import": ("import",),
    "load and build": ("load", "build", "hand over"),
    "solver": ("run",),
    "extract and verify": ("extract", "prices", "verify"),
    "write": ("write",),
}


def write_picture(rows: Rows, file: Path) -> None:
    """Write an SVG with both charts, or one if the other has no data."""
    charts = [chart for chart in (_methods(rows), _scaling(rows)) if chart is not None]
    if charts:
        page: Any = alt.hconcat(*charts).resolve_scale(color="independent")
        file.write_text(vl_convert.vegalite_to_svg(page.to_json()), encoding="utf-8")


def _methods(rows: Rows) -> Any | None:
    data = [
        {
            "path": label.removeprefix("main/"),
            "part": part,
            "seconds": sum(row.section(s) for s in sections),
            "order": i,
        }
        for label, row in rows.items()
        if label.startswith("main/") and not row.failed
        for i, (part, sections) in enumerate(PARTS.items())
    ]
    if not data:
        return None
    return (
        alt.Chart(alt.Data(values=data), title="20 scenarios, from folder to plan", width=320, height=220)
        .mark_bar()
        .encode(
            y=alt.Y("path:N", sort=None, title=None),
            x=alt.X("seconds:Q", title="CPU seconds"),
            color=alt.Color("part:N", sort=list(PARTS), title=None, legend=alt.Legend(orient="bottom", columns=3)),
            order="order:Q",
        )
    )


def _scaling(rows: Rows) -> Any | None:
    found, fits = curves(rows), exponents(rows)
    if not found:
        return None
    data = [
        {"scenarios": n, "seconds": seconds, "what": f"{name} (exponent {fits[name]:.2f})"}
        for name, curve in found.items()
        for n, seconds in curve.items()
    ]
    base = alt.Chart(alt.Data(values=data), title="Time against scenarios", width=320, height=220).encode(
        x=alt.X("scenarios:Q", scale=alt.Scale(type="log"), title="scenarios"),
        y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds"),
        color=alt.Color("what:N", title=None, legend=alt.Legend(orient="bottom", columns=1, labelLimit=320)),
    )
    return base.mark_point(filled=True, size=60) + base.mark_line()
