"""Runs -> a Markdown page, a CSV table and a picture."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from benchmarks.changes import CHANGES
from benchmarks.goals import apart, exponents, goals, many
from benchmarks.picture import in_solver, write_picture
from benchmarks.process import Run
from benchmarks.profiles import REAL_POINTS, STARTER_POINTS
from benchmarks.tables import Row, rows

HEADER = (
    "job",
    "runs",
    "left out",
    "wall s",
    "IQR",
    "CPU s",
    "IQR",
    "in solver",
    "peak MB",
    "load",
)


def write_report(runs: list[Run], out: Path) -> Path:
    """Write benchmarks.md, benchmarks.csv and benchmarks.svg to a folder; returns the page."""
    found = rows(runs)
    page = [
        "# Benchmarks",
        "",
        f"Measured by `make bench`: {_machine(out)}. One process per run, interleaved; medians. Where the machine was",
        "shared (load), CPU seconds are the figure to compare. The real case is its first edition,",
        "`benchmarks/cases/allied-2026-first`; today's is `inputs/allied-2026` with scenarios and model of `make demo`, plants of",
        "any size. Plain Pyomo is the planner's rules without its reductions, and Pyomo's interface of HiGHS at its defaults, for",
        "the same phases.",
        "",
        "## What a user waits for",
        "",
        *_markdown(
            ("what", "goal", "measured", "verdict"),
            [(g.what, g.target, g.measured, g.verdict) for g in goals(found)],
        ),
        "",
        "## `planner solve` by number of scenarios",
        "",
        *_markdown(
            ("scenarios", "wall s", "CPU s", "peak MB, all processes", "bounds apart"),
            [
                (n, f"{row.wall:.1f}", f"{row.cpu:.1f}", f"{row.peak_mb:.0f}", f"{apart(row):.2%}")
                for n, row in many(found).items()
            ],
        ),
        "",
        *(f"Exponent of {name} seconds: {value:.2f}" for name, value in exponents(found).items()),
        "",
        *_changes(found),
        *_points(found),
        *_other_scenarios(found),
        "## Times",
        "",
        "`in solver`: CPU seconds of HiGHS in the process that was started, not in those that it starts.",
        "",
        *_markdown(HEADER, [_line(row) for row in found.values()]),
        "",
    ]
    (out / "benchmarks.md").write_text("\n".join(page), encoding="utf-8")
    _csv(runs, out / "benchmarks.csv")
    write_picture(found, out / "benchmarks.svg")
    return out / "benchmarks.md"


def _changes(found: dict[str, Row]) -> list[str]:
    """The kinds of change, one a line; nothing if they were not measured."""
    warm = found.get("real/warm")
    if warm is None or warm.failed:
        return []
    held = found.get("real/same", warm)
    return [
        "## Changes of the real case through `planner.Session`",
        "",
        "Each from the case as it was, solved; tables and verification included.",
        "",
        *_markdown(
            (
                "change",
                "structure",
                "wall s",
                "CPU s",
                "ends",
                "built again since",
                "cold CPU s",
                "warm against cold",
            ),
            [_change_line(name, warm, held) for name in CHANGES],
        ),
        "",
    ]


def _points(found: dict[str, Row]) -> list[str]:
    """CPU milliseconds for a point of a study; nothing if none was measured."""
    measured = [
        row for name in (STARTER_POINTS, REAL_POINTS) if (row := found.get(name)) and not row.failed
    ]
    if not measured:
        return []
    parts = ("calls", "points", "cold")
    lines = [
        (
            row.label,
            *(
                f"{1000 * row.section(part) / n:.1f}" if (n := row.figure(part)) else ""
                for part in parts
            ),
        )
        for row in measured
    ]
    return [
        "## Points of studies",
        "",
        "CPU milliseconds for each: `planner.Session` asked at points without an order, the study's own way from",
        "one point to the next, and from nothing.",
        "",
        *_markdown(("study", "session", "warm", "cold"), lines),
        "",
    ]


def _other_scenarios(found: dict[str, Row]) -> list[str]:
    """A plan with fixed decisions in other scenarios, by their number; nothing if it was not measured."""
    row = found.get("real/evaluate")
    if row is None or row.failed:
        return []
    lines = []
    for way in row.runs[-1].figures:
        if way.startswith("alone "):
            lines.append(_one_by_one_and_whole(row, way))
    header = ("scenarios", "one by one", "risk", "peak MB", "one program", "times as long", "risk")
    return [
        "## A plan with fixed decisions in other scenarios",
        "",
        "CPU seconds one by one and as one program of all scenarios. One by one all that comes is known once a scenario",
        "shows itself, so that the risk is another one; the memory is the most that was taken until then.",
        "",
        *_markdown(header, lines),
        "",
    ]


def _one_by_one_and_whole(row: Row, way: str) -> tuple[Any, ...]:
    other = way.replace("alone", "together")
    alone = row.section(way)
    one = row.figure(way)
    line = (one["scenarios"], f"{alone:.1f}", f"{one['risk']:.1f}", f"{one['peak_mb']:.0f}")
    together = row.section(other)
    if not together:
        return (*line, "", "", "")
    whole = row.figure(other)
    return (*line, f"{together:.1f}", f"{together / alone:.1f}", f"{whole['risk']:.1f}")


def _change_line(name: str, warm: Row, held: Row) -> tuple[Any, ...]:
    away, cold = (held.figure("apart") or {}).get(name), held.section(f"cold: {name}")
    return (
        name,
        "yes" if CHANGES[name].structural else "",
        f"{warm.section(name, 'wall'):.2f}",
        f"{warm.section(name):.2f}",
        warm.figure("status")[name],
        warm.figure("rebuilt")[name],
        f"{cold:.2f}" if cold else "",
        f"{away:.0e}" if away is not None else "",
    )


def _machine(out: Path) -> str:
    file = out / "machine.json"
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return ", ".join(
        f"{key} {held[key]}" for key in ("profile", "cores", "machine", "python") if key in held
    )


def _markdown(header: tuple[str, ...], lines: list[tuple[Any, ...]]) -> list[str]:
    table = [header, ("---",) * len(header), *lines]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in table]


def _line(row: Row) -> tuple[Any, ...]:
    if row.failed:
        return (row.label, len(row.runs), row.left_out, row.failed, *[""] * 6)
    times = [f"{x:.2f}" for x in (row.wall, row.spread("wall"), row.cpu, row.spread("cpu"))]
    load, run = max(run.load for run in row.runs), in_solver(row)["solver"]
    solver = f"{run:.2f}" if run else ""
    return (
        row.label,
        len(row.runs),
        row.left_out,
        *times,
        solver,
        f"{row.peak_mb:.0f}",
        f"{load:.1f}",
    )


def _csv(runs: list[Run], file: Path) -> None:
    sections = sorted({name for run in runs for name in run.sections.get("cpu", {})})
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        held = ["kind", "job", "wall_s", "cpu_s", "peak_mb", "load", "contended", "failed"]
        writer.writerow([*held, *(f"cpu_{s}" for s in sections)])
        for run in runs:
            spent = [round(x, 3) for x in (run.wall, run.cpu, run.peak_mb, run.load)]
            parts = [round(run.section(name), 4) for name in sections]
            writer.writerow([run.kind, run.label, *spent, run.contended, run.failed, *parts])
