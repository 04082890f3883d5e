"""Figures of time: what a plan decides by its second year, what later, and what may wait for which sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from planner.results.figures.decision import commitments, waiting
from planner.results.figures.plants import Counted, counted, decisions, expected_sum
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
    probability: that the likeliest sign comes; None without one.
    """

    project: str
    first: int
    last: int
    lead: int
    first_output: int
    capital: float
    signs: Sequence[Sign]
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Decisions of a plan by time.

    until: the second year. built: what is new; due: that of it which is begun by then whatever happens; capital, due_capital: of all
    new capacity and of what is decided by then whatever happens (MUSD, expected, not discounted). later: the rest by
    project, the earliest first. last: the last year of a decision that no sign is waited for; None where there is none.
    waiting: of the projects of this plan those that a plan which answers the storylines begins only at a sign, from its
    first year on. asked: whether such a plan is known.
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
    is_due = (rows["year"] <= until) & (rows["scenarios"] == EVERYWHERE)
    due, rest = rows[is_due], rows[~is_due]
    sure = rest.loc[rest["scenarios"] == EVERYWHERE, "year"]
    answers = run.case.model.policy.investment != "committed"
    return Deadlines(
        until=until,
        built=counted(run, rows["project"]),
        due=counted(run, due["project"]),
        capital=expected_sum(rows, "capex_musd"),
        due_capital=expected_sum(due, "capex_musd"),
        later=_later(run, rest),
        last=int(sure.max()) if len(sure) else None,
        waiting=[] if answers else _at_a_sign(run, rows),
        asked=answers or bool(commitments(run)),
    )


def _later(run: RunFigures, rest: pd.DataFrame) -> list[Later]:
    """Decisions that are not due, by project."""
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
            )
        )
    return sorted(found, key=lambda one: (one.first, -one.capital, one.project))


def _at_a_sign(run: RunFigures, rows: pd.DataFrame) -> list[Later]:
    """Projects that this plan decides once, and a plan that answers only at a sign."""
    built = set(rows["project"])
    found = []
    for commitment in waiting(run):
        if commitment.project in built and commitment.first_year is not None:
            lead = run.case.projects[commitment.project].lead_time_years
            found.append(
                Later(
                    project=commitment.project,
                    first=commitment.first_year,
                    last=commitment.first_year,
                    lead=lead,
                    first_output=commitment.first_year + lead,
                    capital=commitment.expected * commitment.capital,
                    signs=commitment.signs,
                    probability=commitment.probability,
                )
            )
    return found
