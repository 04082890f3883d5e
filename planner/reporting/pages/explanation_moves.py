"""Which projects change when an unsure input moves: a table and sentences of the explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.reporting.pages.explanation_plan import MOST_NAMED, named
from planner.reporting.values.names import STAGES_MANY, Names
from planner.reporting.values.numbers import NOTHING, count, number
from planner.reporting.values.parts import Column, ReportTable, texts
from planner.results.explanation import EXPLANATION, OWN_PLAN, SMALLEST_SHARE, Explanation, Moved

QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""


@dataclass(frozen=True)
class ProjectChanges:
    """Projects that enter, that leave, and that change their size (t/y) by more than a quarter of what could be built;
    those with the most capital at stake first."""

    enter: list[str]
    leave: list[str]
    resized: dict[str, tuple[float, float]]

    @property
    def touched(self) -> set[str]:
        """All projects that change."""
        return {*self.enter, *self.leave, *self.resized}


def difference(found: Explanation, end: Moved) -> ProjectChanges:
    """What the plan at one end of an input's range does otherwise."""
    given = found.moves[0].builds
    ranges = {r.key: r for r in found.alternatives.ranges if r.kind == "project"}

    def weight(project: str) -> tuple[float, str]:
        return -(ranges[project].capital if project in ranges else 0.0), project

    def moved(project: str) -> bool:
        limit = ranges[project].limit if project in ranges else None
        return abs(end.builds[project] - given[project]) > QUARTER * (limit or given[project])

    return ProjectChanges(
        [p for p in end.builds if p not in given],
        sorted((p for p in given if p not in end.builds), key=weight),
        {p: (given[p], end.builds[p]) for p in sorted(given, key=weight) if p in end.builds and moved(p)},
    )


def moved_words(found: Explanation, names: Names) -> str:
    """Which projects change when the leading inputs stand at their ends; '' if none was tried."""
    given, ends = found.moves[0], found.moves[1:]
    if not ends or not any(move.builds for move in found.moves):
        return ""
    text, plan = "", "plan" if found.own.name == OWN_PLAN else "plan of least risk"
    if given.builds:
        touched = set().union(*(difference(found, end).touched for end in ends))
        kept = sum(1 for p in given.builds if p not in touched)
        text += f"{'All' if kept == len(given.builds) else f'{kept} of'} {count(len(given.builds), 'project')} of the "
        text += (
            f"{plan} {'stays' if kept == 1 else 'stay'} in it at every end tried, their size within a quarter of what "
            "could be built. "
        )
    text += f"As given the {plan} costs {number(given.cost)} MUSD"
    for name in dict.fromkeys(end.input for end in ends):
        at = [f"at {e.setting} {number(e.cost)} ({_change(found, e, names)})" for e in ends if e.input == name]
        text += f"; with {name} {', '.join(at)}"
    return f"{text}.{_less_to_be_done(given, ends)}"


def _change(found: Explanation, end: Moved, names: Names) -> str:
    changed = difference(found, end)
    changes = [f"without {named(changed.leave, names)}"] if changed.leave else []
    changes += [f"with {named(changed.enter, names)} added"] if changed.enter else []
    smaller = [p for p, (before, after) in changed.resized.items() if after < before]
    larger = [p for p, (before, after) in changed.resized.items() if after > before]
    changes += [f"less of {named(smaller, names)}"] if smaller else []
    changes += [f"more of {named(larger, names)}"] if larger else []
    return ", ".join(changes) or "the same projects of about the same size"


def _less_to_be_done(given: Moved, ends: Sequence[Moved]) -> str:
    """That the cost falls at an end at which the risk rises, and whether capital falls with it."""
    text = ""
    for end in ends:
        rises = end.least_risk > (1 + SMALLEST_SHARE) * given.least_risk
        if not rises or end.cost >= (1 - SMALLEST_SHARE) * given.cost:
            continue
        less = sum(given.capital.values()) - sum(end.capital.values())
        text += (
            f" With {end.input} at {end.setting} the least risk rises to {number(end.least_risk)} MUSD while the cost "
            f"falls to {number(end.cost)}"
        )
        if less > SMALLEST_SHARE * sum(given.capital.values()):
            text += (
                f": the plan costs less there because less can be done; {number(less)} MUSD less of capital serves "
                "to reach what is then the least"
            )
        text += "."
    return text


def moved_plans(found: Explanation, names: Names) -> list[ReportTable]:
    """What the plan becomes if an input stands at an end of its range."""
    if len(found.moves) < 2:
        return []
    rows = [
        [
            move.input or "as given",
            move.setting if move.input else NOTHING,
            number(move.least_risk),
            number(move.cost),
            *(number(move.capital[stage]) for stage in STAGES_MANY),
            *_changed(difference(found, move), names),
        ]
        for move in found.moves
    ]
    return [
        ReportTable(
            "What the plan becomes if an input stands at an end of its range",
            [
                *texts("input", "at"),
                Column("least risk", "MUSD"),
                Column("cost", "MUSD"),
                *(Column(name.lower(), "MUSD of capital") for name in STAGES_MANY.values()),
                *texts("enter", "leave", "change size, t/y"),
            ],
            rows,
            note="The inputs that move the risk most, each end solved by itself: least risk, then least cost within "
            "the slack. A project counts if more than a hundredth of what could be built is built; its size counts as "
            "changed if it moves by more than a quarter of what could be built; the largest are shown. Capital: "
            "public and private, expected, not discounted. Of equally good plans one is shown.",
            source=f"{EXPLANATION}: moves",
        )
    ]


def _changed(changed: ProjectChanges, names: Names) -> list[str]:
    sizes = [f"{names.placed(p)}: {number(a)} → {number(b)}" for p, (a, b) in changed.resized.items()]
    more = len(sizes) - MOST_NAMED
    return [
        "; ".join(map(names.placed, changed.enter)) or NOTHING,
        "; ".join(map(names.placed, changed.leave)) or NOTHING,
        "; ".join(sizes[:MOST_NAMED]) + (f" and {count(more, 'other')}" if more > 0 else "") or NOTHING,
    ]
