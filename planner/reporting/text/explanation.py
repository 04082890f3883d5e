"""Why this plan: values of the sentences of an explanation, for the page and for the screen. The words stand in
templates/text/explanation.j2; each remark appears only if it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from planner.reporting.values.page_parts import Statement
from planner.reporting.values.wording import Names, worded
from planner.results.explanation import EXPLANATION, SMALLEST_SHARE, Explanation, Link, Moved, Rung, Verdict

SAME_SHARE = 0.001

SLIGHT_TPA, SLIGHT_MUSD = 1e-6, 0.05

MOST_NAMED = 4

QUARTER = 0.25
"""Share of what could be built by which a project must move to count as changed."""


def _say(passage: str, **values: Any) -> str:
    return worded("explanation.j2", passage, most=MOST_NAMED, step=step, **values)


def step(rung: Rung) -> str:
    """What a rung of the ladder adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def claim(key: str) -> str:
    """The claim itself."""
    return _say("claim", key=key)


def why(verdict: Verdict) -> str:
    """The figures as given, the trial that turns the claim if one does, and what it turns on."""
    flips = [t for t in verdict.trials if t.flips]
    flip = max(flips, key=lambda t: abs(t.measure - verdict.measure), default=None)
    return _say("why", verdict=verdict, flip=flip)


def statements(found: Explanation, names: Names) -> list[Statement]:
    """Why this plan, in sentences."""
    top = max(found.ladder[1:], key=lambda r: -r.change, default=None)
    out = []
    if top is not None:
        out.append(Statement("Levers", _say("levers", found=found, top=top)))
    out += [Statement(f"{v.claim.capitalize()}: {v.verdict}", f"{claim(v.claim)}? {why(v)}") for v in found.verdicts]
    out.append(Statement("Bottleneck", _say("bottleneck", names=names, tightest=list(_tightest(found)))))
    return [*out, *_information(found)]


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that is said, without the ladder, which the screen shows."""
    return [*statements(found, names)[1:], *_musts(found, names)]


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def _tightest(found: Explanation) -> Iterator[dict[str, Any]]:
    """The link of each element that is worth most, the years in which it is the narrowest, and its share."""
    best = narrowest(found.links)
    for element in dict.fromkeys(link.element for link in best):
        worth: dict[str, float] = {}
        for link in found.links:
            if link.element == element:
                worth[link.link] = worth.get(link.link, 0.0) + link.musd
        top = max(worth, key=lambda k: worth[k])
        years = [link.year for link in best if (link.element, link.link) == (element, top)]
        yield {"element": element, "link": top, "years": years, "share": worth[top] / sum(worth.values())}


def _information(found: Explanation) -> list[Statement]:
    """What it is worth to know: by the goal; and by the plan that answers, where that saves a hundredth or more."""
    once, later = policies(found) or (None, None)
    told = once is not None and later is not None and saves(once, later)
    same = once is not None and later is not None and same_risk(once, later)
    words = _say("information", found=found, told=told, same=same, once=once, later=later)
    return [Statement("Information", words)] if words else []


def _musts(found: Explanation, names: Names) -> list[Statement]:
    counted = [r for r in found.ranges if r.kind == "project"]
    if not counted:
        return []
    musts, never = ([r for r in counted if r.word == word] for word in ("must", "never"))
    text = _say(
        "contained",
        found=found,
        names=names,
        once=found.flexibility is not None and any(r.key == "committed" and not r.against for r in found.timing),
        musts=[r.key for r in musts],
        capital=sum(r.capital for r in musts),
        may=len(counted) - len(musts) - len(never),
        never=len(never),
    )
    return [Statement("In every good plan", text, f"{EXPLANATION}: alternatives")]


def policies(found: Explanation) -> tuple[Rung, Rung] | None:
    """The plan that decides everything once, and the one that decides when a disruption begins; both with costs."""
    by_key = {r.key: r for r in found.timing if r.cost is not None}
    return (by_key["committed"], by_key["adaptive"]) if {"committed", "adaptive"} <= set(by_key) else None


def same_risk(once: Rung, later: Rung) -> bool:
    """Whether both leave the same risk, to a thousandth."""
    return abs(once.risk - later.risk) <= SAME_SHARE * once.risk


def saves(once: Rung, later: Rung) -> bool:
    """Whether answering takes a hundredth or more off the cost or off the risk."""
    return (later.cost or 0.0) <= (1 - SMALLEST_SHARE) * (once.cost or 0.0) or later.risk <= (
        1 - SMALLEST_SHARE
    ) * once.risk - SLIGHT_MUSD


@dataclass(frozen=True)
class ProjectChanges:
    """Projects that enter, that leave, and that change their size (t/y) by more than a quarter of what could be built;
    those with the most capital at stake first."""

    enter: list[str]
    leave: list[str]
    resized: dict[str, tuple[float, float]]


def difference(found: Explanation, end: Moved) -> ProjectChanges:
    """What the plan at one end of an input's range does otherwise."""
    given = found.moves[0].builds
    ranges = {r.key: r for r in found.ranges if r.kind == "project"}

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
