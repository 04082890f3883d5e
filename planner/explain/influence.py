"""On which assumptions the result leans most: each unsure input moved to the ends of its range, and solved again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from planner.data.case import Case
from planner.data.schema import Row
from planner.data.tables import TABLES
from planner.explain.claims import farthest, under
from planner.explain.counterfactuals import Answer, Desk, Question
from planner.explain.doubts import DOUBTS, Doubt
from planner.results.explanation import Influence, Tried, Verdict

MOST_SOURCES = 2
NOT_STATED = "not stated"
Asked = tuple[Doubt, list[tuple[float, Question]]]


def asked(desk: Desk) -> list[Asked]:
    """For each unsure input that the case has, its least risk at each end of the range, all levers allowed."""
    levers = desk.case.model.levers
    return [
        (doubt, [(factor, under(desk, doubt, factor, levers)) for factor in farthest(doubt.factors)])
        for doubt in DOUBTS
        if doubt.is_there(desk.case)
    ]


def influences(
    desk: Desk,
    least_risk: float,
    verdicts: Iterable[Verdict],
    ask: Callable[[Iterable[Question]], Mapping[str, Answer]],
) -> list[Influence]:
    """The unsure inputs of a case, the most influential first. `least_risk`: with the inputs as given (MUSD)."""
    wanted, judged = asked(desk), list(verdicts)
    found = ask(question for _, ends in wanted for _, question in ends)
    out = []
    for doubt, ends in wanted:
        tried = [Tried(f"× {factor:g}", found[question.key].least_risk) for factor, question in ends]
        touched = touched_rows(desk.case, doubt.vary(desk.case, ends[0][0]))
        rows = [row for rows in touched.values() for row in rows]
        out.append(
            Influence(
                doubt.name,
                doubt.why,
                tried,
                max((t.least_risk - least_risk for t in tried), key=abs),
                list(touched),
                len(rows),
                dict(sorted(Counter(row.confidence.strip().casefold() or NOT_STATED for row in rows).items())),
                _sources(rows),
                [v.claim for v in judged if doubt.name in v.turns_on],
            )
        )
    return sorted(out, key=lambda i: (-abs(i.effect), i.input))


def touched_rows(case: Case, other: Case) -> dict[str, list[Row]]:
    """The rows of each table of a case that another case with as many rows has otherwise."""
    out = {}
    for table in TABLES:
        pairs = zip(case.tables.rows(table.name), other.tables.rows(table.name), strict=True)
        if rows := [one for one, two in pairs if one != two]:
            out[table.name] = rows
    return out


def _sources(rows: Sequence[Row]) -> list[str]:
    """The sources that stand beside most rows."""
    counted = Counter(row.source.strip() for row in rows if row.source.strip())
    return [source for source, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_SOURCES]]
