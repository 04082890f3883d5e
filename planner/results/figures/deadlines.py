"""Figures of time: what a plan decides by its second year, what later, and what may wait for which sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from planner.results.figures.decision import commitments
from planner.results.figures.plants import SLIGHT_TPA, Counted, counted, decisions, expected_sum
from planner.results.figures.run import RunFigures
from planner.results.ledger import members, rows_of
from planner.results.signs import Sign, SignReader

EVERYWHERE = "all"
"""The cell `scenarios` of a decision that holds in all of them."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """New capacity of a project that is decided after the second year, or only where a sign has shown itself.

    first, last: years of these decisions in the plan; lead: years from a decision to the first output; capital: MUSD,
    expected, not discounted. signs: the events that they wait for, the likeliest first; none: decided whatever happens.
    probability: that the likeliest sign comes; None without one. is_part: some of it is decided whatever happens.
    """

    project: str
    first: int
    last: int
    lead: int
    first_output: int
    capital: float
    signs: Sequence[Sign]
    probability: float | None
    is_part: bool


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Decisions of a plan by time.

    until: the second year. built: what is new; due: that of it which is begun by then whatever happens; capital,
    due_capital: of all new capacity and of what is decided by then whatever happens (MUSD, expected, not discounted).
    later: the rest by project, the earliest first. last: the last year of a decision that no sign is waited for; None
    where there is none. waiting: of the projects of this plan those that a plan which answers what has happened begins,
    or enlarges, only at a sign, from the year in which it does. asked: whether such a plan is known.
    """

    until: int
    built: Counted
    due: Counted
    capital: float
    due_capital: float
    later: Sequence[Later]
    last: int | None
    waiting: Sequence[Later]
    asked: bool


def deadlines(run: RunFigures) -> Deadlines | None:
    """The decisions of a run by time; None if it builds nothing."""
    rows = decisions(run)
    if rows.empty:
        return None
    until = run.years[min(1, len(run.years) - 1)]
    is_certain = rows["scenarios"] == EVERYWHERE
    is_due = (rows["year"] <= until) & is_certain
    due, rest = rows[is_due], rows[~is_due]
    sure = rest.loc[is_certain, "year"]
    certain = set(rows.loc[is_certain, "project"])
    later = _later(run, rest, certain=certain)
    answers = run.case.model.policy.investment != "committed"
    waiting = [] if answers else _at_a_sign(run, rows)
    return Deadlines(
        until=until,
        built=counted(run, rows["project"]),
        due=counted(run, due["project"]),
        capital=expected_sum(rows, "capex_musd"),
        due_capital=expected_sum(due, "capex_musd"),
        later=later,
        last=int(sure.max()) if len(sure) else None,
        waiting=waiting,
        asked=answers or bool(commitments(run)),
    )


def _later(run: RunFigures, rest: pd.DataFrame, certain: set[str]) -> list[Later]:
    """Decisions that are not due, by project. certain: projects of which something is decided whatever happens."""
    case, everyone = run.case, tuple(run.weights)
    reader: SignReader | None = None
    if (rest["scenarios"] != EVERYWHERE).any():
        reader = SignReader(case, staged=case.model.policy.investment == "staged")
    found = []
    for project, rows in rest.groupby("project"):
        signs: list[Sign] = []
        if reader is not None:
            answering = rows[rows["scenarios"] != EVERYWHERE]
            told = []
            for row in rows_of(answering):
                told.append((members(str(row.scenarios), everyone), int(row.year)))
            signs = reader.signs(told)
        first = int(rows["year"].min())
        lead = case.projects[str(project)].lead_time_years
        found.append(
            Later(
                project=str(project),
                first=first,
                last=int(rows["year"].max()),
                lead=lead,
                first_output=first + lead,
                capital=expected_sum(rows, "capex_musd"),
                signs=signs,
                probability=signs[0].probability if signs else None,
                is_part=str(project) in certain,
            )
        )
    return sorted(found, key=_earliest)


def _at_a_sign(run: RunFigures, rows: pd.DataFrame) -> list[Later]:
    """Projects that this plan decides once, and a plan that answers wholly or partly at a sign."""
    built = set(rows["project"])
    found = []
    for commitment in commitments(run).values():
        year = commitment.answers_in
        if commitment.project in built and commitment.signs and year is not None:
            lead = run.case.projects[commitment.project].lead_time_years
            at_a_sign = commitment.expected - commitment.at_once
            found.append(
                Later(
                    project=commitment.project,
                    first=year,
                    last=year,
                    lead=lead,
                    first_output=year + lead,
                    capital=at_a_sign * commitment.capital,
                    signs=commitment.signs,
                    probability=commitment.signs[0].probability,
                    is_part=commitment.sure > SLIGHT_TPA,
                )
            )
    return sorted(found, key=_earliest)


def _earliest(one: Later) -> tuple[int, float, str]:
    """Sort key: the earliest first, then the most capital."""
    return one.first, -one.capital, one.project
