"""Charts of what the plan builds and draws on: when each plant is built, capacity and its use, public money, people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from planner.reporting.charts import drawing as svg
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.plan import (
    ITEM_NAMES,
    UNITS,
    capacity,
    capacity_groups,
    decisions,
    everywhere,
    largest_first,
    spent,
    stock_held,
    tightest_team,
    training_begins,
)
from planner.reporting.values.run_view import (
    EXPECTED,
    RunView,
    records,
    rows_of,
    table_rows,
    tooltip,
)
from planner.reporting.values.supply import insured_years
from planner.reporting.values.wording import STAGES, STAGES_MANY, number, percent, worded

ROW, STAGE_ROW, NAMES = 19, 24, 345

TONES = {"under construction": 0.28, "running in": 0.62, "full use": 1.0}


def timeline(run: RunView, draw: svg.Drawer) -> Figure:
    """Commitment, training, construction, first product and full use of every new plant by stage; below, stock and the
    tightest people on the same axis; the years that the plan insures are shaded."""
    rows = decisions(run)
    stages = [stage for stage in STAGES if (rows["stage"] == stage).any()]
    plants, insured = rows["label"].nunique(), insured_years(run)
    height = ROW * plants + STAGE_ROW * (len(stages) + 1) + 3 * ROW + 26
    plot = svg.Plot(960, height, left=NAMES, right=66, top=24, bottom=4)
    years = [*run.years, run.years[-1] + 1]
    bands = plot.years(years[:-1], most=15, gap=0.0, at_top=True)
    if insured:
        start = bands.at(insured[0])
        plot.rect(
            start,
            plot.top,
            bands.at(insured[-1]) + bands.step - start,
            height - plot.top - 4,
            "#fdf3d8",
        )
        plot.text(
            start + 4,
            height - 9,
            f"years insured: {insured[0]}–{insured[-1]}",
            size=svg.SMALL,
            fill=svg.MUTED,
        )
    at = plot.top
    for stage in stages:
        plot.text(6, at + 17, STAGES_MANY[stage], weight="bold", fill=svg.STAGE_COLOURS[stage])
        plot.text(plot.right + 8, at + 17, "new t/y", size=svg.SMALL, fill=svg.MUTED)
        at = _stage_rows(run, plot, bands, rows[rows["stage"] == stage], at + STAGE_ROW)
    _strips(run, plot, bands, at)
    told = worded(
        "figures.j2", "timeline", rows=rows, first=_first(rows), everywhere=everywhere(rows)
    )
    legend = [
        (svg.INK, "box", "diamond: money committed, permits in hand"),
        ("#7A5195", "box", "triangle: the plan begins to teach staff of this kind"),
        (
            svg.STAGE_COLOURS["metal"],
            "box",
            "pale to full: under construction, ramping up, full use",
        ),
        ("#f3d98b", "box", "years in which somebody would be short without the plan"),
    ]
    source = (
        table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
    )
    title = worded("figures.j2", "timeline_title", rows=rows, first=_first(rows))
    return Figure(
        title, told, [draw.panel(title, told, plot)], legend, layout="wide", source=source
    )


def _first(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.sort_values(["first_output", "order"], ascending=[True, False]).iloc[0]
    return {"year": int(first["first_output"]), "stage": str(first["stage"])}


def _stage_rows(
    run: RunView, plot: svg.Plot, bands: svg.Bands, rows: pd.DataFrame, at: float
) -> float:
    """The plants of a stage from `at` down; returns where the next stage begins."""
    last = run.years[-1] + 1
    for label, parts in rows.groupby("label", sort=False):
        plot.text(plot.left - 6, at + 13, svg.clipped(str(label), plot.left - 24), anchor="end")
        for row in rows_of(parts):
            turns = (row.year, row.first_output, min(row.full_output, last), last)
            tip = tooltip(
                f"{row.label}: committed in {row.year}, first output {row.first_output}, full use {row.full_output}; "
                f"{number(row.tpa)} {row.unit}, {number(row.capex_musd)} MUSD",
                table_rows("investments", project=row.project, year=row.year),
            )
            for tone, start, stop in zip(TONES.values(), turns[:-1], turns[1:], strict=True):
                if stop > start:
                    x = bands.start + bands.step * (start - run.years[0])
                    hue = svg.mixed("#ffffff", svg.STAGE_COLOURS[row.stage], tone)
                    plot.rect(x, at + 3, bands.step * (stop - start), 12, hue, tip=tip)
            begins = training_begins(run, row.project, row.first_output)
            if begins is not None:
                x = bands.start + bands.step * (begins - run.years[0]) + 12
                plot.path(
                    svg.outline_of([(x - 4, at + 14), (x, at + 6), (x + 4, at + 14)]) + "Z",
                    fill="#7A5195",
                )
            plot.diamond(
                bands.start + bands.step * (row.year - run.years[0]) + 3,
                at + 9,
                5,
                svg.INK,
                tip=tip,
            )
        plot.text(plot.right + 8, at + 13, number(float(parts["tpa"].sum())))
        at += ROW
    return at


def _strips(run: RunView, plot: svg.Plot, bands: svg.Bands, at: float) -> None:
    """Stock held and the tightest team of each year, as shaded cells."""
    held, team = stock_held(run), tightest_team(run)
    plot.text(6, at + 17, "Stock and people", weight="bold")
    at += STAGE_ROW
    if held:
        most = max(held.values())
        plot.text(plot.left - 6, at + 13, "stock at the end of the year, t, expected", anchor="end")
        for year, tonnes in held.items():
            hue = svg.mixed("#f6f1e2", "#b58900", tonnes / most if most > 0 else 0.0)
            tip = tooltip(
                f"Stock, end of {year}: {number(tonnes)} t",
                table_rows("stocks", EXPECTED, year=year),
            )
            plot.rect(bands.at(year), at + 1, bands.width - 1, ROW - 3, hue, tip=tip)
            plot.text(bands.mid(year), at + 13, number(tonnes), anchor="middle", size=svg.SMALL)
        at += ROW
    if team:
        plot.text(plot.left - 6, at + 13, "tightest team, use in %", anchor="end")
        for year, (share, who) in team.items():
            hue = svg.mixed("#eef3f8", svg.WITH, share**3)
            tip = tooltip(
                f"{who}, {year}: {percent(share)} in use", table_rows("workforce", year=year)
            )
            plot.rect(bands.at(year), at + 1, bands.width - 1, ROW - 3, hue, tip=tip)
            ink = "#ffffff" if share > 0.9 else svg.INK
            plot.text(
                bands.mid(year),
                at + 13,
                f"{100 * share:.0f}",
                anchor="middle",
                size=svg.SMALL,
                fill=ink,
            )


def capacities(run: RunView, draw: svg.Drawer) -> Figure:
    """Existing and new capacity by year and what is used of it, by stage."""
    panels = []
    for stage, kind in capacity_groups(run):
        rows = capacity(run, (stage, kind))
        sums = run.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
        worst = run.within(rows, run.worst, ["year"], ["throughput_t"])
        unit = UNITS[kind]
        runs = dict(zip(worst["year"], worst["throughput_t"], strict=True))
        bars = pd.concat(
            [_capacity_bars(sums, runs, stage, name, unit) for name in ("existing", "new")]
        )
        colours = [("existing", svg.EXISTING), ("new", svg.STAGE_COLOURS[stage])]
        used = dict(zip(sums["year"], sums["throughput_t"], strict=True))
        top = max([*used.values(), *runs.values()])
        plot, bands, scale = svg.stacked(bars, run.years, colours, f"{unit}/y", top=top)
        for amounts, dash in ((used, ""), (runs, "4 3")):
            points = [(bands.mid(y), scale(amounts.get(y, 0.0))) for y in run.years]
            plot.curve(points, svg.INK, wide=1.6, dash=dash)
        last = sums.iloc[-1]
        told = worded("figures.j2", "capacity", last=last.to_dict(), unit=unit)
        panels.append(draw.panel(f"{STAGES_MANY[stage]}, {unit}/y", told, plot))
    legend = [
        (svg.EXISTING, "box", "existing"),
        (svg.STAGE_COLOURS["separation"], "box", "new (colour of the stage)"),
        (svg.INK, "line", "in use, expected"),
        (svg.INK, "dash", "in use, worst future"),
    ]
    source = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"
    reading = worded("figures.j2", "capacities", worst=run.names.scenario(run.worst))
    return Figure("Capacity and its use", "", panels, legend, source=source, reading=reading)


def _capacity_bars(
    sums: pd.DataFrame, runs: dict[int, float], stage: str, name: str, unit: str
) -> pd.DataFrame:
    """The bars of existing or new capacity, t/y, with what each says."""
    rows = svg.tipped(
        sums.assign(kind=name, amount=sums[f"{name}_tpa"]),
        lambda r: (
            f"{STAGES_MANY[stage]}, {r['year']}: {name} {number(r['amount'])} {unit}/y; all that runs: "
            f"expected {number(r['throughput_t'])}, worst future {number(runs.get(r['year'], 0.0))}"
        ),
        "capacity",
        EXPECTED,
        stage=stage,
    )
    return rows[["year", "kind", "amount", "tip"]]


REST = "others"

PALETTE = (*svg.STAGE_COLOURS.values(), svg.HUES[4], svg.HUES[3], svg.HUES[6], svg.HUES[5])
ITEM_HUES = dict(zip(ITEM_NAMES.values(), PALETTE, strict=True))

SPENDING = table_rows("spending") + ": expected"


def spending(run: RunView, draw: svg.Drawer) -> Figure | None:
    """Public money by year, by funder and by item."""
    by_funder, by_item = spent(run, "funder"), spent(run, "item")
    if by_funder["amount"].sum() <= 0:
        return None
    panels = []
    for by, rows, colours in (
        ("funder", by_funder, _hues(largest_first(by_funder))),
        ("item", by_item, _item_hues(by_item)),
    ):
        top = [name for name, _ in colours]
        rows = rows.assign(kind=rows["kind"].where(rows["kind"].isin(top), REST))
        rows = rows.groupby(["year", "kind"], as_index=False).sum()
        sums = rows.groupby("kind")["amount"].sum()
        words = ", ".join(f"{name} {number(float(sums[name]))}" for name in top if name in sums)
        rows["tip"] = [
            tooltip(
                f"{r['kind']}, {r['year']}: {number(r['amount'])} MUSD, expected",
                f"{table_rows('spending', year=r['year'])}; expected, summed for this {by}",
            )
            for r in records(rows)
        ]
        plot, _, _ = svg.stacked(rows, run.years, colours, "MUSD", width=460, height=240)
        panels.append(draw.panel(f"By {by}, MUSD", f"{words} MUSD", plot, svg.legend_of(colours)))
    total, years = float(by_funder["amount"].sum()), by_funder.groupby("year")["amount"].sum()
    most = int(years.index[int(years.to_numpy().argmax())])
    told = {
        "total": total,
        "given": sum(run.case.budget.values()),
        "peak": float(years[most]),
        "year": most,
    }
    return Figure(
        worded("figures.j2", "spending_title", **told),
        worded("figures.j2", "spending", **told),
        panels,
        layout="pair",
        source=SPENDING,
    )


def _hues(order: Sequence[str]) -> list[tuple[str, str]]:
    """A colour for each kind, the largest first; the smallest share one when there are more kinds than colours."""
    kept = order if len(order) <= len(svg.HUES) else order[: len(svg.HUES) - 1]
    pairs = list(zip(kept, svg.HUES, strict=False))
    return pairs if len(kept) == len(order) else [*pairs, (REST, svg.OTHERS)]


def _item_hues(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Items in the order of the chain; plants in the colour of their stage."""
    present = set(rows["kind"])
    known = [name for name in ITEM_NAMES.values() if name in present]
    unknown = [kind for kind in largest_first(rows) if kind not in known]
    return [*((name, ITEM_HUES[name]) for name in known), *((kind, svg.OTHERS) for kind in unknown)]
