"""What is found out about a state besides its plan: its frontier, a study of one number, why it differs; and how the
first two are drawn, as SVG fragments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from typing import Any

from planner.data.case import Case
from planner.reporting.words.names import short
from planner.reporting.words.numbers import money, number
from planner.results.plan import PlanValues
from planner.server import drawing as svg
from planner.server.drawing import Panel, tooltip
from planner.server.edits import Edit, Edits, edited

WEIGHTS = (2.0, 8.0, 32.0, 0.5, inf)
"""Weights of cost at which the frontier is traced, one after the other; at the last, nothing new is done."""
AskedAndGot = tuple[float, float, float]
"""A point of a frontier: weight of cost, cost, risk (MUSD); of a study: value, risk, cost."""
AskedPoints = Sequence[AskedAndGot]
StateAndPlan = tuple[str, Edits, PlanValues]
"""One of two states that are compared: its name, its edits on the case, its plan."""
TOP, BOTTOM = 24, 187
"""Where the axis of risk begins and ends on the frontier, px: a point is dragged between the two."""
WIDE, NARROW = 700, 356
"""Width of a drawing on a desk and on a phone, px."""


@dataclass(frozen=True)
class Sweep:
    """A number that became a range; its ends and points are texts before it is asked. rows: value, risk, cost (MUSD),
    as far as it is solved."""

    key: str = ""
    low: float | str = 0.0
    high: float | str = 0.0
    points: int | str = 0
    rows: tuple[AskedAndGot, ...] = ()
    running: bool = False


@dataclass(frozen=True)
class Because:
    """Why one state has another risk and cost (MUSD) than another: their names, the change in all, and what each of so
    many changes does on its own, as far as it is solved: the edit, whether it is taken back, its risk and cost."""

    before: str
    after: str
    change: tuple[float, float]
    many: int
    effects: tuple[tuple[Edit, bool, float, float], ...] = ()

    @property
    def interplay(self) -> tuple[float, float] | None:
        """What the changes do together beyond what each does alone, once all are solved."""
        risk, cost = self.change
        for *_, more, dearer in self.effects:
            risk, cost = risk - more, cost - dearer
        return (risk, cost) if len(self.effects) == self.many else None


def both(figures: Mapping[str, Any]) -> tuple[float, float]:
    """Risk and cost (MUSD)."""
    return figures["risk_musd"], figures["cost_musd"]


def seeking_least(case: Case) -> str:
    """The digest of a state, were the least risk sought."""
    return edited(case, [Edit("goal", "risk")]).sha256


def weighted(case: Case, weight: float) -> Case:
    """The case of least cost * weight + risk: one whose losses weigh less by as much; none of them, without levers."""
    if weight == inf:
        return case.with_settings(
            {"levers": (), "objective.goal": "welfare", "objective.risk_limit": None}
        )
    countries = tuple(
        r.model_copy(update={"weight": r.weight / weight}) for r in case.tables.countries
    )
    goal = case.with_settings({"objective.goal": "welfare", "objective.risk_limit": None})
    return goal.with_tables(countries=countries)


@dataclass(frozen=True)
class Mark:
    """A plan on the frontier. kind: `now`, `pinned`, `kept` or `nothing`."""

    name: str
    cost: float
    risk: float
    kind: str


def frontier(
    curve: AskedPoints, was: AskedPoints, marks: Sequence[Mark], narrow: bool
) -> tuple[Panel, float]:
    """Risk against cost (MUSD): the curve as far as it was traced, paler another, and plans; the present one can be
    dragged along. Also returns the risk at the top of the axis."""
    marks = _together(marks)
    now = [(m.cost, m.risk) for m in marks if m.kind == "now"]
    points, before = ([(cost, risk) for _, cost, risk in one] for one in (curve, was))
    every = [*points, *before, *((m.cost, m.risk) for m in marks)]
    high_x, high_y = (max(values) * 1.08 or 1.0 for values in zip(*every, strict=True))
    plot = svg.Plot(NARROW if narrow else WIDE, BOTTOM + 38, left=62, right=20, top=TOP, bottom=38)
    x = plot.across(0.0, high_x, "cost of the plan, MUSD, present value")
    y = svg.Scale(0.0, svg.round_up(high_y), plot.bottom, plot.top)
    for mark in svg.ticks(0.0, y.high):
        plot.line(plot.left, y(mark), plot.right, y(mark), svg.RULE)
        plot.text(plot.left - 5, y(mark) + 4, svg.axis_number(mark), anchor="end", fill=svg.MUTED)
    plot.text(2, 11, "risk left, MUSD", size=svg.SMALL, fill=svg.MUTED)
    if before:
        plot.curve([(x(cost), y(risk)) for cost, risk in sorted(before)], svg.EXISTING)
    if points:
        plot.curve([(x(cost), y(risk)) for cost, risk in sorted({*points, *now})], svg.WITH, wide=2)
    for weight, cost, risk in (point for point in curve if point[0] < inf):
        words = f"Cost weighed {weight:g}: {money(cost)}, risk {money(risk)}"
        plot.dot(
            x(cost),
            y(risk),
            2.5,
            svg.WITH,
            tip=tooltip(words, "solved in the background, its figures only"),
        )
    looks = {
        "nothing": (svg.EXISTING, svg.EXISTING),
        "kept": ("#ffffff", svg.EXISTING),
        "pinned": ("#ffffff", svg.INK),
        "now": (svg.WITH, svg.WITH),
    }
    taken = [(x(m.cost) - 8, y(m.risk) - 8, x(m.cost) + 8, y(m.risk) + 8) for m in marks]
    for one in sorted(marks, key=lambda m: list(looks).index(m.kind)):
        fill, rim = looks[one.kind]
        at_x, at_y = x(one.cost), y(one.risk)
        words = tooltip(
            f"{one.name}: cost {money(one.cost)}, risk {money(one.risk)}", "summary.json: risk_musd"
        )
        plot.dot(at_x, at_y, 7 if one.kind == "now" else 5.5, fill, hue=rim, tip=words)
        name, bold = short(one.name, 26), ("bold" if one.kind == "now" else "")
        wide = svg.text_width(name, svg.SMALL)
        for below, right in product((-10, 18, -24, 32, -38, 46), (10, -10 - wide)):
            a, b, c, d = box = (
                at_x + right,
                at_y + below - 11,
                at_x + right + wide,
                at_y + below + 3,
            )
            free = all(
                a > other[2] or c < other[0] or b > other[3] or d < other[1] for other in taken
            )
            if free and plot.left < a and c < plot.right + 18:
                break
        taken.append(box)
        plot.text(box[0], at_y + below, name, size=svg.SMALL, weight=bold)
    each = "; ".join(f"{m.name}: cost {number(m.cost)}, risk {number(m.risk)} MUSD" for m in marks)
    told = f"{len(points)} plans on the frontier. {each}"
    return svg.Drawer().panel("Risk left for its cost", told, plot), y.high


def _together(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of which no two lie on each other: those that do share a label, as the present one, else as the pinned."""
    found: dict[tuple[str, str], Mark] = {}
    for mark in sorted(marks, key=lambda m: ("now", "pinned", "kept", "nothing").index(m.kind)):
        at = f"{mark.cost:.5g}", f"{mark.risk:.5g}"
        found[at] = (
            replace(found[at], name=f"{found[at].name}, {mark.name}") if at in found else mark
        )
    return list(found.values())


def answers(rows: AskedPoints) -> Panel:
    """Risk and cost (MUSD) against the value of a number that became a range."""
    plot = svg.Plot(NARROW, 220, left=58, right=56, top=20, bottom=36)
    values = [value for value, *_ in rows]
    x = plot.across(min(values), max(values), "value")
    y = plot.amounts(max(max(risk, cost) for _, risk, cost in rows), "MUSD")
    for at, name, hue in ((1, "risk left", svg.WITH), (2, "cost", svg.MUTED)):
        plot.curve([(x(row[0]), y(row[at])) for row in rows], hue)
        plot.text(plot.right + 5, y(rows[-1][at]) + 4, name, fill=hue, size=svg.SMALL)
        for row in rows:
            words = tooltip(
                f"at {number(row[0])}: {name} {money(row[at])}", "solved now, figures only"
            )
            plot.dot(x(row[0]), y(row[at]), 3, hue, tip=words)
    told = "; ".join(
        f"{value:g}: risk {number(risk)}, cost {number(cost)} MUSD" for value, risk, cost in rows
    )
    return svg.Drawer().panel("Risk and cost", told, plot)
