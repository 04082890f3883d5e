"""Drawings of the page, as SVG fragments: the frontier with what is kept on it, the plants over time with what differs
from the pinned plan, and who is short in a future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.reporting.charts.drawing import (
    EXISTING,
    INK,
    MUTED,
    RULE,
    SMALL,
    STAGE_COLOURS,
    WITH,
    Drawer,
    Plot,
    Scale,
    axis_number,
    cells,
    clipped,
    mixed,
    round_up,
    ticks,
)
from planner.reporting.values.page_parts import Panel
from planner.reporting.values.view import RunView, table_rows, tooltip
from planner.reporting.values.wording import STAGES_MANY, money, number, percent, short

LEAST_TPA = 0.5
"""New capacity (t/y) below which a plant counts as not built."""
ROW, HEAD = 17, 20
TOP, BOTTOM = 24, 187
"""Where the axis of risk begins and ends on the frontier, px: a point is dragged between the two."""
WIDE, NARROW = 700, 356
"""Width of a drawing on a desk and on a phone, px."""
GONE = "#b4412f"
Curve = Sequence[tuple[float, float, float]]
"""Points: weight or value asked for, then two figures (MUSD)."""


@dataclass(frozen=True)
class Mark:
    """A plan on the frontier. kind: `now`, `pinned`, `kept` or `nothing`."""

    name: str
    cost: float
    risk: float
    kind: str


def frontier(curve: Curve, old: Curve, marks: Sequence[Mark], narrow: bool) -> tuple[Panel, float]:
    """Risk against cost (MUSD): the curve as far as it was traced, that of the state before, and plans. The present one
    can be dragged along. Also returns the risk at the top of the axis."""
    now = [(m.cost, m.risk) for m in marks if m.kind == "now"]
    points = [(cost, risk) for _, cost, risk in curve]
    every = [*points, *((m.cost, m.risk) for m in marks)]
    high_x, high_y = (max(values) * 1.08 or 1.0 for values in zip(*every, strict=True))
    plot = Plot(NARROW if narrow else WIDE, BOTTOM + 38, left=62, right=20, top=TOP, bottom=38)
    x = plot.across(0.0, high_x, "cost of the plan, MUSD, present value")
    y = Scale(0.0, round_up(high_y), plot.bottom, plot.top)
    for mark in ticks(0.0, y.high):
        plot.line(plot.left, y(mark), plot.right, y(mark), RULE)
        plot.text(plot.left - 5, y(mark) + 4, axis_number(mark), anchor="end", fill=MUTED)
    plot.text(2, 11, "risk left, MUSD", size=SMALL, fill=MUTED)
    if old:
        before = [(x(min(cost, high_x)), y(min(risk, y.high))) for cost, risk in sorted(point[1:] for point in old)]
        plot.curve(before, EXISTING, wide=1.4, dash="4 3")
    if points:
        plot.curve([(x(cost), y(risk)) for cost, risk in sorted({*points, *now})], WITH, wide=2)
    for weight, cost, risk in curve:
        words = f"Cost weighed {weight:g}: {money(cost)}, risk {money(risk)}"
        plot.dot(x(cost), y(risk), 2.5, WITH, tip=tooltip(words, "solved in the background, its figures only"))
    looks = {
        "nothing": (EXISTING, EXISTING),
        "kept": ("#ffffff", EXISTING),
        "pinned": ("#ffffff", INK),
        "now": (WITH, WITH),
    }
    taken: list[float] = []
    for one in sorted(marks, key=lambda m: list(looks).index(m.kind)):
        fill, rim = looks[one.kind]
        at_x, at_y = x(one.cost), y(one.risk)
        words = tooltip(
            f"{one.name}: cost {money(one.cost)}, risk {money(one.risk)}", "summary.json: cost_musd, risk_musd"
        )
        plot.dot(at_x, at_y, 7 if one.kind == "now" else 5.5, fill, hue=rim, tip=words)
        name, side = short(one.name, 26), plot.right - at_x > 150
        while any(abs(at_y - 8 - other) < 12 for other in taken):
            at_y += 13
        taken.append(at_y - 8)
        anchor, bold = ("start" if side else "end"), ("bold" if one.kind == "now" else "")
        plot.text(at_x + (10 if side else -10), at_y - 8, name, anchor=anchor, size=SMALL, weight=bold)
    each = "; ".join(f"{m.name}: cost {number(m.cost)}, risk {number(m.risk)} MUSD" for m in marks)
    told = f"{len(points)} plans on the frontier. {each}"
    return Drawer().panel("Risk left for its cost", told, plot), y.high


def timeline(now: RunView, before: RunView | None, narrow: bool) -> Panel:
    """Every plant that either plan builds, by stage: new since the pinned plan solid and named so, gone hollow, moved
    with an arrow from its year before."""
    mine, other = _begun(now), _begun(before) if before else {}
    stages = {p: now.case.projects[p].stage for p in now.case.projects}
    order = list(STAGES_MANY)

    def place(project: str) -> tuple[int, int, str]:
        return order.index(stages[project]), mine.get(project, other.get(project, ()))[0][0], project

    built = sorted({*mine, *(p for p in other if p in stages)}, key=place)
    heads = len({stages[p] for p in built})
    wide, left, right = (NARROW, 150, 72) if narrow else (WIDE, 225, 128)
    plot = Plot(wide, ROW * len(built) + HEAD * heads + 30, left=left, right=right, top=24, bottom=4)
    bands = plot.years(now.years, most=4 if narrow else 8, gap=0.0, at_top=True)
    at, stage = plot.top, ""
    for project in built:
        if stages[project] != stage:
            stage = stages[project]
            plot.text(6, at + 15, STAGES_MANY[stage], weight="bold", fill=STAGE_COLOURS[stage])
            plot.text(plot.right + 6, at + 15, "new t/y" + (", change" if before else ""), size=SMALL, fill=MUTED)
            at += HEAD
        here, was = mine.get(project), other.get(project)
        label, row = now.names.placed(project), now.case.projects[project]
        tag = "" if before is None or (here and was) else "new" if here else "gone"
        plot.text(plot.left - 6, at + 12, clipped(label, plot.left - 16), anchor="end", fill=MUTED if not here else INK)
        for years, fill in ((here, True), (was, False)):
            if years and (fill or not here):
                _bar(plot, bands.start, bands.step, years, now, (at, int(row.lead_time_years)), stage, fill, label)
        if here and was and here[0][0] != was[0][0]:
            start, stop = (bands.start + bands.step * (y[0][0] - now.years[0] + 0.5) for y in (was, here))
            _arrow(plot, start, stop, at + 8)
        size, old = (sum(t for _, t in parts) if parts else 0.0 for parts in (here, was))
        moved = f"{'+' if size > old else ''}{number(size - old)}" if before and abs(size - old) > LEAST_TPA else ""
        words = " ".join(filter(None, [number(size) if here else "–", moved and f"({moved})", tag]))
        plot.text(plot.right + 6, at + 12, words, size=SMALL, weight="bold" if tag or moved else "")
        at += ROW
    told = f"{len(mine)} plants are built" + (
        f"; new: {_listed(now, set(mine) - set(other))}; gone: {_listed(now, set(other) - set(mine))}" if before else ""
    )
    return Drawer().panel("Plants over time", told, plot)


def _listed(view: RunView, projects: set[str]) -> str:
    return ", ".join(view.names.project(p) for p in sorted(projects)) or "none"


def _begun(view: RunView) -> dict[str, tuple[tuple[int, float], ...]]:
    """Project -> (year of commitment, expected t/y), in order, of what is built at all."""
    rows = view.tables["investments"]
    sums = rows.assign(t=rows["tpa"] * rows["probability"]).groupby(["project", "year"])["t"].sum()
    found: dict[str, list[tuple[int, float]]] = {}
    for key, tonnes in sums.items():
        project, year = key if isinstance(key, tuple) else (key, 0)
        found.setdefault(str(project), []).append((int(str(year)), float(tonnes)))
    return {p: tuple(parts) for p, parts in found.items() if sum(t for _, t in parts) > LEAST_TPA}


def _bar(
    plot: Plot, start: float, step: float, years: Sequence[tuple[int, float]], view: RunView, place: tuple[float, int],
    stage: str, solid: bool, label: str,
) -> None:  # fmt: skip
    (at, lead), first, last = place, years[0][0], view.years[-1] + 1
    x = start + step * (first - view.years[0])
    opened = min(first + lead, last)
    words = f"{label}: committed in {first}, first output {first + lead}, {number(sum(t for _, t in years))} t/y"
    tip = tooltip(words, table_rows("investments"))
    middle, end = start + step * (opened - view.years[0]), start + step * (last - view.years[0])
    if not solid:
        plot.path(
            f"M{x:.1f},{at + 3:.1f}H{end:.1f}V{at + 14:.1f}H{x:.1f}Z", fill="#ffffff", hue=GONE, dash="3 2", tip=tip
        )
        return
    plot.rect(x, at + 3, middle - x, 11, mixed("#ffffff", STAGE_COLOURS[stage], 0.3), tip=tip)
    if end > middle:
        plot.rect(middle, at + 3, end - middle, 11, STAGE_COLOURS[stage], tip=tip)


def _arrow(plot: Plot, start: float, stop: float, y: float) -> None:
    way = 4 if stop > start else -4
    plot.line(start, y, stop, y, INK, wide=1.6)
    plot.path(f"M{stop:.1f},{y:.1f}l{-way},{-4}v8Z", fill=INK)


def shortage(view: RunView, scenario: str, narrow: bool) -> Panel:
    """Who is short of what share of its demand in a future, or on average, a row a country that is ever short."""
    table, keys = view.by_year["shortfall"], ["country", "year"]
    ever = table[table["tonnes"] > LEAST_TPA]["country"].unique()
    sums = view.within(table, scenario, keys, ["tonnes", "demand_t"]).set_index(keys)
    here = (sums["tonnes"] / sums["demand_t"].where(sums["demand_t"] > 0)).fillna(0.0).to_dict()
    rows, most = [], (0.0, "")
    for country in (c for c in view.case.countries if c in ever):
        shares = [float(here.get((country, year), 0.0)) for year in view.years]
        name, source = view.names.country(country), table_rows("shortfall", scenario, country=country)
        told = [f"{name}, {y}: {percent(s)} of demand missing" for y, s in zip(view.years, shares, strict=True)]
        tips = [tooltip(f"{words}, {number(float(sums['tonnes'].get((country, year), 0.0)))} t", source)
                for words, year in zip(told, view.years, strict=True)]  # fmt: skip
        most = max(most, *zip(shares, told, strict=True))
        rows.append((name, shares, tips))
    width, left = (NARROW, 90) if narrow else (WIDE, 150)
    plot = cells(rows, view.years, tones=("#f4f6f8", "#b4412f"), top=1.0, left=left, width=width,
                 told=lambda share: f"{100 * share:.0f}" if share >= 0.005 else "")  # fmt: skip
    return Drawer().panel("Demand that is not met, % of tonnes", most[1] or "nobody is short", plot)


def answers(rows: Curve, key: str) -> Panel:
    """Risk and cost (MUSD) against the value of a number that became a range."""
    plot = Plot(NARROW, 220, left=58, right=56, top=20, bottom=36)
    values = [value for value, *_ in rows]
    x = plot.across(min(values), max(values), short(key, 60))
    y = plot.amounts(max(max(risk, cost) for _, risk, cost in rows), "MUSD")
    for at, name, hue in ((1, "risk left", WITH), (2, "cost", MUTED)):
        plot.curve([(x(row[0]), y(row[at])) for row in rows], hue)
        plot.text(plot.right + 5, y(rows[-1][at]) + 4, name, fill=hue, size=SMALL)
        for row in rows:
            words = tooltip(f"at {number(row[0])}: {name} {money(row[at])}", "solved now, figures only")
            plot.dot(x(row[0]), y(row[at]), 3, hue, tip=words)
    told = "; ".join(f"{value:g}: risk {number(risk)}, cost {number(cost)} MUSD" for value, risk, cost in rows)
    return Drawer().panel("Risk and cost", told, plot)
