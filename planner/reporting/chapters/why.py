"""Why this plan: cumulative levers, claims, bottlenecks, information; every counterfactual that was solved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from planner.reporting.chapters import why_tables
from planner.reporting.chapters.claims import step, verdict_statements
from planner.reporting.charts import outcomes as charts
from planner.reporting.parts import Chapter, Chart, Part, Statement, Text, told_chart
from planner.reporting.run_view import RunView
from planner.reporting.words.names import Names
from planner.reporting.words.sentences import Passages
from planner.results.explanation import EXPLANATION, Explanation, Link
from planner.results.figures.decision import decided, recourse

say = Passages("why.j2")
notes = Passages("why_tables.j2")


def chapter(run: RunView) -> Chapter | None:
    """The levers as a chart, statements, then every table behind a heading; None if nothing was asked."""
    found = run.found
    if found is None:
        return None
    told = [*bottleneck(found, run.names), *information(found)]
    words = [f"{one.about}. {one.sentence}" for one in told]
    source = f"{EXPLANATION}: links, knowledge, timing"
    parts: list[Part] = [levers(found), Text(words, source=source)]
    asked = decided(run)
    if asked is not None:
        parts.append(why_tables.named_plans(run, asked))
    parts += why_tables.tables(found, run.names)
    return Chapter.of("why", "Why this plan", parts, lead=notes("lead", run=run), behind=True)


# ---- in sentences ---------------------------------------------------------------------------------------------------


def explained(found: Explanation, names: Names) -> list[Statement]:
    """All that the screen says below the ladder."""
    return [
        *verdict_statements(found),
        *bottleneck(found, names),
        *information(found),
        *_musts(found, names),
    ]


def bottleneck(found: Explanation, names: Names) -> list[Statement]:
    """The tightest link of each element."""
    words = say("bottleneck", names=names, tightest=list(tightest(found)))
    return [Statement("Bottleneck", words)]


@dataclass(frozen=True, kw_only=True)
class Tightest:
    """The link of an element that is worth most, the years in which it is the narrowest, and its share of the worth."""

    element: str
    link: str
    years: list[int]
    share: float


def narrowest(links: Sequence[Link]) -> list[Link]:
    """The link that is worth most, for each element and year, in their order."""
    best: dict[tuple[str, int], Link] = {}
    for link in links:
        at = (link.element, link.year)
        if at not in best or link.musd > best[at].musd:
            best[at] = link
    return [best[at] for at in sorted(best)]


def tightest(found: Explanation) -> Iterator[Tightest]:
    """The tightest link of each element."""
    best = narrowest(found.links)
    worth: dict[str, dict[str, float]] = {link.element: defaultdict(float) for link in best}
    for link in found.links:
        worth[link.element][link.link] += link.musd
    for element, by_link in worth.items():
        top = max(by_link, key=lambda name: by_link[name])
        years = [one.year for one in best if (one.element, one.link) == (element, top)]
        share = by_link[top] / sum(by_link.values())
        yield Tightest(element=element, link=top, years=years, share=share)


def information(found: Explanation) -> list[Statement]:
    """The value of information: by the objective; and by the plan that answers, where that saves a hundredth or more."""
    both = recourse(found.timing)
    words = say(
        "information",
        found=found,
        told=both is not None and both.saves,
        same=both is not None and both.same_risk,
        once=both.committed if both is not None else None,
        later=both.answering if both is not None else None,
    )
    return [Statement("Information", words)] if words else []


def _musts(found: Explanation, names: Names) -> list[Statement]:
    counted = [row for row in found.ranges if row.kind == "project"]
    if not counted:
        return []
    musts = [row for row in counted if row.word == "must"]
    never = [row for row in counted if row.word == "never"]
    fixed = any(rung.key == "committed" and not rung.against for rung in found.timing)
    words = say(
        "contained",
        found=found,
        names=names,
        once=found.flexibility is not None and fixed,
        musts=[row.key for row in musts],
        capital=sum(row.capital for row in musts),
        may=len(counted) - len(musts) - len(never),
        never=len(never),
    )
    return [Statement("Robust core", words, f"{EXPLANATION}: alternatives")]


# ---- levers ---------------------------------------------------------------------------------------------------------


def levers(found: Explanation) -> Chart:
    """Residual risk as levers are added one after the other."""
    rows = []
    for rung in found.ladder:
        rows.append({"lever": rung.name.split(":")[0], "risk_musd": rung.risk, "kind": "some"})
    rows[-1]["kind"] = "all"
    rows[0]["kind"] = "none"
    taken = [(step(after), before.risk - after.risk) for before, after in pairwise(found.ladder)]
    source = f"{EXPLANATION}: ladder"
    return told_chart(
        notes,
        "levers",
        charts.levers(pd.DataFrame(rows), source),
        source,
        steps=taken,
        stock=found.stock,
    )
