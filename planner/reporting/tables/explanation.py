"""The tables of the explanation: chapters of the page, sheets of the workbook, Markdown and PDF are made from them.
Money in MUSD."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.reporting.text import SLIGHT_TPA, claim
from planner.reporting.values.page_parts import STATED, ReportTable, declared
from planner.reporting.values.wording import STAGES, STAGES_MANY, Names
from planner.results.explanation import Commitment, Explanation, Rung, Verdict

MOST_SHOWN = 4
OBJECTIVES = {"risk": "least risk", "welfare": "cost plus risk"}
DECIDED = tuple(STATED[name]["sheet"] for name in ("assumptions", "commitments"))
"""Sheets of those that the decision page shows."""


def explanation_tables(found: Explanation, names: Names) -> list[ReportTable]:
    """All of them that have rows; those with a `sheet` are in the workbook too."""
    tables = [
        counterfactuals(found),
        claims(found),
        assumptions(found),
        commitments(found, names),
        ranges(found, names),
    ]
    return [table for table in tables if table.rows]


def counterfactuals(found: Explanation) -> ReportTable:
    """What the least risk and the cost would be with other levers, other allies, at another time."""
    groups = {
        "levers added": found.ladder,
        "one left out": found.left_out,
        "who acts together": found.together,
        "timing": found.timing,
    }
    stages = _stages(found.ladder)
    rows = [_rung(group, rung, stages) for group, rungs in groups.items() for rung in rungs]
    capital = [{"stage": STAGES[s].lower(), "stages": STAGES_MANY[s].lower()} for s in stages]
    return declared("counterfactuals", rows, goal=found.goal, what=OBJECTIVES[found.goal], capital=capital)


def _stages(found: Sequence[Rung]) -> list[str]:
    """Stages whose capital is shown: magnets only where somebody can make them."""
    return [stage for stage in STAGES if stage != "magnet" or any(stage in r.capital for r in found)]


def _rung(group: str, r: Rung, stages: Sequence[str]) -> list[object]:
    before = r.objective - r.change
    return [
        *(group, r.name, r.objective, r.risk),
        r.change if r.against else None,
        r.change / before if r.against and before > 1e-9 else None,
        *(r.cost, r.change_cost),
        *(r.capital.get(stage) for stage in stages),
        *(r.expected_loss, r.cvar),
    ]


def claims(found: Explanation) -> ReportTable:
    """The claims as given and in every trial."""
    rows: list[list[object]] = []
    for v in found.verdicts:
        rows.append(
            [claim(v.claim), v.verdict, "as given", "", v.with_it, v.without_it, v.measure, v.threshold, "", ""]
        )
        rows += _trials(v)
    marks = ["unsure" if row[8] == "yes" else "" for row in rows]
    return declared("claims", rows, marks=marks, goal=found.goal, what=OBJECTIVES[found.goal])


def _trials(v: Verdict) -> list[list[object]]:
    return [
        [
            *(claim(v.claim), v.verdict, t.input, t.setting, t.with_it, t.without_it, t.measure, v.threshold),
            *("yes" if t.flips else "no", t.source),
        ]
        for t in v.trials
    ]


def assumptions(found: Explanation) -> ReportTable:
    """Unsure inputs at the ends of their range, the most influential first: a row for each value tried."""
    own, what = found.own.objective, OBJECTIVES[found.goal]
    rows = [
        [
            *(i.input, t.setting, t.objective, t.objective - own, list(map(claim, i.decides))),
            "; ".join(f"{word} {rows}" for word, rows in i.confidence.items()),
            *(i.rows, i.tables, i.why, " | ".join(i.sources)),
        ]
        for i in found.influences
        for t in i.tried
    ]
    return declared("assumptions", rows, own=own, what=what, folded=len(found.influences) > MOST_SHOWN)


def commitments(found: Explanation, names: Names) -> ReportTable:
    """Project by project: the plan that decides everything once against the one that answers; no rows if not asked."""
    built = found.flexibility.commitments if found.flexibility is not None else ()
    rows = [
        [
            *(names.placed(c.project), c.committed, c.at_once, c.sure, c.expected, c.most, c.probability),
            *(c.first_year, c.committed_year, c.capital, _word(c)),
        ]
        for c in built
    ]
    return declared("commitments", rows)


def _word(c: Commitment) -> str:
    if c.most <= SLIGHT_TPA:
        return "not needed"
    if c.sure <= SLIGHT_TPA:
        return "can wait"
    if c.at_once >= c.most - SLIGHT_TPA * (1 + c.most):
        return "at once"
    return "in any case, amount or time can wait"


def ranges(found: Explanation, names: Names) -> ReportTable:
    """Least and most of projects and countries over all plans that are nearly as good, what must be first."""
    kinds: dict[str, tuple[str, Callable[[str], str]]] = {
        "project": ("new capacity, t/y", names.placed),
        "country": ("capital, MUSD", names.country),
    }
    order = {"must": 0, "may": 1, "never": 2}
    rows = [
        [kinds[r.kind][1](r.key), kinds[r.kind][0], r.word, r.least, r.most, r.limit, r.planned, r.capital]
        for r in sorted(found.ranges, key=lambda r: (-len(r.kind), order.get(r.word, 3), r.key))
    ]
    return declared("ranges", rows, near=found.alternatives)
