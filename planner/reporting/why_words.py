"""Why this plan, in sentences: for the page and for the screen."""

from __future__ import annotations

from collections.abc import Sequence

from planner.data.case import Case
from planner.reporting.answer import Saying
from planner.reporting.explanation import Explanation, Link, Rung
from planner.reporting.names import Names, midway
from planner.reporting.numbers import change, count, listed, number, percent, rough


def sayings(found: Explanation, names: Names) -> list[Saying]:
    """The answer in sentences; also what the screen shows."""
    start, end = found.ladder[0], found.ladder[-1]
    top = max(found.ladder[1:], key=lambda r: -r.change, default=None)
    out = []
    if top is not None:
        out.append(
            Saying(
                "Levers",
                f"Doing nothing leaves a risk of {rough(start.least_risk)} MUSD, all levers {rough(end.least_risk)} "
                f"({change(start.least_risk, end.least_risk) or 'no change'}). The largest step is "
                f"{step(top)}: {rough(-top.change)} MUSD less"
                + (f"; missed most of all is {_missed(found)}." if found.left_out else "."),
            )
        )
    out += [Saying(f"{v.about}: {v.verdict}", f"{v.claim}? {v.why}") for v in found.verdicts]
    out.append(Saying("Bottleneck", _bottleneck(found, names)))
    if found.alternatives is not None:
        must = [names.project(r.key) for r in found.alternatives.ranges if r.kind == "project" and r.word == "must"]
        out.append(
            Saying(
                "Must",
                f"Every plan within {percent(found.alternatives.risk_share)} of the least risk and "
                f"{percent(found.alternatives.cost_share)} of the cost contains "
                f"{listed(must) or 'no project for certain'}.",
            )
        )
    later = next((r for r in found.timing if r.key == "later"), None)
    if later is not None:
        out.append(
            Saying(
                "If we wait",
                f"With everything decided two years later the least risk is {rough(later.least_risk)} MUSD in place "
                f"of {rough(found.own.least_risk)}.",
            )
        )
    return out


def step(rung: Rung) -> str:
    """What a rung of the ladder adds."""
    return rung.name.removeprefix("+ ").removeprefix("Only ")


def _missed(found: Explanation) -> str:
    worst = found.left_out[0]
    return f"{worst.name.removeprefix('Without ')} (without: {rough(worst.least_risk)} MUSD)"


def _bottleneck(found: Explanation, names: Names) -> str:
    best = narrowest(found.links)
    if not best:
        return "No plant's output would take anything off the risk if there were more of it."
    parts = []
    for element in dict.fromkeys(link.element for link in best):
        worth: dict[str, float] = {}
        for link in found.links:
            if link.element == element:
                worth[link.link] = worth.get(link.link, 0.0) + link.musd
        top = max(worth, key=lambda k: worth[k])
        years = [link.year for link in best if link.element == element and link.link == top]
        span = f" ({_span(years)})" if years else ""
        parts.append(
            f"for {midway(names.element(element))} it is {top}{span}, "
            f"{percent(worth[top] / sum(worth.values()))} of the value"
        )
    return f"By the shadow prices {listed(parts)}."


def _span(years: Sequence[int]) -> str:
    return str(years[0]) if min(years) == max(years) else f"{min(years)}–{max(years)}"


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """The screen: ladder, verdicts, bottleneck, information."""
    names = Names(case)
    wide = max(len(r.name.split(":")[0]) for r in found.ladder)
    lines = ["Ladder      least risk and cost, MUSD"]
    lines += [
        f"            {r.name.split(':')[0]:<{wide}} {number(r.least_risk):>9} {number(r.cost):>9}"
        for r in found.ladder
    ]
    lines += [
        f"            {r.name:<{wide}} {number(r.least_risk):>9} {number(r.cost):>9}"
        for r in [*found.together, *found.timing]
    ]
    lines += [f"{s.about}: {s.sentence}" for s in sayings(found, names)[1:]]
    k = found.knowledge
    lines.append(
        f"Information EVPI {number(k.evpi)}, VSS {number(k.vss)} MUSD; {count(found.solves, 'program')} solved"
    )
    return lines
