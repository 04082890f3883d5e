"""Runs -> a Markdown page, a CSV table and a picture."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from benchmarks.goals import exponents, goals, series
from benchmarks.picture import write_picture
from benchmarks.process import Run
from benchmarks.tables import Row, rows

PARTS = ("import", "load", "build", "run", "extract", "prices", "verify", "write")
HEADER = ("job", "runs", "left out", "wall s", "IQR", "CPU s", "IQR", "peak MB", "load")


def write_report(runs: list[Run], out: Path) -> Path:
    """Write benchmarks.md, benchmarks.csv and benchmarks.svg to a folder; returns the page."""
    found = rows(runs)
    page = [
        "# Benchmarks",
        "",
        f"Measured by `make bench`: {_machine(out)}. One process per run, interleaved; medians.",
        "CPU seconds are the figure to compare, since the machine may be shared.",
        "",
        "## Goals",
        "",
        *_markdown(
            ("goal", "target", "measured", "verdict"), [(g.what, g.target, g.measured, g.verdict) for g in goals(found)]
        ),
        "",
        "## Times",
        "",
        *_markdown(HEADER, [_line(row) for row in found.values()]),
        "",
        "## Where the CPU seconds go",
        "",
        *_markdown(
            ("job", *PARTS),
            [(row.label, *_parts(row)) for row in found.values() if not row.failed and row.section("load")],
        ),
        "",
        "## Scaling",
        "",
        *_markdown(
            ("scenarios", "rows", "columns", "nonzeros", "solver CPU s", "load to plan CPU s", "peak MB"),
            [_scale_line(n, row) for n, row in series(found).items()],
        ),
        "",
        *(f"Exponent of {name}: {value:.2f}" for name, value in exponents(found).items()),
        "",
    ]
    (out / "benchmarks.md").write_text("\n".join(page), encoding="utf-8")
    _csv(runs, out / "benchmarks.csv")
    write_picture(found, out / "benchmarks.svg")
    return out / "benchmarks.md"


def _machine(out: Path) -> str:
    file = out / "machine.json"
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return ", ".join(f"{key} {held[key]}" for key in ("profile", "cores", "machine", "python") if key in held)


def _markdown(header: tuple[str, ...], lines: list[tuple[Any, ...]]) -> list[str]:
    table = [header, ("---",) * len(header), *lines]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in table]


def _line(row: Row) -> tuple[Any, ...]:
    if row.failed:
        return (row.label, len(row.runs), row.left_out, row.failed, *[""] * 5)
    times = [f"{x:.2f}" for x in (row.wall, row.spread("wall"), row.cpu, row.spread("cpu"))]
    load = max(run.load for run in row.runs)
    return (row.label, len(row.runs), row.left_out, *times, f"{row.peak_mb:.0f}", f"{load:.1f}")


def _parts(row: Row) -> list[str]:
    return [f"{row.section(part):.2f}" for part in PARTS]


def _scale_line(scenarios: int, row: Row) -> tuple[Any, ...]:
    size = row.figure("size")
    spent = row.section("load") + row.section("plan")
    return (
        scenarios,
        *(size[key] for key in ("rows", "columns", "nonzeros")),
        f"{row.section('run'):.2f}",
        f"{spent:.2f}",
        f"{row.peak_mb:.0f}",
    )


def _csv(runs: list[Run], file: Path) -> None:
    sections = sorted({name for run in runs for name in run.sections.get("cpu", {})})
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(
            [
                "kind",
                "job",
                "wall_s",
                "cpu_s",
                "peak_mb",
                "load",
                "contended",
                "failed",
                *(f"cpu_{s}" for s in sections),
            ]
        )
        for run in runs:
            held = [round(x, 3) for x in (run.wall, run.cpu, run.peak_mb, run.load)]
            parts = [round(run.section(name), 4) for name in sections]
            writer.writerow([run.kind, run.label, *held, run.contended, run.failed, *parts])
