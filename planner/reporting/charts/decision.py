"""Charts of the decision page: the price of less risk, what to pay for first, and who gets and pays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.reporting.charts import drawing as svg
from planner.reporting.values.decision import (
    alike,
    effect,
    named,
    next_billion,
    risk_at,
    say,
    shares_source,
    steps,
    tag,
)
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.run_view import RunView, tooltip
from planner.reporting.values.wording import SLIGHT, STAGES, money, number, percent
from planner.results.decision import Decision, Frontier, Merit, Share
from planner.results.explanation import EXPLANATION

FRONTIER, MERIT = f"{EXPLANATION}: decision, frontier", f"{EXPLANATION}: decision, merit"
LEAST_SHOWN = 0.01
SIZES = ((680, 440), (360, 320))
"""Of the curve, px: on a wide screen and on a phone."""
ROOMY = 1.15
"""Room for words at an edge, as a multiple of their width: the fonts of a phone may be wider."""
SHORT_OF = 0.99
"""Share of the risk of doing nothing up to which the curve is drawn to its end."""


def frontier(run: RunView, found: Frontier, draw: svg.Drawer) -> Figure:
    """The least risk left for each cost, with the named plans on it."""
    told = say(run, "frontier", gap=found.gap)
    figures = {"core": named(found, "core"), "next_billion": next_billion(found)}
    title = say(run, "frontier_title", effect=lambda plan: effect(found, plan.risk), **figures)
    wide, phone = (
        _curve(run, found, svg.Plot(*size, left=52, right=24, top=40, bottom=40)) for size in SIZES
    )
    return Figure(
        title, told, [draw.panel(title, told, wide, phone=phone)], layout="wide", source=FRONTIER
    )


def _curve(run: RunView, found: Frontier, plot: svg.Plot) -> svg.Plot:
    nothing, core = max(named(found, "nothing").risk, 1e-9), named(found, "core")
    end = max(plan.cost for plan in found.plans)
    billions = end >= 1000
    unit = 1000.0 if billions else 1.0
    x = plot.across(
        0.0,
        end / unit * 1.06,
        f"cost of the plan, {'bn USD' if billions else 'MUSD'}, present value",
    )
    y = svg.Scale(0.0, 1.0, plot.bottom, plot.top)
    for mark in (0.0, 0.25, 0.5, 0.75, 1.0):
        plot.line(plot.left, y(mark), plot.right, y(mark), svg.RULE)
        plot.text(plot.left - 6, y(mark) + 4, percent(mark), anchor="end", fill=svg.MUTED)
    plot.text(plot.left - 46, 12, "risk left, % of doing nothing", size=svg.SMALL, fill=svg.MUTED)
    corners = [c for c in found.corners if c.cost <= end * 1.06]
    plot.curve(
        [(x(c.cost / unit), y(min(c.risk / nothing, 1.0))) for c in corners], svg.WITH, wide=2.4
    )
    idle, first = named(found, "nothing"), corners[0]
    if (
        first.risk < SHORT_OF * nothing
    ):  # the cheapest plans were not asked for: a mixture of both ends can be had
        ends = x(idle.cost / unit), y(1.0), x(first.cost / unit), y(first.risk / nothing)
        plot.line(*ends, svg.WITH, dash="2 4")
    beyond = next_billion(found)
    level = y(risk_at(found, core.cost) / nothing)
    taken = [level + 28] if beyond is not None else []
    groups = alike(sorted(found.plans, key=lambda p: -p.risk))
    beside = [*(x(plans[0].cost / unit) for plans in groups[1:]), plot.right]
    for plans, end_x in zip(groups, beside, strict=True):
        plan, chosen = plans[0], any(p.key == "chosen" for p in plans)
        at_x, at_y = x(plan.cost / unit), y(min(plan.risk / nothing, 1.0))
        left = f"{money(plan.cost)}, {percent(plan.risk / nothing)} left"
        words = f"{say(run, 'plan_name', alike=[p for p in plans if p.key == 'chosen'] or plans)}: {left}"
        tip = tooltip(f"{words}; {say(run, 'plan_meaning', alike=plans)}", FRONTIER)
        plot.dot(
            at_x, at_y, 7 if chosen else 5, svg.WITH if chosen else "#ffffff", hue=svg.WITH, tip=tip
        )
        bold = "bold" if chosen else ""
        wide = svg.text_width(words, svg.SMALL + 1, bold)
        right = end_x - at_x > wide
        # The curve falls and bends upwards: room is above it to the right, up to the next plan, and below to the left.
        label_y, down = (at_y - 12, -16) if right else (at_y + 20, 16)
        while any(abs(label_y - other) < 16 for other in taken):
            label_y += down
        taken.append(label_y)
        plot.line(
            at_x, at_y + (-7 if right else 7), at_x, label_y + (3 if right else -9), svg.DEMAND
        )
        side = "start" if right or at_x < wide else "end"
        start = (
            at_x + 4
            if right
            else at_x - 4
            if side == "end"
            else max(min(at_x, plot.width - ROOMY * wide), 0.0)
        )
        plot.text(start, label_y, words, anchor=side, size=svg.SMALL + 1, weight=bold)
    if beyond is not None:
        start, stop = x(core.cost / unit), x((core.cost + 1000.0) / unit)
        plot.line(start, level + 14, stop, level + 14, svg.INK)
        words = f"the next 1 bn takes off {money(beyond)}"
        start = min(start, plot.width - ROOMY * svg.text_width(words, svg.SMALL + 1))
        plot.text(start, level + 28, words, size=svg.SMALL + 1)
    return plot


@dataclass(frozen=True)
class _Places:
    """Where the parts of the merit list stand, px: where bars begin and end, dots, when, and what is left; names stand
    before the bars or, where these begin at the edge, above them. row: height of one."""

    width: float
    bars: tuple[float, float]
    dots: tuple[float, float]
    when: float
    row: float
    heads: tuple[str, str, str, str]


ROWS = 15
WIDE = _Places(
    1000,
    (340, 424),
    (500, 680),
    705,
    27,
    ("public MUSD, present value", "worth per MUSD (log)", "when", "risk left"),
)
PHONE = _Places(
    360, (0, 60), (100, 166), 178, 42, ("public MUSD", "worth per MUSD", "when", "left")
)


def merit(run: RunView, found: Decision, draw: svg.Drawer) -> Figure:
    """A row a project in the order of merit: public money as a bar, worth per MUSD as a dot, when, risk left."""
    rows = list(found.merit)[:ROWS]
    counts = {
        "all": len(found.merit),
        "charted": len(rows),
        "repaid": sum(row.worth > SLIGHT for row in found.merit),
        "last": sum(row.last_hundredth for row in found.merit),
    }
    title, told = say(run, "merit_title", **counts), say(run, "merit", **counts)
    wide, phone = (_merits(run, found, rows, at) for at in (WIDE, PHONE))
    legend = [
        (svg.STAGE_COLOURS[s], "box", STAGES[s])
        for s in STAGES
        if any(row.stage == s for row in rows)
    ]
    return Figure(
        title,
        told,
        [draw.panel(title, told, wide, phone=phone)],
        legend,
        layout="wide",
        source=MERIT,
    )


def _merits(run: RunView, found: Decision, rows: Sequence[Merit], at: _Places) -> svg.Plot:
    plot = svg.Plot(at.width, at.row * len(rows) + 40, left=at.bars[0], right=0, top=30, bottom=10)
    bars = svg.Scale(0.0, max([1e-9, *(row.public for row in rows)]), *at.bars)
    ratios = [row.worth / row.public for row in rows if row.public > 0 and row.worth > 0]
    low = 10.0 ** math.floor(math.log10(max(min([1.0, *ratios]), LEAST_SHOWN)))
    high = 10.0 ** math.ceil(math.log10(max([10.0 * low, *ratios])))
    worth = svg.Scale(low, high, *at.dots, bend=lambda v: math.log10(max(v, low)))
    for place, head in zip((at.bars[0], at.dots[0], at.when), at.heads, strict=False):
        plot.text(place, 12, head, size=svg.SMALL, fill=svg.MUTED)
    plot.text(at.width - 10, 12, at.heads[-1], anchor="end", size=svg.SMALL, fill=svg.MUTED)
    for mark in (10.0**k for k in range(round(math.log10(low)), round(math.log10(worth.high)) + 1)):
        plot.line(
            worth(mark), plot.top - 6, worth(mark), plot.bottom, svg.INK if mark == 1 else svg.RULE
        )
        plot.text(worth(mark), plot.top - 8, f"{mark:g}", anchor="middle", size=8, fill=svg.MUTED)
    nothing = named(found.frontier, "nothing")
    labels = [run.names.placed(row.project) for row in rows]
    names = (
        plot.names(labels, gap=0.35)
        if plot.left
        else svg.Bands(range(len(rows)), plot.top, plot.bottom, 0.6)
    )
    for place, (row, (_, left, _)) in enumerate(
        zip(rows, steps(found.merit, nothing), strict=False)
    ):
        hue, top = svg.STAGE_COLOURS[row.stage], names.at(place)
        if not plot.left:
            plot.text(0, top, svg.clipped(labels[place], at.width))
            top += 7
        y = top + names.width / 2
        words = (
            f"{labels[place]}, {STAGES[row.stage].lower()}: {number(row.public)} MUSD of public money, "
            f"worth {number(row.worth)} MUSD"
        )
        tip = tooltip(words, f"{MERIT}, {row.project}")
        plot.rect(plot.left, top, bars(row.public) - plot.left, names.width, hue, tip=tip)
        plot.text(bars(row.public) + 4, y + 4, number(row.public), size=svg.SMALL)
        ratio = row.worth / row.public if row.public > 0 else 0.0
        if ratio >= low:
            plot.dot(worth(ratio), y, 5, hue, tip=tip)
        else:
            plot.text(at.dots[0], y + 4, "<", size=svg.SMALL, fill=svg.MUTED)
        ink = svg.MUTED if row.last_hundredth else svg.INK
        room = at.width - 46 - at.when
        plot.text(
            at.when, y + 4, svg.clipped(tag(run, row), room, svg.SMALL), size=svg.SMALL, fill=ink
        )
        if left is not None:
            told = percent(left / max(nothing.risk, 1e-9))
            plot.text(at.width - 10, y + 4, told, anchor="end", size=svg.SMALL)
            below = plot.top + at.row * (place + 1)
            plot.line(0, below, plot.right, below, svg.RULE)
    return plot


def shares(run: RunView, rows: Sequence[Share], draw: svg.Drawer) -> Figure:
    """A row an ally, who gains most first: what it would carry alone, what it carries together, what moves."""
    plot = svg.Plot(1000, 30 * len(rows) + 62, left=150, right=450, top=26, bottom=36)
    low, high = (
        min(0.0, *(min(r.charge, r.lowest or 0.0) for r in rows)),
        max(1.0, *(r.alone for r in rows)),
    )
    x = svg.Scale(_root(low), _root(high), plot.left, plot.right)
    for mark in _marks(low, high):
        plot.line(
            x(_root(mark)),
            plot.top,
            x(_root(mark)),
            plot.bottom,
            svg.INK if mark == 0 else svg.RULE,
        )
        plot.text(
            x(_root(mark)),
            plot.bottom + 14,
            number(mark),
            anchor="middle",
            size=svg.SMALL,
            fill=svg.MUTED,
        )
    plot.text(
        (plot.left + plot.right) / 2,
        plot.bottom + 29,
        "cost plus risk, MUSD (square-root scale)",
        anchor="middle",
        fill=svg.MUTED,
    )
    ends = (620, 700, 780, 840, 920, 1000)
    for end, head in zip(
        ends, ("MUSD: alone", "together", "gains", "costs", "risk that stays", "gives"), strict=True
    ):
        plot.text(end, 12, head, anchor="end", size=svg.SMALL, fill=svg.MUTED)
    names = plot.names([run.names.party(r.party) for r in rows], gap=0.4)
    for place, r in enumerate(rows):
        y = names.mid(place)
        words = (
            f"{run.names.party(r.party)}: alone {number(r.alone)}, together {number(r.charge)}, pays {number(r.paid)}, "
            f"transfers {number(r.transfer)} MUSD"
        )
        tip = tooltip(words, f"{shares_source(run)}, {r.party}")
        plot.line(x(_root(r.charge)), y, x(_root(r.alone)), y, svg.EXISTING, wide=4, tip=tip)
        if r.lowest is not None:
            plot.line(
                x(_root(max(r.lowest, low))),
                y + 6,
                x(_root(min(r.highest, high))),
                y + 6,
                svg.MUTED,
            )
        plot.dot(x(_root(r.alone)), y, 5, svg.EXISTING, hue=svg.MUTED, tip=tip)
        plot.dot(x(_root(r.charge)), y, 6, svg.WITH, tip=tip)
        arrow = "→ " if r.transfer > 0 else "← " if r.transfer < 0 else ""
        for end, amount in zip(
            ends, (r.alone, r.charge, r.gain, r.paid, r.own_loss, abs(r.transfer)), strict=True
        ):
            told = f"{arrow if end == ends[-1] else ''}{number(amount)}"
            plot.text(
                end,
                y + 4,
                told,
                anchor="end",
                size=svg.SMALL,
                weight="bold" if end == ends[2] else "",
            )
    moved = sum(max(r.transfer, 0.0) for r in rows)
    title = say(run, "shares_title", rows=rows, moved=moved)
    told = say(run, "shares", moved=moved)
    legend = [(svg.WITH, "box", "carries together"), (svg.EXISTING, "box", "would carry alone")]
    legend += (
        [(svg.MUTED, "line", "range of what is stable")]
        if any(r.lowest is not None for r in rows)
        else []
    )
    return Figure(
        title,
        told,
        [draw.panel(title, told, plot)],
        legend,
        layout="wide",
        source=shares_source(run),
    )


def _root(value: float) -> float:
    return math.copysign(math.sqrt(abs(value)), value)


def _marks(low: float, high: float) -> list[float]:
    up = [mark * mark for mark in svg.ticks(0.0, math.sqrt(high), 4)]
    down = [-mark * mark for mark in svg.ticks(0.0, math.sqrt(-low), 2)[1:]] if low < 0 else []
    return [*down, *up]
